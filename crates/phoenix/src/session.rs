//! Sessions: what `plug Plug.Session` in the endpoint's module says.

use erlterm::Term;
use routes::Origin;

use crate::{
    module::EndpointModule,
    options::{Opt, name, option},
    value::is_atom,
};

/// One `plug Plug.Session`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Session {
    pub(crate) origin: Option<Origin>,
    /// The name of the HTTP cookie.
    pub(crate) key: Opt<String>,
    /// The domain it is given, without the leading dot that browsers ignore (RFC 6265 §5.2.3).
    pub(crate) domain: Opt<String>,
    /// What decides whether another endpoint can read it: the store and its salts.
    sealed_by: [Opt<Term>; 3],
}

impl Session {
    /// The session of an endpoint, where its options are literal.
    pub(crate) fn of(module: &EndpointModule) -> Option<Self> {
        let mut plugs = module.calls.as_deref().unwrap_or_default().iter();
        let plug = plugs.find(|call| {
            let plugged = call.arguments.first().and_then(Term::as_module);
            call.name == "plug" && plugged == Some("Plug.Session")
        })?;
        let options = plug.arguments.get(1)?;
        if plug.is_conditional || !matches!(options, Term::List(_)) {
            return None;
        }
        let domain = match option(options, "domain") {
            Opt::Is(term) if is_atom(&term, "nil") => Opt::Absent,
            other => other.read(|term| name(&term)),
        };
        Some(Self {
            origin: module.at(plug.line),
            key: option(options, "key").read(|term| name(&term)),
            domain: domain.read(|domain| {
                let domain = domain.strip_prefix('.').unwrap_or(&domain);
                Some(domain.to_ascii_lowercase())
            }),
            sealed_by: ["store", "signing_salt", "encryption_salt"]
                .map(|name| option(options, name)),
        })
    }

    /// Returns whether the other can't read what this one writes, for certain.
    pub(crate) fn differs_from(&self, other: &Self) -> bool {
        let pairs = self.sealed_by.iter().zip(&other.sealed_by);
        pairs
            .filter(|(a, b)| !a.is_unknown() && !b.is_unknown())
            .any(|(a, b)| a != b)
    }
}
