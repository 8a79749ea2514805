//! Attacks by name: requests that a second reader would divide otherwise, and pipelining.

use crate::bytes::{Case, Expected, Want, get, latin1, post, request};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: auth.test\r\nX: y";
const LENGTH_REMOVED: &str =
    "RFC 9112 §6.3: Transfer-Encoding overrides, and Content-Length is removed";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [
        two_lengths(),
        te_te(),
        no_length(),
        injected(),
        chunk_lines(),
        pipelined(),
    ]
    .concat()
}

/// Taken by its chunks, of which there are none, without the length that says else.
fn overridden() -> Expected {
    let want = Want::new("POST /case HTTP/1.1", &["!content-length"]).with_body("");
    Expected::forwarded(want).and_may_end()
}

fn two_lengths() -> Vec<Case> {
    let both = |name: &str, basis, fields: &[&str], body: &str| {
        Case::new(format!("desync/{name}"), basis)
            .sends(post(fields, body))
            .refused("400")
    };
    let te_body = format!("0\r\n\r\n{SMUGGLED}\r\n\r\n");
    let whole = format!("Content-Length: {}", te_body.len());
    let chunk = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    let as_chunk = Expected::forwarded(
        Want::new("POST /case HTTP/1.1", &["!content-length"]).with_body(SMUGGLED),
    )
    .and_may_end();
    vec![
        both(
            "cl-te",
            "CL.TE",
            &[&whole, "Transfer-Encoding: chunked"],
            &te_body,
        )
        .or(overridden(), LENGTH_REMOVED),
        both(
            "cl-te-turned",
            "CL.TE",
            &["Transfer-Encoding: chunked", &whole],
            &te_body,
        )
        .or(overridden(), LENGTH_REMOVED),
        both(
            "te-cl",
            "TE.CL",
            &["Content-Length: 4", "Transfer-Encoding: chunked"],
            &chunk,
        )
        .or(as_chunk.clone(), LENGTH_REMOVED),
        both(
            "te-cl-turned",
            "TE.CL",
            &["Transfer-Encoding: chunked", "Content-Length: 4"],
            &chunk,
        )
        .or(as_chunk, LENGTH_REMOVED),
        both("cl-cl", "CL.CL", &["Content-Length: 0", &whole], &te_body),
        both(
            "cl-cl-turned",
            "CL.CL",
            &[&whole, "Content-Length: 0"],
            &te_body,
        ),
        both(
            "cl-list",
            "CL.CL",
            &[&format!("Content-Length: 0, {}", te_body.len())],
            &te_body,
        ),
        Case::new("desync/te-in-1.0", "CL.TE")
            .sends(request(
                "POST /case HTTP/1.0",
                &[
                    "Connection: keep-alive",
                    "Transfer-Encoding: chunked",
                    &whole,
                ],
                &te_body,
            ))
            .refused("400"),
    ]
}

