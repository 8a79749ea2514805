//! Where a host leads, and why.

use routes::{
    Authority, ClaimKind, Conflict, Finding, Found, Host, HostError, Route, Rule, Service, Serving,
    Sight, Snapshot, Upstream,
};
use serde::{Deserialize, Serialize};

use crate::view::{self, UpstreamView};

/// What `explain --json` prints and `/api/v1/explain` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The host, normalised.
    pub host: String,
    /// Which rule matched: `exact`, `subdomain`, `default`, `none`.
    pub rule: String,
    /// The route's host.
    pub route: Option<String>,
    /// Where it leads.
    pub service: Option<String>,
    /// Where that is reached.
    pub upstreams: Vec<UpstreamView>,
    /// The tenant that the apps' resolver sees.
    pub tenant: Option<String>,
    /// Why, a sentence each.
    pub why: Vec<String>,
}

/// Takes the host out of a host or URL, by the rules that the gateway itself has for `Host`.
///
/// # Errors
///
/// If it is neither.
pub fn parse_host(given: &str) -> Result<Host, HostError> {
    let authority = match given.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => given.strip_suffix('/').unwrap_or(given),
    };
    Ok(Authority::parse(authority.as_bytes())?.host)
}

/// The finding of an endpoint that has its address only while it runs.
const PRIVATE: &str = "private-socket";

/// Says what becomes of a request to that host.
pub fn explain(host: &Host, snapshot: &Snapshot) -> Explanation {
    let found = snapshot.find(host);
    let service = found.and_then(|found| snapshot.services.get(found.service));
    let (Some(found), Some(service)) = (found, service) else {
        return nowhere(host, snapshot);
    };
    let base = found.route.map(|route| route.host.as_str().as_bytes());
    let tenant = tenant_resolver::resolve(host.as_str().as_bytes(), base);
    let mut why = vec![by_rule(host, &found, service)];
    why.extend(found.route.map(|route| by_origin(route, service)));
    why.extend(reach(service, &snapshot.findings));
    why.push(match &tenant {
        Some(tenant) => format!("the apps' resolver sees the tenant \"{tenant}\""),
        None => "the apps' resolver sees no tenant".to_owned(),
    });
    let contested = snapshot
        .conflicts
        .iter()
        .filter(|it| found.route.is_some_and(|route| route.host == it.host));
    why.extend(contested.map(claimed));
    Explanation {
        host: host.to_string(),
        rule: found.rule.name().to_owned(),
        route: found.route.map(|route| route.host.to_string()),
        service: Some(service.name.clone()),
        upstreams: view::upstreams(service),
        tenant,
        why,
    }
}

/// Nothing has the host: says what comes nearest.
fn nowhere(host: &Host, snapshot: &Snapshot) -> Explanation {
    let mut why = vec![format!("no route is {host} or takes it as a subdomain")];
    why.extend(parents(host, snapshot).map(|route| {
        let more = labels(host.as_str()).saturating_sub(labels(route.host.as_str()));
        let (above, policy) = (&route.host, route.subdomains.name());
        format!("{above} has subdomains = \"{policy}\", and {host} has {more} labels more")
    }));
    why.extend(
        snapshot
            .conflicts
            .iter()
            .filter(|it| it.host == *host)
            .map(claimed),
    );
    why.extend(
        snapshot
            .nearest(host)
            .map(|near| format!("the nearest name is {near}")),
    );
    why.push(format!("the answer is 404, \"unknown service: {host}\""));
    Explanation {
        host: host.to_string(),
        rule: "none".to_owned(),
        route: None,
        service: None,
        upstreams: Vec::new(),
        tenant: None,
        why,
    }
}

/// The routes whose subdomain the host is, whatever their policy.
fn parents<'a>(host: &'a Host, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a Route> {
    snapshot.routes.iter().filter(move |route| {
        let rest = host.as_str().strip_suffix(route.host.as_str());
        !route.host.is_ip() && rest.is_some_and(|rest| rest.ends_with('.'))
    })
}

fn by_rule(host: &Host, found: &Found<'_>, service: &Service) -> String {
    match (found.rule, found.route) {
        (Rule::Exact, _) => format!("{host} is a route of its own"),
        (Rule::Subdomain, Some(route)) => format!(
            "{host} has no route of its own; {} is the longest above it, with subdomains = \"{}\"",
            route.host,
            route.subdomains.name()
        ),
        (Rule::Default | Rule::Subdomain, _) => format!(
            "no route is {host} or takes it as a subdomain; default_service gives it to {}",
            service.name
        ),
    }
}

fn by_origin(route: &Route, service: &Service) -> String {
    let (host, name) = (&route.host, &service.name);
    let place = route
        .origin
        .as_ref()
        .map(|origin| format!(" ({origin})"))
        .unwrap_or_default();
    match route.kind {
        ClaimKind::Own => format!("{host} is the url host of {name}{place}"),
        ClaimKind::Static => format!("{host} is given to {name} by hand{place}"),
        ClaimKind::Development => {
            let app = service
                .app
                .as_ref()
                .map(|app| format!(" :{app}"))
                .unwrap_or_default();
            format!("{host} is the development name of {name}, made from its app{app}{place}")
        }
    }
}

fn reach(service: &Service, findings: &[Finding]) -> Vec<String> {
    let name = &service.name;
    let upstream = |upstream: &Upstream| {
        let place = match &upstream.origin {
            Some(origin) => format!(" ({origin})"),
            None => String::new(),
        };
        let sight = match (upstream.sight, &upstream.node) {
            (Sight::Confirmed, _) => String::new(),
            (Sight::Unconfirmed, Some(node)) => {
                format!("; sight of node {node} was lost, it is dialled last")
            }
            (Sight::Unconfirmed, None) => "; no node is seen there, it is dialled last".to_owned(),
        };
        format!("{name} is reached at {}{place}{sight}", upstream.address)
    };
    let mut why: Vec<String> = service.upstreams.iter().map(upstream).collect();
    if service.upstreams.is_empty() {
        let subject = format!("{name} ");
        let is_its = |it: &&Finding| it.code == PRIVATE && it.message.starts_with(&subject);
        why.push(match findings.iter().find(is_its) {
            Some(finding) => finding.message.clone(),
            None => format!("{name} has no address to forward to, the answer is 503"),
        });
    }
    if let Serving::No(reason) = &service.serving {
        why.push(format!("{name} was found and does not listen: {reason}"));
    }
    why
}

fn labels(name: &str) -> usize {
    name.split('.').count()
}

fn claimed(conflict: &Conflict) -> String {
    view::claimed(&view::conflict(conflict))
}
