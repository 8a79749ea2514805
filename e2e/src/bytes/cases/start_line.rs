//! Request lines, versions and targets (RFC 9112 §2.3, §3).

use super::LF_ENDS_LINES;
use crate::bytes::{Case, Expected, Want, latin1, request};

const BASIS: &str = "RFC 9112 §3";
const LENIENT: &str = "RFC 9112 §3: refusing an invalid request line is a SHOULD";
const LATER_MINOR: &str = "RFC 9110 §2.5: a later 1.x may be processed as the highest known";
const WHITE_SPACE: &str = "RFC 9112 §3: a recipient may part the request line at any white space";
const AS_IT_CAME: &str = "RFC 9112 §3.2.2: servers accept the absolute form too";
const UNWANTED: &str = "RFC 9110 §9.1: a method may be refused";
const EMPTY_LINES: &str = "RFC 9112 §2.2: at least one empty line before a request is ignored";
const TARGET_WINS: &str =
    "RFC 9112 §3.2.2: a proxy ignores the Host received and replaces it by the target's";
const UNWISE: &str = "not in the grammar of RFC 3986: refusing is right as well";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [
        malformed(),
        versions(),
        first_bytes(),
        targets_kept(),
        targets_refused(),
        absolute(),
        methods(),
    ]
    .concat()
}

fn line(start: &str) -> Vec<u8> {
    latin1(&format!("{start}\r\nHost: auth.test\r\n\r\n"))
}

fn malformed() -> Vec<Case> {
    let lines = [
        ("no-version", "GET /case"),
        ("space-in-target", "GET /case a HTTP/1.1"),
        ("text-last", "GET /case HTTP/1.1 x"),
        ("no-method", "/case HTTP/1.1"),
        ("no-target", "GET HTTP/1.1"),
        ("nothing-for-target", "GET  HTTP/1.1"),
        ("parenthesis-in-method", "G(T /case HTTP/1.1"),
        ("colon-in-method", "GET: /case HTTP/1.1"),
        ("nul-in-method", "G\0T /case HTTP/1.1"),
        ("byte-above-ascii-in-method", "G\u{c4}T /case HTTP/1.1"),
        ("nul-in-target", "GET /ca\0se HTTP/1.1"),
        ("delete-in-target", "GET /ca\u{7f}se HTTP/1.1"),
        ("control-in-target", "GET /ca\u{1}se HTTP/1.1"),
        ("bare-cr-in-target", "GET /ca\rse HTTP/1.1"),
        ("status-line", "HTTP/1.1 200 OK"),
    ];
    let spaced = [
        ("two-spaces-before-target", "GET  /case HTTP/1.1"),
        ("two-spaces-before-version", "GET /case  HTTP/1.1"),
        ("space-first", " GET /case HTTP/1.1"),
        ("space-last", "GET /case HTTP/1.1 "),
        ("tab-before-target", "GET\t/case HTTP/1.1"),
        ("tab-before-version", "GET /case\tHTTP/1.1"),
        ("vertical-tab", "GET /case\u{b}HTTP/1.1"),
        ("form-feed", "GET\u{c}/case HTTP/1.1"),
        ("bare-cr-last", "GET /case HTTP/1.1\r"),
    ];
    let case = |(name, start): (&str, &str)| {
        Case::new(format!("start-line/{name}"), BASIS)
            .sends(line(start))
            .refused("400")
    };
    let mut cases: Vec<_> = lines.into_iter().map(case).collect();
    cases.extend(
        spaced
            .into_iter()
            .map(|it| case(it).or(forwarded(), WHITE_SPACE)),
    );
    cases.push(
        Case::new("start-line/bare-lf", "RFC 9112 §2.2")
            .sends("GET /case HTTP/1.1\nHost: auth.test\r\n\r\n")
            .refused("400")
            .or(forwarded(), LF_ENDS_LINES),
    );
    cases.push(
        Case::new("start-line/long-method", BASIS)
            .sends(line(&format!("{} /case HTTP/1.1", "X".repeat(40))))
            .refused("400")
            .or(
                Expected::forwarded(Want::default()),
                "RFC 9112 §3.1: no length is set",
            ),
    );
    cases
}

