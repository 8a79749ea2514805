//! Content-Length and Transfer-Encoding of requests (RFC 9112 §6, RFC 9110 §8.6).

use super::LF_ENDS_LINES;
use crate::bytes::{Case, Expected, Want, latin1, post, request};

const EQUAL: &str = "RFC 9110 §8.6: equal lengths may be taken as one";
const ZEROS: &str = "RFC 9110 §8.6: any digits";
const LENGTH_REMOVED: &str =
    "RFC 9112 §6.3: Transfer-Encoding overrides, and Content-Length is removed";

const ANEW: &str = "RFC 9112 §6.1: a gateway may frame a body anew";
const NO_TAB: &str = "refusing a tab, which the RFC allows, is safe";
const ANY_CASE: &str = "RFC 9112 §7: names of codings are case-insensitive";
const UNFOLDED: &str = "RFC 9112 §5.2: each fold may be replaced by a space";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [
        lengths_refused(),
        lengths_repeated(),
        lengths_kept(),
        codings_refused(),
        codings_in_lines(),
        codings_with_length(),
        codings_kept(),
    ]
    .concat()
}

fn hello() -> Expected {
    let lines = ["content-length: 5", "!transfer-encoding"];
    Expected::forwarded(Want::new("POST /case HTTP/1.1", &lines).with_body("hello"))
}

/// A chunked body at the upstream, whatever its length was called before.
fn chunked(body: &str) -> Expected {
    let lines = ["transfer-encoding: chunked", "!content-length"];
    Expected::forwarded(Want::new("POST /case HTTP/1.1", &lines).with_body(body))
}

/// The body, framed in whatever way.
fn anew(start: &str, body: &str) -> Expected {
    Expected::forwarded(Want::new(start, &[]).with_body(body))
}

fn lengths_refused() -> Vec<Case> {
    let values = [
        ("plus", "+5"),
        ("minus", "-5"),
        ("minus-zero", "-0"),
        ("space-inside", "5 5"),
        ("tab-inside", "5\t5"),
        ("text-behind", "5x"),
        ("text-before", "x5"),
        ("semicolon", "5;"),
        ("parameter", "5;a=b"),
        ("comma-behind", "5,"),
        ("comma-before", ",5"),
        ("hex", "0x5"),
        ("hex-letter", "a"),
        ("point", "5.0"),
        ("exponent", "5e0"),
        ("underscore", "1_0"),
        ("quoted", "\"5\""),
        ("empty", ""),
        ("word", "five"),
        ("vertical-tab", "\u{b}5"),
        ("form-feed", "5\u{c}"),
        ("no-break-space", "\u{a0}5"),
        ("nul", "5\0"),
        ("wide-digit", "\u{ef}\u{bc}\u{95}"),
        ("arabic-digit", "\u{d9}\u{a5}"),
        ("overflow-63-bits", "9223372036854775808"),
        ("overflow-64-bits", "18446744073709551616"),
        ("overflow-to-5", "18446744073709551621"),
        ("30-digits", "100000000000000000000000000005"),
        ("list-that-differs", "5, 6"),
    ];
    let case = |(name, value): (&str, &str)| {
        Case::new(format!("content-length/{name}"), "RFC 9110 §8.6")
            .sends(post(&[&format!("Content-Length: {value}")], "hello"))
            .refused("400")
    };
    let mut cases: Vec<_> = values.into_iter().map(case).collect();
    cases.push(case(("list-of-equals", "5, 5")).or(hello(), EQUAL));
    cases.push(
        case(("20-digits", "00000000000000000005"))
            .or(hello(), ZEROS)
            .or(
                Expected::forwarded(Want::new("", &["content-length: 00000000000000000005"])),
                ZEROS,
            ),
    );
    cases
}

