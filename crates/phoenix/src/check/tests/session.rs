use expect_test::expect;
use routes::Subdomains;

use super::{Given, development, production};

const HOST: &str = "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.shop.test\"]";

fn plugged(given: Given, options: &str) -> Given {
    let body = format!(
        "@session_options [store: :cookie{options}]\n  plug Plug.Session, @session_options"
    );
    given.endpoint("auth_web", "AuthWeb", &body)
}

#[test]
fn a_domain_must_be_above_the_host() {
    let prod = |domain: &str| plugged(production(HOST), &format!(", domain: {domain}"));
    prod("\".other.test\"").says("session-domain", expect![[r#"
        error session-domain lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at auth.shop.test: its domain other.test is not that host nor above it, so nobody stays logged in
          plug Plug.Session, domain: "shop.test", … or without `domain:`
    "#]]);
    prod("\".other.test\"")
        .route("www.other.test")
        .says("session-domain", expect![[r#"
            warning session-domain lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at auth.shop.test: its domain other.test is not that host nor above it, so nobody stays logged in there
              plug Plug.Session, domain: "shop.test", … or without `domain:`
        "#]]);
    for fine in [
        "\".shop.test\"",
        "\"shop.test\"",
        "\"auth.shop.test\"",
        "nil",
        "domain()",
    ] {
        prod(fine).is_silent("session-domain");
    }
    prod("\"hop.test\"").says("session-domain", expect![[r#"
        error session-domain lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at auth.shop.test: its domain hop.test is not that host nor above it, so nobody stays logged in
          plug Plug.Session, domain: "shop.test", … or without `domain:`
    "#]]);
    plugged(production(HOST), "").is_silent("session-domain");
    // What production's domain does to development.
    plugged(development(HOST), ", domain: \".shop.test\"").says("session-domain", expect![[r#"
        warning session-domain lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at auth.localhost: its domain shop.test is not that host nor above it, so nobody stays logged in there
          plug Plug.Session, domain: "auth.localhost", … or without `domain:`
    "#]]);
}

#[test]
fn nobody_sets_cookies_for_a_public_suffix() {
    let dev = |domain: &str| plugged(development(""), &format!(", domain: \"{domain}\""));
    dev("localhost").says("session-domain-public", expect![[r#"
        error session-domain-public lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at auth.localhost: nobody may set a cookie for all of localhost, so nobody stays logged in
          write `domain = "acme.localhost"` under [development] in mesh-router.toml, and plug Plug.Session, domain: "acme.localhost", …
    "#]]);
    plugged(production(HOST), ", domain: \".test\"").says("session-domain-public", expect![[r#"
        error session-domain-public lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at auth.shop.test: nobody may set a cookie for all of test, so nobody stays logged in
          plug Plug.Session, domain: "shop.test", … or without `domain:`
    "#]]);
    let fly = "config :auth_web, AuthWeb.Endpoint, url: [host: \"shop.fly.dev\"]";
    plugged(production(fly), ", domain: \"fly.dev\"").says("session-domain-public", expect![[r#"
        error session-domain-public lib/auth_web/endpoint.ex:4: browsers refuse the session of AuthWeb.Endpoint at shop.fly.dev: nobody may set a cookie for all of fly.dev, so nobody stays logged in
          plug Plug.Session, domain: "shop.fly.dev", … or without `domain:`
    "#]]);
    dev("auth.localhost").is_silent("session-domain-public");
    dev("").is_silent("session-domain-public");
}

#[test]
fn tenants_without_a_domain_log_in_one_by_one() {
    let mut any = plugged(production(HOST), "");
    any.subdomains = Subdomains::Any;
    any.says("session-per-host", expect![[r#"
        info session-per-host lib/auth_web/endpoint.ex:4: the session of AuthWeb.Endpoint has no `domain:`, so who logs in at auth.shop.test isn't logged in at *.auth.shop.test, and the other way round
          leave it where tenants are to be kept apart; else plug Plug.Session, domain: "auth.shop.test", …
    "#]]);
    plugged(production(HOST), "").is_silent("session-per-host");
    let mut wide = plugged(production(HOST), ", domain: \"auth.shop.test\"");
    wide.subdomains = Subdomains::Any;
    wide.is_silent("session-per-host");
}

#[test]
fn cookies_of_one_name_end_each_others_logins() {
    let two = |first: &str, second: &str| {
        let hosts = format!(
            "{HOST}\nconfig :billing_web, BillingWeb.Endpoint, url: [host: \"billing.shop.test\"]"
        );
        let plug = |options: &str| format!("plug Plug.Session, [store: :cookie, {options}]");
        production(&hosts)
            .endpoint("auth_web", "AuthWeb", &plug(first))
            .endpoint("billing_web", "BillingWeb", &plug(second))
    };
    let wide = "key: \"_shop\", domain: \"shop.test\", signing_salt: \"a\"";
    two(wide, "key: \"_shop\", signing_salt: \"b\"").says("session-clash", expect![[r#"
        warning session-clash lib/billing_web/endpoint.ex:3: the cookie _shop of AuthWeb.Endpoint reaches BillingWeb.Endpoint, which has one of that name and can't read it: a login at one ends that at the other
          plug Plug.Session, key: "_billing_web_key", … or one signing_salt and secret_key_base for both
    "#]]);
    two(wide, wide).is_silent("session-clash");
    two(wide, "key: \"_other\", signing_salt: \"b\"").is_silent("session-clash");
    two(wide, "key: \"_shop\", signing_salt: salt()").is_silent("session-clash");
    let own = "key: \"_shop\", signing_salt: \"a\"";
    two(own, "key: \"_shop\", signing_salt: \"b\"").is_silent("session-clash");
}
