//! The loop of one core: events in, steps of exchanges, bytes out.
//!
//! A turn: wait for events; read the clock once; serve whom they concern; serve those left over
//! from the turn before; ring the timers; free the places of what closed; hand over access lines.
//! Sockets are registered once, edge-triggered, so each remembers what it was told, and whoever is
//! not finished within its share of a turn stands in the list of the ready for the next.

use std::{
    io::{self, ErrorKind},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicUsize, mpsc::Receiver},
    time::{Duration, Instant},
};

use exchange::{Client, Context, Tools};
use mio::{Events, Poll, event::Event};
use routes::Published;
use slab::Slab;

use crate::{
    access::Journal,
    balance::Balance,
    board::Board,
    clock,
    connection::{Key, Phase, Slot},
    counters::WorkerCounters,
    crowd::Crowd,
    drain::Drain,
    hold::Holds,
    listener::Listener,
    mailbox::Mailbox,
    pool::Pool,
    reserve::Reserve,
    socket::Buffers,
    step::{Parts, Step},
    strangers::Strangers,
    timers::{Expired, Wheel},
};

mod accepting;
mod announcing;
mod clients;
mod leaving;
#[cfg(test)]
mod tests;
mod upstreams;
mod waiting;

use accepting::Door;
pub(crate) use accepting::{Dealer, Dealt};

/// The buffer that all reads of a worker go through. Smaller costs more at large bodies; larger
/// gains nothing and leaves the processor's cache.
const SCRATCH_BYTES: usize = 64 * 1024;
/// Reads of one socket in one turn: then the others have theirs.
const READS_PER_TURN: usize = 4;
/// Events taken from the reactor at once.
const EVENTS_PER_TURN: usize = 1024;
/// Events after which the clock is read again.
const EVENTS_PER_READING: usize = 64;
/// Between two readings of the clock there is less, unless the process was stopped or had nothing to do.
const LATE: Duration = Duration::from_secs(1);

/// What a worker is made of; crosses to its thread.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) poll: Poll,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) dealt: Receiver<Dealt>,
    pub(crate) dealer: Option<Dealer>,
    pub(crate) published: Arc<Published>,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) journal: Journal,
    pub(crate) strangers: Strangers,
    pub(crate) silent: Strangers,
    pub(crate) board: Board,
    /// Client connections of all workers.
    pub(crate) open: Arc<AtomicUsize>,
    pub(crate) crowd: Crowd,
    /// How many workers there are.
    pub(crate) workers: usize,
    /// This process in Via.
    pub(crate) instance: String,
    /// Of request ids and choices.
    pub(crate) random: u64,
}

/// One event loop.
#[derive(Debug)]
pub(crate) struct Worker {
    poll: Poll,
    scratch: Box<[u8]>,
    now: Instant,
    clients: Slab<Slot>,
    parts: Parts,
    tools: Tools,
    published: Arc<Published>,
    doors: Vec<Door>,
    dealer: Option<Dealer>,
    dealt: Receiver<Dealt>,
    /// Nobody deals connections any more.
    is_dealt_out: bool,
    mailbox: Arc<Mailbox>,
    open: Arc<AtomicUsize>,
    crowd: Crowd,
    /// For connections that are closed at once where there are no others.
    reserve: Reserve,
    /// Accepting rests until then.
    paused: Option<Instant>,
    /// Clients whose places are freed at the end of the turn.
    closed: Vec<u32>,
    /// The process was stopped, or its machine slept: after so many full turns all that came
    /// meanwhile is looked at.
    behind: usize,
    /// The list of the ready that the turn works through.
    turn: Vec<Key>,
    expired: Vec<Expired>,
    drain: Option<Drain>,
    stopping: bool,
}

