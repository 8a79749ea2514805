//! New clients: accepted here, or dealt out by the worker that accepts for all.

use std::{
    io::{self, ErrorKind},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{SyncSender, TryRecvError, TrySendError},
    },
    time::Duration,
};

use exchange::{Client, Peer};
use mio::Registry;
use routes::Settings;

use crate::{
    connection::{ClientConnection, Key, Phase, Slot, number},
    listener::Listener,
    mailbox::Mailbox,
    reserve::is_out_of_descriptors,
    socket::{Socket, Stream},
};

use super::Worker;

/// Connections accepted from one listener in one turn.
const ACCEPTS_PER_TURN: usize = 64;
/// How long accepting rests when descriptors have run out, or at the limit of connections.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener that this worker accepts from.
#[derive(Debug)]
pub(crate) struct Door {
    listener: Listener,
    /// Connections may wait that the reactor will not tell of again.
    waiting: bool,
}

impl Door {
    /// Registers the listeners.
    pub(super) fn open_all(listeners: Vec<Listener>, registry: &Registry) -> io::Result<Vec<Self>> {
        let mut doors = Vec::with_capacity(listeners.len());
        for mut listener in listeners {
            let key = Key::Listener(number(doors.len()));
            listener.register(registry, key.token())?;
            doors.push(Self {
                listener,
                waiting: false,
            });
        }
        Ok(doors)
    }
}

/// A connection on its way from the worker that accepted it.
#[derive(Debug)]
pub(crate) struct Dealt {
    stream: Stream,
    peer: Peer,
    listener: u16,
}

impl Dealt {
    /// A connection that was just accepted.
    pub(super) fn new(stream: Stream, peer: Peer, listener: u16) -> Self {
        Self {
            stream,
            peer,
            listener,
        }
    }
}

/// Whether the first bytes of a connection say who the client is. From others they would be a claim
/// that anybody can make.
fn announces(peer: Peer, settings: &Settings) -> bool {
    let trusts = |ip| settings.trusted_proxies.contains(ip);
    settings.proxy_protocol && peer.ip.is_none_or(trusts)
}

/// Deals connections out to all workers in turn.
#[derive(Debug)]
pub(crate) struct Dealer {
    workers: Vec<(SyncSender<Dealt>, Arc<Mailbox>)>,
    next: usize,
}

impl Dealer {
    /// Deals to these workers; the first is the dealer's own.
    pub(crate) fn new(workers: Vec<(SyncSender<Dealt>, Arc<Mailbox>)>) -> Self {
        Self { workers, next: 0 }
    }

    /// Deals no more, and says so to those who wait for it.
    fn dismiss(self) {
        for (worker, mailbox) in self.workers {
            drop(worker);
            if let Err(error) = mailbox.wake() {
                tracing::error!(%error, "worker can't be woken");
            }
        }
    }

    /// Gives a connection away; returns it where it is the dealer's own turn, or where the one
    /// whose turn it is has too much to do.
    fn deal(&mut self, dealt: Dealt) -> Option<Dealt> {
        let turn = self.next % self.workers.len();
        self.next = turn + 1;
        if turn == 0 {
            return Some(dealt);
        }
        let (worker, mailbox) = &self.workers[turn];
        match worker.try_send(dealt) {
            Ok(()) => {
                if let Err(error) = mailbox.wake() {
                    tracing::error!(%error, "worker can't be woken");
                }
                None
            }
            Err(TrySendError::Full(dealt) | TrySendError::Disconnected(dealt)) => Some(dealt),
        }
    }
}

impl Worker {
    /// Accepts what waits at a door, up to a turn's share.
    pub(super) fn accept(&mut self, door: u32) {
        for _ in 0..ACCEPTS_PER_TURN {
            if !self.accept_one(door) {
                return;
            }
        }
        self.parts.ready.push(Key::Listener(door));
    }

