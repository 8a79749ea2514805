use std::{collections::BTreeMap, fs};

use discovery::{Place as Where, StaticTarget, Wanted};
use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::Said;
use crate::config::{
    Config, Environment, Place, Written, WrittenFile,
    key::{self, KEYS, Key, Measure},
};

/// Reads a project with this config.
fn said(config: &str) -> (TempDir, Said) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("config")).unwrap();
    fs::write(root.path().join("mix.exs"), "").unwrap();
    fs::write(root.path().join("config/config.exs"), config).unwrap();
    let project = discovery::open(&Wanted {
        place: Where::Sources(root.path().to_owned()),
        env: "dev".to_owned(),
        vars: BTreeMap::new(),
    });
    let said = Said {
        settings: project.settings().to_vec(),
        root: "/srv/umbrella".into(),
        is_broken: project.broken().is_some(),
        ipv6: true,
    };
    (root, said)
}

/// What is said of the gateway, in a config of its own.
fn settings(keywords: &str) -> Said {
    said(&format!(
        "import Config\nconfig :ex_service_mesh_router, {keywords}\n"
    ))
    .1
}

fn check(said: &Said) -> Result<Config, crate::config::Problems> {
    crate::config::tests::check(&Written {
        project: Some(said),
        ..Written::default()
    })
}

#[track_caller]
fn refused(keywords: &str, problems: &Expect) {
    match check(&settings(keywords)) {
        Ok(_) => panic!("accepted: {keywords}"),
        Err(found) => problems.assert_eq(&found.to_string()),
    }
}

/// The value of a key as it holds, and whether the project said so.
fn held(config: &Config, key: &str) -> (String, bool) {
    let effective = config.effective.iter().find(|it| it.key == key).unwrap();
    let is_said = matches!(effective.place, Place::Project(_));
    (effective.value.clone(), is_said)
}

/// `limits: [head: VALUE]`
fn keyword(key: &Key, value: &str) -> String {
    let mut parts = key.name.rsplit('.');
    let leaf = parts.next().unwrap_or_default();
    parts.fold(format!("{leaf}: {value}"), |within, section| {
        format!("{section}: [{within}]")
    })
}

/// The forms that a key's values may take in Elixir, and what each is in the file's words.
fn forms(key: &Key) -> Vec<(String, String)> {
    let default = key.default.replace(',', ", ");
    let words = key.default.split(',');
    let quoted: Vec<String> = words.clone().map(|word| format!("{word:?}")).collect();
    let mut forms = vec![match key.is_list {
        true => (format!("[{}]", quoted.join(", ")), default.clone()),
        false => (quoted.join(", "), default.clone()),
    }];
    if key.is_list && quoted.len() == 1 {
        forms.push((quoted.join(", "), default.clone()));
    }
    if words
        .clone()
        .all(|word| word.bytes().all(|b| b.is_ascii_lowercase()))
    {
        let atoms: Vec<String> = words.map(|word| format!(":{word}")).collect();
        forms.push((format!("[{}]", atoms.join(", ")), default.clone()));
    }
    match key.measure {
        Measure::Time => forms.push((":timer.seconds(90)".to_owned(), "90000ms".to_owned())),
        Measure::Size => forms.push(("4_096".to_owned(), "4096B".to_owned())),
        Measure::Word if default.parse::<u64>().is_ok() => forms.push((default.clone(), default)),
        Measure::Word => {}
    }
    if let Some(none) = key.nothing {
        forms.extend([":infinity", "false"].map(|form| (form.to_owned(), none.to_owned())));
    }
    forms
}

#[test]
fn every_key_has_its_keyword_forms() {
    for key in KEYS {
        for (form, value) in forms(key) {
            let written = keyword(key, &form);
            let config = check(&settings(&written)).unwrap_or_else(|it| panic!("{written}: {it}"));
            assert_eq!(held(&config, key.name), (value, true), "{written}");
        }
    }
}

