//! A whole umbrella that runs the Hex package. Its own tests are ExUnit's.

use std::{fs, net::TcpStream, process::Command};

use e2e::{Epmd, Launch, NodeLaunch, Vm, VmLaunch, eventually, node::free_port, tool};
use tempfile::TempDir;
use tungstenite::Message;

#[test]
fn one_line_lists_hosts_and_links_and_each_leads_to_its_endpoint() {
    let vm = Vm::start();
    let port = vm.port();
    let line = vm.logged("gateway at");
    let links = format!(
        "http://auth.local:{port} (AuthWeb.Endpoint), http://auth.localhost:{port} \
         (AuthWeb.Endpoint), http://billing.localhost:{port} (BillingWeb.Endpoint); not served: \
         BillingWeb.AdminEndpoint (server: false)"
    );
    assert!(line.ends_with(&links), "{line}");
    for (host, endpoint) in [
        ("auth.local", "AuthWeb.Endpoint"),
        ("tenant1.auth.local", "AuthWeb.Endpoint"),
        ("auth.localhost", "AuthWeb.Endpoint"),
        ("billing.localhost", "BillingWeb.Endpoint"),
    ] {
        let page = vm.get(host, "/a").text();
        assert_eq!(page, format!("{endpoint} {host} /a\n"));
    }
    assert_eq!(vm.get("billing-admin.localhost", "/").status(), 503);
    let lines = vm.lines();
    let times = lines.iter().filter(|line| line.contains("gateway at"));
    assert_eq!(times.count(), 1, "{lines:?}");
    // What it says is not said by other lines too.
    let informed = lines.iter().filter(|line| line.starts_with("info "));
    assert_eq!(informed.count(), 1, "{lines:?}");
}

#[test]
fn generated_urls_lead_through_the_gateway() {
    let mut vm = Vm::start();
    let port = vm.port();
    let url = vm.eval("BillingWeb.Endpoint.url()");
    assert_eq!(url, format!("\"http://billing.localhost:{port}\""));
    // Nothing listens at the port that its configuration names.
    let url = vm.eval("AuthWeb.Endpoint.url()");
    assert_eq!(url, format!("\"http://auth.local:{port}\""));
    let url = vm.eval("ExServiceMeshRouter.url(AuthWeb.Endpoint)");
    assert_eq!(url, format!("\"http://auth.local:{port}\""));
}

#[test]
fn a_private_socket_carries_websockets() {
    let mut vm = Vm::start();
    let bound = vm.eval("hd(:sys.get_state(ExServiceMeshRouter.Gateway).endpoints).bound");
    assert!(bound.starts_with("{:ok, {:local, "), "{bound}");
    let stream = TcpStream::connect(("127.0.0.1", vm.port())).unwrap();
    let url = "ws://tenant1.auth.local/live/websocket?vsn=2.0.0";
    let (mut socket, _) = tungstenite::client(url, stream).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("AuthWeb.Endpoint"));
    for size in [1, 100_000] {
        let message = Message::text("a".repeat(size));
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
}

#[test]
fn a_killed_vm_takes_its_gateway_along() {
    let mut vm = Vm::start();
    let port = vm.port();
    let gateway = vm.gateway();
    assert!(is_running(gateway));
    vm.kill();
    eventually("the gateway's end", || (!is_running(gateway)).then_some(()));
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
}

#[test]
fn a_killed_gateway_is_back() {
    let port = free_port();
    let mut vm = VmLaunch::new()
        .env("GATEWAY_PORT", &port.to_string())
        .start();
    vm.port();
    let first = vm.gateway();
    tool::run(Command::new("kill").args(["-KILL", &first.to_string()]));
    vm.logged("the gateway ended with signal 9");
    let url = vm.eval("ExServiceMeshRouter.url(AuthWeb.Endpoint, 30_000)");
    assert_eq!(url, format!("\"http://auth.local:{port}\""));
    assert_ne!(vm.gateway(), first);
    assert_eq!(
        vm.get("auth.local", "/").text(),
        "AuthWeb.Endpoint auth.local /\n"
    );
}

