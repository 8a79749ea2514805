//! The evaluator: statements in, settings out.
//!
//! `eval/directive.rs` holds what writes settings, `eval/control.rs` what branches, `eval/taint.rs`
//! what happens where something is not evaluated.

mod call;
mod control;
mod directive;
mod enumerate;
mod operator;
mod path;
mod pattern;
mod scope;
mod taint;
#[cfg(test)]
mod tests;
mod undefined;
mod vars;

use std::sync::Arc;

pub(crate) use scope::Scope;

use erlterm::Term;
use vars::Vars;

use crate::{
    builtins,
    config::Config,
    finding::{Code, FINDINGS_MAX, Finding, Written},
    merge::{is_keyword, merge, obscure},
    parse::{Reason, parse_script},
    script::{Boot, Files, Provider, Script},
    syntax::{Expr, Node, Piece},
    value::{At, DEPTH_MAX, Kind, Unknown, Value},
};

/// How much one evaluation may do: expressions evaluated and values copied, in nodes. Real
/// configuration of a large umbrella needs a few thousand.
const STEPS_MAX: usize = 2_000_000;

/// Bytes of text that one evaluation may build.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// How deeply evaluation may recurse, through expressions and calls of functions together.
const RECURSION_MAX: usize = 160;

/// How many pairs of a list cost one step to look through.
const PAIRS_PER_STEP: usize = 16;

/// What a look at the file system costs: at most two thousand of them are taken.
const STEPS_PER_LOOK: usize = 1_000;

/// Environment variables that were asked for in vain, of which the last are remembered.
const MISSING_MAX: usize = 256;

/// What releases read when they start, before Elixir 1.11 had `runtime.exs`; `mix` reads it never.
const RELEASES_PATH: &str = "config/releases.exs";

/// Evaluates `config_path`, what it imports, and the `runtime.exs` beside it; for `prod` without
/// one, `config/releases.exs` as the release would. Never fails: what can't be known is poisoned
/// and said in a finding.
#[must_use]
pub fn evaluate(files: &dyn Files, script: &Script<'_>) -> Config {
    evaluate_within(files, script, Bounds::default())
}

fn evaluate_within(files: &dyn Files, script: &Script<'_>, bounds: Bounds) -> Config {
    let mut evaluator = Evaluator::new(files, script);
    evaluator.bounds = bounds;
    let compiled = evaluator.root(script.config_path);
    let runtime_path = path::beside(script.config_path, "runtime.exs");
    let runtime = if files.exists(&runtime_path) {
        evaluator.started(&runtime_path, Runs::Mix)
    } else if script.env == "prod" && files.exists(RELEASES_PATH) {
        let runtime = evaluator.started(RELEASES_PATH, Runs::FutureRelease);
        evaluator.tell_releases();
        runtime
    } else {
        evaluator.no_settings()
    };
    evaluator.finish(compiled, runtime)
}

/// Evaluates the configuration of an assembled release: the terms of its `sys.config`, which stand
/// in `script.config_path`, and merged over them what its providers set when it starts.
/// `script.root` is the release's folder.
#[must_use]
pub fn evaluate_release(files: &dyn Files, script: &Script<'_>, boot: &Boot<'_>) -> Config {
    let mut evaluator = Evaluator::new(files, script);
    evaluator.boot = Some(boot);
    let mut settings = evaluator.compiled(boot.compiled, script.config_path);
    if let Some(why) = boot.vars_doubt {
        let unknown = evaluator.doubt(0, why);
        evaluator.vars.doubt(&unknown);
    }
    for provider in boot.providers {
        settings = match provider {
            Provider::Script(path) => {
                let set = evaluator.started(path, Runs::Release);
                merge(settings, set)
            }
            Provider::Unknown(why) => {
                evaluator.file = evaluator.enter(script.config_path);
                obscure(settings, &evaluator.doubt(0, why))
            }
        };
    }
    let nothing = evaluator.no_settings();
    evaluator.finish(settings, nothing)
}

/// What one evaluation may cost; the tests of hostile scripts give less.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    steps: usize,
    text_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            steps: STEPS_MAX,
            text_bytes: TEXT_BYTES_MAX,
        }
    }
}

/// What runs the scripts, which decides what they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    /// Mix, in the project's root.
    Mix,
    /// A release, started from whatever folder, without Mix.
    Release,
    /// A release that is yet to be made, with files that may differ from the project's.
    FutureRelease,
}

