//! Releases: `releases.exs` in a project, and `sys.config` with what is read over it.

use std::collections::BTreeMap;

use erlterm::Term;
use expect_test::expect;

use crate::{
    Boot, Provider, Script, evaluate_release,
    fixture::{Tree, show},
};

const CONFIG: (&str, &str) = ("config/config.exs", "import Config\nconfig :a, k: 1, l: 1");

#[test]
fn releases_exs_counts_in_prod_without_runtime_exs() {
    let releases = (
        "config/releases.exs",
        "import Config\nconfig :a, k: System.get_env(\"K\") || \"none\"",
    );
    expect![[r#"
        a k = "none" (config/releases.exs:2)
        a l = 1 (config/config.exs:2)
        warning releases-exs: read as a release reads it when it starts; `mix` never does (config/releases.exs:1)
    "#]]
    .assert_eq(&show(&Tree::of(&[CONFIG, releases]).evaluate("prod")));
    expect![[r#"
        a k = 1 (config/config.exs:2)
        a l = 1 (config/config.exs:2)
    "#]]
    .assert_eq(&show(&Tree::of(&[CONFIG, releases]).evaluate("dev")));
    let runtime = ("config/runtime.exs", "import Config\nconfig :a, l: 2");
    expect![[r#"
        a k = 1 (config/config.exs:2)
        a l = 2 (config/runtime.exs:2)
    "#]]
    .assert_eq(&show(
        &Tree::of(&[CONFIG, releases, runtime]).evaluate("prod"),
    ));
}

#[test]
fn a_release_to_be_has_neither_mix_nor_these_folders() {
    let releases = (
        "config/releases.exs",
        "import Config
config :a, env: config_env(), k: Mix.env()
config :a, l: __DIR__
config :a, m: File.exists?(\"config/config.exs\"), n: Path.expand(\"x\")
",
    );
    expect![[r#"
        a env = :prod (config/releases.exs:2)
        a k = ? Elixir refuses Mix, which a release does not have, here (config/releases.exs:2)
        a l = ? the folder of a release is not known here (config/releases.exs:3)
        a m = ? what a release finds where it is started is not known here (config/releases.exs:4)
        a n = ? what a release finds where it is started is not known here (config/releases.exs:4)
        error elixir-refuses: Elixir refuses Mix, which a release does not have, here (config/releases.exs:2)
        warning not-evaluated: the folder of a release is not known here (config/releases.exs:3)
        warning not-evaluated: what a release finds where it is started is not known here (config/releases.exs:4)
        warning releases-exs: read as a release reads it when it starts; `mix` never does (config/releases.exs:1)
    "#]]
    .assert_eq(&show(&Tree::of(&[CONFIG, releases]).evaluate("prod")));
}

fn release(compiled: &Term, files: &[(&str, &str)]) -> crate::Config {
    let providers: Vec<Provider> = files
        .iter()
        .map(|(path, _)| Provider::Script((*path).to_owned()))
        .collect();
    start(compiled, files, &providers, &BTreeMap::new())
}

fn start(
    compiled: &Term,
    files: &[(&str, &str)],
    providers: &[Provider],
    unknown_vars: &BTreeMap<String, String>,
) -> crate::Config {
    let tree = Tree::of(files);
    let script = Script {
        env: "prod",
        config_path: "releases/1.0/sys.config",
        vars: &tree.vars,
        root: "/srv/shop",
    };
    let boot = Boot {
        compiled,
        providers,
        target: "host",
        unknown_vars,
        vars_doubt: None,
    };
    evaluate_release(&tree, &script, &boot)
}

fn sys_config() -> Term {
    let url = Term::keywords([("host", Term::text("localhost")), ("path", Term::text("/"))]);
    let endpoint = Term::keywords([("url", url)]);
    Term::keywords([("a", Term::keywords([("Elixir.E", endpoint)]))])
}

#[test]
fn what_a_release_reads_is_merged_over_what_was_compiled() {
    let script = "import Config
config :a, E, url: [host: \"shop.example\"]
config :a, here: Path.expand(\"x\", __DIR__), started: File.cwd!()
";
    let config = release(&sys_config(), &[("releases/1.0/runtime.exs", script)]);
    expect![[r#"
        a E = [url: [path: "/", host: "shop.example"]] (releases/1.0/runtime.exs:2)
        a here = "/srv/shop/releases/1.0/x" (releases/1.0/runtime.exs:3)
        a started = ? what a release finds where it is started is not known here (releases/1.0/runtime.exs:3)
        warning not-evaluated: what a release finds where it is started is not known here (releases/1.0/runtime.exs:3)
    "#]].assert_eq(&show(&config));
    expect![[r#"
        [
            Past {
                value: Ok(
                    "\"shop.example\"",
                ),
                at: Written {
                    file: "releases/1.0/runtime.exs",
                    line: 2,
                },
            },
            Past {
                value: Ok(
                    "\"localhost\"",
                ),
                at: Written {
                    file: "releases/1.0/sys.config",
                    line: 0,
                },
            },
        ]"#]]
    .assert_eq(&format!(
        "{:#?}",
        config.history("a", &["Elixir.E", "url", "host"])
    ));
}

#[test]
fn a_release_may_read_nothing_when_it_starts() {
    expect![[r#"
        a E = [url: [host: "localhost", path: "/"]] (releases/1.0/sys.config:0)
    "#]]
    .assert_eq(&show(&release(&sys_config(), &[])));
}

#[test]
fn a_sys_config_that_is_no_list_of_settings_is_not_known() {
    let config = release(&Term::Integer(1), &[]);
    assert!(matches!(
        config.get("a", &["k"]),
        crate::Setting::Unknown { .. }
    ));
    expect![[r#"
        error elixir-refuses: it is no list of applications with their settings (releases/1.0/sys.config:0)
    "#]]
    .assert_eq(&show(&config));
}

#[test]
fn providers_set_in_turn_and_what_one_may_set_is_unknown() {
    let files = [
        (
            "releases/1.0/runtime.exs",
            "import Config\nconfig :a, k: 1, l: 1, t: config_target()",
        ),
        ("/etc/shop.exs", "import Config\nconfig :a, l: 2"),
    ];
    let first = Provider::Script(files[0].0.to_owned());
    let second = Provider::Script(files[1].0.to_owned());
    let strange = Provider::Unknown("Vault.Provider may set it".to_owned());
    let vars = BTreeMap::new();
    expect![[r#"
        a E = ? Vault.Provider may set it (releases/1.0/sys.config:0)
        a k = ? Vault.Provider may set it (releases/1.0/sys.config:0)
        a l = 2 (/etc/shop.exs:2)
        a t = ? Vault.Provider may set it (releases/1.0/sys.config:0)
    "#]]
    .assert_eq(&show(&start(
        &sys_config(),
        &files,
        &[first, strange, second],
        &vars,
    )));
}

#[test]
fn a_variable_that_the_start_sets_may_be_unknown() {
    let script = "import Config
config :a, port: System.get_env(\"PORT\", \"1\"), all: map_size(System.get_env())
System.put_env(\"PORT\", \"2\")
config :a, own: System.get_env(\"PORT\"), other: System.get_env(\"OTHER\", \"3\")
";
    let vars = BTreeMap::from([("PORT".to_owned(), "env.sh:3 sets PORT".to_owned())]);
    let path = "releases/1.0/runtime.exs";
    let providers = [Provider::Script(path.to_owned())];
    expect![[r#"
        a all = ? env.sh:3 sets PORT (releases/1.0/runtime.exs:2)
        a other = "3" (releases/1.0/runtime.exs:4)
        a own = "2" (releases/1.0/runtime.exs:4)
        a port = ? env.sh:3 sets PORT (releases/1.0/runtime.exs:2)
        warning not-evaluated: env.sh:3 sets PORT (releases/1.0/runtime.exs:2)
    "#]]
    .assert_eq(&show(&start(
        &Term::List(vec![]),
        &[(path, script)],
        &providers,
        &vars,
    )));
}
