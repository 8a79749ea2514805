//! Who waits for a service that can't be connected to, in the order they came.
//!
//! Those who are held have a request that nobody has begun, and there is a bound for them. Those who
//! stand by have been answered, and only want to be told. Whoever is called has left the queue; who
//! comes back with the same request has its old place.

use std::{
    collections::{BTreeMap, btree_map},
    time::Instant,
};

#[cfg(test)]
mod tests;

/// How one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With a request.
    Held,
    /// To be told.
    StandingBy,
    /// In a crowd: only counted.
    Crowded,
}

/// A place in a queue. Its number stays with the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    slot: u32,
    number: u64,
    manner: Manner,
    /// Not called yet.
    waits: bool,
}

/// The queues of one worker, by the service's slot.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// None is empty.
    queues: BTreeMap<u32, Queue>,
    held: usize,
    standing_by: usize,
    crowded: usize,
    next: u64,
    /// It is to be looked at once whether something can be connected to.
    is_news: bool,
    /// When it is to be looked at the latest.
    look_at: Option<Instant>,
}

/// Who waits for one service.
#[derive(Debug, Default)]
struct Queue {
    /// Clients by the number of their place.
    waiting: BTreeMap<u64, Waiting>,
    held: usize,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    client: u32,
    manner: Manner,
}

impl Holds {
    /// Returns whether somebody waits for this service.
    pub(crate) fn is_waited_for(&self, slot: u32) -> bool {
        !self.queues.is_empty() && self.queues.contains_key(&slot)
    }

    /// Returns whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Returns the services that are waited for.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        self.queues.keys().copied()
    }

    /// Returns how many are held, for all services.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Returns how many are held for a service.
    pub(crate) fn held_for(&self, slot: u32) -> usize {
        self.queues.get(&slot).map_or(0, |queue| queue.held)
    }

    /// Returns how many wait, in whatever manner.
    pub(crate) fn waiting(&self) -> usize {
        self.held + self.standing_by + self.crowded
    }

    /// Returns when it is to be looked whether something can be connected to; `None` where nobody
    /// waits, or where whoever is being dialled will tell.
    pub(crate) fn look_at(&self, now: Instant) -> Option<Instant> {
        let next = if self.is_news {
            Some(now)
        } else {
            self.look_at
        };
        next.filter(|_| !self.queues.is_empty())
    }

    /// Notes that something is other than at the last look.
    pub(crate) fn look_again(&mut self) {
        self.is_news = true;
    }

    /// Notes that everything was looked at, and when that is due again by itself.
    pub(crate) fn looked(&mut self, next: Option<Instant>) {
        self.is_news = false;
        self.look_at = next;
    }

    /// Lets a client wait for a service, in its old place where it had one.
    pub(crate) fn enter(
        &mut self,
        slot: u32,
        client: u32,
        manner: Manner,
        before: Option<Place>,
    ) -> Place {
        debug_assert!(before.is_none_or(|place| !place.waits));
        let number = before.map_or(self.next, |place| place.number);
        self.next += u64::from(before.is_none());
        *self.count(manner) += 1;
        if manner != Manner::Crowded {
            self.is_news = true;
            let queue = self.queues.entry(slot).or_default();
            queue.held += usize::from(manner == Manner::Held);
            queue.waiting.insert(number, Waiting { client, manner });
        }
        Place {
            slot,
            number,
            manner,
            waits: true,
        }
    }

    /// Takes a client out of its queue, if it is in one still.
    pub(crate) fn leave(&mut self, place: &mut Place) {
        if !std::mem::take(&mut place.waits) {
            return;
        }
        *self.count(place.manner) -= 1;
        if let btree_map::Entry::Occupied(mut queue) = self.queues.entry(place.slot) {
            if let Some(left) = queue.get_mut().waiting.remove(&place.number) {
                queue.get_mut().held -= usize::from(left.manner == Manner::Held);
            }
            if queue.get().waiting.is_empty() {
                queue.remove();
            }
        }
    }

    /// Returns who waits for a service, first come first.
    pub(crate) fn of(&self, slot: u32) -> Vec<(u32, Manner)> {
        let queue = self.queues.get(&slot).into_iter();
        let waiting = queue.flat_map(|queue| queue.waiting.values());
        waiting.map(|it| (it.client, it.manner)).collect()
    }

    fn count(&mut self, manner: Manner) -> &mut usize {
        match manner {
            Manner::Held => &mut self.held,
            Manner::StandingBy => &mut self.standing_by,
            Manner::Crowded => &mut self.crowded,
        }
    }
}
