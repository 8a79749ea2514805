//! How the upstreams stand with each worker, for whoever asks.
//!
//! A worker pins the standings of its upstreams up when it takes over a table. It alone writes
//! them, with plain relaxed stores; the lock is for who is on the board, and no request takes it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use routes::Address;

use crate::counters::Count;

/// How one upstream stands with one worker. Aligned so that no two workers share a cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Standing {
    /// Requests that it has, or is being dialled for.
    pub(crate) in_flight: Count,
    resting: AtomicBool,
}

impl Standing {
    /// Notes whether the last connect failed.
    pub(crate) fn set_resting(&self, resting: bool) {
        self.resting.store(resting, Relaxed);
    }
}

/// The upstreams of one worker.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Vec<(Address, Arc<Standing>)>>);

impl Board {
    /// Replaces what was on the board.
    pub(crate) fn pin(&self, standings: Vec<(Address, Arc<Standing>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = standings;
    }

    fn read(&self) -> Vec<(Address, Arc<Standing>)> {
        let pinned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.clone()
    }
}

/// How one upstream stands with all workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamState {
    /// The upstream.
    pub address: Address,
    /// Requests that it has, or is being dialled for.
    pub in_flight: u64,
    /// Workers that have it in their table.
    pub workers: usize,
    /// Those of them whose last connect to it failed, until the next one succeeds. They choose it
    /// only now and then, and where nothing else is left.
    pub resting_workers: usize,
}

impl UpstreamState {
    /// Returns whether any worker could not connect to it. Each finds out for itself, and one that
    /// has no requests does not look.
    pub fn is_resting(&self) -> bool {
        self.resting_workers > 0
    }

    /// Sums up what the workers' boards say, sorted by address.
    pub(crate) fn sum<'a>(boards: impl Iterator<Item = &'a Board>) -> Vec<Self> {
        let mut states: BTreeMap<Address, Self> = BTreeMap::new();
        for (address, standing) in boards.flat_map(Board::read) {
            let state = states.entry(address.clone()).or_insert(Self {
                address,
                in_flight: 0,
                workers: 0,
                resting_workers: 0,
            });
            state.in_flight += standing.in_flight.get();
            state.workers += 1;
            state.resting_workers += usize::from(standing.resting.load(Relaxed));
        }
        states.into_values().collect()
    }
}
