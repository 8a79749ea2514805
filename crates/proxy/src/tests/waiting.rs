//! Services that can't be connected to for a while.

use std::{
    iter,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use routes::{Address, Host, Published, Route, Service, Settings, Snapshot, Upstream};
use socket2::{Domain, Socket, Type};

use super::{
    SHORT,
    stage::{Raw, Stage, Stand, eventually, table},
};
use crate::AccessLog;

/// The opening of a Phoenix socket.
const OPENING: &str = "GET /websocket?vsn=2.0.0 HTTP/1.1\r\nHost: app.test\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A port that nobody listens at.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A proxy with one worker that leads `app.test` to where nobody listens yet.
fn away(settings: Settings) -> (Stage, SocketAddr) {
    let address = free();
    let table = table(1, &[("app.test", Address::Tcp(address))], settings);
    (Stage::with(table, 1, AccessLog::Off), address)
}

fn asking(stage: &Stage, path: &str) -> Raw {
    asking_of(stage, "app.test", path)
}

fn asking_of(stage: &Stage, host: &str, path: &str) -> Raw {
    let mut client = stage.client();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    client
}

fn held(stage: &Stage) -> u64 {
    stage.proxy.counters().held
}

#[test]
fn requests_wait_for_a_service_and_are_answered_once_it_is_back() {
    let (stage, address) = away(Settings::default());
    let mut clients: Vec<Raw> = (1..=20)
        .map(|count| {
            let client = asking(&stage, &format!("/{count}"));
            eventually(|| held(&stage) == count);
            client
        })
        .collect();
    let mut upload = stage.client();
    upload.send("POST /echo HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhel");
    eventually(|| held(&stage) == 21);
    let stand = Stand::at(address);
    for (count, client) in (1..).zip(&mut clients) {
        assert_eq!(client.answer().text(), format!("/{count}"));
    }
    assert_eq!(upload.send("lo").answer().text(), "hello");
    assert_eq!(held(&stage), 0);
    assert!(stand.connections() <= 21);
    // However many waited, each try was one connection.
    let failed = stage.proxy.counters().connects_failed;
    assert!(failed < 20, "{failed}");
}

#[test]
fn who_came_first_is_served_first() {
    let (stage, address) = away(Settings::default());
    let mut clients: Vec<Raw> = (1..=8)
        .map(|count| {
            let client = asking(&stage, &format!("/{count}"));
            eventually(|| held(&stage) == count);
            client
        })
        .collect();
    let listener = TcpListener::bind(address).unwrap();
    let mut order = Vec::new();
    // Each request has a connection of its own, the first in the queue the one that was tried.
    while order.len() < clients.len() {
        let mut peer = Raw::new(listener.accept().unwrap().0);
        let path = peer.head().split(' ').nth(1).unwrap().to_owned();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        order.push(path);
    }
    let wanted: Vec<String> = (1..=8).map(|count| format!("/{count}")).collect();
    assert_eq!(order, wanted);
    for client in &mut clients {
        assert_eq!(client.answer().status(), 200);
    }
}

#[test]
fn a_full_queue_turns_the_next_away_and_leaves_the_others() {
    let mut settings = Settings::default();
    settings.limits.held = 2;
    let (stage, address) = away(settings);
    let mut first = asking(&stage, "/first");
    let second = asking(&stage, "/second");
    eventually(|| held(&stage) == 2);
    let answer = asking(&stage, "/third").answer();
    assert_eq!(answer.status(), 503);
    assert!(answer.head.contains("retry-after: 1\r\n"));
    // Who leaves makes room.
    drop(second);
    eventually(|| held(&stage) == 1);
    let mut fourth = asking(&stage, "/fourth");
    eventually(|| held(&stage) == 2);
    let _stand = Stand::at(address);
    assert_eq!(first.answer().text(), "/first");
    assert_eq!(fourth.answer().text(), "/fourth");
    let counters = stage.proxy.counters();
    let by_reason = |reason| counters.services[0].1.by_reason(reason);
    assert_eq!(by_reason(exchange::Reason::Overload), 1);
    assert_eq!(by_reason(exchange::Reason::ClientClosed), 1);
}

#[test]
fn who_waits_for_one_service_takes_no_place_of_another() {
    let mut settings = Settings::default();
    settings.limits.held = 1;
    let (one, other) = (free(), free());
    let routes = [
        ("app.test", Address::Tcp(one)),
        ("other.test", Address::Tcp(other)),
    ];
    let stage = Stage::with(table(1, &routes, settings), 1, AccessLog::Off);
    let mut first = asking(&stage, "/first");
    eventually(|| held(&stage) == 1);
    assert_eq!(asking(&stage, "/second").answer().status(), 503);
    let mut third = asking_of(&stage, "other.test", "/third");
    eventually(|| held(&stage) == 2);
    let (_one, _other) = (Stand::at(one), Stand::at(other));
    assert_eq!(first.answer().text(), "/first");
    assert_eq!(third.answer().text(), "/third");
}

#[test]
fn a_service_has_no_more_requests_at_once_than_it_may() {
    let stand = Stand::start();
    let mut settings = Settings::default();
    settings.limits.in_flight = Some(2);
    let routes = [("app.test", stand.tcp()), ("other.test", stand.tcp())];
    let stage = Stage::with(table(1, &routes, settings), 1, AccessLog::Off);
    let mut socket = stage.client();
    socket.send(OPENING);
    assert!(socket.head().starts_with("http/1.1 101"));
    // A WebSocket is no request any more.
    eventually(|| stage.proxy.counters().websockets == 1);
    let mut busy = [asking(&stage, "/hold"), asking(&stage, "/hold")];
    for _ in 0..2 {
        stand.held.recv_timeout(SHORT).unwrap();
    }
    assert_eq!(stage.proxy.counters().services[0].1.active, 3);
    assert_eq!(asking(&stage, "/more").answer().status(), 503);
    let other = asking_of(&stage, "other.test", "/other").answer();
    assert_eq!(other.text(), "/other");
    stand.release.send(()).unwrap();
    stand.release.send(()).unwrap();
    for busy in &mut busy {
        assert_eq!(busy.answer().text(), "held");
    }
    drop(socket);
    eventually(|| stage.proxy.counters().services[0].1.active == 0);
    // As many again, and not one more.
    let _busy = [asking(&stage, "/hold"), asking(&stage, "/hold")];
    for _ in 0..2 {
        stand.held.recv_timeout(SHORT).unwrap();
    }
    assert_eq!(asking(&stage, "/more").answer().status(), 503);
}

#[test]
fn a_service_without_upstreams_is_waited_for_until_it_has_one() {
    let stand = Stand::start();
    let mut empty = table(1, &[("app.test", stand.tcp())], Settings::default());
    let full = Published {
        generation: 2,
        ..empty.clone()
    };
    let services = vec![Service::new("Service0.Endpoint", 0, Vec::new())];
    let routes = vec![Route::new(Host::parse("app.test").unwrap(), 0)];
    empty.snapshot = Arc::new(Snapshot::new(services, routes, None));
    let stage = Stage::with(empty, 1, AccessLog::Off);
    let mut client = asking(&stage, "/a");
    eventually(|| held(&stage) == 1);
    stage.proxy.publish(Arc::new(full));
    assert_eq!(client.answer().text(), "/a");
}

#[test]
fn a_paused_service_gets_nothing_until_it_is_resumed() {
    let stand = Stand::start();
    let running = table(1, &[("app.test", stand.tcp())], Settings::default());
    let stage = Stage::with(running.clone(), 1, AccessLog::Off);
    // A connection stands in the pool, and is not used.
    assert_eq!(asking(&stage, "/before").answer().text(), "/before");
    let mut services = running.snapshot.services.clone();
    services[0].paused = true;
    let routes = running.snapshot.routes.clone();
    let paused = Published {
        generation: 2,
        snapshot: Arc::new(Snapshot::new(services, routes, None)),
        settings: Arc::clone(&running.settings),
    };
    stage.proxy.publish(Arc::new(paused));
    eventually(|| stage.proxy.applied() == 2);
    let mut client = asking(&stage, "/after");
    eventually(|| held(&stage) == 1);
    let resumed = Published {
        generation: 3,
        ..running
    };
    stage.proxy.publish(Arc::new(resumed));
    assert_eq!(client.answer().text(), "/after");
}

#[test]
fn one_that_leaves_while_it_is_dialled_for_takes_no_other_with_it() {
    let silent = Silent::new();
    let mut settings = Settings::default();
    settings.timeouts.connect = Duration::from_secs(60);
    let routes = [("app.test", Address::Tcp(silent.address))];
    let stage = Stage::with(table(1, &routes, settings), 1, AccessLog::Off);
    let first = asking(&stage, "/first");
    let mut second = asking(&stage, "/second");
    drop(first);
    silent.listen();
    assert_eq!(second.answer().text(), "silent no more");
}

/// phoenix.js would give WebSocket up for good.
#[test]
fn an_opening_that_a_dying_node_breaks_off_goes_to_another() {
    let dying = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = dying.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in dying.incoming() {
            std::thread::spawn(|| {
                // Read, so that its kernel ends it and does not reset it.
                let mut peer = Raw::new(stream.unwrap());
                peer.read_some().unwrap_or_default();
            });
        }
    });
    let living = Stand::start();
    let mut table = table(1, &[("app.test", living.tcp())], Settings::default());
    let upstreams = [Address::Tcp(address), living.tcp()].map(Upstream::new);
    let services = vec![Service::new("Service0.Endpoint", 0, upstreams.to_vec())];
    let routes = table.snapshot.routes.clone();
    table.snapshot = Arc::new(Snapshot::new(services, routes, None));
    let stage = Stage::with(table, 1, AccessLog::Off);
    // One of two is chosen at random.
    let mut clients: Vec<Raw> = (0..16).map(|_| stage.client()).collect();
    for client in &mut clients {
        let head = client.send(OPENING).head();
        assert!(head.starts_with("http/1.1 101"), "{head}");
    }
    // By the app, and not by us.
    eventually(|| stage.proxy.counters().websockets == 16);
}

