//! Erlang's own form, as `~w` writes it: for what is kept as text.

use std::fmt::{Result, Write};

use crate::{Term, parse::is_plain, text::float};

/// Writes an improper list.
pub(crate) fn improper(items: &[Term], tail: &Term) -> String {
    let mut out = String::from("[");
    let written = separated(items, &mut out)
        .and_then(|()| out.write_char('|'))
        .and_then(|()| term(tail, &mut out))
        .and_then(|()| out.write_char(']'));
    debug_assert!(written.is_ok(), "a String takes all");
    out
}

/// Writes `fun m:f/1`.
pub(crate) fn function(module: &str, name: &str, arity: &str) -> String {
    let mut out = String::from("fun ");
    let written = atom(module, &mut out)
        .and_then(|()| out.write_char(':'))
        .and_then(|()| atom(name, &mut out))
        .and_then(|()| write!(out, "/{arity}"));
    debug_assert!(written.is_ok(), "a String takes all");
    out
}

fn term(value: &Term, out: &mut String) -> Result {
    match value {
        Term::Atom(name) => atom(name, out),
        Term::Integer(number) => write!(out, "{number}"),
        Term::Float(number) => float(*number, out),
        Term::Binary(bytes) => {
            out.write_str("<<")?;
            for (index, byte) in bytes.iter().enumerate() {
                out.write_str(if index > 0 { "," } else { "" })?;
                write!(out, "{byte}")?;
            }
            out.write_str(">>")
        }
        Term::List(items) => {
            out.write_char('[')?;
            separated(items, out)?;
            out.write_char(']')
        }
        Term::Tuple(items) => {
            out.write_char('{')?;
            separated(items, out)?;
            out.write_char('}')
        }
        Term::Map(pairs) => {
            out.write_str("#{")?;
            for (index, (key, value)) in pairs.iter().enumerate() {
                out.write_str(if index > 0 { "," } else { "" })?;
                term(key, out)?;
                out.write_str(" => ")?;
                term(value, out)?;
            }
            out.write_char('}')
        }
        Term::Opaque(text) => out.write_str(text),
    }
}

fn separated(items: &[Term], out: &mut String) -> Result {
    for (index, item) in items.iter().enumerate() {
        out.write_str(if index > 0 { "," } else { "" })?;
        term(item, out)?;
    }
    Ok(())
}

fn atom(name: &str, out: &mut String) -> Result {
    if is_plain(name) {
        return out.write_str(name);
    }
    out.write_char('\'')?;
    for char in name.chars() {
        match char {
            '\'' | '\\' => write!(out, "\\{char}")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if control.is_control() => write!(out, "\\x{{{:X}}}", u32::from(control))?,
            plain => out.write_char(plain)?,
        }
    }
    out.write_char('\'')
}
