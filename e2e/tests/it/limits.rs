//! `[limits]` and `[timeouts]`: what is too large, too many or too slow.

use e2e::{Ending, Gateway, Upstream, upstream::text};

mod too_large {
    use super::*;

    #[test]
    fn a_target_is_414() {
        let gateway = Gateway::with(&Upstream::hello(), "[limits]\nuri = \"1KiB\"");
        assert_eq!(
            gateway
                .get("auth.test", &format!("/{}", "a".repeat(900)))
                .status(),
            200
        );
        let mut client = gateway.connect();
        assert_eq!(
            client
                .get("auth.test", &format!("/{}", "a".repeat(2000)))
                .status(),
            414
        );
        client.expect_end();
    }

    #[test]
    fn a_head_is_431_in_bytes_and_in_lines() {
        let upstream = Upstream::hello();
        let gateway = Gateway::with(&upstream, "[limits]\nhead = \"4KiB\"\nheaders = 20");
        for fields in [
            "X-A: 1\r\n".repeat(40),
            format!("X-A: {}\r\n", "a".repeat(8000)),
        ] {
            let mut client = gateway.connect();
            let request = format!("GET / HTTP/1.1\r\nHost: auth.test\r\n{fields}\r\n");
            assert_eq!(client.send(request).response().status(), 431);
            client.expect_end();
        }
        assert!(upstream.requests().is_empty());
    }

    #[test]
    fn a_head_without_an_end_is_431() {
        let gateway = Gateway::with(&Upstream::hello(), "[limits]\nhead = \"4KiB\"");
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n");
        client.try_send("X-A: 1\r\n".repeat(2000));
        assert_eq!(client.response().status(), 431);
    }

    #[test]
    fn a_body_is_413_before_it_is_read_where_its_length_is_told() {
        let upstream = Upstream::hello();
        let gateway = Gateway::with(&upstream, "[limits]\nbody = \"10B\"");
        let post = |length: usize| {
            let body = "x".repeat(length);
            format!("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: {length}\r\n\r\n{body}")
        };
        assert_eq!(gateway.connect().send(post(10)).response().status(), 200);
        assert_eq!(gateway.connect().send(post(11)).response().status(), 413);
        assert_eq!(upstream.requests().len(), 1);
    }

    /// As browsers do: a reset would take the answer with it.
    #[test]
    fn a_client_that_sends_all_before_it_reads_has_its_answer() {
        let gateway = Gateway::with(&Upstream::hello(), "[limits]\nbody = \"10B\"");
        let length = 50_000_000;
        let mut client = gateway.connect();
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: {length}\r\n\r\n"
        ));
        client.send(vec![b'x'; length]);
        assert_eq!(client.response().status(), 413);
        client.expect_end();
    }

    #[test]
    fn a_chunked_body_is_cut_where_it_passes_the_bound() {
        let upstream = Upstream::hello();
        let gateway = Gateway::with(&upstream, "[limits]\nbody = \"10B\"");
        let mut client = gateway.connect();
        client.send("POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        client
            .send("5\r\nhello\r\n")
            .try_send("6\r\nworld!\r\n0\r\n\r\n");
        assert_eq!(client.response().status(), 413);
        assert!(upstream.requests().iter().all(|request| !request.whole));
    }

    #[test]
    fn an_answers_head_is_502() {
        let answer = format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n\r\n", "a".repeat(8000));
        let upstream = Upstream::answering(answer);
        let gateway = Gateway::with(&upstream, "[limits]\nhead = \"4KiB\"");
        assert_eq!(gateway.get("auth.test", "/").status(), 502);
    }
}

mod too_slow {
    use std::{
        iter,
        net::{SocketAddr, TcpStream},
        time::Duration,
    };

    use socket2::{Domain, Socket, Type};

    use super::*;

    #[test]
    fn a_head_is_408_and_the_end() {
        let gateway = Gateway::with(&Upstream::hello(), "[timeouts]\nhead = \"300ms\"");
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth");
        assert_eq!(client.response().status(), 408);
        client.expect_end();
        gateway.access_line(|line| line["reason"] == "client_timeout");
    }

