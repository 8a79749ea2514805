use std::{fs, net::IpAddr, path::Path};

use discovery::Place;
use routes::{Mode, Prefer};
use tempfile::TempDir;

use super::{NoSources, Setup};
use crate::{args::Options, config::Environment, machine};

const ROUTE: &str = "[routes.\"a.test\"]\nupstreams = [\"127.0.0.1:4001\"]\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn at(root: &Path) -> Options {
    Options {
        root: Some(root.to_owned()),
        ..Options::default()
    }
}

fn load(options: &Options) -> anyhow::Result<Setup> {
    Setup::load(options, &Environment::default())
}

#[test]
fn without_a_project_and_a_route_it_says_what_to_do() {
    let folder = folder(&[]);
    let error = load(&at(folder.path())).unwrap_err();
    assert!(error.is::<NoSources>());
    let text = error.to_string();
    assert!(text.starts_with("no mix.exs in /"), "{text}");
    assert!(
        text.contains("run mesh-router in your umbrella's root"),
        "{text}"
    );
}

#[test]
fn routes_by_hand_need_no_project() {
    let folder = folder(&[("mesh-router.toml", ROUTE)]);
    let setup = load(&at(folder.path())).unwrap();
    assert_eq!(setup.project, None);
    assert_eq!(setup.mode, Mode::Production);
    assert!(setup.source().is_none());
    assert_eq!(setup.static_report().endpoints.len(), 1);
}

#[test]
fn the_file_is_the_root_s_even_from_a_folder_below() {
    let folder = folder(&[
        ("mix.exs", "defmodule A.MixProject do\nend\n"),
        (
            "mesh-router.toml",
            "[development]\ndomain = \"acme.localhost\"\n",
        ),
        ("lib/a.ex", ""),
    ]);
    let setup = load(&at(&folder.path().join("lib"))).unwrap();
    let wanted = setup.source().unwrap().wanted();
    assert_eq!(
        wanted.place,
        Place::Sources(folder.path().canonicalize().unwrap())
    );
    assert_eq!(wanted.env, "dev");
    let how = setup.how();
    assert_eq!(
        (how.domain.as_str(), how.mode),
        ("acme.localhost", Mode::Development)
    );
}

#[test]
fn the_environment_is_a_flag_a_variable_or_dev() {
    let folder = folder(&[("mix.exs", ""), ("shop.env", "MIX_ENV=test\nPORT=4001\n")]);
    let mix = Environment::from([("MIX_ENV", "prod"), ("PORT", "1")]);
    let options = at(folder.path());
    assert_eq!(load(&options).unwrap().env, "dev");
    let setup = Setup::load(&options, &mix).unwrap();
    assert_eq!((setup.env.as_str(), setup.mode), ("prod", Mode::Production));
    let file = Options {
        env_file: Some(folder.path().join("shop.env")),
        ..options
    };
    let setup = Setup::load(&file, &mix).unwrap();
    assert_eq!(setup.env, "test");
    assert_eq!(setup.source().unwrap().wanted().vars["PORT"], "4001");
    let flag = Options {
        env: Some("staging".to_owned()),
        ..file
    };
    assert_eq!(Setup::load(&flag, &mix).unwrap().env, "staging");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = folder(&[("mix.exs", "")]);
    let options = Options {
        config: Some("/nowhere/x.toml".into()),
        ..at(folder.path())
    };
    let text = load(&options).unwrap_err().to_string();
    assert_eq!(text, "--config: there is no file /nowhere/x.toml");
    let text = format!("{:#}", load(&at(Path::new("/nowhere"))).unwrap_err());
    assert!(text.starts_with("opening /nowhere: "), "{text}");
}

#[test]
fn a_file_has_a_bound() {
    let long = format!("# {}\n", "x".repeat(1 << 20));
    let folder = folder(&[("mesh-router.toml", &long)]);
    let text = load(&at(folder.path())).unwrap_err().to_string();
    assert_eq!(text, "mesh-router.toml has more than 1048576 bytes");
}

#[test]
fn the_project_s_own_settings_decide_what_it_means() {
    let config = "import Config
        config :ex_service_mesh_router, mode: :production, development: [domain: \"acme.localhost\"]
    ";
    let folder = folder(&[("mix.exs", ""), ("config/config.exs", config)]);
    let setup = load(&at(folder.path())).unwrap();
    assert_eq!(setup.how().domain, "acme.localhost");
    assert_eq!(setup.mode, Mode::Production);
    let mode = setup.config.effective.iter().find(|it| it.key == "mode");
    assert_eq!(mode.unwrap().place.to_string(), "config/config.exs:2");
}

#[test]
fn settings_are_read_even_where_the_project_is_no_source() {
    let config = "import Config
        config :ex_service_mesh_router, port: 4100, discovery: [sources: []],
          routes: [{\"a.test\", upstreams: [\"127.0.0.1:4001\"]}]
    ";
    let folder = folder(&[("mix.exs", ""), ("config/config.exs", config)]);
    let setup = load(&at(folder.path())).unwrap();
    assert!(setup.source().is_none());
    assert!(setup.config.listen.is_some());
    assert_eq!(setup.static_report().endpoints.len(), 1);
}

#[test]
fn a_project_that_breaks_keeps_what_it_said() {
    let said = "import Config\nconfig :ex_service_mesh_router, limits: [headers: 7]\n";
    let folder = folder(&[("mix.exs", ""), ("config/config.exs", said)]);
    let options = at(folder.path());
    let setup = load(&options).unwrap();
    assert_eq!(setup.settings().limits.headers, 7);
    fs::write(
        folder.path().join("config/config.exs"),
        "import Config\nconfig :a, [\n",
    )
    .unwrap();
    let again = setup.reload(&options, &Environment::default()).unwrap();
    assert_eq!(again.settings().limits.headers, 7);
    assert_ne!(load(&options).unwrap().settings().limits.headers, 7);
}

#[test]
fn the_machine_s_addresses_are_asked_for_where_local_upstreams_are_preferred() {
    let said = |prefer: &str| {
        format!("import Config\nconfig :ex_service_mesh_router, defaults: [prefer: {prefer}]\n")
    };
    let folder = folder(&[("mix.exs", ""), ("config/config.exs", &said(":any"))]);
    let options = at(folder.path());
    let setup = load(&options).unwrap();
    assert_eq!(setup.settings().prefer, Prefer::Any);
    assert_eq!(setup.settings().machine, [] as [IpAddr; 0]);
    fs::write(folder.path().join("config/config.exs"), said(":local")).unwrap();
    let setup = setup.reload(&options, &Environment::default()).unwrap();
    assert_eq!(setup.settings().prefer, Prefer::Local);
    assert_eq!(setup.settings().machine, machine::addresses());
}
