//! The chunked coding (RFC 9112 §7.1).

use crate::{
    bytes::value_len,
    framing::BODY_BYTES_MAX,
    trailer::{Line, Trailers},
};

/// The most hexadecimal digits of a chunk's size, leading zeros included.
const SIZE_DIGITS_MAX: u8 = 16;
/// The most bytes between the size and its CRLF.
const EXTENSION_BYTES_MAX: u64 = 256;
/// The most bytes of extensions by which a body may run ahead of its content: they cost work that no
/// limit on content sees. Each byte of content makes up for two.
const EXTENSION_BYTES_AHEAD_MAX: u64 = 16 * 1024;

/// Follows a chunked body without keeping more of it than one trailer line.
///
/// Extensions are checked for controls, bounded and dropped.
#[derive(Debug, Default)]
pub struct Chunked {
    place: Place,
    /// Digits of the size read so far.
    digits: u8,
    /// The size while it is read, then what is left of the chunk.
    left: u64,
    /// Bytes of this chunk's extensions.
    extension: u64,
    extensions_ahead: u64,
    trailers: Trailers,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Size,
    /// White space behind the size, which only an extension may follow.
    BeforeExtension,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    End,
}

/// The next piece of a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A chunk of this many bytes begins; never 0.
    Size(u64),
    /// The first so many bytes of the input are content; never 0.
    Data(usize),
    /// A trailer line that may be passed on: [`Chunked::trailer`] has it until the next call.
    Trailer,
    /// The body is complete.
    End,
    /// More bytes are needed.
    More,
}

/// A body that is not in the chunked coding. What follows it can't be told from it: the connection
/// is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed chunk")]
pub struct ChunkError;

impl Chunked {
    /// Reads the next piece from the start of `input`, and returns it with the number of bytes it
    /// took: those of the content itself for [`Piece::Data`], all of them for [`Piece::More`].
    ///
    /// # Errors
    /// [`ChunkError`] at the first byte that can't be; the decoder is spent then.
    pub fn next(&mut self, input: &[u8]) -> Result<(Piece, usize), ChunkError> {
        self.trailers.forget_given();
        match self.place {
            Place::Data if input.is_empty() => return Ok((Piece::More, 0)),
            Place::Data => {
                let len = self.take(input.len());
                return Ok((Piece::Data(len), len));
            }
            Place::End => return Ok((Piece::End, 0)),
            Place::Size
            | Place::BeforeExtension
            | Place::Extension
            | Place::SizeLf
            | Place::DataCr
            | Place::DataLf
            | Place::Trailers => {}
        }
        for (at, byte) in input.iter().enumerate() {
            if let Some(piece) = self.step(*byte)? {
                return Ok((piece, at + 1));
            }
        }
        Ok((Piece::More, input.len()))
    }

    /// Returns the trailer line that [`Piece::Trailer`] told of, with its CRLF.
    #[must_use]
    pub fn trailer(&self) -> &[u8] {
        self.trailers.given()
    }

    /// Takes what `available` bytes hold of the chunk.
    fn take(&mut self, available: usize) -> usize {
        let len = usize::try_from(self.left).map_or(available, |left| left.min(available));
        self.left = self.left.saturating_sub(len as u64);
        if self.left == 0 {
            self.place = Place::DataCr;
        }
        len
    }

    /// Reads one byte outside of content.
    fn step(&mut self, byte: u8) -> Result<Option<Piece>, ChunkError> {
        match (self.place, byte) {
            (Place::Size, b'\r') if self.digits > 0 => self.place = Place::SizeLf,
            (Place::Size, b';') if self.digits > 0 => self.place = Place::Extension,
            // RFC 9112 §7.1.1 has bad white space before an extension's semicolon, and only there.
            (Place::Size, b' ' | b'\t') if self.digits > 0 => self.place = Place::BeforeExtension,
            (Place::Size, _) => self.digit(byte)?,
            (Place::BeforeExtension, b' ' | b'\t') => self.extend()?,
            (Place::BeforeExtension, b';') => self.place = Place::Extension,
            (Place::Extension, b'\r') => self.place = Place::SizeLf,
            (Place::Extension, _) if value_len(&[byte]) == 1 => self.extend()?,
            (Place::SizeLf, b'\n') => return self.begin(),
            (Place::DataCr, b'\r') => self.place = Place::DataLf,
            (Place::DataLf, b'\n') => (self.place, self.digits) = (Place::Size, 0),
            (Place::Trailers, _) => return self.trailer_byte(byte),
            (
                Place::BeforeExtension
                | Place::Extension
                | Place::SizeLf
                | Place::Data
                | Place::DataCr
                | Place::DataLf
                | Place::End,
                _,
            ) => return Err(ChunkError),
        }
        Ok(None)
    }

    /// Reads a digit of the size.
    fn digit(&mut self, byte: u8) -> Result<(), ChunkError> {
        let digit = char::from(byte).to_digit(16).ok_or(ChunkError)?;
        if self.digits >= SIZE_DIGITS_MAX {
            return Err(ChunkError);
        }
        self.digits += 1;
        // Sixteen digits fill 64 bits, so that none is shifted out.
        self.left = self.left << 4 | u64::from(digit);
        Ok(())
    }

    /// Counts a byte between the size and its CRLF.
    fn extend(&mut self) -> Result<(), ChunkError> {
        self.extension += 1;
        if self.extension > EXTENSION_BYTES_MAX {
            Err(ChunkError)
        } else {
            Ok(())
        }
    }

    /// Begins the chunk whose size has been read.
    fn begin(&mut self) -> Result<Option<Piece>, ChunkError> {
        let (size, extension) = (self.left, std::mem::take(&mut self.extension));
        self.extensions_ahead =
            (self.extensions_ahead + extension).saturating_sub(size.saturating_mul(2));
        if size > BODY_BYTES_MAX || self.extensions_ahead > EXTENSION_BYTES_AHEAD_MAX {
            return Err(ChunkError);
        }
        if size == 0 {
            self.place = Place::Trailers;
            return Ok(None);
        }
        self.place = Place::Data;
        Ok(Some(Piece::Size(size)))
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<Option<Piece>, ChunkError> {
        match self.trailers.push(byte)? {
            Line::Unfinished | Line::Dropped => Ok(None),
            Line::Given => Ok(Some(Piece::Trailer)),
            Line::Empty => {
                self.place = Place::End;
                Ok(Some(Piece::End))
            }
        }
    }
}

#[cfg(test)]
mod tests;
