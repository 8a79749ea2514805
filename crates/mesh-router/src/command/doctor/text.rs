//! What the doctor found, for people.

use routes::{Mode, Severity, Snapshot};

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
    let mut text = String::new();
    let mut before: Option<Severity> = None;
    for finding in &diagnosis.findings {
        if before.is_some_and(|before| before != finding.severity) {
            text.push('\n');
        }
        before = Some(finding.severity);
        text.push_str(&survey::shown(finding));
        text.push('\n');
    }
    if before.is_some() {
        text.push('\n');
    }
    text + &summary(diagnosis, setup, snapshot)
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
             sudo mesh-router hosts sync --localhost",
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
