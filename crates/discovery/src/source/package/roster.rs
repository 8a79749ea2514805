//! All that is known of all VMs: events in, the whole report and wishes out. Pure: the caller holds the
//! clock, the sockets and the tasks.
//!
//! A VM is a member from its hello on, under its node's name. What it reported stays when its
//! connection ends without a word, unconfirmed; it goes when the VM says that it stops or its process
//! has ended, and its services stay, empty, until they are forgotten.

mod member;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use phoenix::Machine;
use routes::{Finding, Report, Source};

use super::{
    connection::{HELLO_MAX, silent},
    message::{FromVm, Hello, Pushed},
};
use crate::{How, NodeStatus, source::now::Now};
use member::{Member, Seat};

#[cfg(test)]
mod tests;

/// Connections at once; further ones are refused.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// VMs that are known, those among them that went and are not forgotten; the longest gone makes room.
const MEMBERS_MAX: usize = 512;

/// How soon the name of a host is looked up again.
const RESOLVE_AGAIN: Duration = Duration::from_secs(30);

/// A connection, by its number: later ones have higher numbers.
pub(crate) type ConnectionId = u64;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A VM has connected; its process, where the system tells.
    Connected(ConnectionId, Option<u32>),
    /// It said something.
    Said(ConnectionId, FromVm),
    /// It said something that can't be read; why.
    Unreadable(ConnectionId, String),
    /// The connection has ended.
    Closed(ConnectionId),
    /// The process has ended.
    Ended(ConnectionId),
    /// The gateway before us knew of a VM; the connection stands for the one that was there.
    Inherited(ConnectionId, Hello, Pushed),
    /// Where a host is; or why that is not known.
    Resolved(String, Result<Machine, String>),
    /// Time went by.
    Time,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Welcome these.
    pub(crate) welcome: Vec<ConnectionId>,
    /// Tell these why they are not served, and close their connections.
    pub(crate) refuse: Vec<(ConnectionId, String)>,
    /// Close these connections.
    pub(crate) close: Vec<ConnectionId>,
    /// Find out where these hosts are.
    pub(crate) resolve: Vec<String>,
    /// Come again then, if nothing happens before.
    pub(crate) wake: Option<Instant>,
}

/// A connection that is open.
#[derive(Debug)]
enum Guest {
    /// It has not said who it is; until when it may.
    Stranger {
        until: Instant,
        process: Option<u32>,
    },
    /// It is the member of that name.
    Known(String),
}

/// A host's place.
#[derive(Debug)]
struct Place {
    machine: Result<Machine, String>,
    /// When that was asked for.
    asked: Instant,
    /// Why it could not be found out again.
    trouble: Option<String>,
}

/// All VMs.
#[derive(Debug)]
pub(crate) struct Roster {
    forget: Duration,
    how: How,
    guests: BTreeMap<ConnectionId, Guest>,
    members: BTreeMap<String, Member>,
    /// Hosts that nodes run on, other than the VMs' own; `None` while one is being looked up.
    places: BTreeMap<String, Option<Place>>,
    wishes: Wishes,
    /// The report, or who is to be told that it is applied, may be another than when it was asked for
    /// last.
    is_changed: bool,
}

impl Roster {
    pub(crate) fn new(how: How, forget: Duration) -> Self {
        Self {
            forget,
            how,
            guests: BTreeMap::new(),
            members: BTreeMap::new(),
            places: BTreeMap::new(),
            wishes: Wishes::default(),
            is_changed: false,
        }
    }

    /// Takes over other settings.
    pub(crate) fn configure(&mut self, how: How, forget: Duration) {
        self.how = how;
        self.forget = forget;
        self.is_changed = true;
    }

