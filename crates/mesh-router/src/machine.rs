//! The addresses of this machine.

use std::net::IpAddr;

use tracing::warn;

/// Returns them, sorted, without loopback. Where the system does not tell, what is on loopback and
/// Unix sockets is still known to be here.
pub(crate) fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        warn!(
            %error,
            "addresses of this machine not known, only loopback and Unix sockets count as local"
        );
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback())
        .map(|interface| interface.ip())
        .collect();
    addresses.sort_unstable();
    // Settings that did not change must compare equal: the order is the system's.
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests;
