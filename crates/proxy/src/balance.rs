//! Which upstream a request goes to: of the first tier that has one, by power of two choices by
//! requests in flight.
//!
//! Tiers are made when a table is taken over: upstreams in sight before those whose node was lost,
//! and among each, where the operator prefers them, those on this machine.
//!
//! Each worker judges for itself, and judges connections only: an upstream rests after a connect
//! that failed, never for what it answered.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use routes::{Adapter, Address, Prefer, Serving, Settings, Sight, Snapshot, Upstream};
use slab::Slab;

use crate::board::{Board, Mark, Standing};

#[cfg(test)]
mod tests;

/// How long an upstream rests after the first connect that failed; doubles up to `REST_MAX`.
const REST_MIN: Duration = Duration::from_millis(100);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(2);

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
    length: Duration,
    until: Option<Instant>,
}

/// The upstreams of one worker.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    known: Slab<Known>,
    numbers: HashMap<Address, u32>,
    /// By the service's slot.
    services: Vec<Listed>,
    board: Board,
}

/// The upstreams of one service, those of the first tier first.
#[derive(Debug, Default)]
struct Listed {
    numbers: Vec<u32>,
    /// Where each tier ends; an empty one ends where it begins.
    ends: [usize; TIERS],
}

impl Listed {
    fn new(mut tiered: Vec<(usize, u32)>) -> Self {
        tiered.sort_unstable();
        Self {
            ends: std::array::from_fn(|tier| tiered.partition_point(|(it, _)| *it <= tier)),
            numbers: tiered.into_iter().map(|(_, number)| number).collect(),
        }
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
    pub(crate) fn new(board: Board) -> Self {
        Self {
            board,
            ..Self::default()
        }
    }

    /// Takes over the table's upstreams. Returns the numbers of those that are no longer listed:
    /// their idle connections are to be closed.
    pub(crate) fn apply(&mut self, snapshot: &Snapshot, settings: &Settings) -> Vec<u32> {
        let was_listed: Vec<u32> = self.numbers.values().copied().collect();
        for (_, known) in &mut self.known {
            known.listed = false;
        }
        self.services.fill_with(Listed::default);
        for service in &snapshot.services {
            // Found, and found not listening: nothing there to dial.
            if service.serving != Serving::Yes {
                continue;
            }
            let slot = service.slot as usize;
            if self.services.len() <= slot {
                self.services.resize_with(slot + 1, Listed::default);
            }
            let upstreams = service.upstreams.iter();
            let tiered = upstreams.map(|it| (tier(it, settings), self.list(it)));
            self.services[slot] = Listed::new(tiered.collect());
        }
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

    /// Returns whether the service has anything to connect to.
    pub(crate) fn has_any(&self, slot: u32) -> bool {
        self.services
            .get(slot as usize)
            .is_some_and(|listed| !listed.numbers.is_empty())
    }

    /// Chooses an upstream of the service that is not among `tried`: of the first tier that has
    /// one that does not rest, the less busy of two at random. One that rests only where all
    /// others, of any tier, have been tried.
    pub(crate) fn choose(
        &self,
        slot: u32,
        tried: &[u32],
        now: Instant,
        random: &mut Rng,
    ) -> Option<u32> {
        let listed = self.services.get(slot as usize)?;
        if let ([only], []) = (listed.numbers.as_slice(), tried) {
            return Some(*only);
        }
        let rested = |number: &u32| !tried.contains(number) && !self.rests(*number, now);
        for tier in listed.tiers() {
            if let Some(chosen) = self.less_busy(tier.iter().copied().filter(rested), random) {
                return Some(chosen);
            }
        }
        let untried = listed
            .numbers
            .iter()
            .copied()
            .filter(|number| !tried.contains(number));
        untried.min_by_key(|number| self.get(*number).rest.until)
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

    /// Notes that a connection to it was made.
    pub(crate) fn connected(&mut self, number: u32) {
        let known = &mut self.known[number as usize];
        known.rest = Rest::default();
        known.mark.set(Standing::Up);
    }

    /// Notes that a connection to it could not be made.
    pub(crate) fn failed(&mut self, number: u32, now: Instant) {
        let known = &mut self.known[number as usize];
        known.mark.set(Standing::Failing);
        let rest = &mut known.rest;
        // Many connects that fail together are one failure.
        if rest.until.is_none_or(|until| until <= now) {
            rest.length = (rest.length * 2).clamp(REST_MIN, REST_MAX);
            rest.until = Some(now + rest.length);
        }
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
        self.get(number).rest.until.is_some_and(|until| now < until)
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
