//! Differences as people read them.

use std::fmt::Write as _;

use crate::{
    changes::{
        Changes, ConflictChange, DefaultChange, Resighted, RouteChange, ServiceChange, ServiceState,
    },
    output::plain,
    view::{self, FindingView, RouteView, UpstreamView},
};

#[cfg(test)]
mod tests;

/// Hosts named at the end, at most; the JSON has all.
const NAMED_MAX: usize = 8;

/// A line or two for each difference: `+` only afterwards, `-` only before, `~` other than before.
pub(in crate::command) fn lines(changes: &Changes) -> String {
    let Changes {
        routes,
        services,
        conflicts,
        default_service,
        findings,
        left_out: _,
    } = changes;
    let mut lines: Vec<String> = routes.iter().flat_map(route).collect();
    lines.extend(services.iter().flat_map(service));
    lines.extend(default_service.iter().map(default));
    lines.extend(conflicts.iter().map(conflict));
    let shown = |sign: char| move |it: &FindingView| format!("{sign} {}", finding(it));
    lines.extend(findings.appeared.iter().map(shown('+')));
    lines.extend(findings.vanished.iter().map(shown('-')));
    // What files hold may have control characters, which terminals obey.
    let lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    lines.join("\n")
}

/// How many differences there are, and what was not compared.
pub(super) fn summary(changes: &Changes) -> String {
    let count = changes.routes.len()
        + changes.services.len()
        + changes.conflicts.len()
        + usize::from(changes.default_service.is_some());
    let findings = changes.findings.appeared.len() + changes.findings.vanished.len();
    let mut text = match changes.is_empty() {
        true => "no difference".to_owned(),
        false => format!(
            "{} in the table, {} in findings",
            counted(count, "difference"),
            counted(findings, "difference")
        ),
    };
    let hosts = &changes.left_out;
    if !hosts.is_empty() {
        let named: Vec<&str> = hosts.iter().take(NAMED_MAX).map(String::as_str).collect();
        let more = match hosts.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names = counted(hosts.len(), "development name");
        let named = named.join(", ");
        // Writing to a string does not fail.
        let _ = write!(text, "; {names} left out: {named}{more}");
    }
    plain(&text)
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn route(change: &RouteChange) -> Vec<String> {
    let host = &change.host;
    let led = |route: &RouteView| {
        let reached = reached(&route.upstreams);
        let at = place(route.provenance.as_deref());
        format!("{host} → {}{at}, {reached}", route.service)
    };
    match (&change.before, &change.after) {
        (None, None) => Vec::new(),
        (None, Some(after)) => vec![format!("+ {}", led(after))],
        (Some(before), None) => vec![format!("- {}", led(before))],
        (Some(before), Some(after)) => {
            let (was, is) = (
                place(before.provenance.as_deref()),
                place(after.provenance.as_deref()),
            );
            let mut lines = Vec::new();
            if before.service != after.service {
                let (old, new) = (&before.service, &after.service);
                lines.push(format!("~ {host}: {old}{was} → {new}{is}"));
            }
            if before.subdomains != after.subdomains {
                let (old, new) = (&before.subdomains, &after.subdomains);
                lines.push(format!("~ {host}: subdomains {old}{was} → {new}{is}"));
            }
            lines
        }
    }
}

fn service(change: &ServiceChange) -> Vec<String> {
    let name = &change.service;
    let found = |state: &ServiceState| format!("{name}, no host, {}", reached(&state.upstreams));
    match (&change.before, &change.after) {
        (None, None) => Vec::new(),
        (None, Some(after)) => vec![format!("+ {}", found(after))],
        (Some(before), None) => vec![format!("- {}", found(before))],
        (Some(before), Some(after)) => {
            let mut lines = Vec::new();
            if before.moved(after) {
                let (old, new) = (reached(&before.upstreams), reached(&after.upstreams));
                lines.push(format!("~ {name}: {old} → {new}"));
            }
            let Resighted { lost, back } = before.resighted(after);
            let shown = |it: &&UpstreamView| format!("~ {name}: {} unconfirmed", it.address);
            lines.extend(lost.iter().map(shown));
            let shown = |it: &&UpstreamView| format!("~ {name}: {} confirmed again", it.address);
            lines.extend(back.iter().map(shown));
            if before.turned(after) {
                lines.push(match after.serving {
                    Some(true) => format!("~ {name}: starts serving"),
                    Some(false) | None => {
                        let reason = after.reason.as_deref().unwrap_or("no reason given");
                        format!("~ {name}: stops serving: {reason}")
                    }
                });
            }
            lines
        }
    }
}

fn default(change: &DefaultChange) -> String {
    let DefaultChange { before, after } = change;
    let name = |service: &Option<String>| service.clone().unwrap_or_else(|| "none".to_owned());
    format!("~ default service: {} → {}", name(before), name(after))
}

fn conflict(change: &ConflictChange) -> String {
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ conflict: {}", view::claimed(after)),
        (Some(before), None) => format!("- conflict: {}", view::claimed(before)),
        (Some(before), Some(after)) => format!(
            "~ conflict: {} (before: {})",
            view::claimed(after),
            view::claimed(before)
        ),
        (None, None) => String::new(),
    }
}

fn finding(finding: &FindingView) -> String {
    let FindingView {
        code,
        severity,
        file,
        line,
        message,
        fix: _,
    } = finding;
    let at = match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    };
    format!("{at}{severity}: {message} ({code})")
}

/// Addresses, each with where it was written.
fn reached(upstreams: &[UpstreamView]) -> String {
    if upstreams.is_empty() {
        return "no upstream".to_owned();
    }
    let shown = upstreams
        .iter()
        .map(|it| format!("{}{}", it.address, place(it.provenance.as_deref())));
    shown.collect::<Vec<_>>().join(", ")
}

fn place(provenance: Option<&str>) -> String {
    provenance.map_or_else(String::new, |place| format!(" ({place})"))
}
