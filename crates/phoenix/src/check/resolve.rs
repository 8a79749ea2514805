//! Names that this machine's resolver can't answer, or answers with another machine.

use std::net::IpAddr;

use routes::{Finding, Host, Mode, Route, Severity};

use super::{Answer, Circumstances, enumerated};

/// Hosts that one finding names.
const NAMED_MAX: usize = 3;

/// What is to be said of the hosts in the table; in production DNS is the operator's.
pub(super) fn hosts(circumstances: &Circumstances<'_>) -> Vec<Finding> {
    match circumstances.mode {
        Mode::Production => return Vec::new(),
        Mode::Development => {}
    }
    let routes = circumstances.snapshot.routes.iter();
    let mut findings: Vec<Finding> = routes
        .clone()
        .filter_map(|route| match answer(route, circumstances)? {
            Answer::Elsewhere(ip) => Some(elsewhere(route, ip, circumstances)),
            Answer::Here | Answer::HereByBoth | Answer::None | Answer::Late => None,
        })
        .collect();
    let unanswered: Vec<&Route> = routes
        .filter(|route| match answer(route, circumstances) {
            Some(Answer::None | Answer::Late) => true,
            Some(Answer::Here | Answer::HereByBoth | Answer::Elsewhere(_)) | None => false,
        })
        .collect();
    findings.extend(unresolved(&unanswered, circumstances));
    findings
}

/// What the resolver says of a name that browsers ask it for.
fn answer(route: &Route, circumstances: &Circumstances<'_>) -> Option<Answer> {
    if is_browsers(&route.host) {
        return None;
    }
    let mut names = circumstances.names.iter();
    let name = names.find(|name| name.host == route.host)?;
    Some(name.answer)
}

/// Returns whether browsers know the name without asking: those at and below `localhost` are this
/// machine (RFC 6761 §6.3).
pub fn is_browsers(host: &Host) -> bool {
    host.as_str().rsplit('.').next() == Some("localhost")
}

/// One finding for all: one command mends them.
fn unresolved(routes: &[&Route], circumstances: &Circumstances<'_>) -> Option<Finding> {
    let first = routes.first()?;
    let is_reached = |route: &&Route| other_name(route, circumstances).is_some();
    let (severity, otherwise) = match routes.iter().all(is_reached) {
        true => {
            let other = other_name(first, circumstances).map_or("", Host::as_str);
            let also = format!("; {other} leads where {} does", first.host);
            (Severity::Info, also)
        }
        false => (Severity::Warning, String::new()),
    };
    let hosts: Vec<&str> = routes.iter().map(|route| route.host.as_str()).collect();
    let them = match hosts.len() {
        1 => "it",
        _ => "them",
    };
    Some(Finding {
        code: "host-unresolved",
        severity,
        origin: first.origin.clone(),
        message: format!(
            "this machine's resolver doesn't know {}, so browsers here can't open {them}{otherwise}",
            listed(&hosts)
        ),
        fix: "mesh-router hosts sync".to_owned(),
    })
}

/// A name of the same service that works here.
fn other_name<'a>(route: &Route, circumstances: &Circumstances<'a>) -> Option<&'a Host> {
    let mut routes = circumstances.snapshot.routes.iter();
    let other = routes.find(|other| {
        let is_answered = match answer(other, circumstances) {
            Some(Answer::Here | Answer::HereByBoth) => true,
            Some(Answer::Elsewhere(_) | Answer::None | Answer::Late) => false,
            None => is_browsers(&other.host),
        };
        other.service == route.service && is_answered
    })?;
    Some(&other.host)
}

fn elsewhere(route: &Route, ip: IpAddr, circumstances: &Circumstances<'_>) -> Finding {
    let host = &route.host;
    let line = format!("`127.0.0.1 {host}` in /etc/hosts, while you work on it here");
    Finding {
        code: "host-elsewhere",
        severity: Severity::Info,
        origin: route.origin.clone(),
        message: format!(
            "{host} leads to {ip}, which is another machine: browsers here go there, and not to \
             the gateway"
        ),
        fix: match other_name(route, circumstances) {
            Some(other) => format!("open {other} here; or {line}"),
            None => line,
        },
    }
}

/// `a, b, c and 2 more`.
fn listed(hosts: &[&str]) -> String {
    match hosts.split_at_checked(NAMED_MAX) {
        None | Some((_, [])) => enumerated(hosts),
        Some((named, more)) => format!("{} and {} more", named.join(", "), more.len()),
    }
}
