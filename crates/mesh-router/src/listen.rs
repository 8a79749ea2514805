//! Which port to listen on.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use anyhow::Context as _;
use proxy::{BindError, HandedOver, ListenAddress, Listeners};
use routes::Origin;

use crate::config::{Listen, Place};

#[cfg(test)]
mod tests;

/// The port that is tried first where none is asked for.
pub(crate) const PORT_FIRST: u16 = 4000;

/// Ports that are tried before giving up.
const PORTS_MAX: u16 = 100;

/// A port that an endpoint declares for itself, and where.
pub(crate) type Declared = (u16, Origin);

/// A port asked for that an endpoint declares too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clash {
    /// The address asked for.
    address: SocketAddr,
    /// Where it was asked for.
    place: Place,
    /// Where the endpoint declares the port.
    origin: Origin,
}

impl Clash {
    /// Where the endpoint declares the port.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            place,
            origin,
        } = self;
        let port = address.port();
        write!(
            f,
            "{place}: {address} is an endpoint's port ({origin} declares {port}), change one of the two"
        )
    }
}

impl std::error::Error for Clash {}

/// A port that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// An endpoint declares it.
    Declared(u16, Origin),
    /// Somebody holds it: who, where the system tells.
    Held(u16, Option<String>),
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared(port, origin) => write!(f, "{port} is declared in {origin}"),
            Self::Held(port, Some(holder)) => write!(f, "{port} is taken by {holder}"),
            Self::Held(port, None) => write!(f, "{port} is taken"),
        }
    }
}

/// What was bound.
#[derive(Debug)]
pub(crate) struct Bound {
    /// Listening, not yet accepting.
    pub(crate) listeners: Listeners,
    /// The ports passed over on the way.
    pub(crate) passed: Vec<Passed>,
}

/// Binds the addresses asked for, or takes the sockets that were handed over for them.
pub(crate) fn bind_asked(
    asked: &[Listen],
    declared: &[Declared],
    workers: usize,
    handed: &mut HandedOver,
) -> anyhow::Result<Bound> {
    if let Some(clash) = clash(asked, declared) {
        return Err(clash.into());
    }
    let addresses: Vec<_> = asked.iter().map(|listen| listen.address.clone()).collect();
    let listeners = match handed.listens().is_empty() {
        true => bind_as_one(&addresses, |addresses| {
            proxy::bind(addresses, workers, handed)
        })?,
        // Those that asked for any port have theirs.
        false => proxy::bind(&addresses, workers, handed)?,
    };
    Ok(Bound {
        listeners,
        passed: Vec::new(),
    })
}

/// Binds addresses of which several ask for any free port to one that is free on each of them: a host's
/// name leads to `::1` and `127.0.0.1` at the same port.
fn bind_as_one<T>(
    addresses: &[ListenAddress],
    mut bind: impl FnMut(&[ListenAddress]) -> Result<T, BindError>,
) -> Result<T, BindError> {
    /// Another program may take the port between the looking and the binding.
    const TRIES: usize = 16;
    let is_open = |it: &&ListenAddress| matches!(it, ListenAddress::Tcp(at) if at.port() == 0);
    let open: Vec<&ListenAddress> = addresses.iter().filter(is_open).collect();
    let has_doubles = open
        .iter()
        .enumerate()
        .any(|(at, it)| open[..at].contains(it));
    let (Some(ListenAddress::Tcp(first)), false) = (open.first(), has_doubles || open.len() < 2)
    else {
        return bind(addresses);
    };
    for _ in 0..TRIES {
        let Ok(port) = TcpListener::bind(first).and_then(|it| Ok(it.local_addr()?.port())) else {
            break;
        };
        let resolved = addresses.iter().map(|address| match address {
            ListenAddress::Tcp(at) if at.port() == 0 => {
                ListenAddress::Tcp(SocketAddr::new(at.ip(), port))
            }
            ListenAddress::Tcp(_) | ListenAddress::Unix(_) => address.clone(),
        });
        let resolved: Vec<_> = resolved.collect();
        match bind(&resolved) {
            Err(BindError::Taken { address, .. }) if address.port() == port => {}
            bound => return bound,
        }
    }
    bind(addresses)
}

/// Binds the first port from 4000 on loopback that no service uses and nobody holds.
pub(crate) fn bind_free(in_use: &[Declared], workers: usize) -> anyhow::Result<Bound> {
    let ipv6 = has_ipv6_loopback();
    let (listeners, passed) = first_free(in_use, |port| {
        proxy::bind(&loopback(port, ipv6), workers, &mut HandedOver::default())
    })?;
    Ok(Bound { listeners, passed })
}

/// Finds the first address whose port an endpoint declares: one of the two could never listen.
pub(crate) fn clash(asked: &[Listen], declared: &[Declared]) -> Option<Clash> {
    asked.iter().find_map(|listen| {
        let ListenAddress::Tcp(address) = listen.address else {
            return None;
        };
        let (_, origin) = declared.iter().find(|(port, _)| *port == address.port())?;
        Some(Clash {
            address,
            place: listen.place.clone(),
            origin: origin.clone(),
        })
    })
}

/// Tries ports from 4000 on, passing over those that endpoints declare and those that are held.
fn first_free<T>(
    declared: &[Declared],
    mut bind: impl FnMut(u16) -> Result<T, BindError>,
) -> anyhow::Result<(T, Vec<Passed>)> {
    let mut passed = Vec::new();
    for port in PORT_FIRST..PORT_FIRST + PORTS_MAX {
        if let Some((_, origin)) = declared.iter().find(|(declared, _)| *declared == port) {
            passed.push(Passed::Declared(port, origin.clone()));
            continue;
        }
        match bind(port) {
            Ok(bound) => return Ok((bound, passed)),
            Err(BindError::Taken { holder, .. }) => passed.push(Passed::Held(port, holder)),
            Err(error) => return Err(error.into()),
        }
    }
    let last = passed.last().map(ToString::to_string).unwrap_or_default();
    let range = format!("{PORT_FIRST} to {}", PORT_FIRST + PORTS_MAX - 1);
    Err(anyhow::anyhow!(last))
        .with_context(|| format!("no port from {range} is free, choose one with --listen"))
}

/// The addresses that `run` would choose on a machine where nobody else listens.
pub(crate) fn undeclared(in_use: &[Declared]) -> Vec<ListenAddress> {
    let is_free = |port: &u16| in_use.iter().all(|(used, _)| used != port);
    let port = (PORT_FIRST..PORT_FIRST + PORTS_MAX).find(is_free);
    loopback(port.unwrap_or(PORT_FIRST), has_ipv6_loopback())
}

/// Browsers resolve `auth.localhost` to `::1` before `127.0.0.1`, so both are listened on.
pub(crate) fn loopback(port: u16, ipv6: bool) -> Vec<ListenAddress> {
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let addresses = [Some(v4), ipv6.then_some(v6)];
    addresses
        .into_iter()
        .flatten()
        .map(ListenAddress::Tcp)
        .collect()
}

/// Returns whether this machine has `::1`: many containers don't.
pub(crate) fn has_ipv6_loopback() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}
