//! How it stands with a running gateway: what `status --json` prints and `/api/v1/status` answers.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use discovery::{NodeStatus, SourceStatus};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use proxy::{Counters, ServiceCounters};
use routes::{Service, Snapshot};
use serde::{Deserialize, Serialize};

use crate::{
    Watched,
    view::{self, ConflictView, FindingView, Standings, UpstreamView},
};

/// How it stands with a running gateway. Absent values are null, times are in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// The program's version.
    pub version: String,
    /// The process's id.
    pub pid: u32,
    /// When it started.
    pub started: String,
    /// Whether it should get requests.
    pub ready: bool,
    /// Why not.
    pub not_ready: Option<String>,
    /// Development or production.
    pub mode: String,
    /// Why it is.
    pub mode_reason: String,
    /// The project's root, where its files are a source.
    pub project: Option<String>,
    /// The environment that the project's config is read for.
    pub env: Option<String>,
    /// Where it listens.
    pub listeners: Vec<String>,
    /// Where admin listens.
    pub admin: Option<String>,
    /// Where the health listener is.
    pub health: Option<String>,
    /// Which tables.
    pub generation: GenerationView,
    /// Sorted; only those that have reported.
    pub sources: Vec<SourceView>,
    /// Sorted by name.
    pub nodes: Vec<NodeView>,
    /// Sorted by name.
    pub services: Vec<ServiceStatusView>,
    /// Hosts that several services claim, sorted.
    pub conflicts: Vec<ConflictView>,
    /// What could not be used or will surprise, the most severe first.
    pub findings: Vec<FindingView>,
    /// All together.
    pub totals: TotalsView,
}

/// Which tables there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationView {
    /// The newest, counted by each change of table or settings.
    pub published: u64,
    /// The lowest that all workers have.
    pub applied: u64,
    /// The table's own number, as in `routes --json`.
    pub table: u64,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// Its name.
    pub source: String,
    /// When it last reported what it could read whole.
    pub last_success: Option<String>,
    /// It has failed since: its last good report stands.
    pub stale: bool,
    /// Reports so far of what could be read whole.
    pub successes: u64,
    /// Reports so far that it failed.
    pub failures: u64,
    /// The endpoints it knows.
    pub endpoints: usize,
    /// What it found that could not be used or will surprise.
    pub findings: usize,
}

/// One Erlang node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeView {
    /// Its name.
    pub node: String,
    /// Who tells of it: `node`, where the gateway attaches to it, or `package`, where it reports by
    /// itself.
    #[serde(default)]
    pub source: String,
    /// `attached`, `connecting`, `lost`, `refused`.
    pub state: String,
    /// Since when.
    pub since: String,
    /// Why it isn't attached.
    pub reason: Option<String>,
    /// How to mend that.
    pub fix: Option<String>,
    /// The endpoints it told us of.
    pub endpoints: usize,
    /// How long its last answer took.
    pub round_trip_ms: Option<f64>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatusView {
    /// The endpoint's module, or the name given by hand.
    pub name: String,
    /// The OTP application.
    pub app: Option<String>,
    /// The hosts that lead to it.
    pub hosts: Vec<String>,
    /// Whether it was found listening.
    pub serving: bool,
    /// Why it does not listen.
    pub reason: Option<String>,
    /// An operator wishes that its requests wait.
    #[serde(default)]
    pub paused: bool,
    /// Where it is reached, and how it stands there.
    pub upstreams: Vec<UpstreamView>,
    /// Requests under way.
    pub active: u64,
    /// WebSockets open.
    pub websockets: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Those among them that did not end as the app wanted, by reason.
    pub errors: BTreeMap<String, u64>,
}

/// All together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotalsView {
    /// Hosts in the table.
    pub routes: usize,
    /// Hosts that several services claim.
    pub conflicts: usize,
    /// What was found that could not be used or will surprise.
    pub findings: usize,
    /// Client connections open.
    pub connections_open: u64,
    /// Client connections accepted.
    pub connections: u64,
    /// Requests under way.
    pub active: u64,
    /// Requests that wait for a service.
    #[serde(default)]
    pub held: u64,
    /// WebSockets open.
    pub websockets: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Those to unknown hosts.
    pub no_route: u64,
    /// Requests that were sent a second time.
    pub retries: u64,
    /// Connects to upstreams that failed.
    pub connects_failed: u64,
    /// Access lines that were dropped.
    pub access_lines_lost: u64,
}

