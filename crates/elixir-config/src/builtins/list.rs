//! Lists, and what else `Enum` goes through.

use super::{
    Answer,
    keyed::{is_struct, map_put},
    range::Range,
    text,
};
use crate::value::{Kind, Numbers, Value, equal};

/// Numbers in a range that is evaluated, at most.
const RANGE_MAX: i64 = 10_000;

/// Parts of values that one call of a function may multiply to.
const REPEATED_NODES_MAX: usize = 1 << 16;

/// Pairs of a map that the BEAM keeps sorted (`MAP_SMALL_MAP_LIMIT`).
const SMALL_MAP_MAX: usize = 32;

/// The elements of what `Enum` goes through, or why they are not known.
pub(crate) fn items(value: &Value) -> Result<Vec<Value>, Answer> {
    match &value.kind {
        Kind::List(items) => Ok(items.clone()),
        Kind::Map(_) if let Some(range) = Range::of(value) => match range.count() {
            0..RANGE_MAX => Ok(range.numbers(value)),
            _ => Err(Answer::Foreign),
        },
        Kind::Map(_) if is_struct(value) => Err(Answer::Foreign),
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
    if let Some(range) = Range::of(list) {
        return match (value.as_integer(), &value.kind) {
            (Some(number), _) => Answer::bool(range.has(number) == wanted),
            (None, Kind::Unknown(_)) => Answer::Refused,
            (None, _) => Answer::bool(!wanted),
        };
    }
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
        Kind::Map(before) if !is_struct(into) => {
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
        ("with_index", [list]) => with_index(list, 0),
        ("with_index", [list, from]) => match from.as_integer() {
            Some(from) => with_index(list, from),
            None => Answer::Refused,
        },
        ("map" | "each" | "filter" | "reject" | "flat_map" | "reduce", _) => Answer::Refused,
        ("count", [value]) => match &value.kind {
            // How many there are does not depend on their order.
            Kind::Map(pairs) if !is_struct(value) => match value.unknown() {
                Some(unknown) => Answer::Unknown(unknown.clone()),
                None => number(pairs.len()),
            },
            _ => of_items(name, value, &[]),
        },
        (_, [list, rest @ ..]) if OF_ITEMS.contains(&name) => of_items(name, list, rest),
        _ => Answer::Foreign,
    }
}

/// Functions that go through all elements.
const OF_ITEMS: &[&str] = &[
    "all?", "any?", "at", "drop", "empty?", "fetch!", "max", "min", "reverse", "sort", "sum",
    "take", "to_list", "uniq", "zip",
];

fn of_items(name: &str, list: &Value, rest: &[Value]) -> Answer {
    let mut items = match items(list) {
        Ok(items) => items,
        Err(answer) => return answer,
    };
    match (name, rest) {
        ("reverse", []) => {
            items.reverse();
            Answer::Is(Kind::List(items))
        }
        ("to_list", []) => Answer::Is(Kind::List(items)),
        ("count", []) => number(items.len()),
        ("empty?", []) => Answer::bool(items.is_empty()),
        ("any?" | "all?", []) => whether(name == "any?", &items),
        ("at", [index]) => at(&items, index, Answer::Is(Kind::nil())),
        ("fetch!", [index]) => at(&items, index, Answer::Refused),
        ("take" | "drop", [count]) => match count.as_integer().map(usize::try_from) {
            Some(Ok(count)) => {
                let after = items.split_off(count.min(items.len()));
                Answer::Is(Kind::List(if name == "take" { items } else { after }))
            }
            Some(Err(_)) => Answer::Foreign,
            None => Answer::Refused,
        },
        ("uniq", []) => uniq(items),
        ("sum", []) => {
            let numbers: Option<Vec<i64>> = items.iter().map(Value::as_integer).collect();
            let sum = numbers.and_then(|all| all.iter().try_fold(0_i64, |a, b| a.checked_add(*b)));
            sum.map_or(Answer::Foreign, |sum| Answer::Is(Kind::Integer(sum)))
        }
        ("sort", []) => sorted(items).map_or(Answer::Foreign, |it| Answer::Is(Kind::List(it))),
        ("sort", [direction]) => match (direction.as_atom().map(|it| &**it), sorted(items)) {
            (Some("asc"), Some(items)) => Answer::Is(Kind::List(items)),
            (Some("desc"), Some(mut items)) => {
                items.reverse();
                Answer::Is(Kind::List(items))
            }
            _ => Answer::Foreign,
        },
        ("max" | "min", []) => match sorted(items) {
            Some(items) if name == "max" => last(items.last(), Answer::Refused),
            Some(items) => last(items.first(), Answer::Refused),
            None => Answer::Foreign,
        },
        ("zip", [other]) => match self::items(other) {
            Ok(others) => {
                let pair = |(left, right): (Value, Value)| {
                    let at = left.at;
                    Kind::Tuple(vec![left, right]).at(at)
                };
                Answer::Is(Kind::List(
                    items.into_iter().zip(others).map(pair).collect(),
                ))
            }
            Err(answer) => answer,
        },
        _ => Answer::Foreign,
    }
}

/// Integers alone, or texts alone, in their order; equal ones are the same.
fn sorted(mut items: Vec<Value>) -> Option<Vec<Value>> {
    let all = |is_kind: fn(&Value) -> bool| items.iter().all(is_kind);
    if all(|item| matches!(item.kind, Kind::Integer(_))) {
        items.sort_by_key(Value::as_integer);
        return Some(items);
    }
    if all(|item| matches!(item.kind, Kind::Binary(_))) {
        items.sort_by(|a, b| match (&a.kind, &b.kind) {
            (Kind::Binary(a), Kind::Binary(b)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        });
        return Some(items);
    }
    None
}

fn whether(wanted: bool, items: &[Value]) -> Answer {
    let mut doubt = None;
    for item in items {
        match item.truth() {
            Ok(truth) if truth == wanted && doubt.is_none() => return Answer::bool(wanted),
            Ok(_) => {}
            Err(unknown) => doubt = Some(unknown),
        }
    }
    doubt.map_or(Answer::bool(!wanted), Answer::Unknown)
}

/// Elements of a list that is compared with itself, at most: that takes the square of it.
const COMPARED_MAX: usize = 512;

fn uniq(items: Vec<Value>) -> Answer {
    if items.len() > COMPARED_MAX {
        return Answer::Foreign;
    }
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        let mut is_new = true;
        for other in &kept {
            match equal(other, &item, Numbers::Strict) {
                Some(same) => is_new &= !same,
                None => return Answer::sure(None, [other, &item]),
            }
        }
        if is_new {
            kept.push(item);
        }
    }
    Answer::Is(Kind::List(kept))
}

fn number(count: usize) -> Answer {
    match i64::try_from(count) {
        Ok(count) => Answer::Is(Kind::Integer(count)),
        Err(_) => Answer::Foreign,
    }
}

fn last(found: Option<&Value>, none: Answer) -> Answer {
    found.map_or(none, |found| Answer::Value(found.clone()))
}

/// `List.first/1` and `List.last/1`.
pub(super) fn end(name: &str, list: &Value) -> Answer {
    match list.as_list() {
        Some(items) if name == "first" => last(items.first(), Answer::Is(Kind::nil())),
        Some(items) => last(items.last(), Answer::Is(Kind::nil())),
        None => Answer::Refused,
    }
}

/// `List.flatten/1`.
pub(super) fn flat(list: &Value) -> Answer {
    let Some(items) = list.as_list() else {
        return Answer::Refused;
    };
    let mut all = Vec::new();
    for item in items {
        match &item.kind {
            Kind::List(_) => match flat(item) {
                Answer::Is(Kind::List(inner)) => all.extend(inner),
                answer => return answer,
            },
            Kind::Unknown(unknown) | Kind::Open(_, unknown) => {
                return Answer::Unknown(unknown.clone());
            }
            _ => all.push(item.clone()),
        }
    }
    Answer::Is(Kind::List(all))
}

/// `List.duplicate/2`.
pub(super) fn duplicate(value: &Value, count: &Value) -> Answer {
    match count.as_integer() {
        Some(count @ 0..RANGE_MAX) => {
            let times = usize::try_from(count).unwrap_or(usize::MAX);
            if value.size().nodes.saturating_mul(times) > REPEATED_NODES_MAX {
                return Answer::Foreign;
            }
            Answer::Is(Kind::List(vec![value.clone(); times]))
        }
        Some(RANGE_MAX..) => Answer::Foreign,
        Some(_) | None => Answer::Refused,
    }
}

fn at(items: &[Value], index: &Value, none: Answer) -> Answer {
    let Some(index) = index.as_integer() else {
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
        None => none,
    }
}

fn with_index(list: &Value, from: i64) -> Answer {
    let items = match items(list) {
        Ok(items) => items,
        Err(answer) => return answer,
    };
    let mut pairs = Vec::with_capacity(items.len());
    for (nth, item) in (0_i64..).zip(items) {
        let Some(index) = from.checked_add(nth) else {
            return Answer::Foreign;
        };
        let at = item.at;
        pairs.push(Kind::Tuple(vec![item, Kind::Integer(index).at(at)]).at(at));
    }
    Answer::Is(Kind::List(pairs))
}
