//! One worker, turned by hand.

use std::{
    io::{Read, Write},
    net::IpAddr,
    os::unix::net::UnixStream,
    sync::{
        Mutex,
        mpsc::{SyncSender, sync_channel},
    },
};

use exchange::Peer;
use mio::Waker;
use routes::{Settings, Snapshot};

use super::*;
use crate::{
    AccessLog, access::Writer, clock::passed::pass, connection::number, counters::Counters,
    socket::Stream,
};

struct Hand {
    worker: Worker,
    events: Events,
    deal: SyncSender<Dealt>,
    counters: Arc<WorkerCounters>,
    mailbox: Arc<Mailbox>,
}

impl Hand {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Key::Mail.token()).unwrap();
        let mailbox = Arc::new(Mailbox::new(waker));
        let (deal, dealt) = sync_channel(8);
        let counters = Arc::new(WorkerCounters::new(1, 8));
        let published = Published {
            generation: 1,
            snapshot: Arc::new(Snapshot::default()),
            settings: Arc::new(settings),
        };
        let worker = Worker::new(Seed {
            poll,
            listeners: Vec::new(),
            mailbox: Arc::clone(&mailbox),
            dealt,
            dealer: None,
            published: Arc::new(published),
            counters: Arc::clone(&counters),
            journal: Writer::start(&AccessLog::Off).unwrap().journal(),
            strangers: Strangers::default(),
            silent: Strangers::default(),
            board: Board::default(),
            open: Arc::default(),
            crowd: Crowd::default(),
            workers: 1,
            instance: "mr-test".to_owned(),
            random: 7,
        });
        let events = Events::with_capacity(16);
        Self {
            worker: worker.unwrap(),
            events,
            deal,
            counters,
            mailbox,
        }
    }

    /// Connects a client; returns its end and its key.
    fn connect(&mut self) -> (UnixStream, u32) {
        self.connect_from(None)
    }

    /// Connects a client that has, for all that the exchange can tell, this address.
    fn connect_from(&mut self, ip: Option<IpAddr>) -> (UnixStream, u32) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let key = self.deal(theirs, ip);
        (ours, key)
    }

    /// Takes in this connection of a client; returns its key.
    fn deal(&mut self, theirs: UnixStream, ip: Option<IpAddr>) -> u32 {
        theirs.set_nonblocking(true).unwrap();
        let stream = Stream::Unix(mio::net::UnixStream::from_std(theirs));
        let key = number(self.worker.clients.vacant_key());
        self.deal
            .send(Dealt::new(stream, Peer::new(ip, 0), 0))
            .unwrap();
        self.mailbox.wake().unwrap();
        self.turn();
        key
    }

    fn turn(&mut self) {
        self.worker.turn(&mut self.events).unwrap();
    }

    fn counters(&self) -> Counters {
        Counters::sum([&*self.counters].into_iter())
    }
}

