//! How a message's body is delimited (RFC 9112 §6).
//!
//! Two parties that disagree about where a body ends read two different next messages: request
//! smuggling. So there is one field line of one kind in its plainest form, or none.

use crate::{
    bytes::{is_token, trim},
    field::Field,
    head::{RequestHead, ResponseHead, Version},
    name::Name,
};

/// The longest body, as a length or a chunk: what a signed 64-bit number holds, since a reader that
/// uses one would take more for a negative length.
pub(crate) const BODY_BYTES_MAX: u64 = i64::MAX.unsigned_abs();

/// How a message's body is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// It has this many bytes.
    Length(u64),
    /// It is chunked.
    Chunked,
    /// It lasts until the upstream closes (responses only).
    Close,
}

/// Why a message's framing is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Content-Length is repeated, a list, or not a plain decimal number within bounds.
    #[error("invalid Content-Length")]
    ContentLength,
    /// Both ways of delimiting at once.
    #[error("Transfer-Encoding with Content-Length")]
    BothLengths,
    /// Transfer-Encoding is repeated, malformed, doesn't end in `chunked`, or the message is
    /// HTTP/1.0 or may have no body.
    #[error("invalid Transfer-Encoding")]
    TransferEncoding,
    /// A well-formed list of codings, with one that we don't know before `chunked`.
    #[error("unknown transfer coding")]
    UnknownCoding,
}

/// Says how a request's body is delimited.
///
/// # Errors
/// Whatever leaves a doubt about it.
pub fn request_body(buf: &[u8], head: &RequestHead) -> Result<Body, FramingError> {
    let body = declared(buf, &head.fields, head.version)?;
    Ok(body.unwrap_or(Body::None))
}

/// Says how a response's body is delimited; `head_request`: the request was HEAD.
///
/// Answers to HEAD and those with status 1xx, 204 or 304 have none, whatever their fields declare
/// (RFC 9112 §6.3 rule 1); what these declare must be in order all the same.
///
/// # Errors
/// Whatever leaves a doubt about it; also a body declared by a status that may have none at all,
/// 1xx and 204 (RFC 9110 §8.6, RFC 9112 §6.1).
pub fn response_body(
    buf: &[u8],
    head: &ResponseHead,
    head_request: bool,
) -> Result<Body, FramingError> {
    let body = declared(buf, &head.fields, head.version)?;
    match (head.status, body) {
        (100..=199 | 204, Some(Body::Chunked)) => Err(FramingError::TransferEncoding),
        (100..=199 | 204, Some(Body::Length(1..))) => Err(FramingError::ContentLength),
        (100..=199 | 204 | 304, _) => Ok(Body::None),
        (_, _) if head_request => Ok(Body::None),
        (_, Some(body)) => Ok(body),
        (_, None) => Ok(Body::Close),
    }
}

/// What the fields declare, if anything.
fn declared(buf: &[u8], fields: &[Field], version: Version) -> Result<Option<Body>, FramingError> {
    let mut length = None;
    let mut coding = None;
    for field in fields {
        if field.id == Name::ContentLength {
            if length.replace(field.value.of(buf)).is_some() {
                return Err(FramingError::ContentLength);
            }
        } else if field.id == Name::TransferEncoding
            && coding.replace(field.value.of(buf)).is_some()
        {
            return Err(FramingError::TransferEncoding);
        }
    }
    match (coding, length) {
        // RFC 9112 §6.1: in HTTP/1.0 the framing is to be taken as faulty.
        (Some(_), _) if version == Version::Http10 => Err(FramingError::TransferEncoding),
        (Some(_), Some(_)) => Err(FramingError::BothLengths),
        (Some(coding), None) => transfer_coding(coding).map(Some),
        (None, Some(length)) => content_length(length).map(|length| Some(Body::Length(length))),
        (None, None) => Ok(None),
    }
}

/// `1*DIGIT` (RFC 9110 §8.6). A list of equal numbers may be read as one of them or refused: it is
/// refused.
fn content_length(value: &[u8]) -> Result<u64, FramingError> {
    // Leading zeros are digits as others are, but not without end.
    const DIGITS_MAX: usize = 19;
    if value.is_empty() || value.len() > DIGITS_MAX || !value.iter().all(u8::is_ascii_digit) {
        return Err(FramingError::ContentLength);
    }
    value
        .iter()
        .try_fold(0u64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
        .filter(|length| *length <= BODY_BYTES_MAX)
        .ok_or(FramingError::ContentLength)
}

/// `chunked` alone is what we decode; anything else is told apart only for the status it gets.
fn transfer_coding(value: &[u8]) -> Result<Body, FramingError> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Body::Chunked);
    }
    let Some(comma) = memchr::memrchr(b',', value) else {
        return Err(FramingError::TransferEncoding);
    };
    let (before, last) = (&value[..comma], trim(&value[comma + 1..]));
    // RFC 9112 §6.3 rule 4: without `chunked` at the end there is no knowing where it ends. Twice
    // (§6.1) and `identity` (gone since RFC 7230) are disguises.
    let is_unknown = before.split(|byte| *byte == b',').map(trim).all(|coding| {
        is_token(coding)
            && !coding.eq_ignore_ascii_case(b"chunked")
            && !coding.eq_ignore_ascii_case(b"identity")
    });
    if last.eq_ignore_ascii_case(b"chunked") && is_unknown {
        Err(FramingError::UnknownCoding)
    } else {
        Err(FramingError::TransferEncoding)
    }
}

#[cfg(test)]
mod tests;
