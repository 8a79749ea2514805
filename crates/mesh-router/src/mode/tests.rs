use proxy::ListenAddress;
use routes::Mode::{self, Development, Production};

use super::{Facts, detect};
use crate::config::{Listen, Place};

const LOCAL: Facts<'static> = Facts {
    has_nodes: false,
    env: Some("dev"),
    release: None,
    listen: None,
};

#[track_caller]
fn check(said: Option<Mode>, facts: Facts<'_>, mode: Mode, why: &str) {
    assert_eq!(detect(said, facts), (mode, why.to_owned()));
}

fn listen(addresses: &[&str]) -> Vec<Listen> {
    let listen = |text: &&str| {
        let address = match text.strip_prefix("unix:") {
            Some(path) => ListenAddress::Unix(path.into()),
            None => ListenAddress::Tcp(text.parse().unwrap()),
        };
        Listen {
            address,
            place: Place::Default,
        }
    };
    addresses.iter().map(listen).collect()
}

#[test]
fn running_nodes_are_production_unless_told() {
    let nodes = Facts {
        has_nodes: true,
        ..LOCAL
    };
    check(None, nodes, Production, "running nodes are followed");
    check(Some(Development), nodes, Development, "set outright");
}

#[test]
fn development_is_a_project_on_loopback() {
    let why = "the environment is dev, every listener is on loopback";
    check(None, LOCAL, Development, why);
    let local = listen(&[
        "127.0.0.1:4000",
        "[::1]:4000",
        "[::ffff:127.0.0.1]:1",
        "unix:/a",
    ]);
    check(
        None,
        Facts {
            listen: Some(&local),
            ..LOCAL
        },
        Development,
        why,
    );
    let why = "the environment is test, every listener is on loopback";
    check(
        None,
        Facts {
            env: Some("test"),
            ..LOCAL
        },
        Development,
        why,
    );
}

#[test]
fn anything_else_is_production() {
    check(
        None,
        Facts {
            env: Some("prod"),
            ..LOCAL
        },
        Production,
        "the environment is prod",
    );
    check(
        None,
        Facts { env: None, ..LOCAL },
        Production,
        "there is no project",
    );
    check(
        None,
        Facts {
            release: Some("RELEASE_NAME is set"),
            ..LOCAL
        },
        Production,
        "RELEASE_NAME is set",
    );
    let open = listen(&["127.0.0.1:4000", "0.0.0.0:4000"]);
    let why = "0.0.0.0:4000 is open to other machines";
    check(
        None,
        Facts {
            listen: Some(&open),
            ..LOCAL
        },
        Production,
        why,
    );
}

#[test]
fn the_operator_has_the_last_word() {
    check(Some(Production), LOCAL, Production, "set outright");
    check(
        Some(Development),
        Facts {
            env: Some("prod"),
            ..LOCAL
        },
        Development,
        "set outright",
    );
}
