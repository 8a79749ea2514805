//! One worker, turned by hand.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::mpsc::{SyncSender, sync_channel},
};

use exchange::Peer;
use mio::Waker;
use routes::{Settings, Snapshot};

use super::*;
use crate::{AccessLog, access::Writer, connection::number, counters::Counters, socket::Stream};

struct Hand {
    worker: Worker,
    events: Events,
    deal: SyncSender<Dealt>,
    counters: Arc<WorkerCounters>,
    mailbox: Arc<Mailbox>,
}

impl Hand {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Key::Mail.token()).unwrap();
        let mailbox = Arc::new(Mailbox::new(waker, 1));
        let (deal, dealt) = sync_channel(8);
        let counters = Arc::new(WorkerCounters::new(1, 8));
        let published = Published {
            generation: 1,
            snapshot: Arc::new(Snapshot::default()),
            settings: Arc::new(Settings::default()),
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
            open: Arc::default(),
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
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let stream = Stream::Unix(mio::net::UnixStream::from_std(theirs));
        let key = number(self.worker.clients.vacant_key());
        self.deal
            .send(Dealt::new(stream, Peer { ip: None, port: 0 }, 0))
            .unwrap();
        self.mailbox.wake().unwrap();
        self.turn();
        (ours, key)
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

#[test]
fn an_idle_connection_holds_little() {
    let slot = size_of::<Slot>();
    assert!(slot <= 256, "{slot} bytes");
}
