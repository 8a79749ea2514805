//! What became different between two tables, in words for the log.

use std::collections::BTreeMap;

use routes::{Host, Service, Snapshot};
use tracing::info;

#[cfg(test)]
mod tests;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A host leads somewhere that led nowhere.
    Added {
        /// The host.
        host: String,
        /// Where it leads.
        service: String,
        /// Where that was written.
        origin: Option<String>,
        /// Where the service can be reached.
        upstreams: String,
    },
    /// A host leads nowhere any more.
    Removed {
        /// The host.
        host: String,
        /// Where it led.
        service: String,
    },
    /// A host leads elsewhere.
    Moved {
        /// The host.
        host: String,
        /// Where it leads.
        service: String,
        /// Where it led.
        was: String,
    },
    /// A service is reached elsewhere.
    Upstreams {
        /// The service.
        service: String,
        /// Its addresses.
        upstreams: String,
        /// The addresses it had.
        was: String,
    },
}

/// Compares two tables.
pub(crate) fn between(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let (old, new) = (by_host(before), by_host(after));
    let mut changes = Vec::new();
    for (name, (service, origin)) in &new {
        let host = name.to_string();
        match old.get(name) {
            None => changes.push(Change::Added {
                host,
                service: service.name.clone(),
                origin: origin.clone(),
                upstreams: addresses(service),
            }),
            Some((was, _)) if was.name != service.name => changes.push(Change::Moved {
                host,
                service: service.name.clone(),
                was: was.name.clone(),
            }),
            Some(_) => {}
        }
    }
    for (host, (service, _)) in &old {
        if !new.contains_key(*host) {
            changes.push(Change::Removed {
                host: host.to_string(),
                service: service.name.clone(),
            });
        }
    }
    for service in &after.services {
        if let Some(was) = before.by_name(&service.name)
            && addresses(was) != addresses(service)
        {
            changes.push(Change::Upstreams {
                service: service.name.clone(),
                upstreams: addresses(service),
                was: addresses(was),
            });
        }
    }
    changes
}

/// Logs a difference.
pub(crate) fn log(change: &Change) {
    match change {
        Change::Added {
            host,
            service,
            origin,
            upstreams,
        } => {
            info!(host, service, origin, upstreams, "route added");
        }
        Change::Removed { host, service } => info!(host, service, "route removed"),
        Change::Moved { host, service, was } => info!(host, service, was, "route moved"),
        Change::Upstreams {
            service,
            upstreams,
            was,
        } => {
            info!(service, upstreams, was, "upstreams changed");
        }
    }
}

/// The addresses of a service on one line.
pub(crate) fn addresses(service: &Service) -> String {
    let addresses = service
        .upstreams
        .iter()
        .map(|upstream| upstream.address.to_string());
    addresses.collect::<Vec<_>>().join(", ")
}

fn by_host(snapshot: &Snapshot) -> BTreeMap<&Host, (&Service, Option<String>)> {
    let services = &snapshot.services;
    let routes = snapshot.routes.iter().filter_map(|route| {
        let origin = route.origin.as_ref().map(ToString::to_string);
        Some((&route.host, (services.get(route.service)?, origin)))
    });
    routes.collect()
}
