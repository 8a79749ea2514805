use std::path::Path;

use super::{ProjectError, Root, Survey, find_root};
use crate::{
    files::ProjectFiles,
    tests::{UMBRELLA, project, write, write_app},
};

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

#[test]
fn what_threads_read_is_in_the_order_of_the_folders() {
    let root = project(&[("mix.exs", UMBRELLA)]);
    let root = root.path();
    let numbers: Vec<String> = (100..164).map(|number| number.to_string()).collect();
    for number in &numbers {
        let (app, module) = (format!("app_{number}"), format!("App{number}.Endpoint"));
        write_app(root, &format!("apps/{app}/"), &app, &module);
    }
    write(root, "apps/app_120/mix.exs", "defmodule A do");
    write(root, "apps/app_163/mix.exs", "defmodule B do");

    let files = ProjectFiles::new(root);
    let survey = Survey::of(&files, &Root::of(&files));
    let all = |shape: fn(&String) -> String| numbers.iter().map(shape).collect::<Vec<_>>();
    let modules: Vec<&str> = survey.modules.iter().map(|it| &*it.module).collect();
    assert_eq!(modules, all(|number| format!("App{number}.Endpoint")));
    assert_eq!(survey.apps, all(|number| format!("app_{number}")));
    let broken = survey.findings.iter().map(|it| it.origin.clone().unwrap());
    let broken: Vec<String> = broken.map(|origin| origin.file).collect();
    assert_eq!(broken, ["apps/app_120/mix.exs", "apps/app_163/mix.exs"]);
}