/// Each is one that some servers take for `chunked` and some don't, beside a length that says else.
fn te_te() -> Vec<Case> {
    let body = format!("0\r\n\r\n{SMUGGLED}\r\n\r\n");
    let length = format!("Content-Length: {}", body.len());
    let disguises = [
        ("letter-before", "Transfer-Encoding: xchunked"),
        ("space-before-colon", "Transfer-Encoding : chunked"),
        ("space-before-name", " Transfer-Encoding: chunked"),
        ("tab-before-value", "Transfer-Encoding:\tchunked"),
        ("vertical-tab", "Transfer-Encoding:\u{b}chunked"),
        ("form-feed", "Transfer-Encoding:\u{c}chunked"),
        ("no-break-space", "Transfer-Encoding: \u{a0}chunked"),
        ("nul", "Transfer-Encoding: chunked\0"),
        ("quotes", "Transfer-Encoding: \"chunked\""),
        ("single-quotes", "Transfer-Encoding: 'chunked'"),
        ("list", "Transfer-Encoding: chunked, cow"),
        ("list-before", "Transfer-Encoding: cow, chunked"),
        ("comma", "Transfer-Encoding: ,chunked"),
        ("parameter", "Transfer-Encoding: chunked;x=y"),
        (
            "identity-and-chunked",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        ),
        (
            "chunked-and-identity",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        ),
        (
            "empty-and-chunked",
            "Transfer-Encoding:\r\nTransfer-Encoding: chunked",
        ),
        ("folded", "Transfer-Encoding:\r\n chunked"),
        ("folded-behind-name", "Transfer-Encoding\r\n : chunked"),
        ("behind-bare-cr", "X-A: y\rTransfer-Encoding: chunked"),
        ("behind-bare-lf", "X-A: y\nTransfer-Encoding: chunked"),
        ("upper-case", "TRANSFER-ENCODING: CHUNKED"),
        ("turned-case", "tRANSFER-ENCODING: CHUNKED"),
        ("kelvin", "Transfer-Encoding: chun\u{e2}\u{84}\u{aa}ed"),
        ("backslash", "Transfer-Encoding: chunked\\"),
        ("name-with-nul", "Transfer-Encoding\0: chunked"),
        ("name-with-high-byte", "Transfer\u{ad}-Encoding: chunked"),
        ("colon-twice", "Transfer-Encoding:: chunked"),
    ];
    // These say `chunked` under the RFC, however odd they look.
    let meant = [
        "tab-before-value",
        "upper-case",
        "turned-case",
        "folded",
        "behind-bare-lf",
    ];
    let mut cases: Vec<_> = disguises
        .into_iter()
        .map(|(name, field)| {
            // A reader that leaves the line out, and only it, has a whole request left.
            let without = Expected::forwarded(
                Want::new("POST /case HTTP/1.1", &["!transfer-encoding"]).with_body(&body),
            );
            Case::new(format!("desync/te-te-{name}"), "TE.TE")
                .sends(post(&[&length, field], &body))
                .expects(Expected::refused(if name == "list-before" {
                    "400|501"
                } else {
                    "400"
                }))
                .or(
                    if meant.contains(&name) {
                        overridden()
                    } else {
                        without
                    },
                    if meant.contains(&name) {
                        LENGTH_REMOVED
                    } else {
                        "a line that is no field is left out: one reading remains"
                    },
                )
        })
        .collect();
    let disguised = Want::new("POST /case HTTP/1.1", &["!transfer_encoding"]).with_body(&body);
    cases.push(
        Case::new("desync/te-te-underscore", "TE.TE")
            .sends(post(&[&length, "Transfer_Encoding: chunked"], &body))
            .expects(Expected::forwarded(disguised))
            .or(Expected::refused("400"), "refusing it is right as well"),
    );
    cases
}

/// A length that one side leaves out of account.
fn no_length() -> Vec<Case> {
    let body = format!("{SMUGGLED}\r\n\r\n");
    let length = format!("Content-Length: {}", body.len());
    let of = |name: &str, basis, start: &str, fields: &[&str]| {
        Case::new(format!("desync/{name}"), basis).sends(request(start, fields, &body))
    };
    let line = length.to_lowercase();
    let one = |start: &str| Expected::forwarded(Want::new(start, &[&line]).with_body(&body));
    let methods = ["GET", "PATCH", "OPTIONS", "DELETE", "POST"];
    let mut cases: Vec<_> = methods
        .iter()
        .map(|method| {
            let start = format!("{method} /case HTTP/1.1");
            of(
                &format!("cl-0-{}", method.to_lowercase()),
                "CL.0",
                &start,
                &[&length],
            )
            .expects(one(&start))
        })
        .collect();
    let folded = ["Content-Length:", &format!(" {}", body.len())];
    let post_start = "POST /case HTTP/1.1";
    let disguise = |value: &str| format!("Content-Length: {value}{}", body.len());
    let vertical = disguise("\u{b}");
    let plus = disguise("+");
    let spaced = format!("Content-Length : {}", body.len());
    cases.extend([
        of("0-cl-folded", "0.CL", post_start, &folded)
            .refused("400")
            .or(
                one(post_start),
                "RFC 9112 §5.2: each fold may be replaced by a space",
            ),
        of("0-cl-vertical-tab", "0.CL", post_start, &[&vertical]).refused("400"),
        of("0-cl-plus", "0.CL", post_start, &[&plus]).refused("400"),
        of("0-cl-space-before-colon", "0.CL", post_start, &[&spaced]).refused("400"),
        of(
            "0-cl-named-in-connection",
            "0.CL",
            post_start,
            &["Connection: Content-Length", &length],
        )
        .expects(one(post_start))
        .or(Expected::refused("400"), "refusing it is right as well"),
        of(
            "0-cl-underscore",
            "0.CL",
            "GET /case HTTP/1.1",
            &[&length.replace('-', "_")],
        )
        .expects(
            // Left out; what follows is the next request, for whoever reads on.
            Expected::exchanged(
                vec![
                    Want::new("GET /case HTTP/1.1", &["!content_length"]),
                    Want::new("GET /smuggled HTTP/1.1", &[]),
                ],
                vec![Want::new("200", &[]), Want::new("200", &[])],
            ),
        )
        .or(Expected::refused("400"), "refusing it is right as well"),
        of(
            "expect-obscured",
            "0.CL",
            post_start,
            &["Expect: y 100-continue", &length],
        )
        .expects(one(post_start))
        .or(
            Expected::refused("417"),
            "RFC 9110 §10.1.1: an unknown expectation may be refused",
        )
        .or(
            Expected::refused("400"),
            "RFC 9110 §10.1.1: an unknown expectation may be refused",
        ),
    ]);
    cases
}

