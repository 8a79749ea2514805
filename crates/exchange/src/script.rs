//! A scripted driver for tests: plays events, and writes down what the client asked for.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use routes::{Adapter, Host, Published, Route, Service, Settings, Snapshot};

use crate::{
    Cause, Client, Connected, Connecting, Context, Driver, Ending, Fate, Flow, Holding, Peer,
    Record, Reuse, Side, Tools,
};

/// A client's connection, and what came of it.
pub(crate) struct Script {
    pub(crate) now: Instant,
    pub(crate) published: Published,
    pub(crate) tools: Tools,
    pub(crate) driver: Recorder,
    pub(crate) client: Client,
}

/// Writes calls down, and answers them as told.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) calls: String,
    /// Answers to wishes for a connection; a new connection at once when there is none.
    pub(crate) connecting: VecDeque<Connecting>,
    /// Answers to wishes to wait; a place when there is none.
    pub(crate) holding: VecDeque<Holding>,
    /// How many wait in all.
    pub(crate) standing_by: usize,
    /// Sides whose next send does not go through.
    pub(crate) full: Vec<Side>,
    pub(crate) to_client: Vec<u8>,
    pub(crate) to_upstream: Vec<u8>,
    pub(crate) wake_at: Option<Instant>,
    /// The connection to the upstream was reset after its end.
    pub(crate) is_upstream_reset: bool,
}

pub(crate) const NEW: Connecting = Connecting::Ready(Connected {
    reused: false,
    adapter: Adapter::Unknown,
});

pub(crate) const REUSED: Connecting = Connecting::Ready(Connected {
    reused: true,
    adapter: Adapter::Unknown,
});