fn forwarded() -> Expected {
    Expected::forwarded(Want::new("GET /case HTTP/1.1", &["host: auth.test"]))
}

fn versions() -> Vec<Case> {
    let basis = "RFC 9112 §2.3";
    let case = |(name, version): (&str, &str), status| {
        Case::new(format!("version/{name}"), basis)
            .sends(line(&format!("GET /case {version}")))
            .refused(status)
    };
    let unknown = [
        ("0.9", "HTTP/0.9"),
        ("2.0", "HTTP/2.0"),
        ("3.0", "HTTP/3.0"),
        ("3.7", "HTTP/3.7"),
        ("9.9", "HTTP/9.9"),
    ];
    let later = [("1.2", "HTTP/1.2"), ("1.9", "HTTP/1.9")];
    let none = [
        ("one-number", "HTTP/1"),
        ("three-numbers", "HTTP/1.1.1"),
        ("lower-case", "http/1.1"),
        ("comma", "HTTP/1,1"),
        ("two-digits", "HTTP/01.1"),
        ("two-digits-minor", "HTTP/1.01"),
        ("large-minor", "HTTP/1.10"),
        ("space-inside", "HTTP/ 1.1"),
        ("space-before-slash", "HTTP /1.1"),
        ("misspelt", "HTP/1.1"),
        ("https", "HTTPS/1.1"),
        ("sign", "HTTP/+1.1"),
        ("nul-behind", "HTTP/1.1\0"),
        ("letters", "HTTP/a.b"),
    ];
    let mut cases: Vec<_> = unknown.into_iter().map(|it| case(it, "505")).collect();
    cases.extend(
        later
            .into_iter()
            .map(|it| case(it, "505").or(forwarded(), LATER_MINOR)),
    );
    cases.extend(none.into_iter().map(|it| case(it, "400")));
    cases.push(
        Case::new("version/1.0-becomes-1.1", basis)
            .sends("GET /case HTTP/1.0\r\nHost: auth.test\r\n\r\n")
            .expects(forwarded().and_ends()),
    );
    cases.push(
        Case::new("version/1.0-kept-alive", "RFC 9112 §9.3")
            .sends("GET /case HTTP/1.0\r\nHost: auth.test\r\nConnection: keep-alive\r\n\r\n")
            .expects(forwarded())
            .or(forwarded().and_ends(), "RFC 9112 §9.3: keeping it is a MAY"),
    );
    cases
}

fn first_bytes() -> Vec<Case> {
    let request = "GET /case HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    let case = |name: &str, bytes: &str| {
        Case::new(format!("first-bytes/{name}"), "RFC 9112 §2.2").sends(latin1(bytes))
    };
    vec![
        case("one-empty-line", &format!("\r\n{request}")).expects(forwarded()),
        case("two-empty-lines", &format!("\r\n\r\n{request}"))
            .refused("400")
            .or(forwarded(), EMPTY_LINES),
        case("lf", &format!("\n{request}"))
            .refused("400")
            .or(forwarded(), LF_ENDS_LINES),
        case("cr", &format!("\r{request}"))
            .refused("400")
            .or(forwarded(), WHITE_SPACE),
        case("nul", &format!("\0{request}")).refused("400"),
        case("byte-order-mark", &format!("\u{ef}\u{bb}\u{bf}{request}")).refused("400"),
        case("http-0.9", "GET /case\r\n").refused("400"),
        case("http-2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").refused("505"),
        case(
            "tls",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n",
        )
        .refused("400"),
        case(
            "proxy-protocol",
            &format!("PROXY TCP4 203.0.113.1 203.0.113.2 1 2\r\n{request}"),
        )
        .refused("400"),
        case("ssh", "SSH-2.0-OpenSSH_9.2\r\n\r\n").refused("400"),
    ]
}

