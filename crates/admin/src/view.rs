//! The table as programs read it: what `routes --json` prints and `/api/v1/routes` answers.

use std::collections::HashMap;

use proxy::Standing;
use routes::{
    Address, ClaimKind, Conflict, Finding, Origin, Service, Serving, Severity, Sight, Snapshot,
    Upstream,
};
use serde::{Deserialize, Serialize};

/// What `routes --json` prints, and what `diff --against` reads again: keys that came later may be
/// missing, keys that are not known are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutesView {
    /// One more each time the running table changes.
    #[serde(default)]
    pub generation: u64,
    /// The environment that the project's config was read for.
    #[serde(default)]
    pub env: Option<String>,
    /// Development or production.
    #[serde(default)]
    pub mode: Option<String>,
    /// Sorted by host.
    pub routes: Vec<RouteView>,
    /// Sorted by name; those without a host too.
    #[serde(default)]
    pub services: Option<Vec<ServiceView>>,
    /// The service that gets unknown hosts.
    #[serde(default)]
    pub default_service: Option<String>,
    /// Sorted by host.
    #[serde(default)]
    pub conflicts: Vec<ConflictView>,
    /// The most severe first.
    #[serde(default)]
    pub findings: Vec<FindingView>,
}

/// One host and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteView {
    /// The host.
    pub host: String,
    /// What becomes of its subdomains.
    pub subdomains: String,
    /// Where it leads.
    pub service: String,
    /// The OTP application.
    #[serde(default)]
    pub app: Option<String>,
    /// Why the service has it: `own`, `development`, `static`.
    #[serde(default)]
    pub kind: Option<String>,
    /// The source that claimed it.
    #[serde(default)]
    pub source: Option<String>,
    /// Where it was written.
    #[serde(default)]
    pub provenance: Option<String>,
    /// Where the service is reached.
    pub upstreams: Vec<UpstreamView>,
}

/// A service, whether a host leads to it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// The endpoint's module, or the name given by hand.
    pub name: String,
    /// The OTP application.
    #[serde(default)]
    pub app: Option<String>,
    /// Whether it was found listening.
    pub serving: bool,
    /// Why it does not listen.
    #[serde(default)]
    pub reason: Option<String>,
    /// An operator wishes that its requests wait.
    #[serde(default)]
    pub paused: bool,
    /// Where it is reached.
    pub upstreams: Vec<UpstreamView>,
}

/// One address of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UpstreamView {
    /// Where to dial.
    pub address: String,
    /// The Erlang node.
    #[serde(default)]
    pub node: Option<String>,
    /// `unconfirmed` where sight of its node was lost; else known to a running gateway alone.
    #[serde(default)]
    pub state: Option<String>,
    /// Where it was written.
    #[serde(default)]
    pub provenance: Option<String>,
}

impl UpstreamView {
    /// Returns whether sight of its node was lost.
    pub fn is_unconfirmed(&self) -> bool {
        self.state.as_deref() == Sight::Unconfirmed.state()
    }
}

/// A host that several services claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictView {
    /// The host.
    pub host: String,
    /// Who has it.
    #[serde(default)]
    pub holder: Option<String>,
    /// Sorted, the holder included.
    pub claimants: Vec<ClaimantView>,
}

/// One of the services that claim a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimantView {
    /// The service.
    pub service: String,
    /// Where it says so.
    #[serde(default)]
    pub provenance: Option<String>,
}

/// Something that could not be used or will surprise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingView {
    /// A stable name.
    pub code: String,
    /// How much it matters.
    pub severity: String,
    /// The file.
    #[serde(default)]
    pub file: Option<String>,
    /// The line.
    #[serde(default)]
    pub line: Option<u32>,
    /// What is the matter.
    pub message: String,
    /// How to mend it.
    #[serde(default)]
    pub fix: Option<String>,
}

impl RoutesView {
    /// Shows a table, without what it was read for.
    pub fn of_table(snapshot: &Snapshot) -> Self {
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

    /// Adds what a running gateway knows of its upstreams.
    pub(crate) fn add_standings(&mut self, standings: &Standings) {
        let of_routes = self.routes.iter_mut().map(|route| &mut route.upstreams);
        let services = self.services.iter_mut().flatten();
        let all = of_routes.chain(services.map(|service| &mut service.upstreams));
        for upstream in all.flatten() {
            standings.add_to(upstream);
        }
    }
}

/// How it stands with each upstream, by its address as shown.
#[derive(Debug)]
pub(crate) struct Standings(HashMap<String, Standing>);

impl Standings {
    /// Takes what the workers tell.
    pub(crate) fn new(standings: HashMap<Address, Standing>) -> Self {
        let shown = |(address, standing): (Address, Standing)| (address.to_string(), standing);
        Self(standings.into_iter().map(shown).collect())
    }

    /// Returns the state of each of a service's upstreams.
    pub(crate) fn states(&self, service: &Service) -> Vec<String> {
        let mut upstreams = upstreams(service);
        upstreams.iter_mut().for_each(|it| self.add_to(it));
        upstreams.into_iter().filter_map(|it| it.state).collect()
    }

    /// Says how it stands with an upstream, unless discovery has said what matters more.
    pub(crate) fn add_to(&self, upstream: &mut UpstreamView) {
        let known = self.0.get(&upstream.address).copied().unwrap_or_default();
        let name = || known.name().to_owned();
        upstream.state = Some(upstream.state.take().unwrap_or_else(name));
    }
}

/// The name of a development route's kind.
pub const DEVELOPMENT: &str = "development";

fn kind(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Development => DEVELOPMENT,
        ClaimKind::Own => "own",
        ClaimKind::Static => "static",
    }
}

/// Shows a service.
pub(crate) fn service(service: &Service) -> ServiceView {
    let reason = match &service.serving {
        Serving::Yes => None,
        Serving::No(reason) => Some(reason.clone()),
    };
    ServiceView {
        name: service.name.clone(),
        app: service.app.clone(),
        serving: reason.is_none(),
        reason,
        paused: service.paused,
        upstreams: upstreams(service),
    }
}

/// Shows the addresses of a service.
pub fn upstreams(service: &Service) -> Vec<UpstreamView> {
    let view = |upstream: &Upstream| UpstreamView {
        address: upstream.address.to_string(),
        node: upstream.node.clone(),
        state: upstream.sight.state().map(str::to_owned),
        provenance: provenance(upstream.origin.as_ref()),
    };
    service.upstreams.iter().map(view).collect()
}

/// Shows the conflicts of a table.
pub fn conflicts(snapshot: &Snapshot) -> Vec<ConflictView> {
    snapshot.conflicts.iter().map(conflict).collect()
}

/// Shows a conflict.
pub fn conflict(conflict: &Conflict) -> ConflictView {
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
pub fn claimed(conflict: &ConflictView) -> String {
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
pub fn findings(snapshot: &Snapshot) -> Vec<FindingView> {
    snapshot.findings.iter().map(finding).collect()
}

/// Shows a finding.
pub fn finding(finding: &Finding) -> FindingView {
    let origin = finding.origin.as_ref();
    FindingView {
        code: finding.code.to_owned(),
        severity: severity(finding.severity).to_owned(),
        file: origin.map(|origin| origin.file.clone()),
        line: origin.map(|origin| origin.line).filter(|line| *line > 0),
        message: finding.message.clone(),
        fix: Some(finding.fix.clone()).filter(|fix| !fix.is_empty()),
    }
}

/// The word for a severity.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn provenance(origin: Option<&Origin>) -> Option<String> {
    origin.map(ToString::to_string)
}
