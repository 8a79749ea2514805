//! Waiting for facts of the outside world.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a test waits for a fact before it fails. Long: machines that run tests are busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long to leave the outside world alone between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Waits until `look` sees the fact and returns it; fails after [`PATIENCE`], saying `what` was
/// waited for.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(fact) = look() {
            return fact;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        thread::sleep(BETWEEN_LOOKS);
    }
}
