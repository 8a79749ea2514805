//! Links over real sockets to peers that play a node, with a clock that the tests hold.

use std::{borrow::Cow, time::Duration};

use erlterm::{
    Term,
    etf::{Pid, Reference, TermRef, decode, decode_frame},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{AttachError, Event, Events, Link, Options, attach};
use crate::{
    call::{Call, CallError},
    connection::{LostReason, Step},
    cookie::Cookie,
    handshake::flag,
    message::{control, put},
    name::{OwnName, Target},
};

const NODE: &str = "auth@127.0.0.1";
const SECOND: Duration = Duration::from_secs(1);

/// A node that the test plays.
struct Played {
    stream: TcpStream,
    own: String,
    creation: u32,
}

/// Listens; returns how to attach to it.
async fn listening() -> (TcpListener, Target, Options) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target: Target = format!("{NODE}:{port}").parse().unwrap();
    let mut options = Options::new(&target, Cookie::new("SECRET").unwrap());
    options.own = OwnName::Static("gw@10.0.0.1".parse().unwrap());
    (listener, target, options)
}

impl Played {
    async fn message(stream: &mut TcpStream) -> Vec<u8> {
        let mut message = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut message).await.unwrap();
        message
    }

    /// Says what a node says, up to `steps` messages: status, challenge, acknowledgement.
    async fn shake(listener: &TcpListener, steps: usize, cookie: &str) -> Self {
        let (mut stream, _) = listener.accept().await.unwrap();
        let name = Self::message(&mut stream).await;
        let creation = u32::from_be_bytes(name[9..13].try_into().unwrap());
        let own = String::from_utf8(name[15..].to_vec()).unwrap();
        if steps > 0 {
            stream.write_all(b"\x00\x03sok").await.unwrap();
        }
        if steps > 1 {
            let mut challenge = vec![b'N'];
            challenge.extend(flag::NEEDED.to_be_bytes());
            challenge.extend([0, 0, 0, 7, 0, 0, 0, 0, 0, 14]);
            challenge.extend(NODE.as_bytes());
            stream.write_u16(33).await.unwrap();
            stream.write_all(&challenge).await.unwrap();
            let reply = Self::message(&mut stream).await;
            let challenge = u32::from_be_bytes(reply[1..5].try_into().unwrap());
            if steps > 2 {
                let digest = Cookie::new(cookie).unwrap().digest(challenge);
                stream.write_u16(17).await.unwrap();
                stream
                    .write_all(&[&b"a"[..], &digest].concat())
                    .await
                    .unwrap();
            }
        }
        Self {
            stream,
            own,
            creation,
        }
    }

    /// A link that is up, with this `net_ticktime`.
    async fn up(ticktime: i64) -> (Self, Link, Events) {
        let (listener, target, options) = listening().await;
        let play = async {
            let mut node = Self::shake(&listener, 3, "SECRET").await;
            let mut bytes = Vec::new();
            node.answer(1, TermRef::Integer(ticktime), &mut bytes);
            node.answer(2, TermRef::atom("undefined"), &mut bytes);
            node.stream.write_all(&bytes).await.unwrap();
            // The two questions.
            node.sent().await;
            node.sent().await;
            node
        };
        let (node, attached) = tokio::join!(play, attach(&target, &options));
        let (link, events) = attached.unwrap();
        (node, link, events)
    }

    fn answer(&self, number: u32, value: TermRef<'_>, out: &mut Vec<u8>) {
        let pid = |node, id| {
            TermRef::Pid(Pid {
                node,
                id,
                serial: 0,
                creation: 1,
            })
        };
        let own: Cow<'_, str> = Cow::Borrowed(&self.own);
        let made = Reference::new(own.clone(), self.creation, &[number, 0, 0]).unwrap();
        let made = TermRef::Reference(made);
        let message = TermRef::Tuple(vec![
            TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
            pid(Cow::Borrowed(NODE), 9),
            pid(own, 1),
            made.clone(),
        ]);
        let reply = TermRef::Tuple(vec![made, TermRef::atom("return"), value]);
        put(&message, Some(&reply), out);
    }

    /// The next frame that we sent: control message and payload.
    async fn sent(&mut self) -> (Term, Option<Term>) {
        loop {
            let mut frame = vec![0; self.stream.read_u32().await.unwrap() as usize];
            self.stream.read_exact(&mut frame).await.unwrap();
            if !frame.is_empty() {
                let (message, rest) = decode_frame(&frame[1..]).unwrap();
                return (message.to_term(), decode(rest).ok().map(|it| it.to_term()));
            }
        }
    }
}

#[tokio::test]
async fn a_link_tells_where_its_node_was_reached() {
    let (node, link, _events) = Played::up(60).await;
    assert_eq!(link.address(), node.stream.local_addr().unwrap().ip());
}

#[tokio::test]
async fn answers_find_those_who_asked() {
    let (mut node, link, _events) = Played::up(60).await;
    let ask = |name: &str| {
        let (link, name) = (link.clone(), name.to_owned());
        tokio::spawn(async move { link.call(Call::Whereis { name }).await })
    };
    let mut asked = Vec::new();
    let mut numbers = Vec::new();
    for name in ["a", "b", "c"] {
        asked.push(ask(name));
        let (message, payload) = node.sent().await;
        assert_eq!(message.as_tuple().unwrap()[0], Term::Integer(29));
        assert!(
            payload
                .unwrap()
                .to_string()
                .ends_with(&format!(":whereis, [:{name}]]"))
        );
        numbers.push(u32::try_from(numbers.len()).unwrap() + 3);
    }
    let mut bytes = Vec::new();
    // Nobody asked for the last.
    for number in [5, 3, 4, 77] {
        node.answer(number, TermRef::Integer(number.into()), &mut bytes);
    }
    node.stream.write_all(&bytes).await.unwrap();
    for (asked, number) in asked.into_iter().zip(numbers) {
        let answer = asked.await.unwrap();
        assert_eq!(answer, Ok(Term::Integer(number.into())));
    }
    assert_eq!(link.counts().dropped, 1);
}

