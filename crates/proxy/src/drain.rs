//! How a worker leaves: everything else at once, tunnels at a pace.
//!
//! A client whose WebSocket ends is back within 10 ms, wherever it ends up. Closing all at once
//! would be a storm for whoever takes over.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How often some tunnels are closed.
const PACE: Duration = Duration::from_millis(50);
/// How many then, by one worker, unless the time is too short for that: 200 a second.
const TUNNELS_PER_STEP: usize = 10;

/// A drain under way.
#[derive(Debug)]
pub(crate) struct Drain {
    /// What is left then is ended.
    pub(crate) deadline: Instant,
    /// Clients with tunnels that have not been stopped.
    tunnels: Vec<u32>,
    per_step: usize,
    next_step: Instant,
}

impl Drain {
    /// Plans to stop `tunnels` in the first half of the time, so that apps and clients can answer
    /// the close in the second.
    pub(crate) fn new(now: Instant, deadline: Instant, tunnels: Vec<u32>) -> Self {
        let half = deadline.saturating_duration_since(now) / 2;
        let steps = usize::try_from(half.as_millis() / PACE.as_millis()).unwrap_or(usize::MAX);
        let per_step = tunnels.len().div_ceil(steps.max(1)).max(TUNNELS_PER_STEP);
        Self {
            deadline,
            tunnels,
            per_step,
            next_step: now,
        }
    }

    /// Returns the tunnels to stop now.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<u32> {
        if now < self.next_step {
            return Vec::new();
        }
        self.next_step = now + PACE;
        let rest = self.tunnels.len().saturating_sub(self.per_step);
        self.tunnels.split_off(rest)
    }

    /// When something is to be done next.
    pub(crate) fn next(&self) -> Instant {
        if self.tunnels.is_empty() {
            self.deadline
        } else {
            self.next_step.min(self.deadline)
        }
    }
}
