//! `diff`: two tables compared, whichever way they are come by.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use e2e::{Project, gateway};
use serde_json::{Value, json};

/// Two endpoints that say localhost in development and have hosts in production, as most do.
fn shop() -> Project {
    let project = Project::umbrella(&[("auth_web", 4001), ("billing_web", 4002)]);
    project.write(
        "config/prod.exs",
        "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  url: [host: \"auth.example.org\"],\n  \
         http: [ip: {127, 0, 0, 1}, port: 4901],\n  server: true\n\n\
         config :billing_web, BillingWeb.Endpoint,\n  url: [host: \"billing.example.org\"],\n  \
         http: [ip: {127, 0, 0, 1}, port: 4002],\n  server: false\n",
    );
    project
}

const DEV_TO_PROD: &[&str] = &["diff", "--env", "dev", "--env", "prod"];

#[test]
fn development_and_production_are_compared_without_development_names() {
    let ended = shop().launch(DEV_TO_PROD).end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let expected = [
        "+ auth.example.org → AuthWeb.Endpoint (config/prod.exs:4), 127.0.0.1:4901 (config/prod.exs:5)",
        "~ AuthWeb.Endpoint: 127.0.0.1:4001 (config/dev.exs:4) → 127.0.0.1:4901 (config/prod.exs:5)",
    ];
    for line in expected {
        assert!(lines.contains(&line), "{line}: {}", ended.stdout);
    }
    let stops = "~ BillingWeb.Endpoint: stops serving";
    assert!(ended.stdout.contains(stops), "{}", ended.stdout);
    assert!(!ended.stdout.contains("localhost →"), "{}", ended.stdout);
    for said in [
        "--- dev, read as development (the environment is dev",
        "+++ prod, read as production (the environment is prod)",
        "2 development names left out: auth.localhost, billing.localhost",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
}

#[test]
fn json_has_the_documented_shape() {
    let project = shop();
    let launch = project.launch(DEV_TO_PROD);
    let answer = launch.arg("--json").end().json();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "after",
            "before",
            "conflicts",
            "default_service",
            "equal",
            "findings",
            "left_out",
            "routes",
            "services"
        ]
    );
    assert_eq!(answer["before"]["env"], "dev");
    assert_eq!(answer["after"]["mode"], "production");
    assert_eq!(answer["equal"], false);
    assert_eq!(
        answer["left_out"],
        json!(["auth.localhost", "billing.localhost"])
    );
    let route = &answer["routes"][0];
    assert_eq!(route["host"], "auth.example.org");
    assert_eq!(route["before"], Value::Null);
    assert_eq!(route["after"]["provenance"], "config/prod.exs:4");
    let billing = &answer["services"][1];
    assert_eq!(billing["service"], "BillingWeb.Endpoint");
    assert_eq!(billing["before"]["serving"], true);
    assert_eq!(billing["after"]["serving"], false);
}

#[test]
fn an_earlier_table_is_compared_with_the_present_one() {
    let project = shop();
    let before = project.launch(&["routes", "--json"]).end().stdout;
    project.write("before.json", &before);
    let against = ["diff", "--against", "before.json", "--exit-code"];
    let ended = project.launch(&against).end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("no difference"), "{}", ended.stderr);

    // A comment above moves lines, which is no difference.
    let config = std::fs::read_to_string(project.file("config/dev.exs")).unwrap();
    project.save("config/dev.exs", &format!("# moved\n\n{config}"));
    assert_eq!(project.launch(&against).end().code, Some(0));

    project.save_ports(&[("auth_web", 4777), ("billing_web", 4002)]);
    let ended = project.launch(&against).end();
    assert_eq!(ended.code, Some(3), "{}", ended.stdout);
    assert_eq!(
        ended.stdout,
        "~ AuthWeb.Endpoint: 127.0.0.1:4001 (config/dev.exs:4) → 127.0.0.1:4777 (config/dev.exs:4)\n"
    );
}

#[test]
fn an_earlier_table_is_read_from_stdin() {
    let project = shop();
    let before = project.launch(&["routes", "--json"]).end().stdout;
    let before = before.replace("4001", "4999");
    let mut child = Command::new(gateway::binary())
        .args(["diff", "--against", "-", "--json"])
        .current_dir(project.path())
        .env_remove("MIX_ENV")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(before.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["before"]["file"], "stdin");
    let changed = &answer["services"][0];
    assert_eq!(
        changed["before"]["upstreams"][0]["address"],
        "127.0.0.1:4999"
    );
}

#[test]
fn what_can_not_be_compared_is_said_with_its_place() {
    let project = shop();
    project.write("old.json", "{\"routes\": [\n  {\"host\": 7}\n]}");
    for (arguments, code, said) in [
        (
            &["diff", "--against", "old.json"][..],
            2,
            "old.json:2:12: not what",
        ),
        (
            &["diff", "--against", "none.json"],
            2,
            "--against: reading none.json",
        ),
        (&["diff"], 2, "name two environments"),
        (&["diff", "--env", "dev"], 2, "name two environments"),
        (
            &["diff", "--env", "a", "--env", "b", "--env", "c"],
            2,
            "name two environments",
        ),
    ] {
        let ended = project.launch(arguments).end();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    project.write("config/prod.exs", "import Config\n\nconfig :auth_web, [\n");
    let ended = project.launch(DEV_TO_PROD).end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("config/prod.exs"), "{}", ended.stderr);
}
