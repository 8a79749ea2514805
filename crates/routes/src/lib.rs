//! The words both planes share: hosts, services, reports, and the snapshot that workers match against.
//!
//! A source says all it knows in a [`Report`]; [`merge()`] turns the reports into the next
//! [`Snapshot`]; a worker asks the snapshot where a [`Host`] leads.
//!
//! ```text
//! Report, Report, …  ──merge(&previous)──▶  Snapshot  ──find(&host)──▶  Service ──▶ Upstream
//! ```
//!
//! It is not a registry, and it knows no files, sockets, clocks, or tenants.
//!
//! Start with `host`, then `report`, `merge` and `snapshot`.
//!
//! Invariants: no clock and no I/O; given the previous snapshot, a merge does not depend on the
//! order of the reports; whoever holds a host keeps it.

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
pub use settings::{ForwardedProto, Limits, Mode, Settings, Timeouts, TrustedProxies};
pub use snapshot::{Conflict, Found, Published, Route, Rule, Snapshot, Subdomains};
pub use upstream::{Address, Upstream};
