//! Branches, functions and loops.
//!
//! A branch that certainly is taken is evaluated as it stands. One that only may be is evaluated
//! beside the others from the same settings and variables, and what they leave is joined.

use std::{collections::BTreeSet, sync::Arc};

use super::{Evaluated, Evaluator, Halt, pattern::Bindings, pattern::Match, vars::Vars};
use crate::{
    builtins,
    finding::Code,
    merge::{Joined, join},
    syntax::{Clause, Expr, Node},
    value::{Body, Closure, DEPTH_MAX, Kind, Unknown, Value},
};

/// One way that an evaluation may go.
pub(super) struct Arm<'e> {
    /// `None` leaves everything as it is and has the value `nil`.
    body: Option<&'e Expr>,
    bindings: Bindings,
}

/// What an arm leaves.
struct Outcome {
    settings: Value,
    vars: Vars,
    value: Value,
}

impl Outcome {
    /// What is certain where this arm or the other was taken.
    fn join(self, other: Self, unknown: &Unknown) -> Self {
        Self {
            settings: join(self.settings, other.settings, Joined::Settings, unknown),
            vars: self.vars.join(other.vars, unknown),
            value: join(self.value, other.value, Joined::Value, unknown),
        }
    }
}

/// The arms of a branch that may be taken, in order.
struct Arms<'e> {
    arms: Vec<Arm<'e>>,
    /// Why it is not known which of several is taken.
    doubt: Option<Unknown>,
    /// Whether one of them certainly is.
    is_complete: bool,
}

impl<'e> Arms<'e> {
    fn new() -> Self {
        Self {
            arms: Vec::new(),
            doubt: None,
            is_complete: false,
        }
    }

    /// Adds an arm that is taken if this is true and none before it was.
    fn add(&mut self, arm: Arm<'e>, is_taken: Result<bool, Unknown>) {
        match is_taken {
            Ok(false) => {}
            Ok(true) => {
                self.arms.push(arm);
                self.is_complete = true;
            }
            Err(unknown) => {
                self.arms.push(arm);
                self.doubt.get_or_insert(unknown);
            }
        }
    }
}

/// The expression under a key of `do … else …`, or of `do: …, else: …`.
pub(super) fn section<'e>(arguments: &'e [Expr], name: &str) -> Option<&'e Expr> {
    let Node::List(sections) = &arguments.last()?.node else {
        return None;
    };
    sections.iter().find_map(|section| match &section.node {
        Node::Tuple(pair) => match pair.as_slice() {
            [key, body] if key.as_atom().is_some_and(|key| &**key == name) => Some(body),
            _ => None,
        },
        _ => None,
    })
}