fn lengths_repeated() -> Vec<Case> {
    let lines: [(&str, &[&str]); 7] = [
        ("4-then-5", &["Content-Length: 4", "Content-Length: 5"]),
        ("5-then-4", &["Content-Length: 5", "Content-Length: 4"]),
        ("5-then-0", &["Content-Length: 5", "Content-Length: 0"]),
        ("0-then-5", &["Content-Length: 0", "Content-Length: 5"]),
        ("two-cases", &["Content-Length: 5", "content-length: 0"]),
        (
            "far-apart",
            &["Content-Length: 5", "X-A: 1", "Content-Length: 4"],
        ),
        ("second-is-empty", &["Content-Length: 5", "Content-Length:"]),
    ];
    let case = |(name, lines): (&str, &[&str])| {
        Case::new(format!("content-length/{name}"), "RFC 9112 §6.3")
            .sends(post(lines, "hello"))
            .refused("400")
    };
    let mut cases: Vec<_> = lines.into_iter().map(case).collect();
    cases.push(case(("two-equal", &["Content-Length: 5", "Content-Length: 5"])).or(hello(), EQUAL));
    cases.extend([
        case(("space-before-colon", &["Content-Length : 5"])),
        case(("tab-before-colon", &["Content-Length\t: 5"])),
        case(("folded", &["Content-Length:", " 5"])).or(
            hello(),
            "RFC 9112 §5.2: each fold may be replaced by a space",
        ),
        case(("behind-bare-lf", &["X-A: 1\nContent-Length: 5"])).or(hello(), LF_ENDS_LINES),
        case(("behind-bare-cr", &["X-A: 1\rContent-Length: 5"])),
    ]);
    cases
}

fn lengths_kept() -> Vec<Case> {
    let case = |name: &str, line: &str| {
        Case::new(format!("content-length/{name}"), "RFC 9110 §8.6").sends(post(&[line], "hello"))
    };
    let sent = |start: &str, length: &str, body: &str| {
        let line = format!("content-length: {length}");
        Expected::forwarded(Want::new(start, &[&line]).with_body(body))
    };
    let refused = || Expected::refused("400");
    vec![
        case("plain", "Content-Length: 5").expects(hello()),
        case("lower-case", "content-length: 5").expects(hello()),
        case("no-space", "Content-Length:5").expects(hello()),
        case("spaces-around", "Content-Length:   5  ").expects(hello()),
        case("tabs-around", "Content-Length:\t5\t")
            .expects(hello())
            .or(refused(), NO_TAB),
        case("leading-zero", "Content-Length: 05")
            .expects(hello())
            .or(sent("POST /case HTTP/1.1", "05", "hello"), ZEROS)
            .or(refused(), "a number that some read as octal may be refused"),
        Case::new("content-length/zero", "RFC 9110 §8.6")
            .sends(post(&["Content-Length: 0"], ""))
            .expects(sent("POST /case HTTP/1.1", "0", "")),
        Case::new("content-length/none-of-post", "RFC 9112 §6.3")
            .sends(post(&[], ""))
            .forwarded("POST /case HTTP/1.1", &["!transfer-encoding"], ""),
        Case::new("content-length/of-get", "RFC 9110 §9.3.1")
            .sends(request(
                "GET /case HTTP/1.1",
                &["Content-Length: 5"],
                "hello",
            ))
            .expects(sent("GET /case HTTP/1.1", "5", "hello")),
        Case::new("content-length/of-delete", "RFC 9110 §9.3.5")
            .sends(request(
                "DELETE /case HTTP/1.1",
                &["Content-Length: 5"],
                "hello",
            ))
            .expects(sent("DELETE /case HTTP/1.1", "5", "hello")),
        Case::new("content-length/of-options", "RFC 9110 §9.3.7")
            .sends(request(
                "OPTIONS /case HTTP/1.1",
                &["Content-Length: 5"],
                "hello",
            ))
            .expects(sent("OPTIONS /case HTTP/1.1", "5", "hello")),
        Case::new("content-length/named-in-connection", "RFC 9110 §7.6.1")
            .sends(post(
                &["Connection: Content-Length", "Content-Length: 5"],
                "hello",
            ))
            .expects(hello())
            .or(refused(), "no end-to-end field is to be named there")
            .or(chunked("hello"), "framed anew"),
    ]
}

const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";

