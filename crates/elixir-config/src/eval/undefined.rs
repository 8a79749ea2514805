//! What Elixir certainly refuses when it compiles a file, even where it never comes: names that do
//! not exist, and pipes into operators.

use std::{collections::BTreeSet, mem, sync::Arc};

use super::{Evaluator, pattern};
use crate::{
    finding::{Code, Finding},
    syntax::{AMBIGUOUS, ATTRIBUTE, BITSTRING, Clause, Expr, Node},
};

/// What Elixir has of its own, in 1.14 or in 1.18.
const KERNEL: &str = "abs alias alias! and apply binary_part binary_slice binding bit_size \
    byte_size case ceil cond dbg def defdelegate defexception defguard defguardp defimpl defmacro \
    defmacrop defmodule defoverridable defp defprotocol defstruct destructure div elem exit floor \
    fn for function_exported? get_and_update_in get_in hd if import in inspect is_atom is_binary \
    is_bitstring is_boolean is_exception is_float is_function is_integer is_list is_map is_map_key \
    is_nil is_non_struct_map is_number is_pid is_port is_reference is_struct is_tuple length \
    macro_exported? make_ref map_size match? max min node not or pop_in put_elem put_in quote raise \
    receive rem require reraise round self send spawn spawn_link spawn_monitor struct struct! super \
    tap then throw tl to_char_list to_charlist to_string to_timeout trunc try tuple_size unless \
    unquote unquote_splicing update_in use var! with";

/// What an import of `Config` or `use Mix.Config` brings.
const CONFIG: [&str; 3] = ["config", "import_config", "read_config"];

/// What `import Config` alone brings.
const ENV: [&str; 2] = ["config_env", "config_target"];

/// What has names of its own.
const MODULES: [&str; 3] = ["defmodule", "defprotocol", "defimpl"];

/// Names that end with a block or with a clause of a function. Where in it they are bound, before
/// or behind their use, is not looked at.
#[derive(Default)]
struct Scope<'e> {
    /// Names that are assigned, or arguments of functions.
    bound: BTreeSet<Arc<str>>,
    /// Names that are used, here or in a scope within that does not bind them.
    asked: Vec<(&'e str, u32)>,
}

/// What stands before the arrows of clauses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heads {
    Patterns,
    /// As in `cond`.
    Conditions,
}

/// What a file defines and asks for, wherever it does.
#[derive(Default)]
struct Names<'e> {
    scope: Scope<'e>,
    /// A function that has another number of arguments, with the line.
    arity: Option<(String, u32)>,
    /// Why the file is refused whatever it defines, with the line.
    refused: Option<(String, u32)>,
    imports_config: bool,
    imports_env: bool,
    /// Something may define what is not seen.
    is_open: bool,
    /// Macros may make of code what it is not.
    has_macros: bool,
}

impl Evaluator<'_> {
    /// Tells of a name that an evaluated file asks for and nothing can define.
    pub(super) fn tell_undefined(&mut self, statements: &[Expr]) {
        let mut names = Names::default();
        for statement in statements {
            names.collect(statement, 0);
        }
        let is_defined = |name: &str| {
            name.starts_with('_')
                || names.scope.bound.contains(name)
                || KERNEL.split_ascii_whitespace().any(|known| known == name)
                || names.imports_config && CONFIG.contains(&name)
                || names.imports_env && ENV.contains(&name)
        };
        let mut asked = names.scope.asked.iter();
        let undefined = asked.find(|(name, _)| !names.is_open && !is_defined(name));
        let undefined =
            undefined.map(|(name, line)| (format!("nothing here defines {name}"), *line));
        let refused = names.refused.filter(|_| !names.has_macros);
        let arity = names.arity.filter(|_| !names.is_open);
        let Some((message, line)) = refused.or(arity).or(undefined) else {
            return;
        };
        // Where it was evaluated, that was told.
        let file = self.paths.get(self.file);
        let is_told = |told: &Finding| told.at.line == line && Some(&told.at.file) == file;
        if !self.findings.iter().any(is_told) {
            self.tell(Code::Refused, line, message);
        }
    }
}

