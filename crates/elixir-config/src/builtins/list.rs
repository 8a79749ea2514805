//! Lists, keyword lists and maps.

use super::{Answer, access, text};
use crate::{
    merge::is_keyword,
    value::{Kind, Numbers, Value, equal},
};

/// Numbers in a range that is evaluated, at most.
const RANGE_MAX: i64 = 10_000;

/// Pairs of a map that the BEAM keeps sorted (`MAP_SMALL_MAP_LIMIT`).
const SMALL_MAP_MAX: usize = 32;

/// The elements of what `Enum` goes through, or why they are not known.
pub(crate) fn items(value: &Value) -> Result<Vec<Value>, Answer> {
    match &value.kind {
        Kind::List(items) => Ok(items.clone()),
        Kind::Map(pairs) if has_known_order(pairs) => {
            let mut pairs: Vec<&(Value, Value)> = pairs.iter().collect();
            pairs.sort_by_key(|(key, _)| (key.as_integer(), key.as_str().map(str::to_owned)));
            let pair = |(key, value): &(Value, Value)| {
                Kind::Tuple(vec![key.clone(), value.clone()]).at(key.at)
            };
            Ok(pairs.into_iter().map(pair).collect())
        }
        Kind::Map(_) => Err(Answer::Foreign),
        Kind::Unknown(unknown) | Kind::Open(_, unknown) => Err(Answer::Unknown(unknown.clone())),
        _ => Err(Answer::Refused),
    }
}

/// Whether a map is gone through in the order of its keys: a small one is, but since OTP 26 not by
/// the names of atoms.
fn has_known_order(pairs: &[(Value, Value)]) -> bool {
    let all = |is_kind: fn(&Value) -> bool| pairs.iter().all(|(key, _)| is_kind(key));
    pairs.len() <= 1
        || pairs.len() <= SMALL_MAP_MAX
            && (all(|key| key.as_integer().is_some()) || all(|key| key.as_str().is_some()))
}

/// `a..b`, as the list that it stands for.
pub(crate) fn range(first: &Value, last: &Value) -> Answer {
    match (first.as_integer(), last.as_integer()) {
        (Some(from), Some(to)) if to >= from && to.saturating_sub(from) < RANGE_MAX => {
            let numbers = (from..=to).map(|number| Kind::Integer(number).at(first.at));
            Answer::Is(Kind::List(numbers.collect()))
        }
        _ => Answer::Foreign,
    }
}

/// `a ++ b`.
pub(crate) fn append(left: &Value, right: &Value) -> Answer {
    match (&left.kind, &right.kind) {
        (Kind::List(a), Kind::List(b)) => {
            Answer::Is(Kind::List(a.iter().chain(b).cloned().collect()))
        }
        _ => Answer::Refused,
    }
}

/// `value in list`, or not.
pub(crate) fn member(wanted: bool, value: &Value, list: &Value) -> Answer {
    let Kind::List(items) = &list.kind else {
        return Answer::Refused;
    };
    let mut is_sure = true;
    for item in items {
        match equal(value, item, Numbers::Strict) {
            Some(true) => return Answer::bool(wanted),
            Some(false) => {}
            None => is_sure = false,
        }
    }
    Answer::sure(is_sure.then_some(!wanted), [value, list])
}

/// The elements of lists in one list.
pub(crate) fn flatten(lists: &[Value]) -> Answer {
    let mut all = Vec::new();
    for list in lists {
        match &list.kind {
            Kind::List(items) => all.extend_from_slice(items),
            _ => return Answer::Refused,
        }
    }
    Answer::Is(Kind::List(all))
}

