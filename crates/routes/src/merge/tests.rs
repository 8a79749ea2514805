mod hosts;
mod property;
mod upstreams;

use crate::{
    Adapter, Claim, ClaimKind, Finding, Host, Mode, Origin, Report, Reported, Rules, Serving,
    Severity, Sight, Snapshot, Source, Subdomains, Upstream, merge,
};

const DEVELOPMENT: Mode = Mode::Development;
const PRODUCTION: Mode = Mode::Production;

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn origin(line: u32) -> Option<Origin> {
    let file = "config/dev.exs".to_owned();
    Some(Origin { file, line })
}

/// One endpoint of the application whose name its own begins with (`AuthWeb.Endpoint` of `auth_web`).
fn endpoint(service: &str) -> Reported {
    let app = service.strip_suffix("Web.Endpoint");
    Reported {
        service: service.to_owned(),
        app: app.map(|app| format!("{}_web", app.to_lowercase())),
        node: None,
        claims: Vec::new(),
        upstreams: Vec::new(),
        adapter: Adapter::Unknown,
        serving: Serving::Yes,
        origin: None,
    }
}

/// Says more about an endpoint, a word at a time.
trait Saying {
    fn claiming(self, kind: ClaimKind, name: &str) -> Self;
    fn at(self, address: &str) -> Self;
    fn on(self, node: &str) -> Self;
    fn of(self, app: &str) -> Self;
    fn silent(self, why: &str) -> Self;
    fn lost(self) -> Self;
}

impl Saying for Reported {
    fn claiming(mut self, kind: ClaimKind, name: &str) -> Self {
        self.claims.push(Claim {
            host: host(name),
            subdomains: Subdomains::One,
            kind,
            origin: origin(3),
        });
        self
    }

    fn at(mut self, address: &str) -> Self {
        let address: std::net::SocketAddr = address.parse().unwrap();
        self.upstreams.push(Upstream {
            node: self.node.clone(),
            source: Source::Config,
            origin: origin(4),
            ..Upstream::new(address.into())
        });
        self
    }

    fn on(mut self, node: &str) -> Self {
        self.node = Some(node.to_owned());
        self
    }

    fn of(mut self, app: &str) -> Self {
        self.app = Some(app.to_owned());
        self
    }

    fn silent(mut self, why: &str) -> Self {
        self.serving = Serving::No(why.to_owned());
        self
    }

    fn lost(mut self) -> Self {
        for upstream in &mut self.upstreams {
            upstream.sight = Sight::Unconfirmed;
        }
        self
    }
}

/// `AuthWeb.Endpoint` and the like with a host of its own and an address, for where neither matters.
fn whole(service: &str, name: &str, port: u16) -> Reported {
    endpoint(service)
        .claiming(ClaimKind::Own, name)
        .at(&format!("127.0.0.1:{port}"))
}

/// What a source says; its upstreams carry its name.
fn report(source: Source, mut endpoints: Vec<Reported>) -> Report {
    for upstream in endpoints.iter_mut().flat_map(|it| &mut it.upstreams) {
        upstream.source = source;
    }
    Report {
        source,
        stale: false,
        endpoints,
        findings: Vec::new(),
    }
}

fn rules(mode: Mode) -> Rules {
    Rules {
        mode,
        ..Rules::default()
    }
}

/// Merges after the empty table, as at start.
fn start(mode: Mode, reports: &[Report]) -> Snapshot {
    merge(&Snapshot::default(), reports, &rules(mode))
}

/// The table as lines: services, routes, conflicts, findings.
fn shown(table: &Snapshot) -> String {
    let name = |service: usize| &table.services[service].name;
    let mut lines = Vec::new();
    for it in &table.services {
        let serving = match &it.serving {
            Serving::Yes => String::new(),
            Serving::No(why) => format!(" ({why})"),
        };
        let upstreams = it.upstreams.iter().map(|up| {
            let node = up.node.as_deref().map(|node| format!(" {node}"));
            let node = node.unwrap_or_default();
            let lost = match up.sight {
                Sight::Confirmed => "",
                Sight::Unconfirmed => ", unconfirmed",
            };
            format!(" {}<{}{node}{lost}>", up.address, up.source)
        });
        let upstreams: String = upstreams.collect();
        lines.push(format!("{} #{}{serving}{upstreams}", it.name, it.slot));
    }
    for it in &table.routes {
        let (host, subdomains, source) = (&it.host, it.subdomains, it.source);
        let (kind, service) = (it.kind, name(it.service));
        lines.push(format!(
            "{host} {subdomains} -> {service} ({kind:?}, {source})"
        ));
    }
    for it in &table.conflicts {
        let claimants: Vec<&str> = it.claimants.iter().map(|(name, _)| name.as_str()).collect();
        let holder = it.holder.as_deref().unwrap_or("nobody");
        lines.push(format!("{}: {holder} of {}", it.host, claimants.join(", ")));
    }
    if let Some(default) = table.default {
        lines.push(format!("default -> {}", name(default)));
    }
    lines.extend(table.findings.iter().map(shown_finding));
    lines.join("\n") + "\n"
}

fn shown_finding(finding: &Finding) -> String {
    let origin = finding.origin.as_ref().map(|it| format!(" {it}"));
    format!(
        "{} {}{}: {}\n    {}",
        finding.severity,
        finding.code,
        origin.unwrap_or_default(),
        finding.message,
        finding.fix
    )
}
