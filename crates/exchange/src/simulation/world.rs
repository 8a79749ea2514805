//! Clients, wires and upstreams: what happens next is drawn, what must hold is checked.

use std::time::{Duration, Instant};

use fastrand::Rng;
use routes::{Published, Settings};

use super::{
    person::{Leave, Person},
    server::{End, Seen, Server},
    wires::{Line, Place, SCRATCH, Service, Wires},
};
use crate::{
    Client, Context, Ending, Peer, Reason, Side, Tools,
    exchange::masked_close_frame,
    script::{published, start},
};

/// Steps after which a world that goes on is stuck in a circle.
const STEPS_MAX: usize = 200_000;

/// What happened in many worlds.
#[derive(Debug, Default)]
pub(super) struct Tally {
    answers: usize,
    own_answers: usize,
    aborts: usize,
    retries: usize,
    tunnels: usize,
    timeouts: usize,
    departures: usize,
    stops: usize,
    held: usize,
    hold_timeouts: usize,
    overloads: usize,
    partings: usize,
}

impl Tally {
    /// Whether all that can happen did.
    pub(super) fn is_rich(&self) -> bool {
        let counts = [
            self.answers,
            self.own_answers,
            self.aborts,
            self.retries,
            self.tunnels,
            self.timeouts,
            self.departures,
            self.stops,
            self.held,
            self.hold_timeouts,
            self.overloads,
            self.partings,
        ];
        counts.iter().all(|count| *count > 0)
    }
}

/// Something that can happen on one client's wires.
#[derive(Clone, Copy, Debug)]
enum Event {
    ClientData,
    ClientEnd,
    ClientReset,
    ClientDrains,
    Connected,
    Refused,
    Available,
    Resumed,
    ServerData,
    ServerEnd(End),
    ServerDrains,
}

