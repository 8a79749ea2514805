//! Functions of Elixir's own library that depend on their arguments alone.
//!
//! A function that is not here is not evaluated; one that is answers exactly what Elixir does, or
//! says that it cannot.

mod casing;
mod keyed;
mod list;
mod number;
mod path;
mod range;
#[cfg(test)]
mod tests;
mod text;
mod uri;

pub(crate) use keyed::{is_struct, map_put};
pub(crate) use list::{append, flatten, into, items, member};
pub(crate) use number::{arithmetic, order};
pub(crate) use range::{range, stepped};
pub(crate) use text::{charlist, concat, to_string, to_text, words};

use crate::value::{Kind, Numbers, STRUCTS, Unknown, Value, equal, map_get};

/// What a function gives.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This, written where the call stands.
    Is(Kind),
    /// This, with the line that it already has.
    Value(Value),
    /// What is not known.
    Unknown(Unknown),
    /// Nothing: Elixir raises, if the arguments are known.
    Refused,
    /// It is not evaluated.
    Foreign,
}

impl Answer {
    fn bool(value: bool) -> Self {
        Self::Is(Kind::bool(value))
    }

    fn sure(value: Option<bool>, on: [&Value; 2]) -> Self {
        match value {
            Some(value) => Self::bool(value),
            None => match on.into_iter().find_map(Value::unknown) {
                Some(unknown) => Self::Unknown(unknown.clone()),
                None => Self::Foreign,
            },
        }
    }
}

/// Whether `kernel` knows a function of this name.
pub(crate) fn is_kernel(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "abs",
        "byte_size",
        "div",
        "elem",
        "hd",
        "inspect",
        "is_atom",
        "is_binary",
        "is_boolean",
        "is_float",
        "is_function",
        "is_integer",
        "is_list",
        "is_map",
        "is_nil",
        "is_number",
        "is_tuple",
        "length",
        "map_size",
        "max",
        "min",
        "rem",
        "tl",
        "to_charlist",
        "to_string",
        "tuple_size",
    ];
    NAMES.contains(&name)
}

/// A function of `Kernel`.
pub(crate) fn kernel(name: &str, values: &[Value]) -> Answer {
    match (name, values) {
        ("to_string", [value]) => match to_string(value) {
            Ok(text) => Answer::Is(Kind::Binary(text.into())),
            Err(answer) => answer,
        },
        ("to_charlist", [value]) => text::to_charlist(value),
        ("length", [list]) => list::count(list),
        ("hd", [list]) => list::first(list),
        ("tl", [list]) => list::rest(list),
        ("abs", [number]) => match number.as_integer().map(i64::checked_abs) {
            Some(Some(number)) => Answer::Is(Kind::Integer(number)),
            Some(None) | None => Answer::Foreign,
        },
        ("byte_size" | "map_size" | "tuple_size", [value]) => size(name, value),
        ("elem", [tuple, index]) => element(tuple, index),
        ("div" | "rem" | "max" | "min", [left, right]) => number::pair(name, left, right),
        (_, [value]) if name.starts_with("is_") => is_kind(name, value),
        _ => Answer::Foreign,
    }
}

/// A function of another module, named without `Elixir.`.
pub(crate) fn remote(module: &str, name: &str, values: &[Value]) -> Answer {
    match module {
        "String" => text::string(name, values),
        "Atom" | "Integer" | "List" | "Module" | "Tuple" => text::convert(module, name, values),
        "Path" => path::path(name, values),
        "Keyword" | "Map" => keyed::by_key(module, name, values),
        "Access" => match (name, values) {
            ("get", [container, key]) if !is_struct(container) => access(container, key),
            _ => Answer::Foreign,
        },
        "Enum" => list::enumerate(name, values),
        "Macro" => casing::macros(name, values),
        "URI" => match (name, values) {
            ("parse", [value]) => uri::parse(value),
            _ => Answer::Foreign,
        },
        "timer" => milliseconds(name, values),
        _ => Answer::Foreign,
    }
}

fn size(name: &str, value: &Value) -> Answer {
    let count = match (name, &value.kind) {
        ("byte_size", Kind::Binary(bytes)) => bytes.len(),
        ("tuple_size", Kind::Tuple(items)) => items.len(),
        ("map_size", Kind::Map(pairs)) if pairs.iter().all(|(key, _)| key.unknown().is_none()) => {
            pairs.len()
        }
        (_, Kind::Opaque(_)) => return Answer::Foreign,
        _ => return Answer::Refused,
    };
    match i64::try_from(count) {
        Ok(count) => Answer::Is(Kind::Integer(count)),
        Err(_) => Answer::Foreign,
    }
}

