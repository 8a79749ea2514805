//! Random exchanges over real sockets: clients that split, pipeline and leave, an app that answers in
//! every form, too early, by halves or not at all. Each exchange has a number, and all that both ends
//! do follows from it, so each end knows what the other should have got.
//!
//! The simulation of `exchange` has more of these in less time; here the workers' event loop, their
//! pools and the kernel take part.

mod app;
mod plan;

use std::{
    collections::BTreeMap,
    io::Write as _,
    net::{Shutdown, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use e2e::{
    Client, Gateway, Launch, Message, Upstream, eventually,
    stream::Stream,
    wait::until,
    wire::{Ending, Wire},
};
use fastrand::Rng;

use super::upgrade::{Successor, upgrade};
use plan::{Fault, Plan};

/// Clients at the same time.
const CLIENTS: usize = 8;

/// Connections of each, where nothing else is asked for.
const CONNECTIONS: u64 = 40;

/// Requests on one connection.
const REQUESTS_MAX: u64 = 6;

/// Exchanges until the app goes down.
const EXCHANGES_PER_LIFE: u64 = 150;

/// How long a client may do something else.
const IDLE: Duration = Duration::from_millis(20);

/// What both ends have seen.
#[derive(Debug, Default)]
struct Seen {
    /// How often the app got each request's head.
    begun: Mutex<BTreeMap<u64, u32>>,
    /// What was wrong.
    wrong: Mutex<Vec<String>>,
    /// The app goes down now and then.
    restarts: bool,
    /// The gateway is replaced now and then, and closes connections on which nothing is under way.
    upgrades: bool,
    /// Exchanges whose answers were judged.
    judged: AtomicU64,
    /// Requests that met a connection which the app was closing just then, and may not go twice.
    raced: AtomicU64,
}

impl Seen {
    fn wrong(&self, id: u64, what: impl Into<String>) {
        let plan = Plan::of(id);
        let line = format!("{id}: {} ({plan:?})", what.into());
        self.wrong.lock().unwrap().push(line);
    }

    fn begun(&self, id: u64) -> u32 {
        self.begun.lock().unwrap().get(&id).copied().unwrap_or(0)
    }
}

/// A gateway before an app, and clients that have not begun.
struct Stage {
    seen: Arc<Seen>,
    gateway: Gateway,
    admin: SocketAddr,
    /// The number of the first exchange.
    seed: u64,
    connections: u64,
}

impl Stage {
    #[expect(clippy::print_stdout, reason = "what to replay")]
    fn before(upstream: &Upstream, seen: Arc<Seen>) -> Self {
        let admin = "[admin]\nlisten = \"127.0.0.1:0\"\n";
        let config = Gateway::config_to(upstream, "", admin);
        let gateway = Launch::configured(&config).with_admin().start();
        let set = |name: &str| Some(std::env::var(name).ok()?.parse().unwrap());
        let seed = set("SEED").unwrap_or_else(|| fastrand::u64(..));
        println!("SEED={seed}");
        Self {
            seen,
            admin: gateway.beside("admin").parse().unwrap(),
            gateway,
            seed,
            // More are asked for at night.
            connections: set("EXCHANGES").unwrap_or(CONNECTIONS),
        }
    }

    fn clients(&self) -> Vec<JoinHandle<()>> {
        let next = Arc::new(AtomicU64::new(self.seed));
        let client = |_| {
            let (seen, next) = (Arc::clone(&self.seen), Arc::clone(&next));
            let (address, connections) = (self.gateway.address(), self.connections);
            thread::spawn(move || {
                for _ in 0..connections {
                    converse(address, &seen, &next);
                }
            })
        };
        (0..CLIENTS).map(client).collect()
    }

    /// Waits for some exchanges more, or for the end of all.
    #[track_caller]
    fn goes_on(&self, are_done: impl Fn() -> bool) {
        let judged = || self.seen.judged.load(Ordering::Relaxed);
        let enough = judged() + EXCHANGES_PER_LIFE;
        eventually("some exchanges", || {
            (judged() >= enough || are_done()).then_some(())
        });
    }

    /// Nothing was wrong, nothing was done more often than may be, and nothing is left.
    #[track_caller]
    #[expect(clippy::print_stdout, reason = "how much was seen")]
    fn end(&self) {
        let (seen, seed) = (&self.seen, self.seed);
        let wrong = seen.wrong.lock().unwrap().join("\n");
        assert!(wrong.is_empty(), "SEED={seed}\n{wrong}");
        for (id, count) in &*seen.begun.lock().unwrap() {
            let most = if Plan::of(*id).may_go_again() { 3 } else { 1 };
            assert!(*count <= most, "SEED={seed}: {id} was begun {count} times");
        }
        let (judged, raced) = (&seen.judged, &seen.raced);
        println!("{judged:?} judged, {raced:?} raced");
        assert!(judged.load(Ordering::Relaxed) > self.connections);
        eventually("the end of all exchanges", || {
            let left = [
                "http_server_active_requests",
                "mesh_router_held_requests",
                "mesh_router_connections_open",
            ];
            let none = |name: &&str| self.metric(name) == Some(0.0);
            left.iter().all(none).then_some(())
        });
        let log = self.gateway.stderr().join("\n");
        assert!(!log.contains("panicked"), "{log}");
    }

    fn metric(&self, name: &str) -> Option<f64> {
        let metrics = Client::connect(self.admin).get("localhost", "/metrics");
        let metrics = metrics.text();
        let line = metrics.lines().find(|line| line.starts_with(name))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }
}

#[test]
fn every_exchange_is_whole_or_visibly_cut_and_none_is_another_s() {
    let seen = Arc::<Seen>::default();
    let of_app = Arc::clone(&seen);
    let upstream = Upstream::play(move |connection| app::serve(connection, &of_app));
    let stage = Stage::before(&upstream, seen);
    for client in stage.clients() {
        client.join().unwrap();
    }
    stage.end();
}

/// The app goes down in the midst of it and is back once somebody waits, again and again.
#[test]
fn no_exchange_is_lost_that_the_app_has_not_begun() {
    let seen = Arc::new(Seen {
        restarts: true,
        ..Seen::default()
    });
    let of_app = Arc::clone(&seen);
    let play = move |address: &str| {
        let of_app = Arc::clone(&of_app);
        Upstream::play_at(address, move |connection| app::serve(connection, &of_app))
    };
    let mut upstream = play("127.0.0.1:0");
    let address = upstream.address();
    let stage = Stage::before(&upstream, seen);
    let clients = stage.clients();
    let are_done = || clients.iter().all(JoinHandle::is_finished);
    let mut restarts = 0;
    while !are_done() {
        stage.goes_on(are_done);
        upstream.kill();
        eventually("somebody who waits", || {
            let waits = stage.metric("mesh_router_held_requests") > Some(0.0);
            (waits || are_done()).then_some(())
        });
        upstream = play(&address);
        restarts += 1;
    }
    for client in clients {
        client.join().unwrap();
    }
    assert!(restarts > 1);
    stage.end();
}

/// One binary takes the place of the other in the midst of it.
#[test]
fn an_upgrade_cuts_no_exchange_that_has_begun() {
    let seen = Arc::new(Seen {
        upgrades: true,
        ..Seen::default()
    });
    let of_app = Arc::clone(&seen);
    let upstream = Upstream::play(move |connection| app::serve(connection, &of_app));
    let stage = Stage::before(&upstream, seen);
    let clients = stage.clients();
    let are_done = || clients.iter().all(JoinHandle::is_finished);
    // Those that run are kept: who is dropped is killed, and may be finishing what it began.
    let mut successors: Vec<Successor> = Vec::new();
    let mut upgrades = 0;
    while !are_done() {
        let next = upgrade(&stage.gateway, successors.last(), upgrades);
        successors.retain(Successor::is_running);
        successors.push(next);
        upgrades += 1;
        stage.goes_on(are_done);
    }
    for client in clients {
        client.join().unwrap();
    }
    assert!(upgrades > 1);
    stage.end();
}

/// One connection of a client, with some requests, of which it may not await all.
fn converse(address: SocketAddr, seen: &Seen, next: &AtomicU64) {
    let first = next.fetch_add(REQUESTS_MAX, Ordering::Relaxed);
    let mut random = Rng::with_seed(first);
    let is_pipelined = random.u8(..3) == 0;
    let ids = (0..random.u64(1..=REQUESTS_MAX)).map(|number| first.wrapping_add(number));
    let ids: Vec<u64> = ids.collect();
    let mut client = Client::connect(address);
    let leaves_at = (random.u8(..4) == 0).then(|| ids[random.usize(..ids.len())]);
    let at_once = if is_pipelined { ids.len() } else { 1 };
    for group in ids.chunks(at_once) {
        let sending = send(client.wire.stream(), group, random.u64(..));
        let goes_on = group.iter().all(|id| {
            if leaves_at == Some(*id) {
                leave(&mut client.wire, &mut random);
                return false;
            }
            judge(*id, &mut client.wire, seen, &mut random)
        });
        if !goes_on {
            client.wire.stream().shut(Shutdown::Both);
        }
        sending.join().unwrap();
        if !goes_on {
            return;
        }
    }
}

/// Sends requests in pieces, in a thread of its own: an app may answer before it has read all.
fn send(stream: &Stream, ids: &[u64], seed: u64) -> JoinHandle<()> {
    let mut stream = stream.clone();
    let requests = ids.iter().flat_map(|id| Plan::of(*id).request(*id));
    let requests: Vec<u8> = requests.collect();
    let mut random = Rng::with_seed(seed);
    thread::spawn(move || {
        let mut rest = requests.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(piece(rest.len(), &mut random));
            // Whoever is refused is told so by the answer.
            if stream.write_all(piece).is_err() {
                return;
            }
            rest = after;
        }
    })
}

/// How much is written at once: mostly all, at times a byte.
fn piece(left: usize, random: &mut Rng) -> usize {
    match random.u8(..8) {
        0 => 1,
        1 => random.usize(1..=left.min(100)),
        2 => random.usize(1..=left),
        _ => left,
    }
}

/// Goes before the answer is whole.
fn leave(wire: &mut Wire, random: &mut Rng) {
    if random.bool() {
        wire.is_quiet();
    }
    if random.bool() {
        wire.stream().reset_on_close();
    }
}

/// Reads an answer and says whether another may follow.
fn judge(id: u64, wire: &mut Wire, seen: &Seen, random: &mut Rng) -> bool {
    let plan = Plan::of(id);
    if random.u8(..10) == 0 {
        // What a client doesn't read waits, and nobody else for it.
        until(IDLE, || None::<()>);
    }
    let Some(answer) = wire.response(plan.method) else {
        if seen.upgrades && seen.begun(id) == 0 {
            // As at any keep-alive timeout.
            return false;
        }
        // Before a head only a client's own end may come.
        seen.wrong(id, format!("no answer; {:?}", wire.ending()));
        return false;
    };
    seen.judged.fetch_add(1, Ordering::Relaxed);
    if answer.field("x-request-id").is_none() {
        seen.wrong(id, "the answer has no id");
    }
    if let Err(what) = is_right(id, &plan, &answer, wire, seen) {
        let head = String::from_utf8_lossy(&answer.head.raw).into_owned();
        let (length, whole) = (answer.body.len(), answer.whole);
        seen.wrong(
            id,
            format!("{what}; {length} bytes, whole: {whole}\n{head}"),
        );
    }
    let closes = answer.field("connection") == Some("close");
    answer.whole && !closes && !plan.is_old
}

fn is_right(
    id: u64,
    plan: &Plan,
    answer: &Message,
    wire: &Wire,
    seen: &Seen,
) -> Result<(), &'static str> {
    let is_ours = answer.field("x-id").is_none();
    if !is_ours && answer.field("x-id") != Some(id.to_string().as_str()) {
        return Err("the answer is another exchange's");
    }
    let expected = plan.content(id);
    if is_ours {
        // Once: the app may be about to say so.
        let is_begun = seen.begun(id) > 0;
        return match (answer.status(), plan.fault) {
            (502, Some(Fault::Silence | Fault::CutHead | Fault::Nonsense | Fault::CutBody)) => {
                Ok(())
            }
            // It went down with it.
            (502, _) if seen.restarts && is_begun => Ok(()),
            // It met a connection that the app was closing just then, and may not go twice.
            (502, _) if !plan.may_go_again() && !is_begun => {
                seen.raced.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            _ => Err("the gateway answered by itself"),
        };
    }
    match plan.fault {
        Some(Fault::CutBody) if answer.whole => Err("a cut answer looks whole"),
        Some(Fault::CutBody) if !expected.starts_with(&answer.body) => Err("a byte is wrong"),
        Some(Fault::CutBody) => Ok(()),
        Some(Fault::Silence | Fault::CutHead | Fault::Nonsense) => Err("an answer that never was"),
        Some(Fault::Early) | None => {
            if answer.status() != plan.status {
                Err("another status")
            } else if seen.restarts && !answer.whole && expected.starts_with(&answer.body) {
                Ok(())
            } else if answer.body != expected {
                Err("another body")
            } else if !answer.whole
                || (plan.is_to_end(answer) && wire.ending() != Some(Ending::Fin))
            {
                Err("a whole answer looks cut")
            } else {
                Ok(())
            }
        }
    }
}
