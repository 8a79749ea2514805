//! What the targets for Erlang's distribution have in common: a connection as the recorded one began.

use std::{sync::OnceLock, time::Instant};

use erldist::{
    Call, Connection, Cookie, OwnName,
    connection::{Limits, Notice, Settings},
    frame::Width,
    handshake::SendName,
};

/// A link to a node of OTP 25: what the node sent, and what we did.
const NODE: &[u8] = include_bytes!("../../crates/erldist/testdata/otp25.node");
const OURS: &[u8] = include_bytes!("../../crates/erldist/testdata/otp25.ours");

/// Small, so that it is reached.
const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Bytes that may ever wait to be sent: a refusal may be as long as what it refuses.
const OUTPUT_BYTES_MAX: usize = erldist::connection::OUTPUT_BYTES_MAX + 3 * FRAME_BYTES_MAX;

/// What came of some bytes.
#[derive(Debug, PartialEq)]
pub struct Came {
    /// All that the connection had to say.
    pub notices: Vec<Notice>,
    /// How many messages it refused, dropped, or passed over.
    pub counts: erldist::connection::Counts,
}

fn begun(now: Instant) -> Connection {
    // Behind our first message, and the second one's length and tag.
    let reply = 2 + usize::from(u16::from_be_bytes([OURS[0], OURS[1]])) + 3;
    let challenge = u32::from_be_bytes(OURS[reply..reply + 4].try_into().expect("four bytes"));
    let handshake = SendName {
        peer: "fixture@127.0.0.1".parse().expect("a name"),
        own: OwnName::Dynamic {
            host: "mesh-router.invalid".to_owned(),
        },
        cookie: Cookie::new("fixture").expect("a cookie"),
        challenge,
    };
    let limits = Limits {
        frame_bytes: FRAME_BYTES_MAX,
        ..Limits::default()
    };
    let settings = Settings {
        handshake,
        width: Width::Two,
        limits,
    };
    Connection::new(settings, now)
}

/// The bytes with which the recorded link came up.
fn way_up() -> &'static [u8] {
    static LENGTH: OnceLock<usize> = OnceLock::new();
    let length = LENGTH.get_or_init(|| {
        let now = Instant::now();
        let mut connection = begun(now);
        let is_up = |byte: &u8| {
            connection.feed(&[*byte], now);
            connection.poll_notice().is_some()
        };
        NODE.iter().position(is_up).expect("it came up") + 1
    });
    &NODE[..*length]
}

/// Feeds bytes in pieces of `sees`, to a connection that has just begun, or that is up and has asked.
#[must_use]
pub fn feed(bytes: &[u8], sees: usize, is_up: bool) -> Came {
    let now = Instant::now();
    let mut connection = begun(now);
    if is_up {
        connection.feed(way_up(), now);
        assert!(matches!(connection.poll_notice(), Some(Notice::Up(_))));
        for call in [Call::Nodes, Call::Registered, Call::Release] {
            connection.call(&call, now).expect("it is up");
        }
        connection.monitor("x").expect("it is up");
    }
    for piece in bytes.chunks(sees.max(1)) {
        connection.feed(piece, now);
    }
    let output = connection.poll_output().unwrap_or_default();
    assert!(output.len() <= OUTPUT_BYTES_MAX, "{}", output.len());
    let notices = std::iter::from_fn(|| connection.poll_notice()).collect();
    let counts = connection.counts();
    Came { notices, counts }
}

/// Checks that an end comes once and last, and that nothing is awaited behind it.
pub fn check_end(notices: &[Notice]) {
    let is_end = |notice: &Notice| matches!(notice, Notice::Failed(_) | Notice::Lost(_));
    let first = notices.iter().position(is_end);
    assert!(
        first.is_none_or(|at| at == notices.len() - 1),
        "{notices:?}"
    );
}