/// `:timer.seconds/1` and its like.
fn milliseconds(name: &str, values: &[Value]) -> Answer {
    let factor = match name {
        "seconds" => 1000,
        "minutes" => 60_000,
        "hours" => 3_600_000,
        _ => return Answer::Foreign,
    };
    match values {
        [
            Value {
                kind: Kind::Integer(count),
                ..
            },
        ] => match count.checked_mul(factor) {
            Some(number) => Answer::Is(Kind::Integer(number)),
            None => Answer::Foreign,
        },
        _ => Answer::Foreign,
    }
}

fn is_kind(name: &str, value: &Value) -> Answer {
    let kind = &value.kind;
    if let Kind::Unknown(unknown) = kind {
        return Answer::Unknown(unknown.clone());
    }
    if matches!(kind, Kind::Opaque(what) if !STRUCTS.contains(what)) {
        return Answer::Foreign;
    }
    let atom = value.as_atom().map(|name| &**name);
    Answer::bool(match name {
        "is_nil" => atom == Some("nil"),
        "is_boolean" => matches!(atom, Some("true" | "false")),
        "is_atom" => atom.is_some(),
        "is_binary" => matches!(kind, Kind::Binary(_)),
        "is_integer" => matches!(kind, Kind::Integer(_)),
        "is_float" => matches!(kind, Kind::Float(_)),
        "is_number" => matches!(kind, Kind::Integer(_) | Kind::Float(_)),
        "is_list" => matches!(kind, Kind::List(_) | Kind::Open(..)),
        "is_tuple" => matches!(kind, Kind::Tuple(_)),
        "is_map" => matches!(kind, Kind::Map(_) | Kind::Opaque(_)),
        "is_function" => matches!(kind, Kind::Function(_)),
        _ => return Answer::Foreign,
    })
}

fn element(tuple: &Value, index: &Value) -> Answer {
    match (&tuple.kind, index.as_integer().map(usize::try_from)) {
        (Kind::Tuple(items), Some(Ok(index))) => match items.get(index) {
            Some(item) => Answer::Value(item.clone()),
            None => Answer::Refused,
        },
        _ => Answer::Refused,
    }
}

/// `==`, `!=`, `===` and `!==`.
pub(crate) fn compare(operator: &str, left: &Value, right: &Value) -> Answer {
    let numbers = match operator {
        "==" | "!=" => Numbers::Loose,
        _ => Numbers::Strict,
    };
    let wanted = operator.starts_with('=');
    let is_equal = equal(left, right, numbers).map(|is_equal| is_equal == wanted);
    Answer::sure(is_equal, [left, right])
}

/// `text =~ part`.
pub(crate) fn contains(text: &Value, part: &Value) -> Answer {
    match (text.as_str(), part.as_str()) {
        (Some(text), Some(part)) => Answer::bool(text.contains(part)),
        (Some(_), None) if matches!(part.kind, Kind::Opaque(_)) => Answer::Foreign,
        _ => Answer::Refused,
    }
}

/// `container.key`, which has to be there.
pub(crate) fn field(map: &Value, key: &Value) -> Answer {
    match access(map, key) {
        Answer::Is(_) => Answer::Refused,
        answer => answer,
    }
}

/// `container[key]`, also `Map.get` and `Keyword.get`.
pub(crate) fn access(container: &Value, key: &Value) -> Answer {
    let found = match &container.kind {
        Kind::Map(pairs) => {
            if key
                .unknown()
                .or_else(|| pairs.iter().find_map(|(key, _)| key.unknown()))
                .is_some()
            {
                return Answer::Refused;
            }
            map_get(pairs, key)
        }
        Kind::List(items) => match (key.as_atom(), items.iter().all(|it| it.as_pair().is_some())) {
            (Some(key), true) => items
                .iter()
                .filter_map(Value::as_pair)
                .find_map(|(name, value)| (name == key).then_some(value)),
            _ => return Answer::Refused,
        },
        Kind::Atom(name) if &**name == "nil" => None,
        Kind::Unknown(unknown) | Kind::Open(_, unknown) => {
            return Answer::Unknown(unknown.clone());
        }
        _ => return Answer::Refused,
    };
    match found {
        Some(value) => Answer::Value(value.clone()),
        None => Answer::Is(Kind::nil()),
    }
}
