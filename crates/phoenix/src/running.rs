//! What only a running endpoint knows: where it is really bound, and on which machine.

use std::net::{IpAddr, SocketAddr};

use erlterm::Term;
use routes::{Address, Finding, Severity};

use crate::{
    endpoint::Settings,
    finding::About,
    listen::{Http, ip, local, unix},
    value::{is_atom, shown},
};

/// What a running endpoint says of its listener.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Bound {
    /// Nobody could be asked: the settings are all there is.
    #[default]
    NotAsked,
    /// What `server_info(:http)` answered.
    Answered(Term),
    /// `server_info(:http)` raised, exited or took too long; which, in a short clause.
    Failed(String),
    /// The endpoint is not running.
    Stopped,
}

impl Bound {
    /// Returns whether it has, or may have, a listener now.
    pub fn may_listen(&self) -> bool {
        match self {
            Self::NotAsked => true,
            Self::Answered(term) => {
                let [tag, place] = term.as_tuple().unwrap_or_default() else {
                    return false;
                };
                let address = place.as_tuple().unwrap_or_default().first();
                is_atom(tag, "ok") && address.is_some_and(|it| !is_atom(it, "undefined"))
            }
            Self::Failed(_) | Self::Stopped => false,
        }
    }
}

/// The machine that an endpoint runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// Ours: loopback and Unix sockets lead there.
    #[default]
    This,
    /// Another, reached at this address.
    Other(IpAddr),
}

/// Where a running endpoint listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// Here.
    At(Address),
    /// Where only its own machine reaches it, which is another than ours.
    Elsewhere(Address),
    /// Nowhere; why, in a short clause.
    Nowhere(String),
}

/// Reads what the endpoint says of its listener; `None` where nobody could ask.
pub(crate) fn running(settings: &Settings<'_>, http: &Http) -> Option<Running> {
    let running = match settings.bound() {
        Bound::NotAsked => return None,
        Bound::Answered(term) => answered(settings, http, &term),
        Bound::Failed(why) => Running::Nowhere(format!("it can't say where it listens: {why}")),
        Bound::Stopped => Running::Nowhere("it is not running".to_owned()),
    };
    Some(running)
}

/// `{:ok, {ip, port}}`, `{:ok, {:local, path}}`, or one of the ways to say that there is no listener:
/// Bandit's `{:error, :no_server_found}` and, suspended, `:error`; Cowboy's `{:error, "…"}` and,
/// suspended, `{:ok, {:undefined, :undefined}}`.
fn answered(settings: &Settings<'_>, http: &Http, term: &Term) -> Running {
    let [tag, place] = term.as_tuple().unwrap_or_default() else {
        return Running::Nowhere(match is_atom(term, "error") {
            true => "its listener is suspended".to_owned(),
            false => not_understood(term),
        });
    };
    if is_atom(tag, "error") {
        return Running::Nowhere("it runs without a listener for http".to_owned());
    }
    let [address, port] = place.as_tuple().unwrap_or_default() else {
        return Running::Nowhere(not_understood(term));
    };
    if !is_atom(tag, "ok") {
        return Running::Nowhere(not_understood(term));
    }
    if is_atom(address, "undefined") {
        return Running::Nowhere("its listener is suspended".to_owned());
    }
    if let Some(path) = local(place) {
        return match (unix(path, settings.project.root), settings.machine()) {
            (Ok(address), Machine::This) => Running::At(address),
            (Ok(address), Machine::Other(_)) => Running::Elsewhere(address),
            (Err(why), _) => Running::Nowhere(why),
        };
    }
    let port = port.as_integer().and_then(|port| u16::try_from(port).ok());
    match (ip(address, http), port) {
        (Ok(ip), Some(port)) => match reached(settings.machine(), http, ip) {
            Some(ip) => Running::At(Address::Tcp(SocketAddr::new(ip, port))),
            None => Running::Elsewhere(Address::Tcp(SocketAddr::new(ip, port))),
        },
        _ => Running::Nowhere(not_understood(term)),
    }
}

fn not_understood(term: &Term) -> String {
    format!("server_info(:http) answers {}", shown(term))
}

/// Where to dial a listener bound to `bound`; `None` where it is another machine's loopback.
pub(crate) fn reached(machine: Machine, http: &Http, bound: IpAddr) -> Option<IpAddr> {
    let bound = bound.to_canonical();
    match machine {
        Machine::This => Some(http.dialled(bound)),
        Machine::Other(_) if bound.is_loopback() => None,
        Machine::Other(at) if bound.is_unspecified() => Some(at),
        Machine::Other(_) => Some(bound),
    }
}

impl About<'_> {
    /// An address that we can't reach, though the endpoint serves it.
    pub(crate) fn elsewhere(self, address: &Address) -> Finding {
        let module = &self.module.module;
        Finding {
            code: "bound-elsewhere",
            severity: Severity::Warning,
            origin: self.module.origin.clone(),
            message: format!(
                "{module} of {} listens on {address}, which only its own machine reaches",
                self.project.env
            ),
            fix: format!(
                "bind it to all interfaces: `{}`, or run a gateway on that machine",
                self.module.line("http: [ip: {0, 0, 0, 0}]")
            ),
        }
    }
}
