//! The driver: wires that take and give bytes in pieces.

use std::time::Instant;

use fastrand::Rng;
use routes::Adapter;

use super::{
    person::Person,
    server::{Seen, Server},
};
use crate::{
    Cause, Connected, Connecting, Driver, Ending, Fate, Flow, Holding, Reason, Record, Reuse, Side,
};

/// The most bytes of one read.
pub(super) const SCRATCH: usize = 2048;
/// The most bytes that may wait for one side: a read, a head, and what framing anew adds.
pub(super) const WAITING_BYTES_MAX: usize = 2 * SCRATCH + 1024;
/// Requests that may be held.
const HELD_MAX: usize = 1;

/// How a client waits for the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Held,
    StandingBy,
    /// In a crowd: nobody is told.
    Crowded,
}

/// The service that all requests are for.
#[derive(Debug, Default)]
pub(super) struct Service {
    /// Nothing can be connected to.
    pub(super) is_away: bool,
    /// Requests that are held.
    pub(super) held: usize,
}

/// One client's wires.
pub(super) struct Line {
    pub(super) person: Person,
    /// Bytes delivered of what the person sends.
    pub(super) sent: usize,
    pub(super) has_left: bool,
    /// The client takes no more bytes.
    pub(super) is_deaf: bool,
    pub(super) received: Vec<u8>,
    pub(super) waiting: Vec<u8>,
    pub(super) is_read: bool,
    pub(super) ending: Option<Ending>,
    pub(super) is_connecting: bool,
    /// The last wish for a connection was met.
    has_connected: bool,
    pub(super) place: Option<Place>,
    /// Index of the upstream's connection.
    pub(super) server: Option<usize>,
    pub(super) server_waiting: Vec<u8>,
    pub(super) server_is_read: bool,
    /// The upstream takes no more bytes.
    pub(super) server_is_deaf: bool,
    pub(super) wake_at: Option<Instant>,
    /// Status, reason, attempts, and whether it was held.
    pub(super) records: Vec<(u16, Reason, u8, bool)>,
}

impl Line {
    pub(super) fn new(person: Person, rng: &mut Rng) -> Self {
        Self {
            person,
            sent: 0,
            has_left: false,
            is_deaf: rng.u8(..16) == 0,
            received: Vec::new(),
            waiting: Vec::new(),
            is_read: true,
            ending: None,
            is_connecting: false,
            has_connected: false,
            place: None,
            server: None,
            server_waiting: Vec::new(),
            server_is_read: true,
            server_is_deaf: false,
            wake_at: None,
            records: Vec::new(),
        }
    }

    /// What became of it, for a person.
    pub(super) fn told(&self) -> String {
        let (records, ending) = (&self.records, self.ending);
        let (sent, received) = (&self.person.bytes[..self.sent], &self.received);
        let (sent, received) = (sent.escape_ascii(), received.escape_ascii());
        format!("{records:?} {ending:?}\nsent {sent}\nreceived {received}")
    }
}

/// What one client's driver may touch.
pub(super) struct Wires<'a> {
    pub(super) line: &'a mut Line,
    pub(super) service: &'a mut Service,
    pub(super) servers: &'a mut Vec<Server>,
    pub(super) seen: &'a mut Seen,
    pub(super) rng: &'a mut Rng,
}

impl Wires<'_> {
    fn take(&mut self, server: usize, reused: bool) -> Connected {
        self.line.server = Some(server);
        self.line.has_connected = true;
        self.line.server_is_read = true;
        self.line.server_is_deaf = self.rng.u8(..24) == 0;
        self.servers[server].is_used = true;
        Connected {
            reused,
            adapter: Adapter::Unknown,
        }
    }

    /// A new connection.
    pub(super) fn open(&mut self) -> Connected {
        self.line.is_connecting = false;
        self.servers.push(Server::new());
        self.take(self.servers.len() - 1, false)
    }

    /// Takes the place away from whoever waits. Returns it.
    pub(super) fn answer_place(&mut self) -> Option<Place> {
        let place = self.line.place.take();
        self.service.held -= usize::from(place == Some(Place::Held));
        place
    }

    fn send_upstream(&mut self, bytes: &[u8]) -> Flow {
        let server = self.line.server.expect("a send without a connection");
        let taken = self.taken(
            bytes,
            self.line.server_waiting.is_empty() && !self.line.server_is_deaf,
        );
        self.servers[server].receive(&bytes[..taken], self.seen, self.rng);
        self.line.server_waiting.extend_from_slice(&bytes[taken..]);
        flow(&self.line.server_waiting)
    }

    fn send_client(&mut self, bytes: &[u8]) -> Flow {
        assert_eq!(self.line.ending, None, "a send after the end");
        let taken = self.taken(bytes, self.line.waiting.is_empty() && !self.line.is_deaf);
        self.line.received.extend_from_slice(&bytes[..taken]);
        self.line.waiting.extend_from_slice(&bytes[taken..]);
        flow(&self.line.waiting)
    }

    /// How many bytes the socket takes at once.
    fn taken(&mut self, bytes: &[u8], is_open: bool) -> usize {
        if !is_open {
            0
        } else if self.rng.u8(..4) == 0 {
            self.rng.usize(..=bytes.len())
        } else {
            bytes.len()
        }
    }
}

