//! What the worker does for an exchange during one of its steps.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use exchange::{
    Cause, Connected, Connecting, Driver, Ending, Fate, Flow, Holding, Record, Reuse, Side,
};
use fastrand::Rng;
use mio::{
    Registry,
    net::{TcpStream, UnixStream},
};
use routes::{Adapter, Address, Published, Timeouts};
use slab::Slab;

use crate::{
    access::{About, Journal},
    balance::Balance,
    clock,
    connection::{ClientConnection, Key, UpstreamConnection, Use, Wish, number},
    counters::WorkerCounters,
    hold::{Holds, Manner},
    pool::Pool,
    reserve::is_out_of_descriptors,
    socket::{Buffers, Socket, Stream},
    strangers::{self, Strangers},
    timers::{Reminder, Wheel},
};

/// Upstreams dialled for one wish.
const DIALS_MAX: usize = 8;
/// Cowboy closes a connection that was idle for 5 s.
const IDLE_COWBOY: Duration = Duration::from_secs(4);
/// Bandit closes a connection that was idle for 60 s.
const IDLE_BANDIT: Duration = Duration::from_secs(55);

/// What a worker has beside its clients and what it reads.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) registry: Registry,
    pub(crate) upstreams: Slab<UpstreamConnection>,
    pub(crate) balance: Balance,
    pub(crate) holds: Holds,
    /// How many workers there are.
    pub(crate) workers: usize,
    pub(crate) pool: Pool,
    pub(crate) wheel: Wheel,
    pub(crate) buffers: Buffers,
    pub(crate) journal: Journal,
    pub(crate) strangers: Strangers,
    /// Networks whose connections don't begin as the PROXY protocol wants it.
    pub(crate) silent: Strangers,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) random: Rng,
    /// Who is to be looked at in the next turn, though the reactor will tell nothing new.
    pub(crate) ready: Vec<Key>,
    /// Upstreams that can be connected to again.
    pub(crate) risen: Vec<u32>,
    /// Upstream connections whose places are freed at the end of the turn.
    pub(crate) closed: Vec<u32>,
}

/// How dialling went.
#[derive(Debug)]
pub(crate) enum Dialled {
    /// Connected already.
    Ready(Connected),
    /// The reactor will tell.
    Pending,
    /// No upstream is left to try.
    Exhausted,
    /// There is nothing to dial with.
    Starved,
}

/// One step of one exchange: the worker's parts, lent to it.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) key: u32,
    pub(crate) connection: &'a mut ClientConnection,
    pub(crate) parts: &'a mut Parts,
    pub(crate) published: &'a Published,
    pub(crate) now: Instant,
}

