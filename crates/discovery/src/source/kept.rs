//! The endpoints that are in the table because one node told of them, with those that are gone since
//! and not forgotten. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use phoenix::Bound;
use routes::{Finding, Reported, Serving, Sight};

use crate::{
    How,
    source::running::{self, Endpoint, Speaker},
};

/// The endpoints of one node, by module.
#[derive(Debug, Default)]
pub(crate) struct Kept(BTreeMap<String, One>);

/// One of them.
#[derive(Debug)]
struct One {
    /// What it said when it last ran; of one that never did, the little that is known.
    endpoint: Endpoint,
    /// It was seen running.
    ran: bool,
    /// Since when it does not run any more.
    stopped: Option<Instant>,
}

/// How it stands with the node that told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// What it said is what is.
    InSight,
    /// It can't be seen: what it said may still be so.
    OutOfSight,
    /// It is known to be gone.
    Gone,
}

impl Kept {
    /// Takes over all that the node runs now.
    pub(crate) fn tell(&mut self, endpoints: Vec<Endpoint>, now: Instant) {
        let mut told: BTreeSet<String> = BTreeSet::new();
        for endpoint in endpoints {
            told.insert(endpoint.module.clone());
            self.told(endpoint, now);
        }
        self.0.retain(|module, one| {
            if !told.contains(module) {
                one.stopped.get_or_insert(now);
            }
            one.ran || told.contains(module)
        });
    }

    fn told(&mut self, endpoint: Endpoint, now: Instant) {
        let runs = endpoint.runs();
        match self.0.get_mut(&endpoint.module) {
            Some(one) if one.ran && !runs => {
                one.stopped.get_or_insert(now);
            }
            Some(_) | None => {
                let one = One {
                    ran: runs,
                    stopped: None,
                    endpoint,
                };
                self.0.insert(one.endpoint.module.clone(), one);
            }
        }
    }

    /// Takes the node's word that an endpoint's supervisor has ended.
    pub(crate) fn down(&mut self, module: &str, now: Instant) {
        if let Some(one) = self.0.get_mut(module) {
            one.stopped.get_or_insert(now);
        }
    }

    /// Drops what has been gone for that long, and returns whether there was any. `is_told`: the node
    /// will say again what it has, so that what it names still is known not to run.
    pub(crate) fn forget(&mut self, forget: Duration, is_told: bool, now: Instant) -> bool {
        let mut any = false;
        self.0.retain(|_, one| match one.stopped {
            Some(since) if now.saturating_duration_since(since) >= forget => {
                any = true;
                // What its next answer doesn't name is gone, what it names did not run.
                one.ran = false;
                one.stopped = None;
                one.endpoint.bound = Bound::Stopped;
                is_told
            }
            Some(_) | None => true,
        });
        any
    }

    /// Drops all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The modules that ran at some time.
    pub(crate) fn ran(&self) -> impl Iterator<Item = &String> {
        let ran = self.0.values().filter(|one| one.ran);
        ran.map(|one| &one.endpoint.module)
    }

    /// Since when those that are gone are.
    pub(crate) fn stopped(&self) -> impl Iterator<Item = Instant> {
        self.0.values().filter_map(|one| one.stopped)
    }

    /// What all of them mean.
    pub(crate) fn report(
        &self,
        speaker: Speaker<'_>,
        standing: Standing,
        how: &How,
    ) -> (Vec<Reported>, Vec<Finding>) {
        let endpoints: Vec<&Endpoint> = self.0.values().map(|one| &one.endpoint).collect();
        let (mut reported, findings) = running::read(speaker, &endpoints, how);
        for (reported, one) in reported.iter_mut().zip(self.0.values()) {
            if standing == Standing::Gone || one.stopped.is_some() {
                reported.upstreams.clear();
                // It is missed, which is no decision of its own not to listen.
                reported.serving = Serving::Yes;
            } else if standing == Standing::OutOfSight {
                for upstream in &mut reported.upstreams {
                    upstream.sight = Sight::Unconfirmed;
                }
            }
        }
        (reported, findings)
    }
}
