use expect_test::expect;
use serde_json::json;

use super::{lines, summary};
use crate::changes;

fn table(value: serde_json::Value) -> crate::view::RoutesView {
    serde_json::from_value(value).unwrap()
}

#[test]
fn every_kind_of_difference_has_its_line() {
    let upstream = |address: &str, line: u32| json!([{"address": address, "provenance": format!("config/dev.exs:{line}")}]);
    let route = |host: &str, service: &str, subdomains: &str, line: u32| {
        json!({"host": host, "service": service, "subdomains": subdomains,
            "provenance": format!("config/dev.exs:{line}"), "upstreams": upstream("127.0.0.1:4001", 9)})
    };
    let service = |name: &str, address: &str, serving: bool| {
        json!({"name": name, "serving": serving, "reason": (!serving).then_some("server is false"),
            "upstreams": upstream(address, 9)})
    };
    let finding = |code: &str, line: u32| json!({"code": code, "severity": "warning", "file": "mix.exs", "line": line, "message": "it\u{1b}[2J"});
    let before = table(json!({
        "mode": "development",
        "routes": [route("a.test", "A", "one", 1), route("b.test", "B", "one", 2), route("c.test", "C", "one", 3)],
        "services": [service("A", "127.0.0.1:4001", true), service("B", "127.0.0.1:4002", true)],
        "findings": [finding("kept", 3), finding("gone", 4)],
    }));
    let after = table(json!({
        "mode": "development",
        "routes": [route("a.test", "B", "any", 5), route("b.test", "B", "one", 6), route("d.test", "D", "one", 7)],
        "services": [service("A", "127.0.0.1:4001", false), service("B", "127.0.0.1:4009", true),
            service("E", "unix:/run/e", true)],
        "default_service": "B",
        "conflicts": [{"host": "x.test", "holder": null, "claimants": [{"service": "A"}, {"service": "B"}]}],
        "findings": [finding("kept", 30), finding("new", 4)],
    }));
    let changes = changes::between(&before, &after);
    expect![[r#"
        ~ a.test: A (config/dev.exs:1) → B (config/dev.exs:5)
        ~ a.test: subdomains one (config/dev.exs:1) → any (config/dev.exs:5)
        - c.test → C (config/dev.exs:3), 127.0.0.1:4001 (config/dev.exs:9)
        + d.test → D (config/dev.exs:7), 127.0.0.1:4001 (config/dev.exs:9)
        ~ A: stops serving: server is false
        ~ B: 127.0.0.1:4002 (config/dev.exs:9) → 127.0.0.1:4009 (config/dev.exs:9)
        + E, no host, unix:/run/e (config/dev.exs:9)
        ~ default service: none → B
        + conflict: x.test is claimed by A and B: nobody has it
        + mix.exs:4: warning: it\u{1b}[2J (new)
        - mix.exs:4: warning: it\u{1b}[2J (gone)"#]]
    .assert_eq(&lines(&changes));
    expect!["8 differences in the table, 2 differences in findings"].assert_eq(&summary(&changes));
}

#[test]
fn names_of_development_are_left_out_against_production() {
    let side = |mode: &str, host: &str, kind: &str| {
        table(
            json!({"mode": mode, "routes": [{"host": host, "service": "A", "subdomains": "one",
            "kind": kind, "upstreams": []}], "services": [{"name": "A", "serving": true, "upstreams": []}]}),
        )
    };
    let development = side("development", "a.localhost", "development");
    let changes = changes::between(&development, &side("production", "a.test", "own"));
    expect!["+ a.test → A, no upstream"].assert_eq(&lines(&changes));
    expect!["1 difference in the table, 0 differences in findings; 1 development name left out: a.localhost"].assert_eq(&summary(&changes));
    let changes = changes::between(&development, &side("development", "a.test", "own"));
    assert_eq!(changes.left_out, Vec::<String>::new());
    assert_eq!(changes.routes.len(), 2);
}

#[test]
fn sight_that_is_lost_or_back_has_its_line() {
    let side = |first: Option<&str>, second: Option<&str>| {
        let upstreams = json!([{"address": "127.0.0.1:4001", "state": first},
            {"address": "127.0.0.1:4002", "state": second}]);
        table(
            json!({"routes": [], "services": [{"name": "A", "serving": true, "upstreams": upstreams}]}),
        )
    };
    let lost = Some("unconfirmed");
    let changes = changes::between(&side(lost, None), &side(None, lost));
    expect![[r#"
        ~ A: 127.0.0.1:4002 unconfirmed
        ~ A: 127.0.0.1:4001 confirmed again"#]]
    .assert_eq(&lines(&changes));
    // Other states are a running gateway's own.
    assert!(changes::between(&side(Some("resting"), lost), &side(Some("ok"), lost)).is_empty());
}
