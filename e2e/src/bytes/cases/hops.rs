//! Fields of one hop, in both directions (RFC 9110 §7.6.1), and what a client may not say of itself.

use crate::bytes::{Case, Expected, Then, Want, answer, get, post, request};

const BASIS: &str = "RFC 9110 §7.6.1";
const STRICT: &str = "refusing it is right as well";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [listed(), fixed(), kept(), spoofed(), to_client()].concat()
}

fn forwarded(lines: &[&str]) -> Expected {
    Expected::forwarded(Want::new("GET /case HTTP/1.1", lines))
}

fn listed() -> Vec<Case> {
    let case = |name: &str, fields: &[&str], lines: &[&str]| {
        Case::new(format!("hop-request/{name}"), BASIS)
            .sends(get(fields))
            .expects(forwarded(lines))
    };
    vec![
        case(
            "listed",
            &["Connection: X-A", "X-A: 1", "X-B: 2"],
            &["!x-a", "x-b: 2"],
        ),
        case("listed-behind", &["X-A: 1", "Connection: X-A"], &["!x-a"]),
        case(
            "listed-in-another-case",
            &["Connection: x-a", "X-A: 1"],
            &["!x-a"],
        ),
        case(
            "listed-twice",
            &["Connection: X-A, X-B", "X-A: 1", "X-B: 2"],
            &["!x-a", "!x-b"],
        ),
        case(
            "listed-in-two-lines",
            &["Connection: X-A", "Connection: X-B", "X-A: 1", "X-B: 2"],
            &["!x-a", "!x-b"],
        ),
        case(
            "listed-with-keep-alive",
            &["Connection: keep-alive, X-A", "X-A: 1"],
            &["!x-a"],
        ),
        case(
            "listed-and-empty",
            &["Connection: ,, X-A ,", "X-A: 1"],
            &["!x-a"],
        ),
        case(
            "listed-with-tabs",
            &["Connection:\tX-A\t", "X-A: 1"],
            &["!x-a"],
        ),
        case(
            "listed-two-lines-of-it",
            &["Connection: X-A", "X-A: 1", "X-A: 2"],
            &["!x-a"],
        ),
        case(
            "listed-cookie",
            &["Connection: Cookie", "Cookie: a=1"],
            &["!cookie"],
        )
        .or(Expected::refused("400"), STRICT),
        case("listed-is-not-there", &["Connection: X-A"], &["!x-a"]),
        Case::new("hop-request/listed-with-close", BASIS)
            .sends(get(&["Connection: close, X-A", "X-A: 1"]))
            .expects(forwarded(&["!x-a"]).and_ends()),
        Case::new("hop-request/option-is-no-token", BASIS)
            .sends(get(&["Connection: X-A;q=1", "X-A: 1"]))
            .refused("400")
            .or(forwarded(&["x-a: 1"]), "what is no option names nothing"),
        Case::new("hop-request/option-has-a-space", BASIS)
            .sends(get(&["Connection: X-A X-B", "X-A: 1"]))
            .refused("400")
            .or(forwarded(&["x-a: 1"]), "what is no option names nothing"),
    ]
}

