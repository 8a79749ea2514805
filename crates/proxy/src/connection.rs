//! What a worker keeps for each connection: of a client, and to an upstream.

use std::{net::IpAddr, sync::Arc, time::Instant};

use exchange::{Client, Ending, Peer, Reuse};
use mio::Token;
use routes::Adapter;

use crate::{
    counters::{Count, WorkerCounters},
    crowd::Present,
    hold::Place,
    socket::Socket,
    timers::Reminder,
};

/// Which slab a number belongs to; packed with it into a reactor's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A client's connection.
    Client(u32),
    /// A connection to an upstream.
    Upstream(u32),
    /// A listener.
    Listener(u32),
    /// Letters for the worker.
    Mail,
}

impl Key {
    /// Packs the key into a token.
    pub(crate) fn token(self) -> Token {
        let (kind, number) = match self {
            Self::Client(number) => (0, number),
            Self::Upstream(number) => (1, number),
            Self::Listener(number) => (2, number),
            Self::Mail => (3, 0),
        };
        Token((number as usize) << 2 | kind)
    }

    /// Unpacks a token.
    pub(crate) fn of(token: Token) -> Self {
        let number = number(token.0 >> 2);
        match token.0 & 3 {
            0 => Self::Client(number),
            1 => Self::Upstream(number),
            2 => Self::Listener(number),
            _ => Self::Mail,
        }
    }
}

/// Narrows a slab's key.
pub(crate) fn number(key: usize) -> u32 {
    u32::try_from(key).expect("a slab holds no more connections than there are descriptors")
}

/// Where a client's connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Whoever stands before us has yet to say who the client is (PROXY protocol).
    Unannounced,
    /// Its exchanges are served.
    Open,
    /// Served no more: what waits is sent, then it ends so.
    Flushing(Ending),
    /// Our direction has ended; what comes is read and thrown away, until then at the latest.
    Lingering(Instant),
    /// All is sent; a moment later it is reset.
    Cutting,
    /// Closed: its place is freed at the end of the turn, so that no event of this turn can reach
    /// whoever takes the place next.
    Closed,
}

/// A client's connection, without its exchange.
#[derive(Debug)]
pub(crate) struct ClientConnection {
    pub(crate) socket: Socket,
    pub(crate) phase: Phase,
    /// How the exchange wished the connection to end, until the worker acts on it.
    pub(crate) ending: Option<Ending>,
    /// The connection to an upstream that it uses or dials.
    pub(crate) upstream: Option<u32>,
    /// The upstream that the exchange had last, for its access line.
    pub(crate) served_by: Option<u32>,
    /// The service that it counts for: among its requests, or its WebSockets.
    pub(crate) active: Option<u32>,
    /// Counted here as a WebSocket.
    pub(crate) websocket: Option<Arc<Count>>,
    /// Where the exchange waits, or has waited, for its service.
    pub(crate) place: Option<Box<Place>>,
    /// Stands in the list of the ready.
    pub(crate) queued: bool,
    pub(crate) listener: u16,
    pub(crate) reminder: Reminder,
    pub(crate) peer: Option<IpAddr>,
    /// Counted among its client's connections, where these have a limit.
    pub(crate) present: Option<Box<Present>>,
    /// What has come of a PROXY protocol header.
    #[allow(
        clippy::box_collection,
        reason = "it is there for a moment, in few connections"
    )]
    pub(crate) preface: Option<Box<Vec<u8>>>,
}

impl ClientConnection {
    /// Makes the record of a connection that was just accepted.
    pub(crate) fn new(socket: Socket, peer: Peer, listener: u16) -> Self {
        Self {
            socket,
            phase: Phase::Open,
            ending: None,
            upstream: None,
            served_by: None,
            active: None,
            websocket: None,
            place: None,
            queued: false,
            listener,
            reminder: Reminder::default(),
            peer: peer.ip,
            present: None,
            preface: None,
        }
    }

    /// Takes the exchange out of the count of its service's requests; a WebSocket has left that.
    pub(crate) fn end_activity(&mut self, counters: &WorkerCounters) {
        if let Some(slot) = self.active.take()
            && self.websocket.is_none()
        {
            counters.service(Some(slot)).active.less();
        }
    }
}

/// A client's connection with its exchange: apart, so that a step of the exchange can use the
/// connection.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) client: Client,
    pub(crate) connection: ClientConnection,
}

/// A wish for a connection that may need several attempts.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) slot: u32,
    pub(crate) reuse: Reuse,
    /// Upstreams that failed.
    pub(crate) tried: Vec<u32>,
    /// The upstream that the request was lost at: another is better, if there is one.
    pub(crate) avoid: Option<u32>,
    pub(crate) since: Instant,
}

/// What a connection to an upstream is there for.
#[derive(Debug)]
pub(crate) enum Use {
    /// Being made, for this client.
    Dialling { client: u32, wish: Box<Wish> },
    /// Being made for whoever waits for its upstream.
    Probing,
    /// Serves this client.
    Serving { client: u32 },
    /// Waits in the pool.
    Idle,
    /// Closed: freed at the end of the turn.
    Closed,
}

/// A connection to an upstream.
#[derive(Debug)]
pub(crate) struct UpstreamConnection {
    pub(crate) socket: Socket,
    /// The number of the upstream.
    pub(crate) upstream: u32,
    pub(crate) adapter: Adapter,
    pub(crate) usage: Use,
    /// Others wait for whether it can be made.
    pub(crate) is_probe: bool,
    /// Stands in the list of the ready.
    pub(crate) queued: bool,
    pub(crate) reminder: Reminder,
}
