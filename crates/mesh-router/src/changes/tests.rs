use routes::{Address, Host, Route, Service, Sight, Snapshot, Source, Upstream};

use super::{Changes, FindingChanges, between as between_views};
use crate::view::{FindingView, RoutesView};

fn between(before: &Snapshot, after: &Snapshot) -> Changes {
    between_views(&RoutesView::of_table(before), &RoutesView::of_table(after))
}

/// `host: service → service`, `service: addresses → addresses`.
fn shown(changes: &Changes) -> Vec<String> {
    let routes = changes.routes.iter().map(|it| {
        let name = |side: &Option<crate::view::RouteView>| {
            side.as_ref()
                .map_or("-".to_owned(), |route| route.service.clone())
        };
        format!("{}: {} → {}", it.host, name(&it.before), name(&it.after))
    });
    let services = changes.services.iter().map(|it| {
        let reached = |side: &Option<super::ServiceState>| {
            side.as_ref()
                .map_or("-".to_owned(), |it| crate::view::addresses(&it.upstreams))
        };
        format!(
            "{}: {} → {}",
            it.service,
            reached(&it.before),
            reached(&it.after)
        )
    });
    routes.chain(services).collect()
}

fn table(routes: &[(&str, &str, u16)]) -> Snapshot {
    let mut services: Vec<Service> = Vec::new();
    let mut entries = Vec::new();
    for (slot, (host, name, port)) in (0..).zip(routes) {
        let upstream = Upstream {
            address: Address::Tcp(([127, 0, 0, 1], *port).into()),
            node: None,
            source: Source::Config,
            adapter: routes::Adapter::Unknown,
            origin: None,
            sight: Sight::Confirmed,
        };
        let at = services.iter().position(|service| service.name == *name);
        let at = at.unwrap_or_else(|| {
            services.push(Service::new(name, slot, vec![upstream]));
            services.len() - 1
        });
        entries.push(Route::new(Host::parse(host).unwrap(), at));
    }
    Snapshot::new(services, entries, None)
}

#[test]
fn what_is_new_is_told_in_full() {
    let changes = between(&Snapshot::default(), &table(&[("a.test", "A", 4001)]));
    assert_eq!(shown(&changes), ["a.test: - → A"]);
    let after = changes.routes[0].after.as_ref().unwrap();
    assert_eq!(crate::view::addresses(&after.upstreams), "127.0.0.1:4001");
}

#[test]
fn what_stays_is_not_told() {
    let both = table(&[("a.test", "A", 4001), ("b.test", "B", 4002)]);
    assert!(between(&both, &both.clone()).is_empty());
}

#[test]
fn what_goes_moves_or_is_reached_elsewhere_is_told_once() {
    let before = table(&[
        ("a.test", "A", 4001),
        ("b.test", "B", 4002),
        ("c.test", "A", 4001),
    ]);
    let after = table(&[("a.test", "B", 4003), ("b.test", "B", 4003)]);
    assert_eq!(
        shown(&between(&before, &after)),
        [
            "a.test: A → B",
            "c.test: A → -",
            "B: 127.0.0.1:4002 → 127.0.0.1:4003"
        ]
    );
}

#[test]
fn sight_that_is_lost_or_back_is_told_of_upstreams_that_stay() {
    let seen = |upstreams: &[(u16, Sight)]| {
        let upstream = |(port, sight): &(u16, Sight)| Upstream {
            sight: *sight,
            ..Upstream::new(Address::Tcp(([127, 0, 0, 1], *port).into()))
        };
        let service = Service::new("A", 0, upstreams.iter().map(upstream).collect());
        Snapshot::new(vec![service], Vec::new(), None)
    };
    let told = |before: &Snapshot, after: &Snapshot| -> Vec<(String, String)> {
        let changes = between(before, after);
        let told = changes.services.iter().map(|change| {
            let (before, after) = (change.before.as_ref(), change.after.as_ref());
            let super::Resighted { lost, back } = before.unwrap().resighted(after.unwrap());
            (crate::view::addresses(lost), crate::view::addresses(back))
        });
        told.collect()
    };
    let pair = |lost: &str, back: &str| vec![(lost.to_owned(), back.to_owned())];
    let both = seen(&[(1, Sight::Confirmed), (2, Sight::Confirmed)]);
    let second = seen(&[(1, Sight::Confirmed), (2, Sight::Unconfirmed)]);
    let first = seen(&[(1, Sight::Unconfirmed), (2, Sight::Confirmed)]);
    assert_eq!(told(&both, &second), pair("127.0.0.1:2", ""));
    assert_eq!(told(&second, &both), pair("", "127.0.0.1:2"));
    assert_eq!(told(&second, &first), pair("127.0.0.1:1", "127.0.0.1:2"));
    assert_eq!(told(&second, &second.clone()), []);
    // One that is new is told as such.
    let only = seen(&[(1, Sight::Confirmed)]);
    assert_eq!(told(&only, &second), pair("", ""));
}

#[test]
fn the_log_tells_it_once_for_a_service() {
    let seen = |sight: Sight| {
        let upstream = |port: u16| Upstream {
            node: Some("auth@10.0.0.5".to_owned()),
            sight,
            ..Upstream::new(Address::Tcp(([10, 0, 0, 5], port).into()))
        };
        let service = Service::new("A", 0, vec![upstream(1), upstream(2)]);
        Snapshot::new(vec![service], Vec::new(), None)
    };
    let (before, after) = (seen(Sight::Confirmed), seen(Sight::Unconfirmed));
    let log = tempfile::NamedTempFile::new().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(log.reopen().unwrap())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        super::log(&between(&before, &after));
        super::log(&between(&after, &after.clone()));
        super::log(&between(&after, &before));
    });
    let log = std::fs::read_to_string(log.path()).unwrap();
    let lines: Vec<&str> = log.lines().map(str::trim).collect();
    let rest = r#"service="A" upstreams="10.0.0.5:1, 10.0.0.5:2" nodes="auth@10.0.0.5""#;
    assert_eq!(
        lines,
        [
            format!("INFO upstreams unconfirmed {rest}"),
            format!("INFO upstreams confirmed again {rest}"),
        ]
    );
}

#[test]
fn findings_are_paired_each_once() {
    let finding = |line: u32, message: &str| FindingView {
        code: "no-host".to_owned(),
        severity: "warning".to_owned(),
        file: Some("config/prod.exs".to_owned()),
        line: Some(line),
        message: message.to_owned(),
        fix: None,
    };
    let lines = |findings: &[FindingView]| -> Vec<u32> {
        findings.iter().filter_map(|it| it.line).collect()
    };
    // The same words twice, once later: one of them is new.
    let (before, after) = ([finding(1, "a")], [finding(1, "a"), finding(2, "a")]);
    let changes = FindingChanges::between(&before, &after);
    assert_eq!(
        (lines(&changes.appeared), lines(&changes.vanished)),
        (vec![2], vec![])
    );
    // Moved down, and said with other words.
    let (before, after) = (
        [finding(1, "a"), finding(2, "b")],
        [finding(7, "a"), finding(2, "c")],
    );
    assert!(FindingChanges::between(&before, &after).is_empty());
    let (before, after) = ([finding(1, "a")], [finding(2, "b")]);
    let changes = FindingChanges::between(&before, &after);
    assert_eq!(
        (lines(&changes.appeared), lines(&changes.vanished)),
        (vec![2], vec![1])
    );
}
