//! One node: how we stand with it, and what it told us.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use erldist::{LostReason, NodeName, Target};
use phoenix::Machine;
use routes::{Finding, Reported, Severity, Source};

use super::Place;
use crate::{
    How, NodeState, NodeStatus,
    source::{
        kept::{Kept, Standing},
        node::{
            answers::Answers,
            pace,
            trouble::{Trouble, Verdict, is_silence},
        },
        now::Now,
        running::{self, ENDPOINTS_MAX, Speaker},
    },
};

/// One node.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) target: Target,
    /// The operator named it.
    pub(super) is_configured: bool,
    /// The EPMDs that list it.
    pub(super) listed: BTreeSet<Place>,
    /// Its port, as an EPMD said last.
    port: Option<u16>,
    /// The same, if it was not tried since.
    fresh_port: Option<u16>,
    /// The attached nodes that are connected to it.
    pub(super) named: BTreeSet<NodeName>,
    /// Nodes that were connected to it and are not any more, with when they said so.
    pub(super) dropped: BTreeMap<NodeName, Instant>,
    pub(super) phase: Phase,
    /// Counts the tasks that drove it: what an older one says is passed over.
    pub(super) life: u64,
    /// The link that was lost, until there is one again.
    pub(super) loss: Option<Loss>,
    /// Why the last attempt failed.
    pub(super) trouble: Option<Trouble>,
    /// It was seen not running since it was last attached.
    was_absent: bool,
    machine: Machine,
    /// What it said last, on this link.
    said: Option<Answers>,
    pub(super) kept: Kept,
    pub(super) peers: BTreeSet<NodeName>,
    has_more: bool,
    round_trip: Option<Duration>,
    state: NodeState,
    since: SystemTime,
}

/// How far we are with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is tried at that time, after so many failed attempts.
    Waiting {
        /// When.
        at: Instant,
        /// How many.
        attempts: u32,
    },
    /// It is being tried, after so many failed attempts.
    Attaching {
        /// How many.
        attempts: u32,
    },
    /// It is attached.
    Attached,
}

/// A link that was lost.
#[derive(Debug)]
pub(super) struct Loss {
    pub(super) at: Instant,
    why: String,
    /// Nothing came any more, which a partition does as well.
    is_silence: bool,
    /// Who says that the node is down, in a clause.
    pub(super) is_down: Option<String>,
}

impl Member {
    pub(super) fn new(target: Target, now: Now) -> Self {
        Self {
            target,
            is_configured: false,
            listed: BTreeSet::new(),
            port: None,
            fresh_port: None,
            named: BTreeSet::new(),
            dropped: BTreeMap::new(),
            phase: Phase::Waiting {
                at: now.instant,
                attempts: 0,
            },
            life: 0,
            loss: None,
            trouble: None,
            was_absent: false,
            machine: Machine::This,
            said: None,
            kept: Kept::default(),
            peers: BTreeSet::new(),
            has_more: false,
            round_trip: None,
            state: NodeState::Connecting,
            since: now.wall,
        }
    }

    pub(super) fn name(&self) -> &NodeName {
        &self.target.name
    }

    pub(super) fn is_attached(&self) -> bool {
        self.phase == Phase::Attached
    }

    /// Whether it was reached, or was not, at least once.
    pub(super) fn is_tried(&self) -> bool {
        self.is_attached() || self.loss.is_some() || self.trouble.is_some()
    }

    /// Whom to dial: at the port that an EPMD has just named, where the operator names none.
    pub(super) fn dialled(&mut self) -> Target {
        let port = self.target.port.or(self.fresh_port.take());
        Target {
            name: self.target.name.clone(),
            port,
        }
    }

    /// It is not known to run: once it does, its endpoints start.
    pub(super) fn is_fresh(&self) -> bool {
        self.was_absent || self.loss.is_some()
    }

    /// The endpoints that it is expected to have.
    pub(super) fn expected(&self) -> Vec<String> {
        self.kept.ran().cloned().collect()
    }

    /// Whether it said the same the last time, and nothing happened since.
    pub(super) fn has_said(&self, answers: &Answers, machine: Machine) -> bool {
        self.said.as_ref() == Some(answers) && self.machine == machine
    }