/// A second request hidden in a field of the first.
fn injected() -> Vec<Case> {
    let two = || {
        Expected::exchanged(
            vec![
                Want::new("GET /case HTTP/1.1", &[]),
                Want::new("GET /smuggled HTTP/1.1", &[]),
            ],
            vec![Want::new("200", &[]), Want::new("200", &[])],
        )
    };
    let of = |name: &str, field: &str| {
        Case::new(format!("desync/{name}"), "request tunnelling")
            .sends(get(&[field]))
            .refused("400")
    };
    let left_out = || Expected::forwarded(Want::new("GET /case HTTP/1.1", &["host: auth.test"]));
    vec![
        of("injected-bare-lf", "X-A: y\n\nGET /smuggled HTTP/1.1\nHost: auth.test").or(two(), super::LF_ENDS_LINES),
        of("injected-bare-cr", "X-A: y\r\rGET /smuggled HTTP/1.1\rHost: auth.test"),
        of("injected-lf-cr", "X-A: y\n\rGET /smuggled HTTP/1.1\n\rHost: auth.test"),
        of("injected-nul", "X-A: y\0GET /smuggled HTTP/1.1\0Host: auth.test"),
        of("injected-in-name", "GET /smuggled HTTP/1.1\u{20}X: y").or(left_out(), "a line that is no field is left out"),
        Case::new("desync/injected-in-target", "request tunnelling")
            .sends(latin1("GET /case HTTP/1.1\nHost: auth.test\n\nGET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n"))
            .refused("400")
            .or(
                Expected::exchanged(
                    vec![Want::new("GET /case HTTP/1.1", &[]), Want::new("GET /smuggled HTTP/1.1", &[])],
                    vec![Want::new("200", &[]), Want::new("200", &[])],
                ),
                super::LF_ENDS_LINES,
            ),
        Case::new("desync/injected-in-method", "request tunnelling")
            .sends("GET /smuggled HTTP/1.1\r\nHost:auth.test\r\n\r\n".replace("GET", "GET\r"))
            .refused("400"),
    ]
}

