//! Projects that can't be read whole.

use std::fs;

use expect_test::expect;

use super::{UMBRELLA, development, project, table, write, write_app};

#[test]
fn a_script_that_does_not_parse_is_broken_and_the_rest_is_read() {
    let root = project(&[
        ("mix.exs", UMBRELLA),
        (
            "config/config.exs",
            "import Config
             config :auth_web, AuthWeb.Endpoint, http: [port: 4001], check_origin: false
             import_config \"dev.exs\"",
        ),
        ("config/dev.exs", "import Config\nconfig :auth_web, [\n"),
    ]);
    write_app(
        root.path(),
        "apps/auth_web/",
        "auth_web",
        "AuthWeb.Endpoint",
    );
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2)
        Error port-unknown config/dev.exs:2: where AuthWeb.Endpoint listens is not known: syntax error: something is missing here
        Error syntax-error config/dev.exs:2: syntax error: something is missing here
        broken: syntax-error
    "#]].assert_eq(&table(&development(root.path())));
}

#[test]
fn a_mix_exs_that_does_not_parse_is_broken_and_the_rest_is_read() {
    let root = project(&[
        (
            "mix.exs",
            "defmodule U do\n  use Mix.Project\n  def project, do: [apps_path:\n",
        ),
        (
            "config/config.exs",
            "import Config
             config :auth_web, AuthWeb.Endpoint, http: [port: 4001], check_origin: false",
        ),
    ]);
    write_app(
        root.path(),
        "apps/auth_web/",
        "auth_web",
        "AuthWeb.Endpoint",
    );
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) at 127.0.0.1:4001 (config/config.exs:2)
        Error syntax-error mix.exs:1: syntax error near `do`
        broken: syntax-error
        port: 4001 config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));
}

#[test]
fn files_that_are_no_text_are_said() {
    let root = project(&[
        ("mix.exs", UMBRELLA),
        (
            "config/config.exs",
            "import Config
             config :auth_web, AuthWeb.Endpoint, http: [port: 4001], check_origin: false",
        ),
    ]);
    write_app(
        root.path(),
        "apps/auth_web/",
        "auth_web",
        "AuthWeb.Endpoint",
    );
    write(root.path(), "apps/billing_web/lib/endpoint.ex", "");
    fs::write(root.path().join("apps/billing_web/mix.exs"), b"\xff").unwrap();
    fs::write(
        root.path().join("apps/auth_web/lib/my_endpoint.ex"),
        b"\xff",
    )
    .unwrap();
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) at 127.0.0.1:4001 (config/config.exs:2)
        Warning file-unreadable apps/auth_web/lib/my_endpoint.ex: apps/auth_web/lib/my_endpoint.ex can't be read: it is not UTF-8
        Warning file-unreadable apps/billing_web/mix.exs: apps/billing_web/mix.exs can't be read: it is not UTF-8
        port: 4001 config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));
}
