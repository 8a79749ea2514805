use super::*;

fn v4(last: u8, port: u16, tls: bool) -> Preface {
    Preface::Client {
        ip: [192, 0, 2, last].into(),
        port,
        tls,
    }
}

/// Every beginning of a header asks for more, the whole one is read to its end, and no byte of what
/// follows counts.
#[track_caller]
fn check(header: &[u8], expected: Preface) {
    for cut in 0..header.len() {
        assert_eq!(read(&header[..cut]), Ok(None), "after {cut} bytes");
    }
    for rest in [&b""[..], b"GET / HTTP/1.1\r\n", b"\r\n", b"PROXY "] {
        let all = [header, rest].concat();
        assert_eq!(read(&all), Ok(Some((expected, header.len()))));
    }
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, body].concat()
}

const IPV4: &[u8] = &[192, 0, 2, 9, 198, 51, 100, 1, 0x9c, 0x40, 0x01, 0xbb];

#[test]
fn lines_of_version_1() {
    check(
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n",
        v4(7, 40000, false),
    );
    check(
        b"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n",
        Preface::Client {
            ip: "2001:db8::1".parse().unwrap(),
            port: 1,
            tls: false,
        },
    );
    check(b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", v4(7, 1, false));
    check(b"PROXY UNKNOWN\r\n", Preface::Own);
    check(
        b"PROXY UNKNOWN ffff:f...f:ffff whatever 65535 65535\r\n",
        Preface::Own,
    );
}

#[test]
fn frames_of_version_2() {
    check(&v2(0x21, 0x11, IPV4), v4(9, 40000, false));
    let mut ipv6 = [0; 36];
    ipv6[..2].copy_from_slice(&[0x20, 0x01]);
    ipv6[15] = 5;
    ipv6[33] = 80;
    let ip = "2001::5".parse().unwrap();
    check(
        &v2(0x21, 0x21, &ipv6),
        Preface::Client {
            ip,
            port: 80,
            tls: false,
        },
    );
    // A balancer's own check, whatever else it says.
    check(&v2(0x20, 0x00, b""), Preface::Own);
    check(&v2(0x20, 0x11, IPV4), Preface::Own);
    check(&v2(0x21, 0x00, b"anything"), Preface::Own);
    check(&v2(0x21, 0x31, &[0; 216]), Preface::Own);
}

#[test]
fn tls_is_told_by_a_field_of_its_own() {
    // An ALPN, then TLS with its version; the client's verification is nobody's business here.
    let with = |flags: u8| [IPV4, &[1, 0, 2, b'h', b'2', 0x20, 0, 5, flags, 0, 0, 0, 0]].concat();
    check(&v2(0x21, 0x11, &with(1)), v4(9, 40000, true));
    check(&v2(0x21, 0x11, &with(7)), v4(9, 40000, true));
    check(&v2(0x21, 0x11, &with(0)), v4(9, 40000, false));
    check(&v2(0x21, 0x11, &with(2)), v4(9, 40000, false));
}

#[test]
fn what_can_t_become_a_header_is_refused_at_once() {
    let long = format!("PROXY UNKNOWN {}", "x".repeat(TEXT_BYTES_MAX));
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"P\r",
        b"PROXYTCP4",
        b"proxy TCP4 ",
        b"PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n",
        b"PROXY TCP4 192.0.2.7 ::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 +1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\nGET /\r\n",
        b"PROXY \xff\r\n",
        b"PROXY \r\n",
        long.as_bytes(),
        b"\r\n\r\nGET",
        &v2(0x11, 0x11, IPV4),
        &v2(0x22, 0x11, IPV4),
        &v2(0x21, 0x13, IPV4),
        &v2(0x21, 0x11, &IPV4[1..]),
        &v2(0x21, 0x21, IPV4),
        &v2(0x21, 0x11, &[IPV4, &[4]].concat()),
        &v2(0x21, 0x11, &[IPV4, &[4, 0, 1]].concat()),
        &v2(0x21, 0x11, &[IPV4, &[0x20, 0, 0]].concat()),
        &v2(0x20, 0x00, &[0; BINARY_BYTES_MAX]),
    ] {
        assert_eq!(read(bytes), Err(NoPreface), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_length_beyond_the_bound_is_refused_before_it_is_waited_for() {
    let mut header = v2(0x21, 0x11, IPV4);
    header[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
    assert_eq!(read(&header[..FIXED_BYTES]), Err(NoPreface));
}
