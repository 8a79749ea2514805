use routes::{Adapter, Address, Host, Origin, Report, Reported, Rules, Serving, Snapshot, Source};
use routes::{Claim, ClaimKind, Sight, Subdomains, Upstream};

use super::{StaticRoute, StaticTarget, report_static};
use crate::tests::shown;

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

fn origin(line: u32) -> Origin {
    Origin {
        file: "mesh-router.toml".to_owned(),
        line,
    }
}

fn to_endpoint(line: u32, name: &str, module: &str) -> StaticRoute {
    StaticRoute {
        host: host(name),
        target: StaticTarget::Endpoint(module.to_owned()),
        subdomains: Subdomains::Any,
        origin: origin(line),
    }
}

fn to_address(line: u32, name: &str, address: &str) -> StaticRoute {
    StaticRoute {
        target: StaticTarget::Upstreams(vec![Address::Tcp(address.parse().unwrap())]),
        ..to_endpoint(line, name, "")
    }
}

/// `AuthWeb.Endpoint` as the config source knows it.
fn config() -> Report {
    let origin = Origin {
        file: "config/dev.exs".to_owned(),
        line: 3,
    };
    Report {
        source: Source::Config,
        stale: false,
        endpoints: vec![Reported {
            service: "AuthWeb.Endpoint".to_owned(),
            app: Some("auth_web".to_owned()),
            node: None,
            claims: vec![Claim {
                host: host("auth.local"),
                subdomains: Subdomains::One,
                kind: ClaimKind::Own,
                origin: Some(origin.clone()),
            }],
            upstreams: vec![Upstream {
                address: Address::Tcp("127.0.0.1:4001".parse().unwrap()),
                node: None,
                source: Source::Config,
                adapter: Adapter::Bandit,
                origin: Some(origin.clone()),
                sight: Sight::Confirmed,
            }],
            adapter: Adapter::Bandit,
            serving: Serving::Yes,
            origin: Some(origin),
        }],
        findings: Vec::new(),
    }
}

#[test]
fn routes_to_an_endpoint_use_its_addresses_and_others_their_own() {
    let report = report_static(&[
        to_endpoint(1, "login.acme.com", "AuthWeb.Endpoint"),
        to_endpoint(2, "auth.acme.com", "AuthWeb.Endpoint"),
        to_address(3, "old.acme.com", "10.0.0.1:80"),
        to_endpoint(4, "none.acme.com", "NoneWeb.Endpoint"),
    ]);
    let snapshot = routes::merge(&Snapshot::default(), &[config(), report], &Rules::default());
    expect_test::expect![[r#"
        auth.acme.com -> AuthWeb.Endpoint (mesh-router.toml:2) at 127.0.0.1:4001 (config/dev.exs:3)
        auth.local -> AuthWeb.Endpoint (config/dev.exs:3) at 127.0.0.1:4001 (config/dev.exs:3)
        login.acme.com -> AuthWeb.Endpoint (mesh-router.toml:1) at 127.0.0.1:4001 (config/dev.exs:3)
        none.acme.com -> NoneWeb.Endpoint (mesh-router.toml:4)
        old.acme.com -> old.acme.com (mesh-router.toml:3) at 10.0.0.1:80 (mesh-router.toml:3)
        Error unknown-endpoint mesh-router.toml:4: no source found the endpoint NoneWeb.Endpoint
    "#]]
    .assert_eq(&shown(&snapshot));
}
