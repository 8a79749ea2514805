//! The syntax tree that is evaluated: Elixir's expressions, reduced to what configuration needs.
//!
//! Sugar is gone: `do` blocks are keyword arguments, keyword pairs are tuples, both spellings of a
//! string are [`Node::Text`].

use std::sync::Arc;

/// What [`Node::Foreign`] calls `@name` and `@name value`.
pub(crate) const ATTRIBUTE: &str = "a module attribute";

/// What it calls `<<…>>`.
pub(crate) const BITSTRING: &str = "a bitstring";

/// What it calls a statement of which Elixir may read the lines otherwise.
pub(crate) const AMBIGUOUS: &str = "a statement whose lines are not clear";

/// One expression and the line it begins on.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) line: u32,
    pub(crate) node: Node,
}

/// What an expression is.
#[derive(Debug)]
pub(crate) enum Node {
    Atom(Arc<str>),
    Integer(i64),
    Float(f64),
    /// A string, heredoc or `~s`.
    Text(Vec<Piece>),
    Charlist(Vec<Piece>),
    /// `:"…"`, or the key of `"…": value`.
    QuotedAtom(Vec<Piece>),
    /// `~w`, with its modifier.
    Words(Vec<Piece>, char),
    List(Vec<Expr>),
    /// `[head, … | tail]`.
    Cons(Vec<Expr>, Box<Expr>),
    Tuple(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// A module as written: `AuthWeb.Endpoint`.
    Alias(Arc<str>),
    Variable(Arc<str>),
    /// `name(…)`.
    Local(Arc<str>, Vec<Expr>),
    /// `Module.name(…)`, or `value.name`.
    Remote(Box<Expr>, Arc<str>, Vec<Expr>),
    /// `fun.(…)`.
    Apply(Box<Expr>, Vec<Expr>),
    /// `container[key]`.
    Access(Box<Expr>, Box<Expr>),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `fn … -> … end`.
    Function(Arc<[Clause]>),
    /// `&(… &1 …)`, `&Mod.fun/1`.
    Capture(Arc<Expr>),
    /// `&1`.
    Placeholder(usize),
    Block(Vec<Expr>),
    /// The clauses in a `do` block of `case`, `cond`, `receive`, ….
    Clauses(Arc<[Clause]>),
    /// `A.{B, C}`, in directives alone.
    Group(Arc<str>, Vec<Expr>),
    /// Something known that no setting of ours is: a regular expression, a date.
    Opaque(&'static str),
    /// Something this crate does not evaluate: a noun for it, and its parts, in which a call of
    /// `config` may stand.
    Foreign(&'static str, Vec<Expr>),
}

/// A part of a quoted text.
#[derive(Debug)]
pub(crate) enum Piece {
    Literal(Vec<u8>),
    Interpolation(Box<Expr>),
}

/// `patterns when guard -> body`.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) patterns: Vec<Expr>,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Expr,
}

impl Expr {
    /// The atom that the expression literally is.
    pub(crate) fn as_atom(&self) -> Option<&Arc<str>> {
        match &self.node {
            Node::Atom(name) => Some(name),
            _ => None,
        }
    }

    /// Calls `visit` with each direct part of the expression.
    pub(crate) fn each_part<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match &self.node {
            Node::Atom(_)
            | Node::Integer(_)
            | Node::Float(_)
            | Node::Alias(_)
            | Node::Variable(_)
            | Node::Placeholder(_)
            | Node::Opaque(_) => {}
            Node::Text(pieces)
            | Node::Charlist(pieces)
            | Node::QuotedAtom(pieces)
            | Node::Words(pieces, _) => {
                for piece in pieces {
                    match piece {
                        Piece::Literal(_) => {}
                        Piece::Interpolation(part) => visit(part),
                    }
                }
            }
            Node::List(parts)
            | Node::Tuple(parts)
            | Node::Local(_, parts)
            | Node::Block(parts)
            | Node::Group(_, parts)
            | Node::Foreign(_, parts) => parts.iter().for_each(visit),
            Node::Cons(parts, last) | Node::Apply(last, parts) | Node::Remote(last, _, parts) => {
                visit(last);
                parts.iter().for_each(visit);
            }
            Node::Map(pairs) => {
                for (key, value) in pairs {
                    visit(key);
                    visit(value);
                }
            }
            Node::Access(left, right) | Node::Binary(_, left, right) => {
                visit(left);
                visit(right);
            }
            Node::Unary(_, part) => visit(part),
            Node::Capture(part) => visit(part),
            Node::Function(clauses) | Node::Clauses(clauses) => {
                for clause in clauses.iter() {
                    clause.patterns.iter().for_each(&mut *visit);
                    clause.guard.iter().for_each(&mut *visit);
                    visit(&clause.body);
                }
            }
        }
    }
}