/// Chunk lines of which two readers take another end.
fn chunk_lines() -> Vec<Case> {
    let of = |name: &str, basis, body: &str| {
        Case::new(format!("desync/{name}"), basis)
            .sends(post(&["Transfer-Encoding: chunked"], body))
            .expects(Expected::cut_off("400"))
    };
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    vec![
        of(
            "term-ext",
            "TERM.EXT",
            &format!("2;\nxx\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len()),
        ),
        of(
            "ext-term",
            "EXT.TERM",
            &format!("2;x\ny\r\nxx\r\n{smuggled}"),
        ),
        of(
            "term-spill",
            "TERM.SPILL",
            &format!("5\r\nhello2\r\nxx\r\n{smuggled}"),
        ),
        of(
            "spill-term",
            "SPILL.TERM",
            &format!("5\r\nhello\n2\r\nxx\r\n{smuggled}"),
        ),
        of("size-prefix", "chunk size", &format!("5 {smuggled}")),
        of(
            "size-overflow",
            "chunk size",
            &format!("10000000000000005\r\nhello\r\n{smuggled}"),
        ),
        of("size-minus", "chunk size", &format!("-1\r\n{smuggled}")),
        of("size-lf", "chunk size", &format!("5\nhello\n{smuggled}")),
        of(
            "request-for-trailer",
            "TE.0",
            "0\r\nGET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n",
        )
        .or(
            Expected::forwarded(Want::new("", &["trailer !host"]).with_body("")),
            "RFC 9110 §6.5: trailers may be left out",
        ),
        of(
            "trailer-with-length",
            "trailer merging",
            "0\r\nContent-Length: 50\r\n\r\n",
        )
        .or(
            Expected::forwarded(Want::new("", &["trailer !content-length"]).with_body("")),
            "RFC 9110 §6.5.1: it may be left out",
        ),
    ]
}

fn pipelined() -> Vec<Case> {
    let next = "GET /next HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    let of = |name: &str, bytes: &[&[u8]]| {
        Case::new(format!("pipeline/{name}"), "RFC 9112 §9.3.2").sends(bytes.concat())
    };
    let both = |first: Want, second: &str| {
        Expected::exchanged(
            vec![first, Want::new("GET /next HTTP/1.1", &[])],
            vec![Want::new("200", &[]), Want::new(second, &[])],
        )
    };
    let first = || Want::new("GET /case HTTP/1.1", &[]);
    let one_then = |status: &str| {
        Expected::exchanged(
            vec![Want::default()],
            vec![Want::new("200", &[]), Want::new(status, &[])],
        )
        .and_ends()
    };
    let close = get(&["Connection: close"]);
    let closed = |want: Want| Expected::forwarded(want).and_ends();
    vec![
        of("two", &[&get(&[]), next.as_bytes()]).expects(both(first(), "200")),
        of(
            "length-and-next",
            &[&post(&["Content-Length: 5"], "hello"), next.as_bytes()],
        )
        .expects(both(Want::default().with_body("hello"), "200")),
        of(
            "chunks-and-next",
            &[
                &post(&["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n"),
                next.as_bytes(),
            ],
        )
        .expects(both(Want::default().with_body("hello"), "200")),
        of(
            "empty-line-and-next",
            &[&post(&["Content-Length: 5"], "hello\r\n"), next.as_bytes()],
        )
        .expects(both(Want::default().with_body("hello"), "200")),
        of("malformed-behind", &[&get(&[]), b"nonsense\r\n\r\n"]).expects(one_then("400")),
        of(
            "longer-than-said",
            &[&post(&["Content-Length: 4"], "hello\r\n\r\n")],
        )
        .expects(one_then("400")),
        of(
            "longer-than-chunks",
            &[&post(
                &["Transfer-Encoding: chunked"],
                "0\r\n\r\nhello\r\n\r\n",
            )],
        )
        .expects(one_then("400")),
        of("behind-close", &[&close, next.as_bytes()]).expects(closed(first())),
        of(
            "behind-1.0",
            &[
                b"GET /case HTTP/1.0\r\nHost: auth.test\r\n\r\n",
                next.as_bytes(),
            ],
        )
        .expects(closed(Want::default())),
        of("behind-a-refusal", &[&get(&["X A: 1"]), next.as_bytes()])
            .refused("400")
            .or(both(first(), "200"), "a line that is no field is left out"),
        of(
            "behind-two-hosts",
            &[&get(&["Host: other.test"]), next.as_bytes()],
        )
        .refused("400"),
        of(
            "behind-bad-framing",
            &[&post(&["Content-Length: +0"], ""), next.as_bytes()],
        )
        .refused("400"),
        of(
            "behind-both-lengths",
            &[
                &post(
                    &["Content-Length: 5", "Transfer-Encoding: chunked"],
                    "0\r\n\r\n",
                ),
                next.as_bytes(),
            ],
        )
        .refused("400")
        .or(
            both(Want::new("", &["!content-length"]), "200"),
            "RFC 9112 §6.3: the connection should end, not must",
        )
        .or(closed(Want::new("", &["!content-length"])), LENGTH_REMOVED),
        of(
            "behind-an-unknown-host",
            &[
                b"GET /case HTTP/1.1\r\nHost: other.test\r\n\r\n",
                next.as_bytes(),
            ],
        )
        .expects(Expected::exchanged(
            vec![Want::new("GET /next HTTP/1.1", &[])],
            vec![Want::new("404", &[]), Want::new("200", &[])],
        ))
        .or(Expected::refused("404"), "the connection may end"),
        of(
            "length-to-an-unknown-host",
            &[
                b"POST /case HTTP/1.1\r\nHost: other.test\r\nContent-Length: 43\r\n\r\n",
                b"GET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n",
            ],
        )
        .expects(Expected::exchanged(Vec::new(), vec![Want::new("404", &[])]).and_may_end()),
        of(
            "connect-and-next",
            &[
                b"CONNECT auth.test:80 HTTP/1.1\r\nHost: auth.test:80\r\n\r\n",
                next.as_bytes(),
            ],
        )
        .refused("405"),
    ]
}
