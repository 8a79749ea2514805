use routes::{Address, Host, Route, Service, Snapshot, Source, Upstream};

use super::{Change, between};

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
    let added = Change::Added {
        host: "a.test".to_owned(),
        service: "A".to_owned(),
        origin: None,
        upstreams: "127.0.0.1:4001".to_owned(),
    };
    assert_eq!(changes, [added]);
}

#[test]
fn what_stays_is_not_told() {
    let both = table(&[("a.test", "A", 4001), ("b.test", "B", 4002)]);
    assert_eq!(between(&both, &both.clone()), []);
}

#[test]
fn what_goes_moves_or_is_reached_elsewhere_is_told_once() {
    let before = table(&[
        ("a.test", "A", 4001),
        ("b.test", "B", 4002),
        ("c.test", "A", 4001),
    ]);
    let after = table(&[("a.test", "B", 4003), ("b.test", "B", 4003)]);
    let (a, b) = ("A".to_owned(), "B".to_owned());
    assert_eq!(
        between(&before, &after),
        [
            Change::Moved {
                host: "a.test".to_owned(),
                service: b.clone(),
                was: a.clone()
            },
            Change::Removed {
                host: "c.test".to_owned(),
                service: a
            },
            Change::Upstreams {
                service: b,
                upstreams: "127.0.0.1:4003".to_owned(),
                was: "127.0.0.1:4002".to_owned(),
            },
        ]
    );
}
