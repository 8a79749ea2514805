//! A connection against a peer that plays a node, and against what no node does.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use erlterm::{
    Term,
    etf::{Pid, Reference, TermRef, decode_frame},
};
use proptest::prelude::*;

use super::{
    CALL_MAX, Connection, Failure, HANDSHAKE_MAX, Limits, LostReason, MonitorId, Notice,
    OUTPUT_BYTES_MAX, PENDING_MAX, Peer, Settings, Step,
};
use crate::{
    call::{Call, CallError, CallId},
    cookie::Cookie,
    frame::{self, Frame, Frames, Width},
    handshake::{HandshakeError, SendName, flag},
    message::{PASS_THROUGH, control, put},
    name::OwnName,
};

mod recorded;
mod refused;

const CHALLENGE: u32 = 99;
const NODE: &str = "auth@127.0.0.1";
const OURS: &str = "gw@10.0.0.1";

fn cookie() -> Cookie {
    Cookie::new("SECRET").unwrap()
}

/// A connection, the time as it sees it, and what it sent.
struct Stage {
    connection: Connection,
    now: Instant,
    sent: Frames,
}

/// A message of ours: control message and payload, as Elixir writes them.
type Sent = (String, Option<String>);

impl Stage {
    fn new(limits: Limits) -> Self {
        // The tests' only look at the clock: where it starts is of no matter.
        #[allow(clippy::disallowed_methods, reason = "an origin for the tests' times")]
        let now = Instant::now();
        let handshake = SendName {
            peer: NODE.parse().unwrap(),
            own: OwnName::Static(OURS.parse().unwrap()),
            cookie: cookie(),
            challenge: CHALLENGE,
        };
        let settings = Settings {
            handshake,
            width: Width::Two,
            limits,
        };
        Self {
            connection: Connection::new(settings, now),
            now,
            sent: Frames::of_link(usize::MAX),
        }
    }

    /// One that is up, with a `net_ticktime` of 60 s.
    fn up() -> Self {
        Self::up_with(Limits::default())
    }

    fn up_with(limits: Limits) -> Self {
        let mut stage = Self::learning(limits);
        stage.feed(&answer(1, TermRef::Integer(60)));
        stage.feed(&answer(2, user()));
        let peer = Peer {
            node: NODE.parse().unwrap(),
            own: OURS.parse().unwrap(),
            ticktime: Duration::from_secs(60),
        };
        assert_eq!(stage.notices(), [Notice::Up(peer)]);
        stage
    }

    /// One that has just shaken hands.
    fn learning(limits: Limits) -> Self {
        let mut stage = Self::new(limits);
        for message in handshake() {
            stage.feed(&message);
        }
        let bytes = stage.connection.poll_output().unwrap();
        // Name, reply, and then the two questions.
        let mut rest = bytes.as_slice();
        let mut messages = Frames::of_handshake(Width::Two);
        for start in [b'N', b'r'] {
            let Some(Frame::Whole(message)) = messages.next(&mut rest) else {
                panic!("{bytes:?}");
            };
            assert_eq!(message.first(), Some(&start));
        }
        let asked = stage.messages(rest);
        assert_eq!(asked.len(), 2);
        assert!(asked[0].1.as_ref().unwrap().contains("get_net_ticktime"));
        assert!(asked[1].1.as_ref().unwrap().contains(":whereis, [:user]"));
        stage
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.connection.feed(bytes, self.now);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.connection.on_time(self.now);
    }

    fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.connection.poll_notice()).collect()
    }

    /// What was sent since the last look.
    fn sent(&mut self) -> Vec<Sent> {
        let bytes = self.connection.poll_output().unwrap_or_default();
        self.messages(&bytes)
    }

    fn messages(&mut self, mut bytes: &[u8]) -> Vec<Sent> {
        let mut messages = Vec::new();
        while let Some(frame) = self.sent.next(&mut bytes) {
            messages.push(match frame {
                Frame::Tick => ("tick".to_owned(), None),
                Frame::Whole(bytes) => {
                    let bytes = bytes.strip_prefix(&[PASS_THROUGH]).unwrap();
                    let (message, rest) = decode_frame(bytes).unwrap();
                    let payload = decode_frame(rest).ok();
                    let payload = payload.map(|(it, _)| it.to_term().to_string());
                    (message.to_term().to_string(), payload)
                }
                Frame::Oversized { .. } => panic!("we send no such frame"),
            });
        }
        messages
    }

    fn call(&mut self) -> CallId {
        self.connection.call(&Call::Nodes, self.now).unwrap()
    }
}