impl Driver for Step<'_> {
    fn send(&mut self, side: Side, head: &[u8], body: &[u8]) -> Flow {
        let (socket, buffers) = match side {
            Side::Client => (&mut self.connection.socket, &mut self.parts.buffers),
            Side::Upstream => {
                let Some(upstream) = self.connection.upstream else {
                    return Flow::Clear;
                };
                let upstream = &mut self.parts.upstreams[upstream as usize];
                (&mut upstream.socket, &mut self.parts.buffers)
            }
        };
        let was_broken = socket.is_broken();
        let flow = socket.send(head, body, buffers);
        if socket.is_broken() && !was_broken {
            // Told afterwards: an exchange is never called back from its own step.
            self.queue(side);
        }
        flow
    }

    fn set_reading(&mut self, side: Side, on: bool) {
        let may_read = match side {
            Side::Client => self.connection.socket.set_reading(on),
            Side::Upstream => self.connection.upstream.is_some_and(|upstream| {
                self.parts.upstreams[upstream as usize]
                    .socket
                    .set_reading(on)
            }),
        };
        if may_read {
            self.queue(side);
        }
    }

    fn connect(&mut self, slot: u32, reuse: Reuse) -> Connecting {
        if self.connection.active.is_none() {
            let limit = self.published.settings.limits.in_flight;
            let active = &self.parts.counters.service(Some(slot)).active;
            if limit.is_some_and(|limit| active.get() >= share(limit, self.parts.workers) as u64) {
                return full(reuse);
            }
            active.add(1);
            self.connection.active = Some(slot);
        }
        // Nobody passes those who wait.
        if self.parts.holds.is_waited_for(slot) || self.parts.balance.is_paused(slot) {
            return Connecting::Refused;
        }
        if self.parts.balance.listed(slot).is_empty() {
            return Connecting::Nowhere;
        }
        if reuse == Reuse::Socket && !self.admits_socket(slot) {
            return Connecting::Crowded;
        }
        match self.dial(Wish {
            slot,
            reuse,
            tried: Vec::new(),
            avoid: self.connection.served_by,
            since: self.now,
        }) {
            Dialled::Ready(connected) => Connecting::Ready(connected),
            Dialled::Pending => Connecting::Pending,
            Dialled::Exhausted => Connecting::Refused,
            // Others have connections still: nobody is to wait behind this one.
            Dialled::Starved => full(reuse),
        }
    }

    fn hold(&mut self, slot: u32) -> Holding {
        let limit = self.published.settings.limits.held;
        if self.parts.holds.held_for(slot) >= share(limit, self.parts.workers) {
            return Holding::Full;
        }
        self.wait(slot, Manner::Held);
        Holding::Queued {
            was_up: self.parts.balance.was_up(slot, self.now),
        }
    }

    fn stand_by(&mut self, slot: u32, cause: Cause) -> usize {
        // It is answered, and its service has nothing to do with it.
        self.connection.end_activity(&self.parts.counters);
        let manner = match cause {
            Cause::Away => Manner::StandingBy,
            Cause::Crowd => Manner::Crowded,
        };
        self.wait(slot, manner);
        self.parts.holds.waiting()
    }

    fn unhold(&mut self) {
        if let Some(place) = &mut self.connection.place {
            self.parts.holds.leave(place);
        }
    }

    fn release(&mut self, fate: Fate) {
        if let Some(upstream) = self.connection.upstream.take() {
            self.parts
                .release(upstream, fate, self.now, &self.published.settings.timeouts);
        }
    }

    fn is_upstream_reset(&self) -> bool {
        let upstream = self.connection.upstream;
        let upstream = upstream.and_then(|key| self.parts.upstreams.get(key as usize));
        upstream.is_some_and(|it| it.socket.is_broken() || it.socket.is_hung_up())
    }

    fn end_client(&mut self, ending: Ending) {
        self.connection.ending = Some(ending);
        self.connection.socket.set_reading(false);
        self.wake_at(None);
    }

    fn wake_at(&mut self, at: Option<Instant>) {
        let token = Key::Client(self.key).token().0;
        self.parts
            .wheel
            .set(&mut self.connection.reminder, at, token);
    }

    fn distrusted(&mut self) {
        let Some(peer) = self.connection.peer else {
            return;
        };
        if self.published.settings.trusted_proxies.contains(peer) {
            // It named its client, which then spoke for itself: nobody's setting is wrong.
            return;
        }
        if let Some(network) = self.parts.strangers.meet(peer) {
            let setting = strangers::setting(&self.published.settings.trusted_proxies, network);
            tracing::warn!(%peer, %network, setting, "forwarded fields dropped, peer is not trusted");
        }
    }

    fn finished(&mut self, record: &Record<'_>) {
        let parts = &mut *self.parts;
        parts.counters.finished(record);
        self.connection.end_activity(&parts.counters);
        if let Some(mut place) = self.connection.place.take() {
            parts.holds.leave(&mut place);
        }
        let served_by = self.connection.served_by.take();
        if parts.journal.is_on() {
            let service = record
                .slot
                .and_then(|slot| self.published.snapshot.by_slot(slot));
            let known = served_by.map(|upstream| parts.balance.get(upstream));
            let about = About {
                peer_ip: self.connection.peer,
                service: service.map(|service| service.name.as_str()),
                app: service.and_then(|service| service.app.as_deref()),
                node: known.and_then(|known| known.node.as_deref()),
                upstream: known.map(|known| &*known.label),
                upstream_state: known.and_then(|known| known.sight.state()),
            };
            parts.journal.add(record, &about, clock::wall);
        }
        if let Some(upstream) = served_by {
            parts.balance.let_go(upstream);
        }
    }
}

