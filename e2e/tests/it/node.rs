//! Routes from running nodes: real BEAMs with endpoints, an EPMD of the test's own, and what may go
//! wrong between them and the gateway.

mod partition;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use e2e::{Elixir, Epmd, Gateway, Launch, Node, NodeLaunch, eventually, gateway::Ended};
use serde_json::Value;
use tempfile::TempDir;

/// A folder without a project, with a cookie and an EPMD that nobody else uses.
struct Stage {
    elixir: Elixir,
    folder: TempDir,
    epmd: Epmd,
    cookie: String,
}

const MODULE: &str = "AuthWeb.Endpoint";
const HOST: &str = "auth.example.test";

impl Stage {
    fn new() -> Self {
        Self::of(Elixir::installed())
    }

    /// A stage whose nodes this Elixir runs.
    fn of(elixir: Elixir) -> Self {
        let folder = TempDir::new().unwrap();
        let stage = Self {
            elixir,
            folder,
            epmd: Epmd::start(),
            cookie: "chocolate".to_owned(),
        };
        stage.bake("chocolate");
        stage
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the cookie that the gateway has.
    fn bake(&self, cookie: &str) {
        let file = self.path().join("cookie");
        // What may only be read can't be written over.
        let _ = fs::remove_file(&file);
        fs::write(&file, cookie).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    }

    /// A node to be started, with a web server on its path.
    fn node(&self, name: &str) -> NodeLaunch {
        let node = NodeLaunch::new(name, &self.epmd).by(&self.elixir);
        node.cookie(&self.cookie).serving()
    }

    /// A node with an endpoint for `auth.example.test`.
    fn serving(&self, name: &str) -> Node {
        let mut node = self.node(name).start();
        node.serve(MODULE, HOST, "");
        node
    }

    /// The same node once more, after its end.
    fn again(&self, node: &Node) -> NodeLaunch {
        self.node("again").again(node.name(), &self.cookie)
    }

    fn command(&self, arguments: &[&str]) -> Launch {
        Launch::new(arguments)
            .within(self.path())
            .env("ERL_EPMD_PORT", &self.epmd.port().to_string())
            .arg("--cookie-file")
            .arg(self.path().join("cookie"))
    }

    /// A gateway that follows the node.
    fn gateway(&self, node: &Node) -> Gateway {
        self.configured(node, "")
    }

    /// The same with a `mesh-router.toml`.
    fn configured(&self, node: &Node, config: &str) -> Gateway {
        fs::write(self.path().join("mesh-router.toml"), config).unwrap();
        let arguments = ["run", "--listen", "127.0.0.1:0", "--node", node.name()];
        self.command(&arguments).start()
    }

    /// What a command says of the node; its arguments come first.
    fn ask(&self, arguments: &[&str], node: &str) -> Ended {
        self.command(arguments).arg("--node").arg(node).end()
    }

    fn routes(&self, node: &Node) -> Value {
        self.ask(&["routes", "--json"], node.name()).json()
    }
}

/// Plays on a stage for each Elixir that is at hand.
#[expect(clippy::print_stdout, reason = "says which of them failed")]
fn on_each(play: impl Fn(&Stage)) {
    for elixir in Elixir::all() {
        println!("{elixir:?}");
        play(&Stage::of(elixir));
    }
}

/// Waits until the host is answered by that node.
#[track_caller]
fn answered_by(gateway: &Gateway, host: &str, node: &Node) {
    let start = format!("{} ", node.name());
    eventually(&format!("{host} answered by {}", node.name()), || {
        let answer = gateway.get(host, "/");
        (answer.status() == 200 && answer.text().starts_with(&start)).then_some(())
    });
}

/// Waits until the host is answered with that status.
#[track_caller]
fn answers(gateway: &Gateway, host: &str, status: u16) {
    eventually(&format!("{host} answered {status}"), || {
        (gateway.get(host, "/").status() == status).then_some(())
    });
}

/// Returns the newest log line with that message and node.
#[track_caller]
fn logged(gateway: &Gateway, message: &str, node: &str) -> Value {
    eventually(&format!("{message:?} of {node} in the log"), || {
        let lines = gateway.stderr().into_iter().rev();
        let values = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        values
            .map(|value| value.get("fields").cloned().unwrap_or(value))
            .find(|it| it["message"] == message && it["node"] == node)
    })
}

#[test]
fn a_running_node_is_all_that_is_needed() {
    on_each(|stage| {
        let node = stage.serving("auth");
        let gateway = stage.gateway(&node);
        let answer = gateway.get(HOST, "/");
        assert_eq!(
            answer.text(),
            format!("{} AuthWeb.Endpoint {HOST}", node.name())
        );
        // Tenants lead there too, and nothing else does.
        assert_eq!(gateway.get(&format!("t1.{HOST}"), "/").status(), 200);
        assert_eq!(gateway.get("billing.example.test", "/").status(), 404);

        let table = stage.routes(&node);
        let route = &table["routes"][0];
        assert_eq!(route["host"], HOST);
        assert_eq!(route["source"], "node");
        assert_eq!(route["provenance"], node.name());
        assert_eq!(route["upstreams"][0]["node"], node.name());
        assert_eq!(table["mode"], "production");
        let explained = stage.ask(&["explain", HOST], node.name());
        assert_eq!(explained.code, Some(0), "{}", explained.stderr);
        let validated = stage.ask(&["validate", "--strict"], node.name());
        assert_eq!(
            validated.code,
            Some(0),
            "{}{}",
            validated.stdout,
            validated.stderr
        );
    });
}

#[test]
fn a_gateway_of_nodes_leaves_nothing_behind_and_is_hidden() {
    on_each(|stage| {
        let mut node = stage.serving("auth");
        let mut gateway = stage.gateway(&node);
        assert_eq!(node.eval("Node.list()"), "[]");
        assert_eq!(node.eval("length(Node.list(:hidden))"), "1");
        gateway.signal("TERM");
        assert!(gateway.ended().success());
        eventually("the link to be closed", || {
            (node.eval("Node.list(:hidden)") == "[]").then_some(())
        });
    });
}

#[test]
fn phoenix_before_1_7_is_asked_for_its_configuration() {
    on_each(|stage| {
        let mut node = stage.node("old").start();
        let port = e2e::node::free_port();
        node.serve(MODULE, HOST, &format!("server_info: false, port: {port}"));
        let gateway = stage.gateway(&node);
        answered_by(&gateway, HOST, &node);
    });
}

#[test]
fn a_wrong_cookie_is_told_and_the_gateway_starts_all_the_same() {
    on_each(|stage| {
        let node = stage.serving("auth");
        stage.bake("vanilla");
        let gateway = stage.gateway(&node);
        let line = logged(&gateway, "node not attached", node.name());
        assert!(
            line["reason"].as_str().unwrap().contains("cookie"),
            "{line}"
        );
        assert!(
            line["fix"].as_str().unwrap().contains("RELEASE_COOKIE"),
            "{line}"
        );
        assert_eq!(gateway.get(HOST, "/").status(), 404);
        let routes = stage.ask(&["routes"], node.name());
        assert_eq!(routes.code, Some(1));
        assert!(routes.stderr.contains("(node-cookie)"), "{}", routes.stderr);
        assert!(!gateway.stderr().join("").contains("vanilla"));
        // Mended, and taken over without a restart.
        stage.bake("chocolate");
        gateway.signal("HUP");
        answered_by(&gateway, HOST, &node);
    });
}

#[test]
fn a_node_that_is_not_there_is_told_with_the_names_that_are() {
    let stage = Stage::new();
    let _node = stage.serving("auth");
    let routes = stage.ask(&["routes"], "nobody@127.0.0.1");
    assert_eq!(routes.code, Some(1));
    assert!(
        routes.stderr.contains("does not know nobody, only auth_"),
        "{}",
        routes.stderr
    );
    let routes = stage.ask(&["routes"], "nobody@127.0.0.1:1");
    assert!(
        routes.stderr.contains("(node-unreachable)"),
        "{}",
        routes.stderr
    );
}

#[test]
fn a_killed_node_is_missed_at_once_and_found_again() {
    on_each(|stage| {
        let node = stage.serving("auth");
        let gateway = stage.gateway(&node);
        answered_by(&gateway, HOST, &node);
        node.signal("KILL");
        // Known, and nothing to connect to.
        answers(&gateway, HOST, 503);
        logged(&gateway, "node lost", node.name());
        let mut node = stage.again(&node).start();
        node.serve(MODULE, HOST, "");
        answered_by(&gateway, HOST, &node);
        assert_eq!(gateway.get("nobody.example.test", "/").status(), 404);
    });
}

#[test]
fn a_node_that_was_not_there_is_found_when_it_starts() {
    on_each(|stage| {
        let launch = stage.node("late");
        let name = launch.name().to_owned();
        let arguments = ["run", "--listen", "127.0.0.1:0", "--node", &name];
        let gateway = stage.command(&arguments).start();
        assert_eq!(gateway.get(HOST, "/").status(), 404);
        let mut node = launch.start();
        node.serve(MODULE, HOST, "");
        answered_by(&gateway, HOST, &node);
    });
}

#[test]
fn a_suspended_node_is_noticed_and_stays_in_the_table() {
    let stage = Stage::new();
    // The shortest that OTP takes: four ticks of two seconds.
    let mut node = stage.node("auth").erl("-kernel net_ticktime 8").start();
    node.serve(MODULE, HOST, "");
    let gateway = stage.gateway(&node);
    answered_by(&gateway, HOST, &node);
    node.signal("STOP");
    let line = logged(&gateway, "node lost", node.name());
    assert!(
        line["reason"].as_str().unwrap().contains("silent"),
        "{line}"
    );
    let changed = gateway.logged("finding");
    assert!(changed.contains("node-lost"), "{changed}");
    node.signal("CONT");
    answered_by(&gateway, HOST, &node);
    eventually("the node attached again", || {
        let lines = gateway.stderr();
        let attached = lines.iter().filter(|line| line.contains("node attached"));
        (attached.count() == 2).then_some(())
    });
}

#[test]
fn one_node_leads_to_its_whole_cluster() {
    on_each(|stage| {
        let mut first = stage.serving("first");
        let second = stage.serving("second");
        let mut third = stage.node("third").start();
        third.serve("BillingWeb.Endpoint", "billing.example.test", "");
        for other in [&second, &third] {
            let connect = format!("Node.connect(:\"{}\")", other.name());
            assert_eq!(first.eval(&connect), "true");
        }
        let gateway = stage.gateway(&first);
        answered_by(&gateway, HOST, &first);
        answered_by(&gateway, HOST, &second);
        answered_by(&gateway, "billing.example.test", &third);
        let table = stage.routes(&second);
        let hosts: Vec<&str> = table["routes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| it["host"].as_str())
            .collect();
        assert_eq!(hosts, [HOST, "billing.example.test"]);
        let alone = ["routes", "--json", "--config", "alone.toml"];
        fs::write(
            stage.path().join("alone.toml"),
            "[discovery]\nfollow = false\n",
        )
        .unwrap();
        let table = stage.ask(&alone, second.name()).json();
        assert_eq!(table["routes"].as_array().unwrap().len(), 1);

        // The one that was named may go. The others may lose sight of each other by that, since OTP
        // lets no partitions overlap; we don't lose them.
        drop(first);
        answered_by(&gateway, HOST, &second);
        assert_eq!(gateway.get("billing.example.test", "/").status(), 200);
    });
}

#[test]
fn an_endpoint_whose_supervisor_restarts_is_followed_to_its_new_port() {
    on_each(|stage| {
        let mut node = stage.serving("auth");
        let gateway = stage.gateway(&node);
        for _ in 0..5 {
            answered_by(&gateway, HOST, &node);
            let port = "elem(AuthWeb.Endpoint.server_info(:http), 1)";
            let before = node.eval(port);
            node.eval("Process.exit(Process.whereis(AuthWeb.Endpoint), :kill)");
            let after = eventually("another port", || {
                let after = node.eval(&format!("try do {port} rescue _ -> nil end"));
                (after != before && after.contains("127")).then_some(after)
            });
            assert_ne!(before, after);
        }
        answered_by(&gateway, HOST, &node);
    });
}

#[test]
fn endpoints_come_and_go_while_the_node_stays() {
    on_each(|stage| {
        let mut node = stage.serving("auth");
        let gateway = stage.configured(&node, "[discovery]\nforget = \"1s\"\n");
        answered_by(&gateway, HOST, &node);
        node.serve("BillingWeb.Endpoint", "billing.example.test", "");
        answered_by(&gateway, "billing.example.test", &node);
        assert_eq!(node.eval("Serving.stop(AuthWeb.Endpoint)"), ":ok");
        answers(&gateway, HOST, 503);
        // Forgotten after a second.
        answers(&gateway, HOST, 404);
        assert_eq!(gateway.get("billing.example.test", "/").status(), 200);
    });
}

#[test]
fn a_node_of_the_same_name_may_be_another_app() {
    on_each(|stage| {
        let node = stage.serving("auth");
        let gateway = stage.gateway(&node);
        answered_by(&gateway, HOST, &node);
        node.signal("KILL");
        answers(&gateway, HOST, 503);
        let mut node = stage.again(&node).start();
        node.serve("BillingWeb.Endpoint", "billing.example.test", "");
        answered_by(&gateway, "billing.example.test", &node);
        assert_eq!(gateway.get(HOST, "/").status(), 503);
    });
}

#[test]
fn a_rotated_cookie_empties_nothing() {
    let stage = Stage::new();
    let port = e2e::node::free_port();
    let options = format!("port: {port}");
    let mut node = stage.node("auth").start();
    node.serve(MODULE, HOST, &options);
    let gateway = stage.gateway(&node);
    answered_by(&gateway, HOST, &node);
    node.signal("KILL");
    answers(&gateway, HOST, 503);
    let mut node = stage.again(&node).cookie("vanilla").start();
    node.serve(MODULE, HOST, &options);
    logged(&gateway, "node not attached", node.name());
    answered_by(&gateway, HOST, &node);
}

#[test]
fn without_epmd_what_is_attached_stays() {
    let mut stage = Stage::new();
    let node = stage.serving("auth");
    let gateway = stage.gateway(&node);
    answered_by(&gateway, HOST, &node);
    let port = stage.epmd.port();
    stage.epmd = Epmd::start();
    eventually("EPMD's end", || {
        std::net::TcpStream::connect(("127.0.0.1", port))
            .is_err()
            .then_some(())
    });
    answered_by(&gateway, HOST, &node);
    // Nobody is left who could say that it is down: it is dialled still.
    node.signal("KILL");
    logged(&gateway, "node lost", node.name());
    answers(&gateway, HOST, 503);
}

#[test]
fn a_fixed_port_needs_no_epmd() {
    on_each(|stage| {
        let port = e2e::node::free_port();
        let flags = format!(
            "-erl_epmd_port {port} -kernel inet_dist_listen_min {port} inet_dist_listen_max {port}"
        );
        let mut node = stage.node("auth").erl(&flags).start();
        node.serve(MODULE, HOST, "");
        let named = format!("{}:{port}", node.name());
        let table = stage.ask(&["routes", "--json"], &named).json();
        assert_eq!(table["routes"][0]["host"], HOST);
    });
}

#[test]
fn all_nodes_of_an_epmd_are_found_by_pattern() {
    let stage = Stage::new();
    let _shop = stage.serving("shop");
    let mut other = stage.node("other").start();
    other.serve("BillingWeb.Endpoint", "billing.example.test", "");
    let epmd = format!("127.0.0.1:{}", stage.epmd.port());
    let config = format!("[discovery]\nepmd = [\"{epmd}\"]\nnames = \"shop*\"\n");
    fs::write(stage.path().join("mesh-router.toml"), config).unwrap();
    let table = stage.command(&["routes", "--json"]).end().json();
    let routes = table["routes"].as_array().unwrap();
    assert_eq!(routes.len(), 1, "{table}");
    assert_eq!(routes[0]["host"], HOST);

    let config = "[discovery]\nquery = \"localhost\"\nnames = [\"oth*\"]\n";
    fs::write(stage.path().join("mesh-router.toml"), config).unwrap();
    let table = stage.command(&["routes", "--json"]).end().json();
    assert_eq!(
        table["routes"][0]["host"], "billing.example.test",
        "{table}"
    );
}

#[test]
fn a_node_with_five_hundred_applications_is_asked_in_good_time() {
    let stage = Stage::new();
    let mut node = stage.serving("auth");
    node.eval(
        "Enum.each(1..500, fn i -> :ok = :application.load({:application, :\"app_#{i}\", \
         [description: 'one of many', vsn: '1', modules: [], registered: [], \
         applications: []]}) end)",
    );
    node.eval("Application.put_env(:app_500, :endpoint, Other.Gate)");
    node.serve("Other.Gate", "gate.example.test", "");
    let table = stage.routes(&node);
    let services = table["services"].as_array().unwrap();
    let apps: Vec<_> = services
        .iter()
        .map(|it| (it["name"].as_str(), it["app"].as_str()))
        .collect();
    assert_eq!(
        apps,
        [
            (Some(MODULE), Some("auth_web")),
            (Some("Other.Gate"), Some("app_500"))
        ]
    );
}

#[test]
fn a_reload_takes_further_nodes_in_and_keeps_those_that_stay() {
    let stage = Stage::new();
    let mut first = stage.serving("first");
    let mut second = stage.node("second").start();
    second.serve("BillingWeb.Endpoint", "billing.example.test", "");
    let config = |nodes: &[&Node]| {
        let names: Vec<String> = nodes
            .iter()
            .map(|it| format!("\"{}\"", it.name()))
            .collect();
        let config = format!("[discovery]\nnodes = [{}]\n", names.join(", "));
        fs::write(stage.path().join("mesh-router.toml"), config).unwrap();
    };
    config(&[&first]);
    let gateway = stage.command(&["run", "--listen", "127.0.0.1:0"]).start();
    answered_by(&gateway, HOST, &first);
    let link = first.eval("Node.list(:hidden)");
    config(&[&first, &second]);
    gateway.signal("HUP");
    answered_by(&gateway, "billing.example.test", &second);
    assert_eq!(first.eval("Node.list(:hidden)"), link, "the same link");
    config(&[&second]);
    gateway.signal("HUP");
    answers(&gateway, HOST, 404);
    eventually("the link to be closed", || {
        (first.eval("Node.list(:hidden)") == "[]").then_some(())
    });
    answered_by(&gateway, "billing.example.test", &second);
}

#[test]
fn a_running_node_is_compared_with_the_files() {
    let stage = Stage::new();
    let node = stage.serving("auth");
    let project = e2e::Project::empty();
    project.write(
        "mix.exs",
        "defmodule Auth.MixProject do\n  use Mix.Project\n  def project, do: [app: :auth_web, version: \"0.1.0\"]\nend\n",
    );
    project.write(
        "config/config.exs",
        "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  server: true,\n  url: [host: \"other.example.test\"],\n  http: [ip: {127, 0, 0, 1}, port: 4998]\n",
    );
    project.write(
        "lib/endpoint.ex",
        "defmodule AuthWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :auth_web\nend\n",
    );
    let arguments = ["diff", "--json", "--env", "prod"];
    let diff = stage.command(&arguments).arg("--node").arg(node.name());
    let diff = diff.arg("--root").arg(project.path()).end().json();
    let hosts: Vec<&str> = diff["routes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["host"].as_str())
        .collect();
    assert_eq!(hosts, [HOST, "other.example.test"], "{diff}");
    assert_eq!(
        diff["services"][0]["before"]["upstreams"][0]["address"],
        "127.0.0.1:4998"
    );
}
