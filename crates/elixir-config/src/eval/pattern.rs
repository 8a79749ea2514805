//! Patterns: matching a value against the left side of `=`, `->` and `<-`.

use std::{collections::BTreeSet, sync::Arc};

use super::{Evaluator, Halt, PAIRS_PER_STEP};
use crate::{
    finding::Code,
    syntax::{Expr, Node, Piece},
    value::{Kind, Numbers, Unknown, Value, equal, map_get},
};

/// Variables and what they are bound to.
pub(super) type Bindings = Vec<(Arc<str>, Value)>;

/// The outcome of matching.
#[derive(Debug)]
pub(super) enum Match {
    Yes(Bindings),
    No,
    /// Not known; what the variables are bound to if it matches.
    Maybe(Bindings),
}

/// All variables of a pattern, each once.
pub(super) fn names(pattern: &Expr) -> BTreeSet<Arc<str>> {
    let mut names = BTreeSet::new();
    collect(pattern, &mut names);
    names
}

fn collect(pattern: &Expr, names: &mut BTreeSet<Arc<str>>) {
    if let Node::Variable(name) = &pattern.node {
        names.insert(name.clone());
    }
    pattern.each_part(&mut |part| collect(part, names));
}

/// How sure a match of parts is so far.
struct Progress {
    bindings: Bindings,
    is_sure: bool,
}

/// A part that certainly does not match.
struct Differs;

