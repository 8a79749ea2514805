//! Expressions as terms, as far as they are literal.

use erlterm::Term;

use crate::{
    builtins,
    syntax::{ATTRIBUTE, Expr, Node, Piece},
    value::At,
};

/// Terms that one call may be made of. Attributes may hold attributes, each doubling what it holds.
const TERMS_MAX: usize = 4096;

/// What names mean where an expression stands.
pub(super) trait Scope {
    /// The value of `@name`.
    fn attribute(&self, name: &str) -> Option<&Term>;
    /// The full name of a module, aliases followed.
    fn module(&self, written: &str) -> String;
    /// `__MODULE__`.
    fn name(&self) -> &str;
}

/// Reads expressions literally, up to a bound.
pub(super) struct Literals<'s> {
    scope: &'s dyn Scope,
    left: usize,
}

/// What stands for a value that is computed.
pub(super) fn computed() -> Term {
    Term::Opaque("…".to_owned())
}

impl<'s> Literals<'s> {
    pub(super) fn new(scope: &'s dyn Scope) -> Self {
        Self {
            scope,
            left: TERMS_MAX,
        }
    }

    /// The expression as a term, in which [`computed`] stands for what isn't literal.
    pub(super) fn term(&mut self, expr: &Expr) -> Term {
        let Some(left) = self.left.checked_sub(1) else {
            return computed();
        };
        self.left = left;
        match &expr.node {
            Node::Atom(name) => Term::atom(name),
            Node::Integer(number) => Term::Integer(*number),
            Node::Float(number) => Term::Float(*number),
            Node::Alias(name) => self.module(&self.scope.module(name)),
            Node::Variable(name) if &**name == "__MODULE__" => self.module(self.scope.name()),
            Node::Text(pieces) => text(pieces).map_or_else(computed, |text| Term::text(&text)),
            Node::Charlist(pieces) => text(pieces).map_or_else(computed, |text| charlist(&text)),
            Node::QuotedAtom(pieces) => text(pieces).map_or_else(computed, |it| Term::atom(&it)),
            Node::Words(pieces, modifier) => words(pieces, *modifier),
            Node::List(items) => Term::List(self.terms(items)),
            Node::Tuple(items) => Term::Tuple(self.terms(items)),
            Node::Map(pairs) => Term::Map(
                pairs
                    .iter()
                    .map(|(key, value)| (self.term(key), self.term(value)))
                    .collect(),
            ),
            Node::Block(expressions) => match expressions.as_slice() {
                [only] => self.term(only),
                _ => computed(),
            },
            Node::Foreign(ATTRIBUTE, operand) => match operand.as_slice() {
                [
                    Expr {
                        node: Node::Variable(name),
                        ..
                    },
                ] => self.attribute(name),
                _ => computed(),
            },
            Node::Cons(..)
            | Node::Variable(_)
            | Node::Local(..)
            | Node::Remote(..)
            | Node::Apply(..)
            | Node::Access(..)
            | Node::Unary(..)
            | Node::Binary(..)
            | Node::Function(_)
            | Node::Capture(_)
            | Node::Placeholder(_)
            | Node::Clauses(_)
            | Node::Group(..)
            | Node::Opaque(_)
            | Node::Foreign(..) => computed(),
        }
    }

    fn terms(&mut self, items: &[Expr]) -> Vec<Term> {
        items.iter().map(|item| self.term(item)).collect()
    }

    fn module(&self, name: &str) -> Term {
        Term::Atom(format!("Elixir.{name}"))
    }

    fn attribute(&mut self, name: &str) -> Term {
        let Some(term) = self.scope.attribute(name) else {
            return computed();
        };
        match self.left.checked_sub(size(term)) {
            Some(left) => {
                self.left = left;
                term.clone()
            }
            None => computed(),
        }
    }
}

/// How many terms one is made of.
fn size(term: &Term) -> usize {
    let inner: usize = match term {
        Term::List(items) | Term::Tuple(items) => items.iter().map(size).sum(),
        Term::Map(pairs) => pairs
            .iter()
            .map(|(key, value)| size(key) + size(value))
            .sum(),
        Term::Atom(_) | Term::Integer(_) | Term::Float(_) | Term::Binary(_) | Term::Opaque(_) => 0,
    };
    inner.saturating_add(1)
}

/// A text without interpolation.
fn text(pieces: &[Piece]) -> Option<String> {
    match pieces {
        [] => Some(String::new()),
        [Piece::Literal(text)] => String::from_utf8(text.clone()).ok(),
        _ => None,
    }
}

fn charlist(text: &str) -> Term {
    let code = |char| Term::Integer(i64::from(u32::from(char)));
    Term::List(text.chars().map(code).collect())
}

fn words(pieces: &[Piece], modifier: char) -> Term {
    const NOWHERE: At = At { file: 0, line: 0 };
    text(pieces)
        .and_then(|text| builtins::words(&text, modifier, NOWHERE).to_term().ok())
        .unwrap_or_else(computed)
}
