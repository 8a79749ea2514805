//! The doctor's checks: what works as it is written and will surprise all the same.
//!
//! What can't be used is said when settings are read ([`crate::read`]) and when reports are merged;
//! that stands in the table, and comes first. A check that depends on what isn't known says nothing.

mod address;
mod host;
mod origin;
mod resolve;
mod session;
mod ssl;
mod stop;
mod url;
mod what_if;

use std::{net::IpAddr, time::Duration};

pub use resolve::is_browsers;
use routes::{ClaimKind, Finding, Host, Mode, Origin, Route, Severity, Snapshot, Subdomains};

use crate::{endpoint::Facts, facts::EndpointFacts, module::EndpointModule};

#[cfg(test)]
mod tests;

/// Variables whose readers are worth knowing, with the value that tells: set one, read the project
/// again, and see in which endpoint it turns up.
pub const WHAT_IFS: [(&str, &str); 3] = [
    ("PORT", "61873"),
    ("PHX_HOST", "what-if.invalid"),
    ("PHX_SERVER", "true"),
];

/// The circumstances under which endpoints are judged.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// Development or production.
    pub mode: Mode,
    /// `dev`, `test`, `prod`, …
    pub env: &'a str,
    /// It is a release.
    pub is_release: bool,
    /// Who has which host.
    pub snapshot: &'a Snapshot,
    /// The port at which browsers reach the gateway, where that is known: in development, where
    /// nothing stands in front of it.
    pub port: Option<u16>,
    /// How long the gateway still accepts after it is asked to stop.
    pub delay: Duration,
    /// How long it then waits for what is under way, at most.
    pub drain: Duration,
    /// How long those wait who stop programs, before they kill them.
    pub graces: &'a [Grace],
    /// This machine's addresses; empty where they aren't known.
    pub addresses: &'a [IpAddr],
    /// What this machine's resolver says of hosts in the table; those it wasn't asked for are left
    /// out.
    pub names: &'a [Name],
    /// The project as it would be with one variable set otherwise; one for each of [`WHAT_IFS`] that
    /// was tried.
    pub what_ifs: &'a [WhatIf],
}

/// How long somebody who stops a program waits before it is killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grace {
    /// This long.
    pub wait: Duration,
    /// Who waits.
    pub orchestrator: Orchestrator,
    /// Where it is written; the whole file or section where nothing is, and the default holds.
    pub origin: Origin,
    /// It stops the gateway, for certain.
    pub is_gateways: bool,
    /// It stops an application.
    pub is_apps: bool,
}

/// Who stops programs, by the files that tell it how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orchestrator {
    /// Fly.io: `fly.toml`.
    Fly,
    /// Docker and Podman: compose files.
    Compose,
    /// systemd: units.
    Systemd,
    /// Kubernetes: manifests.
    Kubernetes,
}

/// What this machine's resolver says of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The host.
    pub host: Host,
    /// The answer.
    pub answer: Answer,
}

/// An answer of the resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It leads to this machine, by either of its loopback addresses alone.
    Here,
    /// It leads to this machine by both, so nobody has to wait for the other.
    HereByBoth,
    /// It leads to another machine.
    Elsewhere(IpAddr),
    /// There is no such name.
    None,
    /// It took too long.
    Late,
}

/// What the endpoints would be if a variable had another value.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// Its name.
    pub variable: String,
    /// The value it was given.
    pub value: String,
    /// What was read then.
    pub facts: Vec<EndpointFacts>,
}

