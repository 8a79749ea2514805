//! The chunked coding: one verdict in any pieces, content within what was promised, trailers that
//! are field lines, and httparse reads the same first size.

use http1::{ChunkError, Chunked, Piece};

#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    content: Vec<u8>,
    trailers: Vec<u8>,
    taken: usize,
    is_complete: bool,
}

fn read(input: &[u8], sees: usize) -> Result<Read, ChunkError> {
    let mut chunked = Chunked::default();
    let mut read = Read::default();
    let mut promised = 0;
    loop {
        let rest = &input[read.taken..];
        let seen = &rest[..rest.len().min(sees)];
        let (piece, taken) = chunked.next(seen)?;
        match piece {
            Piece::Size(size) => {
                assert!(size > 0 && promised == 0);
                promised = size;
            }
            Piece::Data(len) => {
                assert!(len > 0 && len == taken);
                promised -= len as u64;
                read.content.extend(&seen[..len]);
            }
            Piece::Trailer => {
                let line = chunked.trailer();
                assert!(line.ends_with(b"\r\n") && line.contains(&b':') && !line.starts_with(b":"));
                assert!(
                    !line[..line.len() - 2]
                        .iter()
                        .any(|byte| b"\r\n\0".contains(byte))
                );
                read.trailers.extend(line);
            }
            Piece::End => {
                assert_eq!(promised, 0);
                read.is_complete = true;
            }
            Piece::More => assert_eq!(taken, seen.len()),
        }
        read.taken += taken;
        if read.is_complete || (piece == Piece::More && read.taken == input.len()) {
            return Ok(read);
        }
    }
}

/// Checks these bytes.
pub fn check(input: &[u8]) {
    let whole = read(input, usize::MAX);
    for sees in [1, 2, 7] {
        assert_eq!(read(input, sees), whole);
    }
    if let Ok((Piece::Size(size), taken)) = Chunked::default().next(input) {
        assert_eq!(
            httparse::parse_chunk_size(input),
            Ok(httparse::Status::Complete((taken, size)))
        );
    }
}
