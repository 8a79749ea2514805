//! The whole data plane on real sockets.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use routes::{Address, Published, Settings, Sight, Upstream};

use crate::{AccessLog, Farewell, HandedOver, ListenAddress, Options, Standing, bind, start};
use stage::{FLOOD, Raw, Stage, Stand, eventually, table};

mod stage;
mod waiting;

const SHORT: Duration = Duration::from_secs(5);

#[test]
fn a_connection_serves_many_requests_over_one_upstream_connection() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    for _ in 0..20 {
        let answer = client.get("/number");
        assert_eq!((answer.status(), answer.text()), (200, "1"));
    }
    drop(client);
    assert_eq!(stage.client().get("/number").text(), "1", "from the pool");
    assert_eq!(stand.connections(), 1);
    eventually(|| stage.proxy.counters().requests == 21);
    let counters = stage.proxy.counters();
    assert_eq!(counters.connections_total, 2);
    assert_eq!(
        counters.services[0].1.durations[0]
            .buckets
            .iter()
            .sum::<u64>(),
        21
    );
}

#[test]
fn an_unknown_host_is_told() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    let answer = client
        .send("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n")
        .answer();
    assert_eq!(answer.status(), 404);
    assert!(
        answer.text().contains("unknown service: other.test"),
        "{answer:?}"
    );
    assert_eq!(
        client.get("/number").status(),
        200,
        "the connection lives on"
    );
    eventually(|| stage.proxy.counters().no_route == 1);
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    for byte in b"GET /number HTTP/1.1\r\nHost: app.test\r\n\r\n" {
        client.send([*byte]);
    }
    assert_eq!(client.answer().text(), "1");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    let paths: Vec<String> = (0..50).map(|number| format!("/answer-{number}")).collect();
    let request = |path: &String| format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n");
    client.send(paths.iter().map(request).collect::<String>());
    for path in &paths {
        assert_eq!(client.answer().text(), path);
    }
}

#[test]
fn a_half_closed_client_gets_its_answers() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    client
        .send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\nGET /b HTTP/1.1\r\nHost: app.test\r\n\r\n");
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.answer().text(), "/a");
    assert_eq!(client.answer().text(), "/b");
    assert!(client.ends_cleanly());
}

#[test]
fn three_megabytes_go_both_ways() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let body: Vec<u8> = (0..3 * 1024 * 1024_u32)
        .map(|at| at.to_le_bytes()[at as usize % 3])
        .collect();
    let mut client = stage.client();
    let mut sender = Raw::new(client.stream.try_clone().unwrap());
    let sent = body.clone();
    let sending = std::thread::spawn(move || {
        let length = sent.len();
        sender.send(format!(
            "POST /echo HTTP/1.1\r\nHost: app.test\r\nContent-Length: {length}\r\n\r\n"
        ));
        sender.send(&sent);
    });
    let answer = client.answer();
    sending.join().unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.body == body, "the bytes differ");
}

#[test]
fn a_client_that_does_not_read_holds_the_upstream_back() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut slow = stage.client();
    slow.send("GET /flood HTTP/1.1\r\nHost: app.test\r\n\r\n");
    let stalled_at = stand.stalled_at.recv_timeout(SHORT).unwrap();
    // What the system's own buffers take on the way is some megabytes.
    assert!(stalled_at < FLOOD / 2, "{stalled_at} bytes were taken");
    assert_eq!(
        stage.client().get("/number").status(),
        200,
        "others are served"
    );
    let answer = slow.answer();
    assert_eq!(answer.body.len(), FLOOD, "nothing is lost");
}

