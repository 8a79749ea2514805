//! Bytes to terms: bounded, and without trust in any length that the bytes tell.

use std::borrow::Cow;

use super::{Opaque, OpaqueKind, Pid, Reference, TermRef, VERSION, tag};
use crate::DEPTH_MAX;

/// Terms that one decoding makes, at most.
pub const TERMS_MAX: usize = 1 << 20;

/// Bytes of an integer, at most: nothing that is looked at comes near.
const INTEGER_BYTES_MAX: usize = 256;

/// Characters of an atom, as the virtual machine bounds them.
const ATOM_CHARS_MAX: usize = 255;

/// Length of a float in the form of OTP before R11.
const FLOAT_TEXT_BYTES: usize = 31;

/// Why bytes are no term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They end inside a term, or tell of more elements than there are bytes.
    Truncated,
    /// The first byte is not [`VERSION`].
    Version(u8),
    /// A tag that is not known, or that only comes where it was agreed on (compressed terms, the
    /// atom cache).
    Tag(u8),
    /// Terms nest beyond [`DEPTH_MAX`].
    TooDeep,
    /// More than [`TERMS_MAX`] terms, or an integer or atom beyond its bound.
    TooLarge,
    /// An atom that is no UTF-8, a float that is none, or a length that contradicts itself.
    Malformed,
    /// Something follows the term.
    Trailing,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated => f.write_str("the bytes end inside a term"),
            Self::Version(byte) => write!(f, "a term begins with {VERSION}, not with {byte}"),
            Self::Tag(tag) => write!(f, "the tag {tag} is not known"),
            Self::TooDeep => write!(f, "terms nest deeper than {DEPTH_MAX}"),
            Self::TooLarge => f.write_str("the term is too large"),
            Self::Malformed => f.write_str("the term is malformed"),
            Self::Trailing => f.write_str("something follows the term"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Decodes one term that stands by itself, version byte first.
///
/// # Errors
///
/// The bytes are no term, one beyond the bounds, or more than one.
pub fn decode(bytes: &[u8]) -> Result<TermRef<'_>, DecodeError> {
    match decode_frame(bytes)? {
        (term, []) => Ok(term),
        _ => Err(DecodeError::Trailing),
    }
}

/// Decodes the first term of `bytes`, version byte first, and returns what follows it: a frame of the
/// distribution protocol holds a control message and perhaps a payload, one after the other.
///
/// # Errors
///
/// The bytes do not begin with a term, or with one beyond the bounds.
pub fn decode_frame(bytes: &[u8]) -> Result<(TermRef<'_>, &[u8]), DecodeError> {
    let mut reader = Reader {
        bytes,
        owed: 1,
        terms_left: TERMS_MAX,
    };
    match reader.u8()? {
        VERSION => {}
        other => return Err(DecodeError::Version(other)),
    }
    if let [tag::LOCAL, rest @ ..] = reader.bytes {
        reader.bytes = rest;
        // A hash, by which the virtual machine knows its own. What follows is written as anywhere, but
        // that its own node has no name.
        reader.array::<4>()?;
    }
    let term = reader.term(DEPTH_MAX)?;
    Ok((term, reader.bytes))
}

/// Decodes the terms that stand in a row, without version bytes.
pub(super) fn decode_row(bytes: &[u8]) -> Result<Vec<TermRef<'_>>, DecodeError> {
    let mut reader = Reader {
        bytes,
        owed: 0,
        terms_left: TERMS_MAX,
    };
    let mut terms = Vec::new();
    while !reader.bytes.is_empty() {
        terms.push(reader.term(DEPTH_MAX)?);
    }
    Ok(terms)
}

/// What is left to be read.
struct Reader<'a> {
    bytes: &'a [u8],
    /// Terms that were told of and not read yet. Each has at least one byte, so more than there are
    /// bytes left can't come, and no list is given room for more than that.
    owed: usize,
    terms_left: usize,
}

type Decoded<T> = Result<T, DecodeError>;

