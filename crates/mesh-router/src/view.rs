//! The table as people and programs read it.

use routes::{ClaimKind, Conflict, Finding, Origin, Service, Serving, Sight, Snapshot, Upstream};
use serde::{Deserialize, Serialize};

use crate::{output::Table, setup::Setup, survey};

#[cfg(test)]
mod tests;

/// What `routes --json` prints, and what `diff --against` reads again: keys that came later may be
/// missing, keys that are not known are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoutesView {
    /// One more each time the running table changes.
    #[serde(default)]
    pub(crate) generation: u64,
    /// The environment that the project's config was read for.
    #[serde(default)]
    pub(crate) env: Option<String>,
    /// Development or production.
    #[serde(default)]
    pub(crate) mode: Option<String>,
    /// Sorted by host.
    pub(crate) routes: Vec<RouteView>,
    /// Sorted by name; those without a host too.
    #[serde(default)]
    pub(crate) services: Option<Vec<ServiceView>>,
    /// The service that gets unknown hosts.
    #[serde(default)]
    pub(crate) default_service: Option<String>,
    /// Sorted by host.
    #[serde(default)]
    pub(crate) conflicts: Vec<ConflictView>,
    /// The most severe first.
    #[serde(default)]
    pub(crate) findings: Vec<FindingView>,
}

/// One host and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RouteView {
    /// The host.
    pub(crate) host: String,
    /// What becomes of its subdomains.
    pub(crate) subdomains: String,
    /// Where it leads.
    pub(crate) service: String,
    /// The OTP application.
    #[serde(default)]
    pub(crate) app: Option<String>,
    /// Why the service has it: `own`, `development`, `static`.
    #[serde(default)]
    pub(crate) kind: Option<String>,
    /// The source that claimed it.
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// Where it was written.
    #[serde(default)]
    pub(crate) provenance: Option<String>,
    /// Where the service is reached.
    pub(crate) upstreams: Vec<UpstreamView>,
}

/// A service, whether a host leads to it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceView {
    /// The endpoint's module, or the name given by hand.
    pub(crate) name: String,
    /// The OTP application.
    #[serde(default)]
    pub(crate) app: Option<String>,
    /// Whether it was found listening.
    pub(crate) serving: bool,
    /// Why it does not listen.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Where it is reached.
    pub(crate) upstreams: Vec<UpstreamView>,
}

/// One address of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct UpstreamView {
    /// Where to dial.
    pub(crate) address: String,
    /// The Erlang node.
    #[serde(default)]
    pub(crate) node: Option<String>,
    /// `unconfirmed` where sight of its node was lost.
    #[serde(default)]
    pub(crate) state: Option<String>,
    /// Where it was written.
    #[serde(default)]
    pub(crate) provenance: Option<String>,
}

impl UpstreamView {
    /// Whether sight of its node was lost.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.state.as_deref() == Sight::Unconfirmed.state()
    }
}

/// A host that several services claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConflictView {
    /// The host.
    pub(crate) host: String,
    /// Who has it.
    #[serde(default)]
    pub(crate) holder: Option<String>,
    /// Sorted, the holder included.
    pub(crate) claimants: Vec<ClaimantView>,
}

/// One of the services that claim a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimantView {
    /// The service.
    pub(crate) service: String,
    /// Where it says so.
    #[serde(default)]
    pub(crate) provenance: Option<String>,
}

/// Something that could not be used or will surprise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FindingView {
    /// A stable name.
    pub(crate) code: String,
    /// How much it matters.
    pub(crate) severity: String,
    /// The file.
    #[serde(default)]
    pub(crate) file: Option<String>,
    /// The line.
    #[serde(default)]
    pub(crate) line: Option<u32>,
    /// What is the matter.
    pub(crate) message: String,
    /// How to mend it.
    #[serde(default)]
    pub(crate) fix: Option<String>,
}

impl RoutesView {
    /// Shows a whole table, and what it was read for.
    pub(crate) fn of(snapshot: &Snapshot, setup: &Setup) -> Self {
        Self {
            env: setup.project.is_some().then(|| setup.env.clone()),
            mode: Some(setup.mode.name().to_owned()),
            ..Self::of_table(snapshot)
        }
    }

    /// Shows a table alone.
    pub(crate) fn of_table(snapshot: &Snapshot) -> Self {
        let routes = snapshot.routes.iter().filter_map(|route| {
            let service = snapshot.services.get(route.service)?;
            Some(RouteView {
                host: route.host.to_string(),
                subdomains: route.subdomains.name().to_owned(),
                service: service.name.clone(),
                app: service.app.clone(),
                kind: Some(kind(route.kind).to_owned()),
                source: Some(route.source.name().to_owned()),
                provenance: provenance(route.origin.as_ref()),
                upstreams: upstreams(service),
            })
        });
        let default = snapshot.default.and_then(|at| snapshot.services.get(at));
        Self {
            generation: snapshot.generation,
            env: None,
            mode: None,
            routes: routes.collect(),
            services: Some(snapshot.services.iter().map(service).collect()),
            default_service: default.map(|service| service.name.clone()),
            conflicts: conflicts(snapshot),
            findings: findings(snapshot),
        }
    }
}

