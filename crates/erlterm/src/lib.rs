//! Erlang terms: the value in which every way of discovery ends.
//!
//! A config script evaluated, a release's sys.config parsed, a node's answer decoded, a report
//! pushed: each becomes a [`Term`], and one crate says what the terms mean.
//!
//! It is not an evaluator, and it knows no nodes and no files.
//!
//! Start with [`Term`]; [`term`](Term) holds the accessors, `text` the form in which terms are
//! shown to people, `parse` reads the form in which Erlang's own files have them, [`etf`] the one in
//! which nodes write them.
//!
//! Invariants: whoever builds terms bounds their nesting by [`DEPTH_MAX`], so that comparing,
//! showing and dropping one, which recurse, cannot exhaust the stack. Any text ends in terms or an
//! error, in memory that is at most a constant times the text.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod etf;
mod parse;
mod term;
mod text;
mod write;

pub use parse::{TEXT_TERMS_MAX, TextError, parse_bytes, parse_text};
pub use term::{DEPTH_MAX, Term};
