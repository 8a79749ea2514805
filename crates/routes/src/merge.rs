//! Reports → the next snapshot. Pure, cannot fail.
//!
//! Codes of the findings made here: `own-listener`, `unknown-default`, `unknown-endpoint` and
//! `too-many-services` are errors; `no-host`, `no-upstream`, `not-serving` and `port-twice` are
//! warnings. Those of the reports are passed on.

mod contest;
mod finding;
mod join;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use crate::{
    Finding, Mode, Report, Reported, Service, Settings, Snapshot, Source, snapshot::Table,
};

/// What the operator has said that a merge must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Development lets the app whose name sorts first have a contested host; production decides nothing.
    pub mode: Mode,
    /// The service (endpoint module or static name) that gets unknown hosts.
    pub default: Option<String>,
    /// Our own listeners: an upstream equal to one is a finding, never dialled.
    pub listeners: Vec<SocketAddr>,
    /// Services in the table, at most.
    pub services_max: usize,
    /// The services whose requests are to wait.
    pub paused: BTreeSet<String>,
}

impl Default for Rules {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            mode: settings.mode,
            default: None,
            listeners: Vec::new(),
            services_max: settings.limits.services,
            paused: BTreeSet::new(),
        }
    }
}

/// One endpoint and who reported it.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    source: Source,
    reported: &'a Reported,
}

/// All that is reported of each service, the best informed first.
type Entries<'a> = BTreeMap<&'a str, Vec<Entry<'a>>>;

/// Merges what the sources know into the table that follows `previous`. The generation goes up by
/// one if anything but findings differs, else stays.
///
/// For one endpoint on one node the best-informed source says where it is reached; a source that
/// names no node speaks of any. Upstreams written in `mesh-router.toml` replace those discovered.
/// Hosts are claimed by all sources together. A stale report counts as if it were fresh.
///
/// Of the services that claim one host, those that have it from `mesh-router.toml` go before all
/// others, which is an operator's decision and no conflict. Among equals whoever has the host in
/// `previous` keeps it; then its own host goes before a development name; then development takes
/// the app whose name sorts first, and production nobody.
pub fn merge(previous: &Snapshot, reports: &[Report], rules: &Rules) -> Snapshot {
    let mut findings: Vec<Finding> = reports
        .iter()
        .flat_map(|report| report.findings.iter().cloned())
        .collect();
    let mut entries = gather(reports);
    findings.extend(bound(&mut entries, previous, rules.services_max));

    let slots = assign_slots(previous, &entries);
    let mut services = Vec::with_capacity(entries.len());
    let mut own = Vec::with_capacity(entries.len());
    for ((name, entries), slot) in entries.iter().zip(slots) {
        let joined = join::join(entries, &rules.listeners);
        own.push(joined.own);
        services.push(Service {
            name: (*name).to_owned(),
            app: joined.app,
            slot,
            upstreams: joined.upstreams,
            serving: joined.serving,
            paused: rules.paused.contains(*name),
        });
    }

    let (routes, conflicts) = contest::decide(previous, &services, &entries, rules.mode);
    let default = rules.default.as_deref();
    let default = default.and_then(|name| services.iter().position(|it| it.name == name));
    let mut next = Snapshot::assemble(Table {
        services,
        routes,
        default,
        conflicts,
    });
    findings.extend(finding::of_table(&next, &entries, &own, rules));
    findings.sort_by(finding::most_severe_first);
    findings.dedup();
    next.findings = findings;
    next.generation = match next.is_same_table(previous) {
        true => previous.generation,
        false => previous.generation.saturating_add(1),
    };
    next
}

/// Sorts what is reported by service, then by how well informed its source is, so that nothing
/// below depends on the order of the reports.
fn gather(reports: &[Report]) -> Entries<'_> {
    let mut entries = Entries::new();
    for report in reports {
        let source = report.source;
        for reported in &report.endpoints {
            let of_service = entries.entry(reported.service.as_str()).or_default();
            of_service.push(Entry { source, reported });
        }
    }
    for of_service in entries.values_mut() {
        of_service.sort_by(|a, b| {
            let informed = b.source.cmp(&a.source);
            informed.then_with(|| a.reported.cmp(b.reported))
        });
    }
    entries
}

/// Leaves out what is over the bound: services in the running table stay before new ones.
fn bound(entries: &mut Entries<'_>, previous: &Snapshot, max: usize) -> Option<Finding> {
    let found = entries.len();
    if found <= max {
        return None;
    }
    let mut names: Vec<&str> = entries.keys().copied().collect();
    names.sort_by_key(|name| previous.by_name(name).is_none());
    let dropped: BTreeSet<&str> = names.split_off(max).into_iter().collect();
    entries.retain(|name, _| !dropped.contains(name));
    Some(finding::too_many_services(found, max, &dropped))
}

/// Gives every service a number: its own from the running table, or the smallest that is free.
fn assign_slots(previous: &Snapshot, entries: &Entries<'_>) -> Vec<u32> {
    let kept: Vec<Option<u32>> = entries
        .keys()
        .map(|name| previous.by_name(name).map(|service| service.slot))
        .collect();
    let taken: BTreeSet<u32> = kept.iter().flatten().copied().collect();
    let mut free = (0..).filter(|slot| !taken.contains(slot));
    kept.into_iter()
        .filter_map(|slot| slot.or_else(|| free.next()))
        .collect()
}
