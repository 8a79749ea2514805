//! The one place that reads clocks; everything else takes `now` as an argument.

use std::time::{Instant, SystemTime};

/// Returns the monotonic time, for waits. A worker reads it once a turn.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads this clock"
)]
pub(crate) fn now() -> Instant {
    let now = Instant::now();
    #[cfg(test)]
    let now = now + passed::EXTRA.get();
    now
}

/// Returns the time of day, for access lines.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads this clock"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Time that passes for the thread of a test alone.
#[cfg(test)]
pub(crate) mod passed {
    use std::{cell::Cell, time::Duration};

    thread_local! {
        pub(super) static EXTRA: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    /// Lets time pass.
    pub(crate) fn pass(time: Duration) {
        EXTRA.set(EXTRA.get() + time);
    }
}
