//! How settings meet: `Config`'s deep merge, and the join of two ways an evaluation may have gone.
//!
//! Both are exact where everything is known, and never claim more than is certain where not.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::value::{At, Kind, Numbers, Unknown, Value, equal};

/// Whether a value is a keyword list.
enum Keyword {
    /// With these pairs, and an unknown rest if there is one.
    Yes(Vec<Value>, Option<Unknown>),
    No(Value),
    Maybe(Unknown),
}

fn keyword(value: Value) -> Keyword {
    match value.kind {
        Kind::Unknown(unknown) => Keyword::Maybe(unknown),
        Kind::Open(pairs, rest) => Keyword::Yes(pairs, Some(rest)),
        Kind::List(items) => match items.iter().try_fold(None, element) {
            Ok(None) => Keyword::Yes(items, None),
            Ok(Some(unknown)) => Keyword::Maybe(unknown),
            Err(NoPair) => Keyword::No(Kind::List(items).at(value.at)),
        },
        kind => Keyword::No(kind.at(value.at)),
    }
}

/// An element that certainly is no pair with an atom as its key.
struct NoPair;

fn element(unknown: Option<Unknown>, item: &Value) -> Result<Option<Unknown>, NoPair> {
    let doubt = match &item.kind {
        Kind::Unknown(why) => Some(why),
        Kind::Tuple(parts) => match parts.as_slice() {
            [key, _] => match &key.kind {
                Kind::Atom(_) => None,
                Kind::Unknown(why) => Some(why),
                _ => return Err(NoPair),
            },
            _ => return Err(NoPair),
        },
        _ => return Err(NoPair),
    };
    Ok(unknown.or_else(|| doubt.cloned()))
}

/// Returns whether a value certainly is a keyword list.
pub(crate) fn is_keyword(value: &Value) -> bool {
    match &value.kind {
        Kind::Open(..) => true,
        Kind::List(items) => items.iter().all(|item| item.as_pair().is_some()),
        _ => false,
    }
}

/// Merges as `Config` does: keyword lists key by key at any depth, anything else replaces.
pub(crate) fn merge(old: Value, new: Value) -> Value {
    let at = new.at;
    match (keyword(old), keyword(new)) {
        (_, Keyword::No(new)) => new,
        (Keyword::No(_), Keyword::Yes(pairs, rest)) => list(pairs, rest, at),
        (Keyword::Maybe(unknown), Keyword::Yes(pairs, rest)) => {
            let pairs = pairs.into_iter().map(|pair| opened_pair(pair, &unknown));
            Kind::Open(pairs.collect(), rest.unwrap_or_else(|| unknown.clone())).at(at)
        }
        (Keyword::Yes(old, old_rest), Keyword::Yes(new, new_rest)) => {
            merge_keywords(old, old_rest, new, new_rest, at)
        }
        (_, Keyword::Maybe(unknown)) => unknown.value(),
    }
}

/// `Keyword.merge/3`: what only the old list has comes first, then the new list's keys in their
/// order, each merged with one old copy; every other old copy of such a key is dropped.
fn merge_keywords(
    mut old: Vec<Value>,
    old_rest: Option<Unknown>,
    new: Vec<Value>,
    new_rest: Option<Unknown>,
    at: At,
) -> Value {
    let mut merged = Vec::with_capacity(new.len());
    let mut overridden: Vec<Arc<str>> = Vec::with_capacity(new.len());
    for pair in new {
        let written = pair.at;
        let Some((key, value)) = into_pair(pair) else {
            continue;
        };
        let copy = old.iter().position(|pair| has_key(pair, &key));
        let value = match copy.and_then(|index| into_pair(old.remove(index))) {
            Some((_, before)) => merge(before, value),
            None => match &old_rest {
                Some(unknown) if !overridden.contains(&key) => opened(value, unknown),
                Some(_) | None => value,
            },
        };
        merged.push(Value::pair(key.clone(), value, written));
        overridden.push(key);
    }
    if new_rest.is_some() {
        // Any of them may be overridden by what is not known of the new list.
        old.clear();
    }
    old.retain(|pair| !overridden.iter().any(|key| has_key(pair, key)));
    old.append(&mut merged);
    list(old, new_rest.or(old_rest), at)
}

