//! Which upstream a request goes to: of the first tier that has one, by power of two choices by
//! requests in flight.
//!
//! Tiers are made when a table is taken over: upstreams in sight before those whose node was lost,
//! and among each, where the operator prefers them, those on this machine.
//!
//! Each worker judges for itself, and judges connections only: an upstream rests after a connect
//! that failed, never for what it answered. Once it has rested, one connection is tried, and others
//! wait for how that goes.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use routes::{Adapter, Address, Prefer, Serving, Settings, Sight, Snapshot, Upstream};
use slab::Slab;

use crate::{
    board::{Board, Mark, Standing},
    governor::Bucket,
};

#[cfg(test)]
mod tests;

/// How long an upstream rests after the first connect that failed; doubles up to `REST_MAX`.
const REST_MIN: Duration = Duration::from_millis(100);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(2);
/// The longest rest where requests wait: sockets are to be back well within a second of their app.
const AWAITED_REST_MAX: Duration = Duration::from_millis(250);
/// A service is taken to be restarting for so long after it was up.
const RESTART_MAX: Duration = Duration::from_secs(60);

/// How many tiers there are: in sight or not, preferred or not.
const TIERS: usize = 4;

/// One upstream as one worker knows it. Its number is its place in [`Balance`].
#[derive(Debug)]
pub(crate) struct Known {
    /// Where to dial.
    pub(crate) address: Address,
    /// The address as access lines show it.
    pub(crate) label: Box<str>,
    /// The Erlang node it belongs to, where known.
    pub(crate) node: Option<Box<str>>,
    /// The web server behind it.
    pub(crate) adapter: Adapter,
    /// Whether its node can be seen; for access lines.
    pub(crate) sight: Sight,
    /// Requests of this worker that it has, or is being dialled for.
    in_flight: u32,
    /// Connections and exchanges that name it: it keeps its number until there are none.
    holds: u32,
    listed: bool,
    rest: Rest,
    /// Where whoever shows it reads how it stands.
    mark: Arc<Mark>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    /// Zero where the last connect was made.
    length: Duration,
    /// When the last connect failed.
    since: Option<Instant>,
    /// A connection is being tried.
    is_probed: bool,
}

/// The upstreams of one worker.
#[derive(Debug)]
pub(crate) struct Balance {
    known: Slab<Known>,
    numbers: HashMap<Address, u32>,
    /// By the service's slot.
    services: Vec<Listed>,
    board: Board,
    /// When the worker began: before any other time.
    start: Instant,
}

/// The upstreams of one service, those of the first tier first.
#[derive(Debug, Default)]
struct Listed {
    numbers: Vec<u32>,
    /// Where each tier ends; an empty one ends where it begins.
    ends: [usize; TIERS],
    /// An operator wishes that its requests wait.
    is_paused: bool,
    /// When its last upstream went.
    emptied: Option<Instant>,
    /// Phoenix sockets that may be opened now.
    sockets: Bucket,
}

impl Rest {
    /// When it has rested.
    fn ready(&self) -> Option<Instant> {
        self.since.map(|since| since + self.length)
    }
}

impl Listed {
    fn set(&mut self, mut tiered: Vec<(usize, u32)>) {
        tiered.sort_unstable();
        self.ends = std::array::from_fn(|tier| tiered.partition_point(|(it, _)| *it <= tier));
        self.numbers = tiered.into_iter().map(|(_, number)| number).collect();
    }

    fn tiers(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let tier = &self.numbers[start..*end];
            start = *end;
            tier
        })
    }
}

impl Balance {
    /// Starts without upstreams. How it stands with each is written on `board`.
    pub(crate) fn new(board: Board, now: Instant) -> Self {
        Self {
            known: Slab::new(),
            numbers: HashMap::new(),
            services: Vec::new(),
            board,
            start: now,
        }
    }

    /// Takes over the table's upstreams. Returns the numbers of those that are no longer listed:
    /// their idle connections are to be closed.
    pub(crate) fn apply(
        &mut self,
        snapshot: &Snapshot,
        settings: &Settings,
        now: Instant,
    ) -> Vec<u32> {
        let was_listed: Vec<u32> = self.numbers.values().copied().collect();
        for (_, known) in &mut self.known {
            known.listed = false;
        }
        let mut services = std::mem::take(&mut self.services);
        let had: Vec<bool> = services.iter().map(|it| !it.numbers.is_empty()).collect();
        for listed in &mut services {
            listed.set(Vec::new());
            listed.is_paused = false;
        }
        for service in &snapshot.services {
            let slot = service.slot as usize;
            if services.len() <= slot {
                services.resize_with(slot + 1, Listed::default);
            }
            services[slot].is_paused = service.paused;
            // Found, and found not listening: nothing there to dial.
            if service.serving == Serving::Yes {
                let upstreams = service.upstreams.iter();
                let tiered = upstreams.map(|it| (tier(it, settings), self.list(it)));
                services[slot].set(tiered.collect());
            }
        }
        for (listed, had) in services.iter_mut().zip(had) {
            match (had, listed.numbers.is_empty()) {
                (true, true) => listed.emptied = Some(now),
                (_, false) => listed.emptied = None,
                (false, true) => {}
            }
        }
        self.services = services;
        self.numbers
            .retain(|_, number| self.known[*number as usize].listed);
        let gone = was_listed
            .into_iter()
            .filter(|number| !self.known[*number as usize].listed);
        let gone: Vec<u32> = gone.collect();
        self.known
            .retain(|_, known| known.listed || known.holds > 0);
        self.board.prune();
        gone
    }

