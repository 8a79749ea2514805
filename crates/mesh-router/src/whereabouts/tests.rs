use std::{fs, path::Path};

use discovery::Place;
use tempfile::TempDir;

use super::Whereabouts;
use crate::{args::Options, config::Environment};

/// An umbrella with a release of it in `_build`, and one that was copied elsewhere.
fn disk() -> TempDir {
    let disk = tempfile::tempdir().unwrap();
    let files = [
        ("shop/mix.exs", "defmodule M do\nend\n"),
        ("shop/_build/prod/rel/shop/releases/start_erl.data", "13 1"),
        ("srv/shop/releases/start_erl.data", "13 1"),
        ("srv/shop/src/mix.exs", "defmodule M do\nend\n"),
        ("empty/x", ""),
    ];
    for (path, text) in files {
        let path = disk.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(disk.path().join("srv/shop/bin")).unwrap();
    disk
}

/// What is found, as a word and a path below the disk.
fn found(disk: &TempDir, options: &Options, variables: &Environment) -> String {
    let found = Whereabouts::find(options, variables).unwrap();
    let root = disk.path().canonicalize().unwrap();
    let below = |path: &Path| {
        let path = path.canonicalize().unwrap();
        path.strip_prefix(&root)
            .map_or("elsewhere".to_owned(), |path| path.display().to_string())
    };
    match found.place {
        Some(Place::Sources(path)) => format!("sources {}", below(&path)),
        Some(Place::Release(path)) => format!("release {}", below(&path)),
        None => "nothing".to_owned(),
    }
}

fn at_root(disk: &TempDir, root: &str) -> Options {
    Options {
        root: Some(disk.path().join(root)),
        ..Options::default()
    }
}

#[test]
fn the_nearer_of_project_and_release_is_meant() {
    let disk = disk();
    let check = |root: &str, expected: &str| {
        let found = found(&disk, &at_root(&disk, root), &Environment::default());
        assert_eq!(found, expected, "{root}");
    };
    check("shop", "sources shop");
    check(
        "shop/_build/prod/rel/shop",
        "release shop/_build/prod/rel/shop",
    );
    check("shop/_build/prod", "sources shop");
    check("srv/shop/bin", "release srv/shop");
    check("srv/shop/src", "sources srv/shop/src");
    check("empty", "nothing");
}

#[test]
fn a_flag_goes_before_variables_and_those_before_the_folder() {
    let disk = disk();
    let text = |path: &str| disk.path().join(path).display().to_string();
    let (srv, shop) = (text("srv/shop"), text("shop"));
    let release = |path: &str| Options {
        release: Some(disk.path().join(path)),
        ..Options::default()
    };
    let check = |options: &Options, variables: Environment, expected: &str| {
        assert_eq!(found(&disk, options, &variables), expected);
    };
    let none = Environment::default;
    check(&release("srv/shop"), none(), "release srv/shop");
    check(&release("srv/shop/bin"), none(), "release srv/shop");
    // What it lacks is told when it is read.
    check(&release("empty"), none(), "release empty");
    let running = || Environment::from([("RELEASE_ROOT", srv.as_str())]);
    check(&Options::default(), running(), "release srv/shop");
    check(&at_root(&disk, "shop"), running(), "sources shop");
    let named = [
        ("MESH_ROUTER_RELEASE", srv.as_str()),
        ("MESH_ROUTER_ROOT", shop.as_str()),
    ];
    check(
        &Options::default(),
        Environment::from(named),
        "release srv/shop",
    );
    check(
        &at_root(&disk, "empty"),
        Environment::from(named),
        "nothing",
    );
    let missing = Whereabouts::find(&release("none"), &none()).unwrap_err();
    assert!(missing.to_string().starts_with("opening "), "{missing}");
}
