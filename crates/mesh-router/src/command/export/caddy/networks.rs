//! Networks as regular expressions for the text of addresses, for places where Caddy compares none.

use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

#[cfg(test)]
mod tests;

/// Returns an expression that matches exactly the network's addresses as they are usually written;
/// `None` for an IPv6 network whose addresses have no common beginning in text.
pub(super) fn pattern(network: &IpNet) -> Option<String> {
    match network {
        IpNet::V4(network) => Some(v4(*network)),
        IpNet::V6(network) => v6(*network),
    }
}

fn v4(network: Ipv4Net) -> String {
    let (first, last) = (network.network().octets(), network.broadcast().octets());
    let octets = first
        .iter()
        .zip(last)
        .map(|(first, last)| match (*first, last) {
            (first, last) if first == last => first.to_string(),
            (0, 255) => r"\d{1,3}".to_owned(),
            (first, last) => {
                let all: Vec<String> = (first..=last).map(|octet| octet.to_string()).collect();
                format!("(?:{})", all.join("|"))
            }
        });
    octets.collect::<Vec<_>>().join(r"\.")
}

/// Single addresses, and networks that the first group decides: its digits are all written where
/// the first is not zero.
fn v6(network: Ipv6Net) -> Option<String> {
    /// Bits of a group.
    const GROUP: u8 = 16;
    let address: Ipv6Addr = network.network();
    if network.prefix_len() == network.max_prefix_len() {
        return Some(address.to_string().replace('.', r"\."));
    }
    let first = address.segments()[0];
    if network.prefix_len() > GROUP || first < 0x1000 {
        return None;
    }
    let last = network.broadcast().segments()[0];
    let digit = |shift: u32| (first >> shift & 0xf, last >> shift & 0xf);
    let digits = [12, 8, 4, 0].map(|shift| match digit(shift) {
        (first, last) if first == last => format!("{first:x}"),
        (first, last) => {
            let all: String = (first..=last).map(|digit| format!("{digit:x}")).collect();
            format!("[{all}]")
        }
    });
    Some(format!("{}:[0-9a-f:.]*", digits.concat()))
}
