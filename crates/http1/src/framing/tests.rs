//! Body lengths by section of RFC 9112.

use expect_test::{Expect, expect};

use super::*;
use crate::{HeadLimits, Parsed, parse_request, parse_response};

const LIMITS: HeadLimits = HeadLimits {
    head: 4096,
    headers: 20,
    uri: 100,
};

fn request(version: &str, fields: &str) -> Result<Body, FramingError> {
    let bytes = format!("POST / HTTP/{version}\r\n{fields}\r\n");
    let mut head = RequestHead::default();
    let parsed = parse_request(bytes.as_bytes(), &mut 0, &LIMITS, &mut head);
    assert_eq!(parsed, Ok(Parsed::Complete), "{bytes}");
    request_body(bytes.as_bytes(), &head)
}

fn response(start: &str, fields: &str, head_request: bool) -> Result<Body, FramingError> {
    let bytes = format!("HTTP/{start}\r\n{fields}\r\n");
    let mut head = ResponseHead::default();
    let parsed = parse_response(bytes.as_bytes(), &mut 0, &LIMITS, &mut head);
    assert_eq!(parsed, Ok(Parsed::Complete), "{bytes}");
    response_body(bytes.as_bytes(), &head, head_request)
}

/// Each case is the lines of a head, `|` between them.
fn lines(case: &str) -> String {
    case.split('|')
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\r\n"))
        .collect()
}

fn check_requests(cases: &[&str], expected: &Expect) {
    let told: String = cases
        .iter()
        .map(|case| format!("{case:?}: {:?}\n", request("1.1", &lines(case))))
        .collect();
    expected.assert_eq(&told);
}

mod s9110_8_6_content_length {
    use super::*;

