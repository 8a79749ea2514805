use expect_test::expect;
use routes::{
    Adapter, Address, Claim, ClaimKind, Finding, Host, Mode, Origin, Report, Reported, Rules,
    Serving, Severity, Sight, Snapshot, Source, Subdomains, Upstream,
};

use super::{RoutesView, link, remarks, table};

fn origin(line: u32) -> Option<Origin> {
    Some(Origin {
        file: "config/dev.exs".to_owned(),
        line,
    })
}

fn endpoint(service: &str, app: &str, host: &str, port: u16) -> Reported {
    let claim = Claim {
        host: Host::parse(host).unwrap(),
        subdomains: Subdomains::One,
        kind: ClaimKind::Own,
        origin: origin(3),
    };
    let upstream = Upstream {
        address: Address::Tcp(([127, 0, 0, 1], port).into()),
        node: None,
        source: Source::Config,
        adapter: Adapter::Bandit,
        origin: origin(4),
        sight: Sight::Confirmed,
    };
    Reported {
        service: service.to_owned(),
        app: Some(app.to_owned()),
        node: None,
        claims: vec![claim],
        upstreams: vec![upstream],
        adapter: Adapter::Bandit,
        serving: Serving::Yes,
        origin: origin(1),
    }
}

fn snapshot() -> Snapshot {
    let report = Report {
        source: Source::Config,
        stale: false,
        endpoints: vec![
            endpoint("AuthWeb.Endpoint", "auth_web", "shop.local", 4001),
            endpoint("BillingWeb.Endpoint", "billing_web", "shop.local", 4002),
        ],
        findings: vec![Finding {
            code: "example",
            severity: Severity::Info,
            origin: Some(Origin {
                file: "mix.exs".to_owned(),
                line: 0,
            }),
            message: "only an example".to_owned(),
            fix: String::new(),
        }],
    };
    let rules = Rules {
        mode: Mode::Development,
        ..Rules::default()
    };
    routes::merge(&Snapshot::default(), &[report], &rules)
}

fn shown() -> RoutesView {
    RoutesView::of_table(&snapshot())
}

#[test]
#[allow(clippy::too_many_lines, reason = "the lines are of JSON")]
fn json_has_the_documented_shape() {
    let json = serde_json::to_string_pretty(&RoutesView::of_table(&snapshot())).unwrap();
    expect![[r#"
        {
          "generation": 1,
          "env": null,
          "mode": null,
          "routes": [
            {
              "host": "shop.local",
              "subdomains": "one",
              "service": "AuthWeb.Endpoint",
              "app": "auth_web",
              "kind": "own",
              "source": "config",
              "provenance": "config/dev.exs:3",
              "upstreams": [
                {
                  "address": "127.0.0.1:4001",
                  "node": null,
                  "state": null,
                  "provenance": "config/dev.exs:4"
                }
              ]
            }
          ],
          "services": [
            {
              "name": "AuthWeb.Endpoint",
              "app": "auth_web",
              "serving": true,
              "reason": null,
              "paused": false,
              "upstreams": [
                {
                  "address": "127.0.0.1:4001",
                  "node": null,
                  "state": null,
                  "provenance": "config/dev.exs:4"
                }
              ]
            },
            {
              "name": "BillingWeb.Endpoint",
              "app": "billing_web",
              "serving": true,
              "reason": null,
              "paused": false,
              "upstreams": [
                {
                  "address": "127.0.0.1:4002",
                  "node": null,
                  "state": null,
                  "provenance": "config/dev.exs:4"
                }
              ]
            }
          ],
          "default_service": null,
          "conflicts": [
            {
              "host": "shop.local",
              "holder": "AuthWeb.Endpoint",
              "claimants": [
                {
                  "service": "AuthWeb.Endpoint",
                  "provenance": "config/dev.exs:3"
                },
                {
                  "service": "BillingWeb.Endpoint",
                  "provenance": "config/dev.exs:3"
                }
              ]
            }
          ],
          "findings": [
            {
              "code": "example",
              "severity": "info",
              "file": "mix.exs",
              "line": null,
              "message": "only an example",
              "fix": null
            }
          ]
        }"#]]
    .assert_eq(&json);
}

#[test]
fn the_table_says_where_each_line_is_from() {
    expect![[r#"
        HOST        SUBDOMAINS  SERVICE           UPSTREAMS       FROM
        shop.local  one         AuthWeb.Endpoint  127.0.0.1:4001  config/dev.exs:3"#]]
    .assert_eq(&table(&shown(), None).to_string());
    expect![[r#"
        HOST                    SUBDOMAINS  SERVICE           UPSTREAMS       FROM
        http://shop.local:4000  one         AuthWeb.Endpoint  127.0.0.1:4001  config/dev.exs:3"#]]
    .assert_eq(&table(&shown(), Some(4000)).to_string());
}

#[test]
fn an_upstream_out_of_sight_is_unconfirmed() {
    let mut endpoint = endpoint("AuthWeb.Endpoint", "auth_web", "shop.local", 4001);
    endpoint.upstreams[0].sight = Sight::Unconfirmed;
    let report = Report {
        source: Source::Node,
        stale: false,
        endpoints: vec![endpoint],
        findings: Vec::new(),
    };
    let snapshot = routes::merge(&Snapshot::default(), &[report], &Rules::default());
    let view = RoutesView::of_table(&snapshot);
    assert_eq!(
        view.routes[0].upstreams[0].state.as_deref(),
        Some("unconfirmed")
    );
    expect![[r#"
        HOST        SUBDOMAINS  SERVICE           UPSTREAMS                     FROM
        shop.local  one         AuthWeb.Endpoint  127.0.0.1:4001 (unconfirmed)  config/dev.exs:3"#]]
    .assert_eq(&table(&view, None).to_string());
}

#[test]
fn remarks_are_conflicts_then_findings() {
    expect![[r#"
        conflict: shop.local is claimed by AuthWeb.Endpoint (config/dev.exs:3) and BillingWeb.Endpoint (config/dev.exs:3): AuthWeb.Endpoint has it
        mix.exs: info: only an example (example)"#]].assert_eq(&remarks(&shown()).join("\n"));
}

#[test]
fn a_link_leaves_the_usual_port_out() {
    assert_eq!(link("auth.local", 80), "http://auth.local");
    assert_eq!(link("auth.local", 4000), "http://auth.local:4000");
}
