use expect_test::expect;

use super::{BODY, Given, development, production};

/// Two endpoints with these lines.
fn two(make: fn(&str) -> Given, auth: &str, billing: &str) -> Given {
    make(&format!(
        "config :auth_web, AuthWeb.Endpoint, {auth}\nconfig :billing_web, BillingWeb.Endpoint, {billing}"
    ))
    .endpoint("billing_web", "BillingWeb", BODY)
}

fn port(default: &str) -> String {
    format!("http: [port: String.to_integer(System.get_env(\"PORT\") || \"{default}\")]")
}

#[test]
fn one_port_variable_is_no_port_for_two() {
    let both = (port("4001"), port("4002"));
    two(production, &both.0, &both.1).says("port-variable-shared", expect![[r#"
        warning port-variable-shared config/config.exs:3: AuthWeb.Endpoint and BillingWeb.Endpoint take their port from PORT: where they run together and it is set, all get the same, and all but one fail to start (eaddrinuse)
          give each its own, such as config :billing_web, BillingWeb.Endpoint, http: [port: String.to_integer(System.get_env("BILLING_PORT", "4002"))]
    "#]]);
    two(development, &both.0, &both.1).says("port-variable-shared", expect![[r#"
        info port-variable-shared config/config.exs:3: AuthWeb.Endpoint and BillingWeb.Endpoint take their port from PORT: where they run together and it is set, all get the same, and all but one fail to start (eaddrinuse)
          give each its own, such as config :billing_web, BillingWeb.Endpoint, http: [port: String.to_integer(System.get_env("BILLING_PORT", "4002"))]
    "#]]);
    two(production, &both.0, "http: [port: 4002]").is_silent("port-variable-shared");
    let off = format!("{}, server: false", both.1);
    two(production, &both.0, &off).is_silent("port-variable-shared");
    let system = "http: [port: {:system, \"PORT\"}]";
    two(production, system, &both.1).says("port-variable-shared", expect![[r#"
        warning port-variable-shared config/config.exs:3: AuthWeb.Endpoint and BillingWeb.Endpoint take their port from PORT: where they run together and it is set, all get the same, and all but one fail to start (eaddrinuse)
          give each its own, such as config :billing_web, BillingWeb.Endpoint, http: [port: String.to_integer(System.get_env("BILLING_PORT", "4002"))]
    "#]]);
}

#[test]
fn one_host_variable_is_no_host_for_two() {
    let host =
        |default: &str| format!("url: [host: System.get_env(\"PHX_HOST\") || \"{default}\"]");
    two(production, &host("a.test"), &host("b.test")).says("host-variable-shared", expect![[r#"
        warning host-variable-shared config/config.exs:3: AuthWeb.Endpoint and BillingWeb.Endpoint take their url host from PHX_HOST: where it is set all claim the same
          give each its own, such as config :billing_web, BillingWeb.Endpoint, url: [host: System.get_env("BILLING_PHX_HOST", "billing.example.org")]
    "#]]);
    let part = "url: [host: \"billing.#{System.get_env(\"PHX_HOST\")}\"]";
    two(production, &host("a.test"), part).is_silent("host-variable-shared");
    // What names the host is worth telling where it is missing.
    two(production, &host("example.com"), "url: [host: \"b.test\"]")
        .says("host-placeholder", expect![[r#"
            warning host-placeholder config/config.exs:2: the url host of AuthWeb.Endpoint is example.com: no host leads to it, and links in its mails and redirects lead to example.com
              set PHX_HOST where it runs, for the gateway too; or config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.org"]; or [routes."auth.example.org"] with `endpoint = "AuthWeb.Endpoint"` in mesh-router.toml
        "#]]);
}
