//! The commands that ask a running gateway.

use e2e::{Gateway, Launch, Project, Upstream, eventually};
use serde_json::Value;

use super::{Desk, add, asked};

/// Runs a command against the admin listener at `desk`.
fn ask(desk: &Desk, arguments: &[&str]) -> e2e::gateway::Ended {
    let address = ["--admin", desk.address.as_str()];
    Launch::new(arguments.iter().chain(&address)).end()
}

#[test]
fn status_says_how_it_stands() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    let ended = ask(&desk, &["status"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for part in [
        &format!("pid {}, ready", gateway.pid()),
        &format!("listening   {}", gateway.address()),
        "production: set outright",
        "nothing is wrong",
        &upstream.address(),
    ] {
        assert!(ended.stdout.contains(part), "{part} in {}", ended.stdout);
    }
    let json = ask(&desk, &["status", "--json"]).json();
    assert_eq!(json["pid"], gateway.pid());
    let served = desk.json("/api/v1/status");
    assert_eq!(
        json["services"][0]["upstreams"],
        served["services"][0]["upstreams"]
    );
}

#[test]
fn routes_and_explain_ask_the_running_gateway_where_told() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let file = file.to_str().unwrap();
    let read = Launch::new(["routes", "--json", "--config", file]).end();
    let running = ask(&desk, &["routes", "--json"]);
    let (mut read, running): (Value, Value) = (read.json(), running.json());
    assert_eq!(running["routes"][0]["upstreams"][0]["state"], "untried");
    for upstreams in [
        "/routes/0/upstreams/0/state",
        "/services/0/upstreams/0/state",
    ] {
        *read.pointer_mut(upstreams).unwrap() = "untried".into();
    }
    assert_eq!(
        read, running,
        "one shape, from the file and from the gateway"
    );
    let shown = ask(&desk, &["routes", "--running"]);
    assert!(shown.stdout.contains("auth.test"), "{}", shown.stdout);
    let whose = format!(
        "the running gateway at {} (pid {})",
        desk.address,
        gateway.pid()
    );
    assert!(shown.stderr.contains(&whose), "{}", shown.stderr);
    let explained = ask(&desk, &["explain", "http://tenant1.auth.test/x", "--json"]).json();
    assert_eq!(explained["tenant"], "tenant1");
    assert_eq!(explained["upstreams"][0]["state"], "untried");
    assert_eq!(ask(&desk, &["explain", "unknown.test"]).code, Some(1));
}

#[test]
fn a_paused_service_has_its_requests_wait_until_it_is_resumed() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    let paused = ask(&desk, &["pause", "auth.test", "--for", "5m", "--json"]);
    assert_eq!(paused.code, Some(0), "{}", paused.stderr);
    assert_eq!(paused.json()["paused"], true);
    let mut client = gateway.connect();
    client.send("GET /a HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    eventually("a request that waits", || {
        (desk.json("/api/v1/status")["totals"]["held"] == 1).then_some(())
    });
    let status = ask(&desk, &["status"]);
    assert!(
        status.stdout.contains("auth.test is paused"),
        "{}",
        status.stdout
    );
    let routes = ask(&desk, &["routes", "--running"]);
    assert!(routes.stdout.contains("(paused)"), "{}", routes.stdout);
    assert!(upstream.requests().is_empty());
    let resumed = ask(&desk, &["resume", "auth.test"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(client.response().status(), 200);
    let line = gateway.access_line(|line| line["path"] == "/a");
    assert!(line["held_ms"].as_f64() > Some(0.0), "{line}");
}

#[test]
fn what_cant_be_paused_is_told() {
    let (_gateway, desk) = asked(&Upstream::hello(), "");
    let refused = |arguments: &[&str], code: i32, wanted: &str| {
        let ended = ask(&desk, arguments);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains(wanted), "{}", ended.stderr);
    };
    refused(&["pause", "shop.test"], 1, "there are: auth.test");
    refused(&["resume", "auth.test"], 1, "auth.test is not paused");
    refused(&["pause", "auth.test", "--for", "1h"], 2, "at most 10m");
    refused(
        &["pause", "auth.test", "--for", "1500ms"],
        2,
        "whole seconds",
    );
    for (target, status) in [
        ("/api/v1/pause", 400),
        ("/api/v1/pause?service=auth.test&seconds=601", 400),
        ("/api/v1/pause?service=auth.test&seconds=x", 400),
        ("/api/v1/pause?service=shop.test", 404),
        ("/api/v1/resume?service=auth.test", 409),
    ] {
        assert_eq!(desk.post(target).status(), status, "{target}");
    }
}