pub(super) struct World {
    rng: Rng,
    now: Instant,
    published: Published,
    tools: Tools,
    clients: Vec<Client>,
    lines: Vec<Line>,
    service: Service,
    servers: Vec<Server>,
    seen: Seen,
    has_stopped: bool,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut settings = Settings::default();
        settings.timeouts.stream_idle = Some(Duration::from_secs(30));
        settings.limits.body = (rng.u8(..4) == 0).then_some(2000);
        let mut next_id = 0;
        let lines = (0..rng.usize(1..=3))
            .map(|_| Line::new(Person::new(&mut rng, &mut next_id), &mut rng))
            .collect();
        let service = Service {
            is_away: rng.u8(..3) == 0,
            ..Service::default()
        };
        Self {
            rng,
            now: start(),
            published: published(settings),
            tools: Tools::new("mr-test", seed),
            clients: Vec::new(),
            lines,
            service,
            servers: Vec::new(),
            seen: Seen::default(),
            has_stopped: false,
        }
    }

    /// Plays until every client's connection has ended, and checks what came of it.
    pub(super) fn run(mut self, tally: &mut Tally) {
        let peer = Peer::new("203.0.113.7".parse().ok(), 1);
        for index in 0..self.lines.len() {
            let client = self.with(index, |cx| {
                let mut client = Client::new(peer, cx.now);
                client.begin(cx);
                client
            });
            self.clients.push(client);
        }
        for _ in 0..STEPS_MAX {
            if self.lines.iter().all(|line| line.ending.is_some()) {
                return self.check(tally);
            }
            self.step(tally);
        }
        panic!("the world doesn't end");
    }

    fn step(&mut self, tally: &mut Tally) {
        self.now += Duration::from_millis(self.rng.u64(..3));
        if self.rng.u16(..2000) == 0 {
            tally.stops += 1;
            let hard = std::mem::replace(&mut self.has_stopped, true);
            for index in 0..self.lines.len() {
                self.tell(index, |client, cx| client.stop(hard, cx));
            }
            return;
        }
        if self.rng.u8(..100) == 0 {
            self.service.is_away = !self.service.is_away;
        }
        let events: Vec<(usize, Event)> = (0..self.lines.len())
            .flat_map(|index| {
                self.possible(index)
                    .into_iter()
                    .map(move |event| (index, event))
            })
            .collect();
        match self.rng.choice(&events) {
            Some((index, event)) if self.rng.u16(..500) > 0 => {
                let (index, event) = (*index, *event);
                self.happen(index, event);
            }
            Some(_) => _ = self.wake(),
            None => assert!(
                self.wake(),
                "nothing can happen any more, and nobody waits for it"
            ),
        }
    }

    /// Lets time pass until somebody is to be woken. Returns whether there is somebody.
    fn wake(&mut self) -> bool {
        let lines = self.lines.iter().enumerate();
        let open = lines.filter(|(_, line)| line.ending.is_none());
        let waiting = open.filter_map(|(index, line)| Some((line.wake_at?, index)));
        let Some((at, index)) = waiting.min() else {
            return false;
        };
        self.now = self.now.max(at);
        self.lines[index].wake_at = None;
        self.tell(index, |client, cx| client.on_time(cx));
        true
    }

    fn possible(&self, index: usize) -> Vec<Event> {
        let line = &self.lines[index];
        let mut events = Vec::new();
        if line.ending.is_some() {
            return events;
        }
        let is_quiet = line.sent >= line.person.leaves_after;
        if line.is_read && !is_quiet {
            events.push(Event::ClientData);
        }
        if is_quiet && !line.has_left {
            match line.person.leave {
                Leave::End if line.is_read => events.push(Event::ClientEnd),
                Leave::Reset => events.push(Event::ClientReset),
                Leave::End | Leave::Never => {}
            }
        }
        if !line.waiting.is_empty() && !line.is_deaf {
            events.push(Event::ClientDrains);
        }
        if line.is_connecting {
            events.push(Event::Refused);
            if !self.service.is_away {
                events.extend([Event::Connected; 3]);
            }
        }
        match line.place.filter(|_| !self.service.is_away) {
            Some(Place::Held) => events.extend([Event::Available, Event::Resumed]),
            Some(Place::StandingBy) => events.push(Event::Available),
            Some(Place::Crowded) | None => {}
        }
        let Some(server) = line.server.map(|server| &self.servers[server]) else {
            return events;
        };
        match server.end {
            _ if !server.outgoing.is_empty() && line.server_is_read => {
                events.push(Event::ServerData);
            }
            Some(End::Fin) if line.server_is_read => events.push(Event::ServerEnd(End::Fin)),
            Some(End::Reset) => events.push(Event::ServerEnd(End::Reset)),
            Some(End::Fin) | None => {}
        }
        if !line.server_waiting.is_empty() && !line.server_is_deaf {
            events.push(Event::ServerDrains);
        }
        events
    }

    fn happen(&mut self, index: usize, event: Event) {
        let rng = &mut self.rng;
        let line = &mut self.lines[index];
        match event {
            Event::ClientData => {
                let rest = &line.person.bytes[line.sent..line.person.leaves_after];
                let bytes = rest[..piece(rng, rest.len())].to_vec();
                line.sent += bytes.len();
                self.tell(index, |client, cx| client.on_client_data(&bytes, cx));
            }
            Event::ClientEnd => {
                line.has_left = true;
                self.tell(index, |client, cx| client.on_client_end(cx));
            }
            Event::ClientReset => {
                line.has_left = true;
                self.tell(index, |client, cx| client.on_client_reset(cx));
            }
            Event::ClientDrains => {
                let len = piece(rng, line.waiting.len());
                let drained: Vec<u8> = line.waiting.drain(..len).collect();
                line.received.extend(drained);
                if line.waiting.is_empty() {
                    self.tell(index, |client, cx| client.on_drained(Side::Client, cx));
                }
            }
            Event::Connected => self.tell(index, |client, cx| {
                let connected = cx.driver.open();
                client.on_connected(connected, cx);
            }),
            Event::Refused => {
                line.is_connecting = false;
                self.tell(index, |client, cx| client.on_refused(cx));
            }
            Event::Available => self.tell(index, |client, cx| {
                cx.driver.answer_place();
                client.on_available(cx);
            }),
            Event::Resumed => self.tell(index, |client, cx| {
                cx.driver.answer_place();
                client.on_resumed(cx);
            }),
            Event::ServerData => {
                let server = &mut self.servers[line.server.unwrap()];
                let len = piece(rng, server.outgoing.len());
                let bytes: Vec<u8> = server.outgoing.drain(..len).collect();
                self.tell(index, |client, cx| client.on_upstream_data(&bytes, cx));
            }
            Event::ServerEnd(End::Fin) => self.tell(index, |client, cx| client.on_upstream_end(cx)),
            Event::ServerEnd(End::Reset) => {
                self.tell(index, |client, cx| client.on_upstream_reset(cx));
            }
            Event::ServerDrains => {
                let len = piece(rng, line.server_waiting.len());
                let drained: Vec<u8> = line.server_waiting.drain(..len).collect();
                self.servers[line.server.unwrap()].receive(&drained, &mut self.seen, rng);
                if line.server_waiting.is_empty() {
                    self.tell(index, |client, cx| client.on_drained(Side::Upstream, cx));
                }
            }
        }
    }

    fn tell(&mut self, index: usize, event: impl FnOnce(&mut Client, &mut Context<'_, Wires<'_>>)) {
        if self.lines[index].ending.is_some() {
            return;
        }
        let clients = &mut self.clients;
        let mut wires = Wires {
            line: &mut self.lines[index],
            service: &mut self.service,
            servers: &mut self.servers,
            seen: &mut self.seen,
            rng: &mut self.rng,
        };
        let mut cx = Context {
            now: self.now,
            published: &self.published,
            tools: &mut self.tools,
            driver: &mut wires,
        };
        event(&mut clients[index], &mut cx);
        let is_over = self.lines[index].ending.is_some();
        assert!(
            !(is_over && clients[index].is_busy()),
            "an exchange goes on after the end"
        );
    }

    fn check(&self, tally: &mut Tally) {
        for line in &self.lines {
            self.check_line(line, tally);
        }
        assert!(
            self.servers.iter().all(|server| !server.is_used),
            "a connection leaks"
        );
        assert_eq!(self.service.held, 0, "a place leaks");
        for (id, times) in &self.seen.heads {
            let times_max = self.seen.heads_max[id];
            assert!(*times <= times_max, "request {id} was sent {times} times");
        }
    }

    fn check_line(&self, line: &Line, tally: &mut Tally) {
        let ending = line.ending.unwrap();
        let (answers, tunnel) = line.person.read(line.sent, &line.received, ending);
        let records = &line.records;
        let cut = answers.iter().filter(|answer| !answer.is_complete).count();
        assert!(
            answers.len() <= records.len() && records.len() <= answers.len() + 1,
            "{}",
            line.told()
        );
        for (answer, (status, reason, attempts, _)) in answers.iter().zip(records) {
            assert_eq!(answer.status, *status);
            assert!(*attempts <= 3);
            // An answer of our own has a reason other than the app's.
            assert!(
                answer.mark.is_some() || *reason != Reason::Ok,
                "{}",
                line.told()
            );
            tally.answers += usize::from(answer.is_complete && answer.mark.is_some());
            tally.own_answers += usize::from(answer.mark.is_none());
            tally.retries += usize::from(*attempts > 1);
        }
        for (_, reason, _, held) in records {
            tally.held += usize::from(*held && *reason == Reason::Ok);
            tally.hold_timeouts += usize::from(*reason == Reason::HoldTimeout);
            tally.overloads += usize::from(*reason == Reason::Overload);
            tally.partings += usize::from(*reason == Reason::TurnedAway);
            let is_late = matches!(reason, Reason::ClientTimeout | Reason::ResponseTimeout);
            tally.timeouts += usize::from(is_late);
            tally.departures += usize::from(*reason == Reason::ClientClosed);
        }
        tally.aborts += cut;
        match (&tunnel, answers.last().and_then(|answer| answer.mark)) {
            (Some(bytes), Some(_)) => {
                tally.tunnels += 1;
                self.check_tunnel(line, bytes);
            }
            (Some(bytes), None) => self.check_parting(line, bytes),
            (None, _) => {}
        }
        self.check_completeness(line, answers.len());
        // A reset takes with it what its client has not read: no fault of an app's may.
        let is_first = records.len() == 1;
        let (reason, is_tunnel) = (records.last().map(|it| it.1), tunnel.is_some());
        let is_clients = matches!(
            reason,
            None | Some(Reason::ClientClosed | Reason::ClientTimeout | Reason::Stopping)
        );
        assert!(
            ending != Ending::Abort || is_first || is_tunnel || is_clients || line.has_left,
            "a reset by {reason:?}: {}",
            line.told()
        );
    }

    /// Whoever stayed, and was not told that the connection ends, got an answer to all it asked.
    fn check_completeness(&self, line: &Line, answers: usize) {
        let asked = line
            .person
            .requests
            .iter()
            .filter(|request| request.end <= line.sent)
            .count();
        let has_stayed = !line.has_left && !self.has_stopped && !line.is_deaf;
        if has_stayed && answers < asked {
            let said_so = memchr::memmem::find(&line.received, b"Connection: close\r\n").is_some();
            let is_old = line.person.requests[answers.saturating_sub(1)].is_old;
            let is_aborted = matches!(line.ending, Some(Ending::Abort | Ending::Cut));
            let is_over = said_so || is_old || is_aborted;
            assert!(
                is_over,
                "{answers} answers to {asked} requests: {}",
                line.told()
            );
        }
        assert!(
            answers <= line.person.requests.len() + 1,
            "more answers than requests"
        );
    }

    /// Who was turned away has heard of nothing but that, and its app does not talk to it.
    fn check_parting(&self, line: &Line, received: &[u8]) {
        let id = line.person.requests.last().unwrap().id;
        assert!(
            !self.seen.tunnelled.contains_key(&id),
            "the app talks to it"
        );
        let farewell = http1::close_frame(1012);
        assert!(farewell.starts_with(received), "{}", line.told());
        let was_told = received == farewell || line.has_left || line.is_deaf;
        assert!(was_told, "left open: {}", line.told());
    }

    fn check_tunnel(&self, line: &Line, received: &[u8]) {
        let id = line.person.requests.last().unwrap().id;
        let close_frames = [1012, 1001].map(http1::close_frame);
        check_direction(&self.seen.tunnelled[&id], received, &close_frames);
        let heard = self.seen.heard.get(&id).map_or(&[][..], Vec::as_slice);
        let close_frames = [1012, 1001].map(masked_close_frame);
        let sent = &line.person.bytes[line.person.frames_start..];
        check_direction(sent, heard, &close_frames);
    }
}