/// A keyword list, open if it has an unknown rest.
fn list(pairs: Vec<Value>, rest: Option<Unknown>, at: At) -> Value {
    match rest {
        Some(rest) => Kind::Open(pairs, rest).at(at),
        None => Kind::List(pairs).at(at),
    }
}

/// What becomes of a new value that is merged with an unknown one.
fn opened(value: Value, unknown: &Unknown) -> Value {
    merge(unknown.value(), value)
}

fn opened_pair(pair: Value, unknown: &Unknown) -> Value {
    let at = pair.at;
    match into_pair(pair) {
        Some((key, value)) => Value::pair(key, opened(value, unknown), at),
        None => unknown.value(),
    }
}

fn has_key(pair: &Value, key: &str) -> bool {
    pair.as_pair().is_some_and(|(name, _)| &**name == key)
}

fn into_pair(pair: Value) -> Option<(Arc<str>, Value)> {
    match pair.kind {
        Kind::Tuple(parts) => match <[Value; 2]>::try_from(parts) {
            Ok([key, value]) => Some((key.as_atom()?.clone(), value)),
            Err(_) => None,
        },
        _ => None,
    }
}

/// What is certain if the value is one or the other: where they differ, it is unknown.
pub(crate) fn join(left: Value, right: Value, unknown: &Unknown) -> Value {
    if equal(&left, &right, Numbers::Strict) == Some(true) {
        return left;
    }
    match (&left.kind, &right.kind) {
        // What was not known before is not known for a new reason.
        (Kind::Unknown(_), _) => return left,
        (_, Kind::Unknown(_)) => return right,
        _ => {}
    }
    let at = left.at;
    match (keyword(left), keyword(right)) {
        (Keyword::Yes(left, left_rest), Keyword::Yes(right, right_rest))
            if !repeats(&left) && !repeats(&right) =>
        {
            let rest = left_rest.or(right_rest);
            list(join_keywords(left, right, unknown), rest, at)
        }
        _ => unknown.value(),
    }
}

fn repeats(pairs: &[Value]) -> bool {
    let keys: Vec<_> = pairs.iter().filter_map(Value::as_pair).collect();
    let mut names: Vec<&str> = keys.iter().map(|(name, _)| &***name).collect();
    names.sort_unstable();
    names.windows(2).any(|two| two.first() == two.last())
}

fn join_keywords(left: Vec<Value>, mut right: Vec<Value>, unknown: &Unknown) -> Vec<Value> {
    let mut joined = Vec::with_capacity(left.len());
    let alone = |pair: &Value| match pair.as_pair() {
        // It may be absent; to say so is all that can be said.
        Some((key, _)) => Value::pair(key.clone(), unknown.value(), pair.at),
        None => unknown.value(),
    };
    for pair in left {
        let other = right
            .iter()
            .position(|other| pair.as_pair().is_some_and(|(key, _)| has_key(other, key)));
        match other.map(|index| right.remove(index)) {
            Some(other) => joined.extend(join_pairs(pair, other, unknown)),
            None => joined.push(alone(&pair)),
        }
    }
    joined.extend(right.iter().map(alone));
    joined
}

fn join_pairs(left: Value, right: Value, unknown: &Unknown) -> Option<Value> {
    let at = left.at;
    let ((key, left), (_, right)) = (into_pair(left)?, into_pair(right)?);
    Some(Value::pair(key, join(left, right, unknown), at))
}

/// What is left of a value that may have been overridden by anything: the names of its keys.
pub(crate) fn obscure(value: Value, unknown: &Unknown) -> Value {
    let at = value.at;
    match keyword(value) {
        Keyword::Yes(pairs, _) if !repeats(&pairs) => {
            let obscured = pairs.into_iter().filter_map(|pair| {
                let at = pair.at;
                let (key, value) = into_pair(pair)?;
                Some(Value::pair(key, obscure(value, unknown), at))
            });
            Kind::Open(obscured.collect(), unknown.clone()).at(at)
        }
        Keyword::Yes(..) | Keyword::No(_) | Keyword::Maybe(_) => unknown.value(),
    }
}
