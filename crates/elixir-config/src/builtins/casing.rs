//! `Macro.camelize/1` and `Macro.underscore/1`: byte by byte, as Elixir has them, and blind to what
//! is not ASCII.

use super::{Answer, text::REPEATED_BYTES_MAX};
use crate::value::{Kind, Value};

/// A function of `Macro`.
pub(super) fn macros(name: &str, values: &[Value]) -> Answer {
    let [value] = values else {
        return Answer::Foreign;
    };
    let bytes = match (name, &value.kind) {
        ("camelize" | "underscore", Kind::Binary(bytes)) => bytes,
        ("underscore", Kind::Atom(module)) => {
            return match module.strip_prefix("Elixir.") {
                Some(plain) => Answer::Is(Kind::Binary(underscore(plain.as_bytes()).into())),
                None => Answer::Refused,
            };
        }
        ("camelize" | "underscore", Kind::Opaque(_)) => return Answer::Foreign,
        ("camelize" | "underscore", _) => return Answer::Refused,
        _ => return Answer::Foreign,
    };
    if bytes.len() > REPEATED_BYTES_MAX {
        return Answer::Foreign;
    }
    let made = match name {
        "camelize" => camelize(bytes),
        _ => underscore(bytes),
    };
    Answer::Is(Kind::Binary(made.into()))
}

fn camelize(text: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text;
    // Of the text, or of what stands behind a slash.
    let mut is_start = true;
    while let [byte, after @ ..] = rest {
        rest = after;
        if is_start {
            if *byte != b'_' {
                made.push(byte.to_ascii_uppercase());
                is_start = false;
            }
            continue;
        }
        match (byte, after) {
            (b'_', [] | [b'_', ..]) => {}
            (b'_', [next @ (b'a'..=b'z' | b'0'..=b'9'), after @ ..]) => {
                made.push(next.to_ascii_uppercase());
                rest = after;
            }
            (b'/', _) => {
                made.push(b'.');
                is_start = true;
            }
            _ => made.push(*byte),
        }
    }
    made
}

fn underscore(text: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len());
    // `None` at the start of the text, or behind a dot.
    let mut before: Option<u8> = None;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        let Some(previous) = before else {
            made.push(byte.to_ascii_lowercase());
            before = Some(*byte);
            continue;
        };
        before = Some(*byte);
        match (byte, after) {
            (b'A'..=b'Z', [next, after @ ..]) if ends_acronym(*next) => {
                made.extend([b'_', byte.to_ascii_lowercase(), *next]);
                before = Some(*next);
                rest = after;
            }
            (b'A'..=b'Z', _) if !previous.is_ascii_uppercase() && previous != b'_' => {
                made.extend([b'_', byte.to_ascii_lowercase()]);
            }
            (b'.', _) => {
                made.push(b'/');
                before = None;
            }
            _ => made.push(byte.to_ascii_lowercase()),
        }
    }
    made
}

/// Whether a capital before this byte begins a word of its own, be it behind other capitals.
fn ends_acronym(byte: u8) -> bool {
    !byte.is_ascii_uppercase() && !byte.is_ascii_digit() && byte != b'.' && byte != b'_'
}
