use expect_test::expect;

use super::{Given, development, production};

fn dev(rest: &str) -> Given {
    development(&format!(
        "config :auth_web, AuthWeb.Endpoint, http: [port: 4001]{rest}"
    ))
}

/// `Phoenix.Endpoint.Supervisor.build_url/2`.
#[test]
fn links_must_lead_through_the_gateway() {
    dev("").says("url-bypasses-gateway", expect![[r#"
        warning url-bypasses-gateway lib/auth_web/endpoint.ex:2: full URLs of AuthWeb.Endpoint begin with http://localhost:4001, and not with http://auth.localhost:4000: links in mails and OAuth callbacks lead past the gateway, to a host where browsers aren't logged in
          config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000]
    "#]]);
    dev(", url: [host: \"localhost\", port: 4001]").says("url-bypasses-gateway", expect![[r#"
        warning url-bypasses-gateway config/config.exs:2: full URLs of AuthWeb.Endpoint begin with http://localhost:4001, and not with http://auth.localhost:4000: links in mails and OAuth callbacks lead past the gateway, to a host where browsers aren't logged in
          in config/dev.exs: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000]
    "#]]);
    dev(", url: [host: \"auth.localhost\"]").says("url-bypasses-gateway", expect![[r#"
        warning url-bypasses-gateway config/config.exs:2: full URLs of AuthWeb.Endpoint begin with http://auth.localhost:4001, and not with http://auth.localhost:4000: links in mails and OAuth callbacks lead past the gateway, to a host where browsers aren't logged in
          in config/dev.exs: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000]
    "#]]);
    dev(", url: [host: \"auth.localhost\", port: 4000, scheme: \"https\"]")
        .says("url-bypasses-gateway", expect![[r#"
            warning url-bypasses-gateway config/config.exs:2: full URLs of AuthWeb.Endpoint begin with https://auth.localhost:4000, and not with http://auth.localhost:4000: links in mails and OAuth callbacks lead past the gateway, to a host where browsers aren't logged in
              in config/dev.exs: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000, scheme: "http"]
        "#]]);
    dev(", url: [host: \"auth.localhost\", port: 4000]").is_silent("url-bypasses-gateway");
    dev(", url: [host: \"auth.localhost\", port: \"4000\"]").is_silent("url-bypasses-gateway");
    // A subdomain leads there too.
    dev(", url: [host: \"www.auth.localhost\", port: 4000]").is_silent("url-bypasses-gateway");
    dev(", url: [host: computed()]").is_silent("url-bypasses-gateway");
    dev(", server: false").is_silent("url-bypasses-gateway");
    let mut elsewhere = dev("");
    elsewhere.port = None;
    elsewhere.is_silent("url-bypasses-gateway");
}

#[test]
fn so_must_those_of_static_files() {
    let static_url = |rest: &str| dev(&format!(", static_url: {rest}"));
    static_url("[path: \"/static\"]").says("static-url-bypasses-gateway", expect![[r#"
        warning static-url-bypasses-gateway config/config.exs:2: URLs of static files of AuthWeb.Endpoint begin with http://localhost:4001: browsers fetch them past the gateway, from another origin than the page's
          in config/dev.exs: config :auth_web, AuthWeb.Endpoint, static_url: [host: "auth.localhost", port: 4000]
    "#]]);
    static_url("[host: \"auth.localhost\", port: 4001]")
        .says("static-url-bypasses-gateway", expect![[r#"
            warning static-url-bypasses-gateway config/config.exs:2: URLs of static files of AuthWeb.Endpoint begin with http://auth.localhost:4001: browsers fetch them past the gateway, from another origin than the page's
              in config/dev.exs: config :auth_web, AuthWeb.Endpoint, static_url: [host: "auth.localhost", port: 4000]
        "#]]);
    static_url("[host: \"auth.localhost\", port: 4000]").is_silent("static-url-bypasses-gateway");
    static_url("[host: \"cdn.test\", port: 443]").is_silent("static-url-bypasses-gateway");
    static_url("nil").is_silent("static-url-bypasses-gateway");
    dev("").is_silent("static-url-bypasses-gateway");
}

#[test]
fn in_production_a_url_needs_its_port() {
    let prod = |url: &str| {
        production(&format!(
            "config :auth_web, AuthWeb.Endpoint, http: [port: 4001], url: {url}"
        ))
    };
    prod("[host: \"shop.test\"]").says("url-without-port", expect![[r#"
        warning url-without-port config/config.exs:2: `url:` of AuthWeb.Endpoint names no port, so URLs that it generates have that of its listener: http://shop.test:4001
          config :auth_web, AuthWeb.Endpoint, url: [host: "shop.test", port: 443, scheme: "https"]
    "#]]);
    prod("[host: \"shop.test\", port: 443, scheme: \"https\"]").is_silent("url-without-port");
    prod("[host: \"shop.test\", port: port()]").is_silent("url-without-port");
    // That nobody chose a host is told by itself.
    prod("[host: \"example.com\"]").is_silent("url-without-port");
    production("config :auth_web, AuthWeb.Endpoint, http: [], url: [host: \"shop.test\"]")
        .is_silent("url-without-port");
}
