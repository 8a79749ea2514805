use std::net::{Ipv4Addr, SocketAddr};

use routes::Service;

use super::*;

fn address(port: u16) -> Address {
    Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// A table with one service for each list of ports, in the slots 0, 1, …
fn table(services: &[&[u16]]) -> Snapshot {
    let service = |(slot, ports): (u32, &&[u16])| {
        let upstreams = ports.iter().map(|port| Upstream::new(address(*port)));
        Service::new(&format!("Service{slot}"), slot, upstreams.collect())
    };
    Snapshot::new((0..).zip(services).map(service).collect(), Vec::new(), None)
}

fn apply(balance: &mut Balance, table: &Snapshot) -> Vec<u32> {
    balance.apply(table, &Settings::default(), balance.start)
}

fn empty() -> Balance {
    Balance::new(Board::default(), crate::clock::now())
}

fn balance(services: &[&[u16]]) -> Balance {
    let mut balance = empty();
    assert_eq!(apply(&mut balance, &table(services)), [0; 0]);
    balance
}

struct Chooser {
    balance: Balance,
    random: Rng,
    now: Instant,
}

impl Chooser {
    fn new(services: &[&[u16]]) -> Self {
        let balance = balance(services);
        Self {
            random: Rng::with_seed(7),
            now: balance.start,
            balance,
        }
    }

    /// Chooses for the service in slot 0; returns the port.
    fn choose(&mut self, tried: &[u16]) -> Option<u16> {
        let tried: Vec<u32> = tried.iter().map(|port| self.number(*port)).collect();
        let number = self.balance.choose(0, &tried, self.now, &mut self.random)?;
        match self.balance.get(number).address {
            Address::Tcp(address) => Some(address.port()),
            Address::Unix(_) => None,
        }
    }

    fn number(&self, port: u16) -> u32 {
        self.balance.numbers[&address(port)]
    }

    fn fail(&mut self, port: u16) {
        let number = self.number(port);
        self.balance.failed(number, self.now);
    }

    /// Begins to connect; returns whether others are to wait for how that goes.
    fn dial(&mut self, port: u16) -> bool {
        let number = self.number(port);
        self.balance.dialled(number)
    }

    fn resting(&self, tried: &[u16]) -> Option<u32> {
        let tried: Vec<u32> = tried.iter().map(|port| self.number(*port)).collect();
        self.balance.choose_resting(0, &tried)
    }

    /// How often each port is chosen in a thousand times.
    fn shares(&mut self) -> HashMap<u16, u32> {
        let mut shares = HashMap::new();
        for _ in 0..1_000 {
            *shares.entry(self.choose(&[]).unwrap()).or_default() += 1;
        }
        shares
    }
}

#[test]
fn a_service_without_upstreams_has_no_choice() {
    assert_eq!(Chooser::new(&[&[]]).choose(&[]), None);
    assert_eq!(Chooser::new(&[]).choose(&[]), None);
}

#[test]
fn a_service_that_does_not_listen_has_no_choice() {
    let mut snapshot = table(&[&[1]]);
    snapshot.services[0].serving = Serving::No("server: false".to_owned());
    let mut chooser = Chooser::new(&[]);
    apply(&mut chooser.balance, &snapshot);
    assert_eq!(chooser.choose(&[]), None);
}

#[test]
fn idle_upstreams_share_evenly() {
    let mut chooser = Chooser::new(&[&[1, 2, 3, 4]]);
    let shares = chooser.shares();
    assert!(
        (1..=4).all(|port| (180..320).contains(&shares[&port])),
        "{shares:?}"
    );
}

#[test]
fn the_busiest_of_three_is_never_chosen() {
    let mut chooser = Chooser::new(&[&[1, 2, 3]]);
    let busy = chooser.number(2);
    chooser.balance.begin(busy);
    assert_eq!(
        chooser.shares().get(&2),
        None,
        "it loses against whichever other is drawn"
    );
    chooser.balance.end(busy);
    assert!(chooser.shares()[&2] > 200);
}

#[test]
fn one_that_failed_rests() {
    let mut chooser = Chooser::new(&[&[1, 2]]);
    chooser.fail(1);
    assert_eq!(chooser.shares().get(&1), None);
    assert_eq!(chooser.choose(&[2]), None, "also where there is no other");
    let one = Some(chooser.number(1));
    assert_eq!(chooser.resting(&[2]), one, "where nothing may wait");
    assert_eq!(chooser.resting(&[1, 2]), None);
    chooser.now += REST_MIN;
    assert!(chooser.shares()[&1] > 300, "it has rested");
}

#[test]
fn of_those_that_rest_the_first_to_be_ready_is_tried_where_nothing_may_wait() {
    let mut chooser = Chooser::new(&[&[1, 2]]);
    chooser.fail(2);
    chooser.now += REST_MIN / 2;
    chooser.fail(1);
    assert_eq!(chooser.resting(&[]), Some(chooser.number(2)));
}

#[test]
fn one_that_has_rested_is_tried_by_one_at_a_time() {
    let mut chooser = Chooser::new(&[&[1]]);
    assert!(!chooser.dial(1), "it is not known to fail");
    assert_eq!(chooser.choose(&[]), Some(1));
    chooser.fail(1);
    chooser.now += REST_MIN;
    assert_eq!(chooser.choose(&[]), Some(1));
    assert!(chooser.dial(1));
    assert_eq!(chooser.choose(&[]), None, "others wait for how that goes");
    let number = chooser.number(1);
    chooser.balance.probe_left(number);
    assert_eq!(chooser.choose(&[]), Some(1));
    assert!(chooser.dial(1));
    let number = chooser.number(1);
    assert!(chooser.balance.connected(number, chooser.now));
    assert_eq!(chooser.choose(&[]), Some(1));
    assert!(!chooser.balance.connected(number, chooser.now), "no news");
}

#[test]
fn those_who_wait_have_it_tried_every_quarter_of_a_second_at_the_least() {
    let mut chooser = Chooser::new(&[&[1]]);
    let number = chooser.number(1);
    let at_once = chooser.balance.probe_at(number);
    assert!(at_once.is_some_and(|at| at <= chooser.now));
    for expected in [100, 200, 250, 250] {
        chooser.balance.probed(number);
        assert_eq!(chooser.balance.probe_at(number), None);
        chooser.fail(1);
        let wait = Duration::from_millis(expected);
        assert_eq!(chooser.balance.probe_at(number), Some(chooser.now + wait));
        chooser.now += wait;
    }
}

#[test]
fn a_service_was_up_for_a_minute_after_it_was_or_after_it_has_gone() {
    let mut chooser = Chooser::new(&[&[1]]);
    let number = chooser.number(1);
    assert!(!chooser.balance.was_up(0, chooser.now), "nobody knows");
    chooser.fail(1);
    assert!(!chooser.balance.was_up(0, chooser.now), "never");
    chooser.balance.connected(number, chooser.now);
    chooser.now += RESTART_MAX * 2;
    assert!(chooser.balance.was_up(0, chooser.now));
    chooser.fail(1);
    chooser.now += RESTART_MAX - Duration::from_secs(1);
    chooser.fail(1);
    assert!(chooser.balance.was_up(0, chooser.now));
    chooser.now += Duration::from_secs(1);
    assert!(!chooser.balance.was_up(0, chooser.now));
    let (empty, later) = (table(&[&[]]), chooser.now);
    chooser.balance.apply(&empty, &Settings::default(), later);
    chooser.now += RESTART_MAX - Duration::from_secs(1);
    chooser
        .balance
        .apply(&empty, &Settings::default(), chooser.now);
    assert!(chooser.balance.was_up(0, chooser.now));
    chooser.now += Duration::from_secs(1);
    assert!(!chooser.balance.was_up(0, chooser.now));
}

#[test]
fn rest_doubles_up_to_a_bound_and_success_ends_it() {
    let mut chooser = Chooser::new(&[&[1, 2]]);
    for expected in [100, 200, 400, 800, 1_600, 2_000, 2_000] {
        chooser.fail(1);
        // Others that were under way and fail with it change nothing.
        chooser.fail(1);
        chooser.now += Duration::from_millis(expected - 1);
        assert_eq!(chooser.shares().get(&1), None, "{expected}");
        chooser.now += Duration::from_millis(1);
        assert!(chooser.shares().contains_key(&1), "{expected}");
    }
    let number = chooser.number(1);
    chooser.balance.connected(number, chooser.now);
    chooser.fail(1);
    chooser.now += REST_MIN;
    assert!(
        chooser.shares().contains_key(&1),
        "from the beginning again"
    );
}

#[test]
fn an_upstream_keeps_its_number_while_it_is_held() {
    let mut balance = balance(&[&[1, 2]]);
    let (one, two) = (balance.numbers[&address(1)], balance.numbers[&address(2)]);
    balance.hold(one);
    assert_eq!(apply(&mut balance, &table(&[&[2, 3]])), [one]);
    assert!(!balance.is_listed(one) && balance.is_listed(two));
    let three = balance.numbers[&address(3)];
    assert_ne!(three, one);
    balance.let_go(one);
    assert_eq!(balance.known.len(), 2);
    assert_eq!(balance.numbers[&address(2)], two, "no table moves it");
}

#[test]
fn what_is_known_of_an_upstream_follows_the_table() {
    let mut balance = balance(&[&[1], &[1]]);
    assert_eq!(balance.known.len(), 1, "two services, one address");
    let mut snapshot = table(&[&[1]]);
    snapshot.services[0].upstreams[0].adapter = Adapter::Bandit;
    snapshot.services[0].upstreams[0].node = Some("auth@127.0.0.1".to_owned());
    apply(&mut balance, &snapshot);
    let known = balance.get(balance.numbers[&address(1)]);
    assert_eq!(
        (known.adapter, known.node.as_deref()),
        (Adapter::Bandit, Some("auth@127.0.0.1"))
    );
    assert_eq!(&*known.label, "127.0.0.1:1");
}

/// A service with an upstream at each address, and those of them that are out of sight.
fn seen(upstreams: &[(&str, Sight)]) -> Snapshot {
    let upstream = |(address, sight): &(&str, Sight)| Upstream {
        sight: *sight,
        ..Upstream::new(address.parse::<SocketAddr>().unwrap().into())
    };
    let upstreams = upstreams.iter().map(upstream).collect();
    Snapshot::new(
        vec![Service::new("Service0", 0, upstreams)],
        Vec::new(),
        None,
    )
}

fn local(machine: &[&str]) -> Settings {
    Settings {
        prefer: Prefer::Local,
        machine: machine.iter().map(|ip| ip.parse().unwrap()).collect(),
        ..Settings::default()
    }
}

#[test]
fn one_out_of_sight_is_chosen_only_where_all_others_rest_or_were_tried() {
    let mut chooser = Chooser::new(&[]);
    let table = seen(&[
        ("127.0.0.1:1", Sight::Unconfirmed),
        ("127.0.0.1:2", Sight::Confirmed),
        ("127.0.0.1:3", Sight::Confirmed),
    ]);
    apply(&mut chooser.balance, &table);
    let shares = chooser.shares();
    assert_eq!(shares.get(&1), None);
    assert!((400..600).contains(&shares[&2]), "{shares:?}");
    assert_eq!(chooser.choose(&[2, 3]), Some(1));
    chooser.fail(2);
    assert_eq!(chooser.choose(&[]), Some(3));
    chooser.fail(3);
    assert_eq!(chooser.choose(&[]), Some(1), "it does not rest");
    chooser.now += REST_MIN;
    assert_eq!(chooser.shares().get(&1), None, "the others have rested");
}

#[test]
fn sight_that_is_lost_and_back_moves_requests_there_and_back() {
    let mut chooser = Chooser::new(&[]);
    let both = |one, two| seen(&[("127.0.0.1:1", one), ("127.0.0.1:2", two)]);
    for (one, two, wanted) in [
        (Sight::Confirmed, Sight::Unconfirmed, &[1_u16][..]),
        (Sight::Unconfirmed, Sight::Confirmed, &[2]),
        (Sight::Unconfirmed, Sight::Unconfirmed, &[1, 2]),
        (Sight::Confirmed, Sight::Confirmed, &[1, 2]),
    ] {
        assert_eq!(apply(&mut chooser.balance, &both(one, two)), [0; 0]);
        let shares = chooser.shares();
        let mut chosen: Vec<u16> = shares.into_keys().collect();
        chosen.sort_unstable();
        assert_eq!(chosen, wanted, "{one:?} {two:?}");
    }
}

#[test]
fn local_upstreams_go_first_where_they_are_preferred() {
    let mut chooser = Chooser::new(&[]);
    let table = seen(&[
        ("10.0.0.1:1", Sight::Confirmed),
        ("10.0.0.2:2", Sight::Confirmed),
        ("127.0.0.1:3", Sight::Confirmed),
        ("127.0.0.1:4", Sight::Unconfirmed),
        ("10.0.0.1:5", Sight::Unconfirmed),
    ]);
    apply(&mut chooser.balance, &table);
    assert_eq!(chooser.shares().len(), 3, "where they are not");
    chooser
        .balance
        .apply(&table, &local(&["10.0.0.2"]), chooser.now);
    let number =
        |at: &str| chooser.balance.numbers[&Address::from(at.parse::<SocketAddr>().unwrap())];
    let order = [
        "10.0.0.2:2",
        "127.0.0.1:3",
        "10.0.0.1:1",
        "127.0.0.1:4",
        "10.0.0.1:5",
    ];
    let order: Vec<u32> = order.into_iter().map(number).collect();
    for tried in [2_usize, 3, 4] {
        let chosen = chooser
            .balance
            .choose(0, &order[..tried], chooser.now, &mut chooser.random);
        assert_eq!(chosen, Some(order[tried]));
    }
    let first = chooser
        .balance
        .choose(0, &[], chooser.now, &mut chooser.random);
    assert!(first.is_some_and(|first| order[..2].contains(&first)));
    // The machine has got another address.
    chooser
        .balance
        .apply(&table, &local(&["10.0.0.1"]), chooser.now);
    let chosen = chooser
        .balance
        .choose(0, &[order[1]], chooser.now, &mut chooser.random);
    assert_eq!(chosen, Some(order[2]));
}

#[test]
fn an_address_is_in_sight_if_one_of_its_services_sees_it() {
    let mut snapshot = table(&[&[1], &[1]]);
    snapshot.services[1].upstreams[0].sight = Sight::Unconfirmed;
    let mut balance = empty();
    let sight = |balance: &Balance| balance.get(balance.numbers[&address(1)]).sight;
    apply(&mut balance, &snapshot);
    assert_eq!(sight(&balance), Sight::Confirmed);
    snapshot.services[0].upstreams[0].sight = Sight::Unconfirmed;
    apply(&mut balance, &snapshot);
    assert_eq!(sight(&balance), Sight::Unconfirmed);
}

#[test]
fn the_last_news_of_any_worker_stands_on_the_board() {
    let board = Board::default();
    let now = crate::clock::now();
    let mut workers = [(); 2].map(|()| Balance::new(board.clone(), now));
    for worker in &mut workers {
        apply(worker, &table(&[&[1, 2]]));
    }
    let check = |expected: &[(u16, Standing)]| {
        let expected: HashMap<Address, Standing> = expected
            .iter()
            .map(|(port, it)| (address(*port), *it))
            .collect();
        assert_eq!(board.standings(), expected);
    };
    check(&[(1, Standing::Untried), (2, Standing::Untried)]);
    let number = workers[0].numbers[&address(1)];
    workers[0].failed(number, now);
    check(&[(1, Standing::Failing), (2, Standing::Untried)]);
    let number = workers[1].numbers[&address(1)];
    workers[1].connected(number, now);
    check(&[(1, Standing::Up), (2, Standing::Untried)]);
    for worker in &mut workers {
        apply(worker, &table(&[&[2]]));
    }
    check(&[(2, Standing::Untried)]);
}
