//! Differences as a running gateway logs them.

use std::collections::BTreeSet;

use tracing::{info, warn};

use super::{Changes, ConflictChange, DefaultChange, Resighted, RouteChange, ServiceChange};
use crate::view::{self, UpstreamView};

/// Logs what became different in the table; findings are logged by whoever publishes it.
pub(crate) fn log(changes: &Changes) {
    let Changes {
        routes,
        services,
        conflicts,
        default_service,
        findings: _,
        left_out: _,
    } = changes;
    routes.iter().for_each(log_route);
    services.iter().for_each(log_service);
    conflicts.iter().for_each(log_conflict);
    if let Some(DefaultChange { before, after }) = default_service {
        info!(service = after, was = before, "default service changed");
    }
}

fn log_route(change: &RouteChange) {
    let host = &change.host;
    match (&change.before, &change.after) {
        (None, None) => {}
        (None, Some(after)) => info!(
            host,
            service = after.service,
            origin = after.provenance,
            upstreams = view::addresses(&after.upstreams),
            "route added"
        ),
        (Some(before), None) => info!(host, service = before.service, "route removed"),
        (Some(before), Some(after)) => {
            if before.service != after.service {
                let (service, was) = (&after.service, &before.service);
                info!(host, service, was, "route moved");
            }
            if before.subdomains != after.subdomains {
                let (subdomains, was) = (&after.subdomains, &before.subdomains);
                info!(host, subdomains, was, "subdomains changed");
            }
        }
    }
}

fn log_service(change: &ServiceChange) {
    let service = &change.service;
    match (&change.before, &change.after) {
        (None, None) => {}
        (None, Some(_)) => info!(service, "service without a host added"),
        (Some(_), None) => info!(service, "service without a host removed"),
        (Some(before), Some(after)) => {
            if before.moved(after) {
                let upstreams = view::addresses(&after.upstreams);
                let was = view::addresses(&before.upstreams);
                info!(service, upstreams, was, "upstreams changed");
            }
            let Resighted { lost, back } = before.resighted(after);
            if !lost.is_empty() {
                let (upstreams, nodes) = (view::addresses(lost.iter().copied()), nodes(&lost));
                info!(service, upstreams, nodes, "upstreams unconfirmed");
            }
            if !back.is_empty() {
                let (upstreams, nodes) = (view::addresses(back.iter().copied()), nodes(&back));
                info!(service, upstreams, nodes, "upstreams confirmed again");
            }
            if before.turned(after) {
                let (serving, reason) = (after.serving, &after.reason);
                info!(service, serving, reason, "serving changed");
            }
        }
    }
}

/// The nodes of upstreams, where they are known.
fn nodes(upstreams: &[&UpstreamView]) -> Option<String> {
    let names: BTreeSet<&str> = upstreams
        .iter()
        .filter_map(|it| it.node.as_deref())
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn log_conflict(change: &ConflictChange) {
    let host = &change.host;
    match &change.after {
        Some(after) => warn!(conflict = view::claimed(after), "host claimed twice"),
        None => info!(host, "host no longer claimed twice"),
    }
}
