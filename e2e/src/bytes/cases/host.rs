//! The Host field (RFC 9112 §3.2, RFC 9110 §7.2).

use crate::bytes::{Case, Expected, Want, latin1};

const BASIS: &str = "RFC 9112 §3.2";
const REG_NAME: &str = "RFC 3986 §3.2.2: a reg-name may be so, and DNS sets its own bounds";
const PORT: &str = "RFC 3986 §3.2.3: a port is any digits";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [lines(), ports(), names(), literals(), kept(), unknown()].concat()
}

fn case(name: &str, host: &str) -> Case {
    let request = format!("GET /case HTTP/1.1\r\nHost: {host}\r\n\r\n");
    Case::new(format!("host/{name}"), BASIS).sends(latin1(&request))
}

fn as_it_is() -> Expected {
    Expected::forwarded(Want::new("GET /case HTTP/1.1", &["host"]))
}

fn lines() -> Vec<Case> {
    let of = |name: &str, head: &str| {
        Case::new(format!("host/{name}"), BASIS)
            .sends(head)
            .refused("400")
    };
    vec![
        of("none", "GET /case HTTP/1.1\r\nX-A: 1\r\n\r\n"),
        of("none-and-no-field", "GET /case HTTP/1.1\r\n\r\n"),
        of("none-in-1.0", "GET /case HTTP/1.0\r\nX-A: 1\r\n\r\n"),
        of(
            "two-equal",
            "GET /case HTTP/1.1\r\nHost: auth.test\r\nHost: auth.test\r\n\r\n",
        ),
        of(
            "two-that-differ",
            "GET /case HTTP/1.1\r\nHost: auth.test\r\nHost: other.test\r\n\r\n",
        ),
        of(
            "two-that-differ-turned",
            "GET /case HTTP/1.1\r\nHost: other.test\r\nHost: auth.test\r\n\r\n",
        ),
        of(
            "two-cases",
            "GET /case HTTP/1.1\r\nHost: auth.test\r\nhOST: other.test\r\n\r\n",
        ),
        of(
            "two-in-1.0",
            "GET /case HTTP/1.0\r\nHost: auth.test\r\nHost: other.test\r\n\r\n",
        ),
        of(
            "second-is-empty",
            "GET /case HTTP/1.1\r\nHost: auth.test\r\nHost:\r\n\r\n",
        ),
        of(
            "second-with-space-before-colon",
            "GET /case HTTP/1.1\r\nHost: auth.test\r\nHost : other.test\r\n\r\n",
        ),
        of(
            "second-folded",
            "GET /case HTTP/1.1\r\nHost: auth.test\r\n\tHost: other.test\r\n\r\n",
        ),
        case("empty", "").refused("400"),
        case("list", "auth.test, auth.test").refused("400"),
        case("list-of-others", "auth.test,other.test").refused("400"),
    ]
}

fn ports() -> Vec<Case> {
    let wrong = [
        ("port-letters", "auth.test:http"),
        ("port-minus", "auth.test:-80"),
        ("port-plus", "auth.test:+80"),
        ("port-hex", "auth.test:0x50"),
        ("port-space", "auth.test: 80"),
        ("port-two", "auth.test:80:80"),
        ("port-user", "auth.test:80@evil.test"),
        ("port-path", "auth.test:80/x"),
        ("port-point", "auth.test:80.0"),
        ("port-wide-digit", "auth.test:\u{ef}\u{bc}\u{98}"),
        ("port-colon-twice", "auth.test::80"),
        ("port-alone", ":80"),
    ];
    let large = [
        ("port-zero", "auth.test:0"),
        ("port-65536", "auth.test:65536"),
        ("port-overflow", "auth.test:18446744073709551696"),
    ];
    let mut cases: Vec<_> = wrong
        .into_iter()
        .map(|(name, host)| case(name, host).refused("400"))
        .collect();
    cases.extend(
        large
            .into_iter()
            .map(|(name, host)| case(name, host).refused("400").or(as_it_is(), PORT)),
    );
    cases
}

