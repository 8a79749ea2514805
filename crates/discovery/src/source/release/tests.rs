//! Whole releases in temporary folders, as Mix lays them out.

use std::{fmt::Write as _, fs, path::Path};

use expect_test::{Expect, expect};
use routes::{Mode, Serving, Subdomains};
use tempfile::TempDir;

use crate::{
    How, Place, Reading, Wanted, find_release, open,
    tests::{project, write},
};

const REL: &str = "{release,{\"shop\",\"1.2.3\"},{erts,\"13.1.5\"},
    [{kernel,\"8.5.3\",permanent},{auth_web,\"0.1.0\",permanent},{billing_web,\"0.1.0\"},
     {phoenix,\"1.7.0\"}]}.";

const SYS_CONFIG: &str = "%% coding: utf-8
%% RUNTIME_CONFIG=false
[{admin_web,[{'Elixir.AdminWeb.Endpoint',[{url,[{host,<<\"admin.shop.example\">>}]}]}]},
 {auth_web,[{'Elixir.AuthWeb.Endpoint',[{url,[{host,<<\"localhost\">>}]}]}]},
 {billing_web,[{'Elixir.BillingWeb.Endpoint',[{url,[{host,<<\"billing.shop.example\">>}]},
                                              {http,[{port,4002}]},{server,false}]}]},
 {elixir,[{config_provider_init,#{'__struct__' => 'Elixir.Config.Provider',
    providers => [{'Elixir.Config.Reader',{{system,<<\"RELEASE_ROOT\">>,
        <<\"/releases/1.2.3/runtime.exs\">>},[{env,prod},{target,host},{imports,disabled}]}}]}}]},
 {phoenix,[{'Elixir.Phoenix.Endpoint',[{a,1}]}]}].
";

const RUNTIME: &str = "import Config
if System.get_env(\"PHX_SERVER\") do
  config :auth_web, AuthWeb.Endpoint, server: true
end
config :auth_web, AuthWeb.Endpoint,
  url: [host: System.get_env(\"PHX_HOST\") || \"auth.shop.example\"],
  http: [ip: {0, 0, 0, 0}, port: String.to_integer(System.get_env(\"PORT\") || \"4001\")]
";

/// A release of two web applications.
fn release() -> TempDir {
    let auth = app("auth_web", "'Elixir.AuthWeb','Elixir.AuthWeb.Endpoint'");
    let billing = app("billing_web", "'Elixir.BillingWeb.Endpoint'");
    let admin = app("admin_web", "'Elixir.AdminWeb.Endpoint'");
    project(&[
        ("releases/start_erl.data", "13.1.5 1.2.3"),
        ("releases/COOKIE", "OPENSESAME"),
        ("releases/1.2.3/shop.rel", REL),
        ("releases/1.2.3/sys.config", SYS_CONFIG),
        ("releases/1.2.3/runtime.exs", RUNTIME),
        (
            "releases/1.2.3/env.sh",
            "#!/bin/sh\n# export RELEASE_DISTRIBUTION=name\n",
        ),
        ("releases/1.2.3/vm.args", "## +Q 65536\n"),
        ("lib/auth_web-0.1.0/ebin/auth_web.app", &auth),
        ("lib/billing_web-0.1.0/ebin/billing_web.app", &billing),
        ("lib/admin_web-0.1.0/ebin/admin_web.app", &admin),
        (
            "lib/phoenix-1.7.0/ebin/phoenix.app",
            &app("phoenix", "'Elixir.Phoenix'"),
        ),
    ])
}

fn app(name: &str, modules: &str) -> String {
    format!("{{application,{name},[{{vsn,\"0.1.0\"}},{{modules,[{modules}]}}]}}.")
}

fn read(root: &Path, vars: &[(&str, &str)]) -> Reading {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let wanted = Wanted {
        place: Place::Release(root.to_owned()),
        env: "dev".to_owned(),
        vars: vars.iter().map(owned).collect(),
    };
    open(&wanted).read(&How {
        mode: Mode::Production,
        domain: "localhost".to_owned(),
        subdomains: Subdomains::One,
    })
}

fn show(reading: &Reading) -> String {
    let mut text = String::new();
    for endpoint in &reading.report.endpoints {
        let hosts: Vec<String> = endpoint
            .claims
            .iter()
            .map(|it| it.host.to_string())
            .collect();
        let at: Vec<String> = endpoint
            .upstreams
            .iter()
            .map(|it| it.address.to_string())
            .collect();
        let serving = match &endpoint.serving {
            Serving::Yes => String::new(),
            Serving::No(why) => format!(" ({why})"),
        };
        let node = endpoint
            .node
            .as_ref()
            .map(|node| format!(" on {node}"))
            .unwrap_or_default();
        let (app, name) = (endpoint.app.as_deref().unwrap_or("?"), &endpoint.service);
        writeln!(text, "{app} {name}: {hosts:?} at {at:?}{serving}{node}").unwrap();
    }
    for finding in &reading.report.findings {
        let place = finding
            .origin
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = &finding.message;
        writeln!(
            text,
            "{} {}: {place}: {message}",
            finding.severity, finding.code
        )
        .unwrap();
    }
    if reading.broken.is_some() {
        text.push_str("broken\n");
    }
    text
}

#[track_caller]
fn check(root: &Path, vars: &[(&str, &str)], expected: &Expect) {
    let root_text = root.to_string_lossy().into_owned();
    expected.assert_eq(&show(&read(root, vars)).replace(&root_text, "ROOT"));
}

#[test]
fn the_endpoints_of_its_own_applications_are_found() {
    let release = release();
    check(
        release.path(),
        &[
            ("PHX_SERVER", "1"),
            ("PORT", "4010"),
            ("PHX_HOST", "auth.test"),
        ],
        &expect![[r#"
            auth_web AuthWeb.Endpoint: ["auth.test"] at ["127.0.0.1:4010"]
            billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
        "#]],
    );
    // Without the variables, as the release itself would decide.
    check(
        release.path(),
        &[],
        &expect![[r#"
            auth_web AuthWeb.Endpoint: ["auth.shop.example"] at ["127.0.0.1:4001"]
            billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
            warning server-unset: lib/auth_web-0.1.0/ebin/auth_web.app: nothing sets `server: true` for AuthWeb.Endpoint with the gateway's environment variables, so the release would not make it listen; it is dialled anyway
        "#]],
    );
}

#[test]
fn a_folder_in_a_release_leads_to_it() {
    let release = release();
    let root = release.path().to_owned();
    assert_eq!(find_release(&root), Some(root.clone()));
    assert_eq!(
        find_release(&root.join("releases/1.2.3")),
        Some(root.clone())
    );
    assert_eq!(find_release(root.parent().unwrap()), None);
}

#[test]
fn the_version_is_that_of_the_variable_or_the_file() {
    let release = release();
    let root = release.path();
    check(
        root,
        &[("RELEASE_VSN", "2.0.0")],
        &expect![[r#"
        error release-incomplete: releases/2.0.0: the release's version is 2.0.0, and there is no folder releases/2.0.0
        info release-version: releases/start_erl.data: version 2.0.0 is read, as RELEASE_VSN says; releases/start_erl.data says 1.2.3
        broken
    "#]],
    );
    fs::rename(root.join("releases/1.2.3"), root.join("releases/2.0.0")).unwrap();
    let reading = read(root, &[("RELEASE_VSN", "2.0.0")]);
    let finding = reading
        .report
        .findings
        .iter()
        .find(|it| it.code == "release-version");
    assert!(finding.is_some(), "{:?}", reading.report.findings);
    write(root, "releases/start_erl.data", "13.1.5 ../../etc\n");
    check(
        root,
        &[],
        &expect![[r#"
        error release-incomplete: releases/start_erl.data: the release's version is no folder's name
        broken
    "#]],
    );
    fs::remove_file(root.join("releases/start_erl.data")).unwrap();
    check(
        root,
        &[],
        &expect![[r#"
        error release-incomplete: releases/start_erl.data: there is no releases/start_erl.data that names a version
        broken
    "#]],
    );
}

#[test]
fn variables_of_another_release_do_not_count() {
    let release = release();
    let other = [
        ("RELEASE_ROOT", "/srv/other"),
        ("RELEASE_VSN", "9"),
        ("RELEASE_NODE", "other@10.0.0.1"),
        ("RELEASE_DISTRIBUTION", "name"),
    ];
    let reading = read(release.path(), &other);
    assert!(reading.broken.is_none(), "{:?}", reading.broken);
    assert_eq!(reading.report.endpoints[0].node, None);
}

#[test]
fn env_sh_counts_as_far_as_it_is_literal() {
    let release = release();
    let root = release.path();
    let env = "export PORT=4020\nexport PHX_SERVER=true\nexport RELEASE_DISTRIBUTION=name\n\
               export RELEASE_NODE=\"${RELEASE_NAME}@10.0.0.5\"\n";
    write(root, "releases/1.2.3/env.sh", env);
    check(
        root,
        &[("PORT", "4010")],
        &expect![[r#"
        auth_web AuthWeb.Endpoint: ["auth.shop.example"] at ["127.0.0.1:4020"] on shop@10.0.0.5
        billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config) on shop@10.0.0.5
    "#]],
    );
    write(root, "releases/1.2.3/env.sh", "export PORT=$(cat port)\n");
    check(
        root,
        &[("PORT", "4010"), ("PHX_SERVER", "1")],
        &expect![[r#"
            auth_web AuthWeb.Endpoint: ["auth.shop.example"] at []
            billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
            info not-evaluated: releases/1.2.3/runtime.exs:7: releases/1.2.3/env.sh:1 may set PORT to what isn't read
            error port-unknown: releases/1.2.3/runtime.exs:7: where AuthWeb.Endpoint listens is not known: releases/1.2.3/env.sh:1 may set PORT to what isn't read
        "#]],
    );
    write(root, "releases/1.2.3/env.sh", "\n. /etc/default/shop\n");
    check(
        root,
        &[("PORT", "4010"), ("PHX_SERVER", "1")],
        &expect![[r#"
            auth_web AuthWeb.Endpoint: [] at []
            billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
            error port-unknown: releases/1.2.3/sys.config: where AuthWeb.Endpoint listens is not known: releases/1.2.3/env.sh:2 may set any variable
            warning release-env: releases/1.2.3/env.sh:2: this may set any variable, so what depends on one is unknown
        "#]],
    );
}

#[test]
fn what_another_provider_may_set_is_unknown() {
    let release = release();
    let vault = "providers => [{'Elixir.Vault.Provider',[{token,<<\"s3cret\">>}]},";
    let text = SYS_CONFIG.replace("providers => [", vault);
    write(release.path(), "releases/1.2.3/sys.config", &text);
    check(
        release.path(),
        &[("PHX_SERVER", "1")],
        &expect![[r#"
        auth_web AuthWeb.Endpoint: ["auth.shop.example"] at []
        billing_web BillingWeb.Endpoint: [] at []
        warning config-provider: releases/1.2.3/sys.config: the config provider Vault.Provider is asked for settings when the release starts and is not read: whatever it may set is unknown
        error port-unknown: releases/1.2.3/sys.config: where AuthWeb.Endpoint listens is not known: the config provider Vault.Provider may set it
        error port-unknown: releases/1.2.3/sys.config: where BillingWeb.Endpoint listens is not known: the config provider Vault.Provider may set it
    "#]],
    );
}

#[test]
fn scripts_outside_of_the_release_are_read_in_turn() {
    let release = release();
    let root = release.path();
    let path = root.join("more.exs");
    let more = "import Config\nconfig :auth_web, AuthWeb.Endpoint, http: [port: 4050]\n";
    write(root, "more.exs", more);
    let mut shop = String::from("providers => [");
    write!(
        shop,
        "{{'Elixir.Config.Reader',{{<<\"{}\">>,[]}}}},",
        path.display()
    )
    .unwrap();
    let reader = "{'Elixir.Config.Reader',{{system";
    let last = SYS_CONFIG.replace("imports,disabled}]}}]", "imports,disabled}]}}, MORE]");
    let last = last.replace(
        " MORE",
        shop.trim_start_matches("providers => [")
            .trim_end_matches(','),
    );
    assert!(last.contains(reader));
    write(root, "releases/1.2.3/sys.config", &last);
    let reading = read(root, &[("PHX_SERVER", "1")]);
    let address = reading.report.endpoints[0].upstreams[0].address.to_string();
    assert_eq!(address, "127.0.0.1:4050");
    assert!(reading.watched.contains(&path), "{:?}", reading.watched);
}

#[test]
fn a_release_without_its_files_says_which() {
    let cases: [(&str, Option<&str>, Expect); 6] = [
        (
            "releases/1.2.3/runtime.exs",
            None,
            expect![[r#"
            auth_web AuthWeb.Endpoint: [] at []
            billing_web BillingWeb.Endpoint: [] at []
            error config-missing: releases/1.2.3/runtime.exs:1: releases/1.2.3/runtime.exs does not exist
            error port-unknown: releases/1.2.3/runtime.exs:1: where AuthWeb.Endpoint listens is not known: releases/1.2.3/runtime.exs does not exist
            error port-unknown: releases/1.2.3/runtime.exs:1: where BillingWeb.Endpoint listens is not known: releases/1.2.3/runtime.exs does not exist
            broken
        "#]],
        ),
        (
            "releases/1.2.3/sys.config",
            None,
            expect![[r#"
            error release-incomplete: releases/1.2.3/sys.config: there is no releases/1.2.3/sys.config
            broken
        "#]],
        ),
        (
            "releases/1.2.3/sys.config",
            Some("[\n{auth_web, X}]."),
            expect![[r#"
                error release-unreadable: releases/1.2.3/sys.config:2: releases/1.2.3/sys.config can't be read: X is a variable, which has no value in a file of terms
                broken
            "#]],
        ),
        (
            "releases/1.2.3/sys.config",
            Some("[{kernel, []}, \"/etc/more.config\"]."),
            expect![[r#"
                warning config-provider: releases/1.2.3/sys.config: the file /etc/more.config that releases/1.2.3/sys.config includes is asked for settings when the release starts and is not read: whatever it may set is unknown
                error no-endpoint: : no Phoenix endpoint in the release ROOT: none of its applications configures a module of its own named *Endpoint
            "#]],
        ),
        (
            "releases/1.2.3/shop.rel",
            None,
            expect![[r#"
            admin_web AdminWeb.Endpoint: ["admin.shop.example"] at []
            auth_web AuthWeb.Endpoint: ["auth.shop.example"] at ["127.0.0.1:4001"]
            billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
            warning no-http: lib/admin_web-0.1.0/ebin/admin_web.app: AdminWeb.Endpoint has no `http:` in prod
            warning release-apps: releases/1.2.3: no *.rel in releases/1.2.3 names the release's applications; all in lib/ are taken for its
        "#]],
        ),
        (
            "lib/billing_web-0.1.0/ebin/billing_web.app",
            None,
            expect![[r#"
                auth_web AuthWeb.Endpoint: ["auth.shop.example"] at ["127.0.0.1:4001"]
                billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
                warning release-app-unreadable: lib/billing_web-0.1.0/ebin/billing_web.app: lib/billing_web-0.1.0/ebin/billing_web.app can't be read; each module *Endpoint that is configured under billing_web is taken for an endpoint
            "#]],
        ),
    ];
    for (path, text, expected) in cases {
        let release = release();
        match text {
            Some(text) => write(release.path(), path, text),
            None => fs::remove_file(release.path().join(path)).unwrap(),
        }
        check(release.path(), &[("PHX_SERVER", "1")], &expected);
    }
}

#[test]
fn an_archive_is_said_to_be_unopened() {
    let release = release();
    let root = release.path();
    fs::remove_dir_all(root.join("lib/billing_web-0.1.0")).unwrap();
    write(root, "lib/billing_web-0.1.0.ez", "PK");
    check(
        root,
        &[("PHX_SERVER", "1")],
        &expect![[r#"
        auth_web AuthWeb.Endpoint: ["auth.shop.example"] at ["127.0.0.1:4001"]
        billing_web BillingWeb.Endpoint: ["billing.shop.example"] at [] (`server: false` in releases/1.2.3/sys.config)
        info release-archive: lib/billing_web-0.1.0.ez: billing_web is an archive, which is not opened; each module *Endpoint that is configured under it is taken for an endpoint
    "#]],
    );
}

#[test]
fn a_release_of_rebar_has_its_node_in_vm_args() {
    let release = release();
    let root = release.path();
    fs::remove_file(root.join("releases/1.2.3/env.sh")).unwrap();
    write(
        root,
        "releases/1.2.3/vm.args",
        "-name shop@10.0.0.7\n-setcookie OPENSESAME\n",
    );
    let text = "[{auth_web,[{'Elixir.AuthWeb.Endpoint',[{http,[{port,4001}]},{server,true}]}]}].";
    write(root, "releases/1.2.3/sys.config", text);
    check(
        root,
        &[],
        &expect![[r#"
        auth_web AuthWeb.Endpoint: [] at ["127.0.0.1:4001"] on shop@10.0.0.7
    "#]],
    );
}

#[test]
fn the_marker_names_an_endpoint_of_another_name() {
    let release = release();
    let text = "[{auth_web,[{endpoint,'Elixir.AuthWeb.Gate'},\
                 {'Elixir.AuthWeb.Gate',[{http,[{port,4001}]},{server,true}]}]},\
                 {admin_web,[{endpoint,'Elixir.AdminWeb.Gate'},{'Elixir.AdminWeb.Gate',[]}]}].";
    write(release.path(), "releases/1.2.3/sys.config", text);
    check(
        release.path(),
        &[],
        &expect![[r#"
        auth_web AuthWeb.Gate: [] at ["127.0.0.1:4001"]
    "#]],
    );
}

#[test]
fn what_decides_is_watched_and_the_cookie_is_not() {
    let release = release();
    let reading = read(release.path(), &[]);
    let watches = |path: &str| reading.watched.contains(&release.path().join(path));
    for path in [
        "releases/start_erl.data",
        "releases/1.2.3/sys.config",
        "releases/1.2.3/runtime.exs",
        "releases/1.2.3/env.sh",
        "releases/1.2.3/vm.args",
        "lib/auth_web-0.1.0/ebin/auth_web.app",
    ] {
        assert!(watches(path), "{path}");
    }
    assert!(!watches("releases/COOKIE"));
}

#[cfg(unix)]
#[test]
fn a_link_to_a_release_is_followed_anew() {
    let (first, second) = (release(), release());
    let link = first.path().join("current");
    std::os::unix::fs::symlink(first.path(), &link).unwrap();
    let reading = read(&link, &[]);
    assert!(reading.watched.contains(&link));
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(second.path(), &link).unwrap();
    let reading = read(&link, &[]);
    let sys_config = second.path().join("releases/1.2.3/sys.config");
    assert!(
        reading.watched.contains(&sys_config),
        "{:?}",
        reading.watched
    );
}

#[test]
fn the_cookie_is_not_told() {
    let release = release();
    let vars = [("RELEASE_COOKIE", "OPENSESAME"), ("PHX_HOST", "auth.test")];
    let runtime = RUNTIME.replace("PHX_HOST", "RELEASE_COOKIE");
    write(release.path(), "releases/1.2.3/runtime.exs", &runtime);
    let told = format!("{:?}", read(release.path(), &vars));
    assert!(told.contains("RELEASE_COOKIE"), "{told}");
    assert!(!told.contains("OPENSESAME"), "{told}");
}