    /// Returns the upstreams of the service.
    pub(crate) fn listed(&self, slot: u32) -> &[u32] {
        let listed = self.services.get(slot as usize);
        listed.map_or(&[], |listed| &listed.numbers)
    }

    /// Returns whether the requests of the service are to wait.
    pub(crate) fn is_paused(&self, slot: u32) -> bool {
        let listed = self.services.get(slot as usize);
        listed.is_some_and(|listed| listed.is_paused)
    }

    /// Returns whether one more Phoenix socket may be opened; `rate`: in a second, for each upstream
    /// that is not known to be away.
    pub(crate) fn admits_socket(&mut self, slot: u32, rate: f64, now: Instant) -> bool {
        let there = self.listed(slot).iter().filter(|it| !self.rests(**it, now));
        let there = u32::try_from(there.count()).unwrap_or(u32::MAX).max(1);
        let listed = self.services.get_mut(slot as usize);
        listed.is_none_or(|listed| listed.sockets.take(rate * f64::from(there), now))
    }

    /// Returns whether the service was up lately, so that it is likely to come back.
    pub(crate) fn was_up(&self, slot: u32, now: Instant) -> bool {
        let Some(listed) = self.services.get(slot as usize) else {
            return false;
        };
        let is_lately = |at: Instant| now.saturating_duration_since(at) < RESTART_MAX;
        let mut marks = listed.numbers.iter().map(|it| &self.get(*it).mark);
        listed.emptied.is_some_and(is_lately) || marks.any(|it| it.was_up_within(RESTART_MAX, now))
    }

    /// Chooses an upstream of the service that does not rest and is not among `tried`: of the first
    /// tier that has one, the less busy of two at random.
    pub(crate) fn choose(
        &self,
        slot: u32,
        tried: &[u32],
        now: Instant,
        random: &mut Rng,
    ) -> Option<u32> {
        let listed = self.services.get(slot as usize)?;
        let rested = |number: &u32| !tried.contains(number) && !self.rests(*number, now);
        if let [only] = listed.numbers.as_slice() {
            return Some(*only).filter(rested);
        }
        let mut tiers = listed.tiers();
        tiers.find_map(|tier| self.less_busy(tier.iter().copied().filter(rested), random))
    }

    /// Chooses among those that rest, where nobody waits for them to be tried: the one that has
    /// rested for longest.
    pub(crate) fn choose_resting(&self, slot: u32, tried: &[u32]) -> Option<u32> {
        let untried = |number: &u32| !tried.contains(number);
        let listed = self.listed(slot).iter().copied();
        listed
            .filter(untried)
            .min_by_key(|number| self.get(*number).rest.ready())
    }

    /// Returns when a connection is to be tried for those who wait; `None` while one is.
    pub(crate) fn probe_at(&self, number: u32) -> Option<Instant> {
        let rest = &self.get(number).rest;
        match rest.since {
            _ if rest.is_probed => None,
            Some(since) => Some(since + rest.length.min(AWAITED_REST_MAX)),
            None => Some(self.start),
        }
    }

    /// Notes that a connection to it is being tried. Returns whether that is a probe, of one that
    /// has failed: others wait for how it goes.
    pub(crate) fn dialled(&mut self, number: u32) -> bool {
        let rest = &mut self.known[number as usize].rest;
        rest.is_probed |= rest.since.is_some();
        rest.is_probed
    }

    /// Notes that a connection is tried for those who wait.
    pub(crate) fn probed(&mut self, number: u32) {
        self.known[number as usize].rest.is_probed = true;
    }

    /// Notes that a probe could not be begun, for want of something of our own: it is tried again a
    /// little later.
    pub(crate) fn put_off(&mut self, number: u32, now: Instant) {
        let rest = &mut self.known[number as usize].rest;
        rest.length = rest.length.max(REST_MIN);
        rest.since = Some(now);
    }

    /// Notes that a probe ended in nothing: whoever it was for has left.
    pub(crate) fn probe_left(&mut self, number: u32) {
        self.known[number as usize].rest.is_probed = false;
    }

