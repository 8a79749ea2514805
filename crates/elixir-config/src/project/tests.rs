#![expect(
    clippy::needless_pass_by_value,
    reason = "a check takes its `expect!` as it is written"
)]

use expect_test::{Expect, expect};

use super::{Call, mix_project, uses};

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
            Use { module: "AuthWeb.Endpoint", otp_app: Some("auth_web"), line: 2, init: Some(5), calls: [Call { name: "plug", arguments: [Atom("Elixir.AuthWeb.Router")], line: 3, is_conditional: false }] }
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
            Use { module: "A.Endpoint", otp_app: Some("a"), line: 3, init: None, calls: [] }
            Use { module: "A.TestEndpoint", otp_app: Some("a_test"), line: 11, init: Some(12), calls: [] }
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
            Use { module: "E", otp_app: Some("e"), line: 3, init: None, calls: [] }
            Use { module: "F", otp_app: None, line: 7, init: None, calls: [] }
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

/// Compares the calls of the first endpoint in `text`.
#[track_caller]
fn check_calls(text: &str, expected: Expect) {
    let found = uses(text, "Phoenix.Endpoint").into_iter().next().unwrap();
    let lines = found.calls.iter().map(|call| {
        let arguments: Vec<String> = call.arguments.iter().map(ToString::to_string).collect();
        let doubt = if call.is_conditional { "?" } else { "" };
        let Call { line, name, .. } = call;
        format!("{line}{doubt} {name} {}\n", arguments.join(", "))
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn what_an_endpoint_plugs_is_read_with_its_attributes() {
    check_calls(
        "defmodule AuthWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :auth_web
  alias Phoenix.LiveView.Socket, as: Live
  @session_options [store: :cookie, key: \"_auth_key\", signing_salt: salt()]
  socket \"/live\", Live, websocket: [connect_info: [session: @session_options]]
  if code_reloading? do
    socket \"/phoenix/live_reload/socket\", Phoenix.LiveReloader.Socket
  end
  plug Plug.Session, @session_options
  @session_options [key: ~s(_other), only: ~w(a b), to: {__MODULE__, :x, [-1, 1.5, nil]}]
  plug(Plug.Session, @session_options)
  plug :later, %{text: 'cd', it: \"#{x}\"}
  plug AuthWeb.Router
  def call(conn, _), do: plug(conn)
end",
        expect![[r#"
            5 socket "/live", Phoenix.LiveView.Socket, [websocket: [connect_info: [session: [store: :cookie, key: "_auth_key", signing_salt: #Erlang<…>]]]]
            7? socket "/phoenix/live_reload/socket", Phoenix.LiveReloader.Socket
            9 plug Plug.Session, [store: :cookie, key: "_auth_key", signing_salt: #Erlang<…>]
            11 plug Plug.Session, [key: "_other", only: ["a", "b"], to: {AuthWeb.Endpoint, :x, [-1, 1.5, nil]}]
            12 plug :later, %{text: ~c"cd", it: #Erlang<…>}
            13 plug AuthWeb.Router
        "#]],
    );
}

#[test]
fn an_attribute_that_may_be_set_is_not_known() {
    check_calls(
        "defmodule E do
  use Phoenix.Endpoint, otp_app: :e
  @session_options [key: \"a\"]
  if Mix.env() == :dev do
    @session_options [key: \"b\"]
  end
  plug Plug.Session, @session_options
  plug Plug.Session, @nothing
end",
        expect![[r#"
            7 plug Plug.Session, #Erlang<…>
            8 plug Plug.Session, #Erlang<…>
        "#]],
    );
}

#[test]
fn attributes_that_double_have_an_end() {
    let doubling: String = (1..40)
        .map(|n| format!("@a{n} [@a{}, @a{}]\n", n - 1, n - 1))
        .collect();
    let text = format!(
        "defmodule E do\nuse Phoenix.Endpoint, otp_app: :e\n@a0 1\n{doubling}plug :x, @a39\nend"
    );
    let found = uses(&text, "Phoenix.Endpoint");
    let shown = format!("{:?}", found[0].calls[0].arguments);
    assert!(shown.len() < 200_000, "{} bytes", shown.len());
}
