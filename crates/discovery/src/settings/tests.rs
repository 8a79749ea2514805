use expect_test::{Expect, expect};

use crate::tests::{UMBRELLA, development, project, said};

#[track_caller]
fn check(config: &str, expected: &Expect) {
    expected.assert_eq(&said_of(config));
}

/// What a config says of the gateway.
fn said_of(config: &str) -> String {
    let root = project(&[("mix.exs", UMBRELLA), ("config/config.exs", config)]);
    crate::open(&development(root.path()).wanted)
        .settings()
        .iter()
        .map(|setting| {
            let line = setting.origin.line;
            format!("{line}: {:?} = {}\n", setting.path, said(&setting.value))
        })
        .collect()
}

#[test]
fn nothing_said_is_no_setting() {
    check("import Config\nconfig :auth_web, port: 1", &expect![""]);
}

#[test]
fn every_key_has_its_line_and_its_words() {
    check(
        r#"import Config
           config :ex_service_mesh_router,
             port: 4000,
             mode: :production,
             trusted_proxies: ["loopback", :private],
             timeouts: [
               response: "90s",
               idle: :infinity
             ],
             log: %{access: false}
           config :ex_service_mesh_router, :timeouts, drain: 5_000
           config :ex_service_mesh_router, default_service: AuthWeb.Endpoint, odd: {1, 2}"#,
        &expect![[r#"
            12: ["default_service"] = "AuthWeb.Endpoint"
            10: ["log", "access"] = nothing
            4: ["mode"] = "production"
            12: ["odd"] = strange
            3: ["port"] = 4000
            11: ["timeouts", "drain"] = 5000
            8: ["timeouts", "idle"] = nothing
            7: ["timeouts", "response"] = "90s"
            5: ["trusted_proxies"] = "loopback", "private"
        "#]],
    );
}

#[test]
fn routes_are_lists_maps_or_keywords() {
    let routes = [
        r#"[{"a.test", endpoint: A.Endpoint, subdomains: :any}, {"b.test", upstreams: ["127.0.0.1:1", "127.0.0.1:2"]}]"#,
        r#"%{"a.test" => [endpoint: A.Endpoint, subdomains: :any], "b.test" => %{upstreams: ["127.0.0.1:1", "127.0.0.1:2"]}}"#,
        r#"["a.test": [endpoint: A.Endpoint, subdomains: :any], "b.test": [upstreams: ["127.0.0.1:1", "127.0.0.1:2"]]]"#,
    ];
    let expected = "\
2: [\"routes\", \"a.test\", \"endpoint\"] = \"A.Endpoint\"
2: [\"routes\", \"a.test\", \"subdomains\"] = \"any\"
2: [\"routes\", \"b.test\", \"upstreams\"] = \"127.0.0.1:1\", \"127.0.0.1:2\"
";
    for routes in routes {
        let config = format!("import Config\nconfig :ex_service_mesh_router, routes: {routes}");
        assert_eq!(said_of(&config), expected);
    }
    check(
        "import Config\nconfig :ex_service_mesh_router, routes: [{\"a.test\", []}, {\"b.test\", %{}}]",
        &expect![[r#"
            2: ["routes", "a.test"] = 
            2: ["routes", "b.test"] = strange
        "#]],
    );
}

#[test]
fn what_is_not_known_says_why() {
    check(
        r#"import Config
           config :ex_service_mesh_router,
             port: String.to_integer(System.get_env("ROUTER_PORT")),
             limits: [head: System.get_env("HEAD"), uri: "8KiB"]"#,
        &expect![[r#"
            4: ["limits", "head"] = nil
            4: ["limits", "uri"] = "8KiB"
            3: ["port"] = unknown: needs the environment variable ROUTER_PORT
        "#]],
    );
}

#[test]
fn an_import_that_may_change_a_setting_makes_it_unknown() {
    check(
        "import Config
         config :ex_service_mesh_router, port: 4000, timeouts: [idle: \"3s\"]
         import_config \"missing.exs\"
         config :ex_service_mesh_router, mode: :development",
        &expect![[r#"
            4: ["mode"] = "development"
            3: ["port"] = unknown: config/missing.exs, which is imported here, does not exist
            3: ["timeouts", "idle"] = unknown: config/missing.exs, which is imported here, does not exist
        "#]],
    );
}

#[test]
fn a_keyword_list_says_the_same_as_the_config_that_it_comes_from() {
    let erlang = r#"[{port,4000},{listen,[<<"127.0.0.1:1">>,<<"[::1]:1">>]},{mode,nil},
        {admin,false},{limits,[{head,<<"1KiB">>},{body,infinity}]},{limits,[]},
        {discovery,[{tls,[{ca,<<"ca.pem">>}]}]},{strange,{a,b,c}},
        {routes,[{<<"a.test">>,[{endpoint,'Elixir.A.Endpoint'}]}]}]"#;
    let elixir = r#"import Config
        config :ex_service_mesh_router,
          port: 4000, listen: ["127.0.0.1:1", "[::1]:1"], mode: nil, admin: false,
          limits: [head: "1KiB", body: :infinity], discovery: [tls: [ca: "ca.pem"]],
          strange: {:a, :b, :c}, routes: [{"a.test", endpoint: A.Endpoint}]"#;
    let term = erlterm::parse_text(&format!("{erlang}."))
        .unwrap()
        .remove(0);
    let shown =
        |setting: &crate::GatewaySetting| format!("{:?} = {}", setting.path, said(&setting.value));
    let pushed = super::of_keywords(&term, "there");
    assert!(pushed.iter().all(|it| it.origin.to_string() == "there"));
    let root = project(&[("mix.exs", UMBRELLA), ("config/config.exs", elixir)]);
    let read = crate::open(&development(root.path()).wanted);
    let sorted = |settings: &[crate::GatewaySetting]| {
        let mut all: Vec<String> = settings.iter().map(shown).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&pushed), sorted(read.settings()));
}

#[test]
fn a_keyword_list_without_keys_is_no_setting() {
    assert_eq!(super::of_keywords(&erlterm::Term::List(Vec::new()), ""), []);
}
