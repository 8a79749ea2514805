//! An upstream's answers (RFC 9112 §4, §6.3; RFC 9110 §15): malformed, ambiguous, early, cut.

use super::LF_ENDS_LINES;
use crate::bytes::{Case, Expected, Step, Then, Want, answer, get, latin1, post, request};

const OLD_LENGTH: &str =
    "RFC 9112 §6.3: Transfer-Encoding overrides, and Content-Length is removed";
const EQUAL: &str = "RFC 9110 §8.6: equal lengths may be taken as one";
const NO_STATUS: &str = "RFC 9110 §15: treated as a 5xx, or as the x00 of its class";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [
        status_lines(),
        fields(),
        lengths(),
        codings(),
        without_body(),
        kept(),
        cut(),
        interim(),
        switching(),
        left_over(),
        early(),
    ]
    .concat()
}

fn case(class: &str, name: &str, basis: &'static str, bytes: impl AsRef<[u8]>) -> Case {
    Case::new(format!("{class}/{name}"), basis)
        .sends(get(&[]))
        .replies(bytes, Then::Fin)
}

fn hi() -> Expected {
    Expected::answered(Want::new("200", &[]).with_body("hi"))
}

fn status_lines() -> Vec<Case> {
    let lines = [
        ("two-digits", "HTTP/1.1 20 OK"),
        ("four-digits", "HTTP/1.1 2000 OK"),
        ("letters", "HTTP/1.1 2xx OK"),
        ("minus", "HTTP/1.1 -20 OK"),
        ("no-status", "HTTP/1.1 OK"),
        ("no-status-at-all", "HTTP/1.1"),
        ("two-spaces", "HTTP/1.1  200 OK"),
        ("tab", "HTTP/1.1\t200 OK"),
        ("lower-case", "http/1.1 200 OK"),
        ("no-version", "200 OK"),
        ("version-2", "HTTP/2.0 200 OK"),
        ("version-3.7", "HTTP/3.7 200 OK"),
        ("version-of-one-number", "HTTP/1 200 OK"),
        ("nul-in-reason", "HTTP/1.1 200 O\0K"),
        ("control-in-reason", "HTTP/1.1 200 O\u{1}K"),
        ("bare-cr-in-reason", "HTTP/1.1 200 O\rK"),
        ("space-first", " HTTP/1.1 200 OK"),
        ("empty-line-first", "\r\nHTTP/1.1 200 OK"),
        ("ssh", "SSH-2.0-OpenSSH_9.2"),
        ("icy", "ICY 200 OK"),
        ("request-line", "GET / HTTP/1.1"),
        ("html", "<html>"),
    ];
    let basis = "RFC 9112 §4";
    let mut cases: Vec<_> = lines
        .into_iter()
        .map(|(name, start)| {
            let bytes = answer(start, &["Content-Length: 2"], "hi");
            case("status-line", name, basis, bytes).bad_gateway()
        })
        .collect();
    for (name, status) in [
        ("600", "600"),
        ("999", "999"),
        ("below-100", "099"),
        ("zero", "000"),
    ] {
        let bytes = answer(
            &format!("HTTP/1.1 {status} X"),
            &["Content-Length: 2"],
            "hi",
        );
        let passed = Expected::answered(Want::new(status, &[]).with_body("hi"));
        cases.push(
            case("status-line", name, "RFC 9110 §15", bytes)
                .bad_gateway()
                .or(passed, NO_STATUS),
        );
    }
    let later = answer("HTTP/1.2 200 OK", &["Content-Length: 2"], "hi");
    cases.extend([
        case("status-line", "version-1.2", "RFC 9110 §2.5", later)
            .bad_gateway()
            .or(
                hi(),
                "RFC 9110 §2.5: a later 1.x may be read as the highest known",
            ),
        case("status-line", "nothing", basis, "").bad_gateway(),
        case("status-line", "half", basis, "HTTP/1.1 20").bad_gateway(),
        case(
            "status-line",
            "head-without-end",
            basis,
            "HTTP/1.1 200 OK\r\nX-A: 1\r\n",
        )
        .bad_gateway(),
        case(
            "status-line",
            "bare-lf",
            "RFC 9112 §2.2",
            "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        )
        .bad_gateway()
        .or(hi(), LF_ENDS_LINES),
        // What may be sent again would be.
        Case::new("status-line/reset", basis)
            .sends(post(&["Content-Length: 2"], "hi"))
            .replies("", Then::Reset)
            .bad_gateway(),
    ]);
    cases
}

fn fields() -> Vec<Case> {
    let lines = [
        ("no-name", ": 1"),
        ("no-colon", "X-A"),
        ("space-in-name", "X A: 1"),
        ("nul-in-name", "X\0A: 1"),
        ("nul-in-value", "X-A: \0"),
        ("bare-cr-in-value", "X-A: 1\rX-B: 2"),
        ("status-line", "HTTP/1.1 200 OK"),
    ];
    let left_out = || Expected::answered(Want::new("200", &["!x-a"]).with_body("hi"));
    let of = |(name, line): (&str, &str)| {
        let bytes = answer("HTTP/1.1 200 OK", &[line, "Content-Length: 2"], "hi");
        case("response-field", name, "RFC 9112 §5.1", bytes).bad_gateway()
    };
    let mut cases: Vec<_> = lines
        .into_iter()
        .map(|it| of(it).or(left_out(), "a line that is no field is left out"))
        .collect();
    let with_controls = Want::new("200", &["x-a"]).with_body("hi").with_controls();
    let trimmed = Expected::answered(Want::new("200", &["x-a: 1"]).with_body("hi"));
    let unfolded = |value: &str| {
        Expected::answered(Want::new("200", &[&format!("x-a: {value}")]).with_body("hi"))
    };
    cases.extend([
        of(("space-before-colon", "X-A : 1"))
            .or(trimmed, "RFC 9112 §5.1: a proxy removes such white space")
            .or(left_out(), "a line that is no field is left out"),
        of(("control-in-value", "X-A: a\u{1}b")).or(
            Expected::answered(with_controls),
            "RFC 9110 §5.5: a control may be kept within a value that is not trusted",
        ),
        of(("folded", "X-A: 1\r\n 2"))
            .or(
                unfolded("1 2"),
                "RFC 9112 §5.2: a fold is replaced by a space",
            )
            .or(
                unfolded("1  2"),
                "RFC 9112 §5.2: a fold is replaced by a space",
            )
            .or(
                unfolded("1   2"),
                "RFC 9112 §5.2: a fold is replaced by a space",
            ),
        of(("bare-lf", "X-A: 1\nX-B: 2")).or(hi(), LF_ENDS_LINES),
        of(("length-with-space-before-colon", "Content-Length : 1")),
    ]);
    cases
}

fn lengths() -> Vec<Case> {
    let values = [
        ("word", "two"),
        ("minus", "-2"),
        ("plus", "+2"),
        ("hex", "0x2"),
        ("text-behind", "2x"),
        ("space-inside", "2 2"),
        ("comma-behind", "2,"),
        ("empty", ""),
        ("point", "2.0"),
        ("quoted", "\"2\""),
        ("list-that-differs", "2, 3"),
        ("overflow-63-bits", "9223372036854775808"),
        ("overflow-64-bits", "18446744073709551616"),
        ("overflow-to-2", "18446744073709551618"),
    ];
    let of = |name: &str, lines: &[&str]| {
        let bytes = answer("HTTP/1.1 200 OK", lines, "hi");
        case("response-length", name, "RFC 9112 §6.3", bytes).bad_gateway()
    };
    let mut cases: Vec<_> = values
        .into_iter()
        .map(|(name, value)| of(name, &[&format!("Content-Length: {value}")]))
        .collect();
    cases.extend([
        of("list-of-equals", &["Content-Length: 2, 2"]).or(hi(), EQUAL),
        of("two-equal", &["Content-Length: 2", "Content-Length: 2"]).or(hi(), EQUAL),
        of("2-then-3", &["Content-Length: 2", "Content-Length: 3"]),
        of("3-then-2", &["Content-Length: 3", "Content-Length: 2"]),
        of("0-then-2", &["Content-Length: 0", "Content-Length: 2"]),
        of("two-cases", &["Content-Length: 1", "content-length: 2"]),
        of("folded", &["Content-Length:", " 2"])
            .or(hi(), "RFC 9112 §5.2: a fold is replaced by a space"),
    ]);
    cases
}

fn codings() -> Vec<Case> {
    let chunks = "2\r\nhi\r\n0\r\n\r\n";
    let of = |name: &str, start: &str, lines: &[&str]| {
        let bytes = answer(start, lines, chunks);
        case("response-coding", name, "RFC 9112 §6.3", bytes).bad_gateway()
    };
    let ok = "HTTP/1.1 200 OK";
    let values = [
        ("twice", "chunked, chunked"),
        ("comma-behind", "chunked,"),
        ("letter-before", "xchunked"),
        ("not-last", "chunked, gzip"),
        ("identity-first", "identity, chunked"),
        ("gzip", "gzip"),
        ("gzip-first", "gzip, chunked"),
        ("identity", "identity"),
        ("empty", ""),
        ("quoted", "\"chunked\""),
        ("vertical-tab", "\u{b}chunked"),
        ("parameter", "chunked;q=1"),
        ("nul", "chunked\0"),
    ];
    let mut cases: Vec<_> = values
        .into_iter()
        .map(|(name, value)| of(name, ok, &[&format!("Transfer-Encoding: {value}")]))
        .collect();
    let removed = || Expected::answered(Want::new("200", &["!content-length"]).with_body("hi"));
    cases.extend([
        of(
            "length-first",
            ok,
            &["Content-Length: 5", "Transfer-Encoding: chunked"],
        )
        .or(removed(), OLD_LENGTH),
        of(
            "length-last",
            ok,
            &["Transfer-Encoding: chunked", "Content-Length: 5"],
        )
        .or(removed(), OLD_LENGTH),
        of(
            "two-lines",
            ok,
            &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ),
        of(
            "two-lines-identity",
            ok,
            &["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ),
        of("space-before-colon", ok, &["Transfer-Encoding : chunked"])
            .or(hi(), "RFC 9112 §5.1: a proxy removes such white space"),
        of("in-1.0", "HTTP/1.0 200 OK", &["Transfer-Encoding: chunked"]),
    ]);
    cases
}

fn without_body() -> Vec<Case> {
    let of = |name: &str, start: &str, lines: &[&str]| {
        let bytes = answer(start, lines, "");
        Case::new(format!("no-content/{name}"), "RFC 9112 §6.3")
            .sends(get(&[]))
            .replies(bytes, Then::Stay)
    };
    let head = |name: &str, lines: &[&str]| {
        let mut case = Case::new(format!("no-content/{name}"), "RFC 9110 §9.3.2")
            .sends(request("HEAD /case HTTP/1.1", &[], ""))
            .replies(answer("HTTP/1.1 200 OK", lines, ""), Then::Stay);
        case.is_head = true;
        case
    };
    let bodyless = "RFC 9110 §8.6: ignored, since there is no body";
    vec![
        of("204", "HTTP/1.1 204 No Content", &[]).answered(
            "204",
            &["!content-length", "!transfer-encoding"],
            "",
        ),
        of(
            "204-with-zero",
            "HTTP/1.1 204 No Content",
            &["Content-Length: 0"],
        )
        .answered("204", &["!transfer-encoding"], ""),
        of(
            "204-with-length",
            "HTTP/1.1 204 No Content",
            &["Content-Length: 5"],
        )
        .bad_gateway()
        .or(
            Expected::answered(Want::new("204", &["!content-length"])),
            bodyless,
        ),
        of(
            "204-with-coding",
            "HTTP/1.1 204 No Content",
            &["Transfer-Encoding: chunked"],
        )
        .bad_gateway()
        .or(
            Expected::answered(Want::new("204", &["!transfer-encoding"])),
            bodyless,
        ),
        of("304", "HTTP/1.1 304 Not Modified", &[]).answered("304", &["!transfer-encoding"], ""),
        of(
            "304-with-length",
            "HTTP/1.1 304 Not Modified",
            &["Content-Length: 5"],
        )
        .answered("304", &[], ""),
        of(
            "205-with-zero",
            "HTTP/1.1 205 Reset Content",
            &["Content-Length: 0"],
        )
        .answered("205", &["content-length: 0"], ""),
        head("head-with-length", &["Content-Length: 5"]).answered(
            "200",
            &["content-length: 5"],
            "",
        ),
        head("head-with-coding", &["Transfer-Encoding: chunked"]).answered(
            "200",
            &["!content-length"],
            "",
        ),
        head("head-without", &[]).answered("200", &[], ""),
        head(
            "head-with-two-lengths",
            &["Content-Length: 5", "Content-Length: 6"],
        )
        .bad_gateway(),
    ]
}

fn kept() -> Vec<Case> {
    let of = |name: &str, bytes: Vec<u8>| case("response-body", name, "RFC 9112 §6.3", bytes);
    let to_1_0 = |name: &str, bytes: Vec<u8>| {
        Case::new(format!("response-body/{name}"), "RFC 9112 §7")
            .sends("GET /case HTTP/1.0\r\nHost: auth.test\r\n\r\n")
            .replies(bytes, Then::Fin)
    };
    let ok = "HTTP/1.1 200 OK";
    let chunks = |body: &str| answer(ok, &["Transfer-Encoding: chunked"], body);
    let plain = Want::new("200", &["!transfer-encoding"]).with_body("hi");
    vec![
        of("length", answer(ok, &["Content-Length: 2"], "hi")).answered(
            "200",
            &["content-length: 2"],
            "hi",
        ),
        of("empty", answer(ok, &["Content-Length: 0"], "")).answered("200", &[], ""),
        of("chunked", chunks("2\r\nhi\r\n0\r\n\r\n")).expects(hi()),
        of("chunked-extension", chunks("2;a=b\r\nhi\r\n0\r\n\r\n")).expects(hi()),
        of(
            "chunked-with-trailer",
            chunks("2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n"),
        )
        .expects(hi()),
        of(
            "chunked-upper-case",
            answer(ok, &["Transfer-Encoding: CHUNKED"], "2\r\nhi\r\n0\r\n\r\n"),
        )
        .expects(hi()),
        of("to-the-end", answer(ok, &[], "hi"))
            .expects(hi())
            .or(hi().and_ends(), "its end may be the connection's"),
        of("of-1.0-to-the-end", answer("HTTP/1.0 200 OK", &[], "hi"))
            .expects(hi())
            .or(hi().and_ends(), "its end may be the connection's"),
        of(
            "no-reason",
            answer("HTTP/1.1 200 ", &["Content-Length: 2"], "hi"),
        )
        .expects(hi()),
        of(
            "no-space-behind-status",
            answer("HTTP/1.1 200", &["Content-Length: 2"], "hi"),
        )
        .expects(hi())
        .or(
            Expected::bad_gateway(),
            "RFC 9112 §4: the space is part of the grammar",
        ),
        of(
            "long-reason",
            answer(
                "HTTP/1.1 200 A rather (long) reason \u{e4}",
                &["Content-Length: 2"],
                "hi",
            ),
        )
        .expects(hi()),
        of(
            "unknown-status",
            answer("HTTP/1.1 299 Odd", &["Content-Length: 2"], "hi"),
        )
        .answered("299", &[], "hi"),
        to_1_0("chunked-to-1.0", chunks("2\r\nhi\r\n0\r\n\r\n"))
            .expects(Expected::answered(plain.clone()).and_ends()),
        to_1_0("to-the-end-to-1.0", answer(ok, &[], "hi"))
            .expects(Expected::answered(plain).and_ends()),
        to_1_0("length-to-1.0", answer(ok, &["Content-Length: 2"], "hi")).expects(hi().and_ends()),
    ]
}

/// Answers that break off, or whose body turns out to be bad: visibly cut, never completed.
fn cut() -> Vec<Case> {
    let ok = "HTTP/1.1 200 OK";
    let chunks = |name: &str, body: &str| {
        let bytes = answer(ok, &["Transfer-Encoding: chunked"], body);
        case("response-cut", name, "RFC 9112 §8", bytes).expects(Expected::broken_off())
    };
    let sizes = [
        ("chunk-size-letter", "g"),
        ("chunk-size-empty", ""),
        ("chunk-size-plus", "+2"),
        ("chunk-size-minus", "-2"),
        ("chunk-size-hex-prefix", "0x2"),
        ("chunk-size-two-numbers", "2 2"),
        ("chunk-size-space-before", " 2"),
        ("chunk-size-overflow", "10000000000000002"),
        ("chunk-size-sign-bit", "8000000000000002"),
    ];
    let mut cases: Vec<_> = sizes
        .into_iter()
        .map(|(name, size)| chunks(name, &format!("{size}\r\nhi\r\n0\r\n\r\n")))
        .collect();
    let length = answer(ok, &["Content-Length: 5"], "hi");
    cases.extend([
        chunks("chunk-without-end", "2\r\nhiX0\r\n\r\n"),
        chunks("chunk-with-lf", "2\nhi\n0\n\n"),
        chunks("chunk-lf-behind-content", "2\r\nhi\n0\r\n\r\n"),
        chunks("chunk-too-short", "5\r\nhi"),
        chunks("no-last-chunk", "2\r\nhi\r\n"),
        chunks("no-last-line", "2\r\nhi\r\n0\r\n"),
        chunks("trailer-malformed", "2\r\nhi\r\n0\r\nX-Sum : 1\r\n\r\n")
            .or(hi(), "RFC 9110 §6.5: trailers may be left out"),
        chunks(
            "trailer-content-length",
            "2\r\nhi\r\n0\r\nContent-Length: 2\r\n\r\n",
        )
        .or(hi(), "RFC 9110 §6.5.1: it may be left out"),
        chunks("extension-nul", "2;\0\r\nhi\r\n0\r\n\r\n").or(
            hi(),
            "RFC 9112 §7.1.1: nothing of it is left, since the extension is dropped",
        ),
        case("response-cut", "length-too-long", "RFC 9112 §8", &length)
            .expects(Expected::broken_off()),
        Case::new("response-cut/length-reset", "RFC 9112 §8")
            .sends(get(&[]))
            .replies(&length, Then::Reset)
            .expects(Expected::broken_off()),
        Case::new("response-cut/chunked-reset", "RFC 9112 §8")
            .sends(get(&[]))
            .replies(
                answer(ok, &["Transfer-Encoding: chunked"], "2\r\nhi\r\n"),
                Then::Reset,
            )
            .expects(Expected::broken_off()),
        Case::new("response-cut/to-the-end-reset", "RFC 9112 §8")
            .sends(get(&[]))
            .replies(answer(ok, &[], "hi"), Then::Reset)
            .expects(Expected::broken_off()),
    ]);
    cases
}

fn interim() -> Vec<Case> {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let of = |name: &str, before: &str| {
        let bytes = latin1(&format!("{before}{last}"));
        Case::new(format!("interim/{name}"), "RFC 9110 §15.2")
            .sends(get(&[]))
            .replies(bytes, Then::Stay)
    };
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    let swallowed =
        "RFC 9110 §15.2: a proxy forwards it unless it asked for it; nobody waits for this one";
    vec![
        of("100", "HTTP/1.1 100 Continue\r\n\r\n")
            .expects(hi().after_others(&["100"]))
            .or(hi(), swallowed),
        of("103", hints)
            .expects(hi().after_others(&["103"]))
            .or(hi(), swallowed),
        of(
            "102-and-103",
            &format!("HTTP/1.1 102 Processing\r\n\r\n{hints}"),
        )
        .expects(hi().after_others(&["102", "103"]))
        .or(hi(), swallowed),
        of(
            "with-zero-length",
            "HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n",
        )
        .expects(hi().after_others(&["103"]))
        .or(hi(), swallowed),
        of(
            "with-length",
            "HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nxx",
        )
        .bad_gateway(),
        of(
            "with-coding",
            "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .bad_gateway()
        .or(hi(), swallowed),
        of("malformed", "HTTP/1.1 103 Early Hints\r\nX-A : 1\r\n\r\n")
            .bad_gateway()
            .or(hi(), "not passed on"),
        of(
            "without-end",
            &"HTTP/1.1 102 Processing\r\n\r\n".repeat(200),
        )
        .expects(
            Expected::answered(Want::new("502", &[]))
                .after_others(&["102"; 100])
                .alone(),
        )
        .or(
            hi().after_others(&["102"; 200]),
            "a bound is for each to choose",
        )
        .or(hi(), "not passed on"),
        case("interim", "and-no-answer", "RFC 9110 §15.2", hints)
            .expects(
                Expected::answered(Want::new("502", &[]))
                    .after_others(&["103"])
                    .alone(),
            )
            .or(Expected::bad_gateway(), "not passed on"),
        Case::new("interim/to-1.0", "RFC 9110 §15.2")
            .sends("GET /case HTTP/1.0\r\nHost: auth.test\r\n\r\n")
            .replies(latin1(&format!("{hints}{last}")), Then::Stay)
            .expects(hi().and_ends()),
        Case::new("interim/100-asked-for", "RFC 9110 §10.1.1")
            .sends(post(&["Expect: 100-continue", "Content-Length: 5"], ""))
            .then(Step::AwaitHeads(1))
            .sends("hello")
            .replies_twice("HTTP/1.1 100 Continue\r\n\r\n", last)
            .expects(hi().after_others(&["100"])),
    ]
}

/// 101s that nobody asked for, or that agree to something else.
fn switching() -> Vec<Case> {
    let of = |name: &str, lines: &[&str]| {
        let bytes = answer("HTTP/1.1 101 Switching Protocols", lines, "");
        case("switching", name, "RFC 9110 §15.2.2", bytes).bad_gateway()
    };
    let websocket = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Accept: x",
    ];
    let bytes = answer(
        "HTTP/1.1 101 Switching Protocols",
        &websocket,
        "GET /smuggled HTTP/1.1\r\n\r\n",
    );
    vec![
        of("bare", &[]),
        of("to-websocket", &websocket),
        of("to-h2c", &["Connection: Upgrade", "Upgrade: h2c"]),
        of("with-length", &["Content-Length: 2"]),
        Case::new("switching/of-post", "RFC 9110 §15.2.2")
            .sends(post(&["Content-Length: 5"], "hello"))
            .replies(&bytes, Then::Echo)
            .bad_gateway(),
        Case::new("switching/of-h2c", "RFC 9110 §7.8")
            .sends(get(&["Connection: Upgrade", "Upgrade: h2c"]))
            .replies(
                answer(
                    "HTTP/1.1 101 Switching Protocols",
                    &["Connection: Upgrade", "Upgrade: h2c"],
                    "",
                ),
                Then::Echo,
            )
            .bad_gateway(),
    ]
}

/// Bytes behind an answer: they answer nothing, and the connection is of no more use.
fn left_over() -> Vec<Case> {
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let of = |name: &str, before: &str| {
        Case::new(format!("left-over/{name}"), "response splitting")
            .sends(get(&[]))
            .replies(latin1(&format!("{before}{poison}")), Then::Stay)
    };
    let mut head = Case::new("left-over/behind-head", "response splitting")
        .sends(request("HEAD /case HTTP/1.1", &[], ""))
        .replies(
            latin1(&format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{poison}",
                poison.len()
            )),
            Then::Stay,
        )
        .expects(Expected::answered(Want::new("200", &[])).alone());
    head.is_head = true;
    let fine = |status: &str| Expected::answered(Want::new(status, &[])).alone();
    vec![
        of(
            "behind-length",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        )
        .expects(hi().alone()),
        of(
            "behind-chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        )
        .expects(hi().alone()),
        of(
            "behind-zero",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        )
        .expects(fine("200")),
        of("behind-204", "HTTP/1.1 204 No Content\r\n\r\n").expects(fine("204")),
        of("behind-304", "HTTP/1.1 304 Not Modified\r\n\r\n").expects(fine("304")),
        of(
            "garbage",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\r\n\r\n",
        )
        .expects(hi().alone()),
        of(
            "behind-early-hints-and-length",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        )
        .expects(hi().after_others(&["103"]).alone())
        .or(hi().alone(), "not passed on"),
        head,
        Case::new("left-over/while-idle", "response splitting")
            .sends(get(&[]))
            .replies(
                answer("HTTP/1.1 200 OK", &["Content-Length: 2"], "hi"),
                Then::Stay,
            )
            .then(Step::AwaitHeads(1))
            .then(Step::UpstreamSays(poison.into()))
            .expects(hi().alone()),
        Case::new("left-over/408-while-idle", "RFC 9110 §15.5.9")
            .sends(get(&[]))
            .replies(
                answer("HTTP/1.1 200 OK", &["Content-Length: 2"], "hi"),
                Then::Stay,
            )
            .then(Step::AwaitHeads(1))
            .then(Step::UpstreamSays(
                "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .into(),
            ))
            .expects(hi().alone()),
    ]
}

/// Answers before the request has been read: the rest of its body is no request.
fn early() -> Vec<Case> {
    let answered = |status: &str| {
        answer(
            &format!("HTTP/1.1 {status} Early"),
            &["Content-Length: 3"],
            "big",
        )
    };
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    let length = format!("Content-Length: {}", smuggled.len());
    let of = |name: &str, status: &str| {
        Case::new(format!("early/{name}"), "RFC 9112 §9.3")
            .sends(post(&[&length], ""))
            .then(Step::AwaitHeads(1))
            .sends(smuggled)
            .replies_early(answered(status), Then::Stay)
    };
    let at_most = |status: &str| {
        let mut expected = Expected::cut_off(status);
        expected = expected.alone();
        expected
    };
    let whole = |status: &str| {
        Expected::exchanged(
            vec![Want::default().with_body(smuggled)],
            vec![Want::new(status, &[]).with_body("big")],
        )
        .and_may_end()
    };
    let drained = "RFC 9112 §9.3: the rest may be read as the body it is";
    vec![
        of("413", "413")
            .expects(at_most("413"))
            .or(whole("413"), drained),
        of("200", "200")
            .expects(at_most("200"))
            .or(whole("200"), drained),
        of("401", "401")
            .expects(at_most("401"))
            .or(whole("401"), drained),
        Case::new("early/chunked", "RFC 9112 §9.3")
            .sends(post(&["Transfer-Encoding: chunked"], "5\r\nhello\r\n"))
            .then(Step::AwaitHeads(1))
            .sends(smuggled)
            .replies_early(answered("413"), Then::Stay)
            .expects(at_most("413")),
        Case::new("early/and-closes", "RFC 9112 §9.6")
            .sends(post(&[&length], ""))
            .then(Step::AwaitHeads(1))
            .sends(smuggled)
            .replies_early(answered("413"), Then::Fin)
            .expects(at_most("413"))
            .or(whole("413"), drained),
    ]
}
