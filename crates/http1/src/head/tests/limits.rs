//! Limits hold for whole and unfinished heads alike, and looking at one is linear.

use super::*;

fn check_limits(bytes: &[u8], limits: HeadLimits, expected: &str) {
    assert_eq!(
        read(bytes, &limits, told_request),
        expected,
        "{}",
        bytes.escape_ascii()
    );
}

#[test]
fn target() {
    let limits = HeadLimits { uri: 4, ..LIMITS };
    check_limits(b"GET /abc HTTP/1.1\r\n\r\n", limits, "GET /abc Http11");
    check_limits(
        b"GET /abcd HTTP/1.1\r\n\r\n",
        limits,
        "error: target too long",
    );
    check_limits(b"GET /abcd", limits, "error: target too long");
    check_limits(b"GET /abc", limits, "partial");
    // The first fault counts.
    check_limits(
        b"GET /a#cd HTTP/1.1\r\n\r\n",
        limits,
        "error: malformed start line",
    );
    check_limits(
        b"GET / HTTP/1.1\r\n\r\n",
        HeadLimits { uri: 0, ..LIMITS },
        "error: target too long",
    );
}

#[test]
fn number_of_fields() {
    let limits = HeadLimits {
        headers: 2,
        ..LIMITS
    };
    check_limits(
        b"GET / HTTP/1.1\r\nA:\r\nB:\r\n\r\n",
        limits,
        "GET / Http11 | Other A= | Other B=",
    );
    check_limits(
        b"GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\n\r\n",
        limits,
        "error: too many header lines",
    );
    check_limits(
        b"GET / HTTP/1.1\r\n\r\n",
        HeadLimits {
            headers: 0,
            ..LIMITS
        },
        "GET / Http11",
    );
}

#[test]
fn whole_head() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let exact = HeadLimits {
        head: bytes.len(),
        ..LIMITS
    };
    check_limits(bytes, exact, "GET / Http11 | Host Host=a");
    check_limits(
        &[&bytes[..], b"body"].concat(),
        exact,
        "GET / Http11 | Host Host=a + 4 bytes",
    );
    let less = HeadLimits {
        head: bytes.len() - 1,
        ..LIMITS
    };
    check_limits(bytes, less, "error: head too large");
    check_limits(&bytes[..bytes.len() - 1], less, "error: head too large");
    check_limits(&bytes[..bytes.len() - 2], less, "partial");
    // A fault within the limit comes first, one beyond it doesn't count.
    check_limits(
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        less,
        "error: malformed header line",
    );
    check_limits(
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        HeadLimits { head: 20, ..LIMITS },
        "error: head too large",
    );
    check_limits(
        b"",
        HeadLimits { head: 0, ..LIMITS },
        "error: head too large",
    );
}

#[test]
fn faults_of_an_unfinished_head_are_told_as_it_doubles() {
    let start = b"GET / HTTP/1.1\r\nHost : a\r\n";
    let mut bytes = start[..start.len() - 10].to_vec();
    let mut scanned = 0;
    let mut head = RequestHead::default();
    assert_eq!(
        parse_request(&bytes, &mut scanned, &LIMITS, &mut head),
        Ok(Parsed::Partial)
    );
    bytes = start.to_vec();
    while parse_request(&bytes, &mut scanned, &LIMITS, &mut head) == Ok(Parsed::Partial) {
        bytes.extend(b"X: y\r\n");
    }
    assert!(bytes.len() <= 2 * start.len(), "told at {}", bytes.len());
}

#[test]
fn a_line_end_that_is_none_is_told_at_once() {
    let start = b"GET / HTTP/1.1\r\nHost: a";
    let mut head = RequestHead::default();
    let mut scanned = 0;
    assert_eq!(
        parse_request(start, &mut scanned, &LIMITS, &mut head),
        Ok(Parsed::Partial)
    );
    let bytes = [&start[..], b"\n"].concat();
    let told = parse_request(&bytes, &mut scanned, &LIMITS, &mut head);
    assert_eq!(told, Err(HeadError::Field));
}

#[test]
fn a_target_over_its_limit_is_told_as_it_drips() {
    let limits = HeadLimits {
        head: 1 << 16,
        headers: 8,
        uri: 300,
    };
    let mut bytes = b"GET /".to_vec();
    let mut head = RequestHead::default();
    let mut scanned = 0;
    while parse_request(&bytes, &mut scanned, &limits, &mut head) == Ok(Parsed::Partial) {
        bytes.push(b'a');
    }
    assert!(bytes.len() < 340, "told at {}", bytes.len());
}

#[test]
fn a_dripping_head_is_read_a_few_times_only() {
    let limits = HeadLimits {
        head: 1 << 16,
        headers: 20_000,
        uri: 1 << 14,
    };
    for line in [&b"X: y\r\n"[..], b"a"] {
        let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
        while bytes.len() < 60_000 {
            bytes.extend(line);
        }
        let reads = (1..bytes.len())
            .filter(|len| is_worth_reading(&bytes[..*len], len - 1, &limits))
            .count();
        // Sixteen doublings, and the target's limit.
        assert!(reads <= 17, "{reads}");
    }
}

#[test]
fn no_offset_overflows() {
    let limits = HeadLimits {
        head: usize::MAX,
        headers: usize::MAX,
        uri: usize::MAX,
    };
    check_limits(b"GET / HTTP/1.1\r\n\r\n", limits, "GET / Http11");
}

#[test]
fn the_next_head_is_read_from_its_start() {
    let mut head = RequestHead::default();
    let mut scanned = 0;
    for bytes in [
        &b"GET /a-long-one HTTP/1.1\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let part = &bytes[..bytes.len() - 1];
        assert_eq!(
            parse_request(part, &mut scanned, &LIMITS, &mut head),
            Ok(Parsed::Partial)
        );
        assert_eq!(scanned, part.len());
        assert_eq!(
            parse_request(bytes, &mut scanned, &LIMITS, &mut head),
            Ok(Parsed::Complete)
        );
        assert_eq!((scanned, head.len), (0, bytes.len()));
    }
}

#[test]
fn a_head_is_reused_without_allocating() {
    let mut head = RequestHead::default();
    let bytes = b"GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
    assert_eq!(
        parse_request(bytes, &mut 0, &LIMITS, &mut head),
        Ok(Parsed::Complete)
    );
    let (len, capacity) = (head.fields.len(), head.fields.capacity());
    assert_eq!(
        parse_request(bytes, &mut 0, &LIMITS, &mut head),
        Ok(Parsed::Complete)
    );
    assert_eq!((head.fields.len(), head.fields.capacity()), (len, capacity));
}
