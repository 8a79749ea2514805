//! What is different between two tables: for the log of a running gateway, and for `diff`.
//!
//! It compares tables as `routes --json` shows them, since one of the two may be read from a file.

mod finding;
mod log;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::view::{self, ConflictView, RouteView, RoutesView, UpstreamView};

pub(crate) use finding::FindingChanges;
pub(crate) use log::log;

#[cfg(test)]
mod tests;

/// All differences, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Changes {
    /// Hosts that appear, vanish, lead to another service or treat subdomains otherwise.
    pub(crate) routes: Vec<RouteChange>,
    /// Services reached elsewhere, that start or stop serving, of whose upstreams sight is lost or
    /// back, or that come and go without a host.
    pub(crate) services: Vec<ServiceChange>,
    /// Hosts claimed by several, where that is new, over, or other than it was.
    pub(crate) conflicts: Vec<ConflictChange>,
    /// The service that gets unknown hosts, where it is another.
    pub(crate) default_service: Option<DefaultChange>,
    /// Findings that appear and vanish.
    pub(crate) findings: FindingChanges,
    /// Hosts that were not compared: development names, where one side is read as production.
    pub(crate) left_out: Vec<String>,
}

/// A host on both sides; `None` where it leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RouteChange {
    /// The host.
    pub(crate) host: String,
    /// As it was.
    pub(crate) before: Option<RouteView>,
    /// As it is.
    pub(crate) after: Option<RouteView>,
}

/// A service on both sides; `None` where it is not in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ServiceChange {
    /// Its name.
    pub(crate) service: String,
    /// As it was.
    pub(crate) before: Option<ServiceState>,
    /// As it is.
    pub(crate) after: Option<ServiceState>,
}

/// What is compared of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ServiceState {
    /// Whether it listens; `None` where the table does not say.
    pub(crate) serving: Option<bool>,
    /// Why it does not.
    pub(crate) reason: Option<String>,
    /// Where it is reached.
    pub(crate) upstreams: Vec<UpstreamView>,
}

/// A contested host on both sides; `None` where it is not contested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ConflictChange {
    /// The host.
    pub(crate) host: String,
    /// As it was.
    pub(crate) before: Option<ConflictView>,
    /// As it is.
    pub(crate) after: Option<ConflictView>,
}

/// Another service gets unknown hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DefaultChange {
    /// As it was.
    pub(crate) before: Option<String>,
    /// As it is.
    pub(crate) after: Option<String>,
}

/// Upstreams of a service that were there before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resighted<'a> {
    /// Sight of their nodes is lost now.
    pub(crate) lost: Vec<&'a UpstreamView>,
    /// It was lost and is back.
    pub(crate) back: Vec<&'a UpstreamView>,
}

impl Resighted<'_> {
    fn is_empty(&self) -> bool {
        self.lost.is_empty() && self.back.is_empty()
    }
}

impl Changes {
    /// Whether both tables are the same, as far as they were compared.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            routes,
            services,
            conflicts,
            default_service,
            findings,
            left_out: _,
        } = self;
        routes.is_empty()
            && services.is_empty()
            && conflicts.is_empty()
            && default_service.is_none()
            && findings.is_empty()
    }
}

impl ServiceState {
    /// Whether the other is reached elsewhere.
    pub(crate) fn moved(&self, other: &Self) -> bool {
        addresses(self) != addresses(other)
    }

    /// The addresses on both sides of which sight is lost now, or is back.
    pub(crate) fn resighted<'a>(&self, other: &'a Self) -> Resighted<'a> {
        let was_lost = |address: &str| {
            let before = self.upstreams.iter().find(|it| it.address == address);
            before.map(UpstreamView::is_unconfirmed)
        };
        let (mut lost, mut back) = (Vec::new(), Vec::new());
        for upstream in &other.upstreams {
            match (was_lost(&upstream.address), upstream.is_unconfirmed()) {
                (Some(false), true) => lost.push(upstream),
                (Some(true), false) => back.push(upstream),
                (Some(true), true) | (Some(false), false) | (None, _) => {}
            }
        }
        Resighted { lost, back }
    }

    /// Whether one is known to listen and the other known not to.
    pub(crate) fn turned(&self, other: &Self) -> bool {
        matches!((self.serving, other.serving), (Some(a), Some(b)) if a != b)
    }
}

