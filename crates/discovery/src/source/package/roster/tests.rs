//! Events in, table, messages and wishes out; the clock is held by hand.

mod sight;

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use erlterm::Term;
use phoenix::{Bound, Machine};
use routes::{Mode, Serving, Sight, Subdomains};

use super::{CONNECTIONS_MAX, ConnectionId, Event, Roster, Wishes};
use crate::{
    How, NodeState,
    source::{
        now::Now,
        package::message::{FromVm, Hello, OnNode, Pushed},
        running::Endpoint,
    },
};

/// How long what is gone is kept.
const FORGET: Duration = Duration::from_secs(600);

/// A roster and the clock that it lives by.
struct Stage {
    roster: Roster,
    now: Now,
    /// What was wished last.
    wishes: Wishes,
}

/// `AuthWeb.Endpoint:4001`, listening on all interfaces; without a port it is stopped.
fn endpoint(text: &str) -> Endpoint {
    let (module, port) = match text.split_once(':') {
        Some((module, port)) => (module, Some(port.parse().unwrap())),
        None => (text, None),
    };
    let host = format!("{}.example.org", module.split('.').next().unwrap()).to_lowercase();
    let any = Term::Tuple(vec![Term::Integer(0); 4]);
    let bound = |port| {
        let at = Term::Tuple(vec![any, Term::Integer(port)]);
        Bound::Answered(Term::Tuple(vec![Term::atom("ok"), at]))
    };
    Endpoint {
        module: module.to_owned(),
        app: "auth_web".to_owned(),
        url: Ok(Term::keywords([("host", Term::text(&host))])),
        http: Ok(Term::List(Vec::new())),
        adapter: Ok(Term::atom("nil")),
        bound: port.map_or(Bound::Stopped, bound),
    }
}

impl Stage {
    fn new() -> Self {
        let how = How {
            mode: Mode::Production,
            domain: "localhost".to_owned(),
            subdomains: Subdomains::One,
        };
        let now = Now {
            instant: tokio::time::Instant::now().into_std(),
            wall: SystemTime::UNIX_EPOCH,
        };
        Self {
            roster: Roster::new(how, FORGET),
            now,
            wishes: Wishes::default(),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.wall += time;
        self.apply(Event::Time);
    }

    fn apply(&mut self, event: Event) {
        self.roster.apply(event, self.now);
        self.wishes = self.roster.wishes(self.now.instant);
    }

    fn say(&mut self, id: ConnectionId, said: FromVm) {
        self.apply(Event::Said(id, said));
    }

    /// A VM of that name (`""`: no node) connects and is welcomed.
    fn hello(&mut self, id: ConnectionId, name: &str) {
        self.apply(Event::Connected(id, Some(100)));
        let hello = Hello {
            node: (!name.is_empty()).then(|| name.parse().unwrap()),
            os_pid: 812,
            ..Hello::default()
        };
        self.say(id, FromVm::Hello(Box::new(hello)));
        assert_eq!(self.wishes.welcome, [id]);
    }

    fn report(&mut self, id: ConnectionId, seq: i64, endpoints: &[&str]) {
        self.report_all(id, seq, &[("", true, endpoints)]);
    }

    /// Reports on several nodes (`""`: the VM itself), each with whether it is seen.
    fn report_all(&mut self, id: ConnectionId, seq: i64, nodes: &[(&str, bool, &[&str])]) {
        let on_node = |(name, seen, endpoints): &(&str, bool, &[&str])| {
            let name = (!name.is_empty()).then(|| name.parse().unwrap());
            let endpoints = endpoints.iter().map(|it| endpoint(it)).collect();
            let seen = *seen;
            (name, OnNode { seen, endpoints })
        };
        let pushed = Pushed {
            seq,
            nodes: nodes.iter().map(on_node).collect(),
            left_out: None,
        };
        self.say(id, FromVm::Report(pushed));
    }

    /// A line for each endpoint of the report and each finding.
    fn table(&self) -> String {
        let report = self.roster.report();
        let mut text = String::new();
        for endpoint in &report.endpoints {
            let node = endpoint.node.as_deref().unwrap_or("?");
            write!(text, "{} on {node}", endpoint.service).unwrap();
            for upstream in &endpoint.upstreams {
                assert_eq!(upstream.source.name(), "package");
                write!(text, " {}", upstream.address).unwrap();
                if upstream.sight == Sight::Unconfirmed {
                    text.push('?');
                }
            }
            if let Serving::No(why) = &endpoint.serving {
                write!(text, " ({why})").unwrap();
            }
            text.push('\n');
        }
        for finding in report.findings {
            writeln!(text, "{}: {}", finding.code, finding.message).unwrap();
        }
        text
    }

    fn names(&self) -> Vec<String> {
        let statuses = self.roster.statuses();
        statuses.into_iter().map(|it| it.node).collect()
    }

    fn is_refused(&self, id: ConnectionId, why: &str) {
        assert_eq!(self.wishes.refuse, [(id, why.to_owned())]);
    }
}

#[test]
fn what_a_vm_reports_is_in_the_table_until_it_reports_otherwise() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001", "ShopWeb.Endpoint:4002"]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on shop@a 127.0.0.1:4001\nShopWeb.Endpoint on shop@a 127.0.0.1:4002\n"
    );
    assert_eq!(stage.roster.reported(), [(1, 1)]);
    // One moves, one stops.
    stage.report(1, 2, &["AuthWeb.Endpoint:4009", "ShopWeb.Endpoint"]);
    let both = "AuthWeb.Endpoint on shop@a 127.0.0.1:4009\nShopWeb.Endpoint on shop@a\n";
    assert_eq!(stage.table(), both);
    stage.report(1, 3, &["AuthWeb.Endpoint:4009"]);
    assert_eq!(stage.table(), both);
    assert_eq!(stage.roster.reported(), [(1, 3)]);
}