fn framed(width: Width, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write(width, message, &mut out);
    out
}

fn challenge() -> Vec<u8> {
    let length = u16::try_from(NODE.len()).unwrap().to_be_bytes();
    let flags = flag::NEEDED.to_be_bytes();
    let parts = [&b"N"[..], &flags, &[0, 0, 0, 7], &[0; 4], &length];
    [&parts.concat(), NODE.as_bytes()].concat()
}

/// What a node says in a handshake, as frames.
fn handshake() -> [Vec<u8>; 3] {
    let ack = [&b"a"[..], &cookie().digest(CHALLENGE)].concat();
    [b"sok".to_vec(), challenge(), ack].map(|it| framed(Width::Two, &it))
}

fn reference(number: u32) -> TermRef<'static> {
    let words = [number, 0, 0];
    let node = Cow::Borrowed(OURS);
    TermRef::Reference(Reference::new(node, CHALLENGE | 4, &words).unwrap())
}

fn pid(node: &'static str, id: u32) -> TermRef<'static> {
    TermRef::Pid(Pid {
        node: Cow::Borrowed(node),
        id,
        serial: 0,
        creation: if node == OURS { CHALLENGE | 4 } else { 5 },
    })
}

fn user() -> TermRef<'static> {
    pid(NODE, 64)
}

fn message(parts: Vec<TermRef<'_>>, payload: Option<&TermRef<'_>>) -> Vec<u8> {
    let mut out = Vec::new();
    put(&TermRef::Tuple(parts), payload, &mut out);
    out
}

fn down(number: u32, reason: &TermRef<'_>) -> Vec<u8> {
    let parts = vec![
        TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
        pid(NODE, 100),
        pid(OURS, 1),
        reference(number),
    ];
    message(parts, Some(reason))
}

/// The answer to the call of that number.
fn answer(number: u32, value: TermRef<'_>) -> Vec<u8> {
    let parts = vec![reference(number), TermRef::atom("return"), value];
    down(number, &TermRef::Tuple(parts))
}

fn spawned(number: u32, result: TermRef<'_>) -> Vec<u8> {
    let parts = vec![
        TermRef::Integer(control::SPAWN_REPLY),
        reference(number),
        pid(OURS, 1),
        TermRef::Integer(0),
        result,
    ];
    message(parts, None)
}

fn answered(number: u64, answer: Result<Term, CallError>) -> Notice {
    let call = CallId(number);
    Notice::Answer { call, answer }
}

const SECOND: Duration = Duration::from_secs(1);

// The way up.

#[test]
fn a_link_is_up_when_both_questions_are_answered() {
    for order in [[1, 2], [2, 1]] {
        let mut stage = Stage::learning(Limits::default());
        for number in order {
            assert_eq!(stage.notices(), []);
            let value = match number {
                1 => TermRef::Integer(8),
                _ => user(),
            };
            stage.feed(&spawned(number, pid(NODE, 100)));
            stage.feed(&answer(number, value));
        }
        let notices = stage.notices();
        let [Notice::Up(peer)] = notices.as_slice() else {
            panic!("{notices:?}");
        };
        assert_eq!(peer.ticktime, 8 * SECOND);
        // From now on the node's own process leads.
        stage.call();
        let sent = stage.sent();
        let parts = "#Erlang<<auth@127.0.0.1.64.0>>";
        assert!(sent[0].0.contains(parts), "{sent:?}");
    }
}

