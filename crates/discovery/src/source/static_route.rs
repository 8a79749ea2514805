//! The `[routes."host"]` tables of `mesh-router.toml`.

use std::collections::BTreeMap;

use routes::{
    Adapter, Address, Claim, ClaimKind, Host, Origin, Report, Reported, Serving, Sight, Source,
    Subdomains, Upstream,
};

/// One `[routes."host"]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticRoute {
    /// The table's name.
    pub host: Host,
    /// Where it leads.
    pub target: StaticTarget,
    /// What becomes of its subdomains.
    pub subdomains: Subdomains,
    /// Where the table stands.
    pub origin: Origin,
}

/// Where a static route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticTarget {
    /// `endpoint = "AuthWeb.Endpoint"`: to a service that another source finds.
    Endpoint(String),
    /// `upstreams = ["127.0.0.1:4001"]`: to a service of its own, named after the host.
    Upstreams(Vec<Address>),
}

/// Says what the operator wrote, as a report like any other.
///
/// Routes to one endpoint become one service with several claims; they bring no upstreams, which
/// are left to the source that finds the endpoint.
pub fn report_static(routes: &[StaticRoute]) -> Report {
    let mut services = BTreeMap::<String, Reported>::new();
    for route in routes {
        let reported = service(route);
        services
            .entry(reported.service.clone())
            .and_modify(|known| {
                known.claims.extend(reported.claims.iter().cloned());
                known.upstreams.extend(reported.upstreams.iter().cloned());
            })
            .or_insert(reported);
    }
    Report {
        source: Source::Static,
        stale: false,
        endpoints: services.into_values().collect(),
        findings: Vec::new(),
    }
}

fn service(route: &StaticRoute) -> Reported {
    let (service, addresses) = match &route.target {
        StaticTarget::Endpoint(module) => (module.clone(), [].as_slice()),
        StaticTarget::Upstreams(addresses) => (route.host.to_string(), addresses.as_slice()),
    };
    Reported {
        service,
        app: None,
        node: None,
        claims: vec![Claim {
            host: route.host.clone(),
            subdomains: route.subdomains,
            kind: ClaimKind::Static,
            origin: Some(route.origin.clone()),
        }],
        upstreams: addresses
            .iter()
            .map(|address| upstream(address, route))
            .collect(),
        adapter: Adapter::Unknown,
        serving: Serving::Yes,
        origin: Some(route.origin.clone()),
    }
}

fn upstream(address: &Address, route: &StaticRoute) -> Upstream {
    Upstream {
        address: address.clone(),
        node: None,
        source: Source::Static,
        adapter: Adapter::Unknown,
        origin: Some(route.origin.clone()),
        sight: Sight::Confirmed,
    }
}

#[cfg(test)]
mod tests;
