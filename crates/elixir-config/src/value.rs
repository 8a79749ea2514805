//! What expressions evaluate to: terms, and what is only partly known of them.

use std::sync::Arc;

use erlterm::Term;

use crate::{
    eval::Scope,
    syntax::{Clause, Expr},
};

/// How deeply values may nest; settings stand three levels deeper in the whole configuration, and
/// all stays under [`erlterm::DEPTH_MAX`].
pub(crate) const DEPTH_MAX: usize = 128;

/// Where a value was written: a file by its number in the evaluation, and a line from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) file: usize,
    pub(crate) line: u32,
}

/// A value and where it was written; for a pair of a keyword list that is the line of its key.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) at: At,
    /// In settings: what it replaced.
    pub(crate) past: Pasts,
}

/// What a setting was before, newest first, each with the line of its key; a value in it has no
/// past of its own.
pub(crate) type Pasts = Option<Arc<Vec<Arc<Value>>>>;

/// How many writes of one setting are remembered, the one in force included.
pub(crate) const WRITES_MAX: usize = 8;

/// What is known of a value.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Atom(Arc<str>),
    Integer(i64),
    Float(f64),
    Binary(Arc<[u8]>),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Function(Arc<Closure>),
    /// Known to be none of the others, such as a regular expression; the noun for it.
    Opaque(&'static str),
    /// A keyword list of which only these pairs are known.
    Open(Vec<Value>, Unknown),
    Unknown(Unknown),
}

/// What [`Kind::Opaque`] calls what certainly is a struct.
pub(crate) const STRUCTS: [&str; 2] = ["a regular expression", "a date or time"];

/// Why something is not known, as a clause, and where that began.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    pub(crate) why: Arc<str>,
    pub(crate) at: At,
}

/// A function with the variables that it sees.
#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) body: Body,
    pub(crate) scope: Scope,
    /// How deeply values nest through the captured variables, so that dropping is bounded.
    pub(crate) depth: usize,
}

/// The code of a function.
#[derive(Debug)]
pub(crate) enum Body {
    /// `fn … -> … end`
    Clauses(Arc<[Clause]>),
    /// `&(… &1 …)`
    Capture(Arc<Expr>),
}

/// How many comparisons of a map's keys weigh as much as one node.
const COMPARED_PER_NODE: usize = 16;

/// How much there is of a value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    pub(crate) nodes: usize,
    pub(crate) bytes: usize,
    pub(crate) depth: usize,
}

impl Size {
    fn add(&mut self, inner: Self) {
        self.nodes = self.nodes.saturating_add(inner.nodes);
        self.bytes = self.bytes.saturating_add(inner.bytes);
        self.depth = self.depth.max(inner.depth.saturating_add(1));
    }
}

impl Unknown {
    pub(crate) fn value(&self) -> Value {
        Kind::Unknown(self.clone()).at(self.at)
    }
}

impl Kind {
    pub(crate) fn atom(name: &str) -> Self {
        Self::Atom(name.into())
    }

    pub(crate) fn bool(value: bool) -> Self {
        Self::atom(if value { "true" } else { "false" })
    }

    pub(crate) fn nil() -> Self {
        Self::atom("nil")
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Binary(text.as_bytes().into())
    }

    pub(crate) fn at(self, at: At) -> Value {
        Value {
            kind: self,
            at,
            past: None,
        }
    }
}