#[test]
fn odd_answers_to_the_questions_are_borne() {
    let ticktime = |value: TermRef<'_>| {
        let mut stage = Stage::learning(Limits::default());
        stage.feed(&answer(1, value));
        stage.feed(&answer(2, TermRef::atom("undefined")));
        match stage.notices().as_slice() {
            [Notice::Up(peer)] => peer.ticktime.as_secs(),
            other => panic!("{other:?}"),
        }
    };
    let changing = vec![TermRef::atom("ongoing_change_to"), TermRef::Integer(30)];
    assert_eq!(ticktime(TermRef::Tuple(changing)), 30);
    assert_eq!(ticktime(TermRef::atom("ignored")), 60);
    assert_eq!(ticktime(TermRef::Integer(0)), 60);
    assert_eq!(ticktime(TermRef::Integer(-5)), 60);
    assert_eq!(ticktime(TermRef::Integer(i64::MAX)), 3600);

    let mut stage = Stage::learning(Limits::default());
    stage.feed(&spawned(1, TermRef::atom("notsup")));
    stage.feed(&spawned(2, TermRef::atom("system_limit")));
    assert!(matches!(stage.notices().as_slice(), [Notice::Up(_)]));
}

#[test]
fn silence_at_each_step_ends_in_time() {
    for (heard, step, most) in [
        (0, Step::Status, HANDSHAKE_MAX),
        (1, Step::Challenge, HANDSHAKE_MAX),
        (2, Step::Ack, HANDSHAKE_MAX),
        // These are calls, with a deadline of their own.
        (3, Step::Answers, CALL_MAX),
    ] {
        let mut stage = Stage::new(Limits::default());
        for message in handshake().iter().take(heard) {
            stage.feed(message);
        }
        let deadline = stage.connection.next_deadline().unwrap();
        assert_eq!(deadline - stage.now, most);
        stage.wait(most - SECOND);
        assert_eq!(stage.notices(), []);
        stage.wait(SECOND);
        assert_eq!(stage.notices(), [Notice::Failed(Failure::Silent(step))]);
        assert_eq!(stage.connection.next_deadline(), None);
    }
}

#[test]
fn the_end_at_each_step_is_told_apart() {
    for (heard, step) in [
        (0, Step::Status),
        (1, Step::Challenge),
        (2, Step::Ack),
        (3, Step::Answers),
    ] {
        let mut stage = Stage::new(Limits::default());
        for message in handshake().iter().take(heard) {
            stage.feed(message);
        }
        stage.connection.on_end(&LostReason::Closed);
        assert_eq!(stage.notices(), [Notice::Failed(Failure::Closed(step))]);
        stage.feed(&handshake().concat());
        assert_eq!(stage.notices(), []);
    }
}

#[test]
fn garbage_at_each_step_is_refused() {
    for heard in 0..3 {
        for garbage in [
            framed(Width::Two, b""),
            framed(Width::Two, b"?"),
            framed(Width::Two, &[0xff; 4096]),
            b"\x10\x01".to_vec(),
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        ] {
            let mut stage = Stage::new(Limits::default());
            for message in handshake().iter().take(heard) {
                stage.feed(message);
            }
            stage.feed(&garbage);
            let notices = stage.notices();
            let refused = matches!(
                notices.as_slice(),
                [Notice::Failed(Failure::Handshake(
                    HandshakeError::Malformed(_)
                ))]
            );
            assert!(refused, "{heard} {garbage:?}: {notices:?}");
        }
    }
}

#[test]
fn an_alert_of_tls_is_known() {
    let mut stage = Stage::new(Limits::default());
    stage.feed(b"\x15\x03\x03\x00\x02\x02\x0a");
    let error = HandshakeError::TlsRequired;
    assert_eq!(stage.notices(), [Notice::Failed(error.into())]);
}