#[test]
fn what_is_gone_is_kept_until_it_is_forgotten() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001", "ShopWeb.Endpoint:4002"]);
    stage.report(1, 2, &["AuthWeb.Endpoint:4001"]);
    let wake = stage.wishes.wake.unwrap();
    assert_eq!(wake, stage.now.instant + FORGET);
    stage.pass(FORGET - Duration::from_secs(1));
    assert!(stage.table().contains("ShopWeb.Endpoint on shop@a\n"));
    assert!(stage.roster.take_changed());
    stage.pass(Duration::from_secs(1));
    assert!(stage.roster.take_changed());
    assert_eq!(stage.table(), "AuthWeb.Endpoint on shop@a 127.0.0.1:4001\n");
    // What is told to be stopped still is not taken up anew.
    stage.report(1, 3, &["AuthWeb.Endpoint:4001", "ShopWeb.Endpoint"]);
    assert_eq!(stage.table(), "AuthWeb.Endpoint on shop@a 127.0.0.1:4001\n");
    assert_eq!(stage.wishes.wake, None);
}

#[test]
fn a_vm_that_is_no_node_is_called_by_its_process() {
    let mut stage = Stage::new();
    stage.hello(1, "");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001"]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on pid-100 127.0.0.1:4001\n"
    );
    // Where the system does not tell, the VM's own word counts.
    stage.apply(Event::Connected(2, None));
    let hello = Hello {
        os_pid: 812,
        ..Hello::default()
    };
    stage.say(2, FromVm::Hello(Box::new(hello)));
    assert_eq!(stage.names(), ["pid-100", "pid-812"]);
}

#[test]
fn containers_whose_vms_are_no_nodes_are_told_apart_by_their_hosts() {
    let mut stage = Stage::new();
    for (id, host) in [(1, "auth"), (2, "billing")] {
        stage.apply(Event::Connected(id, Some(0)));
        stage.say(id, FromVm::Hello(Box::new(container(host))));
        assert_eq!(
            (&stage.wishes.welcome, &stage.wishes.refuse),
            (&vec![id], &vec![])
        );
    }
    assert_eq!(stage.names(), ["pid-1@auth", "pid-1@billing"]);
    // As they are for a gateway that takes our place, which knows of no process.
    let mut stage = Stage::new();
    for (id, host) in [(50, "auth"), (51, "billing")] {
        let pushed = Pushed {
            nodes: [(None, on("AuthWeb.Endpoint:4001"))].into(),
            ..Pushed::default()
        };
        stage.apply(Event::Inherited(id, container(host), pushed));
    }
    stage.apply(Event::Connected(1, Some(4321)));
    stage.say(1, FromVm::Hello(Box::new(container("auth"))));
    assert_eq!(stage.names(), ["pid-1@auth", "pid-1@billing"]);
}

