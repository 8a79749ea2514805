//! How long an endpoint may take to stop, where its settings or its module say.

use std::time::Duration;

use erlterm::Term;
use routes::{Adapter, Origin};

use crate::{
    endpoint::{Settings, adapter},
    options::{Opt, milliseconds, option, setting},
};

/// One wait, written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The option's name.
    pub(crate) option: &'static str,
    pub(crate) wait: Duration,
    pub(crate) origin: Option<Origin>,
}

/// What is set of the listener's and the sockets' waits. Their defaults (Bandit 15 s, Cowboy 5 s,
/// sockets 30 s) are bounds that are seldom reached.
pub(crate) fn stops(settings: &Settings<'_>) -> Vec<Stop> {
    let listener: Option<(&'static str, &[&str])> = match adapter(settings) {
        // `Plug.Cowboy.Drainer` takes its `shutdown` from the endpoint's `drainer:`
        // (`Phoenix.Endpoint.Cowboy2Adapter.child_specs/2`).
        Adapter::Cowboy => Some(("drainer: [shutdown: …]", &["drainer", "shutdown"])),
        Adapter::Bandit => Some((
            "thousand_island_options: [shutdown_timeout: …]",
            &["http", "thousand_island_options", "shutdown_timeout"],
        )),
        Adapter::Unknown => None,
    };
    let listener = listener.and_then(|(option, path)| {
        let (wait, origin) = setting(settings, path, milliseconds).known()?.clone();
        Some(Stop {
            option,
            wait,
            origin: Some(origin),
        })
    });
    let calls = settings.module.calls.as_deref().unwrap_or_default().iter();
    let sockets = calls
        .filter(|call| call.name == "socket" && !call.is_conditional)
        .filter_map(|call| {
            // `Phoenix.Socket.PoolDrainer.child_spec/1`
            let drainer = option(call.arguments.get(2)?, "drainer");
            let shutdown: Opt<Term> = match drainer.known()? {
                drainer @ Term::List(_) => option(drainer, "shutdown"),
                _ => return None,
            };
            Some(Stop {
                option: "drainer: [shutdown: …]",
                wait: milliseconds(shutdown.known()?)?,
                origin: settings.module.at(call.line),
            })
        });
    listener.into_iter().chain(sockets).collect()
}
