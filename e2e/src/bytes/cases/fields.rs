//! Field lines (RFC 9112 §5, RFC 9110 §5).

use super::LF_ENDS_LINES;
use crate::bytes::{Case, Expected, Want, get, latin1};

const RETAINED: &str = "RFC 9110 §5.5: a control may be kept within a value that is not trusted";
const UNFOLDED: &str = "RFC 9112 §5.2: each fold may be replaced by a space";
const REPLACED: &str = "RFC 9112 §2.2: a bare CR may be replaced by a space";
const IGNORED: &str = "a line that is no field is left out: one reading remains";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [
        malformed(),
        controls(),
        line_ends(),
        folded(),
        kept(),
        disguised(),
    ]
    .concat()
}

fn forwarded(lines: &[&str]) -> Expected {
    Expected::forwarded(Want::new("GET /case HTTP/1.1", lines))
}

fn malformed() -> Vec<Case> {
    let must = [
        ("space-before-colon", "X-A : 1"),
        ("tab-before-colon", "X-A\t: 1"),
        ("space-before-colon-of-host", "Host : other.test"),
    ];
    let lines = [
        ("no-name", ": 1"),
        ("no-colon", "X-A"),
        ("request-line", "GET /smuggled HTTP/1.1"),
        ("space-in-name", "X A: 1"),
        ("parentheses-in-name", "X(A): 1"),
        ("slash-in-name", "X/A: 1"),
        ("at-in-name", "X@A: 1"),
        ("quotes-in-name", "\"X-A\": 1"),
        ("nul-in-name", "X\0A: 1"),
        ("control-in-name", "X\u{1}A: 1"),
        ("delete-in-name", "X\u{7f}A: 1"),
        ("byte-above-ascii-in-name", "X\u{c4}A: 1"),
        ("no-break-space-behind-name", "X-A\u{a0}: 1"),
        ("vertical-tab-before-colon", "X-A\u{b}: 1"),
    ];
    let case = |(name, line): (&str, &str)| {
        Case::new(format!("field/{name}"), "RFC 9112 §5.1")
            .sends(get(&[line, "X-Z: 2"]))
            .refused("400")
    };
    let mut cases: Vec<_> = must.into_iter().map(case).collect();
    let left_out = || forwarded(&["host: auth.test", "x-z: 2"]);
    cases.extend(lines.into_iter().map(|it| case(it).or(left_out(), IGNORED)));
    cases
}

fn controls() -> Vec<Case> {
    let case = |name: String, value: &str| {
        Case::new(name, "RFC 9110 §5.5")
            .sends(get(&[&format!("X-A: a{value}b")]))
            .refused("400")
    };
    let mut cases = vec![
        case("field/nul-in-value".to_owned(), "\0"),
        case("field/bare-cr-in-value".to_owned(), "\r").or(forwarded(&["x-a: a b"]), REPLACED),
    ];
    for control in [1, 7, 8, 0xB, 0xC, 0x1B, 0x1F, 0x7F] {
        let value = char::from(control).to_string();
        let kept = Want::new("GET /case HTTP/1.1", &["x-a"]).with_controls();
        cases.push(
            case(format!("field/control-{control:02x}-in-value"), &value)
                .or(Expected::forwarded(kept), RETAINED),
        );
    }
    cases
}

fn line_ends() -> Vec<Case> {
    let case = |name: &str, bytes: &str| {
        Case::new(format!("line-end/{name}"), "RFC 9112 §2.2")
            .sends(latin1(bytes))
            .refused("400")
    };
    let start = "GET /case HTTP/1.1\r\n";
    vec![
        case(
            "lf-behind-field",
            &format!("{start}Host: auth.test\nX-A: 1\r\n\r\n"),
        )
        .or(forwarded(&["host: auth.test", "x-a: 1"]), LF_ENDS_LINES),
        case(
            "lf-for-empty-line",
            &format!("{start}Host: auth.test\r\n\n"),
        )
        .or(forwarded(&["host: auth.test"]), LF_ENDS_LINES),
        case("lf-everywhere", "GET /case HTTP/1.1\nHost: auth.test\n\n")
            .or(forwarded(&["host: auth.test"]), LF_ENDS_LINES),
        case(
            "cr-behind-field",
            &format!("{start}Host: auth.test\rX-A: 1\r\n\r\n"),
        ),
        case("cr-cr-lf", &format!("{start}Host: auth.test\r\r\n\r\n"))
            .or(forwarded(&["host: auth.test"]), REPLACED),
        case(
            "cr-for-empty-line",
            &format!("{start}Host: auth.test\r\n\rX\r\n\r\n"),
        ),
        case("lf-cr", &format!("{start}Host: auth.test\n\r\n"))
            .or(forwarded(&["host: auth.test"]), LF_ENDS_LINES),
        case(
            "request-behind-bare-cr",
            &format!("{start}Host: auth.test\r\nX-A: 1\r\rGET /smuggled HTTP/1.1\r\n\r\n"),
        ),
        case(
            "nul-before-line-end",
            &format!("{start}Host: auth.test\r\nX-A: 1\0\r\n\r\n"),
        ),
    ]
}

