//! The admin and health listeners, and the commands that ask them.

mod commands;
mod metrics;

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Mutex, mpsc},
};

use e2e::{Client, Gateway, Launch, Message, Project, Upstream, eventually, upstream::text};
use serde_json::Value;

/// Where a gateway is asked.
struct Desk {
    /// As it was logged.
    address: String,
}

impl Desk {
    /// Waits until the gateway is ready: it listens a moment before its workers have begun.
    #[track_caller]
    fn of(gateway: &Gateway) -> Self {
        let desk = Self {
            address: gateway.beside("admin"),
        };
        eventually("the workers to begin", || {
            (desk.get("/readyz").status() == 200).then_some(())
        });
        desk
    }

    #[track_caller]
    fn connect(&self) -> Client {
        match self.address.strip_prefix("unix:") {
            Some(path) => Client::connect_unix(&PathBuf::from(path)),
            None => Client::connect(self.address.parse().unwrap()),
        }
    }

    #[track_caller]
    fn get(&self, path: &str) -> Message {
        self.connect().get("localhost", path)
    }

    #[track_caller]
    fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        assert_eq!(answer.field("content-type"), Some("application/json"));
        serde_json::from_str(&answer.text()).unwrap()
    }

    #[track_caller]
    fn reload(&self) -> Message {
        self.post("/api/v1/reload")
    }

    #[track_caller]
    fn post(&self, target: &str) -> Message {
        let request =
            format!("POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        self.connect().send(request).response()
    }
}

/// A gateway to `upstream` with its admin listener on a free port.
#[track_caller]
fn asked(upstream: &Upstream, tables: &str) -> (Gateway, Desk) {
    let admin = "[admin]\nlisten = \"127.0.0.1:0\"\n";
    let config = Gateway::config_to(upstream, "", &format!("{admin}{tables}"));
    let gateway = Launch::configured(&config).with_admin().start();
    let desk = Desk::of(&gateway);
    (gateway, desk)
}

/// Adds to the gateway's `mesh-router.toml`.
fn add(gateway: &Gateway, text: &str) {
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config + text).unwrap();
}

fn detail(answer: &Message) -> String {
    assert_eq!(
        answer.field("content-type"),
        Some("application/problem+json")
    );
    let problem: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(problem["status"], answer.status());
    problem["detail"].as_str().unwrap().to_owned()
}

#[track_caller]
fn every_path_answers(desk: &Desk, upstream: &Upstream) {
    for (path, expected) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = desk.get(path);
        assert_eq!((answer.status(), answer.text()), (200, expected.to_owned()));
    }
    let metrics = desk.get("/metrics");
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(metrics.field("content-type"), Some(kind));
    let routes = desk.json("/api/v1/routes");
    assert_eq!(routes["routes"][0]["host"], "auth.test");
    assert_eq!(routes["mode"], "production");
    let reached = &routes["services"][0]["upstreams"][0];
    assert_eq!(reached["address"], upstream.address());
    assert_eq!(reached["state"], "untried");
    let explained = desk.json("/api/v1/explain?host=http%3A%2F%2Ftenant1.auth.test%2Fx");
    assert_eq!(explained["service"], "auth.test");
    assert_eq!(explained["tenant"], "tenant1");
    let status = desk.json("/api/v1/status");
    assert_eq!(status["ready"], true);
    assert_eq!(status["admin"], desk.address.as_str());
    assert_eq!(
        status["generation"]["applied"],
        status["generation"]["published"]
    );
    assert_eq!(status["sources"][0]["source"], "static");
    assert_eq!(
        desk.json("/api/v1/nodes")["nodes"],
        Value::Array(Vec::new())
    );
    assert_eq!(desk.reload().status(), 200);
    for (path, status) in [
        ("/", 404),
        ("/api/v1/reload", 405),
        ("/api/v1/explain", 400),
    ] {
        let answer = desk.get(path);
        assert_eq!(answer.status(), status, "{path}");
        detail(&answer);
    }
    let bad = desk.get("/api/v1/explain?host=a%20b");
    assert_eq!(bad.status(), 400);
    assert!(detail(&bad).contains("neither a host nor a URL"));
}

#[test]
fn every_path_answers_over_tcp() {
    let upstream = Upstream::hello();
    let (_gateway, desk) = asked(&upstream, "");
    every_path_answers(&desk, &upstream);
}

