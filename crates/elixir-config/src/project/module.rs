//! Modules that use another: what their bodies say literally.

use std::collections::BTreeMap;

use erlterm::Term;

use super::{
    definition, literal,
    literal::{Literals, Scope, computed},
    pair,
};
use crate::{
    parse::{Parsed, parse},
    syntax::{ATTRIBUTE, Expr, Node},
};

/// Calls that are kept of one module, at most.
const CALLS_MAX: usize = 256;

/// A module that says `use NAME, options`.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The module that uses it, e.g. `AuthWeb.Endpoint`.
    pub module: String,
    /// `otp_app:`
    pub otp_app: Option<String>,
    /// The line on which `use` stands.
    pub line: u32,
    /// The line of an `init/2` that the module defines.
    pub init: Option<u32>,
    /// What the module's body plugs and mounts, in order.
    pub calls: Vec<Call>,
}

/// A call of `plug` or `socket` in a module's body.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `plug` or `socket`.
    pub name: String,
    /// Its arguments, with module attributes put in. [`Term::Opaque`] stands for whatever is
    /// computed, wherever in an argument that is.
    pub arguments: Vec<Term>,
    /// Its line.
    pub line: u32,
    /// It stands inside an `if` or the like, so it may be skipped.
    pub is_conditional: bool,
}

/// Finds the modules in `text` that `use` the module `used` (e.g. `Phoenix.Endpoint`). A text that
/// does not parse has none.
#[must_use]
pub fn uses(text: &str, used: &str) -> Vec<Use> {
    match may_use(text, used) {
        true => uses_in(&parse(text), used),
        false => Vec::new(),
    }
}

/// Most files do not mention it; parsing them all would cost the most of a start.
pub(crate) fn may_use(text: &str, used: &str) -> bool {
    text.contains("use") && text.contains(used.rsplit('.').next().unwrap_or(used))
}

/// Finds the modules in a text that was parsed.
pub(crate) fn uses_in(parsed: &Parsed, used: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for statement in parsed.iter().flatten() {
        read_module(statement, "", used, &mut found);
    }
    found
}

/// Looks for modules; `outer` is the module around, or empty.
fn read_module(expr: &Expr, outer: &str, used: &str, found: &mut Vec<Use>) {
    let Node::Local(name, arguments) = &expr.node else {
        expr.each_part(&mut |part| read_module(part, outer, used, found));
        return;
    };
    match (&**name, arguments.as_slice()) {
        (
            "defmodule",
            [
                Expr {
                    node: Node::Alias(name),
                    ..
                },
                body,
            ],
        ) => {
            let module = if outer.is_empty() {
                name.to_string()
            } else {
                format!("{outer}.{name}")
            };
            let mut module = Module::new(module);
            module.read(body, used, found);
            let Module {
                uses, init, calls, ..
            } = module;
            found.extend(uses.into_iter().map(|found| Use {
                init,
                calls: calls.clone(),
                ..found
            }));
        }
        _ => expr.each_part(&mut |part| read_module(part, outer, used, found)),
    }
}

/// A module while it is read.
struct Module {
    name: String,
    aliases: Vec<(String, String)>,
    attributes: BTreeMap<String, Term>,
    uses: Vec<Use>,
    init: Option<u32>,
    calls: Vec<Call>,
    /// How many calls stand around what is read: more than none, and it may be skipped.
    depth: usize,
}

impl Module {
    fn new(name: String) -> Self {
        Self {
            name,
            aliases: Vec::new(),
            attributes: BTreeMap::new(),
            uses: Vec::new(),
            init: None,
            calls: Vec::new(),
            depth: 0,
        }
    }

    fn read(&mut self, expr: &Expr, used: &str, found: &mut Vec<Use>) {
        if let Some((name, arity, _)) = definition(expr) {
            if (name, arity) == ("init", 2) {
                self.init.get_or_insert(expr.line);
            }
            return;
        }
        if let Node::Foreign(ATTRIBUTE, operand) = &expr.node {
            self.attribute(operand);
            return;
        }
        let Node::Local(name, arguments) = &expr.node else {
            expr.each_part(&mut |part| self.read(part, used, found));
            return;
        };
        match (&**name, arguments.as_slice()) {
            ("defmodule", _) => read_module(expr, &self.name, used, found),
            (
                "use",
                [
                    Expr {
                        node: Node::Alias(name),
                        ..
                    },
                    options @ ..,
                ],
            ) => self.used(name, options, expr.line, used),
            (
                "alias",
                [
                    Expr {
                        node: Node::Alias(name),
                        ..
                    },
                    options @ ..,
                ],
            ) => {
                let renamed = options.first().and_then(|it| option(it, "as"));
                let last = name.rsplit('.').next().unwrap_or(name).to_owned();
                self.aliases
                    .push((renamed.unwrap_or(last), name.to_string()));
            }
            ("plug" | "socket", _) => self.call(name, arguments, expr.line),
            // What a macro quotes is used by others.
            ("quote" | "defmacro" | "defmacrop", _) => {}
            _ => {
                self.depth += 1;
                expr.each_part(&mut |part| self.read(part, used, found));
                self.depth -= 1;
            }
        }
    }

    fn used(&mut self, name: &str, options: &[Expr], line: u32, used: &str) {
        if self.full(name) == used {
            self.uses.push(Use {
                module: self.name.clone(),
                otp_app: options.first().and_then(|it| option(it, "otp_app")),
                line,
                init: None,
                calls: Vec::new(),
            });
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expr], line: u32) {
        if self.calls.len() >= CALLS_MAX {
            return;
        }
        let mut literals = Literals::new(self);
        let arguments = arguments.iter().map(|it| literals.term(it)).collect();
        self.calls.push(Call {
            name: name.to_owned(),
            arguments,
            line,
            is_conditional: self.depth > 0,
        });
    }

    /// `@name value`.
    fn attribute(&mut self, operand: &[Expr]) {
        let [
            Expr {
                node: Node::Local(name, values),
                ..
            },
        ] = operand
        else {
            return;
        };
        let value = match values.as_slice() {
            // One that may not be set has two values.
            [value] if self.depth == 0 => Literals::new(self).term(value),
            _ => computed(),
        };
        self.attributes.insert(name.to_string(), value);
    }

    fn full(&self, written: &str) -> String {
        let (first, rest) = written.split_once('.').unwrap_or((written, ""));
        match self
            .aliases
            .iter()
            .rev()
            .find(|(segment, _)| segment == first)
        {
            Some((_, module)) if rest.is_empty() => module.clone(),
            Some((_, module)) => format!("{module}.{rest}"),
            None => written.to_owned(),
        }
    }
}

impl Scope for Module {
    fn attribute(&self, name: &str) -> Option<&Term> {
        self.attributes.get(name)
    }

    fn module(&self, written: &str) -> String {
        self.full(written)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

fn option(options: &Expr, name: &str) -> Option<String> {
    let Node::List(pairs) = &options.node else {
        return None;
    };
    pairs
        .iter()
        .filter_map(pair)
        .find_map(|(key, value)| (key == name).then(|| literal(value))?)
}
