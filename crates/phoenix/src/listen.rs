//! Where an endpoint listens: `http: [ip:, port:]`, or `url: [port:]` where nothing else is known.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use erlterm::Term;
use routes::{Address, Origin};

use crate::{
    Machine, PrivateSockets, Setting,
    endpoint::Settings,
    running::{Running, reached, running},
    value::{is_atom, resolve, shown, text},
};

/// The port of an `http:` that names none, in both of Phoenix's adapters.
const DEFAULT_PORT: u16 = 4000;

/// Ports by which `url:` means the public ones, in front of whatever terminates TLS.
const PUBLIC_PORTS: [u16; 2] = [80, 443];

/// Where an endpoint listens, as far as its settings tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listens {
    /// `http:` says so.
    At(Address, Origin),
    /// There is no `http:`; `url: [port:]` is all there is.
    AtUrlPort(u16, Origin),
    /// There is no `http:`, and the port of `url:` is the public one.
    PublicPort(u16, Origin),
    /// Only `https:` is set.
    HttpsOnly(Origin),
    /// No listener is configured; where that is said, if anywhere.
    Nowhere(Option<Origin>),
    /// The Hex package gives it a private socket when it starts, which only its VM knows.
    Private,
    /// It runs and does not listen; why, in a short clause.
    Silent(String),
    /// It runs and listens where only its own machine reaches it, which is another than ours.
    Elsewhere(Address),
    /// It listens somewhere.
    Unknown {
        /// Why that is not known, in a short clause.
        why: String,
        /// Where knowledge ended.
        origin: Origin,
    },
}

impl Listens {
    /// The address to dial.
    pub(crate) fn address(&self) -> Option<(Address, &Origin)> {
        match self {
            Self::At(address, origin) => Some((address.clone(), origin)),
            Self::AtUrlPort(port, origin) => Some((loopback(*port), origin)),
            Self::PublicPort(..)
            | Self::HttpsOnly(_)
            | Self::Nowhere(_)
            | Self::Private
            | Self::Silent(_)
            | Self::Elsewhere(_)
            | Self::Unknown { .. } => None,
        }
    }
}

/// Reads where an endpoint listens.
pub(crate) fn listens(settings: &Settings<'_>) -> Listens {
    let configured = http(settings);
    let flags = configured.as_ref().map(|(http, _)| http);
    if let Some(running) = running(settings, flags.unwrap_or(&Http::default())) {
        return match running {
            Running::At(address) => Listens::At(address, settings.found()),
            Running::Elsewhere(address) => Listens::Elsewhere(address),
            Running::Nowhere(why) => Listens::Silent(why),
        };
    }
    let listens = match configured {
        Ok((http, origin)) => match http.address(settings) {
            Ok(Ok(address)) => Listens::At(address, origin),
            Ok(Err(elsewhere)) => Listens::Elsewhere(elsewhere),
            Err(why) => Listens::Unknown { why, origin },
        },
        Err(listens) => listens,
    };
    match settings.project.private {
        Some(private) if is_private(&listens, private) => Listens::Private,
        Some(_) | None => listens,
    }
}

/// Whether the Hex package opens a private socket for an endpoint that would listen so.
fn is_private(listens: &Listens, private: &PrivateSockets) -> bool {
    match listens {
        Listens::At(Address::Tcp(address), _) => {
            private.all || private.ports.contains(&address.port())
        }
        Listens::At(Address::Unix(_), _) | Listens::Elsewhere(_) | Listens::Unknown { .. } => {
            private.all
        }
        Listens::AtUrlPort(..)
        | Listens::PublicPort(..)
        | Listens::HttpsOnly(_)
        | Listens::Nowhere(_)
        | Listens::Private => true,
        Listens::Silent(_) => false,
    }
}

