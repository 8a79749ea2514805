//! Where a service can be reached.

use std::{fmt, net::SocketAddr, path::PathBuf};

use crate::{Adapter, Origin, Source};

/// An address to dial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address and port.
    Tcp(SocketAddr),
    /// A Unix socket's path.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// One address that serves a service, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Upstream {
    /// Where to dial.
    pub address: Address,
    /// The Erlang node it belongs to, where known.
    pub node: Option<String>,
    /// The source that reported it.
    pub source: Source,
    /// The web server behind it, which decides how long an idle connection may be reused.
    pub adapter: Adapter,
    /// Where it was written, if in a file.
    pub origin: Option<Origin>,
}

impl Upstream {
    /// Returns an upstream as `mesh-router.toml` would give it: no node, adapter not known.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            node: None,
            source: Source::Static,
            adapter: Adapter::Unknown,
            origin: None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}
