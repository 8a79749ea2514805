//! Texts: `String`, conversions, and paths as far as they are texts.

use super::{Answer, is_struct, items};
use crate::value::{At, Kind, Value};

/// What an interpolation or `to_string/1` writes.
pub(crate) fn to_string(value: &Value) -> Result<Vec<u8>, Answer> {
    match &value.kind {
        Kind::Binary(bytes) => Ok(bytes.to_vec()),
        Kind::Atom(name) if &**name == "nil" => Ok(Vec::new()),
        Kind::Atom(name) => Ok(name.as_bytes().to_vec()),
        Kind::Integer(number) => Ok(number.to_string().into_bytes()),
        Kind::List(items) => match value.unknown() {
            Some(unknown) => Err(Answer::Unknown(unknown.clone())),
            None => match characters(items) {
                Some(text) => Ok(text.into_bytes()),
                None => Err(Answer::Foreign),
            },
        },
        Kind::Unknown(unknown) | Kind::Open(_, unknown) => Err(Answer::Unknown(unknown.clone())),
        Kind::Float(_) | Kind::Opaque(_) => Err(Answer::Foreign),
        Kind::Map(_) if is_struct(value) => Err(Answer::Foreign),
        Kind::Tuple(_) | Kind::Map(_) | Kind::Function(_) => Err(Answer::Refused),
    }
}

/// The text that a binary or a charlist holds.
pub(crate) fn to_text(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::List(items) => characters(items),
        _ => value.as_str().map(str::to_owned),
    }
}

fn characters(items: &[Value]) -> Option<String> {
    items
        .iter()
        .map(|item| char::from_u32(u32::try_from(item.as_integer()?).ok()?))
        .collect()
}

/// A charlist.
pub(crate) fn charlist(text: &str, at: At) -> Value {
    let code = |char| Kind::Integer(i64::from(u32::from(char))).at(at);
    Kind::List(text.chars().map(code).collect()).at(at)
}

pub(super) fn to_charlist(value: &Value) -> Answer {
    match (&value.kind, to_string(value)) {
        (Kind::List(_), _) => Answer::Value(value.clone()),
        (_, Ok(bytes)) => match String::from_utf8(bytes) {
            Ok(text) if text.len() > REPEATED_BYTES_MAX => Answer::Foreign,
            Ok(text) => Answer::Value(charlist(&text, value.at)),
            Err(_) => Answer::Foreign,
        },
        (_, Err(answer)) => answer,
    }
}

/// `~w`, whose modifier says what the words become.
pub(crate) fn words(text: &str, modifier: char, at: At) -> Value {
    let word = |word: &str| match modifier {
        'a' => Kind::atom(word).at(at),
        'c' => charlist(word, at),
        _ => Kind::text(word).at(at),
    };
    Kind::List(split(text).map(word).collect()).at(at)
}

/// `String.split/1`, which leaves non-breaking spaces alone.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let is_space = |char: char| char.is_whitespace() && !"\u{a0}\u{2007}\u{202f}".contains(char);
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `a <> b`.
pub(crate) fn concat(left: &Value, right: &Value) -> Answer {
    match (&left.kind, &right.kind) {
        (Kind::Binary(a), Kind::Binary(b)) => {
            Answer::Is(Kind::Binary([&a[..], &b[..]].concat().into()))
        }
        _ => Answer::Refused,
    }
}

/// `Enum.join`.
pub(super) fn join(list: &Value, separator: &str) -> Answer {
    let items = match items(list) {
        Ok(items) => items,
        Err(answer) => return answer,
    };
    let mut joined = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            joined.extend_from_slice(separator.as_bytes());
        }
        match to_string(item) {
            Ok(text) => joined.extend_from_slice(&text),
            Err(answer) => return answer,
        }
    }
    Answer::Is(Kind::Binary(joined.into()))
}

/// Atoms that are there in every BEAM.
const ALWAYS_ATOMS: [&str; 6] = ["true", "false", "nil", "ok", "error", ""];

/// Bytes of text that one call of a function may multiply to.
pub(super) const REPEATED_BYTES_MAX: usize = 1 << 20;

