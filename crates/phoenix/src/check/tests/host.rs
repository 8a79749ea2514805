use expect_test::expect;

use super::{development, production};

/// Two endpoints with one host.
const ONE_HOST: &str = "config :auth_web, AuthWeb.Endpoint, url: [host: \"shop.test\"]
config :billing_web, BillingWeb.Endpoint, url: [host: \"shop.test\"]";

#[test]
fn a_host_that_two_claim_names_both_lines() {
    let billing = "socket \"/live\", Phoenix.LiveView.Socket";
    production(ONE_HOST)
        .endpoint("billing_web", "BillingWeb", billing)
        .says("host-twice", expect![[r#"
            error host-twice config/config.exs:2: AuthWeb.Endpoint (config/config.exs:2) and BillingWeb.Endpoint (config/config.exs:3) claim shop.test: nobody gets it, requests are answered with 404
              give each endpoint its own `url: [host: …]`, or decide in mesh-router.toml: [routes."shop.test"] with `endpoint = "AuthWeb.Endpoint"`
        "#]]);
    development(ONE_HOST)
        .endpoint("billing_web", "BillingWeb", billing)
        .says("host-twice", expect![[r#"
            warning host-twice config/config.exs:2: AuthWeb.Endpoint (config/config.exs:2) and BillingWeb.Endpoint (config/config.exs:3) claim shop.test: AuthWeb.Endpoint has it, the others get no request
              give each endpoint its own `url: [host: …]`, or decide in mesh-router.toml: [routes."shop.test"] with `endpoint = "AuthWeb.Endpoint"`
        "#]]);
    development("config :auth_web, AuthWeb.Endpoint, url: [host: \"shop.test\"]")
        .endpoint("billing_web", "BillingWeb", billing)
        .is_silent("host-twice");
}

#[test]
fn a_placeholder_in_production_is_where_links_lead() {
    for host in ["localhost", "example.com", "10.0.0.1"] {
        let line = format!("config :auth_web, AuthWeb.Endpoint, url: [host: \"{host}\"]");
        let findings = production(&line).findings();
        assert!(
            findings.iter().any(|it| it.code == "host-placeholder"),
            "{host}"
        );
        development(&line).is_silent("host-placeholder");
    }
    production("config :auth_web, AuthWeb.Endpoint, url: [host: \"example.com\", port: 443]")
        .says("host-placeholder", expect![[r#"
            warning host-placeholder config/config.exs:2: the url host of AuthWeb.Endpoint is example.com: no host leads to it, and links in its mails and redirects lead to example.com
              config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.org"]; or [routes."auth.example.org"] with `endpoint = "AuthWeb.Endpoint"` in mesh-router.toml
        "#]]);
    production("config :auth_web, AuthWeb.Endpoint, url: [host: \"shop.test\"]")
        .is_silent("host-placeholder");
}

#[test]
fn names_with_ways_of_their_own_are_told() {
    development("config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.local\"]")
        .says("host-local", expect![[r#"
            info host-local config/config.exs:2: auth.local ends in .local, for which macOS and avahi ask by multicast DNS: without lines for both 127.0.0.1 and ::1 in /etc/hosts pages open seconds late
              `mesh-router hosts sync` writes both; or config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost"]
        "#]]);
    development("config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.dev\"]")
        .says("host-hsts", expect![[r#"
            warning host-hsts config/config.exs:2: auth.dev ends in .dev, for which browsers insist on https (HSTS preload), and the gateway speaks http
              config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost"]
        "#]]);
    // In production whoever terminates TLS speaks https for us.
    production("config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.dev\"]")
        .is_silent("host-hsts");
    let fine = "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.localhost\"]";
    development(fine).is_silent("host-local");
    development(fine).is_silent("host-hsts");
}
