//! `status`: how it stands with the running gateway, and what is wrong.

use std::fmt::Write as _;

use admin::{NodeView, ServiceStatusView, StatusView};
use jiff::Timestamp;
use routes::Severity;

use crate::{
    Exit,
    args::Status,
    ask::Running,
    output::{self, Table, plain},
    view::{self, FindingView},
};

#[cfg(test)]
mod tests;

/// Findings that are named, at most.
const NAMED_MAX: usize = 8;

/// Asks, and prints.
pub(crate) fn status(arguments: &Status) -> anyhow::Result<Exit> {
    let gateway = Running::find(arguments.admin.as_deref(), &arguments.options)?;
    let status = gateway.status()?;
    match arguments.json {
        true => output::print_json(&status)?,
        false => output::print(&text(&status, Timestamp::now()))?,
    }
    if let Some(stranger) = gateway.stranger(&status) {
        output::talk(&format_args!("\nnote: {stranger}"));
    }
    Ok(Exit::Done)
}

/// Everything in plain words; what is wrong comes last, where a terminal shows it.
fn text(status: &StatusView, now: Timestamp) -> String {
    let mut text = head(status, now);
    text.push_str(&format!("\n\n{}\n", sources(status, now)));
    if !status.nodes.is_empty() {
        text.push_str(&format!("\n{}\n", nodes(status, now)));
    }
    if !status.services.is_empty() {
        text.push_str(&format!("\n{}\n", services(status)));
    }
    let wrong = wrong(status);
    match wrong.is_empty() {
        true => text.push_str("\nnothing is wrong"),
        false => {
            text.push_str("\nwhat is wrong:");
            for line in wrong.iter().flat_map(|it| it.lines()) {
                let _ = write!(text, "\n  {}", plain(line));
            }
        }
    }
    text
}

fn head(status: &StatusView, now: Timestamp) -> String {
    let StatusView {
        version, pid, mode, ..
    } = status;
    let ready = match &status.not_ready {
        None => "ready".to_owned(),
        Some(why) => format!("not ready ({why})"),
    };
    let since = ago(&status.started, now);
    let generation = &status.generation;
    let applied = match generation.applied >= generation.published {
        true => "applied by all workers".to_owned(),
        false => format!("a worker is at {} still", generation.applied),
    };
    let totals = &status.totals;
    let held = match totals.held {
        0 => String::new(),
        held => format!(" ({held} held)"),
    };
    let project = match (&status.project, &status.env) {
        (Some(project), Some(env)) => format!("{project} ({env})"),
        (Some(project), None) => project.clone(),
        (None, _) => "none".to_owned(),
    };
    let lines = [
        (
            "mesh-router",
            format!(
                "{version}, pid {pid}, {ready}, running for {since} (since {})",
                status.started
            ),
        ),
        ("mode", format!("{mode}: {}", status.mode_reason)),
        ("project", project),
        ("listening", status.listeners.join(", ")),
        (
            "admin",
            status.admin.clone().unwrap_or_else(|| "off".to_owned()),
        ),
        (
            "health",
            status.health.clone().unwrap_or_else(|| "off".to_owned()),
        ),
        (
            "table",
            format!(
                "{}, {}, {}, {}; generation {}, {applied}",
                counted(totals.routes, "route"),
                counted(status.services.len(), "service"),
                counted(totals.conflicts, "conflict"),
                counted(totals.findings, "finding"),
                generation.published
            ),
        ),
        (
            "traffic",
            format!(
                "{}, {} under way{held}, {}; {} so far, {} of them to unknown hosts",
                counted(totals.connections_open, "connection"),
                counted(totals.active, "request"),
                counted(totals.websockets, "WebSocket"),
                counted(totals.requests, "request"),
                totals.no_route
            ),
        ),
    ];
    let lines = lines.map(|(name, said)| format!("{name:<12}{}", plain(&said)));
    lines.join("\n")
}

fn sources(status: &StatusView, now: Timestamp) -> Table {
    let mut table = Table::new(&["SOURCE", "LAST SUCCESS", "ENDPOINTS", "FINDINGS", "STATE"]);
    for source in &status.sources {
        let last = source.last_success.as_deref();
        table.row([
            source.source.clone(),
            last.map_or_else(|| "never".to_owned(), |it| format!("{} ago", ago(it, now))),
            source.endpoints.to_string(),
            source.findings.to_string(),
            if source.stale { "stale" } else { "good" }.to_owned(),
        ]);
    }
    table
}

