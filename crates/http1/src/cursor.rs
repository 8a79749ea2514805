//! Reads the parts of a head one after another, stopping at the first byte that can't be.
//!
//! Each verdict depends only on the bytes up to the one that decides it, so that it is the same
//! however the head was split into reads.

use crate::{
    bytes::{target_len, token_len, value_len},
    field::{Field, Span},
    head::{HeadError, Version},
    name::Name,
};

/// The longest method that is accepted. Longer than any registered one (RFC 9110 §16.1.1).
pub(crate) const METHOD_BYTES_MAX: usize = 32;

/// Why reading went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The bytes end before the part does.
    NeedMore,
    /// The bytes are wrong.
    Fault(HeadError),
}

/// A position in the bytes of a head.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at the first of `bytes`, of which there are at most [`Span::MAX`].
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Skips one CRLF if the bytes begin with a CR (RFC 9112 §2.2).
    pub(crate) fn skip_empty_line(&mut self) -> Result<(), Stop> {
        if self.rest().first() == Some(&b'\r') {
            self.line_end(HeadError::StartLine)?;
        }
        Ok(())
    }

    /// Reads `method SP` (RFC 9112 §3.1).
    pub(crate) fn method(&mut self) -> Result<Span, Stop> {
        let rest = self.rest();
        let len = token_len(&rest[..rest.len().min(METHOD_BYTES_MAX + 1)]);
        if len > METHOD_BYTES_MAX {
            return Err(Stop::Fault(HeadError::StartLine));
        }
        self.word(len)
    }

    /// Reads `request-target SP` (RFC 9112 §3.2).
    pub(crate) fn target(&mut self, bytes_max: usize) -> Result<Span, Stop> {
        let rest = self.rest();
        let len = target_len(&rest[..rest.len().min(bytes_max.saturating_add(1))]);
        if len > bytes_max {
            return Err(Stop::Fault(HeadError::UriTooLong));
        }
        self.word(len)
    }

    /// Reads `HTTP-version` (RFC 9112 §2.3).
    pub(crate) fn version(&mut self) -> Result<Version, Stop> {
        let rest = self.rest();
        if rest.starts_with(b"HTTP/1.1") {
            self.at += b"HTTP/1.1".len();
            return Ok(Version::Http11);
        }
        for (at, expected) in b"HTTP/0.0".iter().enumerate() {
            let byte = rest.get(at).ok_or(Stop::NeedMore)?;
            let fits = if *expected == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == expected
            };
            if !fits {
                return Err(Stop::Fault(HeadError::StartLine));
            }
        }
        if !rest.starts_with(b"HTTP/1.0") {
            // RFC 9110 §2.5 would read a later 1.x as 1.1, but there is none: whoever says so
            // speaks something that we don't know.
            return Err(Stop::Fault(HeadError::Version));
        }
        self.at += b"HTTP/1.0".len();
        Ok(Version::Http10)
    }

    /// Reads `SP status-code` (RFC 9112 §4).
    pub(crate) fn status(&mut self) -> Result<u16, Stop> {
        self.space()?;
        let rest = self.rest();
        let mut status = 0;
        for at in 0..3 {
            let byte = rest.get(at).ok_or(Stop::NeedMore)?;
            if !byte.is_ascii_digit() {
                return Err(Stop::Fault(HeadError::StartLine));
            }
            status = status * 10 + u16::from(byte - b'0');
        }
        // RFC 9110 §15: others are invalid, to be treated as a server's fault.
        if !(100..=599).contains(&status) {
            return Err(Stop::Fault(HeadError::StartLine));
        }
        self.at += 3;
        Ok(status)
    }

    /// Reads `SP [ reason-phrase ] CRLF` (RFC 9112 §4). Many servers leave the SP out where there
    /// is no reason; that too has one reading only.
    pub(crate) fn reason(&mut self) -> Result<Span, Stop> {
        if self.rest().first() != Some(&b'\r') {
            self.space()?;
        }
        let start = self.at;
        self.at += value_len(self.rest());
        let reason = Span::new(start, self.at);
        self.line_end(HeadError::StartLine)?;
        Ok(reason)
    }

    /// Reads field lines (RFC 9112 §5) into `fields`, up to the empty line and with it.
    pub(crate) fn fields(&mut self, max: usize, fields: &mut Vec<Field>) -> Result<(), Stop> {
        while self.has_field()? {
            if fields.len() >= max {
                return Err(Stop::Fault(HeadError::TooManyFields));
            }
            fields.push(self.field()?);
        }
        self.line_end(HeadError::Field)
    }

    fn has_field(&self) -> Result<bool, Stop> {
        self.rest()
            .first()
            .map(|byte| *byte != b'\r')
            .ok_or(Stop::NeedMore)
    }

    /// Reads `field-name ":" OWS field-value OWS CRLF` (RFC 9112 §5).
    ///
    /// A line folded onto the one before begins with white space, where a name must be: refused
    /// (RFC 9112 §5.2), as is white space before the colon (§5.1).
    pub(crate) fn field(&mut self) -> Result<Field, Stop> {
        let (start, rest) = (self.at, self.rest());
        let name = token_len(rest);
        match rest.get(name) {
            Some(b':') if name > 0 => {}
            Some(_) => return Err(Stop::Fault(HeadError::Field)),
            None => return Err(Stop::NeedMore),
        }
        let mut from = name + 1;
        while matches!(rest.get(from), Some(b' ' | b'\t')) {
            from += 1;
        }
        let end = from + value_len(&rest[from..]);
        let mut to = end;
        while to > from && matches!(rest[to - 1], b' ' | b'\t') {
            to -= 1;
        }
        self.at = start + end;
        self.line_end(HeadError::Field)?;
        Ok(Field {
            id: Name::of(&rest[..name]),
            name: Span::new(start, start + name),
            value: Span::new(start + from, start + to),
            line: Span::new(start, self.at),
        })
    }

    /// Reads CRLF. Neither CR nor LF alone ends a line (RFC 9112 §2.2 allows to accept LF; what
    /// accepts it reads other lines than what doesn't).
    pub(crate) fn line_end(&mut self, fault: HeadError) -> Result<(), Stop> {
        match self.rest() {
            [b'\r', b'\n', ..] => {
                self.at += 2;
                Ok(())
            }
            [] | [b'\r'] => Err(Stop::NeedMore),
            [_, ..] => Err(Stop::Fault(fault)),
        }
    }

    /// Reads `len` bytes and the SP behind them.
    fn word(&mut self, len: usize) -> Result<Span, Stop> {
        if len == 0 && !self.rest().is_empty() {
            return Err(Stop::Fault(HeadError::StartLine));
        }
        let word = Span::new(self.at, self.at + len);
        self.at += len;
        self.space()?;
        Ok(word)
    }

    fn space(&mut self) -> Result<(), Stop> {
        match self.rest().first() {
            Some(b' ') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Stop::Fault(HeadError::StartLine)),
            None => Err(Stop::NeedMore),
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }
}