/// Settings, `auth.local` with slot 3, and `billing.local` with slot 4.
pub(crate) fn published(settings: Settings) -> Published {
    let service = |name, slot| Service::new(name, slot, Vec::new());
    let route = |host, service| Route::new(Host::parse(host).unwrap(), service);
    let services = vec![
        service("AuthWeb.Endpoint", 3),
        service("BillingWeb.Endpoint", 4),
    ];
    let routes = vec![route("auth.local", 0), route("billing.local", 1)];
    Published {
        generation: 1,
        snapshot: Arc::new(Snapshot::new(services, routes, None)),
        settings: Arc::new(settings),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one moment that all others are told from"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

impl Script {
    /// A client at 203.0.113.7, whom nobody trusts.
    pub(crate) fn new() -> Self {
        Self::with(Settings::default(), "203.0.113.7")
    }

    pub(crate) fn with(settings: Settings, peer: &str) -> Self {
        let now = start();
        let published = published(settings);
        let mut tools = Tools::new("mr-test", 7);
        let mut driver = Recorder::default();
        let peer = Peer::new(peer.parse().ok(), 50_000);
        let mut client = Client::new(peer, now);
        client.begin(&mut Context {
            now,
            published: &published,
            tools: &mut tools,
            driver: &mut driver,
        });
        Self {
            now,
            published,
            tools,
            driver,
            client,
        }
    }

    pub(crate) fn play(
        &mut self,
        event: impl FnOnce(&mut Client, &mut Context<'_, Recorder>),
    ) -> &mut Self {
        let mut cx = Context {
            now: self.now,
            published: &self.published,
            tools: &mut self.tools,
            driver: &mut self.driver,
        };
        event(&mut self.client, &mut cx);
        self
    }

    pub(crate) fn client_sends(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.play(|client, cx| client.on_client_data(bytes.as_ref(), cx))
    }

    pub(crate) fn upstream_sends(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.play(|client, cx| client.on_upstream_data(bytes.as_ref(), cx))
    }

    pub(crate) fn client_ends(&mut self) -> &mut Self {
        self.play(Client::on_client_end)
    }

    pub(crate) fn client_resets(&mut self) -> &mut Self {
        self.play(Client::on_client_reset)
    }

    pub(crate) fn upstream_ends(&mut self) -> &mut Self {
        self.play(Client::on_upstream_end)
    }

    pub(crate) fn upstream_resets(&mut self) -> &mut Self {
        self.play(Client::on_upstream_reset)
    }

    pub(crate) fn connects(&mut self) -> &mut Self {
        let connected = Connected {
            reused: false,
            adapter: Adapter::Unknown,
        };
        self.play(|client, cx| client.on_connected(connected, cx))
    }

    /// The service that is waited for takes connections again.
    pub(crate) fn is_available(&mut self) -> &mut Self {
        self.play(Client::on_available)
    }

    pub(crate) fn is_refused(&mut self) -> &mut Self {
        self.play(Client::on_refused)
    }

    pub(crate) fn drains(&mut self, side: Side) -> &mut Self {
        self.play(|client, cx| client.on_drained(side, cx))
    }

    pub(crate) fn stops(&mut self, hard: bool) -> &mut Self {
        self.play(|client, cx| client.stop(hard, cx))
    }

    /// Lets time pass, waking the client whenever it asked for that.
    pub(crate) fn waits(&mut self, seconds: f64) -> &mut Self {
        let end = self.now + Duration::from_secs_f64(seconds);
        while let Some(at) = self.driver.wake_at.filter(|at| *at <= end) {
            self.now = at;
            self.driver.wake_at = None;
            self.play(Client::on_time);
        }
        self.now = end;
        self
    }

    pub(crate) fn answers_connecting(&mut self, answers: &[Connecting]) -> &mut Self {
        self.driver.connecting.extend(answers);
        self
    }

    /// What is sent to `side` next does not go through at once.
    pub(crate) fn fills(&mut self, side: Side) -> &mut Self {
        self.driver.full.push(side);
        self
    }

    /// What the client asked for since the last time, a line a call.
    pub(crate) fn calls(&mut self) -> String {
        std::mem::take(&mut self.driver.calls)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.client.is_busy()
    }
}

impl Recorder {
    fn note(&mut self, call: std::fmt::Arguments<'_>) {
        writeln!(self.calls, "{call}").unwrap();
    }

    /// Bytes as a line of text, without what the gateway adds to every head.
    fn shown(bytes: &[u8]) -> String {
        let text: String = bytes.escape_ascii().to_string().replace("\\r\\n", "\r\n");
        let is_ours = |line: &str| {
            ["X-Forwarded-", "X-Request-Id: ", "Via: 1.1 mr-test"]
                .iter()
                .any(|start| line.starts_with(start))
        };
        let lines = text.split("\r\n");
        let kept = lines.filter(|line| !is_ours(line));
        kept.collect::<Vec<_>>().join(" | ")
    }
}

impl Driver for Recorder {
    fn send(&mut self, side: Side, head: &[u8], body: &[u8]) -> Flow {
        let bytes = [head, body].concat();
        let flow = match self.full.iter().position(|full| *full == side) {
            Some(at) => {
                self.full.remove(at);
                Flow::Full
            }
            None => Flow::Clear,
        };
        let full = if flow == Flow::Full { ", full" } else { "" };
        let shown = Self::shown(&bytes);
        let (name, sent) = match side {
            Side::Client => ("client", &mut self.to_client),
            Side::Upstream => ("upstream", &mut self.to_upstream),
        };
        sent.extend_from_slice(&bytes);
        self.note(format_args!("to {name}{full}: {shown}"));
        flow
    }

    fn set_reading(&mut self, side: Side, on: bool) {
        let state = if on { "on" } else { "off" };
        self.note(format_args!("reading {side:?} {state}"));
    }

    fn connect(&mut self, slot: u32, reuse: Reuse) -> Connecting {
        let answer = self.connecting.pop_front().unwrap_or(NEW);
        self.note(format_args!("connect {slot} {reuse:?}"));
        answer
    }

    fn release(&mut self, fate: Fate) {
        self.note(format_args!("release {fate:?}"));
    }

    fn hold(&mut self, slot: u32) -> Holding {
        let place = Holding::Queued { was_up: false };
        let answer = self.holding.pop_front().unwrap_or(place);
        self.note(format_args!("hold {slot}"));
        answer
    }

    fn stand_by(&mut self, slot: u32, cause: Cause) -> usize {
        self.note(format_args!("stand by {slot} {cause:?}"));
        self.standing_by
    }

    fn unhold(&mut self) {
        self.note(format_args!("unhold"));
    }

    fn is_upstream_reset(&self) -> bool {
        self.is_upstream_reset
    }

    fn end_client(&mut self, ending: Ending) {
        self.note(format_args!("end client {ending:?}"));
    }

    fn wake_at(&mut self, at: Option<Instant>) {
        self.wake_at = at;
    }

    fn distrusted(&mut self) {
        self.note(format_args!("distrusted"));
    }

    fn finished(&mut self, record: &Record<'_>) {
        let (status, reason) = (record.status, record.reason.name());
        let method = record.method.escape_ascii();
        let path = record.path.escape_ascii();
        let mut line = format!("finished {method} {}{path} {status} {reason}", record.host);
        if record.attempts > 1 {
            write!(line, ", {} attempts", record.attempts).unwrap();
        }
        if !record.held.is_zero() {
            write!(line, ", held {} ms", record.held.as_millis()).unwrap();
        }
        if let Some(code) = record.close_code {
            write!(line, ", close code {code}").unwrap();
        }
        self.note(format_args!("{line}"));
    }
}