fn container(host: &str) -> Hello {
    Hello {
        os_pid: 1,
        host: Some(host.to_owned()),
        ..Hello::default()
    }
}

/// A node in sight with one endpoint.
fn on(running: &str) -> OnNode {
    OnNode {
        seen: true,
        endpoints: vec![endpoint(running)],
    }
}

#[test]
fn the_path_of_a_socket_starts_at_the_vms_root() {
    let mut stage = Stage::new();
    stage.apply(Event::Connected(1, Some(100)));
    let hello = Hello {
        root: Some("/srv/shop".into()),
        ..Hello::default()
    };
    stage.say(1, FromVm::Hello(Box::new(hello)));
    let mut endpoint = endpoint("AuthWeb.Endpoint:4001");
    let local = Term::Tuple(vec![Term::atom("local"), Term::text("run/auth.sock")]);
    endpoint.bound = Bound::Answered(Term::Tuple(vec![Term::atom("ok"), local]));
    let on_node = OnNode {
        seen: true,
        endpoints: vec![endpoint],
    };
    let pushed = Pushed {
        seq: 1,
        nodes: [(None, on_node)].into(),
        left_out: None,
    };
    stage.say(1, FromVm::Report(pushed));
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on pid-100 unix:/srv/shop/run/auth.sock\n"
    );
}

#[test]
fn several_vms_are_side_by_side() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.hello(2, "shop@b");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001"]);
    stage.report(2, 7, &["AuthWeb.Endpoint:4002"]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on shop@a 127.0.0.1:4001\nAuthWeb.Endpoint on shop@b 127.0.0.1:4002\n"
    );
    assert_eq!(stage.roster.reported(), [(1, 1), (2, 7)]);
    stage.say(1, FromVm::Bye);
    assert_eq!(stage.roster.reported(), [(2, 7)]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on shop@a\nAuthWeb.Endpoint on shop@b 127.0.0.1:4002\n"
    );
}

#[test]
fn who_does_not_say_who_it_is_in_time_is_refused() {
    let mut stage = Stage::new();
    stage.apply(Event::Connected(1, None));
    assert_eq!(
        stage.wishes.wake,
        Some(stage.now.instant + Duration::from_secs(5))
    );
    stage.pass(Duration::from_millis(4999));
    assert_eq!(stage.wishes.refuse, []);
    stage.pass(Duration::from_millis(1));
    stage.is_refused(1, "no hello came within 5 s");
    // It is over: what it says now counts for nothing.
    stage.say(1, FromVm::Hello(Box::default()));
    assert_eq!(stage.wishes, Wishes::default());
    // Who has said it may be silent for as long as it likes.
    stage.hello(2, "shop@a");
    stage.pass(Duration::from_secs(3600));
    assert_eq!(stage.wishes.refuse, []);
}

#[test]
fn the_first_message_is_hello_and_it_comes_once() {
    for first in [
        FromVm::Report(Pushed::default()),
        FromVm::Bye,
        FromVm::Other,
    ] {
        let mut stage = Stage::new();
        stage.apply(Event::Connected(1, None));
        stage.say(1, first);
        stage.is_refused(1, "the first message is hello");
    }
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001"]);
    stage.say(1, FromVm::Other);
    assert_eq!(stage.wishes.refuse, []);
    stage.say(1, FromVm::Hello(Box::default()));
    stage.is_refused(1, "hello comes once");
    assert!(stage.table().contains("127.0.0.1:4001?"));
}

#[test]
fn what_cannot_be_read_ends_the_connection_and_no_more() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001"]);
    stage.apply(Event::Unreadable(1, "garbage".to_owned()));
    stage.is_refused(1, "garbage");
    assert!(
        stage
            .table()
            .starts_with("AuthWeb.Endpoint on shop@a 127.0.0.1:4001?\n")
    );
    stage.apply(Event::Closed(1));
    assert_eq!(stage.wishes.close, []);
}

