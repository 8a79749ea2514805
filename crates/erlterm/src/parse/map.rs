//! The pairs of a map, each key once.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::Term;

/// Keeps the last value of each key, at the place where the key came first.
///
/// A tree, since comparing each key with each other would take hours on a hostile text.
pub(super) fn distinct(pairs: Vec<(Term, Term)>) -> Vec<(Term, Term)> {
    let mut places: BTreeMap<Key, (usize, Term)> = BTreeMap::new();
    for (place, (key, value)) in pairs.into_iter().enumerate() {
        let slot = places
            .entry(Key(key))
            .or_insert((place, Term::List(vec![])));
        slot.1 = value;
    }
    let mut pairs: Vec<(usize, Term, Term)> = places
        .into_iter()
        .map(|(key, (place, value))| (place, key.0, value))
        .collect();
    pairs.sort_by_key(|(place, ..)| *place);
    pairs
        .into_iter()
        .map(|(_, key, value)| (key, value))
        .collect()
}

/// A term in some order of its own, in which only equal terms are equal.
struct Key(Term);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

fn compare(a: &Term, b: &Term) -> Ordering {
    match (a, b) {
        (Term::Atom(a), Term::Atom(b)) | (Term::Opaque(a), Term::Opaque(b)) => a.cmp(b),
        (Term::Integer(a), Term::Integer(b)) => a.cmp(b),
        (Term::Float(a), Term::Float(b)) => a.total_cmp(b),
        (Term::Binary(a), Term::Binary(b)) => a.cmp(b),
        (Term::List(a), Term::List(b)) | (Term::Tuple(a), Term::Tuple(b)) => in_turn(a, b, compare),
        (Term::Map(a), Term::Map(b)) => in_turn(a, b, |(key, value), (other, others)| {
            compare(key, other).then_with(|| compare(value, others))
        }),
        (a, b) => kind(a).cmp(&kind(b)),
    }
}

fn in_turn<T>(a: &[T], b: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| {
        let mut each = a.iter().zip(b).map(|(a, b)| compare(a, b));
        each.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

fn kind(term: &Term) -> u8 {
    match term {
        Term::Atom(_) => 0,
        Term::Integer(_) => 1,
        Term::Float(_) => 2,
        Term::Binary(_) => 3,
        Term::List(_) => 4,
        Term::Tuple(_) => 5,
        Term::Map(_) => 6,
        Term::Opaque(_) => 7,
    }
}
