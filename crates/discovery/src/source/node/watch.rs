//! The source at work: the clock, the sockets and the tasks around the roster.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use erldist::{NodeName, epmd};
use routes::Report;
use tokio::{
    net::lookup_host,
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until, timeout, timeout_at},
};
use tracing::{error, info, warn};

use super::{
    life::live,
    roster::{Event, Place, Roster, Wishes},
    settings::{Access, NodeSettings},
    trouble::chain,
};
use crate::{How, NodeState, NodeStatus, RegistryHandle, source::now::Now, watch::log_new};

/// Events that may wait for the roster; whoever says more waits.
const EVENTS_MAX: usize = 256;

/// Changes of the settings that may wait.
const CHANGES_MAX: usize = 4;

/// How long a DNS name may take.
const RESOLVE_MAX: Duration = Duration::from_secs(5);

/// The longest sleep, where nothing is to be done.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// All nodes that are followed, each with a task of its own. Dropping it ends them all and closes
/// their links.
#[derive(Debug)]
pub struct Nodes {
    roster: Roster,
    access: Access,
    epmd_port: u16,
    tasks: JoinSet<()>,
    lives: BTreeMap<NodeName, AbortHandle>,
    events: mpsc::Receiver<Event>,
    teller: mpsc::Sender<Event>,
    changes: mpsc::Receiver<Box<(NodeSettings, How)>>,
    statuses: watch::Sender<Vec<NodeStatus>>,
    wake: Instant,
}

/// How others speak to [`Nodes`] and see how it stands with each.
#[derive(Clone, Debug)]
pub struct NodesHandle {
    changes: mpsc::Sender<Box<(NodeSettings, How)>>,
    statuses: watch::Receiver<Vec<NodeStatus>>,
}

impl NodesHandle {
    /// Takes over other settings. Nodes that are still followed stay attached. Waits while changes
    /// are under way; dropped before it returns, the settings may not have been handed over.
    pub async fn configure(&self, settings: NodeSettings, how: How) {
        // Without a source nobody is left to be told.
        let _ = self.changes.send(Box::new((settings, how))).await;
    }

    /// How we stand with each node; the newest list is always there.
    #[must_use]
    pub fn statuses(&self) -> watch::Receiver<Vec<NodeStatus>> {
        self.statuses.clone()
    }
}

impl Nodes {
    /// Begins to follow. Nothing happens until [`settle`](Self::settle) or [`run`](Self::run).
    #[must_use]
    pub fn new(settings: NodeSettings, how: How) -> (Self, NodesHandle) {
        let (teller, events) = mpsc::channel(EVENTS_MAX);
        let (changer, changes) = mpsc::channel(CHANGES_MAX);
        let (statuses, receiver) = watch::channel(Vec::new());
        let epmd_port = settings.following.epmd_port;
        let roster = Roster::new(settings.following, how, fastrand::u64(..), Now::read());
        let nodes = Self {
            roster,
            access: settings.access,
            epmd_port,
            tasks: JoinSet::new(),
            lives: BTreeMap::new(),
            events,
            teller,
            changes,
            statuses,
            wake: Instant::now(),
        };
        let handle = NodesHandle {
            changes: changer,
            statuses: receiver,
        };
        (nodes, handle)
    }

    /// Goes on until every node that is known has answered or was not to be reached, `wait` at
    /// most. Must be called on a tokio runtime. Dropped before it returns, all goes on from there
    /// the next time.
    pub async fn settle(&mut self, wait: Duration) {
        let end = Instant::now() + wait;
        let settled = async {
            self.act();
            while !self.roster.is_settled() {
                self.turn().await;
            }
        };
        // What is not there by then comes later.
        let _ = timeout_at(end, settled).await;
    }

