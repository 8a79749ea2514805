//! `explain`: who wrote what, over all files of a project.

use e2e::Project;
use serde_json::{Value, json};

const SECRET: &str = "Zm9yIG5vYm9keSdzIGV5ZXMgYnV0IHRoZSBhcHAncyBvd24gd2hhdGV2ZXI";

/// One endpoint whose port is set by config.exs, dev.exs and runtime.exs, each over the one before.
fn shop() -> Project {
    let project = Project::umbrella(&[("auth_web", 4001)]);
    project.write(
        "config/config.exs",
        &format!(
            "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  url: [host: \"auth.test\"],\n  \
             http: [port: 4000],\n  adapter: Bandit.PhoenixAdapter,\n  \
             secret_key_base: \"{SECRET}\"\n\nimport_config \"#{{config_env()}}.exs\"\n"
        ),
    );
    project.write(
        "config/dev.exs",
        "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  http: [ip: {127, 0, 0, 1}, port: 4001]\n",
    );
    project.write(
        "config/runtime.exs",
        "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  \
         http: [port: String.to_integer(System.get_env(\"PORT\", \"4002\"))]\n",
    );
    project
}

fn explained(project: &Project, host: &str) -> Value {
    let ended = project.launch(&["explain", host, "--json"]).end();
    assert!(!ended.stdout.contains(SECRET), "{}", ended.stdout);
    ended.json()
}

#[test]
fn each_setting_names_the_line_in_force_and_what_it_overrode() {
    let project = shop();
    let answer = explained(&project, "t1.auth.test");
    let write = |value: &str, provenance: &str| json!({ "value": value, "unknown": null, "provenance": provenance });
    let setting = |name: &str, value: &str, provenance: &str, overrode: Value| {
        json!({
            "setting": name, "value": value, "unknown": null, "provenance": provenance,
            "overrode": overrode,
        })
    };
    let older = json!([
        write("4001", "config/dev.exs:4"),
        write("4000", "config/config.exs:5")
    ]);
    let expected = json!([
        setting(
            "url host",
            "\"auth.test\"",
            "config/config.exs:4",
            json!([])
        ),
        setting("http ip", "{127, 0, 0, 1}", "config/dev.exs:4", json!([])),
        setting("http port", "4002", "config/runtime.exs:4", older),
        setting(
            "adapter",
            "Bandit.PhoenixAdapter",
            "config/config.exs:6",
            json!([])
        ),
    ]);
    assert_eq!(answer["settings"], expected);
    // What is shown is what is in force.
    assert_eq!(answer["upstreams"][0]["address"], "127.0.0.1:4002");

    let ended = project.launch(&["explain", "auth.test"]).end();
    let line = "  http port is 4002 (config/runtime.exs:4), overrode 4001 (config/dev.exs:4), \
                4000 (config/config.exs:5)\n";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    assert!(!ended.stdout.contains(SECRET), "{}", ended.stdout);
}

#[test]
fn what_is_not_known_says_why_and_where() {
    let project = shop();
    project.write(
        "config/runtime.exs",
        "import Config\n\nconfig :auth_web, AuthWeb.Endpoint, http: [port: Vault.port()]\n",
    );
    let answer = explained(&project, "auth.test");
    let settings = answer["settings"].as_array().unwrap();
    let port = settings.iter().find(|it| it["setting"] == "http port");
    let port = port.expect("the port, though it is not known");
    assert_eq!(port["value"], Value::Null);
    assert_eq!(port["unknown"], "Vault.port/0 is not evaluated");
    assert_eq!(port["provenance"], "config/runtime.exs:3");
    assert_eq!(port["overrode"][0]["provenance"], "config/dev.exs:4");
}

#[test]
fn a_service_by_hand_and_a_host_that_leads_nowhere_have_no_settings() {
    let project = shop();
    project.write(
        "mesh-router.toml",
        "[routes.\"docs.test\"]\nupstreams = [\"127.0.0.1:4009\"]\n\n\
         [routes.\"login.test\"]\nendpoint = \"AuthWeb.Endpoint\"\n",
    );
    assert_eq!(explained(&project, "docs.test")["settings"], json!([]));
    assert_eq!(explained(&project, "unknown.test")["settings"], json!([]));
    // Led by hand to an endpoint that was found: its settings say where it is reached.
    let login = explained(&project, "login.test");
    assert_eq!(login["settings"].as_array().unwrap().len(), 4);
}