#[test]
fn every_status_leads_somewhere() {
    let after = |status: &[u8]| {
        let mut stage = Stage::new(Limits::default());
        stage.connection.poll_output();
        stage.feed(&framed(Width::Two, status));
        let answer = stage.connection.poll_output();
        stage.feed(&handshake()[1..].concat());
        (answer, stage.notices(), stage.connection.poll_output())
    };
    for (status, expected) in [
        (&b"sok"[..], None),
        (b"sok_simultaneous", None),
        (b"salive", Some(b"\x00\x05strue".to_vec())),
    ] {
        let (answer, notices, output) = after(status);
        assert_eq!((answer, notices), (expected, vec![]));
        assert!(output.is_some(), "the questions");
    }
    for (status, error) in [
        (&b"snok"[..], HandshakeError::Dialling),
        (b"snot_allowed", HandshakeError::NotAllowed),
        (
            b"snamed:\x00\x03a@b\x00\x00\x00\x01",
            HandshakeError::Malformed("status"),
        ),
    ] {
        let failed = vec![Notice::Failed(error.into())];
        assert_eq!(after(status), (None, failed, None));
    }
}

// Calls.

#[test]
fn answers_come_in_any_order() {
    let mut stage = Stage::up();
    let calls: Vec<CallId> = (0..3).map(|_| stage.call()).collect();
    assert_eq!(calls, [CallId(3), CallId(4), CallId(5)]);
    assert_eq!(stage.sent().len(), 3);
    for number in [5, 3, 4] {
        stage.feed(&answer(number, TermRef::Integer(number.into())));
        let value = Term::Integer(number.into());
        assert_eq!(stage.notices(), [answered(number.into(), Ok(value))]);
    }
    // Nobody waits for it any more.
    stage.feed(&answer(3, TermRef::Integer(3)));
    assert_eq!(stage.notices(), []);
    assert_eq!(stage.connection.counts().dropped, 1);
}

#[test]
fn answers_to_nobody_are_dropped_and_counted() {
    let mut stage = Stage::up();
    stage.call();
    let strange = |words: &[u32], creation: u32| {
        let made = Reference::new(Cow::Borrowed(OURS), creation, words).unwrap();
        let parts = vec![
            TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
            pid(NODE, 100),
            pid(OURS, 1),
            TermRef::Reference(made),
        ];
        message(parts, Some(&TermRef::atom("x")))
    };
    for foreign in [
        strange(&[3, 0, 0], CHALLENGE),
        strange(&[3, 0], CHALLENGE | 4),
        strange(&[3, 0, 1], CHALLENGE | 4),
        strange(&[3, 0, 0, 0, 0], CHALLENGE | 4),
        strange(&[3 + (1 << 18), 0, 0], CHALLENGE | 4),
        strange(&[u32::MAX; 3], CHALLENGE | 4),
        spawned(77, TermRef::atom("notsup")),
        answer(77, TermRef::Integer(1)),
    ] {
        let before = stage.connection.counts().dropped;
        stage.feed(&foreign);
        assert_eq!(stage.connection.counts().dropped, before + 1);
    }
    assert_eq!(stage.notices(), []);
    stage.feed(&answer(3, TermRef::Integer(1)));
    assert_eq!(stage.notices(), [answered(3, Ok(Term::Integer(1)))]);
}

#[test]
fn each_way_in_which_a_call_fails_is_told() {
    let check = |bytes: &[u8], expected: CallError| {
        let mut stage = Stage::up();
        stage.call();
        stage.feed(bytes);
        assert_eq!(stage.notices(), [answered(3, Err(expected))]);
        // The link lives.
        stage.call();
        stage.feed(&answer(4, TermRef::Integer(1)));
        assert_eq!(stage.notices(), [answered(4, Ok(Term::Integer(1)))]);
    };
    let refused = CallError::NotSpawned(":system_limit".to_owned());
    check(&spawned(3, TermRef::atom("system_limit")), refused);
    let killed = CallError::Ended(Term::atom("killed"));
    check(&down(3, &TermRef::atom("killed")), killed);
    // A compressed term, which nobody agreed on.
    let mut compressed = down(3, &TermRef::List(vec![]));
    *compressed.last_mut().unwrap() = 80;
    let tag = erlterm::etf::DecodeError::Tag(80);
    check(&compressed, CallError::Unreadable(tag));
    // No payload at all.
    let mut bare = vec![
        TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
        pid(NODE, 100),
        pid(OURS, 1),
        reference(3),
    ];
    let truncated = erlterm::etf::DecodeError::Truncated;
    check(
        &message(bare.clone(), None),
        CallError::Unreadable(truncated),
    );
    // As nodes without payloads say it.
    bare[0] = TermRef::Integer(control::MONITOR_P_EXIT);
    bare.push(TermRef::atom("noconnection"));
    let ended = CallError::Ended(Term::atom("noconnection"));
    check(&message(bare, None), ended);
}

