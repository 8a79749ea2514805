use admin::{GenerationView, SourceView, TotalsView, view::ClaimantView};
use expect_test::expect;

use super::*;
use crate::view::{ConflictView, UpstreamView};

fn service(name: &str, upstreams: &[(&str, &str)]) -> ServiceStatusView {
    let upstream = |(address, state): &(&str, &str)| UpstreamView {
        address: (*address).to_owned(),
        node: None,
        state: Some((*state).to_owned()),
        provenance: None,
    };
    ServiceStatusView {
        name: name.to_owned(),
        app: None,
        hosts: Vec::new(),
        serving: true,
        reason: None,
        paused: false,
        upstreams: upstreams.iter().map(upstream).collect(),
        active: 1,
        websockets: 2,
        requests: 30,
        errors: [("reset".to_owned(), 3), ("protocol".to_owned(), 1)].into(),
    }
}

fn status() -> StatusView {
    StatusView {
        version: "0.1.0".to_owned(),
        pid: 812,
        started: "2026-11-26T00:00:00Z".to_owned(),
        ready: true,
        not_ready: None,
        mode: "development".to_owned(),
        mode_reason: "set outright".to_owned(),
        project: Some("/srv/shop".to_owned()),
        env: Some("dev".to_owned()),
        listeners: vec!["127.0.0.1:4000".to_owned(), "[::1]:4000".to_owned()],
        admin: Some("127.0.0.1:9900".to_owned()),
        health: None,
        generation: GenerationView {
            published: 4,
            applied: 4,
            table: 3,
        },
        sources: vec![SourceView {
            source: "config".to_owned(),
            last_success: Some("2026-11-26T01:00:30Z".to_owned()),
            stale: false,
            successes: 2,
            failures: 0,
            endpoints: 1,
            findings: 0,
        }],
        nodes: Vec::new(),
        services: vec![service("AuthWeb.Endpoint", &[("127.0.0.1:4001", "up")])],
        conflicts: Vec::new(),
        findings: Vec::new(),
        totals: TotalsView {
            routes: 1,
            connections_open: 5,
            active: 3,
            held: 2,
            requests: 31,
            no_route: 1,
            ..TotalsView::default()
        },
    }
}

fn now() -> Timestamp {
    "2026-11-26T01:01:00Z".parse().unwrap()
}

#[test]
fn where_all_is_well_it_says_so() {
    expect![[r#"
        mesh-router 0.1.0, pid 812, ready, running for 1 h 1 min (since 2026-11-26T00:00:00Z)
        mode        development: set outright
        project     /srv/shop (dev)
        listening   127.0.0.1:4000, [::1]:4000
        admin       127.0.0.1:9900
        health      off
        table       1 route, 1 service, 0 conflicts, 0 findings; generation 4, applied by all workers
        traffic     5 connections, 3 requests under way (2 held), 0 WebSockets; 31 requests so far, 1 of them to unknown hosts

        SOURCE  LAST SUCCESS  ENDPOINTS  FINDINGS  STATE
        config  30 s ago      1          0         good

        SERVICE           UPSTREAMS       ACTIVE  WEBSOCKETS  REQUESTS  NOT OK
        AuthWeb.Endpoint  127.0.0.1:4001  1       2           30        4

        nothing is wrong"#]].assert_eq(&text(&status(), now()));
}

#[test]
fn what_is_wrong_comes_last_with_its_mend() {
    let mut status = status();
    status.not_ready = Some("leaving".to_owned());
    status.sources[0].stale = true;
    status.conflicts = vec![ConflictView {
        host: "shop.local".to_owned(),
        holder: None,
        claimants: vec![ClaimantView {
            service: "AuthWeb.Endpoint".to_owned(),
            provenance: Some("config/dev.exs:3".to_owned()),
        }],
    }];
    let finding = |severity: &str| FindingView {
        code: "port-twice".to_owned(),
        severity: severity.to_owned(),
        file: Some("config/dev.exs".to_owned()),
        line: Some(3),
        message: "the port is taken\u{7}".to_owned(),
        fix: Some("write another".to_owned()),
    };
    status.findings = vec![finding("error"), finding("info")];
    status.totals.access_lines_lost = 1;
    status.nodes = vec![NodeView {
        node: "auth@host".to_owned(),
        source: "node".to_owned(),
        state: "refused".to_owned(),
        since: "2026-11-26T01:00:00Z".to_owned(),
        reason: Some("EPMD does not know it".to_owned()),
        fix: Some("start it with --sname auth".to_owned()),
        endpoints: 0,
        round_trip_ms: None,
    }];
    let mut idle = service("IdleWeb.Endpoint", &[]);
    idle.reason = Some("`server: false`".to_owned());
    let mut paused = service("PausedWeb.Endpoint", &[("127.0.0.1:4003", "failing")]);
    paused.paused = true;
    status.services.extend([
        service("BillingWeb.Endpoint", &[("127.0.0.1:4002", "failing")]),
        service("GoneWeb.Endpoint", &[]),
        idle,
        paused,
    ]);
    let text = text(&status, now());
    let (_, wrong) = text.split_once("what is wrong:\n").unwrap();
    let wrong: Vec<&str> = wrong.lines().map(str::trim_start).collect();
    expect![[r#"
        the gateway is not ready: leaving
        the source config failed, its last good report stands
        node auth@host is refused: EPMD does not know it; start it with --sname auth
        BillingWeb.Endpoint can't be connected to at 127.0.0.1:4002: is it running?
        GoneWeb.Endpoint has no address to forward to: its hosts get a 503
        IdleWeb.Endpoint does not listen: `server: false`
        PausedWeb.Endpoint is paused, its requests wait: `mesh-router resume PausedWeb.Endpoint` ends that
        shop.local is claimed by AuthWeb.Endpoint (config/dev.exs:3): nobody has it
        config/dev.exs:3: error: the port is taken\u{7} (port-twice)
        write another
        1 access line lost: whoever reads the access log is too slow"#]]
    .assert_eq(&wrong.join("\n"));
}

#[test]
fn how_long_ago_in_two_units() {
    let check = |moment: &str, expected: &str| assert_eq!(ago(moment, now()), expected);
    check("2026-11-26T01:00:58Z", "2 s");
    check("2026-11-26T00:59:50Z", "1 min 10 s");
    check("2026-11-25T22:00:00Z", "3 h 1 min");
    check("2026-11-20T00:00:00Z", "6 d 1 h");
    check("2026-11-26T01:02:00Z", "0 s");
}
