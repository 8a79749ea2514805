use std::net::IpAddr;

use super::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = b"> ".to_vec();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_are_written_as_display_does() {
    for number in [0, 1, 9, 10, 99, 100, 101, 65_535, u64::MAX - 1, u64::MAX] {
        assert_eq!(
            written(|out| push_decimal(out, number)),
            format!("> {number}")
        );
    }
}

#[test]
fn addresses_are_written_as_display_does() {
    for text in [
        "0.0.0.0",
        "127.0.0.1",
        "10.200.30.4",
        "255.255.255.255",
        "::",
        "::1",
        "2001:db8::a:0:0:1",
        "::ffff:10.0.0.1",
    ] {
        let ip: IpAddr = text.parse().unwrap();
        assert_eq!(written(|out| push_ip(out, ip)), format!("> {text}"));
    }
}
