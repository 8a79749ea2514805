//! How many connections each client has, over all workers.
//!
//! It is touched where a connection begins and ends, and only while there is a limit.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

#[cfg(test)]
mod tests;

/// Locks, so that workers seldom wait for each other.
const SHARDS: usize = 16;

/// The bits of an IPv6 address that stand for one client: a site is given them all (RFC 6177).
const IPV6_SITE: u128 = !0 << 64;

/// The connections of all clients.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd(Arc<Shards>);

#[derive(Debug, Default)]
struct Shards {
    hasher: RandomState,
    counts: [Mutex<HashMap<IpAddr, usize>>; SHARDS],
}

/// One of a client's connections. It is counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Present {
    client: IpAddr,
    crowd: Crowd,
}

impl Crowd {
    /// Counts a connection of `ip` unless it has `max` already.
    pub(crate) fn enter(&self, ip: IpAddr, max: usize) -> Option<Present> {
        let client = client(ip);
        let mut counts = self
            .shard(client)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&client).copied().unwrap_or_default();
        if count >= max {
            return None;
        }
        counts.insert(client, count + 1);
        drop(counts);
        let crowd = self.clone();
        Some(Present { client, crowd })
    }

    fn shard(&self, client: IpAddr) -> &Mutex<HashMap<IpAddr, usize>> {
        let hash = self.0.hasher.hash_one(client);
        let index = hash % SHARDS as u64;
        &self.0.counts[usize::try_from(index).unwrap_or_default()]
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let shard = self.crowd.shard(self.client);
        let mut counts = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// An IPv4 address, or the network that a site has of IPv6.
fn client(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & IPV6_SITE).into()),
    }
}