impl Step<'_> {
    /// Tries one upstream after the other until one can be connected to, or may be.
    pub(crate) fn dial(&mut self, mut wish: Wish) -> Dialled {
        // One that does not answer at all is not the end; several are.
        let patience = 2 * self.published.settings.timeouts.connect;
        let may_hold = !self.published.settings.timeouts.hold.is_zero();
        loop {
            let parts = &mut *self.parts;
            let late = self.now.saturating_duration_since(wish.since) >= patience;
            if wish.tried.len() >= DIALS_MAX || (late && !wish.tried.is_empty()) {
                return Dialled::Exhausted;
            }
            let (slot, tried, random) = (wish.slot, &wish.tried[..], &mut parts.random);
            let others = wish.avoid.map(|avoid| [tried, &[avoid]].concat());
            let other = others.and_then(|it| parts.balance.choose(slot, &it, self.now, random));
            let chosen = other.or_else(|| parts.balance.choose(slot, tried, self.now, random));
            let resting = || parts.balance.choose_resting(slot, tried);
            let Some(upstream) = chosen.or_else(|| resting().filter(|_| !may_hold)) else {
                return self.take_any_idle(&wish);
            };
            self.serve_by(upstream);
            if let Some(connected) = self.take_idle(upstream, wish.reuse) {
                return Dialled::Ready(connected);
            }
            match self.parts.open(upstream) {
                Ok(socket) => return self.attach(upstream, socket, wish),
                Err(error) if is_ours(&error) => {
                    tracing::warn!(%error, "no socket to dial with");
                    return match self.take_any_idle(&wish) {
                        Dialled::Ready(connected) => Dialled::Ready(connected),
                        Dialled::Pending | Dialled::Exhausted | Dialled::Starved => {
                            Dialled::Starved
                        }
                    };
                }
                Err(error) => {
                    self.parts.failed(upstream, &error, self.now);
                    wish.tried.push(upstream);
                }
            }
        }
    }

    /// An upstream that rests may have connections still.
    fn take_any_idle(&mut self, wish: &Wish) -> Dialled {
        for upstream in self.parts.balance.listed(wish.slot).to_vec() {
            if wish.tried.contains(&upstream) {
                continue;
            }
            if let Some(connected) = self.take_idle(upstream, wish.reuse) {
                self.serve_by(upstream);
                return Dialled::Ready(connected);
            }
        }
        Dialled::Exhausted
    }

    fn admits_socket(&mut self, slot: u32) -> bool {
        let Some(rate) = self.published.settings.limits.upgrades else {
            return true;
        };
        let workers = u32::try_from(self.parts.workers).unwrap_or(u32::MAX);
        let rate = f64::from(rate) / f64::from(workers);
        self.parts.balance.admits_socket(slot, rate, self.now)
    }

    /// Has the client wait for a service.
    fn wait(&mut self, slot: u32, manner: Manner) {
        let before = self.connection.place.take();
        let holds = &mut self.parts.holds;
        let place = holds.enter(slot, self.key, manner, before.map(|place| *place));
        self.connection.place = Some(Box::new(place));
    }

    /// Remembers the upstream for the access line.
    fn serve_by(&mut self, upstream: u32) {
        self.parts.balance.hold(upstream);
        if let Some(before) = self.connection.served_by.replace(upstream) {
            self.parts.balance.let_go(before);
        }
    }

    fn take_idle(&mut self, upstream: u32, reuse: Reuse) -> Option<Connected> {
        let parts = &mut *self.parts;
        let adapter = parts.balance.get(upstream).adapter;
        let idle_max = idle_max(adapter, &self.published.settings.timeouts);
        let key = parts.pool.take(upstream, reuse, idle_max, self.now)?;
        let connection = &mut parts.upstreams[key as usize];
        connection.usage = Use::Serving { client: self.key };
        parts.wheel.set(&mut connection.reminder, None, 0);
        parts.balance.begin(upstream);
        self.connection.upstream = Some(key);
        Some(Connected {
            reused: true,
            adapter,
        })
    }

    /// Gives the client a connection that was just opened: TCP connects are under way then, Unix
    /// sockets connect at once.
    fn attach(&mut self, upstream: u32, stream: Stream, wish: Wish) -> Dialled {
        let is_connected = matches!(stream, Stream::Unix(_));
        let parts = &mut *self.parts;
        let entry = parts.upstreams.vacant_entry();
        let key = number(entry.key());
        let token = Key::Upstream(key).token();
        let socket = match Socket::register(stream, is_connected, &parts.registry, token) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "connection can't be watched");
                return Dialled::Exhausted;
            }
        };
        let adapter = parts.balance.get(upstream).adapter;
        let mut reminder = Reminder::default();
        let is_probe = parts.balance.dialled(upstream);
        let usage = if is_connected {
            Use::Serving { client: self.key }
        } else {
            let limit = self
                .now
                .checked_add(self.published.settings.timeouts.connect);
            parts.wheel.set(&mut reminder, limit, token.0);
            Use::Dialling {
                client: self.key,
                wish: Box::new(wish),
            }
        };
        let queued = false;
        entry.insert(UpstreamConnection {
            socket,
            upstream,
            adapter,
            usage,
            is_probe: is_probe && !is_connected,
            queued,
            reminder,
        });
        parts.balance.hold(upstream);
        parts.balance.begin(upstream);
        self.connection.upstream = Some(key);
        if is_connected {
            parts.connected(upstream, self.now);
            Dialled::Ready(Connected {
                reused: false,
                adapter,
            })
        } else {
            Dialled::Pending
        }
    }

    fn queue(&mut self, side: Side) {
        match side {
            Side::Client => self.parts.queue_client(self.key, self.connection),
            Side::Upstream => {
                if let Some(upstream) = self.connection.upstream {
                    self.parts.queue_upstream(upstream);
                }
            }
        }
    }
}

