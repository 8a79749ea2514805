use expect_test::{Expect, expect};

use super::parse;

#[track_caller]
fn refused(text: &[u8], said: &Expect) {
    said.assert_eq(&parse("old.json", text).unwrap_err().to_string());
}

#[test]
fn what_is_wrong_is_said_with_line_and_column() {
    refused(
        b"{\"routes\": [\n  {]}",
        &expect![[r#"old.json:2:4: not JSON: key must be a string"#]],
    );
    refused(
        b"{\"routes\": [",
        &expect![[r#"old.json:1:12: not JSON: EOF while parsing a list"#]],
    );
    refused(
        b"",
        &expect![[r#"old.json:1:0: not JSON: EOF while parsing a value"#]],
    );
    refused(
        b"{\"host\": \"auth.local\",\n \"why\": []}",
        &expect![[
            r#"old.json:2:11: not what `mesh-router routes --json` prints: missing field `routes`"#
        ]],
    );
    refused(
        b"{\"routes\": [{\"host\": 7}]}",
        &expect![[
            r#"old.json:1:22: not what `mesh-router routes --json` prints: invalid type: integer `7`, expected a string"#
        ]],
    );
    refused(
        b"{\"routes\": []} {}",
        &expect![[r#"old.json:1:16: not JSON: trailing characters"#]],
    );
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for before in ["{\"routes\": [], \"new\": ", "{\"routes\": "] {
        let deep = format!("{before}{}", "[".repeat(1_000_000));
        assert!(parse("old.json", deep.as_bytes()).is_err());
    }
}

#[test]
fn keys_that_came_later_are_passed_over_and_those_that_are_missing_are_unknown() {
    let text = "\u{feff}{\"routes\": [{\"host\": \"a.test\", \"subdomains\": \"one\", \"service\": \"A\",
        \"upstreams\": [{\"address\": \"127.0.0.1:1\", \"weight\": 3}], \"colour\": {\"of\": []}}], \"tags\": 1}";
    let table = parse("old.json", text.as_bytes()).unwrap();
    assert_eq!(table.routes[0].host, "a.test");
    assert_eq!(table.routes[0].kind, None);
    assert_eq!(table.services, None);
    assert_eq!(table.mode, None);
}