/// Why an expression has no value.
#[derive(Debug)]
enum Halt {
    /// `raise`: Elixir would abort unless a branch around it were not taken.
    Raised(Unknown),
    /// A bound is reached; the evaluation ends.
    Exhausted,
}

/// Whether a value is a keyword list of keyword lists.
fn is_settings(value: &Value) -> bool {
    let is_app = |item: &Value| {
        item.as_pair()
            .is_some_and(|(_, settings)| is_keyword(settings) || settings.unknown().is_some())
    };
    matches!(&value.kind, Kind::List(items) if items.iter().all(is_app))
}

type Evaluated = Result<Value, Halt>;

struct Evaluator<'a> {
    files: &'a dyn Files,
    script: &'a Script<'a>,
    /// The release that starts, if one does.
    boot: Option<&'a Boot<'a>>,
    /// Settings so far, as one keyword list of applications.
    settings: Value,
    scope: Scope,
    /// Files by number, as [`At`] names them.
    paths: Vec<String>,
    /// The file being evaluated.
    file: usize,
    /// The line being evaluated.
    line: u32,
    /// Files imported since the root file, itself included.
    imported: Vec<String>,
    /// Files that `Code` ran.
    required: Vec<String>,
    import_depth: usize,
    is_runtime: bool,
    runs: Runs,
    /// Greater than zero inside a branch that may not be taken.
    doubts: usize,
    vars: Vars,
    /// Environment variables that were asked for and are not set.
    missing: Vec<String>,
    /// How many were missing when the current statement began.
    missing_before: usize,
    bounds: Bounds,
    steps: usize,
    text_bytes: usize,
    recursion: usize,
    findings: Vec<Finding>,
    broken: Option<Finding>,
}

impl<'a> Evaluator<'a> {
    fn new(files: &'a dyn Files, script: &'a Script<'a>) -> Self {
        Self {
            files,
            script,
            boot: None,
            settings: Kind::List(Vec::new()).at(At { file: 0, line: 1 }),
            scope: Scope::default(),
            paths: Vec::new(),
            file: 0,
            line: 1,
            imported: Vec::new(),
            required: Vec::new(),
            import_depth: 0,
            is_runtime: false,
            runs: Runs::Mix,
            doubts: 0,
            vars: Vars::default(),
            missing: Vec::new(),
            missing_before: 0,
            bounds: Bounds::default(),
            steps: 0,
            text_bytes: 0,
            recursion: 0,
            findings: Vec::new(),
            broken: None,
        }
    }

    /// Evaluates a file that is read when the application starts.
    fn started(&mut self, path: &str, runs: Runs) -> Value {
        self.is_runtime = true;
        self.runs = runs;
        self.root(path)
    }

    fn finish(self, compiled: Value, runtime: Value) -> Config {
        Config {
            settings: merge(compiled, runtime),
            files: self.paths,
            broken: self.broken,
            findings: self.findings,
        }
    }

    fn tell_releases(&mut self) {
        let message = "read as a release reads it when it starts; `mix` never does";
        self.file = self.enter(RELEASES_PATH);
        self.tell(Code::ReleasesExs, 1, message.to_owned());
    }

    /// The settings of a `sys.config`.
    fn compiled(&mut self, terms: &Term, path: &str) -> Value {
        self.file = self.enter(path);
        self.line = 0;
        let settings = Value::of_term(terms, self.at(0));
        let admitted = self.admit(settings);
        match admitted {
            Ok(settings) if is_keyword(&settings) => settings,
            Ok(_) => {
                let why = "it is no list of applications with their settings";
                self.unknown(Code::Refused, 0, why)
            }
            Err(_) => self.doubt(0, "it is too large").value(),
        }
    }

    fn no_settings(&self) -> Value {
        Kind::List(Vec::new()).at(self.at(1))
    }

    /// Evaluates a file that Mix loads itself, from no settings, and returns those it makes.
    fn root(&mut self, path: &str) -> Value {
        self.settings = self.no_settings();
        self.imported = vec![path.to_owned()];
        let found = self.files.read(path);
        match found {
            Ok(Some(text)) => self.root_text(path, &text),
            // Mix goes without the default config file, and demands one that mix.exs names.
            Ok(None) if path == "config/config.exs" => {}
            Ok(None) => {
                self.file = self.enter(path);
                self.break_off(Code::ConfigMissing, 1, &format!("{path} does not exist"));
            }
            Err(why) => {
                self.file = self.enter(path);
                self.break_off(Code::ConfigMissing, 1, &format!("{path}: {why}"));
            }
        }
        let settings = self.no_settings();
        std::mem::replace(&mut self.settings, settings)
    }

