//! Operators.

use super::{
    Evaluated, Evaluator, Halt,
    pattern::{self, Match},
};
use crate::{
    builtins::{self, Answer},
    finding::Code,
    syntax::{Expr, Node},
    value::{Kind, Value},
};

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, operator: &str, operand: &Expr, line: u32) -> Evaluated {
        let value = self.eval(operand)?;
        let at = self.at(line);
        match operator {
            "not" if !may_be_boolean(&value) => Ok(self.refused("not", line)),
            "!" | "not" => Ok(match value.truth() {
                Ok(truth) => Kind::bool(!truth).at(at),
                Err(unknown) => unknown.value(),
            }),
            "-" | "+" => {
                let zero = Kind::Integer(0).at(at);
                let answer = builtins::arithmetic(operator, &zero, &value);
                self.answer(answer, operator, &[value], line)
            }
            _ => Ok(self.unevaluated_operator(operator, line)),
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: &str,
        left: &Expr,
        right: &Expr,
        whole: &Expr,
    ) -> Evaluated {
        match operator {
            "=" => self.bind(left, right, whole),
            "|>" => self.pipe(left, right),
            "||" | "or" | "&&" | "and" => self.either(operator, left, right),
            _ => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                let answer = match operator {
                    "==" | "!=" | "===" | "!==" => builtins::compare(operator, &left, &right),
                    "<" | ">" | "<=" | ">=" => builtins::order(operator, &left, &right),
                    "in" | "not in" => builtins::member(operator == "in", &left, &right),
                    "++" => builtins::append(&left, &right),
                    "<>" => builtins::concat(&left, &right),
                    "=~" => builtins::contains(&left, &right),
                    "+" | "-" | "*" | "/" => builtins::arithmetic(operator, &left, &right),
                    ".." => builtins::range(&left, &right),
                    "//" => builtins::stepped(&left, &right),
                    _ => Answer::Foreign,
                };
                self.answer(answer, operator, &[left, right], whole.line)
            }
        }
    }

    fn unevaluated_operator(&mut self, operator: &str, line: u32) -> Value {
        let why = format!("`{operator}` is not evaluated");
        self.unknown(Code::NotEvaluated, line, &why)
    }

    /// `pattern = value`.
    fn bind(&mut self, pattern: &Expr, right: &Expr, whole: &Expr) -> Evaluated {
        let value = match self.eval(right) {
            // Were it not raised, the variables would have values, which are not known.
            Err(Halt::Raised(unknown)) => unknown.value(),
            evaluated => evaluated?,
        };
        match self.matches(pattern, &value)? {
            Match::Yes(bindings) | Match::Maybe(bindings) => self.bind_all(bindings),
            Match::No => {
                let refused = self.refused("a match whose sides differ", whole.line);
                let unknown = self.why(&refused);
                for name in pattern::names(pattern) {
                    self.scope.bind(name, unknown.value());
                }
                return Ok(refused);
            }
        }
        Ok(value)
    }

    /// `||` and `&&`, which evaluate their right side only if they need it.
    fn either(&mut self, operator: &str, left: &Expr, right: &Expr) -> Evaluated {
        let value = self.eval(left)?;
        let is_and = matches!(operator, "&&" | "and");
        if matches!(operator, "and" | "or") && !may_be_boolean(&value) {
            let value = self.refused(operator, left.line);
            self.taint(right, &self.why(&value))?;
            return Ok(value);
        }
        match value.truth() {
            Ok(truth) if truth == is_and => self.unless_raised(right),
            Ok(_) => Ok(value),
            Err(unknown) => {
                self.taint(right, &unknown)?;
                Ok(unknown.value())
            }
        }
    }

    /// What an alternative gives; one that raises gives what is not known: the app, which has what
    /// the script asks for, would have gone another way.
    fn unless_raised(&mut self, expr: &Expr) -> Evaluated {
        match self.eval(expr) {
            Err(Halt::Raised(unknown)) => Ok(unknown.value()),
            evaluated => evaluated,
        }
    }

    /// `value |> call`.
    fn pipe(&mut self, left: &Expr, right: &Expr) -> Evaluated {
        let first = self.eval(left)?;
        match &right.node {
            Node::Local(name, arguments) if &**name == "case" => {
                self.case(&first, arguments, right)
            }
            Node::Local(name, arguments) if is_plain(arguments) => {
                let values = self.after(first, arguments)?;
                match &**name {
                    "config" => self.config(values, right.line),
                    _ => self.local_values(name, values, right.line),
                }
            }
            Node::Variable(name) => self.local_values(name, vec![first], right.line),
            Node::Remote(module, name, arguments) => {
                let values = self.after(first, arguments)?;
                let owner = match self.module(module) {
                    Some(known) => Kind::Atom(known).at(self.at(module.line)),
                    None => self.eval(module)?,
                };
                match owner.as_atom().cloned() {
                    Some(module) => self.remote_values(&module, name, values, right.line),
                    None => {
                        let value = match &owner.kind {
                            Kind::Unknown(unknown) => {
                                self.taint(right, unknown)?;
                                owner
                            }
                            _ => self.not_evaluated(right, "a call of a computed module")?,
                        };
                        self.taint_functions(&values, &self.why(&value))?;
                        Ok(value)
                    }
                }
            }
            Node::Apply(function, arguments) => {
                let function = self.eval(function)?;
                let values = self.after(first, arguments)?;
                self.apply(&function, values, right.line)
            }
            _ => {
                let value = self.not_evaluated(right, "this pipe")?;
                let unknown = self.why(&value);
                self.taint_functions(&[first], &unknown)?;
                Ok(value)
            }
        }
    }

    fn after(&mut self, first: Value, arguments: &[Expr]) -> Result<Vec<Value>, Halt> {
        let mut values = vec![first];
        values.extend(self.all(arguments)?);
        Ok(values)
    }
}

/// Whether `and`, `or` and `not` take a value.
fn may_be_boolean(value: &Value) -> bool {
    match &value.kind {
        Kind::Unknown(_) => true,
        Kind::Atom(name) => matches!(&**name, "true" | "false"),
        _ => false,
    }
}

/// Whether a call has arguments alone: one with a block is a macro.
fn is_plain(arguments: &[Expr]) -> bool {
    super::control::section(arguments, "do").is_none()
}