#[test]
fn an_endpoint_that_stops_and_starts_is_followed() {
    let mut vm = Vm::start();
    vm.eval("Supervisor.terminate_child(AuthWeb.Supervisor, AuthWeb.Endpoint)");
    vm.eval("Supervisor.restart_child(AuthWeb.Supervisor, AuthWeb.Endpoint)");
    vm.eval("ExServiceMeshRouter.url(AuthWeb.Endpoint, 30_000)");
    let page = || Some(vm.get("auth.local", "/").text());
    eventually("the endpoint", || {
        page().filter(|page| page == "AuthWeb.Endpoint auth.local /\n")
    });
}

#[test]
fn two_vms_do_not_fight_over_the_port() {
    let port = free_port();
    let launch = || {
        VmLaunch::new()
            .env("GATEWAY_PORT", &port.to_string())
            .start()
    };
    let mut first = launch();
    first.port();
    let mut second = launch();
    let line = second.logged("is taken by");
    assert!(
        line.contains(&format!(
            "no gateway runs, trying again: 127.0.0.1:{port} is taken by mesh-router"
        )),
        "{line}"
    );
    assert_eq!(first.get("auth.local", "/").status(), 200);
    first.kill();
    second.port();
    assert_eq!(second.get("auth.local", "/").status(), 200);
    let url = second.eval("BillingWeb.Endpoint.url()");
    assert_eq!(url, format!("\"http://billing.localhost:{port}\""));
    let lines = second.lines();
    let times = lines.iter().filter(|line| line.contains("is taken by"));
    assert_eq!(times.count(), 1, "{lines:?}");
}

#[test]
fn a_gateway_that_runs_by_itself_is_told_again_when_it_is_back() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("vm.sock");
    let config = folder.path().join("mesh-router.toml");
    let port = free_port();
    let text = format!(
        "listen = [\"127.0.0.1:{port}\"]\nmode = \"development\"\n[discovery]\nsources = \
         [\"package\"]\npackage = \"unix:{}\"\n",
        socket.display()
    );
    fs::write(&config, text).unwrap();
    let gateway = || Launch::new(["run", "--config"]).arg(&config).start();
    let served = |gateway: &e2e::Gateway| {
        eventually("the endpoint", || {
            let page = gateway.get("auth.local", "/").text();
            (page == "AuthWeb.Endpoint auth.local /\n").then_some(())
        });
    };

    let first = gateway();
    let vm = VmLaunch::new()
        .env("GATEWAY_SOCKET", socket.to_str().unwrap())
        .start();
    served(&first);
    drop(first);
    vm.logged("no gateway runs, trying again: ");
    let second = gateway();
    served(&second);
}

#[test]
fn the_endpoints_of_connected_nodes_are_reported() {
    let epmd = Epmd::start();
    let mut shop = NodeLaunch::new("shop", &epmd).serving().start();
    let name = format!("gateway_{}@127.0.0.1", std::process::id());
    let mut vm = VmLaunch::node(&name, shop.cookie(), epmd.port())
        .env("CLUSTER", "true")
        .start();
    vm.port();
    shop.serve("ShopWeb.Endpoint", "shop.test", "");
    assert_eq!(
        vm.eval(&format!("Node.connect(:\"{}\")", shop.name())),
        "true"
    );
    let page = format!("{} ShopWeb.Endpoint shop.test", shop.name());
    eventually("the endpoint of the other node", || {
        (vm.get("shop.test", "/").text() == page).then_some(())
    });

    // One that nobody sees any more is not taken away: see docs/package-protocol.md.
    shop.signal("KILL");
    let seen = "hd(:sys.get_state(ExServiceMeshRouter.Gateway).nodes).seen";
    eventually("the node to be missed", || {
        (vm.eval(seen) == "false").then_some(())
    });
    let routes = vm.eval("ExServiceMeshRouter.routes()");
    assert!(routes.contains("shop.test"), "{routes}");
}

/// Returns whether a process is there and not merely waiting to be forgotten.
fn is_running(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| !state.trim_start().starts_with('Z'))
}