    /// Charges for a look at the file system.
    fn charge_look(&mut self) -> Result<(), Halt> {
        self.charge(STEPS_PER_LOOK)
    }

    /// Charges for comparing each of some things with each of others.
    fn charge_each(&mut self, some: usize, others: usize) -> Result<(), Halt> {
        self.charge(some.saturating_mul(others) / PAIRS_PER_STEP)
    }

    fn root_text(&mut self, path: &str, text: &str) {
        let last = self.file_text(path, text);
        let untouched = matches!(&self.settings.kind, Kind::List(apps) if apps.is_empty());
        // As before Elixir had `import Config`: a file's value, if a list, is its settings.
        match last {
            Ok(value) if untouched && is_settings(&value) => self.settings = value,
            Ok(Value {
                kind: Kind::List(items),
                at,
                ..
            }) if untouched => match items.iter().find_map(Value::unknown).cloned() {
                Some(unknown) => self.obscure_all(&unknown),
                None => {
                    self.refused("a file whose value is a list but no configuration", at.line);
                }
            },
            // `import Config` does not keep it from being one. What `config` returns is none.
            Ok(value) if untouched => {
                let unknown = value.unknown().filter(|it| &*it.why != directive::RETURNED);
                if let Some(unknown) = unknown {
                    self.obscure_all(unknown);
                }
            }
            Ok(_) | Err(Halt::Raised(_) | Halt::Exhausted) => {}
        }
    }

    /// Evaluates a file's text with a scope of its own; the caller restores scope and file.
    fn file_text(&mut self, path: &str, text: &str) -> Evaluated {
        self.scope = Scope::default();
        self.file = self.enter(path);
        // A file may be read again and again, by branches that may not be taken.
        self.charge_text(text.len())?;
        let parsed = match self.files.memory() {
            Some(memory) => memory.script(text),
            None => Arc::new(parse_script(text)),
        };
        let statements = match parsed.as_ref() {
            Ok(statements) => statements,
            Err(malformed) => {
                let code = match malformed.reason {
                    Reason::TooLarge => Code::TooLarge,
                    Reason::Refused => Code::SyntaxError,
                };
                return Ok(self.break_off(code, malformed.line, &malformed.message));
            }
        };
        let mut last = Kind::nil().at(self.at(1));
        for statement in statements {
            self.missing_before = self.missing.len();
            last = match self.eval(statement) {
                Ok(value) => value,
                Err(Halt::Raised(unknown)) => {
                    self.taint(statement, &unknown)?;
                    unknown.value()
                }
                Err(Halt::Exhausted) => return Err(Halt::Exhausted),
            };
        }
        self.tell_undefined(statements);
        Ok(last)
    }

    /// Numbers a file.
    fn enter(&mut self, path: &str) -> usize {
        if let Some(number) = self.paths.iter().position(|known| known == path) {
            return number;
        }
        self.paths.push(path.to_owned());
        self.paths.len().saturating_sub(1)
    }

    fn at(&self, line: u32) -> At {
        At {
            file: self.file,
            line,
        }
    }

    // Findings.

