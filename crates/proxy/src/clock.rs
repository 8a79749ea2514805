//! The one place that reads clocks; everything else takes `now` as an argument.

use std::time::{Instant, SystemTime};

/// Returns the monotonic time, for waits. A worker reads it once a turn.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads this clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns the time of day, for access lines.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads this clock"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