    /// Returns whether more may wait.
    fn accept_one(&mut self, index: u32) -> bool {
        let at_limit = self.is_at_limit();
        let Some(door) = self.doors.get_mut(index as usize) else {
            return false;
        };
        if self.paused.is_some() || at_limit {
            door.waiting = true;
            self.pause_accepting();
            return false;
        }
        match door.listener.accept() {
            Ok((stream, peer)) => {
                let (listener, deals) = (door.listener.index, door.listener.deals);
                let dealt = Dealt::new(stream, peer, listener);
                self.open.fetch_add(1, Ordering::Relaxed);
                let dealer = self
                    .dealer
                    .as_mut()
                    .filter(|_| deals && self.drain.is_none());
                let ours = match dealer {
                    Some(dealer) => dealer.deal(dealt),
                    None => Some(dealt),
                };
                if let Some(ours) = ours {
                    self.admit(ours);
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                door.waiting = false;
                false
            }
            Err(error) if is_out_of_descriptors(&error) => {
                door.waiting = true;
                tracing::warn!(%error, "accepting paused");
                self.shed(index);
                self.pause_accepting();
                false
            }
            // Only this connection went wrong, before it was accepted.
            Err(error) => {
                tracing::debug!(%error, "connection not accepted");
                true
            }
        }
    }

    /// Closes what waits at a door where there are no descriptors to serve it with: these clients
    /// can go elsewhere or come again, while those that wait behind would hang.
    fn shed(&mut self, index: u32) {
        let Some(door) = self.doors.get(index as usize) else {
            return;
        };
        for _ in 0..ACCEPTS_PER_TURN {
            if !self.reserve.spend() {
                break;
            }
            let accepted = door.listener.accept();
            let is_done = accepted.is_err();
            // Closed before the reserve is filled again.
            drop(accepted);
            self.reserve.refill();
            if is_done {
                break;
            }
            self.parts.counters.shed.add(1);
        }
    }

    /// Takes the connections that were dealt to this worker.
    pub(super) fn take_dealt(&mut self) {
        loop {
            match self.dealt.try_recv() {
                Ok(dealt) => self.admit(dealt),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.is_dealt_out = true;
                    return;
                }
            }
        }
    }

    /// Accepts again after a pause.
    pub(super) fn resume_accepting(&mut self) {
        if self.paused.is_none_or(|until| self.now < until) {
            return;
        }
        self.paused = None;
        for (index, door) in self.doors.iter_mut().enumerate() {
            if std::mem::take(&mut door.waiting) {
                self.parts.ready.push(Key::Listener(number(index)));
            }
        }
    }

    /// Accepts what still waits, then closes the doors. What a successor accepts from stays where
    /// it is, and what waits there is the successor's.
    pub(super) fn close_doors(&mut self, has_successor: bool) {
        if let Some(dealer) = self.dealer.take() {
            dealer.dismiss();
        }
        if has_successor {
            self.doors.clear();
            self.paused = None;
            return;
        }
        for door in &self.doors {
            door.listener.remove_file();
        }
        self.paused = None;
        for door in 0..self.doors.len() {
            // Bounded by the queue's length: what comes after is not ours any more.
            for _ in 0..=crate::listener::BACKLOG {
                if !self.accept_one(number(door)) {
                    break;
                }
            }
        }
        self.doors.clear();
        self.paused = None;
    }

    /// Takes up a connection that is counted already.
    fn admit(&mut self, dealt: Dealt) {
        let Dealt {
            stream,
            peer,
            listener,
        } = dealt;
        let entry = self.clients.vacant_entry();
        let key = number(entry.key());
        let token = Key::Client(key).token();
        let socket = match Socket::register(stream, true, &self.parts.registry, token) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "connection can't be watched");
                self.open.fetch_sub(1, Ordering::Relaxed);
                return;
            }
        };
        self.parts.counters.connections_total.add(1);
        self.parts.counters.open[usize::from(listener)].add(1);
        let connection = ClientConnection::new(socket, peer, listener);
        let client = Client::new(peer, self.now);
        let slot = entry.insert(Slot { client, connection });
        if announces(peer, &self.published.settings) {
            slot.connection.phase = Phase::Unannounced;
            self.set_client_limit(key, self.published.settings.timeouts.head);
            self.serve_client(key);
        } else {
            self.begin_client(key, &[]);
        }
    }

    /// Begins the exchanges of a client, of which `bytes` have come already. More are read at once: they
    /// are mostly there.
    pub(super) fn begin_client(&mut self, key: u32, bytes: &[u8]) {
        if !self.may_stay(key) {
            self.parts.counters.shed.add(1);
            return self.abort_client(key);
        }
        self.step(key, |client, context| {
            client.begin(context);
            if !bytes.is_empty() {
                client.on_client_data(bytes, context);
            }
        });
        self.serve_client(key);
        if self.drain.is_some() {
            self.step(key, |client, context| client.stop(false, context));
        }
    }

    /// Counts a connection among those of its client; `false` where it has too many. A trusted proxy
    /// has as many as it has clients.
    fn may_stay(&mut self, key: u32) -> bool {
        let settings = &self.published.settings;
        let Some(max) = settings.limits.connections_per_client else {
            return true;
        };
        let Some(Slot { client, connection }) = self.clients.get_mut(key as usize) else {
            return false;
        };
        match client.peer().ip {
            Some(ip) if !settings.trusted_proxies.contains(ip) => {
                connection.present = self.crowd.enter(ip, max).map(Box::new);
                connection.present.is_some()
            }
            Some(_) | None => true,
        }
    }

    fn is_at_limit(&self) -> bool {
        self.open.load(Ordering::Relaxed) >= self.published.settings.limits.connections
    }

    fn pause_accepting(&mut self) {
        if self.paused.is_none() {
            self.paused = Some(self.now + PAUSE);
            self.parts.counters.accept_pauses.add(1);
        }
    }
}
