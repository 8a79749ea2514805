//! Heads by section of RFC 9112. Every case is read whole and in pieces.

use expect_test::{Expect, expect};

use super::*;

mod limits;
mod properties;

const LIMITS: HeadLimits = HeadLimits {
    head: 1024,
    headers: 8,
    uri: 64,
};

/// The values of a head, told in a line.
fn told_request(
    buf: &[u8],
    limits: &HeadLimits,
    scanned: &mut usize,
) -> Result<Option<String>, HeadError> {
    let mut head = RequestHead::default();
    if parse_request(buf, scanned, limits, &mut head)? == Parsed::Partial {
        return Ok(None);
    }
    let text = |span: Span| span.of(buf).escape_ascii().to_string();
    let start = format!(
        "{} {} {:?}",
        text(head.method),
        text(head.target),
        head.version
    );
    Ok(Some(told(buf, start, &head.fields, head.len)))
}

fn told_response(
    buf: &[u8],
    limits: &HeadLimits,
    scanned: &mut usize,
) -> Result<Option<String>, HeadError> {
    let mut head = ResponseHead::default();
    if parse_response(buf, scanned, limits, &mut head)? == Parsed::Partial {
        return Ok(None);
    }
    let reason = head.reason.of(buf).escape_ascii();
    let start = format!("{:?} {} \"{reason}\"", head.version, head.status);
    Ok(Some(told(buf, start, &head.fields, head.len)))
}

fn told(buf: &[u8], start: String, fields: &[Field], len: usize) -> String {
    // The lines and the empty one behind them are the head's last bytes.
    let lines: Vec<u8> = fields
        .iter()
        .flat_map(|field| field.line.of(buf))
        .copied()
        .collect();
    assert!(buf[..len].ends_with(&[&lines[..], b"\r\n"].concat()));
    let fields: String = fields
        .iter()
        .map(|field| {
            let (name, value) = (
                field.name.of(buf).escape_ascii(),
                field.value.of(buf).escape_ascii(),
            );
            format!(" | {:?} {name}={value}", field.id)
        })
        .collect();
    match buf.len() - len {
        0 => start + &fields,
        more => format!("{start}{fields} + {more} bytes"),
    }
}

type Told = fn(&[u8], &HeadLimits, &mut usize) -> Result<Option<String>, HeadError>;

/// Reads `bytes` whole, in two parts and byte by byte: the same must come out.
fn read(bytes: &[u8], limits: &HeadLimits, parse: Told) -> String {
    let whole = parse(bytes, limits, &mut 0);
    // A fault in an unfinished head may be told late, but not later than this.
    let mut padded = bytes.to_vec();
    if whole.is_err() {
        padded.resize(2 * bytes.len() + 1, b'x');
    }
    let drip = |from: usize, scanned: &mut usize| {
        (from..=padded.len())
            .map(|len| (len, parse(&padded[..len], limits, scanned)))
            .find(|(_, told)| *told != Ok(None))
    };
    for cut in 0..=bytes.len() {
        let mut scanned = 0;
        if parse(&bytes[..cut], limits, &mut scanned) != Ok(None) {
            break;
        }
        let told = parse(bytes, limits, &mut scanned);
        if told != whole {
            let told = drip(bytes.len() + 1, &mut scanned);
            assert_eq!(
                told.map(|(_, told)| told),
                Some(whole.clone()),
                "cut at {cut}"
            );
        }
    }
    let dripped = drip(0, &mut 0);
    match whole {
        Ok(None) => {
            assert_eq!(dripped, None);
            "partial".to_owned()
        }
        Ok(Some(whole)) => {
            // What stands behind a head isn't part of it.
            let (len, dripped) = dripped.unwrap();
            let more = match padded.len() - len {
                0 => String::new(),
                more => format!(" + {more} bytes"),
            };
            assert_eq!(dripped.map(|told| told.unwrap() + &more), Ok(whole.clone()));
            whole
        }
        Err(error) => {
            assert_eq!(dripped.map(|(_, told)| told), Some(Err(error)));
            format!("error: {error}")
        }
    }
}

fn check(parse: Told, cases: &[&[u8]], expected: &Expect) {
    let told: String = cases
        .iter()
        .map(|case| {
            format!(
                "{}\n    {}\n",
                case.escape_ascii(),
                read(case, &LIMITS, parse)
            )
        })
        .collect();
    expected.assert_eq(&told);
}

fn check_requests(cases: &[&[u8]], expected: &Expect) {
    check(told_request, cases, expected);
}

fn check_responses(cases: &[&[u8]], expected: &Expect) {
    check(told_response, cases, expected);
}

