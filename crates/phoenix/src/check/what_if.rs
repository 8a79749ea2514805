//! Which endpoints read a variable: seen by setting it and reading the project again.

use routes::{Finding, Mode, Origin, Severity};

use super::{Circumstances, Seen, WhatIf, enumerated, fixed};
use crate::{
    endpoint::{OwnHost, Server},
    facts::EndpointFacts,
    listen::Listens,
};

/// The first port proposed; the gateway itself likes 4000.
const PROPOSED_PORT_MIN: u16 = 4001;

/// What of an endpoint may come from a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The port of `http:`.
    Port,
    /// The host of `url:`.
    Host,
    /// `server:`.
    Server,
}

/// The variable from which this of the endpoint comes, if one of those tried.
pub(super) fn variable_of<'a>(
    endpoint: &EndpointFacts,
    circumstances: &'a Circumstances<'_>,
    read: Read,
) -> Option<&'a str> {
    let tried = circumstances.what_ifs.iter().find(|tried| {
        let mut then = tried.facts.iter();
        then.find(|then| then.module() == endpoint.module())
            .is_some_and(|then| is_read(endpoint, then, read, &tried.value).is_some())
    });
    tried.map(|tried| tried.variable.as_str())
}

/// Whether another endpoint takes the same from the variable.
pub(super) fn is_shared(
    endpoint: &EndpointFacts,
    circumstances: &Circumstances<'_>,
    read: Read,
) -> bool {
    let Some(variable) = variable_of(endpoint, circumstances, read) else {
        return false;
    };
    let mut tried = circumstances.what_ifs.iter();
    let tried = tried.find(|tried| tried.variable == variable);
    tried.is_some_and(|tried| {
        let mut others = tried.facts.iter();
        others.any(|other| {
            other.module() != endpoint.module()
                && is_read(endpoint, other, read, &tried.value).is_some()
        })
    })
}

/// Where it is written that the endpoint takes it from the variable, if it does.
fn is_read<'a>(
    now: &EndpointFacts,
    then: &'a EndpointFacts,
    read: Read,
    value: &str,
) -> Option<Option<&'a Origin>> {
    match read {
        Read::Port => match &then.facts.listens {
            Listens::At(routes::Address::Tcp(address), origin) => {
                (address.port().to_string() == value).then_some(Some(origin))
            }
            Listens::At(routes::Address::Unix(_), _)
            | Listens::AtUrlPort(..)
            | Listens::PublicPort(..)
            | Listens::HttpsOnly(_)
            | Listens::Nowhere(_)
            | Listens::Private
            | Listens::Silent(_)
            | Listens::Elsewhere(_)
            | Listens::Unknown { .. } => None,
        },
        Read::Host => match &then.facts.host {
            OwnHost::Is(host, origin) => (host.as_str() == value).then_some(Some(origin)),
            OwnHost::None
            | OwnHost::Placeholder(..)
            | OwnHost::Invalid(..)
            | OwnHost::Unknown(..) => None,
        },
        Read::Server => {
            let was_on = now.facts.server == Server::On;
            (!was_on && then.facts.server == Server::On).then_some(None)
        }
    }
}

/// Endpoints that take their port, or their host, from one variable: whatever it is set to, they
/// have the same.
pub(super) fn one_variable_for_several(
    facts: &[EndpointFacts],
    circumstances: &Circumstances<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for tried in circumstances.what_ifs {
        for read in [Read::Port, Read::Host] {
            let readers: Vec<(&EndpointFacts, Option<&Origin>)> = tried
                .facts
                .iter()
                .filter(|then| !matches!(then.facts.server, Server::Off(_)))
                .filter_map(|then| {
                    let now = facts.iter().find(|now| now.module() == then.module())?;
                    Some((now, is_read(now, then, read, &tried.value)?))
                })
                .collect();
            if let [_, (second, origin), ..] = readers.as_slice() {
                let seen = Seen::new(second, circumstances);
                findings.push(shared(&seen, *origin, tried, read, &readers));
            }
        }
    }
    findings
}

fn shared(
    second: &Seen<'_>,
    origin: Option<&Origin>,
    tried: &WhatIf,
    read: Read,
    readers: &[(&EndpointFacts, Option<&Origin>)],
) -> Finding {
    let names: Vec<&str> = readers.iter().map(|(reader, _)| reader.module()).collect();
    let names = enumerated(&names);
    let variable = &tried.variable;
    let app = &second.module.otp_app;
    let own = format!("{}_{variable}", app.trim_end_matches("_web").to_uppercase());
    // In development the variable is seldom set.
    let severity = match second.mode() {
        Mode::Production => Severity::Warning,
        Mode::Development => Severity::Info,
    };
    let (code, message, setting) = match read {
        Read::Port | Read::Server => (
            "port-variable-shared",
            format!(
                "{names} take their port from {variable}: where they run together and it is set, \
                 all get the same, and all but one fail to start (eaddrinuse)"
            ),
            format!(
                "http: [port: String.to_integer(System.get_env(\"{own}\", \"{}\"))]",
                PROPOSED_PORT_MIN.saturating_add(1)
            ),
        ),
        Read::Host => (
            "host-variable-shared",
            format!(
                "{names} take their url host from {variable}: where it is set all claim the same"
            ),
            format!(
                "url: [host: System.get_env(\"{own}\", \"{}.example.org\")]",
                label(app)
            ),
        ),
    };
    let line = second.module.line(&setting);
    fixed(
        second.finding(code, severity, origin, message),
        format!("give each its own, such as {line}"),
    )
}

pub(super) fn label(app: &str) -> String {
    app.trim_end_matches("_web").replace('_', "-")
}
