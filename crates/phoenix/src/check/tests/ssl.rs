use expect_test::expect;

use super::{Given, development, production};

const HOST: &str = "config :auth_web, AuthWeb.Endpoint, url: [host: \"shop.test\"]";

fn forced(options: &str) -> Given {
    production(&format!("{HOST}, force_ssl: {options}"))
}

fn plugged(body: &str) -> Given {
    production(HOST).endpoint("auth_web", "AuthWeb", body)
}

/// `Plug.SSL.call/2`.
#[test]
fn without_the_header_redirects_loop() {
    forced("[hsts: true]").says("force-ssl-loop", expect![[r#"
        error force-ssl-loop config/config.exs:2: AuthWeb.Endpoint redirects https://shop.test to itself for ever: behind whatever ends TLS each request comes as http, and x-forwarded-proto isn't read
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    forced("[rewrite_on: [:x_forwarded_host]]").says("force-ssl-loop", expect![[r#"
        error force-ssl-loop config/config.exs:2: AuthWeb.Endpoint redirects https://shop.test to itself for ever: behind whatever ends TLS each request comes as http, and x-forwarded-proto isn't read
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    for fine in [
        "[rewrite_on: [:x_forwarded_port, :x_forwarded_proto]]",
        "[rewrite_on: :x_forwarded_proto]",
        "[rewrite_on: [scheme: \"x-forwarded-proto\"]]",
        "[rewrite_on: {A, :b, []}]",
        "[exclude: [hosts: [\"shop.test\"]]]",
        "[exclude: [\"shop.test\"]]",
        "[exclude: [conn: {A, :b, []}]]",
        "false",
        "nil",
    ] {
        forced(fine).is_silent("force-ssl-loop");
    }
    production(HOST).is_silent("force-ssl-loop");
}

#[test]
fn the_modules_own_plug_counts_too() {
    plugged("plug Plug.SSL, hsts: true").says("force-ssl-loop", expect![[r#"
        error force-ssl-loop lib/auth_web/endpoint.ex:3: AuthWeb.Endpoint redirects https://shop.test to itself for ever: behind whatever ends TLS each request comes as http, and x-forwarded-proto isn't read
          plug Plug.SSL, rewrite_on: [:x_forwarded_proto]
    "#]]);
    plugged("plug Plug.SSL, rewrite_on: [:x_forwarded_proto]").is_silent("force-ssl-loop");
    plugged("plug Plug.RewriteOn, [:x_forwarded_proto]\n  plug Plug.SSL")
        .is_silent("force-ssl-loop");
    plugged("plug Plug.SSL\n  plug Plug.RewriteOn, [:x_forwarded_proto]")
        .says("force-ssl-loop", expect![[r#"
            error force-ssl-loop lib/auth_web/endpoint.ex:3: AuthWeb.Endpoint redirects https://shop.test to itself for ever: behind whatever ends TLS each request comes as http, and x-forwarded-proto isn't read
              plug Plug.SSL, rewrite_on: [:x_forwarded_proto]
        "#]]);
    plugged("if x?() do\n  plug Plug.SSL\nend").is_silent("force-ssl-loop");
    // `force_ssl` comes before whatever the body plugs.
    forced("[hsts: true]")
        .endpoint(
            "auth_web",
            "AuthWeb",
            "plug Plug.RewriteOn, [:x_forwarded_proto]",
        )
        .says("force-ssl-loop", expect![[r#"
            error force-ssl-loop config/config.exs:2: AuthWeb.Endpoint redirects https://shop.test to itself for ever: behind whatever ends TLS each request comes as http, and x-forwarded-proto isn't read
              config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
        "#]]);
}

/// `Phoenix.Endpoint.__force_ssl__/2`: `Keyword.put_new(force_ssl, :host, {module, :host, []})`.
#[test]
fn force_ssl_leads_to_the_url_host() {
    let header = "rewrite_on: [:x_forwarded_proto]";
    forced(&format!("[{header}]")).says("force-ssl-host", expect![[r#"
        info force-ssl-host config/config.exs:2: who asks AuthWeb.Endpoint for http://*.shop.test is redirected to https://shop.test, the url host, since `host:` isn't given: tenants and further hosts end up there
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    forced(&format!("[{header}]"))
        .route("shop.example")
        .says("force-ssl-host", expect![[r#"
            warning force-ssl-host config/config.exs:2: who asks AuthWeb.Endpoint for http://shop.example is redirected to https://shop.test, the url host, since `host:` isn't given: tenants and further hosts end up there
              config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
        "#]]);
    forced(&format!("[{header}, host: \"www.shop.test\"]")).says("force-ssl-host", expect![[r#"
        warning force-ssl-host config/config.exs:2: who asks AuthWeb.Endpoint for http://shop.test is redirected to https://www.shop.test: tenants and further hosts end up there
          config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
    "#]]);
    forced(&format!("[{header}, host: nil]")).is_silent("force-ssl-host");
    forced(&format!("[{header}, host: {{A, :b, []}}]")).is_silent("force-ssl-host");
    // By itself the plug leads to the host asked for.
    plugged("plug Plug.SSL, rewrite_on: [:x_forwarded_proto]").is_silent("force-ssl-host");
}

#[test]
fn in_development_nobody_speaks_https() {
    let given = |rest: &str| development(&format!("config :auth_web, AuthWeb.Endpoint{rest}"));
    given(", force_ssl: [rewrite_on: [:x_forwarded_proto]]")
        .says("force-ssl-development", expect![[r#"
            error force-ssl-development config/config.exs:2: AuthWeb.Endpoint redirects http://auth.localhost to https, where nobody listens in development
              move `force_ssl` to config/prod.exs, or config :auth_web, AuthWeb.Endpoint, force_ssl: [exclude: [hosts: ["localhost", "127.0.0.1", "auth.localhost"]]]
        "#]]);
    given(", force_ssl: [exclude: [hosts: [\"auth.localhost\"]]]")
        .is_silent("force-ssl-development");
    given(", url: []").is_silent("force-ssl-development");
}

#[test]
fn what_is_compiled_is_not_set_at_run_time() {
    let line = "config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto]]";
    production(HOST)
        .file("config/runtime.exs", &format!("import Config\n{line}"))
        .says("force-ssl-runtime", expect![[r#"
            warning force-ssl-runtime config/runtime.exs:2: force_ssl of AuthWeb.Endpoint is compiled in: set at run time to anything else, it keeps the application from starting
              in config/prod.exs: config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]
        "#]]);
    production(&format!("{HOST}\n{line}")).is_silent("force-ssl-runtime");
}