fn check_refused(parse: Told, verdict: &str, cases: &[&[u8]]) {
    for case in cases {
        assert_eq!(
            read(case, &LIMITS, parse),
            verdict,
            "{}",
            case.escape_ascii()
        );
    }
}

/// Requests and responses refuse the same field lines.
fn check_fields_refused(lines: &[&[u8]]) {
    for line in lines {
        let fields = [b"Host: a\r\n", *line, b"\r\nX: y\r\n\r\n"].concat();
        let request = [b"GET / HTTP/1.1\r\n", &fields[..]].concat();
        check_refused(told_request, "error: malformed header line", &[&request]);
        let response = [b"HTTP/1.1 200 OK\r\n", &fields[..]].concat();
        check_refused(told_response, "error: malformed header line", &[&response]);
    }
}

mod s9112_2_1_message_format {
    use super::*;

    #[test]
    fn a_head_ends_at_its_empty_line() {
        check_requests(
            &[
                b"GET / HTTP/1.1\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                b"POST /x?y HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\n\r\n",
                b"",
                b"GET",
                b"GET / HTTP/1.1\r\nHost: a\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\n\r",
            ],
            &expect![[r#"
                GET / HTTP/1.1\r\n\r\n
                    GET / Http11
                GET / HTTP/1.1\r\nHost: a\r\n\r\n
                    GET / Http11 | Host Host=a
                POST /x?y HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc
                    POST /x?y Http10 | Host Host=a | ContentLength Content-Length=3 + 3 bytes
                GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\n\r\n
                    GET / Http11 | Host Host=a + 24 bytes

                    partial
                GET
                    partial
                GET / HTTP/1.1\r\nHost: a\r\n
                    partial
                GET / HTTP/1.1\r\nHost: a\r\n\r
                    partial
            "#]],
        );
    }
}

mod s9112_2_2_message_parsing {
    use super::*;

    #[test]
    fn one_empty_line_may_stand_before_a_request() {
        check_requests(
            &[
                b"\r\nGET / HTTP/1.1\r\n\r\n",
                b"\r\n",
                b"\r",
                b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                b"\nGET / HTTP/1.1\r\n\r\n",
                b"\rGET / HTTP/1.1\r\n\r\n",
                b" \r\nGET / HTTP/1.1\r\n\r\n",
            ],
            &expect![[r#"
                \r\nGET / HTTP/1.1\r\n\r\n
                    GET / Http11
                \r\n
                    partial
                \r
                    partial
                \r\n\r\nGET / HTTP/1.1\r\n\r\n
                    error: malformed start line
                \nGET / HTTP/1.1\r\n\r\n
                    error: malformed start line
                \rGET / HTTP/1.1\r\n\r\n
                    error: malformed start line
                 \r\nGET / HTTP/1.1\r\n\r\n
                    error: malformed start line
            "#]],
        );
    }

    #[test]
    fn none_before_a_response() {
        let bytes = b"\r\nHTTP/1.1 200 OK\r\n\r\n";
        check_refused(told_response, "error: malformed start line", &[bytes]);
    }

    #[test]
    fn only_crlf_ends_a_line() {
        check_requests(
            &[
                b"GET / HTTP/1.1\n\n",
                b"GET / HTTP/1.1\nHost: a\r\n\r\n",
                b"GET / HTTP/1.1\rHost: a\r\n\r\n",
                b"GET / HTTP/1.1\r\r\n\r\n",
                b"GET / HTTP/1.1\r\n\n",
                b"GET / HTTP/1.1\r\n\r\r\n",
                b"GET / HTTP/1.1\r\nHost: a\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\n\n",
                b"GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
            ],
            &expect![[r#"
                GET / HTTP/1.1\n\n
                    error: malformed start line
                GET / HTTP/1.1\nHost: a\r\n\r\n
                    error: malformed start line
                GET / HTTP/1.1\rHost: a\r\n\r\n
                    error: malformed start line
                GET / HTTP/1.1\r\r\n\r\n
                    error: malformed start line
                GET / HTTP/1.1\r\n\n
                    error: malformed header line
                GET / HTTP/1.1\r\n\r\r\n
                    error: malformed header line
                GET / HTTP/1.1\r\nHost: a\n\r\n
                    error: malformed header line
                GET / HTTP/1.1\r\nHost: a\r\n\n
                    error: malformed header line
                GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\n\r\n
                    error: malformed header line
                GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n
                    error: malformed header line
                GET / HTTP/1.1\r\nHost: a\r\r\n\r\n
                    error: malformed header line
            "#]],
        );
    }

    #[test]
    fn white_space_between_start_line_and_fields_is_refused() {
        check_refused(
            told_request,
            "error: malformed header line",
            &[
                b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
                b"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n",
                b"GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n",
            ],
        );
    }
}

mod s9112_2_3_http_version {
    use super::*;

    #[test]
    fn one_0_and_one_1() {
        check_requests(
            &[b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"],
            &expect![[r#"
                GET / HTTP/1.0\r\n\r\n
                    GET / Http10
                GET / HTTP/1.1\r\n\r\n
                    GET / Http11
            "#]],
        );
    }

    #[test]
    fn other_versions_are_known_as_such() {
        check_refused(
            told_request,
            "error: HTTP version not supported",
            &[
                b"GET / HTTP/0.9\r\n\r\n",
                b"GET / HTTP/1.2\r\n\r\n",
                b"GET / HTTP/1.9\r\n\r\n",
                b"GET / HTTP/2.0\r\n\r\n",
                b"GET / HTTP/3.7\r\n\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            ],
        );
    }

    #[test]
    fn anything_else_is_no_version() {
        check_refused(
            told_request,
            "error: malformed start line",
            &[
                b"GET / http/1.1\r\n\r\n",
                b"GET / HTTP/1.10\r\n\r\n",
                b"GET / HTTP/01.1\r\n\r\n",
                b"GET / HTTP/1,1\r\n\r\n",
                b"GET / HTTP/1.\r\n\r\n",
                b"GET / HTTP/1\r\n\r\n",
                b"GET / HTTP/-1.1\r\n\r\n",
                b"GET / HTTP/1.1\0\r\n\r\n",
                b"GET / HTTP/1.1 \r\n\r\n",
                b"GET / HTTP /1.1\r\n\r\n",
                b"GET / HTTPS/1.1\r\n\r\n",
                b"GET / HTTP/x.1\r\n\r\n",
                b"GET / \r\n\r\n",
            ],
        );
    }
}

mod s9112_3_request_line {
    use super::*;

    #[test]
    fn three_words_one_space_apart() {
        check_refused(
            told_request,
            "error: malformed start line",
            &[
                b"GET\r\n\r\n",
                b"GET /\r\n\r\n",
                b"GET  / HTTP/1.1\r\n\r\n",
                b"GET  HTTP/1.1\r\n\r\n",
                b" / HTTP/1.1\r\n\r\n",
                b"GET /  HTTP/1.1\r\n\r\n",
                b" GET / HTTP/1.1\r\n\r\n",
                b"GET\t/ HTTP/1.1\r\n\r\n",
                b"GET /\tHTTP/1.1\r\n\r\n",
                b"GET / a HTTP/1.1\r\n\r\n",
                b"GET HTTP/1.1\r\n\r\n",
                b"GET\x0b/ HTTP/1.1\r\n\r\n",
            ],
        );
    }

    /// Who sends no more than a bad line waits for no time to be up, however its bytes come.
    #[test]
    fn a_bad_line_is_told_at_its_end() {
        for line in [&b"GET /case\r\n"[..], b"\r\nGET /case\r\n"] {
            for cut in 0..line.len() {
                let mut scanned = 0;
                let before = told_request(&line[..cut], &LIMITS, &mut scanned);
                let told = before.and_then(|_| told_request(line, &LIMITS, &mut scanned));
                assert_eq!(told, Err(HeadError::StartLine), "cut at {cut}");
            }
        }
    }

    #[test]
    fn other_protocols() {
        check_refused(
            told_request,
            "error: malformed start line",
            &[
                b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
                b"EHLO evil\r\n\r\n",
                b"PROXY TCP4 6.6.6.6 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\n\r\n",
                b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
                b"HTTP/1.1 200 OK\r\n\r\n",
                b"\0\0\0\0",
            ],
        );
    }
}

mod s9112_3_1_method {
    use super::*;

    #[test]
    fn a_token_of_at_most_32_bytes() {
        check_requests(
            &[
                b"A!#$%&'*+-.^_`|~z / HTTP/1.1\r\n\r\n",
                b"get / HTTP/1.1\r\n\r\n",
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.1\r\n\r\n",
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1\r\n\r\n",
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456",
                b"G:T / HTTP/1.1\r\n\r\n",
                b"G\xc3\x89T / HTTP/1.1\r\n\r\n",
                b"\"GET\" / HTTP/1.1\r\n\r\n",
            ],
            &expect![[r#"
                A!#$%&\'*+-.^_`|~z / HTTP/1.1\r\n\r\n
                    A!#$%&\'*+-.^_`|~z / Http11
                get / HTTP/1.1\r\n\r\n
                    get / Http11
                ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.1\r\n\r\n
                    ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / Http11
                ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1\r\n\r\n
                    error: malformed start line
                ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456
                    error: malformed start line
                G:T / HTTP/1.1\r\n\r\n
                    error: malformed start line
                G\xc3\x89T / HTTP/1.1\r\n\r\n
                    error: malformed start line
                \"GET\" / HTTP/1.1\r\n\r\n
                    error: malformed start line
            "#]],
        );
    }
}

mod s9112_3_2_request_target {
    use super::*;

    #[test]
    fn visible_ascii_goes_on_as_it_is() {
        check_requests(
            &[
                b"GET /a/../b/./c//%2e%2E/%zz%?b=c?&d=+;e HTTP/1.1\r\n\r\n",
                b"GET /!$&'()*+,;=:@~|a^b`{}[]\"<>\\ HTTP/1.1\r\n\r\n",
                b"GET http://a.test:80/x HTTP/1.1\r\n\r\n",
                b"OPTIONS * HTTP/1.1\r\n\r\n",
                b"CONNECT a.test:443 HTTP/1.1\r\n\r\n",
            ],
            &expect![[r#"
                GET /a/../b/./c//%2e%2E/%zz%?b=c?&d=+;e HTTP/1.1\r\n\r\n
                    GET /a/../b/./c//%2e%2E/%zz%?b=c?&d=+;e Http11
                GET /!$&\'()*+,;=:@~|a^b`{}[]\"<>\\ HTTP/1.1\r\n\r\n
                    GET /!$&\'()*+,;=:@~|a^b`{}[]\"<>\\ Http11
                GET http://a.test:80/x HTTP/1.1\r\n\r\n
                    GET http://a.test:80/x Http11
                OPTIONS * HTTP/1.1\r\n\r\n
                    OPTIONS * Http11
                CONNECT a.test:443 HTTP/1.1\r\n\r\n
                    CONNECT a.test:443 Http11
            "#]],
        );
    }

    #[test]
    fn nothing_else_does() {
        check_refused(
            told_request,
            "error: malformed start line",
            &[
                b"GET /a#b HTTP/1.1\r\n\r\n",
                b"GET /\x7f HTTP/1.1\r\n\r\n",
                b"GET /\0 HTTP/1.1\r\n\r\n",
                b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
                b"GET /\x0b HTTP/1.1\r\n\r\n",
                b"GET /a\rb HTTP/1.1\r\n\r\n",
                b"GET /a\nb HTTP/1.1\r\n\r\n",
            ],
        );
    }
}

mod s9112_4_status_line {
    use super::*;

    #[test]
    fn three_digits_and_a_reason() {
        check_responses(
            &[
                b"HTTP/1.1 200 OK\r\n\r\n",
                b"HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nabc",
                b"HTTP/1.1 599 \r\n\r\n",
                b"HTTP/1.1 100\r\n\r\n",
                b"HTTP/1.1 200  two\tspaces \r\n\r\n",
                b"HTTP/1.1 200 Pr\xc3\xaat\r\n\r\n",
                b"HTTP/1.1 20",
            ],
            &expect![[r#"
                HTTP/1.1 200 OK\r\n\r\n
                    Http11 200 "OK"
                HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nabc
                    Http10 404 "Not Found" | Server Server=x + 3 bytes
                HTTP/1.1 599 \r\n\r\n
                    Http11 599 ""
                HTTP/1.1 100\r\n\r\n
                    Http11 100 ""
                HTTP/1.1 200  two\tspaces \r\n\r\n
                    Http11 200 " two\tspaces "
                HTTP/1.1 200 Pr\xc3\xaat\r\n\r\n
                    Http11 200 "Pr\xc3\xaat"
                HTTP/1.1 20
                    partial
            "#]],
        );
    }

    #[test]
    fn anything_else_is_refused() {
        check_refused(
            told_response,
            "error: malformed start line",
            &[
                b"HTTP/1.1 099 Low\r\n\r\n",
                b"HTTP/1.1 000 Zero\r\n\r\n",
                b"HTTP/1.1 600 High\r\n\r\n",
                b"HTTP/1.1 999 Higher\r\n\r\n",
                b"HTTP/1.1 20 Short\r\n\r\n",
                b"HTTP/1.1 2000 Long\r\n\r\n",
                b"HTTP/1.1 +20 Signed\r\n\r\n",
                b"HTTP/1.1 2x0 Odd\r\n\r\n",
                b"HTTP/1.1  200 Spaced\r\n\r\n",
                b"HTTP/1.1\t200 Tabbed\r\n\r\n",
                b"HTTP/1.1 200\tTabbed\r\n\r\n",
                b"HTTP/1.1 200\0\r\n\r\n",
                b"HTTP/1.1 200 O\0K\r\n\r\n",
                b"HTTP/1.1 200 O\rK\r\n\r\n",
                b"HTTP/1.1 200 OK\n\r\n",
                b"HTTP/1.1 200OK\r\n\r\n",
                b"HTTP/1.1\r\n\r\n",
                b"HTTP/1.1200 OK\r\n\r\n",
                b"ICY 200 OK\r\n\r\n",
                b"http/1.1 200 OK\r\n\r\n",
                b"<html>",
            ],
        );
        check_refused(
            told_response,
            "error: HTTP version not supported",
            &[b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/1.2 200 OK\r\n\r\n"],
        );
    }
}

mod s9112_5_field_syntax {
    use super::*;

    #[test]
    fn values_are_trimmed_and_otherwise_as_sent() {
        check_requests(
            &[
                b"GET / HTTP/1.1\r\nA:b\r\nC: \t d e \t\r\nF:\r\nG: \t \r\n\r\n",
                b"GET / HTTP/1.1\r\nx!#$%&'*+-.^_`|~9: a:b,\"c\\\r\n\r\n",
                b"GET / HTTP/1.1\r\nCookie: caf\xc3\xa9=\xff\x80\r\n\r\n",
                b"GET / HTTP/1.1\r\nHOST: a\r\nX_Forwarded_For: b\r\nx-forwarded-ssl: on\r\n\r\n",
                b"GET / HTTP/1.1\r\nA: one\ttwo\r\nA: three\r\n\r\n",
            ],
            &expect![[r#"
                GET / HTTP/1.1\r\nA:b\r\nC: \t d e \t\r\nF:\r\nG: \t \r\n\r\n
                    GET / Http11 | Other A=b | Other C=d e | Other F= | Other G=
                GET / HTTP/1.1\r\nx!#$%&\'*+-.^_`|~9: a:b,\"c\\\r\n\r\n
                    GET / Http11 | Other x!#$%&\'*+-.^_`|~9=a:b,\"c\\
                GET / HTTP/1.1\r\nCookie: caf\xc3\xa9=\xff\x80\r\n\r\n
                    GET / Http11 | Other Cookie=caf\xc3\xa9=\xff\x80
                GET / HTTP/1.1\r\nHOST: a\r\nX_Forwarded_For: b\r\nx-forwarded-ssl: on\r\n\r\n
                    GET / Http11 | Host HOST=a | Disguised X_Forwarded_For=b | XForwardedOther x-forwarded-ssl=on
                GET / HTTP/1.1\r\nA: one\ttwo\r\nA: three\r\n\r\n
                    GET / Http11 | Other A=one\ttwo | Other A=three
            "#]],
        );
    }

    #[test]
    fn no_white_space_around_names() {
        check_fields_refused(&[
            b"X : y",
            b"X\t: y",
            b" X: y",
            b"\tX: y",
            b"X Y: z",
            b"Content-Length : 5",
            b"Transfer-Encoding : chunked",
            b"Transfer-Encoding\x0b: chunked",
            b"Transfer-Encoding\0: chunked",
        ]);
    }

    #[test]
    fn names_are_tokens_and_not_empty() {
        check_fields_refused(&[
            b": y",
            b":",
            b"X",
            b"X y",
            b"X\xc3\xa9: y",
            b"\"X\": y",
            b"X/Y: z",
            b"X(Y): z",
            b"X@Y: z",
            b"X\x7f: y",
            b"\0: y",
            b"X[0]: y",
            b"{X}: y",
            b"\xef\xbb\xbfX: y",
        ]);
    }

    #[test]
    fn values_have_no_controls() {
        for control in (0..0x20).chain([0x7F]).filter(|byte| *byte != b'\t') {
            for line in [
                [b"X: a", &[control][..], b"b"].concat(),
                [b"X:", &[control][..], b"b"].concat(),
                [b"X: a", &[control][..]].concat(),
            ] {
                // A CR before the line's own CRLF is one of them.
                check_fields_refused(&[&line]);
            }
        }
    }
}

mod s9112_5_2_obsolete_line_folding {
    use super::*;

    #[test]
    fn is_refused() {
        check_fields_refused(&[
            b"X: a\r\n b",
            b"X: a\r\n\tb",
            b"X:\r\n a",
            b"X: a\r\n ",
            b"Transfer-Encoding:\r\n chunked",
            b"Content-Length: 1\r\n 2",
        ]);
    }
}
