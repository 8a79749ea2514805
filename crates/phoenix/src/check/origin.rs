//! `check_origin`: pages that load while their sockets are refused.

use routes::{Finding, Host, Mode, Route, Severity, Subdomains};

use super::{Seen, enumerated, fixed};
use crate::{
    endpoint::Server,
    options::Opt,
    origin::{CheckOrigin, Page, Policy, Refusal},
};

/// A name that a tenant may have, to try whether subdomains are refused.
const TENANT: &str = "tenant";

pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    if matches!(seen.facts.server, Server::Off(_)) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = seen
        .facts
        .policies
        .iter()
        .filter_map(|policy| invalid(seen, policy).or_else(|| behind_tls(seen, policy)))
        .collect();
    let policies = seen.facts.policies.iter();
    findings.extend(policies.filter_map(|policy| hosts(seen, policy)));
    findings.extend(tenants(seen));
    findings
}

/// What `Phoenix.Socket.Transport.check_origin_config/3` raises for.
fn invalid(seen: &Seen<'_>, policy: &Policy) -> Option<Finding> {
    let CheckOrigin::Invalid(what) = &policy.check else {
        return None;
    };
    let host = seen.best_host().map_or("auth.example.org", Host::as_str);
    let finding = seen.finding(
        "check-origin-invalid",
        Severity::Error,
        policy.origin.as_ref(),
        format!(
            "{} of {} fail with 500: Phoenix raises for {what} in check_origin, which takes a \
             boolean, :conn, or origins such as \"//{host}\"",
            policy.sockets(),
            seen.module.module,
        ),
    );
    let line = format!("check_origin: [\"//{host}\", \"//*.{host}\"]");
    Some(fixed(finding, seen.module.line(&line)))
}

/// `:conn` compares the page's scheme with the request's, which is http behind whatever ends TLS.
/// Sockets are dispatched before the module's plugs; only `force_ssl` comes earlier.
fn behind_tls(seen: &Seen<'_>, policy: &Policy) -> Option<Finding> {
    if policy.check != CheckOrigin::Conn || seen.mode() != Mode::Production {
        return None;
    }
    let mut redirects = seen.facts.redirects.iter();
    let reads_proto = redirects
        .find(|it| it.is_force_ssl)
        .map(|it| &it.reads_proto);
    match reads_proto {
        Some(Opt::Is(true) | Opt::Unknown) => return None,
        Some(Opt::Is(false) | Opt::Absent) | None => {}
    }
    let finding = seen.warning(
        "check-origin-conn",
        policy.origin.as_ref(),
        format!(
            "behind whatever ends TLS {} of {} refuse every page with 403: check_origin: :conn \
             compares the page's https with the request's http",
            policy.sockets(),
            seen.module.module,
        ),
    );
    let line = "force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]";
    Some(fixed(finding, seen.module.line(line)))
}

/// Hosts that lead to the endpoint and whose pages one of its policies refuses.
fn hosts(seen: &Seen<'_>, policy: &Policy) -> Option<Finding> {
    // What reading the settings has said of the derived name isn't said again.
    let said = seen.endpoint.development.as_ref().filter(|host| {
        Refusal::of(seen.facts, host).is_some_and(|refusal| refusal.policy == policy)
    });
    let routes = seen.routes.iter().map(|route| &route.host);
    let refused: Vec<(&Host, Refusal<'_>)> = routes
        .filter(|host| Some(*host) != said)
        .filter_map(|host| {
            let page = page(seen, host.as_str());
            Some((host, Refusal::by(policy, seen.facts, page)?))
        })
        .collect();
    let (_, refusal) = *refused.first()?;
    let hosts: Vec<&Host> = refused.iter().map(|(host, _)| *host).collect();
    Some(refusal.finding(seen.module, &hosts))
}

/// Subdomains of hosts that are accepted themselves.
fn tenants(seen: &Seen<'_>) -> Option<Finding> {
    let mut refused: Vec<(&Route, Refusal<'_>)> = Vec::new();
    for route in &seen.routes {
        let tenant = format!("{TENANT}.{}", route.host);
        if route.subdomains != Subdomains::None
            && refusal(seen, route.host.as_str()).is_none()
            && let Some(refusal) = refusal(seen, &tenant)
        {
            refused.push((route, refusal));
        }
    }
    let (_, refusal) = *refused.first()?;
    let has_tenants = refused.iter().any(|(route, _)| seen.has_tenants(route));
    // Each host's subdomains are routed unless told otherwise; most applications have none.
    let severity = if has_tenants {
        Severity::Warning
    } else {
        Severity::Info
    };
    let hosts: Vec<&Host> = refused.iter().map(|(route, _)| &route.host).collect();
    let named: Vec<String> = hosts.iter().map(|host| format!("*.{host}")).collect();
    let finding = seen.finding(
        "check-origin-tenants",
        severity,
        refusal.policy.origin.as_ref(),
        format!(
            "{} of {} refuse pages of {} with 403: {}",
            refusal.policy.sockets(),
            seen.module.module,
            enumerated(&named),
            refusal.why(),
        ),
    );
    let fix = format!(
        "{}; or, where it has no tenants, `subdomains = \"none\"` under [defaults] in \
         mesh-router.toml",
        refusal.fix(seen.module, &hosts)
    );
    Some(fixed(finding, fix))
}

/// The policy by which the page of a host is refused.
fn refusal<'a>(seen: &Seen<'a>, host: &str) -> Option<Refusal<'a>> {
    Refusal::of_page(seen.facts, page(seen, host))
}

/// The page of a host, as browsers see it here.
fn page<'h>(seen: &Seen<'_>, host: &'h str) -> Page<'h> {
    // In production nobody knows scheme and port: whatever ends TLS has them.
    let port = seen.circumstances.port;
    Page {
        scheme: port.map(|_| "http"),
        host,
        port,
    }
}
