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
    expect![[r#"
        auth.local -> AuthWeb.Endpoint (config/config.exs:7) at 127.0.0.1:4001 (config/dev.exs:7)
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) at 127.0.0.1:4001 (config/dev.exs:7)
        billing.local -> BillingWeb.Endpoint (config/config.exs:14) at 127.0.0.1:4002 (config/dev.exs:14)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2) at 127.0.0.1:4002 (config/dev.exs:14)
        port: 4001 config/dev.exs:7
        port: 4002 config/dev.exs:14
    "#]].assert_eq(&table(&development(example())));
}

#[test]
fn the_example_in_tests_does_not_listen() {
    let mut asked = development(example());
    asked.wanted.env = "test".to_owned();
    expect![[r#"
        auth.local -> AuthWeb.Endpoint (config/config.exs:7) silent: `server: false` in config/test.exs:6
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) silent: `server: false` in config/test.exs:6
        billing.local -> BillingWeb.Endpoint (config/config.exs:14) silent: `server: false` in config/test.exs:11
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2) silent: `server: false` in config/test.exs:11
        Warning not-serving apps/auth_web/lib/auth_web/endpoint.ex:2: AuthWeb.Endpoint was found and does not listen: `server: false` in config/test.exs:6
        Warning not-serving apps/billing_web/lib/billing_web/endpoint.ex:2: BillingWeb.Endpoint was found and does not listen: `server: false` in config/test.exs:11
        port: 4101 config/test.exs:4
        port: 4102 config/test.exs:9
    "#]].assert_eq(&table(&asked));
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
    expect![[r#"
        auth.acme.com -> AuthWeb.Endpoint (config/runtime.exs:20) at 127.0.0.1:4001 (config/runtime.exs:23)
        billing.acme.com -> BillingWeb.Endpoint (config/runtime.exs:29) at 127.0.0.1:4444 (config/runtime.exs:32)
        port: 4001 config/runtime.exs:23
        port: 4444 config/runtime.exs:32
    "#]].assert_eq(&table(&production(example(), &vars)));
    expect![[r#"
        auth.example.com -> AuthWeb.Endpoint (config/runtime.exs:20) at 127.0.0.1:4001 (config/runtime.exs:23)
        billing.example.com -> BillingWeb.Endpoint (config/runtime.exs:29) at 127.0.0.1:4002 (config/runtime.exs:32)
        Info needs-env config/runtime.exs:11: needs the environment variable SECRET_KEY_BASE
        port: 4001 config/runtime.exs:23
        port: 4002 config/runtime.exs:32
    "#]].assert_eq(&table(&production(example(), &[])));
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
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) at 127.0.0.1:4000 (config/dev.exs:2)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2) at 127.0.0.1:4001 (config/dev.exs:3)
        port: 4000 config/dev.exs:2
        port: 4001 config/dev.exs:3
    "#]].assert_eq(&table(&development(root.path())));
    expect![[r#"
        Warning no-host apps/auth_web/lib/auth_web/endpoint.ex:2: no host leads to AuthWeb.Endpoint
        Warning no-host apps/billing_web/lib/billing_web/endpoint.ex:2: no host leads to BillingWeb.Endpoint
        Warning no-http apps/auth_web/lib/auth_web/endpoint.ex:2: AuthWeb.Endpoint has no `http:` in prod
        Warning no-http apps/billing_web/lib/billing_web/endpoint.ex:2: BillingWeb.Endpoint has no `http:` in prod
    "#]].assert_eq(&table(&production(root.path(), &[])));
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
    expect![[r#"
        auth.local -> AuthWeb.Endpoint (config/config.exs:5) at 127.0.0.1:4001 (config/config.exs:6)
        auth.localhost -> AuthWeb.Endpoint (config/config.exs:9) at 127.0.0.1:4001 (config/config.exs:6)
        Warning check-origin config/config.exs:9: the sockets of AuthWeb.Endpoint refuse pages of auth.localhost with 403, so LiveView and channels stay dead there: check_origin allows the url host alone, auth.local
        Warning port-from-url config/config.exs:6: AuthWeb.Endpoint has no `http:`, without which Phoenix opens no port; what may listen at port 4001 of its `url:` is dialled
        port: 4001 config/config.exs:6
        setting: port 4100 config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));
}

/// An umbrella one of whose apps has the Hex package, with what `config/config.exs` says.
fn with_package(config: &str) -> tempfile::TempDir {
    let root = project(&[("mix.exs", UMBRELLA), ("config/config.exs", config)]);
    for (app, module) in [("auth_web", "AuthWeb"), ("billing_web", "BillingWeb")] {
        let folder = format!("apps/{app}/");
        write_app(root.path(), &folder, app, &format!("{module}.Endpoint"));
    }
    let mix = "defmodule BillingWeb.MixProject do
         def project, do: [app: :billing_web, deps: deps()]
         defp deps do
           [{:ex_service_mesh_router, \">= 0.0.0\"}]
         end
       end";
    write(root.path(), "apps/billing_web/mix.exs", mix);
    root
}

#[test]
fn with_the_package_an_address_may_be_known_to_the_vm_alone() {
    let root = with_package(
        "import Config
         config :ex_service_mesh_router, port: 4100
         config :auth_web, AuthWeb.Endpoint, http: [port: 4100], check_origin: false
         config :billing_web, BillingWeb.Endpoint, url: [port: 4002], check_origin: false",
    );
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2)
        Info private-socket apps/auth_web/lib/auth_web/endpoint.ex:2: AuthWeb.Endpoint gets a private socket from the Hex package when it starts, so there is no address before
        Info private-socket apps/billing_web/lib/billing_web/endpoint.ex:2: BillingWeb.Endpoint gets a private socket from the Hex package when it starts, so there is no address before
        setting: port 4100 config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));
    // By itself the package starts nothing there.
    expect![[r#"
        Warning no-host apps/auth_web/lib/auth_web/endpoint.ex:2: no host leads to AuthWeb.Endpoint
        Warning no-host apps/billing_web/lib/billing_web/endpoint.ex:2: no host leads to BillingWeb.Endpoint
        Warning port-from-url config/config.exs:4: BillingWeb.Endpoint has no `http:`, without which Phoenix opens no port; what may listen at port 4002 of its `url:` is dialled
        port: 4100 config/config.exs:3
        port: 4002 config/config.exs:4
        setting: port 4100 config/config.exs:2
    "#]].assert_eq(&table(&production(root.path(), &[])));

    let root = with_package(
        "import Config
         config :ex_service_mesh_router, listen: :private
         config :auth_web, AuthWeb.Endpoint, http: [port: 4001], check_origin: false
         config :billing_web, BillingWeb.Endpoint, http: [port: 4002], check_origin: false",
    );
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2)
        Info private-socket apps/auth_web/lib/auth_web/endpoint.ex:2: AuthWeb.Endpoint gets a private socket from the Hex package when it starts, so there is no address before
        Info private-socket apps/billing_web/lib/billing_web/endpoint.ex:2: BillingWeb.Endpoint gets a private socket from the Hex package when it starts, so there is no address before
        setting: listen "private" config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));

    // The port is 4000 where none is given, and endpoints keep those of their own.
    let root = with_package(
        "import Config
         config :auth_web, AuthWeb.Endpoint, http: [port: 4000], check_origin: false
         config :billing_web, BillingWeb.Endpoint, http: [port: 4002], check_origin: false",
    );
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2) at 127.0.0.1:4002 (config/config.exs:3)
        Info private-socket apps/auth_web/lib/auth_web/endpoint.ex:2: AuthWeb.Endpoint gets a private socket from the Hex package when it starts, so there is no address before
        port: 4002 config/config.exs:3
    "#]].assert_eq(&table(&development(root.path())));

    let root = with_package(
        "import Config
         config :ex_service_mesh_router, enabled: false
         config :auth_web, AuthWeb.Endpoint, http: [port: 4000], check_origin: false
         config :billing_web, BillingWeb.Endpoint, http: [port: 4002], check_origin: false",
    );
    expect![[r#"
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) at 127.0.0.1:4000 (config/config.exs:3)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2) at 127.0.0.1:4002 (config/config.exs:4)
        port: 4000 config/config.exs:3
        port: 4002 config/config.exs:4
        setting: enabled nothing config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));
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
    expect![[r#"
        shop.localhost -> ShopWeb.Endpoint (lib/shop/endpoint.ex:2) at 127.0.0.1:4000 (config/runtime.exs:3)
        port: 4000 config/runtime.exs:3
    "#]].assert_eq(&table(&development(root.path())));
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
    expect![[r#"
        app.acme.com -> AuthWeb.Endpoint (config/config.exs:2) at 127.0.0.1:4000 (config/config.exs:2)
        auth.localhost -> AuthWeb.Endpoint (apps/auth_web/lib/auth_web/endpoint.ex:2) at 127.0.0.1:4000 (config/config.exs:2)
        billing.localhost -> BillingWeb.Endpoint (apps/billing_web/lib/billing_web/endpoint.ex:2) at 127.0.0.1:4000 (config/config.exs:2)
        conflict: app.acme.com AuthWeb.Endpoint, BillingWeb.Endpoint
        Warning port-twice config/config.exs:2: AuthWeb.Endpoint (config/config.exs:2) and BillingWeb.Endpoint (config/config.exs:2) have one address, 127.0.0.1:4000
        port: 4000 config/config.exs:2
        port: 4000 config/config.exs:2
    "#]].assert_eq(&table(&development(root.path())));
    expect![[r#"
        conflict: app.acme.com AuthWeb.Endpoint, BillingWeb.Endpoint
        Warning port-twice config/config.exs:2: AuthWeb.Endpoint (config/config.exs:2) and BillingWeb.Endpoint (config/config.exs:2) have one address, 127.0.0.1:4000
        port: 4000 config/config.exs:2
        port: 4000 config/config.exs:2
    "#]].assert_eq(&table(&production(root.path(), &[])));
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
    expect![[r#"
        a.localhost -> A.Endpoint (services/a/lib/a/endpoint.ex:2) at 127.0.0.1:4005 (../config/config.exs:2)
        port: 4005 ../config/config.exs:2
    "#]].assert_eq(&table(&development(&umbrella)));
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
    expect![[r#"
        Error no-endpoint : no Phoenix endpoint in ROOT: no file named *endpoint*.ex says `use Phoenix.Endpoint`
    "#]].assert_eq(&table(&development(root.path())));
}
