//! `hosts print`, `sync`, `clean`: a project's block in a hosts file.

use std::fs;

use e2e::{Launch, Project, gateway::Ended};

/// RFC 6761 §6.4: no resolver knows a name below `invalid`.
fn shop(host: &str) -> Project {
    let project = Project::umbrella(&[("auth_web", 4001), ("billing_web", 4002)]);
    serve(&project, host);
    project
}

fn serve(project: &Project, host: &str) {
    let config =
        format!("import Config\nconfig :auth_web, AuthWeb.Endpoint, url: [host: \"{host}\"]\n");
    project.write("config/runtime.exs", &config);
}

/// A command on the project's own `hosts` file.
#[track_caller]
fn hosts(project: &Project, command: &str, arguments: &[&str]) -> Ended {
    let launch = project.launch(&["hosts", command, "--file", "hosts"]);
    let with = |launch: Launch, argument: &&str| launch.arg(argument);
    let ended = arguments.iter().fold(launch, with).end();
    assert_ne!(ended.code, None);
    ended
}

#[track_caller]
fn done(project: &Project, command: &str, arguments: &[&str]) -> Ended {
    let ended = hosts(project, command, arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended
}

fn file(project: &Project) -> String {
    fs::read_to_string(project.file("hosts")).unwrap()
}

fn block(project: &Project, hosts: &[&str]) -> String {
    let root = project.path().canonicalize().unwrap();
    let lines = hosts
        .iter()
        .map(|host| format!("127.0.0.1 {host}\n::1 {host}\n"));
    let lines: String = lines.collect();
    let root = root.display();
    format!("# mesh-router: begin {root}\n{lines}# mesh-router: end\n")
}

const SYSTEM: &str = "127.0.0.1\tlocalhost\n\n# the database\n10.0.0.1 db db.internal\n";

#[test]
fn print_shows_the_block_of_hosts_that_are_not_known() {
    let project = shop("auth.invalid");
    let ended = done(&project, "print", &[]);
    assert_eq!(ended.stdout, block(&project, &["auth.invalid"]));
    for said in [
        "left out, since browsers know them by themselves",
        "auth.localhost, billing.localhost",
        "--tenant NAME",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    assert!(!project.file("hosts").exists(), "print writes nothing");
}

#[test]
fn print_has_json() {
    let project = shop("auth.invalid");
    let answer = done(&project, "print", &["--json"]).json();
    let expected = block(&project, &["auth.invalid"]);
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(answer["lines"], serde_json::json!(expected));
    assert_eq!(answer["added"], serde_json::json!(expected));
    assert_eq!(answer["removed"], serde_json::json!([]));
    assert_eq!(answer["hosts"], serde_json::json!(["auth.invalid"]));
    assert_eq!(answer["file"], "hosts");
}

#[test]
fn sync_writes_shows_and_changes_nothing_the_second_time() {
    let project = shop("auth.invalid");
    project.write("hosts", SYSTEM);
    let ended = done(&project, "sync", &[]);
    let whole = format!("{SYSTEM}{}", block(&project, &["auth.invalid"]));
    assert_eq!(file(&project), whole);
    let shown = "+ 127.0.0.1 auth.invalid\n+ ::1 auth.invalid\n";
    assert!(ended.stdout.contains(shown), "{}", ended.stdout);
    let ended = done(&project, "sync", &[]);
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains("hosts: no change"),
        "{}",
        ended.stderr
    );
    assert_eq!(file(&project), whole);
}

#[test]
fn sync_follows_the_table() {
    let project = shop("auth.invalid");
    project.write("hosts", SYSTEM);
    done(&project, "sync", &[]);
    serve(&project, "login.invalid");
    let ended = done(&project, "sync", &[]);
    assert_eq!(
        ended.stdout,
        "- 127.0.0.1 auth.invalid\n- ::1 auth.invalid\n\
         + 127.0.0.1 login.invalid\n+ ::1 login.invalid\n"
    );
    let whole = format!("{SYSTEM}{}", block(&project, &["login.invalid"]));
    assert_eq!(file(&project), whole);
    // Without a host there is no block.
    serve(&project, "localhost");
    done(&project, "sync", &[]);
    assert_eq!(file(&project), SYSTEM);
}

#[test]
fn tenants_are_added_by_name_and_stay() {
    let project = shop("auth.invalid");
    let added = ["acme.auth.invalid", "auth.invalid", "b-2.auth.invalid"];
    done(&project, "sync", &["--tenant", "acme", "--tenant", "b-2"]);
    assert_eq!(file(&project), block(&project, &added));
    let ended = done(&project, "sync", &[]);
    assert_eq!(file(&project), block(&project, &added));
    assert!(!ended.stderr.contains("--tenant"), "{}", ended.stderr);
    for (tenant, said) in [
        ("a b", "--tenant: \"a b\" makes no host"),
        ("a.b", "--tenant: no host takes \"a.b\" as a subdomain"),
    ] {
        let ended = hosts(&project, "sync", &["--tenant", tenant]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}

#[test]
fn projects_live_side_by_side() {
    let (one, other) = (shop("auth.invalid"), shop("login.invalid"));
    one.write("hosts", SYSTEM);
    done(&one, "sync", &[]);
    let path = one.file("hosts");
    let launch = |command: &str| {
        let launch = other.launch(&["hosts", command, "--file"]).arg(&path);
        assert_eq!(launch.end().code, Some(0), "{command}");
    };
    launch("sync");
    let both = format!(
        "{SYSTEM}{}{}",
        block(&one, &["auth.invalid"]),
        block(&other, &["login.invalid"])
    );
    assert_eq!(file(&one), both);
    done(&one, "clean", &[]);
    assert_eq!(
        file(&one),
        format!("{SYSTEM}{}", block(&other, &["login.invalid"]))
    );
    launch("clean");
    assert_eq!(file(&one), SYSTEM);
}

#[test]
fn clean_shows_what_goes_and_needs_no_project_that_can_be_read() {
    let project = shop("auth.invalid");
    project.write("hosts", SYSTEM);
    done(&project, "sync", &[]);
    project.write("config/runtime.exs", "import Config\nconfig :a, [\n");
    let ended = hosts(&project, "sync", &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("config/runtime.exs:"),
        "{}",
        ended.stderr
    );
    let ended = done(&project, "clean", &[]);
    assert!(
        ended.stdout.contains("- 127.0.0.1 auth.invalid\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(file(&project), SYSTEM);
    let ended = done(&project, "clean", &[]);
    assert!(
        ended.stderr.contains("hosts: no change"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_block_without_its_end_is_refused_and_nothing_written() {
    let project = shop("auth.invalid");
    let broken = format!("{SYSTEM}# mesh-router: begin /somewhere\n127.0.0.1 a\n");
    project.write("hosts", &broken);
    for command in ["print", "sync", "clean"] {
        let ended = hosts(&project, command, &[]);
        assert_eq!(ended.code, Some(1), "{command}: {}", ended.stderr);
        let said = "hosts:5: this block has no `# mesh-router: end`";
        assert!(ended.stderr.contains(said), "{command}: {}", ended.stderr);
        assert_eq!(file(&project), broken);
    }
}

#[test]
fn line_endings_and_a_missing_newline_are_kept_apart_from_the_block() {
    let project = shop("auth.invalid");
    let unix = block(&project, &["auth.invalid"]);
    for (before, after) in [
        ("127.0.0.1 localhost\r\n", unix.replace('\n', "\r\n")),
        ("127.0.0.1 localhost", format!("\n{unix}")),
    ] {
        project.write("hosts", before);
        done(&project, "sync", &[]);
        assert_eq!(file(&project), format!("{before}{after}"));
    }
}

#[test]
fn names_below_localhost_are_added_where_asked_for() {
    let project = shop("localhost");
    // Resolvers differ in whether they know such names; those that do need no line.
    let ended = done(&project, "print", &["--localhost"]);
    assert!(!ended.stderr.contains("left out"), "{}", ended.stderr);
    let ended = done(&project, "print", &[]);
    assert_eq!(ended.stdout, "");
    assert!(
        ended.stderr.contains("there is nothing to add"),
        "{}",
        ended.stderr
    );
}

#[test]
fn in_production_the_names_are_shown_with_a_warning() {
    let project = shop("auth.invalid");
    let ended = done(&project, "print", &["--mode", "production"]);
    assert_eq!(ended.stdout, block(&project, &["auth.invalid"]));
    let said = "read as production: with these lines";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}
