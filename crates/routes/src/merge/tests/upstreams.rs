//! Where services are reached, and the findings about that.

use std::net::SocketAddr;

use expect_test::expect;

use super::*;
use crate::Address;

const AUTH: &str = "AuthWeb.Endpoint";
const BILLING: &str = "BillingWeb.Endpoint";

fn auth() -> Reported {
    endpoint(AUTH).claiming(ClaimKind::Own, "auth.test")
}

#[test]
fn an_umbrella_becomes_a_table() {
    let endpoints = vec![
        whole(BILLING, "billing.local", 4002),
        whole(AUTH, "auth.local", 4001).claiming(ClaimKind::Development, "auth.localhost"),
    ];
    let table = start(DEVELOPMENT, &[report(Source::Config, endpoints)]);
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4001<config>
        BillingWeb.Endpoint #1 127.0.0.1:4002<config>
        auth.local one -> AuthWeb.Endpoint (Own, config)
        auth.localhost one -> AuthWeb.Endpoint (Development, config)
        billing.local one -> BillingWeb.Endpoint (Own, config)
    "#]]
    .assert_eq(&shown(&table));
}

#[test]
fn the_better_informed_source_says_where() {
    let reports = [
        report(Source::Config, vec![auth().at("127.0.0.1:4001")]),
        report(Source::Release, vec![auth().at("127.0.0.1:4101")]),
        report(Source::Node, vec![auth().on("auth@a").at("127.0.0.1:4201")]),
    ];
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4001<config>
        auth.test one -> AuthWeb.Endpoint (Own, config)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &reports[..1])));
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4101<release>
        auth.test one -> AuthWeb.Endpoint (Own, release)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &reports[..2])));
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4201<node auth@a>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &reports)));
}

#[test]
fn it_does_so_for_its_own_node_alone() {
    let reports = [
        report(
            Source::Node,
            vec![
                auth().on("auth@a").at("10.0.0.1:4001"),
                auth().on("auth@b").at("10.0.0.2:4001"),
            ],
        ),
        report(
            Source::Package,
            vec![
                auth().on("auth@b").at("10.0.0.2:9999"),
                auth().on("auth@c").at("10.0.0.3:4001"),
            ],
        ),
    ];
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.1:4001<node auth@a> 10.0.0.2:4001<node auth@b> 10.0.0.3:4001<package auth@c>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]].assert_eq(&shown(&start(PRODUCTION, &reports)));
}

#[test]
fn what_the_operator_writes_replaces_what_was_found() {
    let written = endpoint(AUTH).claiming(ClaimKind::Static, "auth.example.com");
    let found = report(Source::Node, vec![auth().on("auth@a").at("10.0.0.1:4001")]);
    let only_host = report(Source::Static, vec![written.clone()]);
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.1:4001<node auth@a>
        auth.example.com one -> AuthWeb.Endpoint (Static, static)
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[found.clone(), only_host])));
    let with_address = report(Source::Static, vec![written.at("10.9.9.9:80")]);
    expect![[r#"
        AuthWeb.Endpoint #0 10.9.9.9:80<static>
        auth.example.com one -> AuthWeb.Endpoint (Static, static)
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[found, with_address])));
}

#[test]
fn one_address_is_one_upstream_with_the_best_that_is_known_of_it() {
    let mut bandit = auth().on("auth@b").at("127.0.0.1:4001");
    bandit.upstreams[0].adapter = Adapter::Bandit;
    let unknown = auth().on("auth@a").at("127.0.0.1:4001");
    let reports = [
        report(Source::Package, vec![bandit]),
        report(Source::Node, vec![unknown]),
    ];
    let table = start(PRODUCTION, &reports);
    let upstreams = &table.services[0].upstreams;
    assert_eq!(upstreams.len(), 1);
    assert_eq!(upstreams[0].node.as_deref(), Some("auth@a"));
    assert_eq!(upstreams[0].adapter, Adapter::Bandit);
}

#[test]
fn the_adapter_of_an_address_goes_before_that_of_its_endpoint() {
    let mut endpoint = auth().at("127.0.0.1:4001").at("127.0.0.1:4002");
    endpoint.adapter = Adapter::Bandit;
    endpoint.upstreams[1].adapter = Adapter::Cowboy;
    let table = start(PRODUCTION, &[report(Source::Config, vec![endpoint])]);
    let adapters = table.services[0].upstreams.iter().map(|it| it.adapter);
    assert_eq!(
        adapters.collect::<Vec<_>>(),
        [Adapter::Bandit, Adapter::Cowboy]
    );
}