impl Parts {
    /// Has a client looked at in the next turn.
    pub(crate) fn queue_client(&mut self, key: u32, connection: &mut ClientConnection) {
        if !std::mem::replace(&mut connection.queued, true) {
            self.ready.push(Key::Client(key));
        }
    }

    /// Has a connection to an upstream looked at in the next turn.
    pub(crate) fn queue_upstream(&mut self, key: u32) {
        let connection = &mut self.upstreams[key as usize];
        if !std::mem::replace(&mut connection.queued, true) {
            self.ready.push(Key::Upstream(key));
        }
    }

    /// Takes a connection from the client that used it.
    pub(crate) fn release(&mut self, key: u32, fate: Fate, now: Instant, timeouts: &Timeouts) {
        let connection = &mut self.upstreams[key as usize];
        let upstream = connection.upstream;
        self.balance.end(upstream);
        let may_keep = matches!(connection.usage, Use::Serving { .. })
            && connection.socket.is_reusable()
            && connection.socket.is_silent()
            && self.balance.is_listed(upstream);
        if fate == Fate::Close || !may_keep || !self.pool.put(upstream, key, now) {
            return self.close(key);
        }
        self.rest_in_pool(key, now, timeouts);
    }

    /// A connection that stands in the pool: it is closed once it was idle for too long.
    fn rest_in_pool(&mut self, key: u32, now: Instant, timeouts: &Timeouts) {
        let connection = &mut self.upstreams[key as usize];
        connection.usage = Use::Idle;
        let until = now.checked_add(idle_max(connection.adapter, timeouts));
        let token = Key::Upstream(key).token();
        self.wheel.set(&mut connection.reminder, until, token.0);
    }

    /// Closes a connection that no client uses any more. Its place is freed at the end of the
    /// turn.
    pub(crate) fn close(&mut self, key: u32) {
        let connection = &mut self.upstreams[key as usize];
        if matches!(connection.usage, Use::Closed) {
            return;
        }
        if std::mem::take(&mut connection.is_probe) {
            self.balance.probe_left(connection.upstream);
            self.holds.look_again();
        }
        connection.usage = Use::Closed;
        connection.socket.discard(&mut self.buffers);
        self.closed.push(key);
    }