    /// Returns what is known of an upstream that is held.
    pub(crate) fn get(&self, number: u32) -> &Known {
        &self.known[number as usize]
    }

    /// Notes that a connection or an exchange names this upstream, so that it keeps its number.
    pub(crate) fn hold(&mut self, number: u32) {
        self.known[number as usize].holds += 1;
    }

    /// Takes back one [`Balance::hold`].
    pub(crate) fn let_go(&mut self, number: u32) {
        let known = &mut self.known[number as usize];
        known.holds -= 1;
        if known.holds == 0 && !known.listed {
            self.known.remove(number as usize);
        }
    }

    /// Notes that a request was given to this upstream.
    pub(crate) fn begin(&mut self, number: u32) {
        self.known[number as usize].in_flight += 1;
    }

    /// Takes back one [`Balance::begin`].
    pub(crate) fn end(&mut self, number: u32) {
        self.known[number as usize].in_flight -= 1;
    }

    /// Notes that a connection to it was made. Returns whether it had failed before.
    pub(crate) fn connected(&mut self, number: u32, now: Instant) -> bool {
        let known = &mut self.known[number as usize];
        known.mark.set(Standing::Up, now);
        let rest = std::mem::take(&mut known.rest);
        rest.since.is_some() || rest.is_probed
    }

    /// Notes that a connection to it could not be made.
    pub(crate) fn failed(&mut self, number: u32, now: Instant) {
        let known = &mut self.known[number as usize];
        known.mark.set(Standing::Failing, now);
        let rest = &mut known.rest;
        // Many connects that fail together are one failure.
        if rest.is_probed || rest.ready().is_none_or(|ready| ready <= now) {
            rest.length = (rest.length * 2).clamp(REST_MIN, REST_MAX);
            rest.since = Some(now);
        }
        rest.is_probed = false;
    }

    /// Returns whether this is still an upstream of some service.
    pub(crate) fn is_listed(&self, number: u32) -> bool {
        self.get(number).listed
    }

    fn list(&mut self, upstream: &Upstream) -> u32 {
        let number = match self.numbers.get(&upstream.address) {
            Some(number) => *number,
            None => self.add(&upstream.address),
        };
        let known = &mut self.known[number as usize];
        // An address that several services have is in sight if one of them sees it.
        known.sight = match known.listed {
            true => known.sight.max(upstream.sight),
            false => upstream.sight,
        };
        known.listed = true;
        known.adapter = upstream.adapter;
        known.node = upstream.node.as_deref().map(Into::into);
        number
    }

    fn add(&mut self, address: &Address) -> u32 {
        let index = self.known.insert(Known {
            address: address.clone(),
            label: address.to_string().into(),
            node: None,
            adapter: Adapter::Unknown,
            sight: Sight::Unconfirmed,
            in_flight: 0,
            holds: 0,
            listed: false,
            rest: Rest::default(),
            mark: self.board.mark(address),
        });
        let number = u32::try_from(index).expect("fewer upstreams than memory has room for");
        self.numbers.insert(address.clone(), number);
        number
    }

    fn rests(&self, number: u32, now: Instant) -> bool {
        let rest = &self.get(number).rest;
        rest.is_probed || rest.ready().is_some_and(|ready| now < ready)
    }

    /// Draws two different ones, each pair equally likely, and returns the less busy.
    fn less_busy(&self, candidates: impl Iterator<Item = u32>, random: &mut Rng) -> Option<u32> {
        let (mut first, mut second) = (None, None);
        for (index, candidate) in candidates.enumerate() {
            // Reservoir sampling with two places: no list of candidates has to be built.
            match (index, random.usize(..=index)) {
                (0, _) => first = Some(candidate),
                (1, _) => second = Some(candidate),
                (_, 0) => first = Some(candidate),
                (_, 1) => second = Some(candidate),
                (_, _) => {}
            }
        }
        let (Some(one), Some(other)) = (first, second) else {
            return first;
        };
        let busy = |number| self.get(number).in_flight;
        match busy(one).cmp(&busy(other)) {
            std::cmp::Ordering::Less => Some(one),
            std::cmp::Ordering::Greater => Some(other),
            std::cmp::Ordering::Equal => Some(if random.bool() { one } else { other }),
        }
    }
}

/// Where an upstream stands in the order of choice. To be in sight counts for more than to be near:
/// what can't be seen may be gone.
fn tier(upstream: &Upstream, settings: &Settings) -> usize {
    let is_preferred = match settings.prefer {
        Prefer::Any => true,
        Prefer::Local => upstream.address.is_local(&settings.machine),
    };
    match (upstream.sight, is_preferred) {
        (Sight::Confirmed, true) => 0,
        (Sight::Confirmed, false) => 1,
        (Sight::Unconfirmed, true) => 2,
        (Sight::Unconfirmed, false) => 3,
    }
}
