//! Links to real nodes, recorded: testdata/README.md says how. Replayed as they were, cut anywhere, and
//! damaged.

use super::{
    Call, CallError, Connection, Cookie, Duration, Instant, Limits, LostReason, Notice, OwnName,
    SendName, Settings, Term, Width, any, prop, prop_assert, prop_assert_eq, proptest,
};
use crate::call::{Class, Key};

const LINKS: [(&[u8], &[u8]); 2] = [
    (
        include_bytes!("../../../testdata/otp25.node"),
        include_bytes!("../../../testdata/otp25.ours"),
    ),
    (
        include_bytes!("../../../testdata/otp27.node"),
        include_bytes!("../../../testdata/otp27.ours"),
    ),
];

/// What was asked once the link was up; e2e's `record_links` asks the same.
fn asked() -> [Call; 6] {
    let module = || "Elixir.Fixture".to_owned();
    [
        Call::Nodes,
        Call::Registered,
        Call::LoadedApplications,
        Call::EndpointConfig {
            module: module(),
            key: Key::Url,
        },
        Call::ServerInfo { module: module() },
        Call::Release,
    ]
}

/// Our challenge: behind the first message and the second one's length and tag.
fn challenge(ours: &[u8]) -> u32 {
    let length = usize::from(u16::from_be_bytes([ours[0], ours[1]]));
    let reply = &ours[2 + length..];
    assert_eq!(reply[2], b'r');
    u32::from_be_bytes(reply[3..7].try_into().unwrap())
}

fn origin() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "an origin for the tests' times")]
    Instant::now()
}

fn begun(ours: &[u8], now: Instant) -> Connection {
    let handshake = SendName {
        peer: "fixture@127.0.0.1".parse().unwrap(),
        own: OwnName::Dynamic {
            host: "mesh-router.invalid".to_owned(),
        },
        cookie: Cookie::new("fixture").unwrap(),
        challenge: challenge(ours),
    };
    let settings = Settings {
        handshake,
        width: Width::Two,
        limits: Limits::default(),
    };
    Connection::new(settings, now)
}

/// Replays a link in pieces that end at `cuts`; returns the notices and what we sent.
fn replay(node: &[u8], ours: &[u8], cuts: &[usize]) -> (Vec<Notice>, Vec<u8>) {
    let now = origin();
    let mut connection = begun(ours, now);
    let (mut notices, mut sent) = (Vec::new(), Vec::new());
    let mut fed = 0;
    for cut in cuts.iter().copied().chain([node.len()]) {
        connection.feed(&node[fed..cut], now);
        fed = cut;
        while let Some(notice) = connection.poll_notice() {
            if matches!(notice, Notice::Up(_)) {
                // A damaged link may be lost by now; what is sent tells.
                for call in asked() {
                    let _ = connection.call(&call, now);
                }
                for name in ["nobody", "fixture_watched"] {
                    let _ = connection.monitor(name);
                }
            }
            notices.push(notice);
        }
        sent.extend(connection.poll_output().unwrap_or_default());
    }
    (notices, sent)
}

/// Where the piece ends with which the link is up: what comes behind answers calls that are made then.
fn up_at(node: &[u8], ours: &[u8]) -> usize {
    let now = origin();
    let mut connection = begun(ours, now);
    let is_up = |byte: &u8| {
        connection.feed(&[*byte], now);
        connection.poll_notice().is_some()
    };
    node.iter().position(is_up).unwrap() + 1
}

#[test]
fn recorded_links_replay() {
    for (node, ours) in LINKS {
        let (notices, sent) = replay(node, ours, &[up_at(node, ours)]);
        assert_eq!(sent, ours, "byte by byte what we sent then");
        let up = &notices[0];
        let Notice::Up(peer) = up else {
            panic!("{up:?}");
        };
        assert_eq!(peer.ticktime, Duration::from_secs(60));
        assert_eq!(peer.own.host(), "mesh-router.invalid");
        let answers: Vec<&Result<Term, CallError>> = notices
            .iter()
            .filter_map(|notice| match notice {
                Notice::Answer { answer, .. } => Some(answer),
                _ => None,
            })
            .collect();
        assert_eq!(answers.len(), asked().len());
        let url = Term::List(vec![Term::Tuple(vec![
            Term::atom("host"),
            Term::text("größe.local"),
        ])]);
        assert!(answers.contains(&&Ok(url)));
        let raised = answers.iter().find_map(|answer| match answer {
            Err(CallError::Raised { class, reason }) => Some((*class, reason.to_string())),
            _ => None,
        });
        let (class, reason) = raised.unwrap();
        assert_eq!(class, Class::Error);
        assert!(reason.contains("RuntimeError"), "{reason}");
        let downs: Vec<(&str, String)> = notices
            .iter()
            .filter_map(|notice| match notice {
                Notice::Down { name, reason, .. } => Some((&**name, reason.to_string())),
                _ => None,
            })
            .collect();
        let expected = [
            ("nobody", ":noproc".to_owned()),
            ("fixture_watched", ":shutdown".to_owned()),
        ];
        assert_eq!(downs, expected);
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn cuts_make_no_difference(
        which in 0_usize..2,
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (node, ours) = LINKS[which];
        let up = up_at(node, ours);
        let expected = replay(node, ours, &[up]);
        let mut cuts: Vec<usize> = at.iter().map(|it| it.index(node.len())).collect();
        cuts.push(up);
        cuts.sort_unstable();
        prop_assert_eq!(replay(node, ours, &cuts), expected);
    }

    #[test]
    fn damage_does_no_harm(
        which in 0_usize..2,
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in any::<prop::sample::Index>(),
    ) {
        let (node, ours) = LINKS[which];
        let mut node = node.to_vec();
        for (at, byte) in at {
            let at = at.index(node.len());
            node[at] = byte;
        }
        node.truncate(end.index(node.len()) + 1);
        let whole = replay(&node, ours, &[]);
        // At most one end, and nothing behind it.
        let is_end = |notice: &Notice| matches!(notice, Notice::Failed(_) | Notice::Lost(_));
        let ends = whole.0.iter().filter(|it| is_end(it)).count();
        prop_assert!(ends == 0 || ends == 1 && whole.0.last().is_some_and(is_end));
        // A link that is up, or that never was.
        prop_assert!(!matches!(whole.0.first(), Some(Notice::Lost(LostReason::Unused))));
    }

    #[test]
    fn no_bytes_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (node, ours) = LINKS[0];
        let up = up_at(node, ours);
        replay(&bytes, ours, &[]);
        replay(&[&node[..up], &bytes].concat(), ours, &[up]);
    }
}
