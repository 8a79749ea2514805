//! Request heads: one verdict in any pieces, framing that its fields bear out, and httparse reads
//! the same wherever we accept (it accepts more: bare LF, several empty lines, HTTP/1.0 codings).

use crate::head::{Head, LIMITS, check_fields, check_framing, read, values};
use http1::{
    Body, HeadError, Parsed, RequestHead, connection_options, is_listed, parse_request,
    request_body,
};

fn parse(buf: &[u8], scanned: &mut usize) -> Result<Option<Head>, HeadError> {
    let mut head = RequestHead::default();
    if parse_request(buf, scanned, &LIMITS, &mut head)? == Parsed::Partial {
        return Ok(None);
    }
    let fields = values(buf, &head.fields, head.len);
    if let Ok(options) = connection_options(buf, &head.fields) {
        assert_eq!(options.close, is_listed(buf, &head.fields, b"close"));
        assert_eq!(options.upgrade, is_listed(buf, &head.fields, b"upgrade"));
    }
    Ok(Some(Head {
        start: [head.method.of(buf).to_vec(), head.target.of(buf).to_vec()],
        version: head.version,
        fields,
        len: head.len,
        body: request_body(buf, &head),
    }))
}

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let Some(head) = read(bytes, parse) else {
        return;
    };
    check_framing(&head);
    if head.body == Ok(Body::None) {
        let declares = |name: &[u8]| {
            name.eq_ignore_ascii_case(b"content-length")
                || name.eq_ignore_ascii_case(b"transfer-encoding")
        };
        assert!(!head.fields.iter().any(|(name, _)| declares(name)));
    }
    assert_ne!(head.body, Ok(Body::Close));

    let mut theirs = [httparse::EMPTY_HEADER; LIMITS.headers];
    let mut request = httparse::Request::new(&mut theirs);
    assert_eq!(
        request.parse(bytes),
        Ok(httparse::Status::Complete(head.len))
    );
    assert_eq!(
        request.method.map(str::as_bytes),
        Some(head.start[0].as_slice())
    );
    assert_eq!(
        request.path.map(str::as_bytes),
        Some(head.start[1].as_slice())
    );
    assert_eq!(request.version, Some(head.version as u8));
    check_fields(&head.fields, request.headers);
}
