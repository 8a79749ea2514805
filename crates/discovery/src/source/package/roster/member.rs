//! One VM: how we stand with it, and what it reported.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use phoenix::Machine;
use routes::{Finding, Reported, Sight, Source};

use super::{ConnectionId, warning};
use crate::{
    How, NodeState, NodeStatus,
    source::{
        kept::{Kept, Standing},
        now::Now,
        package::message::{Hello, Pushed},
        running::Speaker,
    },
};

/// One VM.
#[derive(Debug)]
pub(super) struct Member {
    name: String,
    /// The host in its node's name.
    host: Option<String>,
    /// Where the paths of its sockets start.
    root: PathBuf,
    pid: u32,
    /// The connection that it has, or had last.
    connection: ConnectionId,
    is_connected: bool,
    /// The connection of its newest report.
    reported_on: ConnectionId,
    /// The number of its newest report on this connection.
    seq: Option<i64>,
    /// By node.
    seats: BTreeMap<String, Seat>,
    /// What was lost, until it reports again.
    loss: Option<Loss>,
    /// More was reported than is taken; what, in a clause.
    left_out: Option<String>,
    since: SystemTime,
}

/// What a VM knows of one node.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// The VM can't see it.
    is_unseen: bool,
    kept: Kept,
}

/// A VM that we don't hear any more.
#[derive(Debug)]
struct Loss {
    at: Instant,
    /// It is known to be gone: why, in a clause.
    gone: Option<Gone>,
}

/// How a VM went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    /// It said so.
    Bye,
    /// Its process ended.
    Ended,
}

impl Member {
    pub(super) fn new(name: String, now: Now) -> Self {
        Self {
            name,
            host: None,
            root: PathBuf::from("/"),
            pid: 0,
            connection: 0,
            is_connected: false,
            reported_on: 0,
            seq: None,
            seats: BTreeMap::new(),
            loss: None,
            left_out: None,
            since: now.wall,
        }
    }

    /// Takes a connection over; returns the one that it takes the place of. What was reported before
    /// is unconfirmed until the first report.
    pub(super) fn connect(
        &mut self,
        id: ConnectionId,
        hello: Hello,
        pid: u32,
        now: Now,
    ) -> Option<ConnectionId> {
        let before = self.is_connected.then_some(self.connection);
        if before.is_some() {
            self.lost(now);
        }
        self.greet(hello, pid);
        self.connection = id;
        self.is_connected = true;
        self.seq = None;
        self.since = now.wall;
        before
    }

    /// Takes over what the gateway before us knew of it.
    pub(super) fn inherit(&mut self, id: ConnectionId, hello: Hello, pushed: Pushed, now: Now) {
        let pid = hello.os_pid;
        self.greet(hello, pid);
        self.connection = id;
        self.pushed(pushed, now);
        self.seq = None;
        self.lost(now);
    }

    fn greet(&mut self, hello: Hello, pid: u32) {
        self.host = hello.node.map(|node| node.host().to_owned());
        self.root = hello.root.unwrap_or_else(|| PathBuf::from("/"));
        self.pid = pid;
    }

    /// Takes over all that it knows.
    pub(super) fn pushed(&mut self, pushed: Pushed, now: Now) {
        self.seq = Some(pushed.seq);
        self.reported_on = self.connection;
        self.loss = None;
        self.left_out = pushed.left_out;
        let mut told = BTreeSet::new();
        for (node, on_node) in pushed.nodes {
            let node = node.map_or_else(|| self.name.clone(), |node| node.to_string());
            told.insert(node.clone());
            let seat = self.seats.entry(node).or_default();
            seat.is_unseen = !on_node.seen;
            // What is stopped is as good as left out.
            let running = on_node.endpoints.into_iter().filter(|it| it.runs());
            seat.kept.tell(running.collect(), now.instant);
        }
        for (node, seat) in &mut self.seats {
            if !told.contains(node) {
                seat.kept.tell(Vec::new(), now.instant);
            }
        }
        self.seats.retain(|_, seat| !seat.kept.is_empty());
    }

    /// Its connection has ended without a word.
    pub(super) fn lost(&mut self, now: Now) {
        self.disconnect(now);
        self.loss.get_or_insert(Loss {
            at: now.instant,
            gone: None,
        });
    }

    /// It stops.
    pub(super) fn bye(&mut self, now: Now) {
        self.disconnect(now);
        self.go(Gone::Bye, now);
    }

    /// Its process has ended.
    pub(super) fn ended(&mut self, now: Now) {
        self.disconnect(now);
        self.go(Gone::Ended, now);
    }

    fn disconnect(&mut self, now: Now) {
        if std::mem::take(&mut self.is_connected) {
            self.since = now.wall;
        }
    }

    fn go(&mut self, gone: Gone, now: Now) {
        match &mut self.loss {
            Some(Loss { gone: Some(_), .. }) => {}
            Some(Loss { gone: None, .. }) | None => {
                self.loss = Some(Loss {
                    at: now.instant,
                    gone: Some(gone),
                });
            }
        }
    }

    /// The connection that it has, or had last.
    pub(super) fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The connection that it has, or had last, and the one of its newest report.
    pub(super) fn connections(&self) -> [ConnectionId; 2] {
        [self.connection, self.reported_on]
    }

    /// Its connection, and the number of its newest report there.
    pub(super) fn reported(&self) -> Option<(ConnectionId, i64)> {
        self.is_connected.then_some((self.connection, self.seq?))
    }

