//! When descriptors run out, and who may have how many connections.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use e2e::{Client, Gateway, Launch, Upstream, eventually, upstream::text};

/// Starts a gateway with so few descriptors.
fn starved(upstream: &Upstream, descriptors: u32, tables: &str) -> Gateway {
    let config = Gateway::config_to(upstream, "", tables);
    Launch::configured(&config)
        .with_admin()
        .limited_to(descriptors)
        .start()
}

/// Whether the other side has ended a connection; `None`: it waits.
fn is_ended(mut stream: &TcpStream) -> Option<bool> {
    stream
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    match stream.read(&mut [0; 64]) {
        Ok(0) => Some(true),
        Ok(_) => Some(false),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Some(true),
        Err(_) => None,
    }
}

#[test]
fn without_descriptors_connections_are_shed_admin_answers_and_all_recovers() {
    // Each request has two descriptors for as long as it waits.
    let upstream = Upstream::play(|connection| {
        while let Some(request) = connection.request() {
            if request.head.target() == "/" {
                connection.send(text("hello"));
            }
        }
    });
    let tables = "[admin]\nlisten = \"127.0.0.1:0\"";
    let gateway = starved(&upstream, 96, tables);
    let admin = gateway.beside("admin").parse().unwrap();
    let mut crowd = Vec::new();
    eventually("a connection that is shed", || {
        while crowd.len() < 256 {
            let mut stream = TcpStream::connect(gateway.address()).unwrap();
            // It may have been closed already.
            let _ = stream.write_all(b"GET /wait HTTP/1.1\r\nHost: auth.test\r\n\r\n");
            crowd.push(stream);
        }
        let is_shed = |stream: &TcpStream| is_ended(stream) == Some(true);
        crowd.iter().any(is_shed).then_some(())
    });
    // Which ones depends on the worker whose queue they were in.
    let is_kept = |stream: &TcpStream| is_ended(stream).is_none();
    assert!(crowd.iter().any(is_kept), "those with descriptors wait on");
    gateway.logged("accepting paused");
    let ready = Client::connect(admin).get("localhost", "/readyz");
    assert_eq!(ready.status(), 200);
    let metrics = Client::connect(admin).get("localhost", "/metrics").text();
    let shed = metrics
        .lines()
        .find_map(|line| line.strip_prefix("mesh_router_connections_shed_total "));
    assert_ne!(shed, Some("0"), "{metrics}");
    drop(crowd);
    eventually("an answer again", || {
        let mut stream = TcpStream::connect(gateway.address()).ok()?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut answer = String::new();
        stream.set_read_timeout(Some(e2e::PATIENCE)).unwrap();
        stream.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(())
    });
}

#[test]
fn the_soft_limit_is_raised_and_the_hard_one_is_told() {
    let upstream = Upstream::hello();
    let gateway = starved(&upstream, 600, "[limits]\nconnections = 500");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.pid())).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let numbers: Vec<_> = files.unwrap().split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers, ["600", "600"], "soft and hard");
    let line = gateway.logged("for want of descriptors");
    assert!(line.contains("\"connections\":450"), "{line}");
}

#[test]
fn a_client_has_no_more_connections_than_the_limit_says() {
    let upstream = Upstream::hello();
    let tables = "[limits]\nconnections_per_client = 2";
    let keys = "trusted_proxies = \"none\"";
    let gateway = Gateway::configured(&Gateway::config_to(&upstream, keys, tables));
    let mut first = gateway.connect();
    let mut second = gateway.connect();
    assert_eq!(first.get("auth.test", "/").status(), 200);
    assert_eq!(second.get("auth.test", "/").status(), 200);
    let third = TcpStream::connect(gateway.address()).unwrap();
    eventually("the third one's end", || is_ended(&third));
    // Whoever leaves makes room.
    drop(first);
    eventually("room", || {
        let mut stream = TcpStream::connect(gateway.address()).ok()?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        answer.starts_with(b"HTTP/1.1 200").then_some(())
    });
    assert_eq!(second.get("auth.test", "/").status(), 200);
}

#[test]
fn a_trusted_proxy_has_as_many_as_it_has_clients() {
    let upstream = Upstream::hello();
    let tables = "[limits]\nconnections_per_client = 1";
    let gateway = Gateway::with(&upstream, tables);
    let mut many: Vec<_> = (0..8).map(|_| gateway.connect()).collect();
    for client in &mut many {
        assert_eq!(client.get("auth.test", "/").status(), 200);
    }
}

#[test]
fn behind_a_balancer_that_forwards_connections_clients_are_told_apart() {
    let upstream = Upstream::hello();
    let tables = "[limits]\nconnections_per_client = 1";
    let keys = "proxy_protocol = true";
    let gateway = Gateway::configured(&Gateway::config_to(&upstream, keys, tables));
    let header = |client: &str| format!("PROXY TCP4 {client} 198.51.100.1 1 2\r\n");
    let mut first = gateway.connect();
    first.send(header("203.0.113.1"));
    assert_eq!(first.get("auth.test", "/").status(), 200);
    let mut other = gateway.connect();
    other.send(header("203.0.113.2"));
    assert_eq!(other.get("auth.test", "/").status(), 200);
    let mut further = TcpStream::connect(gateway.address()).unwrap();
    further.write_all(header("203.0.113.1").as_bytes()).unwrap();
    eventually("its end", || is_ended(&further));
}