impl Value {
    pub(crate) fn as_atom(&self) -> Option<&Arc<str>> {
        match &self.kind {
            Kind::Atom(name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Binary(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match &self.kind {
            Kind::Integer(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn is_nil(&self) -> bool {
        self.as_atom().is_some_and(|name| &**name == "nil")
    }

    /// Key and value of a pair in a keyword list.
    pub(crate) fn as_pair(&self) -> Option<(&Arc<str>, &Self)> {
        match &self.kind {
            Kind::Tuple(items) => match items.as_slice() {
                [key, value] => Some((key.as_atom()?, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Builds a pair of a keyword list, written where `at` says.
    pub(crate) fn pair(key: Arc<str>, value: Self, at: At) -> Self {
        Kind::Tuple(vec![Kind::Atom(key).at(at), value]).at(at)
    }

    /// Whether an `if` takes it for true; `None` where that is not known.
    pub(crate) fn truth(&self) -> Result<bool, Unknown> {
        match &self.kind {
            Kind::Unknown(unknown) => Err(unknown.clone()),
            Kind::Atom(name) => Ok(!matches!(&**name, "nil" | "false")),
            _ => Ok(true),
        }
    }

    /// Remembers that this replaced another, which was written where `at` says.
    pub(crate) fn replacing(mut self, mut old: Self, at: At) -> Self {
        let older = old.past.take();
        old.at = at;
        let newer = self.past.iter().flat_map(|it| it.iter().cloned());
        let older = older.iter().flat_map(|it| it.iter().cloned());
        let all = newer.chain(std::iter::once(Arc::new(old))).chain(older);
        self.past = Some(Arc::new(all.take(WRITES_MAX - 1).collect()));
        self
    }

    /// The first unknown part, at any depth.
    pub(crate) fn unknown(&self) -> Option<&Unknown> {
        match &self.kind {
            Kind::Unknown(unknown) | Kind::Open(_, unknown) => Some(unknown),
            Kind::List(items) | Kind::Tuple(items) => items.iter().find_map(Self::unknown),
            Kind::Map(pairs) => pairs
                .iter()
                .find_map(|(key, value)| key.unknown().or_else(|| value.unknown())),
            Kind::Atom(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Binary(_)
            | Kind::Function(_)
            | Kind::Opaque(_) => None,
        }
    }

    /// Calls `visit` with every function in the value.
    pub(crate) fn each_function(&self, visit: &mut dyn FnMut(&Arc<Closure>)) {
        match &self.kind {
            Kind::Function(closure) => visit(closure),
            Kind::List(items) | Kind::Tuple(items) | Kind::Open(items, _) => {
                for item in items {
                    item.each_function(visit);
                }
            }
            Kind::Map(pairs) => {
                for (key, value) in pairs {
                    key.each_function(visit);
                    value.each_function(visit);
                }
            }
            Kind::Atom(_)
            | Kind::Integer(_)
            | Kind::Float(_)
            | Kind::Binary(_)
            | Kind::Opaque(_)
            | Kind::Unknown(_) => {}
        }
    }

    /// Measures the value.
    pub(crate) fn size(&self) -> Size {
        let mut size = Size {
            nodes: 1,
            bytes: 0,
            depth: 1,
        };
        match &self.kind {
            Kind::Binary(bytes) => size.bytes = bytes.len(),
            Kind::Atom(name) => size.bytes = name.len(),
            Kind::List(items) | Kind::Tuple(items) | Kind::Open(items, _) => {
                items.iter().for_each(|item| size.add(item.size()));
            }
            Kind::Map(pairs) => {
                for (key, value) in pairs {
                    size.add(key.size());
                    size.add(value.size());
                }
                // What is done with a map compares its keys with each other.
                let compared = pairs.len().saturating_mul(pairs.len()) / COMPARED_PER_NODE;
                size.nodes = size.nodes.saturating_add(compared);
            }
            Kind::Function(closure) => size.depth = closure.depth.saturating_add(1),
            Kind::Integer(_) | Kind::Float(_) | Kind::Opaque(_) | Kind::Unknown(_) => {}
        }
        size
    }

    /// The term, or what of it is not known.
    pub(crate) fn to_term(&self) -> Result<Term, Unknown> {
        let opaque = |what: &str| Unknown {
            why: format!("it holds {what}").into(),
            at: self.at,
        };
        Ok(match &self.kind {
            Kind::Atom(name) => Term::atom(name),
            Kind::Integer(number) => Term::Integer(*number),
            Kind::Float(number) => Term::Float(*number),
            Kind::Binary(bytes) => Term::Binary(bytes.to_vec()),
            Kind::List(items) => Term::List(terms(items)?),
            Kind::Tuple(items) => Term::Tuple(terms(items)?),
            Kind::Map(pairs) => {
                let pair = |(key, value): &(Self, Self)| Ok((key.to_term()?, value.to_term()?));
                Term::Map(pairs.iter().map(pair).collect::<Result<_, Unknown>>()?)
            }
            Kind::Function(_) => return Err(opaque("a function")),
            Kind::Opaque(what) => return Err(opaque(what)),
            Kind::Open(_, unknown) | Kind::Unknown(unknown) => return Err(unknown.clone()),
        })
    }
}

impl Value {
    /// What a term is, all of it written at one place.
    pub(crate) fn of_term(term: &Term, at: At) -> Self {
        let all = |items: &[Term]| items.iter().map(|item| Self::of_term(item, at)).collect();
        let kind = match term {
            Term::Atom(name) => Kind::atom(name),
            Term::Integer(number) => Kind::Integer(*number),
            Term::Float(number) => Kind::Float(*number),
            Term::Binary(bytes) => Kind::Binary(bytes.as_slice().into()),
            Term::List(items) => Kind::List(all(items)),
            Term::Tuple(items) => Kind::Tuple(all(items)),
            Term::Map(pairs) => {
                let pair = |(key, value): &(Term, Term)| {
                    (Self::of_term(key, at), Self::of_term(value, at))
                };
                Kind::Map(pairs.iter().map(pair).collect())
            }
            Term::Opaque(_) => Kind::Opaque("a term that configuration cannot use"),
        };
        kind.at(at)
    }
}

fn terms(items: &[Value]) -> Result<Vec<Term>, Unknown> {
    items.iter().map(Value::to_term).collect()
}

/// How numbers compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// As `==`: `1` equals `1.0`.
    Loose,
    /// As `===` and patterns: it does not.
    Strict,
}

/// Compares two values; `None` where an unknown part decides.
pub(crate) fn equal(left: &Value, right: &Value, numbers: Numbers) -> Option<bool> {
    match (&left.kind, &right.kind) {
        (Kind::Opaque(what), Kind::Atom(_) | Kind::Binary(_) | Kind::List(_) | Kind::Tuple(_))
        | (Kind::Atom(_) | Kind::Binary(_) | Kind::List(_) | Kind::Tuple(_), Kind::Opaque(what))
            if STRUCTS.contains(what) =>
        {
            Some(false)
        }
        (Kind::Unknown(_) | Kind::Open(..) | Kind::Opaque(_) | Kind::Function(_), _)
        | (_, Kind::Unknown(_) | Kind::Open(..) | Kind::Opaque(_) | Kind::Function(_)) => None,
        (Kind::Atom(a), Kind::Atom(b)) => Some(a == b),
        (Kind::Integer(a), Kind::Integer(b)) => Some(a == b),
        (Kind::Float(a), Kind::Float(b)) => Some(a == b),
        (Kind::Integer(a), Kind::Float(b)) | (Kind::Float(b), Kind::Integer(a)) => {
            Some(numbers == Numbers::Loose && equal_across(*a, *b))
        }
        (Kind::Binary(a), Kind::Binary(b)) => Some(a == b),
        (Kind::List(a), Kind::List(b)) | (Kind::Tuple(a), Kind::Tuple(b)) => {
            equal_all(a, b, numbers)
        }
        (Kind::Map(a), Kind::Map(b)) => equal_maps(a, b, numbers),
        _ => Some(false),
    }
}

fn equal_across(integer: i64, float: f64) -> bool {
    // Every float of a whole value below 2^53 shows exactly the integer's digits.
    format!("{float:.0}") == integer.to_string() && float.fract() == 0.0
}

fn equal_all(left: &[Value], right: &[Value], numbers: Numbers) -> Option<bool> {
    if left.len() != right.len() {
        return Some(false);
    }
    let mut known = true;
    for (a, b) in left.iter().zip(right) {
        match equal(a, b, numbers) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Maps are equal whatever the order of their keys.
fn equal_maps(left: &[(Value, Value)], right: &[(Value, Value)], numbers: Numbers) -> Option<bool> {
    let unsure = |key: &Value| key.unknown().is_some();
    if left.len() != right.len() {
        // Keys that are not known may be equal to others.
        let is_sure = left.iter().chain(right).all(|(key, _)| !unsure(key));
        return is_sure.then_some(false);
    }
    for (key, value) in left {
        match map_get(right, key).map(|other| equal(value, other, numbers)) {
            Some(Some(true)) => {}
            Some(Some(false)) => return Some(false),
            Some(None) => return None,
            None if unsure(key) || right.iter().any(|(key, _)| unsure(key)) => return None,
            None => return Some(false),
        }
    }
    Some(true)
}

/// The value under a key of a map.
pub(crate) fn map_get<'m>(pairs: &'m [(Value, Value)], key: &Value) -> Option<&'m Value> {
    pairs
        .iter()
        .find(|(other, _)| equal(key, other, Numbers::Strict) == Some(true))
        .map(|(_, value)| value)
}
