//! The poison rule: nothing is guessed, and no more is lost than must be.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a check takes its `expect!` as it is written"
)]

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use crate::{
    Setting,
    fixture::{Tree, show},
};

fn check(script: &str, expected: Expect) {
    check_with(script, &[], expected);
}

fn check_with(script: &str, vars: &[(&str, &str)], expected: Expect) {
    let mut tree = Tree::of(&[("config/config.exs", &format!("import Config\n{script}"))]);
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    tree.vars = vars.iter().map(owned).collect::<BTreeMap<_, _>>();
    expected.assert_eq(&show(&tree.evaluate("prod")));
}

#[test]
fn an_unknown_value_taints_its_own_key_alone() {
    check(
        "config :a, x: 1, y: foo(), z: [p: 1, q: Bar.baz()]\nconfig :a, z: [p: 2]",
        expect![[r#"
            a x = 1 (config/config.exs:2)
            a y = ? foo/0 is not evaluated (config/config.exs:2)
            a z = ? Bar.baz/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn a_later_setting_is_known_again() {
    check(
        "config :a, x: foo()\nconfig :a, x: 1",
        expect![[r#"
        a x = 1 (config/config.exs:3)
        warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
    "#]],
    );
    check(
        "config :a, E, foo()\nconfig :a, E, port: 1\nconfig :a, E, nil",
        expect![[r#"
            a E = nil (config/config.exs:4)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn an_unknown_app_or_key_taints_what_it_may_name() {
    check(
        "config :a, x: 1\nconfig foo(), x: 2\nconfig :b, y: 1",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:3)
            b y = 1 (config/config.exs:4)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :a, x: 1\nconfig :b, x: 1\nconfig :a, foo(), 2\nconfig :a, y: 3",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:4)
            a y = 3 (config/config.exs:5)
            b x = 1 (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:4)
        "#]],
    );
    check(
        "config :a, x: 1\nconfig :a, foo()\nconfig :a, [{foo(), 1}]",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:4)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:4)
        "#]],
    );
}

#[test]
fn an_unknown_condition_taints_what_its_branches_leave_differently() {
    check(
        "config :a, E, url: [host: \"x\", port: 1], same: 1
if foo() do
  config :a, E, url: [host: \"y\"], same: 1, only: 1
  config :a, both: 1, b: [c: 1]
else
  config :a, both: 1, b: [c: 2]
end
config :b, value: if(foo(), do: 1, else: 2), same: if(foo(), do: 3, else: 3)
",
        expect![[r#"
            a E = ? foo/0 is not evaluated (config/config.exs:3)
            a b = ? foo/0 is not evaluated (config/config.exs:3)
            a both = 1 (config/config.exs:5)
            b same = 3 (config/config.exs:9)
            b value = ? foo/0 is not evaluated (config/config.exs:9)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:9)
        "#]],
    );
}

#[test]
fn an_arm_that_raises_is_not_taken() {
    check(
        "if foo(), do: raise(\"no\"), else: config(:a, x: 1)",
        expect![[r#"
            a x = 1 (config/config.exs:2)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn a_case_on_what_is_unknown_joins_the_clauses_that_may_match() {
    check(
        "case {foo(), :dev} do
  {_, :prod} -> config :a, never: 1
  {:x, env} -> config :a, env: env, x: 1
  {y, _} -> config :a, env: :dev, x: y
end
port = cond do
  foo() -> 1
  true -> 2
end
config :a, port: port",
        expect![[r#"
            a env = :dev (config/config.exs:4)
            a port = ? foo/0 is not evaluated (config/config.exs:8)
            a x = ? foo/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:8)
        "#]],
    );
}

#[test]
fn what_is_not_evaluated_taints_the_settings_in_it() {
    check(
        "config :a, E, url: [host: \"x\", port: 1], other: 1
config :b, x: 1, y: 2
config :c, z: 1
try do
  config :a, E, url: [host: \"y\"]
  config :b, key, 3
rescue
  _ -> :ok
end
config :b, y: 4",
        expect![[r#"
            a E = ? `try` is not evaluated (config/config.exs:5)
            b x = ? `try` is not evaluated (config/config.exs:5)
            b y = 4 (config/config.exs:11)
            c z = 1 (config/config.exs:4)
            warning not-evaluated: `try` is not evaluated (config/config.exs:5)
            error elixir-refuses: nothing here defines key (config/config.exs:7)
        "#]],
    );
    check(
        "config :a, x: 1\ndefmodule M do\ndef f, do: import_config(\"x.exs\")\nend",
        expect![[r#"
            a x = ? `defmodule` is not evaluated (config/config.exs:3)
            warning not-evaluated: `defmodule` is not evaluated (config/config.exs:3)
        "#]],
    );
}

#[test]
fn functions_that_may_be_called_taint_the_settings_in_them() {
    check(
        "config :a, x: 1\nFoo.each([1], fn n -> config :a, x: n end)",
        expect![[r#"
            a x = ? Foo.each/2 is not evaluated (config/config.exs:3)
            warning not-evaluated: Foo.each/2 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :a, x: 1, y: 2\nf = fn n -> config :a, x: n end\nFoo.each([1], &f.(&1))",
        expect![[r#"
            a x = ? Foo.each/2 is not evaluated (config/config.exs:4)
            a y = 2 (config/config.exs:2)
            warning not-evaluated: Foo.each/2 is not evaluated (config/config.exs:4)
        "#]],
    );
    check(
        "config :a, x: 1\nEnum.each(foo(), fn n -> config :a, x: n end)",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :a, x: 1\nfor n <- foo(), do: config(:a, x: n)",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :a, x: 1\nfor n <- [1, 2], foo(n), do: config(:a, x: n)",
        expect![[r#"
            a x = ? foo/1 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/1 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :a, x: 1\nwith {:ok, n} <- foo(), do: config(:a, x: n)",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :a, x: 1\nfoo() && config(:a, x: 2)",
        expect![[r#"
        a x = ? foo/0 is not evaluated (config/config.exs:3)
        warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
    "#]],
    );
}

#[test]
fn variables_assigned_in_what_is_not_evaluated_are_unknown() {
    check(
        "x = 1\nfoo(x = 2)\nconfig :a, x: x",
        expect![[r#"
        a x = ? foo/1 is not evaluated (config/config.exs:3)
        warning not-evaluated: foo/1 is not evaluated (config/config.exs:3)
    "#]],
    );
    check(
        "{x, y} = foo()\n[z] = [1]\nconfig :a, x: x, y: y, z: z",
        expect![[r#"
            a x = ? foo/0 is not evaluated (config/config.exs:2)
            a y = ? foo/0 is not evaluated (config/config.exs:2)
            a z = 1 (config/config.exs:4)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn a_missing_variable_is_named_and_taints_what_needs_it() {
    check(
        "url = System.get_env(\"DATABASE_URL\") ||
  raise \"\"\"
  environment variable DATABASE_URL is missing.
  \"\"\"
config :a, url: url, pool: 1, host: \"#{url}/x\"
config :b, key: System.fetch_env!(\"KEY\"), port: String.to_integer(System.get_env(\"PORT\"))
",
        expect![[r#"
            a host = ? needs the environment variable DATABASE_URL (config/config.exs:3)
            a pool = 1 (config/config.exs:6)
            a url = ? needs the environment variable DATABASE_URL (config/config.exs:3)
            b key = ? needs the environment variable KEY (config/config.exs:7)
            b port = ? needs the environment variable PORT (config/config.exs:7)
            warning needs-env: needs the environment variable DATABASE_URL (config/config.exs:3)
            warning needs-env: needs the environment variable KEY (config/config.exs:7)
            warning needs-env: needs the environment variable PORT (config/config.exs:7)
        "#]],
    );
}

#[test]
fn a_branch_that_raises_would_not_be_taken_where_the_variable_is_set() {
    check(
        "config :a, x: 1, z: 1
if host = System.get_env(\"HOST\") do
  config :a, x: 2, y: host
else
  raise \"HOST is missing\"
end
unless System.get_env(\"OTHER\"), do: raise(ArgumentError, message: \"set it\")
config :a, later: 1",
        expect![[r#"
            a later = 1 (config/config.exs:9)
            a x = ? needs the environment variable HOST (config/config.exs:6)
            a y = ? needs the environment variable HOST (config/config.exs:6)
            a z = 1 (config/config.exs:2)
            warning needs-env: needs the environment variable HOST (config/config.exs:6)
            warning needs-env: needs the environment variable OTHER (config/config.exs:8)
        "#]],
    );
    check(
        "if config_env() == :prod do\nraise \"not for production\"\nend\nconfig :a, x: 1",
        expect![[r#"
            a x = 1 (config/config.exs:5)
            warning raises: the configuration raises here: not for production (config/config.exs:3)
        "#]],
    );
}

#[test]
fn environment_variables_are_unknown_after_they_may_have_changed() {
    check_with(
        "before = System.get_env(\"PORT\")
Dotenv.load!()
config :a, before: before, after: System.get_env(\"PORT\"), all: System.get_env()[\"PORT\"]
System.put_env(\"PORT\", \"3\")
config :a, put: System.get_env(\"PORT\")",
        &[("PORT", "1")],
        expect![[r#"
            a after = ? Dotenv.load!/0 is not evaluated (config/config.exs:3)
            a all = ? Dotenv.load!/0 is not evaluated (config/config.exs:3)
            a before = "1" (config/config.exs:4)
            a put = "3" (config/config.exs:6)
            warning not-evaluated: Dotenv.load!/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check_with(
        "if foo(), do: System.put_env(\"PORT\", \"2\")\nconfig :a, port: System.get_env(\"PORT\")",
        &[("PORT", "1")],
        expect![[r#"
            a port = ? foo/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn a_branch_changes_variables_for_itself_and_perhaps_for_what_follows() {
    check_with(
        "System.put_env(\"A\", \"1\")
System.put_env(%{\"B\" => \"1\", \"C\" => \"1\"})
if foo() do
  System.put_env(%{\"A\" => \"2\", \"C\" => \"3\", \"D\" => \"3\"})
  config :a, in: System.get_env(\"A\")
else
  System.put_env(\"C\", \"3\")
  System.delete_env(\"D\")
  config :a, in: System.get_env(\"A\") <> \"1\"
  config :b, in: System.get_env(\"A\")
end
config :a, a: System.get_env(\"A\"), b: System.get_env(\"B\"), c: System.get_env(\"C\"), d: System.get_env(\"D\"), e: System.get_env(\"E\"), all: System.get_env()",
        &[("E", "1")],
        expect![[r#"
            a a = ? foo/0 is not evaluated (config/config.exs:4)
            a all = ? foo/0 is not evaluated (config/config.exs:4)
            a b = "1" (config/config.exs:13)
            a c = "3" (config/config.exs:13)
            a d = ? foo/0 is not evaluated (config/config.exs:4)
            a e = "1" (config/config.exs:13)
            a in = ? foo/0 is not evaluated (config/config.exs:4)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:4)
        "#]],
    );
    check_with(
        "System.put_env(\"A\", \"1\")
if foo(), do: Dotenv.load()
config :a, a: System.get_env(\"A\"), b: System.get_env(\"B\")",
        &[("B", "1")],
        expect![[r#"
            a a = ? foo/0 is not evaluated (config/config.exs:3)
            a b = ? Dotenv.load/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: Dotenv.load/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check_with(
        "System.put_env(\"A\", \"1\")
if foo() do
  System.put_env(\"A\", \"2\")
  raise \"no\"
end
config :a, a: System.get_env(\"A\")",
        &[],
        expect![[r#"
            a a = "1" (config/config.exs:7)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
        "#]],
    );
}

#[test]
fn an_import_that_is_named_for_the_environment_may_change_it() {
    check_with(
        "import Dotenvy\nsource!([\".env\"])\nconfig :a, port: env!(\"PORT\", :integer), also: System.get_env(\"PORT\")",
        &[("PORT", "1")],
        expect![[r#"
            a also = ? Dotenvy is imported (config/config.exs:2)
            a port = ? env!/2 is not evaluated (config/config.exs:4)
            warning not-evaluated: source!/1 is not evaluated (config/config.exs:3)
            warning not-evaluated: env!/2 is not evaluated (config/config.exs:4)
        "#]],
    );
}

#[test]
fn files_that_are_run_may_set_anything() {
    check(
        "config :a, x: 1\nCode.compile_file(\"other.exs\", __DIR__)\nconfig :a, y: 1",
        expect![[r#"
            a x = ? Code.compile_file/2 is not evaluated (config/config.exs:3)
            a y = 1 (config/config.exs:4)
            warning not-evaluated: Code.compile_file/2 is not evaluated (config/config.exs:3)
        "#]],
    );
}

#[test]
fn what_elixir_refuses_is_unknown_and_an_error() {
    check(
        "config :a, n: String.to_integer(\"many\"), e: elem({1}, 1)\nconfig :a, 1\nconfig \"a\", x: 1\n{:ok, v} = :error\nconfig :a, v: v",
        expect![[r#"
            a e = ? Elixir refuses elem/2 here (config/config.exs:2)
            a n = ? Elixir refuses String.to_integer/1 here (config/config.exs:2)
            a v = ? Elixir refuses a match whose sides differ here (config/config.exs:5)
            error elixir-refuses: Elixir refuses String.to_integer/1 here (config/config.exs:2)
            error elixir-refuses: Elixir refuses elem/2 here (config/config.exs:2)
            error elixir-refuses: Elixir refuses config/2 with what is no keyword list here (config/config.exs:3)
            error elixir-refuses: Elixir refuses config with an application that is no atom here (config/config.exs:4)
            error elixir-refuses: Elixir refuses a match whose sides differ here (config/config.exs:5)
        "#]],
    );
    check(
        "case 1 do\n2 -> :ok\nend\nconfig :a, x: 1",
        expect![[r#"
        a x = 1 (config/config.exs:5)
        error elixir-refuses: no clause matches (config/config.exs:2)
    "#]],
    );
}

#[test]
fn known_values_that_no_term_can_be_are_said_to_be_so() {
    check(
        "config :a, r: ~r/x/, f: fn -> 1 end, d: ~D[2024-01-01], m: &String.trim/1",
        expect![[r#"
            a d = ? it holds a date or time (config/config.exs:2)
            a f = ? it holds a function (config/config.exs:2)
            a m = ? it holds a function (config/config.exs:2)
            a r = ? it holds a regular expression (config/config.exs:2)
        "#]],
    );
}

#[test]
fn an_unknown_element_may_be_any_key() {
    check(
        "config :a, E, [foo(), {:port, 1}]\nconfig :a, F, [{:port, 1}, foo()]",
        expect![[r#"
            a E = ? foo/0 is not evaluated (config/config.exs:2)
            a F = ? foo/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: foo/0 is not evaluated (config/config.exs:3)
        "#]],
    );
}

#[test]
fn what_may_be_config_taints_all_that_it_may_set() {
    let all = |line: &str| {
        let script = format!("import Config\nconfig :a, k: 1\n{line}");
        let config = Tree::of(&[("config/config.exs", &script)]).evaluate("prod");
        let is_unknown = matches!(config.get("a", &["k"]), Setting::Unknown { .. });
        assert!(is_unknown && !config.findings().is_empty(), "{line}");
    };
    all("Dep.mod().config(:a, k: 2)");
    all("apply(Dep.mod(), :config, [:b, [k: 2]])");
    all("apply(Config, :config, Dep.mod())");
    all("apply(Config, Dep.mod(), [])");
    all("Dep.mod() |> apply(:config, [:b, [k: 2]])");
    all("Dep.mod(&config/2)");
    all("Dep.mod(&apply(Config, &1, &2))");
}

#[test]
fn what_cannot_be_config_taints_nothing() {
    check(
        "config :a, k: 1\nDep.mod().config\napply(Dep, :config, [])\napply(Dep.mod(), :run, [1])",
        expect![[r#"
            a k = 1 (config/config.exs:2)
            warning not-evaluated: Dep.mod/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: Dep.config/0 is not evaluated (config/config.exs:4)
            warning not-evaluated: Dep.mod/0 is not evaluated (config/config.exs:5)
        "#]],
    );
}

#[test]
fn apply_is_a_call() {
    check(
        "apply(Config, :config, [:a, [k: 1]])
apply(&config/2, [:a, [l: 2]])
config :a, m: apply(String, :upcase, [\"x\"]), n: apply(fn x -> x end, [3])
mod = Config
mod.config(:a, o: 4)
[p: 5] |> then(&Kernel.apply(Config, :config, [:a, &1]))",
        expect![[r#"
            a k = 1 (config/config.exs:2)
            a l = 2 (config/config.exs:3)
            a m = "X" (config/config.exs:4)
            a n = 3 (config/config.exs:4)
            a o = 4 (config/config.exs:6)
            a p = 5 (config/config.exs:7)
        "#]],
    );
}

#[test]
fn a_pattern_that_is_not_evaluated_is_told() {
    check(
        "config :a, k: (case 1 do\n<<1>> -> 2\n_ -> 3\nend)",
        expect![[r#"
            a k = ? this pattern is not evaluated (config/config.exs:3)
            warning not-evaluated: this pattern is not evaluated (config/config.exs:3)
        "#]],
    );
}

#[test]
fn what_is_not_evaluated_has_aliases_of_its_own() {
    check(
        "for _ <- Bar.baz() do
alias AcmeWeb.{Endpoint, Router}
require AcmeWeb.Other, as: Router
config :a, Endpoint, router: Router
end
config :a, Endpoint, b: 1",
        expect![[r#"
            a AcmeWeb.Endpoint = ? Bar.baz/0 is not evaluated (config/config.exs:2)
            a Endpoint = [b: 1] (config/config.exs:7)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn keys_whose_order_depends_on_a_branch_are_known_and_their_list_is_not() {
    check(
        "config :a, E, http: [], url: 1
config :b, k: 1, l: 2
if Bar.baz() do
config :a, E, http: []
config :b, k: 1
end",
        expect![[r#"
            a E = ? Bar.baz/0 is not evaluated (config/config.exs:4)
            b k = 1 (config/config.exs:6)
            b l = 2 (config/config.exs:3)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/config.exs:4)
        "#]],
    );
}

#[test]
fn a_value_may_lack_what_only_one_branch_has() {
    check(
        "x = if Bar.baz(), do: [b: nil], else: []
config :a, b: Enum.map(x, fn {k, _} -> {k, 1} end), c: length(x), d: x
config :a, E, x
config :a, E, c: 1",
        expect![[r#"
            a E = ? Bar.baz/0 is not evaluated (config/config.exs:2)
            a b = ? Bar.baz/0 is not evaluated (config/config.exs:2)
            a c = ? Bar.baz/0 is not evaluated (config/config.exs:2)
            a d = ? Bar.baz/0 is not evaluated (config/config.exs:2)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/config.exs:2)
        "#]],
    );
}

#[test]
fn a_piped_application_is_seen() {
    check(
        "config :b, k: 1
for _ <- Bar.baz() do
:a |> config(:piped, 1)
end",
        expect![[r#"
            b k = ? Bar.baz/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/config.exs:3)
        "#]],
    );
    check(
        "config :b, k: 1
for _ <- Bar.baz(), do: :a |> Config.config(:piped, 1)",
        expect![[r#"
            b k = ? Bar.baz/0 is not evaluated (config/config.exs:3)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/config.exs:3)
        "#]],
    );
}

#[test]
fn the_value_of_a_file_that_sets_nothing_may_be_its_settings() {
    let check = |runtime: &str, expected: Expect| {
        let compiled = ("config/config.exs", "import Config\nconfig :a, k: 1");
        let runtime = format!("import Config\n{runtime}");
        let tree = Tree::of(&[compiled, ("config/runtime.exs", &runtime)]);
        expected.assert_eq(&show(&tree.evaluate("dev")));
    };
    check(
        "Bar.baz()",
        expect![[r#"
            a k = ? Bar.baz/0 is not evaluated (config/runtime.exs:2)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/runtime.exs:2)
        "#]],
    );
    check(
        "if Bar.baz(), do: [a: [k: 2]], else: []",
        expect![[r#"
            a k = ? Bar.baz/0 is not evaluated (config/runtime.exs:2)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/runtime.exs:2)
        "#]],
    );
    check(
        "Bar.baz()\nnil",
        expect![[r#"
            a k = 1 (config/config.exs:2)
            warning not-evaluated: Bar.baz/0 is not evaluated (config/runtime.exs:2)
        "#]],
    );
}