    /// Takes over what the node says.
    pub(super) fn answered(&mut self, answers: Answers, machine: Machine, now: Now) {
        self.phase = Phase::Attached;
        self.loss = None;
        self.trouble = None;
        self.was_absent = false;
        self.machine = machine;
        self.said = Some(answers.clone());
        self.has_more = answers.has_more;
        self.kept.tell(answers.endpoints, now.instant);
    }

    pub(super) fn measured(&mut self, round_trip: Duration) {
        self.round_trip = Some(round_trip);
    }

    /// Takes the node's word that an endpoint's supervisor has ended.
    pub(super) fn down(&mut self, module: &str, now: Instant) {
        self.said = None;
        self.kept.down(module, now);
    }

    pub(super) fn lost(&mut self, reason: &LostReason, now: Instant) {
        if !self.is_attached() {
            return;
        }
        self.said = None;
        self.loss = Some(Loss {
            at: now,
            why: reason.to_string(),
            is_silence: is_silence(reason),
            is_down: None,
        });
        self.phase = Phase::Waiting {
            at: now,
            attempts: 0,
        };
    }

    /// Takes over why an attempt failed, and decides when the next is made.
    pub(super) fn refused(&mut self, trouble: Trouble, now: Now, random: &mut fastrand::Rng) {
        let Phase::Attaching { attempts } = self.phase else {
            return;
        };
        let attempts = attempts.saturating_add(1);
        let longest = match trouble.verdict {
            Verdict::Absent => pace::ABSENT_RETRY_MAX,
            Verdict::Alive | Verdict::Unknown => pace::RETRY_MAX,
        };
        let mut wait = pace::retry(attempts, longest, random);
        match trouble.verdict {
            Verdict::Absent => self.absent(),
            // It runs, so whoever said that it is down was right for a while at most.
            Verdict::Alive => {
                self.dropped.clear();
                if let Some(loss) = &mut self.loss {
                    loss.is_down = None;
                }
            }
            // No EPMD tells when it is back.
            Verdict::Unknown if self.target.port.is_some() && self.is_expected(now.instant) => {
                wait = pace::BRISK;
            }
            Verdict::Unknown => {}
        }
        // Right after a loss it would be another word for it with each try.
        let says_nothing = trouble.verdict == Verdict::Unknown && self.is_expected(now.instant);
        self.trouble = Some(trouble).filter(|_| !says_nothing);
        self.phase = Phase::Waiting {
            at: now.instant.checked_add(wait).unwrap_or(now.instant),
            attempts,
        };
    }

    /// EPMD is there and does not know it.
    pub(super) fn absent(&mut self) {
        self.was_absent = true;
        self.port = None;
        self.fresh_port = None;
        if let Some(loss) = &mut self.loss {
            let host = self.target.name.host();
            let why = || format!("EPMD on {host} does not know it any more");
            loss.is_down.get_or_insert_with(why);
        }
    }

    /// EPMD knows it, at that port. One that is not attached is tried at once, unless it is known to
    /// refuse us.
    pub(super) fn present(&mut self, port: u16, now: Instant) {
        let is_new = self.port.replace(port) != Some(port);
        self.fresh_port = Some(port);
        if is_new || !self.refuses() {
            self.hurry(now);
        }
    }

    /// An attached node is connected to it from now on.
    pub(super) fn seen(&mut self, now: Instant) {
        if !self.refuses() {
            self.hurry(now);
        }
    }

    /// Whether it is known to run and to refuse us.
    fn refuses(&self) -> bool {
        let trouble = self.trouble.as_ref();
        trouble.is_some_and(|it| it.verdict == Verdict::Alive)
    }

    /// Tries it at once, if it waits to be tried.
    fn hurry(&mut self, now: Instant) {
        if let Phase::Waiting { at, .. } = &mut self.phase {
            *at = now;
        }
    }

    /// Decides whether others' words amount to the node being down: another attached node had it,
    /// has it no more, and our link was closed, not only silent. Whoever says so may not have been
    /// cut off from it as we were.
    pub(super) fn weigh(&mut self, words: &BTreeSet<NodeName>) {
        let Some(loss) = &mut self.loss else {
            return;
        };
        if loss.is_silence || loss.is_down.is_some() {
            return;
        }
        let earliest = loss.at.checked_sub(pace::WORD).unwrap_or(loss.at);
        let mut dropped = self.dropped.iter();
        if let Some((by, _)) = dropped.find(|(by, at)| words.contains(*by) && **at >= earliest) {
            loss.is_down = Some(format!("{by} is not connected to it any more"));
        }
    }