/// What comes out of a tunnel is what went in, and between two frames at most a close frame of ours,
/// or what of it was sent before the connection ended.
fn check_direction<const N: usize>(sent: &[u8], heard: &[u8], close_frames: &[[u8; N]]) {
    let both = heard.iter().zip(sent);
    let same = both.take_while(|(heard, sent)| heard == sent).count();
    let (passed, rest) = heard.split_at(same);
    let is_farewell = close_frames.iter().any(|frame| frame.starts_with(rest));
    assert!(
        is_farewell,
        "changed:\n{}\n{}",
        sent.escape_ascii(),
        heard.escape_ascii()
    );
    let mut frames = http1::Frames::default();
    frames.follow(passed);
    assert!(
        rest.is_empty() || frames.at_boundary(),
        "a close inside a frame"
    );
}

impl World {
    fn with<T>(&mut self, index: usize, event: impl FnOnce(&mut Context<'_, Wires<'_>>) -> T) -> T {
        let mut wires = Wires {
            line: &mut self.lines[index],
            service: &mut self.service,
            servers: &mut self.servers,
            seen: &mut self.seen,
            rng: &mut self.rng,
        };
        event(&mut Context {
            now: self.now,
            published: &self.published,
            tools: &mut self.tools,
            driver: &mut wires,
        })
    }
}

/// Small pieces as often as large ones.
fn piece(rng: &mut Rng, len: usize) -> usize {
    let most = len.min(SCRATCH);
    if rng.bool() {
        rng.usize(1..=most)
    } else {
        rng.usize(1..=most.min(40))
    }
}
