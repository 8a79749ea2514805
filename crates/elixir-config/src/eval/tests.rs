#![expect(
    clippy::needless_pass_by_value,
    reason = "a check takes its `expect!` as it is written"
)]

mod bounds;
mod release;
mod undefined;

use expect_test::{Expect, expect, expect_file};
use proptest::prelude::*;

use crate::fixture::{TREES, Tree, show, show_setting, testdata};

/// Evaluates one script in `dev`.
fn check(script: &str, expected: Expect) {
    check_files(&[("config/config.exs", script)], expected);
}

fn check_files(files: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&show(&Tree::of(files).evaluate("dev")));
}

/// Looks single settings of one application up.
fn check_paths(script: &str, paths: &[&[&str]], expected: Expect) {
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    let mut shown = String::new();
    for path in paths {
        show_setting(&config, "a", path, &mut shown);
    }
    expected.assert_eq(&shown);
}

#[test]
fn every_tree_of_testdata_is_known_in_every_env() {
    for name in TREES {
        let tree = Tree::load(name);
        for env in ["dev", "test", "prod"] {
            let expected = testdata().join(name).join(format!("{env}.expected"));
            expect_file![expected].assert_eq(&show(&tree.evaluate(env)));
        }
    }
}

#[test]
fn a_file_that_is_run_is_read_as_what_it_is() {
    let helper = "defmodule Helper do\n  def secret, do: System.get_env(\"SECRET\")\nend\n";
    let env = "import Config\nconfig :a, url: [host: \"x.test\"]\n";
    check_files(
        &[
            ("config/config.exs", "import Config\nconfig :a, port: 1\n"),
            (
                "config/runtime.exs",
                "import Config
Code.require_file(\"helper.exs\", \"#{__DIR__}/../lib\")
Code.require_file(\"#{config_env()}.exs\", \"config/runtime\")
Code.require_file(\"config/runtime/dev.exs\")
{value, _} = [__DIR__, \"value.exs\"] |> Path.join() |> Code.eval_file()
config :a, value: value, secret: Helper.secret()
",
            ),
            ("lib/helper.exs", helper),
            ("config/runtime/dev.exs", env),
            ("config/value.exs", "1 + 1\n"),
        ],
        expect![[r#"
            a port = 1 (config/config.exs:2)
            a secret = ? Helper.secret/0 is not evaluated (config/runtime.exs:6)
            a url = [host: "x.test"] (config/runtime/dev.exs:2)
            a value = 2 (config/runtime.exs:6)
            warning not-evaluated: `defmodule` is not evaluated (lib/helper.exs:1)
            warning not-evaluated: Helper.secret/0 is not evaluated (config/runtime.exs:6)
        "#]],
    );
}

#[test]
fn a_file_that_is_run_and_is_not_there_leaves_doubt() {
    check(
        "import Config
config :a, x: 1
Code.require_file(\"other.exs\", __DIR__)
config :a, y: 1
Code.require_file(System.get_env(\"FILE\") || config_unknown())
config :a, z: 1
",
        expect![[r#"
            a x = ? config_unknown/0 is not evaluated (config/config.exs:5)
            a y = ? config_unknown/0 is not evaluated (config/config.exs:5)
            a z = 1 (config/config.exs:6)
            error import-missing: config/other.exs, which is run here, does not exist (config/config.exs:3)
            warning not-evaluated: config_unknown/0 is not evaluated (config/config.exs:5)
        "#]],
    );
}

#[test]
fn a_file_that_runs_itself_ends() {
    check(
        "import Config\nCode.eval_file(\"config/config.exs\")\nconfig :a, x: 1\n",
        expect![[r#"
            error config-too-large: the configuration runs too many files (config/config.exs:2)
            broken by config-too-large (config/config.exs:2)
        "#]],
    );
}

#[test]
fn provenance_is_the_line_of_the_key_that_was_written_last() {
    check_paths(
        "import Config
config :a, E,
  url: [host: \"x\"],
  http: [
    ip: {127, 0, 0, 1},
    port: 4000
  ]
config :a, E, http: [port: 4001]
",
        &[
            &["Elixir.E", "url", "host"],
            &["Elixir.E", "http", "ip"],
            &["Elixir.E", "http", "port"],
            &["Elixir.E", "http"],
            &["Elixir.E"],
            &["Elixir.E", "none"],
            &["none"],
        ],
        expect![[r#"
            a E.url.host = "x" (config/config.exs:3)
            a E.http.ip = {127, 0, 0, 1} (config/config.exs:5)
            a E.http.port = 4001 (config/config.exs:8)
            a E.http = [ip: {127, 0, 0, 1}, port: 4001] (config/config.exs:8)
            a E = [url: [host: "x"], http: [ip: {127, 0, 0, 1}, port: 4001]] (config/config.exs:8)
            a E.none is absent
            a none is absent
        "#]],
    );
}

#[test]
fn maps_match_by_their_keys() {
    check(
        "import Config
%{a: x} = %{a: 1, b: 2}
k = \"key\"
config :a,
  x: x,
  pinned: (case %{\"key\" => 3} do %{^k => y} -> y end),
  no: (case %{a: 1} do %{b: _} -> 1; %{} -> 2 end),
  other: (case [a: 1] do %{} -> 1; _ -> 2 end)
",
        expect![[r#"
            a no = 2 (config/config.exs:7)
            a other = 2 (config/config.exs:8)
            a pinned = 3 (config/config.exs:6)
            a x = 1 (config/config.exs:5)
        "#]],
    );
}

#[test]
fn config_env_comes_with_import_config_alone() {
    check_files(
        &[("config/config.exs", "[a: [k: config_env(), l: 1]]")],
        expect![[r#"
            a k = ? Elixir refuses config_env() without `import Config` here (config/config.exs:1)
            a l = 1 (config/config.exs:1)
            error elixir-refuses: Elixir refuses config_env() without `import Config` here (config/config.exs:1)
        "#]],
    );
    check(
        "use Mix.Config\nconfig :a, k: config_env()",
        expect![[r#"
        a k = ? Elixir refuses config_env() without `import Config` here (config/config.exs:2)
        error elixir-refuses: Elixir refuses config_env() without `import Config` here (config/config.exs:2)
    "#]],
    );
    check(
        "import Config\nconfig :a, k: Config.config_env()",
        expect![[r#"
            a k = :dev (config/config.exs:2)
        "#]],
    );
}

#[test]
fn a_file_whose_value_is_another_list_is_refused() {
    check(
        "[1, 2]",
        expect![[r#"
        error elixir-refuses: Elixir refuses a file whose value is a list but no configuration here (config/config.exs:1)
    "#]],
    );
    check(
        "[a: 1]",
        expect![[r#"
        error elixir-refuses: Elixir refuses a file whose value is a list but no configuration here (config/config.exs:1)
    "#]],
    );
    check(
        "import Config\nfor x <- [1], do: x",
        expect![[r#"
        error elixir-refuses: Elixir refuses a file whose value is a list but no configuration here (config/config.exs:2)
    "#]],
    );
    check("import Config\n[]", expect![""]);
    check(
        "[a: foo(), b: [k: 1]]",
        expect![[r#"
        b k = 1 (config/config.exs:1)
        warning not-evaluated: foo/0 is not evaluated (config/config.exs:1)
    "#]],
    );
}

#[test]
fn what_config_returns_is_not_known() {
    check(
        "import Config\nconfig :a, k: config(:a, l: 1)\nconfig(:a, m: 1) && config(:a, n: 1)",
        expect![[r#"
            a k = ? it holds what `config` returns (config/config.exs:2)
            a l = 1 (config/config.exs:2)
            a m = 1 (config/config.exs:3)
            a n = ? it holds what `config` returns (config/config.exs:3)
        "#]],
    );
}

#[test]
fn variables_are_set_and_deleted_together() {
    check(
        "import Config
System.put_env(%{\"A\" => \"1\", \"B\" => nil})
System.put_env([{\"C\", \"3\"}])
config :a, a: System.get_env(\"A\"), b: System.get_env(\"B\", \"none\"), c: System.get_env(\"C\")",
        expect![[r#"
            a a = "1" (config/config.exs:4)
            a b = "none" (config/config.exs:4)
            a c = "3" (config/config.exs:4)
        "#]],
    );
}

#[test]
fn a_variable_that_no_system_has_raises() {
    for call in [
        "System.put_env(\"A\", \"\\0\")",
        "System.put_env(\"A=B\", \"1\")",
        "System.delete_env(\"A\\0\")",
        "System.get_env(\"A=B\")",
        "System.fetch_env(\"\\0\")",
    ] {
        let script = format!("import Config\n{call}\nconfig :a, b: 1");
        let config = Tree::of(&[("config/config.exs", &script)]).evaluate("dev");
        let told = config.findings().iter().map(|finding| &*finding.message);
        let told: Vec<&str> = told.collect();
        assert!(
            told.iter().any(|it| it.contains("raises here: a variable")),
            "{call}: {told:?}"
        );
    }
}

#[test]
fn a_clause_in_parentheses_is_no_call_of_what_stands_before() {
    check(
        "import Config
config :a, k: 1
cond do
1 ->
\"pre\" <> x = \"preshop\"
config :a, k: x
(System.get_env(\"A\") || System.get_env(\"B\")) ->
config :a, l: 1
true ->
end
config :a, m: 1",
        expect![[r#"
            a k = ? a statement whose lines are not clear is not evaluated (config/config.exs:6)
            warning not-evaluated: a statement whose lines are not clear is not evaluated (config/config.exs:6)
        "#]],
    );
}

#[test]
fn a_clause_is_no_modifier_of_the_sigil_before() {
    check(
        "import Config
cond do
false ->
config :acme, :\"Elixir.AcmeWeb.Endpoint\", http: [otp_app: :acme_web, port: 4000, ip: {0, 0, 0, 0}], adapter: Bandit.PhoenixAdapter
config :shop_web, :http, (?ü)
config :acme_web, ShopWeb.Endpoint, url: [], url: [host: \"*.acme.test\", port: String.to_integer(System.get_env(\"URL\") || \"4000\"), host: System.get_env(\"URL\", \"\\x41\\u0042\\u{1F600}\\e\\0\\s\")], url: [port: 1_000_000]
Map.get(System.get_env(), \"URL\") ->
v1 = String.to_integer(System.get_env(\"URL\") || \"0\")
config :acme_web, :url, ~w(a b c)
true ->
config :acme, Elixir.AcmeWeb.Endpoint, url: [port: {:system, \"PORT\"}], http: [], live_view: [signing_salt: \"abc\"], live_view: [signing_salt: \"abc\"]
end
v3 = Enum.map((for v2 <- List.duplicate(1, 3), do: 9_223_372_036_854_775_807), &\"h#{&1}\")
config :acme, b: [pool_size: {:system, \"PORT\"}]
",
        expect![[r#"
            warning not-evaluated: a statement whose lines are not clear is not evaluated (config/config.exs:9)
        "#]],
    );
}

#[test]
fn a_module_that_is_required_may_have_another_name() {
    check(
        "import Config
require Logger
require AcmeWeb.Endpoint, as: E
config :a, E, k: 1",
        expect![[r#"
            a AcmeWeb.Endpoint = [k: 1] (config/config.exs:4)
        "#]],
    );
}

#[test]
fn an_alias_of_what_becomes_an_alias_is_not_known() {
    // Elixir 1.14 goes on from AcmeWeb to ShopWeb to Other, 1.18 ends at ShopWeb.
    check(
        "import Config
alias Elixir.ShopWeb, as: AcmeWeb
config :a, AcmeWeb, before: 1
if true do
  alias Other, as: ShopWeb
  config :a, ShopWeb, k: 1
  config :b, x: AcmeWeb
  alias AcmeWeb.Endpoint
  config :b, y: Endpoint, z: Endpoint.config(:url)
end
config :a, AcmeWeb, k: 2
alias Other, as: Site
alias Elixir.Site, as: Page
config :b, p: Page, s: Site",
        expect![[r#"
            a Other = ? an alias of another alias is not evaluated (config/config.exs:9)
            a ShopWeb = ? an alias of another alias is not evaluated (config/config.exs:9)
            b p = ? an alias of another alias is not evaluated (config/config.exs:14)
            b s = Other (config/config.exs:14)
            b x = ? an alias of another alias is not evaluated (config/config.exs:9)
            b y = ? an alias of another alias is not evaluated (config/config.exs:9)
            b z = ? an alias of another alias is not evaluated (config/config.exs:9)
            warning not-evaluated: an alias of another alias is not evaluated (config/config.exs:7)
            warning not-evaluated: this alias is not evaluated (config/config.exs:8)
            warning not-evaluated: an alias of another alias is not evaluated (config/config.exs:9)
            warning not-evaluated: an alias of another alias is not evaluated (config/config.exs:14)
        "#]],
    );
    check(
        "import Config
alias A.B, as: C
alias Elixir.C, as: C
alias C, as: D
alias D.E
config :a, c: C, d: D, e: E",
        expect![[r#"
            a c = C (config/config.exs:6)
            a d = C (config/config.exs:6)
            a e = C.E (config/config.exs:6)
        "#]],
    );
}

#[test]
fn a_variable_that_was_set_may_be_set_again_by_what_is_not_evaluated() {
    let script = "import Config\nSystem.put_env(\"A\", \"1\")\nSystem.delete_env(\"B\")\nDotenv.load()\nconfig :a, a: System.get_env(\"A\"), b: System.get_env(\"B\")";
    let config = Tree::of(&[("config/config.exs", script)]).evaluate("dev");
    for key in ["a", "b"] {
        let setting = config.get("a", &[key]);
        assert!(
            matches!(setting, crate::Setting::Unknown { .. }),
            "{key}: {setting:?}"
        );
    }
}

mod imports {
    use super::*;

    #[test]
    fn a_missing_file_makes_all_unknown_that_is_not_set_after() {
        check(
            "import Config
config :a, k: 1, E: [x: 1]
import_config \"secret.exs\"
config :a, E: [y: 2], later: 3
config :b, new: [z: 1]
",
            expect![[r#"
                a E = ? config/secret.exs, which is imported here, does not exist (config/config.exs:3)
                a k = ? config/secret.exs, which is imported here, does not exist (config/config.exs:3)
                a later = 3 (config/config.exs:4)
                b new = ? config/secret.exs, which is imported here, does not exist (config/config.exs:3)
                error import-missing: config/secret.exs, which is imported here, does not exist (config/config.exs:3)
            "#]],
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_as_good_as_missing() {
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nimport_config \"x.exs\"",
                ),
                ("config/x.exs", "unreadable"),
            ],
            expect![[r#"
                error import-missing: config/x.exs, which is imported here, cannot be read: permission denied (config/config.exs:2)
            "#]],
        );
    }

    #[test]
    fn the_same_file_twice_is_refused() {
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nimport_config \"x.exs\"\nimport_config \"../config/x.exs\"",
                ),
                ("config/x.exs", "import Config"),
            ],
            expect![[r#"
                error import-repeated: config/x.exs is imported twice (config/config.exs:3)
                broken by import-repeated (config/config.exs:3)
            "#]],
        );
    }

    #[test]
    fn a_cycle_is_refused() {
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nimport_config \"x.exs\"",
                ),
                (
                    "config/x.exs",
                    "import Config\n\nimport_config \"config.exs\"",
                ),
            ],
            expect![[r#"
                error import-repeated: config/config.exs is imported twice (config/x.exs:3)
                broken by import-repeated (config/x.exs:3)
            "#]],
        );
    }

    #[test]
    fn runtime_may_not_import() {
        check_files(
            &[
                (
                    "config/runtime.exs",
                    "import Config\nconfig :a, k: 1\nimport_config \"x.exs\"",
                ),
                ("config/x.exs", "import Config"),
            ],
            expect![[r#"
                a k = ? runtime.exs calls import_config, which Elixir refuses (config/runtime.exs:3)
                error import-at-runtime: runtime.exs calls import_config, which Elixir refuses (config/runtime.exs:3)
                broken by import-at-runtime (config/runtime.exs:3)
            "#]],
        );
    }

    #[test]
    fn wildcards_need_mix_config() {
        let x = ("config/x.exs", "import Config\nconfig :a, k: 1");
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nimport_config \"[x].exs\"",
                ),
                x,
            ],
            expect![[r#"
                error import-missing: config/[x].exs, which is imported here, does not exist (config/config.exs:2)
            "#]],
        );
        check_files(
            &[
                (
                    "config/config.exs",
                    "use Mix.Config\nimport_config \"[x].exs\"",
                ),
                x,
            ],
            expect![[r#"
                a k = 1 (config/x.exs:2)
            "#]],
        );
    }

    #[test]
    fn variables_and_aliases_do_not_cross_files() {
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nx = 1\nalias A.B\nimport_config \"x.exs\"\nconfig :a, here: {x, B}",
                ),
                (
                    "config/x.exs",
                    "import Config\nconfig :a, b: B\nconfig :a, x: x\n",
                ),
            ],
            expect![[r#"
                a b = B (config/x.exs:2)
                a here = {1, A.B} (config/config.exs:5)
                a x = ? x/0 is not evaluated (config/x.exs:3)
                warning not-evaluated: x/0 is not evaluated (config/x.exs:3)
            "#]],
        );
    }

    #[test]
    fn an_unknown_path_makes_all_unknown() {
        check(
            "import Config\nconfig :a, k: 1\nimport_config foo()\n",
            expect![[r#"
                a k = ? the path of an import is not known (config/config.exs:3)
                warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
                warning import-unknown: the path of an import is not known (config/config.exs:3)
            "#]],
        );
    }

    #[test]
    fn imports_in_branches_that_may_be_taken_do_not_count_as_repeated() {
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nif foo() do\nimport_config \"x.exs\"\nelse\nimport_config \"x.exs\"\nend",
                ),
                ("config/x.exs", "import Config\nconfig :a, k: 1"),
            ],
            expect![[r#"
                a k = 1 (config/x.exs:2)
                warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
            "#]],
        );
    }

    #[test]
    fn a_syntax_error_breaks_the_whole() {
        check_files(
            &[
                (
                    "config/config.exs",
                    "import Config\nconfig :a, k: 1\nimport_config \"x.exs\"\nconfig :a, l: 2",
                ),
                ("config/x.exs", "import Config\n\nconfig :a,\n  k: [1, 2\n"),
            ],
            expect![[r#"
                a k = ? syntax error: something is missing here (config/x.exs:4)
                a l = 2 (config/config.exs:4)
                error syntax-error: syntax error: something is missing here (config/x.exs:4)
                broken by syntax-error (config/x.exs:4)
            "#]],
        );
        check(
            "import Config\nconfig :a,\n  b: \n",
            expect![[r#"
                error syntax-error: syntax error: something is missing here (config/config.exs:3)
                broken by syntax-error (config/config.exs:3)
            "#]],
        );
        check(
            "config :a, b: \"open\n",
            expect![[r#"
                error syntax-error: syntax error: something is missing here (config/config.exs:1)
                broken by syntax-error (config/config.exs:1)
            "#]],
        );
    }
}

mod mix {
    use super::*;
    use crate::{Script, evaluate};

    fn at(config_path: &str, tree: &Tree) -> String {
        let script = Script {
            env: "prod",
            config_path,
            vars: &tree.vars,
            root: "/project",
        };
        show(&evaluate(tree, &script))
    }

    #[test]
    fn no_config_file_is_no_configuration() {
        expect![[""]].assert_eq(&show(&Tree::default().evaluate("dev")));
    }

    #[test]
    fn a_config_path_of_its_own_must_exist() {
        expect![[r#"
            error config-missing: etc/app.exs does not exist (etc/app.exs:1)
            broken by config-missing (etc/app.exs:1)
        "#]]
        .assert_eq(&at("etc/app.exs", &Tree::default()));
    }

    #[test]
    fn runtime_stands_beside_config_path() {
        let tree = Tree::of(&[
            (
                "etc/app.exs",
                "import Config\nconfig :a, E, url: [host: \"x\", port: 1]",
            ),
            (
                "etc/runtime.exs",
                "import Config\nconfig :a, E, url: [port: 2]",
            ),
            (
                "config/runtime.exs",
                "import Config\nconfig :a, wrong: true",
            ),
        ]);
        expect![[r#"
            a E = [url: [host: "x", port: 2]] (etc/runtime.exs:2)
        "#]]
        .assert_eq(&at("etc/app.exs", &tree));
    }

    #[test]
    fn what_runtime_does_not_know_is_unknown_over_what_was_compiled() {
        let tree = Tree::of(&[
            (
                "config/config.exs",
                "import Config\nconfig :a, E, url: [host: \"x\", port: 1]\nconfig :a, k: 1",
            ),
            (
                "config/runtime.exs",
                "import Config\nconfig :a, E, url: [port: foo()]",
            ),
        ]);
        expect![[r#"
            a E = ? foo/0 is not evaluated (config/runtime.exs:2)
            a k = 1 (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/runtime.exs:2)
        "#]]
        .assert_eq(&at("config/config.exs", &tree));
        let mut shown = String::new();
        let config = tree.evaluate("prod");
        for path in [&["Elixir.E", "url", "host"], &["Elixir.E", "url", "port"]] {
            show_setting(&config, "a", path, &mut shown);
        }
        expect![[r#"
            a E.url.host = "x" (config/config.exs:2)
            a E.url.port = ? foo/0 is not evaluated (config/runtime.exs:2)
        "#]]
        .assert_eq(&shown);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_ends_in_a_config(text in ".*|[ \\n\\[\\](){}:,.\"'#&|<>=~%@!?a-zA-Z0-9_-]{0,200}") {
        let config = Tree::of(&[("config/config.exs", &text)]).evaluate("dev");
        let _ = show(&config);
        let _ = crate::mix_project(&text);
        let _ = crate::uses(&text, "Phoenix.Endpoint");
    }

    #[test]
    fn any_tokens_end_in_a_config(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..60)) {
        let text = format!("import Config\n{}", tokens.join(" "));
        let _ = show(&Tree::of(&[("config/config.exs", &text)]).evaluate("dev"));
    }

    #[test]
    fn any_damage_to_testdata_ends_in_a_config(
        tree in proptest::sample::select(TREES),
        file in any::<proptest::sample::Index>(),
        cuts in proptest::collection::vec((any::<proptest::sample::Index>(), 0_usize..20, proptest::sample::select(TOKENS)), 1..4),
    ) {
        let mut tree = Tree::load(tree);
        let count = tree.files.len();
        let text = tree.files.values_mut().nth(file.index(count)).unwrap();
        for (place, length, token) in cuts {
            let from = text.floor_char_boundary(place.index(text.len() + 1));
            let to = text.floor_char_boundary(text.len().min(from + length)).max(from);
            text.replace_range(from..to, token);
        }
        let _ = show(&tree.evaluate("prod"));
    }
}

const TOKENS: &[&str] = &[
    "config",
    ":a,",
    "b:",
    "1",
    "\"x\"",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "do",
    "end",
    "else",
    "\n",
    ",",
    "fn",
    "->",
    "&",
    "&1",
    "|>",
    "||",
    "&&",
    "=",
    "==",
    "x",
    "if",
    "unless",
    "case",
    "cond",
    "for",
    "<-",
    "import_config",
    "raise",
    "System.get_env",
    "\"\"\"\n",
    "~w(a b)",
    "'a'",
    "%{",
    "=>",
    "|",
    "^",
    "<>",
    "++",
    "..",
    "not",
    "in",
    "when",
    "with",
    "alias",
    "use Mix.Config",
    "nil",
    "true",
    "A.B",
    "#{",
    "?",
    "\\",
    "config :a, x: 1\n",
    "Enum.map",
    "try",
    "rescue",
    "@x",
    "-",
    "!",
    ".",
    ";",
    "\u{e9}",
    "\0",
];