fn targets_kept() -> Vec<Case> {
    let case = |(name, target): (&str, &str)| {
        let start = format!("GET {target} HTTP/1.1");
        let sent = Want::new(&start, &["host: auth.test"]);
        Case::new(format!("target/{name}"), "RFC 9112 §3.2.1")
            .sends(request(&start, &[], ""))
            .expects(Expected::forwarded(sent))
    };
    let kept = [
        ("escapes", "/a%2Fb%20c?q=%20&x=%5B1%5D"),
        ("dots", "/a/../b/./c"),
        ("two-slashes", "//double//slash"),
        ("empty-query", "/case?"),
        ("question-marks", "/case?a?b??c"),
        ("marks", "/a;b=c,d:e@f!$&'()*+~"),
        ("semicolon-dots", "/..;/case"),
        ("slash-in-query", "/case?/../x"),
    ];
    let unwise = [
        ("brackets", "/case?x=[1]"),
        ("pipe", "/case?a|b"),
        ("quotes", "/\"case\""),
        ("backslash", "/a\\b"),
        ("braces", "/{case}"),
        ("caret", "/^case`"),
        ("angles", "/<case>"),
        ("bad-escape", "/case%zz"),
        ("short-escape", "/case%2"),
        ("escaped-nul", "/case%00"),
        ("escaped-line-end", "/case%0d%0aX:y"),
        ("above-root", "/../../case"),
    ];
    let mut cases: Vec<_> = kept.into_iter().map(case).collect();
    cases.extend(
        unwise
            .into_iter()
            .map(|it| case(it).or(Expected::refused("400"), UNWISE)),
    );
    cases
}

fn targets_refused() -> Vec<Case> {
    let as_it_is = || Expected::forwarded(Want::default());
    let case = |(name, target): (&str, &str)| {
        Case::new(format!("target/{name}"), "RFC 9112 §3.2")
            .sends(line(&format!("GET {target} HTTP/1.1")))
            .refused("400")
    };
    let refused = [
        ("no-slash", "case"),
        ("asterisk-of-get", "*"),
        ("authority-of-get", "auth.test:80"),
        ("query-alone", "?case"),
        ("scheme-alone", "http:/case"),
        ("no-authority", "http:///case"),
        ("nothing-behind-scheme", "http://"),
        ("another-scheme", "ftp://auth.test/case"),
        ("no-slashes", "http:auth.test/case"),
    ];
    let lenient = [
        ("fragment", "/case#part"),
        ("byte-above-ascii", "/c\u{e4}se"),
        ("utf-8", "/c\u{c3}\u{a4}se"),
    ];
    let mut cases: Vec<_> = refused.into_iter().map(case).collect();
    cases.extend(
        lenient
            .into_iter()
            .map(|it| case(it).or(as_it_is(), LENIENT)),
    );
    cases
}

