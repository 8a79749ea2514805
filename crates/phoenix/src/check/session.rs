//! Session cookies that browsers refuse, or that keep logins apart, or mix them up.

use routes::{Finding, Host, Severity, Subdomains};

use super::{Circumstances, Seen, fixed, routes_to};
use crate::{facts::EndpointFacts, options::Opt, session::Session};

/// Names below which strangers have theirs, so that browsers take no cookie for the whole (the
/// Public Suffix List); those where Phoenix applications are found. A name of a single label is one
/// anyway.
const PUBLIC_SUFFIXES: [&str; 12] = [
    "co.uk",
    "com.au",
    "com.br",
    "co.nz",
    "fly.dev",
    "github.io",
    "gigalixirapp.com",
    "herokuapp.com",
    "ngrok.io",
    "ngrok-free.app",
    "onrender.com",
    "up.railway.app",
];

pub(super) fn of_endpoint(seen: &Seen<'_>) -> Option<Finding> {
    let session = seen.facts.session.as_ref()?;
    match &session.domain {
        Opt::Is(domain) => public(seen, session, domain).or_else(|| outside(seen, session, domain)),
        Opt::Absent => split(seen, session),
        Opt::Unknown => None,
    }
}

/// RFC 6265 §5.3, step 5: a domain that is a public suffix is refused, except by the host of that
/// very name.
fn public(seen: &Seen<'_>, session: &Session, domain: &str) -> Option<Finding> {
    let is_public = !domain.contains('.') || PUBLIC_SUFFIXES.contains(&domain);
    let mut hosts = seen.routes.iter().map(|route| &route.host);
    let host = hosts.find(|host| host.as_str() != domain)?;
    let fix = match domain {
        // RFC 6761 §6.3 makes it a name like a top-level domain's.
        "localhost" => "write `domain = \"acme.localhost\"` under [development] in \
                        mesh-router.toml, and plug Plug.Session, domain: \"acme.localhost\", …"
            .to_owned(),
        _ => format!(
            "plug Plug.Session, domain: \"{}\", … or without `domain:`",
            parent(host)
        ),
    };
    is_public.then(|| {
        fixed(
            seen.finding(
                "session-domain-public",
                Severity::Error,
                session.origin.as_ref(),
                format!(
                    "browsers refuse the session of {} at {host}: nobody may set a cookie for all \
                     of {domain}, so nobody stays logged in",
                    seen.module.module
                ),
            ),
            fix,
        )
    })
}

/// RFC 6265 §5.3, step 6: the host must be the domain or lie below it.
fn outside(seen: &Seen<'_>, session: &Session, domain: &str) -> Option<Finding> {
    let outside: Vec<&Host> = seen
        .routes
        .iter()
        .map(|route| &route.host)
        .filter(|host| !covers(domain, host))
        .collect();
    let host = outside.first()?;
    let (severity, most) = match outside.len() == seen.routes.len() {
        true => (Severity::Error, "nobody stays logged in"),
        false => (Severity::Warning, "nobody stays logged in there"),
    };
    let finding = seen.finding(
        "session-domain",
        severity,
        session.origin.as_ref(),
        format!(
            "browsers refuse the session of {} at {host}: its domain {domain} is not that host nor \
             above it, so {most}",
            seen.module.module
        ),
    );
    let fix = format!(
        "plug Plug.Session, domain: \"{}\", … or without `domain:`",
        parent(host)
    );
    Some(fixed(finding, fix))
}

/// Without a domain each tenant's host has a session of its own.
fn split(seen: &Seen<'_>, session: &Session) -> Option<Finding> {
    let mut routes = seen.routes.iter();
    let route = routes.find(|route| {
        route.subdomains != Subdomains::None && !route.host.is_ip() && seen.has_tenants(route)
    })?;
    let host = &route.host;
    let finding = seen.finding(
        "session-per-host",
        Severity::Info,
        session.origin.as_ref(),
        format!(
            "the session of {} has no `domain:`, so who logs in at {host} isn't logged in at \
             *.{host}, and the other way round",
            seen.module.module
        ),
    );
    let fix = format!(
        "leave it where tenants are to be kept apart; else plug Plug.Session, domain: \"{host}\", …"
    );
    Some(fixed(finding, fix))
}

/// Endpoints whose cookies have one name and reach each other's hosts, and that can't read each
/// other's sessions.
pub(super) fn clashes(facts: &[EndpointFacts], circumstances: &Circumstances<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, second) in facts.iter().enumerate() {
        let first = facts
            .iter()
            .take(at)
            .find(|first| clash(first, second, circumstances));
        if let (Some(first), Some(session)) = (first, &second.facts.session) {
            findings.push(clashing(first, second, session, circumstances));
        }
    }
    findings
}

fn clash(first: &EndpointFacts, second: &EndpointFacts, circumstances: &Circumstances<'_>) -> bool {
    let (Some(a), Some(b)) = (&first.facts.session, &second.facts.session) else {
        return false;
    };
    let reaches = |session: &Session, other: &EndpointFacts| {
        let mut routes = routes_to(other.module(), circumstances.snapshot).into_iter();
        let domain = session.domain.known();
        domain.is_some_and(|domain| routes.any(|route| covers(domain, &route.host)))
    };
    let is_one_name = a.key.known().is_some() && a.key == b.key;
    // The other's cookie gets there only if its own host takes it.
    let a_reaches = reaches(a, first) && reaches(a, second);
    let b_reaches = reaches(b, second) && reaches(b, first);
    is_one_name && a.differs_from(b) && (a_reaches || b_reaches)
}

fn clashing(
    first: &EndpointFacts,
    second: &EndpointFacts,
    session: &Session,
    circumstances: &Circumstances<'_>,
) -> Finding {
    let seen = Seen::new(second, circumstances);
    let key = session.key.known().map_or("", String::as_str);
    let finding = seen.warning(
        "session-clash",
        session.origin.as_ref(),
        format!(
            "the cookie {key} of {} reaches {}, which has one of that name and can't read it: a \
             login at one ends that at the other",
            first.module(),
            second.module()
        ),
    );
    let app = &second.module.otp_app;
    let fix = format!(
        "plug Plug.Session, key: \"_{app}_key\", … or one signing_salt and secret_key_base for both"
    );
    fixed(finding, fix)
}

/// RFC 6265 §5.1.3, domain-match.
fn covers(domain: &str, host: &Host) -> bool {
    let rest = host.as_str().strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.') && !host.is_ip())
}

/// What a cookie for this host and its neighbours may name: the host itself where there are no
/// two labels above it.
fn parent(host: &Host) -> &str {
    match host.as_str().split_once('.') {
        Some((_, parent)) if parent.contains('.') && !PUBLIC_SUFFIXES.contains(&parent) => parent,
        Some(_) | None => host.as_str(),
    }
}
