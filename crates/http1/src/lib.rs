//! HTTP/1.1 heads and framing, strict: bytes in, values out (RFC 9112, the parts of RFC 9110 it
//! leans on, and the frame boundaries of RFC 6455).
//!
//! A head is read in one pass into spans of the caller's buffer; nothing is copied, and the table
//! of fields is reused. [`request_body`] and [`response_body`] say how the body is delimited,
//! [`Chunked`] follows a chunked one, [`Frames`] follows a WebSocket.
//!
//! ```text
//! bytes ──parse_request──▶ RequestHead ──request_body──▶ Body ──Chunked──▶ Piece, Piece, …
//! ```
//!
//! It is not a client or a server: it knows no sockets, no clocks, no Host (see `routes`), and
//! which fields are forwarded is for `exchange` to decide. It never writes a head.
//!
//! Start with `head`, then `field`, `framing` and `chunked`.
//!
//! Invariants: what is accepted has exactly one reading under RFC 9112, and anything ambiguous is
//! refused; the verdict on a message doesn't depend on how its bytes were split; any bytes end in a
//! value or an error; memory and work are linear in the bytes and bounded by the limits.

mod bytes;
mod chunked;
mod connection;
mod cursor;
mod field;
mod framing;
mod head;
mod name;
mod trailer;
mod websocket;

pub use chunked::{ChunkError, Chunked, Piece};
pub use connection::{ConnectionOptions, connection_options, is_listed};
pub use field::{Field, Span};
pub use framing::{Body, FramingError, request_body, response_body};
pub use head::{
    HeadError, HeadLimits, Parsed, RequestHead, ResponseHead, Version, parse_request,
    parse_response,
};
pub use name::Name;
pub use websocket::{Frames, close_frame};
