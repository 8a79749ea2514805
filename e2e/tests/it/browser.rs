//! What a browser shows: Chromium without a window.

use std::process::Command;

use e2e::{Launch, Project, tool};

/// Opens a page and returns the document as the browser has it after its scripts ran. A page whose
/// streams never end is taken after five seconds as it is.
#[track_caller]
fn open(url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(tool::require("chromium"));
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
        "--timeout=5000",
        "--dump-dom",
    ]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    let output = tool::run(command.arg(url));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn shows_the_demos_page_under_a_name_that_nobody_set_up() {
    let gateway = Launch::new(["demo", "--port", "0"]).start();
    let page = open(&format!(
        "http://tenant1.auth.localhost:{}/",
        gateway.port()
    ));
    assert!(page.contains("AuthWeb.Endpoint"), "{page}");
    assert!(page.contains("<b>tenant1</b>"), "{page}");
}

#[test]
fn shows_the_known_hosts_as_links_for_an_unknown_one() {
    let project = Project::umbrella(&[("auth_web", 4996), ("billing_web", 4997)]);
    let gateway = project.run().start();
    let port = gateway.port();
    let page = open(&format!("http://aut.localhost:{port}/"));
    for host in ["auth.localhost", "billing.localhost"] {
        let link = format!("http://{host}:{port}");
        assert!(page.contains(&link), "{link}: {page}");
    }
}
