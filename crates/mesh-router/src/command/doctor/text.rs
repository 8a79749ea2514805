//! What the doctor found, for people.

use routes::{Finding, Mode, Snapshot};

use super::Diagnosis;
use crate::{output::plain, setup::Setup, survey};

/// Hosts that a note names.
const NAMED_MAX: usize = 3;

/// What was looked at, and as what.
pub(super) fn heading(setup: &Setup) -> String {
    let mode = setup.mode.name();
    let reason = &setup.mode_reason;
    match &setup.project {
        Some(root) => {
            let root = root.display().to_string();
            let env = plain(&setup.env);
            format!("{}: {env}, read as {mode} ({reason})\n", plain(&root))
        }
        None => format!("routes by hand, read as {mode} ({reason})\n"),
    }
}

/// Every finding, the most severe first, and the sum.
pub(super) fn findings(diagnosis: &Diagnosis, setup: &Setup, snapshot: &Snapshot) -> String {
    let all = diagnosis.findings.as_slice();
    let mut text = String::new();
    for severe in all.chunk_by(|a, b| a.severity == b.severity) {
        for alike in severe.chunk_by(|a, b| a.code == b.code) {
            text.push_str(&group(alike));
        }
        text.push('\n');
    }
    text + &summary(diagnosis, setup, snapshot)
}

/// Findings of one code. Where several have one reason, it is told once, below the last.
fn group(alike: &[Finding]) -> String {
    let parted: Vec<(&str, &str)> = alike.iter().map(|it| parted(&it.message)).collect();
    let reason = match parted.as_slice() {
        [(_, reason), rest @ ..] if !rest.is_empty() && !reason.is_empty() => rest
            .iter()
            .all(|(_, other)| other == reason)
            .then_some(*reason),
        _ => None,
    };
    let Some(reason) = reason else {
        return alike.iter().map(|it| survey::shown(it) + "\n").collect();
    };
    let mut text = String::new();
    for (finding, (what, _)) in alike.iter().zip(&parted) {
        let short = Finding {
            message: (*what).to_owned(),
            ..finding.clone()
        };
        text.push_str(&survey::shown(&short));
        text.push('\n');
    }
    let all = match alike.len() {
        2 => "both".to_owned(),
        many => format!("all {many}"),
    };
    text + &format!("    {all}: {}\n", plain(reason))
}

/// A message as what is the matter and why that matters, around the first colon; one inside
/// backticks is Elixir's.
fn parted(message: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, c) in message.char_indices() {
        is_quoted ^= c == '`';
        let (what, rest) = message.split_at(at);
        if let (false, Some(why)) = (is_quoted, rest.strip_prefix(": ")) {
            return (what, why);
        }
    }
    (message, "")
}

fn summary(diagnosis: &Diagnosis, setup: &Setup, snapshot: &Snapshot) -> String {
    let counts = diagnosis.counts();
    let found = [
        (counts.error, "error", "errors"),
        (counts.warning, "warning", "warnings"),
        (counts.info, "info", "info"),
    ];
    let found: Vec<String> = found
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(counted)
        .collect();
    let found = match found.as_slice() {
        [] => "nothing found".to_owned(),
        found => found.join(", "),
    };
    let seen = [
        (snapshot.services.len(), "service", "services"),
        (snapshot.routes.len(), "route", "routes"),
    ];
    let seen = seen.map(counted).join(", ");
    let ignored: Vec<&str> = diagnosis.ignored.keys().copied().collect();
    let ignored = match counts.ignored {
        0 => String::new(),
        count => format!("; {count} ignored ({})", ignored.join(", ")),
    };
    format!("{found} in {seen} ({}){ignored}", setup.mode.name())
}

fn counted((count, one, many): (usize, &str, &str)) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// What is no finding and good to know.
pub(super) fn notes(diagnosis: &Diagnosis, setup: &Setup) -> Vec<String> {
    let mut notes = Vec::new();
    let hosts = diagnosis.browser_only.iter().map(ToString::to_string);
    let hosts: Vec<String> = hosts.collect();
    if !hosts.is_empty() {
        let more = match hosts.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named: Vec<&str> = hosts.iter().take(NAMED_MAX).map(String::as_str).collect();
        notes.push(format!(
            "browsers (and curl) know {}{more} by themselves; for other programs on this machine: \
             mesh-router hosts sync --localhost",
            named.join(", ")
        ));
    }
    match setup.mode {
        Mode::Development if setup.project.is_some() => {
            notes.push("for production: mesh-router doctor --env prod".to_owned());
        }
        Mode::Development | Mode::Production => {}
    }
    notes
}

#[cfg(test)]
mod tests;