#[test]
fn an_answer_that_is_too_large_is_told_and_passed_over() {
    let mut stage = Stage::up_with(Limits {
        frame_bytes: 2000,
        ..Limits::default()
    });
    stage.call();
    let large = answer(3, TermRef::Binary(&[7; 3000]));
    let length = large.len() - 4;
    stage.feed(&large);
    let expected = answered(3, Err(CallError::TooLarge(length)));
    assert_eq!(stage.notices(), [expected]);
    assert_eq!(stage.connection.counts().oversized, 1);
    stage.call();
    stage.feed(&answer(4, TermRef::Integer(1)));
    assert_eq!(stage.notices(), [answered(4, Ok(Term::Integer(1)))]);
}

#[test]
fn a_call_is_given_up_in_time_and_its_process_ended() {
    let mut stage = Stage::up();
    stage.call();
    stage.feed(&spawned(3, pid(NODE, 100)));
    stage.sent();
    stage.wait(CALL_MAX - SECOND);
    assert_eq!(stage.notices(), []);
    stage.wait(SECOND);
    assert_eq!(stage.notices(), [answered(3, Err(CallError::Timeout))]);
    let us = "#Erlang<<gw@10.0.0.1.1.0>>";
    let kill = format!("{{26, {us}, #Erlang<<auth@127.0.0.1.100.0>>}}");
    assert_eq!(stage.sent(), [(kill.clone(), Some(":kill".to_owned()))]);
    // Whom to end may be told late.
    stage.call();
    stage.wait(CALL_MAX);
    assert_eq!(stage.notices(), [answered(4, Err(CallError::Timeout))]);
    stage.sent();
    stage.feed(&spawned(4, pid(NODE, 100)));
    assert_eq!(stage.sent(), [(kill, Some(":kill".to_owned()))]);
}

#[test]
fn calls_that_wait_are_bounded() {
    let mut stage = Stage::up();
    for _ in 0..PENDING_MAX {
        stage.call();
    }
    let busy = stage.connection.call(&Call::Nodes, stage.now);
    assert_eq!(busy, Err(CallError::Busy));
    stage.feed(&answer(3, TermRef::Integer(1)));
    stage.call();
    let name = "x".repeat(256);
    stage.feed(&answer(4, TermRef::Integer(1)));
    let error = stage.connection.call(&Call::Whereis { name }, stage.now);
    assert_eq!(error, Err(CallError::Name));
}

#[test]
fn a_lost_link_answers_all_that_wait() {
    let mut stage = Stage::up();
    stage.call();
    stage.call();
    stage.connection.monitor("x").unwrap();
    stage.connection.on_end(&LostReason::Closed);
    let lost = || Err(CallError::Lost(LostReason::Closed));
    let expected = [
        answered(3, lost()),
        answered(4, lost()),
        Notice::Lost(LostReason::Closed),
    ];
    assert_eq!(stage.notices(), expected);
    assert_eq!(stage.sent(), []);
    let error = stage.connection.call(&Call::Nodes, stage.now);
    assert!(matches!(error, Err(CallError::Lost(_))));
    assert!(stage.connection.monitor("x").is_err());
}

// Monitors.

