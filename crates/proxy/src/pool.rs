//! Idle connections to upstreams, last in first out, one pool a worker.
//!
//! The pool decides which connection is used again; it neither owns sockets nor watches them: the
//! worker takes a connection out as soon as the reactor tells that it closed.

use std::time::{Duration, Instant};

use exchange::Reuse;

#[cfg(test)]
mod tests;

/// Idle connections to one upstream, in one worker.
const PER_UPSTREAM_MAX: usize = 256;
/// Idle connections in one worker.
const TOTAL_MAX: usize = 2048;
/// A request that can't be sent twice takes only a connection idle for less than this: the
/// upstream has hardly had the time to give it up.
const FRESH: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Idle {
    connection: u32,
    since: Instant,
}

/// The idle connections of one worker, by the number of their upstream.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Vec<Vec<Idle>>,
    total: usize,
}

impl Pool {
    /// Takes the connection that was used last, unless it has been idle for too long.
    pub(crate) fn take(
        &mut self,
        upstream: u32,
        reuse: Reuse,
        idle_max: Duration,
        now: Instant,
    ) -> Option<u32> {
        let allowed = match reuse {
            Reuse::Any => idle_max,
            Reuse::Fresh => idle_max.min(FRESH),
            Reuse::Never | Reuse::Socket => return None,
        };
        let idle = self.idle.get_mut(upstream as usize)?;
        let last = idle.pop_if(|last| now.saturating_duration_since(last.since) < allowed)?;
        self.total -= 1;
        Some(last.connection)
    }

    /// Keeps an idle connection. Returns false where there is no room: it is to be closed.
    #[must_use]
    pub(crate) fn put(&mut self, upstream: u32, connection: u32, now: Instant) -> bool {
        let upstream = upstream as usize;
        if self.idle.len() <= upstream {
            self.idle.resize_with(upstream + 1, Vec::new);
        }
        let idle = &mut self.idle[upstream];
        if idle.len() >= PER_UPSTREAM_MAX || self.total >= TOTAL_MAX {
            return false;
        }
        idle.push(Idle {
            connection,
            since: now,
        });
        self.total += 1;
        true
    }

    /// Forgets one connection, which closed or was idle for too long.
    pub(crate) fn remove(&mut self, upstream: u32, connection: u32) {
        let Some(idle) = self.idle.get_mut(upstream as usize) else {
            return;
        };
        if let Some(index) = idle.iter().position(|idle| idle.connection == connection) {
            idle.remove(index);
            self.total -= 1;
        }
    }

    /// Forgets all connections to an upstream and returns them.
    pub(crate) fn clear(&mut self, upstream: u32) -> Vec<u32> {
        let Some(idle) = self.idle.get_mut(upstream as usize) else {
            return Vec::new();
        };
        self.total -= idle.len();
        std::mem::take(idle)
            .into_iter()
            .map(|idle| idle.connection)
            .collect()
    }
}