    /// Takes over what happened.
    pub(crate) fn apply(&mut self, event: Event, now: Now) {
        match event {
            Event::Connected(id, process) => self.connected(id, process, now),
            Event::Said(id, said) => self.said(id, said, now),
            Event::Unreadable(id, why) => self.refuse(id, why, now),
            Event::Closed(id) => self.closed(id, now),
            Event::Ended(id) => self.ended(id, now),
            Event::Inherited(id, hello, pushed) => self.inherited(id, hello, pushed, now),
            Event::Resolved(host, machine) => {
                self.is_changed = true;
                let asked = now.instant;
                match (self.places.get_mut(&host), machine) {
                    // A resolver that fails doesn't move a machine.
                    (Some(Some(place)), Err(why)) if place.machine.is_ok() => {
                        (place.asked, place.trouble) = (asked, Some(why));
                    }
                    (_, machine) => {
                        let place = Place {
                            machine,
                            asked,
                            trouble: None,
                        };
                        self.places.insert(host, Some(place));
                    }
                }
            }
            Event::Time => {}
        }
        self.sweep(now);
    }

    /// Says what is to be done now, and takes it for begun.
    pub(crate) fn wishes(&mut self, now: Instant) -> Wishes {
        self.wishes.resolve = self.unknown_places(now);
        let greetings = self.guests.values().filter_map(|guest| match guest {
            Guest::Stranger { until, .. } => Some(*until),
            Guest::Known(_) => None,
        });
        let members = self.members.values();
        let forgets = members.filter_map(|member| member.forgets_at(self.forget));
        let places = self.places.values().flatten();
        let places = places.filter_map(|place| place.asked.checked_add(RESOLVE_AGAIN));
        let wakes = greetings.chain(forgets).chain(places);
        self.wishes.wake = wakes.min();
        std::mem::take(&mut self.wishes)
    }

    /// Returns whether the report may have changed since this was asked last, or came again.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// The connections that are open, and of each VM that is known the last one and that of its newest
    /// report.
    pub(crate) fn connections(&self) -> BTreeSet<ConnectionId> {
        let open = self.guests.keys().copied();
        open.chain(self.members.values().flat_map(Member::connections))
            .collect()
    }

    /// The newest report of each VM that is connected.
    pub(crate) fn reported(&self) -> Vec<(ConnectionId, i64)> {
        let members = self.members.values();
        members.filter_map(Member::reported).collect()
    }

    /// Everything that is known.
    pub(crate) fn report(&self) -> Report {
        let mut report = Report {
            source: Source::Package,
            stale: false,
            endpoints: Vec::new(),
            findings: Vec::new(),
        };
        for (member, node, seat) in self.seats() {
            let machine = self.machine(member, node);
            let (endpoints, findings) = member.read(node, seat, machine, &self.how);
            report.endpoints.extend(endpoints);
            report.findings.extend(findings);
        }
        report
            .findings
            .extend(self.members.values().flat_map(Member::findings));
        report.findings.extend(self.troubles());
        report.findings.sort();
        report.findings.dedup();
        report
    }

    /// What is to be said of the hosts that could be looked up, and can't now.
    fn troubles(&self) -> impl Iterator<Item = Finding> {
        self.places.iter().filter_map(|(host, place)| {
            let why = place.as_ref()?.trouble.as_ref()?;
            Some(warning(
                host,
                "node-host",
                format!("{why}; nodes on {host} are dialled where they were"),
                "see whether this machine's resolver works",
            ))
        })
    }

    /// How we stand with each VM; those that stopped in an orderly way are left out.
    pub(crate) fn statuses(&self) -> Vec<NodeStatus> {
        self.members.values().filter_map(Member::status).collect()
    }

    /// Whether hosts are being looked up of which nothing is known yet.
    pub(crate) fn looks_for_hosts(&self) -> bool {
        self.places.values().any(Option::is_none)
    }

    fn connected(&mut self, id: ConnectionId, process: Option<u32>, now: Now) {
        if self.guests.len() >= CONNECTIONS_MAX {
            let why = format!("{CONNECTIONS_MAX} VMs are connected already, and no more are taken");
            self.wishes.refuse.push((id, why));
            return;
        }
        let until = now.instant.checked_add(HELLO_MAX).unwrap_or(now.instant);
        self.guests.insert(id, Guest::Stranger { until, process });
    }