#[test]
fn monitors_are_set_by_name_and_end_once() {
    let mut stage = Stage::up();
    let monitor = stage.connection.monitor("Elixir.AuthWeb.Endpoint").unwrap();
    assert_eq!(monitor, MonitorId(3));
    let made = format!("#Erlang<#Ref<{OURS}.3.0.0>>");
    let us = "#Erlang<<gw@10.0.0.1.1.0>>";
    let expected = format!("{{19, {us}, AuthWeb.Endpoint, {made}}}");
    assert_eq!(stage.sent(), [(expected, None)]);
    // A name stands where else a process does.
    let gone = message(
        vec![
            TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
            TermRef::atom("Elixir.AuthWeb.Endpoint"),
            pid(OURS, 1),
            reference(3),
        ],
        Some(&TermRef::atom("shutdown")),
    );
    stage.feed(&gone);
    let down = Notice::Down {
        monitor,
        name: "Elixir.AuthWeb.Endpoint".to_owned(),
        reason: Term::atom("shutdown"),
    };
    assert_eq!(stage.notices(), [down]);
    stage.feed(&gone);
    assert_eq!(stage.notices(), []);
    assert_eq!(stage.connection.counts().dropped, 1);
}

#[test]
fn monitors_are_bounded_and_their_end_counts_whatever_the_reason() {
    let mut stage = Stage::up_with(Limits {
        monitors: 1,
        ..Limits::default()
    });
    stage.connection.monitor("one").unwrap();
    assert_eq!(stage.connection.monitor("two"), Err(CallError::Busy));
    let error = stage.connection.monitor(&"x".repeat(256));
    assert_eq!(error, Err(CallError::Name));
    let mut unreadable = down(3, &TermRef::List(vec![]));
    *unreadable.last_mut().unwrap() = 80;
    stage.feed(&unreadable);
    let notices = stage.notices();
    assert!(
        matches!(notices.as_slice(), [Notice::Down { reason, .. }] if *reason == Term::atom("unreadable")),
        "{notices:?}"
    );
    stage.connection.monitor("two").unwrap();
}

// Time.

#[test]
fn ticks_go_every_quarter_and_answer_those_that_come() {
    let mut stage = Stage::up();
    stage.sent();
    let tick = [("tick".to_owned(), None)];
    for _ in 0..3 {
        let due = stage.connection.next_deadline().unwrap();
        assert_eq!(due - stage.now, 15 * SECOND);
        stage.wait(14 * SECOND);
        assert_eq!(stage.sent(), []);
        stage.wait(SECOND);
        assert_eq!(stage.sent(), tick);
    }
    stage.feed(&[0; 4]);
    assert_eq!(stage.sent(), tick);
    // Whatever is sent tells as much.
    stage.call();
    stage.wait(15 * SECOND);
    assert!(stage.sent().iter().all(|(it, _)| it != "tick"));
}

#[test]
fn one_whole_silence_is_the_end() {
    let mut stage = Stage::up();
    for _ in 0..3 {
        stage.wait(59 * SECOND);
        // Any byte will do: here the first of a frame.
        stage.feed(&[0]);
    }
    assert_eq!(stage.notices(), []);
    stage.wait(59 * SECOND);
    assert_eq!(stage.notices(), []);
    stage.wait(SECOND);
    let lost = LostReason::Silent(60 * SECOND);
    assert_eq!(stage.notices(), [Notice::Lost(lost)]);
    assert_eq!(stage.connection.next_deadline(), None);
    stage.wait(60 * SECOND);
    assert_eq!((stage.notices(), stage.sent()), (vec![], vec![]));
}

// Garbage.

#[test]
fn what_no_node_sends_ends_the_link() {
    for garbage in [
        &b"\x83"[..],
        // With a header of atoms, or a fragment: neither was agreed on.
        b"\x83D\x00",
        b"\x83E\x00\x00\x00\x00\x00\x00\x00\x01",
        b"p",
        b"p\x83",
        b"p\x83j",
        b"p\x83a\x01",
        b"p\x83h\xffa\x01",
        b"p\x83i\xff\xff\xff\xff",
    ] {
        let mut stage = Stage::up();
        stage.feed(&framed(Width::Four, garbage));
        let notices = stage.notices();
        assert!(
            matches!(notices.as_slice(), [Notice::Lost(LostReason::Protocol(_))]),
            "{garbage:?}: {notices:?}"
        );
    }
}
