//! The chunked coding and its trailers (RFC 9112 §7.1).

use crate::bytes::{Case, Expected, Want, post};

const WHITE_SPACE: &str = "RFC 9112 §7.1.1: white space before an extension is bad, and read";

const LEFT_OUT: &str = "RFC 9110 §6.5: trailers may be left out";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [
        sizes(),
        ends(),
        extensions(),
        kept(),
        trailers_kept(),
        trailers_refused(),
    ]
    .concat()
}

fn case(class: &str, name: &str, body: &str) -> Case {
    Case::new(format!("{class}/{name}"), "RFC 9112 §7.1")
        .sends(post(&["Transfer-Encoding: chunked"], body))
}

/// Of a body that turns out to be bad, the app has seen at most a beginning.
fn refused(class: &str, name: &str, body: &str) -> Case {
    case(class, name, body).expects(Expected::cut_off("400"))
}

fn forwarded(body: &str, lines: &[&str]) -> Expected {
    // In chunks or with a length: how a gateway frames it anew is its own affair.
    Expected::forwarded(Want::new("POST /case HTTP/1.1", lines).with_body(body))
}

fn sizes() -> Vec<Case> {
    let sizes = [
        ("empty", ""),
        ("letter", "g"),
        ("plus", "+5"),
        ("minus", "-5"),
        ("hex-prefix", "0x5"),
        ("space-before", " 5"),
        ("tab-before", "\t5"),
        ("two-numbers", "5 5"),
        ("comma", "5,"),
        ("point", "5.0"),
        ("quoted", "\"5\""),
        ("underscore", "0_5"),
        ("nul-behind", "5\0"),
        ("vertical-tab-behind", "5\u{b}"),
        ("wide-digit", "\u{ef}\u{bc}\u{95}"),
        ("17-digits", "00000000000000005"),
        ("overflow", "10000000000000005"),
        ("overflow-by-far", "fffffffffffffffffffffffff5"),
        ("sign-bit", "8000000000000005"),
        ("all-bits", "ffffffffffffffff"),
    ];
    let mut cases: Vec<_> = sizes
        .into_iter()
        .map(|(name, size)| {
            let body = format!("{size}\r\nhello\r\n0\r\n\r\n");
            refused("chunk-size", name, &body)
        })
        .collect();
    // The grammar allows any number of digits.
    for case in cases.iter_mut().filter(|it| it.name.ends_with("17-digits")) {
        case.allowed.push((
            forwarded("hello", &[]),
            "RFC 9112 §7.1: any number of digits",
        ));
    }
    for (name, size) in [("space-behind", "5 "), ("tab-behind", "5\t")] {
        let body = format!("{size}\r\nhello\r\n0\r\n\r\n");
        cases.push(refused("chunk-size", name, &body).or(forwarded("hello", &[]), WHITE_SPACE));
    }
    cases
}

fn ends() -> Vec<Case> {
    let bodies = [
        ("lf-behind-size", "5\nhello\r\n0\r\n\r\n"),
        ("cr-behind-size", "5\rhello\r\n0\r\n\r\n"),
        ("cr-cr-lf-behind-size", "5\r\r\nhello\r\n0\r\n\r\n"),
        ("lf-behind-content", "5\r\nhello\n0\r\n\r\n"),
        ("cr-behind-content", "5\r\nhello\r0\r\n\r\n"),
        ("nothing-behind-content", "5\r\nhello0\r\n\r\n"),
        ("two-bytes-behind-content", "5\r\nhelloXX0\r\n\r\n"),
        ("content-too-long", "5\r\nhello!\r\n0\r\n\r\n"),
        ("content-too-short", "7\r\nhello\r\n0\r\n\r\n"),
        ("lf-for-crlf-everywhere", "5\nhello\n0\n\n"),
        ("empty-line-first", "\r\n5\r\nhello\r\n0\r\n\r\n"),
        ("empty-line-between", "5\r\nhello\r\n\r\n0\r\n\r\n"),
        ("lf-behind-last-size", "5\r\nhello\r\n0\n\r\n"),
        ("cr-for-last-line", "5\r\nhello\r\n0\r\n\rX\r\n"),
    ];
    let mut cases: Vec<_> = bodies
        .into_iter()
        .map(|(name, body)| refused("chunk-end", name, body))
        .collect();
    cases.push(
        refused("chunk-end", "lf-for-last-line", "5\r\nhello\r\n0\r\n\n")
            .or(forwarded("hello", &[]), super::LF_ENDS_LINES),
    );
    let request = "0\r\nGET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    cases.push(
        refused("chunk-end", "request-for-last-line", request)
            .or(forwarded("", &["trailer !host"]), LEFT_OUT),
    );
    cases.push(
        refused(
            "chunk-end",
            "text-for-last-line",
            "5\r\nhello\r\n0\r\nX\r\n\r\n",
        )
        .or(forwarded("hello", &[]), LEFT_OUT),
    );
    cases
}

