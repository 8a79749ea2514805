//! The table that the tests of both servers export.

use std::{ffi::OsStr, path::PathBuf};

use expect_test::{Expect, expect};
use proxy::ListenAddress;
use routes::{
    Adapter, Address, Host, Mode, Origin, Route, Service, Settings, Snapshot, Subdomains, Upstream,
};

use super::{Exported, Plan, identifier};

fn route(host: &str, service: usize, subdomains: Subdomains) -> Route {
    Route {
        subdomains,
        origin: Some(Origin {
            file: "config/prod.exs".to_owned(),
            line: 4,
        }),
        ..Route::new(Host::parse(host).unwrap(), service)
    }
}

fn upstream(address: Address, adapter: Adapter) -> Upstream {
    Upstream {
        adapter,
        ..Upstream::new(address)
    }
}

fn tcp(port: u16) -> Address {
    Address::Tcp(([127, 0, 0, 1], port).into())
}

/// Each kind of route and upstream once.
pub(in super::super) fn table(default: bool) -> Snapshot {
    let auth = vec![
        upstream(tcp(4001), Adapter::Bandit),
        upstream(Address::Tcp("[::1]:4001".parse().unwrap()), Adapter::Bandit),
    ];
    let odd = "/run/a b/{$HOME}\"; }.sock";
    let billing = vec![
        upstream(tcp(4002), Adapter::Cowboy),
        upstream(Address::Unix(PathBuf::from(odd)), Adapter::Cowboy),
    ];
    let docs = "/run/d {x} \"q\" \\ $y'.sock";
    let docs = vec![upstream(
        Address::Unix(PathBuf::from(docs)),
        Adapter::Unknown,
    )];
    let services = vec![
        Service::new("AuthWeb.Endpoint", 0, auth),
        Service::new("BillingWeb.Endpoint", 1, billing),
        Service::new("docs.test", 2, docs),
        Service::new("IdleWeb.Endpoint", 3, Vec::new()),
    ];
    let routes = vec![
        route("auth.test", 0, Subdomains::One),
        route("test", 1, Subdomains::Any),
        route("deep.auth.test", 1, Subdomains::Any),
        route("docs.test", 2, Subdomains::None),
        route("idle.test", 3, Subdomains::One),
        route("[::1]", 0, Subdomains::None),
    ];
    Snapshot::new(services, routes, default.then_some(0))
}

pub(in super::super) fn production() -> Settings {
    Settings {
        mode: Mode::Production,
        health_path: Some("/.mesh-router/ready".to_owned()),
        ..Settings::default()
    }
}

pub(in super::super) fn exported(
    snapshot: &Snapshot,
    settings: &Settings,
    listen: &[&str],
    export: impl Fn(&Plan<'_>) -> Exported,
) -> Exported {
    let listen: Vec<ListenAddress> = listen
        .iter()
        .map(|text| match text.strip_prefix("unix:") {
            Some(path) => ListenAddress::Unix(PathBuf::from(path)),
            None => ListenAddress::Tcp(text.parse().unwrap()),
        })
        .collect();
    export(&Plan {
        version: "1.2.3",
        project: Some(OsStr::new("shop\nload_module evil;")),
        env: Some(&"prod".to_owned()),
        mode_reason: "the environment is prod",
        settings,
        snapshot,
        listen: &listen,
    })
}

/// The lines that `after` has more than `before`, each once.
pub(in super::super) fn added(before: &str, after: &str) -> String {
    let before: Vec<&str> = before.lines().map(str::trim).collect();
    let mut added: Vec<&str> = Vec::new();
    for line in after.lines().map(str::trim) {
        if !before.contains(&line) && !added.contains(&line) {
            added.push(line);
        }
    }
    added.join("\n")
}

#[test]
fn names_are_plain_and_none_is_given_twice() {
    assert_eq!(identifier("AuthWeb.Endpoint"), "mesh_authweb_endpoint");
    assert_eq!(identifier("a-b..c; d"), "mesh_a_b_c_d");
    let services = ["A.B", "a.b", "a-b"].map(|name| Service::new(name, 0, Vec::new()));
    let routes = ["x.test", "y.test", "z.test"].iter().enumerate();
    let routes = routes.map(|(at, host)| route(host, at, Subdomains::None));
    let snapshot = Snapshot::new(services.into(), routes.collect(), None);
    let plan = |plan: &Plan<'_>| Exported {
        text: format!("{:?}", plan.names()),
        remarks: Vec::new(),
    };
    let names = exported(&snapshot, &Settings::default(), &[], plan).text;
    check(
        &names,
        &expect![[r#"{"A.B": "mesh_a_b", "a-b": "mesh_a_b_2", "a.b": "mesh_a_b_3"}"#]],
    );
}

#[test]
fn the_deepest_route_comes_first_and_the_heading_stays_a_comment() {
    let plan = |plan: &Plan<'_>| {
        let hosts = plan.routes().into_iter();
        let hosts: Vec<String> = hosts.map(|route| route.host.to_string()).collect();
        Exported {
            text: plan.heading("c", &["d\ne".to_owned()]) + &hosts.join(" "),
            remarks: Vec::new(),
        }
    };
    let text = exported(&table(false), &production(), &[], plan).text;
    check(
        &text,
        &expect![[r#"
            # Written by `c` of mesh-router 1.2.3. It follows nothing: write it again after a change.
            #
            # From:  project shop\nload_module evil;, environment prod
            # Mode:  production (the environment is prod)
            #
            # What is other than in the gateway:
            # - No discovery: hosts and addresses are those of the moment of export.
            # - No drain as the gateway knows it: WebSockets end without close code 1012, so Phoenix's clients may take longer to come back.
            # - Nothing waits for an app that restarts: requests are told 502, and phoenix.js may go over to long-poll.
            # - Of the error pages only the text of 404 and 503 is the gateway's; none is HTML or problem+json as Accept asks for.
            # - No access line as the gateway writes it; no request is refused as a loop (508).
            # - d\ne
            deep.auth.test auth.test docs.test idle.test test [::1]"#]],
    );
}

#[track_caller]
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(text);
}
