//! A hidden Erlang node: it attaches to a running BEAM and asks it what it serves.
//!
//! ```text
//! attach ─▶ EPMD: which port? ─▶ connect ─▶ handshake ─▶ Link::call(Call) ─▶ Term
//!                                                        Events::next()   ─▶ Down, Lost
//! ```
//!
//! It is not a general client of Erlang's distribution. Whoever knows a node's cookie may run any
//! code there, and OTP has no means to grant less; so [`Call`] is a closed list of questions that
//! change nothing, and nothing else can be sent. What a node asks of us is refused at once, politely,
//! so that nobody over there waits.
//!
//! The protocol is sans-I/O: [`Connection`] takes bytes and times and gives bytes and notices.
//! [`attach`] drives one over a real socket. Start with [`link`], then read [`connection`].
//!
//! Invariants: hidden, and by default under a name that the node gives us, so that no table there
//! grows; every queue, frame and wait has a bound; any bytes end in values or in an error; a node's
//! silence is noticed by ticks; a cookie is never shown.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

pub mod call;
pub mod connection;
pub mod cookie;
pub mod epmd;
pub mod frame;
pub mod handshake;
pub mod link;
mod message;
pub mod name;
mod pending;
mod refusal;
pub mod tls;

pub use call::{Call, CallError, CallId, Key, Probe};
pub use connection::{Connection, LostReason, MonitorId};
pub use cookie::{Cookie, CookieError, CookieFile, Strictness};
pub use epmd::EpmdError;
pub use link::{AttachError, Event, Events, Link, Options, attach};
pub use name::{NameError, NodeName, OwnName, Target};
pub use tls::{Tls, TlsError};
