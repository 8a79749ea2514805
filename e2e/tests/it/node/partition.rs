//! A node on another machine: a network namespace of its own, and a wire that can be cut.

use std::process::Command;

use e2e::{Epmd, Node, NodeLaunch, tool};

use super::{HOST, MODULE, Stage, answered_by, logged};

/// A network namespace, joined with ours by a pair of interfaces. Ends with the test.
struct Namespace {
    name: String,
    ours: String,
    address: String,
}

impl Namespace {
    fn new() -> Self {
        let id = std::process::id();
        // A network of its own for each run, of the range that is kept for tests of networks.
        let (third, fourth) = (id / 64 % 256, id % 64 * 4);
        let namespace = Self {
            name: format!("mesh{id}"),
            ours: format!("mesh{id}a"),
            address: format!("198.18.{third}.{}", fourth + 2),
        };
        let Self {
            name,
            ours,
            address,
        } = &namespace;
        let theirs = format!("mesh{id}b");
        let gateway = format!("198.18.{third}.{}/30", fourth + 1);
        ip(&format!("netns add {name}"));
        ip(&format!(
            "link add {ours} type veth peer name {theirs} netns {name}"
        ));
        ip(&format!("address add {gateway} dev {ours}"));
        ip(&format!("-n {name} address add {address}/30 dev {theirs}"));
        ip(&format!("-n {name} link set lo up"));
        ip(&format!("-n {name} link set {theirs} up"));
        ip(&format!("link set {ours} up"));
        namespace
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(tool::require("ip"));
        command
            .args(["netns", "exec", &self.name])
            .arg(tool::require(program));
        command
    }

    fn wire(&self, state: &str) {
        ip(&format!("link set {} {state}", self.ours));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Interfaces go with it.
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

#[track_caller]
fn ip(arguments: &str) {
    tool::run(Command::new(tool::require("ip")).args(arguments.split(' ')));
}

#[test]
fn a_partition_empties_nothing_and_heals() {
    let mut stage = Stage::new();
    let namespace = Namespace::new();
    stage.epmd = Epmd::start_by(&namespace.command("epmd"), &namespace.address);
    let launch = NodeLaunch::new("far", &stage.epmd).by_command(namespace.command("elixir"));
    let launch = launch
        .serving()
        .cookie(&stage.cookie)
        .at(&namespace.address);
    let mut node: Node = launch.erl("-kernel net_ticktime 8").start();
    node.serve(MODULE, HOST, "ip: {0, 0, 0, 0}");
    let gateway = stage.gateway(&node);
    answered_by(&gateway, HOST, &node);
    let table = stage.routes(&node);
    let upstream = table["routes"][0]["upstreams"][0]["address"]
        .as_str()
        .unwrap();
    assert!(
        upstream.starts_with(&format!("{}:", namespace.address)),
        "{upstream}"
    );

    namespace.wire("down");
    logged(&gateway, "node lost", node.name());
    // It is known still: whether it can be reached is found out by dialling.
    let status = gateway.get(HOST, "/").status();
    assert!(matches!(status, 502 | 503), "{status}");
    assert!(!gateway.stderr().join("\n").contains("node-down"));
    namespace.wire("up");
    answered_by(&gateway, HOST, &node);

    // What listens on the loopback of another machine is found, and not reached.
    assert_eq!(node.eval("Serving.stop(AuthWeb.Endpoint)"), ":ok");
    node.serve(MODULE, HOST, "ip: {127, 0, 0, 1}");
    let routes = stage.ask(&["routes"], node.name());
    assert!(
        routes.stderr.contains("(bound-elsewhere)"),
        "{}",
        routes.stderr
    );
}
