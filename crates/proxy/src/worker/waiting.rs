//! Services that can't be connected to, and who waits for them.
//!
//! While somebody waits, a connection is tried to each of the service's upstreams, one at a time and
//! with rests in between. One that succeeds waits in the pool for the first in the queue, and the
//! queue is called, in order.

use std::{io, time::Instant};

use crate::hold::Manner;

use super::Worker;

impl Worker {
    /// Tries to connect for those who wait, where that is due, and calls those whose service is back.
    pub(super) fn attend_to_waiting(&mut self) {
        let due = self.parts.holds.look_at(self.now);
        if due.is_some_and(|at| at <= self.now) {
            self.probe();
        }
        while let Some(upstream) = self.parts.risen.pop() {
            self.call_for(upstream);
        }
        let held = self.parts.holds.held() as u64;
        if self.parts.counters.held.get() != held {
            self.parts.counters.held.set(held);
        }
    }

    fn probe(&mut self) {
        let (mut due, mut next) = (Vec::new(), None);
        let parts = &mut self.parts;
        for slot in parts.holds.slots() {
            if parts.balance.is_paused(slot) {
                continue;
            }
            for upstream in parts.balance.listed(slot) {
                match parts.balance.probe_at(*upstream) {
                    Some(at) if at > self.now => {
                        next = Some(next.map_or(at, |next: Instant| next.min(at)));
                    }
                    Some(_) => due.push(*upstream),
                    // Whoever tries it tells.
                    None => {}
                }
            }
        }
        parts.holds.looked(next);
        due.sort_unstable();
        due.dedup();
        for upstream in due {
            parts.probe(upstream, self.now, &self.published.settings.timeouts);
        }
    }

    /// Calls all who wait for a service that this upstream serves.
    fn call_for(&mut self, upstream: u32) {
        let balance = &self.parts.balance;
        let is_served =
            |slot: &u32| !balance.is_paused(*slot) && balance.listed(*slot).contains(&upstream);
        let slots: Vec<u32> = self.parts.holds.slots().filter(is_served).collect();
        for slot in slots {
            for client in self.call(slot, |_| true) {
                self.step(client, |client, context| client.on_available(context));
            }
        }
    }

    /// Calls those who are held by a pause that has ended: their time runs from now on.
    pub(super) fn resume(&mut self, slot: u32) {
        for client in self.call(slot, |manner| manner == Manner::Held) {
            self.step(client, |client, context| client.on_resumed(context));
        }
    }

    /// Takes those who wait for a service out of its queue, all of them before any is told: each may
    /// wish for a connection then. Returns them in order.
    fn call(&mut self, slot: u32, is_meant: impl Fn(Manner) -> bool) -> Vec<u32> {
        let mut called = Vec::new();
        for (client, manner) in self.parts.holds.of(slot) {
            let slot = self.clients.get_mut(client as usize);
            let place = slot.and_then(|slot| slot.connection.place.as_mut());
            if let Some(place) = place.filter(|_| is_meant(manner)) {
                self.parts.holds.leave(place);
                called.push(client);
            }
        }
        called
    }

    /// A connection that nobody asked for is there, or is not.
    pub(super) fn go_on_probing(&mut self, key: u32) {
        let Some(probe) = self.parts.upstreams.get_mut(key as usize) else {
            return;
        };
        match probe.socket.is_connected() {
            Ok(false) => {}
            Ok(true) => self
                .parts
                .probed(key, self.now, &self.published.settings.timeouts),
            Err(error) => self.fail_probing(key, &error),
        }
    }

    pub(super) fn fail_probing(&mut self, key: u32, error: &io::Error) {
        let Some(probe) = self.parts.upstreams.get(key as usize) else {
            return;
        };
        self.parts.failed(probe.upstream, error, self.now);
        self.parts.close(key);
    }
}
