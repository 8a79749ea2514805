use expect_test::expect;
use routes::Subdomains;

use super::{Given, development, production};

fn checked(check_origin: &str) -> Given {
    production(&format!(
        "config :auth_web, AuthWeb.Endpoint, url: [host: \"shop.test\"], \
         check_origin: {check_origin}"
    ))
}

#[test]
fn further_hosts_are_refused_by_default() {
    checked("true").is_silent("check-origin");
    checked("true")
        .route("shop.example")
        .route("www.shop.example")
        .says("check-origin", expect![[r#"
            warning check-origin config/config.exs:2: the sockets of AuthWeb.Endpoint refuse pages of shop.example and www.shop.example with 403, so LiveView and channels stay dead there: check_origin allows the url host alone, shop.test
              config :auth_web, AuthWeb.Endpoint, check_origin: ["//shop.test", "//shop.example", "//*.shop.example", "//www.shop.example", "//*.www.shop.example"]
        "#]]);
    checked("[\"https://shop.test\", \"//*.shop.example\"]")
        .route("shop.example")
        .route("old.test")
        .says("check-origin", expect![[r#"
            warning check-origin config/config.exs:2: the sockets of AuthWeb.Endpoint refuse pages of old.test with 403, so LiveView and channels stay dead there: check_origin doesn't list it
              config :auth_web, AuthWeb.Endpoint, check_origin: ["https://shop.test", "//*.shop.example", "//old.test", "//*.old.test"]
        "#]]);
    for open in [
        "false",
        ":conn",
        "{A, :b, []}",
        "some_variable",
        "[\"//*.example\", \"//shop.test\"]",
    ] {
        checked(open)
            .route("shop.example")
            .is_silent("check-origin");
    }
}

/// What is said of the derived name where settings are read isn't said again; what only scheme and
/// port tell is.
#[test]
fn development_knows_scheme_and_port() {
    let given = |list: &str| {
        development(&format!(
            "config :auth_web, AuthWeb.Endpoint, http: [port: 4001], check_origin: {list}"
        ))
    };
    given("true").is_silent("check-origin");
    given("[\"http://auth.localhost:4000\"]").is_silent("check-origin");
    given("[\"http://auth.localhost:4001\"]").says("check-origin", expect![[r#"
        warning check-origin config/config.exs:2: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin doesn't list it
          config :auth_web, AuthWeb.Endpoint, check_origin: ["http://auth.localhost:4001", "//auth.localhost", "//*.auth.localhost"]
    "#]]);
    given("[\"https://auth.localhost:4000\"]").says("check-origin", expect![[r#"
        warning check-origin config/config.exs:2: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin doesn't list it
          config :auth_web, AuthWeb.Endpoint, check_origin: ["https://auth.localhost:4000", "//auth.localhost", "//*.auth.localhost"]
    "#]]);
    // A port of 80 is written into the origin.
    let mut plain = given("[\"http://auth.localhost\"]");
    plain.port = Some(80);
    plain.is_silent("check-origin");
}

#[test]
fn a_socket_may_have_its_own() {
    let body = |options: &str| format!("socket \"/ws\", AuthWeb.UserSocket, {options}");
    let given = |options: &str| {
        checked("false")
            .route("shop.example")
            .endpoint("auth_web", "AuthWeb", &body(options))
    };
    given("websocket: [check_origin: [\"//shop.test\"]]").says("check-origin", expect![[r#"
        warning check-origin lib/auth_web/endpoint.ex:3: the connections to socket /ws of AuthWeb.Endpoint refuse pages of shop.example with 403, so LiveView and channels stay dead there: check_origin doesn't list it
          socket "/ws", …, websocket: [check_origin: ["//shop.test", "//shop.example", "//*.shop.example"], …]
    "#]]);
    given("longpoll: [check_origin: true]").says("check-origin", expect![[r#"
        warning check-origin lib/auth_web/endpoint.ex:3: the connections to socket /ws of AuthWeb.Endpoint refuse pages of shop.example with 403, so LiveView and channels stay dead there: check_origin allows the url host alone, shop.test
          socket "/ws", …, longpoll: [check_origin: ["//shop.test", "//shop.example", "//*.shop.example"], …]
    "#]]);
    given("websocket: [timeout: 1]").is_silent("check-origin");
    given("websocket: false, longpoll: [check_origin: false]").is_silent("check-origin");
    given("websocket: [check_origin: origins()]").is_silent("check-origin");
    given("options()").is_silent("check-origin");
    let closed = checked("true").route("shop.example");
    let open = "socket \"/ws\", S, websocket: [check_origin: false]";
    closed
        .clone()
        .endpoint("auth_web", "AuthWeb", open)
        .is_silent("check-origin");
    // No socket, nothing to refuse.
    closed
        .endpoint("auth_web", "AuthWeb", "plug AuthWeb.Router")
        .is_silent("check-origin");
}

#[test]
fn tenants_need_a_wildcard() {
    checked("true").says("check-origin-tenants", expect![[r#"
        info check-origin-tenants config/config.exs:2: the sockets of AuthWeb.Endpoint refuse pages of *.shop.test with 403: check_origin allows the url host alone, shop.test
          config :auth_web, AuthWeb.Endpoint, check_origin: ["//shop.test", "//*.shop.test"]; or, where it has no tenants, `subdomains = "none"` under [defaults] in mesh-router.toml
    "#]]);
    let mut any = checked("[\"//shop.test\"]");
    any.subdomains = Subdomains::Any;
    any.says("check-origin-tenants", expect![[r#"
        warning check-origin-tenants config/config.exs:2: the sockets of AuthWeb.Endpoint refuse pages of *.shop.test with 403: check_origin doesn't list it
          config :auth_web, AuthWeb.Endpoint, check_origin: ["//shop.test", "//*.shop.test"]; or, where it has no tenants, `subdomains = "none"` under [defaults] in mesh-router.toml
    "#]]);
    checked("[\"//*.shop.test\"]").is_silent("check-origin-tenants");
    let mut none = checked("true");
    none.subdomains = Subdomains::None;
    none.is_silent("check-origin-tenants");
}

#[test]
fn conn_needs_the_scheme_from_a_header() {
    checked(":conn").says("check-origin-conn", expect![[r#"
        warning check-origin-conn config/config.exs:2: behind whatever ends TLS the sockets of AuthWeb.Endpoint refuse every page with 403: check_origin: :conn compares the page's https with the request's http
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    checked(":conn, force_ssl: [hsts: true]").says("check-origin-conn", expect![[r#"
        warning check-origin-conn config/config.exs:2: behind whatever ends TLS the sockets of AuthWeb.Endpoint refuse every page with 403: check_origin: :conn compares the page's https with the request's http
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    checked(":conn, force_ssl: [rewrite_on: [:x_forwarded_proto]]").is_silent("check-origin-conn");
    // The module's own plugs come after its sockets.
    let body = "socket \"/live\", S\n  plug Plug.RewriteOn, [:x_forwarded_proto]";
    let late = checked(":conn").endpoint("auth_web", "AuthWeb", body);
    late.says("check-origin-conn", expect![[r#"
        warning check-origin-conn config/config.exs:2: behind whatever ends TLS the sockets of AuthWeb.Endpoint refuse every page with 403: check_origin: :conn compares the page's https with the request's http
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    development("config :auth_web, AuthWeb.Endpoint, check_origin: :conn")
        .is_silent("check-origin-conn");
}

#[test]
fn what_phoenix_raises_for_is_said() {
    checked("[\"shop.test\"]").says("check-origin-invalid", expect![[r#"
        error check-origin-invalid config/config.exs:2: the sockets of AuthWeb.Endpoint fail with 500: Phoenix raises for "shop.test" in check_origin, which takes a boolean, :conn, or origins such as "//shop.test"
          config :auth_web, AuthWeb.Endpoint, check_origin: ["//shop.test", "//*.shop.test"]
    "#]]);
    checked("nil").says("check-origin-invalid", expect![[r#"
        error check-origin-invalid config/config.exs:2: the sockets of AuthWeb.Endpoint fail with 500: Phoenix raises for nil in check_origin, which takes a boolean, :conn, or origins such as "//shop.test"
          config :auth_web, AuthWeb.Endpoint, check_origin: ["//shop.test", "//*.shop.test"]
    "#]]);
    for fine in [
        "true",
        "false",
        ":conn",
        "{A, :b, []}",
        "[]",
        "[\"//shop.test\"]",
    ] {
        checked(fine).is_silent("check-origin-invalid");
    }
}
