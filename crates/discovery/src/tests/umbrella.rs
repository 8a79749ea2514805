//! Projects as people have them.

use std::path::Path;

use expect_test::expect;

use super::{UMBRELLA, development, production, project, table, write, write_app};

fn example() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/umbrella"
    ))
}

#[test]
fn the_example_in_development() {
    expect![[r#""#]].assert_eq(&table(&development(example())));
}

#[test]
fn the_example_in_tests_does_not_listen() {
    let mut options = development(example());
    options.env = "test".to_owned();
    expect![[r#""#]].assert_eq(&table(&options));
}

#[test]
fn the_example_in_production() {
    let vars = [
        ("SECRET_KEY_BASE", "x"),
        ("PHX_SERVER", "1"),
        ("AUTH_HOST", "auth.acme.com"),
        ("BILLING_HOST", "billing.acme.com"),
        ("BILLING_PORT", "4444"),
    ];
    expect![[r#""#]].assert_eq(&table(&production(example(), &vars)));
    expect![[r#""#]].assert_eq(&table(&production(example(), &[])));
}

#[test]
fn an_umbrella_where_all_say_localhost() {
    let root = project(&[
        ("mix.exs", UMBRELLA),
        (
            "config/config.exs",
            "import Config
             config :auth_web, AuthWeb.Endpoint, url: [host: \"localhost\"], check_origin: false
             config :billing_web, BillingWeb.Endpoint, url: [host: \"localhost\"], check_origin: false
             import_config \"#{config_env()}.exs\"",
        ),
        (
            "config/dev.exs",
            "import Config
             config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4000]
             config :billing_web, BillingWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]",
        ),
        ("config/prod.exs", "import Config"),
    ]);
    write_app(
        root.path(),
        "apps/auth_web/",
        "auth_web",
        "AuthWeb.Endpoint",
    );
    write_app(
        root.path(),
        "apps/billing_web/",
        "billing_web",
        "BillingWeb.Endpoint",
    );
    expect![[r#""#]].assert_eq(&table(&development(root.path())));
    expect![[r#""#]].assert_eq(&table(&production(root.path(), &[])));
}

#[test]
fn the_form_of_the_readme_and_a_port_for_the_gateway() {
    let root = project(&[
        ("mix.exs", UMBRELLA),
        (
            "config/config.exs",
            "import Config
             config :ex_service_mesh_router, port: 4100
             config :auth_web, AuthWeb.Endpoint,
               url: [
                 host: \"auth.local\",
                 port: 4001
               ]
             config :auth_web,
               endpoint: AuthWeb.Endpoint
             config :others, endpoint: Others.Thing
             config :other, endpoint: \"https://example.org\"",
        ),
    ]);
    expect![[r#""#]].assert_eq(&table(&development(root.path())));
}

#[test]
fn a_plain_application() {
    let root = project(&[
        (
            "config/config.exs",
            "import Config
             config :shop, ShopWeb.Endpoint,
               url: [host: \"localhost\"],
               adapter: Bandit.PhoenixAdapter
             import_config \"#{config_env()}.exs\"",
        ),
        (
            "config/dev.exs",
            "import Config
             config :shop, ShopWeb.Endpoint, http: [ip: {127, 0, 0, 1}], check_origin: false",
        ),
        (
            "config/runtime.exs",
            "import Config
             config :shop, ShopWeb.Endpoint,
               http: [port: String.to_integer(System.get_env(\"PORT\", \"4000\"))]",
        ),
    ]);
    write_app(root.path(), "", "shop", "ShopWeb.Endpoint");
    expect![[r#""#]].assert_eq(&table(&development(root.path())));
}

#[test]
fn two_endpoints_claim_one_host_and_one_port() {
    let root = project(&[
        ("mix.exs", UMBRELLA),
        (
            "config/config.exs",
            "import Config
             for_all = [url: [host: \"app.acme.com\"], http: [port: 4000], server: true, check_origin: false]
             config :auth_web, AuthWeb.Endpoint, for_all
             config :billing_web, BillingWeb.Endpoint, for_all",
        ),
    ]);
    write_app(
        root.path(),
        "apps/auth_web/",
        "auth_web",
        "AuthWeb.Endpoint",
    );
    write_app(
        root.path(),
        "apps/billing_web/",
        "billing_web",
        "BillingWeb.Endpoint",
    );
    expect![[r#""#]].assert_eq(&table(&development(root.path())));
    expect![[r#""#]].assert_eq(&table(&production(root.path(), &[])));
}

#[test]
fn apps_may_live_elsewhere_and_be_configured_from_above() {
    let root = project(&[
        (
            "config/config.exs",
            "import Config\nconfig :a, A.Endpoint, http: [port: 4005], check_origin: false",
        ),
        (
            "umbrella/mix.exs",
            "defmodule U do
               use Mix.Project
               def project do
                 [apps_path: \"services\", config_path: \"../config/config.exs\"]
               end
             end",
        ),
    ]);
    let umbrella = root.path().join("umbrella");
    write_app(&umbrella, "services/a/", "a", "A.Endpoint");
    write_app(&umbrella, "apps/b/", "b", "B.Endpoint");
    write_app(&umbrella, "services/a/lib/deps/c/", "c", "C.Endpoint");
    expect![[r#""#]].assert_eq(&table(&development(&umbrella)));
}

#[test]
fn no_endpoint_is_said_with_what_to_do() {
    let root = project(&[
        ("mix.exs", UMBRELLA),
        ("config/config.exs", "import Config"),
    ]);
    write(
        root.path(),
        "apps/a/lib/endpoint.ex",
        "defmodule NotOne do\nend",
    );
    expect![[r#""#]].assert_eq(&table(&development(root.path())));
}