#[test]
fn a_panic_ends_its_own_exchange_alone() {
    let mut hand = Hand::new();
    let (mut doomed, key) = hand.connect();
    let (mut other, _) = hand.connect();
    hand.worker.step(key, |_, _| panic!("on purpose"));
    hand.mailbox.wake().unwrap();
    hand.turn();
    assert_eq!(doomed.read(&mut [0; 16]).unwrap(), 0, "closed");
    other
        .write_all(b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n")
        .unwrap();
    hand.turn();
    let mut start = [0; 12];
    other.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 404");
    let counters = hand.counters();
    assert_eq!((counters.panics, counters.connections_open), (1, 1));
    assert_eq!(counters.unrouted.by_reason(exchange::Reason::Panic), 1);
}

#[test]
fn what_follows_a_preface_is_read_in_its_order() {
    let mut hand = Hand::with(Settings {
        proxy_protocol: true,
        ..Settings::default()
    });
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    // More than one read takes, all of it there before the first.
    let pad = "x".repeat(SCRATCH_BYTES / 3);
    let mut sent = String::from("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n");
    for host in 0..5 {
        sent += &format!("GET / HTTP/1.1\r\nHost: h{host}.test\r\nX-Pad: {pad}\r\n\r\n");
    }
    assert!(sent.len() > SCRATCH_BYTES);
    ours.set_nonblocking(true).unwrap();
    assert_eq!(ours.write(sent.as_bytes()).unwrap(), sent.len());
    hand.deal(theirs, None);
    let mut said = Vec::new();
    for _ in 0..20 {
        hand.mailbox.wake().unwrap();
        hand.turn();
        // There is nothing more for the moment.
        let _ = ours.read_to_end(&mut said);
    }
    let said = String::from_utf8_lossy(&said);
    let hosts = said.split("unknown service: ").skip(1);
    let hosts: Vec<&str> = hosts.map(|rest| rest.get(..7).unwrap_or(rest)).collect();
    let expected = ["h0.test", "h1.test", "h2.test", "h3.test", "h4.test"];
    assert_eq!(hosts, expected, "{said}");
}

#[test]
fn a_place_is_used_again_in_a_later_turn_only() {
    let mut hand = Hand::new();
    let (mut first, key) = hand.connect();
    hand.worker
        .step(key, |client, context| client.stop(false, context));
    assert_ne!(
        hand.worker.clients.vacant_key(),
        key as usize,
        "events of this turn may name it"
    );
    hand.mailbox.wake().unwrap();
    hand.turn();
    assert_eq!(first.read(&mut [0; 16]).unwrap(), 0);
    let (_second, again) = hand.connect();
    assert_eq!(again, key);
}

#[test]
fn nothing_is_to_be_done_while_nobody_is_there() {
    let hand = Hand::new();
    assert_eq!(hand.worker.timeout(), None);
}

/// As after SIGSTOP: what came meanwhile is heard before anybody is called late.
#[test]
fn whoever_was_in_time_is_not_late_for_a_worker_that_was_stopped() {
    let mut hand = Hand::new();
    hand.events = Events::with_capacity(2);
    let mut clients: Vec<UnixStream> = (0..6)
        .map(|_| {
            let (mut client, _) = hand.connect();
            client.write_all(b"GET / HTTP/1.1\r\n").unwrap();
            hand.turn();
            client
        })
        .collect();
    pass(Settings::default().timeouts.head * 2);
    let mut late = clients.split_off(4);
    for client in &mut clients {
        client.write_all(b"Host: other.test\r\n\r\n").unwrap();
    }
    for _ in 0..4 {
        hand.turn();
    }
    let status = |client: &mut UnixStream| {
        let mut start = [0; 12];
        client.read_exact(&mut start).unwrap();
        String::from_utf8(start.to_vec()).unwrap()
    };
    for client in &mut clients {
        assert_eq!(status(client), "HTTP/1.1 404");
    }
    for client in &mut late {
        assert_eq!(status(client), "HTTP/1.1 408");
    }
}

#[test]
fn an_idle_connection_holds_little() {
    let slot = size_of::<Slot>();
    assert!(slot <= 256, "{slot} bytes");
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_untrusted_network_that_speaks_for_others_is_told_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut hand = Hand::new();
    let mut ask = |peer: &str, line: &str| {
        let (mut client, _) = hand.connect_from(Some(peer.parse().unwrap()));
        let request = format!("GET / HTTP/1.1\r\nHost: other.test\r\n{line}\r\n");
        client.write_all(request.as_bytes()).unwrap();
        hand.turn();
        client.read_exact(&mut [0; 12]).unwrap();
        log.text().lines().count()
    };
    let says = "X-Forwarded-For: 192.0.2.1\r\n";
    assert_eq!(ask("203.0.113.9", ""), 0, "speaks for itself");
    assert_eq!(ask("10.1.2.3", says), 0, "trusted");
    assert_eq!(ask("203.0.113.9", says), 1);
    assert_eq!(ask("203.0.113.10", says), 1, "the same network");
    assert_eq!(ask("198.51.100.7", says), 2);
    let line = log.text();
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["fields"]["peer"], "203.0.113.9");
    assert_eq!(line["fields"]["network"], "203.0.113.0/24");
    assert_eq!(
        line["fields"]["setting"],
        r#"trusted_proxies = ["loopback", "private", "203.0.113.0/24"]"#
    );
}
