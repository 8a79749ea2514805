//! Signals, reloads and the listeners' ports.

use std::{fs, net::TcpListener};

use e2e::{Client, Gateway, Launch, Load, Upstream, eventually, upstream::text};

/// With one worker all connections hear at the same time that the gateway leaves.
fn single_worker(upstream: &Upstream) -> Gateway {
    let config = Gateway::config_to(upstream, "", "");
    Gateway::configured(&config.replace("workers = 2", "workers = 1"))
}

#[test]
fn sigterm_lets_a_request_in_flight_finish_and_ends_with_0() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::play(move |connection| {
        connection.request();
        wait.lock()
            .unwrap()
            .recv_timeout(e2e::PATIENCE)
            .expect("the gateway is leaving");
        connection.send(text("late"));
        connection.wire.rest();
    });
    let mut gateway = single_worker(&upstream);
    let mut idle = gateway.connect();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    upstream.wait_for(1);
    gateway.signal("TERM");
    // An idle connection ends at once: from then on the gateway is leaving.
    idle.expect_end();
    go.send(()).unwrap();
    let answer = client.response();
    assert_eq!(answer.text(), "late");
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let upstream = Upstream::play(|connection| {
        connection.request();
        connection.wire.rest();
    });
    let mut gateway = single_worker(&upstream);
    let mut idle = gateway.connect();
    let mut client = gateway.connect();
    client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    upstream.wait_for(1);
    gateway.signal("INT");
    idle.expect_end();
    assert!(gateway.is_running(), "a request is in flight");
    gateway.signal("INT");
    gateway.ended();
}

#[test]
fn sighup_reloads_the_file_and_leaves_connections_alone() {
    let upstream = Upstream::hello();
    let gateway = Gateway::to(&upstream);
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let config = fs::read_to_string(&file).unwrap();
    let mut client = gateway.connect();
    assert_eq!(client.get("auth.test", "/").status(), 200);
    assert_eq!(client.get("shop.test", "/").status(), 404);
    let more = format!(
        "\n[routes.\"shop.test\"]\nupstreams = [\"{}\"]\n",
        upstream.address()
    );
    fs::write(&file, config + &more).unwrap();
    gateway.signal("HUP");
    eventually("the new route", || {
        (client.get("shop.test", "/").status() == 200).then_some(())
    });
}

#[test]
fn no_request_fails_through_a_hundred_reloads() {
    let upstream = Upstream::answering(Load::answer());
    let gateway = Gateway::to(&upstream);
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let config = fs::read_to_string(&file).unwrap();
    let load = Load::on(gateway.address(), 4);
    for round in 0..100 {
        // Every other one changes the table and a setting.
        let more = match round % 2 {
            0 => "",
            _ => {
                "\n[limits]\nhead = \"32KiB\"\n\
                 [routes.\"shop.test\"]\nupstreams = [\"127.0.0.1:9\"]\n"
            }
        };
        fs::write(&file, format!("{config}{more}")).unwrap();
        gateway.signal("HUP");
        eventually("the reload", || {
            let lines = gateway.stderr();
            let reloaded = lines.iter().filter(|it| it.contains("\"reloaded\""));
            (reloaded.count() > round).then_some(())
        });
    }
    load.goes_on_after(load.answered() + 100);
    load.end();
}

#[test]
fn no_request_fails_while_the_balancer_turns_away() {
    let upstream = Upstream::answering(Load::answer());
    let tables = "[health]\npath = \"/.mesh-router/ready\"\n[timeouts]\nshutdown_delay = \"1m\"";
    let mut gateway = Gateway::with(&upstream, tables);
    let load = Load::on(gateway.address(), 4);
    load.goes_on_after(100);
    gateway.signal("TERM");
    // What the balancer sees, while clients are served still.
    eventually("not ready", || {
        let probe = gateway.get("10.0.0.1", "/.mesh-router/ready");
        (probe.status() == 503).then_some(())
    });
    load.goes_on_after(load.answered() + 100);
    load.end();
    gateway.signal("TERM");
    gateway.ended();
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_access_lines_and_no_request() {
    let upstream = Upstream::answering(Load::answer());
    let tables = "[log]\naccess = \"/dev/full\"\n[admin]\nlisten = \"127.0.0.1:0\"";
    let config = Gateway::config_to(&upstream, "", tables);
    let gateway = Launch::configured(&config).with_admin().start();
    let admin = gateway.beside("admin").parse().unwrap();
    let load = Load::on(gateway.address(), 2);
    load.goes_on_after(1000);
    eventually("lines that are counted as lost", || {
        let metrics = Client::connect(admin).get("localhost", "/metrics").text();
        let lost = metrics
            .lines()
            .find_map(|line| line.strip_prefix("mesh_router_access_lines_lost_total "))?;
        (lost != "0").then_some(())
    });
    load.goes_on_after(load.answered() + 1000);
    load.end();
}

#[test]
fn a_broken_reload_keeps_the_running_table_and_says_where() {
    let upstream = Upstream::hello();
    let gateway = Gateway::to(&upstream);
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config + "\n[limts]\n").unwrap();
    gateway.signal("HUP");
    let said = gateway.logged("limts");
    assert!(said.contains("limits"), "the nearest right word: {said}");
    assert!(said.contains("mesh-router.toml"), "{said}");
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
}

#[test]
fn a_taken_port_names_its_holder() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let upstream = Upstream::hello();
    let listen = format!("listen = [\"127.0.0.1:{port}\"]");
    let config = Gateway::config_to(&upstream, "", "");
    let ended = Launch::configured(&config.replace("listen = [\"127.0.0.1:0\"]", &listen)).end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let port = port.to_string();
    assert!(ended.stderr.contains(&port), "{}", ended.stderr);
    // This very process holds it.
    let pid = std::process::id().to_string();
    assert!(ended.stderr.contains(&pid), "{}", ended.stderr);
}

#[test]
fn a_port_taken_with_reuseport_is_taken_all_the_same() {
    let holder = Gateway::to(&Upstream::hello());
    let upstream = Upstream::hello();
    let listen = format!("listen = [\"{}\"]", holder.address());
    let config = Gateway::config_to(&upstream, "", "");
    let ended = Launch::configured(&config.replace("listen = [\"127.0.0.1:0\"]", &listen)).end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let pid = holder.pid().to_string();
    assert!(ended.stderr.contains(&pid), "{}", ended.stderr);
}

#[test]
fn the_health_path_answers_under_any_host() {
    let gateway = Gateway::with(
        &Upstream::hello(),
        "[health]\npath = \"/.mesh-router/ready\"",
    );
    assert_eq!(
        gateway.get("10.0.0.1:4000", "/.mesh-router/ready").status(),
        200
    );
    assert_eq!(
        gateway.get("shop.test", "/.mesh-router/ready?x=1").status(),
        200
    );
    assert_eq!(
        gateway.get("shop.test", "/.mesh-router/other").status(),
        404
    );
}