fn loopback(port: u16) -> Address {
    Address::Tcp(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
}

/// What `http:` says, option by option.
#[derive(Debug, Default)]
pub(crate) struct Http {
    ip: Option<Term>,
    port: Option<Term>,
    inet6: bool,
    ipv6_only: bool,
}

fn http(settings: &Settings<'_>) -> Result<(Http, Origin), Listens> {
    match settings.raw(&["http"]) {
        Setting::Absent => Err(without_http(settings, None)),
        Setting::Known(Term::List(options), origin) => {
            // The line of the port says more than the line where the list begins.
            let origin = match settings.raw(&["http", "port"]) {
                Setting::Known(_, port) => port,
                Setting::Absent | Setting::Unknown { .. } => origin,
            };
            Ok((Http::of(&options), origin))
        }
        Setting::Known(term, origin) if is_atom(&term, "false") || is_atom(&term, "nil") => {
            Err(without_http(settings, Some(origin)))
        }
        Setting::Known(term, origin) => Err(Listens::Unknown {
            why: format!("http: {} is no list of options", shown(&term)),
            origin,
        }),
        Setting::Unknown { why, origin } => http_by_parts(settings, why, origin),
    }
}

/// Something in `http:` is unknown; it may be what doesn't matter here.
fn http_by_parts(
    settings: &Settings<'_>,
    why: String,
    origin: Origin,
) -> Result<(Http, Origin), Listens> {
    let known = |option: &str| match settings.raw(&["http", option]) {
        Setting::Absent => Ok(None),
        Setting::Known(term, origin) => Ok(Some((term, origin))),
        Setting::Unknown { why, origin } => Err(Listens::Unknown { why, origin }),
    };
    // Without a port to be seen, the unknown part may well hold it.
    let Some((port, at)) = known("port")? else {
        return Err(Listens::Unknown { why, origin });
    };
    let flag = |option: &str, value: &str| {
        known(option).map(|known| known.is_some_and(|(term, _)| is_atom(&term, value)))
    };
    let http = Http {
        ip: known("ip")?.map(|(term, _)| term),
        port: Some(port),
        inet6: flag("net", "inet6")?,
        ipv6_only: flag("ipv6_v6only", "true")?,
    };
    Ok((http, at))
}

fn without_http(settings: &Settings<'_>, http: Option<Origin>) -> Listens {
    match settings.raw(&["https"]) {
        Setting::Known(Term::List(_), origin) | Setting::Unknown { origin, .. } => {
            return Listens::HttpsOnly(origin);
        }
        Setting::Known(..) | Setting::Absent => {}
    }
    match settings.get(&["url", "port"]) {
        Setting::Absent => nowhere(settings, http),
        Setting::Unknown { why, origin } => Listens::Unknown { why, origin },
        Setting::Known(term, origin) => match port(&term) {
            Ok(port) if PUBLIC_PORTS.contains(&port) || is_https(settings) => {
                Listens::PublicPort(port, origin)
            }
            Ok(port) => Listens::AtUrlPort(port, origin),
            Err(why) => Listens::Unknown { why, origin },
        },
    }
}

/// What init/2 may add is worth a dial, so an endpoint that has one isn't called silent.
fn nowhere(settings: &Settings<'_>, http: Option<Origin>) -> Listens {
    let module = settings.module;
    match (&module.origin, module.init) {
        (Some(origin), Some(line)) => Listens::Unknown {
            why: "there is no `http:`, and its init/2 may add one".to_owned(),
            origin: Origin {
                file: origin.file.clone(),
                line,
            },
        },
        (None | Some(_), _) => Listens::Nowhere(http),
    }
}

/// A scheme that isn't known may be https, and a wrong address is worse than none.
fn is_https(settings: &Settings<'_>) -> bool {
    match settings.get(&["url", "scheme"]) {
        Setting::Absent => false,
        Setting::Known(term, _) => text(&term).as_deref() != Some("http"),
        Setting::Unknown { .. } => true,
    }
}

impl Http {
    /// Reads the options; of several with one name the first counts, as in `Keyword.get/2`.
    fn of(options: &[Term]) -> Self {
        let mut http = Self::default();
        for option in options {
            match option {
                Term::Atom(name) if name == "inet6" => http.inet6 = true,
                Term::Tuple(pair) => {
                    if let [Term::Atom(name), value] = pair.as_slice() {
                        http.set(name, value);
                    }
                }
                _ => {}
            }
        }
        http
    }

    fn set(&mut self, name: &str, value: &Term) {
        match name {
            "ip" if self.ip.is_none() => self.ip = Some(value.clone()),
            "port" if self.port.is_none() => self.port = Some(value.clone()),
            "net" => self.inet6 |= is_atom(value, "inet6"),
            "ipv6_v6only" => self.ipv6_only |= is_atom(value, "true"),
            _ => {}
        }
    }

    /// Where to dial; the inner error is an address that only its own machine reaches.
    fn address(&self, settings: &Settings<'_>) -> Result<Result<Address, Address>, String> {
        let project = settings.project;
        if let Some(path) = self.ip.as_ref().and_then(local) {
            let address = unix(path, project.root)?;
            return Ok(match settings.machine() {
                Machine::This => Ok(address),
                Machine::Other(_) => Err(address),
            });
        }
        let ip = match &self.ip {
            None => self.any(),
            Some(term) => ip(term, self)?,
        };
        let port = match &self.port {
            None => DEFAULT_PORT,
            Some(term) => port(&resolve(term.clone(), project.vars)?)?,
        };
        let at = |ip| Address::Tcp(SocketAddr::new(ip, port));
        let reached = reached(settings.machine(), self, ip);
        Ok(reached.map(at).ok_or_else(|| at(ip)))
    }

    fn any(&self) -> IpAddr {
        if self.inet6 {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            Ipv4Addr::UNSPECIFIED.into()
        }
    }

    /// Where to dial a listener bound to `bound`: all interfaces are reached by loopback. `::` takes
    /// IPv4 as well on the systems that Phoenix runs on, unless told not to.
    pub(crate) fn dialled(&self, bound: IpAddr) -> IpAddr {
        match bound.to_canonical() {
            IpAddr::V6(ip) if ip.is_unspecified() && self.ipv6_only => Ipv6Addr::LOCALHOST.into(),
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            ip => ip,
        }
    }
}

/// Returns the path if `term` is `{:local, path}`.
pub(crate) fn local(term: &Term) -> Option<&Term> {
    let Term::Tuple(parts) = term else {
        return None;
    };
    match parts.as_slice() {
        [tag, path] if is_atom(tag, "local") => Some(path),
        _ => None,
    }
}

/// Reads a socket's path, a relative one below `root`.
pub(crate) fn unix(path: &Term, root: &Path) -> Result<Address, String> {
    match text(path) {
        // A leading NUL is Linux's abstract namespace, which has no path.
        Some(path) if !path.is_empty() && !path.contains('\0') => {
            Ok(Address::Unix(root.join(path)))
        }
        Some(_) | None => Err(format!("{{:local, {}}} is no socket's path", shown(path))),
    }
}

/// Reads an address in any of the forms that adapters take.
pub(crate) fn ip(term: &Term, http: &Http) -> Result<IpAddr, String> {
    let parsed = match term {
        Term::Atom(name) if name == "any" || name == "nil" => Some(http.any()),
        Term::Atom(name) if name == "loopback" && http.inet6 => Some(Ipv6Addr::LOCALHOST.into()),
        Term::Atom(name) if name == "loopback" => Some(Ipv4Addr::LOCALHOST.into()),
        Term::Tuple(parts) => ip_tuple(parts),
        term => text(term).and_then(|text| text.parse().ok()),
    };
    parsed.ok_or_else(|| format!("ip: {} is no address", shown(term)))
}

fn ip_tuple(parts: &[Term]) -> Option<IpAddr> {
    let numbers: Option<Vec<i64>> = parts
        .iter()
        .map(|part| match part {
            Term::Integer(number) => Some(*number),
            _ => None,
        })
        .collect();
    let numbers = numbers?;
    if let Ok([a, b, c, d]) = <[i64; 4]>::try_from(numbers.as_slice()) {
        let byte = |number| u8::try_from(number).ok();
        return Some(Ipv4Addr::new(byte(a)?, byte(b)?, byte(c)?, byte(d)?).into());
    }
    let words: Option<Vec<u16>> = numbers.into_iter().map(|n| u16::try_from(n).ok()).collect();
    <[u16; 8]>::try_from(words?.as_slice())
        .ok()
        .map(|words| Ipv6Addr::from(words).into())
}

fn port(term: &Term) -> Result<u16, String> {
    let number = match term {
        Term::Integer(number) => u16::try_from(*number).ok(),
        term => text(term).and_then(|text| text.parse().ok()),
    };
    match number {
        Some(0) => Err("port 0 is chosen when the endpoint starts".to_owned()),
        Some(port) => Ok(port),
        None => Err(format!("port: {} is no port", shown(term))),
    }
}