#[test]
fn many_clients_of_all_manners_get_their_own_answers() {
    let stand = Stand::start();
    let table = table(1, &[("app.test", stand.tcp())], Settings::default());
    let stage = Stage::with(table, 2, AccessLog::Off);
    let play = |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut client = stage.client();
        for round in 0..40 {
            match random.u8(0..8) {
                // Leaves in the midst of an answer, or before one.
                0 => {
                    client.send("GET /flood HTTP/1.1\r\nHost: app.test\r\n\r\n");
                    if random.bool() {
                        client.take(100_000);
                    }
                    client = stage.client();
                }
                1 => {
                    let body = vec![random.u8(..); random.usize(1..200_000)];
                    let length = body.len();
                    client.send(format!(
                        "POST /echo HTTP/1.1\r\nHost: app.test\r\nContent-Length: {length}\r\n\r\n"
                    ));
                    client.send(&body);
                    assert!(client.answer().body == body, "seed {seed}");
                    // The answer began before the request's end, so it was the connection's last.
                    client = stage.client();
                }
                2 => {
                    let mut paths = Vec::new();
                    for number in 0..random.usize(2..20) {
                        paths.push(format!("/{seed}-{round}-{number}"));
                        let path = &paths[number];
                        client.send(format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n"));
                    }
                    for path in paths {
                        assert_eq!(client.answer().text(), path, "seed {seed}");
                    }
                }
                _ => {
                    let path = format!("/{seed}-{round}");
                    assert_eq!(client.get(&path).text(), path, "seed {seed}");
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for seed in 0..24 {
            scope.spawn(move || play(seed));
        }
    });
    eventually(|| stage.proxy.counters().connections_open == 0);
    let counters = stage.proxy.counters();
    assert_eq!((counters.panics, counters.services[0].1.active), (0, 0));
}

#[test]
fn a_connection_that_the_upstream_ends_while_idle_is_not_used_again() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    assert_eq!(client.get("/bye").text(), "bye");
    eventually(|| stand.ended.load(SeqCst) == 1);
    assert_eq!(client.get("/number").text(), "2");
    let post = "POST /number HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(client.send(post).answer().status(), 200);
}

#[test]
fn an_idle_connection_on_which_bytes_come_is_closed() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    assert_eq!(client.get("/late").text(), "/late");
    stand.release.send(()).unwrap();
    eventually(|| stand.ended.load(SeqCst) == 1);
    assert_eq!(client.get("/number").text(), "2");
}

#[test]
fn idle_connections_end_in_time_on_both_sides() {
    let stand = Stand::start();
    let mut settings = Settings::default();
    settings.timeouts.idle = Duration::from_millis(50);
    settings.timeouts.upstream_idle = Some(Duration::from_millis(50));
    let stage = Stage::with(
        table(1, &[("app.test", stand.tcp())], settings),
        1,
        AccessLog::Off,
    );
    let mut client = stage.client();
    assert_eq!(client.get("/number").status(), 200);
    assert!(client.ends_cleanly());
    eventually(|| stand.ended.load(SeqCst) == 1);
    eventually(|| stage.proxy.counters().connections_open == 0);
}

#[test]
fn an_upstream_that_refuses_is_passed_over() {
    let stand = Stand::start();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut table = table(1, &[("app.test", stand.tcp())], Settings::default());
    let snapshot = Arc::get_mut(&mut table.snapshot).unwrap();
    snapshot.services[0]
        .upstreams
        .push(Upstream::new(Address::Tcp(gone)));
    let stage = Stage::with(table, 1, AccessLog::Off);
    for _ in 0..20 {
        let request = "POST /number HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(stage.client().send(request).answer().status(), 200);
    }
    assert!(stage.proxy.counters().connects_failed >= 1);
}

#[test]
fn a_new_table_holds_for_connections_that_live() {
    let (old, new) = (Stand::start(), Stand::start());
    let stage = Stage::new(&old);
    let mut client = stage.client();
    assert_eq!(client.get("/number").status(), 200);
    let moved = table(2, &[("app.test", new.tcp())], Settings::default());
    stage.proxy.publish(Arc::new(moved));
    eventually(|| stage.proxy.applied() == 2);
    assert_eq!(client.get("/number").status(), 200);
    assert_eq!((old.connections(), new.connections()), (1, 1));
    eventually(|| old.ended.load(SeqCst) == 1);
}

/// Settings by which nothing waits for a service.
fn impatient() -> Settings {
    let mut settings = Settings::default();
    settings.timeouts.hold = Duration::ZERO;
    settings
}

#[test]
fn a_refused_upstream_is_told_and_counted() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let table = table(1, &[("app.test", Address::Tcp(gone))], impatient());
    let stage = Stage::with(table, 1, AccessLog::Off);
    let mut client = stage.client();
    for _ in 0..3 {
        assert_eq!(client.get("/").status(), 502);
    }
    assert_eq!(stage.proxy.counters().connects_failed, 3);
}

#[test]
fn a_unix_socket_serves_and_a_missing_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let missing = folder.path().join("missing.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        while stream.read(&mut request).unwrap() > 0 {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix";
            stream.write_all(answer).unwrap();
        }
    });
    let routes = [
        ("app.test", Address::Unix(path)),
        ("gone.test", Address::Unix(missing)),
    ];
    let stage = Stage::with(table(1, &routes, impatient()), 1, AccessLog::Off);
    let mut client = stage.client();
    assert_eq!(client.get("/").text(), "unix");
    let answer = client
        .send("GET / HTTP/1.1\r\nHost: gone.test\r\n\r\n")
        .answer();
    assert_eq!(answer.status(), 502);
    assert_eq!(client.get("/").text(), "unix");
}