fn extensions() -> Vec<Case> {
    let with = |extension: &str| format!("5{extension}\r\nhello\r\n0\r\n\r\n");
    let bad = [
        ("bare-cr", ";a\rb"),
        ("bare-lf", ";\nab"),
        ("bare-lf-in-quotes", ";a=\"\nb\""),
        ("bare-lf-and-chunk", ";a\nhello\r\n0\r\n\r\nX"),
    ];
    let dropped = [("nul", ";a\0"), ("control", ";a\u{1}")];
    let kept = [
        ("name", ";a"),
        ("name-and-value", ";a=b"),
        ("quoted", ";a=\"b;c\""),
        ("several", ";a=b;c=d"),
        ("semicolon-alone", ";"),
        ("space-before", " ;a"),
        ("space-behind", "; a = b"),
    ];
    let mut cases: Vec<_> = bad
        .into_iter()
        .map(|(name, it)| refused("chunk-extension", name, &with(it)))
        .collect();
    cases.extend(dropped.into_iter().map(|(name, it)| {
        refused("chunk-extension", name, &with(it)).or(
            forwarded("hello", &[]),
            "RFC 9112 §7.1.1: nothing of it is left, since the extension is dropped",
        )
    }));
    cases.extend(kept.into_iter().map(|(name, it)| {
        case("chunk-extension", name, &with(it))
            .expects(forwarded("hello", &[]))
            .or(
                Expected::cut_off("400"),
                "an extension that nobody knows may be refused",
            )
    }));
    let long = format!(";{}", "a".repeat(20_000));
    let each = format!("1;{}\r\nx\r\n", "a".repeat(200)).repeat(200);
    cases.push(
        refused("chunk-extension", "without-bound", &with(&long)).or(
            forwarded("hello", &[]),
            "RFC 9112 §7.1.1: a server ought to bound it",
        ),
    );
    cases.push(
        refused("chunk-extension", "many", &format!("{each}0\r\n\r\n")).or(
            forwarded(&"x".repeat(200), &[]),
            "a bound is for each to choose",
        ),
    );
    cases
}