fn codings_refused() -> Vec<Case> {
    let values = [
        ("twice", "chunked, chunked"),
        ("comma-behind", "chunked,"),
        ("comma-before", ",chunked"),
        ("letter-before", "xchunked"),
        ("letter-behind", "chunkedx"),
        ("not-last", "chunked, gzip"),
        ("gzip-alone", "gzip"),
        ("quoted", "\"chunked\""),
        ("empty", ""),
        ("identity", "identity"),
        ("identity-first", "identity, chunked"),
        ("identity-last", "chunked, identity"),
        ("parameter", "chunked;q=1"),
        ("semicolon", "chunked;"),
        ("space-inside", "chu nked"),
        ("hyphen", "chunk-ed"),
        ("unknown", "cow"),
        ("vertical-tab-before", "\u{b}chunked"),
        ("form-feed-behind", "chunked\u{c}"),
        ("no-break-space-before", "\u{a0}chunked"),
        ("nul-behind", "chunked\0"),
        ("nul-before", "\0chunked"),
        ("delete-behind", "chunked\u{7f}"),
        ("kelvin", "chun\u{e2}\u{84}\u{aa}ed"),
        ("colon-before", ": chunked"),
        ("brackets", "[chunked]"),
        ("backslash", "chunked\\"),
        ("slash", "chunked/1"),
        ("length", "5"),
    ];
    let case = |(name, value): (&str, &str), status| {
        Case::new(format!("transfer-encoding/{name}"), "RFC 9112 §6.1")
            .sends(post(&[&format!("Transfer-Encoding: {value}")], CHUNKS))
            .refused(status)
    };
    let unknown = [
        ("gzip-first", "gzip, chunked"),
        ("deflate-first", "deflate, chunked"),
        ("unknown-first", "cow, chunked"),
    ];
    let mut cases: Vec<_> = values.into_iter().map(|it| case(it, "400")).collect();
    cases.extend(unknown.into_iter().map(|it| case(it, "501")));
    cases
}

