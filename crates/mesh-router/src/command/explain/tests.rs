use expect_test::{Expect, expect};
use routes::{
    Adapter, Address, Claim, ClaimKind, Finding, Host, Mode, Origin, Report, Reported, Rules,
    Serving, Severity, Sight, Snapshot, Source, Subdomains, Upstream,
};

use super::{Explained, parse, text};

fn origin(line: u32) -> Option<Origin> {
    Some(Origin {
        file: "config/dev.exs".to_owned(),
        line,
    })
}

fn endpoint(service: &str, hosts: &[(&str, ClaimKind, Subdomains)], ports: &[u16]) -> Reported {
    let claim = |(host, kind, subdomains): &(&str, ClaimKind, Subdomains)| Claim {
        host: Host::parse(host).unwrap(),
        subdomains: *subdomains,
        kind: *kind,
        origin: origin(3),
    };
    let upstream = |port: &u16| Upstream {
        address: Address::Tcp(([127, 0, 0, 1], *port).into()),
        node: None,
        source: Source::Config,
        adapter: Adapter::Bandit,
        sight: Sight::default(),
        origin: origin(4),
    };
    let serving = match ports.is_empty() {
        true => Serving::No("`server: false`".to_owned()),
        false => Serving::Yes,
    };
    Reported {
        service: service.to_owned(),
        app: Some("auth_web".to_owned()),
        node: None,
        claims: hosts.iter().map(claim).collect(),
        upstreams: ports.iter().map(upstream).collect(),
        adapter: Adapter::Bandit,
        serving,
        origin: origin(1),
    }
}

fn snapshot(default: Option<&str>) -> Snapshot {
    let one = Subdomains::One;
    let auth = [
        ("auth.local", ClaimKind::Own, one),
        ("auth.localhost", ClaimKind::Development, one),
        ("shared.local", ClaimKind::Own, Subdomains::None),
    ];
    let billing = [("shared.local", ClaimKind::Own, Subdomains::None)];
    let report = Report {
        source: Source::Config,
        stale: false,
        endpoints: vec![
            endpoint("AuthWeb.Endpoint", &auth, &[4001]),
            endpoint("BillingWeb.Endpoint", &billing, &[4002]),
            endpoint(
                "IdleWeb.Endpoint",
                &[("idle.local", ClaimKind::Static, one)],
                &[],
            ),
        ],
        findings: Vec::new(),
    };
    let rules = Rules {
        mode: Mode::Development,
        default: default.map(str::to_owned),
        ..Rules::default()
    };
    routes::merge(&Snapshot::default(), &[report], &rules)
}

#[track_caller]
fn check(host: &str, default: Option<&str>, expected: &Expect) {
    let host = Host::parse(host).unwrap();
    expected.assert_eq(&text(&explain(&host, &snapshot(default))));
}

/// What is said without a project's settings.
fn explain(host: &Host, snapshot: &Snapshot) -> Explained {
    Explained {
        explanation: admin::explain(host, snapshot),
        settings: Vec::new(),
    }
}

