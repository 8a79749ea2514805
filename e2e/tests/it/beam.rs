//! Real clients, the gateway, and a real BEAM behind it.

use std::process::Command;

use e2e::{Beam, Gateway, Project, tool};
use serde_json::Value;

/// A gateway that found a BEAM by reading an umbrella's config.
struct Stage {
    gateway: Gateway,
    _project: Project,
    _beam: Beam,
}

impl Stage {
    fn set() -> Self {
        let beam = Beam::start();
        let project = Project::umbrella(&[("auth_web", beam.port()), ("billing_web", 4998)]);
        let gateway = project.run().start();
        Self {
            gateway,
            _project: project,
            _beam: beam,
        }
    }

    fn url(&self, path: &str) -> String {
        format!(
            "http://tenant1.auth.localhost:{}{path}",
            self.gateway.port()
        )
    }

    /// Runs curl, which thinks that every name is this machine.
    fn curl(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(tool::require("curl"));
        command.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]);
        command
            .arg("--connect-to")
            .arg(format!("::127.0.0.1:{}", self.gateway.port()));
        let output = tool::run(command.args(arguments));
        String::from_utf8(output.stdout).unwrap()
    }

    fn phoenix_js(&self, transport: &str) -> Value {
        let script = tool::ours("js/channel.js");
        assert!(
            tool::ours("js/node_modules/phoenix").is_dir(),
            "phoenix.js is not installed: `cargo xtask test` does it, or `npm ci` in e2e/js"
        );
        let mut command = Command::new(tool::require("node"));
        let port = self.gateway.port().to_string();
        command
            .arg(script)
            .args([&port, "tenant1.auth.localhost", transport]);
        serde_json::from_slice(&tool::run(&mut command).stdout).unwrap()
    }
}

#[test]
fn curl_gets_a_page_and_the_app_sees_host_and_forwarded_fields() {
    let stage = Stage::set();
    let page: Value = serde_json::from_str(&stage.curl(&[&stage.url("/hello?a=b")])).unwrap();
    assert_eq!(page["host"], "tenant1.auth.localhost");
    assert_eq!(page["path"], "/hello");
    assert_eq!(page["query"], "a=b");
    assert_eq!(page["headers"]["x-forwarded-for"], "127.0.0.1");
    assert_eq!(page["headers"]["x-forwarded-proto"], "http");
}

#[test]
fn curl_reads_events() {
    let stage = Stage::set();
    let events = stage.curl(&["--no-buffer", &stage.url("/events")]);
    assert_eq!(events, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
}

#[test]
fn curl_uploads_with_a_length_and_in_chunks_and_waits_for_100() {
    let stage = Stage::set();
    let file = tempfile::NamedTempFile::new().unwrap();
    let content = vec![b'a'; 20_000_000];
    std::fs::write(file.path(), &content).unwrap();
    let digest = tool::sha256(&content);
    let body = format!("@{}", file.path().display());
    let url = stage.url("/upload");
    for more in [
        &[][..],
        &["-H", "Transfer-Encoding: chunked"],
        &["-H", "Expect: 100-continue"],
    ] {
        let answer = stage.curl(&[&["--data-binary", &body, &url], more].concat());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["size"], 20_000_000, "{more:?}");
        assert_eq!(answer["sha256"], digest, "{more:?}");
    }
}

#[test]
fn phoenix_js_talks_over_its_websocket() {
    joined(&Stage::set().phoenix_js("websocket"));
}

#[test]
fn phoenix_js_talks_over_its_long_poll() {
    joined(&Stage::set().phoenix_js("longpoll"));
}

#[track_caller]
fn joined(said: &Value) {
    assert_eq!(said["joined"], "room:lobby");
    assert_eq!(said["echoes"], serde_json::json!([0, 1, 2, 3, 4]));
    assert_eq!(said["headline"], "it works");
    assert_eq!(said["ping"], true);
}
