use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{graces, of_file, wait};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn check(file: &str, text: &str, expected: Expect) {
    let mut out = String::new();
    for grace in of_file(file, text) {
        let whose = match (grace.is_gateways, grace.is_apps) {
            (true, true) => "both",
            (true, false) => "gateway",
            (false, true) => "app",
            (false, false) => "nobody",
        };
        let _ = writeln!(out, "{} {:?} {whose}", grace.origin, grace.wait);
    }
    expected.assert_eq(&out);
}

#[test]
fn fly_waits_5_seconds_unless_told() {
    check(
        "fly.toml",
        "app = 'shop'\n",
        expect![[r#"
        fly.toml 5s app
    "#]],
    );
    check(
        "fly.toml",
        "app = 'shop'\nkill_timeout = 120\n",
        expect![[r#"
            fly.toml:2 120s app
        "#]],
    );
    check(
        "fly.toml",
        "kill_timeout = \"2m\"\n[env]\nRUN = 'mesh-router run'\n",
        expect![[r#"
            fly.toml:1 120s both
        "#]],
    );
    // In a section it is another key.
    check(
        "fly.toml",
        "[env]\nkill_timeout = \"99\"\n",
        expect![[r#"
        fly.toml 5s app
    "#]],
    );
    check("fly.toml", "kill_timeout = \"soon\"\n", expect![[""]]);
    check("fly.toml", "kill_timeout = [\n", expect![[""]]);
}

#[test]
fn of_a_compose_file_our_services_count() {
    let text = "\
version: '3'
services:
  db:
    image: postgres
    stop_grace_period: 1s
  web:
    build: .
    # stop_grace_period: 2s
    stop_grace_period: 1m30s # long
  gateway:
    image: registry.example/mesh-router:1
  worker:
    image: registry.example/shop
    environment:
      - PHX_HOST=shop.example
    stop_grace_period: \"${WAIT}\"
volumes:
  db:
    stop_grace_period: 3s
";
    check(
        "docker-compose.yml",
        text,
        expect![[r#"
        docker-compose.yml:9 90s app
        docker-compose.yml:10 10s gateway
    "#]],
    );
    check(
        "deploy/compose.prod.yaml",
        text,
        expect![[r#"
        deploy/compose.prod.yaml:9 90s app
        deploy/compose.prod.yaml:10 10s gateway
    "#]],
    );
    check("compose.yml", "services:\n", expect![[""]]);
    check("compose.yml", "", expect![[""]]);
}

#[test]
fn of_manifests_programs_count() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 60
---
kind: StatefulSet
metadata: {name: postgres}
spec: {}
---
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: mesh-router
---
kind: Service
metadata: {name: mesh-router}
---
kind: Deployment
spec:
  terminationGracePeriodSeconds: {{ .Values.grace }}
";
    check(
        "k8s/shop.yaml",
        text,
        expect![[r#"
        k8s/shop.yaml:6 60s app
        k8s/shop.yaml:12 30s gateway
    "#]],
    );
}

#[test]
fn units_wait_90_seconds_unless_told() {
    let unit = |line: &str| format!("[Service]\nExecStart=/srv/bin/mesh-router run\n{line}\n");
    check(
        "shop.service",
        &unit(""),
        expect![[r#"
        shop.service 90s gateway
    "#]],
    );
    check(
        "shop.service",
        &unit("TimeoutStopSec=20"),
        expect![[r#"
        shop.service:3 20s gateway
    "#]],
    );
    check(
        "shop.service",
        &unit("TimeoutSec=1min 10s\n# TimeoutStopSec=1"),
        expect![[r#"
            shop.service:3 70s gateway
        "#]],
    );
    check(
        "shop.service",
        &unit("TimeoutStopSec=infinity"),
        expect![[""]],
    );
    check(
        "cron.service",
        "[Service]\nExecStart=/bin/true\nTimeoutStopSec=1\n",
        expect![[""]],
    );
}

#[test]
fn files_are_found_in_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let pod = "kind: Pod\nspec: {containers: [{name: mesh-router}]}\n";
    write("fly.toml", "");
    write("fly.staging.toml", "kill_timeout = 7");
    write("Cargo.toml", "kill_timeout = 1");
    write("deploy/a/b/c/pod.yaml", pod);
    write("deploy/a/b/c/d/pod.yaml", pod);
    write("deps/ours/k8s/pod.yaml", pod);
    write("k8s/pod.yml", pod);
    write("k8s/large.yml", &format!("{pod}# {}", "x".repeat(1 << 20)));
    std::fs::write(
        folder.path().join("k8s/latin.yml"),
        b"kind: Pod \xff mesh-router",
    )
    .unwrap();
    let found = graces(folder.path());
    let found: Vec<String> = found.iter().map(|it| it.origin.to_string()).collect();
    assert_eq!(
        found,
        [
            "fly.staging.toml:1",
            "fly.toml",
            "deploy/a/b/c/pod.yaml:1",
            "k8s/pod.yml:1",
        ]
    );
}

#[test]
fn durations() {
    for (text, seconds) in [
        ("5s", Some(5)),
        ("1m30s", Some(90)),
        ("1min 30s", Some(90)),
        ("1h", Some(3600)),
        ("2000ms", Some(2)),
        ("", None),
        ("5", None),
        ("s", None),
        ("5 parsecs", None),
        ("99999999999999999999s", None),
        ("18446744073709551615h", None),
    ] {
        let wait = wait::of_go(text).map(|wait| wait.as_secs());
        assert_eq!(wait, seconds, "{text}");
    }
}
