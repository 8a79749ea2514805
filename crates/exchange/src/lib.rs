//! The life of one request as a pure state machine: events in, bytes and wishes out.
//!
//! A [`Client`] is one client's connection, a row of exchanges. Whoever drives it tells it what
//! happened (`on_*`) and does what it asks for ([`Driver`]): send these bytes, connect to that
//! service, read no further, wake me then. In the gateway an event loop drives it, in tests a seeded
//! simulation.
//!
//! ```text
//!            on_client_data ──▶ ┌────────┐ ──▶ send, set_reading, end_client
//!   client                      │ Client │                                        Driver
//!            on_upstream_… ───▶ └────────┘ ──▶ connect, send, release
//!  upstream                     on_time ▲ ──▶ wake_at, finished(Record)
//! ```
//!
//! It is not a proxy: it knows no sockets, clocks, pools or counters, and it doesn't parse heads
//! itself (`http1`) nor match hosts (`routes`).
//!
//! Start with `exchange`, then `exchange/request`, `exchange/response`, `exchange/tunnel`,
//! `exchange/hold`;
//! `headers` and `forwarded` say what apps and clients get to see, `error` has every status.
//!
//! Invariants: no I/O, no clock; every request ends in exactly one answer or a visible abort, and
//! in one [`Record`]; at most two retries, and nothing is sent twice to an upstream that may have
//! begun it, but the opening of a Phoenix socket; every connection to an upstream is released once;
//! what is buffered is bounded by one read and one head; an idle client holds no heap.

mod body;
mod client;
mod decimal;
mod driver;
mod error;
mod exchange;
mod forwarded;
mod headers;
mod page;
mod record;
mod tools;

pub use client::Client;
pub use decimal::{push_decimal, push_ip};
pub use driver::{
    Cause, Connected, Connecting, Context, Driver, Ending, Fate, Flow, Holding, Peer, Reuse, Side,
};
pub use record::{Reason, Record};
pub use tools::Tools;
#[cfg(test)]
mod script;
#[cfg(test)]
mod simulation;
