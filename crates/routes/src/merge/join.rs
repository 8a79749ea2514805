//! Where a service is reached, from all that is reported of it.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use super::Entry;
use crate::{Adapter, Address, Reported, Serving, Source, Upstream};

/// What the reports of one service come to.
#[derive(Debug)]
pub(super) struct Joined {
    /// The OTP application.
    pub(super) app: Option<String>,
    /// Sorted by address.
    pub(super) upstreams: Vec<Upstream>,
    /// Left out, with the listener of ours that answers there.
    pub(super) own: Vec<Own>,
    /// Whether any node serves it.
    pub(super) serving: Serving,
}

/// An upstream that would lead back to us, and the listener that answers there.
pub(super) type Own = (Upstream, SocketAddr);

/// Joins `entries`, all of one service, the best informed first.
pub(super) fn join(entries: &[Entry<'_>], listeners: &[SocketAddr]) -> Joined {
    let believed = believed(entries);
    let mut joined: BTreeMap<Address, Upstream> = BTreeMap::new();
    // What was found not listening is not dialled, whatever address it would have.
    for reported in believed.iter().filter(|it| it.serving == Serving::Yes) {
        for upstream in &reported.upstreams {
            let known = joined
                .entry(upstream.address.clone())
                .or_insert_with(|| upstream.clone());
            for adapter in [upstream.adapter, reported.adapter] {
                if known.adapter == Adapter::Unknown {
                    known.adapter = adapter;
                }
            }
        }
    }
    let mut upstreams = Vec::with_capacity(joined.len());
    let mut own = Vec::new();
    for upstream in joined.into_values() {
        let listener = listeners.iter().find(|it| is_own(**it, &upstream.address));
        match listener {
            Some(listener) => own.push((upstream, *listener)),
            None => upstreams.push(upstream),
        }
    }
    Joined {
        app: entries.iter().find_map(|entry| entry.reported.app.clone()),
        upstreams,
        own,
        serving: serving(&believed),
    }
}

/// Returns what counts of a service's entries: what the operator wrote, else the best-informed word
/// on each node.
fn believed<'a>(entries: &[Entry<'a>]) -> Vec<&'a Reported> {
    let is_written = |it: &&Entry<'_>| it.source == Source::Static;
    let written: Vec<&Reported> = entries
        .iter()
        .filter(is_written)
        .map(|entry| entry.reported)
        .filter(|reported| !reported.upstreams.is_empty())
        .collect();
    if !written.is_empty() {
        return written;
    }
    let discovered: Vec<&Entry<'a>> = entries.iter().filter(|it| !is_written(it)).collect();
    let is_superseded = |entry: &Entry<'_>| {
        discovered.iter().any(|other| {
            other.source > entry.source && may_be_same_node(other.reported, entry.reported)
        })
    };
    discovered
        .iter()
        .filter(|entry| !is_superseded(entry))
        .map(|entry| entry.reported)
        .collect()
}

/// A source that names no node (a config file) speaks of any node that runs the endpoint.
fn may_be_same_node(a: &Reported, b: &Reported) -> bool {
    match (&a.node, &b.node) {
        (Some(a), Some(b)) => a == b,
        (None, _) | (_, None) => true,
    }
}

/// One node that serves is enough; else the best informed says why not.
fn serving(believed: &[&Reported]) -> Serving {
    if believed.iter().any(|it| it.serving == Serving::Yes) {
        return Serving::Yes;
    }
    let best = believed.first().map(|it| it.serving.clone());
    best.unwrap_or_default()
}

/// Returns whether dialling `address` would reach our own `listener`.
fn is_own(listener: SocketAddr, address: &Address) -> bool {
    let upstream = match address {
        Address::Tcp(upstream) => *upstream,
        Address::Unix(_) => return false,
    };
    if listener.port() != upstream.port() {
        return false;
    }
    let (ours, theirs) = (listener.ip().to_canonical(), upstream.ip().to_canonical());
    // A socket bound to [::] takes IPv4 too, as most systems set it up.
    let is_family_ours = ours.is_ipv4() == theirs.is_ipv4() || ours == IpAddr::from([0_u16; 8]);
    // To dial an unspecified address is to dial this machine.
    let is_this_machine = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    ours == theirs
        || is_family_ours
            && is_this_machine(ours)
            && is_this_machine(theirs)
            && (ours.is_unspecified() || theirs.is_unspecified())
}