#[test]
fn a_host_of_its_own() {
    check(
        "auth.local",
        None,
        &expect![[r#"
        auth.local → AuthWeb.Endpoint
          auth.local is a route of its own
          auth.local is the url host of AuthWeb.Endpoint (config/dev.exs:3)
          AuthWeb.Endpoint is reached at 127.0.0.1:4001 (config/dev.exs:4)
          the apps' resolver sees no tenant"#]],
    );
}

#[test]
fn a_tenant() {
    check(
        "tenant1.auth.localhost",
        None,
        &expect![[r#"
        tenant1.auth.localhost → AuthWeb.Endpoint
          tenant1.auth.localhost has no route of its own; auth.localhost is the longest above it, with subdomains = "one"
          auth.localhost is the development name of AuthWeb.Endpoint, made from its app :auth_web (config/dev.exs:3)
          AuthWeb.Endpoint is reached at 127.0.0.1:4001 (config/dev.exs:4)
          the apps' resolver sees the tenant "tenant1""#]],
    );
}

#[test]
fn too_deep_below_a_host() {
    check(
        "a.b.auth.local",
        None,
        &expect![[r#"
        a.b.auth.local leads nowhere
          no route is a.b.auth.local or takes it as a subdomain
          auth.local has subdomains = "one", and a.b.auth.local has 2 labels more
          the answer is 404, "unknown service: a.b.auth.local""#]],
    );
}

#[test]
fn a_misspelt_host() {
    check(
        "auht.local",
        None,
        &expect![[r#"
        auht.local leads nowhere
          no route is auht.local or takes it as a subdomain
          the nearest name is auth.local
          the answer is 404, "unknown service: auht.local""#]],
    );
}

#[test]
fn a_contested_host() {
    check(
        "shared.local",
        None,
        &expect![[r#"
        shared.local → AuthWeb.Endpoint
          shared.local is a route of its own
          shared.local is the url host of AuthWeb.Endpoint (config/dev.exs:3)
          AuthWeb.Endpoint is reached at 127.0.0.1:4001 (config/dev.exs:4)
          the apps' resolver sees no tenant
          shared.local is claimed by AuthWeb.Endpoint (config/dev.exs:3) and BillingWeb.Endpoint (config/dev.exs:3): AuthWeb.Endpoint has it"#]],
    );
}

#[test]
fn a_host_for_the_default_service() {
    check(
        "www.example.com",
        Some("BillingWeb.Endpoint"),
        &expect![[r#"
        www.example.com → BillingWeb.Endpoint
          no route is www.example.com or takes it as a subdomain; default_service gives it to BillingWeb.Endpoint
          BillingWeb.Endpoint is reached at 127.0.0.1:4002 (config/dev.exs:4)
          the apps' resolver sees the tenant "www""#]],
    );
}

#[test]
fn a_service_that_does_not_listen() {
    check(
        "idle.local",
        None,
        &expect![[r#"
        idle.local → IdleWeb.Endpoint
          idle.local is a route of its own
          idle.local is given to IdleWeb.Endpoint by hand (config/dev.exs:3)
          IdleWeb.Endpoint has no address to forward to, the answer is 503
          IdleWeb.Endpoint was found and does not listen: `server: false`
          the apps' resolver sees no tenant"#]],
    );
}

#[test]
fn an_endpoint_with_a_private_socket_is_no_503() {
    let mut snapshot = snapshot(None);
    let message = "IdleWeb.Endpoint gets a private socket from the Hex package when it starts";
    snapshot.findings.push(Finding {
        code: "private-socket",
        severity: Severity::Info,
        origin: None,
        message: message.to_owned(),
        fix: String::new(),
    });
    let why = explain(&Host::parse("idle.local").unwrap(), &snapshot)
        .explanation
        .why;
    assert!(why.iter().any(|it| it == message), "{why:?}");
    assert!(!why.iter().any(|it| it.contains("503")), "{why:?}");
}

#[test]
fn json_has_the_documented_shape() {
    let host = Host::parse("tenant1.auth.local").unwrap();
    let explained = explain(&host, &snapshot(None));
    expect![[r#"
        {
          "host": "tenant1.auth.local",
          "rule": "subdomain",
          "route": "auth.local",
          "service": "AuthWeb.Endpoint",
          "upstreams": [
            {
              "address": "127.0.0.1:4001",
              "node": null,
              "state": null,
              "provenance": "config/dev.exs:4"
            }
          ],
          "tenant": "tenant1",
          "why": [
            "tenant1.auth.local has no route of its own; auth.local is the longest above it, with subdomains = \"one\"",
            "auth.local is the url host of AuthWeb.Endpoint (config/dev.exs:3)",
            "AuthWeb.Endpoint is reached at 127.0.0.1:4001 (config/dev.exs:4)",
            "the apps' resolver sees the tenant \"tenant1\""
          ],
          "settings": []
        }"#]].assert_eq(&serde_json::to_string_pretty(&explained).unwrap());
    let host = Host::parse("x").unwrap();
    let explained = explain(&host, &snapshot(None));
    expect![[r#"{"host":"x","rule":"none","route":null,"service":null,"upstreams":[],"tenant":null,"why":["no route is x or takes it as a subdomain","the answer is 404, \"unknown service: x\""],"settings":[]}"#]].assert_eq(&serde_json::to_string(&explained).unwrap());
}

#[test]
fn hosts_and_urls_are_both_taken() {
    for given in [
        "Auth.local",
        "auth.local.",
        "auth.local:4000",
        "auth.local/",
        "http://auth.local",
        "https://auth.local:443/login?next=/x#y",
        "ws://auth.local/live/websocket?vsn=2.0.0",
    ] {
        assert_eq!(parse(given).unwrap().as_str(), "auth.local", "{given}");
    }
    for given in [
        "",
        "http://",
        "a b",
        "http://user@auth.local/",
        "a..b",
        "auth.local/login",
    ] {
        let error = parse(given).unwrap_err().to_string();
        assert!(
            error.contains("neither a host nor a URL"),
            "{given}: {error}"
        );
    }
}

#[test]
fn an_upstream_out_of_sight() {
    let one = Subdomains::One;
    let hosts = [("auth.local", ClaimKind::Own, one)];
    let mut endpoint = endpoint("AuthWeb.Endpoint", &hosts, &[4001, 4002, 4003]);
    endpoint.upstreams[0].node = Some("auth@10.0.0.5".to_owned());
    for upstream in &mut endpoint.upstreams[..2] {
        upstream.sight = Sight::Unconfirmed;
    }
    let report = Report {
        source: Source::Node,
        stale: false,
        endpoints: vec![endpoint],
        findings: Vec::new(),
    };
    let snapshot = routes::merge(&Snapshot::default(), &[report], &Rules::default());
    let explained = explain(&Host::parse("auth.local").unwrap(), &snapshot);
    expect![[r#"
        auth.local → AuthWeb.Endpoint
          auth.local is a route of its own
          auth.local is the url host of AuthWeb.Endpoint (config/dev.exs:3)
          AuthWeb.Endpoint is reached at 127.0.0.1:4001 (config/dev.exs:4); sight of node auth@10.0.0.5 was lost, it is dialled last
          AuthWeb.Endpoint is reached at 127.0.0.1:4002 (config/dev.exs:4); no node is seen there, it is dialled last
          AuthWeb.Endpoint is reached at 127.0.0.1:4003 (config/dev.exs:4)
          the apps' resolver sees no tenant"#]].assert_eq(&text(&explained));
}