impl Evaluator<'_> {
    /// Matches a value, without binding anything yet.
    pub(super) fn matches(&mut self, pattern: &Expr, value: &Value) -> Result<Match, Halt> {
        self.matches_all(std::slice::from_ref(pattern), std::slice::from_ref(value))
    }

    /// Matches several values at once, as the clauses of a function do.
    pub(super) fn matches_all(
        &mut self,
        patterns: &[Expr],
        values: &[Value],
    ) -> Result<Match, Halt> {
        if patterns.len() != values.len() {
            return Ok(Match::No);
        }
        let mut progress = Progress {
            bindings: Vec::new(),
            is_sure: true,
        };
        for (pattern, value) in patterns.iter().zip(values) {
            self.charge(1)?;
            if self.part(pattern, value, &mut progress)?.is_err() {
                return Ok(Match::No);
            }
        }
        for (_, value) in &progress.bindings {
            let size = value.size();
            self.charge(size.nodes)?;
        }
        Ok(if progress.is_sure {
            Match::Yes(progress.bindings)
        } else {
            Match::Maybe(progress.bindings)
        })
    }

    fn part(
        &mut self,
        pattern: &Expr,
        value: &Value,
        progress: &mut Progress,
    ) -> Result<Result<(), Differs>, Halt> {
        match (&pattern.node, &value.kind) {
            (Node::Variable(name), _) if &**name == "_" => Ok(Ok(())),
            (Node::Variable(name), _) => Ok(bind(name, value, progress)),
            (Node::Binary("=", left, right), _) => {
                if self.part(left, value, progress)?.is_err() {
                    return Ok(Err(Differs));
                }
                self.part(right, value, progress)
            }
            (_, Kind::Unknown(unknown) | Kind::Open(_, unknown)) => {
                doubt(pattern, unknown, progress);
                Ok(Ok(()))
            }
            (Node::List(parts), Kind::List(items)) | (Node::Tuple(parts), Kind::Tuple(items)) => {
                if parts.len() != items.len() {
                    return Ok(Err(Differs));
                }
                self.parts(parts, items, progress)
            }
            (Node::Cons(heads, tail), Kind::List(items)) => {
                let Some((first, rest)) = items.split_at_checked(heads.len()) else {
                    return Ok(Err(Differs));
                };
                if self.parts(heads, first, progress)?.is_err() {
                    return Ok(Err(Differs));
                }
                let rest = Kind::List(rest.to_vec()).at(value.at);
                self.part(tail, &rest, progress)
            }
            (Node::Map(wanted), Kind::Map(pairs)) => self.entries(wanted, pairs, progress),
            // It may be a struct, or a list with an improper end.
            (Node::Map(_) | Node::Cons(..), Kind::Opaque(_)) => {
                self.not_matched(pattern, progress);
                Ok(Ok(()))
            }
            (Node::List(_) | Node::Cons(..) | Node::Tuple(_) | Node::Map(_), _) => Ok(Err(Differs)),
            (Node::Binary("<>", prefix, rest), _) => self.prefix(prefix, rest, value, progress),
            (
                Node::Atom(_)
                | Node::Integer(_)
                | Node::Float(_)
                | Node::Alias(_)
                | Node::Text(_)
                | Node::QuotedAtom(_)
                | Node::Charlist(_),
                _,
            ) => self.same(pattern, value, progress),
            (Node::Unary("^", pinned), _) => self.same(pinned, value, progress),
            (Node::Block(parts), _) if parts.len() == 1 => {
                self.parts(parts, std::slice::from_ref(value), progress)
            }
            _ => {
                self.not_matched(pattern, progress);
                Ok(Ok(()))
            }
        }
    }

    fn not_matched(&mut self, pattern: &Expr, progress: &mut Progress) {
        let why = "this pattern is not evaluated";
        let value = self.unknown(Code::NotEvaluated, pattern.line, why);
        doubt(pattern, &self.why(&value), progress);
    }

    /// The entries that a map must have among others.
    fn entries(
        &mut self,
        wanted: &[(Expr, Expr)],
        pairs: &[(Value, Value)],
        progress: &mut Progress,
    ) -> Result<Result<(), Differs>, Halt> {
        for (key, pattern) in wanted {
            self.charge(pairs.len() / PAIRS_PER_STEP)?;
            let key = match &key.node {
                Node::Unary("^", pinned) => self.eval(pinned)?,
                _ => self.eval(key)?,
            };
            let keys = std::iter::once(&key).chain(pairs.iter().map(|(key, _)| key));
            if let Some(unknown) = keys.into_iter().find_map(Value::unknown) {
                doubt(pattern, unknown, progress);
                continue;
            }
            match map_get(pairs, &key) {
                None => return Ok(Err(Differs)),
                Some(value) => {
                    if self.part(pattern, value, progress)?.is_err() {
                        return Ok(Err(Differs));
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    fn parts(
        &mut self,
        patterns: &[Expr],
        values: &[Value],
        progress: &mut Progress,
    ) -> Result<Result<(), Differs>, Halt> {
        for (pattern, value) in patterns.iter().zip(values) {
            if self.part(pattern, value, progress)?.is_err() {
                return Ok(Err(Differs));
            }
        }
        Ok(Ok(()))
    }

    fn same(
        &mut self,
        pattern: &Expr,
        value: &Value,
        progress: &mut Progress,
    ) -> Result<Result<(), Differs>, Halt> {
        let wanted = self.eval(pattern)?;
        Ok(match equal(&wanted, value, Numbers::Strict) {
            Some(true) => Ok(()),
            Some(false) => Err(Differs),
            None => {
                progress.is_sure = false;
                if wanted.unknown().or_else(|| value.unknown()).is_none() {
                    let why = "this comparison is not evaluated";
                    self.tell(Code::NotEvaluated, pattern.line, why.to_owned());
                }
                Ok(())
            }
        })
    }

    /// `"prefix" <> rest`.
    fn prefix(
        &mut self,
        prefix: &Expr,
        rest: &Expr,
        value: &Value,
        progress: &mut Progress,
    ) -> Result<Result<(), Differs>, Halt> {
        let (Node::Text(pieces), Kind::Binary(bytes)) = (&prefix.node, &value.kind) else {
            return Ok(Err(Differs));
        };
        let [Piece::Literal(literal)] = pieces.as_slice() else {
            let why = "this pattern is not evaluated";
            let value = self.unknown(Code::NotEvaluated, prefix.line, why);
            doubt(rest, &self.why(&value), progress);
            return Ok(Ok(()));
        };
        match bytes.strip_prefix(literal.as_slice()) {
            None => Ok(Err(Differs)),
            Some(after) => {
                let after = Kind::Binary(after.into()).at(value.at);
                self.part(rest, &after, progress)
            }
        }
    }

    /// Binds what a match found.
    pub(super) fn bind_all(&mut self, bindings: Bindings) {
        for (name, value) in bindings {
            self.scope.bind(name, value);
        }
    }
}

fn bind(name: &Arc<str>, value: &Value, progress: &mut Progress) -> Result<(), Differs> {
    // A name that stands twice must be the same both times.
    let before = progress.bindings.iter().find(|(known, _)| known == name);
    match before.map(|(_, before)| equal(before, value, Numbers::Strict)) {
        Some(Some(true)) => {}
        Some(Some(false)) => return Err(Differs),
        Some(None) => progress.is_sure = false,
        None => progress.bindings.push((name.clone(), value.clone())),
    }
    Ok(())
}

/// Matches a pattern with what is not known: its variables are not known either.
fn doubt(pattern: &Expr, unknown: &Unknown, progress: &mut Progress) {
    progress.is_sure = false;
    for name in names(pattern) {
        progress.bindings.push((name, unknown.value()));
    }
}