/// Who is turned away is no work for the app.
#[test]
fn sockets_that_are_turned_away_leave_room_for_requests() {
    let mut settings = Settings::default();
    settings.limits.in_flight = Some(1);
    settings.limits.upgrades = Some(1);
    let stand = Stand::start();
    let stage = Stage::with(
        table(1, &[("app.test", stand.tcp())], settings),
        1,
        AccessLog::Off,
    );
    let mut sockets: Vec<Raw> = (0..4).map(|_| stage.client()).collect();
    for socket in &mut sockets {
        assert!(socket.send(OPENING).head().starts_with("http/1.1 101"));
    }
    assert_eq!(asking(&stage, "/asked").answer().text(), "/asked");
}

#[test]
fn a_connect_that_is_not_answered_is_tried_elsewhere() {
    let (silent, stand) = (Silent::new(), Stand::start());
    let mut settings = Settings::default();
    settings.timeouts.connect = Duration::from_millis(200);
    let mut table = table(1, &[("app.test", stand.tcp())], settings);
    let upstreams = [Address::Tcp(silent.address), stand.tcp()].map(Upstream::new);
    let services = vec![Service::new("Service0.Endpoint", 0, upstreams.to_vec())];
    let routes = table.snapshot.routes.clone();
    table.snapshot = Arc::new(Snapshot::new(services, routes, None));
    let stage = Stage::with(table, 1, AccessLog::Off);
    // One of two is chosen at random, until one has failed.
    while stage.proxy.counters().connects_failed == 0 {
        let answer = asking(&stage, "/a").answer();
        assert_eq!(answer.text(), "/a");
    }
}

/// A listener whose queue is full: connecting to it is neither made nor refused.
struct Silent {
    address: SocketAddr,
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Silent {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        socket.bind(&any.into()).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let short = Duration::from_millis(200);
        let waiting = iter::from_fn(|| TcpStream::connect_timeout(&address, short).ok());
        let waiting = waiting.take(8).collect();
        Self {
            address,
            listener,
            _waiting: waiting,
        }
    }

    /// Accepts from now on.
    fn listen(self) {
        std::thread::spawn(move || {
            for stream in self.listener.incoming() {
                std::thread::spawn(|| {
                    let mut peer = Raw::new(stream.unwrap());
                    // Those that filled the queue say nothing.
                    peer.head();
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nsilent no more");
                });
            }
        });
    }
}
