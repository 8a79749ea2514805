use std::path::Path;

use super::{ProjectError, find_root};
use crate::tests::{UMBRELLA, project, write, write_app};

#[test]
fn the_root_is_the_umbrella_or_the_nearest_project() {
    let root = project(&[("mix.exs", UMBRELLA)]);
    let root = root.path();
    write_app(root, "apps/auth_web/", "auth_web", "AuthWeb.Endpoint");
    write(root, "tools/mix.exs", "defmodule Tools do\nend");
    write(root, "plain/mix.exs", "defmodule Plain do\nend");
    write(root, "plain/lib/x.ex", "");

    let check = |from: &str, expected: &str| {
        assert_eq!(
            find_root(&root.join(from)).unwrap(),
            root.join(expected),
            "{from}"
        );
    };
    check("", "");
    check("apps", "");
    check("apps/auth_web", "");
    check("apps/auth_web/lib", "");
    check("tools", "tools");
    check("plain/lib", "plain");
}

#[test]
fn a_broken_project_above_is_none() {
    let root = project(&[("mix.exs", "defmodule U do"), ("apps/a/mix.exs", "")]);
    let app = root.path().join("apps/a");
    assert_eq!(find_root(&app).unwrap(), app);
}

#[test]
fn without_a_project_the_error_says_what_to_do() {
    let error = find_root(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(matches!(error, ProjectError::NoProject(_)));
    assert_eq!(
        error.to_string(),
        "no mix.exs in /nowhere/at/all or above it: \
         run mesh-router in a Phoenix project's folder, or try `mesh-router demo`"
    );
}

#[test]
fn a_mix_exs_that_cannot_be_read_is_an_error() {
    let root = project(&[]);
    std::fs::create_dir(root.path().join("mix.exs")).unwrap();
    let error = find_root(root.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("reading {}", root.path().join("mix.exs").display())
    );
}
