//! Keyword lists, maps and structs.

use super::{Answer, access, into, items};
use crate::{
    merge::is_keyword,
    value::{Kind, Numbers, Value, equal},
};

/// `Keyword` and `Map`.
pub(super) fn by_key(module: &str, name: &str, values: &[Value]) -> Answer {
    let is_right = |value: &Value| match (module, &value.kind) {
        ("Map", Kind::Map(pairs)) => pairs.iter().all(|(key, _)| key.unknown().is_none()),
        ("Keyword", Kind::List(_)) => is_keyword(value),
        _ => false,
    };
    match (name, values) {
        ("get" | "fetch!", [container, key]) if is_right(container) => {
            match (name, access(container, key)) {
                ("fetch!", Answer::Is(_)) => Answer::Refused,
                (_, answer) => answer,
            }
        }
        ("get", [container, key, default]) if is_right(container) => match access(container, key) {
            Answer::Is(_) => Answer::Value(default.clone()),
            answer => answer,
        },
        ("has_key?", [container, key]) if is_right(container) => match access(container, key) {
            Answer::Is(_) => Answer::bool(false),
            Answer::Value(_) => Answer::bool(true),
            answer => answer,
        },
        ("put", [container, key, value]) if is_right(container) => put(container, key, value),
        ("put_new", [container, key, value]) if is_right(container) => {
            match access(container, key) {
                Answer::Is(_) => put(container, key, value),
                Answer::Value(_) => Answer::Value(container.clone()),
                answer => answer,
            }
        }
        ("fetch", [container, key]) if is_right(container) => match access(container, key) {
            Answer::Is(_) => Answer::Is(Kind::atom("error")),
            Answer::Value(value) => {
                let ok = Kind::atom("ok").at(value.at);
                Answer::Is(Kind::Tuple(vec![ok, value]))
            }
            answer => answer,
        },
        ("delete", [container, key]) if is_right(container) => {
            pick(container, std::slice::from_ref(key), false)
        }
        ("take" | "drop", [container, keys]) if is_right(container) => match keys.as_list() {
            Some(keys) => pick(container, keys, name == "take"),
            None => Answer::Refused,
        },
        ("keys" | "values" | "to_list", [container]) if is_right(container) => {
            parts(name, container)
        }
        ("new", [pairs]) => new(module, pairs),
        ("keyword?", [value]) if module == "Keyword" => match &value.kind {
            Kind::Unknown(_) | Kind::Open(..) | Kind::Opaque(_) => Answer::Foreign,
            Kind::List(_) if value.unknown().is_some() => Answer::Foreign,
            _ => Answer::bool(is_keyword(value)),
        },
        ("merge", [left, right]) if is_right(left) && is_right(right) => merge(left, right),
        ("new", []) => Answer::Is(match module {
            "Map" => Kind::Map(Vec::new()),
            _ => Kind::List(Vec::new()),
        }),
        _ => Answer::Foreign,
    }
}

/// The container with these keys alone, or without them.
fn pick(container: &Value, keys: &[Value], is_kept: bool) -> Answer {
    if keys.iter().any(|key| key.unknown().is_some()) {
        return Answer::Refused;
    }
    let is_wanted = |key: &Value| {
        let mut same = keys.iter().map(|other| equal(key, other, Numbers::Strict));
        same.any(|same| same == Some(true)) == is_kept
    };
    match &container.kind {
        Kind::Map(pairs) => {
            let pairs = pairs.iter().filter(|(key, _)| is_wanted(key));
            Answer::Is(Kind::Map(pairs.cloned().collect()))
        }
        Kind::List(items) => {
            let has_key = |item: &&Value| match &item.kind {
                Kind::Tuple(pair) => pair.first().is_some_and(is_wanted),
                _ => false,
            };
            Answer::Is(Kind::List(items.iter().filter(has_key).cloned().collect()))
        }
        _ => Answer::Refused,
    }
}

