//! Erlang terms: the value in which every way of discovery ends.
//!
//! A config script evaluated, a release's sys.config parsed, a node's answer decoded, a report
//! pushed: each becomes a [`Term`], and one crate says what the terms mean.
//!
//! It is not an evaluator, and it knows no nodes and no files.
//!
//! Start with [`Term`]; [`term`](Term) holds the accessors, `text` the form in which terms are
//! shown to people. Invariant: whoever builds terms bounds their nesting by [`DEPTH_MAX`], so that
//! comparing, showing and dropping one, which recurse, cannot exhaust the stack.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod etf;
mod term;
mod text;

pub use term::{DEPTH_MAX, Term};
