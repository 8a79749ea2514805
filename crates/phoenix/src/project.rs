//! All endpoints of a project: what each claims, where it listens, and what is to be said.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use routes::{
    Claim, ClaimKind, Finding, Host, Mode, Origin, Reported, Serving, Sight, Source, Subdomains,
    Upstream,
};

use crate::{
    EndpointFacts, EndpointModule, Environment,
    endpoint::{Facts, OwnHost, Settings},
    finding::About,
    name::development_labels,
};

/// The gateway takes the first free port from here on, unless it is told where to listen.
const GATEWAY_PORT_MIN: u16 = 4000;

/// For whom, and under which circumstances, endpoints are read.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// Who reports.
    pub source: Source,
    /// Where relative paths of Unix sockets begin.
    pub root: &'a Path,
    /// `dev`, `test`, `prod`, …
    pub env: &'a str,
    /// Development adds a name per endpoint.
    pub mode: Mode,
    /// What those names end in: `localhost`, or the operator's own development domain.
    pub domain: &'a str,
    /// The policy of every host found here.
    pub subdomains: Subdomains,
    /// The environment variables that `{:system, "VAR"}` names.
    pub vars: &'a BTreeMap<String, String>,
    /// It is a release: nothing but `server: true` starts an endpoint's listener.
    pub is_release: bool,
    /// Which endpoints get a private socket, where the Hex package starts with them.
    pub private: Option<&'a PrivateSockets>,
}

/// The endpoints that the Hex package gives a private socket: those without `http:`, and these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateSockets {
    /// All others too: `listen: :private`.
    pub all: bool,
    /// Those whose port is one of the gateway's.
    pub ports: BTreeSet<u16>,
}

/// What the endpoints' settings mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning {
    /// One for each module, in the order given.
    pub endpoints: Vec<Reported>,
    /// What could not be used, or will surprise.
    pub findings: Vec<Finding>,
    /// The TCP ports that endpoints say they listen on, with where.
    pub declared_ports: Vec<(u16, Origin)>,
    /// What `check` judges by: one for each module, in the same order.
    pub facts: Vec<EndpointFacts>,
}

/// Reads what the settings of `modules` mean. Never fails: what can't be used is a finding.
///
/// An endpoint claims the host of its `url:` where that is known and tells endpoints apart, and in
/// development `<app>.<domain>` besides. A host that several endpoints claim is claimed by each:
/// who has it is decided, and shown, by `routes::merge`.
pub fn read(
    project: &Project<'_>,
    modules: &[EndpointModule],
    environment: &dyn Environment,
) -> Meaning {
    let facts: Vec<Facts> = modules
        .iter()
        .map(|module| Facts::read(&Settings::new(project, module, environment)))
        .collect();
    let declared_ports: Vec<(u16, Origin)> = facts.iter().filter_map(declared_port).collect();
    let mut free_ports = free_ports(&declared_ports);

    let mut meaning = Meaning {
        declared_ports,
        ..Meaning::default()
    };
    let labels = development_labels(modules);
    for ((module, facts), label) in modules.iter().zip(&facts).zip(labels) {
        let development = match project.mode {
            Mode::Development => development_host(&label, project.domain),
            Mode::Production => None,
        };
        let about = About {
            project,
            module,
            facts,
            free_port: free_ports.next().unwrap_or(GATEWAY_PORT_MIN + 1),
            label: &label,
        };
        meaning
            .findings
            .extend(about.findings(development.as_ref()));
        meaning.endpoints.push(reported(about, development.clone()));
        let facts = EndpointFacts::new(module, facts.clone(), development, environment);
        meaning.facts.push(facts);
    }
    meaning
}

fn declared_port(facts: &Facts) -> Option<(u16, Origin)> {
    match facts.listens.address()? {
        (routes::Address::Tcp(address), origin) => Some((address.port(), origin.clone())),
        (routes::Address::Unix(_), _) => None,
    }
}

/// Ports to propose to endpoints that need one.
fn free_ports(declared: &[(u16, Origin)]) -> impl Iterator<Item = u16> + use<> {
    let declared: BTreeSet<u16> = declared.iter().map(|(port, _)| *port).collect();
    let free = (GATEWAY_PORT_MIN..=u16::MAX).filter(move |port| !declared.contains(port));
    // The first will be the gateway's own.
    free.skip(1)
}

/// `None` where an application's name makes no DNS label.
fn development_host(label: &str, domain: &str) -> Option<Host> {
    Host::parse(&format!("{label}.{domain}")).ok()
}

fn reported(about: About<'_>, development: Option<Host>) -> Reported {
    let About {
        project,
        module,
        facts,
        ..
    } = about;
    let serving = facts.serving();
    // An endpoint that doesn't listen has no address, whatever its settings would give it.
    let address = match &serving {
        Serving::Yes => facts.listens.address(),
        Serving::No(_) => None,
    };
    let upstreams = address.map(|(address, origin)| Upstream {
        address,
        node: None,
        source: project.source,
        adapter: facts.adapter,
        origin: Some(origin.clone()),
        sight: Sight::Confirmed,
    });
    Reported {
        service: module.module.clone(),
        app: Some(module.otp_app.clone()),
        node: None,
        claims: claims(about, development),
        upstreams: upstreams.into_iter().collect(),
        adapter: facts.adapter,
        serving,
        origin: module.origin.clone(),
    }
}

fn claims(about: About<'_>, development: Option<Host>) -> Vec<Claim> {
    let subdomains = about.project.subdomains;
    let mut claims = Vec::new();
    if let OwnHost::Is(host, origin) = &about.facts.host {
        claims.push(Claim {
            host: host.clone(),
            subdomains,
            kind: ClaimKind::Own,
            origin: Some(origin.clone()),
        });
    }
    if let Some(host) = development.filter(|host| claims.iter().all(|own| own.host != *host)) {
        claims.push(Claim {
            host,
            subdomains,
            kind: ClaimKind::Development,
            origin: about.module.origin.clone(),
        });
    }
    claims
}

#[cfg(test)]
mod tests;
