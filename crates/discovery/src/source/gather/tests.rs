use elixir_config::Written;
use expect_test::{Expect, expect};

use super::gather;

/// What becomes of findings given as `file:line code message`.
#[track_caller]
fn check(found: &[(&str, u32, &'static str, &str)], expected: &Expect) {
    let found: Vec<_> = found
        .iter()
        .map(|(file, line, code, message)| elixir_config::Finding {
            code,
            message: (*message).to_owned(),
            fix: "mend it".to_owned(),
            at: Written {
                file: (*file).to_owned(),
                line: *line,
            },
            is_error: *code == "import-missing",
        })
        .collect();
    let shown = gather(&found).into_iter().map(|it| {
        let origin = it.origin.map(|at| at.to_string()).unwrap_or_default();
        format!("{origin} {}: {} ({})\n", it.code, it.message, it.fix)
    });
    expected.assert_eq(&shown.collect::<String>());
}

#[test]
fn one_expression_is_told_as_it_is() {
    check(
        &[("r.exs", 3, "not-evaluated", "Env.port/1 is not evaluated")],
        &expect![[r#"
            r.exs:3 not-evaluated: Env.port/1 is not evaluated (mend it)
        "#]],
    );
}

#[test]
fn a_file_s_expressions_are_told_once() {
    let all: Vec<_> = ["a", "b", "a", "c", "d"]
        .iter()
        .zip(7..)
        .map(|(name, line)| (line, format!("Env.{name}/1 is not evaluated")))
        .collect();
    let mut found: Vec<_> = all
        .iter()
        .map(|(line, message)| ("r.exs", *line, "not-evaluated", message.as_str()))
        .collect();
    found.push(("c.exs", 1, "not-evaluated", "node/0 is not evaluated"));
    found.push(("c.exs", 2, "not-evaluated", "node/0 is not evaluated"));
    check(
        &found,
        &expect![[r#"
            r.exs:7 not-evaluated: Env.a/1, Env.b/1, Env.c/1 and 1 more are not evaluated, here and at 4 further places (where an endpoint depends on one, a finding of its own says so: name its route in mesh-router.toml)
            c.exs:1 not-evaluated: node/0 is not evaluated, here and at 1 further place (where an endpoint depends on one, a finding of its own says so: name its route in mesh-router.toml)
        "#]],
    );
}

#[test]
fn a_variable_is_named_once_and_errors_stay() {
    let needs = "needs the environment variable SECRET_KEY_BASE";
    let missing = "prod.secret.exs, which is imported here, does not exist";
    check(
        &[
            ("r.exs", 3, "needs-env", needs),
            ("a.exs", 9, "import-missing", missing),
            ("r.exs", 8, "needs-env", needs),
            ("b.exs", 9, "import-missing", missing),
            (
                "r.exs",
                8,
                "needs-env",
                "needs the environment variable PORT",
            ),
        ],
        &expect![[r#"
            r.exs:3 needs-env: needs the environment variable SECRET_KEY_BASE (mend it)
            a.exs:9 import-missing: prod.secret.exs, which is imported here, does not exist (mend it)
            b.exs:9 import-missing: prod.secret.exs, which is imported here, does not exist (mend it)
            r.exs:8 needs-env: needs the environment variable PORT (mend it)
        "#]],
    );
}