#[test]
fn connections_are_bounded() {
    let mut stage = Stage::new();
    let last = CONNECTIONS_MAX as ConnectionId;
    for id in 1..=last {
        stage.apply(Event::Connected(id, None));
        assert_eq!(stage.wishes.refuse, []);
    }
    stage.apply(Event::Connected(last + 1, None));
    stage.is_refused(
        last + 1,
        "256 VMs are connected already, and no more are taken",
    );
    stage.apply(Event::Closed(1));
    stage.apply(Event::Connected(last + 2, None));
    assert_eq!(stage.wishes.refuse, []);
}

#[test]
fn members_are_bounded_by_letting_the_longest_gone_go() {
    let mut stage = Stage::new();
    for id in 1..=super::MEMBERS_MAX as ConnectionId + 1 {
        stage.hello(id, &format!("shop@h{id}"));
        stage.report(id, 1, &["AuthWeb.Endpoint:4001"]);
        stage.say(id, FromVm::Bye);
        stage.now.instant += Duration::from_millis(1);
    }
    let table = stage.table();
    assert_eq!(table.lines().count(), super::MEMBERS_MAX);
    assert!(
        !table.contains("shop@h1\n") && table.contains("shop@h2\n"),
        "{table}"
    );
}

#[test]
fn a_node_is_where_the_host_in_its_name_is() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    let nodes: [(&str, bool, &[&str]); 3] = [
        ("", true, &["ShopWeb.Endpoint:4001"]),
        ("auth@a", true, &["AuthWeb.Endpoint:4002"]),
        ("auth@far", true, &["AuthWeb.Endpoint:4003"]),
    ];
    stage.report_all(1, 1, &nodes);
    // Who shares the VM's host needs no asking.
    assert_eq!(stage.wishes.resolve, ["far"]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on auth@a 127.0.0.1:4002\nAuthWeb.Endpoint on auth@far\n\
         ShopWeb.Endpoint on shop@a 127.0.0.1:4001\n\
         node-host: where auth@far runs is not known: it is being looked up\n"
    );
    stage.report_all(1, 2, &nodes);
    assert_eq!(stage.wishes.resolve, [""; 0]);
    let far = Machine::Other([10, 0, 0, 7].into());
    stage.apply(Event::Resolved("far".to_owned(), Ok(far)));
    assert!(
        stage
            .table()
            .contains("AuthWeb.Endpoint on auth@far 10.0.0.7:4003\n")
    );
    // It may move: it is looked up again, and stays meanwhile.
    stage.pass(super::RESOLVE_AGAIN);
    assert_eq!(stage.wishes.resolve, ["far"]);
    assert!(stage.table().contains("10.0.0.7:4003"));
    let why = "looking up far: no such name".to_owned();
    stage.apply(Event::Resolved("far".to_owned(), Err(why)));
    // A resolver that fails has not moved it.
    assert!(stage.table().contains("10.0.0.7:4003"));
    assert!(
        stage
            .table()
            .contains("node-host: looking up far: no such name; nodes on far are dialled")
    );
    stage.pass(super::RESOLVE_AGAIN);
    assert_eq!(stage.wishes.resolve, ["far"]);
}

#[test]
fn the_status_tells_of_each_vm() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001", "ShopWeb.Endpoint:4002"]);
    let [status] = stage.roster.statuses().try_into().unwrap();
    assert_eq!(status.node, "shop@a");
    assert_eq!(status.source.name(), "package");
    assert_eq!((status.state, status.reason), (NodeState::Attached, None));
    assert_eq!(status.endpoints, 2);
    stage.pass(Duration::from_secs(3));
    stage.apply(Event::Closed(1));
    let [status] = stage.roster.statuses().try_into().unwrap();
    assert_eq!(status.state, NodeState::Lost);
    assert_eq!(status.reason.as_deref(), Some("its connection ended"));
    assert_eq!(status.since, stage.now.wall);
    stage.hello(2, "shop@a");
    stage.say(2, FromVm::Bye);
    // Who says that it stops is not missed.
    assert_eq!(stage.roster.statuses(), []);
}
