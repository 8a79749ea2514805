//! What holds for any reports.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

fn claim() -> impl Strategy<Value = Claim> {
    let name = select(vec!["a.test", "b.test", "t.a.test", "test", "10.0.0.1"]);
    let subdomains = select(vec![Subdomains::One, Subdomains::Any, Subdomains::None]);
    let kind = select(vec![
        ClaimKind::Development,
        ClaimKind::Own,
        ClaimKind::Static,
    ]);
    (name, subdomains, kind, 1_u32..3).prop_map(|(name, subdomains, kind, line)| Claim {
        host: host(name),
        subdomains,
        kind,
        origin: origin(line),
    })
}

fn upstream() -> impl Strategy<Value = Upstream> {
    let adapter = select(vec![Adapter::Unknown, Adapter::Bandit, Adapter::Cowboy]);
    let sight = select(vec![Sight::Confirmed, Sight::Unconfirmed]);
    (4000_u16..4004, adapter, 1_u32..3, sight).prop_map(|(port, adapter, line, sight)| Upstream {
        adapter,
        sight,
        origin: origin(line),
        ..Upstream::new(std::net::SocketAddr::from(([127, 0, 0, 1], port)).into())
    })
}

fn reported() -> impl Strategy<Value = Reported> {
    let service = select(vec!["A", "B", "C", "D"]);
    let app = option::of(select(vec!["one", "two"]));
    let node = option::of(select(vec!["n@a", "n@b"]));
    let serving = prop_oneof![3 => Just(Serving::Yes), 1 => Just(Serving::No("off".to_owned()))];
    let rest = (vec(claim(), 0..3), vec(upstream(), 0..3), serving);
    (service, app, node, rest).prop_map(|(service, app, node, (claims, upstreams, serving))| {
        Reported {
            app: app.map(str::to_owned),
            node: node.map(str::to_owned),
            claims,
            upstreams,
            serving,
            ..endpoint(service)
        }
    })
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    let source = select(vec![
        Source::Config,
        Source::Release,
        Source::Package,
        Source::Node,
        Source::Static,
    ]);
    let one = (source, vec(reported(), 0..5));
    vec(
        one.prop_map(|(source, endpoints)| report(source, endpoints)),
        0..5,
    )
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let mode = select(vec![DEVELOPMENT, PRODUCTION]);
    let default = option::of(select(vec!["A", "E"]));
    (mode, default, 1_usize..5).prop_map(|(mode, default, services_max)| Rules {
        mode,
        default: default.map(str::to_owned),
        listeners: vec!["0.0.0.0:4003".parse().unwrap()],
        services_max,
        ..Rules::default()
    })
}

/// The names of all that claim this host, among those in the table; the stronger ones if any.
fn claimants<'a>(reports: &'a [Report], table: &Snapshot, host: &Host) -> BTreeSet<&'a str> {
    let claims = |kinds: &[ClaimKind]| -> BTreeSet<&'a str> {
        let endpoints = reports.iter().flat_map(|it| &it.endpoints);
        let claiming = endpoints.filter(|endpoint| {
            let mut claims = endpoint.claims.iter();
            claims.any(|it| it.host == *host && kinds.contains(&it.kind))
        });
        let names = claiming.map(|it| it.service.as_str());
        names.filter(|name| table.by_name(name).is_some()).collect()
    };
    let written = claims(&[ClaimKind::Static]);
    if !written.is_empty() {
        return written;
    }
    claims(&[ClaimKind::Own, ClaimKind::Development])
}