fn folded() -> Vec<Case> {
    let case = |name: &str, bytes: &str| {
        Case::new(format!("fold/{name}"), "RFC 9112 §5.2")
            .sends(bytes)
            .refused("400")
    };
    let start = "GET /case HTTP/1.1\r\nHost: auth.test\r\n";
    vec![
        case("space", &format!("{start}X-A: 1\r\n 2\r\n\r\n")).or(forwarded(&["x-a"]), UNFOLDED),
        case("tab", &format!("{start}X-A: 1\r\n\t2\r\n\r\n")).or(forwarded(&["x-a"]), UNFOLDED),
        case("host", "GET /case HTTP/1.1\r\nHost:\r\n auth.test\r\n\r\n")
            .or(forwarded(&["host: auth.test"]), UNFOLDED),
        case(
            "first-line",
            "GET /case HTTP/1.1\r\n Host: auth.test\r\n\r\n",
        ),
        case(
            "first-line-of-two",
            "GET /case HTTP/1.1\r\n X-A: 1\r\nHost: auth.test\r\n\r\n",
        )
        .or(
            forwarded(&["host: auth.test", "!x-a"]),
            "RFC 9112 §2.2: such lines may be consumed",
        ),
        case("white-line", &format!("{start} \r\n\r\n"))
            .or(forwarded(&["host: auth.test"]), UNFOLDED),
    ]
}

fn kept() -> Vec<Case> {
    let case = |name: &str, fields: &[&str], lines: &[&str]| {
        Case::new(format!("field/{name}"), "RFC 9110 §5.3")
            .sends(get(fields))
            .expects(forwarded(lines))
    };
    vec![
        case(
            "bytes-above-ascii",
            &["X-A: caf\u{c3}\u{a9}"],
            &["x-a: caf\u{c3}\u{a9}"],
        ),
        case("empty-value", &["X-A:"], &["x-a: "]),
        case("no-space", &["X-A:1"], &["x-a: 1"]),
        case("tab-around-value", &["X-A:\t1\t"], &["x-a: 1"]),
        case("tab-inside-value", &["X-A: a\tb"], &["x-a: a\tb"]),
        case("colon-in-value", &["X-A: a:b: c"], &["x-a: a:b: c"]),
        case(
            "odd-token",
            &["X-!#$%&'*+.^`|~: 1"],
            &["x-!#$%&'*+.^`|~: 1"],
        )
        .or(
            forwarded(&["!x-!#$%&'*+.^`|~"]),
            "an operator may leave out names of unusual letters",
        ),
        case(
            "cookies",
            &["Cookie: a=1; b=\"2\""],
            &["cookie: a=1; b=\"2\""],
        ),
    ]
}

/// Names that a CGI-like server takes for those with hyphens (RFC 3875 §4.1.18).
fn disguised() -> Vec<Case> {
    let names = [
        "Content_Length",
        "Transfer_Encoding",
        "X_Forwarded_For",
        "X_Forwarded_Proto",
        "X_Real_IP",
        "Proxy_Connection",
    ];
    let case = |name: &&str| {
        let absent = format!("!{}", name.to_lowercase());
        Case::new(
            format!("disguise/{}", name.to_lowercase()),
            "RFC 3875 §4.1.18",
        )
        .sends(get(&[&format!("{name}: 1")]))
        .expects(forwarded(&[&absent]))
        .or(Expected::refused("400"), "refusing it is right as well")
    };
    names.iter().map(case).collect()
}