/// A function of `String`.
pub(super) fn string(name: &str, values: &[Value]) -> Answer {
    let [first, rest @ ..] = values else {
        return Answer::Foreign;
    };
    let Some(text) = first.as_str() else {
        return if name == "to_string" {
            Answer::Foreign
        } else {
            Answer::Refused
        };
    };
    if text.len() > REPEATED_BYTES_MAX {
        return Answer::Foreign;
    }
    let texts: Option<Vec<&str>> = rest.iter().map(Value::as_str).collect();
    let answer = match texts.as_deref() {
        Some([]) => of_text(name, text, first),
        Some([with]) => with_text(name, text, with, first),
        Some([from, to]) => with_two(name, text, from, to),
        Some(_) | None => None,
    };
    answer.unwrap_or_else(|| with_values(name, text, rest, first))
}

/// Whether each of a text's characters is one grapheme, whatever the version of Unicode.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.contains('\r')
}

fn of_text(name: &str, text: &str, value: &Value) -> Option<Answer> {
    let is = |text: &str| Some(Answer::Is(Kind::text(text)));
    match name {
        "to_integer" => Some(integer(text, 10)),
        "to_float" => Some(match text.parse::<f64>() {
            Ok(number) if is_float(text) && number.is_finite() => Answer::Is(Kind::Float(number)),
            Ok(_) | Err(_) => Answer::Refused,
        }),
        "to_atom" => Some(Answer::Is(Kind::atom(text))),
        // Of others it depends on what the BEAM has loaded.
        "to_existing_atom" if ALWAYS_ATOMS.contains(&text) => Some(Answer::Is(Kind::atom(text))),
        "to_charlist" => Some(Answer::Value(charlist(text, value.at))),
        "split" => Some(list(split(text), value)),
        // Beyond ASCII the two sides' tables may differ by their Unicode version.
        "trim" if text.is_ascii() => is(text.trim()),
        "trim_leading" if text.is_ascii() => is(text.trim_start()),
        "trim_trailing" if text.is_ascii() => is(text.trim_end()),
        "downcase" if text.is_ascii() => is(&text.to_ascii_lowercase()),
        "upcase" if text.is_ascii() => is(&text.to_ascii_uppercase()),
        "capitalize" if text.is_ascii() => {
            let lower = text.to_ascii_lowercase();
            let (first, rest) = lower.split_at(lower.len().min(1));
            is(&(first.to_ascii_uppercase() + rest))
        }
        "reverse" if is_plain(text) => is(&text.chars().rev().collect::<String>()),
        "length" if is_plain(text) => i64::try_from(text.len())
            .ok()
            .map(|length| Answer::Is(Kind::Integer(length))),
        _ => None,
    }
}

fn with_text(name: &str, text: &str, with: &str, value: &Value) -> Option<Answer> {
    let is = |text: &str| Some(Answer::Is(Kind::text(text)));
    match name {
        "split" if !with.is_empty() => Some(list(text.split(with), value)),
        "trim" if !with.is_empty() => is(text.trim_start_matches(with).trim_end_matches(with)),
        "trim_leading" if !with.is_empty() => is(text.trim_start_matches(with)),
        "trim_trailing" if !with.is_empty() => is(text.trim_end_matches(with)),
        "contains?" => Some(Answer::bool(text.contains(with))),
        "starts_with?" => Some(Answer::bool(text.starts_with(with))),
        "ends_with?" => Some(Answer::bool(text.ends_with(with))),
        _ => None,
    }
}

fn with_two(name: &str, text: &str, from: &str, to: &str) -> Option<Answer> {
    let replaced = match name {
        "replace" if !from.is_empty() => {
            let count = text.matches(from).count();
            if count.saturating_mul(to.len()) > REPEATED_BYTES_MAX {
                return None;
            }
            text.replace(from, to)
        }
        "replace_prefix" => match text.strip_prefix(from) {
            Some(rest) => format!("{to}{rest}"),
            None => text.to_owned(),
        },
        "replace_suffix" => match text.strip_suffix(from) {
            Some(rest) => format!("{rest}{to}"),
            None => text.to_owned(),
        },
        _ => return None,
    };
    Some(Answer::Is(Kind::text(&replaced)))
}

