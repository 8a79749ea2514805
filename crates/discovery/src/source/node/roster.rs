//! All that is known of all nodes: events in, the whole report and wishes out. Pure: the caller holds
//! the clock, the sockets and the tasks.
//!
//! A node is found because the operator names it, because an EPMD lists it, or because an attached
//! node is connected to it. What it told stays when the link to it is lost, unconfirmed; it goes
//! when the node is known to be down, and its services stay, empty, until they are forgotten.

mod finders;
mod member;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    str::FromStr,
    time::{Duration, Instant},
};

use erldist::{LostReason, NodeName, Target};
use phoenix::Machine;
use routes::{Finding, Report, Severity, Source};

use super::{answers::Answers, settings::Following, trouble::Trouble};
use crate::{How, NodeStatus, source::now::Now, wildcard};
use finders::Finders;
use member::{Member, Phase};

#[cfg(test)]
mod tests;

/// Nodes, at most; further ones are left out, with a finding.
pub(crate) const NODES_MAX: usize = 1024;

/// An EPMD: a host, and the port where it listens there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// A name or an address.
    pub host: String,
    /// Usually 4369.
    pub port: u16,
}

impl Place {
    /// Reads `host`, `host:4369`, `10.0.0.5`, `[::1]:4369`; without a port it is `port`.
    ///
    /// # Errors
    ///
    /// There is no host, or what stands behind the colon is no port.
    pub fn parse(text: &str, port: u16) -> Result<Self, String> {
        let bad =
            || format!("\"{text}\" is no host, such as \"app.internal\" or \"10.0.0.5:4369\"");
        let (host, digits) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
                (host, rest.strip_prefix(':'))
            }
            None if text.parse::<IpAddr>().is_ok() => (text, None),
            None => match text.split_once(':') {
                Some((host, digits)) => (host, Some(digits)),
                None => (text, None),
            },
        };
        let strange = |it: char| it.is_whitespace() || matches!(it, '@' | '/' | '[' | ']');
        if host.is_empty() || host.contains(strange) {
            return Err(bad());
        }
        let port = match digits.map(u16::from_str) {
            None => port,
            Some(Ok(port)) if port > 0 => port,
            Some(Ok(_) | Err(_)) => return Err(bad()),
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// What a node's task says.
    Of(NodeName, u64, Told),
    /// An EPMD's answer, or why there is none.
    Listed(Place, Result<Vec<(String, u16)>, String>),
    /// The addresses of the name asked for, or why there are none.
    Resolved(String, Result<Vec<IpAddr>, String>),
    /// Time went by.
    Time,
}

/// What a node's task says.
#[derive(Debug)]
pub(crate) enum Told {
    /// All that it answered, on that machine; how long the last round took.
    Answered(Answers, Machine, Duration),
    /// An endpoint's supervisor has ended.
    Down(String),
    /// The link is lost; the task has ended.
    Lost(LostReason),
    /// There is no link; the task has ended.
    Refused(Trouble),
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Start a task for each of these.
    pub(crate) attach: Vec<Attach>,
    /// End the tasks of these.
    pub(crate) dismiss: Vec<NodeName>,
    /// Ask these EPMDs.
    pub(crate) list: Vec<Place>,
    /// Resolve this name.
    pub(crate) resolve: Option<String>,
    /// Come again then, if nothing happens before.
    pub(crate) wake: Option<Instant>,
}

/// A node to attach to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attach {
    pub(crate) target: Target,
    /// What the task is to say who it is with.
    pub(crate) life: u64,
    /// The endpoints that it had.
    pub(crate) expected: Vec<String>,
    /// It was not running a while ago: its endpoints may be about to start.
    pub(crate) is_fresh: bool,
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Roster {
    following: Following,
    how: How,
    members: BTreeMap<NodeName, Member>,
    finders: Finders,
    dismissed: Vec<NodeName>,
    is_full: bool,
    /// The report may be another than when it was asked for last.
    is_changed: bool,
    random: fastrand::Rng,
}

