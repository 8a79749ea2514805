//! The table as people and programs read it.

use routes::{Conflict, Finding, Origin, Service, Snapshot, Upstream};
use serde::Serialize;

use crate::{changes, output::Table, survey};

#[cfg(test)]
mod tests;

/// What `routes --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct RoutesView {
    generation: u64,
    routes: Vec<RouteView>,
    conflicts: Vec<ConflictView>,
    findings: Vec<FindingView>,
}

/// One host and where it leads.
#[derive(Debug, Serialize)]
pub(crate) struct RouteView {
    host: String,
    subdomains: &'static str,
    service: String,
    app: Option<String>,
    source: &'static str,
    provenance: Option<String>,
    upstreams: Vec<UpstreamView>,
}

/// One address of a service.
#[derive(Debug, Serialize)]
pub(crate) struct UpstreamView {
    address: String,
    node: Option<String>,
    /// Known to a running gateway alone.
    state: Option<&'static str>,
}

/// A host that several services claim.
#[derive(Debug, Serialize)]
pub(crate) struct ConflictView {
    host: String,
    holder: Option<String>,
    claimants: Vec<ClaimantView>,
}

/// One of the services that claim a host.
#[derive(Debug, Serialize)]
pub(crate) struct ClaimantView {
    service: String,
    provenance: Option<String>,
}

/// Something that could not be used or will surprise.
#[derive(Debug, Serialize)]
pub(crate) struct FindingView {
    code: &'static str,
    severity: &'static str,
    file: Option<String>,
    line: Option<u32>,
    message: String,
    fix: Option<String>,
}

impl RoutesView {
    /// Shows a whole table.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let routes = snapshot.routes.iter().filter_map(|route| {
            let service = snapshot.services.get(route.service)?;
            Some(RouteView {
                host: route.host.to_string(),
                subdomains: route.subdomains.name(),
                service: service.name.clone(),
                app: service.app.clone(),
                source: route.source.name(),
                provenance: provenance(route.origin.as_ref()),
                upstreams: upstreams(service),
            })
        });
        Self {
            generation: snapshot.generation,
            routes: routes.collect(),
            conflicts: conflicts(snapshot),
            findings: findings(snapshot),
        }
    }
}

/// Shows the addresses of a service.
pub(crate) fn upstreams(service: &Service) -> Vec<UpstreamView> {
    let view = |upstream: &Upstream| UpstreamView {
        address: upstream.address.to_string(),
        node: upstream.node.clone(),
        state: None,
    };
    service.upstreams.iter().map(view).collect()
}

/// Shows the conflicts of a table.
pub(crate) fn conflicts(snapshot: &Snapshot) -> Vec<ConflictView> {
    let claimant = |(service, origin): &(String, Option<Origin>)| ClaimantView {
        service: service.clone(),
        provenance: provenance(origin.as_ref()),
    };
    let view = |conflict: &Conflict| ConflictView {
        host: conflict.host.to_string(),
        holder: conflict.holder.clone(),
        claimants: conflict.claimants.iter().map(claimant).collect(),
    };
    snapshot.conflicts.iter().map(view).collect()
}

/// Shows the findings of a table.
pub(crate) fn findings(snapshot: &Snapshot) -> Vec<FindingView> {
    let view = |finding: &Finding| {
        let origin = finding.origin.as_ref();
        FindingView {
            code: finding.code,
            severity: survey::severity(finding.severity),
            file: origin.map(|origin| origin.file.clone()),
            line: origin.map(|origin| origin.line).filter(|line| *line > 0),
            message: finding.message.clone(),
            fix: Some(finding.fix.clone()).filter(|fix| !fix.is_empty()),
        }
    };
    snapshot.findings.iter().map(view).collect()
}

/// The table of routes for a terminal; with a port, hosts are shown as links.
pub(crate) fn table(snapshot: &Snapshot, port: Option<u16>) -> Table {
    let mut table = Table::new(&["HOST", "SUBDOMAINS", "SERVICE", "UPSTREAMS", "FROM"]);
    for route in &snapshot.routes {
        let Some(service) = snapshot.services.get(route.service) else {
            continue;
        };
        let upstreams = match service.upstreams.is_empty() {
            true => "none".to_owned(),
            false => changes::addresses(service),
        };
        table.row([
            port.map_or_else(
                || route.host.to_string(),
                |port| link(route.host.as_str(), port),
            ),
            route.subdomains.name().to_owned(),
            service.name.clone(),
            upstreams,
            provenance(route.origin.as_ref()).unwrap_or_else(|| route.source.name().to_owned()),
        ]);
    }
    table
}

/// Conflicts and findings, a paragraph each; empty where all is well.
pub(crate) fn remarks(snapshot: &Snapshot) -> Vec<String> {
    let conflicts = snapshot
        .conflicts
        .iter()
        .map(|it| format!("conflict: {}", survey::claimed(it)));
    conflicts
        .chain(snapshot.findings.iter().map(survey::shown))
        .collect()
}

/// The link to a host behind the gateway.
pub(crate) fn link(host: &str, port: u16) -> String {
    match port {
        80 => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    }
}

fn provenance(origin: Option<&Origin>) -> Option<String> {
    origin.map(ToString::to_string)
}
