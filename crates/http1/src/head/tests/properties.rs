//! The parser against a naive one that sees the whole head at once.

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::Name;

/// A request as the grammar of RFC 9112 has it, told as [`told_request`] does, or `None` if it is
/// not one. Limits are left out.
fn naive_request(bytes: &[u8]) -> Option<String> {
    // As Latin-1, so that a char is a byte.
    let text: String = bytes.iter().copied().map(char::from).collect();
    let text = text.strip_prefix("\r\n").unwrap_or(&text);
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let [method, target, version] =
        <[&str; 3]>::try_from(lines.next()?.split(' ').collect::<Vec<_>>()).ok()?;
    let is_target = |target: &str| {
        !target.is_empty() && target.chars().all(|c| c.is_ascii_graphic() && c != '#')
    };
    let version = match version {
        "HTTP/1.0" => "Http10",
        "HTTP/1.1" => "Http11",
        _ => return None,
    };
    if !is_naive_token(method) || method.len() > 32 || !is_target(target) {
        return None;
    }
    let mut told = format!("{} {} {version}", escaped(method), escaped(target));
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let is_value = value.chars().all(|c| c == '\t' || !(c.is_ascii_control()));
        if !is_naive_token(name) || !is_value {
            return None;
        }
        let (id, value) = (Name::of(name.as_bytes()), value.trim_matches([' ', '\t']));
        told += &format!(" | {id:?} {}={}", escaped(name), escaped(value));
    }
    if !rest.is_empty() {
        told += &format!(" + {} bytes", rest.chars().count());
    }
    Some(told)
}

fn escaped(latin_1: &str) -> String {
    let bytes: Vec<u8> = latin_1.chars().map(|c| u8::try_from(c).unwrap()).collect();
    bytes.escape_ascii().to_string()
}

fn is_naive_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// Pieces of heads, right and wrong.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(vec![
            &b"GET / HTTP/1.1\r\n"[..], b"POST /x?y HTTP/1.0\r\n", b"Host: a.test\r\n", b"X: \t y \r\n",
            b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n", b"X_Forwarded_For: 1\r\n",
        ]).prop_map(<[u8]>::to_vec),
        2 => prop::sample::select(vec![
            &b"GET "[..], b"/ ", b"HTTP/1.1", b"HTTP/1.2", b"\r", b"\n", b" ", b"\t", b":", b"\0", b"#", b"X", b"\xff",
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ]
}

/// A valid head with a few bytes changed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<Index>(),
        prop_oneof![
            prop::sample::select(b"\r\n \t:\0#aA/\x7f\x80".to_vec()),
            any::<u8>(),
        ],
        0..3u8,
    );
    (0..4usize, prop::collection::vec(change, 0..3)).prop_map(|(fields, changes)| {
        let lines =
            b"Host: a\r\nX: y z \r\nContent-Length: 5\r\n".split_inclusive(|byte| *byte == b'\n');
        let mut bytes = b"GET /a HTTP/1.1\r\n".to_vec();
        bytes.extend(lines.take(fields).flatten());
        bytes.extend(b"\r\n");
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

fn agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    let told = read(bytes, &LIMITS, told_request);
    match naive_request(bytes) {
        Some(naive) => prop_assert_eq!(told, naive),
        None => prop_assert!(told == "partial" || told.starts_with("error: "), "{told}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_naive_reader_agrees_on_pieces(pieces in prop::collection::vec(piece(), 0..7)) {
        agrees(&pieces.concat())?;
    }

    #[test]
    fn a_naive_reader_agrees_on_mutations(bytes in mutated()) {
        agrees(&bytes)?;
    }

    #[test]
    fn any_bytes_are_read_the_same_in_any_pieces(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        read(&bytes, &LIMITS, told_request);
        read(&bytes, &LIMITS, told_response);
        read(&[b"HTTP/1.1 200 OK\r\n", &bytes[..]].concat(), &LIMITS, told_response);
    }

    #[test]
    fn tight_limits_give_the_same_verdict_in_any_pieces(
        pieces in prop::collection::vec(piece(), 0..7),
        head in 0..80usize,
        headers in 0..4usize,
        uri in 0..6usize,
    ) {
        read(&pieces.concat(), &HeadLimits { head, headers, uri }, told_request);
    }
}