/// Says all that is wrong and what will surprise, most severe first, each with the line to write:
/// what the table says of itself, and what only the doctor says.
pub fn check(facts: &[EndpointFacts], circumstances: &Circumstances<'_>) -> Vec<Finding> {
    let mut findings = said(facts, circumstances);
    findings.extend(host::twice(circumstances.snapshot));
    findings.extend(resolve::hosts(circumstances));
    findings.extend(what_if::one_variable_for_several(facts, circumstances));
    findings.extend(stop::gateway(circumstances));
    findings.extend(session::clashes(facts, circumstances));
    for endpoint in facts {
        let seen = Seen::new(endpoint, circumstances);
        findings.extend(host::of_endpoint(&seen));
        findings.extend(address::of_endpoint(&seen));
        findings.extend(url::of_endpoint(&seen));
        findings.extend(origin::of_endpoint(&seen));
        findings.extend(ssl::of_endpoint(&seen));
        findings.extend(session::of_endpoint(&seen));
        findings.extend(stop::of_endpoint(&seen));
    }
    findings.sort_by(|a, b| {
        let severe = b.severity.cmp(&a.severity);
        severe.then_with(|| (a.code, &a.origin, &a.message).cmp(&(b.code, &b.origin, &b.message)))
    });
    findings.dedup();
    findings
}

/// What the table says, but for what is told better here.
fn said(facts: &[EndpointFacts], circumstances: &Circumstances<'_>) -> Vec<Finding> {
    let is_better_told = |finding: &Finding| match finding.code {
        // Whatever depends on it says so, and much of it is a library's affair.
        "not-evaluated" => finding.severity == Severity::Info,
        // A placeholder is why.
        "no-host" => facts.iter().any(|endpoint| {
            let is_same = endpoint.module.origin == finding.origin;
            is_same && host::is_placeholder(&Seen::new(endpoint, circumstances))
        }),
        _ => false,
    };
    let said = circumstances.snapshot.findings.iter();
    said.filter(|it| !is_better_told(it)).cloned().collect()
}

/// An endpoint with the routes that lead to it.
struct Seen<'a> {
    endpoint: &'a EndpointFacts,
    module: &'a EndpointModule,
    facts: &'a Facts,
    circumstances: &'a Circumstances<'a>,
    routes: Vec<&'a Route>,
}

impl<'a> Seen<'a> {
    fn new(endpoint: &'a EndpointFacts, circumstances: &'a Circumstances<'a>) -> Self {
        Self {
            endpoint,
            module: &endpoint.module,
            facts: &endpoint.facts,
            circumstances,
            routes: routes_to(endpoint.module(), circumstances.snapshot),
        }
    }

    fn mode(&self) -> Mode {
        self.circumstances.mode
    }

    /// The host by which people know it best: what somebody chose before what was derived.
    fn best_host(&self) -> Option<&'a Host> {
        let best = self.routes.iter().max_by_key(|route| route.kind)?;
        Some(&best.host)
    }

    /// Returns whether anything says that subdomains matter here: a policy somebody chose, a
    /// wildcard among its origins, a session for a whole domain.
    fn has_tenants(&self, route: &Route) -> bool {
        let is_chosen = route.subdomains == Subdomains::Any || route.kind == ClaimKind::Static;
        let mut policies = self.facts.policies.iter();
        let has_wildcard = policies.any(|policy| policy.check.has_wildcard());
        let session = self.facts.session.as_ref();
        let domain = session.and_then(|session| session.domain.known());
        route.subdomains != Subdomains::None && (is_chosen || has_wildcard || domain.is_some())
    }

    fn warning(&self, code: &'static str, origin: Option<&Origin>, message: String) -> Finding {
        self.finding(code, Severity::Warning, origin, message)
    }

    /// A finding at `origin`, or else at the endpoint's module, still without a fix.
    fn finding(
        &self,
        code: &'static str,
        severity: Severity,
        origin: Option<&Origin>,
        message: String,
    ) -> Finding {
        Finding {
            code,
            severity,
            origin: origin.or(self.module.origin.as_ref()).cloned(),
            message,
            fix: String::new(),
        }
    }
}

/// The routes that lead to a service.
fn routes_to<'a>(service: &str, snapshot: &'a Snapshot) -> Vec<&'a Route> {
    let leads = |route: &&Route| {
        let found = snapshot.services.get(route.service);
        found.is_some_and(|found| found.name == service)
    };
    snapshot.routes.iter().filter(leads).collect()
}

/// `a, b and c`.
fn enumerated(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Puts in the line to write.
fn fixed(finding: Finding, fix: String) -> Finding {
    Finding { fix, ..finding }
}