fn fixed() -> Vec<Case> {
    let fields = [
        ("keep-alive", "Keep-Alive: timeout=5"),
        ("proxy-connection", "Proxy-Connection: keep-alive"),
        ("te", "TE: gzip"),
        ("upgrade", "Upgrade: h2c"),
        ("http2-settings", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    ];
    let mut cases: Vec<_> = fields
        .into_iter()
        .map(|(name, field)| {
            let absent = format!("!{name}");
            let unnamed = "RFC 9110 §7.6.1: a SHOULD where Connection doesn't name it";
            let kept = name.to_owned();
            Case::new(format!("hop-request/{name}"), BASIS)
                .sends(get(&[field]))
                .expects(forwarded(&[&absent]))
                .or(forwarded(&[&kept]), unnamed)
        })
        .collect();
    cases.extend([
        Case::new("hop-request/h2c", "RFC 9110 §7.8")
            .sends(get(&[
                "Connection: Upgrade, HTTP2-Settings",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAAQAAP__",
            ]))
            .expects(forwarded(&["!upgrade", "!http2-settings"])),
        Case::new("hop-request/upgrade-to-tls", "RFC 9110 §7.8")
            .sends(get(&["Connection: Upgrade", "Upgrade: TLS/1.0"]))
            .expects(forwarded(&["!upgrade"])),
        Case::new("hop-request/close", "RFC 9112 §9.6")
            .sends(get(&["Connection: close"]))
            .expects(forwarded(&["host: auth.test"]).and_ends()),
        Case::new("hop-request/close-and-keep-alive", "RFC 9112 §9.3")
            .sends(get(&["Connection: keep-alive, close"]))
            .expects(forwarded(&["host: auth.test"]).and_ends()),
        Case::new("hop-request/expect-in-1.0", "RFC 9110 §10.1.1")
            .sends(request(
                "POST /case HTTP/1.0",
                &["Expect: 100-continue", "Content-Length: 5"],
                "hello",
            ))
            .expects(
                Expected::forwarded(
                    Want::new("POST /case HTTP/1.1", &["!expect"]).with_body("hello"),
                )
                .and_ends(),
            )
            .or(
                Expected::forwarded(Want::new("POST /case HTTP/1.0", &[]).with_body("hello"))
                    .and_ends(),
                "RFC 9110 §10.1.1: an app ignores it in HTTP/1.0",
            ),
    ]);
    cases
}

/// What Connection names can't take away what the request is.
fn kept() -> Vec<Case> {
    let case = |name: &str, fields: &[&str], lines: &[&str]| {
        Case::new(format!("hop-request/{name}"), BASIS)
            .sends(get(fields))
            .expects(forwarded(lines))
            .or(Expected::refused("400"), STRICT)
    };
    vec![
        case("listed-host", &["Connection: Host"], &["host: auth.test"]),
        case(
            "listed-forwarded-for",
            &["Connection: X-Forwarded-For"],
            &["x-forwarded-for: 127.0.0.1"],
        ),
        case(
            "listed-forwarded-proto",
            &["Connection: X-Forwarded-Proto"],
            &["x-forwarded-proto: http"],
        ),
        case(
            "listed-request-id",
            &["Connection: X-Request-Id"],
            &["x-request-id"],
        ),
        case(
            "listed-connection",
            &["Connection: Connection"],
            &["host: auth.test"],
        ),
        case(
            "listed-close-of-another",
            &["Connection: X-Forwarded-Host"],
            &["x-forwarded-host: auth.test"],
        ),
        Case::new("hop-request/listed-content-type", BASIS)
            .sends(post(
                &[
                    "Connection: Content-Type",
                    "Content-Type: text/plain",
                    "Content-Length: 5",
                ],
                "hello",
            ))
            .forwarded(
                "POST /case HTTP/1.1",
                &["!content-type", "content-length: 5"],
                "hello",
            )
            .or(Expected::refused("400"), STRICT),
    ]
}

/// What a stranger says of where it comes from.
fn spoofed() -> Vec<Case> {
    let case = |name: &str, fields: &[&str], lines: &[&str]| {
        Case::new(format!("spoofed/{name}"), "RFC 7239 §8.1")
            .sends(get(fields))
            .expects(forwarded(lines))
    };
    let of_ours = "x-forwarded-for: 127.0.0.1";
    vec![
        case("for", &["X-Forwarded-For: 192.0.2.1"], &[of_ours]),
        case(
            "for-twice",
            &["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"],
            &[of_ours],
        ),
        case(
            "for-in-another-case",
            &["x-FORWARDED-for: 192.0.2.1"],
            &[of_ours],
        ),
        case(
            "for-disguised",
            &["X_Forwarded_For: 192.0.2.1"],
            &[of_ours, "!x_forwarded_for"],
        )
        .or(Expected::refused("400"), STRICT),
        case(
            "proto",
            &["X-Forwarded-Proto: https"],
            &["x-forwarded-proto: http"],
        ),
        case(
            "host",
            &["X-Forwarded-Host: evil.test"],
            &["x-forwarded-host: auth.test"],
        ),
        case("port", &["X-Forwarded-Port: 443"], &["x-forwarded-port"]),
        case(
            "forwarded",
            &["Forwarded: for=192.0.2.1;proto=https"],
            &["!forwarded"],
        ),
        case("real-ip", &["X-Real-IP: 192.0.2.1"], &["!x-real-ip"]),
        case(
            "server",
            &["X-Forwarded-Server: evil.test"],
            &["!x-forwarded-server"],
        ),
        case("client-ip", &["X-Client-IP: 192.0.2.1"], &["!x-client-ip"]),
        case(
            "request-id",
            &["X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaa"],
            &["x-request-id"],
        ),
    ]
}

/// The same towards the client.
fn to_client() -> Vec<Case> {
    let case = |name: &str, fields: &[&str], lines: &[&str]| {
        let all = [&["Content-Length: 2"], fields].concat();
        Case::new(format!("hop-response/{name}"), BASIS)
            .sends(get(&[]))
            .replies(answer("HTTP/1.1 200 OK", &all, "hi"), Then::Stay)
            .answered("200", lines, "hi")
    };
    let unnamed = "RFC 9110 §7.6.1: a SHOULD where Connection doesn't name it";
    let kept = |name: &str| Expected::answered(Want::new("200", &[name]).with_body("hi"));
    vec![
        case(
            "listed",
            &["Connection: X-A", "X-A: 1", "X-B: 2"],
            &["!x-a", "x-b: 2"],
        ),
        case("listed-behind", &["X-A: 1", "Connection: x-a"], &["!x-a"]),
        case(
            "listed-in-two-lines",
            &["Connection: X-A", "Connection: X-B", "X-A: 1", "X-B: 2"],
            &["!x-a", "!x-b"],
        ),
        case(
            "listed-length",
            &["Connection: Content-Length"],
            &["content-length: 2"],
        ),
        case("keep-alive", &["Keep-Alive: timeout=5"], &["!keep-alive"])
            .or(kept("keep-alive"), unnamed),
        case(
            "proxy-connection",
            &["Proxy-Connection: close"],
            &["!proxy-connection"],
        )
        .or(kept("proxy-connection"), unnamed),
        case(
            "upgrade",
            &["Connection: Upgrade", "Upgrade: h2c"],
            &["!upgrade"],
        ),
        case("upgrade-unnamed", &["Upgrade: h2c"], &["!upgrade"]).or(kept("upgrade"), unnamed),
        Case::new(
            "hop-response/close-ends-the-upstreams-alone",
            "RFC 9112 §9.6",
        )
        .sends(get(&[]))
        .replies(
            answer(
                "HTTP/1.1 200 OK",
                &["Connection: close", "Content-Length: 2"],
                "hi",
            ),
            Then::Stay,
        )
        .expects(Expected::answered(Want::new("200", &[]).with_body("hi")).alone()),
        Case::new("hop-response/version-1.0-is-not-kept", "RFC 9112 §9.3")
            .sends(get(&[]))
            .replies(
                answer("HTTP/1.0 200 OK", &["Content-Length: 2"], "hi"),
                Then::Stay,
            )
            .expects(Expected::answered(Want::new("200", &[]).with_body("hi")).alone()),
    ]
}
