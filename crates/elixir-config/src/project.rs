//! `mix.exs` and endpoint modules: what they say literally.

#[cfg(test)]
mod tests;

use crate::{
    finding::{Code, Finding, Written},
    parse::parse,
    syntax::{Expr, Node, Piece},
};

/// What `mix.exs` says of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MixProject {
    /// `app:`
    pub app: Option<String>,
    /// `apps_path:` of an umbrella.
    pub apps_path: Option<String>,
    /// `config_path:`
    pub config_path: Option<String>,
    /// The names of the dependencies that are listed literally.
    pub deps: Vec<String>,
}

/// A module that says `use NAME, options`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The module that uses it, e.g. `AuthWeb.Endpoint`.
    pub module: String,
    /// `otp_app:`
    pub otp_app: Option<String>,
    /// The line on which `use` stands.
    pub line: u32,
    /// The line of an `init/2` that the module defines.
    pub init: Option<u32>,
}

/// Reads a `mix.exs`.
///
/// # Errors
/// A text that does not parse gives a finding; its file is for the caller to fill in.
pub fn mix_project(text: &str) -> Result<MixProject, Finding> {
    let statements = parse(text).map_err(|malformed| Finding {
        code: Code::SyntaxError.name(),
        message: malformed.message,
        fix: Code::SyntaxError.fix().to_owned(),
        at: Written {
            file: "mix.exs".to_owned(),
            line: malformed.line,
        },
        is_error: true,
    })?;
    let mut project = MixProject::default();
    for statement in &statements {
        read_project(statement, &mut project);
    }
    Ok(project)
}

fn read_project(expr: &Expr, project: &mut MixProject) {
    match definition(expr) {
        Some(("project", _, body)) => each(body, &mut |part| {
            if let Some((key, value)) = pair(part) {
                let place = match key {
                    "app" => &mut project.app,
                    "apps_path" => &mut project.apps_path,
                    "config_path" => &mut project.config_path,
                    _ => return,
                };
                // The first is the project's own; further ones belong to nested options.
                if place.is_none() {
                    *place = literal(value);
                }
            }
            if let Some(("deps", list)) = pair(part) {
                dependencies(list, &mut project.deps);
            }
        }),
        Some(("deps", _, body)) => dependencies(body, &mut project.deps),
        Some(_) => {}
        None => expr.each_part(&mut |part| read_project(part, project)),
    }
}

/// Names of `{:name, …}` tuples in lists, anywhere in an expression.
fn dependencies(expr: &Expr, names: &mut Vec<String>) {
    if let Node::List(items) = &expr.node {
        for item in items {
            if let Node::Tuple(parts) = &item.node
                && let Some(name) = parts.first().and_then(Expr::as_atom)
                && !matches!(&**name, "do" | "else")
            {
                names.push(name.to_string());
                continue;
            }
            dependencies(item, names);
        }
        return;
    }
    expr.each_part(&mut |part| dependencies(part, names));
}

/// Finds the modules in `text` that `use` the module `used` (e.g. `Phoenix.Endpoint`). A text that
/// does not parse has none.
#[must_use]
pub fn uses(text: &str, used: &str) -> Vec<Use> {
    let mut found = Vec::new();
    // Most files do not mention it; parsing them all would cost the most of a start.
    if !text.contains("use") || !text.contains(used.rsplit('.').next().unwrap_or(used)) {
        return found;
    }
    for statement in parse(text).unwrap_or_default() {
        read_module(&statement, "", used, &mut found);
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
            let mut module = Module {
                name: module,
                aliases: Vec::new(),
                uses: Vec::new(),
                init: None,
            };
            module.read(body, used, found);
            found.extend(module.uses.into_iter().map(|found| Use {
                init: module.init,
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
    uses: Vec<Use>,
    init: Option<u32>,
}

impl Module {
    fn read(&mut self, expr: &Expr, used: &str, found: &mut Vec<Use>) {
        if let Some(("init", 2, _)) = definition(expr) {
            self.init.get_or_insert(expr.line);
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
            ) => {
                if self.full(name) == used {
                    self.uses.push(Use {
                        module: self.name.clone(),
                        otp_app: options.first().and_then(|it| option(it, "otp_app")),
                        line: expr.line,
                        init: None,
                    });
                }
            }
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
            // What a macro quotes is used by others.
            ("quote" | "defmacro" | "defmacrop", _) => {}
            _ => expr.each_part(&mut |part| self.read(part, used, found)),
        }
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

/// Name, arity and body of a `def` or `defp`.
fn definition(expr: &Expr) -> Option<(&str, usize, &Expr)> {
    let Node::Local(kind, arguments) = &expr.node else {
        return None;
    };
    if !matches!(&**kind, "def" | "defp") {
        return None;
    }
    let [head, .., body] = arguments.as_slice() else {
        return None;
    };
    let head = match &head.node {
        Node::Binary("when", head, _) => &head.node,
        head => head,
    };
    match head {
        Node::Local(name, arguments) => Some((name, arguments.len(), body)),
        Node::Variable(name) => Some((name, 0, body)),
        _ => None,
    }
}

fn each<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    visit(expr);
    expr.each_part(&mut |part| each(part, visit));
}

fn pair(expr: &Expr) -> Option<(&str, &Expr)> {
    match &expr.node {
        Node::Tuple(parts) => match parts.as_slice() {
            [key, value] => Some((key.as_atom()?, value)),
            _ => None,
        },
        _ => None,
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

/// A literal atom, module or text.
fn literal(expr: &Expr) -> Option<String> {
    match &expr.node {
        Node::Atom(name) | Node::Alias(name) => Some(name.to_string()),
        Node::Text(pieces) => match pieces.as_slice() {
            [] => Some(String::new()),
            [Piece::Literal(text)] => String::from_utf8(text.clone()).ok(),
            _ => None,
        },
        _ => None,
    }
}