impl Roster {
    pub(crate) fn new(following: Following, how: How, seed: u64, now: Now) -> Self {
        let mut roster = Self {
            following: Following::default(),
            how: how.clone(),
            members: BTreeMap::new(),
            finders: Finders::default(),
            dismissed: Vec::new(),
            is_full: false,
            is_changed: true,
            random: fastrand::Rng::with_seed(seed),
        };
        roster.configure(following, how, now);
        roster
    }

    /// Takes over other settings. Nodes that are still found stay as they are; those that are not
    /// are dismissed with all that they told. Whoever waits for another try is tried at once.
    pub(crate) fn configure(&mut self, following: Following, how: How, now: Now) {
        self.how = how;
        self.is_changed = true;
        for member in self.members.values_mut() {
            member.is_configured = false;
            if !following.follow {
                member.named.clear();
            }
            if let Phase::Waiting { at, attempts } = &mut member.phase {
                (*at, *attempts) = (now.instant, 0);
            }
        }
        for target in &following.nodes {
            if let Some(member) = self.find(target.clone(), now) {
                member.is_configured = true;
                member.target = target.clone();
            }
        }
        self.following = following;
        self.finders.configure(&self.following, now.instant);
        self.unlist();
        let reached = self.reached();
        self.dismiss(|name, _| !reached.contains(name));
    }

    /// Takes over what happened.
    pub(crate) fn apply(&mut self, event: Event, now: Now) {
        self.is_changed |= !self.is_old(&event);
        match event {
            Event::Of(name, life, told) => {
                let member = self.members.get(&name);
                if member.is_some_and(|member| member.life == life) {
                    self.told(&name, told, now);
                }
            }
            Event::Listed(place, names) => self.listed(&place, names, now),
            Event::Resolved(query, addresses) => {
                self.finders.resolved(&query, addresses, now.instant);
                self.unlist();
            }
            Event::Time => {}
        }
        self.sweep(now.instant);
    }

    /// Says what is to be done now, and takes it for begun.
    pub(crate) fn wishes(&mut self, now: Now) -> Wishes {
        let now = now.instant;
        let mut wishes = Wishes {
            dismiss: std::mem::take(&mut self.dismissed),
            ..Wishes::default()
        };
        let mut wakes = Vec::new();
        let mut expecting = BTreeSet::new();
        for member in self.members.values_mut() {
            if let Phase::Waiting { at, attempts } = member.phase {
                if at <= now {
                    member.phase = Phase::Attaching { attempts };
                    member.life = member.life.saturating_add(1);
                    wishes.attach.push(Attach {
                        target: member.dialled(),
                        life: member.life,
                        expected: member.expected(),
                        is_fresh: member.is_fresh(),
                    });
                } else {
                    wakes.push(at);
                }
            }
            if member.is_expected(now) && member.target.port.is_none() {
                expecting.insert(place_of(&member.target.name, self.following.epmd_port));
            }
            wakes.extend(member.forgets_at(self.following.forget, now));
        }
        wishes.list = self.finders.list(&expecting, now);
        wishes.resolve = self.finders.resolve(now);
        wakes.extend(self.finders.wake(now));
        wishes.wake = wakes.into_iter().min();
        wishes
    }

    /// Returns whether everything that is known was tried at least once.
    pub(crate) fn is_settled(&self) -> bool {
        self.finders.is_settled() && self.members.values().all(Member::is_tried)
    }

    /// Returns whether an event tells nothing new, as most answers of attached nodes do.
    fn is_old(&self, event: &Event) -> bool {
        match event {
            Event::Of(name, _, Told::Answered(answers, machine, _)) => {
                let member = self.members.get(name);
                member.is_some_and(|member| member.has_said(answers, *machine))
            }
            Event::Of(..) | Event::Listed(..) | Event::Resolved(..) | Event::Time => false,
        }
    }