fn codings_in_lines() -> Vec<Case> {
    let lines: [(&str, &[&str]); 11] = [
        (
            "two-lines",
            &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ),
        (
            "two-lines-identity",
            &["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ),
        (
            "identity-two-lines",
            &["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
        ),
        (
            "two-lines-unknown",
            &["Transfer-Encoding: chunked", "Transfer-Encoding: cow"],
        ),
        (
            "unknown-two-lines",
            &["Transfer-Encoding: cow", "Transfer-Encoding: chunked"],
        ),
        (
            "second-is-empty",
            &["Transfer-Encoding: chunked", "Transfer-Encoding:"],
        ),
        ("space-before-colon", &["Transfer-Encoding : chunked"]),
        ("tab-before-colon", &["Transfer-Encoding\t: chunked"]),
        ("no-colon", &["Transfer-Encoding chunked"]),
        ("nul-in-name", &["Transfer\0-Encoding: chunked"]),
        ("behind-bare-cr", &["X-A: 1\rTransfer-Encoding: chunked"]),
    ];
    let case = |(name, lines): (&str, &[&str])| {
        Case::new(format!("transfer-encoding/{name}"), "RFC 9112 §6.1")
            .sends(post(lines, CHUNKS))
            .refused("400")
    };
    let mut cases: Vec<_> = lines.into_iter().map(case).collect();
    cases.extend([
        case(("folded", &["Transfer-Encoding:", " chunked"])).or(
            chunked("hello"),
            "RFC 9112 §5.2: each fold may be replaced by a space",
        ),
        case(("space-before-name", &[" Transfer-Encoding: chunked"])).or(
            Expected::exchanged(
                Vec::new(),
                vec![Want::new("404", &[]), Want::new("400", &[])],
            )
            .and_may_end(),
            UNFOLDED,
        ),
        case(("folded-list", &["Transfer-Encoding: chunked,", " identity"])),
        case(("behind-bare-lf", &["X-A: 1\nTransfer-Encoding: chunked"]))
            .or(anew("POST /case HTTP/1.1", "hello"), LF_ENDS_LINES),
        case((
            "behind-bare-lf-in-value",
            &["Transfer-Encoding: \n chunked"],
        ))
        .or(anew("POST /case HTTP/1.1", "hello"), UNFOLDED),
        Case::new("transfer-encoding/in-1.0", "RFC 9112 §6.1")
            .sends(request(
                "POST /case HTTP/1.0",
                &["Transfer-Encoding: chunked"],
                CHUNKS,
            ))
            .refused("400"),
        Case::new("transfer-encoding/in-1.0-kept-alive", "RFC 9112 §6.1")
            .sends(request(
                "POST /case HTTP/1.0",
                &["Connection: keep-alive", "Transfer-Encoding: chunked"],
                CHUNKS,
            ))
            .refused("400"),
    ]);
    cases
}

fn codings_with_length() -> Vec<Case> {
    let lines: [(&str, &[&str]); 6] = [
        (
            "length-first",
            &["Content-Length: 15", "Transfer-Encoding: chunked"],
        ),
        (
            "length-last",
            &["Transfer-Encoding: chunked", "Content-Length: 15"],
        ),
        (
            "length-zero",
            &["Content-Length: 0", "Transfer-Encoding: chunked"],
        ),
        (
            "length-short",
            &["Content-Length: 4", "Transfer-Encoding: chunked"],
        ),
        (
            "length-long",
            &["Content-Length: 100", "Transfer-Encoding: chunked"],
        ),
        (
            "length-nonsense",
            &["Content-Length: x", "Transfer-Encoding: chunked"],
        ),
    ];
    let case = |(name, lines): (&str, &[&str])| {
        Case::new(format!("transfer-encoding/{name}"), "RFC 9112 §6.3")
            .sends(post(lines, CHUNKS))
            .refused("400")
            .or(chunked("hello").and_may_end(), LENGTH_REMOVED)
    };
    lines.into_iter().map(case).collect()
}

fn codings_kept() -> Vec<Case> {
    let case = |name: &str, line: &str| {
        let request = post(&[line], CHUNKS);
        Case::new(format!("transfer-encoding/{name}"), "RFC 9112 §7.1")
            .sends(request)
            .or(hello(), ANEW)
            .or(anew("POST /case HTTP/1.1", "hello"), ANY_CASE)
    };
    vec![
        case("plain", "Transfer-Encoding: chunked").expects(chunked("hello")),
        case("lower-case", "transfer-encoding: chunked").expects(chunked("hello")),
        // An upstream that reads the value less well must not be led astray: it gets the plain form.
        case("upper-case", "TRANSFER-ENCODING: CHUNKED").expects(chunked("hello")),
        case("mixed-case", "Transfer-Encoding: ChUnKeD").expects(chunked("hello")),
        case("no-space", "Transfer-Encoding:chunked").expects(chunked("hello")),
        case("tab", "Transfer-Encoding:\tchunked").expects(chunked("hello")).or(Expected::refused("400|501"), NO_TAB),
        case("tab-behind", "Transfer-Encoding: chunked\t").expects(chunked("hello")).or(Expected::refused("400|501"), NO_TAB),
        case("spaces", "Transfer-Encoding:      chunked   ").expects(chunked("hello")),
        Case::new("transfer-encoding/of-get", "RFC 9112 §6.1")
            .sends(request("GET /case HTTP/1.1", &["Transfer-Encoding: chunked"], CHUNKS))
            .forwarded("GET /case HTTP/1.1", &["transfer-encoding: chunked"], "hello").or(anew("GET /case HTTP/1.1", "hello"), ANEW),
        Case::new("transfer-encoding/named-in-connection", "RFC 9110 §7.6.1")
            .sends(post(
                &["Connection: Transfer-Encoding", "Transfer-Encoding: chunked"],
                CHUNKS,
            ))
            .expects(chunked("hello")).or(anew("POST /case HTTP/1.1", "hello"), ANEW)
            .or(Expected::refused("400"), "refusing it is right as well"),
        Case::new("transfer-encoding/te-is-another-field", "RFC 9110 §10.1.4")
            .sends(latin1(
                "POST /case HTTP/1.1\r\nHost: auth.test\r\nTE: chunked\r\nContent-Length: 5\r\n\r\nhello",
            ))
            .expects(hello()),
    ]
}
