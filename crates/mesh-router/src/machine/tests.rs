use std::net::UdpSocket;

use super::addresses;

#[test]
fn each_is_one_that_this_machine_can_bind() {
    let addresses = addresses();
    for ip in &addresses {
        assert!(!ip.is_loopback(), "{ip}");
        // A link-local one needs its interface besides, which a list of addresses does not have.
        let is_link_local = matches!(ip, std::net::IpAddr::V6(ip) if ip.is_unicast_link_local());
        if !is_link_local {
            UdpSocket::bind((*ip, 0)).unwrap();
        }
    }
    assert!(
        addresses.is_sorted_by(|a, b| a < b),
        "each once: {addresses:?}"
    );
}
