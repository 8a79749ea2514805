//! An evaluation's findings, each told once: a script that asks one function for seventy values
//! would otherwise bury what matters to an endpoint.

#[cfg(test)]
mod tests;

use routes::Finding;

use super::config::finding;

/// Expressions that one finding names.
const NAMED_MAX: usize = 3;

/// The evaluator's code for an expression that it doesn't read, and how it says so.
const NOT_EVALUATED: &str = "not-evaluated";
const SUFFIX: &str = " is not evaluated";

/// Returns what an evaluation found: what it doesn't evaluate told once a file, any other remark
/// (a variable that is missing) once, and every error.
pub(crate) fn gather(found: &[elixir_config::Finding]) -> Vec<Finding> {
    let mut told: Vec<&elixir_config::Finding> = Vec::new();
    let mut gathered = Vec::new();
    for it in found {
        let is_told = !it.is_error && told.iter().any(|earlier| is_repeated(earlier, it));
        if is_told {
            continue;
        }
        told.push(it);
        gathered.push(match expression(it) {
            Some(_) => one_for_all(it, found),
            None => finding(it),
        });
    }
    gathered
}

/// What `it` says isn't evaluated.
fn expression(it: &elixir_config::Finding) -> Option<&str> {
    (it.code == NOT_EVALUATED && !it.is_error).then(|| it.message.strip_suffix(SUFFIX))?
}

/// Returns whether what was told of `earlier` tells of `it` as well.
fn is_repeated(earlier: &elixir_config::Finding, it: &elixir_config::Finding) -> bool {
    match (expression(earlier), expression(it)) {
        (Some(_), Some(_)) => earlier.at.file == it.at.file,
        _ => earlier.code == it.code && earlier.message == it.message,
    }
}

/// Tells of all expressions in the file of `first` that are not evaluated.
fn one_for_all(first: &elixir_config::Finding, found: &[elixir_config::Finding]) -> Finding {
    let mut all = 0_usize;
    let mut names: Vec<&str> = Vec::new();
    for it in found.iter().filter(|it| it.at.file == first.at.file) {
        let Some(name) = expression(it) else {
            continue;
        };
        all = all.saturating_add(1);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut finding = finding(first);
    let further = match all {
        0 | 1 => return finding,
        2 => "1 further place".to_owned(),
        all => format!("{} further places", all.saturating_sub(1)),
    };
    let more = names.len().saturating_sub(NAMED_MAX);
    let verb = if names.len() == 1 { "is" } else { "are" };
    names.truncate(NAMED_MAX);
    let mut named = names.join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    finding.message = format!("{named} {verb} not evaluated, here and at {further}");
    finding.fix = "where an endpoint depends on one, a finding of its own says so: name its route \
                   in mesh-router.toml"
        .to_owned();
    finding
}
