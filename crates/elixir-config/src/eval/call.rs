//! Calls: of macros, of functions that look at the world, and of all others.

use std::sync::Arc;

use super::{
    Evaluated, Evaluator, Halt, PAIRS_PER_STEP, Runs, control::section, directive::FileRun, path,
    vars::Var,
};
use crate::{
    builtins::{self, Answer},
    finding::Code,
    syntax::{Expr, Node, Piece},
    value::{Kind, Unknown, Value},
};

/// How much of a `raise`'s message a finding quotes.
const MESSAGE_CHARS_MAX: usize = 120;

impl Evaluator<'_> {
    /// `name(…)`, macros included.
    pub(super) fn local(&mut self, name: &Arc<str>, arguments: &[Expr], expr: &Expr) -> Evaluated {
        match &**name {
            "config" => {
                if !self.scope.imports_config {
                    return self.not_evaluated(expr, "config without `import Config`");
                }
                let values = self.all(arguments)?;
                self.config(values, expr.line)
            }
            "import_config" => {
                let [file] = arguments else {
                    return self.not_evaluated(expr, "this import");
                };
                let file = self.eval(file)?;
                self.import_config(&file, expr.line)
            }
            "import" | "use" => Ok(self.import_module(name, arguments, expr.line)),
            // `require A, as: B` is an alias as well.
            "require" if arguments.len() < 2 => Ok(Kind::nil().at(self.at(expr.line))),
            "require" | "alias" => Ok(self.alias(arguments, expr.line)),
            "if" | "unless" => self.condition(arguments, &**name == "if", expr),
            "cond" => self.cond(arguments, expr),
            "case" => match arguments {
                [subject, _] => {
                    let subject = self.eval(subject)?;
                    self.case(&subject, arguments, expr)
                }
                _ => self.not_evaluated(expr, "this `case`"),
            },
            "with" => self.with(arguments, expr),
            "match?" => self.is_match(arguments, expr),
            "for" => self.comprehension(arguments, expr),
            "raise" | "throw" | "exit" | "reraise" => self.raise(arguments, expr.line),
            _ if section(arguments, "do").is_some() => {
                self.not_evaluated(expr, &format!("`{name}`"))
            }
            _ if builtins::is_kernel(name) || is_own(name) => {
                let values = self.all(arguments)?;
                self.local_values(name, values, expr.line)
            }
            // It may be a macro, whose arguments are not evaluated as they stand.
            _ => self.not_evaluated(expr, &format!("{name}/{}", arguments.len())),
        }
    }

    /// A function of `Kernel` or `Config`, called with values.
    pub(super) fn local_values(&mut self, name: &str, values: Vec<Value>, line: u32) -> Evaluated {
        match (name, values.as_slice()) {
            ("config_env" | "config_target", []) if !self.scope.imports_env => {
                Ok(self.refused(&format!("{name}() without `import Config`"), line))
            }
            ("config_env", []) => Ok(Kind::atom(self.script.env).at(self.at(line))),
            ("config_target", []) => Ok(self.target(line)),
            ("apply", [function, arguments]) => {
                let function = function.clone();
                match arguments.as_list().map(<[Value]>::to_vec) {
                    Some(arguments) => self.apply(&function, arguments, line),
                    None => self.answer(Answer::Refused, "apply/2", &values, line),
                }
            }
            ("apply", [module, function, arguments]) => {
                self.apply_named(module, function, arguments, line)
            }
            ("then", [value, function]) => {
                let (value, function) = (value.clone(), function.clone());
                self.apply(&function, vec![value], line)
            }
            ("tap", [value, function]) => {
                let (value, function) = (value.clone(), function.clone());
                self.apply(&function, vec![value.clone()], line)?;
                Ok(value)
            }
            ("raise" | "throw" | "exit", _) => Err(self.raised("", line)),
            ("config", _) => self.config(values, line),
            ("import_config", [file]) => {
                let file = file.clone();
                self.import_config(&file, line)
            }
            _ => {
                let answer = builtins::kernel(name, &values);
                let what = format!("{name}/{}", values.len());
                self.answer(answer, &what, &values, line)
            }
        }
    }

    /// `Module.name(…)`, or `map.name`.
    pub(super) fn remote(
        &mut self,
        module: &Expr,
        name: &Arc<str>,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Evaluated {
        if let Some(known) = self.module(module) {
            if section(arguments, "do").is_some() {
                let what = format!("{}.{name}", shown(&known));
                return self.not_evaluated(expr, &what);
            }
            let values = self.all(arguments)?;
            return self.remote_values(&known, name, values, expr.line);
        }
        let owner = self.eval(module)?;
        match (&owner.kind, arguments) {
            (Kind::Map(_), []) => {
                let answer = builtins::field(&owner, &Kind::Atom(name.clone()).at(owner.at));
                self.answer(
                    answer,
                    &format!("a map without {name}"),
                    &[owner],
                    expr.line,
                )
            }
            (Kind::Atom(module), _) => {
                let module = module.clone();
                let values = self.all(arguments)?;
                self.remote_values(&module, name, values, expr.line)
            }
            (Kind::Unknown(unknown), _) => {
                let unknown = unknown.clone();
                self.taint(expr, &unknown)?;
                Ok(unknown.value())
            }
            _ => self.not_evaluated(expr, "this call"),
        }
    }

    /// The atom of a module that is written literally.
    pub(super) fn module(&self, expr: &Expr) -> Option<Arc<str>> {
        match &expr.node {
            Node::Alias(written) => self.scope.module(written),
            Node::Atom(name) => Some(name.clone()),
            _ => None,
        }
    }

    /// A function of a module, called with values.
    pub(super) fn remote_values(
        &mut self,
        module: &str,
        name: &str,
        values: Vec<Value>,
        line: u32,
    ) -> Evaluated {
        let at = self.at(line);
        match (
            module.trim_start_matches("Elixir."),
            name,
            values.as_slice(),
        ) {
            ("Config", "config_env", []) => Ok(Kind::atom(self.script.env).at(at)),
            ("Config", "config_target", []) => Ok(self.target(line)),
            ("Config" | "Mix.Config" | "Kernel", ..) => self.local_values(name, values, line),
            ("Mix" | "Mix.Project", ..) if self.runs != Runs::Mix => {
                Ok(self.refused("Mix, which a release does not have,", line))
            }
            ("Mix", "env", []) => Ok(Kind::atom(self.script.env).at(at)),
            ("Mix", "target", []) => Ok(self.target(line)),
            ("System", ..) => self.system(name, &values, line),
            ("File", "exists?" | "regular?" | "dir?", [path, ..]) => {
                self.charge_look()?;
                Ok(self.exists(name, path, line))
            }
            ("File", "cwd!", []) if self.runs != Runs::Mix => Ok(self.elsewhere(line)),
            ("File", "cwd!", []) => Ok(Kind::text(self.script.root).at(at)),
            ("Path", "expand", [path]) => self.expand(path, None, line),
            ("Path", "expand", [path, folder]) => self.expand(path, Some(folder), line),
            ("Path", "absname", [path]) => self.expand(path, None, line),
            ("Path", "wildcard", [pattern, ..]) => self.wildcard(pattern, line),
            ("Code", "require_file" | "eval_file", [file, folder @ ..])
                if self.runs == Runs::Mix && folder.len() <= 1 =>
            {
                self.code_file(module, name, file, folder.first(), line)
            }
            ("Enum", ..) => self.enumerate(name, &values, line),
            ("IO" | "Logger", "puts" | "warn" | "warning" | "info" | "debug" | "error", _) => {
                Ok(Kind::atom("ok").at(at))
            }
            ("IO", "inspect", [value, ..]) => Ok(value.clone()),
            (plain, ..) => {
                self.charge_function(name, &values)?;
                let answer = builtins::remote(plain, name, &values);
                let what = format!("{}.{name}/{}", shown(module), values.len());
                if matches!(answer, Answer::Foreign) {
                    let unknown = self.doubt(line, &format!("{what} is not evaluated"));
                    self.taint_effects(module, name, &unknown);
                }
                self.answer(answer, &what, &values, line)
            }
        }
    }

    /// Charges for functions that compare elements with each other.
    pub(super) fn charge_function(&mut self, name: &str, values: &[Value]) -> Result<(), Halt> {
        let width = |value: &Value| match &value.kind {
            Kind::List(items) => items.len(),
            Kind::Map(pairs) => pairs.len(),
            _ => 0,
        };
        let all = values.iter().map(width).sum();
        match name {
            "merge" | "new" | "into" | "take" | "drop" | "delete" => self.charge_each(all, all),
            _ => self.charge(all / PAIRS_PER_STEP),
        }
    }

    /// `apply(module, function, arguments)`.
    fn apply_named(
        &mut self,
        module: &Value,
        function: &Value,
        arguments: &Value,
        line: u32,
    ) -> Evaluated {
        match (module.as_atom(), function.as_atom(), arguments.as_list()) {
            (Some(module), Some(function), Some(arguments)) => {
                let (module, function) = (module.clone(), function.clone());
                self.remote_values(&module, &function, arguments.to_vec(), line)
            }
            (named, function_named, _) => {
                let (named, function_named) = (named.cloned(), function_named.cloned());
                let values = [module.clone(), function.clone(), arguments.clone()];
                let value = self.answer(Answer::Refused, "apply/3", &values, line)?;
                let unknown = self.why(&value);
                self.taint_apply(named.as_deref(), function_named.as_deref(), &unknown);
                Ok(value)
            }
        }
    }

    fn target(&self, line: u32) -> Value {
        let mix = || self.script.vars.get("MIX_TARGET").map(String::as_str);
        let target = self.boot.map(|boot| boot.target).or_else(mix);
        let target = target.unwrap_or("host");
        Kind::atom(target).at(self.at(line))
    }

    /// `System`: the environment variables that were given, and nothing else of the machine.
    fn system(&mut self, name: &str, values: &[Value], line: u32) -> Evaluated {
        if let Some(why) = no_variable(name, values) {
            return Err(self.raised(why, line));
        }
        match (name, values) {
            ("get_env", []) => self.vars(line),
            ("get_env", [var]) => self.get_env(var, None, line),
            ("get_env", [var, default]) => self.get_env(var, Some(default), line),
            ("fetch_env!", [var]) => {
                let value = self.get_env(var, None, line)?;
                match (value.is_nil(), var.as_str()) {
                    (true, Some(_)) => Ok(self.raised_unknown("", line).value()),
                    _ => Ok(value),
                }
            }
            ("fetch_env", [var]) => {
                let value = self.get_env(var, None, line)?;
                let at = value.at;
                Ok(match &value.kind {
                    Kind::Unknown(_) => value,
                    Kind::Atom(_) => Kind::atom("error").at(at),
                    _ => Kind::Tuple(vec![Kind::atom("ok").at(at), value]).at(at),
                })
            }
            ("put_env", [var, value]) if var.as_str().is_some() && value.as_str().is_some() => {
                let var = var.as_str().unwrap_or_default().to_owned();
                self.charge_text(var.len())?;
                self.vars.set(var, value.as_str().map(str::to_owned));
                Ok(Kind::atom("ok").at(self.at(line)))
            }
            ("put_env", [vars]) if self.set_all(vars) => Ok(Kind::atom("ok").at(self.at(line))),
            ("delete_env", [var]) if var.as_str().is_some() => {
                let var = var.as_str().unwrap_or_default().to_owned();
                self.vars.set(var, None);
                Ok(Kind::atom("ok").at(self.at(line)))
            }
            ("halt" | "stop", _) => Err(self.raised("", line)),
            _ => {
                let what = format!("System.{name}/{}", values.len());
                let unknown = self.doubt(line, &format!("{what} is not evaluated"));
                self.taint_effects("Elixir.System", name, &unknown);
                self.answer(Answer::Foreign, &what, values, line)
            }
        }
    }

    /// Sets the variables of a map or a list of pairs, if all are texts; one that is nil is deleted.
    fn set_all(&mut self, vars: &Value) -> bool {
        let mut set = Vec::new();
        let mut pair = |name: &Value, value: &Value| {
            let name = name.as_str().map(str::to_owned);
            let value = match value.is_nil() {
                true => Some(None),
                false => value.as_str().map(|value| Some(value.to_owned())),
            };
            set.extend(name.zip(value));
        };
        let count = match &vars.kind {
            Kind::Map(pairs) => {
                pairs.iter().for_each(|(name, value)| pair(name, value));
                pairs.len()
            }
            Kind::List(items) => {
                for item in items {
                    if let Kind::Tuple(parts) = &item.kind
                        && let [name, value] = parts.as_slice()
                    {
                        pair(name, value);
                    }
                }
                items.len()
            }
            _ => return false,
        };
        let is_known = set.len() == count;
        if is_known {
            for (name, value) in set {
                self.vars.set(name, value);
            }
        }
        is_known
    }

    fn get_env(&mut self, var: &Value, default: Option<&Value>, line: u32) -> Evaluated {
        let at = self.at(line);
        let Some(name) = var.as_str() else {
            return self.answer(
                Answer::Refused,
                "System.get_env",
                std::slice::from_ref(var),
                line,
            );
        };
        let set = match self.vars.get(name) {
            Some(Var::Known(set)) => set,
            Some(Var::Unknown(unknown)) => return Ok(unknown.value()),
            None => {
                let boot = self.boot.map(|boot| boot.unknown_vars);
                if let Some(why) = boot.and_then(|vars| vars.get(name)) {
                    return Ok(self.unknown(Code::NotEvaluated, line, why));
                }
                self.script.vars.get(name).cloned()
            }
        };
        match (set, default) {
            (Some(text), _) => self.admit(Kind::text(&text).at(at)),
            (None, Some(default)) => self.admit(default.clone()),
            (None, None) => {
                self.miss(name);
                Ok(Kind::nil().at(at))
            }
        }
    }

    /// All environment variables as a map.
    fn vars(&mut self, line: u32) -> Evaluated {
        if let Some(unknown) = self.vars.why_unknown() {
            return Ok(unknown.value());
        }
        let boot = self.boot.map(|boot| boot.unknown_vars);
        if let Some(why) = boot.and_then(|vars| vars.values().next()) {
            return Ok(self.unknown(Code::NotEvaluated, line, why));
        }
        let at = self.at(line);
        let mut all = self.script.vars.clone();
        for (name, value) in self.vars.known() {
            match value {
                Some(value) => all.insert(name.clone(), value.clone()),
                None => all.remove(name),
            };
        }
        let text = |text: &String| Kind::text(text).at(at);
        let pairs = all.iter().map(|(name, value)| (text(name), text(value)));
        self.admit(Kind::Map(pairs.collect()).at(at))
    }

    // Files.

    pub(super) fn absolute(&self, file: &str) -> String {
        path::absolute(self.script.root, file)
    }

    /// What depends on where a release is started, and on which files it finds there.
    fn elsewhere(&mut self, line: u32) -> Value {
        let why = "what a release finds where it is started is not known here";
        self.unknown(Code::NotEvaluated, line, why)
    }

    /// Whether it is known from where a path leads.
    fn is_anchored(&self, path: &str) -> bool {
        self.runs == Runs::Mix || path.starts_with('/')
    }

    fn exists(&mut self, name: &str, file: &Value, line: u32) -> Value {
        let Some(file) = builtins::to_text(file) else {
            return self.why(file).value();
        };
        if self.runs == Runs::FutureRelease || !self.is_anchored(&file) {
            return self.elsewhere(line);
        }
        let relative = path::relative(self.script.root, &self.absolute(&file));
        let there = !file.is_empty() && self.files.exists(&relative);
        match (name, there) {
            // A folder may stand where a file is asked for, and the other way round.
            ("regular?" | "dir?", true) => {
                let is_file = matches!(self.files.read(&relative), Ok(Some(_)));
                Kind::bool(is_file == (name == "regular?")).at(self.at(line))
            }
            (_, there) => Kind::bool(there).at(self.at(line)),
        }
    }

    fn expand(&mut self, file: &Value, folder: Option<&Value>, line: u32) -> Evaluated {
        let texts = (builtins::to_text(file), folder.map(builtins::to_text));
        let leads = [&texts.0, texts.1.as_ref().unwrap_or(&None)];
        let is_anchored = leads.into_iter().flatten().any(|it| self.is_anchored(it));
        if self.runs != Runs::Mix && !is_anchored {
            return Ok(self.elsewhere(line));
        }
        let folder = match &texts.1 {
            None => self.script.root.to_owned(),
            Some(Some(folder)) => self.absolute(folder),
            Some(None) => return Ok(self.why(file).value()),
        };
        match texts.0 {
            Some(text) if text.starts_with('~') => {
                let why = "a path in the home folder is not known";
                Ok(self.unknown(Code::NotEvaluated, line, why))
            }
            Some(text) => {
                let expanded = path::expand(&text, &folder);
                self.admit(Kind::text(&expanded).at(self.at(line)))
            }
            None => Ok(self.why(file).value()),
        }
    }

    fn code_file(
        &mut self,
        module: &str,
        name: &str,
        file: &Value,
        folder: Option<&Value>,
        line: u32,
    ) -> Evaluated {
        let absolute = self.expand(file, folder, line)?;
        let Some(absolute) = absolute.as_str() else {
            let unknown = self.why(&absolute);
            self.taint_effects(module, name, &unknown);
            return Ok(unknown.value());
        };
        let how = match name {
            "require_file" => FileRun::Once,
            _ => FileRun::Again,
        };
        self.run_file(how, absolute, line)
    }

    fn wildcard(&mut self, pattern: &Value, line: u32) -> Evaluated {
        let Some(written) = pattern.as_str() else {
            return Ok(self.why(pattern).value());
        };
        if self.runs == Runs::FutureRelease || !self.is_anchored(written) {
            return Ok(self.elsewhere(line));
        }
        self.charge_look()?;
        let is_absolute = written.starts_with('/');
        let relative = path::relative(self.script.root, &self.absolute(written));
        let at = self.at(line);
        let found = self.files.glob(&relative);
        let found = found.into_iter().map(|file| {
            let file = if is_absolute {
                self.absolute(&file)
            } else {
                file
            };
            Kind::text(&file).at(at)
        });
        let found = found.collect();
        self.admit(Kind::List(found).at(at))
    }

    // Answers.

    /// What a function that was called gives, or why nothing.
    pub(super) fn answer(
        &mut self,
        answer: Answer,
        what: &str,
        arguments: &[Value],
        line: u32,
    ) -> Evaluated {
        let unknown = arguments.iter().find_map(Value::unknown).cloned();
        let value = match (answer, unknown) {
            (Answer::Is(kind), _) => return self.admit(kind.at(self.at(line))),
            (Answer::Value(value), _) => return self.admit(value),
            (Answer::Unknown(unknown), _) | (Answer::Refused | Answer::Foreign, Some(unknown)) => {
                unknown.value()
            }
            (Answer::Refused, None) => {
                let is_unset = arguments.iter().any(Value::is_nil);
                if is_unset && self.missing.len() > self.missing_before {
                    self.raised_unknown("", line).value()
                } else {
                    self.refused(what, line)
                }
            }
            (Answer::Foreign, None) => self.unknown(
                Code::NotEvaluated,
                line,
                &format!("{what} is not evaluated"),
            ),
        };
        let unknown = self.why(&value);
        self.taint_functions(arguments, &unknown)?;
        Ok(value)
    }

    /// A value that Elixir would not give, but raise.
    pub(super) fn refused(&mut self, what: &str, line: u32) -> Value {
        self.unknown(Code::Refused, line, &format!("Elixir refuses {what} here"))
    }

    /// `container[key]`.
    pub(super) fn access(&mut self, container: &Value, key: &Value, line: u32) -> Evaluated {
        let answer = match builtins::is_struct(container) {
            true => Answer::Refused,
            false => builtins::access(container, key),
        };
        let value = self.answer(answer, "this access", &[], line)?;
        if let (true, Some(name)) = (value.is_nil(), key.as_str()) {
            // Most likely `System.get_env()["NAME"]`.
            self.miss(name);
        }
        Ok(value)
    }

    fn raise(&mut self, arguments: &[Expr], line: u32) -> Evaluated {
        let mut message = String::new();
        self.charge(arguments.iter().map(count).sum())?;
        for argument in arguments {
            first_text(argument, &mut message);
        }
        Err(self.raised(&message, line))
    }

    fn raised(&mut self, message: &str, line: u32) -> Halt {
        Halt::Raised(self.raised_unknown(message, line))
    }

    /// Tells that the script asks for something that is not there: an environment variable that its
    /// message names, or the last that this statement looked for.
    fn raised_unknown(&mut self, message: &str, line: u32) -> Unknown {
        let named = self
            .missing
            .iter()
            .rev()
            .find(|var| message.contains(var.as_str()));
        let looked_for = self
            .missing
            .get(self.missing_before..)
            .and_then(<[_]>::last);
        let (code, why) = match named.or(looked_for) {
            Some(var) => (
                Code::NeedsEnv,
                format!("needs the environment variable {var}"),
            ),
            None => {
                let line = message.lines().find(|line| !line.trim().is_empty());
                let shown = line.unwrap_or_default().trim();
                let shown: String = shown.chars().take(MESSAGE_CHARS_MAX).collect();
                (
                    Code::Raises,
                    format!("the configuration raises here: {shown}"),
                )
            }
        };
        if self.doubts == 0 {
            self.tell(code, line, why.clone());
        }
        self.doubt(line, why.trim_end_matches([':', ' ']))
    }
}

