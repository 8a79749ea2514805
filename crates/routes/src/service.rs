//! A named set of upstreams that serve the same thing.

use crate::Upstream;

/// The web server behind an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adapter {
    /// Not known: the most careful idle time applies.
    #[default]
    Unknown,
    /// Bandit: keeps an idle connection for 60 s.
    Bandit,
    /// Cowboy: keeps an idle connection for 5 s.
    Cowboy,
}

/// Whether an endpoint was found listening.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Serving {
    /// It listens, as far as the source can tell.
    #[default]
    Yes,
    /// It was found and does not listen; the text says why in a short clause.
    No(String),
}

/// A named set of upstreams that serve the same thing; one for each Phoenix endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The endpoint's module (`AuthWeb.Endpoint`), or the name given in `mesh-router.toml`.
    pub name: String,
    /// The OTP application.
    pub app: Option<String>,
    /// A small number that stays with the service while it is in the table: the index of its
    /// counters. A service that comes later may get the number of one that has gone.
    pub slot: u32,
    /// Sorted by address.
    pub upstreams: Vec<Upstream>,
    /// Whether it was found listening.
    pub serving: Serving,
    /// An operator wishes that its requests wait.
    pub paused: bool,
}

impl Service {
    /// Returns a service that listens, without an application, for tables built by hand.
    pub fn new(name: &str, slot: u32, upstreams: Vec<Upstream>) -> Self {
        Self {
            name: name.to_owned(),
            app: None,
            slot,
            upstreams,
            serving: Serving::Yes,
            paused: false,
        }
    }
}