#[test]
fn the_documentation_has_every_key_in_both_forms() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let docs = fs::read_to_string(docs).unwrap();
    let (before, rest) = docs.split_once("```elixir\n").unwrap();
    let (example, after) = rest.split_once("```").unwrap();
    let config = check(&said(&format!("import Config\n{example}")).1).unwrap();
    for key in KEYS {
        assert!(
            held(&config, key.name).1,
            "{} is not in the example",
            key.name
        );
        let (heading, leaf) = match key.name.split_once('.') {
            Some((section, leaf)) => (format!("## `[{section}]`"), leaf),
            None => ("## Top level".to_owned(), key.name),
        };
        let (_, section) = after.split_once(&heading).expect(&heading);
        let section = section.split("\n## ").next().unwrap();
        assert!(
            section.contains(&format!("| `{leaf}` |")),
            "{} is in no table",
            key.name
        );
    }
    assert_eq!(config.fixed.len(), 2);
    assert!(before.contains("the project's own config"));
    for key in super::OF_THE_PACKAGE {
        assert!(
            after.contains(&format!("`{key}`")),
            "{key} of the package is not told"
        );
    }
}

#[test]
fn any_other_place_is_stronger_key_by_key_and_host_by_host() {
    let said = settings(
        r#"port: 4100, workers: 3, limits: [head: "32KiB", headers: 10],
           routes: [{"A.test", upstreams: ["127.0.0.1:1"]}, {"b.test", endpoint: B.Endpoint}]"#,
    );
    let environment = Environment::from([("MESH_ROUTER_WORKERS", "4")]);
    let written = Written {
        flags: vec![("listen", "--listen", vec!["127.0.0.1:5000".to_owned()])],
        environment: Some(&environment),
        file: Some(WrittenFile {
            name: "mesh-router.toml".to_owned(),
            folder: "/srv/shop".into(),
            text: "[limits]\nhead = \"1KiB\"\n[routes.\"a.test\"]\nendpoint = \"A.Endpoint\"\n"
                .to_owned(),
        }),
        project: Some(&said),
        is_child: false,
    };
    let config = crate::config::tests::check(&written).unwrap();
    let shown: Vec<String> = config
        .effective
        .iter()
        .filter(|it| it.place != Place::Default)
        .map(|it| format!("{} = {} ({})", it.key, it.value, it.place))
        .chain(
            config
                .fixed
                .iter()
                .map(|it| format!("{} ({})", it.host, it.origin)),
        )
        .collect();
    expect![[r#"
        listen = 127.0.0.1:5000 (--listen)
        workers = 4 (MESH_ROUTER_WORKERS)
        limits.head = 1KiB (mesh-router.toml:2:8)
        limits.headers = 10 (config/config.exs:2)
        a.test (mesh-router.toml:3)
        b.test (config/config.exs:3)"#]]
    .assert_eq(&shown.join("\n"));
    assert_eq!(
        config.fixed[0].target,
        StaticTarget::Endpoint("A.Endpoint".to_owned())
    );
}

#[test]
fn a_port_is_loopback_in_both_families() {
    let listen = |said: &Said| {
        let listen = check(said).unwrap().listen.unwrap();
        listen
            .iter()
            .map(|it| it.address.to_string())
            .collect::<Vec<_>>()
    };
    let mut said = settings("port: 4100");
    assert_eq!(listen(&said), ["127.0.0.1:4100", "[::1]:4100"]);
    said.ipv6 = false;
    assert_eq!(listen(&said), ["127.0.0.1:4100"]);
    assert_eq!(
        listen(&settings("port: \"4100\"")),
        ["127.0.0.1:4100", "[::1]:4100"]
    );
    assert_eq!(listen(&settings("port: 0")), ["127.0.0.1:0", "[::1]:0"]);
}

#[test]
fn relative_paths_start_at_the_root() {
    let config = check(&settings(
        r#"listen: "unix:run/gateway.sock", log: [access: "log/access.log"],
           routes: [{"a.test", upstreams: ["unix:run/a.sock"]}]"#,
    ))
    .unwrap();
    let listen = config.listen.as_ref().unwrap();
    assert_eq!(
        listen[0].address.to_string(),
        "unix:/srv/umbrella/run/gateway.sock"
    );
    let access = crate::config::Access::File("/srv/umbrella/log/access.log".into());
    assert_eq!(config.access, access);
    let socket = routes::Address::Unix("/srv/umbrella/run/a.sock".into());
    assert_eq!(
        config.fixed[0].target,
        StaticTarget::Upstreams(vec![socket])
    );
}

#[test]
fn the_package_s_keys_are_passed_over() {
    let config = check(&settings(
        "enabled: true, urls: [a: {1, 2}], gateway: :child, listen: :private, cluster: [strategy: Gossip, config: %{port: 1.5}], \
         path: \"x\", version: \"1\", version_check: false, target: System.get_env(\"X\"), base_url: nil",
    ));
    assert!(
        config
            .unwrap()
            .effective
            .iter()
            .all(|it| it.place == Place::Default)
    );
}

#[test]
fn the_doctor_ignores_codes_written_as_atoms_or_strings() {
    let written = "doctor: [ignore: [:host_local, :\"host-hsts\", \"raises\"]]";
    let config = check(&settings(written)).unwrap();
    assert_eq!(config.ignored, ["host-local", "host-hsts", "raises"]);
    refused(
        "doctor: [ignore: :host_locale]",
        &expect![[
            r#"config/config.exs:2: unknown code "host_locale", did you mean "host-local"?"#
        ]],
    );
}

#[test]
fn unknown_keys_are_said_where_they_stand() {
    refused(
        "prot: 4000",
        &expect![[r#"config/config.exs:2: unknown key "prot", did you mean "port"?"#]],
    );
    refused(
        "url: []",
        &expect![[r#"config/config.exs:2: unknown key "url", did you mean "urls"?"#]],
    );
    refused(
        "timeouts: [respons: \"1s\"]",
        &expect![[
            r#"config/config.exs:2: unknown key "respons" in [timeouts], did you mean "response"?"#
        ]],
    );
    refused(
        "timeouts: [response: [soft: 1]]",
        &expect![[r#"config/config.exs:2: unknown key "soft" in [timeouts.response]"#]],
    );
    refused(
        "response: \"1s\"",
        &expect![[r#"config/config.exs:2: unknown key "response", it belongs in [timeouts]"#]],
    );
    refused(
        "limits: 5",
        &expect![[
            r#"config/config.exs:2: "limits" is a section, write its keys in a list: limits: […]"#
        ]],
    );
}

#[test]
fn bad_values_are_said_where_they_stand() {
    refused(
        "limits: [head: nil]",
        &expect![[
            r#"config/config.exs:2: "limits.head" is nil (a variable that is not set?): give it a value, or leave it out"#
        ]],
    );
    refused(
        "limits: [body: nil]",
        &expect![[
            r#"config/config.exs:2: "limits.body" is nil (a variable that is not set?): give it a value, or false for none, or leave it out"#
        ]],
    );
    refused(
        "limits: [head: :infinity]",
        &expect![[
            r#"config/config.exs:2: "limits.head" can't be switched off with false or :infinity"#
        ]],
    );
    refused(
        "limits: [head: 1.5]",
        &expect![[
            r#"config/config.exs:2: "limits.head" is neither a string, an atom, an integer nor a list of them"#
        ]],
    );
    refused(
        "limits: [head: -5]",
        &expect![[
            r#"config/config.exs:2: "-5B" is not a whole number with a unit, such as "64KiB""#
        ]],
    );
    refused(
        "timeouts: [response: \"90\"]",
        &expect![[
            r#"config/config.exs:2: "90" has no unit, write it like "10s" (ms, s, m, h, d), or "none""#
        ]],
    );
    refused(
        "mode: [:development, :production]",
        &expect![[r#"config/config.exs:2: "mode" has one value only"#]],
    );
    refused(
        "mode: :prodution",
        &expect![[
            r#"config/config.exs:2: unknown word "prodution", did you mean "production"? known: "auto", "development", "production""#
        ]],
    );
}

#[test]
fn bad_ports_are_said_where_they_stand() {
    refused(
        "port: 70_000",
        &expect![[
            r#"config/config.exs:2: "70000" is not a port (1 to 65535, or 0 for any that is free)"#
        ]],
    );
    refused(
        "port: [1, 2]",
        &expect![[r#"config/config.exs:2: "port" has one value only"#]],
    );
    refused(
        "port: false",
        &expect![[r#"config/config.exs:2: "port" can't be switched off with false or :infinity"#]],
    );
    refused(
        "port: 4000,\n  listen: [\"127.0.0.1:4001\"]",
        &expect![[
            r#"config/config.exs:2: "port" and "listen" (config/config.exs:3) both say where to listen, keep one of them"#
        ]],
    );
}

#[test]
fn bad_routes_are_said_where_they_stand() {
    refused(
        "routes: :none",
        &expect![[
            r#"config/config.exs:2: write routes as a list: routes: [{"auth.example.com", endpoint: AuthWeb.Endpoint}]"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", []}]",
        &expect![[
            r#"config/config.exs:2: the route of "a.test" leads nowhere, add endpoint: MyWeb.Endpoint or upstreams: ["127.0.0.1:4001"]"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", 1}]",
        &expect![[
            r#"config/config.exs:2: write {"a.test", endpoint: MyWeb.Endpoint}, with keys and values"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", endpont: A.Endpoint}]",
        &expect![[
            r#"config/config.exs:2: unknown key "endpont" of a route, did you mean "endpoint"?"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", endpoint: nil}]",
        &expect![[
            r#"config/config.exs:2: "endpoint" of "a.test" is nil (a variable that is not set?): give it a value, or leave it out"#
        ]],
    );
    refused(
        "routes: [{\"a b\", endpoint: A.Endpoint}]",
        &expect![[
            r#"config/config.exs:2: "a b" is not a host: the host holds ' ', only letters, digits, '-', '_' and '.' are allowed"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", endpoint: A.Endpoint}, {\"A.test\", endpoint: B.Endpoint}]",
        &expect![[
            r#"config/config.exs:2: duplicate host "a.test", it stands at config/config.exs:2 already"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", endpoint: A.Endpoint}, {\"a.test\", endpoint: B.Endpoint}]",
        &expect![[
            r#"config/config.exs:2: duplicate host "a.test", it stands at config/config.exs:2 already"#
        ]],
    );
    refused(
        "routes: [{\"a.test\", endpoint: A.Endpoint, upstreams: []}]",
        &expect![[
            r#"config/config.exs:2: a route has either "endpoint" or "upstreams", not both"#
        ]],
    );
}

#[test]
fn what_is_not_known_says_why_unless_a_stronger_place_sets_the_key() {
    let (_root, mut said) = said(
        "import Config
         config :ex_service_mesh_router, timeouts: [idle: \"3s\"]
         config :ex_service_mesh_router,
           port: String.to_integer(System.get_env(\"ROUTER_PORT\"))
         config :ex_service_mesh_router, :limits, Acme.limits()",
    );
    expect![[r#"
        config/config.exs:4: "port" is not known: needs the environment variable ROUTER_PORT
        config/config.exs:5: "limits" is not known: Acme.limits/0 is not evaluated"#]]
    .assert_eq(&check(&said).unwrap_err().to_string());
    let limits: String = KEYS
        .iter()
        .filter(|key| key.is_in("limits"))
        .map(|key| format!("{} = {:?}\n", key.name, key.default))
        .collect();
    let written = Written {
        flags: vec![("listen", "--listen", vec!["127.0.0.1:5000".to_owned()])],
        file: Some(WrittenFile {
            name: "mesh-router.toml".to_owned(),
            folder: "/srv/shop".into(),
            text: limits,
        }),
        project: Some(&said),
        ..Written::default()
    };
    let config = crate::config::tests::check(&written).unwrap();
    assert_eq!(held(&config, "timeouts.idle"), ("3s".to_owned(), true));
    // Of a project that can't be read whole, that is what is said.
    said.is_broken = true;
    let config = check(&said).unwrap();
    assert_eq!(held(&config, "timeouts.idle"), ("3s".to_owned(), true));
    assert_eq!(held(&config, "listen"), ("auto".to_owned(), false));
}

#[test]
fn keys_of_other_versions_stay_out_of_the_package_s() {
    assert!(
        super::OF_THE_PACKAGE
            .iter()
            .all(|name| key::find(name).is_none())
    );
}