impl StatusView {
    /// Takes stock.
    pub(crate) fn of(watched: &Watched) -> Self {
        let about = watched.about.borrow().clone();
        let published = Arc::clone(&watched.published.borrow());
        let (snapshot, mode) = (&published.snapshot, published.settings.mode);
        let counters = watched.figures.counters();
        let not_ready = watched.not_ready();
        Self {
            version: about.version.to_owned(),
            pid: std::process::id(),
            started: instant(watched.started),
            ready: not_ready.is_none(),
            not_ready: not_ready.map(str::to_owned),
            mode: mode.name().to_owned(),
            mode_reason: about.mode_reason,
            project: about.project,
            env: about.env,
            listeners: about.listeners,
            admin: about.admin,
            health: about.health,
            generation: GenerationView {
                published: published.generation,
                applied: watched.figures.applied(),
                table: snapshot.generation,
            },
            sources: watched.sources.borrow().iter().map(source).collect(),
            nodes: nodes(watched),
            services: services(watched, snapshot, &counters),
            conflicts: view::conflicts(snapshot),
            findings: view::findings(snapshot),
            totals: totals(snapshot, &counters),
        }
    }
}

/// Shows how we stand with every node.
pub(crate) fn nodes(watched: &Watched) -> Vec<NodeView> {
    let mut nodes: Vec<NodeView> = watched.nodes.borrow().iter().map(node).collect();
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    nodes
}

fn node(status: &NodeStatus) -> NodeView {
    let NodeStatus {
        node,
        source,
        state,
        since,
        reason,
        fix,
        endpoints,
        round_trip,
    } = status;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    NodeView {
        node: node.clone(),
        source: source.name().to_owned(),
        state: state.name().to_owned(),
        since: instant(*since),
        reason: reason.clone(),
        fix: fix.clone(),
        endpoints: *endpoints,
        round_trip_ms: round_trip.map(milliseconds),
    }
}

fn source(status: &SourceStatus) -> SourceView {
    let SourceStatus {
        source,
        last_success,
        stale,
        successes,
        failures,
        endpoints,
        findings,
    } = status;
    SourceView {
        source: source.name().to_owned(),
        last_success: last_success.map(instant),
        stale: *stale,
        successes: *successes,
        failures: *failures,
        endpoints: *endpoints,
        findings: *findings,
    }
}

fn services(watched: &Watched, snapshot: &Snapshot, counters: &Counters) -> Vec<ServiceStatusView> {
    let standings = Standings::new(watched.figures.standings());
    let mut hosts: Vec<Vec<String>> = vec![Vec::new(); snapshot.services.len()];
    for route in &snapshot.routes {
        if let Some(hosts) = hosts.get_mut(route.service) {
            hosts.push(route.host.to_string());
        }
    }
    let nothing = ServiceCounters::default();
    let show = |(service, hosts): (&Service, Vec<String>)| {
        let found = counters
            .services
            .binary_search_by_key(&service.slot, |(slot, _)| *slot);
        let counted = found.map_or(&nothing, |index| &counters.services[index].1);
        let view = view::service(service);
        let mut upstreams = view.upstreams;
        for upstream in &mut upstreams {
            standings.add_to(upstream);
        }
        ServiceStatusView {
            name: view.name,
            app: view.app,
            hosts,
            serving: view.serving,
            reason: view.reason,
            paused: view.paused,
            upstreams,
            active: counted.active,
            websockets: counted.websockets,
            requests: counted.requests(),
            errors: counted
                .failures()
                .map(|(reason, count)| (reason.to_owned(), count))
                .collect(),
        }
    };
    snapshot.services.iter().zip(hosts).map(show).collect()
}

fn totals(snapshot: &Snapshot, counters: &Counters) -> TotalsView {
    TotalsView {
        routes: snapshot.routes.len(),
        conflicts: snapshot.conflicts.len(),
        findings: snapshot.findings.len(),
        connections_open: counters.connections_open,
        connections: counters.connections_total,
        active: counters.services.iter().map(|(_, it)| it.active).sum(),
        held: counters.held,
        websockets: counters.websockets,
        requests: counters.requests,
        no_route: counters.no_route,
        retries: counters.retries,
        connects_failed: counters.connects_failed,
        access_lines_lost: counters.access_lines_lost,
    }
}

/// A moment as RFC 3339 has it, to the second.
fn instant(time: SystemTime) -> String {
    let timestamp = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    let whole = TimestampRound::new()
        .smallest(Unit::Second)
        .mode(RoundMode::Trunc);
    timestamp.round(whole).unwrap_or(timestamp).to_string()
}
