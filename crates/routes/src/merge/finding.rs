//! What a merge has to say, in words that name the line to write.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use super::{Entries, Entry, Rules, join::Own};
use crate::{Address, Finding, Origin, Service, Serving, Severity, Snapshot, Source};

/// How many names a message lists before it only counts.
const NAMES_MAX: usize = 5;

/// The gateway takes the first free port from here on, unless it is told where to listen.
const GATEWAY_PORT_MIN: u16 = 4000;

/// The first port that a line to write proposes.
const PROPOSED_PORT_MIN: u16 = GATEWAY_PORT_MIN + 1;

/// The order of [`Snapshot::findings`].
pub(super) fn most_severe_first(a: &Finding, b: &Finding) -> Ordering {
    let severe = b.severity.cmp(&a.severity);
    severe
        .then_with(|| (a.code, &a.origin).cmp(&(b.code, &b.origin)))
        .then_with(|| a.cmp(b))
}

/// More services than the table may hold.
pub(super) fn too_many_services(found: usize, max: usize, dropped: &BTreeSet<&str>) -> Finding {
    let dropped: Vec<&str> = dropped.iter().copied().collect();
    Finding {
        code: "too-many-services",
        severity: Severity::Error,
        origin: None,
        message: format!(
            "{found} services were found and the table holds {max}, left out: {}",
            some_of(&dropped)
        ),
        fix: format!("set `services = {found}` or more under [limits] in mesh-router.toml"),
    }
}

/// What the finished table shows; `own` has an item for each of its services.
pub(super) fn of_table(
    table: &Snapshot,
    entries: &Entries<'_>,
    own: &[Vec<Own>],
    rules: &Rules,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(name) = &rules.default
        && table.default.is_none()
    {
        findings.push(unknown_default(table, name));
    }
    let port = free_port(table, rules);
    let services = table.services.iter().zip(entries.values()).zip(own);
    for (at, ((service, entries), own)) in services.enumerate() {
        findings.extend(own.iter().map(|own| own_listener(service, own, port)));
        if service.upstreams.is_empty() && own.is_empty() {
            findings.extend(no_upstream(table, service, entries));
        }
        let is_claimed = entries.iter().any(|it| !it.reported.claims.is_empty());
        if !is_claimed && table.default != Some(at) {
            findings.push(no_host(service, entries));
        }
    }
    findings.extend(ports_twice(table, port));
    findings
}

/// A port to propose: nothing in the table has it, and this gateway won't take it either.
fn free_port(table: &Snapshot, rules: &Rules) -> u16 {
    let upstreams = table.services.iter().flat_map(|it| &it.upstreams);
    let taken: BTreeSet<u16> = upstreams
        .filter_map(|upstream| match &upstream.address {
            Address::Tcp(address) => Some(address.port()),
            Address::Unix(_) => None,
        })
        .chain(rules.listeners.iter().map(SocketAddr::port))
        .collect();
    let free = (GATEWAY_PORT_MIN..=u16::MAX).filter(|port| !taken.contains(port));
    // Where nobody said yet where it listens, the first one will be its own.
    let own = usize::from(rules.listeners.is_empty());
    free.skip(own)
        .find(|port| *port >= PROPOSED_PORT_MIN)
        .unwrap_or(PROPOSED_PORT_MIN)
}

/// The line that gives an endpoint a port of its own.
fn port_line(service: &Service, port: u16) -> String {
    format!(
        "config {}, {}, http: [port: {port}]",
        app(service),
        service.name
    )
}

/// An upstream that would lead back to us.
fn own_listener(service: &Service, (upstream, listener): &Own, port: u16) -> Finding {
    Finding {
        code: "own-listener",
        severity: Severity::Error,
        origin: upstream.origin.clone(),
        message: format!(
            "{} has the address {}, where this gateway itself listens ({listener})",
            service.name, upstream.address
        ),
        fix: format!(
            "write `{}`, or give the gateway another `listen`",
            port_line(service, port)
        ),
    }
}

fn unknown_default(table: &Snapshot, name: &str) -> Finding {
    Finding {
        code: "unknown-default",
        severity: Severity::Error,
        origin: None,
        message: format!("the default service {name} was not found"),
        fix: name_one_of(table, name),
    }
}

