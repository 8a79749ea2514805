//! All cases, by class.
#![allow(
    clippy::too_many_lines,
    reason = "a table is as long as it has cases, and none has a step"
)]

use super::Case;

mod chunked;
mod desync;
mod fields;
mod framing;
mod hops;
mod host;
mod limits;
mod responses;
mod start_line;
mod websocket;

/// RFC 9112 §2.2: a recipient may take a single LF for a line's end.
const LF_ENDS_LINES: &str = "RFC 9112 §2.2 lets a recipient take LF for a line's end";

/// Returns all cases.
#[must_use]
pub fn all() -> Vec<Case> {
    [
        start_line::cases(),
        fields::cases(),
        host::cases(),
        framing::cases(),
        chunked::cases(),
        hops::cases(),
        responses::cases(),
        websocket::cases(),
        desync::cases(),
        limits::cases(),
    ]
    .concat()
}

/// Returns the classes, in the order of the cases.
#[must_use]
pub fn classes() -> Vec<String> {
    let mut classes: Vec<String> = Vec::new();
    for case in all() {
        if !classes.iter().any(|it| it == case.class()) {
            classes.push(case.class().to_owned());
        }
    }
    classes
}