#[test]
fn every_path_answers_over_a_unix_socket_that_is_its_owners_alone() {
    let upstream = Upstream::hello();
    let admin = "[admin]\nlisten = \"unix:admin.sock\"\n";
    let config = Gateway::config_to(&upstream, "", admin);
    let mut gateway = Launch::configured(&config).with_admin().start();
    let path = gateway.folder().unwrap().join("admin.sock");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    every_path_answers(&Desk::of(&gateway), &upstream);
    // A second gateway does not take a live socket, and says whose it is.
    let address = format!("unix:{}", path.display());
    let second = Launch::configured(&Gateway::config_to(&upstream, "", ""))
        .env("MESH_ROUTER_ADMIN_LISTEN", &address)
        .end();
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    let holder = format!("mesh-router (pid {}) listens there", gateway.pid());
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    assert!(
        second.stderr.contains("MESH_ROUTER_ADMIN_LISTEN"),
        "{}",
        second.stderr
    );
    // What a killed one leaves is in nobody's way.
    gateway.signal("KILL");
    gateway.ended();
    assert!(path.exists());
    let third = Launch::configured(&Gateway::config_to(&upstream, "", ""))
        .env("MESH_ROUTER_ADMIN_LISTEN", &address)
        .start();
    let mut third = third;
    assert_eq!(Desk::of(&third).get("/readyz").status(), 200);
    third.signal("TERM");
    assert_eq!(third.ended().code(), Some(0));
    assert!(!path.exists(), "the socket goes with its gateway");
}

#[test]
fn a_reload_is_answered_when_all_workers_have_it() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    assert_eq!(gateway.get("shop.test", "/").status(), 404);
    let route = format!(
        "[timeouts]\nresponse = \"7s\"\n[routes.\"shop.test\"]\nupstreams = [\"{}\"]\n",
        upstream.address()
    );
    add(&gateway, &route);
    let answer = desk.reload();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    // Without any waiting: whichever worker gets these, it knows the route.
    for _ in 0..8 {
        assert_eq!(gateway.get("shop.test", "/").status(), 200);
    }
    let answer: Value = serde_json::from_str(&answer.text()).unwrap();
    let generation = &desk.json("/api/v1/status")["generation"];
    assert_eq!(answer["generation"], generation["published"]);
    assert_eq!(answer["settings"][0]["key"], "timeouts.response");
    assert_eq!(answer["settings"][0]["before"], "60s");
    assert_eq!(answer["settings"][0]["after"], "7s");
    assert_eq!(answer["settings"][0]["needs_restart"], false);
}

#[test]
fn a_reload_of_what_cant_be_used_is_refused_and_changes_nothing() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    let before = desk.json("/api/v1/status")["generation"].clone();
    add(&gateway, "[timeouts]\nresponse = \"60\"\n");
    let answer = desk.reload();
    assert_eq!(answer.status(), 422);
    let detail = detail(&answer);
    assert!(detail.contains("mesh-router.toml:"), "{detail}");
    assert!(detail.contains("\"60\" has no unit"), "{detail}");
    assert_eq!(desk.json("/api/v1/status")["generation"], before);
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
}

#[test]
fn a_reload_of_a_project_that_cant_be_read_is_a_conflict() {
    let project = Project::umbrella(&[("auth_web", 4001)]);
    let gateway = project
        .run()
        .env("MESH_ROUTER_ADMIN_LISTEN", "127.0.0.1:0")
        .start();
    let desk = Desk::of(&gateway);
    project.save("config/dev.exs", "import Config\nconfig :auth_web, [\n");
    let answer = desk.reload();
    assert_eq!(answer.status(), 409, "{}", answer.text());
    assert!(
        detail(&answer).contains("config/dev.exs:"),
        "{}",
        answer.text()
    );
    let stale = eventually("a stale source", || {
        let status = desk.json("/api/v1/status");
        let source = status["sources"][0].clone();
        (source["stale"] == true).then_some(source)
    });
    assert_eq!(stale["source"], "config");
    assert_eq!(stale["failures"], 1);
    assert!(stale["last_success"].is_string());
    assert_eq!(
        desk.json("/api/v1/routes")["routes"][0]["host"],
        "auth.localhost"
    );
}

#[test]
fn it_is_not_ready_while_it_leaves_and_says_so_to_the_end() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let upstream = Upstream::play(move |connection| {
        connection.request();
        let patience = wait.lock().unwrap().recv_timeout(e2e::PATIENCE);
        patience.expect("the gateway is leaving");
        connection.send(text("late"));
        connection.wire.rest();
    });
    let health = "[health]\nlisten = \"127.0.0.1:0\"\n";
    let (mut gateway, desk) = asked(&upstream, health);
    let health = Desk {
        address: gateway.beside("health"),
    };
    assert_eq!(health.get("/readyz").status(), 200);
    let mut idle = gateway.connect();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    upstream.wait_for(1);
    gateway.signal("TERM");
    // An idle connection ends when the drain begins.
    idle.expect_end();
    for desk in [&desk, &health] {
        let answer = desk.get("/readyz");
        assert_eq!(
            (answer.status(), answer.text()),
            (503, "leaving\n".to_owned())
        );
        assert_eq!(desk.get("/healthz").status(), 200);
    }
    assert_eq!(desk.json("/api/v1/status")["not_ready"], "leaving");
    assert_eq!(desk.json("/api/v1/status")["totals"]["active"], 1);
    assert_eq!(desk.reload().status(), 503);
    go.send(()).unwrap();
    assert_eq!(client.response().text(), "late");
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn through_the_shutdown_delay_it_serves_and_is_not_ready() {
    let upstream = Upstream::hello();
    let (mut gateway, desk) = asked(&upstream, "[timeouts]\nshutdown_delay = \"10m\"\n");
    assert_eq!(desk.get("/readyz").status(), 200);
    gateway.signal("TERM");
    eventually("not ready", || {
        (desk.get("/readyz").status() == 503).then_some(())
    });
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    gateway.signal("TERM");
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn the_health_listener_has_two_paths_for_any_host() {
    let upstream = Upstream::hello();
    let config = Gateway::config_to(&upstream, "", "[health]\nlisten = \"127.0.0.1:0\"\n");
    let gateway = Launch::configured(&config).start();
    let address = gateway.beside("health").parse().unwrap();
    for host in ["anything.example", "10.0.0.7:4010", "localhost"] {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(
                Client::connect(address).get(host, path).status(),
                200,
                "{host}"
            );
        }
    }
    for path in ["/metrics", "/api/v1/status", "/api/v1/reload", "/"] {
        assert_eq!(
            Client::connect(address).get("localhost", path).status(),
            404
        );
    }
    let post = "POST /readyz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(Client::connect(address).send(post).response().status(), 405);
    assert!(
        !gateway
            .stderr()
            .iter()
            .any(|line| line.contains("admin listening"))
    );
}