impl Worker {
    /// Makes a worker and registers its listeners.
    pub(crate) fn new(seed: Seed) -> io::Result<Self> {
        let now = clock::now();
        let registry = seed.poll.registry().try_clone()?;
        let mut balance = Balance::new(seed.board, now);
        // The first table: nothing can be gone.
        let _none = balance.apply(&seed.published.snapshot, &seed.published.settings, now);
        let parts = Parts {
            registry,
            upstreams: Slab::new(),
            balance,
            holds: Holds::default(),
            workers: seed.workers,
            pool: Pool::default(),
            wheel: Wheel::new(now),
            buffers: Buffers::default(),
            journal: seed.journal,
            strangers: seed.strangers,
            silent: seed.silent,
            counters: seed.counters,
            random: fastrand::Rng::with_seed(seed.random),
            ready: Vec::new(),
            risen: Vec::new(),
            closed: Vec::new(),
        };
        let doors = Door::open_all(seed.listeners, &parts.registry)?;
        seed.mailbox.set_applied(seed.published.generation);
        Ok(Self {
            poll: seed.poll,
            scratch: vec![0; SCRATCH_BYTES].into(),
            now,
            clients: Slab::new(),
            parts,
            tools: Tools::new(&seed.instance, seed.random),
            published: seed.published,
            doors,
            dealer: seed.dealer,
            dealt: seed.dealt,
            is_dealt_out: false,
            mailbox: seed.mailbox,
            open: seed.open,
            crowd: seed.crowd,
            reserve: Reserve::new(1),
            paused: None,
            closed: Vec::new(),
            behind: 0,
            turn: Vec::new(),
            expired: Vec::new(),
            drain: None,
            stopping: false,
        })
    }

