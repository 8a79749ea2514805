//! The handshake's messages, byte by byte.

use super::{AwaitAck, AwaitChallenge, AwaitStatus, HandshakeError, Named, SendName, flag};
use crate::{cookie::Cookie, name::OwnName};

const CHALLENGE: u32 = 0x0102_0304;

fn begun(own: OwnName) -> SendName {
    SendName {
        peer: "auth@127.0.0.1".parse().unwrap(),
        own,
        cookie: Cookie::new("SECRET").unwrap(),
        challenge: CHALLENGE,
    }
}

fn fixed() -> OwnName {
    OwnName::Static("gw@10.0.0.1".parse().unwrap())
}

fn dynamic() -> OwnName {
    let host = "10.0.0.1".to_owned();
    OwnName::Dynamic { host }
}

fn after_name(own: OwnName) -> AwaitStatus {
    begun(own).start().unwrap().1
}

fn after_status() -> AwaitChallenge {
    after_name(fixed()).on_message(b"sok").unwrap().1
}

/// The node's challenge, with its flags and name.
fn challenge(flags: u64, name: &str) -> Vec<u8> {
    let mut message = vec![b'N'];
    message.extend(flags.to_be_bytes());
    message.extend(77_u32.to_be_bytes());
    message.extend(1234_u32.to_be_bytes());
    message.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
    message.extend(name.as_bytes());
    message
}

fn after_challenge() -> (Vec<u8>, AwaitAck) {
    let message = challenge(flag::NEEDED, "auth@127.0.0.1");
    after_status().on_message(&message).unwrap()
}

#[test]
fn the_name_is_sent_first() {
    // "Distribution Flags", bit by bit.
    let bits: Vec<u32> = (0..64).filter(|bit| flag::OURS >> bit & 1 == 1).collect();
    let expected = [
        2, 3, 4, 5, 7, 8, 9, 10, 11, 14, 16, 17, 18, 22, 24, 25, 26, 34,
    ];
    assert_eq!(bits, expected);

    let (message, _) = begun(fixed()).start().unwrap();
    let expected = [
        b"N".as_slice(),
        &flag::OURS.to_be_bytes(),
        &(CHALLENGE | 4).to_be_bytes(),
        b"\x00\x0bgw@10.0.0.1",
    ];
    assert_eq!(message, expected.concat());

    let (message, _) = begun(dynamic()).start().unwrap();
    let expected = [
        b"N".as_slice(),
        &(flag::OURS | 1 << 33).to_be_bytes(),
        &[0; 4],
        b"\x00\x0810.0.0.1",
    ];
    assert_eq!(message, expected.concat());
}

#[test]
fn long_and_short_names_are_told_apart_before_anything_is_sent() {
    for own in [
        OwnName::Static("gw@host".parse().unwrap()),
        OwnName::Dynamic {
            host: "host".to_owned(),
        },
    ] {
        let error = begun(own).start().unwrap_err();
        assert!(
            matches!(error, HandshakeError::LongAndShort { .. }),
            "{error}"
        );
    }
}

#[test]
fn every_status_has_its_meaning() {
    let check = |status: &[u8], expected: Result<Option<&[u8]>, HandshakeError>| {
        let (answer, next) = match after_name(fixed()).on_message(status) {
            Ok(next) => next,
            Err(error) => return assert_eq!(Err(error), expected, "{status:?}"),
        };
        assert_eq!(Ok(answer.as_deref()), expected, "{status:?}");
        assert_eq!(next.own.name.as_str(), "gw@10.0.0.1");
    };
    check(b"sok", Ok(None));
    check(b"sok_simultaneous", Ok(None));
    check(b"salive", Ok(Some(b"strue")));
    check(b"snok", Err(HandshakeError::Dialling));
    check(b"snot_allowed", Err(HandshakeError::NotAllowed));
    for malformed in [
        &b""[..],
        b"s",
        b"sOK",
        b"ok",
        b"sok ",
        // A name that nobody asked for.
        b"snamed:\x00\x0aX@10.0.0.1\x00\x00\x00\x07",
    ] {
        check(malformed, Err(HandshakeError::Malformed("status")));
    }
}

