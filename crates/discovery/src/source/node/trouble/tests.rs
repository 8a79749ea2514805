//! Each way not to be attached, in words.

use std::{io, time::Duration};

use erldist::{AttachError, EpmdError, LostReason, connection::Step, handshake::HandshakeError};

use super::{Trouble, Verdict, is_silence};

/// Checks code, verdict and reason; there is always a way to mend it.
#[track_caller]
fn check(error: &AttachError, expected: (&str, Verdict, &str)) {
    let node = "auth@web1".parse().unwrap();
    let trouble = Trouble::of(&node, error);
    let (code, verdict, reason) = expected;
    assert_eq!(
        (trouble.code, trouble.verdict, &*trouble.reason),
        (code, verdict, reason)
    );
    assert!(!trouble.fix.is_empty());
    assert!(
        trouble
            .finding(&node)
            .message
            .starts_with("auth@web1 is not attached: ")
    );
}

#[test]
fn each_way_not_to_be_attached_has_its_words() {
    use Verdict::{Absent, Alive, Unknown};
    let names = |names: &str| AttachError::NotInEpmd {
        names: names.split_whitespace().map(str::to_owned).collect(),
    };
    let none = "EPMD on web1 knows no node at all: auth is not running, or was started without --sname or --name";
    check(&names(""), ("node-absent", Absent, none));
    let some = "EPMD on web1 does not know auth, only billing, shop";
    check(&names("billing shop"), ("node-absent", Absent, some));
    let many = "EPMD on web1 does not know auth, only a, b, c, d, e, …";
    check(&names("a b c d e f g"), ("node-absent", Absent, many));

    let refused = AttachError::EpmdUnreachable(EpmdError::Unreachable {
        host: "web1".to_owned(),
        port: 4369,
        source: io::Error::other("Connection refused"),
    });
    let why = "finding the node's port: asking EPMD at web1:4369: Connection refused";
    check(&refused, ("node-epmd", Unknown, why));
    let cookie = "the node refuses our cookie, or a newer link of our name took this one's place";
    check(
        &AttachError::WrongCookieOrSuperseded,
        ("node-cookie", Alive, cookie),
    );
    let port = AttachError::Refused { port: 9100 };
    check(
        &port,
        (
            "node-unreachable",
            Unknown,
            "connecting to port 9100: refused",
        ),
    );
    let closed = AttachError::Closed(Step::Challenge);
    let why = "the node closed the connection before its challenge";
    check(&closed, ("node-closed", Unknown, why));
    let version = AttachError::Version;
    check(
        &version,
        ("node-version", Alive, "the node is older than OTP 25"),
    );
    let tls = "the node speaks TLS, or no distribution at all";
    check(&AttachError::TlsRequired, ("node-tls", Alive, tls));
}

#[test]
fn another_name_is_told() {
    let found = "auth@web1.example.org".to_owned();
    let error = AttachError::WrongName(HandshakeError::WrongName { found });
    let trouble = Trouble::of(&"auth@web1".parse().unwrap(), &error);
    assert_eq!(trouble.code, "node-name");
    assert_eq!(
        trouble.reason,
        "the names don't fit: the node says its name is auth@web1.example.org"
    );
    assert_eq!(
        trouble.real_name,
        Some("auth@web1.example.org".parse().unwrap())
    );
}

#[test]
fn only_a_link_that_the_other_end_closed_says_something_of_the_node() {
    assert!(is_silence(&LostReason::Silent(Duration::from_secs(60))));
    assert!(is_silence(&LostReason::Broken(io::ErrorKind::TimedOut)));
    assert!(is_silence(&LostReason::Broken(
        io::ErrorKind::HostUnreachable
    )));
    assert!(!is_silence(&LostReason::Broken(
        io::ErrorKind::ConnectionReset
    )));
    assert!(!is_silence(&LostReason::Closed));
}
