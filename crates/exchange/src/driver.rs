//! What drives exchanges, and what it does for them.

use std::{net::IpAddr, time::Instant};

use routes::{Adapter, Published};

use crate::{Record, Tools};

/// One end of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who asks.
    Client,
    /// Who answers.
    Upstream,
}

/// Whether all bytes of a send are with the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// They are.
    Clear,
    /// Some had to be copied and wait; one `on_drained` for that side follows when all are sent.
    Full,
}

/// Which connections may serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Any idle one: the request may be retried.
    Any,
    /// Only one that was idle for less than a second: the request can't be sent twice.
    Fresh,
    /// A new one: this is the retry, or an upgrade.
    Never,
    /// A new one, for a Phoenix socket: only so many are opened in a second.
    Socket,
}

/// A connection to an upstream, ready to be written to. Reading from it is on.
#[derive(Clone, Copy, Debug)]
pub struct Connected {
    /// It has served a request before.
    pub reused: bool,
    /// The web server behind it.
    pub adapter: Adapter,
}

/// The answer to a wish for a connection.
#[derive(Clone, Copy, Debug)]
pub enum Connecting {
    /// Here it is.
    Ready(Connected),
    /// `on_connected` or `on_refused` will follow.
    Pending,
    /// Every upstream refuses, or has and rests; or the service is paused, or others wait for it.
    Refused,
    /// Nothing to connect to: no upstream, or none that serves.
    Nowhere,
    /// As many Phoenix sockets were opened as may be for now.
    Crowded,
    /// The service has as many requests as it may.
    Full,
}

/// Why a Phoenix socket is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its service can't be connected to: it is to be told when it can.
    Away,
    /// Too many come at once.
    Crowd,
}

/// The answer to a wish to wait for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// It waits: `on_available` or `on_resumed` will follow.
    Queued {
        /// The service was up within the last minute.
        was_up: bool,
    },
    /// There is no place.
    Full,
}

/// What becomes of the upstream's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Back to the pool.
    Reuse,
    /// Closed.
    Close,
}

/// How the client's connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// After what waits is sent: FIN; bytes the client still sends are read and thrown away for a
    /// moment (RFC 9112 §9.6), so that the answer isn't lost to a reset.
    Lingering,
    /// After what waits is sent, at once.
    Close,
    /// A visible abort: RST where the platform allows; what waits is thrown away.
    Abort,
    /// The same a moment after what waits is sent: a reset takes with it what the client has not got
    /// yet, and earlier answers may be among that.
    Cut,
}

/// What the one who drives exchanges does for them.
///
/// All calls are made from inside an `on_*` call of [`Client`](crate::Client) and never call back.
/// In turn the driver keeps to this:
///
/// - Bytes that came before an end or a reset are delivered before it.
/// - A broken socket is told by `on_client_reset` or `on_upstream_reset` in a later turn, never by
///   these calls, and also while reading is off or after the client's end: a client that has gone is
///   told from one that waits by nothing else.
/// - Reading is on for a new client and for each new connection to an upstream.
/// - `on_drained` comes once all that waits for a side is sent, and only then. A few bytes may be
///   sent to a side that is [`Flow::Full`]: a close frame, an answer of our own.
pub trait Driver {
    /// Sends `head`, then `body`, in one system call where it can. What the socket does not take at
    /// once is copied (once) and sent when it can be: then the result is [`Flow::Full`], and the
    /// exchange stops reading the other side until `on_drained`, so that what waits is bounded by
    /// one scratch buffer and a head.
    fn send(&mut self, side: Side, head: &[u8], body: &[u8]) -> Flow;

    /// Turns reading from a side on or off. Bytes that came meanwhile are delivered after it is on
    /// again, in a later turn, never inside this call.
    fn set_reading(&mut self, side: Side, on: bool);

    /// Wishes for a connection to an upstream of the service with this slot; which one is the
    /// driver's choice. There is no open wish or connection when this is called.
    fn connect(&mut self, slot: u32, reuse: Reuse) -> Connecting;

    /// Gives the upstream's connection back, also one that has ended or been reset; cancels a
    /// pending one. Called exactly once for each [`Connecting::Ready`] and [`Connecting::Pending`],
    /// but for the pending one that ends in `on_refused`.
    fn release(&mut self, fate: Fate);

    /// Wishes to wait for a service that can't be connected to. Whoever waits is told by
    /// `on_available`, in the order of the wishes, and waits no longer then; an exchange that comes
    /// back keeps its place. There is no open wish of another kind when this is called.
    fn hold(&mut self, slot: u32) -> Holding;

    /// Waits without being one of those who are held: told the same where the service is away, and
    /// only counted where there is a crowd. Returns how many wait in all, this one included.
    fn stand_by(&mut self, slot: u32, cause: Cause) -> usize;

    /// Waits no longer. Called exactly once for each [`Holding::Queued`] and each `stand_by` that
    /// is not answered.
    fn unhold(&mut self);

    /// Whether the upstream's connection, which has ended, was reset besides: the system answers so what
    /// comes to a connection that its app has closed, or left unread.
    fn is_upstream_reset(&self) -> bool;

    /// Ends the client's connection, also one that was reset. Called exactly once; no event follows.
    fn end_client(&mut self, ending: Ending);

    /// Asks for `on_time` at or soon after `at` (coarse: within 100 ms); `None`: no longer. There is
    /// one wish at a time, a later call replaces it.
    fn wake_at(&mut self, at: Option<Instant>);

    /// What the client's peer says of whom it speaks for (X-Forwarded-For and its kin) was dropped,
    /// since it is not trusted: worth a line, once for a network, with the setting that trusts it.
    fn distrusted(&mut self) {}

    /// An exchange ended: count it, write its access line. Called exactly once for each request of
    /// which a byte was read.
    fn finished(&mut self, record: &Record<'_>);
}

/// What the gateway knows of a client's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The address; `None` on a Unix socket, which is trusted.
    pub ip: Option<IpAddr>,
    /// The port; 0 on a Unix socket.
    pub port: u16,
    /// Whoever stands before us has said, before the first byte, that the client's own connection is
    /// TLS.
    pub tls: bool,
}

impl Peer {
    /// A peer of which nothing else is known.
    pub fn new(ip: Option<IpAddr>, port: u16) -> Self {
        let tls = false;
        Self { ip, port, tls }
    }
}

/// What each `on_*` call may use.
#[derive(Debug)]
pub struct Context<'a, D> {
    /// The time of this turn.
    pub now: Instant,
    /// The table and the settings.
    pub published: &'a Published,
    /// What the worker's exchanges share.
    pub tools: &'a mut Tools,
    /// Who drives.
    pub driver: &'a mut D,
}