#[test]
fn a_browsers_page_gets_nothing_and_changes_nothing() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    let rebound = desk.connect().get("evil.example:9900", "/api/v1/routes");
    assert_eq!(rebound.status(), 421);
    assert!(!rebound.text().contains("auth.test"));
    let route = format!(
        "[routes.\"shop.test\"]\nupstreams = [\"{}\"]\n",
        upstream.address()
    );
    add(&gateway, &route);
    for field in [
        "Origin: http://localhost:4000",
        "Sec-Fetch-Site: same-origin",
    ] {
        let post = format!(
            "POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{field}\r\n\r\n"
        );
        assert_eq!(
            desk.connect().send(post).response().status(),
            403,
            "{field}"
        );
    }
    assert_eq!(gateway.get("shop.test", "/").status(), 404, "not reloaded");
    assert_eq!(desk.reload().status(), 200);
    assert_eq!(gateway.get("shop.test", "/").status(), 200);
}

#[test]
fn a_second_gateway_runs_without_admin_where_nobody_asked_for_it() {
    // Whether we or another program has it: it is taken.
    let _taken = TcpListener::bind("127.0.0.1:9900");
    let upstream = Upstream::hello();
    let gateway = Launch::configured(&Gateway::config_to(&upstream, "", ""))
        .with_admin()
        .start();
    let said = gateway.logged("admin not listening");
    assert!(said.contains("127.0.0.1:9900 is taken"), "{said}");
    assert!(said.contains("[admin] listen = "), "{said}");
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
}

#[test]
fn an_admin_address_that_was_asked_for_and_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let upstream = Upstream::hello();
    for section in ["admin", "health"] {
        let table = format!("[{section}]\nlisten = \"{address}\"\n");
        let ended = Launch::configured(&Gateway::config_to(&upstream, "", &table)).end();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let expected = format!("{address} is taken by ");
        assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
        let pid = format!("(pid {})", std::process::id());
        assert!(ended.stderr.contains(&pid), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("mesh-router.toml:"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn clients_that_are_slow_or_many_keep_nobody_out() {
    /// As many as the server has room for.
    const ROOM: usize = 64;
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    let mut slow: Vec<TcpStream> = Vec::new();
    for index in 0..3 * ROOM {
        let mut stream = TcpStream::connect(&desk.address).unwrap();
        if index % 2 == 0 {
            // It may have had to go already.
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: loc");
        }
        stream.set_nonblocking(true).unwrap();
        slow.push(stream);
        if index % ROOM == ROOM - 1 {
            assert_eq!(desk.get("/readyz").status(), 200);
            assert_eq!(gateway.get("auth.test", "/").status(), 200);
        }
    }
    eventually("room", || {
        let ended = slow.iter().filter(|it| has_ended(it)).count();
        (ended >= 2 * ROOM).then_some(())
    });
    // A head without an end is not waited for long either.
    eventually("all gone", || slow.iter().all(has_ended).then_some(()));
    assert_eq!(desk.json("/api/v1/status")["ready"], true);
}

fn has_ended(mut stream: &TcpStream) -> bool {
    let mut bytes = [0; 1024];
    match stream.read(&mut bytes) {
        Ok(0) => true,
        // The answer to whoever took too long.
        Ok(_) => false,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[test]
fn without_admin_nothing_listens_and_traffic_goes_on() {
    let upstream = Upstream::hello();
    let config = Gateway::config_to(&upstream, "", "[admin]\nlisten = \"off\"\n");
    let gateway = Launch::configured(&config).with_admin().start();
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    assert!(!gateway.stderr().iter().any(|line| line.contains("admin")));
}
