//! The immutable table that workers match against.

use std::{collections::HashMap, fmt, sync::Arc};

use crate::{ClaimKind, Finding, Host, Origin, Service, Settings, Source};

#[cfg(test)]
mod tests;

/// The table at one moment. Never changes; numbered by generation.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// 0 for the empty table before the first merge; then one more each time the table changes.
    pub generation: u64,
    /// Sorted by name.
    pub services: Vec<Service>,
    /// Sorted by host.
    pub routes: Vec<Route>,
    /// Index into `services` of the service that gets unknown hosts.
    pub default: Option<usize>,
    /// Sorted by host.
    pub conflicts: Vec<Conflict>,
    /// Sorted by severity (errors first), then code and origin.
    pub findings: Vec<Finding>,
    /// What [`Snapshot::find`] looks up.
    index: HashMap<Box<str>, Holding>,
    /// Slot and index into `services`, sorted.
    slots: Vec<(u32, usize)>,
}

/// A host that leads to one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host.
    pub host: Host,
    /// What becomes of its subdomains.
    pub subdomains: Subdomains,
    /// Index into [`Snapshot::services`].
    pub service: usize,
    /// Why the service has it.
    pub kind: ClaimKind,
    /// The source that claimed it.
    pub source: Source,
    /// Where it was written.
    pub origin: Option<Origin>,
}

/// What becomes of a host's subdomains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subdomains {
    /// A single label more leads to the same service, as TLS wildcards do.
    #[default]
    One,
    /// Any number of labels more.
    Any,
    /// Only the host itself.
    None,
}

/// Two or more services claim one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The host.
    pub host: Host,
    /// The service that has it; `None` where production could not decide.
    pub holder: Option<String>,
    /// All that claim it, the holder included, sorted, with where each says so.
    pub claimants: Vec<(String, Option<Origin>)>,
}

/// Where a host leads.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Index into [`Snapshot::services`].
    pub service: usize,
    /// The rule that matched.
    pub rule: Rule,
    /// The route; `None` for the default service.
    pub route: Option<&'a Route>,
}

/// Which rule led a host to its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The route's host is the host.
    Exact,
    /// The route's host is a suffix of it.
    Subdomain,
    /// No route matched; the default service has it.
    Default,
}

/// What the registry publishes and workers apply.
#[derive(Clone, Debug)]
pub struct Published {
    /// One more at each publication, of table or settings.
    pub generation: u64,
    /// The table.
    pub snapshot: Arc<Snapshot>,
    /// The operator's settings.
    pub settings: Arc<Settings>,
}

/// Who has a host that the table knows.
#[derive(Clone, Copy, Debug)]
enum Holding {
    /// The route with this index.
    Route(usize),
    /// Nobody: production could not decide between those who claim it.
    Contested,
}

impl Snapshot {
    /// Builds a table of generation 1 by hand, for whoever has no reports to merge (tests above all).
    ///
    /// ```text
    /// let upstream = Upstream::new(address.into());
    /// let service = Service::new("AuthWeb.Endpoint", 0, vec![upstream]);
    /// Snapshot::new(vec![service], vec![Route::new(Host::parse("auth.local")?, 0)], None)
    /// ```
    ///
    /// [`Route::service`] and `default` are indices into `services` as given here; the table sorts
    /// both lists. Of two routes for one host the first is kept; a route or default that leads to no
    /// service is left out. Slots stay as given.
    pub fn new(services: Vec<Service>, routes: Vec<Route>, default: Option<usize>) -> Self {
        let mut sorted: Vec<(usize, Service)> = services.into_iter().enumerate().collect();
        sorted.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let moved = |given: usize| sorted.iter().position(|(before, _)| *before == given);
        let default = default.and_then(moved);
        let mut routes: Vec<Route> = routes
            .into_iter()
            .filter_map(|route| {
                let service = moved(route.service)?;
                let subdomains = route.subdomains.of(&route.host);
                Some(Route {
                    service,
                    subdomains,
                    ..route
                })
            })
            .collect();
        routes.sort_by(|a, b| a.host.cmp(&b.host));
        routes.dedup_by(|later, kept| later.host == kept.host);
        let services = sorted.into_iter().map(|(_, service)| service).collect();
        Self::assemble(Table {
            services,
            routes,
            default,
            conflicts: Vec::new(),
        })
    }

    /// Indexes a sorted table; the generation is 1 and there are no findings yet.
    pub(crate) fn assemble(table: Table) -> Self {
        let Table {
            services,
            routes,
            default,
            conflicts,
        } = table;
        let held = routes
            .iter()
            .enumerate()
            .map(|(at, route)| (Box::from(route.host.as_str()), Holding::Route(at)));
        let contested = conflicts
            .iter()
            .filter(|conflict| conflict.holder.is_none())
            .map(|conflict| (Box::from(conflict.host.as_str()), Holding::Contested));
        let index = held.chain(contested).collect();
        let mut slots: Vec<(u32, usize)> = services
            .iter()
            .enumerate()
            .map(|(at, service)| (service.slot, at))
            .collect();
        slots.sort_unstable();
        Self {
            generation: 1,
            services,
            routes,
            default,
            conflicts,
            findings: Vec::new(),
            index,
            slots,
        }
    }