fn flow(waiting: &[u8]) -> Flow {
    assert!(
        waiting.len() <= WAITING_BYTES_MAX,
        "{} bytes wait",
        waiting.len()
    );
    if waiting.is_empty() {
        Flow::Clear
    } else {
        Flow::Full
    }
}

impl Driver for Wires<'_> {
    fn send(&mut self, side: Side, head: &[u8], body: &[u8]) -> Flow {
        let bytes = [head, body].concat();
        assert!(!bytes.is_empty(), "a send of nothing");
        match side {
            Side::Client => self.send_client(&bytes),
            Side::Upstream => self.send_upstream(&bytes),
        }
    }

    fn set_reading(&mut self, side: Side, on: bool) {
        let state = match side {
            Side::Client => &mut self.line.is_read,
            Side::Upstream => &mut self.line.server_is_read,
        };
        assert_ne!(*state, on, "a call that changes nothing");
        *state = on;
    }

    fn connect(&mut self, slot: u32, reuse: Reuse) -> Connecting {
        assert_eq!(slot, 3);
        assert!(
            self.line.server.is_none() && !self.line.is_connecting,
            "two connections"
        );
        assert_eq!(self.line.place, None, "a wish of one that waits");
        self.line.has_connected = false;
        let is_idle =
            |server: &Server| !server.is_used && !server.is_closed && server.outgoing.is_empty();
        let idle = self.servers.iter().position(is_idle);
        let may_reuse = match reuse {
            Reuse::Any | Reuse::Fresh => true,
            Reuse::Never | Reuse::Socket => false,
        };
        if reuse == Reuse::Socket && self.rng.u8(..4) == 0 {
            return Connecting::Crowded;
        }
        if let Some(server) = idle.filter(|_| may_reuse) {
            return Connecting::Ready(self.take(server, true));
        }
        match self.rng.u8(..16) {
            0 if self.rng.u8(..4) == 0 => Connecting::Full,
            0 => Connecting::Nowhere,
            1 => Connecting::Refused,
            2..8 if self.service.is_away => Connecting::Refused,
            2..16 if self.service.is_away => {
                self.line.is_connecting = true;
                Connecting::Pending
            }
            2..8 => {
                self.line.is_connecting = true;
                Connecting::Pending
            }
            _ => Connecting::Ready(self.open()),
        }
    }

    fn release(&mut self, fate: Fate) {
        let server = self.line.server.take();
        assert!(
            server.is_some() || self.line.is_connecting,
            "released twice"
        );
        self.line.is_connecting = false;
        if fate == Fate::Reuse {
            assert!(
                self.line.server_waiting.is_empty(),
                "reused with a request on its way"
            );
        }
        self.line.server_waiting.clear();
        if let Some(server) = server {
            let has_said_more = self.servers[server].has_said_more();
            assert!(
                fate == Fate::Close || !has_said_more,
                "reused though it said more than it was asked"
            );
            self.servers[server].is_used = false;
            self.servers[server].is_closed = fate == Fate::Close;
        }
    }

    fn hold(&mut self, slot: u32) -> Holding {
        assert_eq!(slot, 3);
        assert!(
            self.line.server.is_none() && !self.line.is_connecting,
            "one that has a connection waits"
        );
        assert_eq!(self.line.place, None, "two places");
        // Others wait behind it.
        assert!(!self.line.has_connected, "one that can connect waits");
        if self.service.held == HELD_MAX {
            return Holding::Full;
        }
        self.service.held += 1;
        self.line.place = Some(Place::Held);
        Holding::Queued {
            was_up: self.rng.bool(),
        }
    }

    fn stand_by(&mut self, slot: u32, cause: Cause) -> usize {
        assert_eq!(slot, 3);
        assert_eq!(self.line.place, None, "two places");
        self.line.place = Some(match cause {
            Cause::Away => Place::StandingBy,
            Cause::Crowd => Place::Crowded,
        });
        self.rng.usize(..1000)
    }

    fn unhold(&mut self) {
        assert!(self.answer_place().is_some(), "a place given up twice");
    }

    fn is_upstream_reset(&self) -> bool {
        // Its index is as good as chance.
        self.line
            .server
            .is_some_and(|server| server.is_multiple_of(3))
    }

    fn end_client(&mut self, ending: Ending) {
        assert_eq!(self.line.ending.replace(ending), None, "ended twice");
        assert!(
            self.line.server.is_none() && !self.line.is_connecting,
            "an upstream is left behind"
        );
        if ending != Ending::Abort {
            let waiting = std::mem::take(&mut self.line.waiting);
            self.line.received.extend(waiting);
        }
    }

    fn wake_at(&mut self, at: Option<Instant>) {
        self.line.wake_at = at;
    }

    fn finished(&mut self, record: &Record<'_>) {
        assert_eq!(self.line.place, None, "a place is left behind");
        let is_held = !record.held.is_zero();
        let record = (record.status, record.reason, record.attempts, is_held);
        self.line.records.push(record);
    }
}
