use super::*;

fn met(strangers: &mut Strangers, peer: &str) -> Option<String> {
    let network = strangers.meet(peer.parse().unwrap());
    network.map(|network| network.to_string())
}

#[test]
fn a_network_is_new_once() {
    let mut strangers = Strangers::default();
    for (peer, expected) in [
        ("203.0.113.9", Some("203.0.113.0/24")),
        ("203.0.113.9", None),
        ("203.0.113.200", None),
        ("::ffff:203.0.113.9", None),
        ("203.0.112.9", Some("203.0.112.0/24")),
        ("2001:db8:1:2:3::4", Some("2001:db8:1:2::/64")),
        ("2001:db8:1:2:5::6", None),
        ("2001:db8:1:3::", Some("2001:db8:1:3::/64")),
    ] {
        assert_eq!(met(&mut strangers, peer).as_deref(), expected, "{peer}");
    }
}

#[test]
fn workers_tell_of_a_network_once_together() {
    let mut one = Strangers::default();
    let mut other = one.clone();
    assert!(met(&mut one, "203.0.113.9").is_some());
    assert_eq!(met(&mut other, "203.0.113.9"), None);
    assert!(met(&mut other, "198.51.100.1").is_some());
    assert_eq!(met(&mut one, "198.51.100.1"), None);
}

#[test]
fn networks_without_end_are_not_remembered() {
    let mut strangers = Strangers::default();
    let told = (0..=255).filter_map(|third| met(&mut strangers, &format!("192.0.{third}.1")));
    assert_eq!(told.count(), NETWORKS_MAX);
    assert_eq!(strangers.met.len(), NETWORKS_MAX);
}

#[test]
fn the_setting_keeps_what_is_trusted_already() {
    let check = |trusted: TrustedProxies, expected: &str| {
        let network = "203.0.113.0/24".parse().unwrap();
        assert_eq!(
            setting(&trusted, network),
            format!("trusted_proxies = {expected}")
        );
    };
    check(TrustedProxies(Vec::new()), r#"["203.0.113.0/24"]"#);
    check(
        TrustedProxies::default(),
        r#"["loopback", "private", "203.0.113.0/24"]"#,
    );
    let mut some = TrustedProxies::LOOPBACK.to_vec();
    some.push("2001:db8::/32".parse().unwrap());
    check(
        TrustedProxies(some),
        r#"["loopback", "2001:db8::/32", "203.0.113.0/24"]"#,
    );
    let part = TrustedProxies(TrustedProxies::PRIVATE[..1].to_vec());
    check(part, r#"["10.0.0.0/8", "203.0.113.0/24"]"#);
}