    /// Returns whether the report may have changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Everything that is known.
    pub(crate) fn report(&self) -> Report {
        let mut report = Report {
            source: Source::Node,
            stale: false,
            endpoints: Vec::new(),
            findings: self.finders.findings(),
        };
        for member in self.members.values() {
            let (endpoints, findings) = member.report(&self.how);
            report.endpoints.extend(endpoints);
            report.findings.extend(findings);
        }
        if self.is_full {
            report.findings.push(too_many_nodes());
        }
        report.findings.sort();
        report.findings.dedup();
        report
    }

    /// How we stand with each node.
    pub(crate) fn statuses(&mut self, now: Now) -> Vec<NodeStatus> {
        let members = self.members.values_mut();
        members.map(|member| member.status(now)).collect()
    }

    fn told(&mut self, name: &NodeName, told: Told, now: Now) {
        let Some(member) = self.members.get_mut(name) else {
            return;
        };
        match told {
            Told::Answered(answers, machine, round_trip) => {
                let peers: BTreeSet<NodeName> = answers.peers.iter().cloned().collect();
                member.answered(answers, machine, now);
                member.measured(round_trip);
                self.connected(name, &peers, now);
            }
            Told::Down(module) => member.down(&module, now.instant),
            Told::Lost(reason) => {
                member.lost(&reason, now.instant);
                self.weigh();
            }
            Told::Refused(trouble) => {
                let real_name = trouble.real_name.clone();
                member.refused(trouble, now, &mut self.random);
                if let Some(real_name) = real_name {
                    self.rename(name, real_name, now);
                }
            }
        }
    }

    /// Takes the word of an attached node on which nodes it is connected to.
    fn connected(&mut self, by: &NodeName, peers: &BTreeSet<NodeName>, now: Now) {
        let Some(member) = self.members.get_mut(by) else {
            return;
        };
        let before = std::mem::replace(&mut member.peers, peers.clone());
        // The node itself is up, whoever said otherwise.
        member.dropped.clear();
        for gone in before.difference(peers) {
            if let Some(member) = self.members.get_mut(gone) {
                member.named.remove(by);
                member.dropped.insert(by.clone(), now.instant);
            }
        }
        for peer in peers {
            if self.following.follow {
                self.find(Target::from(peer.clone()), now);
            }
            let is_new = !before.contains(peer);
            if let Some(member) = self.members.get_mut(peer) {
                member.named.insert(by.clone());
                member.dropped.remove(by);
                if is_new {
                    member.seen(now.instant);
                }
            }
        }
        self.weigh();
    }

    fn weigh(&mut self) {
        let attached = self.members.values().filter(|member| member.is_attached());
        let words: BTreeSet<NodeName> = attached.map(|member| member.name().clone()).collect();
        for member in self.members.values_mut() {
            member.weigh(&words);
        }
    }

    fn listed(&mut self, place: &Place, names: Result<Vec<(String, u16)>, String>, now: Now) {
        let is_finder = self
            .finders
            .listed(place, names.as_ref().err(), now.instant);
        let Ok(names) = names else {
            return;
        };
        let ports: BTreeMap<String, u16> = names.into_iter().collect();
        if is_finder {
            for name in ports.keys() {
                if !self.following.is_wanted(name) {
                    continue;
                }
                let Ok(name) = format!("{name}@{}", place.host).parse::<NodeName>() else {
                    continue;
                };
                let name = self.finders.real_name(name);
                if let Some(member) = self.find(Target::from(name), now) {
                    member.listed.insert(place.clone());
                }
            }
        }
        for (name, member) in &mut self.members {
            let is_there =
                member.listed.contains(place) || place_of(name, self.following.epmd_port) == *place;
            if !is_there || member.is_attached() {
                continue;
            }
            match ports.get(name.name()) {
                Some(port) => member.present(*port, now.instant),
                None => member.absent(),
            }
        }
        for member in self.members.values_mut() {
            if !ports.contains_key(member.target.name.name()) {
                member.listed.remove(place);
            }
        }
    }