#[test]
fn what_does_not_listen_is_known_and_not_dialled() {
    let silent = auth().at("127.0.0.1:4001").silent("`server: false`");
    let reports = [report(Source::Config, vec![silent.clone()])];
    expect![[r#"
        AuthWeb.Endpoint #0 (`server: false`)
        auth.test one -> AuthWeb.Endpoint (Own, config)
        warning not-serving: AuthWeb.Endpoint was found and does not listen: `server: false`
            write `config :auth_web, AuthWeb.Endpoint, server: true`, or set PHX_SERVER=true where config/runtime.exs asks for it; `mix phx.server` doesn't start what says `server: false`
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &reports)));

    let one_serves = vec![
        silent.on("auth@a"),
        auth().on("auth@b").at("127.0.0.1:4002"),
    ];
    let table = start(PRODUCTION, &[report(Source::Node, one_serves)]);
    assert_eq!(table.services[0].serving, Serving::Yes);
    assert_eq!(table.services[0].upstreams.len(), 1);
}

#[test]
fn an_endpoint_whose_node_is_gone_keeps_its_hosts() {
    let reports = [report(Source::Node, vec![auth().on("auth@a")])];
    expect![[r#"
        AuthWeb.Endpoint #0
        auth.test one -> AuthWeb.Endpoint (Own, node)
        warning no-upstream: AuthWeb.Endpoint has nothing to connect to now: its node auth@a is gone, or runs it without an address
            start it again (its hosts are kept meanwhile), or write its port: `config :auth_web, AuthWeb.Endpoint, http: [port: 4001]`
    "#]].assert_eq(&shown(&start(PRODUCTION, &reports)));
    let both = vec![auth().on("auth@a"), auth().on("auth@b")];
    let table = start(PRODUCTION, &[report(Source::Node, both)]);
    expect![[r#"
        AuthWeb.Endpoint #0
        auth.test one -> AuthWeb.Endpoint (Own, node)
        warning no-upstream: AuthWeb.Endpoint has nothing to connect to now: each of its nodes (auth@a, auth@b) is gone, or runs it without an address
            start it again (its hosts are kept meanwhile), or write its port: `config :auth_web, AuthWeb.Endpoint, http: [port: 4001]`
    "#]].assert_eq(&shown(&table));
    let auth_test = table.find(&host("auth.test")).unwrap();
    assert_eq!(table.services[auth_test.service].serving, Serving::Yes);

    // Whoever reads the files says why, at the line.
    let reports = [report(Source::Config, vec![auth()])];
    assert_eq!(start(PRODUCTION, &reports).findings, []);
}

#[test]
fn where_the_node_is_gone_the_files_address_is_dialled_unconfirmed() {
    let written = report(Source::Config, vec![auth().at("127.0.0.1:4001")]);
    let gone = report(Source::Node, vec![auth().on("auth@a")]);
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4001<config, unconfirmed>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[written.clone(), gone.clone()])));

    // It was the node's all along where another runs the endpoint.
    let other = auth().on("auth@b").at("10.0.0.2:4001");
    let nodes = report(Source::Node, vec![gone.endpoints[0].clone(), other.clone()]);
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.2:4001<node auth@b>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[written.clone(), nodes])));
    let nodes = report(
        Source::Node,
        vec![gone.endpoints[0].clone(), other.clone().lost()],
    );
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.2:4001<node auth@b, unconfirmed>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[written, nodes])));

    // A release that names its node speaks for that one alone.
    let release = report(
        Source::Release,
        vec![auth().on("auth@a").at("127.0.0.1:4101")],
    );
    let nodes = report(Source::Node, vec![gone.endpoints[0].clone(), other]);
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.2:4001<node auth@b> 127.0.0.1:4101<release auth@a, unconfirmed>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[release.clone(), nodes])));
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4101<release auth@a, unconfirmed>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &[release, gone])));
}

#[test]
fn a_node_that_knows_nothing_of_an_endpoint_takes_nothing_away() {
    let reports = [
        report(
            Source::Config,
            vec![
                auth().at("127.0.0.1:4001"),
                whole(BILLING, "billing.test", 4002),
            ],
        ),
        report(Source::Node, vec![auth().on("auth@a").at("127.0.0.1:4201")]),
    ];
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4201<node auth@a>
        BillingWeb.Endpoint #1 127.0.0.1:4002<config>
        auth.test one -> AuthWeb.Endpoint (Own, node)
        billing.test one -> BillingWeb.Endpoint (Own, config)
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &reports)));
}

