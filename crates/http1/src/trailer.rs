//! The trailer section of a chunked body (RFC 9112 §7.1.2), line by line.

use crate::{chunked::ChunkError, cursor::Cursor, name::Name};

/// The most lines, dropped ones included.
const TRAILERS_MAX: u8 = 64;
/// The most bytes of all lines together.
const TRAILER_BYTES_MAX: usize = 8 * 1024;

/// Names that may not come as trailers (RFC 9110 §6.5.1), besides those in [`Name`]: whoever merges
/// trailers into the head would take them for the sender's word on routing, authentication, caching
/// or the kind of content.
const NEVER_TRAILERS: [&[u8]; 35] = [
    b"age",
    b"authorization",
    b"cache-control",
    b"content-disposition",
    b"content-encoding",
    b"content-language",
    b"content-location",
    b"content-range",
    b"content-security-policy",
    b"content-type",
    b"cookie",
    b"expires",
    b"if-match",
    b"if-modified-since",
    b"if-none-match",
    b"if-range",
    b"if-unmodified-since",
    b"location",
    b"max-forwards",
    b"origin",
    b"pragma",
    b"range",
    b"referer",
    b"refresh",
    b"retry-after",
    b"sec-websocket-extensions",
    b"set-cookie",
    b"strict-transport-security",
    b"vary",
    b"warning",
    b"www-authenticate",
    b"x-csrf-token",
    b"x-http-method-override",
    b"x-original-url",
    b"x-rewrite-url",
];

/// What a byte made of the line it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The line goes on.
    Unfinished,
    /// It is one that may not be passed on.
    Dropped,
    /// It may be passed on, and is kept until the next call.
    Given,
    /// It is the empty line that ends the section.
    Empty,
}

/// The trailer section as far as it has been read; keeps one line.
#[derive(Debug, Default)]
pub(crate) struct Trailers {
    line: Vec<u8>,
    is_given: bool,
    lines: u8,
    bytes: usize,
}

impl Trailers {
    /// Returns the line that [`Line::Given`] told of.
    pub(crate) fn given(&self) -> &[u8] {
        if self.is_given { &self.line } else { &[] }
    }

    /// Ends the time for which a line is kept.
    pub(crate) fn forget_given(&mut self) {
        if std::mem::take(&mut self.is_given) {
            self.line.clear();
        }
    }

    /// Reads the next byte of the section.
    pub(crate) fn push(&mut self, byte: u8) -> Result<Line, ChunkError> {
        self.bytes += 1;
        if self.bytes > TRAILER_BYTES_MAX {
            return Err(ChunkError);
        }
        self.line.push(byte);
        if byte != b'\n' {
            return Ok(Line::Unfinished);
        }
        if self.line == b"\r\n" {
            return Ok(Line::Empty);
        }
        self.lines += 1;
        if self.lines > TRAILERS_MAX {
            return Err(ChunkError);
        }
        let field = Cursor::new(&self.line).field().map_err(|_| ChunkError)?;
        // Nobody sends these in good faith: whoever merged them would read another message.
        if matches!(
            field.id,
            Name::ContentLength | Name::TransferEncoding | Name::Host
        ) {
            return Err(ChunkError);
        }
        if field.id == Name::Other && !is_never_trailer(field.name.of(&self.line)) {
            self.is_given = true;
            return Ok(Line::Given);
        }
        self.line.clear();
        Ok(Line::Dropped)
    }
}

/// Underscores count as hyphens, as in [`Name::Disguised`].
fn is_never_trailer(name: &[u8]) -> bool {
    NEVER_TRAILERS.iter().any(|never| {
        never.len() == name.len()
            && never.iter().zip(name).all(|(known, byte)| {
                *known == byte.to_ascii_lowercase() || (*known == b'-' && *byte == b'_')
            })
    })
}
