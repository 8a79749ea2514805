//! Who gets which host.

use std::collections::BTreeMap;

use super::Entries;
use crate::{Claim, ClaimKind, Conflict, Host, Mode, Route, Service, Snapshot, Source};

/// A service's best claim on one host.
#[derive(Clone, Copy, Debug)]
struct Contender<'a> {
    /// Index into the services.
    service: usize,
    source: Source,
    claim: &'a Claim,
}

/// Decides every host that is claimed. Both lists are sorted by host.
pub(super) fn decide(
    previous: &Snapshot,
    services: &[Service],
    entries: &Entries<'_>,
    mode: Mode,
) -> (Vec<Route>, Vec<Conflict>) {
    let mut routes = Vec::new();
    let mut conflicts = Vec::new();
    for (host, contenders) in contenders(entries) {
        let equals = strongest_by(&contenders, |it| it.claim.kind == ClaimKind::Static);
        let incumbent = previous.holder(host).map(|service| service.name.as_str());
        let holder = match equals.as_slice() {
            [only] => Some(*only),
            [] | [_, _, ..] => choose(&equals, services, incumbent, mode),
        };
        if let Some(holder) = holder {
            routes.push(route(host, holder));
        }
        if equals.len() > 1 {
            conflicts.push(Conflict {
                host: host.clone(),
                holder: holder.map(|it| services[it.service].name.clone()),
                claimants: contenders
                    .iter()
                    .map(|it| (services[it.service].name.clone(), it.claim.origin.clone()))
                    .collect(),
            });
        }
    }
    (routes, conflicts)
}

/// Collects for every host the best claim of each service, sorted by service.
fn contenders<'a>(entries: &Entries<'a>) -> BTreeMap<&'a Host, Vec<Contender<'a>>> {
    let mut hosts: BTreeMap<&Host, Vec<Contender<'_>>> = BTreeMap::new();
    for (service, entries) in entries.values().enumerate() {
        for entry in entries {
            for claim in &entry.reported.claims {
                let contender = Contender {
                    service,
                    source: entry.source,
                    claim,
                };
                let contenders = hosts.entry(&claim.host).or_default();
                match contenders.last_mut().filter(|it| it.service == service) {
                    // Entries come best informed first, so only a stronger kind replaces.
                    Some(last) if claim.kind > last.claim.kind => *last = contender,
                    Some(_) => {}
                    None => contenders.push(contender),
                }
            }
        }
    }
    hosts
}

/// Chooses among several services with claims of equal rank.
fn choose<'a>(
    equals: &[Contender<'a>],
    services: &[Service],
    incumbent: Option<&str>,
    mode: Mode,
) -> Option<Contender<'a>> {
    let name = |it: &Contender<'_>| services[it.service].name.as_str();
    if let Some(keeps) = equals.iter().find(|it| Some(name(it)) == incumbent) {
        return Some(*keeps);
    }
    let equals = strongest_by(equals, |it| it.claim.kind > ClaimKind::Development);
    match (equals.as_slice(), mode) {
        ([only], _) => Some(*only),
        ([] | [_, _, ..], Mode::Production) => None,
        ([] | [_, _, ..], Mode::Development) => {
            let app = |it: &Contender<'_>| services[it.service].app.as_deref();
            let sorted = |it: &Contender<'_>| (app(it).unwrap_or(name(it)), name(it));
            equals
                .iter()
                .copied()
                .min_by(|a, b| sorted(a).cmp(&sorted(b)))
        }
    }
}

/// Returns those for which `is_strong` holds, or all where it holds for none.
fn strongest_by<'a>(
    contenders: &[Contender<'a>],
    is_strong: impl Fn(&Contender<'a>) -> bool,
) -> Vec<Contender<'a>> {
    let strong: Vec<_> = contenders.iter().copied().filter(is_strong).collect();
    if strong.is_empty() {
        return contenders.to_vec();
    }
    strong
}

fn route(host: &Host, holder: Contender<'_>) -> Route {
    Route {
        host: host.clone(),
        subdomains: holder.claim.subdomains.of(host),
        service: holder.service,
        kind: holder.claim.kind,
        source: holder.source,
        origin: holder.claim.origin.clone(),
    }
}