    /// Whether it was lost so lately that it is expected back.
    pub(super) fn is_expected(&self, now: Instant) -> bool {
        let loss = self.loss.as_ref();
        loss.is_some_and(|loss| pace::is_expected(loss.at, now))
    }

    /// Drops what was to be kept until now. `is_wanted`: somebody names the node still.
    pub(super) fn forget(&mut self, forget: Duration, is_wanted: bool, now: Instant) {
        if self.kept.forget(forget, self.is_attached(), now) {
            self.said = None;
        }
        if let Some(loss) = &self.loss
            && now.saturating_duration_since(loss.at) >= forget
            && (loss.is_down.is_some() || !is_wanted)
        {
            self.kept.clear();
        }
    }

    /// When something may be to be forgotten next.
    pub(super) fn forgets_at(&self, forget: Duration, now: Instant) -> Option<Instant> {
        let loss = self.loss.as_ref().filter(|_| !self.kept.is_empty());
        let stopped = self.kept.stopped();
        stopped
            .chain(loss.map(|loss| loss.at))
            .filter_map(|since| since.checked_add(forget))
            // What was kept all the same goes by another event than time.
            .filter(|at| *at > now)
            .min()
    }

    /// Its part of the report.
    pub(super) fn report(&self, how: &How) -> (Vec<Reported>, Vec<Finding>) {
        let standing = match &self.loss {
            None => Standing::InSight,
            Some(loss) if loss.is_down.is_some() => Standing::Gone,
            Some(_) => Standing::OutOfSight,
        };
        let speaker = Speaker {
            source: Source::Node,
            node: self.name().as_str(),
            machine: self.machine,
            // A node answers with its socket's path as it was given; its own folder is not known.
            root: Path::new("/"),
        };
        let (reported, mut findings) = self.kept.report(speaker, standing, how);
        findings.extend(self.findings());
        (reported, findings)
    }

    fn findings(&self) -> Vec<Finding> {
        let name = self.name();
        let warning = |code, message, fix: &str| Finding {
            code,
            severity: Severity::Warning,
            origin: Some(running::origin(name.as_str())),
            message,
            fix: fix.to_owned(),
        };
        let mut findings = Vec::new();
        match (&self.loss, &self.trouble) {
            (
                Some(Loss {
                    is_down: Some(why), ..
                }),
                _,
            ) => {
                findings.push(warning("node-down", format!("{name} is down: {why}"), ""));
            }
            (_, Some(trouble)) if !self.is_attached() => findings.push(trouble.finding(name)),
            (Some(loss), _) => findings.push(warning(
                "node-lost",
                format!(
                    "the link to {name} is lost ({}); what it serves is still dialled",
                    loss.why
                ),
                "see whether the node runs and can be reached from here",
            )),
            (None, _) => {}
        }
        if self.has_more {
            findings.push(warning(
                "too-many-endpoints",
                format!("{name} has more than {ENDPOINTS_MAX} endpoints, the rest is left out"),
                "",
            ));
        }
        findings
    }

    /// How we stand, and since when.
    pub(super) fn status(&mut self, now: Now) -> NodeStatus {
        let refusal = self.trouble.as_ref().filter(|_| !self.is_attached());
        let is_alive = refusal.is_some_and(|it| it.verdict == Verdict::Alive);
        let state = match (&self.phase, &self.loss, refusal) {
            (Phase::Attached, ..) => NodeState::Attached,
            (_, Some(_), _) if !is_alive => NodeState::Lost,
            (_, _, Some(_)) => NodeState::Refused,
            (_, _, None) => NodeState::Connecting,
        };
        if state != self.state {
            self.state = state;
            self.since = now.wall;
        }
        let loss = self.loss.as_ref();
        let down = loss.and_then(|loss| loss.is_down.clone());
        let said = refusal.map(|trouble| trouble.reason.clone());
        NodeStatus {
            node: self.name().to_string(),
            source: Source::Node,
            state,
            since: self.since,
            reason: down.or(said).or_else(|| loss.map(|loss| loss.why.clone())),
            fix: refusal
                .map(|trouble| trouble.fix.clone())
                .filter(|fix| !fix.is_empty()),
            endpoints: self.kept.len(),
            round_trip: self.round_trip.filter(|_| self.is_attached()),
        }
    }
}