#[test]
fn a_malformed_request_is_answered_and_then_the_connection_ends_without_a_reset() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    // More than is read before the answer: closing right then would reset the connection.
    client
        .send("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")
        .send(vec![b'x'; 100_000]);
    assert_eq!(client.answer().status(), 400);
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert!(client.ends_cleanly());
    eventually(|| stage.proxy.counters().connections_open == 0);
}

#[test]
fn at_the_limit_of_connections_the_next_waits() {
    let stand = Stand::start();
    let mut settings = Settings::default();
    settings.limits.connections = 2;
    let stage = Stage::with(
        table(1, &[("app.test", stand.tcp())], settings),
        1,
        AccessLog::Off,
    );
    let mut first = stage.client();
    let mut second = stage.client();
    assert_eq!(first.get("/number").status(), 200);
    assert_eq!(second.get("/number").status(), 200);
    let mut third = stage.client();
    third.send("GET /number HTTP/1.1\r\nHost: app.test\r\n\r\n");
    eventually(|| stage.proxy.counters().accept_pauses > 0);
    assert_eq!(stage.proxy.counters().connections_open, 2);
    drop(first);
    assert_eq!(third.answer().status(), 200);
}

#[test]
fn several_workers_share_the_connections() {
    let stand = Stand::start();
    let table = table(1, &[("app.test", stand.tcp())], Settings::default());
    let stage = Stage::with(table, 3, AccessLog::Off);
    let mut clients: Vec<Raw> = (0..30).map(|_| stage.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/number").status(), 200);
    }
    assert_eq!(stage.proxy.counters().connections_open, 30);
    drop(clients);
    eventually(|| stage.proxy.counters().connections_open == 0);
}

#[test]
fn a_unix_listener_deals_out_to_all_workers_and_its_file_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let stand = Stand::start();
    let table = table(1, &[("app.test", stand.tcp())], Settings::default());
    let asked = [ListenAddress::Unix(path.clone())];
    let listeners = bind(&asked, 3, &mut HandedOver::default()).unwrap();
    let options = Options {
        workers: 3,
        access: AccessLog::Off,
        instance: "mr-test".to_owned(),
    };
    let proxy = start(listeners, options, Arc::new(table)).unwrap();
    let mut clients: Vec<UnixStream> = (0..9)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    for client in &mut clients {
        let request = b"GET /number HTTP/1.1\r\nHost: app.test\r\n\r\n";
        client.write_all(request).unwrap();
        let mut start = [0; 12];
        client.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    }
    // Each worker has dialled for itself.
    assert_eq!(stand.connections(), 3);
    drop(clients);
    let farewell = Farewell {
        limit: SHORT,
        has_successor: false,
    };
    proxy.drain(farewell, &AtomicBool::new(false));
    assert!(!path.exists());
}

#[test]
fn a_dropped_proxy_ends_at_once() {
    let stand = Stand::start();
    let Stage { proxy, address } = Stage::new(&stand);
    let mut client = Raw::new(TcpStream::connect(address).unwrap());
    assert_eq!(client.get("/number").status(), 200);
    drop(proxy);
    client.ends_cleanly();
    eventually(|| TcpStream::connect(address).is_err());
}

#[test]
fn a_drain_lets_what_is_under_way_finish() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let address = stage.address;
    let mut idle = stage.client();
    assert_eq!(idle.get("/number").status(), 200);
    let mut busy = stage.client();
    busy.send("GET /hold HTTP/1.1\r\nHost: app.test\r\n\r\n");
    stand.held.recv_timeout(SHORT).unwrap();
    let drain = stage.drain(Duration::from_secs(60), false);
    assert!(idle.ends_cleanly());
    eventually(|| TcpStream::connect(address).is_err());
    stand.release.send(()).unwrap();
    let answer = busy.answer();
    assert_eq!(answer.text(), "held");
    assert!(
        answer.head.contains("connection: close\r\n"),
        "{}",
        answer.head
    );
    assert!(busy.ends_cleanly());
    drain.join().unwrap();
}

