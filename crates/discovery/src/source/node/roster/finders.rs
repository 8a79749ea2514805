//! Where nodes are found: EPMDs, and a DNS name whose addresses have one each.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::{Duration, Instant},
};

use erldist::NodeName;
use routes::{Finding, Severity};

use super::Place;
use crate::source::node::{pace, settings::Following};

/// Addresses of one DNS name whose EPMDs are asked.
const ADDRESSES_MAX: usize = 1024;

/// Names that turned out to be others'.
const RENAMED_MAX: usize = 1024;

/// All places that are asked.
#[derive(Debug, Default)]
pub(super) struct Finders {
    /// The EPMDs that the operator names.
    configured: BTreeSet<Place>,
    /// Those at the addresses of the DNS name.
    resolved: BTreeSet<Place>,
    query: Option<Query>,
    asked: BTreeMap<Place, Asked>,
    /// Nodes that are listed at one host and have another in their name.
    renamed: BTreeMap<NodeName, NodeName>,
    epmd_port: u16,
}

/// One EPMD.
#[derive(Debug, Default)]
struct Asked {
    /// Between an answer and the next asking.
    pace: Duration,
    /// An answer is awaited.
    is_asked: bool,
    answered: Option<Instant>,
    trouble: Option<String>,
}

impl Asked {
    /// When it is to be asked next; `None` while an answer is awaited.
    fn next(&self, now: Instant) -> Option<Instant> {
        let next = self
            .answered
            .map_or(Some(now), |at| at.checked_add(self.pace));
        next.filter(|_| !self.is_asked)
    }
}

/// The DNS name.
#[derive(Debug)]
struct Query {
    name: String,
    at: Instant,
    is_asked: bool,
    is_answered: bool,
    trouble: Option<String>,
}

impl Finders {
    pub(super) fn configure(&mut self, following: &Following, now: Instant) {
        self.configured = following.epmd.iter().cloned().collect();
        self.epmd_port = following.epmd_port;
        let name = self.query.as_ref().map(|query| &query.name);
        if name != following.query.as_ref() {
            self.resolved.clear();
            self.query = following.query.clone().map(|name| Query {
                name,
                at: now,
                is_asked: false,
                is_answered: false,
                trouble: None,
            });
        }
    }

    /// Whether nodes that are listed there are meant.
    pub(super) fn is_finder(&self, place: &Place) -> bool {
        self.configured.contains(place) || self.resolved.contains(place)
    }

    /// The EPMDs to ask now: those that find nodes, and those of nodes that are expected back.
    pub(super) fn list(&mut self, expecting: &BTreeSet<Place>, now: Instant) -> Vec<Place> {
        let finders = self.configured.union(&self.resolved);
        let wanted: BTreeSet<Place> = finders.chain(expecting).cloned().collect();
        self.asked.retain(|place, _| wanted.contains(place));
        let mut list = Vec::new();
        for place in wanted {
            let asked = self.asked.entry(place.clone()).or_default();
            asked.pace = match expecting.contains(&place) {
                true => pace::BRISK,
                false => pace::LIST,
            };
            if asked.next(now).is_some_and(|at| at <= now) {
                asked.is_asked = true;
                list.push(place);
            }
        }
        list
    }

    /// The DNS name, if it is to be resolved now.
    pub(super) fn resolve(&mut self, now: Instant) -> Option<String> {
        let query = self.query.as_mut()?;
        if query.is_asked || query.at > now {
            return None;
        }
        query.is_asked = true;
        Some(query.name.clone())
    }

    /// When one of them is to be asked next.
    pub(super) fn wake(&self, now: Instant) -> Option<Instant> {
        let query = self.query.as_ref().filter(|query| !query.is_asked);
        let query = query.map(|query| query.at);
        let asked = self.asked.values().filter_map(|asked| asked.next(now));
        asked.chain(query).min()
    }

    /// Takes an EPMD's answer, or why there is none. Returns whether its nodes are meant.
    pub(super) fn listed(&mut self, place: &Place, trouble: Option<&String>, now: Instant) -> bool {
        if let Some(asked) = self.asked.get_mut(place) {
            asked.is_asked = false;
            asked.answered = Some(now);
            asked.trouble = trouble.cloned();
        }
        self.is_finder(place)
    }

    /// Takes the addresses of the DNS name. While it can't be resolved the last ones stand.
    pub(super) fn resolved(
        &mut self,
        name: &str,
        addresses: Result<Vec<IpAddr>, String>,
        now: Instant,
    ) {
        let Some(query) = self.query.as_mut().filter(|query| query.name == name) else {
            return;
        };
        query.at = now.checked_add(pace::LIST).unwrap_or(now);
        query.is_asked = false;
        query.is_answered = true;
        match addresses {
            Ok(addresses) => {
                query.trouble = None;
                let place = |address: IpAddr| Place {
                    host: address.to_string(),
                    port: self.epmd_port,
                };
                self.resolved = addresses
                    .into_iter()
                    .take(ADDRESSES_MAX)
                    .map(place)
                    .collect();
            }
            Err(why) => query.trouble = Some(why),
        }
    }

    /// Whether all that finds nodes has answered once.
    pub(super) fn is_settled(&self) -> bool {
        let finders = self.configured.union(&self.resolved).collect::<Vec<_>>();
        let is_answered = |place: &&Place| {
            let asked = self.asked.get(*place);
            asked.is_some_and(|it| it.answered.is_some())
        };
        self.query.as_ref().is_none_or(|query| query.is_answered) && finders.iter().all(is_answered)
    }

    /// Remembers that the node listed as `listed` has another name.
    pub(super) fn rename(&mut self, listed: NodeName, real_name: NodeName) {
        if self.renamed.len() >= RENAMED_MAX {
            self.renamed.clear();
        }
        self.renamed.insert(listed, real_name);
    }

    /// The name that the node listed so has.
    pub(super) fn real_name(&self, listed: NodeName) -> NodeName {
        self.renamed.get(&listed).cloned().unwrap_or(listed)
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (place, asked) in &self.asked {
            if let Some(why) = asked.trouble.as_ref().filter(|_| self.is_finder(place)) {
                findings.push(Finding {
                    code: "epmd-unreachable",
                    severity: Severity::Warning,
                    origin: None,
                    message: format!("EPMD at {place} lists no nodes: {why}"),
                    fix: "check that a node runs there (the first one starts EPMD) and that its \
                          port is let through"
                        .to_owned(),
                });
            }
        }
        if let Some(query) = &self.query
            && let Some(why) = &query.trouble
        {
            findings.push(Finding {
                code: "query-unresolved",
                severity: Severity::Warning,
                origin: None,
                message: format!("{} leads to no nodes: {why}", query.name),
                fix: "check `query` under [discovery]; it is resolved as dns_cluster does"
                    .to_owned(),
            });
        }
        findings
    }
}
