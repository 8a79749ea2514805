//! `http:`, and what is made of its absence.

use std::collections::BTreeMap;

use erlterm::Term;
use expect_test::{Expect, expect};

use super::{
    Project, Settings, UNKNOWN, atom, auth, charlist, check, endpoint, http, integer, ip, keywords,
    on, production, string, tuple, url_host,
};
use crate::value::shown;

/// Checks where an endpoint with this `http:` is dialled, or why that isn't known.
#[track_caller]
fn dials(http: Term, expected: &str) {
    let shown = shown(&http);
    let given = vec![auth(vec![("http", http), on()])];
    let modules = [given[0].module.clone()];
    let vars = BTreeMap::from([("PORT".to_owned(), "4007".to_owned())]);
    let project = Project {
        vars: &vars,
        ..production()
    };
    let meaning = super::read(&project, &modules, &Settings(given));
    let upstreams = &meaning.endpoints[0].upstreams;
    let dialled = upstreams
        .iter()
        .map(|upstream| upstream.address.to_string());
    let said = meaning.findings.iter().map(|finding| {
        assert_eq!(finding.code, "port-unknown");
        let why = "where AuthWeb.Endpoint listens is not known: ";
        finding.message.strip_prefix(why).unwrap().to_owned()
    });
    let both: Vec<String> = dialled.chain(said).collect();
    assert_eq!(both.join(" "), expected, "{shown}");
}

fn with_ip(ip: Term) -> Term {
    keywords(vec![("ip", ip), ("port", integer(4001))])
}

fn with_port(port: Term) -> Term {
    keywords(vec![("port", port)])
}

fn with_flag(flag: Term, port: i64) -> Term {
    Term::List(vec![flag, tuple(&[atom("port"), integer(port)])])
}

#[test]
fn an_address_is_read_as_the_adapters_do() {
    dials(with_ip(ip(&[127, 0, 0, 1])), "127.0.0.1:4001");
    dials(with_ip(ip(&[192, 168, 1, 5])), "192.168.1.5:4001");
    dials(with_ip(ip(&[0, 0, 0, 0, 0, 0, 0, 1])), "[::1]:4001");
    dials(
        with_ip(ip(&[0, 0, 0, 0, 0, 65535, 32512, 1])),
        "127.0.0.1:4001",
    );
    dials(with_ip(string("10.0.0.1")), "10.0.0.1:4001");
    dials(with_ip(charlist("::1")), "[::1]:4001");
    dials(with_ip(atom("loopback")), "127.0.0.1:4001");

    dials(with_port(string("4002")), "127.0.0.1:4002");
    dials(
        with_port(tuple(&[atom("system"), string("PORT")])),
        "127.0.0.1:4007",
    );
    dials(keywords(vec![]), "127.0.0.1:4000");
    let twice = vec![("port", integer(4001)), ("port", integer(4002))];
    dials(keywords(twice), "127.0.0.1:4001");
}

#[test]
fn bound_to_all_interfaces_is_reached_by_loopback() {
    dials(with_port(integer(4001)), "127.0.0.1:4001");
    dials(with_ip(ip(&[0, 0, 0, 0])), "127.0.0.1:4001");
    dials(with_ip(ip(&[0, 0, 0, 0, 0, 0, 0, 0])), "127.0.0.1:4001");
    dials(with_ip(atom("any")), "127.0.0.1:4001");
    dials(with_ip(atom("nil")), "127.0.0.1:4001");
    dials(with_flag(atom("inet6"), 4001), "127.0.0.1:4001");
    let inet6 = |option: &str, value: Term| {
        keywords(vec![
            ("net", atom("inet6")),
            ("port", integer(4001)),
            (option, value),
        ])
    };
    dials(inet6("ipv6_v6only", atom("false")), "127.0.0.1:4001");
    dials(inet6("ipv6_v6only", atom("true")), "[::1]:4001");
    dials(inet6("ip", atom("loopback")), "[::1]:4001");
}

