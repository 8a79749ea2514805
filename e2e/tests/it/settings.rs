//! `config :ex_service_mesh_router, …`: the gateway's settings in the umbrella's own config.

use e2e::{Gateway, Project, Upstream, eventually};

/// Where a project may say more; it is read last.
const RUNTIME: &str = "config/runtime.exs";

fn settings(keywords: &str) -> String {
    format!("import Config\nconfig :ex_service_mesh_router, {keywords}\n")
}

fn umbrella(upstream: &Upstream) -> Project {
    Project::umbrella(&[("auth_web", upstream.port())])
}

/// The status of a request with ten header lines.
#[track_caller]
fn status(gateway: &Gateway) -> u16 {
    let more: String = (0..9).map(|n| format!("x-{n}: 1\r\n")).collect();
    let mut client = gateway.connect();
    client.send(format!(
        "GET / HTTP/1.1\r\nHost: auth.localhost\r\n{more}\r\n"
    ));
    client.response().status()
}

#[track_caller]
fn answers(gateway: &Gateway, wanted: u16) {
    eventually(&format!("{wanted}"), || {
        (status(gateway) == wanted).then_some(())
    });
}

#[test]
fn hold_from_the_start() {
    let upstream = Upstream::hello();
    let project = umbrella(&upstream);
    project.write(
        RUNTIME,
        &settings("listen: \"127.0.0.1:0\", limits: [headers: 5]"),
    );
    let gateway = project.launch(&["run"]).start();
    assert_eq!(gateway.listeners().len(), 1);
    assert_eq!(status(&gateway), 431);
}

#[test]
fn show_their_place() {
    let project = umbrella(&Upstream::hello());
    project.write(
        RUNTIME,
        &settings("port: 4100,\n  timeouts: [response: :timer.seconds(90)]"),
    );
    let validation = project.launch(&["validate", "--json"]).end().json();
    let place = |key: &str| {
        let settings = validation["settings"].as_array().unwrap();
        let setting = settings.iter().find(|it| it["key"] == key).unwrap();
        format!("{} {}", setting["value"], setting["from"])
    };
    assert!(
        place("listen").contains("127.0.0.1:4100"),
        "{}",
        place("listen")
    );
    assert!(
        place("listen").contains("config/runtime.exs:2"),
        "{}",
        place("listen")
    );
    assert_eq!(
        place("timeouts.response"),
        "\"90000ms\" \"config/runtime.exs:3\""
    );
}

#[test]
fn that_are_wrong_end_it_with_2() {
    let project = umbrella(&Upstream::hello());
    project.write(RUNTIME, &settings("prot: 4000"));
    let ended = project.launch(&["run"]).end();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.trim_end(),
        "config/runtime.exs:2: unknown key \"prot\", did you mean \"port\"?"
    );
}

#[test]
fn reload_when_they_are_saved() {
    let upstream = Upstream::hello();
    let project = umbrella(&upstream);
    let gateway = project.run().start();
    answers(&gateway, 200);
    project.save(RUNTIME, &settings("limits: [headers: 5], workers: 3"));
    answers(&gateway, 431);
    assert!(gateway.logged("holds after a restart").contains("workers"));
    project.save(
        RUNTIME,
        &settings("development: [domain: \"acme.localhost\"]"),
    );
    eventually("the new domain", || {
        (gateway.get("auth.acme.localhost", "/").status() == 200).then_some(())
    });
}

#[test]
fn that_become_wrong_leave_the_running_ones_in_force_and_are_told_once() {
    let (upstream, moved) = (Upstream::hello(), Upstream::hello());
    let project = umbrella(&upstream);
    project.write(RUNTIME, &settings("limits: [headers: 5]"));
    let gateway = project.run().start();
    project.save(RUNTIME, &settings("limits: [headrs: 5]"));
    let said = gateway.logged("reload refused");
    assert!(said.contains("config/runtime.exs:2"), "{said}");
    assert!(said.contains("did you mean \\\"headers\\\""), "{said}");
    // The table goes on, and what is wrong with the settings is no news.
    project.save_ports(&[("auth_web", moved.port())]);
    gateway.logged(&moved.port().to_string());
    assert_eq!(status(&gateway), 431);
    project.save(RUNTIME, &settings("limits: [headers: 50]"));
    answers(&gateway, 200);
    let refusals = gateway.stderr();
    let refusals = refusals
        .iter()
        .filter(|line| line.contains("reload refused"));
    assert_eq!(refusals.count(), 1);
}