    /// Everything that is known.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = self.roster.report();
        report.findings.extend(self.access.finding());
        report
    }

    /// How we stand with each node.
    #[must_use]
    pub fn statuses(&self) -> Vec<NodeStatus> {
        self.statuses.borrow().clone()
    }

    /// Follows the nodes and reports each change until dropped, which closes all links. `first` is
    /// what the registry was given at the start.
    pub async fn run(mut self, first: Report, registry: RegistryHandle) {
        let mut reported = first;
        loop {
            self.act();
            if self.roster.take_changed() {
                let report = self.report();
                if report != reported {
                    log_new(&reported.findings, &report.findings);
                    registry.report(report.clone()).await;
                    reported = report;
                }
            }
            self.turn().await;
        }
    }

    /// Waits for something to happen, and does what follows from it.
    async fn turn(&mut self) {
        tokio::select! {
            Some(event) = self.events.recv() => {
                self.roster.apply(event, Now::read());
                // What happened at the same time makes one report.
                while let Ok(event) = self.events.try_recv() {
                    self.roster.apply(event, Now::read());
                }
            }
            Some(change) = self.changes.recv() => {
                let (settings, how) = *change;
                self.access = settings.access;
                self.epmd_port = settings.following.epmd_port;
                self.roster.configure(settings.following, how, Now::read());
            }
            Some(ended) = self.tasks.join_next() => log_ended(ended),
            () = sleep_until(self.wake) => self.roster.apply(Event::Time, Now::read()),
        }
        self.act();
    }

    /// Does what the roster wishes, and shows how it stands.
    fn act(&mut self) {
        let now = Now::read();
        let Wishes {
            attach,
            dismiss,
            list,
            resolve,
            wake,
        } = self.roster.wishes(now);
        for name in dismiss {
            if let Some(life) = self.lives.remove(&name) {
                life.abort();
            }
        }
        for attach in attach {
            let name = attach.target.name.clone();
            let options = self.access.options(&attach.target, self.epmd_port);
            let life = self.tasks.spawn(live(attach, options, self.teller.clone()));
            self.lives.insert(name, life);
        }
        for place in list {
            self.tasks.spawn(ask_epmd(place, self.teller.clone()));
        }
        if let Some(name) = resolve {
            self.tasks.spawn(resolve_name(name, self.teller.clone()));
        }
        let latest = now.instant + SLEEP_MAX;
        self.wake = wake.map_or(latest, |wake| wake.min(latest)).into();
        let statuses = self.roster.statuses(now);
        self.statuses.send_if_modified(|shown| {
            let is_new = *shown != statuses;
            if is_new {
                log_changes(shown, &statuses);
                *shown = statuses;
            }
            is_new
        });
    }
}

async fn ask_epmd(place: Place, roster: mpsc::Sender<Event>) {
    let names = epmd::names(&place.host, place.port).await;
    let names = names.map_err(|error| chain(&error));
    // Without a roster nobody is left to be told.
    let _ = roster.send(Event::Listed(place, names)).await;
}

async fn resolve_name(name: String, roster: mpsc::Sender<Event>) {
    let addresses = match timeout(RESOLVE_MAX, lookup_host((name.as_str(), 0))).await {
        Ok(Ok(found)) => {
            let found: Vec<IpAddr> = found.map(|it| it.ip().to_canonical()).collect();
            Ok(found)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    };
    let _ = roster.send(Event::Resolved(name, addresses)).await;
}

/// Logs what became of each node, once for each change.
fn log_changes(was: &[NodeStatus], is: &[NodeStatus]) {
    for status in is {
        let before = was.iter().find(|before| before.node == status.node);
        let same =
            |before: &NodeStatus| (before.state, &before.reason) == (status.state, &status.reason);
        if before.is_some_and(same) {
            continue;
        }
        let NodeStatus {
            node,
            state,
            reason,
            fix,
            endpoints,
            round_trip,
            since: _,
            source: _,
        } = status;
        let milliseconds = round_trip.map(|it| it.as_secs_f64() * 1000.0);
        match state {
            NodeState::Connecting => {}
            NodeState::Attached => info!(
                node,
                endpoints,
                round_trip_ms = milliseconds,
                "node attached"
            ),
            NodeState::Lost => warn!(node, reason, fix, endpoints, "node lost"),
            NodeState::Refused => warn!(node, reason, fix, "node not attached"),
        }
    }
    for before in was {
        if is.iter().all(|status| status.node != before.node) {
            info!(node = before.node, "node no longer followed");
        }
    }
}

/// A node's task ends with its link, or with us.
fn log_ended(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        error!(%error, "the task of a node failed");
    }
}
