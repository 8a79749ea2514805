//! Where a service can be reached.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use crate::{Adapter, Origin, Source};

#[cfg(test)]
mod tests;

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

impl Address {
    /// Returns whether dialling it stays on this machine, which besides loopback has the addresses
    /// `machine`.
    pub fn is_local(&self, machine: &[IpAddr]) -> bool {
        let ip = match self {
            Self::Tcp(address) => address.ip().to_canonical(),
            Self::Unix(_) => return true,
        };
        // To dial an unspecified address is to dial this machine.
        ip.is_loopback() || ip.is_unspecified() || machine.iter().any(|it| it.to_canonical() == ip)
    }
}

/// Whether who reported an upstream can still see it, the better greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// The link to its node was lost, which says nothing of the app: it is chosen last, and dialled
    /// still.
    Unconfirmed,
    /// Its source stands by it.
    #[default]
    Confirmed,
}

impl Sight {
    /// The `state` of an upstream in JSON and logs; `None` where there is nothing to say.
    pub fn state(self) -> Option<&'static str> {
        match self {
            Self::Unconfirmed => Some("unconfirmed"),
            Self::Confirmed => None,
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
    /// Whether its source can still see it.
    pub sight: Sight,
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
            sight: Sight::Confirmed,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}