fn absolute() -> Vec<Case> {
    let basis = "RFC 9112 §3.2.2";
    let send = |name: &str, target: &str, host: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Case::new(format!("absolute-form/{name}"), basis).sends(request)
    };
    let kept = [
        ("path-and-query", "http://auth.test/case?b=c", "/case?b=c"),
        ("no-path", "http://auth.test", "/"),
        ("no-path-but-query", "http://auth.test?b=c", "/?b=c"),
        ("upper-case-scheme", "HTTP://auth.test/case", "/case"),
        ("upper-case-host", "http://AUTH.TEST/case", "/case"),
        ("https", "https://auth.test/case", "/case"),
        ("two-slashes", "http://auth.test//case", "//case"),
        (
            "at-in-query",
            "http://auth.test?@evil.test/case",
            "/?@evil.test/case",
        ),
    ];
    let mut cases: Vec<_> = kept
        .into_iter()
        .map(|(name, target, sent)| {
            let start = format!("GET {sent} HTTP/1.1");
            let as_it_came = format!("GET {target} HTTP/1.1");
            send(name, target, "auth.test")
                .forwarded(&start, &["host: auth.test"], "")
                .or(
                    Expected::forwarded(Want::new(&as_it_came, &["host"])),
                    AS_IT_CAME,
                )
        })
        .collect();
    let replaced = || Expected::forwarded(Want::new("GET /case HTTP/1.1", &["host: auth.test"]));
    cases.extend([
        send("another-host", "http://auth.test/case", "other.test")
            .refused("400")
            .or(replaced(), TARGET_WINS),
        send(
            "another-host-in-target",
            "http://other.test/case",
            "auth.test",
        )
        .refused("400"),
        send("another-port", "http://auth.test:81/case", "auth.test")
            .refused("400")
            .or(
                Expected::forwarded(Want::new("GET /case HTTP/1.1", &["host: auth.test:81"])),
                TARGET_WINS,
            ),
        send(
            "tenant-of-the-host",
            "http://t1.auth.test/case",
            "auth.test",
        )
        .refused("400")
        .or(
            Expected::forwarded(Want::new("GET /case HTTP/1.1", &["host: t1.auth.test"])),
            TARGET_WINS,
        ),
        send("empty-host", "http://auth.test/case", "")
            .refused("400")
            .or(replaced(), TARGET_WINS),
        send("user", "http://me@auth.test/case", "auth.test").refused("400"),
        send(
            "user-and-password",
            "http://me:pw@auth.test/case",
            "auth.test",
        )
        .refused("400"),
        send(
            "host-as-user",
            "http://auth.test@evil.test/case",
            "auth.test",
        )
        .refused("400"),
        send(
            "backslash",
            "http://auth.test\\@evil.test/case",
            "auth.test",
        )
        .refused("400"),
        send("bad-port", "http://auth.test:x/case", "auth.test").refused("400"),
        send("fragment", "http://auth.test#@evil.test/case", "auth.test").refused("400"),
        Case::new("absolute-form/no-host-field", "RFC 9112 §3.2")
            .sends("GET http://auth.test/case HTTP/1.1\r\n\r\n")
            .refused("400"),
    ]);
    cases
}

fn methods() -> Vec<Case> {
    let case = |name: &str, start: &str, fields: &[&str], body: &str| {
        Case::new(format!("method/{name}"), "RFC 9110 §9.3").sends(request(start, fields, body))
    };
    let mut cases = vec![
        case("connect", "CONNECT auth.test:443 HTTP/1.1", &[], "").refused("405"),
        case("connect-with-a-path", "CONNECT /case HTTP/1.1", &[], "").refused("405"),
        case("options-of-the-server", "OPTIONS * HTTP/1.1", &[], "")
            .forwarded("OPTIONS * HTTP/1.1", &["host: auth.test"], "")
            .or(Expected::refused("400|405|501"), UNWANTED),
        case(
            "options-absolute",
            "OPTIONS http://auth.test HTTP/1.1",
            &[],
            "",
        )
        .forwarded("OPTIONS * HTTP/1.1", &["host: auth.test"], ""),
        case(
            "trace-with-a-body",
            "TRACE /case HTTP/1.1",
            &["Content-Length: 5"],
            "hello",
        )
        .refused("400")
        .or(
            Expected::forwarded(Want::default().with_body("hello")),
            "RFC 9110 §9.3.8 binds the client",
        ),
    ];
    for method in ["PATCH", "DELETE", "PROPFIND", "get", "X-odd!method"] {
        let start = format!("{method} /case HTTP/1.1");
        cases.push(
            case(method, &start, &[], "")
                .forwarded(&start, &[], "")
                .or(Expected::refused("400|405|501"), UNWANTED),
        );
    }
    cases
}
