//! The WebSocket protocol: the opening, the tunnel behind it, and its end.

use e2e::{Client, Connection, Ending, Gateway, Upstream, upstream::text};
use tungstenite::{
    Message, WebSocket,
    handshake::derive_accept_key,
    protocol::{CloseFrame, Role, frame::coding::CloseCode},
};

/// The example of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Agrees to a WebSocket; returns the request.
fn agree(connection: &mut Connection) -> e2e::Message {
    let request = connection.request().expect("an opening");
    let accept = derive_accept_key(request.field("sec-websocket-key").unwrap().as_bytes());
    connection.send(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ));
    request
}

/// Agrees to a WebSocket and sends back every byte that comes.
fn echo(connection: &mut Connection) {
    agree(connection);
    loop {
        let byte = connection.wire.bytes(1);
        if byte.is_empty() {
            return;
        }
        connection.send(byte);
    }
}

fn opening(fields: &str) -> String {
    format!(
        "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: auth.test\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{fields}\r\n"
    )
}

#[track_caller]
fn opened(gateway: &Gateway) -> Client {
    let mut client = gateway.connect();
    assert_eq!(client.send(opening("")).head().status(), 101);
    client
}

mod s1_3_opening {
    use super::*;

    #[test]
    fn reaches_the_app_with_all_it_needs_and_its_answer_the_client() {
        let upstream = Upstream::play(echo);
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send(opening(
            "Sec-WebSocket-Protocol: phoenix\r\nOrigin: http://auth.test\r\n",
        ));
        let answer = client.head();
        assert_eq!(answer.status(), 101);
        assert_eq!(
            answer.field("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
        assert!(
            answer
                .field("upgrade")
                .unwrap()
                .eq_ignore_ascii_case("websocket")
        );
        assert!(
            answer
                .field("connection")
                .unwrap()
                .eq_ignore_ascii_case("upgrade")
        );
        let seen = upstream.request();
        assert!(
            seen.field("upgrade")
                .unwrap()
                .eq_ignore_ascii_case("websocket")
        );
        assert!(
            seen.field("connection")
                .unwrap()
                .eq_ignore_ascii_case("upgrade")
        );
        assert_eq!(seen.field("sec-websocket-key"), Some(KEY));
        assert_eq!(seen.field("sec-websocket-version"), Some("13"));
        assert_eq!(seen.field("sec-websocket-protocol"), Some("phoenix"));
        assert_eq!(seen.field("origin"), Some("http://auth.test"));
        assert_eq!(seen.head.target(), "/socket/websocket?vsn=2.0.0");
    }

    #[test]
    fn takes_a_connection_of_its_own() {
        let upstream = Upstream::play(|connection| {
            while let Some(request) = connection.request() {
                if request.field("upgrade").is_some() {
                    connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
                } else {
                    connection.send(text("page"));
                }
            }
        });
        let config = Gateway::config_to(&upstream, "", "").replace("workers = 2", "workers = 1");
        let gateway = Gateway::configured(&config);
        let mut client = gateway.connect();
        assert_eq!(client.get("auth.test", "/").text(), "page");
        assert_eq!(client.send(opening("")).response().status(), 403);
        assert_eq!(upstream.connections(), 2);
    }

    #[test]
    fn refused_by_the_app_is_an_answer_like_any_other() {
        let upstream = Upstream::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        let answer = client.send(opening("")).response();
        assert_eq!((answer.status(), answer.text()), (403, "no".to_owned()));
        assert_eq!(
            client.get("auth.test", "/").status(),
            403,
            "the connection goes on"
        );
    }

    #[test]
    fn in_http_1_0_is_no_opening() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send(opening("").replace("HTTP/1.1", "HTTP/1.0"));
        assert_eq!(client.response().status(), 200);
        assert!(upstream.request().field("upgrade").is_none());
    }

    #[test]
    fn without_the_connection_option_is_no_opening() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let request = opening("").replace("Connection: Upgrade\r\n", "");
        assert_eq!(gateway.connect().send(request).response().status(), 200);
        assert!(upstream.request().field("upgrade").is_none());
    }
}

mod s5_framing {
    use super::*;

    #[test]
    fn bytes_pass_untouched_in_both_directions() {
        let gateway = Gateway::to(&Upstream::play(echo));
        let mut client = opened(&gateway);
        // A masked text frame, a ping, and the beginning of a long binary frame.
        for frame in [
            &b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"[..],
            b"\x89\x80\x01\x02\x03\x04",
            b"\x82\xfe\x01\x00\x00\x00\x00\x00abcdef",
        ] {
            client.send(frame);
            assert_eq!(client.wire.bytes(frame.len()), frame);
        }
    }

