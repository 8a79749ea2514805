//! Who gets which host, and what the generation does.

use expect_test::{Expect, expect};

use super::*;

const AUTH: &str = "AuthWeb.Endpoint";
const BILLING: &str = "BillingWeb.Endpoint";
const SHOP: &str = "ShopWeb.Endpoint";

/// The routes and conflicts that the claims come to, given who had `x.test` before.
fn check(mode: Mode, incumbent: Option<&str>, claims: &[(&str, ClaimKind)], expect: &Expect) {
    let before = incumbent.map(|service| whole(service, "x.test", 1));
    let before = [report(Source::Config, before.into_iter().collect())];
    let previous = start(mode, &before);

    let claims = claims.iter().zip(4001..).map(|((service, kind), port)| {
        let source = match kind {
            ClaimKind::Static => Source::Static,
            ClaimKind::Own | ClaimKind::Development => Source::Config,
        };
        let address = format!("127.0.0.1:{port}");
        let endpoint = endpoint(service).claiming(*kind, "x.test").at(&address);
        report(source, vec![endpoint])
    });
    let reports: Vec<Report> = claims.collect();
    let mut table = merge(&previous, &reports, &rules(mode));
    table.findings.clear();
    let hosts = shown(&table);
    let hosts: String = hosts
        .lines()
        .filter(|line| line.starts_with("x.test"))
        .map(|line| format!("{line}\n"))
        .collect();
    expect.assert_eq(&hosts);
}

