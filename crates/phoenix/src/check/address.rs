//! Where an endpoint listens, and whether it does.

use std::net::IpAddr;

use routes::{Address, Finding, Mode, Severity};

use super::{Seen, fixed, what_if};
use crate::{endpoint::Server, listen::Listens};

pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    [server(seen), elsewhere(seen), https(seen)]
        .into_iter()
        .flatten()
        .collect()
}

/// Nobody says `server:`. Under `mix phx.server` that means yes, in a release no
/// (`Phoenix.Endpoint.Supervisor.server?/1`). Of a release itself it is said when it is read.
fn server(seen: &Seen<'_>) -> Option<Finding> {
    let module = &seen.module.module;
    let circumstances = seen.circumstances;
    let is_unset = seen.facts.server == Server::Unset && seen.facts.listens.address().is_some();
    if !is_unset || circumstances.is_release || circumstances.env != "prod" {
        return None;
    }
    let message = format!(
        "nothing says `server: true` for {module}: a release will not start its listener; it is dialled anyway"
    );
    let line = seen.module.line("server: true");
    let fix = match what_if::variable_of(seen.endpoint, seen.circumstances, what_if::Read::Server) {
        Some(variable) => {
            format!("start the release with {variable}=true; or {line}")
        }
        None => line,
    };
    Some(fixed(
        seen.finding("server-unset", Severity::Info, None, message),
        fix,
    ))
}

/// An address that this machine doesn't have can't be bound here.
fn elsewhere(seen: &Seen<'_>) -> Option<Finding> {
    let (Address::Tcp(address), origin) = seen.facts.listens.address()? else {
        return None;
    };
    // It has no listener, which is told already.
    if matches!(seen.facts.server, Server::Off(_)) {
        return None;
    }
    let ours = seen.circumstances.addresses;
    let ip = address.ip().to_canonical();
    if ours.is_empty() || ip.is_loopback() || ip.is_unspecified() {
        return None;
    }
    if ours.iter().any(|ours| ours.to_canonical() == ip) {
        return None;
    }
    // Production is looked at from a developer's machine, too, and from CI's.
    let severity = match (seen.mode(), seen.circumstances.is_release) {
        (Mode::Production, false) => Severity::Info,
        (Mode::Production, true) | (Mode::Development, _) => Severity::Warning,
    };
    let finding = seen.finding(
        "address-elsewhere",
        severity,
        Some(origin),
        format!(
            "{} listens on {ip}, which is no address of this machine: the gateway reaches it only \
             if it runs elsewhere",
            seen.module.module
        ),
    );
    let loopback = match ip {
        IpAddr::V4(_) => "{127, 0, 0, 1}",
        IpAddr::V6(_) => "{0, 0, 0, 0, 0, 0, 0, 1}",
    };
    let port = address.port();
    Some(fixed(
        finding,
        seen.module
            .line(&format!("http: [ip: {loopback}, port: {port}]")),
    ))
}

/// A listener for https beside that for http. Alone it is told where settings are read.
fn https(seen: &Seen<'_>) -> Option<Finding> {
    let origin = seen.facts.https.as_ref()?;
    match &seen.facts.listens {
        Listens::At(..) => {}
        Listens::AtUrlPort(..)
        | Listens::PublicPort(..)
        | Listens::HttpsOnly(_)
        | Listens::Nowhere(_)
        | Listens::Private
        | Listens::Silent(_)
        | Listens::Elsewhere(_)
        | Listens::Unknown { .. } => return None,
    }
    let module = &seen.module.module;
    let finding = seen.finding(
        "https-unused",
        Severity::Info,
        Some(origin),
        format!(
            "{module} listens on https too, where clients pass the gateway by, and its links \
             begin with https unless `url: [scheme:]` says otherwise"
        ),
    );
    Some(fixed(finding, seen.module.line("https: false")))
}