    /// Who was listed under a name that it does not have goes on under its own.
    fn rename(&mut self, listed: &NodeName, real_name: NodeName, now: Now) {
        let is_listed_only = self.members.get(listed).is_some_and(|member| {
            !member.is_configured && member.kept.is_empty() && !member.listed.is_empty()
        });
        if !is_listed_only || real_name == *listed || real_name.name() != listed.name() {
            return;
        }
        let Some(was) = self.members.remove(listed) else {
            return;
        };
        self.finders.rename(listed.clone(), real_name.clone());
        if let Some(member) = self.find(Target::from(real_name), now) {
            member.listed.extend(was.listed);
        }
    }

    /// Returns the node, a new one if need be; `None` where there are too many.
    fn find(&mut self, target: Target, now: Now) -> Option<&mut Member> {
        if !self.members.contains_key(&target.name) && self.members.len() >= NODES_MAX {
            self.is_full = true;
            return None;
        }
        let member = self.members.entry(target.name.clone());
        Some(member.or_insert_with(|| Member::new(target, now)))
    }

    /// Takes the word of EPMDs that nobody asks any more off the nodes that they listed, and that of
    /// all off nodes that are not meant any more.
    fn unlist(&mut self) {
        let (finders, following) = (&self.finders, &self.following);
        for (name, member) in &mut self.members {
            let is_wanted = following.is_wanted(name.name());
            member
                .listed
                .retain(|place| is_wanted && finders.is_finder(place));
        }
    }

    /// The nodes that lead back to the operator's word.
    fn reached(&self) -> BTreeSet<NodeName> {
        let roots = self.members.values();
        let roots = roots.filter(|it| it.is_configured || !it.listed.is_empty());
        let mut reached: BTreeSet<NodeName> = roots.map(|it| it.name().clone()).collect();
        let mut left: Vec<NodeName> = reached.iter().cloned().collect();
        while let Some(by) = left.pop() {
            for member in self.members.values().filter(|it| it.named.contains(&by)) {
                if reached.insert(member.name().clone()) {
                    left.push(member.name().clone());
                }
            }
        }
        reached
    }

    fn dismiss(&mut self, is_over: impl Fn(&NodeName, &Member) -> bool) {
        let names = self.members.iter();
        let over: Vec<NodeName> = names
            .filter(|(name, member)| is_over(name, member))
            .map(|(name, _)| name.clone())
            .collect();
        for name in over {
            self.members.remove(&name);
            for member in self.members.values_mut() {
                member.named.remove(&name);
                member.dropped.remove(&name);
            }
            self.dismissed.push(name);
            self.is_full = false;
        }
    }

    /// Forgets what is over, and the nodes that nobody names and of which nothing is left.
    fn sweep(&mut self, now: Instant) {
        let attached = self.members.values().filter(|member| member.is_attached());
        let attached: BTreeSet<NodeName> = attached.map(|it| it.name().clone()).collect();
        let is_wanted = |member: &Member| {
            member.is_configured
                || !member.listed.is_empty()
                || member.named.iter().any(|by| attached.contains(by))
        };
        for member in self.members.values_mut() {
            let is_wanted = is_wanted(member);
            member.forget(self.following.forget, is_wanted, now);
        }
        self.dismiss(|_, member| {
            !member.is_attached() && !is_wanted(member) && member.kept.is_empty()
        });
    }
}

/// The EPMD of a node's host.
fn place_of(node: &NodeName, port: u16) -> Place {
    Place {
        host: node.host().to_owned(),
        port,
    }
}

impl Following {
    /// Returns whether a node that EPMD lists under `name` is meant.
    fn is_wanted(&self, name: &str) -> bool {
        let mut patterns = self.names.iter();
        patterns.any(|pattern| wildcard::matches(pattern, name))
    }
}

fn too_many_nodes() -> Finding {
    Finding {
        code: "too-many-nodes",
        severity: Severity::Warning,
        origin: None,
        message: format!("more than {NODES_MAX} nodes were found, the rest is left out"),
        fix: "name fewer under [discovery], or set `follow = false`".to_owned(),
    }
}
