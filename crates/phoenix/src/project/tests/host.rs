//! `url: [host: …]` and development names.

use std::collections::BTreeMap;

use erlterm::Term;
use expect_test::expect;

use super::{
    Project, Settings, UNKNOWN, atom, auth, charlist, check, development, endpoint, http, integer,
    keywords, on, open, production, string, tuple, url_host,
};

#[test]
fn an_endpoint_has_its_own_host_and_in_development_a_name() {
    let given = || vec![auth(vec![url_host("Auth.Local"), http(4001), open(), on()])];
    check(
        development(),
        given(),
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.local own config/dev.exs:7
          auth.localhost development lib/AuthWeb/Endpoint.ex:1
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
    check(
        production(),
        given(),
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.local own config/dev.exs:7
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
    let project = Project {
        domain: "acme.localhost",
        ..development()
    };
    check(
        project,
        given(),
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.local own config/dev.exs:7
          auth.acme.localhost development lib/AuthWeb/Endpoint.ex:1
          -> 127.0.0.1:4001 config/dev.exs:7
    "#]],
    );
}

/// The hosts that an endpoint with this `url: [host: …]` claims in production.
fn claimed(project: Project<'_>, host: Term) -> Vec<String> {
    let url = ("url", keywords(vec![("host", host)]));
    let given = vec![auth(vec![url, http(4001), on()])];
    let modules = [given[0].module.clone()];
    let meaning = super::read(&project, &modules, &Settings(given));
    assert_eq!(meaning.findings, []);
    let claims = meaning.endpoints[0].claims.iter();
    claims.map(|claim| claim.host.to_string()).collect()
}

#[test]
fn a_host_that_tells_nothing_is_none() {
    for host in [
        "localhost",
        "example.com",
        "LOCALHOST.",
        "127.0.0.1",
        "[::1]",
        "",
    ] {
        assert!(claimed(production(), string(host)).is_empty(), "{host}");
    }
}

#[test]
fn hosts_come_in_several_forms() {
    let vars = BTreeMap::from([("PHX_HOST".to_owned(), "auth.acme.com".to_owned())]);
    let project = Project {
        vars: &vars,
        ..production()
    };
    for host in [
        string("auth.acme.com"),
        charlist("auth.acme.com"),
        tuple(&[atom("system"), string("PHX_HOST")]),
    ] {
        assert_eq!(claimed(project, host), ["auth.acme.com"]);
    }
}

/// What is said of this host; the endpoint has none then.
fn said(host: Term) -> String {
    let url = ("url", keywords(vec![("host", host)]));
    let given = vec![auth(vec![url, http(4001), on()])];
    let modules = [given[0].module.clone()];
    let meaning = super::read(&production(), &modules, &Settings(given));
    assert_eq!(meaning.endpoints[0].claims, []);
    super::findings(&meaning)
}

#[test]
fn a_host_that_cannot_be_used_is_said() {
    expect![[r#"
        Warning host-invalid config/dev.exs:7: the url host of AuthWeb.Endpoint can't be used: "auth.local:4000": write the host without a port
          fix: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.com"]
    "#]].assert_eq(&said(string("auth.local:4000")));
    expect![[r#"
        Warning host-invalid config/dev.exs:7: the url host of AuthWeb.Endpoint can't be used: "*.auth.local": the host holds '*', only letters, digits, '-', '_' and '.' are allowed
          fix: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.com"]
    "#]].assert_eq(&said(string("*.auth.local")));
    expect![[r#"
        Warning host-invalid config/dev.exs:7: the url host of AuthWeb.Endpoint can't be used: :auth is no string
          fix: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.com"]
    "#]].assert_eq(&said(atom("auth")));
    expect![[r#"
        Warning host-invalid config/dev.exs:7: the url host of AuthWeb.Endpoint can't be used: 7 is no string
          fix: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.com"]
    "#]].assert_eq(&said(integer(7)));
    expect![[r#"
        Warning host-unknown config/dev.exs:7: the url host of AuthWeb.Endpoint is not known: the environment variable PHX_HOST is not set
          fix: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.com"]
    "#]].assert_eq(&said(tuple(&[atom("system"), string("PHX_HOST")])));
    expect![[r#"
        Warning host-unknown config/dev.exs:7: the url host of AuthWeb.Endpoint is not known: FOO is computed
          fix: config :auth_web, AuthWeb.Endpoint, url: [host: "auth.example.com"]
    "#]].assert_eq(&said(atom(UNKNOWN)));
    expect![[r#""#]].assert_eq(&said(atom("nil")));
}

#[test]
fn the_line_to_write_has_a_host_of_the_endpoint_s_own_name() {
    let url = ("url", keywords(vec![("host", string("${HOST}"))]));
    let given = vec![endpoint(
        "billing_portal_web",
        "BillingPortalWeb.Endpoint",
        vec![url, http(4001), on()],
    )];
    let modules = [given[0].module.clone()];
    let meaning = super::read(&production(), &modules, &Settings(given));
    let fix = &meaning.findings[0].fix;
    assert!(fix.contains("\"billing-portal.example.com\""), "{fix}");
}

#[test]
fn a_host_is_claimed_by_all_who_say_so() {
    let shop = vec![url_host("app.acme.com"), http(4002), on()];
    check(
        production(),
        vec![
            auth(vec![url_host("app.acme.com"), http(4001), on()]),
            endpoint("shop_web", "ShopWeb.Endpoint", shop),
        ],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              app.acme.com own config/dev.exs:7
              -> 127.0.0.1:4001 config/dev.exs:7
            ShopWeb.Endpoint (Cowboy)
              app.acme.com own config/dev.exs:7
              -> 127.0.0.1:4002 config/dev.exs:7
        "#]],
    );
}

#[test]
fn a_host_that_is_the_development_name_is_claimed_once() {
    check(
        development(),
        vec![auth(vec![url_host("auth.localhost"), http(4001)])],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.localhost own config/dev.exs:7
              -> 127.0.0.1:4001 config/dev.exs:7
        "#]],
    );
}

fn these(origins: &[&str]) -> (&'static str, Term) {
    let origins = origins.iter().map(|origin| string(origin)).collect();
    ("check_origin", Term::List(origins))
}

/// What is said of sockets that pages of `http://auth.localhost` open.
fn said_of_sockets(settings: Vec<(&str, Term)>) -> String {
    let given = vec![auth(settings)];
    let modules = [given[0].module.clone()];
    super::findings(&super::read(&development(), &modules, &Settings(given)))
}

#[test]
fn sockets_that_refuse_the_development_name_are_said() {
    let check_origin = |term| vec![http(4001), ("check_origin", term)];
    expect![[r#"
        Warning check-origin lib/AuthWeb/Endpoint.ex:1: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin allows the url host alone, localhost
          fix: config :auth_web, AuthWeb.Endpoint, check_origin: ["//localhost", "//auth.localhost", "//*.auth.localhost"]
    "#]].assert_eq(&said_of_sockets(vec![http(4001)]));
    expect![[r#"
        Warning check-origin lib/AuthWeb/Endpoint.ex:1: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin allows the url host alone, auth.local
          fix: config :auth_web, AuthWeb.Endpoint, check_origin: ["//auth.local", "//auth.localhost", "//*.auth.localhost"]
    "#]].assert_eq(&said_of_sockets(vec![url_host("auth.local"), http(4001)]));
    expect![[r#"
        Warning check-origin config/dev.exs:7: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin allows the url host alone, localhost
          fix: config :auth_web, AuthWeb.Endpoint, check_origin: ["//localhost", "//auth.localhost", "//*.auth.localhost"]
    "#]].assert_eq(&said_of_sockets(check_origin(atom("true"))));
    let others = these(&["//auth.local", "https://*.acme.com"]);
    expect![[r#"
        Warning check-origin config/dev.exs:7: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin doesn't list it
          fix: config :auth_web, AuthWeb.Endpoint, check_origin: ["//auth.local", "https://*.acme.com", "//auth.localhost", "//*.auth.localhost"]
    "#]].assert_eq(&said_of_sockets(vec![http(4001), others]));

    let silent = |settings| assert_eq!(said_of_sockets(settings), "");
    silent(check_origin(atom("false")));
    silent(check_origin(atom("conn")));
    silent(check_origin(atom(UNKNOWN)));
    silent(vec![http(4001), these(&["//*.localhost"])]);
    silent(vec![http(4001), these(&["http://auth.localhost:4000"])]);
    silent(vec![http(4001), ("server", atom("false"))]);
}
