//! What a node's answers mean, as a report.

use std::path::Path;

use erlterm::{Term, parse_text};
use expect_test::{Expect, expect};
use phoenix::{Bound, Machine};
use routes::{Mode, Serving, Source, Subdomains};

use super::{Endpoint, Said, Speaker, read};
use crate::How;

fn term(text: &str) -> Term {
    parse_text(&format!("{text}.")).unwrap().remove(0)
}

fn said(text: &str) -> Said {
    Ok(term(text))
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint {
        module: "AuthWeb.Endpoint".to_owned(),
        app: "auth_web".to_owned(),
        url: said(url),
        http: said("[{port,4999}]"),
        adapter: said("'Elixir.Bandit.PhoenixAdapter'"),
        bound: Bound::Answered(term("{ok,{{0,0,0,0},4001}}")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn check(mode: Mode, endpoint: Endpoint, expected: Expect) {
    let how = How {
        mode,
        domain: "localhost".to_owned(),
        subdomains: Subdomains::One,
    };
    let speaker = Speaker {
        source: Source::Node,
        node: "auth@10.0.0.5",
        machine: Machine::Other([10, 0, 0, 5].into()),
        root: Path::new("/"),
    };
    let (reported, findings) = read(speaker, &[&endpoint], &how);
    let reported = &reported[0];
    let claims = reported.claims.iter().map(|claim| {
        let origin = claim.origin.as_ref().unwrap();
        format!("{} {:?} ({origin})\n", claim.host, claim.kind)
    });
    let upstreams = reported.upstreams.iter().map(|it| {
        let (node, origin) = (it.node.as_ref().unwrap(), it.origin.as_ref().unwrap());
        format!(
            "-> {} {:?} {} {node} ({origin})\n",
            it.address, it.adapter, it.source
        )
    });
    let silent = match &reported.serving {
        Serving::Yes => None,
        Serving::No(why) => Some(format!("not listening: {why}\n")),
    };
    let findings = findings
        .iter()
        .map(|it| format!("{}: {}\n", it.code, it.message));
    let text: String = claims
        .chain(upstreams)
        .chain(silent)
        .chain(findings)
        .collect();
    expected.assert_eq(&text);
}

#[test]
fn the_same_terms_mean_the_same_as_in_configuration() {
    check(
        Mode::Production,
        endpoint("[{host,<<\"auth.example.org\">>}]"),
        expect![[r#"
        auth.example.org Own (auth@10.0.0.5)
        -> 10.0.0.5:4001 Bandit node auth@10.0.0.5 (auth@10.0.0.5)
    "#]],
    );
    check(
        Mode::Production,
        endpoint("[{host,<<\"localhost\">>}]"),
        expect![[r#"
        -> 10.0.0.5:4001 Bandit node auth@10.0.0.5 (auth@10.0.0.5)
    "#]],
    );
    check(
        Mode::Production,
        endpoint("[{host,nil}]"),
        expect![[r#"
        -> 10.0.0.5:4001 Bandit node auth@10.0.0.5 (auth@10.0.0.5)
    "#]],
    );
    check(
        Mode::Production,
        endpoint("nil"),
        expect![[r#"
        -> 10.0.0.5:4001 Bandit node auth@10.0.0.5 (auth@10.0.0.5)
    "#]],
    );
    check(
        Mode::Development,
        endpoint("[{host,<<\"localhost\">>}]"),
        expect![[r#"
        auth.localhost Development (auth@10.0.0.5)
        -> 10.0.0.5:4001 Bandit node auth@10.0.0.5 (auth@10.0.0.5)
    "#]],
    );
}

#[test]
fn what_a_node_does_not_tell_is_not_known() {
    let failed = Err("the function ended in error: undef".to_owned());
    let mut silent = endpoint("[]");
    silent.url = failed.clone();
    silent.adapter = failed;
    check(
        Mode::Production,
        silent,
        expect![[r#"
        -> 10.0.0.5:4001 Unknown node auth@10.0.0.5 (auth@10.0.0.5)
        host-unknown: the url host of AuthWeb.Endpoint is not known: the function ended in error: undef
    "#]],
    );
}

#[test]
fn an_endpoint_that_does_not_listen_says_why() {
    let mut silent = endpoint("[{host,<<\"auth.example.org\">>}]");
    silent.bound = Bound::Answered(term("{error,no_server_found}"));
    check(
        Mode::Production,
        silent,
        expect![[r#"
        auth.example.org Own (auth@10.0.0.5)
        not listening: it runs without a listener for http
    "#]],
    );
}

/// Phoenix before 1.7 can't be asked where it listens.
#[test]
fn without_server_info_the_configuration_of_the_node_tells() {
    let mut old = endpoint("[{host,<<\"auth.example.org\">>}]");
    old.bound = Bound::NotAsked;
    check(
        Mode::Production,
        old.clone(),
        expect![[r#"
        auth.example.org Own (auth@10.0.0.5)
        -> 10.0.0.5:4999 Bandit node auth@10.0.0.5 (auth@10.0.0.5)
    "#]],
    );
    old.http = said("false");
    check(
        Mode::Production,
        old,
        expect![[r#"
        auth.example.org Own (auth@10.0.0.5)
        https-only: AuthWeb.Endpoint has only `https:`, and the gateway speaks HTTP to endpoints
    "#]],
    );
}
