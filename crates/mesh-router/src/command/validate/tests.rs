use expect_test::expect;

use super::{settings, summary, unusable};
use crate::{
    args::Options,
    config::{Environment, Place, Problem, Problems},
    setup::Setup,
    survey::Survey,
};

#[test]
fn what_is_in_force_and_where_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = "workers = 2\n[routes.\"a.test\"]\nupstreams = [\"127.0.0.1:4001\"]\n";
    std::fs::write(folder.path().join("mesh-router.toml"), file).unwrap();
    let options = Options {
        root: Some(folder.path().to_owned()),
        listen: vec!["127.0.0.1:8080".to_owned()],
        ..Options::default()
    };
    let environment = Environment::from([("MESH_ROUTER_LIMITS_HEADERS", "7")]);
    let setup = Setup::load(&options, &environment).unwrap();
    let table = settings(&setup).to_string();
    let shown: Vec<&str> = table
        .lines()
        .filter(|line| !line.ends_with("default"))
        .collect();
    expect![[r#"
        SETTING                        VALUE                           FROM
        listen                         127.0.0.1:8080                  --listen
        workers                        2                               mesh-router.toml:1:11
        mode                           production                      auto: there is no project
        limits.headers                 7                               MESH_ROUTER_LIMITS_HEADERS"#]]
    .assert_eq(&shown.join("\n"));
    let survey = Survey::take(&setup);
    assert_eq!(
        summary(&survey.snapshot),
        "1 service, 1 route, 0 conflicts, 0 errors, 0 warnings"
    );
}

#[test]
fn an_unusable_file_is_told_in_json_too() {
    let place = Place::File {
        file: "mesh-router.toml".to_owned(),
        line: 3,
        column: 1,
    };
    let problems = Problems(vec![
        Problem::new(&place, "unknown key \"lisen\", did you mean \"listen\"?"),
        Problem::new(&Place::Flag("--mode"), "unknown word \"x\""),
    ]);
    expect![[r#"
        {
          "valid": false,
          "mode": null,
          "mode_reason": null,
          "settings": [],
          "services": 0,
          "routes": 0,
          "conflicts": [],
          "findings": [],
          "problems": [
            {
              "file": "mesh-router.toml",
              "line": 3,
              "column": 1,
              "place": "mesh-router.toml:3:1",
              "message": "unknown key \"lisen\", did you mean \"listen\"?"
            },
            {
              "file": null,
              "line": null,
              "column": null,
              "place": "--mode",
              "message": "unknown word \"x\""
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&unusable(&problems)).unwrap());
}