impl Evaluator<'_> {
    /// `if` and, the other way round, `unless`.
    pub(super) fn condition(&mut self, arguments: &[Expr], is_if: bool, expr: &Expr) -> Evaluated {
        let [condition, ..] = arguments else {
            return self.not_evaluated(expr, "this `if`");
        };
        let arm = |name| Arm {
            body: section(arguments, name),
            bindings: Vec::new(),
        };
        let truth = self.eval(condition)?.truth().map(|truth| truth == is_if);
        let mut arms = Arms::new();
        arms.add(arm("do"), truth);
        if !arms.is_complete {
            arms.add(arm("else"), Ok(true));
        }
        self.take(arms, expr)
    }

    pub(super) fn cond(&mut self, arguments: &[Expr], expr: &Expr) -> Evaluated {
        let Some(Node::Clauses(clauses)) = section(arguments, "do").map(|it| &it.node) else {
            return self.not_evaluated(expr, "this `cond`");
        };
        let mut arms = Arms::new();
        for clause in clauses.iter() {
            let [condition] = clause.patterns.as_slice() else {
                return self.not_evaluated(expr, "this `cond`");
            };
            let truth = self.eval(condition)?.truth();
            let arm = Arm {
                body: Some(&clause.body),
                bindings: Vec::new(),
            };
            arms.add(arm, truth);
            if arms.is_complete {
                break;
            }
        }
        self.take(arms, expr)
    }

    pub(super) fn case(&mut self, subject: &Value, arguments: &[Expr], expr: &Expr) -> Evaluated {
        let Some(Node::Clauses(clauses)) = section(arguments, "do").map(|it| &it.node) else {
            return self.not_evaluated(expr, "this `case`");
        };
        let arms = self.arms(clauses, std::slice::from_ref(subject))?;
        self.take(arms, expr)
    }

    /// `match?(pattern, value)`.
    pub(super) fn is_match(&mut self, arguments: &[Expr], expr: &Expr) -> Evaluated {
        let [pattern, value] = arguments else {
            return self.not_evaluated(expr, "this `match?`");
        };
        if matches!(pattern.node, Node::Binary("when", ..)) {
            return self.not_evaluated(expr, "a guard in `match?`");
        }
        let value = self.eval(value)?;
        let at = self.at(expr.line);
        Ok(match self.matches(pattern, &value)? {
            Match::Yes(_) => Kind::bool(true).at(at),
            Match::No => Kind::bool(false).at(at),
            Match::Maybe(_) => self.why(&value).value(),
        })
    }

    /// The clauses that may match the values.
    fn arms<'e>(&mut self, clauses: &'e [Clause], values: &[Value]) -> Result<Arms<'e>, Halt> {
        let mut arms = Arms::new();
        for clause in clauses {
            let (bindings, is_matched) = match self.matches_all(&clause.patterns, values)? {
                Match::No => continue,
                Match::Yes(bindings) => (bindings, Ok(true)),
                Match::Maybe(bindings) => {
                    let unknown = values.iter().find_map(Value::unknown).cloned();
                    let why = || self.doubt(clause.body.line, "this pattern is not evaluated");
                    (bindings, Err(unknown.unwrap_or_else(why)))
                }
            };
            let is_taken = match (&clause.guard, is_matched) {
                (None, is_matched) => is_matched,
                (Some(guard), is_matched) => {
                    match (self.guard(guard, bindings.clone())?, is_matched) {
                        (Ok(false), _) => Ok(false),
                        (Ok(true), is_matched) => is_matched,
                        (Err(unknown), _) => Err(unknown),
                    }
                }
            };
            let body = Some(&clause.body);
            arms.add(Arm { body, bindings }, is_taken);
            if arms.is_complete {
                break;
            }
        }
        Ok(arms)
    }

    fn guard(&mut self, guard: &Expr, bindings: Bindings) -> Result<Result<bool, Unknown>, Halt> {
        let mark = self.scope.mark();
        self.bind_all(bindings);
        let value = self.eval(guard);
        self.scope.forget_since(mark);
        Ok(value?.truth())
    }

    /// Goes the way that is taken, or all that may be.
    fn take(&mut self, arms: Arms<'_>, expr: &Expr) -> Evaluated {
        let taken = match arms.doubt {
            None => match arms.arms.into_iter().next() {
                Some(arm) => self.arm(arm, expr.line),
                None => {
                    let why = "no clause matches";
                    let value = self.unknown(Code::Refused, expr.line, why);
                    Err(Halt::Raised(self.why(&value)))
                }
            },
            Some(unknown) => return self.fork(arms.arms, &unknown, expr.line),
        };
        match taken {
            // With what the script asks for it would have gone another way, which is not known.
            Err(Halt::Raised(unknown)) => {
                self.taint(expr, &unknown)?;
                Ok(unknown.value())
            }
            taken => taken,
        }
    }

    fn arm(&mut self, arm: Arm<'_>, line: u32) -> Evaluated {
        let Some(body) = arm.body else {
            return Ok(Kind::nil().at(self.at(line)));
        };
        let mark = self.scope.mark();
        self.bind_all(arm.bindings);
        let value = self.eval(body);
        self.scope.forget_since(mark);
        value
    }

    /// Evaluates each arm from the same settings and variables, and joins what they leave. An arm that raises
    /// leaves nothing: if Elixir starts at all, it was not taken.
    fn fork(&mut self, arms: Vec<Arm<'_>>, unknown: &Unknown, line: u32) -> Evaluated {
        let before = self.settings.clone();
        let imported = self.imported.len();
        let vars = self.vars.clone();
        let mut outcomes: Option<Outcome> = None;
        self.doubts += 1;
        for arm in arms {
            self.charge(before.size().nodes.saturating_add(vars.len()))?;
            self.settings = before.clone();
            self.vars = vars.clone();
            let value = match self.arm(arm, line) {
                Ok(value) => value,
                Err(Halt::Raised(_)) => continue,
                Err(Halt::Exhausted) => return Err(Halt::Exhausted),
            };
            let nothing = self.no_settings();
            let outcome = Outcome {
                settings: std::mem::replace(&mut self.settings, nothing),
                vars: std::mem::take(&mut self.vars),
                value,
            };
            outcomes = Some(match outcomes {
                None => outcome,
                Some(others) => others.join(outcome, unknown),
            });
            self.imported.truncate(imported);
        }
        self.doubts -= 1;
        self.imported.truncate(imported);
        match outcomes {
            Some(outcome) => {
                (self.settings, self.vars) = (outcome.settings, outcome.vars);
                Ok(outcome.value)
            }
            None => {
                (self.settings, self.vars) = (before, vars);
                Err(Halt::Raised(unknown.clone()))
            }
        }
    }

    /// `with`, as far as its matches are known.
    pub(super) fn with(&mut self, arguments: &[Expr], expr: &Expr) -> Evaluated {
        let mark = self.scope.mark();
        let value = self.with_steps(arguments, expr);
        self.scope.forget_since(mark);
        match value {
            Err(Halt::Raised(unknown)) => {
                self.taint(expr, &unknown)?;
                Ok(unknown.value())
            }
            value => value,
        }
    }

    fn with_steps(&mut self, arguments: &[Expr], expr: &Expr) -> Evaluated {
        let Some((_, steps)) = arguments.split_last() else {
            return self.not_evaluated(expr, "this `with`");
        };
        for step in steps {
            let Node::Binary("<-", pattern, source) = &step.node else {
                self.eval(step)?;
                continue;
            };
            let value = self.eval(source)?;
            match self.matches(pattern, &value)? {
                Match::Yes(bindings) => self.bind_all(bindings),
                Match::Maybe(_) => {
                    let unknown = self.why(&value);
                    self.taint(expr, &unknown)?;
                    return Ok(unknown.value());
                }
                Match::No => {
                    return match section(arguments, "else").map(|it| &it.node) {
                        None => Ok(value),
                        Some(Node::Clauses(clauses)) => {
                            let arms = self.arms(clauses, &[value])?;
                            self.take(arms, expr)
                        }
                        Some(_) => self.not_evaluated(expr, "this `with`"),
                    };
                }
            }
        }
        match section(arguments, "do") {
            Some(body) => self.eval(body),
            None => self.not_evaluated(expr, "this `with`"),
        }
    }

    /// `for`, with generators, filters and `into: […]`.
    pub(super) fn comprehension(&mut self, arguments: &[Expr], expr: &Expr) -> Evaluated {
        let (Some(body), known) = (section(arguments, "do"), ["do", "into"]) else {
            return self.not_evaluated(expr, "this `for`");
        };
        let is_option = |part: &&Expr| matches!(part.node, Node::List(_));
        let mut options = arguments
            .iter()
            .filter(is_option)
            .flat_map(|part| match &part.node {
                Node::List(pairs) => pairs.as_slice(),
                _ => &[],
            });
        let is_known = |pair: &Expr| match &pair.node {
            Node::Tuple(pair) => pair
                .first()
                .and_then(Expr::as_atom)
                .is_some_and(|key| known.contains(&&**key)),
            _ => false,
        };
        if !options.all(is_known) {
            return self.not_evaluated(expr, "this `for`");
        }
        let steps: Vec<&Expr> = arguments.iter().filter(|part| !is_option(part)).collect();
        let into = arguments
            .iter()
            .find_map(|part| section(std::slice::from_ref(part), "into"));
        let into = into.map(|into| self.eval(into)).transpose()?;
        let mark = self.scope.mark();
        let mut results = Vec::new();
        let outcome = self.loop_over(&steps, body, &mut results);
        self.scope.forget_since(mark);
        if let Some(unknown) = outcome? {
            self.taint(expr, &unknown)?;
            return Ok(unknown.value());
        }
        let at = self.at(expr.line);
        match into {
            None => self.admit(Kind::List(results).at(at)),
            Some(into) => {
                self.charge_each(results.len(), results.len())?;
                let answer = builtins::into(results, &into);
                self.answer(answer, "for … into", &[], expr.line)
            }
        }
    }

    /// Runs the body for each combination; returns why if one of the steps is not known.
    fn loop_over(
        &mut self,
        steps: &[&Expr],
        body: &Expr,
        results: &mut Vec<Value>,
    ) -> Result<Option<Unknown>, Halt> {
        let Some((step, rest)) = steps.split_first() else {
            results.push(self.eval(body)?);
            return Ok(None);
        };
        let Node::Binary("<-", pattern, source) = &step.node else {
            return match self.eval(step)?.truth() {
                Ok(true) => self.deeper(|it| it.loop_over(rest, body, results)),
                Ok(false) => Ok(None),
                Err(unknown) => Ok(Some(unknown)),
            };
        };
        let source = self.eval(source)?;
        let items = match builtins::items(&source) {
            Ok(items) => items,
            Err(answer) => {
                let value = self.answer(answer, "this generator", &[source], step.line)?;
                return Ok(Some(self.why(&value)));
            }
        };
        for item in items {
            let mark = self.scope.mark();
            match self.matches(pattern, &item)? {
                Match::No => continue,
                Match::Maybe(_) => return Ok(Some(self.why(&item))),
                Match::Yes(bindings) => self.bind_all(bindings),
            }
            let outcome = self.deeper(|it| it.loop_over(rest, body, results));
            self.scope.forget_since(mark);
            if let Some(unknown) = outcome? {
                return Ok(Some(unknown));
            }
        }
        Ok(None)
    }

    /// A function with what it sees.
    pub(super) fn closure(&mut self, expr: &Expr) -> Evaluated {
        let mut names = BTreeSet::new();
        let mentions = mentioned(expr, &mut names);
        self.charge(mentions)?;
        self.charge_each(names.len(), self.scope.len())?;
        let scope = self.scope.captured(&names);
        let size = scope.size();
        self.charge(size.nodes)?;
        if size.depth >= DEPTH_MAX {
            return Err(self.exhausted("functions nest too deeply"));
        }
        let body = match &expr.node {
            Node::Function(clauses) => Body::Clauses(Arc::clone(clauses)),
            Node::Capture(body) => Body::Capture(Arc::clone(body)),
            _ => return self.not_evaluated(expr, "this construct"),
        };
        let closure = Closure {
            body,
            scope,
            depth: size.depth,
        };
        Ok(Kind::Function(Arc::new(closure)).at(self.at(expr.line)))
    }

    /// Calls a function.
    pub(super) fn apply(&mut self, function: &Value, values: Vec<Value>, line: u32) -> Evaluated {
        let closure = match &function.kind {
            Kind::Function(closure) => Arc::clone(closure),
            Kind::Unknown(unknown) => {
                self.taint_functions(&values, unknown)?;
                return Ok(unknown.value());
            }
            _ => return Ok(self.refused("calling what is no function", line)),
        };
        self.charge(closure.scope.size().nodes.saturating_add(1))?;
        let outside = std::mem::replace(&mut self.scope, closure.scope.clone());
        let value = self.deeper(|it| it.called(&closure.body, values, line));
        self.scope = outside;
        if let Err(Halt::Raised(unknown)) = &value {
            self.taint_closure(&closure, unknown)?;
        }
        value
    }

    fn called(&mut self, body: &Body, values: Vec<Value>, line: u32) -> Evaluated {
        match body {
            Body::Clauses(clauses) => {
                let arms = self.arms(clauses, &values)?;
                match (arms.doubt, arms.arms.into_iter().next()) {
                    (None, Some(arm)) => self.arm(arm, line),
                    (None, None) => {
                        Ok(self.refused("calling a function that has no such clause", line))
                    }
                    (Some(unknown), _) => {
                        for clause in clauses.iter() {
                            self.taint(&clause.body, &unknown)?;
                        }
                        Ok(unknown.value())
                    }
                }
            }
            Body::Capture(body) => match &body.node {
                Node::Binary("/", function, _) => match &function.node {
                    Node::Remote(module, name, none) if none.is_empty() => match &module.node {
                        Node::Alias(written) => match self.scope.module(written) {
                            Some(module) => self.remote_values(&module, name, values, line),
                            None => self.not_evaluated(body, "an alias of another alias"),
                        },
                        Node::Atom(module) => self.remote_values(module, name, values, line),
                        _ => self.not_evaluated(body, "this capture"),
                    },
                    Node::Variable(name) => self.local_values(name, values, line),
                    _ => {
                        self.scope.placeholders = values;
                        self.eval(body)
                    }
                },
                _ => {
                    self.scope.placeholders = values;
                    self.eval(body)
                }
            },
        }
    }

    /// `&1`.
    pub(super) fn placeholder(&mut self, number: usize, line: u32) -> Evaluated {
        let place = number.checked_sub(1);
        match place.and_then(|place| self.scope.placeholders.get(place)) {
            Some(value) => {
                let value = value.clone();
                self.admit(value)
            }
            None => Ok(self.refused("a capture with too few arguments", line)),
        }
    }
}

/// Collects the names that may be variables in an expression, and counts what was looked at.
fn mentioned<'e>(expr: &'e Expr, names: &mut BTreeSet<&'e str>) -> usize {
    if let Node::Variable(name) = &expr.node {
        names.insert(name);
    }
    let mut looked_at = 1_usize;
    expr.each_part(&mut |part| looked_at = looked_at.saturating_add(mentioned(part, names)));
    looked_at
}
