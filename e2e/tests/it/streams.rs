//! Bodies of any size in both directions, and every kind of address.

use std::{
    io::Write,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use e2e::{Client, Gateway, PATIENCE, Upstream, upstream::text};

/// A body far larger than all buffers on its way.
const LARGE: usize = 192 * 1024 * 1024;

/// What kernel and gateway may hold of it: far more than they do, far less than the body.
const HELD_MAX: usize = 48 * 1024 * 1024;

mod backpressure {
    use super::*;

    /// Writes until nobody has taken a byte for half a second; returns how many were taken.
    fn fill(mut stream: e2e::stream::Stream) -> usize {
        stream.set_write_patience(Duration::from_millis(500));
        let block = vec![b'x'; 64 * 1024];
        let mut taken = 0;
        while taken < LARGE {
            match stream.write(&block[..block.len().min(LARGE - taken)]) {
                Ok(count) => taken += count,
                Err(_) => break,
            }
        }
        stream.set_write_patience(PATIENCE);
        taken
    }

    #[test]
    fn an_app_that_does_not_read_stops_the_upload() {
        let (go, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        let upstream = Upstream::play(move |connection| {
            connection.request_head();
            wait.lock()
                .unwrap()
                .recv_timeout(PATIENCE)
                .expect("the client is stopped");
            let mut left = LARGE;
            while left > 0 {
                let got = connection.wire.bytes(left.min(1024 * 1024)).len();
                assert!(got > 0, "{left} bytes are missing");
                left -= got;
            }
            connection.send(text("thanks"));
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        let head = format!("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: {LARGE}\r\n\r\n");
        client.send(head);
        upstream.wait_for(1);
        let taken = fill(client.wire.stream().clone());
        assert!(
            taken < HELD_MAX,
            "{taken} bytes were taken for an app that reads none"
        );
        go.send(()).unwrap();
        client.send(vec![b'x'; LARGE - taken]);
        assert_eq!(client.response().text(), "thanks");
    }

    #[test]
    fn a_client_that_does_not_read_stops_the_download() {
        let (told, taken) = mpsc::channel();
        let upstream = Upstream::play(move |connection| {
            connection.request();
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"
            ));
            let taken = fill(connection.wire.stream().clone());
            told.send(taken).expect("the test waits");
            connection.send(vec![b'x'; LARGE - taken]);
            connection.wire.rest();
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        let taken = taken.recv_timeout(PATIENCE).unwrap();
        assert!(
            taken < HELD_MAX,
            "{taken} bytes were taken for a client that reads none"
        );
        client.head();
        let mut left = LARGE;
        while left > 0 {
            let got = client.wire.bytes(left.min(1024 * 1024)).len();
            assert!(got > 0, "{left} bytes are missing");
            left -= got;
        }
    }
}

mod server_sent_events {
    use super::*;

    #[test]
    fn arrive_one_by_one_and_the_clients_leaving_reaches_the_app() {
        let (next, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let (left, gone) = mpsc::channel();
        let upstream = Upstream::play(move |connection| {
            connection.request();
            connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
            for number in 0..3 {
                connection.send(format!("data: {number}\n\n"));
                wait.lock()
                    .unwrap()
                    .recv_timeout(PATIENCE)
                    .expect("the client got the event");
            }
            // A client that is gone is noticed when it is to be told something: until then it
            // may only have said that it will send no more.
            e2e::eventually("the gateway to hang up", || {
                connection.send("data: more\n\n");
                (!connection.wire.is_quiet()).then_some(())
            });
            left.send(()).expect("the test waits");
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET /events HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        let chunked = client.head().field("transfer-encoding").is_some();
        for number in 0..3 {
            let event = format!("data: {number}\n\n").into_bytes();
            let got = if chunked {
                client.wire.chunk().unwrap()
            } else {
                client.wire.bytes(9)
            };
            assert_eq!(got, event);
            next.send(()).unwrap();
        }
        drop(client);
        gone.recv_timeout(PATIENCE)
            .expect("the app sees that the client left");
    }
}

mod addresses {
    use super::*;

    fn hello(connection: &mut e2e::Connection) {
        while connection.request().is_some() {
            connection.send(text("hello"));
        }
    }

    #[test]
    fn an_upstream_may_be_a_unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let upstream = Upstream::play_unix(&folder.path().join("app.sock"), hello);
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..3 {
            assert_eq!(client.get("auth.test", "/").text(), "hello");
        }
        assert_eq!(upstream.connections(), 1);
    }

    #[test]
    fn an_upstream_may_be_an_ipv6_address() {
        let upstream = Upstream::play_at("[::1]:0", hello);
        assert_eq!(Gateway::to(&upstream).get("auth.test", "/").text(), "hello");
    }

    #[test]
    fn listeners_may_be_ipv6_addresses_and_unix_sockets() {
        let upstream = Upstream::hello();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.sock");
        let listen = format!(
            "listen = [\"127.0.0.1:0\", \"[::1]:0\", \"unix:{}\"]",
            path.display()
        );
        let config = Gateway::config_to(&upstream, "", "");
        let gateway = Gateway::configured(&config.replace("listen = [\"127.0.0.1:0\"]", &listen));
        let listeners = e2e::eventually("three listeners", || {
            Some(gateway.listeners()).filter(|listeners| listeners.len() == 3)
        });
        for listener in listeners {
            let mut client = match listener.parse() {
                Ok(address) => Client::connect(address),
                Err(_) => Client::connect_unix(&path),
            };
            assert_eq!(client.get("auth.test", "/").text(), "hello", "{listener}");
        }
    }

    #[test]
    fn several_upstreams_share_the_requests_and_one_that_is_gone_is_passed_over() {
        let there = Arc::new(Upstream::hello());
        let gone = Upstream::hello();
        let both = format!(
            "upstreams = [\"{}\", \"{}\"]",
            gone.address(),
            there.address()
        );
        let one = format!("upstreams = [\"{}\"]", there.address());
        let config = Gateway::config_to(&there, "", "").replace(&one, &both);
        drop(gone);
        let gateway = Gateway::configured(&config);
        for _ in 0..20 {
            assert_eq!(gateway.get("auth.test", "/").text(), "hello");
        }
    }
}
