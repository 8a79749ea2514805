//! A body on its way from one side to the other.

use std::io::Write as _;

use http1::{Body, ChunkError, Chunked, Piece};

/// The most bytes of trailers that are passed on.
const TRAILER_BYTES_MAX: usize = 16 * 1024;

/// Follows one body while it is relayed: knows where it ends, and frames it anew where the other
/// side needs that.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    reading: Reading,
    /// What is sent is chunked.
    chunks: bool,
}

/// What is still to come.
#[derive(Debug, Default)]
enum Reading {
    #[default]
    Nothing,
    Length(u64),
    Chunks(Chunks),
    ToEnd,
}

/// A chunked body.
#[derive(Debug, Default)]
struct Chunks {
    decoder: Chunked,
    /// What is left of the chunk.
    left: u64,
    /// The last chunk has been sent, trailers follow.
    is_trailing: bool,
    trailer_bytes: usize,
}

/// What a piece of input came to.
#[derive(Debug)]
pub(crate) struct Relayed<'a> {
    /// Bytes of the input that belong to the body.
    pub(crate) used: usize,
    /// Bytes of content among them, without framing.
    pub(crate) content: u64,
    /// What is to be sent.
    pub(crate) send: &'a [u8],
}

impl Relay {
    /// A body framed as `body` says, to be sent in chunks where it has no length if `may_chunk`.
    pub(crate) fn new(body: Body, may_chunk: bool) -> Self {
        let reading = match body {
            Body::None | Body::Length(0) => Reading::Nothing,
            Body::Length(length) => Reading::Length(length),
            Body::Chunked => Reading::Chunks(Chunks::default()),
            Body::Close => Reading::ToEnd,
        };
        let has_length = matches!(reading, Reading::Nothing | Reading::Length(_));
        Self {
            reading,
            chunks: may_chunk && !has_length,
        }
    }

    /// Whether the body is complete.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.reading, Reading::Nothing)
    }

    /// Takes what `input` holds of the body. What is to be sent is either a part of `input` or put
    /// together in `out`.
    pub(crate) fn relay<'a>(
        &mut self,
        input: &'a [u8],
        out: &'a mut Vec<u8>,
    ) -> Result<Relayed<'a>, ChunkError> {
        out.clear();
        match &mut self.reading {
            Reading::Nothing => Ok(whole(&[])),
            Reading::Length(left) => {
                let len = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left = left.saturating_sub(len as u64);
                if *left == 0 {
                    self.reading = Reading::Nothing;
                }
                Ok(whole(&input[..len]))
            }
            Reading::ToEnd if self.chunks && !input.is_empty() => {
                write_size(out, input.len() as u64);
                out.extend_from_slice(input);
                out.extend_from_slice(b"\r\n");
                Ok(Relayed {
                    send: out,
                    ..whole(input)
                })
            }
            Reading::ToEnd => Ok(whole(input)),
            Reading::Chunks(chunks) => {
                let (used, content, is_complete) = chunks.relay(input, self.chunks, out)?;
                if is_complete {
                    self.reading = Reading::Nothing;
                }
                Ok(Relayed {
                    used,
                    content,
                    send: out,
                })
            }
        }
    }

    /// The sender's side ended. Returns what still has to be sent if that completes the body, `None`
    /// if the body is cut.
    pub(crate) fn end(&mut self) -> Option<&'static [u8]> {
        match self.reading {
            Reading::ToEnd => {
                self.reading = Reading::Nothing;
                Some(if self.chunks { b"0\r\n\r\n" } else { b"" })
            }
            Reading::Nothing => Some(b""),
            Reading::Length(_) | Reading::Chunks(_) => None,
        }
    }
}

impl Chunks {
    /// Returns the bytes used, those of content among them, and whether the body is complete.
    fn relay(
        &mut self,
        input: &[u8],
        chunks: bool,
        out: &mut Vec<u8>,
    ) -> Result<(usize, u64, bool), ChunkError> {
        let (mut used, mut content) = (0, 0);
        loop {
            let rest = &input[used..];
            let (piece, taken) = self.decoder.next(rest)?;
            used += taken;
            match piece {
                Piece::Size(size) => {
                    self.left = size;
                    if chunks {
                        write_size(out, size);
                    }
                }
                Piece::Data(len) => {
                    out.extend_from_slice(&rest[..len]);
                    content += len as u64;
                    self.left = self.left.saturating_sub(len as u64);
                    if chunks && self.left == 0 {
                        out.extend_from_slice(b"\r\n");
                    }
                }
                Piece::Trailer if chunks => self.write_trailer(out)?,
                Piece::Trailer => {}
                Piece::End => {
                    if chunks {
                        out.extend_from_slice(if self.is_trailing {
                            b"\r\n"
                        } else {
                            b"0\r\n\r\n"
                        });
                    }
                    return Ok((used, content, true));
                }
                Piece::More => return Ok((used, content, false)),
            }
        }
    }

    fn write_trailer(&mut self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        let line = self.decoder.trailer();
        self.trailer_bytes = self.trailer_bytes.saturating_add(line.len());
        if self.trailer_bytes > TRAILER_BYTES_MAX {
            return Err(ChunkError);
        }
        if !self.is_trailing {
            self.is_trailing = true;
            out.extend_from_slice(b"0\r\n");
        }
        out.extend_from_slice(line);
        Ok(())
    }
}

/// All of `bytes` is content and goes on as it is.
fn whole(bytes: &[u8]) -> Relayed<'_> {
    Relayed {
        used: bytes.len(),
        content: bytes.len() as u64,
        send: bytes,
    }
}

fn write_size(out: &mut Vec<u8>, size: u64) {
    write!(out, "{size:x}\r\n").expect("a vector takes everything");
}

#[cfg(test)]
mod tests;