/// The name of a development route's kind.
pub(crate) const DEVELOPMENT: &str = "development";

fn kind(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Development => DEVELOPMENT,
        ClaimKind::Own => "own",
        ClaimKind::Static => "static",
    }
}

fn service(service: &Service) -> ServiceView {
    let reason = match &service.serving {
        Serving::Yes => None,
        Serving::No(reason) => Some(reason.clone()),
    };
    ServiceView {
        name: service.name.clone(),
        app: service.app.clone(),
        serving: reason.is_none(),
        reason,
        upstreams: upstreams(service),
    }
}

/// Shows the addresses of a service.
pub(crate) fn upstreams(service: &Service) -> Vec<UpstreamView> {
    let view = |upstream: &Upstream| UpstreamView {
        address: upstream.address.to_string(),
        node: upstream.node.clone(),
        state: upstream.sight.state().map(str::to_owned),
        provenance: provenance(upstream.origin.as_ref()),
    };
    service.upstreams.iter().map(view).collect()
}

/// Shows the conflicts of a table.
pub(crate) fn conflicts(snapshot: &Snapshot) -> Vec<ConflictView> {
    snapshot.conflicts.iter().map(conflict).collect()
}

/// Shows a conflict.
pub(crate) fn conflict(conflict: &Conflict) -> ConflictView {
    let claimant = |(service, origin): &(String, Option<Origin>)| ClaimantView {
        service: service.clone(),
        provenance: provenance(origin.as_ref()),
    };
    ConflictView {
        host: conflict.host.to_string(),
        holder: conflict.holder.clone(),
        claimants: conflict.claimants.iter().map(claimant).collect(),
    }
}

/// A conflict in a sentence: who claims the host, where each says so, and who has it.
pub(crate) fn claimed(conflict: &ConflictView) -> String {
    let claimant = |claimant: &ClaimantView| match &claimant.provenance {
        Some(provenance) => format!("{} ({provenance})", claimant.service),
        None => claimant.service.clone(),
    };
    let all: Vec<String> = conflict.claimants.iter().map(claimant).collect();
    let holder = match &conflict.holder {
        Some(holder) => format!("{holder} has it"),
        None => "nobody has it".to_owned(),
    };
    format!(
        "{} is claimed by {}: {holder}",
        conflict.host,
        all.join(" and ")
    )
}

/// Shows the findings of a table.
pub(crate) fn findings(snapshot: &Snapshot) -> Vec<FindingView> {
    snapshot.findings.iter().map(finding).collect()
}

/// Shows a finding.
pub(crate) fn finding(finding: &Finding) -> FindingView {
    let origin = finding.origin.as_ref();
    FindingView {
        code: finding.code.to_owned(),
        severity: survey::severity(finding.severity).to_owned(),
        file: origin.map(|origin| origin.file.clone()),
        line: origin.map(|origin| origin.line).filter(|line| *line > 0),
        message: finding.message.clone(),
        fix: Some(finding.fix.clone()).filter(|fix| !fix.is_empty()),
    }
}

/// The table of routes for a terminal; with a port, hosts are shown as links.
pub(crate) fn table(snapshot: &Snapshot, port: Option<u16>) -> Table {
    let mut table = Table::new(&["HOST", "SUBDOMAINS", "SERVICE", "UPSTREAMS", "FROM"]);
    for route in &snapshot.routes {
        let Some(service) = snapshot.services.get(route.service) else {
            continue;
        };
        let reached = match service.upstreams.is_empty() {
            true => "none".to_owned(),
            false => addresses_and_states(&upstreams(service)),
        };
        table.row([
            port.map_or_else(
                || route.host.to_string(),
                |port| link(route.host.as_str(), port),
            ),
            route.subdomains.name().to_owned(),
            service.name.clone(),
            reached,
            provenance(route.origin.as_ref()).unwrap_or_else(|| route.source.name().to_owned()),
        ]);
    }
    table
}

/// Addresses on one line.
pub(crate) fn addresses<'a>(upstreams: impl IntoIterator<Item = &'a UpstreamView>) -> String {
    let addresses = upstreams.into_iter().map(|it| it.address.as_str());
    addresses.collect::<Vec<_>>().join(", ")
}

/// Addresses on one line, each with its state where there is something to say.
fn addresses_and_states(upstreams: &[UpstreamView]) -> String {
    let shown = upstreams.iter().map(|upstream| match &upstream.state {
        Some(state) => format!("{} ({state})", upstream.address),
        None => upstream.address.clone(),
    });
    shown.collect::<Vec<_>>().join(", ")
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