#[test]
fn reload_says_what_became_different_or_why_not() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    let nothing = ask(&desk, &["reload"]);
    assert_eq!((nothing.code, &*nothing.stdout), (Some(0), ""));
    assert!(
        nothing.stderr.contains("nothing is other"),
        "{}",
        nothing.stderr
    );
    let route = format!(
        "[limits]\nhead = \"32KiB\"\n[routes.\"shop.test\"]\nupstreams = [\"{}\"]\n",
        upstream.address()
    );
    add(&gateway, &route);
    let changed = ask(&desk, &["reload"]);
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);
    assert!(
        changed
            .stdout
            .contains("~ limits.head = 32KiB (was 64KiB; "),
        "{}",
        changed.stdout
    );
    assert!(changed.stdout.contains("+ shop.test"), "{}", changed.stdout);
    assert_eq!(gateway.get("shop.test", "/").status(), 200);
    add(&gateway, "upstream = []\n");
    let refused = ask(&desk, &["reload"]);
    assert_eq!((refused.code, &*refused.stdout), (Some(1), ""));
    assert!(refused.stderr.contains("refused"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("mesh-router.toml:"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("did you mean \"upstreams\""),
        "{}",
        refused.stderr
    );
    let json = ask(&desk, &["reload", "--json"]);
    assert_eq!(json.code, Some(1));
    assert_eq!(json.json()["reloaded"], false);
}

/// A gateway with a fixed admin socket, for commands that find it by the settings.
fn found_by_settings(upstream: &Upstream, tables: &str) -> Gateway {
    let admin = "[admin]\nlisten = \"unix:admin.sock\"\n";
    let config = Gateway::config_to(upstream, "", &format!("{admin}{tables}"));
    Launch::configured(&config).with_admin().start()
}

#[test]
fn commands_find_the_gateway_by_its_settings_even_broken_ones() {
    let upstream = Upstream::hello();
    let gateway = found_by_settings(&upstream, "");
    let here = |arguments: &[&str]| {
        let launch = Launch::new(arguments);
        launch.within(gateway.folder().unwrap()).end()
    };
    assert_eq!(here(&["healthcheck"]).stdout, "ready\n");
    assert_eq!(here(&["status", "--json"]).json()["pid"], gateway.pid());
    add(&gateway, "nonsense = 1\n");
    let check = here(&["healthcheck"]);
    assert_eq!(
        (check.code, &*check.stdout),
        (Some(0), "ready\n"),
        "{}",
        check.stderr
    );
    let refused = here(&["reload"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("refused"), "{}", refused.stderr);
}

#[test]
fn healthcheck_asks_the_health_listener_where_there_is_one() {
    let upstream = Upstream::hello();
    let tables = "[health]\nlisten = \"unix:health.sock\"\n[timeouts]\nshutdown_delay = \"10m\"\n";
    let config = Gateway::config_to(&upstream, "", tables);
    let mut gateway = Launch::configured(&config).start();
    gateway.beside("health");
    let folder = gateway.folder().unwrap().to_owned();
    let check = || Launch::new(["healthcheck"]).within(&folder).end();
    // It answers before the workers have begun.
    eventually("ready", || (check().code == Some(0)).then_some(()));
    gateway.signal("TERM");
    let not_ready = eventually("not ready", || {
        let check = check();
        (check.code == Some(1)).then_some(check)
    });
    assert_eq!(not_ready.stdout, "not ready: leaving\n");
    gateway.signal("TERM");
    gateway.ended();
    let gone = check();
    assert_eq!(gone.code, Some(1));
    assert!(
        gone.stderr.contains("no gateway answers at unix:"),
        "{}",
        gone.stderr
    );
}

#[test]
fn nobody_there_is_said_with_the_address_and_where_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let config = |text: &str| std::fs::write(folder.path().join("mesh-router.toml"), text).unwrap();
    let fails = |command: &str, parts: &[&str]| {
        let ended = Launch::new([command]).within(folder.path()).end();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        for part in parts {
            assert!(ended.stderr.contains(part), "{part} in {}", ended.stderr);
        }
    };
    config("[admin]\nlisten = \"unix:nobody.sock\"\n");
    let parts = [
        "no gateway answers at unix:",
        "nobody.sock",
        "mesh-router.toml:2:10",
        "is it running?",
    ];
    fails("status", &parts);
    fails("reload", &parts);
    fails("healthcheck", &parts);
    config("[admin]\nlisten = \"off\"\n");
    fails(
        "status",
        &[
            "[admin] listen is \"off\" (mesh-router.toml:2:10)",
            "--admin",
        ],
    );
    config("[admin]\nlisten = \"127.0.0.1:0\"\n");
    fails(
        "status",
        &["port 0 (mesh-router.toml:2:10)", "admin listening"],
    );
    let other = Upstream::hello();
    config(&format!("[admin]\nlisten = \"{}\"\n", other.address()));
    let pid = format!(
        "(pid {}) answers at {}",
        std::process::id(),
        other.address()
    );
    fails("status", &[&pid, "mesh-router.toml:2:10"]);
}

#[test]
fn another_projects_gateway_is_not_taken_for_ours() {
    let [theirs, ours] = [4001, 4002].map(|port| Project::umbrella(&[("auth_web", port)]));
    let socket = theirs.file("admin.sock");
    let admin = format!("unix:{}", socket.display());
    let at = |launch: Launch| launch.env("MESH_ROUTER_ADMIN_LISTEN", &admin);
    let gateway = at(theirs.run()).start();
    gateway.beside("admin");
    for command in [
        "reload",
        "routes --running",
        "explain auth.localhost --running",
    ] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let refused = at(ours.launch(&arguments)).end();
        assert_eq!(refused.code, Some(1), "{command}: {}", refused.stdout);
        assert!(refused.stderr.contains("is that of "), "{}", refused.stderr);
        assert_eq!(
            at(theirs.launch(&arguments)).end().code,
            Some(0),
            "{command}"
        );
    }
    let status = at(ours.launch(&["status"])).end();
    assert_eq!(status.code, Some(0));
    assert!(
        status.stderr.contains("note: the gateway at"),
        "{}",
        status.stderr
    );
}
