//! The text form: what `inspect` prints, for people to read.

use std::fmt::{Display, Formatter, Result, Write as _};

use crate::Term;

#[cfg(test)]
mod tests;

impl Display for Term {
    /// Writes the term as Elixir's `inspect` does, without limits and line breaks.
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Atom(name) => atom(name, out),
            Self::Integer(number) => write!(out, "{number}"),
            Self::Float(number) => float(*number, out),
            Self::Binary(bytes) => binary(bytes, out),
            Self::List(items) => list(self, items, out),
            Self::Tuple(items) => {
                out.write_char('{')?;
                separated(items, out)?;
                out.write_char('}')
            }
            Self::Map(pairs) => map(pairs, out),
            Self::Opaque(text) => opaque(text, out),
        }
    }
}

/// Shows Erlang's text in the way in which `inspect` shows what has no syntax: `#Erlang<[a|b]>`.
fn opaque(text: &str, out: &mut Formatter<'_>) -> Result {
    // Integers are written alike in both languages.
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        return out.write_str(text);
    }
    out.write_str("#Erlang<")?;
    // Erlang has escaped what it shows; a builder may not have.
    for char in text.chars() {
        match char.is_control() {
            true => write!(out, "{}", char.escape_default())?,
            false => out.write_char(char)?,
        }
    }
    out.write_char('>')
}

fn atom(name: &str, out: &mut Formatter<'_>) -> Result {
    if matches!(name, "nil" | "true" | "false") {
        return out.write_str(name);
    }
    if let Some(module) = name.strip_prefix("Elixir.")
        && module.split('.').all(is_alias)
    {
        return out.write_str(module);
    }
    out.write_char(':')?;
    if is_plain(name) {
        out.write_str(name)
    } else {
        quoted(name, out)
    }
}

/// Whether one segment of a module's name may stand unquoted.
fn is_alias(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_uppercase())
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether an atom may stand without quotes.
fn is_plain(name: &str) -> bool {
    let body = name.strip_suffix(['?', '!']).unwrap_or(name);
    body.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && body
            .chars()
            .all(|char| char.is_alphanumeric() || char == '_' || char == '@')
}

/// Writes a float as both languages do.
pub(crate) fn float(number: f64, out: &mut impl std::fmt::Write) -> Result {
    let digits = format!("{number:?}");
    match digits.split_once('e') {
        // Erlang wants a fraction in front of an exponent.
        Some((mantissa, exponent)) if !mantissa.contains('.') => {
            write!(out, "{mantissa}.0e{exponent}")
        }
        Some(_) | None => out.write_str(&digits),
    }
}

fn binary(bytes: &[u8], out: &mut Formatter<'_>) -> Result {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.chars().all(is_printable)
    {
        return quoted(text, out);
    }
    out.write_str("<<")?;
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write!(out, "{byte}")?;
    }
    out.write_str(">>")
}

/// Whether `inspect` shows the character inside quotes, escaped or not.
fn is_printable(char: char) -> bool {
    matches!(
        char,
        '\n' | '\r' | '\t' | '\u{b}' | '\u{8}' | '\u{c}' | '\u{1b}' | '\u{7}'
    ) || !char.is_control()
}

fn quoted(text: &str, out: &mut Formatter<'_>) -> Result {
    out.write_char('"')?;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            // `#{` would read as an interpolation.
            '#' if chars.peek() == Some(&'{') => out.write_str("\\#")?,
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{b}' => out.write_str("\\v")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\u{1b}' => out.write_str("\\e")?,
            '\u{7}' => out.write_str("\\a")?,
            control if control.is_control() => write!(out, "\\x{{{:X}}}", u32::from(control))?,
            plain => out.write_char(plain)?,
        }
    }
    out.write_char('"')
}

fn list(whole: &Term, items: &[Term], out: &mut Formatter<'_>) -> Result {
    if let Some(text) = whole
        .to_text()
        .filter(|text| text.chars().all(is_printable_in_charlist))
    {
        out.write_str("~c")?;
        return quoted(&text, out);
    }
    out.write_char('[')?;
    if whole.is_keyword()
        && items
            .iter()
            .all(|item| item.as_pair().is_some_and(is_short))
    {
        for (index, (key, value)) in items.iter().filter_map(Term::as_pair).enumerate() {
            if index > 0 {
                out.write_str(", ")?;
            }
            keyword(key, value, out)?;
        }
    } else {
        separated(items, out)?;
    }
    out.write_char(']')
}

/// Elixir shows a list of integers as a charlist only if all are ASCII and printable.
fn is_printable_in_charlist(char: char) -> bool {
    char.is_ascii() && is_printable(char)
}

fn map(pairs: &[(Term, Term)], out: &mut Formatter<'_>) -> Result {
    out.write_str("%{")?;
    let short = pairs
        .iter()
        .all(|(key, value)| key.as_atom().is_some_and(|key| is_short((key, value))));
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        match key.as_atom() {
            Some(name) if short => keyword(name, value, out)?,
            Some(_) | None => write!(out, "{key} => {value}")?,
        }
    }
    out.write_char('}')
}

/// Whether a pair may be written `key: value`; modules may not.
fn is_short((key, _): (&str, &Term)) -> bool {
    !key.starts_with("Elixir.")
}

fn keyword(key: &str, value: &Term, out: &mut Formatter<'_>) -> Result {
    if is_plain(key) {
        write!(out, "{key}: {value}")
    } else {
        quoted(key, out)?;
        write!(out, ": {value}")
    }
}

fn separated(items: &[Term], out: &mut Formatter<'_>) -> Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write!(out, "{item}")?;
    }
    Ok(())
}
