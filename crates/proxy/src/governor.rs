//! How many Phoenix sockets may be opened in a second.
//!
//! When a node dies, all its sockets come back at once, each to join its channels and mount its
//! views. The other nodes get them at a pace that they can bear.

use std::time::Instant;

/// What one service may have now: filled at a steady pace, up to what a second brings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    level: f64,
    /// When that was the level; full before the first time.
    at: Option<Instant>,
}

impl Bucket {
    /// Takes one opening, if there is one; `rate`: how many come in a second.
    pub(crate) fn take(&mut self, rate: f64, now: Instant) -> bool {
        // At a rate below one each still has its turn.
        let full = rate.max(1.0);
        self.level = match self.at {
            None => full,
            Some(at) => {
                let passed = now.saturating_duration_since(at).as_secs_f64();
                (self.level + passed * rate).min(full)
            }
        };
        self.at = Some(now);
        let has_one = self.level >= 1.0;
        if has_one {
            self.level -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests;
