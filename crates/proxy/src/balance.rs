//! Which upstream a request goes to: power of two choices by requests in flight.
//!
//! Each worker judges for itself, and judges connections only: an upstream rests after a connect
//! that failed, never for what it answered.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use fastrand::Rng;
use routes::{Adapter, Address, Serving, Snapshot};
use slab::Slab;

#[cfg(test)]
mod tests;

/// How long an upstream rests after the first connect that failed; doubles up to `REST_MAX`.
const REST_MIN: Duration = Duration::from_millis(100);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(2);

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
    /// Requests of this worker that it has, or is being dialled for.
    in_flight: u32,
    /// Connections and exchanges that name it: it keeps its number until there are none.
    holds: u32,
    listed: bool,
    rest: Rest,
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
    services: Vec<Vec<u32>>,
}

impl Balance {
    /// Takes over the table's upstreams. Returns the numbers of those that are no longer listed:
    /// their idle connections are to be closed.
    pub(crate) fn apply(&mut self, snapshot: &Snapshot) -> Vec<u32> {
        let was_listed: Vec<u32> = self.numbers.values().copied().collect();
        for (_, known) in &mut self.known {
            known.listed = false;
        }
        for service in &mut self.services {
            service.clear();
        }
        for service in &snapshot.services {
            // Found, and found not listening: nothing there to dial.
            if service.serving != Serving::Yes {
                continue;
            }
            let slot = service.slot as usize;
            if self.services.len() <= slot {
                self.services.resize_with(slot + 1, Vec::new);
            }
            for upstream in &service.upstreams {
                let number = self.list(upstream);
                self.services[slot].push(number);
            }
        }
        self.numbers
            .retain(|_, number| self.known[*number as usize].listed);
        let gone = was_listed
            .into_iter()
            .filter(|number| !self.known[*number as usize].listed);
        let gone: Vec<u32> = gone.collect();
        self.known
            .retain(|_, known| known.listed || known.holds > 0);
        gone
    }

    /// Returns whether the service has anything to connect to.
    pub(crate) fn has_any(&self, slot: u32) -> bool {
        self.services
            .get(slot as usize)
            .is_some_and(|listed| !listed.is_empty())
    }

    /// Chooses an upstream of the service that is not among `tried`: the less busy of two at
    /// random; one that rests only where all others have been tried.
    pub(crate) fn choose(
        &self,
        slot: u32,
        tried: &[u32],
        now: Instant,
        random: &mut Rng,
    ) -> Option<u32> {
        let listed: &[u32] = self.services.get(slot as usize)?;
        if let ([only], []) = (listed, tried) {
            return Some(*only);
        }
        let rested = |number: &u32| !tried.contains(number) && !self.rests(*number, now);
        if let Some(chosen) = self.less_busy(listed.iter().copied().filter(rested), random) {
            return Some(chosen);
        }
        let untried = listed
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
        self.known[number as usize].rest = Rest::default();
    }

    /// Notes that a connection to it could not be made.
    pub(crate) fn failed(&mut self, number: u32, now: Instant) {
        let rest = &mut self.known[number as usize].rest;
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

    fn list(&mut self, upstream: &routes::Upstream) -> u32 {
        let number = match self.numbers.get(&upstream.address) {
            Some(number) => *number,
            None => self.add(&upstream.address),
        };
        let known = &mut self.known[number as usize];
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
            in_flight: 0,
            holds: 0,
            listed: true,
            rest: Rest::default(),
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