    /// Frees the places of closed connections.
    pub(crate) fn free_closed(&mut self) {
        while let Some(key) = self.closed.pop() {
            let connection = self.upstreams.remove(key as usize);
            self.balance.let_go(connection.upstream);
        }
    }

    /// Notes a connection that was made.
    pub(crate) fn connected(&mut self, upstream: u32, now: Instant) {
        if self.balance.connected(upstream, now) && !self.holds.is_empty() {
            self.risen.push(upstream);
        }
    }

    /// Tries to connect to an upstream for those who wait for it.
    pub(crate) fn probe(&mut self, upstream: u32, now: Instant, timeouts: &Timeouts) {
        let stream = match self.open(upstream) {
            Ok(stream) => stream,
            // That says nothing of the upstream.
            Err(error) if is_ours(&error) => {
                self.balance.put_off(upstream, now);
                return self.holds.look_again();
            }
            Err(error) => return self.failed(upstream, &error, now),
        };
        let is_connected = matches!(stream, Stream::Unix(_));
        let entry = self.upstreams.vacant_entry();
        let key = number(entry.key());
        let token = Key::Upstream(key).token();
        let socket = match Socket::register(stream, is_connected, &self.registry, token) {
            Ok(socket) => socket,
            Err(error) => return self.failed(upstream, &error, now),
        };
        entry.insert(UpstreamConnection {
            socket,
            upstream,
            adapter: self.balance.get(upstream).adapter,
            usage: Use::Probing,
            is_probe: true,
            queued: false,
            reminder: Reminder::default(),
        });
        self.balance.hold(upstream);
        self.balance.probed(upstream);
        if is_connected {
            return self.probed(key, now, timeouts);
        }
        let limit = now.checked_add(timeouts.connect);
        let reminder = &mut self.upstreams[key as usize].reminder;
        self.wheel.set(reminder, limit, token.0);
    }

    /// A connection that was tried for those who wait is there: the pool has it, and they are called.
    pub(crate) fn probed(&mut self, key: u32, now: Instant, timeouts: &Timeouts) {
        let upstream = self.upstreams[key as usize].upstream;
        self.upstreams[key as usize].is_probe = false;
        self.balance.connected(upstream, now);
        self.risen.push(upstream);
        let socket = &mut self.upstreams[key as usize].socket;
        let is_fit = socket.is_reusable() && socket.is_silent();
        if is_fit && self.balance.is_listed(upstream) && self.pool.put(upstream, key, now) {
            self.rest_in_pool(key, now, timeouts);
        } else {
            self.close(key);
        }
    }

    /// Notes a connect that failed.
    pub(crate) fn failed(&mut self, upstream: u32, error: &io::Error, now: Instant) {
        self.counters.connects_failed.add(1);
        let address = &self.balance.get(upstream).address;
        tracing::debug!(upstream = %address, %error, "connect failed");
        self.balance.failed(upstream, now);
        self.holds.look_again();
    }

    /// Begins to connect.
    fn open(&self, upstream: u32) -> io::Result<Stream> {
        match &self.balance.get(upstream).address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(*address)?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(path).map(Stream::Unix),
        }
    }
}

/// How long an idle connection may be used again.
fn idle_max(adapter: Adapter, timeouts: &Timeouts) -> Duration {
    let by_adapter = match adapter {
        Adapter::Bandit => IDLE_BANDIT,
        Adapter::Cowboy | Adapter::Unknown => IDLE_COWBOY,
    };
    timeouts.upstream_idle.unwrap_or(by_adapter)
}

/// What a request gets for which there is no room.
fn full(reuse: Reuse) -> Connecting {
    match reuse {
        Reuse::Socket => Connecting::Crowded,
        Reuse::Any | Reuse::Fresh | Reuse::Never => Connecting::Full,
    }
}

/// What one worker has of a quota.
fn share(quota: usize, workers: usize) -> usize {
    quota.div_ceil(workers)
}

/// Whether a connect failed for want of something of our own, which is not the upstream's fault.
fn is_ours(error: &io::Error) -> bool {
    is_out_of_descriptors(error) || error.kind() == io::ErrorKind::AddrNotAvailable
}