/// The keys or values of a container in its order, or both.
fn parts(name: &str, container: &Value) -> Answer {
    let pairs = match items(container) {
        Ok(pairs) => pairs,
        Err(answer) => return answer,
    };
    let part = |pair: Value| match pair.kind {
        Kind::Tuple(parts) if name != "to_list" => {
            parts.into_iter().nth(usize::from(name == "values"))
        }
        kind => Some(kind.at(pair.at)),
    };
    Answer::Is(Kind::List(pairs.into_iter().filter_map(part).collect()))
}

/// `Keyword.new/1` and `Map.new/1`: of equal keys the last counts.
fn new(module: &str, pairs: &Value) -> Answer {
    let at = pairs.at;
    let pairs = match items(pairs) {
        Ok(pairs) => pairs,
        Err(answer) => return answer,
    };
    if module == "Map" {
        return into(pairs, &Kind::Map(Vec::new()).at(at));
    }
    let list = Kind::List(pairs).at(at);
    if !is_keyword(&list) {
        return Answer::Refused;
    }
    let pairs = list.as_list().unwrap_or_default();
    let mut keys = std::collections::BTreeSet::new();
    let is_last = |pair: &&Value| {
        pair.as_pair()
            .is_some_and(|(key, _)| keys.insert(key.clone()))
    };
    let mut last: Vec<Value> = pairs.iter().rev().filter(is_last).cloned().collect();
    last.reverse();
    Answer::Is(Kind::List(last))
}

fn put(container: &Value, key: &Value, value: &Value) -> Answer {
    match (&container.kind, &key.kind) {
        (Kind::Map(pairs), _) if key.unknown().is_none() => {
            let mut pairs = pairs.clone();
            map_put(&mut pairs, (key.clone(), value.clone()));
            Answer::Is(Kind::Map(pairs))
        }
        (Kind::List(items), Kind::Atom(name)) => {
            // `Keyword.put` drops every old copy and puts the new one first.
            let others = items
                .iter()
                .filter(|pair| pair.as_pair().is_none_or(|(key, _)| key != name));
            let first = Value::pair(name.clone(), value.clone(), key.at);
            Answer::Is(Kind::List(
                std::iter::once(first).chain(others.cloned()).collect(),
            ))
        }
        _ => Answer::Refused,
    }
}

fn merge(left: &Value, right: &Value) -> Answer {
    match (&left.kind, &right.kind) {
        (Kind::Map(left), Kind::Map(right)) => {
            let mut pairs = left.clone();
            for pair in right {
                map_put(&mut pairs, pair.clone());
            }
            Answer::Is(Kind::Map(pairs))
        }
        (Kind::List(left), Kind::List(right)) => {
            let is_kept = |pair: &&Value| {
                let key = pair.as_pair().map(|(key, _)| key);
                right
                    .iter()
                    .all(|other| other.as_pair().map(|(key, _)| key) != key)
            };
            Answer::Is(Kind::List(
                left.iter().filter(is_kept).chain(right).cloned().collect(),
            ))
        }
        _ => Answer::Refused,
    }
}

/// Adds an entry to a map, or replaces that of the same key.
pub(crate) fn map_put(pairs: &mut Vec<(Value, Value)>, (key, value): (Value, Value)) {
    let is_same = |other: &Value| equal(other, &key, Numbers::Strict) == Some(true);
    match pairs.iter_mut().find(|(other, _)| is_same(other)) {
        Some((_, place)) => *place = value,
        None => pairs.push((key, value)),
    }
}

/// The key of a struct's name.
pub(super) const STRUCT: &str = "__struct__";

/// Whether a map is a struct, on which most functions of maps do something else or nothing.
pub(crate) fn is_struct(value: &Value) -> bool {
    let is_key = |key: &Value| key.as_atom().is_some_and(|name| &**name == STRUCT);
    matches!(&value.kind, Kind::Map(pairs) if pairs.iter().any(|(key, _)| is_key(key)))
}
