//! The data plane: one event loop per core drives exchanges.
//!
//! It is not a router and not a parser: where a host leads, [`routes`] knows; what a request is and
//! what becomes of it, [`exchange`] decides. This crate has the sockets, the clocks and the
//! threads. It never waits for discovery, and knows nothing of it.
//!
//! ```text
//! listener ─▶ worker (one a core) ─▶ exchange::Client ─▶ step (its Driver) ─▶ balance ─▶ pool
//!               │  reactor, scratch buffer, timers, ready list                  │
//!               └── mailbox ◀── publish, drain        upstream sockets ◀────────┘
//! ```
//!
//! Start with `worker`: its loop is the whole story. `step` is what exchanges may ask for.
//!
//! Invariants: memory for a connection is bounded, and nothing beside its slot while it is idle; no
//! lock is taken for a request; a panic in an exchange ends that exchange alone, a panic anywhere
//! else in a worker ends the process.

mod access;
mod balance;
mod board;
mod clock;
mod connection;
mod counters;
mod crowd;
mod drain;
mod figures;
mod governor;
mod handed;
mod hold;
mod listener;
mod mailbox;
mod pool;
pub mod preface;
mod proxy;
mod reserve;
mod socket;
mod step;
mod strangers;
#[cfg(test)]
mod tests;
mod timers;
mod websockets;
mod worker;

pub use access::AccessLog;
pub use board::Standing;
pub use counters::{
    Counters, DURATION_BUCKETS, Durations, METHODS, STATUS_CLASSES, ServiceCounters,
};
pub use figures::Figures;
pub use handed::{Handed, HandedOver, Purpose};
pub use listener::{BindError, ListenAddress, Listeners, bind, holder_of, remove_stale};
pub use proxy::{Farewell, Options, Proxy, start};
pub use reserve::{Reserve, is_out_of_descriptors};
