//! The immutable table that workers match against.

use std::{collections::HashMap, sync::Arc};

use crate::{ClaimKind, Finding, Host, Origin, Service, Settings, Source};

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
    /// Host → index into `routes`.
    pub(crate) index: HashMap<Box<str>, usize>,
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

impl Snapshot {
    /// Finds where `host` leads: exact, else the longest suffix whose policy allows it, else the default.
    pub fn find(&self, _host: &Host) -> Option<Found<'_>> { todo!() }
}

impl Snapshot {
    /// Returns the service with this slot, if it is still in the table.
    pub fn by_slot(&self, _slot: u32) -> Option<&Service> { todo!() }
}