impl<'e> Names<'e> {
    /// Collects what an expression names, into which as many arguments are piped.
    fn collect(&mut self, expr: &'e Expr, piped: usize) {
        match &expr.node {
            Node::Variable(name) => self.ask(name, expr.line),
            Node::Local(name, arguments) if MODULES.contains(&&**name) => {
                return self.module(arguments);
            }
            Node::Local(name, arguments) => {
                self.directive(name, arguments);
                self.ask(name, expr.line);
                self.arity(name, arguments.len().saturating_add(piped), expr.line);
                self.arguments(name, arguments);
                return;
            }
            Node::Binary("|>", left, right) => {
                if let Node::Binary(operator, ..) = &right.node {
                    let why = format!("nothing can be piped into `{operator}`");
                    self.refused.get_or_insert((why, right.line));
                }
                self.collect(left, 0);
                self.collect(right, 1);
                return;
            }
            Node::Binary("=" | "<-" | "->", left, _) => self.bind(left),
            Node::Function(clauses) | Node::Clauses(clauses) => {
                return self.clauses(clauses, Heads::Patterns);
            }
            Node::Capture(body) => self.capture(body),
            Node::Foreign(BITSTRING, segments) => return self.segments(segments),
            // What follows isn't read, or the names are not those of variables.
            Node::Foreign(AMBIGUOUS | ATTRIBUTE, _) => self.is_open = true,
            _ => {}
        }
        expr.each_part(&mut |part| self.collect(part, 0));
    }

    /// What a module defines, imports and asks for is its own. What no file may have, it may not have
    /// either.
    fn module(&mut self, arguments: &'e [Expr]) {
        let around = mem::take(self);
        arguments.iter().for_each(|it| self.collect(it, 0));
        let within = mem::replace(self, around);
        if let Some(refused) = within.refused.filter(|_| !within.has_macros) {
            self.refused.get_or_insert(refused);
        }
    }

    fn ask(&mut self, name: &'e str, line: u32) {
        self.scope.asked.push((name, line));
    }

    fn bind(&mut self, pattern: &Expr) {
        self.scope.bound.extend(pattern::names(pattern));
    }

    /// What stands between `<<` and `>>`, which is a pattern where it generates.
    fn segments(&mut self, segments: &'e [Expr]) {
        let generates = |it: &Expr| matches!(it.node, Node::Binary("<-", ..));
        let is_generator = segments.iter().any(generates);
        for segment in segments {
            let value = match &segment.node {
                // The right side names types and sizes.
                Node::Binary("::", value, _) => value,
                _ => segment,
            };
            if is_generator && !generates(segment) {
                self.bind(value);
            }
            self.collect(value, 0);
        }
    }

    /// Collects within a scope of its own.
    fn within(&mut self, collect: impl FnOnce(&mut Self)) {
        let around = mem::take(&mut self.scope);
        collect(self);
        let within = mem::replace(&mut self.scope, around);
        let asked = within.asked.into_iter();
        let further = asked.filter(|(name, _)| !within.bound.contains(*name));
        self.scope.asked.extend(further);
    }

    /// The arguments of a local call. Each section of a `do` block is a scope.
    fn arguments(&mut self, name: &str, arguments: &'e [Expr]) {
        let Some((sections, before)) = arguments.split_last().and_then(block) else {
            if let ("match?" | "destructure", Some(pattern)) = (name, arguments.first()) {
                self.bind(pattern);
            }
            arguments.iter().for_each(|it| self.collect(it, 0));
            return;
        };
        let binds_for_body = matches!(name, "for" | "with");
        if !binds_for_body {
            before.iter().for_each(|it| self.collect(it, 0));
        }
        for (key, body) in sections {
            self.within(|names| match (name, key, &body.node) {
                ("quote", ..) => names.quoted(body),
                ("cond", "do", Node::Clauses(clauses)) => names.clauses(clauses, Heads::Conditions),
                _ => {
                    if binds_for_body && key == "do" {
                        before.iter().for_each(|it| names.collect(it, 0));
                    }
                    names.collect(body, 0);
                }
            });
        }
    }

