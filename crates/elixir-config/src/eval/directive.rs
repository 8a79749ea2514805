//! What writes settings and what changes how names are read: `config`, `import_config`, `alias`.

use std::sync::Arc;

use super::{Evaluated, Evaluator, Halt, path};
use crate::{
    finding::Code,
    merge::{is_keyword, merge, obscure},
    syntax::{Expr, Node},
    value::{At, Kind, Unknown, Value},
};

/// How deeply files may import files.
const IMPORT_DEPTH_MAX: usize = 16;

/// What `config` gives back differs between versions of Elixir: `:ok`, or all settings before.
pub(super) const RETURNED: &str = "it holds what `config` returns";

/// How many nodes of the settings before cost one step to merge with.
const NODES_PER_STEP: usize = 4;

/// How many files one evaluation may import.
const IMPORTS_MAX: usize = 1024;

/// How a file is run that is no import.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileRun {
    /// `Code.require_file`: not a second time.
    Once,
    /// `Code.eval_file`.
    Again,
}

impl Evaluator<'_> {
    /// `config app, settings` and `config app, key, value`.
    pub(super) fn config(&mut self, arguments: Vec<Value>, line: u32) -> Evaluated {
        let at = self.at(line);
        let done = self.doubt(line, RETURNED).value();
        let mut arguments = arguments.into_iter();
        let (app, second, third) = (arguments.next(), arguments.next(), arguments.next());
        let (Some(app), Some(second)) = (app, second) else {
            return Ok(self.refused("config/1", line));
        };
        let app = match app.kind {
            Kind::Atom(app) => app,
            Kind::Unknown(unknown) => {
                self.obscure_all(&unknown);
                return Ok(done);
            }
            _ => return Ok(self.refused("config with an application that is no atom", line)),
        };
        let settings = match (second, third) {
            (settings, None) => settings,
            (key, Some(value)) => match key.kind {
                Kind::Atom(key) => Kind::List(vec![Value::pair(key, value, at)]).at(at),
                Kind::Unknown(unknown) => unknown.value(),
                _ => return Ok(self.refused("config with a key that is no atom", line)),
            },
        };
        self.set(&app, settings, at)?;
        Ok(done)
    }

    fn set(&mut self, app: &Arc<str>, settings: Value, at: At) -> Result<(), Halt> {
        if is_keyword(&settings) {
            let before = self.app(app);
            let nodes = before.as_ref().map_or(0, |before| before.size().nodes);
            let looked_at = nodes.saturating_add(pairs(&self.settings));
            self.charge(looked_at / NODES_PER_STEP)?;
            let after = match before {
                Some(before) => merge(before, settings),
                None => settings,
            };
            self.set_app(app, after);
        } else if let Some(unknown) = settings.unknown().cloned() {
            let before = self.app(app);
            let before = before.unwrap_or_else(|| Kind::List(Vec::new()).at(at));
            self.set_app(app, obscure(before, &unknown));
        } else {
            self.refused("config/2 with what is no keyword list", at.line);
        }
        Ok(())
    }

    /// Takes the settings of one application out; `set_app` puts them back.
    pub(super) fn app(&mut self, app: &str) -> Option<Value> {
        let (pairs, rest) = match &mut self.settings.kind {
            Kind::List(pairs) => (pairs, None),
            Kind::Open(pairs, rest) => (pairs, Some(rest.clone())),
            Kind::Unknown(unknown) => return Some(unknown.value()),
            _ => return None,
        };
        let place = pairs
            .iter_mut()
            .find(|pair| pair.as_pair().is_some_and(|(name, _)| &**name == app));
        match (place.map(|pair| &mut pair.kind), rest) {
            (Some(Kind::Tuple(parts)), _) => {
                let value = parts.get_mut(1)?;
                let nothing = Kind::List(Vec::new()).at(value.at);
                Some(std::mem::replace(value, nothing))
            }
            (Some(_), _) => None,
            (None, rest) => rest.as_ref().map(Unknown::value),
        }
    }

    /// Replaces the settings of one application.
    pub(super) fn set_app(&mut self, app: &Arc<str>, settings: Value) {
        let at = settings.at;
        let pair = Value::pair(Arc::clone(app), settings, at);
        let pairs = match &mut self.settings.kind {
            Kind::List(pairs) | Kind::Open(pairs, _) => pairs,
            kind => {
                if let Kind::Unknown(unknown) = kind {
                    *kind = Kind::Open(vec![pair], unknown.clone());
                }
                return;
            }
        };
        let place = pairs
            .iter_mut()
            .find(|pair| pair.as_pair().is_some_and(|(name, _)| name == app));
        match place {
            Some(place) => *place = pair,
            None => pairs.push(pair),
        }
    }

    /// `import_config path`.
    pub(super) fn import_config(&mut self, file: &Value, line: u32) -> Evaluated {
        let done = self.doubt(line, RETURNED).value();
        if self.is_runtime {
            let why = "runtime.exs calls import_config, which Elixir refuses";
            return Ok(self.break_off(Code::ImportAtRuntime, line, why));
        }
        let Some(written) = file.as_str() else {
            let why = "the path of an import is not known";
            self.break_off(Code::ImportUnknown, line, why);
            return Ok(done);
        };
        let from = self.paths.get(self.file).cloned().unwrap_or_default();
        let folder = path::absolute(self.script.root, path::parent(&from));
        let wanted = path::relative(self.script.root, &path::expand(written, &folder));
        if self.scope.imports_wildcards && path::has_wildcard(&wanted) {
            let found = self.files.glob(&wanted);
            found
                .iter()
                .try_for_each(|found| self.import(found, line))?;
        } else {
            self.import(&wanted, line)?;
        }
        Ok(done)
    }

    fn import(&mut self, wanted: &str, line: u32) -> Result<(), Halt> {
        if self.imported.iter().any(|known| known == wanted) {
            let why = format!("{wanted} is imported twice");
            self.break_off(Code::ImportRepeated, line, &why);
            return Ok(());
        }
        if self.import_depth >= IMPORT_DEPTH_MAX || self.imported.len() >= IMPORTS_MAX {
            return Err(self.exhausted("the configuration imports too many files"));
        }
        self.imported.push(wanted.to_owned());
        let found = self.files.read(wanted);
        let text = match found {
            Ok(Some(text)) => text,
            Ok(None) => {
                let why = format!("{wanted}, which is imported here, does not exist");
                self.break_off(Code::ImportMissing, line, &why);
                return Ok(());
            }
            Err(why) => {
                let why = format!("{wanted}, which is imported here, cannot be read: {why}");
                self.break_off(Code::ImportMissing, line, &why);
                return Ok(());
            }
        };
        match self.other_file(wanted, &text) {
            Ok(_) | Err(Halt::Raised(_)) => Ok(()),
            Err(Halt::Exhausted) => Err(Halt::Exhausted),
        }
    }

    /// Evaluates another file's text, and comes back to this one.
    fn other_file(&mut self, path: &str, text: &str) -> Evaluated {
        let scope = std::mem::take(&mut self.scope);
        let (file, missing_before) = (self.file, self.missing_before);
        self.import_depth += 1;
        let outcome = self.deeper(|it| it.file_text(path, text));
        self.import_depth -= 1;
        (self.file, self.missing_before) = (file, missing_before);
        self.scope = scope;
        outcome
    }

    /// `Code.require_file(path)` and `Code.eval_file(path)`, the path being absolute: the file runs
    /// in the same process, so what it configures counts. Unlike an import it may run at run time.
    pub(super) fn run_file(&mut self, how: FileRun, absolute: &str, line: u32) -> Evaluated {
        let wanted = path::relative(self.script.root, absolute);
        let at = self.at(line);
        if how == FileRun::Once && self.required.contains(&wanted) {
            return Ok(Kind::nil().at(at));
        }
        if self.import_depth >= IMPORT_DEPTH_MAX || self.required.len() >= IMPORTS_MAX {
            return Err(self.exhausted("the configuration runs too many files"));
        }
        self.required.push(wanted.clone());
        let found = self.files.read(&wanted);
        let text = match found {
            Ok(Some(text)) => text,
            Ok(None) => {
                let why = format!("{wanted}, which is run here, does not exist");
                return Ok(self.break_off(Code::ImportMissing, line, &why));
            }
            Err(why) => {
                let why = format!("{wanted}, which is run here, cannot be read: {why}");
                return Ok(self.break_off(Code::ImportMissing, line, &why));
            }
        };
        let last = self.other_file(&wanted, &text)?;
        let unknown = self.doubt(line, "what running a file returns is not known");
        Ok(match how {
            FileRun::Once => unknown.value(),
            // The second is the file's variables.
            FileRun::Again => Kind::Tuple(vec![last, unknown.value()]).at(at),
        })
    }

    /// `import Module`, `use Module`.
    pub(super) fn import_module(
        &mut self,
        directive: &str,
        arguments: &[Expr],
        line: u32,
    ) -> Value {
        let module = match arguments.first().map(|first| &first.node) {
            Some(Node::Alias(written)) => self.scope.module(written).unwrap_or_default(),
            _ => Arc::default(),
        };
        match (directive, &*module) {
            ("import", "Elixir.Config") => {
                self.scope.imports_config = true;
                self.scope.imports_env = true;
            }
            ("use" | "import", "Elixir.Mix.Config") => {
                self.scope.imports_config = true;
                self.scope.imports_wildcards = true;
            }
            // Functions that another import brings are not evaluated where they are called, but those
            // of Dotenvy and its like change the environment.
            ("import", module) => {
                let why = format!("{} is imported", module.trim_start_matches("Elixir."));
                let unknown = self.doubt(line, &why);
                self.taint_effects(module, "", &unknown);
            }
            (_, module) => {
                let module = module.trim_start_matches("Elixir.");
                let why = format!("`use {module}` is not evaluated");
                return self.unknown(Code::NotEvaluated, line, &why);
            }
        }
        Kind::Atom(module).at(self.at(line))
    }

    /// `alias A.B`, `alias A.{B, C}`, `alias A.B, as: C`.
    pub(super) fn alias(&mut self, arguments: &[Expr], line: u32) -> Value {
        let mut named = arguments
            .first()
            .map_or(Vec::new(), |first| self.modules(first));
        let renamed = match arguments.get(1).map(|options| &options.node) {
            Some(Node::List(options)) => options.iter().find_map(option_as),
            _ => None,
        };
        for (written, module) in &named {
            let last = written.rsplit('.').next().unwrap_or(written);
            self.scope.alias(renamed.unwrap_or(last), module.clone());
        }
        match named.pop() {
            Some((_, Some(module))) => Kind::Atom(module).at(self.at(line)),
            Some((_, None)) | None => {
                self.unknown(Code::NotEvaluated, line, "this alias is not evaluated")
            }
        }
    }

    /// Modules as they are written, and the atoms that they are.
    fn modules<'e>(&self, expr: &'e Expr) -> Vec<(&'e str, Option<Arc<str>>)> {
        match &expr.node {
            Node::Alias(written) => vec![(written, self.scope.module(written))],
            Node::Atom(module) => vec![(module, Some(module.clone()))],
            Node::Group(prefix, parts) => {
                let prefix = self.scope.module(prefix);
                let full = |part: &'e Expr| match &part.node {
                    Node::Alias(written) => {
                        let module = prefix.as_ref().map(|it| format!("{it}.{written}").into());
                        Some((&**written, module))
                    }
                    _ => None,
                };
                parts.iter().filter_map(full).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn option_as(option: &Expr) -> Option<&str> {
    match &option.node {
        Node::Tuple(pair) => match pair.as_slice() {
            [key, name] if key.as_atom().is_some_and(|key| &**key == "as") => match &name.node {
                Node::Alias(name) => Some(name),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn pairs(settings: &Value) -> usize {
    match &settings.kind {
        Kind::List(pairs) | Kind::Open(pairs, _) => pairs.len(),
        _ => 0,
    }
}