    /// Finds where `host` leads: its own route, else the longest suffix whose policy allows it, else
    /// the default service.
    ///
    /// A nearer suffix whose policy does not allow the host does not end the search. A host that is
    /// claimed by several and held by none does: neither it nor what lies below it may fall to a
    /// third service, whose tenant it would become.
    pub fn find(&self, host: &Host) -> Option<Found<'_>> {
        match self.index.get(host.as_str()) {
            Some(Holding::Route(at)) => return Some(self.found(*at, Rule::Exact)),
            Some(Holding::Contested) => return None,
            None => {}
        }
        for (above, parent) in host.parents().enumerate() {
            let more = above.saturating_add(1);
            match self.index.get(parent) {
                Some(Holding::Route(at)) if self.routes[*at].subdomains.allow(more) => {
                    return Some(self.found(*at, Rule::Subdomain));
                }
                Some(Holding::Contested) => return None,
                Some(Holding::Route(_)) | None => {}
            }
        }
        self.default.map(|service| Found {
            service,
            rule: Rule::Default,
            route: None,
        })
    }

    /// Returns the service with this slot, if it is still in the table.
    pub fn by_slot(&self, slot: u32) -> Option<&Service> {
        let at = self.slots.binary_search_by_key(&slot, |(slot, _)| *slot);
        let (_, service) = self.slots.get(at.ok()?)?;
        self.services.get(*service)
    }

    /// Returns the service with this name.
    pub fn by_name(&self, name: &str) -> Option<&Service> {
        let at = self
            .services
            .binary_search_by(|service| service.name.as_str().cmp(name));
        self.services.get(at.ok()?)
    }

    /// Returns the host in the table that looks most like `host`, for "did you mean" on a 404 page.
    ///
    /// What both end in (`.localhost`) tells nothing and isn't compared. Looks at every route: for
    /// error pages in development, not for the request path.
    pub fn nearest(&self, host: &Host) -> Option<&Host> {
        let near = self.routes.iter().filter_map(|route| {
            let (asked, known) = without_common_parents(host.as_str(), route.host.as_str());
            let wrong_max = asked.len().min(known.len()) / 2;
            // The lengths alone often say enough, and cost nothing.
            if asked.len().abs_diff(known.len()) > wrong_max {
                return None;
            }
            let wrong = strsim::osa_distance(asked, known);
            (wrong <= wrong_max).then_some((wrong, &route.host))
        });
        near.min().map(|(_, host)| host)
    }

    /// Returns the service that has exactly this host, without regard to subdomains and default.
    pub(crate) fn holder(&self, host: &Host) -> Option<&Service> {
        match self.index.get(host.as_str())? {
            Holding::Route(at) => self.services.get(self.routes[*at].service),
            Holding::Contested => None,
        }
    }

    /// Returns whether both lead every host to the same place; findings don't count.
    pub(crate) fn is_same_table(&self, other: &Self) -> bool {
        self.services == other.services
            && self.routes == other.routes
            && self.default == other.default
            && self.conflicts == other.conflicts
    }

    fn found(&self, at: usize, rule: Rule) -> Found<'_> {
        let route = &self.routes[at];
        Found {
            service: route.service,
            rule,
            route: Some(route),
        }
    }
}

/// Drops the labels that both names end in: `a.b.test` and `x.test` give `a.b` and `x`.
fn without_common_parents<'a>(mut a: &'a str, mut b: &'a str) -> (&'a str, &'a str) {
    while let (Some((a_front, a_last)), Some((b_front, b_last))) =
        (a.rsplit_once('.'), b.rsplit_once('.'))
        && a_last == b_last
    {
        (a, b) = (a_front, b_front);
    }
    (a, b)
}

/// What a snapshot is made of: services sorted by name, the rest by host.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) services: Vec<Service>,
    pub(crate) routes: Vec<Route>,
    pub(crate) default: Option<usize>,
    pub(crate) conflicts: Vec<Conflict>,
}

impl Route {
    /// Returns a route to the service at index `service`, with the default policy, as
    /// `mesh-router.toml` would give it.
    pub fn new(host: Host, service: usize) -> Self {
        Self {
            host,
            subdomains: Subdomains::default(),
            service,
            kind: ClaimKind::Static,
            source: Source::Static,
            origin: None,
        }
    }
}

impl Subdomains {
    /// The name in configuration and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Any => "any",
            Self::None => "none",
        }
    }

    /// Returns whether a host with `more` labels in front of the route's host is led there.
    pub fn allow(self, more: usize) -> bool {
        match self {
            Self::One => more == 1,
            Self::Any => true,
            Self::None => false,
        }
    }

    /// Returns what is left of the policy for this host: an IP address has no subdomains.
    pub(crate) fn of(self, host: &Host) -> Self {
        if host.is_ip() { Self::None } else { self }
    }
}

impl fmt::Display for Subdomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Rule {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Subdomain => "subdomain",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
