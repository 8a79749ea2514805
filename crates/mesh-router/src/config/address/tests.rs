use std::path::Path;

use super::{address, domain, host, networks, request_path, upstream};

fn message(text: &str) -> String {
    address(text, Path::new("/etc")).unwrap_err()
}

#[test]
fn addresses_are_ip_and_port_or_a_path() {
    let good = [
        ("127.0.0.1:4000", "127.0.0.1:4000"),
        ("[::1]:0", "[::1]:0"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("unix:a.sock", "unix:/etc/a.sock"),
    ];
    for (text, shown) in good {
        assert_eq!(
            address(text, Path::new("/etc")).map(|it| it.to_string()),
            Ok(shown.to_owned())
        );
    }
}

#[test]
fn a_bad_address_is_answered_with_the_likely_one() {
    let cases = [
        (
            "4000",
            "\"4000\" is not an address, write \"127.0.0.1:4000\"",
        ),
        (
            ":4000",
            "\":4000\" is not an address, write \"127.0.0.1:4000\"",
        ),
        (
            "localhost:4000",
            "\"localhost:4000\" is not an address, write \"127.0.0.1:4000\"",
        ),
        (
            "127.0.0.1",
            "\"127.0.0.1\" has no port, write it like \"127.0.0.1:4000\"",
        ),
        ("::1", "\"::1\" has no port, write it like \"[::1]:4000\""),
        (
            "auth:4001",
            "\"auth:4001\" is not an address: a name is not looked up, write its IP",
        ),
        (
            "/run/a.sock",
            "\"/run/a.sock\" is not an address, write \"unix:/run/a.sock\"",
        ),
        (
            "unix:",
            "\"unix:\" has no path, write it like \"unix:/run/mesh-router.sock\"",
        ),
        (
            "x",
            "\"x\" is not an address, such as \"127.0.0.1:4000\" or \"unix:/path\"",
        ),
        (
            "127.0.0.1:70000",
            "\"127.0.0.1:70000\" is not an address, such as \"127.0.0.1:4000\" or \"unix:/path\"",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(message(text), expected, "{text}");
    }
    let long = format!("unix:/{}", "a".repeat(200));
    assert_eq!(
        message(&long),
        "a Unix socket's path has at most 103 bytes, this one has 201"
    );
}

#[test]
fn an_upstream_can_be_dialled() {
    let at = Path::new("/");
    assert!(upstream("127.0.0.1:4001", at).is_ok());
    assert!(upstream("127.0.0.1:0", at).unwrap_err().contains("port 0"));
    assert!(
        upstream("[::]:4001", at)
            .unwrap_err()
            .contains("every address")
    );
}

#[test]
fn networks_are_words_cidrs_or_addresses() {
    let shown = |text: &str| {
        networks(text).map(|nets| nets.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(shown("loopback").unwrap(), ["127.0.0.0/8", "::1/128"]);
    assert_eq!(shown("private").unwrap().len(), 4);
    assert_eq!(shown("none").unwrap(), [""; 0]);
    assert_eq!(shown("10.1.0.0/16").unwrap(), ["10.1.0.0/16"]);
    assert_eq!(shown("2001:db8::1").unwrap(), ["2001:db8::1/128"]);
    assert!(
        shown("privat")
            .unwrap_err()
            .ends_with("did you mean \"private\"?")
    );
    assert!(shown("10.0.0.0/33").unwrap_err().contains("not a network"));
}

#[test]
fn a_host_stands_alone() {
    assert_eq!(host("Auth.Local.").unwrap().as_str(), "auth.local");
    let cases = [
        (
            "*.auth.local",
            "write [routes.\"auth.local\"] with subdomains",
        ),
        (
            "http://auth.local/x",
            "write the host alone: \"auth.local\"",
        ),
        ("auth.local:4000", "write the host alone: \"auth.local\""),
        ("a..b", "not a host: the host has an empty label"),
    ];
    for (text, part) in cases {
        assert!(host(text).unwrap_err().contains(part), "{text}");
    }
}

#[test]
fn a_domain_has_names_below_it() {
    assert_eq!(domain("acme.localhost").as_deref(), Ok("acme.localhost"));
    assert!(
        domain("127.0.0.1")
            .unwrap_err()
            .contains("no names below it")
    );
}

#[test]
fn a_request_path_is_a_plain_path() {
    assert_eq!(request_path("off"), Ok(None));
    assert_eq!(request_path("/ready"), Ok(Some("/ready".to_owned())));
    for text in ["ready", "/a?b", "/a#b", "/a b", "/ä"] {
        assert!(request_path(text).is_err(), "{text}");
    }
}