#[test]
fn a_name_is_given() {
    let given = |status: &[u8]| {
        let (answer, next) = after_name(dynamic()).on_message(status)?;
        assert_eq!(answer, None);
        Ok(next.own)
    };
    let own = given(b"snamed:\x00\x0aX@10.0.0.1\x00\x00\x01\x07").unwrap();
    assert_eq!((own.name.as_str(), own.creation), ("X@10.0.0.1", 263));
    for malformed in [
        &b"snamed:"[..],
        b"snamed:\x00",
        b"snamed:\x00\x0aX@10.0.0.1",
        b"snamed:\x00\x0aX@10.0.0.1\x00\x00\x01",
        b"snamed:\x00\x0aX@10.0.0.1\x00\x00\x01\x07\x00",
        b"snamed:\xff\xffX@10.0.0.1\x00\x00\x01\x07",
        b"snamed:\x00\x02no\x00\x00\x01\x07",
        b"snamed:\x00\x0a\xff@10.0.0.1\x00\x00\x01\x07",
    ] {
        assert_eq!(
            given(malformed),
            Err(HandshakeError::Malformed("name")),
            "{malformed:?}"
        );
    }
    // Nodes before OTP 23 know no such wish.
    assert_eq!(given(b"sok"), Err(HandshakeError::Version));
}

#[test]
fn the_challenge_is_answered_with_a_proof() {
    let (reply, _) = after_challenge();
    let digest = Cookie::new("SECRET").unwrap().digest(77);
    let expected = [&b"r"[..], &CHALLENGE.to_be_bytes(), &digest].concat();
    assert_eq!(reply, expected);

    let error = |message: &[u8]| after_status().on_message(message).unwrap_err();
    let other = error(&challenge(flag::NEEDED, "other@127.0.0.1"));
    let found = "other@127.0.0.1".to_owned();
    assert_eq!(other, HandshakeError::WrongName { found });
    let poor = error(&challenge(flag::NEEDED & !flag::SPAWN, "auth@127.0.0.1"));
    assert_eq!(poor, HandshakeError::Version);
    let old = b"n\x00\x05\x00\x07\x7f\xfd\x01\x02\x03\x04auth@127.0.0.1";
    assert_eq!(error(old), HandshakeError::Version);

    let good = challenge(flag::NEEDED, "auth@127.0.0.1");
    for length in 0..good.len() {
        let truncated = good.get(..length).unwrap();
        assert_eq!(error(truncated), HandshakeError::Malformed("challenge"));
    }
    // Later versions may say more.
    assert!(
        after_status()
            .on_message(&[&good[..], b"more"].concat())
            .is_ok()
    );
}

#[test]
fn the_node_proves_that_it_knows_the_cookie() {
    let acknowledged = |message: &[u8]| after_challenge().1.on_message(message);
    let digest = Cookie::new("SECRET").unwrap().digest(CHALLENGE);
    let expected = Named {
        name: "gw@10.0.0.1".parse().unwrap(),
        creation: CHALLENGE | 4,
    };
    assert_eq!(acknowledged(&[&b"a"[..], &digest].concat()), Ok(expected));
    let wrong = Cookie::new("WRONG").unwrap().digest(CHALLENGE);
    let error = acknowledged(&[&b"a"[..], &wrong].concat());
    assert_eq!(error, Err(HandshakeError::Digest));
    for malformed in [
        &b""[..],
        b"a",
        &[&b"a"[..], &digest[1..]].concat(),
        &[&b"a"[..], &digest, b"x"].concat(),
        &[&b"r"[..], &digest].concat(),
    ] {
        let error = acknowledged(malformed);
        assert_eq!(error, Err(HandshakeError::Malformed("acknowledgement")));
    }
}
