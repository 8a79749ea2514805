//! Terms to bytes.

use super::{Pid, Reference, TermRef, VERSION, tag};

/// Why a term can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// An atom longer than nodes take, or a length beyond 32 bits.
    TooLarge,
    /// A float that no node has: infinite, or not a number.
    NotFinite,
}

impl std::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the term is too large to be written",
            Self::NotFinite => "a float that is not finite can't be written",
        })
    }
}

impl std::error::Error for EncodeError {}

/// Writes a term that stands by itself, version byte first.
///
/// # Errors
///
/// The term can't be written; `out` then ends in a part of it.
pub fn encode(term: &TermRef<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.push(VERSION);
    write(term, out)
}

type Written = Result<(), EncodeError>;

fn write(term: &TermRef<'_>, out: &mut Vec<u8>) -> Written {
    match term {
        TermRef::Atom(name) => atom(name, out),
        TermRef::Integer(number) => {
            integer(*number, out);
            Ok(())
        }
        TermRef::Float(number) if !number.is_finite() => Err(EncodeError::NotFinite),
        TermRef::Float(number) => {
            out.push(tag::NEW_FLOAT);
            out.extend_from_slice(&number.to_be_bytes());
            Ok(())
        }
        TermRef::Binary(bytes) => {
            out.push(tag::BINARY);
            length(bytes.len(), out)?;
            out.extend_from_slice(bytes);
            Ok(())
        }
        TermRef::List(items) if items.is_empty() => {
            out.push(tag::NIL);
            Ok(())
        }
        TermRef::List(items) => {
            out.push(tag::LIST);
            length(items.len(), out)?;
            items.iter().try_for_each(|item| write(item, out))?;
            out.push(tag::NIL);
            Ok(())
        }
        TermRef::Tuple(items) => {
            match u8::try_from(items.len()) {
                Ok(count) => out.extend_from_slice(&[tag::SMALL_TUPLE, count]),
                Err(_) => {
                    out.push(tag::LARGE_TUPLE);
                    length(items.len(), out)?;
                }
            }
            items.iter().try_for_each(|item| write(item, out))
        }
        TermRef::Map(pairs) => {
            out.push(tag::MAP);
            length(pairs.len(), out)?;
            pairs.iter().try_for_each(|(key, value)| {
                write(key, out)?;
                write(value, out)
            })
        }
        TermRef::Pid(pid) => process(pid, out),
        TermRef::Reference(made) => reference(made, out),
        TermRef::Opaque(opaque) => {
            out.extend_from_slice(opaque.bytes);
            Ok(())
        }
    }
}

fn atom(name: &str, out: &mut Vec<u8>) -> Written {
    match (u8::try_from(name.len()), u16::try_from(name.len())) {
        (Ok(length), _) => out.extend_from_slice(&[tag::SMALL_ATOM_UTF8, length]),
        (Err(_), Ok(length)) => {
            out.push(tag::ATOM_UTF8);
            out.extend_from_slice(&length.to_be_bytes());
        }
        (Err(_), Err(_)) => return Err(EncodeError::TooLarge),
    }
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

fn integer(number: i64, out: &mut Vec<u8>) {
    if let Ok(small) = u8::try_from(number) {
        out.extend_from_slice(&[tag::SMALL_INTEGER, small]);
    } else if let Ok(number) = i32::try_from(number) {
        out.push(tag::INTEGER);
        out.extend_from_slice(&number.to_be_bytes());
    } else {
        let magnitude = number.unsigned_abs().to_le_bytes();
        let zeros = magnitude
            .iter()
            .rev()
            .take_while(|byte| **byte == 0)
            .count();
        let digits = magnitude.len().saturating_sub(zeros);
        let sign = u8::from(number.is_negative());
        // Eight digits at most.
        out.extend_from_slice(&[tag::SMALL_BIG, u8::try_from(digits).unwrap_or(8), sign]);
        out.extend(magnitude.iter().take(digits));
    }
}

fn length(length: usize, out: &mut Vec<u8>) -> Written {
    let length = u32::try_from(length).map_err(|_| EncodeError::TooLarge)?;
    out.extend_from_slice(&length.to_be_bytes());
    Ok(())
}

fn process(pid: &Pid<'_>, out: &mut Vec<u8>) -> Written {
    out.push(tag::NEW_PID);
    atom(&pid.node, out)?;
    for part in [pid.id, pid.serial, pid.creation] {
        out.extend_from_slice(&part.to_be_bytes());
    }
    Ok(())
}

fn reference(made: &Reference<'_>, out: &mut Vec<u8>) -> Written {
    let count = u16::try_from(made.words().len()).map_err(|_| EncodeError::TooLarge)?;
    out.push(tag::NEWER_REFERENCE);
    out.extend_from_slice(&count.to_be_bytes());
    atom(&made.node, out)?;
    out.extend_from_slice(&made.creation.to_be_bytes());
    for word in made.words() {
        out.extend_from_slice(&word.to_be_bytes());
    }
    Ok(())
}
