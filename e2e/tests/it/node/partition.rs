//! A node on another machine: a network namespace of its own, and a wire that can be cut.

use e2e::{Epmd, Namespace, Node, NodeLaunch};

use super::{HOST, MODULE, Stage, answered_by, logged};

#[test]
fn a_partition_empties_nothing_and_heals() {
    let mut stage = Stage::new();
    let namespace = Namespace::new();
    stage.epmd = Epmd::start_by(&namespace.command("epmd"), namespace.address());
    let launch = NodeLaunch::new("far", &stage.epmd).by_command(namespace.command("elixir"));
    let launch = launch
        .serving()
        .cookie(&stage.cookie)
        .at(namespace.address());
    let mut node: Node = launch.erl("-kernel net_ticktime 8").start();
    node.serve(MODULE, HOST, "ip: {0, 0, 0, 0}");
    let gateway = stage.gateway(&node);
    answered_by(&gateway, HOST, &node);
    let table = stage.routes(&node);
    let upstream = table["routes"][0]["upstreams"][0]["address"]
        .as_str()
        .unwrap();
    assert!(
        upstream.starts_with(&format!("{}:", namespace.address())),
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
