//! Bounds: each of the three is configured with its own, so only a bound that holds counts.

use crate::bytes::{Case, Expected, Then, answer, get, request};

const BOUND: &str = "a bound is for each to choose";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [requests(), responses()].concat()
}

fn requests() -> Vec<Case> {
    let of = |name: &str, bytes: Vec<u8>| {
        Case::new(format!("limit/{name}"), "RFC 9110 §5.4").sends(bytes)
    };
    let lines = vec!["X-A: 1"; 2_000];
    let options = format!("Connection: {}", "x, ".repeat(5_000));
    vec![
        of(
            "target",
            request(&format!("GET /{} HTTP/1.1", "a".repeat(100_000)), &[], ""),
        )
        .refused("414"),
        of(
            "target-without-end",
            format!("GET /{}", "a".repeat(100_000)).into(),
        )
        .refused("414"),
        of("field", get(&[&format!("X-A: {}", "a".repeat(100_000))])).refused("431"),
        of("name", get(&[&format!("{}: 1", "a".repeat(100_000))])).refused("431"),
        of("fields", get(&lines)).refused("431"),
        of("field-without-end", {
            let head = format!("GET /case HTTP/1.1\r\nX-A: {}", "a".repeat(100_000));
            head.into()
        })
        .refused("431"),
        of("options-of-connection", get(&[&options]))
            .refused("400")
            .or(Expected::forwarded(crate::bytes::Want::default()), BOUND),
        of("method-without-end", "G".repeat(100_000).into()).refused("400"),
    ]
}

fn responses() -> Vec<Case> {
    let of = |name: &str, fields: &[&str]| {
        let fields = [fields, &["Content-Length: 2"]].concat();
        Case::new(format!("limit/response-{name}"), "RFC 9110 §5.4")
            .sends(get(&[]))
            .replies(answer("HTTP/1.1 200 OK", &fields, "hi"), Then::Fin)
            .bad_gateway()
    };
    let passed = || Expected::answered(crate::bytes::Want::new("200", &[]).with_body("hi"));
    let lines = vec!["X-A: 1"; 2_000];
    vec![
        of("field", &[&format!("X-A: {}", "a".repeat(100_000))]),
        of("fields", &lines).or(passed(), BOUND),
        Case::new("limit/response-reason", "RFC 9112 §4")
            .sends(get(&[]))
            .replies(
                answer(
                    &format!("HTTP/1.1 200 {}", "a".repeat(100_000)),
                    &["Content-Length: 2"],
                    "hi",
                ),
                Then::Fin,
            )
            .bad_gateway(),
        Case::new("limit/response-status-line-without-end", "RFC 9112 §4")
            .sends(get(&[]))
            .replies("H".repeat(100_000), Then::Fin)
            .bad_gateway(),
    ]
}