/// Functions of which not all arguments are texts.
fn with_values(name: &str, text: &str, rest: &[Value], value: &Value) -> Answer {
    match (name, rest) {
        ("to_integer", [base]) => match base.as_integer().map(u32::try_from) {
            Some(Ok(base @ 2..=36)) => integer(text, base),
            Some(_) | None => Answer::Refused,
        },
        ("duplicate", [count]) => match count.as_integer().map(usize::try_from) {
            Some(Ok(count)) if text.len().saturating_mul(count) <= REPEATED_BYTES_MAX => {
                Answer::Is(Kind::text(&text.repeat(count)))
            }
            Some(Ok(_)) => Answer::Foreign,
            Some(Err(_)) | None => Answer::Refused,
        },
        ("slice", [start, length]) if is_plain(text) => {
            let place = |value: &Value| value.as_integer().map(usize::try_from);
            match (place(start), place(length)) {
                (Some(Ok(start)), Some(Ok(length))) => {
                    let after = text.get(start..).unwrap_or_default();
                    Answer::Is(Kind::text(after.get(..length).unwrap_or(after)))
                }
                _ => Answer::Foreign,
            }
        }
        ("contains?" | "starts_with?" | "ends_with?", [parts]) => match all_texts(parts) {
            Some(parts) => Answer::bool(parts.iter().any(|part| match name {
                "contains?" => text.contains(part),
                "starts_with?" => text.starts_with(part),
                _ => text.ends_with(part),
            })),
            None => Answer::Foreign,
        },
        ("split", [separator, options @ ..]) => split_by(text, separator, options, value),
        ("replace", [from, to, options]) => match (from.as_str(), to.as_str(), options.as_list()) {
            (Some(from), Some(to), Some([option])) if !from.is_empty() => match option.as_pair() {
                Some((name, value)) if &**name == "global" && is_false(value) => {
                    Answer::Is(Kind::text(&text.replacen(from, to, 1)))
                }
                Some(_) | None => Answer::Foreign,
            },
            _ => Answer::Foreign,
        },
        _ => Answer::Foreign,
    }
}

fn is_false(value: &Value) -> bool {
    value.as_atom().is_some_and(|name| &**name == "false")
}

/// A list of texts that are not empty.
fn all_texts(list: &Value) -> Option<Vec<&str>> {
    let texts = list.as_list()?.iter().map(Value::as_str);
    let texts: Option<Vec<&str>> = texts.collect();
    texts.filter(|texts| texts.iter().all(|text| !text.is_empty()))
}

/// `String.split` by one of several texts, or with `trim: true` or `parts: count`.
fn split_by(text: &str, separator: &Value, options: &[Value], value: &Value) -> Answer {
    let separators = match separator.as_str() {
        Some(separator) => Some(vec![separator]).filter(|_| !separator.is_empty()),
        None => all_texts(separator),
    };
    let Some(separators) = separators else {
        return Answer::Foreign;
    };
    let (mut is_trimmed, mut parts_max) = (false, usize::MAX);
    match options {
        [] => {}
        [options] => match options.as_list() {
            Some([option]) => match option.as_pair() {
                Some((name, value)) if &**name == "trim" => {
                    match value.as_atom().map(|atom| &**atom) {
                        Some("true") => is_trimmed = true,
                        Some("false") => {}
                        Some(_) | None => return Answer::Foreign,
                    }
                }
                Some((name, value)) if &**name == "parts" => {
                    match value.as_integer().map(usize::try_from) {
                        Some(Ok(parts @ 1..)) => parts_max = parts,
                        Some(_) | None => return Answer::Foreign,
                    }
                }
                Some(_) | None => return Answer::Foreign,
            },
            Some(_) | None => return Answer::Foreign,
        },
        _ => return Answer::Refused,
    }
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < text.len() && parts.len() + 1 < parts_max {
        let rest = &text.as_bytes()[at..];
        let here = separators
            .iter()
            .filter(|it| rest.starts_with(it.as_bytes()));
        // Of several that stand here, the longest counts.
        match here.map(|it| it.len()).max() {
            Some(length) => {
                parts.push(&text[from..at]);
                at += length;
                from = at;
            }
            None => at += 1,
        }
    }
    parts.push(&text[from..]);
    let kept = parts
        .into_iter()
        .filter(|part| !is_trimmed || !part.is_empty());
    list(kept, value)
}

fn list<'t>(texts: impl Iterator<Item = &'t str>, value: &Value) -> Answer {
    Answer::Is(Kind::List(
        texts.map(|it| Kind::text(it).at(value.at)).collect(),
    ))
}

/// As Erlang writes floats: digits on both sides of the dot.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let unsigned = |text: &str| text.strip_prefix(['+', '-']).unwrap_or(text).to_owned();
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let is_number = unsigned(number)
        .split_once('.')
        .is_some_and(|(whole, fraction)| digits(whole) && digits(fraction));
    is_number && exponent.is_none_or(|exponent| digits(&unsigned(exponent)))
}

