//! What is counted, as Prometheus reads it (text format 0.0.4).
//!
//! Labels have few values by design: services, nodes, reasons and classes of status. What clients
//! choose (hosts, paths, tenants) is never one.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::Arc,
    time::SystemTime,
};

use discovery::NodeState;
use proxy::{
    Counters, DURATION_BUCKETS, Durations, METHODS, STATUS_CLASSES, ServiceCounters, Standing,
};
use routes::Snapshot;

use crate::{Watched, view::Standings};

#[cfg(test)]
mod tests;

/// The format's name.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The label of what no service had.
const NO_SERVICE: &str = "";

/// Shows everything that is counted.
pub(crate) fn text(watched: &Watched) -> String {
    let counters = watched.figures.counters();
    let snapshot = Arc::clone(&watched.published.borrow().snapshot);
    let mut page = Page::default();
    requests(&mut page, &snapshot, &counters);
    connections(&mut page, watched, &counters);
    upstreams(&mut page, watched, &snapshot);
    table(&mut page, &snapshot);
    discovery(&mut page, watched);
    process(&mut page, watched);
    page.0
}

fn requests(page: &mut Page, snapshot: &Snapshot, counters: &Counters) {
    let services = named(snapshot, counters);
    let name = "http_server_request_duration_seconds";
    page.family(name, "histogram", "How long requests took, to their end.");
    for (service, counted) in &services {
        for durations in &counted.durations {
            histogram(page, name, service, durations);
        }
    }
    page.family(
        "http_server_active_requests",
        "gauge",
        "Requests under way.",
    );
    let active: u64 = counters.services.iter().map(|(_, it)| it.active).sum();
    page.sample("http_server_active_requests", &[], active);
    let name = "mesh_router_errors_total";
    let help = "Requests that did not end as the app wanted, by the reason in the access log.";
    page.family(name, "counter", help);
    for (service, counted) in &services {
        for (reason, count) in counted.failures() {
            page.sample(name, &[("service", service), ("reason", reason)], count);
        }
    }
    let name = "mesh_router_no_route_total";
    page.family(name, "counter", "Requests to unknown hosts.");
    page.sample(name, &[], counters.no_route);
    let name = "mesh_router_retries_total";
    page.family(name, "counter", "Requests that were sent a second time.");
    page.sample(name, &[], counters.retries);
    let name = "mesh_router_connections_shed_total";
    page.family(
        name,
        "counter",
        "Client connections closed unserved: too many of one client, or no descriptor left.",
    );
    page.sample(name, &[], counters.shed);
    let name = "mesh_router_held_requests";
    let help = "Requests that wait for a service that can't be connected to.";
    page.family(name, "gauge", help);
    page.sample(name, &[], counters.held);
    let name = "mesh_router_websockets_active";
    page.family(
        name,
        "gauge",
        "WebSockets open, by service and Erlang node.",
    );
    let names = names(snapshot);
    for ((slot, node), open) in &counters.websockets_by_node {
        if let Some(service) = names.get(slot) {
            let node = node.as_deref().unwrap_or_default();
            page.sample(name, &[("service", service), ("node", node)], open);
        }
    }
}

/// The services in the table by slot.
fn names(snapshot: &Snapshot) -> BTreeMap<u32, &str> {
    let services = snapshot.services.iter();
    services.map(|it| (it.slot, it.name.as_str())).collect()
}

/// What was counted for each service in the table, and for none.
fn named<'a>(
    snapshot: &'a Snapshot,
    counters: &'a Counters,
) -> Vec<(&'a str, &'a ServiceCounters)> {
    let names = names(snapshot);
    let known = |(slot, counted): &'a (u32, ServiceCounters)| Some((*names.get(slot)?, counted));
    let mut named: Vec<_> = counters.services.iter().filter_map(known).collect();
    named.sort_by_key(|(name, _)| *name);
    named.insert(0, (NO_SERVICE, &counters.unrouted));
    named
}