#[test]
fn a_local_address_is_a_unix_socket() {
    let local = |path: Term| with_ip(tuple(&[atom("local"), path]));
    dials(local(string("/run/auth.sock")), "unix:/run/auth.sock");
    dials(
        local(charlist("run/auth.sock")),
        "unix:/project/run/auth.sock",
    );
    dials(local(string("")), r#"{:local, ""} is no socket's path"#);
    dials(
        local(string("\0auth")),
        r#"{:local, "\0auth"} is no socket's path"#,
    );
    dials(local(integer(1)), "{:local, 1} is no socket's path");
}

#[test]
fn what_is_no_address_is_never_guessed() {
    let port = |port: Term, why: &str| dials(with_port(port), why);
    port(integer(0), "port 0 is chosen when the endpoint starts");
    port(integer(70_000), "port: 70000 is no port");
    port(integer(-1), "port: -1 is no port");
    port(atom("nil"), "port: nil is no port");
    port(string("http"), r#"port: "http" is no port"#);
    let variable = tuple(&[atom("system"), string("NOPE")]);
    port(variable, "the environment variable NOPE is not set");
    port(atom(UNKNOWN), "FOO is computed");

    let address = |ip: Term, why: &str| dials(with_ip(ip), why);
    address(ip(&[127, 0, 0]), "ip: {127, 0, 0} is no address");
    address(ip(&[127, 0, 0, 256]), "ip: {127, 0, 0, 256} is no address");
    address(string("auth"), r#"ip: "auth" is no address"#);
    address(atom(UNKNOWN), "FOO is computed");

    dials(atom(UNKNOWN), "FOO is computed");
    dials(atom("true"), "http: true is no list of options");
    let options = vec![atom("inet6"), tuple(&[atom("port"), atom(UNKNOWN)])];
    dials(Term::List(options), "FOO is computed");
    dials(
        keywords(vec![("transport_options", atom(UNKNOWN))]),
        "FOO is computed",
    );
}

#[test]
fn an_unknown_option_that_does_not_matter_does_no_harm() {
    let options = vec![
        ("port", integer(4001)),
        ("transport_options", atom(UNKNOWN)),
    ];
    dials(keywords(options), "127.0.0.1:4001");
}

#[test]
fn a_long_term_is_cut_in_messages() {
    let long = Term::List(vec![string("é"); 1000]);
    let shown = "[\"é\", \"é\", \"é\", \"é\", \"é\", \"é\", \"é\", \"é\", \"é\", \"é\",…";
    dials(with_port(long), &format!("port: {shown} is no port"));
}

/// Checks an endpoint in production that serves, with these settings.
#[track_caller]
fn check_serving(mut settings: Vec<(&str, Term)>, expected: Expect) {
    settings.push(on());
    check(production(), vec![auth(settings)], expected);
}

/// `url: [host: "auth.local", port: …, scheme: …]`.
fn url(port: Term, scheme: Term) -> Vec<(&'static str, Term)> {
    let host = ("host", string("auth.local"));
    let url = vec![host, ("port", port), ("scheme", scheme)];
    vec![("url", keywords(url))]
}

#[test]
fn without_http_the_port_of_url_is_taken() {
    check_serving(
        url(integer(4001), atom("nil")),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
              -> 127.0.0.1:4001 config/dev.exs:7
            Warning port-from-url config/dev.exs:7: AuthWeb.Endpoint has no `http:`, without which Phoenix opens no port; what may listen at port 4001 of its `url:` is dialled
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    check_serving(
        url(string("4001"), string("http")),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
              -> 127.0.0.1:4001 config/dev.exs:7
            Warning port-from-url config/dev.exs:7: AuthWeb.Endpoint has no `http:`, without which Phoenix opens no port; what may listen at port 4001 of its `url:` is dialled
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
}

#[test]
fn without_http_the_public_port_is_not_taken() {
    check_serving(
        url(integer(443), atom("nil")),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
            Warning url-port-public config/dev.exs:7: AuthWeb.Endpoint has no `http:`, and port 443 of its `url:` is the public one, not where it listens
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    check_serving(
        url(integer(80), atom("nil")),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
            Warning url-port-public config/dev.exs:7: AuthWeb.Endpoint has no `http:`, and port 80 of its `url:` is the public one, not where it listens
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    check_serving(
        url(integer(8443), string("https")),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
            Warning url-port-public config/dev.exs:7: AuthWeb.Endpoint has no `http:`, and port 8443 of its `url:` is the public one, not where it listens
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    check_serving(
        url(integer(8443), atom(UNKNOWN)),
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
            Warning url-port-public config/dev.exs:7: AuthWeb.Endpoint has no `http:`, and port 8443 of its `url:` is the public one, not where it listens
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    check_serving(
        url(atom(UNKNOWN), atom("nil")),
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.local own config/dev.exs:7
        Error port-unknown config/dev.exs:7: where AuthWeb.Endpoint listens is not known: FOO is computed
          fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
    "#]],
    );
}

#[test]
fn an_endpoint_without_a_listener_is_found_not_listening() {
    check_serving(
        vec![url_host("auth.local")],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
            Warning no-http lib/AuthWeb/Endpoint.ex:1: AuthWeb.Endpoint has no `http:` in prod
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    check_serving(
        vec![("http", atom("false"))],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
            Warning no-http config/dev.exs:7: AuthWeb.Endpoint has no `http:` in prod
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
    let https = ("https", keywords(vec![("port", integer(4443))]));
    check_serving(
        vec![https, url_host("auth.local")],
        expect![[r#"
            AuthWeb.Endpoint (Cowboy)
              auth.local own config/dev.exs:7
            Warning https-only config/dev.exs:7: AuthWeb.Endpoint has only `https:`, and the gateway speaks HTTP to endpoints
              fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        "#]],
    );
}

#[test]
fn an_init_that_may_add_a_listener_leaves_the_address_unknown() {
    let mut given = auth(vec![on()]);
    given.module.init = Some(12);
    check(
        production(),
        vec![given],
        expect![[r#"
        AuthWeb.Endpoint (Cowboy)
        Error port-unknown lib/AuthWeb/Endpoint.ex:12: where AuthWeb.Endpoint listens is not known: there is no `http:`, and its init/2 may add one
          fix: config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
        Info init-override lib/AuthWeb/Endpoint.ex:12: AuthWeb.Endpoint may change its configuration in init/2, which is not read
          fix: move what init/2 sets to config/runtime.exs
    "#]],
    );
}

#[test]
fn the_line_to_write_names_a_free_port() {
    let app = |name: &str, settings| endpoint(name, &format!("{name}.Endpoint"), settings);
    check(
        production(),
        vec![
            app("a", vec![http(4001), on()]),
            app("b", vec![("http", with_port(atom(UNKNOWN))), on()]),
            app("c", vec![on()]),
        ],
        expect![[r#"
            a.Endpoint (Cowboy)
              -> 127.0.0.1:4001 config/dev.exs:7
            b.Endpoint (Cowboy)
            c.Endpoint (Cowboy)
            Error port-unknown config/dev.exs:7: where b.Endpoint listens is not known: FOO is computed
              fix: config :b, b.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4003]
            Warning no-http lib/c/Endpoint.ex:1: c.Endpoint has no `http:` in prod
              fix: config :c, c.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4004]
        "#]],
    );
    // The gateway, which likes 4000, will have 4001.
    check(
        production(),
        vec![app("a", vec![http(4000), on()]), app("c", vec![on()])],
        expect![[r#"
            a.Endpoint (Cowboy)
              -> 127.0.0.1:4000 config/dev.exs:7
            c.Endpoint (Cowboy)
            Warning no-http lib/c/Endpoint.ex:1: c.Endpoint has no `http:` in prod
              fix: config :c, c.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4003]
        "#]],
    );
}
