//! Response heads, as request heads. httparse keeps no reason phrase with bytes above 127.

use crate::head::{Head, LIMITS, check_fields, check_framing, read, values};
use http1::{Body, HeadError, Parsed, ResponseHead, parse_response, response_body};

fn parse(buf: &[u8], scanned: &mut usize) -> Result<Option<Head>, HeadError> {
    let mut head = ResponseHead::default();
    if parse_response(buf, scanned, &LIMITS, &mut head)? == Parsed::Partial {
        return Ok(None);
    }
    assert!((100..=599).contains(&head.status));
    let body = response_body(buf, &head, false);
    let to_head = response_body(buf, &head, true);
    assert_eq!(to_head, body.map(|_| Body::None));
    Ok(Some(Head {
        start: [
            head.status.to_string().into_bytes(),
            head.reason.of(buf).to_vec(),
        ],
        version: head.version,
        fields: values(buf, &head.fields, head.len),
        len: head.len,
        body,
    }))
}

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let Some(head) = read(bytes, parse) else {
        return;
    };
    check_framing(&head);
    let is_bodyless = matches!(head.start[0].as_slice(), [b'1', ..] | b"204" | b"304");
    if head.body.is_ok() {
        assert_eq!(head.body == Ok(Body::None), is_bodyless);
    }

    let mut theirs = [httparse::EMPTY_HEADER; LIMITS.headers];
    let mut response = httparse::Response::new(&mut theirs);
    assert_eq!(
        response.parse(bytes),
        Ok(httparse::Status::Complete(head.len))
    );
    assert_eq!(response.version, Some(head.version as u8));
    assert_eq!(
        response
            .code
            .map(|code| code.to_string().into_bytes())
            .as_ref(),
        Some(&head.start[0])
    );
    if head.start[1].is_ascii() {
        assert_eq!(
            response.reason.map(str::as_bytes),
            Some(head.start[1].as_slice())
        );
    }
    check_fields(&head.fields, response.headers);
}
