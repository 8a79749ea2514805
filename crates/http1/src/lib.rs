//! HTTP/1.1 heads and framing, strict: bytes in, values out (RFC 9110, RFC 9112, RFC 6455 framing).
//!
//! API pinned for exchange (the owner of this crate completes it; may add, not change without need):
#![allow(missing_docs, reason = "skeleton")]

use std::ops::Range;

/// Byte offsets into the buffer that was parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span { pub start: u32, pub end: u32 }
impl Span {
    pub fn range(self) -> Range<usize> { self.start as usize..self.end as usize }
    pub fn of(self, buf: &[u8]) -> &[u8] { &buf[self.range()] }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version { Http10, #[default] Http11 }

/// Field names that the gateway cares about, recognised while parsing (length first, then case-insensitive compare).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name { Other, Host, Connection, ContentLength, TransferEncoding, Te, Trailer, Upgrade, KeepAlive, ProxyConnection,
    Http2Settings, Expect, Forwarded, XForwardedFor, XForwardedProto, XForwardedHost, XForwardedPort,
    /// any other X-Forwarded-*, and spellings of these names with underscores
    XForwardedOther, XRealIp, XClientIp, XRequestId, Via, Accept, UserAgent, Traceparent, SecWebsocketKey, SecWebsocketProtocol,
    SecWebsocketVersion, SecWebsocketAccept, Date, Server, ProxyAuthorization, ProxyAuthenticate }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field { pub id: Name, pub name: Span, /// without surrounding white space
    pub value: Span, /// the whole line with its CRLF
    pub line: Span }

/// A request's head as spans; reused between requests so that parsing allocates nothing.
#[derive(Debug, Default)]
pub struct RequestHead { pub method: Span, pub target: Span, pub version: Version, pub fields: Vec<Field>, /// length of the head with its final CRLF
    pub len: usize }

#[derive(Debug, Default)]
pub struct ResponseHead { pub version: Version, pub status: u16, pub reason: Span, pub fields: Vec<Field>, pub len: usize }

#[derive(Clone, Copy, Debug)]
pub struct HeadLimits { pub head: usize, pub headers: usize, pub uri: usize }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed { /// the head is there, `head.len` bytes
    Complete, /// more bytes are needed; nothing wrong so far (known faults are told as early as they are seen)
    Partial }

/// Why a head is refused. Each maps to one status in exchange::error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError { #[error("malformed start line")] StartLine, #[error("malformed header line")] Field, #[error("target too long")] UriTooLong,
    #[error("head too large")] HeadTooLarge, #[error("too many header lines")] TooManyFields, #[error("HTTP version not supported")] Version }

/// Parses a request head at the start of `buf`; `scanned` is kept by the caller between calls on a growing buffer (0 at first) so that
/// no byte is scanned twice for the terminator. Up to one empty line (CRLF) before the request line is skipped (RFC 9112 §2.2) - counted in len.
pub fn parse_request(_buf: &[u8], _scanned: &mut usize, _limits: &HeadLimits, _head: &mut RequestHead) -> Result<Parsed, HeadError> { todo!() }
pub fn parse_response(_buf: &[u8], _scanned: &mut usize, _limits: &HeadLimits, _head: &mut ResponseHead) -> Result<Parsed, HeadError> { todo!() }

/// How a message's body is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body { None, Length(u64), Chunked, /// until the upstream closes (responses only)
    Close }

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError { #[error("invalid Content-Length")] ContentLength, #[error("Transfer-Encoding with Content-Length")] BothLengths,
    #[error("invalid Transfer-Encoding")] TransferEncoding, /// a well-formed coding we don't know: 501
    #[error("unknown transfer coding")] UnknownCoding }
pub fn request_body(_buf: &[u8], _head: &RequestHead) -> Result<Body, FramingError> { todo!() }
/// `head_request`: the request was HEAD. 1xx, 204, 304 and HEAD have none.
pub fn response_body(_buf: &[u8], _head: &ResponseHead, _head_request: bool) -> Result<Body, FramingError> { todo!() }

/// What the Connection field's options say together, over all its lines.
/// `listed(name)` tells whether a field is named there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions { pub close: bool, pub keep_alive: bool, pub upgrade: bool, /// any option besides those three: fields must then be compared with `is_listed`
    pub others: bool }
pub fn connection_options(_buf: &[u8], _fields: &[Field]) -> Result<ConnectionOptions, HeadError> { todo!() }
/// Whether `name` is named in a Connection field.
pub fn is_listed(_buf: &[u8], _fields: &[Field], _name: &[u8]) -> bool { todo!() }

/// Follows a chunked body strictly (RFC 9112 §7.1) without buffering more than a size line or trailer line.
#[derive(Debug, Default)]
pub struct Chunked { /* state */ }
/// The next piece of a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece { /// a chunk of this many bytes begins (never 0)
    Size(u64), /// the first n bytes of the rest are chunk data
    Data(usize), /// a valid trailer line, kept by the decoder until the next call: `Chunked::trailer()` gives it with CRLF. Framing, routing, forwarded and hop-by-hop names are dropped silently, never given
    Trailer, /// the body is complete
    End, /// more bytes are needed
    More }
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunk")]
pub struct ChunkError;
impl Chunked {
    /// Consumes from `input`: returns the piece and how many bytes it took (for Data: the data itself; for Size: what was left of the size line).
    pub fn next(&mut self, _input: &[u8]) -> Result<(Piece, usize), ChunkError> { todo!() }
    pub fn trailer(&self) -> &[u8] { todo!() }
}

/// Follows WebSocket frame boundaries in one direction without looking into payloads (RFC 6455 §5.2).
#[derive(Debug, Default)]
pub struct Frames { /* state */ }
impl Frames {
    /// Follows `bytes`; malformed frames are not our business, boundaries are (a length that can't be is remembered: boundaries unknown from then on).
    pub fn follow(&mut self, _bytes: &[u8]) { todo!() }
    /// Whether the bytes so far end between two frames.
    pub fn at_boundary(&self) -> bool { todo!() }
    /// The code of a close frame seen, if any (0 where it has no code). Client frames are masked: unmasked here for the code alone.
    pub fn close_code(&self) -> Option<u16> { todo!() }
}
/// Writes a close frame as a server sends it (unmasked).
pub fn close_frame(_code: u16) -> [u8; 4] { todo!() }
