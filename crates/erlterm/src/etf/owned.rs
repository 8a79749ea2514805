//! Decoded terms as values of their own, for those who keep them longer than the bytes.

use super::{Opaque, OpaqueKind, Reference, TermRef, decode::decode_row, tag};
use crate::{Term, write};

/// Bytes of an improper list that is still written out. Each level of nesting reads its bytes anew, so
/// a bound keeps the work of all levels together at a small multiple of the input.
const IMPROPER_BYTES_MAX: usize = 256;

impl TermRef<'_> {
    /// Returns the same as a [`Term`], which owns what it holds; kinds that configuration cannot use
    /// become [`Term::Opaque`], with the node's name where `~w` has its local number.
    #[must_use]
    pub fn to_term(&self) -> Term {
        match self {
            Self::Atom(name) => Term::Atom(name.clone().into_owned()),
            Self::Integer(number) => Term::Integer(*number),
            Self::Float(number) => Term::Float(*number),
            Self::Binary(bytes) => Term::Binary(bytes.to_vec()),
            Self::List(items) => Term::List(items.iter().map(Self::to_term).collect()),
            Self::Tuple(items) => Term::Tuple(items.iter().map(Self::to_term).collect()),
            Self::Map(pairs) => {
                let pair = |(key, value): &(Self, Self)| (key.to_term(), value.to_term());
                Term::Map(pairs.iter().map(pair).collect())
            }
            Self::Pid(pid) => Term::Opaque(format!("<{}.{}.{}>", pid.node, pid.id, pid.serial)),
            Self::Reference(made) => Term::Opaque(reference(made)),
            Self::Opaque(opaque) => Term::Opaque(text(opaque)),
        }
    }
}

fn reference(made: &Reference<'_>) -> String {
    let words: Vec<String> = made.words().iter().map(u32::to_string).collect();
    format!("#Ref<{}.{}>", made.node, words.join("."))
}

fn text(opaque: &Opaque<'_>) -> String {
    match opaque.kind {
        OpaqueKind::Integer => integer(opaque.bytes),
        OpaqueKind::ImproperList => improper(opaque),
        OpaqueKind::Bitstring => bitstring(opaque.bytes),
        OpaqueKind::Port => "#Port<>".to_owned(),
        OpaqueKind::Fun => "#Fun<>".to_owned(),
        OpaqueKind::Export => export(opaque.bytes),
    }
}

/// Digits to base 10⁹, of which each step of a division by it makes one.
const BILLION: u64 = 1_000_000_000;

fn integer(bytes: &[u8]) -> String {
    let (sign, digits) = match bytes {
        [tag::SMALL_BIG, _, sign, digits @ ..] | [_, _, _, _, _, sign, digits @ ..] => {
            (*sign, digits)
        }
        _ => return String::new(),
    };
    // The most significant byte first.
    let mut number: Vec<u8> = digits.iter().rev().copied().collect();
    let mut groups = Vec::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u64;
        for byte in &mut number {
            let value = rest.saturating_mul(256).saturating_add((*byte).into());
            // Below 256, since the rest is below the divisor.
            *byte = u8::try_from(value.div_euclid(BILLION)).unwrap_or(u8::MAX);
            rest = value.rem_euclid(BILLION);
        }
        let leading = number.iter().take_while(|byte| **byte == 0).count();
        number.drain(..leading);
        groups.push(rest);
    }
    let mut text = String::from(if sign == 0 { "" } else { "-" });
    for (index, group) in groups.iter().rev().enumerate() {
        match index {
            0 => text.push_str(&group.to_string()),
            _ => text.push_str(&format!("{group:09}")),
        }
    }
    text
}

fn improper(opaque: &Opaque<'_>) -> String {
    match opaque.improper_list() {
        Some((items, tail)) if opaque.bytes.len() <= IMPROPER_BYTES_MAX => {
            let items: Vec<Term> = items.iter().map(TermRef::to_term).collect();
            write::improper(&items, &tail.to_term())
        }
        Some(_) | None => "[...|...]".to_owned(),
    }
}

fn bitstring(bytes: &[u8]) -> String {
    let [_, _, _, _, _, bits, bytes @ ..] = bytes else {
        return String::new();
    };
    let mut parts: Vec<String> = bytes.iter().map(u8::to_string).collect();
    if let (Some(part), Some(byte), 1..8) = (parts.last_mut(), bytes.last(), *bits) {
        // The bits that count are the high ones.
        let unused = 8_u32.saturating_sub((*bits).into());
        *part = format!("{}:{bits}", byte.checked_shr(unused).unwrap_or_default());
    }
    format!("<<{}>>", parts.join(","))
}

fn export(bytes: &[u8]) -> String {
    // Behind the tag.
    let parts = bytes.get(1..).map(decode_row);
    match parts.as_ref().and_then(|parts| parts.as_deref().ok()) {
        Some(
            [
                TermRef::Atom(module),
                TermRef::Atom(name),
                TermRef::Integer(arity),
            ],
        ) => write::function(module, name, &arity.to_string()),
        Some(_) | None => "#Fun<>".to_owned(),
    }
}
