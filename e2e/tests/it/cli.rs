//! The commands: what they print, and how they end.

use std::process::Command;

use e2e::{Launch, Project, tool};
use serde_json::{Value, json};

fn shop() -> Project {
    Project::umbrella(&[("auth_web", 4001), ("billing_web", 4002)])
}

mod routes {
    use super::*;

    #[test]
    fn are_shown_as_json_of_the_agreed_shape() {
        let ended = shop().launch(&["routes", "--json"]).end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let answer = ended.json();
        assert_eq!(answer["generation"], 1);
        let auth = &answer["routes"][0];
        assert_eq!(
            *auth,
            json!({
                "host": "auth.localhost",
                "subdomains": "one",
                "service": "AuthWeb.Endpoint",
                "app": "auth_web",
                "kind": "development",
                "source": "config",
                "provenance": auth["provenance"],
                "upstreams": [{
                    "address": "127.0.0.1:4001",
                    "node": null,
                    "state": null,
                    "provenance": "config/dev.exs:4",
                }],
            })
        );
        let hosts: Vec<&str> = answer["routes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| it["host"].as_str())
            .collect();
        assert_eq!(hosts, ["auth.localhost", "billing.localhost"]);
        assert_eq!(answer["conflicts"], json!([]));
        for finding in answer["findings"].as_array().unwrap() {
            let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["code", "file", "fix", "line", "message", "severity"]);
        }
    }

    #[test]
    fn are_the_same_in_any_locale_and_twice() {
        let project = shop();
        let first = project.launch(&["routes", "--json"]).end().stdout;
        let second = project
            .launch(&["routes", "--json"])
            .env("LC_ALL", "tr_TR.UTF-8")
            .end()
            .stdout;
        assert_eq!(first, second);
    }

    #[test]
    fn say_where_each_line_comes_from() {
        let project = shop();
        let config = std::fs::read_to_string(project.file("config/dev.exs")).unwrap();
        let own = "\nconfig :auth_web, AuthWeb.Endpoint, url: [host: \"auth.local\"]\n";
        project.write("config/dev.exs", &(config.clone() + own));
        let line = config.lines().count() + 2;
        let answer = project.launch(&["routes", "--json"]).end().json();
        let routes = answer["routes"].as_array().unwrap();
        let route = routes
            .iter()
            .find(|it| it["host"] == "auth.local")
            .expect("auth.local");
        assert_eq!(route["provenance"], format!("config/dev.exs:{line}"));
        let text = project.launch(&["routes"]).end().stdout;
        assert!(text.contains(&format!("config/dev.exs:{line}")), "{text}");
    }

