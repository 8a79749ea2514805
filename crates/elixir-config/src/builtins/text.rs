//! Texts: `String`, conversions, and paths as far as they are texts.

use super::Answer;
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
    let Some(items) = list.as_list() else {
        return Answer::Refused;
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

/// A function of `String`.
pub(super) fn string(name: &str, values: &[Value]) -> Answer {
    let [first, ..] = values else {
        return Answer::Foreign;
    };
    let Some(text) = first.as_str() else {
        return if name == "to_string" {
            Answer::Foreign
        } else {
            Answer::Refused
        };
    };
    let second = values.get(1).map(Value::as_str);
    match (name, values.len(), second) {
        ("to_integer", 1, _) => integer(text, 10),
        ("to_float", 1, _) => match text.parse::<f64>() {
            Ok(number) if text.contains('.') && number.is_finite() => {
                Answer::Is(Kind::Float(number))
            }
            Ok(_) | Err(_) => Answer::Refused,
        },
        ("to_atom" | "to_existing_atom", 1, _) => Answer::Is(Kind::atom(text)),
        ("to_charlist", 1, _) => Answer::Value(charlist(text, first.at)),
        // Beyond ASCII the two sides' tables may differ by their Unicode version.
        ("trim", 1, _) if text.is_ascii() => Answer::Is(Kind::text(text.trim())),
        ("trim_leading", 1, _) if text.is_ascii() => Answer::Is(Kind::text(text.trim_start())),
        ("trim_trailing", 1, _) if text.is_ascii() => Answer::Is(Kind::text(text.trim_end())),
        ("downcase", 1, _) if text.is_ascii() => Answer::Is(Kind::text(&text.to_ascii_lowercase())),
        ("upcase", 1, _) if text.is_ascii() => Answer::Is(Kind::text(&text.to_ascii_uppercase())),
        ("split", 1, _) => {
            let words = text
                .split_whitespace()
                .map(|it| Kind::text(it).at(first.at));
            Answer::Is(Kind::List(words.collect()))
        }
        ("split", 2, Some(Some(separator))) if !separator.is_empty() => {
            let parts = text.split(separator).map(|it| Kind::text(it).at(first.at));
            Answer::Is(Kind::List(parts.collect()))
        }
        ("replace", 3, Some(Some(from))) if !from.is_empty() => {
            match values.get(2).map(Value::as_str) {
                Some(Some(to)) => Answer::Is(Kind::text(&text.replace(from, to))),
                _ => Answer::Foreign,
            }
        }
        ("contains?", 2, Some(Some(part))) => Answer::bool(text.contains(part)),
        ("starts_with?", 2, Some(Some(prefix))) => Answer::bool(text.starts_with(prefix)),
        ("ends_with?", 2, Some(Some(suffix))) => Answer::bool(text.ends_with(suffix)),
        _ => Answer::Foreign,
    }
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

/// `Module.concat`: atoms and texts, with or without `Elixir.`.
fn module_concat(parts: &[Value]) -> Answer {
    let mut module = String::from("Elixir");
    for part in parts {
        let name = match &part.kind {
            Kind::Atom(name) if &**name == "nil" => continue,
            Kind::Atom(name) => name.to_string(),
            Kind::Binary(_) => match part.as_str() {
                Some(text) => text.to_owned(),
                None => return Answer::Refused,
            },
            _ => return Answer::Refused,
        };
        let name = name.strip_prefix("Elixir.").unwrap_or(&name);
        if !name.is_empty() && name != "Elixir" {
            module.push('.');
            module.push_str(name.trim_start_matches('.'));
        }
    }
    Answer::Is(Kind::atom(&module))
}

/// Functions of `Path` that look at no file.
pub(super) fn path(name: &str, values: &[Value]) -> Answer {
    let texts: Option<Vec<String>> = match values {
        [list] if name == "join" => list
            .as_list()
            .map(|parts| parts.iter().filter_map(to_text).collect()),
        values => values.iter().map(to_text).collect(),
    };
    if values.iter().any(|value| value.unknown().is_some()) {
        return Answer::Refused;
    }
    match (name, texts.as_deref()) {
        ("join", Some([first, rest @ ..])) => {
            let joined = rest
                .iter()
                .fold(first.clone(), |joined, next| join_paths(&joined, next));
            Answer::Is(Kind::text(&joined))
        }
        ("basename", Some([path])) => Answer::Is(Kind::text(
            path.trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default(),
        )),
        ("basename", Some([path, extension])) => {
            let base = path
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default();
            Answer::Is(Kind::text(
                base.strip_suffix(extension.as_str()).unwrap_or(base),
            ))
        }
        ("dirname", Some([path])) => Answer::Is(Kind::text(match path.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((folder, _)) => folder,
            None => ".",
        })),
        ("join" | "basename" | "dirname", None) => Answer::Refused,
        _ => Answer::Foreign,
    }
}

/// `Path.join/2`: one slash between, none at the end.
fn join_paths(left: &str, right: &str) -> String {
    let right = right.trim_matches('/');
    let left = left.trim_end_matches('/');
    match (left.is_empty(), right.is_empty()) {
        (_, true) if left.is_empty() => "/".to_owned(),
        (_, true) => left.to_owned(),
        (_, false) => format!("{left}/{right}"),
    }
}