#[test]
fn one_claim_is_no_contest() {
    check(
        PRODUCTION,
        None,
        &[(AUTH, ClaimKind::Own)],
        &expect![[r#"
            x.test one -> AuthWeb.Endpoint (Own, config)
        "#]],
    );
}

#[test]
fn undecided_at_start_development_takes_the_first_app_and_production_nobody() {
    let both = [(BILLING, ClaimKind::Own), (AUTH, ClaimKind::Own)];
    check(
        DEVELOPMENT,
        None,
        &both,
        &expect![[r#"
        x.test one -> AuthWeb.Endpoint (Own, config)
        x.test: AuthWeb.Endpoint of AuthWeb.Endpoint, BillingWeb.Endpoint
    "#]],
    );
    check(
        PRODUCTION,
        None,
        &both,
        &expect![[r#"
        x.test: nobody of AuthWeb.Endpoint, BillingWeb.Endpoint
    "#]],
    );
}

#[test]
fn who_has_a_host_keeps_it_in_both_modes() {
    let all = [
        (AUTH, ClaimKind::Own),
        (BILLING, ClaimKind::Own),
        (SHOP, ClaimKind::Own),
    ];
    check(
        DEVELOPMENT,
        Some(BILLING),
        &all,
        &expect![[r#"
        x.test one -> BillingWeb.Endpoint (Own, config)
        x.test: BillingWeb.Endpoint of AuthWeb.Endpoint, BillingWeb.Endpoint, ShopWeb.Endpoint
    "#]],
    );
    check(
        PRODUCTION,
        Some(BILLING),
        &all,
        &expect![[r#"
        x.test one -> BillingWeb.Endpoint (Own, config)
        x.test: BillingWeb.Endpoint of AuthWeb.Endpoint, BillingWeb.Endpoint, ShopWeb.Endpoint
    "#]],
    );
    // Also against a stronger claim: a live host can't be taken.
    let weaker = [(AUTH, ClaimKind::Own), (BILLING, ClaimKind::Development)];
    check(
        DEVELOPMENT,
        Some(BILLING),
        &weaker,
        &expect![[r#"
        x.test one -> BillingWeb.Endpoint (Development, config)
        x.test: BillingWeb.Endpoint of AuthWeb.Endpoint, BillingWeb.Endpoint
    "#]],
    );
}

#[test]
fn who_no_longer_claims_a_host_loses_it() {
    let others = [(AUTH, ClaimKind::Own), (SHOP, ClaimKind::Own)];
    check(
        DEVELOPMENT,
        Some(BILLING),
        &others,
        &expect![[r#"
        x.test one -> AuthWeb.Endpoint (Own, config)
        x.test: AuthWeb.Endpoint of AuthWeb.Endpoint, ShopWeb.Endpoint
    "#]],
    );
    check(
        PRODUCTION,
        Some(BILLING),
        &others,
        &expect![[r#"
        x.test: nobody of AuthWeb.Endpoint, ShopWeb.Endpoint
    "#]],
    );
}

#[test]
fn its_own_host_goes_before_a_development_name() {
    let both = [(AUTH, ClaimKind::Development), (BILLING, ClaimKind::Own)];
    check(
        DEVELOPMENT,
        None,
        &both,
        &expect![[r#"
        x.test one -> BillingWeb.Endpoint (Own, config)
        x.test: BillingWeb.Endpoint of AuthWeb.Endpoint, BillingWeb.Endpoint
    "#]],
    );
}

#[test]
fn the_operator_decides_without_a_conflict_even_against_the_holder() {
    let all = [
        (AUTH, ClaimKind::Own),
        (BILLING, ClaimKind::Own),
        (SHOP, ClaimKind::Static),
    ];
    check(
        PRODUCTION,
        None,
        &all,
        &expect![[r#"
        x.test one -> ShopWeb.Endpoint (Static, static)
    "#]],
    );
    check(
        PRODUCTION,
        Some(AUTH),
        &all,
        &expect![[r#"
        x.test one -> ShopWeb.Endpoint (Static, static)
    "#]],
    );
}

#[test]
fn a_service_may_claim_a_host_in_several_ways() {
    let twice = [
        (AUTH, ClaimKind::Own),
        (AUTH, ClaimKind::Static),
        (BILLING, ClaimKind::Own),
    ];
    check(
        PRODUCTION,
        None,
        &twice,
        &expect![[r#"
        x.test one -> AuthWeb.Endpoint (Static, static)
    "#]],
    );
}

#[test]
fn the_first_app_is_the_one_whose_name_sorts_first_not_the_module() {
    let z = whole("AWeb.Endpoint", "x.test", 4001).of("z_web");
    let a = whole("ZWeb.Endpoint", "x.test", 4002).of("a_web");
    let table = start(DEVELOPMENT, &[report(Source::Config, vec![z, a])]);
    assert_eq!(table.conflicts[0].holder.as_deref(), Some("ZWeb.Endpoint"));
}

#[test]
fn an_ip_address_has_no_subdomains() {
    let endpoint = whole(AUTH, "127.0.0.1", 4001);
    let table = start(PRODUCTION, &[report(Source::Static, vec![endpoint])]);
    assert_eq!(table.routes[0].subdomains, Subdomains::None);
}

#[test]
fn a_conflict_says_where_each_claim_stands() {
    let both = vec![whole(AUTH, "x.test", 4001), whole(BILLING, "x.test", 4002)];
    let table = start(PRODUCTION, &[report(Source::Config, both)]);
    let claimants = vec![
        (AUTH.to_owned(), origin(3)),
        (BILLING.to_owned(), origin(3)),
    ];
    assert_eq!(table.conflicts[0].claimants, claimants);
    assert!(table.find(&host("x.test")).is_none());
    assert!(table.find(&host("t.x.test")).is_none());
}

#[test]
fn the_default_is_found_by_name() {
    let reports = [report(Source::Config, vec![whole(AUTH, "auth.test", 4001)])];
    let mut rules = rules(PRODUCTION);
    rules.default = Some(AUTH.to_owned());
    let table = merge(&Snapshot::default(), &reports, &rules);
    assert_eq!(table.default, Some(0));
    assert_eq!(table.findings, []);

    rules.default = Some("AuthWeb.Endpiont".to_owned());
    let table = merge(&Snapshot::default(), &reports, &rules);
    expect![[r#"
        AuthWeb.Endpoint #0 127.0.0.1:4001<config>
        auth.test one -> AuthWeb.Endpoint (Own, config)
        error unknown-default: the default service AuthWeb.Endpiont was not found
            did you mean AuthWeb.Endpoint?
    "#]]
    .assert_eq(&shown(&table));

    rules.default = Some("Fallback".to_owned());
    let table = merge(&Snapshot::default(), &reports, &rules);
    assert_eq!(table.findings[0].fix, "found: AuthWeb.Endpoint");
}

#[test]
fn a_service_without_a_host_is_told_the_line_to_write() {
    let hostless = endpoint("AcmeAuthWeb.Endpoint")
        .of("acme_auth_web")
        .at("127.0.0.1:4001");
    let reports = [report(Source::Config, vec![hostless])];
    expect![[r#"
        AcmeAuthWeb.Endpoint #0 127.0.0.1:4001<config>
        warning no-host: no host leads to AcmeAuthWeb.Endpoint
            write `config :acme_auth_web, AcmeAuthWeb.Endpoint, url: [host: "acme-auth.example.com"]`, or in mesh-router.toml [routes."acme-auth.example.com"] with `endpoint = "AcmeAuthWeb.Endpoint"`
    "#]].assert_eq(&shown(&start(PRODUCTION, &reports)));

    let mut rules = rules(PRODUCTION);
    rules.default = Some("AcmeAuthWeb.Endpoint".to_owned());
    let table = merge(&Snapshot::default(), &reports, &rules);
    assert_eq!(table.findings, [], "the default needs no host");
}

#[test]
fn the_generation_follows_the_table_and_not_the_findings() {
    let mut reports = [report(Source::Config, vec![whole(AUTH, "auth.test", 4001)])];
    let first = start(PRODUCTION, &reports);
    assert_eq!(first.generation, 1);

    reports[0].stale = true;
    reports[0].findings.push(Finding {
        code: "config-broken",
        severity: Severity::Error,
        origin: origin(7),
        message: "the file does not parse".to_owned(),
        fix: String::new(),
    });
    let stale = merge(&first, &reports, &rules(PRODUCTION));
    assert_eq!(stale.generation, 1);
    assert_eq!(stale.findings.len(), 1);

    reports[0]
        .endpoints
        .push(whole(BILLING, "billing.test", 4002));
    let more = merge(&stale, &reports, &rules(PRODUCTION));
    assert_eq!(more.generation, 2);

    let none = merge(&more, &[], &rules(PRODUCTION));
    assert_eq!(
        (none.generation, none.services.len(), none.routes.len()),
        (3, 0, 0)
    );
    assert_eq!(start(PRODUCTION, &[]).generation, 0);
}

#[test]
fn each_part_of_the_table_raises_the_generation() {
    let generation = |previous: &Snapshot, endpoints: &[Reported], rules: &Rules| {
        let reports = [report(Source::Config, endpoints.to_vec())];
        merge(previous, &reports, rules).generation
    };
    let rules = rules(DEVELOPMENT);
    let endpoints = [whole(AUTH, "x.test", 4001), whole(BILLING, "x.test", 4002)];
    let first = start(DEVELOPMENT, &[report(Source::Config, endpoints.to_vec())]);
    assert_eq!(generation(&first, &endpoints, &rules), 1);

    let mut moved = endpoints.clone();
    moved[0].upstreams.clear();
    assert_eq!(generation(&first, &moved, &rules), 2, "a service");

    let mut renamed = endpoints.clone();
    renamed[0] = renamed[0].clone().claiming(ClaimKind::Own, "y.test");
    assert_eq!(generation(&first, &renamed, &rules), 2, "a route");

    let mut elsewhere = endpoints.clone();
    elsewhere[1].claims[0].origin = origin(9);
    assert_eq!(generation(&first, &elsewhere, &rules), 2, "a conflict");

    let mut with_default = rules.clone();
    with_default.default = Some(AUTH.to_owned());
    assert_eq!(
        generation(&first, &endpoints, &with_default),
        2,
        "the default"
    );
}

#[test]
fn findings_are_passed_on_once_and_errors_come_first() {
    let finding = |code, severity, line| Finding {
        code,
        severity,
        origin: origin(line),
        message: "so it is".to_owned(),
        fix: String::new(),
    };
    let mut one = report(Source::Config, Vec::new());
    one.findings = vec![
        finding("b", Severity::Info, 1),
        finding("b", Severity::Warning, 2),
        finding("b", Severity::Warning, 1),
        finding("a", Severity::Warning, 3),
    ];
    let mut other = report(Source::Release, Vec::new());
    other.findings = vec![
        finding("b", Severity::Warning, 1),
        finding("z", Severity::Error, 1),
    ];
    let table = start(PRODUCTION, &[one, other]);
    let shown: Vec<String> = table
        .findings
        .iter()
        .map(|it| {
            format!(
                "{} {} {}",
                it.severity,
                it.code,
                it.origin.as_ref().unwrap()
            )
        })
        .collect();
    let wanted = [
        "error z config/dev.exs:1",
        "warning a config/dev.exs:3",
        "warning b config/dev.exs:1",
        "warning b config/dev.exs:2",
        "info b config/dev.exs:1",
    ];
    assert_eq!(shown, wanted);
}

#[test]
fn slots_stay_with_their_service_and_are_used_again() {
    let reports = |services: &[&str]| {
        let endpoints = services.iter().zip(4001..);
        let endpoints = endpoints.map(|(it, port)| whole(it, &format!("h{port}.test"), port));
        [report(Source::Config, endpoints.collect())]
    };
    let slots = |table: &Snapshot| -> Vec<(String, u32)> {
        let services = table.services.iter();
        services.map(|it| (it.name.clone(), it.slot)).collect()
    };
    let rules = rules(PRODUCTION);

    let first = merge(&Snapshot::default(), &reports(&["B", "C"]), &rules);
    assert_eq!(slots(&first), [("B".into(), 0), ("C".into(), 1)]);
    let second = merge(&first, &reports(&["A", "B", "C"]), &rules);
    assert_eq!(
        slots(&second),
        [("A".into(), 2), ("B".into(), 0), ("C".into(), 1)]
    );
    let third = merge(&second, &reports(&["A", "C", "D", "E"]), &rules);
    let wanted = [
        ("A".into(), 2),
        ("C".into(), 1),
        ("D".into(), 0),
        ("E".into(), 3),
    ];
    assert_eq!(slots(&third), wanted);
    assert_eq!(third.by_slot(0).map(|it| it.name.as_str()), Some("D"));
}

#[test]
fn over_the_bound_services_of_the_running_table_stay() {
    let mut rules = rules(PRODUCTION);
    rules.services_max = 2;
    let reports = |services: &[&str]| {
        let endpoints = services.iter().zip(4001..);
        let endpoints = endpoints.map(|(it, port)| whole(it, &format!("h{port}.test"), port));
        [report(Source::Config, endpoints.collect())]
    };
    let first = merge(&Snapshot::default(), &reports(&["Y", "Z"]), &rules);
    assert_eq!(first.findings, [], "as many as the bound are within it");
    let all = ["A", "B", "C", "D", "E", "F", "Y", "Z"];
    let second = merge(&first, &reports(&all), &rules);
    expect![[r#"
        Y #0 127.0.0.1:4007<config>
        Z #1 127.0.0.1:4008<config>
        h4007.test one -> Y (Own, config)
        h4008.test one -> Z (Own, config)
        error too-many-services: 8 services were found and the table holds 2, left out: A, B, C, D, E, …
            set `services = 8` or more under [limits] in mesh-router.toml
    "#]].assert_eq(&shown(&second));

    let five_more = merge(&first, &reports(&all[1..]), &rules);
    let message = &five_more.findings[0].message;
    assert!(message.ends_with("left out: B, C, D, E, F"), "{message}");
}