#[test]
fn losing_sight_of_a_node_keeps_its_upstreams() {
    let nodes = vec![
        auth().on("auth@a").at("10.0.0.1:4001"),
        auth().on("auth@b").at("10.0.0.2:4001").lost(),
    ];
    let before = start(PRODUCTION, &[report(Source::Node, nodes.clone())]);
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.1:4001<node auth@a> 10.0.0.2:4001<node auth@b, unconfirmed>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]]
    .assert_eq(&shown(&before));
    let nodes: Vec<Reported> = nodes.into_iter().map(Saying::lost).collect();
    let after = merge(&before, &[report(Source::Node, nodes)], &rules(PRODUCTION));
    expect![[r#"
        AuthWeb.Endpoint #0 10.0.0.1:4001<node auth@a, unconfirmed> 10.0.0.2:4001<node auth@b, unconfirmed>
        auth.test one -> AuthWeb.Endpoint (Own, node)
    "#]].assert_eq(&shown(&after));
    assert!(after.generation > before.generation, "workers must be told");
}

#[test]
fn an_address_is_the_node_s_that_is_seen_there() {
    // A node was restarted under another name; the old one's link is lost, and sorts first.
    let mut old = auth().on("auth@a").at("10.0.0.1:4001").lost();
    old.upstreams[0].adapter = Adapter::Bandit;
    let new = auth().on("auth@b").at("10.0.0.1:4001");
    for reports in [
        vec![report(Source::Node, vec![old.clone(), new.clone()])],
        vec![
            report(Source::Node, vec![old.clone()]),
            report(Source::Package, vec![new.clone()]),
        ],
        vec![
            report(Source::Node, vec![new]),
            report(Source::Package, vec![old]),
        ],
    ] {
        let table = start(PRODUCTION, &reports);
        let [upstream] = &table.services[0].upstreams[..] else {
            panic!("one address")
        };
        let seen = (upstream.node.as_deref(), upstream.sight, upstream.adapter);
        assert_eq!(
            seen,
            (Some("auth@b"), Sight::Confirmed, Adapter::Unknown),
            "another server may listen now"
        );
    }
}

#[test]
fn a_node_that_is_gone_does_not_outvote_one_that_does_not_listen() {
    let nodes = vec![auth().on("auth@a"), auth().on("auth@b").silent("off")];
    let table = start(PRODUCTION, &[report(Source::Node, nodes)]);
    assert_eq!(table.services[0].serving, Serving::No("off".to_owned()));
}

#[test]
fn a_host_for_an_endpoint_that_nobody_found_names_the_nearest() {
    let typo = endpoint("AuthWeb.Endpiont").claiming(ClaimKind::Static, "auth.example.com");
    let alone = [report(Source::Static, vec![typo.clone()])];
    expect![[r#"
        AuthWeb.Endpiont #0
        auth.example.com one -> AuthWeb.Endpiont (Static, static)
        error unknown-endpoint: no source found the endpoint AuthWeb.Endpiont
            no endpoint was found at all
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &alone)));
    let reports = [
        report(Source::Static, vec![typo]),
        report(
            Source::Config,
            vec![auth().at("127.0.0.1:4001"), whole(BILLING, "b.test", 4002)],
        ),
    ];
    expect![[r#"
        AuthWeb.Endpiont #0
        AuthWeb.Endpoint #1 127.0.0.1:4001<config>
        BillingWeb.Endpoint #2 127.0.0.1:4002<config>
        auth.example.com one -> AuthWeb.Endpiont (Static, static)
        auth.test one -> AuthWeb.Endpoint (Own, config)
        b.test one -> BillingWeb.Endpoint (Own, config)
        error unknown-endpoint: no source found the endpoint AuthWeb.Endpiont
            did you mean AuthWeb.Endpoint?
    "#]]
    .assert_eq(&shown(&start(PRODUCTION, &reports)));
}

#[test]
fn two_endpoints_on_one_port_are_warned_of_unless_the_operator_wrote_one() {
    let both = vec![
        auth().at("127.0.0.1:4000"),
        whole(BILLING, "billing.test", 4000),
    ];
    let found = report(Source::Config, both);
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4000<config>
        BillingWeb.Endpoint #1 127.0.0.1:4000<config>
        auth.test one -> AuthWeb.Endpoint (Own, config)
        billing.test one -> BillingWeb.Endpoint (Own, config)
        warning port-twice config/dev.exs:4: AuthWeb.Endpoint (config/dev.exs:4) and BillingWeb.Endpoint (config/dev.exs:4) have one address, 127.0.0.1:4000
            write `config :billing_web, BillingWeb.Endpoint, http: [port: 4002]`
    "#]].assert_eq(&shown(&start(PRODUCTION, &[found])));

    let reports = [
        report(Source::Config, vec![auth().at("127.0.0.1:4000")]),
        report(Source::Static, vec![whole("alias", "alias.test", 4000)]),
    ];
    assert_eq!(start(PRODUCTION, &reports).findings, []);
}

#[test]
fn our_own_listener_is_never_an_upstream() {
    let endpoint = auth().at("127.0.0.1:4000").at("127.0.0.1:4001");
    let reports = [report(Source::Config, vec![endpoint])];
    let mut rules = rules(PRODUCTION);
    rules.listeners = vec!["127.0.0.1:4000".parse().unwrap()];
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4001<config>
        auth.test one -> AuthWeb.Endpoint (Own, config)
        error own-listener config/dev.exs:4: AuthWeb.Endpoint has the address 127.0.0.1:4000, where this gateway itself listens (127.0.0.1:4000)
            write `config :auth_web, AuthWeb.Endpoint, http: [port: 4002]`, or give the gateway another `listen`
    "#]].assert_eq(&shown(&merge(&Snapshot::default(), &reports, &rules)));
    rules.listeners.push("127.0.0.1:4001".parse().unwrap());
    expect![[r#"
        AuthWeb.Endpoint #0
        auth.test one -> AuthWeb.Endpoint (Own, config)
        error own-listener config/dev.exs:4: AuthWeb.Endpoint has the address 127.0.0.1:4000, where this gateway itself listens (127.0.0.1:4000)
            write `config :auth_web, AuthWeb.Endpoint, http: [port: 4002]`, or give the gateway another `listen`
        error own-listener config/dev.exs:4: AuthWeb.Endpoint has the address 127.0.0.1:4001, where this gateway itself listens (127.0.0.1:4001)
            write `config :auth_web, AuthWeb.Endpoint, http: [port: 4002]`, or give the gateway another `listen`
    "#]].assert_eq(&shown(&merge(&Snapshot::default(), &reports, &rules)));
}

#[test]
fn what_the_operator_wrote_is_not_looked_for_elsewhere() {
    let written = whole("alias", "alias.test", 4000);
    let mut rules = rules(PRODUCTION);
    rules.listeners = vec!["127.0.0.1:4000".parse().unwrap()];
    let table = merge(
        &Snapshot::default(),
        &[report(Source::Static, vec![written])],
        &rules,
    );
    let codes = table.findings.iter().map(|it| it.code);
    assert_eq!(codes.collect::<Vec<_>>(), ["own-listener"]);
}

/// Whether an upstream at this address is left out, given one listener.
fn is_own(listener: &str, upstream: &str) -> bool {
    let reports = [report(Source::Config, vec![auth().at(upstream)])];
    let mut rules = rules(PRODUCTION);
    rules.listeners = vec![listener.parse().unwrap()];
    let table = merge(&Snapshot::default(), &reports, &rules);
    let is_left_out = table.services[0].upstreams.is_empty();
    assert_eq!(
        is_left_out,
        table.findings.iter().any(|it| it.code == "own-listener")
    );
    is_left_out
}

#[test]
fn listeners_on_all_interfaces_are_recognised() {
    let cases = [
        ("127.0.0.1:4000", "127.0.0.1:4000", true),
        ("127.0.0.1:4000", "127.0.0.1:4001", false),
        ("127.0.0.1:4000", "127.0.0.2:4000", false),
        ("127.0.0.1:4000", "[::1]:4000", false),
        ("127.0.0.1:4000", "[::ffff:127.0.0.1]:4000", true),
        ("127.0.0.1:4000", "0.0.0.0:4000", true),
        ("127.0.0.1:4000", "10.0.0.1:4000", false),
        ("0.0.0.0:4000", "127.0.0.1:4000", true),
        ("0.0.0.0:4000", "127.0.0.2:4000", true),
        ("0.0.0.0:4000", "0.0.0.0:4000", true),
        ("0.0.0.0:4000", "[::1]:4000", false),
        ("0.0.0.0:4000", "10.0.0.1:4000", false),
        ("[::]:4000", "[::1]:4000", true),
        ("[::]:4000", "127.0.0.1:4000", true),
        ("[::]:4000", "[2001:db8::1]:4000", false),
        ("[::1]:4000", "[::]:4000", true),
        ("[::1]:4000", "0.0.0.0:4000", false),
        ("10.0.0.1:4000", "10.0.0.1:4000", true),
        ("10.0.0.1:4000", "0.0.0.0:4000", false),
    ];
    for (listener, upstream, wanted) in cases {
        assert_eq!(is_own(listener, upstream), wanted, "{listener} {upstream}");
    }
}

#[test]
fn unix_sockets_are_upstreams_too() {
    let mut endpoint = auth();
    let address = Address::Unix("/run/auth.sock".into());
    endpoint.upstreams.push(Upstream::new(address.clone()));
    let mut rules = rules(PRODUCTION);
    rules.listeners = vec![SocketAddr::from(([0, 0, 0, 0], 4000))];
    let table = merge(
        &Snapshot::default(),
        &[report(Source::Config, vec![endpoint])],
        &rules,
    );
    assert_eq!(table.services[0].upstreams[0].address, address);
    assert_eq!(table.findings, []);
}
