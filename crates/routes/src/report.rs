//! What one source knows now: everything, never a difference.

use std::fmt;

use crate::{Adapter, Finding, Host, Origin, Serving, Subdomains, Upstream};

/// A way of discovery, the better informed greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `config/*.exs`, read without running Elixir.
    Config,
    /// A release's `sys.config` and `runtime.exs`.
    Release,
    /// Pushed by the Hex package.
    Package,
    /// A running BEAM node.
    Node,
    /// `mesh-router.toml`: adds to or overrides anything, by host.
    Static,
}

impl Source {
    /// The name in JSON, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Release => "release",
            Self::Package => "package",
            Self::Node => "node",
            Self::Static => "static",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything one source knows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who speaks.
    pub source: Source,
    /// Set when the source failed since: this is the last it could say.
    pub stale: bool,
    /// The endpoints and services it knows.
    pub endpoints: Vec<Reported>,
    /// What it could not use.
    pub findings: Vec<Finding>,
}

/// One endpoint as one source knows it, on one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reported {
    /// The service it belongs to: the endpoint's module, or a name from `mesh-router.toml`.
    pub service: String,
    /// The OTP application.
    pub app: Option<String>,
    /// The Erlang node, where known.
    pub node: Option<String>,
    /// The hosts it claims.
    pub claims: Vec<Claim>,
    /// Where it can be reached.
    pub upstreams: Vec<Upstream>,
    /// The web server.
    pub adapter: Adapter,
    /// Whether it listens.
    pub serving: Serving,
    /// Where the endpoint was found (its module's file, or the table in `mesh-router.toml`).
    pub origin: Option<Origin>,
}

/// Why a host is claimed, the stronger greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    /// Derived from the application's name, in development only.
    Development,
    /// The endpoint's own `url: [host: …]`.
    Own,
    /// Written in `mesh-router.toml`.
    Static,
}

/// A host that an endpoint claims.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The host.
    pub host: Host,
    /// What becomes of its subdomains.
    pub subdomains: Subdomains,
    /// Why it is claimed.
    pub kind: ClaimKind,
    /// Where it was written.
    pub origin: Option<Origin>,
}
