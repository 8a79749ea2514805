use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::{Address, Upstream};

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

/// A table with one service for each route, named as its host, and perhaps a default.
fn table(routes: &[(&str, Subdomains)], default: Option<usize>) -> Snapshot {
    let services = routes.iter().zip(0..);
    let services = services.map(|((name, _), slot)| Service::new(name, slot, Vec::new()));
    let routes = routes.iter().enumerate().map(|(at, (name, subdomains))| {
        let subdomains = *subdomains;
        Route {
            subdomains,
            ..Route::new(host(name), at)
        }
    });
    Snapshot::new(services.collect(), routes.collect(), default)
}

/// `rule service`, or `nowhere`.
fn lead(table: &Snapshot, asked: &str) -> String {
    match table.find(&host(asked)) {
        Some(found) => format!("{} {}", found.rule, table.services[found.service].name),
        None => "nowhere".to_owned(),
    }
}

fn leads(table: &Snapshot, asked: &[&str]) -> String {
    let lines = asked.iter();
    let lines = lines.map(|asked| format!("{asked:<20} {}\n", lead(table, asked)));
    lines.collect()
}

#[test]
fn the_host_itself_goes_before_the_longest_suffix_that_allows_it() {
    let table = table(
        &[
            ("local", Subdomains::Any),
            ("auth.local", Subdomains::One),
            ("admin.auth.local", Subdomains::None),
            ("127.0.0.1", Subdomains::Any),
        ],
        None,
    );
    let asked = [
        "auth.local",
        "t1.auth.local",
        "a.t1.auth.local",
        "admin.auth.local",
        "x.admin.auth.local",
        "local",
        "shop.local",
        "a.b.c.local",
        "xauth.local",
        "auth.local.test",
        "locals",
        "127.0.0.1",
        "x.127.0.0.1",
        "[::1]",
    ];
    expect![[r#"
        auth.local           exact auth.local
        t1.auth.local        subdomain auth.local
        a.t1.auth.local      subdomain local
        admin.auth.local     exact admin.auth.local
        x.admin.auth.local   subdomain local
        local                exact local
        shop.local           subdomain local
        a.b.c.local          subdomain local
        xauth.local          subdomain local
        auth.local.test      nowhere
        locals               nowhere
        127.0.0.1            exact 127.0.0.1
        x.127.0.0.1          nowhere
        [::1]                nowhere
    "#]]
    .assert_eq(&leads(&table, &asked));
}

#[test]
fn the_default_gets_what_no_route_has() {
    let table = table(
        &[("b.test", Subdomains::One), ("a.test", Subdomains::One)],
        Some(0),
    );
    let asked = [
        "a.test",
        "t.a.test",
        "t.t.a.test",
        "other.test",
        "10.0.0.1",
        "[::1]",
    ];
    expect![[r#"
        a.test               exact a.test
        t.a.test             subdomain a.test
        t.t.a.test           default b.test
        other.test           default b.test
        10.0.0.1             default b.test
        [::1]                default b.test
    "#]]
    .assert_eq(&leads(&table, &asked));
}

#[test]
fn the_empty_table_leads_nowhere() {
    assert_eq!(lead(&Snapshot::default(), "auth.local"), "nowhere");
    assert_eq!(Snapshot::default().nearest(&host("auth.local")), None);
}

#[test]
fn a_contested_host_and_what_lies_below_it_lead_nowhere() {
    let conflict = Conflict {
        host: host("auth.local"),
        holder: None,
        claimants: Vec::new(),
    };
    let mut free = table(
        &[
            ("local", Subdomains::Any),
            ("in.auth.local", Subdomains::One),
        ],
        Some(0),
    );
    let contested = Snapshot::assemble(Table {
        services: std::mem::take(&mut free.services),
        routes: std::mem::take(&mut free.routes),
        default: free.default,
        conflicts: vec![conflict],
    });
    let asked = [
        "auth.local",
        "t1.auth.local",
        "in.auth.local",
        "t1.in.auth.local",
        "billing.local",
        "else.test",
    ];
    expect![[r#"
        auth.local           nowhere
        t1.auth.local        nowhere
        in.auth.local        exact in.auth.local
        t1.in.auth.local     subdomain in.auth.local
        billing.local        subdomain local
        else.test            default local
    "#]]
    .assert_eq(&leads(&contested, &asked));
}

#[test]
fn a_table_built_by_hand_is_sorted_and_whole() {
    let upstream = Upstream::new(Address::Tcp("127.0.0.1:4001".parse().unwrap()));
    let services = vec![
        Service::new("Web", 7, vec![upstream.clone()]),
        Service::new("Api", 3, Vec::new()),
    ];
    let routes = vec![
        Route::new(host("web.test"), 0),
        Route::new(host("api.test"), 1),
        Route::new(host("web.test"), 1),
        Route::new(host("gone.test"), 2),
    ];
    let table = Snapshot::new(services, routes, Some(1));

    let hosts: Vec<&str> = table.routes.iter().map(|it| it.host.as_str()).collect();
    assert_eq!(hosts, ["api.test", "web.test"]);
    assert_eq!(lead(&table, "web.test"), "exact Web");
    assert_eq!(lead(&table, "gone.test"), "default Api");
    assert_eq!(
        table.by_slot(7).map(|it| &it.upstreams[..]),
        Some(&[upstream][..])
    );
    assert_eq!(table.by_slot(3).map(|it| it.name.as_str()), Some("Api"));
    assert_eq!(table.by_slot(0), None);
    assert_eq!(table.by_name("Web").map(|it| it.slot), Some(7));
    assert_eq!(table.by_name("Wob"), None);
}

#[test]
fn the_nearest_name_is_the_one_that_was_meant() {
    let table = table(
        &[
            ("auth.localhost", Subdomains::One),
            ("billing.localhost", Subdomains::One),
            ("shop.example.com", Subdomains::One),
        ],
        None,
    );
    let asked = [
        "auht.localhost",
        "ath.localhost",
        "auth.local",
        "biling.localhost",
        "bill.localhost",
        "shop.localhost",
        "shop.example.org",
        "www.shop.example.com",
        "shop.other.net",
        "entirely.different",
        "localhost",
        "127.0.0.1",
    ];
    let lines = asked.map(|asked| {
        let nearest = table.nearest(&host(asked));
        format!("{asked:<22} {}\n", nearest.map_or("-", Host::as_str))
    });
    expect![[r#"
        auht.localhost         auth.localhost
        ath.localhost          auth.localhost
        auth.local             auth.localhost
        biling.localhost       billing.localhost
        bill.localhost         -
        shop.localhost         -
        shop.example.org       shop.example.com
        www.shop.example.com   -
        shop.other.net         -
        entirely.different     -
        localhost              -
        127.0.0.1              -
    "#]]
    .assert_eq(&lines.concat());
}

/// The rule as the documentation says it, route by route.
fn naive<'a>(table: &'a Snapshot, asked: &Host) -> Option<(&'a str, Rule)> {
    let name = |service: usize| table.services[service].name.as_str();
    let exact = table.routes.iter().find(|it| it.host == *asked);
    if let Some(route) = exact {
        return Some((name(route.service), Rule::Exact));
    }
    let above = table.routes.iter().filter(|it| {
        let front = asked.as_str().strip_suffix(it.host.as_str());
        let front = front.and_then(|front| front.strip_suffix('.'));
        let more = front.map_or(0, |front| front.split('.').count());
        more > 0 && !it.host.is_ip() && !asked.is_ip() && it.subdomains.allow(more)
    });
    let longest = above.max_by_key(|it| it.host.as_str().len());
    longest
        .map(|it| (name(it.service), Rule::Subdomain))
        .or_else(|| table.default.map(|service| (name(service), Rule::Default)))
}

fn policy() -> impl Strategy<Value = Subdomains> {
    prop::sample::select(vec![Subdomains::One, Subdomains::Any, Subdomains::None])
}

proptest! {
    #[test]
    fn find_does_what_its_documentation_says(
        routes in prop::collection::vec(("[ab1]{1,2}(\\.[ab1]){0,4}", policy()), 0..12),
        asked in prop::collection::vec("[ab1]{1,2}(\\.[ab1]){0,5}", 1..20),
        default in prop::option::of(0_usize..12),
    ) {
        let routes: Vec<(&str, Subdomains)> =
            routes.iter().map(|(name, policy)| (name.as_str(), *policy)).collect();
        let table = table(&routes, default);
        for asked in asked {
            let asked = host(&asked);
            let found = table.find(&asked);
            let found = found.map(|it| (table.services[it.service].name.as_str(), it.rule));
            prop_assert_eq!(found, naive(&table, &asked), "{}", asked);
        }
    }
}