#[test]
fn a_drain_closes_websockets_with_1012() {
    let stand = Stand::start();
    let stage = Stage::new(&stand);
    let mut client = stage.client();
    client.send(
        "GET /websocket HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert!(client.head().starts_with("http/1.1 101"));
    eventually(|| stage.proxy.counters().websockets == 1);
    let drain = stage.drain(Duration::from_secs(60), false);
    assert_eq!(client.take(4), [0x88, 2, 0x03, 0xf4]);
    // RFC 6455 §5.5.1: the answer to a close frame is one too.
    client.send([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf4]);
    client.stream.shutdown(Shutdown::Write).unwrap();
    drain.join().unwrap();
}

#[test]
fn a_drain_ends_at_its_deadline_or_when_it_is_to_hurry() {
    for (limit, hurry) in [
        (Duration::from_millis(100), false),
        (Duration::from_secs(600), true),
    ] {
        let stand = Stand::start();
        let stage = Stage::new(&stand);
        let mut client = stage.client();
        client.send("GET /hold HTTP/1.1\r\nHost: app.test\r\n\r\n");
        stand.held.recv_timeout(SHORT).unwrap();
        stage.drain(limit, hurry).join().unwrap();
        assert!(!client.ends_cleanly(), "the client can tell");
    }
}

/// A table that leads `app.test` to both addresses, the second out of sight.
fn sighted(generation: u64, seen: Address, lost: Address) -> Published {
    let lost = Upstream {
        sight: Sight::Unconfirmed,
        ..Upstream::new(lost)
    };
    let mut table = table(generation, &[("app.test", seen)], Settings::default());
    let mut snapshot = (*table.snapshot).clone();
    snapshot.services[0].upstreams.push(lost);
    table.snapshot = Arc::new(snapshot);
    table
}

#[test]
fn an_upstream_out_of_sight_is_dialled_where_those_in_sight_refuse() {
    let (seen, lost) = (Stand::start(), Stand::start());
    let stage = Stage::with(sighted(1, seen.tcp(), lost.tcp()), 1, AccessLog::Off);
    // More at once than the pool has connections for.
    let mut clients: Vec<Raw> = (0..8).map(|_| stage.client()).collect();
    for _ in 0..3 {
        for client in &mut clients {
            assert_eq!(client.get("/number").status(), 200);
        }
    }
    assert_eq!((seen.connections() > 0, lost.connections()), (true, 0));
    drop(clients);

    // The other way round, with nobody at the address in sight.
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = refusing.local_addr().unwrap();
    drop(refusing);
    let table = sighted(2, address.into(), lost.tcp());
    stage.proxy.publish(Arc::new(table));
    eventually(|| stage.proxy.applied() == 2);
    assert_eq!(stage.client().get("/number").status(), 200);
    assert_eq!(lost.connections(), 1);
    let standing = |stage: &Stage| stage.proxy.figures().standings()[&Address::Tcp(address)];
    assert_eq!(standing(&stage), Standing::Failing);

    // It is back.
    let back = Stand::at(address);
    eventually(|| {
        assert_eq!(stage.client().get("/number").status(), 200);
        back.connections() > 0
    });
    assert_eq!(standing(&stage), Standing::Up);
}

#[test]
fn an_access_line_says_that_sight_of_its_upstream_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let stand = Stand::start();
    let mut table = sighted(1, stand.tcp(), stand.tcp());
    let mut snapshot = (*table.snapshot).clone();
    snapshot.services[0].upstreams.remove(0);
    table.snapshot = Arc::new(snapshot);
    let stage = Stage::with(table, 1, AccessLog::File(path.clone()));
    assert_eq!(stage.client().get("/number").status(), 200);
    stage.drain(SHORT, false).join().unwrap();
    let log = std::fs::read_to_string(path).unwrap();
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["upstream_state"], "unconfirmed");
}

#[test]
fn each_exchange_is_a_line_in_the_access_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let stand = Stand::start();
    let table = table(1, &[("app.test", stand.tcp())], Settings::default());
    let stage = Stage::with(table, 2, AccessLog::File(path.clone()));
    let mut client = stage.client();
    client.send("GET /number?token=secret HTTP/1.1\r\nHost: app.test\r\nUser-Agent: a\"b\r\n\r\n");
    assert_eq!(client.answer().status(), 200);
    client
        .send("GET /x HTTP/1.1\r\nHost: other.test\r\n\r\n")
        .answer();
    drop(client);
    stage.drain(SHORT, false).join().unwrap();
    let log = std::fs::read_to_string(path).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["path"], "/number");
    assert_eq!(lines[0]["service"], "Service0.Endpoint");
    assert_eq!(lines[0]["upstream"], stand.address.to_string());
    assert_eq!(lines[0]["user_agent"], "a\"b");
    assert_eq!(lines[0]["attempts"], 1);
    assert_eq!(lines[1]["reason"], "no_route");
    assert_eq!(lines[1]["service"], serde_json::Value::Null);
    assert_eq!(lines[1]["peer_ip"], "127.0.0.1");
}