impl<'a> Reader<'a> {
    fn term(&mut self, depth: usize) -> Decoded<TermRef<'a>> {
        let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        self.owed = self.owed.saturating_sub(1);
        self.terms_left = self
            .terms_left
            .checked_sub(1)
            .ok_or(DecodeError::TooLarge)?;
        let start = self.bytes;
        let kind = match self.u8()? {
            tag::SMALL_INTEGER => return Ok(TermRef::Integer(self.u8()?.into())),
            tag::INTEGER => return Ok(TermRef::Integer(self.u32()?.cast_signed().into())),
            tag::NEW_FLOAT => return self.float(),
            tag::FLOAT => return self.float_text(),
            tag @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => {
                return self.atom_after(tag).map(TermRef::Atom);
            }
            tag::NIL => return Ok(TermRef::List(Vec::new())),
            tag::STRING => return self.string(),
            tag::BINARY => {
                let length = self.length()?;
                return self.take(length).map(TermRef::Binary);
            }
            tag::SMALL_TUPLE => {
                let count = self.u8()?.into();
                return self.elements(count, depth).map(TermRef::Tuple);
            }
            tag::LARGE_TUPLE => {
                let count = self.length()?;
                return self.elements(count, depth).map(TermRef::Tuple);
            }
            tag::MAP => return self.map(depth),
            tag @ (tag::PID | tag::NEW_PID) => return self.pid(tag),
            tag @ (tag::REFERENCE | tag::NEW_REFERENCE | tag::NEWER_REFERENCE) => {
                return self.reference(tag);
            }
            tag::LIST => match self.list(depth)? {
                Some(items) => return Ok(TermRef::List(items)),
                None => OpaqueKind::ImproperList,
            },
            tag @ (tag::SMALL_BIG | tag::LARGE_BIG) => match self.big(tag)? {
                Some(number) => return Ok(TermRef::Integer(number)),
                None => OpaqueKind::Integer,
            },
            tag::BIT_BINARY => self.bitstring()?,
            tag @ (tag::PORT | tag::NEW_PORT | tag::V4_PORT) => self.port(tag)?,
            tag::NEW_FUN => self.fun()?,
            tag::EXPORT => self.export(depth)?,
            other => return Err(DecodeError::Tag(other)),
        };
        let length = start.len().saturating_sub(self.bytes.len());
        let bytes = start.get(..length).ok_or(DecodeError::Truncated)?;
        Ok(TermRef::Opaque(Opaque { kind, bytes }))
    }

    // Bytes.

    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (taken, rest) = self
            .bytes
            .split_first_chunk()
            .ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Decoded<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Decoded<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Decoded<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn length(&mut self) -> Decoded<usize> {
        usize::try_from(self.u32()?).map_err(|_| DecodeError::TooLarge)
    }

    // Simple terms.

    fn float(&mut self) -> Decoded<TermRef<'a>> {
        // The virtual machine has no infinities and no NaN.
        match f64::from_be_bytes(self.array()?) {
            number if number.is_finite() => Ok(TermRef::Float(number)),
            _ => Err(DecodeError::Malformed),
        }
    }

    fn float_text(&mut self) -> Decoded<TermRef<'a>> {
        let text = self.take(FLOAT_TEXT_BYTES)?;
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let number = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        match number {
            Some(number) if f64::is_finite(number) => Ok(TermRef::Float(number)),
            Some(_) | None => Err(DecodeError::Malformed),
        }
    }

    fn atom_after(&mut self, tag: u8) -> Decoded<Cow<'a, str>> {
        let length = match tag {
            tag::ATOM | tag::ATOM_UTF8 => self.u16()?.into(),
            _ => self.u8()?.into(),
        };
        let name = self.take(length)?;
        let name = match tag {
            tag::ATOM | tag::SMALL_ATOM => {
                match str::from_utf8(name).ok().filter(|it| it.is_ascii()) {
                    Some(ascii) => Cow::Borrowed(ascii),
                    None => name.iter().copied().map(char::from).collect(),
                }
            }
            _ => Cow::Borrowed(str::from_utf8(name).map_err(|_| DecodeError::Malformed)?),
        };
        match name.len() > ATOM_CHARS_MAX && name.chars().count() > ATOM_CHARS_MAX {
            true => Err(DecodeError::TooLarge),
            false => Ok(name),
        }
    }

    /// An atom in a place where nothing else may stand.
    fn atom(&mut self) -> Decoded<Cow<'a, str>> {
        match self.u8()? {
            tag @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => {
                self.atom_after(tag)
            }
            _ => Err(DecodeError::Malformed),
        }
    }

    /// The node that made a term; empty where a node writes for itself alone.
    fn node(&mut self) -> Decoded<Cow<'a, str>> {
        match self.bytes {
            [tag::NIL, rest @ ..] => {
                self.bytes = rest;
                Ok(Cow::Borrowed(""))
            }
            _ => self.atom(),
        }
    }

    fn string(&mut self) -> Decoded<TermRef<'a>> {
        let length = self.u16()?.into();
        let bytes = self.take(length)?;
        self.terms_left = self
            .terms_left
            .checked_sub(length)
            .ok_or(DecodeError::TooLarge)?;
        let items = bytes.iter().map(|byte| TermRef::Integer((*byte).into()));
        Ok(TermRef::List(items.collect()))
    }

    /// Returns `None` for an integer that does not fit.
    fn big(&mut self, tag: u8) -> Decoded<Option<i64>> {
        let length = match tag {
            tag::SMALL_BIG => self.u8()?.into(),
            _ => self.length()?,
        };
        if length > INTEGER_BYTES_MAX {
            return Err(DecodeError::TooLarge);
        }
        let is_negative = self.u8()? != 0;
        // The least digit first.
        let digits = self.take(length)?;
        let mut magnitude = [0; 8];
        let (low, high) = digits.split_at_checked(8).unwrap_or((digits, &[]));
        if high.iter().any(|digit| *digit != 0) {
            return Ok(None);
        }
        for (place, digit) in magnitude.iter_mut().zip(low) {
            *place = *digit;
        }
        let magnitude = i128::from(u64::from_le_bytes(magnitude));
        let number = match is_negative {
            true => magnitude.checked_neg(),
            false => Some(magnitude),
        };
        Ok(number.and_then(|number| i64::try_from(number).ok()))
    }

    fn bitstring(&mut self) -> Decoded<OpaqueKind> {
        let length = self.length()?;
        let bits = self.u8()?;
        self.take(length)?;
        match bits {
            1..=8 => Ok(OpaqueKind::Bitstring),
            _ => Err(DecodeError::Malformed),
        }
    }

    // Terms of terms.

    /// Makes room for `count` elements that are told of.
    fn claim(&mut self, count: usize) -> Decoded<()> {
        let owed = self.owed.checked_add(count).ok_or(DecodeError::Truncated)?;
        if owed > self.bytes.len() {
            return Err(DecodeError::Truncated);
        }
        if count > self.terms_left {
            return Err(DecodeError::TooLarge);
        }
        self.owed = owed;
        Ok(())
    }

    fn elements(&mut self, count: usize, depth: usize) -> Decoded<Vec<TermRef<'a>>> {
        self.claim(count)?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.term(depth)?);
        }
        Ok(items)
    }

    /// Returns `None` for a list whose end is no list.
    fn list(&mut self, depth: usize) -> Decoded<Option<Vec<TermRef<'a>>>> {
        let count = self.length()?;
        // Its tail is a term more.
        self.claim(1)?;
        let mut items = self.elements(count, depth)?;
        match self.term(depth)? {
            TermRef::List(tail) => {
                // A list may end in a list that is written apart.
                items.extend(tail);
                Ok(Some(items))
            }
            TermRef::Atom(_)
            | TermRef::Integer(_)
            | TermRef::Float(_)
            | TermRef::Binary(_)
            | TermRef::Tuple(_)
            | TermRef::Map(_)
            | TermRef::Pid(_)
            | TermRef::Reference(_)
            | TermRef::Opaque(_) => Ok(None),
        }
    }

    fn map(&mut self, depth: usize) -> Decoded<TermRef<'a>> {
        let count = self.length()?;
        self.claim(count.checked_mul(2).ok_or(DecodeError::Truncated)?)?;
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            pairs.push((self.term(depth)?, self.term(depth)?));
        }
        Ok(TermRef::Map(pairs))
    }

    fn pid(&mut self, tag: u8) -> Decoded<TermRef<'a>> {
        let node = self.node()?;
        let (id, serial) = (self.u32()?, self.u32()?);
        let creation = match tag {
            tag::NEW_PID => self.u32()?,
            _ => self.u8()?.into(),
        };
        Ok(TermRef::Pid(Pid {
            node,
            id,
            serial,
            creation,
        }))
    }

    fn reference(&mut self, tag: u8) -> Decoded<TermRef<'a>> {
        let count = match tag {
            tag::REFERENCE => 1,
            _ => usize::from(self.u16()?),
        };
        let node = self.node()?;
        let (mut words, mut creation) = ([0; Reference::WORDS_MAX], 0);
        if tag == tag::NEWER_REFERENCE {
            creation = self.u32()?;
        } else if tag == tag::NEW_REFERENCE {
            creation = self.u8()?.into();
        }
        let words = words.get_mut(..count).ok_or(DecodeError::Malformed)?;
        for word in &mut *words {
            *word = self.u32()?;
        }
        if tag == tag::REFERENCE {
            creation = self.u8()?.into();
        }
        let reference = Reference::new(node, creation, words).ok_or(DecodeError::Malformed)?;
        Ok(TermRef::Reference(reference))
    }

    fn port(&mut self, tag: u8) -> Decoded<OpaqueKind> {
        self.node()?;
        self.take(match tag {
            // Id and creation.
            tag::PORT => 4 + 1,
            tag::NEW_PORT => 4 + 4,
            _ => 8 + 4,
        })?;
        Ok(OpaqueKind::Port)
    }

    /// Its size, which counts itself, says where it ends; what it closes over is nobody's affair.
    fn fun(&mut self) -> Decoded<OpaqueKind> {
        let length = self
            .length()?
            .checked_sub(4)
            .ok_or(DecodeError::Malformed)?;
        self.take(length)?;
        Ok(OpaqueKind::Fun)
    }

    fn export(&mut self, depth: usize) -> Decoded<OpaqueKind> {
        self.claim(3)?;
        for _ in 0..3 {
            self.term(depth)?;
        }
        Ok(OpaqueKind::Export)
    }
}