/// How many expressions there are in one.
fn count(expr: &Expr) -> usize {
    let mut all = 1_usize;
    expr.each_part(&mut |part| all = all.saturating_add(count(part)));
    all
}

/// The first literal text in an expression.
fn first_text(expr: &Expr, message: &mut String) {
    if let Node::Text(pieces) = &expr.node {
        for piece in pieces {
            match piece {
                Piece::Literal(text) => message.push_str(&String::from_utf8_lossy(text)),
                Piece::Interpolation(_) => message.push('…'),
            }
        }
        return;
    }
    expr.each_part(&mut |part| {
        if message.is_empty() {
            first_text(part, message);
        }
    });
}

/// Functions of `Config` and `Kernel` that the evaluator answers itself.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "apply" | "config_env" | "config_target" | "then" | "tap"
    )
}

fn shown(module: &str) -> String {
    match module.strip_prefix("Elixir.") {
        Some(module) => module.to_owned(),
        None => format!(":{module}"),
    }
}

/// Why the system has no such variable, for functions of `System` that name one: a zero ends a text
/// there, and `=` a name.
fn no_variable(function: &str, values: &[Value]) -> Option<&'static str> {
    let has = |value: &Value, letter| value.as_str().is_some_and(|text| text.contains(letter));
    let (name, text) = match (function, values) {
        ("put_env", [name, text]) => (name, text),
        ("get_env", [name, ..]) | ("fetch_env" | "fetch_env!" | "delete_env", [name]) => {
            (name, name)
        }
        _ => return None,
    };
    if has(name, '=') {
        return Some("a variable's name has no `=` in it");
    }
    (has(name, '\0') || has(text, '\0')).then_some("a variable has no zero in it")
}
