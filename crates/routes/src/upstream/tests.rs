use std::net::{IpAddr, SocketAddr};

use super::*;

#[test]
fn loopback_unix_and_the_machine_s_own_addresses_are_local() {
    let machine: [IpAddr; 2] = ["10.0.0.7".parse().unwrap(), "fd00::7".parse().unwrap()];
    let cases = [
        ("127.0.0.1:4001", true),
        ("127.8.8.8:4001", true),
        ("[::1]:4001", true),
        ("0.0.0.0:4001", true),
        ("[::]:4001", true),
        ("10.0.0.7:4001", true),
        ("[::ffff:10.0.0.7]:4001", true),
        ("[fd00::7]:4001", true),
        ("10.0.0.8:4001", false),
        ("[fd00::8]:4001", false),
    ];
    for (address, wanted) in cases {
        let tcp = Address::from(address.parse::<SocketAddr>().unwrap());
        assert_eq!(tcp.is_local(&machine), wanted, "{address}");
    }
    assert!(Address::Unix("/run/auth.sock".into()).is_local(&[]));
    let other = Address::from(SocketAddr::from(([10, 0, 0, 7], 4001)));
    assert!(!other.is_local(&[]));
}

#[test]
fn confirmed_is_the_better_sight() {
    assert!(Sight::Confirmed > Sight::Unconfirmed);
}
