use proptest::{collection::vec, prelude::*};

use super::{Joined, is_keyword, join, merge, obscure};
use crate::value::{At, Kind, Numbers, Unknown, Value, equal};

const AT: At = At { file: 0, line: 1 };

fn unknown() -> Unknown {
    Unknown {
        why: "it is hidden".into(),
        at: AT,
    }
}

/// Values with few different keys, so that they meet.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Kind::nil()),
        (0..3_i64).prop_map(Kind::Integer),
        Just(Kind::List(Vec::new())),
        Just(Kind::List(vec![Kind::atom("inet6").at(AT)])),
        Just(Kind::Map(vec![(
            Kind::atom("a").at(AT),
            Kind::Integer(1).at(AT)
        )])),
    ];
    leaf.prop_map(|kind| kind.at(AT))
        .prop_recursive(3, 24, 4, |inner| {
            vec(("[abc]", inner), 0..4).prop_map(|pairs| {
                let pair = |(key, value): (String, Value)| Value::pair(key.into(), value, AT);
                Kind::List(pairs.into_iter().map(pair).collect()).at(AT)
            })
        })
}

/// Hides parts of a value: one bit of `mask` for each.
fn hide(value: &Value, mask: &mut u64) -> Value {
    let is_hidden = *mask & 1 == 1;
    *mask >>= 1;
    match &value.kind {
        _ if is_hidden => unknown().value(),
        Kind::List(items) => {
            let hidden = items.iter().map(|item| match item.as_pair() {
                Some((key, value)) => Value::pair(key.clone(), hide(value, mask), AT),
                None => hide(item, mask),
            });
            Kind::List(hidden.collect()).at(AT)
        }
        kind => kind.clone().at(AT),
    }
}

/// Whether what is said of a value holds for this one, or for its absence. Of equal keys the first
/// counts, as it does for who looks a key up.
fn covers(said: &Value, value: Option<&Value>) -> bool {
    let holds = |key: &&str| {
        get(said, key).is_some_and(|said| covers(said, value.and_then(|it| get(it, key))))
    };
    match (&said.kind, value) {
        (Kind::Unknown(_), _) => true,
        (Kind::Open(..), _) => keys(said).iter().all(holds),
        (_, None) => false,
        (Kind::List(_), Some(value)) if is_keyword(said) && is_keyword(value) => {
            let known = keys(said);
            let is_in_order = said.to_term().is_err() || same(said, value);
            let are_all = keys(value).iter().all(|key| known.contains(key));
            is_in_order && known.iter().all(holds) && are_all
        }
        (Kind::List(said), Some(value)) => value.as_list().is_some_and(|items| {
            let mut pairs = said.iter().zip(items);
            said.len() == items.len() && pairs.all(|(said, item)| covers(said, Some(item)))
        }),
        (_, Some(value)) => same(said, value),
    }
}

fn pairs(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let items = match &value.kind {
        Kind::List(items) | Kind::Open(items, _) => items.as_slice(),
        _ => &[],
    };
    items
        .iter()
        .filter_map(Value::as_pair)
        .map(|(key, value)| (&**key, value))
}

fn keys(value: &Value) -> Vec<&str> {
    pairs(value).map(|(key, _)| key).collect()
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    pairs(value).find_map(|(name, value)| (name == key).then_some(value))
}

/// A value in one line.
fn brief(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(brief).collect::<Vec<_>>().join(", ");
    match (&value.kind, value.as_pair()) {
        (_, Some((key, value))) => format!("{key}: {}", brief(value)),
        (Kind::Unknown(_), _) => "?".to_owned(),
        (Kind::Open(pairs, _), _) => format!("[{} ?]", all(pairs)),
        (Kind::List(items), _) => format!("[{}]", all(items)),
        _ => value
            .to_term()
            .map_or("…".to_owned(), |term| term.to_string()),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    equal(left, right, Numbers::Strict) == Some(true)
}

proptest! {
    #[test]
    fn what_is_said_of_a_merge_holds(old in values(), new in values(), mut mask in any::<u64>()) {
        // Few parts hidden say more than many.
        mask &= mask >> 7;
        let said = merge(hide(&old, &mut mask), hide(&new, &mut mask));
        let merged = merge(old, new);
        prop_assert!(covers(&said, Some(&merged)), "{} is said of {}", brief(&said), brief(&merged));
    }

    #[test]
    fn what_is_said_of_three_merges_holds(a in values(), b in values(), c in values(), mut mask in any::<u64>()) {
        mask &= mask >> 7;
        let said = merge(merge(hide(&a, &mut mask), hide(&b, &mut mask)), hide(&c, &mut mask));
        let merged = merge(merge(a, b), c);
        prop_assert!(covers(&said, Some(&merged)), "{} is said of {}", brief(&said), brief(&merged));
    }

    #[test]
    fn what_is_said_of_two_ways_holds_for_both(before in values(), one in values(), other in values(), after in values()) {
        let ways = [&one, &other].map(|way| merge(before.clone(), way.clone()));
        let [left, right] = ways;
        let joined = join(left, right, Joined::Setting, &unknown());
        let said = merge(joined, after.clone());
        for way in [one, other] {
            let merged = merge(merge(before.clone(), way), after.clone());
            prop_assert!(covers(&said, Some(&merged)), "{} is said of {}", brief(&said), brief(&merged));
        }
    }

    #[test]
    fn after_anything_only_what_is_set_again_is_known(before in values(), anything in values(), after in values()) {
        let said = merge(obscure(before, &unknown()), after.clone());
        let merged = merge(anything, after);
        prop_assert!(covers(&said, Some(&merged)), "{} is said of {}", brief(&said), brief(&merged));
    }

    #[test]
    fn to_join_a_value_with_itself_changes_nothing(value in values()) {
        prop_assert!(same(&join(value.clone(), value.clone(), Joined::Setting, &unknown()), &value));
    }

    #[test]
    fn to_merge_with_an_empty_list_keeps_a_keyword_list(value in values()) {
        let merged = merge(value.clone(), Kind::List(Vec::new()).at(AT));
        if is_keyword(&value) {
            prop_assert!(same(&merged, &value));
        } else {
            prop_assert!(same(&merged, &Kind::List(Vec::new()).at(AT)));
        }
    }
}