fn nodes(status: &StatusView, now: Timestamp) -> Table {
    let mut table = Table::new(&["NODE", "SOURCE", "STATE", "FOR", "ENDPOINTS", "ROUND TRIP"]);
    for node in &status.nodes {
        let trip = node.round_trip_ms.map(|ms| format!("{ms:.1} ms"));
        table.row([
            node.node.clone(),
            node.source.clone(),
            node.state.clone(),
            ago(&node.since, now),
            node.endpoints.to_string(),
            trip.unwrap_or_default(),
        ]);
    }
    table
}

fn services(status: &StatusView) -> Table {
    let mut table = Table::new(&[
        "SERVICE",
        "UPSTREAMS",
        "ACTIVE",
        "WEBSOCKETS",
        "REQUESTS",
        "NOT OK",
    ]);
    for service in &status.services {
        let reached = match service.upstreams.is_empty() {
            true => "none".to_owned(),
            false => view::addresses(&service.upstreams),
        };
        let failed: u64 = service.errors.values().sum();
        table.row([
            service.name.clone(),
            reached,
            service.active.to_string(),
            service.websockets.to_string(),
            service.requests.to_string(),
            failed.to_string(),
        ]);
    }
    table
}

/// What is wrong, and how to mend it.
fn wrong(status: &StatusView) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(why) = &status.not_ready {
        wrong.push(format!("the gateway is not ready: {why}"));
    }
    for source in status.sources.iter().filter(|it| it.stale) {
        let name = &source.source;
        wrong.push(format!(
            "the source {name} failed, its last good report stands"
        ));
    }
    wrong.extend(status.nodes.iter().filter_map(broken_node));
    wrong.extend(status.services.iter().flat_map(broken_service));
    wrong.extend(status.conflicts.iter().map(view::claimed));
    let matters = |it: &&FindingView| it.severity != view::severity(Severity::Info);
    let findings: Vec<_> = status.findings.iter().filter(matters).collect();
    wrong.extend(findings.iter().take(NAMED_MAX).map(|it| view::shown(it)));
    if findings.len() > NAMED_MAX {
        let more = findings.len() - NAMED_MAX;
        wrong.push(format!(
            "and {more} more, see `mesh-router routes --running`"
        ));
    }
    if status.totals.access_lines_lost > 0 {
        wrong.push(format!(
            "{} lost: whoever reads the access log is too slow",
            counted(status.totals.access_lines_lost, "access line")
        ));
    }
    wrong
}

fn broken_node(node: &NodeView) -> Option<String> {
    let reason = node.reason.as_ref()?;
    let fix = node.fix.as_ref().map(|fix| format!("; {fix}"));
    let (name, state) = (&node.node, &node.state);
    Some(format!(
        "node {name} is {state}: {reason}{}",
        fix.unwrap_or_default()
    ))
}

fn broken_service(service: &ServiceStatusView) -> Vec<String> {
    let name = &service.name;
    if let Some(reason) = &service.reason {
        return vec![format!("{name} does not listen: {reason}")];
    }
    if service.paused {
        return vec![format!(
            "{name} is paused, its requests wait: `mesh-router resume {name}` ends that"
        )];
    }
    if service.upstreams.is_empty() {
        return vec![format!(
            "{name} has no address to forward to: its hosts get a 503"
        )];
    }
    let failing = service.upstreams.iter();
    let failing = failing.filter(|it| it.state.as_deref() == Some("failing"));
    failing
        .map(|upstream| {
            let address = &upstream.address;
            format!("{name} can't be connected to at {address}: is it running?")
        })
        .collect()
}

fn counted(number: impl Into<Number>, word: &str) -> String {
    match number.into().0 {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    }
}

/// A count, whatever type it was counted in.
struct Number(u64);

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self(number as u64)
    }
}

/// How long ago a moment was, in the two largest units.
fn ago(moment: &str, now: Timestamp) -> String {
    let Ok(moment) = moment.parse::<Timestamp>() else {
        return "?".to_owned();
    };
    let seconds = now.duration_since(moment).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}
