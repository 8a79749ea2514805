//! What single terms mean: texts, numbers, and values that stand in environment variables.

use std::{collections::BTreeMap, fmt::Write as _};

use erlterm::Term;

/// Bytes of a term that a message shows, at most.
const SHOWN_MAX: usize = 60;

/// Resolves `{:system, "VAR"}`, which Phoenix accepts for hosts and ports. The error is why it can't
/// be known.
pub(crate) fn resolve(term: Term, vars: &BTreeMap<String, String>) -> Result<Term, String> {
    let Some(var) = system_variable(&term) else {
        return Ok(term);
    };
    match vars.get(&var) {
        Some(value) => Ok(Term::Binary(value.clone().into_bytes())),
        None => Err(format!("the environment variable {var} is not set")),
    }
}

/// Returns the variable's name if `term` is `{:system, "VAR"}`.
fn system_variable(term: &Term) -> Option<String> {
    let Term::Tuple(parts) = term else {
        return None;
    };
    match parts.as_slice() {
        [tag, name] if is_atom(tag, "system") => text(name),
        _ => None,
    }
}

/// Returns whether `term` is the atom `name`.
pub(crate) fn is_atom(term: &Term, name: &str) -> bool {
    matches!(term, Term::Atom(atom) if atom == name)
}

/// Reads a string or a charlist; atoms are no text.
pub(crate) fn text(term: &Term) -> Option<String> {
    match term {
        Term::Binary(bytes) => String::from_utf8(bytes.clone()).ok(),
        Term::List(items) => items.iter().map(character).collect(),
        _ => None,
    }
}

fn character(term: &Term) -> Option<char> {
    match term {
        Term::Integer(code) => u32::try_from(*code).ok().and_then(char::from_u32),
        _ => None,
    }
}

/// Shows a term as Elixir writes it, cut to a length that fits a message.
pub(crate) fn shown(term: &Term) -> String {
    let mut out = String::new();
    write_term(&mut out, term);
    if out.len() > SHOWN_MAX {
        out.truncate(out.floor_char_boundary(SHOWN_MAX));
        out.push('…');
    }
    out
}

fn write_term(out: &mut String, term: &Term) {
    // Terms nest as deep as their author likes; past what is shown nothing is walked.
    if out.len() > SHOWN_MAX {
        return;
    }
    match term {
        Term::Atom(name) => match name.strip_prefix("Elixir.") {
            Some(module) => out.push_str(module),
            None if matches!(name.as_str(), "nil" | "true" | "false") => out.push_str(name),
            None => {
                out.push(':');
                out.push_str(name);
            }
        },
        Term::Binary(bytes) => {
            let _ = write!(out, "{:?}", String::from_utf8_lossy(bytes));
        }
        Term::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Term::Float(number) => {
            let _ = write!(out, "{number:?}");
        }
        Term::List(items) => write_items(out, "[", items, "]"),
        Term::Tuple(items) => write_items(out, "{", items, "}"),
        Term::Map(_) => out.push_str("%{…}"),
        Term::Opaque(text) => out.push_str(text),
    }
}

fn write_items(out: &mut String, open: &str, items: &[Term], close: &str) {
    out.push_str(open);
    for (index, item) in items.iter().enumerate() {
        if out.len() > SHOWN_MAX {
            break;
        }
        if index > 0 {
            out.push_str(", ");
        }
        write_term(out, item);
    }
    out.push_str(close);
}
