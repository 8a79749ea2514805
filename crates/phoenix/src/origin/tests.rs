use erlterm::Term;

use super::{Allowed, CheckOrigin, Page};
use crate::url::UrlHost;

/// Returns whether a list of this origin lets a page of `scheme://host:port` in.
#[track_caller]
fn check(allowed: &str, page: (&str, &str, u16), expected: bool) {
    let policy = CheckOrigin::of(&Term::List(vec![Term::text(allowed)]));
    assert!(
        matches!(policy, CheckOrigin::These(_)),
        "{allowed}: {policy:?}"
    );
    let (scheme, host, port) = page;
    let page = Page {
        scheme: Some(scheme),
        host,
        port: Some(port),
    };
    let accepted = policy.accepts(page, &UrlHost::Unknown);
    assert_eq!(accepted, expected, "{allowed} for {page:?}");
}

/// `Phoenix.Socket.Transport.origin_allowed?/2` and `compare_host?/2`.
#[test]
fn origins_are_compared_as_phoenix_does() {
    let page = ("http", "auth.localhost", 4000);
    check("//auth.localhost", page, true);
    check("//AUTH.localhost", page, true);
    check("//auth.localhost:4000", page, true);
    check("//auth.localhost:4001", page, false);
    check("http://auth.localhost", page, false);
    check(
        "http://auth.localhost",
        ("http", "auth.localhost", 80),
        true,
    );
    check("http://auth.localhost:4000", page, true);
    check("https://auth.localhost:4000", page, false);
    check("https://auth.test/path", ("https", "auth.test", 443), true);
    check("https://user@auth.test", ("https", "auth.test", 443), true);
    check("//*.localhost", page, true);
    // A wildcard is its own parent too, and reaches down any number of labels.
    check("//*.auth.localhost", page, true);
    check(
        "//*.auth.localhost",
        ("http", "a.b.auth.localhost", 4000),
        true,
    );
    check(
        "//*.auth.localhost",
        ("http", "xauth.localhost", 4000),
        false,
    );
    check("//*auth.localhost", page, false);
    check("//localhost", page, false);
    // An empty host is a host, which no page has.
    check("https://", ("https", "auth.test", 443), false);
}

#[test]
fn what_is_not_known_of_a_page_fits() {
    let page = Page {
        scheme: None,
        host: "auth.test",
        port: None,
    };
    let these = |text: &str| CheckOrigin::of(&Term::List(vec![Term::text(text)]));
    assert!(these("https://auth.test:8443").accepts(page, &UrlHost::Unknown));
    assert!(!these("https://other.test").accepts(page, &UrlHost::Unknown));
}

/// `origin_allowed?(true, …)` compares with the host of `url:`, and `compare?/2` lets nil pass.
#[test]
fn true_means_the_url_host() {
    let page = Page {
        scheme: Some("https"),
        host: "auth.test",
        port: Some(9),
    };
    let is = |host: &str| UrlHost::Is(host.to_owned());
    assert!(CheckOrigin::UrlHost.accepts(page, &is("auth.test")));
    assert!(!CheckOrigin::UrlHost.accepts(page, &is("Auth.test")));
    assert!(CheckOrigin::UrlHost.accepts(page, &UrlHost::Nil));
}

/// `check_origin_config/3` raises for these, `parse_origin/1` for a text without a host.
#[test]
fn what_phoenix_raises_for_is_invalid() {
    let list = |text: &str| Term::List(vec![Term::text(text)]);
    for term in [
        list("auth.test"),
        list("auth.test:4000"),
        list("*.auth.test"),
        list("https:auth.test"),
        list(""),
        Term::List(vec![Term::Integer(1)]),
        Term::text("//auth.test"),
        Term::atom("nil"),
        Term::atom("any"),
        Term::Integer(1),
    ] {
        let policy = CheckOrigin::of(&term);
        assert!(
            matches!(policy, CheckOrigin::Invalid(_)),
            "{term}: {policy:?}"
        );
    }
    let mfa = Term::Tuple(vec![
        Term::atom("Elixir.A"),
        Term::atom("b"),
        Term::List(vec![]),
    ]);
    assert_eq!(CheckOrigin::of(&mfa), CheckOrigin::Unknown);
    assert_eq!(CheckOrigin::of(&Term::atom("false")), CheckOrigin::Any);
    assert_eq!(
        CheckOrigin::of(&Term::List(vec![])),
        CheckOrigin::These(vec![])
    );
}

/// As Elixir 1.14 takes them apart, but for the case of hosts.
#[test]
fn origins_are_taken_apart_as_uri_parse_does() {
    for (written, expected) in [
        ("//auth.test", "|auth.test|"),
        ("//auth.test:", "|auth.test|"),
        ("//auth.test:abc", "|auth.test|"),
        ("//auth.test:40x", "|auth.test|40"),
        ("//auth.test:99999", "|auth.test|99999"),
        ("http://auth.test:", "http|auth.test|80"),
        ("WSS://Auth.test/x:y", "wss|auth.test|443"),
        ("a+b://auth.test", "a+b|auth.test|"),
        ("https://a@b@auth.test:1?q#f", "https|auth.test|1"),
        ("//[::1]:4000", "|::1|4000"),
        ("//[::1", "||"),
        ("https://", "https||443"),
        ("//:4000", "invalid"),
        ("//me@", "invalid"),
        ("///auth.test", "||"),
        ("1x://auth.test", "invalid"),
    ] {
        let found = Allowed::parse(written).map_or("invalid".to_owned(), |found| {
            let Allowed {
                scheme, host, port, ..
            } = found;
            let port = port.map(|port| port.to_string()).unwrap_or_default();
            format!("{}|{host}|{port}", scheme.unwrap_or_default())
        });
        assert_eq!(found, expected, "{written}");
    }
}
