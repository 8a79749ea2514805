//! Server flag, adapter, init/2, and several endpoints.

use erlterm::Term;
use expect_test::expect;
use routes::Adapter;

use super::{
    Settings, UNKNOWN, atom, auth, check, development, endpoint, http, open, production, string,
    url_host,
};

#[test]
fn server_false_is_found_not_listening() {
    let off = ("server", atom("false"));
    check(
        development(),
        vec![auth(vec![url_host("auth.local"), http(4001), off])],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
              auth.localhost development lib/AuthWeb/Endpoint.ex:1
              not listening: `server: false` in config/dev.exs:7
        "#]],
    );
}

#[test]
fn a_server_flag_that_nobody_sets_is_said_in_production_only() {
    let given = || vec![auth(vec![http(4001), open()])];
    check(
        development(),
        given(),
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.localhost development lib/AuthWeb/Endpoint.ex:1
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
    check(
        production(),
        given(),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              -> 127.0.0.1:4001 config/dev.exs:7
        "#]],
    );
    let given = vec![auth(vec![http(4001), ("server", atom(UNKNOWN))])];
    check(
        production(),
        given,
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          -> 127.0.0.1:4001 config/dev.exs:7
        Info server-unknown config/dev.exs:7: whether AuthWeb.Endpoint listens is not known: FOO is computed; it is dialled anyway
          fix: config :auth_web, AuthWeb.Endpoint, server: true
    "#]],
    );
}

#[test]
fn serve_endpoints_is_the_flag_of_all() {
    let mut given = auth(vec![http(4001)]);
    given.serve_endpoints = true;
    check(
        production(),
        vec![given],
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
}

#[test]
fn the_adapter_is_named_or_cowboy() {
    let adapter = |settings: Vec<(&str, Term)>| {
        let given = vec![auth(settings)];
        let modules = [given[0].module.clone()];
        super::read(&development(), &modules, &Settings(given)).endpoints[0].adapter
    };
    let named = |name: &str| adapter(vec![("adapter", atom(name))]);
    assert_eq!(adapter(vec![]), Adapter::Cowboy);
    assert_eq!(named("nil"), Adapter::Cowboy);
    assert_eq!(named("Elixir.Bandit.PhoenixAdapter"), Adapter::Bandit);
    assert_eq!(
        named("Elixir.Phoenix.Endpoint.Cowboy2Adapter"),
        Adapter::Cowboy
    );
    assert_eq!(named("Elixir.Acme.Adapter"), Adapter::Unknown);
    assert_eq!(named(UNKNOWN), Adapter::Unknown);
    assert_eq!(
        adapter(vec![("adapter", string("Bandit"))]),
        Adapter::Unknown
    );
}

#[test]
fn an_init_is_said() {
    let mut given = auth(vec![http(4001), open()]);
    given.module.init = Some(12);
    check(
        development(),
        vec![given],
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.localhost development lib/AuthWeb/Endpoint.ex:1
          -> 127.0.0.1:4001 config/dev.exs:7
        Info init-override lib/AuthWeb/Endpoint.ex:12: AuthWeb.Endpoint may change its configuration in init/2, which is not read
          fix: move what init/2 sets to config/runtime.exs
    "#]],
    );
}

#[test]
fn an_umbrella_where_all_say_localhost_gets_names() {
    let app = |app: &str, module: &str, port| {
        endpoint(app, module, vec![url_host("localhost"), http(port), open()])
    };
    check(
        development(),
        vec![
            app("auth_web", "AuthWeb.Endpoint", 4001),
            app("auth_web", "AuthWeb.AdminEndpoint", 4002),
            app("big_shop", "BigShopWeb.Endpoint", 4003),
        ],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.localhost development lib/AuthWeb/Endpoint.ex:1
              -> 127.0.0.1:4001 config/dev.exs:7
            AuthWeb.AdminEndpoint (Cowboy)
              auth-admin.localhost development lib/AuthWeb/AdminEndpoint.ex:1
              -> 127.0.0.1:4002 config/dev.exs:7
            BigShopWeb.Endpoint (Cowboy)
              big-shop.localhost development lib/BigShopWeb/Endpoint.ex:1
              -> 127.0.0.1:4003 config/dev.exs:7
        "#]],
    );
}

#[test]
fn ports_are_declared_also_by_those_who_do_not_listen() {
    let given = vec![
        auth(vec![http(4001), ("server", atom("false"))]),
        endpoint("b", "B.Endpoint", vec![("http", Term::List(vec![]))]),
        endpoint("c", "C.Endpoint", vec![]),
    ];
    let modules: Vec<_> = given.iter().map(|given| given.module.clone()).collect();
    let meaning = super::read(&development(), &modules, &Settings(given));
    let declared = meaning.declared_ports.iter().map(|(port, _)| *port);
    assert_eq!(declared.collect::<Vec<_>>(), [4001, 4000]);
}

#[test]
fn an_application_whose_name_makes_no_host_is_said() {
    let long = "a".repeat(64);
    for app in ["_", long.as_str()] {
        let given = vec![endpoint(app, "AuthWeb.Endpoint", vec![http(4001), open()])];
        let modules = [given[0].module.clone()];
        let meaning = super::read(&development(), &modules, &Settings(given));
        let codes: Vec<&str> = meaning.findings.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["no-development-name"], "{app}");
    }
    let given = vec![auth(vec![http(4001), open()])];
    check(
        development(),
        given,
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.localhost development lib/AuthWeb/Endpoint.ex:1
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
}

/// `Keyword.get_lazy(conf, :server, …)` of `Phoenix.Endpoint.Supervisor.server?/1` asks no further
/// where `nil` stands.
#[test]
fn a_server_that_is_nil_is_off() {
    let mut given = auth(vec![http(4001), ("server", atom("nil")), open()]);
    given.serve_endpoints = true;
    check(
        development(),
        vec![given],
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.localhost development lib/AuthWeb/Endpoint.ex:1
          not listening: `server: false` in config/dev.exs:7
    "#]],
    );
    let given = auth(vec![http(4001), ("server", string("true")), open()]);
    check(
        development(),
        vec![given],
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.localhost development lib/AuthWeb/Endpoint.ex:1
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
}