    #[test]
    fn a_body_that_stops_is_408() {
        let upstream = Upstream::hello();
        let gateway = Gateway::with(&upstream, "[timeouts]\nbody = \"300ms\"");
        let mut client = gateway.connect();
        client.send("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 100\r\n\r\nonly this");
        assert_eq!(client.response().status(), 408);
        assert!(!upstream.wait_for(1)[0].whole);
    }

    #[test]
    fn an_answer_is_504() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.wire.rest();
        });
        let gateway = Gateway::with(&upstream, "[timeouts]\nresponse = \"300ms\"");
        assert_eq!(gateway.get("auth.test", "/").status(), 504);
        gateway.access_line(|line| line["reason"] == "response_timeout");
    }

    #[test]
    fn an_answer_that_stops_half_way_is_cut() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
            connection.wire.rest();
        });
        let tables = "[timeouts]\nbody = \"300ms\"\nstream_idle = \"300ms\"";
        let gateway = Gateway::with(&upstream, tables);
        let answer = gateway.get("auth.test", "/");
        assert_eq!((answer.status(), answer.whole), (200, false));
    }

    #[test]
    fn an_idle_connection_is_closed_without_a_word() {
        let gateway = Gateway::with(&Upstream::hello(), "[timeouts]\nidle = \"300ms\"");
        let mut client = gateway.connect();
        assert_eq!(client.get("auth.test", "/").status(), 200);
        client.expect_end();
        gateway.connect().expect_end();
    }

    #[test]
    fn an_idle_upstream_connection_is_let_go() {
        let (gone, wait) = std::sync::mpsc::channel();
        let upstream = Upstream::play(move |connection| {
            connection.request();
            connection.send(text("hello"));
            let (rest, ending) = connection.wire.rest();
            gone.send((rest, ending)).expect("the test waits");
        });
        let gateway = Gateway::with(&upstream, "[timeouts]\nupstream_idle = \"300ms\"");
        let mut client = gateway.connect();
        assert_eq!(client.get("auth.test", "/").status(), 200);
        let (rest, ending) = wait.recv_timeout(e2e::PATIENCE).unwrap();
        assert_eq!((rest.as_slice(), ending), (&b""[..], Ending::Fin));
    }

    #[test]
    fn a_silent_websocket_is_closed() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            );
            connection.wire.rest();
        });
        let gateway = Gateway::with(&upstream, "[timeouts]\nwebsocket_idle = \"300ms\"");
        let mut client = gateway.connect();
        client.send(
            "GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
        assert_eq!(client.head().status(), 101);
        client.wire.rest();
    }

    #[test]
    fn connecting_is_a_gateways_error() {
        // Nobody accepts, and the queue of those who wait is full: further ones get no answer.
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let short = Duration::from_millis(300);
        let waiting: Vec<TcpStream> =
            iter::from_fn(|| TcpStream::connect_timeout(&address, short).ok())
                .take(8)
                .collect();

        let upstream = Upstream::hello();
        let config = Gateway::config_to(
            &upstream,
            "",
            "[timeouts]\nconnect = \"300ms\"\nhold = \"0s\"",
        );
        let config = config.replace(&upstream.address(), &address.to_string());
        let status = Gateway::configured(&config).get("auth.test", "/").status();
        assert!(matches!(status, 502 | 504), "{status}");
        drop(waiting);
    }
}

mod too_many {
    use super::*;

    #[test]
    fn connections_beyond_the_bound_wait_for_a_place() {
        let upstream = Upstream::hello();
        let gateway = Gateway::with(&upstream, "[limits]\nconnections = 2");
        let mut first = gateway.connect();
        let mut second = gateway.connect();
        assert_eq!(first.get("auth.test", "/").status(), 200);
        assert_eq!(second.get("auth.test", "/").status(), 200);
        let mut third = gateway.connect();
        third.send("GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: close\r\n\r\n");
        drop(first);
        drop(second);
        assert_eq!(third.response().status(), 200);
    }
}