    #[test]
    fn what_came_right_behind_the_opening_is_kept_for_after_the_101() {
        // Bandit loses bytes that arrive with the opening, so they are held back until it agreed.
        let upstream = Upstream::play(|connection| {
            let request = connection.request().expect("an opening");
            assert!(connection.wire.is_quiet(), "frames came before the 101");
            let accept = derive_accept_key(request.field("sec-websocket-key").unwrap().as_bytes());
            connection.send(format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            ));
            assert_eq!(connection.wire.bytes(6), b"\x89\x80\x01\x02\x03\x04");
            connection.send(b"\x8a\x00");
            connection.wire.rest();
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send([opening("").as_bytes(), b"\x89\x80\x01\x02\x03\x04"].concat());
        assert_eq!(client.head().status(), 101);
        assert_eq!(client.wire.bytes(2), b"\x8a\x00");
    }

    #[test]
    fn what_came_right_behind_the_101_reaches_the_client() {
        let upstream = Upstream::play(|connection| {
            let request = connection.request().expect("an opening");
            let accept = derive_accept_key(request.field("sec-websocket-key").unwrap().as_bytes());
            connection.send(format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n\u{1}\u{2}hi"
            ));
            connection.wire.rest();
        });
        let gateway = Gateway::to(&upstream);
        assert_eq!(opened(&gateway).wire.bytes(4), b"\x01\x02hi");
    }

    #[test]
    fn a_client_of_another_hand_talks_through_it() {
        let upstream = Upstream::play(|connection| {
            agree(connection);
            let stream = connection.wire.stream().clone();
            let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
            while let Ok(message) = socket.read() {
                if message.is_text() || message.is_binary() {
                    socket.send(message).expect("sending the echo");
                }
            }
        });
        let gateway = Gateway::to(&upstream);
        let stream = e2e::stream::Stream::connect(gateway.address());
        let (mut socket, _) = tungstenite::client("ws://t1.auth.test/socket", stream).unwrap();
        for size in [0, 1, 125, 126, 65_535, 65_536, 1_000_000] {
            let message = Message::binary(vec![7; size]);
            socket.send(message.clone()).unwrap();
            assert!(
                socket.read().unwrap() == message,
                "{size} bytes came back otherwise"
            );
        }
        assert_eq!(upstream.request().field("host"), Some("t1.auth.test"));
    }
}

mod s7_closing {
    use super::*;

    #[test]
    fn code_and_reason_pass_and_both_sides_end() {
        let upstream = Upstream::play(|connection| {
            agree(connection);
            let stream = connection.wire.stream().clone();
            let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
            let frame = CloseFrame {
                code: CloseCode::Restart,
                reason: "deploy".into(),
            };
            socket.close(Some(frame)).expect("sending the close");
            while socket.read().is_ok() {}
        });
        let gateway = Gateway::to(&upstream);
        let stream = e2e::stream::Stream::connect(gateway.address());
        let (mut socket, _) = tungstenite::client("ws://auth.test/socket", stream).unwrap();
        let Message::Close(Some(frame)) = socket.read().unwrap() else {
            panic!("no close")
        };
        assert_eq!(
            (frame.code, frame.reason.as_str()),
            (CloseCode::Restart, "deploy")
        );
        while socket.read().is_ok() {}
        let line = gateway.access_line(|line| line["upgrade"] == "websocket");
        assert_eq!(line["close_code"], 1012);
        assert_eq!(line["status"], 101);
    }

    #[test]
    fn the_end_of_either_side_ends_the_other() {
        let gateway = Gateway::to(&Upstream::play(|connection| {
            agree(connection);
            connection.send("bye");
        }));
        let (rest, ending) = opened(&gateway).wire.rest();
        assert_eq!((rest.as_slice(), ending), (&b"bye"[..], Ending::Fin));

        let (ended, wait) = std::sync::mpsc::channel();
        let gateway = Gateway::to(&Upstream::play(move |connection| {
            agree(connection);
            connection.wire.rest();
            ended.send(()).expect("the test waits");
        }));
        drop(opened(&gateway));
        wait.recv_timeout(e2e::PATIENCE)
            .expect("the app sees that the client left");
    }

    #[test]
    fn when_the_gateway_leaves_it_says_1012_between_frames() {
        let upstream = Upstream::play(|connection| {
            agree(connection);
            // A whole frame: the gateway may put one of its own behind it.
            connection.send(b"\x81\x02hi");
            connection.wire.rest();
        });
        let mut gateway = Gateway::to(&upstream);
        let mut client = opened(&gateway);
        assert_eq!(client.wire.bytes(4), b"\x81\x02hi");
        gateway.signal("TERM");
        let close = client.wire.bytes(4);
        assert_eq!(close.first(), Some(&0x88), "a close frame: {close:?}");
        assert_eq!(close.get(2..4), Some(&1012_u16.to_be_bytes()[..]));
        drop(client);
        assert_eq!(gateway.ended().code(), Some(0));
    }
}