    #[test]
    fn one_plain_decimal_number() {
        check_requests(
            &[
                "Content-Length: 0",
                "Content-Length: 5",
                "CONTENT-LENGTH:\t5 ",
                "Content-Length: 007",
                "Content-Length: 9223372036854775807",
            ],
            &expect![[r#"
                "Content-Length: 0": Ok(Length(0))
                "Content-Length: 5": Ok(Length(5))
                "CONTENT-LENGTH:\t5 ": Ok(Length(5))
                "Content-Length: 007": Ok(Length(7))
                "Content-Length: 9223372036854775807": Ok(Length(9223372036854775807))
            "#]],
        );
    }

    #[test]
    fn nothing_else() {
        for value in [
            "",
            "+5",
            "-5",
            "-0",
            "5 5",
            "5,5",
            "5, 5",
            "5,",
            ",5",
            "5;",
            "0x5",
            "5.0",
            "5e0",
            "1_0",
            "5\t5",
            "\"5\"",
            "five",
            "٥",
            "5\u{a0}",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999",
            "00000000000000000005",
            "5 HTTP/1.1",
            "null",
            "5,6",
            "5L",
            "5h",
        ] {
            let told = request("1.1", &format!("Content-Length: {value}\r\n"));
            assert_eq!(told, Err(FramingError::ContentLength), "{value:?}");
        }
    }
}

mod s9112_6_1_transfer_encoding {
    use super::*;

    #[test]
    fn chunked_alone() {
        check_requests(
            &[
                "Transfer-Encoding: chunked",
                "transfer-encoding:chunked",
                "Transfer-Encoding: \t Chunked \t",
                "TRANSFER-ENCODING: CHUNKED",
            ],
            &expect![[r#"
                "Transfer-Encoding: chunked": Ok(Chunked)
                "transfer-encoding:chunked": Ok(Chunked)
                "Transfer-Encoding: \t Chunked \t": Ok(Chunked)
                "TRANSFER-ENCODING: CHUNKED": Ok(Chunked)
            "#]],
        );
    }

    #[test]
    fn other_codings_before_chunked_are_not_implemented() {
        for value in [
            "gzip, chunked",
            "gzip,chunked",
            "foo, bar ,\tChunked",
            "x-chunked, chunked",
            "GZIP, CHUNKED",
        ] {
            let told = request("1.1", &format!("Transfer-Encoding: {value}\r\n"));
            assert_eq!(told, Err(FramingError::UnknownCoding), "{value:?}");
        }
    }

    #[test]
    fn disguises() {
        for value in [
            "",
            ",",
            "chunked,",
            ",chunked",
            ", chunked",
            "chunked, chunked",
            "chunked, identity",
            "identity",
            "identity, chunked",
            "gzip",
            "chunked, gzip",
            "xchunked",
            "chunkedx",
            "x chunked",
            "chunked x",
            "\"chunked\"",
            "'chunked'",
            "chunked;",
            "chunked;q=1",
            "chunked; a=b",
            "gzip;q=1, chunked",
            "gzip,, chunked",
            "gzip chunked",
            "chunked\u{a0}",
            "chun\tked",
            "cHuNkEd, cHuNkEd",
            "gzip, chunked, chunked",
            "chunke\u{212a}d",
            "false, chunked,",
            "chunked\u{1680}",
            "=chunked",
            "chunked=",
            "@, chunked",
            "gzip, chunked ,",
        ] {
            let told = request("1.1", &format!("Transfer-Encoding: {value}\r\n"));
            assert_eq!(told, Err(FramingError::TransferEncoding), "{value:?}");
        }
    }

    #[test]
    fn one_line_only() {
        check_requests(
            &[
                "Transfer-Encoding: chunked|Transfer-Encoding: chunked",
                "Transfer-Encoding: gzip|Transfer-Encoding: chunked",
                "Transfer-Encoding: chunked|X: y|transfer-encoding: identity",
                "Transfer-Encoding:|Transfer-Encoding: chunked",
            ],
            &expect![[r#"
                "Transfer-Encoding: chunked|Transfer-Encoding: chunked": Err(TransferEncoding)
                "Transfer-Encoding: gzip|Transfer-Encoding: chunked": Err(TransferEncoding)
                "Transfer-Encoding: chunked|X: y|transfer-encoding: identity": Err(TransferEncoding)
                "Transfer-Encoding:|Transfer-Encoding: chunked": Err(TransferEncoding)
            "#]],
        );
    }

    #[test]
    fn never_in_http_1_0() {
        for value in ["chunked", "gzip, chunked", "identity", ""] {
            let fields = format!("Transfer-Encoding: {value}\r\n");
            assert_eq!(request("1.0", &fields), Err(FramingError::TransferEncoding));
            assert_eq!(
                response("1.0 200", &fields, false),
                Err(FramingError::TransferEncoding)
            );
            let both = format!("{fields}Content-Length: 5\r\n");
            assert_eq!(request("1.0", &both), Err(FramingError::TransferEncoding));
        }
        assert_eq!(request("1.0", "Content-Length: 5\r\n"), Ok(Body::Length(5)));
    }
}

mod s9112_6_3_message_body_length {
    use super::*;

    #[test]
    fn requests() {
        check_requests(
            &[
                "",
                "Content-Length: 5|Content-Length: 5",
                "Content-Length: 5|Content-Length: 6",
                "Content-Length: 5|content-length: ",
                "Content-Length: 5|Transfer-Encoding: chunked",
                "Transfer-Encoding: chunked|Content-Length: 5",
                "Transfer-Encoding: identity|Content-Length: 5",
                "Transfer-Encoding: chunked|Content-Length: x",
                "Content_Length: 5|Transfer_Encoding: chunked",
                "Connection: Content-Length|Content-Length: 5",
            ],
            &expect![[r#"
                "": Ok(None)
                "Content-Length: 5|Content-Length: 5": Err(ContentLength)
                "Content-Length: 5|Content-Length: 6": Err(ContentLength)
                "Content-Length: 5|content-length: ": Err(ContentLength)
                "Content-Length: 5|Transfer-Encoding: chunked": Err(BothLengths)
                "Transfer-Encoding: chunked|Content-Length: 5": Err(BothLengths)
                "Transfer-Encoding: identity|Content-Length: 5": Err(BothLengths)
                "Transfer-Encoding: chunked|Content-Length: x": Err(BothLengths)
                "Content_Length: 5|Transfer_Encoding: chunked": Ok(None)
                "Connection: Content-Length|Content-Length: 5": Ok(Length(5))
            "#]],
        );
    }

    fn check_responses(cases: &[(&str, &str, bool)], expected: &Expect) {
        let mut told = String::new();
        for (start, fields, head_request) in cases {
            let body = response(start, &lines(fields), *head_request);
            let method = if *head_request { "HEAD" } else { "GET" };
            told += &format!("{method} {start} {fields:?}: {body:?}\n");
        }
        expected.assert_eq(&told);
    }

    #[test]
    fn responses() {
        check_responses(
            &[
                ("1.1 200 OK", "", false),
                ("1.0 200 OK", "", false),
                ("1.1 200 OK", "Content-Length: 5", false),
                ("1.1 200 OK", "Content-Length: 0", false),
                ("1.1 200 OK", "Transfer-Encoding: chunked", false),
                ("1.1 206 OK", "Transfer-Encoding: chunked", false),
                ("1.1 205 Reset", "Content-Length: 0", false),
                ("1.1 500 No", "Content-Length: 5", false),
            ],
            &expect![[r#"
                GET 1.1 200 OK "": Ok(Close)
                GET 1.0 200 OK "": Ok(Close)
                GET 1.1 200 OK "Content-Length: 5": Ok(Length(5))
                GET 1.1 200 OK "Content-Length: 0": Ok(Length(0))
                GET 1.1 200 OK "Transfer-Encoding: chunked": Ok(Chunked)
                GET 1.1 206 OK "Transfer-Encoding: chunked": Ok(Chunked)
                GET 1.1 205 Reset "Content-Length: 0": Ok(Length(0))
                GET 1.1 500 No "Content-Length: 5": Ok(Length(5))
            "#]],
        );
    }

    #[test]
    fn responses_without_a_body() {
        check_responses(
            &[
                ("1.1 200 OK", "", true),
                ("1.1 200 OK", "Content-Length: 5", true),
                ("1.1 200 OK", "Transfer-Encoding: chunked", true),
                ("1.1 304 Not Modified", "", false),
                ("1.1 304 Not Modified", "Content-Length: 5", false),
                ("1.1 304 Not Modified", "Transfer-Encoding: chunked", false),
                ("1.1 204 No Content", "", false),
                ("1.1 204 No Content", "Content-Length: 0", false),
                ("1.1 204 No Content", "Content-Length: 5", false),
                ("1.1 204 No Content", "Transfer-Encoding: chunked", false),
                ("1.1 204 No Content", "Content-Length: 5", true),
                ("1.1 100 Continue", "", false),
                ("1.1 101 Switching Protocols", "", false),
                ("1.1 101 Switching Protocols", "Content-Length: 5", false),
                ("1.1 103 Early Hints", "Transfer-Encoding: chunked", false),
            ],
            &expect![[r#"
                HEAD 1.1 200 OK "": Ok(None)
                HEAD 1.1 200 OK "Content-Length: 5": Ok(None)
                HEAD 1.1 200 OK "Transfer-Encoding: chunked": Ok(None)
                GET 1.1 304 Not Modified "": Ok(None)
                GET 1.1 304 Not Modified "Content-Length: 5": Ok(None)
                GET 1.1 304 Not Modified "Transfer-Encoding: chunked": Ok(None)
                GET 1.1 204 No Content "": Ok(None)
                GET 1.1 204 No Content "Content-Length: 0": Ok(None)
                GET 1.1 204 No Content "Content-Length: 5": Err(ContentLength)
                GET 1.1 204 No Content "Transfer-Encoding: chunked": Err(TransferEncoding)
                HEAD 1.1 204 No Content "Content-Length: 5": Err(ContentLength)
                GET 1.1 100 Continue "": Ok(None)
                GET 1.1 101 Switching Protocols "": Ok(None)
                GET 1.1 101 Switching Protocols "Content-Length: 5": Err(ContentLength)
                GET 1.1 103 Early Hints "Transfer-Encoding: chunked": Err(TransferEncoding)
            "#]],
        );
    }

    #[test]
    fn what_a_bodyless_response_declares_must_be_in_order() {
        for (start, head_request) in [("1.1 200", true), ("1.1 304", false), ("1.1 204", false)] {
            for fields in [
                "Content-Length: x\r\n",
                "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            ] {
                assert!(
                    response(start, fields, head_request).is_err(),
                    "{start} {fields}"
                );
            }
        }
    }
}