fn kept() -> Vec<Case> {
    let hello = || forwarded("hello", &[]);
    let sixteen = "0123456789abcdef";
    vec![
        case("chunked", "one", "5\r\nhello\r\n0\r\n\r\n").expects(hello()),
        case("chunked", "two", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n").expects(hello()),
        case("chunked", "none", "0\r\n\r\n").expects(forwarded("", &[])),
        case("chunked", "leading-zeros", "0005\r\nhello\r\n000\r\n\r\n").expects(hello()),
        case(
            "chunked",
            "lower-case",
            &format!("10\r\n{sixteen}\r\n0\r\n\r\n"),
        )
        .expects(forwarded(sixteen, &[])),
        case("chunked", "upper-case", "A\r\n0123456789\r\n0\r\n\r\n")
            .expects(forwarded("0123456789", &[])),
        case("chunked", "crlf-in-content", "4\r\n\r\n\r\n\r\n0\r\n\r\n")
            .expects(forwarded("\r\n\r\n", &[])),
        case(
            "chunked",
            "chunks-in-content",
            "9\r\n0\r\n\r\nGET \r\n0\r\n\r\n",
        )
        .expects(forwarded("0\r\n\r\nGET ", &[])),
        case(
            "chunked",
            "extension-of-the-last",
            "5\r\nhello\r\n0;a=b\r\n\r\n",
        )
        .expects(hello()),
    ]
}

fn trailers_kept() -> Vec<Case> {
    let with = |lines: &str| format!("5\r\nhello\r\n0\r\n{lines}\r\n");
    let left_out = "RFC 9110 §6.5: a trailer may be left out";
    let mut cases = vec![
        case("trailer", "ordinary", &with("X-Sum: 1\r\n"))
            .expects(forwarded("hello", &["trailer x-sum: 1"]))
            .or(forwarded("hello", &["trailer !x-sum"]), left_out),
        case("trailer", "two", &with("X-Sum: 1\r\nX-Time: 2\r\n"))
            .expects(forwarded(
                "hello",
                &["trailer x-sum: 1", "trailer x-time: 2"],
            ))
            .or(forwarded("hello", &["trailer !x-sum"]), left_out),
    ];
    // Those that would change what the request is if they were merged into its head.
    let names = [
        "Authorization",
        "Connection",
        "Content-Encoding",
        "Content_Length",
        "Content-Type",
        "Cookie",
        "Expect",
        "Keep-Alive",
        "Range",
        "TE",
        "Trailer",
        "Transfer_Encoding",
        "Upgrade",
        "X-Forwarded-For",
        "X-HTTP-Method-Override",
    ];
    for name in names {
        let name = name.to_lowercase();
        let absent = format!("trailer !{name}");
        cases.push(
            case("trailer", &name, &with(&format!("{name}: 1\r\n")))
                .expects(forwarded("hello", &[&absent]))
                .or(Expected::cut_off("400"), "refusing it is right as well")
                .or(
                    forwarded("hello", &[]),
                    "RFC 9110 §6.5.2: trailers go on apart from the head; not to merge them is the app's",
                ),
        );
    }
    cases
}

fn trailers_refused() -> Vec<Case> {
    let with = |lines: &str| format!("5\r\nhello\r\n0\r\n{lines}\r\n\r\n");
    let framing = [
        ("content-length", "Content-Length: 5"),
        ("transfer-encoding", "Transfer-Encoding: chunked"),
        ("host", "Host: evil.test"),
    ];
    let malformed = [
        ("no-colon", "X-Sum"),
        ("space-before-colon", "X-Sum : 1"),
        ("no-name", ": 1"),
        ("nul", "X-Sum: \0"),
        ("bare-cr", "X-Sum: 1\rX"),
    ];
    let mut cases: Vec<_> = malformed
        .into_iter()
        .map(|(name, lines)| {
            refused("trailer", name, &with(lines))
                .or(forwarded("hello", &["trailer !x-sum"]), LEFT_OUT)
        })
        .collect();
    cases.push(refused("trailer", "folded", &with("X-Sum: 1\r\n 2")).or(
        forwarded("hello", &[]),
        "RFC 9112 §5.2: each fold may be replaced by a space",
    ));
    cases.push(
        refused("trailer", "bare-lf", &with("X-Sum: 1\nX-Time: 2"))
            .or(forwarded("hello", &[]), super::LF_ENDS_LINES),
    );
    cases.extend(framing.into_iter().map(|(name, line)| {
        let absent = format!("trailer !{}", line.split(':').next().unwrap_or_default());
        refused("trailer", name, &with(line)).or(
            forwarded("hello", &[&absent]),
            "RFC 9110 §6.5.1: it may be left out",
        )
    }));
    let many = vec!["X-Sum: 1"; 200].join("\r\n");
    let long = format!("X-Sum: {}", "1".repeat(70_000));
    cases.push(
        refused("trailer", "too-many", &with(&many))
            .or(forwarded("hello", &[]), "a bound is for each to choose"),
    );
    cases.push(
        refused("trailer", "too-long", &with(&long))
            .or(forwarded("hello", &[]), "a bound is for each to choose"),
    );
    cases
}