proptest! {
    #[test]
    fn the_order_of_reports_and_endpoints_changes_nothing(
        before in reports(),
        now in reports(),
        rules in any_rules(),
        turn in 0_usize..5,
    ) {
        let previous = merge(&Snapshot::default(), &before, &rules);
        let table = merge(&previous, &now, &rules);
        let mut turned = now;
        if !turned.is_empty() {
            let turn = turn % turned.len();
            turned.rotate_left(turn);
        }
        for report in &mut turned {
            report.endpoints.reverse();
        }
        let other = merge(&previous, &turned, &rules);
        prop_assert_eq!(shown(&table), shown(&other));
        prop_assert!(table.is_same_table(&other));
        prop_assert_eq!(table.generation, other.generation);
    }

    #[test]
    fn nothing_changes_without_news(reports in reports(), rules in any_rules()) {
        let first = merge(&Snapshot::default(), &reports, &rules);
        let again = merge(&first, &reports, &rules);
        prop_assert_eq!(shown(&first), shown(&again));
        prop_assert_eq!(first.generation, again.generation);
    }

    #[test]
    fn whoever_holds_a_host_keeps_it_while_it_claims_it(
        before in reports(),
        now in reports(),
        rules in any_rules(),
    ) {
        let previous = merge(&Snapshot::default(), &before, &rules);
        let table = merge(&previous, &now, &rules);
        for route in &previous.routes {
            let name = previous.services[route.service].name.as_str();
            if claimants(&now, &table, &route.host).contains(name) {
                let holder = table.holder(&route.host).map(|it| it.name.as_str());
                prop_assert_eq!(holder, Some(name));
            }
        }
    }

    #[test]
    fn a_table_is_sorted_whole_and_within_its_bounds(
        before in reports(),
        now in reports(),
        rules in any_rules(),
    ) {
        let previous = merge(&Snapshot::default(), &before, &rules);
        let table = merge(&previous, &now, &rules);
        prop_assert!(table.services.len() <= rules.services_max);
        prop_assert!(table.services.is_sorted_by(|a, b| a.name < b.name));
        prop_assert!(table.routes.is_sorted_by(|a, b| a.host < b.host));
        prop_assert!(table.conflicts.is_sorted_by(|a, b| a.host < b.host));
        prop_assert!(table.findings.is_sorted_by_key(|it| std::cmp::Reverse(it.severity)));
        let slots: BTreeSet<u32> = table.services.iter().map(|it| it.slot).collect();
        prop_assert_eq!(slots.len(), table.services.len());
        prop_assert!(slots.iter().all(|slot| usize::try_from(*slot).unwrap() < 2 * rules.services_max));
        for service in &table.services {
            prop_assert_eq!(table.by_slot(service.slot), Some(service));
            prop_assert!(service.upstreams.is_sorted_by(|a, b| a.address < b.address));
            if let Some(before) = previous.by_name(&service.name) {
                prop_assert_eq!(before.slot, service.slot);
            }
        }
    }

    #[test]
    fn every_claimed_host_is_a_route_or_a_conflict(now in reports(), rules in any_rules()) {
        let table = merge(&Snapshot::default(), &now, &rules);
        let claims = now.iter().flat_map(|it| &it.endpoints).flat_map(|it| &it.claims);
        for claim in claims {
            let claimants = claimants(&now, &table, &claim.host);
            let holder = table.holder(&claim.host).map(|it| it.name.as_str());
            let conflict = table.conflicts.iter().find(|it| it.host == claim.host);
            prop_assert_eq!(conflict.is_some(), claimants.len() > 1);
            prop_assert_eq!(conflict.and_then(|it| it.holder.as_deref()), holder.filter(|_| conflict.is_some()));
            prop_assert!(holder.is_none_or(|holder| claimants.contains(holder)));
            prop_assert!(holder.is_some() || claimants.len() != 1);
            prop_assert!(holder.is_some() || claimants.is_empty() || rules.mode == PRODUCTION);
        }
    }

    #[test]
    fn losing_sight_takes_nothing_out_of_the_table(reports in reports(), rules in any_rules()) {
        let before = merge(&Snapshot::default(), &reports, &rules);
        let mut lost = reports;
        for upstream in lost.iter_mut().flat_map(|it| &mut it.endpoints).flat_map(|it| &mut it.upstreams) {
            upstream.sight = Sight::Unconfirmed;
        }
        let after = merge(&before, &lost, &rules);
        let addresses = |table: &Snapshot| -> Vec<Vec<crate::Address>> {
            let of = |it: &crate::Service| it.upstreams.iter().map(|it| it.address.clone()).collect();
            table.services.iter().map(of).collect()
        };
        prop_assert_eq!(addresses(&before), addresses(&after));
        prop_assert_eq!(&before.routes, &after.routes);
    }

    #[test]
    fn nodes_that_go_take_no_host_with_them(reports in reports(), rules in any_rules()) {
        let before = merge(&Snapshot::default(), &reports, &rules);
        let mut gone = reports;
        for report in gone.iter_mut().filter(|it| it.source == Source::Node) {
            for reported in &mut report.endpoints {
                reported.upstreams.clear();
                reported.serving = Serving::Yes;
            }
        }
        let after = merge(&before, &gone, &rules);
        prop_assert_eq!(&before.routes, &after.routes);
    }
}
