//! How often what is done. All waits of the source stand here.

use std::time::{Duration, Instant};

/// Between two askings of an attached node: how late an endpoint that starts on it may be seen.
pub(crate) const ASK: Duration = Duration::from_secs(2);

/// Between two askings of what is expected back: EPMD for a lost node, a node for an endpoint that
/// went down.
pub(crate) const BRISK: Duration = Duration::from_millis(50);

/// For how long after a loss what was lost is expected back so soon.
pub(crate) const EXPECTED: Duration = Duration::from_secs(60);

/// Between two askings of an EPMD, or of DNS, for nodes that are new.
pub(crate) const LIST: Duration = Duration::from_secs(5);

/// The shortest wait before a node is tried again.
pub(crate) const RETRY_MIN: Duration = Duration::from_millis(200);

/// The longest wait before a node is tried again.
pub(crate) const RETRY_MAX: Duration = Duration::from_secs(30);

/// The longest wait where an EPMD says that the node does not run: asking costs nearly nothing, and
/// a developer who starts the app waits for it.
pub(crate) const ABSENT_RETRY_MAX: Duration = Duration::from_secs(2);

/// By how much another node's word that a node is down may come before the link to that node closes.
pub(crate) const WORD: Duration = Duration::from_secs(5);

/// Returns how long to wait after that many failed attempts: twice as long each time, of which a
/// random half, so that gateways side by side don't come back at the same moment.
pub(crate) fn retry(attempts: u32, longest: Duration, random: &mut fastrand::Rng) -> Duration {
    let doubled = RETRY_MIN.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let wait = doubled.min(longest);
    wait.mul_f64(0.5 + random.f64() / 2.0).max(RETRY_MIN)
}

/// Returns whether what was lost then is still expected back soon.
pub(crate) fn is_expected(lost: Instant, now: Instant) -> bool {
    now.saturating_duration_since(lost) < EXPECTED
}