    #[test]
    fn show_both_claimants_of_a_host() {
        let project = shop();
        let mut config = std::fs::read_to_string(project.file("config/dev.exs")).unwrap();
        for (app, module) in [("billing_web", "BillingWeb"), ("auth_web", "AuthWeb")] {
            config += &format!("\nconfig :{app}, {module}.Endpoint, url: [host: \"shop.test\"]\n");
        }
        project.write("config/dev.exs", &config);
        let answer = project.launch(&["routes", "--json"]).end().json();
        let conflict = &answer["conflicts"][0];
        assert_eq!(conflict["host"], "shop.test");
        // In development the app whose name sorts first has it.
        assert_eq!(conflict["holder"], "AuthWeb.Endpoint");
        assert_eq!(conflict["claimants"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn in_production_a_contested_host_is_nobodys_and_run_says_so() {
        let project = shop();
        let mut config = "import Config\n".to_owned();
        for (app, module, port) in [
            ("auth_web", "AuthWeb", 4001),
            ("billing_web", "BillingWeb", 4002),
        ] {
            config += &format!(
                "\nconfig :{app}, {module}.Endpoint,\n  url: [host: \"shop.test\"],\n  \
                 http: [port: {port}],\n  server: true\n"
            );
        }
        project.write("config/prod.exs", &config);
        let ended = project.run().arg("--env").arg("prod").end();
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        for named in [
            "shop.test",
            "AuthWeb.Endpoint",
            "BillingWeb.Endpoint",
            "[routes",
        ] {
            assert!(ended.stderr.contains(named), "{named}: {}", ended.stderr);
        }
    }
}

mod explain {
    use super::*;

    #[track_caller]
    fn explained(asked: &str) -> Value {
        shop().launch(&["explain", asked, "--json"]).end().json()
    }

    #[test]
    fn says_which_rule_led_where_and_what_tenant_the_app_sees() {
        for asked in [
            "tenant1.auth.localhost",
            "http://TENANT1.auth.localhost:4000/login?a=b",
        ] {
            let answer = explained(asked);
            assert_eq!(answer["host"], "tenant1.auth.localhost");
            assert_eq!(answer["rule"], "subdomain");
            assert_eq!(answer["route"], "auth.localhost");
            assert_eq!(answer["service"], "AuthWeb.Endpoint");
            assert_eq!(answer["tenant"], "tenant1");
            assert_eq!(answer["upstreams"][0]["address"], "127.0.0.1:4001");
            assert!(!answer["why"].as_array().unwrap().is_empty());
        }
        let answer = explained("auth.localhost");
        assert_eq!(
            (&answer["rule"], &answer["tenant"]),
            (&json!("exact"), &Value::Null)
        );
    }

    #[test]
    fn of_a_host_that_leads_nowhere_names_the_nearest_and_fails() {
        let ended = shop().launch(&["explain", "aut.localhost", "--json"]).end();
        assert_eq!(ended.code, Some(1));
        let answer = ended.json();
        assert_eq!(answer["rule"], "none");
        assert_eq!(answer["service"], Value::Null);
        assert!(
            answer["why"].to_string().contains("auth.localhost"),
            "{}",
            answer["why"]
        );
    }

    #[test]
    fn of_what_is_no_host_is_a_usage_error() {
        let ended = shop().launch(&["explain", "not a host"]).end();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    }
}

mod validate {
    use super::*;

    #[test]
    fn shows_every_setting_and_where_it_was_written() {
        let project = shop();
        project.write("mesh-router.toml", "[timeouts]\nresponse = \"90s\"\n");
        let launch = project
            .launch(&["validate", "--json"])
            .env("MESH_ROUTER_LIMITS_HEADERS", "150");
        let ended = launch.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let answer = ended.json();
        assert_eq!(answer["valid"], true);
        let from = |key: &str| {
            let settings = answer["settings"].as_array().unwrap();
            let setting = settings
                .iter()
                .find(|it| it["key"] == key)
                .expect("the setting");
            format!(
                "{} {}",
                setting["value"].as_str().unwrap(),
                setting["from"].as_str().unwrap()
            )
        };
        assert!(from("timeouts.response").starts_with("90s mesh-router.toml:2"));
        assert!(from("limits.headers").contains("MESH_ROUTER_LIMITS_HEADERS"));
        assert!(from("limits.head").contains("default"));
    }

    #[test]
    fn a_broken_config_file_is_a_finding_with_its_line() {
        let project = shop();
        project.write("config/dev.exs", "import Config\n\nconfig :auth_web, [\n");
        let ended = project.launch(&["validate"]).end();
        assert_eq!(ended.code, Some(3), "{}", ended.stderr);
        let said = ended.stdout + &ended.stderr;
        assert!(said.contains("config/dev.exs:"), "{said}");
    }
}

mod mesh_router_toml {
    use super::*;

    /// Mistakes, each with what the message must name.
    const MISTAKES: &[(&str, &[&str])] = &[
        (
            "lisen = [\"127.0.0.1:0\"]\n",
            &["mesh-router.toml:1:1", "lisen", "listen"],
        ),
        (
            "[timeouts]\nhaed = \"1s\"\n",
            &["mesh-router.toml:2:1", "haed", "head"],
        ),
        ("[timeouts]\nhead = 10\n", &["mesh-router.toml:2:8", "unit"]),
        (
            "[timeouts]\nhead = \"10\"\n",
            &["mesh-router.toml:2:8", "10"],
        ),
        (
            "listen = [\"localhost\"]\n",
            &["mesh-router.toml:1:11", "localhost"],
        ),
        (
            "mode = \"producton\"\n",
            &["mesh-router.toml:1:8", "production"],
        ),
        (
            "[routes.\"a.test\"]\nupstream = [\"127.0.0.1:1\"]\n",
            &["mesh-router.toml:2:1", "upstreams"],
        ),
        (
            "[routes.\"a.test\"]\nupstreams = [\"127.0.0.1:1\"]\n\
             [routes.\"A.test\"]\nupstreams = [\"127.0.0.1:2\"]\n",
            &["mesh-router.toml:3:", "a.test"],
        ),
        ("listen = [\n", &["mesh-router.toml:"]),
    ];

    #[test]
    fn mistakes_cite_file_line_column_and_the_nearest_right_word_and_end_with_2() {
        for (text, named) in MISTAKES {
            let project = shop();
            project.write("mesh-router.toml", text);
            for command in ["run", "routes", "validate"] {
                let ended = project.launch(&[command]).end();
                assert_eq!(ended.code, Some(2), "{command}: {text:?}: {}", ended.stderr);
                for word in *named {
                    assert!(
                        ended.stderr.contains(word),
                        "{text:?}: {word}: {}",
                        ended.stderr
                    );
                }
            }
        }
    }
}

mod beginnings {
    use super::*;

    #[test]
    fn without_a_project_there_is_one_clear_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let ended = Launch::new(["run"]).within(folder.path()).end();
        assert!(matches!(ended.code, Some(1 | 2)), "{:?}", ended.code);
        assert!(ended.stderr.contains("no mix.exs"), "{}", ended.stderr);
        assert!(ended.stderr.contains("umbrella"), "{}", ended.stderr);
    }

    #[test]
    fn without_an_endpoint_too() {
        let project = Project::empty();
        project.write(
            "mix.exs",
            "defmodule A.MixProject do\n  use Mix.Project\n  def project, do: [app: :a]\nend\n",
        );
        let ended = project.run().end();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("no Phoenix endpoint"),
            "{}",
            ended.stderr
        );
    }

    #[test]
    fn wrong_usage_ends_with_2() {
        assert_eq!(Launch::new(["rotues"]).end().code, Some(2));
        assert_eq!(Launch::new(["run", "--lisen", "1"]).end().code, Some(2));
    }

    #[test]
    fn help_and_completions_are_there() {
        let help = Launch::new(["--help"]).end();
        assert_eq!(help.code, Some(0));
        for command in [
            "run",
            "demo",
            "routes",
            "explain",
            "validate",
            "completions",
        ] {
            assert!(help.stdout.contains(command), "{command}: {}", help.stdout);
            assert_eq!(
                Launch::new(["help", command]).end().code,
                Some(0),
                "help {command}"
            );
        }
        let bash = Launch::new(["completions", "bash"]).end();
        assert!(bash.stdout.contains("mesh-router"), "{}", bash.stderr);
    }

    #[test]
    fn man_shows_each_page_without_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        for command in ["", "run", "explain", "diff", "completions", "man"] {
            let asked: Vec<&str> = ["man", command]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect();
            let file = folder.path().join("page.1");
            std::fs::write(&file, Launch::new(asked).end().stdout).unwrap();
            let mut man = Command::new(tool::require("man"));
            man.args(["--warnings", "--nj", "--nh", "-l"]).arg(&file);
            let shown = tool::run(man.env("LC_ALL", "C").env("MANWIDTH", "200"));
            let page = String::from_utf8_lossy(&shown.stdout);
            let name = format!("mesh-router {command}");
            for wanted in ["NAME", "SYNOPSIS", name.trim_end()] {
                assert!(page.contains(wanted), "{wanted}: {page}");
            }
            assert_eq!(String::from_utf8_lossy(&shown.stderr), "", "{command}");
        }
        let wrong = Launch::new(["man", "rotues"]).end();
        assert_eq!(wrong.code, Some(2));
        assert!(wrong.stderr.contains("\"routes\"?"), "{}", wrong.stderr);
    }
}
