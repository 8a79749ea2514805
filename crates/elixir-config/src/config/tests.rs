use expect_test::expect;

use crate::{
    Config, Past, Section, Setting,
    fixture::{TREES, Tree},
};

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
fn a_walk_through_sections_finds_what_look_ups_find() {
    let script = "import Config
config :a, l: [k: 1, k: 2, m: [n: 1]]
config :b, B, [{foo(), 1}, k: 2]
if foo(), do: config(:b, C, k: 1, l: [m: 2])
config :b, C, l: [n: [o: 1]], list: [:x, k: 1]";
    let mut found = 0;
    let trees = TREES.iter().map(|name| Tree::load(name));
    for tree in trees.chain([Tree::of(&[("config/config.exs", script)])]) {
        let config = tree.evaluate("dev");
        for app in config.apps() {
            let section = config.section(app).unwrap();
            assert_eq!(names(&section), config.keys(app));
            walk(&config, app, section, &[], &mut found);
        }
        assert!(config.section("nobody").is_none());
    }
    assert!(found > 100, "{found}");
}

fn names<'c>(section: &Section<'c>) -> Vec<&'c str> {
    section.entries().into_iter().map(|(key, _)| key).collect()
}

fn walk(config: &Config, app: &str, section: Section<'_>, path: &[&str], found: &mut usize) {
    for (key, inner) in section.entries() {
        let path = [path, &[key]].concat();
        assert_eq!(inner.setting(), config.get(app, &path), "{app} {path:?}");
        *found += 1;
        walk(config, app, inner, &path, found);
    }
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

mod history {
    use super::*;

    fn shown(past: &Past) -> String {
        let unknown = |why: &String| format!("not known: {why}");
        past.value.as_ref().map_or_else(unknown, String::clone)
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], path: &[&str], expected: &expect_test::Expect) {
        let config = Tree::of(files).evaluate("prod");
        let writes = config.history("a", path);
        let shown = writes.iter().map(|past| {
            let (file, line) = (&past.at.file, past.at.line);
            format!("{} ({file}:{line})\n", shown(past))
        });
        expected.assert_eq(&shown.collect::<String>());
    }

    #[test]
    fn a_leaf_remembers_each_write_over_all_files() {
        check(
            &[
                (
                    "config/config.exs",
                    "import Config\nconfig :a, E, url: [host: \"a\"], http: [port: 1]\nimport_config \"prod.exs\"",
                ),
                (
                    "config/prod.exs",
                    "import Config\nconfig :a, E,\n  url: [\n    host: \"b\"]",
                ),
                (
                    "config/runtime.exs",
                    "import Config\n\nconfig :a, E, url: [host: \"c\"]\nconfig :a, E, url: [host: \"d\"]",
                ),
            ],
            &["Elixir.E", "url", "host"],
            &expect![[r#"
                "d" (config/runtime.exs:4)
                "c" (config/runtime.exs:3)
                "b" (config/prod.exs:4)
                "a" (config/config.exs:2)
            "#]],
        );
    }

    #[test]
    fn what_a_list_around_it_replaced_counts() {
        check(
            &[(
                "config/config.exs",
                "import Config
config :a, E, url: [host: \"a\"]
config :a, E, url: [host: \"b\"]
config :a, E, url: nil
config :a, E, url: [host: \"c\"]
config :a, E, url: [host: \"d\"]",
            )],
            &["Elixir.E", "url", "host"],
            &expect![[r#"
                "d" (config/config.exs:6)
                "c" (config/config.exs:5)
                "b" (config/config.exs:3)
                "a" (config/config.exs:2)
            "#]],
        );
    }

    #[test]
    fn what_is_not_known_counts() {
        check(
            &[(
                "config/config.exs",
                "import Config
config :a, k: 1
config :a, k: foo()
config :a, k: 2
if foo(), do: config(:a, k: 3)
config :a, k: 4
import_config \"secret.exs\"
config :a, k: 5
config :a, k: bar()",
            )],
            &["k"],
            &expect![[r#"
                not known: bar/0 is not evaluated (config/config.exs:9)
                5 (config/config.exs:8)
                not known: config/secret.exs, which is imported here, does not exist (config/config.exs:7)
                4 (config/config.exs:6)
                not known: foo/0 is not evaluated (config/config.exs:5)
                2 (config/config.exs:4)
                not known: foo/0 is not evaluated (config/config.exs:3)
                1 (config/config.exs:2)
            "#]],
        );
    }

    #[test]
    fn a_setting_that_runtime_exs_may_change_remembers_what_was_compiled() {
        check(
            &[
                ("config/config.exs", "import Config\nconfig :a, k: 1"),
                ("config/runtime.exs", "import Config\nconfig foo(), k: 2"),
            ],
            &["k"],
            &expect![[r#"
                not known: foo/0 is not evaluated (config/runtime.exs:2)
                1 (config/config.exs:2)
            "#]],
        );
    }

    #[test]
    fn it_is_bounded_and_its_values_are_cut() {
        let writes: String = (0..20).map(|n| format!("config :a, k: {n}\n")).collect();
        let script = format!("import Config\n{writes}");
        let config = Tree::of(&[("config/config.exs", &script)]).evaluate("dev");
        let values: Vec<_> = config.history("a", &["k"]);
        let values: Vec<String> = values.iter().map(shown).collect();
        assert_eq!(values, ["19", "18", "17", "16", "15", "14", "13", "12"]);

        let script = format!("import Config\nconfig :a, k: \"{}\"", "é".repeat(200));
        let config = Tree::of(&[("config/config.exs", &script)]).evaluate("dev");
        let shown = shown(&config.history("a", &["k"])[0]);
        assert_eq!(shown, format!("\"{}…", "é".repeat(99)));
    }

    #[test]
    fn nothing_is_told_of_what_is_absent() {
        check(
            &[(
                "config/config.exs",
                "import Config\nconfig :a, url: [host: \"x\"]\nconfig :a, url: nil",
            )],
            &["url", "host"],
            &expect![""],
        );
    }
}