    /// Serves until it is told to leave and has.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_PER_TURN);
        while !self.has_left() {
            self.turn(&mut events)?;
        }
        Ok(())
    }

    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        match self.poll.poll(events, self.timeout()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        let was_behind = std::mem::take(&mut self.behind);
        self.read_clock(events.capacity());
        let mut count = 0;
        for event in events.iter() {
            self.serve(event);
            count += 1;
            if count % EVENTS_PER_READING == 0 {
                self.read_clock(events.capacity());
            }
        }
        self.serve_ready();
        self.attend_to_waiting();
        if self.behind == 0 && count == events.capacity() {
            self.behind = was_behind.saturating_sub(1);
        }
        // Nobody is late of whom it is only not known yet that they aren't.
        if self.behind == 0 {
            self.ring();
        }
        self.go_on_leaving();
        self.resume_accepting();
        self.end_turn();
        Ok(())
    }

    /// Reads the clock. Where much time has passed, everybody may have something to say, of which
    /// the reactor tells `per_turn` in a turn.
    fn read_clock(&mut self, per_turn: usize) {
        let last = std::mem::replace(&mut self.now, clock::now());
        if self.now.saturating_duration_since(last) > LATE {
            let sockets = self.clients.len() + self.parts.upstreams.len();
            self.behind = sockets / per_turn.max(1) + 1;
        }
    }

    fn serve(&mut self, event: &Event) {
        match Key::of(event.token()) {
            Key::Client(key) => {
                let Some(slot) = self.clients.get_mut(key as usize) else {
                    return;
                };
                slot.connection.socket.note(event);
                self.serve_client(key);
            }
            Key::Upstream(key) => {
                let Some(upstream) = self.parts.upstreams.get_mut(key as usize) else {
                    return;
                };
                upstream.socket.note(event);
                self.serve_upstream(key);
            }
            Key::Listener(door) => self.accept(door),
            Key::Mail => self.read_mail(),
        }
    }

    /// Serves those that were not finished; who becomes ready meanwhile waits for the next turn.
    fn serve_ready(&mut self) {
        std::mem::swap(&mut self.turn, &mut self.parts.ready);
        let mut turn = std::mem::take(&mut self.turn);
        for key in turn.drain(..) {
            match key {
                Key::Client(key) => {
                    if let Some(slot) = self.clients.get_mut(key as usize) {
                        slot.connection.queued = false;
                        self.serve_client(key);
                    }
                }
                Key::Upstream(key) => {
                    if let Some(upstream) = self.parts.upstreams.get_mut(key as usize) {
                        upstream.queued = false;
                        self.serve_upstream(key);
                    }
                }
                Key::Listener(door) => self.accept(door),
                Key::Mail => self.read_mail(),
            }
        }
        self.turn = turn;
    }

    /// Rings the timers that have come due.
    fn ring(&mut self) {
        let mut expired = std::mem::take(&mut self.expired);
        self.parts.wheel.expire(self.now, &mut expired);
        for entry in expired.drain(..) {
            match Key::of(mio::Token(entry.token)) {
                Key::Client(key) => {
                    let Some(slot) = self.clients.get_mut(key as usize) else {
                        continue;
                    };
                    if self.parts.wheel.ring(&mut slot.connection.reminder, entry) {
                        self.time_client(key);
                    }
                }
                Key::Upstream(key) => {
                    let Some(upstream) = self.parts.upstreams.get_mut(key as usize) else {
                        continue;
                    };
                    if self.parts.wheel.ring(&mut upstream.reminder, entry) {
                        self.time_upstream(key);
                    }
                }
                // Neither sets timers.
                Key::Listener(_) | Key::Mail => {}
            }
        }
        self.expired = expired;
    }

    /// Looks at what the control plane wrote, and at connections that were dealt out.
    fn read_mail(&mut self) {
        let letters = self.mailbox.take();
        if let Some(published) = letters.published {
            self.apply(published);
        }
        if letters.leaving {
            self.tools.set_leaving(true);
        }
        self.take_dealt();
        if let Some(leave) = letters.drain {
            self.begin_leaving(leave);
        }
        if letters.hurry {
            self.leave_at_once();
        }
    }

    /// Takes over a new table. Idle connections to upstreams that are gone are closed; exchanges
    /// that have one go on.
    fn apply(&mut self, published: Arc<Published>) {
        let Published {
            generation: _,
            snapshot,
            settings,
        } = &*published;
        let parts = &mut self.parts;
        let paused = |balance: &Balance, slot: &u32| balance.is_paused(*slot);
        let were_paused: Vec<u32> = parts
            .holds
            .slots()
            .filter(|slot| paused(&parts.balance, slot))
            .collect();
        for upstream in parts.balance.apply(snapshot, settings, self.now) {
            for connection in parts.pool.clear(upstream) {
                parts.close(connection);
            }
        }
        // There may be something new to connect to.
        parts.holds.look_again();
        self.mailbox.set_applied(published.generation);
        self.published = published;
        for slot in were_paused {
            if !self.parts.balance.is_paused(slot) {
                self.resume(slot);
            }
        }
    }

    /// Lets an exchange act, and does what it wished for. A panic ends that exchange alone.
    fn step(&mut self, key: u32, act: impl FnOnce(&mut Client, &mut Context<'_, Step<'_>>)) {
        let Some(slot) = self.clients.get_mut(key as usize) else {
            return;
        };
        let Slot { client, connection } = slot;
        if connection.phase != Phase::Open {
            return;
        }
        let mut driver = Step {
            key,
            connection,
            parts: &mut self.parts,
            published: &self.published,
            now: self.now,
        };
        let mut context = Context {
            now: self.now,
            published: &self.published,
            tools: &mut self.tools,
            driver: &mut driver,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| act(client, &mut context)));
        match outcome {
            Ok(()) => self.settle(key),
            Err(_) => self.close_panicked(key),
        }
    }

    fn end_turn(&mut self) {
        self.free_closed_clients();
        self.parts.free_closed();
        let lost = self.parts.journal.end_turn(self.now);
        if lost > 0 {
            self.parts.counters.access_lines_lost.add(lost);
        }
    }

    /// How long there is nothing to do unless the reactor tells.
    fn timeout(&self) -> Option<Duration> {
        if !self.parts.ready.is_empty() || self.behind > 0 {
            return Some(Duration::ZERO);
        }
        let until = |at: Instant| at.saturating_duration_since(self.now);
        let drain = self.drain.as_ref().map(|drain| until(drain.next()));
        let wheel = self.parts.wheel.quiet(self.now);
        let journal = self.parts.journal.due().map(until);
        let look = self.parts.holds.look_at(self.now).map(until);
        [wheel, self.paused.map(until), drain, journal, look]
            .into_iter()
            .flatten()
            .min()
    }
}
