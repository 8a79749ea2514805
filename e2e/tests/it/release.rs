//! Releases that Mix assembled: the table is the one that the release's own BEAM would serve.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
};

use e2e::{Project, Upstream, eventually, release, tool, upstream::text};
use erlterm::{Term, parse_text};
use serde_json::Value;

/// What the release's BEAM has under its endpoints when its configuration is complete.
const ASK: &str =
    "for {app, module} <- [auth_web: AuthWeb.Endpoint, billing_web: BillingWeb.Endpoint,
                    admin_web: AdminWeb.Endpoint], Application.load(app) == :ok do
  :io.format(\"~tw.~n\", [{module, Application.get_env(app, module)}])
end";

/// What we and the BEAM say of one endpoint.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Endpoint {
    module: String,
    host: Option<String>,
    /// Where it listens; `None`: it doesn't.
    port: Option<u16>,
}

#[test]
fn the_table_is_what_the_releases_own_beam_has() {
    let umbrella = release::Umbrella::new();
    let environments: [&[(&str, &str)]; 3] = [
        &[
            ("PHX_SERVER", "true"),
            ("PORT", "4801"),
            ("PHX_HOST", "auth.test"),
        ],
        &[("PHX_SERVER", "1"), ("BILLING_PORT", "4900")],
        &[
            ("PHX_SERVER", "1"),
            ("RELEASE_NAME", "other"),
            ("PHX_HOST", "auth.test"),
        ],
    ];
    for (name, served) in [("shop", 2), ("admin", 1)] {
        let folder = umbrella.assemble(name);
        for variables in environments {
            // The other's name is what its own release must not be called.
            let theirs = theirs(&folder, name, variables);
            assert_eq!(theirs.len(), served, "{name} {variables:?}");
            assert_eq!(ours(&folder, variables), theirs, "{name} {variables:?}");
        }
        never_tells_its_cookie(&folder);
    }
}

fn ours(folder: &Path, variables: &[(&str, &str)]) -> BTreeSet<Endpoint> {
    let mut launch = release::launch("routes", folder).arg("--json");
    for (name, value) in variables {
        launch = launch.env(name, value);
    }
    let table = launch.end().json();
    let hosts: BTreeMap<&str, &str> = all(&table, "routes")
        .map(|route| (word(&route["service"]), word(&route["host"])))
        .collect();
    let endpoint = |service: &Value| {
        let module = word(&service["name"]);
        let upstreams = service["upstreams"].as_array().into_iter().flatten();
        let mut ports = upstreams.map(|it| word(&it["address"]).rsplit_once(':').unwrap().1);
        Endpoint {
            module: module.to_owned(),
            host: hosts.get(module).map(|host| (*host).to_owned()),
            port: ports.next().map(|port| port.parse().unwrap()),
        }
    };
    all(&table, "services").map(endpoint).collect()
}

fn all<'a>(table: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    table[key].as_array().expect("routes --json has it").iter()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn theirs(folder: &Path, name: &str, variables: &[(&str, &str)]) -> BTreeSet<Endpoint> {
    let mut beam = Command::new(folder.join("bin").join(name));
    beam.args(["eval", ASK]).env("LC_ALL", "C.UTF-8");
    for name in ["PORT", "PHX_HOST", "PHX_SERVER", "BILLING_PORT"] {
        beam.env_remove(name);
    }
    beam.envs(variables.iter().copied());
    let said = String::from_utf8(tool::run(&mut beam).stdout).unwrap();
    let terms = parse_text(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    terms.iter().map(configured).collect()
}

/// What Phoenix makes of an endpoint's settings.
fn configured(term: &Term) -> Endpoint {
    let [module, settings] = term.as_tuple().unwrap() else {
        panic!("{term} is no pair");
    };
    let get = |first: &str, second: &str| settings.get(first)?.get(second);
    let host = get("url", "host").and_then(Term::as_str).map(str::to_owned);
    let serves = settings.get("server").and_then(Term::as_bool) == Some(true);
    let port = get("http", "port").and_then(Term::as_integer);
    Endpoint {
        module: module.as_module().unwrap().to_owned(),
        // A placeholder is no host of its own.
        host: host.filter(|host| !matches!(host.as_str(), "localhost" | "example.com")),
        port: port.filter(|_| serves).map(|port| port.try_into().unwrap()),
    }
}

