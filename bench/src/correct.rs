//! A proxy that answers wrongly is not measured: what each must do right first.

use std::{panic, sync::mpsc, time::Duration};

use anyhow::{Result, bail};
use e2e::{Client, Connection, Upstream, upstream::text};

use crate::{
    load::HOST,
    proxies::{Contender, Proxy},
};

/// A body that fits no buffer.
const LARGE: usize = 3_000_000;

/// Plays every case against a proxy; the error names what it got wrong.
pub(crate) fn check(contender: Contender) -> Result<()> {
    let upstream = Upstream::play(serve);
    let proxy = Proxy::start(contender, &[upstream.address().parse()?])?;
    let (done, outcome) = mpsc::channel();
    let address = proxy.address;
    // The harness fails by panicking; here that is an answer.
    let playing = std::thread::spawn(move || {
        for (name, case) in CASES {
            let passed = panic::catch_unwind(|| case(&mut Client::connect(address)));
            if passed.is_err() {
                // The receiver waits until we are done.
                let _ = done.send(*name);
            }
        }
    });
    let failed: Vec<&str> = outcome.into_iter().collect();
    if playing.join().is_err() || !failed.is_empty() {
        bail!("{contender} fails: {}", failed.join(", "));
    }
    Ok(())
}

type Case = fn(&mut Client);

const CASES: &[(&str, Case)] = &[
    ("a head in two pieces", |client| {
        client.send("GET / HTTP/1.1\r\nHo");
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(
            client.send(format!("st: {HOST}\r\n\r\n")).response().text(),
            "GET /"
        );
    }),
    ("pipelining", |client| {
        let request = |path| format!("GET /{path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        client.send([request("1"), request("2"), request("3")].concat());
        for path in ["GET /1", "GET /2", "GET /3"] {
            assert_eq!(client.response().text(), path);
        }
    }),
    ("a large body both ways", |client| {
        let body = vec![b'x'; LARGE];
        let head =
            format!("POST /echo HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {LARGE}\r\n\r\n");
        assert_eq!(client.send(head).send(&body).response().body, body);
    }),
    ("HEAD", |client| {
        client.send(format!("HEAD /head HTTP/1.1\r\nHost: {HOST}\r\n\r\n"));
        assert_eq!(
            client.response_to("HEAD").field("content-length"),
            Some("5")
        );
        assert_eq!(client.get(HOST, "/").text(), "GET /");
    }),
    ("204", |client| {
        assert_eq!(client.get(HOST, "/204").status(), 204);
        assert_eq!(client.get(HOST, "/").text(), "GET /");
    }),
    ("a body up to the connection's end", |client| {
        assert_eq!(client.get(HOST, "/close").text(), "to the end");
    }),
    ("a stale connection to the upstream", |client| {
        assert_eq!(client.get(HOST, "/last").text(), "bye");
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(client.get(HOST, "/").text(), "GET /");
    }),
    ("a WebSocket", |client| {
        client.send(format!(
            "GET /ws HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ));
        assert_eq!(client.head().status(), 101);
        assert_eq!(client.send(b"\x89\x80abcd").wire.bytes(2), b"\x8a\x00");
    }),
    ("an unknown host", |client| {
        assert!(client.get("other.test", "/").status() >= 400);
    }),
];

fn serve(connection: &mut Connection) {
    while let Some(request) = connection.request() {
        match request.head.target() {
            "/echo" => {
                connection.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"
                ));
                connection.send(request.body);
            }
            "/head" => connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            "/204" => connection.send("HTTP/1.1 204 No Content\r\n\r\n"),
            "/close" => {
                connection.send("HTTP/1.1 200 OK\r\n\r\nto the end");
                return;
            }
            "/last" => {
                connection.send(text("bye"));
                return;
            }
            "/ws" => {
                connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: \
                     websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                );
                connection.wire.bytes(6);
                connection.send(b"\x8a\x00");
                connection.wire.rest();
                return;
            }
            path => connection.send(text(&format!("{} {path}", request.head.method()))),
        }
    }
}
