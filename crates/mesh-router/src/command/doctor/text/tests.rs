use expect_test::{Expect, expect};
use routes::{Finding, Origin, Severity};

use super::{group, parted};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn check(messages: &[&str], expected: Expect) {
    let findings = messages.iter().zip(1..).map(|(message, line)| Finding {
        code: "port-twice",
        severity: Severity::Warning,
        origin: Some(Origin {
            file: "a.exs".to_owned(),
            line,
        }),
        message: (*message).to_owned(),
        fix: "write it".to_owned(),
    });
    expected.assert_eq(&group(&findings.collect::<Vec<_>>()));
}

#[test]
fn a_reason_that_several_have_is_told_once() {
    check(
        &["a is so: it hurts", "b is so: it hurts"],
        expect![[r#"
            a.exs:1: warning: a is so (port-twice)
                write it
            a.exs:2: warning: b is so (port-twice)
                write it
                both: it hurts
        "#]],
    );
    check(
        &["a is so: it hurts", "b is so: it kills"],
        expect![[r#"
        a.exs:1: warning: a is so: it hurts (port-twice)
            write it
        a.exs:2: warning: b is so: it kills (port-twice)
            write it
    "#]],
    );
    check(
        &["a is so: it hurts"],
        expect![[r#"
        a.exs:1: warning: a is so: it hurts (port-twice)
            write it
    "#]],
    );
    check(
        &["a is so", "b is so"],
        expect![[r#"
        a.exs:1: warning: a is so (port-twice)
            write it
        a.exs:2: warning: b is so (port-twice)
            write it
    "#]],
    );
}

#[test]
fn a_colon_of_elixir_parts_nothing() {
    assert_eq!(
        parted("nothing says `server: true` for A: it will not start"),
        ("nothing says `server: true` for A", "it will not start")
    );
    assert_eq!(
        parted("only `url: [port:]` is set"),
        ("only `url: [port:]` is set", "")
    );
    assert_eq!(
        parted("at http://a:1 and [::1]"),
        ("at http://a:1 and [::1]", "")
    );
}