/// Compares two tables. A line that merely stands elsewhere is no difference.
pub(crate) fn between(before: &RoutesView, after: &RoutesView) -> Changes {
    // Only development has these names: against production each would be a difference that says
    // nothing.
    let modes = (before.mode.as_deref(), after.mode.as_deref());
    let leave_out = matches!(modes, (Some(a), Some(b)) if a != b);
    let mut left_out = BTreeSet::new();
    let mut compared = |view: &'_ RoutesView| -> BTreeMap<String, RouteView> {
        let (names, routes) = view.routes.iter().cloned().partition::<Vec<_>, _>(|route| {
            leave_out && route.kind.as_deref() == Some(view::DEVELOPMENT)
        });
        left_out.extend(names.into_iter().map(|route| route.host));
        let by_host = routes.into_iter().map(|route| (route.host.clone(), route));
        by_host.collect()
    };
    let (old, new) = (compared(before), compared(after));
    Changes {
        services: services(
            &states(before),
            &states(after),
            &served(&old),
            &served(&new),
        ),
        routes: routes(old, new),
        conflicts: conflicts(&before.conflicts, &after.conflicts),
        default_service: (before.default_service != after.default_service).then(|| DefaultChange {
            before: before.default_service.clone(),
            after: after.default_service.clone(),
        }),
        findings: FindingChanges::between(&before.findings, &after.findings),
        left_out: left_out.into_iter().collect(),
    }
}

fn routes(
    mut old: BTreeMap<String, RouteView>,
    new: BTreeMap<String, RouteView>,
) -> Vec<RouteChange> {
    let mut changes = Vec::new();
    for (host, after) in new {
        let before = old.remove(&host);
        let is_same = before.as_ref().is_some_and(|before| {
            before.service == after.service && before.subdomains == after.subdomains
        });
        if !is_same {
            changes.push(RouteChange {
                host,
                before,
                after: Some(after),
            });
        }
    }
    changes.extend(old.into_iter().map(|(host, before)| RouteChange {
        host,
        before: Some(before),
        after: None,
    }));
    changes.sort_by(|a, b| a.host.cmp(&b.host));
    changes
}

/// The services that a host leads to.
fn served(routes: &BTreeMap<String, RouteView>) -> BTreeSet<String> {
    routes.values().map(|route| route.service.clone()).collect()
}

type States = BTreeMap<String, ServiceState>;

/// The services of a table; of one that does not list them, those that have a host.
fn states(view: &RoutesView) -> States {
    let Some(services) = &view.services else {
        let states = view.routes.iter().map(|route| {
            let upstreams = route.upstreams.clone();
            let state = ServiceState {
                upstreams,
                ..ServiceState::default()
            };
            (route.service.clone(), state)
        });
        return states.collect();
    };
    let states = services.iter().map(|service| {
        let state = ServiceState {
            serving: Some(service.serving),
            reason: service.reason.clone(),
            upstreams: service.upstreams.clone(),
        };
        (service.name.clone(), state)
    });
    states.collect()
}

fn services(
    old: &States,
    new: &States,
    was_served: &BTreeSet<String>,
    is_served: &BTreeSet<String>,
) -> Vec<ServiceChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter_map(|name| {
        let (before, after) = (old.get(name), new.get(name));
        let differs = match (before, after) {
            (Some(before), Some(after)) => {
                before.moved(after) || before.turned(after) || !before.resighted(after).is_empty()
            }
            // Where a host comes or goes with it, that has been said.
            (Some(_), None) => !was_served.contains(name),
            (None, Some(_)) => !is_served.contains(name),
            (None, None) => false,
        };
        differs.then(|| ServiceChange {
            service: name.clone(),
            before: before.cloned(),
            after: after.cloned(),
        })
    });
    changed.collect()
}

fn conflicts(old: &[ConflictView], new: &[ConflictView]) -> Vec<ConflictChange> {
    let by_host = |views: &[ConflictView]| -> BTreeMap<String, ConflictView> {
        let views = views.iter().map(|view| (view.host.clone(), view.clone()));
        views.collect()
    };
    let (mut old, new) = (by_host(old), by_host(new));
    let mut changes = Vec::new();
    for (host, after) in new {
        let before = old.remove(&host);
        if before
            .as_ref()
            .is_none_or(|before| is_other(before, &after))
        {
            changes.push(ConflictChange {
                host,
                before,
                after: Some(after),
            });
        }
    }
    changes.extend(old.into_iter().map(|(host, before)| ConflictChange {
        host,
        before: Some(before),
        after: None,
    }));
    changes.sort_by(|a, b| a.host.cmp(&b.host));
    changes
}

/// Whether others claim the host, or another has it.
fn is_other(a: &ConflictView, b: &ConflictView) -> bool {
    let claimants = |view: &ConflictView| -> BTreeSet<String> {
        let names = view.claimants.iter().map(|it| it.service.clone());
        names.collect()
    };
    a.holder != b.holder || claimants(a) != claimants(b)
}

/// The addresses in order, with the node each belongs to.
fn addresses(state: &ServiceState) -> BTreeSet<(&str, Option<&str>)> {
    let addresses = state
        .upstreams
        .iter()
        .map(|upstream| (upstream.address.as_str(), upstream.node.as_deref()));
    addresses.collect()
}