    /// Since when it is gone, if it is.
    pub(super) fn gone_since(&self) -> Option<(Instant, &str)> {
        let loss = self.loss.as_ref().filter(|_| !self.is_connected)?;
        Some((loss.at, &self.name))
    }

    /// Whether nothing is left of it.
    pub(super) fn is_over(&self) -> bool {
        !self.is_connected && self.seats.is_empty()
    }

    /// Drops what was to be kept until now, and returns whether there was any.
    pub(super) fn forget(&mut self, forget: Duration, now: Instant) -> bool {
        let is_over = |at: Instant| now.saturating_duration_since(at) >= forget;
        let mut any = false;
        for seat in self.seats.values_mut() {
            any |= seat.kept.forget(forget, false, now);
        }
        if self.loss.as_ref().is_some_and(|loss| is_over(loss.at)) {
            any |= !self.seats.is_empty();
            self.seats.clear();
        }
        self.seats.retain(|_, seat| !seat.kept.is_empty());
        any
    }

    /// When something is to be forgotten next.
    pub(super) fn forgets_at(&self, forget: Duration) -> Option<Instant> {
        let stopped = self.seats.values().flat_map(|seat| seat.kept.stopped());
        let loss = self.loss.as_ref().filter(|_| !self.seats.is_empty());
        stopped
            .chain(loss.map(|loss| loss.at))
            .filter_map(|since| since.checked_add(forget))
            .min()
    }

    /// The nodes that it knows of.
    pub(super) fn seats(&self) -> impl Iterator<Item = (&str, &Seat)> {
        self.seats.iter().map(|(node, seat)| (node.as_str(), seat))
    }

    /// How well it knows a node, the better greater.
    pub(super) fn knows(&self, node: &str, seat: &Seat) -> (Option<Sight>, bool) {
        let sight = match self.standing(seat) {
            Standing::InSight => Some(Sight::Confirmed),
            Standing::OutOfSight => Some(Sight::Unconfirmed),
            Standing::Gone => None,
        };
        (sight, node == self.name)
    }

    /// The host of a node that runs on another than the VM itself.
    pub(super) fn foreign_host<'a>(&self, node: &'a str) -> Option<&'a str> {
        if node == self.name {
            return None;
        }
        let (_, host) = node.split_once('@')?;
        (self.host.as_deref() != Some(host)).then_some(host)
    }

    fn standing(&self, seat: &Seat) -> Standing {
        match &self.loss {
            Some(Loss { gone: Some(_), .. }) => Standing::Gone,
            Some(Loss { gone: None, .. }) => Standing::OutOfSight,
            None if seat.is_unseen => Standing::OutOfSight,
            None => Standing::InSight,
        }
    }

    /// What it says of a node.
    pub(super) fn read(
        &self,
        node: &str,
        seat: &Seat,
        machine: Result<Machine, String>,
        how: &How,
    ) -> (Vec<Reported>, Vec<Finding>) {
        let is_own = node == self.name;
        let speaker = Speaker {
            source: Source::Package,
            node,
            machine: machine.clone().unwrap_or_default(),
            root: match is_own {
                true => &self.root,
                false => Path::new("/"),
            },
        };
        let (mut reported, mut findings) = seat.kept.report(speaker, self.standing(seat), how);
        if let Err(why) = machine {
            for reported in &mut reported {
                reported.upstreams.clear();
            }
            findings.push(warning(
                node,
                "node-host",
                format!("where {node} runs is not known: {why}"),
                "name nodes by addresses, or by names that this machine can resolve",
            ));
        }
        (reported, findings)
    }

    /// What is to be said of it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let (name, pid) = (&self.name, self.pid);
        let mut findings = Vec::new();
        match self.loss.as_ref().map(|loss| loss.gone) {
            Some(None) if !self.seats.is_empty() => findings.push(warning(
                name,
                "vm-lost",
                format!(
                    "the connection of {name} ended and its process {pid} may run; what it serves is \
                     still dialled"
                ),
                "see whether the VM runs: the Hex package connects again by itself",
            )),
            Some(Some(Gone::Ended)) => findings.push(warning(
                name,
                "vm-down",
                format!("{name} is down: its process {pid} has ended"),
                "",
            )),
            // One that says that it stops is not missed.
            Some(Some(Gone::Bye) | None) | None => {}
        }
        if let Some(what) = &self.left_out {
            findings.push(warning(
                name,
                "too-many-endpoints",
                format!("{name} reports {what}, the rest is left out"),
                "",
            ));
        }
        findings
    }

    /// How we stand, and since when; `None` where it has said that it stops.
    pub(super) fn status(&self) -> Option<NodeStatus> {
        let reason = match self.loss.as_ref().map(|loss| loss.gone) {
            _ if self.is_connected => None,
            Some(Some(Gone::Bye)) => return None,
            Some(Some(Gone::Ended)) => Some(format!("its process {} has ended", self.pid)),
            Some(None) | None => Some("its connection ended".to_owned()),
        };
        Some(NodeStatus {
            node: self.name.clone(),
            source: Source::Package,
            state: match self.is_connected {
                true => NodeState::Attached,
                false => NodeState::Lost,
            },
            since: self.since,
            reason,
            fix: None,
            endpoints: self.seats.values().map(|seat| seat.kept.len()).sum(),
            round_trip: None,
        })
    }
}
