//! Where a service is reached, from all that is reported of it.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, btree_map},
    net::{IpAddr, SocketAddr},
};

use super::Entry;
use crate::{Adapter, Address, Reported, Serving, Sight, Source, Upstream};

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
    for word in believed.iter().filter(|it| serves(it.reported)) {
        for upstream in &word.reported.upstreams {
            let mut upstream = upstream.clone();
            upstream.sight = upstream.sight.min(word.sight);
            if upstream.adapter == Adapter::Unknown {
                upstream.adapter = word.reported.adapter;
            }
            add(&mut joined, upstream);
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

/// Adds an upstream to those of better informed sources.
fn add(joined: &mut BTreeMap<Address, Upstream>, upstream: Upstream) {
    let known = match joined.entry(upstream.address.clone()) {
        btree_map::Entry::Vacant(free) => {
            free.insert(upstream);
            return;
        }
        btree_map::Entry::Occupied(known) => known.into_mut(),
    };
    match upstream.sight.cmp(&known.sight) {
        // A node that was restarted under another name: what is known of the lost one is over.
        Ordering::Greater => *known = upstream,
        Ordering::Equal if known.adapter == Adapter::Unknown => known.adapter = upstream.adapter,
        Ordering::Equal | Ordering::Less => {}
    }
}

/// What one source says of one node, as far as it counts.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    reported: &'a Reported,
    /// The best that its upstreams can have.
    sight: Sight,
}

/// Returns what counts of a service's entries, the best informed first: what the operator wrote,
/// else the best-informed word on each node.
///
/// Who serves and names no address leaves it to the less informed to name one: a node that is gone,
/// and kept until it is forgotten, does not make the files' address undialable. But it sees nothing
/// there, so that address is unconfirmed.
fn believed<'a>(entries: &[Entry<'a>]) -> Vec<Word<'a>> {
    let confirmed = |entry: &Entry<'a>| Word {
        reported: entry.reported,
        sight: Sight::Confirmed,
    };
    let is_written = |it: &&Entry<'_>| it.source == Source::Static;
    let written: Vec<Word<'a>> = entries
        .iter()
        .filter(is_written)
        .map(confirmed)
        .filter(|word| !word.reported.upstreams.is_empty())
        .collect();
    if !written.is_empty() {
        return written;
    }
    let discovered: Vec<&Entry<'a>> = entries.iter().filter(|it| !is_written(it)).collect();
    let word = |entry: &&Entry<'a>| {
        let mut word = confirmed(entry);
        let better = discovered.iter().filter(|other| {
            other.source > entry.source && may_be_same_node(other.reported, entry.reported)
        });
        for other in better {
            if says_where(other.reported) {
                return None;
            }
            word.sight = Sight::Unconfirmed;
        }
        Some(word)
    };
    discovered.iter().filter_map(word).collect()
}

/// Returns whether an entry names an address, or says that there is nothing to dial.
fn says_where(reported: &Reported) -> bool {
    !reported.upstreams.is_empty() || !serves(reported)
}

fn serves(reported: &Reported) -> bool {
    reported.serving == Serving::Yes
}

/// A source that names no node (a config file) speaks of any node that runs the endpoint.
fn may_be_same_node(a: &Reported, b: &Reported) -> bool {
    match (&a.node, &b.node) {
        (Some(a), Some(b)) => a == b,
        (None, _) | (_, None) => true,
    }
}

/// One node that serves is enough; else the best informed that knows why not says so. A node that
/// is gone does not outvote one that runs and does not listen.
fn serving(believed: &[Word<'_>]) -> Serving {
    let mut words = believed.iter().map(|word| word.reported);
    if words.clone().any(|it| serves(it) && says_where(it)) {
        return Serving::Yes;
    }
    let silent = words.find(|it| !serves(it));
    silent.map(|it| it.serving.clone()).unwrap_or_default()
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