#[tokio::test]
async fn a_dropped_call_harms_no_other() {
    let (mut node, link, _events) = Played::up(60).await;
    let dropped = tokio::spawn({
        let link = link.clone();
        async move { link.call(Call::Nodes).await }
    });
    node.sent().await;
    dropped.abort();
    let asked = tokio::spawn({
        let link = link.clone();
        async move { link.call(Call::Registered).await }
    });
    node.sent().await;
    let mut bytes = Vec::new();
    node.answer(3, TermRef::Integer(3), &mut bytes);
    node.answer(4, TermRef::Integer(4), &mut bytes);
    node.stream.write_all(&bytes).await.unwrap();
    assert_eq!(asked.await.unwrap(), Ok(Term::Integer(4)));
}

#[tokio::test]
async fn dropping_every_link_closes() {
    let (mut node, link, mut events) = Played::up(60).await;
    drop(link.clone());
    drop(link);
    assert_eq!(events.next().await, Some(Event::Lost(LostReason::Unused)));
    assert_eq!(events.next().await, None);
    let mut rest = Vec::new();
    node.stream.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn an_end_is_told_to_all() {
    let (node, link, mut events) = Played::up(60).await;
    let asked = tokio::spawn({
        let link = link.clone();
        async move { link.call(Call::Nodes).await }
    });
    tokio::task::yield_now().await;
    drop(node);
    let lost = events.next().await;
    assert!(
        matches!(
            lost,
            Some(Event::Lost(LostReason::Closed | LostReason::Broken(_)))
        ),
        "{lost:?}"
    );
    assert!(matches!(asked.await.unwrap(), Err(CallError::Lost(_))));
    assert!(matches!(
        link.call(Call::Nodes).await,
        Err(CallError::Lost(_))
    ));
    assert!(matches!(link.monitor("x").await, Err(CallError::Lost(_))));
}

#[tokio::test]
async fn a_silent_node_is_given_up_after_its_net_ticktime() {
    let (_node, link, mut events) = Played::up(8).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let lost = events.next().await;
    assert_eq!(lost, Some(Event::Lost(LostReason::Silent(8 * SECOND))));
    // The clock of the test goes only where somebody waits for it.
    assert_eq!(begun.elapsed().as_secs(), 8);
    drop(link);
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_in_time() {
    let (mut node, link, _events) = Played::up(60).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let ticking = tokio::spawn(async move {
        loop {
            node.stream.write_all(&[0; 4]).await.unwrap();
            tokio::time::sleep(SECOND).await;
        }
    });
    assert_eq!(link.call(Call::Nodes).await, Err(CallError::Timeout));
    assert_eq!(begun.elapsed().as_secs(), 5);
    ticking.abort();
}

#[tokio::test]
async fn a_peer_that_stalls_is_silent() {
    for (steps, step) in [(0, Step::Status), (1, Step::Challenge), (2, Step::Ack)] {
        let (listener, target, options) = listening().await;
        let play = async {
            let node = Played::shake(&listener, steps, "SECRET").await;
            tokio::time::pause();
            node
        };
        let (_node, attached) = tokio::join!(play, attach(&target, &options));
        tokio::time::resume();
        let error = attached.unwrap_err();
        assert!(
            matches!(error, AttachError::Silent(at) if at == step),
            "{steps}: {error}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_closes_is_explained() {
    for (steps, expected) in [
        (0, "the node speaks TLS, or no distribution at all"),
        (1, "the node closed the connection before its challenge"),
        (
            2,
            "the node refuses our cookie, or a newer link of our name took this one's place",
        ),
        (3, "the node closed the connection before its first answers"),
    ] {
        let (listener, target, options) = listening().await;
        let play = async { drop(Played::shake(&listener, steps, "SECRET").await) };
        let ((), attached) = tokio::join!(play, attach(&target, &options));
        let error = attached.unwrap_err();
        assert_eq!(error.to_string(), expected, "{steps}");
        assert!(!error.fix().is_empty());
    }
}

#[tokio::test]
async fn a_node_that_proves_nothing_is_refused() {
    let (listener, target, options) = listening().await;
    let (_node, attached) = tokio::join!(
        Played::shake(&listener, 3, "OTHER"),
        attach(&target, &options)
    );
    let error = attached.unwrap_err();
    assert!(matches!(error, AttachError::Protocol(_)), "{error}");
}

/// The monitors' ends wait for their reader, and no more of them can be set then.
#[tokio::test]
async fn unread_events_are_bounded() {
    let (mut node, link, mut events) = Played::up(60).await;
    let most = crate::connection::MONITORS_MAX;
    let mut set = 0_u32;
    let mut bytes = Vec::new();
    loop {
        match link.monitor("x").await {
            Ok(_) => set += 1,
            Err(error) => {
                assert_eq!(error, CallError::Busy);
                break;
            }
        }
        node.sent().await;
        bytes.clear();
        node.answer(set + 2, TermRef::atom("gone"), &mut bytes);
        node.stream.write_all(&bytes).await.unwrap();
    }
    assert!((most..=2 * most + 1).contains(&(set as usize)), "{set}");
    for _ in 0..set {
        assert!(matches!(events.next().await, Some(Event::Down { .. })));
    }
    assert!(link.monitor("x").await.is_ok());
}