fn histogram(page: &mut Page, name: &str, service: &str, durations: &Durations) {
    let labels = [
        ("service", service),
        ("method", METHODS[durations.method]),
        ("status", STATUS_CLASSES[durations.status]),
    ];
    let bounds = DURATION_BUCKETS.iter().map(ToString::to_string);
    let bounds = bounds.chain(["+Inf".to_owned()]);
    let mut count = 0;
    for (bound, more) in bounds.zip(durations.buckets) {
        count += more;
        let with_bound = [&labels[..], &[("le", &bound)]].concat();
        page.sample(&format!("{name}_bucket"), &with_bound, count);
    }
    page.sample(&format!("{name}_sum"), &labels, durations.sum.as_secs_f64());
    page.sample(&format!("{name}_count"), &labels, count);
}

fn connections(page: &mut Page, watched: &Watched, counters: &Counters) {
    let name = "mesh_router_connections_open";
    page.family(name, "gauge", "Client connections open, by listener.");
    let listeners = watched.about.borrow().listeners.clone();
    for (listener, open) in listeners.iter().zip(&counters.connections_open_by_listener) {
        page.sample(name, &[("listener", listener)], open);
    }
    let name = "mesh_router_access_lines_lost_total";
    let help = "Access lines that were dropped because their reader was too slow.";
    page.family(name, "counter", help);
    page.sample(name, &[], counters.access_lines_lost);
}

fn upstreams(page: &mut Page, watched: &Watched, snapshot: &Snapshot) {
    let standings = Standings::new(watched.figures.standings());
    let name = "mesh_router_upstreams";
    let help = "Upstreams of each service, by how the last attempt to connect ended.";
    page.family(name, "gauge", help);
    for service in &snapshot.services {
        let mut states: BTreeMap<String, usize> = Standing::ALL
            .into_iter()
            .map(|standing| (standing.name().to_owned(), 0))
            .collect();
        for state in standings.states(service) {
            *states.entry(state).or_default() += 1;
        }
        for (state, count) in &states {
            let labels = [("service", service.name.as_str()), ("state", state)];
            page.sample(name, &labels, count);
        }
    }
}

fn table(page: &mut Page, snapshot: &Snapshot) {
    page.family("mesh_router_routes", "gauge", "Hosts in the table.");
    page.sample("mesh_router_routes", &[], snapshot.routes.len());
    let name = "mesh_router_conflicts";
    page.family(name, "gauge", "Hosts that several services claim.");
    page.sample(name, &[], snapshot.conflicts.len());
}

fn discovery(page: &mut Page, watched: &Watched) {
    let sources = watched.sources.borrow().clone();
    let name = "mesh_router_discovery_updates_total";
    page.family(name, "counter", "Reports of each source of discovery.");
    for status in &sources {
        let source = status.source.name();
        for (result, count) in [("success", status.successes), ("failure", status.failures)] {
            page.sample(name, &[("source", source), ("result", result)], count);
        }
    }
    let name = "mesh_router_discovery_last_success_timestamp_seconds";
    let help = "When each source last reported what it could read whole.";
    page.family(name, "gauge", help);
    for status in &sources {
        if let Some(last) = status.last_success {
            page.sample(name, &[("source", status.source.name())], seconds(last));
        }
    }
    let name = "mesh_router_nodes";
    page.family(name, "gauge", "Erlang nodes, by how we stand with them.");
    let nodes = watched.nodes.borrow();
    for state in NodeState::ALL {
        let count = nodes.iter().filter(|node| node.state == state).count();
        page.sample(name, &[("state", state.name())], count);
    }
}

fn process(page: &mut Page, watched: &Watched) {
    let name = "mesh_router_build_info";
    page.family(name, "gauge", "Always 1; the label has the version.");
    page.sample(name, &[("version", watched.about.borrow().version)], 1);
    let name = "process_start_time_seconds";
    page.family(name, "gauge", "When the gateway started.");
    page.sample(name, &[], seconds(watched.started));
}

fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// The page as it is written, family by family.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.write(format_args!("{name}"));
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let text = escaped(text);
            self.write(format_args!("{before}{label}=\"{text}\""));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        self.write(format_args!("{end} {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(text);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
