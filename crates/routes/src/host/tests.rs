use std::{collections::HashMap, net::Ipv6Addr};

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// One line a value: what it is read as, or why it is refused.
fn check(values: &[&str], expect: &Expect) {
    let mut table = String::new();
    for value in values {
        let read = match Authority::parse(value.as_bytes()) {
            Ok(Authority { host, port }) => {
                let ip = if host.is_ip() { " (ip)" } else { "" };
                match port {
                    Some(port) => format!("{host}{ip} port {port}"),
                    None => format!("{host}{ip}"),
                }
            }
            Err(error) => format!("! {error}"),
        };
        let value = value.escape_debug().to_string();
        table.push_str(&format!("{value:<24} {read}\n"));
    }
    expect.assert_eq(&table);
}

#[test]
fn names_are_lower_cased_and_lose_port_and_one_trailing_dot() {
    check(
        &[
            "auth.local",
            "AUTH.Local",
            "auth.local:80",
            "auth.local:",
            "auth.local.",
            "auth.local.:80",
            "localhost",
            "t-42.auth.local",
            "my_tenant.auth.local",
            "xn--bcher-kva.local",
            "-a-.local",
            "a:65535",
            "a:00080",
        ],
        &expect![[r#"
            auth.local               auth.local
            AUTH.Local               auth.local
            auth.local:80            auth.local port 80
            auth.local:              auth.local
            auth.local.              auth.local
            auth.local.:80           auth.local port 80
            localhost                localhost
            t-42.auth.local          t-42.auth.local
            my_tenant.auth.local     my_tenant.auth.local
            xn--bcher-kva.local      xn--bcher-kva.local
            -a-.local                -a-.local
            a:65535                  a port 65535
            a:00080                  a port 80
        "#]],
    );
}

#[test]
fn ip_literals_are_recognised_and_normalised() {
    check(
        &[
            "127.0.0.1",
            "127.0.0.1.:4000",
            "[::1]",
            "[::1]:4000",
            "[0:0:0::0001]",
            "[2001:DB8::A]",
            "[::ffff:10.0.0.1]",
            // Names, if odd ones: no part of these is read as an address.
            "127.0.0.01",
            "127.0.0.1.local",
            "1.2.3",
            "0x7f.1",
        ],
        &expect![[r#"
            127.0.0.1                127.0.0.1 (ip)
            127.0.0.1.:4000          127.0.0.1 (ip) port 4000
            [::1]                    [::1] (ip)
            [::1]:4000               [::1] (ip) port 4000
            [0:0:0::0001]            [::1] (ip)
            [2001:DB8::A]            [2001:db8::a] (ip)
            [::ffff:10.0.0.1]        [::ffff:10.0.0.1] (ip)
            127.0.0.01               127.0.0.01
            127.0.0.1.local          127.0.0.1.local
            1.2.3                    1.2.3
            0x7f.1                   0x7f.1
        "#]],
    );
}

#[test]
fn ports_are_digits_from_1_to_65535() {
    check(
        &[
            "a:0",
            "a:65536",
            "a:99999999999999999999",
            "a:abc",
            "a:-1",
            "a:+1",
            "a:0x50",
            "a: 80",
            "a:80 ",
            "a:80:80",
            "[::1]:0",
            "[::1]:x",
        ],
        &expect![[r#"
            a:0                      ! the port is not between 1 and 65535
            a:65536                  ! the port is not between 1 and 65535
            a:99999999999999999999   ! the port is not between 1 and 65535
            a:abc                    ! the port is not a number
            a:-1                     ! the port is not a number
            a:+1                     ! the port is not a number
            a:0x50                   ! the port is not a number
            a: 80                    ! the port is not a number
            a:80                     ! the port is not a number
            a:80:80                  ! more than one ':', write an IPv6 address in brackets
            [::1]:0                  ! the port is not between 1 and 65535
            [::1]:x                  ! the port is not a number
        "#]],
    );
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    check(
        &[
            "",
            ".",
            "..",
            ":80",
            ".auth.local",
            "auth..local",
            "auth.local..",
            "user@auth.local",
            "a:80@auth.local",
            "auth.local/evil",
            "auth.local?x",
            "auth.local#x",
            "auth.local\\evil",
            "a b",
            "a\tb",
            "a\0",
            "a\u{7f}",
            "a,b",
            "a;b",
            "<a>",
            "\"a\"",
            "*",
            "*.auth.local",
            "http://auth.local",
            "%61uth.local",
            "bücher.local",
            "auth\u{ff0e}local",
        ],
        &expect![[r#"
                                     ! the host is empty
            .                        ! the host is empty
            ..                       ! the host has an empty label
            :80                      ! the host is empty
            .auth.local              ! the host has an empty label
            auth..local              ! the host has an empty label
            auth.local..             ! the host has an empty label
            user@auth.local          ! a user name before the host is not allowed
            a:80@auth.local          ! a user name before the host is not allowed
            auth.local/evil          ! write the host alone, without scheme and path
            auth.local?x             ! the host holds '?', only letters, digits, '-', '_' and '.' are allowed
            auth.local#x             ! the host holds '#', only letters, digits, '-', '_' and '.' are allowed
            auth.local\\evil         ! the host holds '\\', only letters, digits, '-', '_' and '.' are allowed
            a b                      ! the host holds ' ', only letters, digits, '-', '_' and '.' are allowed
            a\tb                     ! the host holds '\t', only letters, digits, '-', '_' and '.' are allowed
            a\0                      ! the host holds '\0', only letters, digits, '-', '_' and '.' are allowed
            a\u{7f}                  ! the host holds '\u{7f}', only letters, digits, '-', '_' and '.' are allowed
            a,b                      ! the host holds ',', only letters, digits, '-', '_' and '.' are allowed
            a;b                      ! the host holds ';', only letters, digits, '-', '_' and '.' are allowed
            <a>                      ! the host holds '<', only letters, digits, '-', '_' and '.' are allowed
            \"a\"                    ! the host holds '"', only letters, digits, '-', '_' and '.' are allowed
            *                        ! the host holds '*', only letters, digits, '-', '_' and '.' are allowed
            *.auth.local             ! the host holds '*', only letters, digits, '-', '_' and '.' are allowed
            http://auth.local        ! write the host alone, without scheme and path
            %61uth.local             ! the host holds '%', only letters, digits, '-', '_' and '.' are allowed
            bücher.local             ! the host is not ASCII, write it in punycode (xn--…)
            auth．local               ! the host is not ASCII, write it in punycode (xn--…)
        "#]],
    );
}

#[test]
fn brackets_hold_ipv6_and_nothing_else() {
    check(
        &[
            "[]",
            "[",
            "[::1",
            "::1",
            "[auth.local]",
            "[127.0.0.1]",
            "[::1]auth.local",
            "[::1].",
            "[::1]]",
            "[[::1]]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[v1.fe80::a]",
            "a[::1]",
            "[\u{e9}]",
        ],
        &expect![[r#"
            []                       ! not an IPv6 address in brackets
            [                        ! not an IPv6 address in brackets
            [::1                     ! not an IPv6 address in brackets
            ::1                      ! more than one ':', write an IPv6 address in brackets
            [auth.local]             ! not an IPv6 address in brackets
            [127.0.0.1]              ! not an IPv6 address in brackets
            [::1]auth.local          ! not an IPv6 address in brackets
            [::1].                   ! not an IPv6 address in brackets
            [::1]]                   ! not an IPv6 address in brackets
            [[::1]]                  ! not an IPv6 address in brackets
            [fe80::1%25eth0]         ! an IPv6 zone id is not allowed
            [fe80::1%eth0]           ! an IPv6 zone id is not allowed
            [v1.fe80::a]             ! not an IPv6 address in brackets
            a[::1]                   ! more than one ':', write an IPv6 address in brackets
            [é]                      ! not an IPv6 address in brackets
        "#]],
    );
}

#[test]
fn lengths_are_those_of_dns() {
    let label = |len: usize| "a".repeat(len);
    let longest = format!("{0}.{0}.{0}.{1}", label(63), label(61));
    assert_eq!(longest.len(), HOST_BYTES_MAX);

    let parse = |text: &str| Host::parse(text).map(|host| host.as_str().len());
    assert_eq!(parse(&label(63)), Ok(63));
    assert_eq!(parse(&label(64)), Err(HostError::LabelTooLong));
    assert_eq!(parse(&longest), Ok(253));
    assert_eq!(parse(&format!("{longest}.")), Ok(253));
    assert_eq!(parse(&format!("{longest}a")), Err(HostError::TooLong));
    assert_eq!(parse(&format!("{}b", "a.".repeat(126))), Ok(253));
    assert_eq!(parse(&"a.".repeat(4000)), Err(HostError::TooLong));
}

#[test]
fn a_host_alone_has_no_port() {
    assert_eq!(Host::parse("auth.local:80"), Err(HostError::PortPresent));
    assert_eq!(Host::parse("[::1]:80"), Err(HostError::PortPresent));
    assert_eq!(Host::parse("[::1]").map(|host| host.is_ip()), Ok(true));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(
        Authority::parse(b"auth.local\xe9"),
        Err(HostError::NotAscii)
    );
    assert_eq!(Authority::parse(b"[\xff]"), Err(HostError::Ipv6));
    assert_eq!(Authority::parse(b"a:\xff"), Err(HostError::PortNotNumber));
}

#[test]
fn parents_are_what_lies_behind_each_dot() {
    let parents = |text: &str| -> Vec<String> {
        let host = Host::parse(text).unwrap();
        host.parents().map(str::to_owned).collect()
    };
    assert_eq!(parents("a.b.c"), ["b.c", "c"]);
    assert_eq!(parents("localhost"), [""; 0]);
    assert_eq!(parents("127.0.0.1"), [""; 0]);
    assert_eq!(parents("[::ffff:10.0.0.1]"), [""; 0]);
}

#[test]
fn a_table_keyed_by_host_is_asked_with_text() {
    let table = HashMap::from([(Host::parse("Auth.Local").unwrap(), 1)]);
    assert_eq!(table.get("auth.local"), Some(&1));
    assert_eq!(table.get("auth.locals"), None);
}

/// Mostly what hosts are made of, so that some are valid.
fn host_like() -> impl Strategy<Value = String> {
    "[a-cA-C0-9._:@%\\[\\]é -]{0,24}"
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Authority { host, .. }) = Authority::parse(&bytes) {
            prop_assert!(host.as_str().len() <= HOST_BYTES_MAX);
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same(text in host_like()) {
        if let Ok(authority) = Authority::parse(text.as_bytes()) {
            let written = authority.to_string();
            prop_assert_eq!(Authority::parse(written.as_bytes()), Ok(authority.clone()));
            let host = authority.host.to_string();
            prop_assert_eq!(Host::parse(&host), Ok(authority.host));
        }
    }

    #[test]
    fn names_of_dns_are_hosts(name in "[a-z0-9_-]{1,63}(\\.[a-z0-9_-]{1,20}){0,5}", port in 1_u16..) {
        let authority = Authority::parse(format!("{}.:{port}", name.to_uppercase()).as_bytes());
        prop_assert_eq!(authority.as_ref().map(|it| it.host.as_str()), Ok(name.as_str()));
        prop_assert_eq!(authority.map(|it| it.port), Ok(Some(port)));
    }

    #[test]
    fn every_ipv6_address_has_one_text(bits in any::<u128>()) {
        let address = Ipv6Addr::from(bits);
        let short = Host::parse(&format!("[{address}]"));
        let segments = address.segments().map(|segment| format!("{segment:04X}")).join(":");
        prop_assert_eq!(short, Host::parse(&format!("[{segments}]")));
    }

    #[test]
    fn hosts_compare_as_their_texts_do(a in "[a-c.]{1,6}", b in "[a-c.]{1,6}") {
        if let (Ok(x), Ok(y)) = (Host::parse(&a), Host::parse(&b)) {
            prop_assert_eq!(x.cmp(&y), x.as_str().cmp(y.as_str()));
            prop_assert_eq!(x == y, x.as_str() == y.as_str());
        }
    }
}
