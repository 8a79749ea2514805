use expect_test::{Expect, expect};

use super::{SettingView, WriteView, line};

fn write(value: Result<&str, &str>, provenance: &str) -> WriteView {
    let value = value.map(str::to_owned).map_err(str::to_owned);
    WriteView::new(&value, provenance.to_owned())
}

#[track_caller]
fn check(in_force: WriteView, overrode: Vec<WriteView>, expected: &Expect) {
    let setting = SettingView {
        setting: "http port",
        in_force,
        overrode,
    };
    expected.assert_eq(&line(&setting));
}

#[test]
fn a_line_names_the_write_in_force_and_what_it_overrode() {
    let dev = || write(Ok("4001"), "config/dev.exs:12");
    check(
        dev(),
        vec![],
        &expect!["http port is 4001 (config/dev.exs:12)"],
    );
    let older = vec![write(Ok("4000"), "config/config.exs:7")];
    check(
        dev(),
        older,
        &expect!["http port is 4001 (config/dev.exs:12), overrode 4000 (config/config.exs:7)"],
    );
}

#[test]
fn what_is_not_known_says_why_and_where() {
    let unknown = write(Err("Vault.port/0 is not evaluated"), "config/runtime.exs:3");
    let older = vec![write(Ok("4000"), "config/config.exs:7")];
    check(
        unknown,
        older,
        &expect![
            "http port is not known, Vault.port/0 is not evaluated (config/runtime.exs:3), overrode 4000 (config/config.exs:7)"
        ],
    );
}

#[test]
fn a_long_chain_is_cut_in_text() {
    let older = (1..8).map(|n| write(Ok("1"), &format!("config/config.exs:{n}")));
    let newest = write(Ok("2"), "config/config.exs:8");
    check(
        newest,
        older.collect(),
        &expect![
            "http port is 2 (config/config.exs:8), overrode 1 (config/config.exs:1), 1 (config/config.exs:2), 1 (config/config.exs:3) and 4 more"
        ],
    );
}

#[test]
fn json_has_the_documented_shape() {
    let setting = SettingView {
        setting: "http port",
        in_force: write(Ok("4001"), "config/dev.exs:12"),
        overrode: vec![write(Err("foo/0 is not evaluated"), "config/config.exs:7")],
    };
    let json = serde_json::to_string_pretty(&setting).unwrap();
    expect![[r#"
        {
          "setting": "http port",
          "value": "4001",
          "unknown": null,
          "provenance": "config/dev.exs:12",
          "overrode": [
            {
              "value": null,
              "unknown": "foo/0 is not evaluated",
              "provenance": "config/config.exs:7"
            }
          ]
        }"#]]
    .assert_eq(&json);
}
