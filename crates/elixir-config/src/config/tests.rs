use expect_test::expect;

use crate::{Setting, fixture::Tree};

#[test]
fn apps_and_keys_are_sorted_and_named_once() {
    let script = "import Config\nconfig :b, z: 1, a: 2\nconfig :a, Mod, x: 1\nconfig :b, a: 3";
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    assert_eq!(config.apps(), ["a", "b"]);
    assert_eq!(config.keys("b"), ["a", "z"]);
    assert_eq!(config.keys("a"), ["Elixir.Mod"]);
    assert!(config.keys("none").is_empty());
}

#[test]
fn the_first_of_equal_keys_counts() {
    let script = "import Config\nconfig :a, l: [k: 1, k: 2]";
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    let Setting::Known(term, _) = config.get("a", &["l", "k"]) else {
        panic!("{config:?}");
    };
    assert_eq!(term.as_integer(), Some(1));
}

#[test]
fn paths_lead_through_lists_with_other_elements_but_not_through_maps() {
    let script = "import Config\nconfig :a, http: [:inet6, port: 1], map: %{port: 1}, none: nil";
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    assert!(matches!(
        config.get("a", &["http", "port"]),
        Setting::Known(..)
    ));
    assert_eq!(config.get("a", &["map", "port"]), Setting::Absent);
    assert_eq!(config.get("a", &["none", "port"]), Setting::Absent);
    assert_eq!(config.get("a", &["http", "inet6"]), Setting::Absent);
}

#[test]
fn a_path_into_what_is_unknown_says_why_and_where() {
    let script = "import Config\n\nconfig :a, http: foo(1)";
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    expect![[r#"Unknown { why: "foo/1 is not evaluated", at: Written { file: "config/config.exs", line: 3 } }"#]].assert_eq(&format!("{:?}", config.get("a", &["http", "port"])));
    expect![[r#"
        [
            Finding {
                code: "not-evaluated",
                message: "foo/1 is not evaluated",
                fix: "name the routes that depend on it in mesh-router.toml",
                at: Written {
                    file: "config/config.exs",
                    line: 3,
                },
                is_error: false,
            },
        ]"#]]
    .assert_eq(&format!("{:#?}", config.findings()));
}
