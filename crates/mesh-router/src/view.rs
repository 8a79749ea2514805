//! The table as people read it.

use routes::Snapshot;

use crate::{
    output::{Table, plain},
    setup::Setup,
};

pub(crate) use admin::view::{
    ConflictView, DEVELOPMENT, FindingView, RouteView, RoutesView, UpstreamView, claimed, conflict,
    conflicts, finding, findings, severity,
};

#[cfg(test)]
mod tests;

/// Shows a whole table, and what it was read for.
pub(crate) fn routes(snapshot: &Snapshot, setup: &Setup) -> RoutesView {
    RoutesView {
        env: setup.project.is_some().then(|| setup.env.clone()),
        mode: Some(setup.mode.name().to_owned()),
        ..RoutesView::of_table(snapshot)
    }
}

/// The table of routes for a terminal; with a port, hosts are shown as links.
pub(crate) fn table(view: &RoutesView, port: Option<u16>) -> Table {
    let mut table = Table::new(&["HOST", "SUBDOMAINS", "SERVICE", "UPSTREAMS", "FROM"]);
    let services = || view.services.iter().flatten();
    for route in &view.routes {
        let mut reached = match route.upstreams.is_empty() {
            true => "none".to_owned(),
            false => addresses_and_states(&route.upstreams),
        };
        if services().any(|it| it.paused && it.name == route.service) {
            reached.push_str(" (paused)");
        }
        let from = route.provenance.as_ref().or(route.source.as_ref());
        table.row([
            port.map_or_else(|| route.host.clone(), |port| link(&route.host, port)),
            route.subdomains.clone(),
            route.service.clone(),
            reached,
            from.cloned().unwrap_or_default(),
        ]);
    }
    table
}

/// Addresses on one line.
pub(crate) fn addresses<'a>(upstreams: impl IntoIterator<Item = &'a UpstreamView>) -> String {
    let addresses = upstreams.into_iter().map(|it| it.address.as_str());
    addresses.collect::<Vec<_>>().join(", ")
}

/// Addresses on one line, with what is the matter with them.
pub(crate) fn addresses_and_states(upstreams: &[UpstreamView]) -> String {
    let address = |upstream: &UpstreamView| match upstream.state.as_deref() {
        None | Some("up" | "untried") => upstream.address.clone(),
        Some(state) => format!("{} ({state})", upstream.address),
    };
    upstreams.iter().map(address).collect::<Vec<_>>().join(", ")
}

/// Conflicts and findings, a paragraph each; empty where all is well.
pub(crate) fn remarks(view: &RoutesView) -> Vec<String> {
    let conflicts = view.conflicts.iter();
    let conflicts = conflicts.map(|it| format!("conflict: {}", claimed(it)));
    conflicts.chain(view.findings.iter().map(shown)).collect()
}

/// A finding as a line that editors can follow, and its mend below.
pub(crate) fn shown(finding: &FindingView) -> String {
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    };
    let mut text = format!(
        "{place}{}: {} ({})",
        finding.severity,
        plain(&finding.message),
        finding.code
    );
    if let Some(fix) = &finding.fix {
        text.push_str("\n    ");
        text.push_str(&plain(fix));
    }
    text
}

/// The link to a host behind the gateway.
pub(crate) fn link(host: &str, port: u16) -> String {
    match port {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    }
}
