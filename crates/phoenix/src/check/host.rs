//! Hosts: claimed twice, placeholders, names that resolvers and browsers treat in their own way.

use routes::{ClaimKind, Conflict, Finding, Host, Mode, Origin, Severity, Snapshot};

use super::{Answer, Seen, enumerated, fixed, what_if};
use crate::endpoint::OwnHost;

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
    Finding {
        code: "host-twice",
        severity,
        origin: claimants.iter().find_map(|(_, origin)| origin.clone()),
        message: format!("{} claim {host}: {outcome}", enumerated(&claims)),
        fix: format!(
            "give each endpoint its own `url: [host: …]`, or decide in mesh-router.toml: \
             [routes.\"{host}\"] with `endpoint = \"{chosen}\"`"
        ),
    }
}

/// What is to be said of the hosts that lead to one endpoint.
pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    // A name that development derived is ours to choose.
    let chosen = seen
        .routes
        .iter()
        .filter(|route| route.kind != ClaimKind::Development);
    let mut findings: Vec<Finding> = chosen
        .filter_map(|route| name(seen, &route.host, route.origin.as_ref()))
        .collect();
    findings.extend(placeholder(seen));
    findings
}

/// Names that don't behave like others.
fn name(seen: &Seen<'_>, host: &Host, origin: Option<&Origin>) -> Option<Finding> {
    let (rest, top) = host.as_str().rsplit_once('.')?;
    let finding = match (top, seen.mode()) {
        // RFC 6762 §3: names below `local` are asked for by multicast.
        ("local", Mode::Development) if is_quick(seen, host) => return None,
        ("local", Mode::Development) => {
            let finding = seen.finding(
                "host-local",
                Severity::Info,
                origin,
                format!(
                    "{host} ends in .local, for which macOS and avahi ask by multicast DNS: without \
                     lines for both 127.0.0.1 and ::1 in /etc/hosts pages open seconds late"
                ),
            );
            let line = seen
                .module
                .line(&format!("url: [host: \"{rest}.localhost\"]"));
            let fix = format!("`mesh-router hosts sync` writes both; or {line}");
            return Some(fixed(finding, fix));
        }
        ("local", Mode::Production) => seen.warning(
            "host-local",
            origin,
            format!(
                "{host} ends in .local, for which macOS and avahi ask by multicast DNS: pages open \
                 seconds late, or not at all"
            ),
        ),
        ("dev", Mode::Development) => seen.warning(
            "host-hsts",
            origin,
            format!(
                "{host} ends in .dev, for which browsers insist on https (HSTS preload), and the \
                 gateway speaks http"
            ),
        ),
        _ => return None,
    };
    let name = match seen.mode() {
        Mode::Development => format!("{rest}.localhost"),
        Mode::Production => format!("{rest}.example.org"),
    };
    Some(fixed(
        finding,
        seen.module.line(&format!("url: [host: \"{name}\"]")),
    ))
}

/// Returns whether the resolver gives both of this machine's addresses at once.
fn is_quick(seen: &Seen<'_>, host: &Host) -> bool {
    let mut names = seen.circumstances.names.iter();
    names.any(|name| name.host == *host && name.answer == Answer::HereByBoth)
}

/// Returns whether nobody chose its `url:`; in development that is the rule.
pub(super) fn is_placeholder(seen: &Seen<'_>) -> bool {
    matches!(seen.facts.host, OwnHost::Placeholder(..)) && seen.mode() == Mode::Production
}

fn placeholder(seen: &Seen<'_>) -> Option<Finding> {
    let OwnHost::Placeholder(host, origin) = &seen.facts.host else {
        return None;
    };
    if !is_placeholder(seen) {
        return None;
    }
    let module = &seen.module.module;
    let own = format!("{}.example.org", what_if::label(&seen.module.otp_app));
    let line = seen.module.line(&format!("url: [host: \"{own}\"]"));
    let read = what_if::Read::Host;
    let fix = match what_if::variable_of(seen.endpoint, seen.circumstances, read) {
        // Set, it would give all of them one host, which is told by itself.
        Some(_) if what_if::is_shared(seen.endpoint, seen.circumstances, read) => line,
        Some(variable) => format!("set {variable} where it runs, for the gateway too; or {line}"),
        None => line,
    };
    let (outcome, fix) = match seen.routes.is_empty() {
        false => ("", fix),
        true => (
            "no host leads to it, and ",
            format!(
                "{fix}; or [routes.\"{own}\"] with `endpoint = \"{module}\"` in mesh-router.toml"
            ),
        ),
    };
    let message = format!(
        "the url host of {module} is {host}: {outcome}links in its mails and redirects lead to {host}"
    );
    let finding = seen.warning("host-placeholder", Some(origin), message);
    Some(fixed(finding, fix))
}
