//! One binary for all tests against the whole system, so that they link once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail at once, and wait by the real clock"
)]

mod tidy;
