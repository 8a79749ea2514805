//! The words both planes share: hosts, services, reports, and the snapshot that workers match against.
//!
//! A source says all it knows in a [`Report`]; [`merge()`] turns the reports into the next
//! [`Snapshot`]; a worker asks the snapshot where a [`Host`] leads.
//!
//! ```text
//! Report, Report, …  ──merge(&previous)──▶  Snapshot  ──find(&host)──▶  Service ──▶ Upstream
//!                                              └── conflicts, findings: for people, not for workers
//! ```
//!
//! It is not a registry (nothing here changes or is shared), and it knows no files, sockets, clocks
//! or tenants: a tenant's host is a subdomain like any other.
//!
//! Start with `host`, then `report`, `merge` and `snapshot`. [`Settings`] stands apart: what the
//! operator sets for the data plane, published beside the table. Other crates' tests build a table
//! with [`Snapshot::new`].
//!
//! Invariants:
//! - A [`Host`] has one spelling; what could be read in two ways is no host.
//! - Given the previous snapshot, a merge does not depend on the order of the reports.
//! - Whoever holds a host keeps it while it claims it; only `mesh-router.toml` takes it away.
//! - A host that several claim and nobody has leads nowhere, and neither do its subdomains.
//! - A service keeps its slot while it is in the table; no two in one table share one.
//! - An endpoint that any source reports stays in the table, with or without an address.
//! - Whatever a merge leaves out is a [`Finding`] that says how to mend it.

pub mod finding;
pub mod host;
pub mod merge;
pub mod report;
pub mod service;
pub mod settings;
pub mod snapshot;
pub mod upstream;

pub use finding::{Finding, Origin, Severity};
pub use host::{Authority, HOST_BYTES_MAX, Host, HostError, LABEL_BYTES_MAX};
pub use merge::{Rules, merge};
pub use report::{Claim, ClaimKind, Report, Reported, Source};
pub use service::{Adapter, Service, Serving};
pub use settings::{ForwardedProto, Limits, Mode, Prefer, Settings, Timeouts, TrustedProxies};
pub use snapshot::{Conflict, Found, Published, Route, Rule, Snapshot, Subdomains};
pub use upstream::{Address, Sight, Upstream};
