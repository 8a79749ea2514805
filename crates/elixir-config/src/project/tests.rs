#![expect(
    clippy::needless_pass_by_value,
    reason = "a check takes its `expect!` as it is written"
)]

use expect_test::{Expect, expect};

use super::{mix_project, uses};

fn check_project(text: &str, expected: Expect) {
    expected.assert_eq(&format!("{:?}", mix_project(text)));
}

fn check_uses(text: &str, expected: Expect) {
    let found: Vec<String> = uses(text, "Phoenix.Endpoint")
        .iter()
        .map(|it| format!("{it:?}\n"))
        .collect();
    expected.assert_eq(&found.concat());
}

#[test]
fn an_umbrella_says_where_its_apps_are() {
    check_project(
        "defmodule Shop.Umbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: \"apps\",
      version: \"0.1.0\",
      start_permanent: Mix.env() == :prod,
      deps: deps()
    ]
  end

  defp deps do
    [{:phoenix, \"~> 1.7\"}, {:credo, \">= 0.0.0\", only: [:dev, :test]}]
  end
end",
        expect![[
            r#"Ok(MixProject { app: None, apps_path: Some("apps"), config_path: None, deps: ["phoenix", "credo"] })"#
        ]],
    );
}

#[test]
fn a_child_says_its_name_config_path_and_deps() {
    check_project(
        "defmodule ShopWeb.MixProject do
  use Mix.Project
  def project do
    [app: :shop_web, build_path: \"../../_build\", config_path: \"../../config/config.exs\",
     deps: deps(), releases: [shop: [app: :other]]]
  end
  def application, do: [mod: {ShopWeb.Application, []}]
  defp deps do
    [{:bandit, \"~> 1.0\"}, {:shop, in_umbrella: true}] ++ more(Mix.env())
  end
  defp more(_), do: [{:jason, \"1.0\"}]
end",
        expect![[
            r#"Ok(MixProject { app: Some("shop_web"), apps_path: None, config_path: Some("../../config/config.exs"), deps: ["bandit", "shop"] })"#
        ]],
    );
}

#[test]
fn what_is_not_literal_is_not_said() {
    check_project(
        "defmodule P do\n def project, do: [app: @app, deps: [{:plug_cowboy, \"2.0\"}]]\nend",
        expect!["Ok(MixProject { app: None, apps_path: None, config_path: None, deps: [] })"],
    );
    check_project(
        "",
        expect!["Ok(MixProject { app: None, apps_path: None, config_path: None, deps: [] })"],
    );
    check_project(
        "defmodule P do\n def project do\n [app: :x,\n",
        expect![[
            r#"Err(Finding { code: "syntax-error", message: "syntax error near `do`", fix: "correct the file; Elixir cannot read it either", at: Written { file: "mix.exs", line: 1 }, is_error: true })"#
        ]],
    );
}

#[test]
fn endpoints_are_found_with_their_app_and_init() {
    check_uses(
        "defmodule AuthWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :auth_web
  plug AuthWeb.Router

  def init(_key, config) do
    {:ok, config}
  end
  def init(_), do: :other
end",
        expect![[r#"
            Use { module: "AuthWeb.Endpoint", otp_app: Some("auth_web"), line: 2, init: Some(5) }
        "#]],
    );
}

#[test]
fn nested_modules_are_their_own() {
    check_uses(
        "defmodule A do
  defmodule Endpoint do
    use Phoenix.Endpoint, [otp_app: :a]
  end
  defmodule Other do
    use Phoenix.Router
    def init(_, _), do: :ok
  end
  if Mix.env() == :test do
    defmodule TestEndpoint do
      use(Phoenix.Endpoint, otp_app: :a_test)
      def init(_, c) when is_list(c), do: c
    end
  end
end",
        expect![[r#"
            Use { module: "A.Endpoint", otp_app: Some("a"), line: 3, init: None }
            Use { module: "A.TestEndpoint", otp_app: Some("a_test"), line: 11, init: Some(12) }
        "#]],
    );
}

#[test]
fn aliases_are_followed_and_quotes_are_not() {
    check_uses(
        "defmodule E do
  alias Phoenix.Endpoint
  use Endpoint, otp_app: :e
end
defmodule F do
  alias Phoenix.Endpoint, as: P
  use P, otp_app: @app
end
defmodule Maker do
  defmacro __using__(_) do
    quote do
      use Phoenix.Endpoint, otp_app: :made
    end
  end
end
defmodule Plain do
  use Other.Endpoint, otp_app: :no
end",
        expect![[r#"
            Use { module: "E", otp_app: Some("e"), line: 3, init: None }
            Use { module: "F", otp_app: None, line: 7, init: None }
        "#]],
    );
}

#[test]
fn what_does_not_parse_has_none() {
    check_uses(
        "defmodule E do\n use Phoenix.Endpoint, otp_app: :e\n",
        expect![[""]],
    );
    check_uses("# use Phoenix.Endpoint", expect![[""]]);
}
