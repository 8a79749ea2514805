use super::*;

/// Returns whether the default trusts this peer.
fn trusts(peer: &str) -> bool {
    TrustedProxies::default().contains(peer.parse().unwrap())
}

#[test]
fn loopback_and_private_peers_are_trusted() {
    for peer in [
        "127.0.0.1",
        "127.255.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ] {
        assert!(trusts(peer), "{peer}");
    }
}

#[test]
fn all_others_are_not() {
    for peer in [
        "8.8.8.8",
        "172.32.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "fe80::1",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "::",
        "0.0.0.0",
    ] {
        assert!(!trusts(peer), "{peer}");
    }
}

#[test]
fn without_networks_nobody_is_trusted() {
    let nobody = TrustedProxies(Vec::new());
    assert!(!nobody.contains("127.0.0.1".parse().unwrap()));
}

#[test]
fn a_drain_outlasts_the_one_of_phoenix() {
    // Phoenix.Socket's drainer takes 30 s with its own defaults.
    assert!(Timeouts::default().drain > Duration::from_secs(30));
}
