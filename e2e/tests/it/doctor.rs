//! `doctor`: what is wrong or will surprise, from real files through the command.

use std::collections::BTreeSet;

use e2e::{Launch, Project, gateway::Ended, tool};
use serde_json::{Value, json};

mod cases;

/// Two endpoints whose links lead through the gateway: nothing to say.
fn healthy() -> Project {
    let project = Project::umbrella(&[("auth_web", 4001), ("billing_web", 4002)]);
    say(&project, "");
    project
}

/// Says more in what is read last in development.
fn say(project: &Project, settings: &str) {
    let mut text = "import Config\n".to_owned();
    for (app, module) in [("auth", "Auth"), ("billing", "Billing")] {
        text += &format!(
            "config :{app}_web, {module}Web.Endpoint, url: [host: \"{app}.localhost\", port: 4000]\n"
        );
    }
    project.write("config/runtime.exs", &(text + settings));
}

#[track_caller]
fn doctor(project: &Project, arguments: &[&str]) -> Ended {
    let all: Vec<&str> = ["doctor"].iter().chain(arguments).copied().collect();
    project.launch(&all).end()
}

fn codes(answer: &Value) -> Vec<&str> {
    let findings = answer["findings"].as_array().unwrap();
    let codes = findings.iter().map(|it| it["code"].as_str().unwrap());
    codes.collect()
}

/// Two endpoints on one port: a warning.
const ONE_PORT: &str = "config :billing_web, BillingWeb.Endpoint, http: [port: 4001]\n";

/// Pages that are redirected to https, where nobody listens: an error.
const REDIRECT: &str = "config :auth_web, AuthWeb.Endpoint, force_ssl: [hsts: true]\n";