/// A service that nothing can be forwarded to.
fn no_upstream(table: &Snapshot, service: &Service, entries: &[Entry<'_>]) -> Option<Finding> {
    let name = &service.name;
    if entries.iter().all(|it| it.source == Source::Static) {
        return Some(Finding {
            code: "unknown-endpoint",
            severity: Severity::Error,
            origin: origin(entries),
            message: format!("no source found the endpoint {name}"),
            fix: name_one_of(table, name),
        });
    }
    if let Serving::No(why) = &service.serving {
        return Some(Finding {
            code: "not-serving",
            severity: Severity::Warning,
            origin: origin(entries),
            message: format!("{name} was found and does not listen: {why}"),
            fix: format!(
                "write `config {}, {name}, server: true`, or set PHX_SERVER=true where \
                 config/runtime.exs asks for it; `mix phx.server` doesn't start what says \
                 `server: false`",
                app(service)
            ),
        });
    }
    was_seen_running(entries).then(|| Finding {
        code: "no-upstream",
        severity: Severity::Warning,
        origin: origin(entries),
        message: format!(
            "{name} has nothing to connect to now: {}, or runs it without an address",
            nodes(entries)
        ),
        fix: format!(
            "start it again (its hosts are kept meanwhile), or write its port: `config {}, {name}, \
             http: [port: {PROPOSED_PORT_MIN}]`",
            app(service)
        ),
    })
}

/// Returns whether more is known of a service than its files. Whoever reads those says himself, at
/// the line, why he found no address.
fn was_seen_running(entries: &[Entry<'_>]) -> bool {
    entries.iter().any(is_of_running)
}

fn is_of_running(entry: &Entry<'_>) -> bool {
    match entry.source {
        Source::Node | Source::Package => true,
        Source::Config | Source::Release | Source::Static => false,
    }
}

/// The nodes that a service was seen on: `its node auth@a is gone`.
fn nodes(entries: &[Entry<'_>]) -> String {
    let seen = entries.iter().filter(|entry| is_of_running(entry));
    let names: BTreeSet<&str> = seen.filter_map(|it| it.reported.node.as_deref()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => "its node is gone".to_owned(),
        [only] => format!("its node {only} is gone"),
        [_, _, ..] => format!("each of its nodes ({}) is gone", some_of(&names)),
    }
}

/// A service that no host leads to.
fn no_host(service: &Service, entries: &[Entry<'_>]) -> Finding {
    let name = &service.name;
    let label = service.app.as_deref().unwrap_or("app");
    let label = label
        .strip_suffix("_web")
        .unwrap_or(label)
        .replace('_', "-");
    let host = format!("{label}.example.com");
    Finding {
        code: "no-host",
        severity: Severity::Warning,
        origin: origin(entries),
        message: format!("no host leads to {name}"),
        fix: format!(
            "write `config {}, {name}, url: [host: \"{host}\"]`, \
             or in mesh-router.toml [routes.\"{host}\"] with `endpoint = \"{name}\"`",
            app(service)
        ),
    }
}

/// Addresses that several discovered services share: all but one of them can't listen there. What
/// the operator wrote himself is meant.
fn ports_twice(table: &Snapshot, free: u16) -> Vec<Finding> {
    let mut holders: BTreeMap<&Address, Vec<(&Service, Option<&Origin>)>> = BTreeMap::new();
    for service in &table.services {
        for upstream in &service.upstreams {
            if upstream.source != Source::Static {
                let holders = holders.entry(&upstream.address).or_default();
                holders.push((service, upstream.origin.as_ref()));
            }
        }
    }
    let shared = holders
        .into_iter()
        .filter(|(_, services)| services.len() > 1);
    shared
        .map(|(address, services)| Finding {
            code: "port-twice",
            severity: Severity::Warning,
            origin: services.iter().find_map(|(_, origin)| origin.cloned()),
            message: format!("{} have one address, {address}", listed(&services)),
            // The first keeps it.
            fix: match services.get(1) {
                Some((second, _)) => format!("write `{}`", port_line(second, free)),
                None => String::new(),
            },
        })
        .collect()
}

/// `A (config/dev.exs:3), B and 2 more`.
fn listed(services: &[(&Service, Option<&Origin>)]) -> String {
    let shown = services.iter().take(NAMES_MAX);
    let names: Vec<String> = shown
        .map(|(service, origin)| match origin {
            Some(origin) => format!("{} ({origin})", service.name),
            None => service.name.clone(),
        })
        .collect();
    match (services.len().saturating_sub(names.len()), names.as_slice()) {
        (0, [most @ .., last]) if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        (0, names) => names.join(""),
        (more, _) => format!("{} and {more} more", names.join(", ")),
    }
}

/// Offers the name that was meant, or else those there are.
fn name_one_of(table: &Snapshot, wrong: &str) -> String {
    let found = table.services.iter().filter(|it| !it.upstreams.is_empty());
    let names: Vec<&str> = found.map(|it| it.name.as_str()).collect();
    let distances = names.iter().map(|it| (strsim::osa_distance(it, wrong), it));
    match distances.min() {
        Some((distance, name)) if distance <= wrong.len() / 3 => format!("did you mean {name}?"),
        Some(_) => format!("found: {}", some_of(&names)),
        None => "no endpoint was found at all".to_owned(),
    }
}

/// `A, B, …`
fn some_of(names: &[&str]) -> String {
    let mut shown: Vec<&str> = names.iter().copied().take(NAMES_MAX).collect();
    if names.len() > NAMES_MAX {
        shown.push("…");
    }
    shown.join(", ")
}

/// Where the best informed found it.
fn origin(entries: &[Entry<'_>]) -> Option<Origin> {
    entries
        .iter()
        .find_map(|entry| entry.reported.origin.clone())
}

/// The application as Elixir writes it.
fn app(service: &Service) -> String {
    format!(":{}", service.app.as_deref().unwrap_or("my_app"))
}