/// `Enum.into/2`, for a list and for a map.
pub(crate) fn into(items: Vec<Value>, into: &Value) -> Answer {
    match &into.kind {
        Kind::List(before) if before.is_empty() => Answer::Is(Kind::List(items)),
        Kind::Map(before) => {
            let mut pairs = before.clone();
            for item in items {
                match item.kind {
                    Kind::Tuple(pair) => match <[Value; 2]>::try_from(pair) {
                        Ok([key, value]) => map_put(&mut pairs, (key, value)),
                        Err(_) => return Answer::Refused,
                    },
                    Kind::Unknown(unknown) => return Answer::Unknown(unknown),
                    _ => return Answer::Refused,
                }
            }
            Answer::Is(Kind::Map(pairs))
        }
        Kind::Unknown(unknown) => Answer::Unknown(unknown.clone()),
        _ => Answer::Foreign,
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

pub(super) fn count(list: &Value) -> Answer {
    match list.as_list().map(|items| i64::try_from(items.len())) {
        Some(Ok(count)) => Answer::Is(Kind::Integer(count)),
        Some(Err(_)) | None => Answer::Refused,
    }
}

pub(super) fn first(list: &Value) -> Answer {
    match list.as_list().and_then(<[Value]>::first) {
        Some(first) => Answer::Value(first.clone()),
        None => Answer::Refused,
    }
}

pub(super) fn rest(list: &Value) -> Answer {
    match list.as_list().and_then(<[Value]>::split_first) {
        Some((_, rest)) => Answer::Is(Kind::List(rest.to_vec())),
        None => Answer::Refused,
    }
}

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
        ("merge", [left, right]) if is_right(left) && is_right(right) => merge(left, right),
        ("new", []) => Answer::Is(match module {
            "Map" => Kind::Map(Vec::new()),
            _ => Kind::List(Vec::new()),
        }),
        _ => Answer::Foreign,
    }
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

/// Functions of `Enum` that call none of the script's.
pub(super) fn enumerate(name: &str, values: &[Value]) -> Answer {
    match (name, values) {
        ("join", [list]) => text::join(list, ""),
        ("join", [list, separator]) => match separator.as_str() {
            Some(separator) => text::join(list, separator),
            None => Answer::Refused,
        },
        ("member?", [list, value]) => member(true, value, list),
        ("concat", [lists]) => match lists.as_list() {
            Some(lists) => flatten(lists),
            None => Answer::Refused,
        },
        ("concat", [left, right]) => append(left, right),
        ("into", [from, to]) => match items(from) {
            Ok(items) => into(items, to),
            Err(answer) => answer,
        },
        ("reverse", [list]) => match list.as_list() {
            Some(items) => Answer::Is(Kind::List(items.iter().rev().cloned().collect())),
            None => Answer::Refused,
        },
        ("to_list", [from]) => match items(from) {
            Ok(items) => Answer::Is(Kind::List(items)),
            Err(answer) => answer,
        },
        ("count", [list]) => count(list),
        ("empty?", [list]) => match items(list) {
            Ok(items) => Answer::bool(items.is_empty()),
            Err(answer) => answer,
        },
        ("at", [list, index]) => at(list, index),
        ("with_index", [list]) => with_index(list, 0),
        ("with_index", [list, from]) => match from.as_integer() {
            Some(from) => with_index(list, from),
            None => Answer::Refused,
        },
        ("map" | "each" | "filter" | "reject" | "flat_map" | "reduce", _) => Answer::Refused,
        _ => Answer::Foreign,
    }
}

fn at(list: &Value, index: &Value) -> Answer {
    let (Some(items), Some(index)) = (list.as_list(), index.as_integer()) else {
        return Answer::Refused;
    };
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = if index < 0 {
        count.saturating_add(index)
    } else {
        index
    };
    match usize::try_from(place)
        .ok()
        .and_then(|place| items.get(place))
    {
        Some(item) => Answer::Value(item.clone()),
        None => Answer::Is(Kind::nil()),
    }
}

fn with_index(list: &Value, from: i64) -> Answer {
    let items = match items(list) {
        Ok(items) => items,
        Err(answer) => return answer,
    };
    let pairs = items.into_iter().zip(from..).map(|(item, index)| {
        let at = item.at;
        Kind::Tuple(vec![item, Kind::Integer(index).at(at)]).at(at)
    });
    Answer::Is(Kind::List(pairs.collect()))
}
