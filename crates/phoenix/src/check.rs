//! The doctor's checks: what works as it is written and will surprise all the same.
//!
//! What can't be used is said when settings are read ([`crate::read`]) and when reports are merged;
//! it isn't said here again. A check that depends on what isn't known says nothing.

mod host;

use std::{net::IpAddr, time::Duration};

use routes::{Finding, Mode, Origin, Severity, Snapshot};

use crate::facts::EndpointFacts;

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
    /// How long the gateway waits for requests when it is told to stop.
    pub drain: Duration,
    /// How long whoever stops the application waits before it kills it, and where that is written
    /// (`fly.toml`, a compose file, a unit).
    pub grace: Option<(Duration, Origin)>,
    /// This machine's addresses; empty where they aren't known.
    pub addresses: &'a [IpAddr],
    /// The project as it would be with one variable set otherwise; one for each of [`WHAT_IFS`] that
    /// was tried.
    pub what_ifs: &'a [WhatIf],
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

/// Says what will surprise, most severe first, each with the line to write.
pub fn check(facts: &[EndpointFacts], circumstances: &Circumstances<'_>) -> Vec<Finding> {
    let mut findings = host::twice(circumstances.snapshot);
    for endpoint in facts {
        findings.extend(host::of_endpoint(endpoint, circumstances));
    }
    findings.sort_by(|a, b| {
        let severe = b.severity.cmp(&a.severity);
        severe.then_with(|| (a.code, &a.origin, &a.message).cmp(&(b.code, &b.origin, &b.message)))
    });
    findings.dedup();
    findings
}

/// One thing to say; [`Said::of`] makes it a finding.
struct Said {
    code: &'static str,
    severity: Severity,
    message: String,
    fix: String,
}

impl Said {
    fn at(self, origin: Option<Origin>) -> Finding {
        let Self {
            code,
            severity,
            message,
            fix,
        } = self;
        Finding {
            code,
            severity,
            origin,
            message,
            fix,
        }
    }
}
