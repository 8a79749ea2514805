//! Request and response heads (RFC 9112 §2 to §5).

use crate::{
    cursor::{Cursor, METHOD_BYTES_MAX, Stop},
    field::{Field, Span},
};

/// The protocol version of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

/// A request's head as spans; reused between requests so that parsing allocates nothing.
///
/// What it holds is meaningless unless the last parse was [`Parsed::Complete`].
#[derive(Debug, Default)]
pub struct RequestHead {
    /// The method, a token of at most 32 bytes.
    pub method: Span,
    /// The request target, visible ASCII without a fragment.
    pub target: Span,
    /// The protocol version.
    pub version: Version,
    /// The field lines in their order.
    pub fields: Vec<Field>,
    /// Length of the head with the empty line at its end, and the one that may stand before it.
    pub len: usize,
}

/// A response's head as spans; reused as [`RequestHead`] is.
#[derive(Debug, Default)]
pub struct ResponseHead {
    /// The protocol version.
    pub version: Version,
    /// The status code, 100 to 599.
    pub status: u16,
    /// The reason phrase, often empty.
    pub reason: Span,
    /// The field lines in their order.
    pub fields: Vec<Field>,
    /// Length of the head with the empty line at its end.
    pub len: usize,
}

/// How large a head may be.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Bytes of the whole head.
    pub head: usize,
    /// Number of field lines.
    pub headers: usize,
    /// Bytes of the request target.
    pub uri: usize,
}

/// How far a head has come that has no fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The head is there, `head.len` bytes.
    Complete,
    /// More bytes are needed.
    Partial,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The request line or status line is malformed.
    #[error("malformed start line")]
    StartLine,
    /// A field line is malformed.
    #[error("malformed header line")]
    Field,
    /// The request target is over its limit.
    #[error("target too long")]
    UriTooLong,
    /// The head is over its limit.
    #[error("head too large")]
    HeadTooLarge,
    /// There are more field lines than the limit.
    #[error("too many header lines")]
    TooManyFields,
    /// It is a version of HTTP, but neither 1.0 nor 1.1.
    #[error("HTTP version not supported")]
    Version,
}

/// Parses a request head at the start of `buf`.
///
/// `scanned` is kept by the caller between calls on a growing buffer, 0 at first: how many bytes
/// are known not to end the head; it is 0 again when the head is complete. With it the work is
/// linear in the bytes, however they arrive. One empty line before the request line is skipped and
/// counted in `len` (RFC 9112 §2.2).
///
/// # Errors
/// The first fault in the order of the bytes. Of an unfinished head it is told at the latest when
/// the buffer has doubled since the last look, or a limit is reached.
pub fn parse_request(
    buf: &[u8],
    scanned: &mut usize,
    limits: &HeadLimits,
    head: &mut RequestHead,
) -> Result<Parsed, HeadError> {
    parse(buf, scanned, limits, |cursor| {
        cursor.skip_empty_line()?;
        head.method = cursor.method()?;
        head.target = cursor.target(limits.uri)?;
        head.version = cursor.version()?;
        cursor.line_end(HeadError::StartLine)?;
        head.fields.clear();
        cursor.fields(limits.headers, &mut head.fields)?;
        head.len = cursor.position();
        Ok(())
    })
}

/// Parses a response head at the start of `buf`; `scanned` as in [`parse_request`].
///
/// # Errors
/// As [`parse_request`]. [`HeadError::UriTooLong`] is not among them.
pub fn parse_response(
    buf: &[u8],
    scanned: &mut usize,
    limits: &HeadLimits,
    head: &mut ResponseHead,
) -> Result<Parsed, HeadError> {
    parse(buf, scanned, limits, |cursor| {
        head.version = cursor.version()?;
        head.status = cursor.status()?;
        head.reason = cursor.reason()?;
        head.fields.clear();
        cursor.fields(limits.headers, &mut head.fields)?;
        head.len = cursor.position();
        Ok(())
    })
}

fn parse(
    buf: &[u8],
    scanned: &mut usize,
    limits: &HeadLimits,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<(), Stop>,
) -> Result<Parsed, HeadError> {
    // What lies beyond the limit must not change the verdict: it need not have arrived.
    let bytes_max = limits.head.min(Span::MAX);
    let window = &buf[..buf.len().min(bytes_max)];
    let is_full = window.len() == bytes_max;
    if is_full || is_worth_reading(window, *scanned, limits) {
        match read(&mut Cursor::new(window)) {
            Ok(()) => {
                *scanned = 0;
                return Ok(Parsed::Complete);
            }
            Err(Stop::Fault(error)) => return Err(error),
            Err(Stop::NeedMore) if is_full => return Err(HeadError::HeadTooLarge),
            Err(Stop::NeedMore) => {}
        }
    }
    *scanned = window.len();
    Ok(Parsed::Partial)
}

/// Whether reading may tell more than it did when there were `scanned` bytes.
///
/// A head is read from its start each time, so only at its end, at the end of its first line, at the
/// first line end that is none, and each time that it has doubled: that makes the work linear, and a
/// fault in a dripping head isn't kept back for long.
fn is_worth_reading(window: &[u8], scanned: usize, limits: &HeadLimits) -> bool {
    // With this many bytes a target over its limit shows: an empty line, a method and an SP may
    // stand before it.
    let target_shows = limits.uri.saturating_add(2 + METHOD_BYTES_MAX + 1);
    window.len().checked_ilog2() != scanned.checked_ilog2()
        || (scanned <= target_shows && target_shows < window.len())
        || ends_lines(window, scanned)
        || ends_first_line(window, scanned)
}

/// Whether the first LF, but for that of an empty line before a request, is at or behind `from`.
fn ends_first_line(window: &[u8], from: usize) -> bool {
    let start = if window.starts_with(b"\r\n") { 2 } else { 0 };
    let line = window.get(start..).unwrap_or_default();
    memchr::memchr(b'\n', line).is_some_and(|at| start + at >= from)
}

/// Whether an LF at or behind `from` ends the head, or no line at all since it has no CR.
fn ends_lines(window: &[u8], from: usize) -> bool {
    let new = window.get(from..).unwrap_or_default();
    memchr::memchr_iter(b'\n', new).any(|at| {
        let before = &window[..from + at];
        before.ends_with(b"\n\r") || !before.ends_with(b"\r")
    })
}

#[cfg(test)]
mod tests;
