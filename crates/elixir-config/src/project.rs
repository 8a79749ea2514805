//! `mix.exs`, and what modules say literally.

mod literal;
mod module;
#[cfg(test)]
mod tests;

pub use module::{Call, Use, uses};
pub(crate) use module::{may_use, uses_in};

use crate::{
    finding::{Code, Finding, Written},
    parse::{Parsed, parse},
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

/// Reads a `mix.exs`.
///
/// # Errors
/// A text that does not parse gives a finding; its file is for the caller to fill in.
pub fn mix_project(text: &str) -> Result<MixProject, Finding> {
    of_parsed(&parse(text))
}

/// Reads a `mix.exs` that was parsed.
pub(crate) fn of_parsed(parsed: &Parsed) -> Result<MixProject, Finding> {
    let statements = parsed.as_ref().map_err(|malformed| Finding {
        code: Code::SyntaxError.name(),
        message: malformed.message.clone(),
        fix: Code::SyntaxError.fix().to_owned(),
        at: Written {
            file: "mix.exs".to_owned(),
            line: malformed.line,
        },
        is_error: true,
    })?;
    let mut project = MixProject::default();
    for statement in statements {
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
