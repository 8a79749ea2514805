//! What running endpoints say of their listeners.

use std::net::IpAddr;

use erlterm::Term;
use expect_test::expect;
use routes::Source;

use super::{
    Given, Project, Settings, atom, auth, charlist, findings, http, integer, ip, keywords,
    production, string, table, tuple, url_host,
};
use crate::{Bound, Environment, Machine, Setting};

/// The settings of endpoints that run.
struct Running {
    settings: Settings,
    bound: Bound,
    machine: Machine,
}

impl Environment for Running {
    fn get(&self, app: &str, path: &[&str]) -> Setting {
        self.settings.get(app, path)
    }

    fn bound(&self, _module: &str) -> Bound {
        self.bound.clone()
    }

    fn machine(&self) -> Machine {
        self.machine
    }
}

const HERE: Machine = Machine::This;

fn there() -> Machine {
    Machine::Other(IpAddr::from([10, 0, 0, 5]))
}

fn read(given: Given, bound: Bound, machine: Machine) -> crate::Meaning {
    let module = given.module.clone();
    let running = Running {
        settings: Settings(vec![given]),
        bound,
        machine,
    };
    let project = Project {
        source: Source::Node,
        env: "auth@10.0.0.5",
        ..production()
    };
    crate::read(&project, &[module], &running)
}

/// Checks what becomes of an answer to `server_info(:http)`.
#[track_caller]
fn check(machine: Machine, answer: Term, expected: &str) {
    bound(machine, Bound::Answered(answer), expected);
}

#[track_caller]
fn bound(machine: Machine, bound: Bound, expected: &str) {
    // What is configured doesn't count where the endpoint itself can be asked.
    let meaning = read(auth(vec![http(4999)]), bound, machine);
    let endpoint = &meaning.endpoints[0];
    let upstreams = endpoint.upstreams.iter().map(|it| it.address.to_string());
    let silent = match &endpoint.serving {
        routes::Serving::Yes => None,
        routes::Serving::No(why) => Some(why.clone()),
    };
    let both: Vec<String> = upstreams.chain(silent).collect();
    assert_eq!(both.join(" "), expected);
}

fn ok(place: Term) -> Term {
    tuple(&[atom("ok"), place])
}

fn at(address: &[i64], port: i64) -> Term {
    ok(tuple(&[ip(address), integer(port)]))
}

fn error(why: Term) -> Term {
    tuple(&[atom("error"), why])
}

const V6_ANY: [i64; 8] = [0; 8];

#[test]
fn what_is_bound_is_dialled() {
    check(HERE, at(&[127, 0, 0, 1], 4001), "127.0.0.1:4001");
    check(HERE, at(&[0, 0, 0, 0], 4001), "127.0.0.1:4001");
    check(HERE, at(&V6_ANY, 4001), "127.0.0.1:4001");
    check(HERE, at(&[192, 168, 1, 5], 4001), "192.168.1.5:4001");
    check(
        HERE,
        ok(tuple(&[atom("local"), string("/run/a.sock")])),
        "unix:/run/a.sock",
    );
    check(
        HERE,
        ok(tuple(&[atom("local"), charlist("/run/a.sock")])),
        "unix:/run/a.sock",
    );
}

#[test]
fn all_interfaces_of_another_machine_are_reached_at_its_address() {
    check(there(), at(&[0, 0, 0, 0], 4001), "10.0.0.5:4001");
    check(there(), at(&V6_ANY, 4001), "10.0.0.5:4001");
    check(there(), at(&[10, 0, 0, 6], 4001), "10.0.0.6:4001");
}

#[test]
fn loopback_and_sockets_of_another_machine_are_not_reached() {
    let elsewhere = "it listens on 127.0.0.1:4001, which only its own machine reaches";
    check(there(), at(&[127, 0, 0, 1], 4001), elsewhere);
    let elsewhere = "it listens on [::1]:4001, which only its own machine reaches";
    check(there(), at(&[0, 0, 0, 0, 0, 0, 0, 1], 4001), elsewhere);
    let elsewhere = "it listens on unix:/run/a.sock, which only its own machine reaches";
    check(
        there(),
        ok(tuple(&[atom("local"), string("/run/a.sock")])),
        elsewhere,
    );

    let meaning = read(
        auth(vec![url_host("auth.local")]),
        Bound::Answered(at(&[127, 0, 0, 1], 4001)),
        there(),
    );
    expect![[r#"
        Warning bound-elsewhere lib/AuthWeb/Endpoint.ex:1: AuthWeb.Endpoint of auth@10.0.0.5 listens on 127.0.0.1:4001, which only its own machine reaches
          fix: bind it to all interfaces: `config :auth_web, AuthWeb.Endpoint, http: [ip: {0, 0, 0, 0}]`, or run a gateway on that machine
    "#]]
    .assert_eq(&findings(&meaning));
}

#[test]
fn every_way_to_have_no_listener_is_told_apart_from_none_known() {
    let without = "it runs without a listener for http";
    let suspended = "its listener is suspended";
    check(HERE, error(atom("no_server_found")), without);
    check(
        HERE,
        error(string("errors were found at the given arguments")),
        without,
    );
    check(HERE, atom("error"), suspended);
    check(
        HERE,
        ok(tuple(&[atom("undefined"), atom("undefined")])),
        suspended,
    );
    check(HERE, atom("what"), "server_info(:http) answers :what");
    check(HERE, ok(integer(1)), "server_info(:http) answers {:ok, 1}");
    check(
        HERE,
        at(&[1, 2], 4001),
        "server_info(:http) answers {:ok, {{1, 2}, 4001}}",
    );
    check(
        HERE,
        at(&[127, 0, 0, 1], 70000),
        "server_info(:http) answers {:ok, {{127, 0, 0, 1}, 70000}}",
    );
    let no = tuple(&[atom("no"), tuple(&[ip(&[127, 0, 0, 1]), integer(1)])]);
    check(
        HERE,
        no,
        "server_info(:http) answers {:no, {{127, 0, 0, 1}, 1}}",
    );
    let failed = Bound::Failed("it exited with noproc".to_owned());
    bound(
        HERE,
        failed,
        "it can't say where it listens: it exited with noproc",
    );
    bound(HERE, Bound::Stopped, "it is not running");
}

/// Phoenix before 1.7 has no `server_info`.
#[test]
fn without_an_answer_the_settings_of_the_node_count() {
    bound(HERE, Bound::NotAsked, "127.0.0.1:4999");
    let any = || auth(vec![("http", keywords(vec![("port", integer(4001))]))]);
    let dialled = |machine| {
        read(any(), Bound::NotAsked, machine).endpoints[0].upstreams[0]
            .address
            .to_string()
    };
    assert_eq!(dialled(HERE), "127.0.0.1:4001");
    assert_eq!(dialled(there()), "10.0.0.5:4001");
    let elsewhere = "it listens on 127.0.0.1:4999, which only its own machine reaches";
    bound(there(), Bound::NotAsked, elsewhere);
}

#[test]
fn a_running_endpoint_keeps_its_host_and_says_where_it_was_found() {
    let mut given = auth(vec![url_host("auth.example.org")]);
    given.module.origin = None;
    let meaning = read(given, Bound::Answered(at(&[0, 0, 0, 0], 4001)), there());
    expect![[r#"
        AuthWeb.Endpoint (Cowboy)
          auth.example.org own config/dev.exs:7
          -> 10.0.0.5:4001 auth@10.0.0.5
    "#]]
    .assert_eq(&table(&meaning));
}
