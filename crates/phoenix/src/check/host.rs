//! Hosts: claimed twice, placeholders, names that resolvers and browsers treat in their own way.

use routes::{ClaimKind, Conflict, Finding, Host, Mode, Origin, Severity, Snapshot};

use super::{Circumstances, Said};
use crate::{endpoint::OwnHost, facts::EndpointFacts};

/// Names that several services claim.
pub(super) fn twice(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.conflicts.iter().map(host_twice).collect()
}

fn host_twice(conflict: &Conflict) -> Finding {
    let Conflict {
        host,
        holder,
        claimants,
    } = conflict;
    let claims: Vec<String> = claimants
        .iter()
        .map(|(service, origin)| match origin {
            Some(origin) => format!("{service} ({origin})"),
            None => service.clone(),
        })
        .collect();
    let (severity, outcome) = match holder {
        Some(holder) => (
            Severity::Warning,
            format!("{holder} has it, the others get no request"),
        ),
        None => (
            Severity::Error,
            "nobody gets it, requests are answered with 404".to_owned(),
        ),
    };
    let chosen = holder
        .as_ref()
        .or(claimants.first().map(|(service, _)| service));
    let chosen = chosen.map_or("", String::as_str);
    Said {
        code: "host-twice",
        severity,
        message: format!("{} claim {host}: {outcome}", claims.join(" and ")),
        fix: format!(
            "give each endpoint its own `url: [host: …]`, or decide in mesh-router.toml: \
             [routes.\"{host}\"] with `endpoint = \"{chosen}\"`"
        ),
    }
    .at(claimants.iter().find_map(|(_, origin)| origin.clone()))
}

/// What is to be said of the hosts that lead to one endpoint.
pub(super) fn of_endpoint(
    endpoint: &EndpointFacts,
    circumstances: &Circumstances<'_>,
) -> Vec<Finding> {
    let snapshot = circumstances.snapshot;
    let routes = snapshot.routes.iter().filter(|route| {
        let service = snapshot.services.get(route.service);
        // A name that development derived is ours to choose.
        route.kind != ClaimKind::Development
            && service.is_some_and(|service| service.name == endpoint.module.module)
    });
    let mut findings: Vec<Finding> = routes
        .filter_map(|route| name(&route.host, circumstances.mode, route.origin.as_ref()))
        .collect();
    findings.extend(placeholder(endpoint, circumstances));
    findings
}

/// Names that don't behave like others.
fn name(host: &Host, mode: Mode, origin: Option<&Origin>) -> Option<Finding> {
    let (rest, top) = host.as_str().rsplit_once('.')?;
    match (top, mode) {
        // RFC 6762 §3: names below `local` are asked for by multicast.
        ("local", _) => Some(Said {
            code: "host-local",
            severity: Severity::Warning,
            message: format!(
                "{host} ends in .local, for which macOS and avahi ask by multicast DNS: pages open \
                 seconds late, or not at all"
            ),
            fix: format!("url: [host: \"{rest}.localhost\"]"),
        }),
        ("dev", Mode::Development) => Some(Said {
            code: "host-hsts",
            severity: Severity::Warning,
            message: format!(
                "{host} ends in .dev, for which browsers insist on https (HSTS preload), and the \
                 gateway speaks http"
            ),
            fix: format!("url: [host: \"{rest}.localhost\"]"),
        }),
        _ => None,
    }
    .map(|said| said.at(origin.cloned()))
}

/// A `url:` that nobody chose; in development that is the rule.
fn placeholder(endpoint: &EndpointFacts, circumstances: &Circumstances<'_>) -> Option<Finding> {
    let module = &endpoint.module;
    let OwnHost::Placeholder(host, origin) = &endpoint.facts.host else {
        return None;
    };
    (circumstances.mode == Mode::Production).then(|| {
        Said {
            code: "host-placeholder",
            severity: Severity::Warning,
            message: format!(
                "the url host of {} is {host}: links in its mails and redirects lead there",
                module.module
            ),
            fix: module.line("url: [host: \"auth.example.org\"]"),
        }
        .at(Some(origin.clone()))
    })
}
