//! The life of one request as a pure state machine: events in, bytes and wishes out.
//!
//! API pinned between exchange and proxy (owner of this crate completes it; may add, and change where building shows a better shape:
//! then adapt crates/proxy's use of it or leave a note in crates/exchange/NOTES-for-proxy.md until integration):
#![allow(missing_docs, reason = "skeleton")]

use std::{net::IpAddr, time::{Duration, Instant}};
use routes::{Address, Adapter, Published};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side { Client, Upstream }

/// Whether all bytes of a send are with the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow { Clear, /// some had to be copied and wait; `on_drained(side)` will follow
    Full }

/// Which connections may serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse { /// any idle one: the request may be retried
    Any, /// only one that was idle for less than a second: the request can't be sent twice
    Fresh, /// a new one: this is the retry, or an upgrade
    Never }

/// A connection to an upstream, ready to be written to.
#[derive(Clone, Copy, Debug)]
pub struct Connected { pub reused: bool, /// index into the service's upstreams is not stable: the driver keeps the address for the access line
    pub adapter: Adapter }

/// The answer to a wish for a connection.
#[derive(Clone, Copy, Debug)]
pub enum Connecting { Ready(Connected), /// on_connected or on_refused will follow
    Pending, /// nothing to connect to: no upstream, not serving
    Nowhere }

/// What becomes of the upstream's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate { /// back to the pool
    Reuse, /// closed
    Close }

/// How the client's connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending { /// after what waits is sent: FIN; bytes the client still sends are read and thrown away for a moment (RFC 9112 §9.6), so that the answer isn't lost to a reset
    Lingering, /// after what waits is sent, at once
    Close, /// a visible abort: RST where the platform allows, what waits is thrown away
    Abort }

/// What the one who drives exchanges does for them. All calls are made from inside an `on_*` call, and never call back.
pub trait Driver {
    /// Sends `head`, then `body`, in one system call where it can (vectored). What the socket does not take at once the driver copies (once) and
    /// sends when it can: then the result is `Full`, `on_drained(side)` follows, and the caller stops reading the other side meanwhile, so that what
    /// waits is bounded by one scratch buffer and a head.
    fn send(&mut self, side: Side, head: &[u8], body: &[u8]) -> Flow;
    /// Turns reading from a side on or off. Bytes that came meanwhile are delivered after it is on again, in a later turn, never inside this call.
    fn set_reading(&mut self, side: Side, on: bool);
    /// Wishes for a connection to an upstream of the service with this slot; power of two choices is the driver's.
    fn connect(&mut self, slot: u32, reuse: Reuse) -> Connecting;
    /// Gives the upstream's connection back. Also cancels a pending one.
    fn release(&mut self, fate: Fate);
    /// Ends the client's connection; no event follows.
    fn end_client(&mut self, ending: Ending);
    /// Asks for `on_time` at or soon after `at` (coarse: within 100 ms; `None`: no longer). One wish at a time: a later call replaces.
    fn wake_at(&mut self, at: Option<Instant>);
    /// An exchange ended: count it, write its access line. Called exactly once for each request of which a head byte was read... (an idle close is none).
    fn finished(&mut self, record: &Record<'_>);
}

/// What the gateway knows of a client's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer { /// `None` on a Unix socket, which is trusted
    pub ip: Option<IpAddr>, pub port: u16 }

/// What each `on_*` call may use.
#[derive(Debug)]
pub struct Context<'a, D> { pub now: Instant, pub published: &'a Published, pub tools: &'a mut Tools, pub driver: &'a mut D }

/// What a worker's exchanges share, one at a time: reused head tables and buffers, the generator of request ids.
#[derive(Debug)]
pub struct Tools { /* private */ }
impl Tools {
    /// `instance`: this process's id in Via (e.g. `mr-5f3a9c21`); `seed`: of request ids.
    pub fn new(_instance: &str, _seed: u64) -> Self { todo!() }
}

/// One client connection: a row of exchanges, one at a time. Small while idle (no heap).
#[derive(Debug)]
pub struct Client { /* private; Option<Box<Exchange>>; leftover bytes */ }
impl Client {
    pub fn new<D: Driver>(_peer: Peer, _cx: &mut Context<'_, D>) -> Self { todo!() }
    /// The bytes read from the client in one read, at most one scratch buffer. All of them are taken: what can't be used now (the next request of a pipeline) is kept, and reading is turned off meanwhile.
    pub fn on_client_data<D: Driver>(&mut self, _bytes: &[u8], _cx: &mut Context<'_, D>) { todo!() }
    /// End of the client's bytes: a half-close is not departure.
    pub fn on_client_end<D: Driver>(&mut self, _cx: &mut Context<'_, D>) { todo!() }
    /// The client's connection is broken (reset, or hung up in both directions).
    pub fn on_client_reset<D: Driver>(&mut self, _cx: &mut Context<'_, D>) { todo!() }
    pub fn on_connected<D: Driver>(&mut self, _connected: Connected, _cx: &mut Context<'_, D>) { todo!() }
    /// The connection can't be made (refused, unreachable); the driver has tried every upstream it thinks worth trying.
    pub fn on_refused<D: Driver>(&mut self, _cx: &mut Context<'_, D>) { todo!() }
    pub fn on_upstream_data<D: Driver>(&mut self, _bytes: &[u8], _cx: &mut Context<'_, D>) { todo!() }
    pub fn on_upstream_end<D: Driver>(&mut self, _cx: &mut Context<'_, D>) { todo!() }
    pub fn on_upstream_reset<D: Driver>(&mut self, _cx: &mut Context<'_, D>) { todo!() }
    /// What waited for this side has been sent.
    pub fn on_drained<D: Driver>(&mut self, _side: Side, _cx: &mut Context<'_, D>) { todo!() }
    pub fn on_time<D: Driver>(&mut self, _cx: &mut Context<'_, D>) { todo!() }
    /// The gateway leaves: idle connections end, answers in flight carry Connection: close, tunnels get 1012 between frames. May be called again; `hard` ends everything now.
    pub fn stop<D: Driver>(&mut self, _hard: bool, _cx: &mut Context<'_, D>) { todo!() }
    /// Whether an exchange or tunnel is under way.
    pub fn is_busy(&self) -> bool { todo!() }
}

/// Why an exchange did not end as the app wanted; `Reason::Ok` where it did. Names of the `reason` field and label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason { Ok, BadRequest, ClientTimeout, TooLarge, NoRoute, ConnectRefused, Reset, Protocol, NoUpstream, ResponseTimeout, Loop, ClientClosed, NotAllowed, NotImplemented, Version, Stopping, Panic }

/// What an exchange was, for its access line and counters. Empty texts where not known.
#[derive(Debug)]
pub struct Record<'a> {
    pub request_id: &'a str, pub trace_id: &'a str, pub client_ip: Option<IpAddr>, pub method: &'a [u8], pub scheme: &'static str, pub host: &'a str,
    /// without the query
    pub path: &'a [u8], pub version: &'static str, pub status: u16, pub reason: Reason, pub slot: Option<u32>, pub attempts: u8,
    pub duration: Duration, /// from the request's forwarding to the response's head
    pub upstream: Option<Duration>, pub bytes_in: u64, pub bytes_out: u64, pub user_agent: &'a [u8], pub upgrade: bool, pub close_code: Option<u16>,
}
#[doc(hidden)] pub type Unused = (Address,);