    fn said(&mut self, id: ConnectionId, said: FromVm, now: Now) {
        let (name, process) = match self.guests.get(&id) {
            None => return,
            Some(Guest::Stranger { process, .. }) => (None, *process),
            Some(Guest::Known(name)) => (Some(name.clone()), None),
        };
        match (name, said) {
            (None, FromVm::Hello(hello)) => self.hello(id, *hello, process, now),
            (None, FromVm::Report(_) | FromVm::Bye | FromVm::Other) => {
                self.refuse(id, "the first message is hello".to_owned(), now);
            }
            (Some(_), FromVm::Hello(_)) => {
                self.refuse(id, "hello comes once".to_owned(), now);
            }
            (Some(name), FromVm::Report(pushed)) => self.pushed(&name, pushed, now),
            (Some(name), FromVm::Bye) => {
                if let Some(member) = self.members.get_mut(&name) {
                    member.bye(now);
                }
                self.is_changed = true;
                self.guests.remove(&id);
                self.wishes.close.push(id);
            }
            (Some(_), FromVm::Other) => {}
        }
    }

    /// Takes a VM in, in the place of one of its name.
    fn hello(&mut self, id: ConnectionId, hello: Hello, process: Option<u32>, now: Now) {
        let pid = process.filter(|pid| *pid > 0).unwrap_or(hello.os_pid);
        let name = name(&hello, pid);
        self.make_room();
        let member = self.members.entry(name.clone());
        let member = member.or_insert_with(|| Member::new(name.clone(), now));
        if let Some(before) = member.connect(id, hello, pid, now) {
            self.guests.remove(&before);
            let why = format!("another VM said hello as {name} and takes its place");
            self.wishes.refuse.push((before, why));
        }
        self.guests.insert(id, Guest::Known(name));
        self.wishes.welcome.push(id);
        self.is_changed = true;
    }

    /// Takes over what the gateway before us knew. It is a lost sight until the VM connects again.
    fn inherited(&mut self, id: ConnectionId, hello: Hello, pushed: Pushed, now: Now) {
        let name = name(&hello, hello.os_pid);
        self.make_room();
        let member = self.members.entry(name.clone());
        let member = member.or_insert_with(|| Member::new(name, now));
        if member.reported().is_none() {
            member.inherit(id, hello, pushed, now);
            self.is_changed = true;
        }
    }

    fn pushed(&mut self, name: &str, pushed: Pushed, now: Now) {
        if let Some(member) = self.members.get_mut(name) {
            member.pushed(pushed, now);
        }
        self.is_changed = true;
    }

    /// Ends a connection that can't be served.
    fn refuse(&mut self, id: ConnectionId, why: String, now: Now) {
        match self.guests.remove(&id) {
            None => return,
            Some(Guest::Known(name)) => self.lost(&name, now),
            Some(Guest::Stranger { .. }) => {}
        }
        self.wishes.refuse.push((id, why));
    }

    fn closed(&mut self, id: ConnectionId, now: Now) {
        match self.guests.remove(&id) {
            None => return,
            Some(Guest::Known(name)) => self.lost(&name, now),
            Some(Guest::Stranger { .. }) => {}
        }
        self.wishes.close.push(id);
    }

    fn lost(&mut self, name: &str, now: Now) {
        if let Some(member) = self.members.get_mut(name) {
            member.lost(now);
        }
        self.is_changed = true;
    }

    /// Takes the system's word that a process is gone. A child of its own may keep its connection.
    fn ended(&mut self, id: ConnectionId, now: Now) {
        let members = self.members.values_mut();
        for member in members.filter(|member| member.connection() == id) {
            member.ended(now);
            self.is_changed = true;
        }
        if self.guests.remove(&id).is_some() {
            self.wishes.close.push(id);
        }
    }