/// `String.to_integer`: an optional sign and digits, nothing else.
fn integer(text: &str, radix: u32) -> Answer {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.chars().all(|char| char.is_digit(radix));
    match (is_number, i64::from_str_radix(text, radix)) {
        (true, Ok(number)) => Answer::Is(Kind::Integer(number)),
        (true, Err(_)) => Answer::Foreign,
        (false, _) => Answer::Refused,
    }
}

/// `Atom`, `Integer`, `List` and `Module`.
pub(super) fn convert(module: &str, name: &str, values: &[Value]) -> Answer {
    match (module, name, values) {
        ("Atom", "to_string", [value]) => match value.as_atom() {
            Some(name) => Answer::Is(Kind::text(name)),
            None => Answer::Refused,
        },
        ("Integer", "to_string", [value]) => match value.as_integer() {
            Some(number) => Answer::Is(Kind::text(&number.to_string())),
            None => Answer::Refused,
        },
        ("Integer", "parse", [value]) => match value.as_str() {
            Some(text) => parse_integer(text, value),
            None => Answer::Refused,
        },
        ("List", "to_string", [value]) => match value.as_list() {
            Some(items) => {
                characters(items).map_or(Answer::Foreign, |it| Answer::Is(Kind::text(&it)))
            }
            None => Answer::Refused,
        },
        ("List", "to_atom", [value]) => match to_text(value) {
            Some(text) => Answer::Is(Kind::atom(&text)),
            None => Answer::Refused,
        },
        ("List", "flatten", [list]) => super::list::flat(list),
        ("List", "first" | "last", [list]) => super::list::end(name, list),
        ("List", "duplicate", [value, count]) => super::list::duplicate(value, count),
        ("List", "to_tuple", [list]) => match list.as_list() {
            Some(items) => Answer::Is(Kind::Tuple(items.to_vec())),
            None => Answer::Refused,
        },
        ("Tuple", "to_list", [tuple]) => match &tuple.kind {
            Kind::Tuple(items) => Answer::Is(Kind::List(items.clone())),
            _ => Answer::Refused,
        },
        ("List", "wrap", [value]) => match &value.kind {
            Kind::List(_) => Answer::Value(value.clone()),
            Kind::Unknown(unknown) | Kind::Open(_, unknown) => Answer::Unknown(unknown.clone()),
            _ if value.is_nil() => Answer::Is(Kind::List(Vec::new())),
            _ => Answer::Is(Kind::List(vec![value.clone()])),
        },
        ("Module", "concat", [list]) => match list.as_list() {
            Some(parts) => module_concat(parts),
            None => Answer::Refused,
        },
        ("Module", "concat", parts @ [_, _]) => module_concat(parts),
        _ => Answer::Foreign,
    }
}

fn parse_integer(text: &str, value: &Value) -> Answer {
    let sign = usize::from(text.starts_with(['+', '-']));
    let end = text
        .char_indices()
        .skip(sign)
        .find_map(|(index, char)| (!char.is_ascii_digit()).then_some(index))
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    match digits.parse::<i64>() {
        Ok(number) => Answer::Is(Kind::Tuple(vec![
            Kind::Integer(number).at(value.at),
            Kind::text(rest).at(value.at),
        ])),
        Err(_) if end <= sign => Answer::Is(Kind::atom("error")),
        Err(_) => Answer::Foreign,
    }
}

/// `Module.concat`: atoms and texts, with or without `Elixir.`, joined as `elixir_aliases` does.
fn module_concat(parts: &[Value]) -> Answer {
    let mut names = Vec::with_capacity(parts.len());
    for part in parts {
        names.push(match &part.kind {
            Kind::Atom(name) if &**name == "nil" => None,
            Kind::Atom(name) => Some(&**name),
            Kind::Binary(_) => match part.as_str() {
                Some(text) => Some(text),
                None => return Answer::Refused,
            },
            _ => return Answer::Refused,
        });
    }
    let mut rest = names.into_iter().peekable();
    let full = |name: &Option<&str>| {
        name.is_some_and(|name| name == "Elixir" || name.starts_with("Elixir."))
    };
    let mut module = match rest.next_if(full) {
        Some(Some(name)) => name.to_owned(),
        Some(None) | None => "Elixir".to_owned(),
    };
    for name in rest.flatten() {
        let partial = name
            .strip_prefix("Elixir.")
            .or_else(|| name.strip_prefix('.'));
        module.push('.');
        module.push_str(partial.unwrap_or(name));
    }
    Answer::Is(Kind::atom(&module))
}