    fn clauses(&mut self, clauses: &'e [Clause], heads: Heads) {
        for clause in clauses {
            self.within(|names| {
                for head in &clause.patterns {
                    if heads == Heads::Patterns {
                        names.bind(head);
                    }
                    names.collect(head, 0);
                }
                clause.guard.iter().for_each(|it| names.collect(it, 0));
                names.collect(&clause.body, 0);
            });
        }
    }

    /// What `quote` gives is not compiled here, but for what it unquotes.
    fn quoted(&mut self, body: &Expr) {
        if has_unquote(body) {
            (self.is_open, self.has_macros) = (true, true);
        }
    }

    /// `&body`, which has to have an argument or to name a function, and holds no other.
    fn capture(&mut self, body: &Expr) {
        if is_named(body) {
            return;
        }
        let why = match (has_placeholder(body), has_capture(body)) {
            (false, _) => "a capture without arguments",
            (true, true) => "a capture in another capture",
            (true, false) => return,
        };
        self.refused.get_or_insert((why.to_owned(), body.line));
    }

    fn arity(&mut self, name: &str, arity: usize, line: u32) {
        let has_arity = match name {
            "config" => arity == 2 || arity == 3,
            "import_config" => arity == 1,
            "config_env" | "config_target" => arity == 0,
            _ => return,
        };
        if !has_arity {
            let why = format!("nothing here defines {name}/{arity}");
            self.arity.get_or_insert((why, line));
        }
    }

    fn directive(&mut self, name: &str, arguments: &[Expr]) {
        let module = match arguments.first().map(|first| &first.node) {
            Some(Node::Alias(module)) => &**module,
            _ => "",
        };
        match (name, module) {
            ("import", "Config") => (self.imports_config, self.imports_env) = (true, true),
            ("use" | "import", "Mix.Config") => self.imports_config = true,
            // Its macros are ordinary in what they take.
            ("require", "Logger") => {}
            ("import" | "use" | "require", _) => (self.is_open, self.has_macros) = (true, true),
            _ => {}
        }
    }
}

/// The sections of a `do` block, each with its key.
type Sections<'e> = Vec<(&'e str, &'e Expr)>;

/// The `do` block that is the last of a call's arguments, and those before it.
fn block<'e>((last, before): (&'e Expr, &'e [Expr])) -> Option<(Sections<'e>, &'e [Expr])> {
    let Node::List(pairs) = &last.node else {
        return None;
    };
    let mut sections = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let Node::Tuple(pair) = &pair.node else {
            return None;
        };
        let [key, body] = pair.as_slice() else {
            return None;
        };
        sections.push((&**key.as_atom()?, body));
    }
    let has_do = sections.iter().any(|(key, _)| *key == "do");
    has_do.then_some((sections, before))
}

fn has_unquote(expr: &Expr) -> bool {
    let mut has = matches!(&expr.node, Node::Local(name, _) if name.starts_with("unquote"));
    expr.each_part(&mut |part| has = has || has_unquote(part));
    has
}

fn has_placeholder(expr: &Expr) -> bool {
    let mut has = matches!(expr.node, Node::Placeholder(_));
    expr.each_part(&mut |part| has = has || has_placeholder(part));
    has
}

/// Whether a capture's body names a function: `name/1`.
fn is_named(body: &Expr) -> bool {
    matches!(&body.node, Node::Binary("/", _, arity) if matches!(arity.node, Node::Integer(_)))
}

fn has_capture(expr: &Expr) -> bool {
    let mut has = matches!(expr.node, Node::Capture(_));
    expr.each_part(&mut |part| has = has || has_capture(part));
    has
}