fn names() -> Vec<Case> {
    let wrong = [
        ("user", "me@auth.test"),
        ("user-and-password", "me:pw@auth.test"),
        ("user-is-the-host", "auth.test@evil.test"),
        ("path", "auth.test/case"),
        ("query", "auth.test?x"),
        ("fragment", "auth.test#x"),
        ("backslash", "auth.test\\x"),
        ("url", "http://auth.test"),
        ("space", "auth test"),
        ("space-inside", "auth.test evil.test"),
        ("tab-inside", "auth.test\tevil.test"),
        ("nul", "auth.test\0"),
        ("nul-before-name", "evil.test\0.auth.test"),
        ("control", "auth\u{1}.test"),
        ("utf-8", "\u{c3}\u{a4}.auth.test"),
        ("latin-1", "\u{e4}.auth.test"),
        ("quotes", "\"auth.test\""),
        ("braces", "{t}.auth.test"),
        ("angles", "<t>.auth.test"),
        ("caret", "t^.auth.test"),
        ("pipe", "t|.auth.test"),
    ];
    let labels = [
        ("leading-dot", ".auth.test"),
        ("empty-label", "t1..auth.test"),
        ("two-dots-last", "auth.test.."),
        ("dot", "."),
        ("comma-in-label", "a,b.auth.test"),
        ("escape", "%61uth.test"),
        ("escaped-nul", "auth.test%00"),
        ("semicolon", "t;x.auth.test"),
        ("asterisk", "*.auth.test"),
    ];
    let long_label = format!("{}.auth.test", "a".repeat(64));
    let long_name = format!("{}auth.test", "a.".repeat(130));
    let long = [("long-label", &*long_label), ("long-name", &*long_name)];
    let mut cases: Vec<_> = wrong
        .into_iter()
        .map(|(name, host)| case(name, host).refused("400"))
        .collect();
    cases.extend(
        labels
            .into_iter()
            .chain(long)
            .map(|(name, host)| case(name, host).refused("400").or(as_it_is(), REG_NAME)),
    );
    cases
}

fn literals() -> Vec<Case> {
    let wrong = [
        ("no-bracket", "[::1"),
        ("text-behind-bracket", "[::1]x"),
        ("no-ipv6", "[::g]"),
        ("ipv6-without-brackets", "::1"),
        ("zone", "[fe80::1%25eth0]"),
        ("future", "[v1.x]"),
        ("name-in-brackets", "[auth.test]"),
        ("empty-brackets", "[]"),
    ];
    wrong
        .into_iter()
        .map(|(name, host)| case(&format!("literal-{name}"), host).refused("400"))
        .collect()
}

fn kept() -> Vec<Case> {
    let hosts = [
        ("upper-case", "AUTH.Test"),
        ("port", "auth.test:4000"),
        ("port-of-five-digits", "auth.test:65535"),
        ("tenant", "t1.auth.test"),
        ("underscore", "tenant_1.auth.test"),
        ("punycode", "xn--bcher-kva.auth.test"),
        ("hyphens", "-t-.auth.test"),
    ];
    let mut cases: Vec<_> = hosts
        .into_iter()
        .map(|(name, host)| {
            let line = format!("host: {host}");
            case(&format!("kept-{name}"), host).forwarded("GET /case HTTP/1.1", &[&line], "")
        })
        .collect();
    // Nginx and HAProxy may drop what says nothing: the port without digits, the root's dot.
    for (name, host) in [("empty-port", "auth.test:"), ("last-dot", "auth.test.")] {
        let line = format!("host: {host}");
        cases.push(
            case(&format!("kept-{name}"), host)
                .forwarded("GET /case HTTP/1.1", &[&line], "")
                .or(
                    Expected::forwarded(Want::new("", &["host: auth.test"])),
                    "RFC 3986 §6.2.3: the same host, normalised",
                )
                .or(
                    not_found(),
                    "whether the name is known is for its operator to say",
                ),
        );
    }
    cases
}

fn not_found() -> Expected {
    Expected::exchanged(Vec::new(), vec![Want::new("404", &[])]).and_may_end()
}

/// Hosts that are in order and not ours: nothing is forwarded, and the connection lives.
fn unknown() -> Vec<Case> {
    let hosts = [
        ("other", "other.test"),
        ("suffix-of-ours", "notauth.test"),
        ("ours-inside", "auth.test.evil.test"),
        ("parent", "test"),
        ("ipv4", "127.0.0.1"),
        ("ipv6", "[::1]"),
    ];
    hosts
        .into_iter()
        .map(|(name, host)| case(&format!("unknown-{name}"), host).expects(not_found()))
        .collect()
}