fn never_tells_its_cookie(folder: &Path) {
    let cookie = fs::read_to_string(folder.join("releases/COOKIE")).unwrap();
    assert!(cookie.len() > 20, "{cookie}");
    for command in ["routes", "validate"] {
        for with_cookie in [true, false] {
            let mut launch = release::launch(command, folder).arg("--json");
            if with_cookie {
                launch = launch.env("RELEASE_COOKIE", &cookie);
            }
            let ended = launch.end();
            let said = ended.stdout + &ended.stderr;
            assert!(said.contains("\"services\""), "{said}");
            assert!(!said.contains(&cookie), "{command}: {said}");
        }
    }
    let listen = "--listen=127.0.0.1:0";
    let launch = release::launch("run", folder).arg(listen);
    let launch = launch
        .env("MESH_ROUTER_LOG", "trace")
        .env("PHX_HOST", "auth.test");
    let mut gateway = launch.env("RELEASE_COOKIE", &cookie).start();
    assert_eq!(gateway.get("none.test", "/").status(), 404);
    gateway.signal("TERM");
    gateway.ended();
    let said = [gateway.stdout(), gateway.stderr()].concat().join("\n");
    assert!(said.contains("listening"), "{said}");
    assert!(!said.contains(&cookie), "{said}");
}

/// A release of one application, by hand, in a folder of the project (`""`, or one that ends in `/`).
fn small(project: &Project, folder: &str, version: &str, (host, port): (&str, u16)) {
    let at = |path: &str| format!("{folder}releases/{version}/{path}");
    let config = format!(
        "[{{auth_web,[{{'Elixir.AuthWeb.Endpoint',[{{url,[{{host,<<\"{host}\">>}}]}},\
         {{http,[{{port,{port}}}]}},{{server,true}}]}}]}}].\n"
    );
    project.write(&at("sys.config"), &config);
    project.write(&at("env.sh"), "#!/bin/sh\n");
    let rel = format!(
        "{{release,{{\"shop\",\"{version}\"}},{{erts,\"13\"}},[{{auth_web,\"{version}\"}}]}}."
    );
    project.write(&at("shop.rel"), &rel);
    let app = "{application,auth_web,[{modules,['Elixir.AuthWeb.Endpoint']}]}.";
    project.write(
        &format!("{folder}lib/auth_web-{version}/ebin/auth_web.app"),
        app,
    );
}

#[test]
fn a_deployment_changes_the_table() {
    let upstream = Upstream::answering(text("auth"));
    let project = Project::empty();
    small(&project, "", "1.0.0", ("old.test", upstream.port()));
    project.write("releases/start_erl.data", "13 1.0.0");
    let inside = project.file("releases/1.0.0");
    // Started in the release's folder, nothing need be named.
    let gateway = project
        .launch(&["run", "--listen", "127.0.0.1:0"])
        .within(&inside)
        .start();
    assert_eq!(gateway.get("old.test", "/").text(), "auth");
    small(&project, "", "1.1.0", ("new.test", upstream.port()));
    project.save("releases/start_erl.data", "13 1.1.0");
    eventually("the new version's host", || {
        (gateway.get("new.test", "/").status() == 200).then_some(())
    });
    assert_eq!(gateway.get("old.test", "/").status(), 404);
    // One that is half there keeps what was.
    project.save("releases/start_erl.data", "13 1.2.0");
    gateway.logged("release-incomplete");
    assert_eq!(gateway.get("new.test", "/").text(), "auth");
}

#[test]
fn a_link_that_points_to_another_release_changes_the_table() {
    let upstream = Upstream::answering(text("auth"));
    let project = Project::empty();
    for (folder, host) in [("first/", "old.test"), ("second/", "new.test")] {
        small(&project, folder, "1.0.0", (host, upstream.port()));
        project.write(&format!("{folder}releases/start_erl.data"), "13 1.0.0");
    }
    let (link, new) = (project.file("current"), project.file("new"));
    symlink(project.file("first"), &link).unwrap();
    let launch = release::launch("run", &link).arg("--listen=127.0.0.1:0");
    let gateway = launch.start();
    assert_eq!(gateway.get("old.test", "/").text(), "auth");
    // As deployments do it: nobody sees a moment without the link.
    symlink(project.file("second"), &new).unwrap();
    fs::rename(new, link).unwrap();
    eventually("the other release's host", || {
        (gateway.get("new.test", "/").status() == 200).then_some(())
    });
    assert_eq!(gateway.get("old.test", "/").status(), 404);
}
