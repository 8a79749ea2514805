//! The poison rule: code that is not evaluated makes unknown whatever it might set.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{Evaluated, Evaluator, Halt, pattern};
use crate::{
    finding::Code,
    merge::{Joined, join, merge, obscure},
    syntax::{Expr, Node, Piece},
    value::{Body, Closure, Kind, Unknown, Value},
};

/// Functions after which environment variables may be anything.
pub(super) fn changes_vars(module: &str, name: &str) -> bool {
    match module {
        "Elixir.System" => matches!(name, "put_env" | "delete_env"),
        "os" => matches!(name, "putenv" | "unsetenv"),
        "Elixir.Code" => runs_files(module, name),
        // Dotenv, Dotenvy, DotenvParser, Envy, EnvLoader, …: named for what they do.
        _ => module.to_ascii_lowercase().contains("env"),
    }
}

/// Functions that run other files, in which settings may be made.
pub(super) fn runs_files(module: &str, name: &str) -> bool {
    module == "Elixir.Code"
        && ["eval_", "require_", "compile_", "load_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Whether a module is one whose functions may write settings.
fn is_config(module: &str) -> bool {
    matches!(
        module,
        "Elixir.Config" | "Elixir.Mix.Config" | "Elixir.Kernel"
    )
}

impl Evaluator<'_> {
    /// Tells that an expression is not evaluated, and taints all it might do.
    pub(super) fn not_evaluated(&mut self, expr: &Expr, what: &str) -> Evaluated {
        let why = format!("{what} is not evaluated");
        let value = self.unknown(Code::NotEvaluated, expr.line, &why);
        let unknown = self.why(&value);
        self.taint(expr, &unknown)?;
        Ok(value)
    }

    /// Makes unknown what an expression might set: settings, its variables, the environment.
    pub(super) fn taint(&mut self, expr: &Expr, unknown: &Unknown) -> Result<(), Halt> {
        self.charge(1)?;
        match &expr.node {
            Node::Local(name, arguments)
                if &**name == "alias" || &**name == "require" && arguments.len() > 1 =>
            {
                self.alias(arguments, expr.line);
            }
            Node::Local(name, arguments) => self.taint_call(name, arguments, unknown)?,
            Node::Remote(module, name, arguments) => {
                let module = self.module(module);
                let may_be_config = match &module {
                    Some(module) => is_config(module),
                    // Without arguments it is a field of a map.
                    None => !arguments.is_empty(),
                };
                if may_be_config {
                    self.taint_call(name, arguments, unknown)?;
                }
                self.taint_effects(module.as_deref().unwrap_or_default(), name, unknown);
            }
            Node::Capture(body) => self.taint_captured(body, unknown)?,
            Node::Binary("|>", _, call) if self.is_config_call(call) => self.obscure_all(unknown),
            Node::Binary("=", pattern, _) => {
                for name in pattern::names(pattern) {
                    self.scope.bind(name, unknown.value());
                }
            }
            Node::Variable(name) => {
                if let Some(value) = self.scope.variable(name) {
                    let value = value.clone();
                    let value = self.admit(value)?;
                    self.taint_functions(std::slice::from_ref(&value), unknown)?;
                }
            }
            _ => {}
        }
        let mark = self.scope.mark();
        let mut parts = Vec::new();
        expr.each_part(&mut |part| parts.push(part));
        let tainted = parts
            .into_iter()
            .try_for_each(|part| self.taint(part, unknown));
        if matches!(expr.node, Node::Block(_)) {
            self.scope.forget_aliases_since(mark);
        }
        tainted
    }

    /// Whether a call may be of `config`; that its first argument is piped in is not seen in it.
    fn is_config_call(&self, call: &Expr) -> bool {
        match &call.node {
            Node::Local(name, _) => &**name == "config",
            Node::Remote(module, name, _) => {
                &**name == "config" && self.module(module).is_none_or(|module| is_config(&module))
            }
            _ => false,
        }
    }

    /// Makes unknown what the functions among values might set when they are called.
    pub(super) fn taint_functions(
        &mut self,
        values: &[Value],
        unknown: &Unknown,
    ) -> Result<(), Halt> {
        let mut closures: Vec<Arc<Closure>> = Vec::new();
        for value in values {
            value.each_function(&mut |closure| closures.push(closure.clone()));
        }
        closures
            .into_iter()
            .try_for_each(|closure| self.taint_closure(&closure, unknown))
    }

    pub(super) fn taint_closure(
        &mut self,
        closure: &Closure,
        unknown: &Unknown,
    ) -> Result<(), Halt> {
        self.charge(closure.scope.size().nodes)?;
        let outside = std::mem::replace(&mut self.scope, closure.scope.clone());
        let tainted = self.deeper(|it| match &closure.body {
            Body::Clauses(clauses) => clauses
                .iter()
                .try_for_each(|clause| it.taint(&clause.body, unknown)),
            Body::Capture(body) => {
                it.taint_captured(body, unknown)?;
                it.taint(body, unknown)
            }
        });
        self.scope = outside;
        tainted
    }

    /// Makes unknown what a call of a function, whose outcome is not known, may have changed.
    pub(super) fn taint_effects(&mut self, module: &str, name: &str, unknown: &Unknown) {
        if changes_vars(module, name) {
            self.vars.doubt(unknown);
        }
        if runs_files(module, name) {
            self.obscure_all(unknown);
        }
    }

    /// Makes unknown what a function may set of which only these names, or not even they, are known.
    pub(super) fn taint_apply(
        &mut self,
        module: Option<&str>,
        name: Option<&str>,
        unknown: &Unknown,
    ) {
        let may_set = |name: &str| matches!(name, "config" | "import_config" | "apply");
        if module.is_none_or(is_config) && name.is_none_or(may_set) {
            self.obscure_all(unknown);
        }
        match module {
            Some(module) => self.taint_effects(module, name.unwrap_or_default(), unknown),
            None => {
                for module in ["Elixir.System", "Elixir.Code"] {
                    self.taint_effects(module, name.unwrap_or_default(), unknown);
                }
            }
        }
    }

    /// `&config/2`, whose arguments are not known.
    fn taint_captured(&mut self, body: &Expr, unknown: &Unknown) -> Result<(), Halt> {
        let Node::Binary("/", function, _) = &body.node else {
            return Ok(());
        };
        match &function.node {
            Node::Variable(name) => self.taint_call(name, &[], unknown),
            Node::Remote(module, name, _) if self.module(module).is_none() => {
                self.taint_call(name, &[], unknown)
            }
            _ => Ok(()),
        }
    }

    fn taint_call(
        &mut self,
        name: &str,
        arguments: &[Expr],
        unknown: &Unknown,
    ) -> Result<(), Halt> {
        match (name, arguments) {
            ("import_config", _) => self.obscure_all(unknown),
            ("config", [app, settings]) => {
                let settings = self.outline(settings, unknown)?;
                self.taint_setting(app, settings, unknown)?;
            }
            ("config", [app, key, value]) => {
                let value = self.outline(value, unknown)?;
                let settings = match self.literal_atom(key) {
                    Some(key) => {
                        Kind::List(vec![Value::pair(key, value, unknown.at)]).at(unknown.at)
                    }
                    None => unknown.value(),
                };
                self.taint_setting(app, settings, unknown)?;
            }
            // `config(:app, &1, …)` in a pipe, or a mistake of the author.
            ("config", _) => self.obscure_all(unknown),
            ("apply", [module, name, _]) => {
                let (module, name) = (self.literal_atom(module), self.literal_atom(name));
                self.taint_apply(module.as_deref(), name.as_deref(), unknown);
            }
            // The function of `apply/2` is one of its parts; `module |> apply(name, …)` may be any.
            ("apply", [name, _]) => {
                if let Some(name) = self.literal_atom(name) {
                    self.taint_apply(None, Some(&name), unknown);
                }
            }
            ("apply", _) => self.obscure_all(unknown),
            _ => {}
        }
        Ok(())
    }

    fn taint_setting(
        &mut self,
        app: &Expr,
        settings: Value,
        unknown: &Unknown,
    ) -> Result<(), Halt> {
        match self.literal_atom(app) {
            None => self.obscure_all(unknown),
            Some(app) => {
                let empty = Kind::List(Vec::new()).at(unknown.at);
                let before = self.app(&app).unwrap_or(empty);
                let before = self.admit(before)?;
                let after = match settings.kind {
                    Kind::Unknown(_) => obscure(before, unknown),
                    _ => {
                        let after = merge(before.clone(), settings);
                        join(before, after, Joined::App, unknown)
                    }
                };
                self.set_app(&app, after);
            }
        }
        Ok(())
    }

    /// The atom an expression is, whatever the variables around it.
    fn literal_atom(&self, expr: &Expr) -> Option<Arc<str>> {
        match &expr.node {
            Node::Atom(name) => Some(name.clone()),
            Node::Alias(written) => self.scope.module(written),
            _ => None,
        }
    }

    /// What is certain of a value without evaluating it: its literals, and the keys of its keyword
    /// lists.
    fn outline(&mut self, expr: &Expr, unknown: &Unknown) -> Evaluated {
        let at = self.at(expr.line);
        match &expr.node {
            Node::Atom(_) | Node::Alias(_) | Node::Integer(_) | Node::Float(_) => self.eval(expr),
            Node::Text(pieces) if pieces.iter().all(|it| matches!(it, Piece::Literal(_))) => {
                self.eval(expr)
            }
            Node::List(parts) => {
                let mut items = Vec::with_capacity(parts.len());
                for part in parts {
                    items.push(self.outline(part, unknown)?);
                }
                Ok(Kind::List(items).at(at))
            }
            Node::Tuple(parts) => {
                let mut items = Vec::with_capacity(parts.len());
                for part in parts {
                    items.push(self.outline(part, unknown)?);
                }
                Ok(Kind::Tuple(items).at(at))
            }
            _ => Ok(unknown.value()),
        }
    }

    /// Makes every setting unknown.
    pub(super) fn obscure_all(&mut self, unknown: &Unknown) {
        let nothing = self.no_settings();
        let settings = std::mem::replace(&mut self.settings, nothing);
        self.settings = obscure(settings, unknown);
    }
}
