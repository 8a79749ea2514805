//! Calls that wait for their answers.

use std::{collections::BTreeMap, time::Instant};

use erlterm::etf::Pid;

/// What waits, by the number that its reference carries. All wait equally long, so the least number is
/// the first whose time is up.
#[derive(Debug)]
pub(crate) struct PendingCalls {
    calls: BTreeMap<u64, Pending>,
    most: usize,
}

/// One call that waits.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Who wants to know.
    pub(crate) asked: Asked,
    /// When it is given up.
    pub(crate) deadline: Instant,
    /// The process that works for us over there, once we know.
    pub(crate) callee: Option<Pid<'static>>,
}

/// Who wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The owner of the connection.
    Owner,
    /// The connection itself, for the node's `net_ticktime`.
    Ticktime,
    /// The connection itself, for the node's `user` process.
    Leader,
}

impl PendingCalls {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            calls: BTreeMap::new(),
            most,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.calls.len() >= self.most
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(crate) fn insert(&mut self, number: u64, asked: Asked, deadline: Instant) {
        debug_assert!(!self.is_full(), "the caller looks first");
        let pending = Pending {
            asked,
            deadline,
            callee: None,
        };
        self.calls.insert(number, pending);
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Pending> {
        self.calls.get_mut(&number)
    }

    pub(crate) fn take(&mut self, number: u64) -> Option<Pending> {
        self.calls.remove(&number)
    }

    /// Takes the first call, whatever its deadline.
    pub(crate) fn pop(&mut self) -> Option<(u64, Pending)> {
        self.calls.pop_first()
    }

    /// Takes a call whose time is up.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<(u64, Pending)> {
        let first = self.calls.first_entry()?;
        (first.get().deadline <= now).then(|| first.remove_entry())
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let (_, first) = self.calls.first_key_value()?;
        Some(first.deadline)
    }
}
