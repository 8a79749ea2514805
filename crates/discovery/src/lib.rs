//! The control plane: sources report, one registry publishes.
//!
//! ```text
//! project's files ──open──▶ Project ──read──▶ Reading ──Report──▶ Registry ──Published──▶ workers
//!        └──────────────watch_project─────────────────────────────▲
//! mesh-router.toml ──report_static──▶ Report ─────────────────────┤
//! running nodes ──Nodes──▶ Report ────────────────────────────────┤
//! VMs that report by themselves ──Vms──▶ Report ──────────────────┘
//! ```
//!
//! It is not on the request path, it never runs the project's code, and it does not interpret
//! Erlang terms: `elixir-config` evaluates them and `phoenix` says what they mean.
//!
//! Start with `opened` (what a project is, and the settings that decide what it means), then
//! `project` (which files are read), `source` (what becomes of them) and `registry` (who publishes).
//!
//! Invariants: the registry is the only writer of the table; a source that fails keeps its last
//! report, marked stale; every file asked for, found or not, is watched.

mod files;
mod node_status;
mod opened;
mod project;
mod registry;
mod settings;
mod source;
mod source_status;
mod watch;
mod wildcard;

#[cfg(test)]
mod tests;

pub use erldist::{
    Cookie, CookieError, CookieFile, NodeName, Strictness, Target, Tls, TlsError,
    tls::{Identity as TlsIdentity, TlsFiles as TlsPaths},
};
pub use node_status::{NodeState, NodeStatus};
pub use opened::{Again, How, Place, Project, Reading, Wanted, open};
pub use project::{ProjectError, find_root};
pub use registry::{PAUSE_MAX, Pause, PauseError, Registry, RegistryHandle};
pub use settings::{GatewaySetting, SettingValue, SettingWord};
pub use source::node::{Access, Following, NodeSettings, Nodes, NodesHandle, Place as EpmdPlace};
pub use source::package::{
    Counted, Counts, Frames, FromVm, GreetError, Hello, LogLevel, LogLine, Outbox, Parent, Parting,
    RouteTold, ToVm, TooLong, Unreadable, Vms, VmsHandle, greet,
};
pub use source::release::{find_release, is_release};
pub use source::static_route::{StaticRoute, StaticTarget, report_static};
pub use source_status::SourceStatus;
pub use watch::{log_finding, watch_project};