    /// Lets the VM go that has been gone the longest, where there are too many.
    fn make_room(&mut self) {
        if self.members.len() < MEMBERS_MAX {
            return;
        }
        let gone = self.members.values().filter_map(Member::gone_since);
        if let Some((_, name)) = gone.min().map(|(at, name)| (at, name.to_owned())) {
            self.members.remove(&name);
        }
    }

    /// Refuses who did not say who it is in time, and forgets what is over.
    fn sweep(&mut self, now: Now) {
        let late: Vec<ConnectionId> = self
            .guests
            .iter()
            .filter(|(_, guest)| match guest {
                Guest::Stranger { until, .. } => *until <= now.instant,
                Guest::Known(_) => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.refuse(id, silent(), now);
        }
        for member in self.members.values_mut() {
            self.is_changed |= member.forget(self.forget, now.instant);
        }
        let before = self.members.len();
        self.members.retain(|_, member| !member.is_over());
        self.is_changed |= self.members.len() != before;
        let named = self.hosts();
        self.places.retain(|host, _| named.contains(host));
    }

    /// What is known of each node, from whoever knows best: the VM itself, then one that sees it.
    fn seats(&self) -> impl Iterator<Item = (&Member, &str, &Seat)> {
        let mut best: BTreeMap<&str, (&Member, &Seat)> = BTreeMap::new();
        for member in self.members.values() {
            for (node, seat) in member.seats() {
                let known = best.entry(node).or_insert((member, seat));
                if member.knows(node, seat) > known.0.knows(node, known.1) {
                    *known = (member, seat);
                }
            }
        }
        best.into_iter()
            .map(|(node, (member, seat))| (member, node, seat))
    }

    /// Where a node runs, by the host in its name.
    fn machine(&self, member: &Member, node: &str) -> Result<Machine, String> {
        match member.foreign_host(node) {
            None => Ok(Machine::This),
            Some(host) => match self.places.get(host) {
                Some(Some(place)) => place.machine.clone(),
                Some(None) | None => Err("it is being looked up".to_owned()),
            },
        }
    }

    /// The hosts of nodes that are not on this machine for certain.
    fn hosts(&self) -> BTreeSet<String> {
        let members = self.members.values();
        let hosts = members.flat_map(|member| {
            let nodes = member.seats().map(|(node, _)| node);
            nodes.filter_map(|node| member.foreign_host(node))
        });
        hosts.map(str::to_owned).collect()
    }

    /// The hosts to be looked up now.
    fn unknown_places(&mut self, now: Instant) -> Vec<String> {
        let is_old = |place: &Place| now.saturating_duration_since(place.asked) >= RESOLVE_AGAIN;
        let mut wanted = Vec::new();
        for host in self.hosts() {
            match self.places.get_mut(&host) {
                None => {
                    self.places.insert(host.clone(), None);
                    wanted.push(host);
                }
                Some(Some(place)) if is_old(place) => {
                    // What was known of it stands meanwhile.
                    place.asked = now;
                    wanted.push(host);
                }
                Some(Some(_) | None) => {}
            }
        }
        wanted
    }
}

/// What a VM is called: by its own words, so that it has the same name for every gateway. Containers may
/// have the same process ids, and not the same host.
fn name(hello: &Hello, pid: u32) -> String {
    match (&hello.node, &hello.host) {
        (Some(node), _) => node.to_string(),
        (None, Some(host)) => format!("pid-{}@{host}", hello.os_pid),
        (None, None) => format!("pid-{pid}"),
    }
}

/// What is to be said of a VM.
fn warning(member: &str, code: &'static str, message: String, fix: &str) -> Finding {
    Finding {
        code,
        severity: routes::Severity::Warning,
        origin: Some(crate::source::running::origin(member)),
        message,
        fix: fix.to_owned(),
    }
}