    /// Tells a finding, once for each place.
    fn tell(&mut self, code: Code, line: u32, message: String) {
        let finding = Finding {
            code: code.name(),
            message,
            fix: code.fix().to_owned(),
            at: Written {
                file: self.paths.get(self.file).cloned().unwrap_or_default(),
                line,
            },
            is_error: code.is_error(),
        };
        // Elixir may never come here, so it need not abort.
        if self.doubts == 0 && code.breaks() && self.broken.is_none() {
            self.broken = Some(finding.clone());
        }
        if self.findings.len() < FINDINGS_MAX && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Tells a finding about an expression whose value is therefore unknown.
    fn unknown(&mut self, code: Code, line: u32, why: &str) -> Value {
        self.tell(code, line, why.to_owned());
        self.doubt(line, why).value()
    }

    /// Tells a finding after which every setting is unknown.
    fn break_off(&mut self, code: Code, line: u32, why: &str) -> Value {
        self.tell(code, line, why.to_owned());
        let unknown = self.doubt(line, why);
        self.obscure_all(&unknown);
        unknown.value()
    }

    fn doubt(&self, line: u32, why: &str) -> Unknown {
        Unknown {
            why: why.into(),
            at: self.at(line),
        }
    }

    // Bounds.

    fn charge(&mut self, steps: usize) -> Result<(), Halt> {
        if self.steps > self.bounds.steps {
            return Err(Halt::Exhausted);
        }
        self.steps = self.steps.saturating_add(steps);
        if self.steps > self.bounds.steps {
            return Err(self.exhausted("the configuration takes too many steps"));
        }
        Ok(())
    }

    fn charge_text(&mut self, bytes: usize) -> Result<(), Halt> {
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        if self.text_bytes > self.bounds.text_bytes {
            return Err(self.exhausted("the configuration builds too much text"));
        }
        Ok(())
    }

    /// Lets a value in that was built or copied.
    fn admit(&mut self, value: Value) -> Evaluated {
        let size = value.size();
        if size.depth > DEPTH_MAX {
            return Err(self.exhausted("a value nests too deeply"));
        }
        self.charge(size.nodes)?;
        self.charge_text(size.bytes)?;
        Ok(value)
    }

    fn exhausted(&mut self, why: &str) -> Halt {
        self.steps = usize::MAX;
        self.doubts = 0;
        self.break_off(Code::TooLarge, self.line, why);
        Halt::Exhausted
    }

    // Expressions.

    fn eval(&mut self, expr: &Expr) -> Evaluated {
        self.line = expr.line;
        self.charge(1)?;
        self.deeper(|it| it.node(expr))
    }

    /// Runs something that recurses, within the bound on recursion.
    fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Halt>) -> Result<T, Halt> {
        if self.recursion >= RECURSION_MAX {
            return Err(self.exhausted("the configuration recurses too deeply"));
        }
        self.recursion += 1;
        let outcome = run(self);
        self.recursion -= 1;
        outcome
    }

    fn node(&mut self, expr: &Expr) -> Evaluated {
        let at = self.at(expr.line);
        match &expr.node {
            Node::Atom(name) => Ok(Kind::Atom(name.clone()).at(at)),
            Node::Integer(number) => Ok(Kind::Integer(*number).at(at)),
            Node::Float(number) => Ok(Kind::Float(*number).at(at)),
            Node::Alias(name) => match self.scope.module(name) {
                Some(module) => Ok(Kind::Atom(module).at(at)),
                None => self.not_evaluated(expr, "an alias of another alias"),
            },
            Node::Opaque(what) => Ok(Kind::Opaque(what).at(at)),
            Node::Text(_) | Node::Charlist(_) | Node::QuotedAtom(_) | Node::Words(..) => {
                self.quoted(expr)
            }
            Node::List(parts) => {
                let items = self.all(parts)?;
                self.admit(Kind::List(items).at(at))
            }
            Node::Tuple(parts) => {
                let items = self.all(parts)?;
                self.admit(Kind::Tuple(items).at(at))
            }
            Node::Cons(heads, tail) => self.cons(heads, tail, at),
            Node::Map(pairs) => self.map(pairs, at),
            Node::Variable(name) => self.variable(name, expr.line),
            Node::Access(container, key) => {
                let container = self.eval(container)?;
                let key = self.eval(key)?;
                self.access(&container, &key, expr.line)
            }
            Node::Unary(operator, operand) => self.unary(operator, operand, expr.line),
            Node::Binary(operator, left, right) => self.binary(operator, left, right, expr),
            Node::Function(_) | Node::Capture(_) => self.closure(expr),
            Node::Placeholder(number) => self.placeholder(*number, expr.line),
            Node::Block(statements) => self.block(statements, expr.line),
            Node::Local(name, arguments) => self.local(name, arguments, expr),
            Node::Remote(module, name, arguments) => self.remote(module, name, arguments, expr),
            Node::Apply(function, arguments) => {
                let function = self.eval(function)?;
                let arguments = self.all(arguments)?;
                self.apply(&function, arguments, expr.line)
            }
            Node::Clauses(_) | Node::Group(..) => self.not_evaluated(expr, "this construct"),
            Node::Foreign(what, _) => self.not_evaluated(expr, what),
        }
    }

    fn all(&mut self, exprs: &[Expr]) -> Result<Vec<Value>, Halt> {
        exprs.iter().map(|expr| self.eval(expr)).collect()
    }

