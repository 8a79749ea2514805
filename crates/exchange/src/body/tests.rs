use http1::Body;

use super::Relay;

/// Relays `input` in one piece and byte by byte, and returns what was sent, and what was not used.
#[track_caller]
fn check(body: Body, may_chunk: bool, input: &str, sent: &str, rest: &str) {
    for size in [input.len().max(1), 1] {
        let mut relay = Relay::new(body, may_chunk);
        let (mut got, mut used, mut out) = (Vec::new(), 0, Vec::new());
        for piece in input.as_bytes().chunks(size) {
            let relayed = relay.relay(piece, &mut out).unwrap();
            got.extend_from_slice(relayed.send);
            used += relayed.used;
        }
        assert_eq!(String::from_utf8(got).unwrap(), sent);
        assert_eq!(&input[used..], rest);
        assert!(relay.is_done());
    }
}

#[test]
fn a_length_is_counted() {
    check(Body::None, true, "next", "", "next");
    check(Body::Length(0), true, "next", "", "next");
    check(Body::Length(5), true, "hellonext", "hello", "next");
}

#[test]
fn chunks_keep_their_sizes_and_lose_their_extensions() {
    let input = "5;a=b\r\nhello\r\n00b\r\n, and again\r\n0\r\n\r\nnext";
    check(
        Body::Chunked,
        true,
        input,
        "5\r\nhello\r\nb\r\n, and again\r\n0\r\n\r\n",
        "next",
    );
    check(Body::Chunked, false, input, "hello, and again", "next");
}

/// Of trailers only those pass that can't be taken for framing, routing or a hop's own.
#[test]
fn trailers_are_filtered() {
    let input = "1\r\na\r\n0\r\nX-Sum: 1\r\nCookie: a=1\r\nConnection: X-B\r\nX-B: 2\r\n\r\nnext";
    check(
        Body::Chunked,
        true,
        input,
        "1\r\na\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n",
        "next",
    );
    check(Body::Chunked, false, input, "a", "next");
}

#[test]
fn trailers_are_bounded() {
    let mut relay = Relay::new(Body::Chunked, true);
    let line = format!("X: {}\r\n", "a".repeat(1000));
    let input = format!("0\r\n{}", line.repeat(20));
    assert!(relay.relay(input.as_bytes(), &mut Vec::new()).is_err());
}

#[test]
fn a_body_to_the_end_is_chunked_where_that_is_understood() {
    for (may_chunk, sent, last) in [(true, "5\r\nhello\r\n", "0\r\n\r\n"), (false, "hello", "")] {
        let mut relay = Relay::new(Body::Close, may_chunk);
        let mut out = Vec::new();
        assert_eq!(
            relay.relay(b"hello", &mut out).unwrap().send,
            sent.as_bytes()
        );
        assert_eq!(relay.relay(b"", &mut out).unwrap().send, b"");
        assert!(!relay.is_done());
        assert_eq!(relay.end(), Some(last.as_bytes()));
        assert!(relay.is_done());
    }
}

#[test]
fn an_end_before_the_end_is_a_cut() {
    assert_eq!(Relay::new(Body::Length(5), true).end(), None);
    assert_eq!(Relay::new(Body::Chunked, true).end(), None);
}