#[test]
fn finds_nothing_in_a_healthy_umbrella() {
    let ended = doctor(&healthy(), &["--strict"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(
        ended.stdout,
        "nothing found in 2 services, 2 routes (development)\n"
    );
    let asked = "mesh-router doctor --env prod";
    assert!(ended.stderr.contains(asked), "{}", ended.stderr);
}

#[test]
fn finds_nothing_that_matters_in_the_example() {
    let root = tool::ours("../examples/umbrella").canonicalize().unwrap();
    for env in ["dev", "prod"] {
        let launch = Launch::new(["doctor", "--strict", "--json", "--env", env]);
        let ended = launch.within(&root).end();
        let answer = ended.json();
        assert_eq!(ended.code, Some(0), "{env}: {answer}");
        assert_eq!(answer["counts"]["warning"], 0, "{env}: {answer}");
    }
}

#[test]
fn tells_the_most_severe_first_with_place_and_line_to_write() {
    let project = healthy();
    say(&project, &format!("{ONE_PORT}{REDIRECT}"));
    let ended = doctor(&project, &[]);
    assert_eq!(ended.code, Some(3), "{}", ended.stdout);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let at = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{start}: {}", ended.stdout))
    };
    let error = at("config/runtime.exs:5: error: AuthWeb.Endpoint redirects");
    let warning = at("config/dev.exs:4: warning: AuthWeb.Endpoint (config/dev.exs:4) and Billing");
    assert!(error < warning, "{}", ended.stdout);
    assert!(lines[error].ends_with("(force-ssl-development)"));
    assert!(lines[error + 1].starts_with("    move `force_ssl` to config/prod.exs"));
    assert!(lines[warning + 1].contains("config :billing_web, BillingWeb.Endpoint, http: [port: "));
    let last = lines.last().unwrap();
    assert!(last.starts_with("1 error, 2 warnings"), "{last}");
    assert!(
        last.ends_with("in 2 services, 2 routes (development)"),
        "{last}"
    );
}

#[test]
fn ends_with_3_on_errors_and_if_strict_on_warnings() {
    let project = healthy();
    say(&project, ONE_PORT);
    assert_eq!(doctor(&project, &[]).code, Some(0));
    assert_eq!(doctor(&project, &["--strict"]).code, Some(3));
    assert_eq!(doctor(&project, &["--strict", "--json"]).code, Some(3));
    say(&project, REDIRECT);
    assert_eq!(doctor(&project, &[]).code, Some(3));
    project.write("config/dev.exs", "import Config\nconfig :auth_web, [\n");
    let ended = doctor(&project, &["--json"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(codes(&ended.json()).contains(&"syntax-error"));
}

#[test]
fn json_has_the_documented_shape() {
    let project = healthy();
    say(&project, ONE_PORT);
    let answer = doctor(&project, &["--json"]).json();
    let root = project.path().canonicalize().unwrap();
    assert_eq!(
        answer,
        json!({
            "env": "dev",
            "mode": "development",
            "mode_reason": "the environment is dev, every listener is on loopback",
            "root": root,
            "counts": {"error": 0, "warning": 1, "info": 0, "ignored": 0},
            "findings": [{
                "code": "port-twice",
                "severity": "warning",
                "file": "config/dev.exs",
                "line": 4,
                "message": answer["findings"][0]["message"],
                "fix": answer["findings"][0]["fix"],
            }],
            "ignored": {},
            // What this machine's resolver knows differs from machine to machine.
            "browser_only": answer["browser_only"],
        })
    );
}

#[test]
fn what_is_ignored_is_counted() {
    let project = healthy();
    say(&project, &format!("{ONE_PORT}{REDIRECT}"));
    let toml = "[doctor]\nignore = [\"port-twice\", \"force-ssl-development\", \"host-local\"]\n";
    project.write("mesh-router.toml", toml);
    let ended = doctor(&project, &["--strict"]);
    assert_eq!(ended.code, Some(3), "force-ssl-runtime is not ignored");
    let told = "2 ignored (force-ssl-development, port-twice)";
    assert!(ended.stdout.contains(told), "{}", ended.stdout);
    let answer = doctor(&project, &["--json"]).json();
    let ignored = json!({"force-ssl-development": 1, "port-twice": 1});
    assert_eq!(answer["ignored"], ignored);
    assert_eq!(answer["counts"]["ignored"], 2);
    assert_eq!(answer["counts"]["error"], 0);
    // Other commands show them as ever.
    let shown = project.launch(&["validate"]).end().stdout;
    assert!(shown.contains("(port-twice)"), "{shown}");
}

#[test]
fn codes_are_ignored_by_variable_and_by_keyword_too() {
    let project = healthy();
    say(&project, ONE_PORT);
    let launch = project.launch(&["doctor", "--strict"]);
    let ended = launch.env("MESH_ROUTER_DOCTOR_IGNORE", "port-twice").end();
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    let keyword = "config :ex_service_mesh_router, doctor: [ignore: [:port_twice]]\n";
    say(&project, &format!("{ONE_PORT}{keyword}"));
    let ended = doctor(&project, &["--strict"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    say(&project, &keyword.replace("port_twice", "port_twise"));
    let ended = doctor(&project, &[]);
    assert_eq!(ended.code, Some(2), "{}", ended.stdout);
    let said = "config/runtime.exs:4: unknown code \"port_twise\", did you mean \"port-twice\"?";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn a_variable_that_is_missing_is_named_and_taints_no_route() {
    let project = healthy();
    say(
        &project,
        "config :shop, stripe: System.fetch_env!(\"STRIPE_KEY\")\n",
    );
    let ended = doctor(&project, &["--strict", "--json"]);
    let answer = ended.json();
    assert_eq!(ended.code, Some(0), "{answer}");
    assert_eq!(codes(&answer), ["needs-env"]);
    let finding = &answer["findings"][0];
    assert_eq!(finding["severity"], "info");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("STRIPE_KEY"), "{message}");
    assert_eq!(finding["file"], "config/runtime.exs");
}

#[test]
fn a_release_says_whether_it_will_listen() {
    let umbrella = e2e::release::Umbrella::new();
    let folder = umbrella.assemble("shop");
    let launch = e2e::release::launch("doctor", &folder);
    let answer = launch.arg("--json").end().json();
    assert_eq!(answer["mode"], "production");
    let findings = answer["findings"].as_array().unwrap();
    let unset = findings.iter().find(|it| it["code"] == "server-unset");
    let unset = unset.unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(unset["severity"], "warning");
    let launch = e2e::release::launch("doctor", &folder).env("PHX_SERVER", "true");
    let answer = launch.arg("--json").end().json();
    assert!(!codes(&answer).contains(&"server-unset"), "{answer}");
}

#[test]
fn nothing_to_look_at_is_an_error() {
    let project = Project::empty();
    let ended = doctor(&project, &[]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("no mix.exs in"), "{}", ended.stderr);
}

/// The codes in the rows of one section of docs/findings.md, with their severities.
fn documented(section: &str) -> Vec<(String, Vec<String>)> {
    let docs = std::fs::read_to_string(tool::ours("../docs/findings.md")).unwrap();
    let (_, rest) = docs.split_once(&format!("## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let severities = cells[2].split(", ").map(str::to_owned);
        (cells[1].trim_matches('`').to_owned(), severities.collect())
    };
    rows.map(row).collect()
}

/// Codes that a test at the check itself shows, with why no project can.
const BY_UNIT_TEST: &[(&str, &str)] = &[(
    "host-elsewhere",
    "it takes a name that every machine's resolver leads elsewhere",
)];

#[test]
fn every_code_of_the_doctor_is_said_of_some_project() {
    let said: BTreeSet<&str> = cases::CASES.iter().map(|case| case.code).collect();
    let unit = BY_UNIT_TEST.iter().map(|(code, _)| *code);
    let said: BTreeSet<String> = said.into_iter().chain(unit).map(str::to_owned).collect();
    let rows = documented("What only the doctor says");
    let missing: Vec<&String> = rows
        .iter()
        .map(|(code, _)| code)
        .filter(|code| !said.contains(*code))
        .collect();
    assert!(missing.is_empty(), "no project for {missing:?}");
    let checks = tool::ours("../crates/phoenix/src/check/tests");
    for (code, _) in BY_UNIT_TEST {
        let mut files = std::fs::read_dir(&checks).unwrap().map(Result::unwrap);
        let is_tested = files.any(|file| {
            let text = std::fs::read_to_string(file.path()).unwrap();
            text.contains(&format!("says(\"{code}\""))
        });
        assert!(is_tested, "no test of the check says {code}");
    }
}

#[test]
fn each_project_is_told_its_finding_with_place_reason_and_mend() {
    let docs = std::fs::read_to_string(tool::ours("../docs/findings.md")).unwrap();
    let rows: Vec<(String, Vec<String>)> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .flat_map(documented)
        .collect();
    let missed = cases::CASES.iter().filter_map(|case| {
        let severities = rows.iter().filter(|(code, _)| code == case.code);
        let severities: Vec<&str> = severities
            .flat_map(|(_, severities)| severities.iter().map(String::as_str))
            .collect();
        missed(case, &severities)
    });
    let missed: Vec<String> = missed.collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Asks the doctor; what it doesn't say as the case and the docs have it.
fn missed(case: &cases::Case, severities: &[&str]) -> Option<String> {
    let code = case.code;
    let answer = case.doctor().json();
    let mut found = answer["findings"].as_array().unwrap().iter();
    let Some(found) = found.find(|it| it["code"] == code) else {
        return Some(format!("{code} is not said: {answer:#}"));
    };
    let text = |key: &str| found[key].as_str().unwrap_or_default();
    let is_told = text("file") == case.file
        && text("message").contains(case.says)
        && text("fix").contains(case.mend)
        && severities.contains(&text("severity"));
    (!is_told).then(|| format!("{code}, in the docs {severities:?}: {found:#}"))
}
