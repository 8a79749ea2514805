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
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until(PATIENCE, look).unwrap_or_else(|| panic!("waited {PATIENCE:?} for {what}"))
}

/// Waits until `look` sees the fact and returns it, or nothing after `patience`.
pub fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        let fact = look();
        if fact.is_some() || Instant::now() > deadline {
            return fact;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}
