//! Networks whose peers say for whom they speak and are not believed.
//!
//! Mostly that is a TLS terminator that nobody has named in `trusted_proxies`: the app then takes it
//! for the client of every request, so it is worth one warning. Each worker remembers for itself
//! whom it has met, so that a peer that goes on costs no lock; all workers together warn once.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use routes::TrustedProxies;

#[cfg(test)]
mod tests;

/// Networks remembered; there is no warning of those that come later.
const NETWORKS_MAX: usize = 64;
/// Bits of an IPv4 network: one site's balancers mostly stand in one.
const IPV4_BITS: u8 = 24;
/// Bits of an IPv6 network (RFC 4291 §2.5.4).
const IPV6_BITS: u8 = 64;

/// The networks that one worker has met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strangers {
    met: Vec<IpNet>,
    /// Those of all workers.
    told: Arc<Mutex<Vec<IpNet>>>,
}

impl Strangers {
    /// Returns the peer's network if no worker has met it before.
    pub(crate) fn meet(&mut self, peer: IpAddr) -> Option<IpNet> {
        let network = network(peer);
        if !is_first(&mut self.met, network) {
            return None;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        is_first(&mut told, network).then_some(network)
    }
}

/// Returns the setting that trusts `network` too.
pub(crate) fn setting(trusted: &TrustedProxies, network: IpNet) -> String {
    let mut networks = trusted.0.clone();
    let mut names = Vec::new();
    for (word, meant) in [
        ("loopback", &TrustedProxies::LOOPBACK[..]),
        ("private", &TrustedProxies::PRIVATE[..]),
    ] {
        if meant.iter().all(|network| networks.contains(network)) {
            networks.retain(|network| !meant.contains(network));
            names.push(word.to_owned());
        }
    }
    networks.push(network);
    names.extend(networks.iter().map(IpNet::to_string));
    // Their quoted forms are those of TOML: there is nothing to escape in them.
    format!("trusted_proxies = {names:?}")
}

fn network(peer: IpAddr) -> IpNet {
    match peer.to_canonical() {
        IpAddr::V4(ip) => Ipv4Net::new_assert(ip, IPV4_BITS).trunc().into(),
        IpAddr::V6(ip) => Ipv6Net::new_assert(ip, IPV6_BITS).trunc().into(),
    }
}

/// Returns whether `network` is new here, and remembers it.
fn is_first(known: &mut Vec<IpNet>, network: IpNet) -> bool {
    let is_first = known.len() < NETWORKS_MAX && !known.contains(&network);
    if is_first {
        known.push(network);
    }
    is_first
}
