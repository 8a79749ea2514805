//! How settings meet: `Config`'s deep merge, and the join of two ways an evaluation may have gone.
//!
//! Both are exact where everything is known, and never claim more than is certain where not.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::value::{At, Kind, Numbers, Pasts, Unknown, Value, equal};

/// Whether a value is a keyword list.
enum Nature {
    Keyword,
    Other,
    Maybe(Unknown),
}

fn nature(value: &Value) -> Nature {
    match &value.kind {
        Kind::Unknown(unknown) => Nature::Maybe(unknown.clone()),
        Kind::Open(..) => Nature::Keyword,
        Kind::List(items) => match items.iter().try_fold(None, element) {
            Ok(None) => Nature::Keyword,
            Ok(Some(unknown)) => Nature::Maybe(unknown),
            Err(NoPair) => Nature::Other,
        },
        _ => Nature::Other,
    }
}

/// The pairs of a keyword list, and its unknown rest if there is one.
fn opened(list: Value) -> (Vec<Value>, Option<Unknown>) {
    match list.kind {
        Kind::Open(pairs, rest) => (pairs, Some(rest)),
        Kind::List(pairs) => (pairs, None),
        _ => (Vec::new(), None),
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
    let at = old.at;
    merge_over(old, at, new)
}

/// Merges with a value whose key stands where `written` says.
fn merge_over(old: Value, written: At, new: Value) -> Value {
    let at = new.at;
    match (nature(&old), nature(&new)) {
        (Nature::Keyword, Nature::Keyword) => {
            let past = longer(&new.past, &old.past);
            let ((old, old_rest), (new, new_rest)) = (opened(old), opened(new));
            let mut merged = merge_keywords(old, old_rest, new, new_rest, at);
            merged.past = past;
            merged
        }
        (Nature::Maybe(unknown), Nature::Keyword) => {
            let past = new.past.clone();
            let (pairs, rest) = opened(new);
            let pairs = pairs.into_iter().map(|pair| over_unknown(pair, &unknown));
            let mut list = Kind::Open(pairs.collect(), rest.unwrap_or(unknown)).at(at);
            list.past = past;
            list.replacing(old, written)
        }
        (_, Nature::Maybe(unknown)) => unknown.value().replacing(old, written),
        (_, Nature::Other) | (Nature::Other, Nature::Keyword) => new.replacing(old, written),
    }
}

/// Of two pasts that share their older part, the one that knows more.
fn longer(left: &Pasts, right: &Pasts) -> Pasts {
    let length = |past: &Pasts| past.as_ref().map_or(0, |it| it.len());
    if length(left) >= length(right) {
        left.clone()
    } else {
        right.clone()
    }
}

/// `Keyword.merge/3`: what only the old list has comes first, then the new list's keys in their
/// order, each merged with one old copy; every other old copy of such a key is dropped.
fn merge_keywords(
    old: Vec<Value>,
    old_rest: Option<Unknown>,
    new: Vec<Value>,
    new_rest: Option<Unknown>,
    at: At,
) -> Value {
    let mut merged = Vec::with_capacity(new.len());
    let mut overridden: HashSet<Arc<str>> = HashSet::with_capacity(new.len());
    let mut copies = Copies::of(old);
    for pair in new {
        let written = pair.at;
        let Some((key, value)) = into_pair(pair) else {
            continue;
        };
        let copy = copies.take(&key);
        let before_at = copy.as_ref().map_or(at, |pair| pair.at);
        let value = match copy.and_then(into_pair) {
            Some((_, before)) => merge_over(before, before_at, value),
            None => match &old_rest {
                Some(unknown) if !overridden.contains(&key) => merge(unknown.value(), value),
                Some(_) | None => value,
            },
        };
        merged.push(Value::pair(key.clone(), value, written));
        overridden.insert(key);
    }
    let mut old = copies.rest();
    old.retain(|pair| {
        pair.as_pair()
            .is_none_or(|(key, _)| !overridden.contains(key))
    });
    if let Some(unknown) = &new_rest {
        // Any of them may be overridden by what is not known of the new list.
        old = obscure_pairs(old, unknown);
    }
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

/// What becomes of a new pair that is merged with what is not known.
fn over_unknown(pair: Value, unknown: &Unknown) -> Value {
    let at = pair.at;
    match into_pair(pair) {
        Some((key, value)) => Value::pair(key, merge(unknown.value(), value), at),
        None => unknown.value(),
    }
}

/// Pairs that are taken out by their keys, so that lists of many meet in no more than their sum.
struct Copies {
    pairs: Vec<Option<Value>>,
    /// Where each key stands, the first place last.
    places: HashMap<Arc<str>, Vec<usize>>,
}

impl Copies {
    fn of(pairs: Vec<Value>) -> Self {
        let mut places: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        for (place, pair) in pairs.iter().enumerate().rev() {
            if let Some((key, _)) = pair.as_pair() {
                places.entry(key.clone()).or_default().push(place);
            }
        }
        let pairs = pairs.into_iter().map(Some).collect();
        Self { pairs, places }
    }

    /// The first of the pairs of a key that are still there.
    fn take(&mut self, key: &str) -> Option<Value> {
        let place = self.places.get_mut(key)?.pop()?;
        self.pairs.get_mut(place)?.take()
    }

    fn rest(self) -> Vec<Value> {
        self.pairs.into_iter().flatten().collect()
    }
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

/// What is joined, which decides what of a keyword list could be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// The settings of all applications, in no order.
    Settings,
    /// The settings of one application, in no order.
    App,
    /// A setting, or a part of one: Elixir sees the order, and no script which pairs are missing.
    Setting,
    /// A value that the script goes on with: it may look whether pairs are missing, and count.
    Value,
}

impl Joined {
    /// What the values of its pairs are.
    fn inner(self) -> Self {
        match self {
            Self::Settings => Self::App,
            Self::App | Self::Setting => Self::Setting,
            Self::Value => Self::Value,
        }
    }

    /// Whether a keyword list is more than the pairs that are told of two.
    fn is_open(self, left: &[Value], right: &[Value]) -> bool {
        match self {
            Self::Settings | Self::App => false,
            Self::Setting => !is_in_order(left, right),
            Self::Value => {
                !is_in_order(left, right) || !has_keys(left, right) || !has_keys(right, left)
            }
        }
    }
}

/// What is certain if the value is one or the other: where they differ, it is unknown.
pub(crate) fn join(left: Value, right: Value, what: Joined, unknown: &Unknown) -> Value {
    if equal(&left, &right, Numbers::Strict) == Some(true) {
        return left;
    }
    let past = longer(&left.past, &right.past);
    let mut joined = joined(left, right, what, unknown);
    joined.past = past;
    joined
}

fn joined(left: Value, right: Value, what: Joined, unknown: &Unknown) -> Value {
    match (&left.kind, &right.kind) {
        // What was not known before is not known for a new reason.
        (Kind::Unknown(_), _) => return left,
        (_, Kind::Unknown(_)) => return right,
        _ => {}
    }
    let at = left.at;
    match (nature(&left), nature(&right)) {
        (Nature::Keyword, Nature::Keyword) => {
            let ((left, left_rest), (right, right_rest)) = (opened(left), opened(right));
            if repeats(&left) || repeats(&right) {
                return unknown.value();
            }
            let mut rest = left_rest.or(right_rest);
            if what.is_open(&left, &right) {
                rest.get_or_insert_with(|| unknown.clone());
            }
            list(join_keywords(left, right, what, unknown), rest, at)
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

/// Whether the pairs that both lists have stand in the same order. Those whose values differ do not
/// count: what gives them a value moves them to the end.
fn is_in_order(left: &[Value], right: &[Value]) -> bool {
    let keyed = right.iter().enumerate().filter_map(|(place, pair)| {
        let (key, value) = pair.as_pair()?;
        Some((key, (place, value)))
    });
    let keyed: HashMap<_, _> = keyed.collect();
    let places = left.iter().filter_map(|pair| {
        let (key, value) = pair.as_pair()?;
        let (place, other) = keyed.get(key)?;
        (equal(value, other, Numbers::Strict) == Some(true)).then_some(place)
    });
    places.is_sorted()
}

/// Whether one list has each key of another.
fn has_keys(list: &[Value], other: &[Value]) -> bool {
    let keys: HashSet<_> = list
        .iter()
        .filter_map(Value::as_pair)
        .map(|(key, _)| key)
        .collect();
    let mut others = other.iter().filter_map(Value::as_pair);
    others.all(|(key, _)| keys.contains(key))
}

fn join_keywords(
    left: Vec<Value>,
    right: Vec<Value>,
    what: Joined,
    unknown: &Unknown,
) -> Vec<Value> {
    let mut joined = Vec::with_capacity(left.len());
    let alone = |pair: &Value| match pair.as_pair() {
        // It may be absent; to say so is all that can be said.
        Some((key, value)) => {
            let mut doubtful = unknown.value();
            doubtful.past = value.past.clone();
            Value::pair(key.clone(), doubtful, pair.at)
        }
        None => unknown.value(),
    };
    let mut right = Copies::of(right);
    for pair in left {
        match pair.as_pair().and_then(|(key, _)| right.take(key)) {
            Some(other) => joined.extend(join_pairs(pair, other, what, unknown)),
            None => joined.push(alone(&pair)),
        }
    }
    joined.extend(right.rest().iter().map(alone));
    joined
}

fn join_pairs(left: Value, right: Value, what: Joined, unknown: &Unknown) -> Option<Value> {
    let at = left.at;
    let ((key, left), (_, right)) = (into_pair(left)?, into_pair(right)?);
    Some(Value::pair(
        key,
        join(left, right, what.inner(), unknown),
        at,
    ))
}

/// What is left of a value that may have been overridden by anything: the names of its keys.
pub(crate) fn obscure(value: Value, unknown: &Unknown) -> Value {
    let at = value.at;
    obscure_over(value, at, unknown)
}

/// Obscures a value whose key stands where `written` says.
fn obscure_over(value: Value, written: At, unknown: &Unknown) -> Value {
    let at = value.at;
    if matches!(value.kind, Kind::Unknown(_)) {
        // A past of reasons would push the values out of it.
        let mut doubtful = unknown.value();
        doubtful.past = value.past;
        return doubtful;
    }
    if !matches!(nature(&value), Nature::Keyword) || pairs(&value).is_some_and(repeats) {
        return unknown.value().replacing(value, written);
    }
    let past = value.past.clone();
    let obscured = obscure_pairs(opened(value).0, unknown);
    let mut open = Kind::Open(obscured, unknown.clone()).at(at);
    open.past = past;
    open
}

fn obscure_pairs(pairs: Vec<Value>, unknown: &Unknown) -> Vec<Value> {
    let obscured = pairs.into_iter().filter_map(|pair| {
        let at = pair.at;
        let (key, value) = into_pair(pair)?;
        Some(Value::pair(key, obscure_over(value, at, unknown), at))
    });
    obscured.collect()
}

fn pairs(list: &Value) -> Option<&[Value]> {
    match &list.kind {
        Kind::Open(pairs, _) | Kind::List(pairs) => Some(pairs),
        _ => None,
    }
}