    /// Evaluates statements whose variables and aliases end with them.
    fn block(&mut self, statements: &[Expr], line: u32) -> Evaluated {
        let mut last = Kind::nil().at(self.at(line));
        for statement in statements {
            last = self.eval(statement)?;
        }
        Ok(last)
    }

    fn variable(&mut self, name: &Arc<str>, line: u32) -> Evaluated {
        self.charge(self.scope.len() / PAIRS_PER_STEP)?;
        if let Some(value) = self.scope.variable(name) {
            let value = value.clone();
            return self.admit(value);
        }
        match &**name {
            "__DIR__" if self.runs == Runs::FutureRelease => {
                let why = "the folder of a release is not known here";
                Ok(self.unknown(Code::NotEvaluated, line, why))
            }
            "__DIR__" => {
                let folder = path::parent(&self.absolute(&self.paths[self.file])).to_owned();
                Ok(Kind::text(&folder).at(self.at(line)))
            }
            _ => self.local_values(name, Vec::new(), line),
        }
    }

    fn cons(&mut self, heads: &[Expr], tail: &Expr, at: At) -> Evaluated {
        let mut items = self.all(heads)?;
        let tail = self.eval(tail)?;
        match tail.kind {
            Kind::List(more) => {
                items.extend(more);
                self.admit(Kind::List(items).at(at))
            }
            Kind::Unknown(unknown) | Kind::Open(_, unknown) => Ok(unknown.value()),
            _ => Ok(self.unknown(Code::NotEvaluated, at.line, "an improper list")),
        }
    }

    /// Remembers a variable that was asked for in vain.
    fn miss(&mut self, name: &str) {
        if self.missing.len() >= MISSING_MAX {
            self.missing.remove(0);
            self.missing_before = self.missing_before.saturating_sub(1);
        }
        self.missing.push(name.to_owned());
    }

    fn map(&mut self, pairs: &[(Expr, Expr)], at: At) -> Evaluated {
        let mut entries: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let entry = (self.eval(key)?, self.eval(value)?);
            builtins::map_put(&mut entries, entry);
            self.charge(entries.len() / PAIRS_PER_STEP)?;
        }
        self.admit(Kind::Map(entries).at(at))
    }

    fn quoted(&mut self, expr: &Expr) -> Evaluated {
        let at = self.at(expr.line);
        let (Node::Text(pieces)
        | Node::Charlist(pieces)
        | Node::QuotedAtom(pieces)
        | Node::Words(pieces, _)) = &expr.node
        else {
            return self.not_evaluated(expr, "this construct");
        };
        let bytes = match self.pieces(pieces)? {
            Ok(bytes) => bytes,
            Err(unknown) => return Ok(unknown.value()),
        };
        if matches!(expr.node, Node::Text(_)) {
            return Ok(Kind::Binary(bytes.into()).at(at));
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(self.unknown(Code::NotEvaluated, at.line, "a text is not UTF-8"));
        };
        Ok(match &expr.node {
            Node::QuotedAtom(_) => Kind::atom(&text).at(at),
            Node::Words(_, modifier) => builtins::words(&text, *modifier, at),
            _ => builtins::charlist(&text, at),
        })
    }

    /// The bytes of a quoted text, or why they are not known.
    fn pieces(&mut self, pieces: &[Piece]) -> Result<Result<Vec<u8>, Unknown>, Halt> {
        let mut bytes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => bytes.extend_from_slice(literal),
                Piece::Interpolation(inner) => {
                    let value = self.eval(inner)?;
                    match builtins::to_string(&value) {
                        Ok(text) => bytes.extend_from_slice(&text),
                        Err(builtins::Answer::Unknown(unknown)) => return Ok(Err(unknown)),
                        Err(answer) => {
                            let answer =
                                self.answer(answer, "to_string/1", &[value], inner.line)?;
                            return Ok(Err(self.why(&answer)));
                        }
                    }
                }
            }
        }
        self.charge_text(bytes.len())?;
        Ok(Ok(bytes))
    }

    /// Why a value that was expected to be known is not.
    fn why(&self, value: &Value) -> Unknown {
        match value.unknown() {
            Some(unknown) => unknown.clone(),
            None => Unknown {
                why: "it depends on what is not evaluated".into(),
                at: value.at,
            },
        }
    }
}
