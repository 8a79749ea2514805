//! `run` in a project's root: the routes find themselves and follow the files.

use std::process::Command;

use e2e::{Client, Gateway, Project, Umbrella, Upstream, eventually, tool, upstream::text};

/// An umbrella whose every endpoint says `localhost`, each in front of an upstream that tells its
/// name.
struct Shop {
    project: Project,
    auth: Upstream,
    billing: Upstream,
}

impl Shop {
    fn open() -> Self {
        let (auth, billing) = (named("auth"), named("billing"));
        let apps = [("auth_web", auth.port()), ("billing_web", billing.port())];
        Self {
            project: Project::umbrella(&apps),
            auth,
            billing,
        }
    }
}

fn named(name: &'static str) -> Upstream {
    Upstream::answering(text(name))
}

/// Waits until `host` leads where `name` answers.
#[track_caller]
fn leads_to(gateway: &Gateway, host: &str, name: &str) {
    eventually(&format!("{host} to lead to {name}"), || {
        let answer = gateway.get(host, "/");
        (answer.status() == 200 && answer.text() == name).then_some(())
    });
}

mod first_table {
    use super::*;

    #[test]
    fn gives_every_endpoint_its_development_name() {
        let shop = Shop::open();
        let gateway = shop.project.run().start();
        for (host, name) in [
            ("auth.localhost", "auth"),
            ("billing.localhost", "billing"),
            ("tenant1.billing.localhost", "billing"),
        ] {
            assert_eq!(gateway.get(host, "/").text(), name, "{host}");
        }
        assert_eq!(gateway.get("shop.localhost", "/").status(), 404);
        assert_eq!(
            shop.auth.requests()[0].field("host"),
            Some("auth.localhost")
        );
    }

    #[test]
    fn is_found_from_a_folder_inside_the_umbrella() {
        let shop = Shop::open();
        let inside = shop.project.file("apps/auth_web");
        let gateway = shop.project.run().within(&inside).start();
        assert_eq!(gateway.get("billing.localhost", "/").text(), "billing");
    }

    #[test]
    fn of_a_single_application_works_the_same() {
        let upstream = named("blog");
        let project = Project::plain("blog_web", upstream.port());
        let gateway = project.run().start();
        assert_eq!(gateway.get("blog.localhost", "/").text(), "blog");
    }

    #[test]
    fn in_production_has_no_invented_hosts() {
        let shop = Shop::open();
        let auth = shop.auth.port();
        shop.project.write(
            "config/prod.exs",
            &format!(
                "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  \
                 url: [host: \"auth.shop.example\", port: 443, scheme: \"https\"],\n  \
                 http: [ip: {{127, 0, 0, 1}}, port: {auth}],\n  server: true\n"
            ),
        );
        let gateway = shop.project.run().arg("--env").arg("prod").start();
        assert_eq!(gateway.get("auth.shop.example", "/").text(), "auth");
        assert_eq!(gateway.get("auth.localhost", "/").status(), 404);
    }

    #[test]
    fn knows_what_mesh_router_toml_adds_and_overrides() {
        let shop = Shop::open();
        let other = named("other");
        let toml = format!(
            "[routes.\"auth.shop.test\"]\nendpoint = \"AuthWeb.Endpoint\"\n\n\
             [routes.\"billing.localhost\"]\nupstreams = [\"{}\"]\n",
            other.address()
        );
        shop.project.write("mesh-router.toml", &toml);
        let gateway = shop.project.run().start();
        assert_eq!(gateway.get("auth.shop.test", "/").text(), "auth");
        assert_eq!(gateway.get("auth.localhost", "/").text(), "auth");
        assert_eq!(gateway.get("billing.localhost", "/").text(), "other");
    }

    #[test]
    fn has_a_503_for_an_endpoint_that_does_not_listen() {
        let shop = Shop::open();
        let config = "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  \
                      http: [ip: {127, 0, 0, 1}, port: 4555],\n  server: false\n";
        shop.project.write("config/dev.exs", config);
        let gateway = shop.project.run().start();
        let answer = gateway.get("auth.localhost", "/");
        assert_eq!(answer.status(), 503);
        assert!(answer.field("retry-after").is_some());
    }
}

mod generated {
    use super::*;

    #[test]
    fn umbrellas_have_every_endpoint_and_nothing_to_remark() {
        let umbrella = Umbrella::of(12, 21_000);
        let ended = umbrella.project.launch(&["routes", "--json"]).end();
        let table = ended.json();
        let services = table["services"].as_array().unwrap().iter();
        let told: Vec<_> = services
            .map(|it| {
                let address = it["upstreams"][0]["address"].as_str().unwrap();
                let name = it["name"].as_str().unwrap().to_owned();
                (
                    name,
                    address.strip_prefix("127.0.0.1:").unwrap().parse().unwrap(),
                )
            })
            .collect();
        assert_eq!(told, umbrella.endpoints());
        assert_eq!(table["findings"].as_array().unwrap().len(), 0, "{table}");
    }
}

mod saved_config {
    use super::*;

    #[test]
    fn changes_the_table() {
        let shop = Shop::open();
        let gateway = shop.project.run().start();
        leads_to(&gateway, "auth.localhost", "auth");
        let moved = named("moved");
        shop.project.save_ports(&[
            ("auth_web", moved.port()),
            ("billing_web", shop.billing.port()),
        ]);
        leads_to(&gateway, "auth.localhost", "moved");
        leads_to(&gateway, "billing.localhost", "billing");
    }

    #[test]
    fn written_in_place_changes_it_too() {
        let shop = Shop::open();
        let gateway = shop.project.run().start();
        let moved = named("moved");
        let config = std::fs::read_to_string(shop.project.file("config/dev.exs")).unwrap();
        let config = config.replace(&shop.auth.port().to_string(), &moved.port().to_string());
        shop.project.write("config/dev.exs", &config);
        leads_to(&gateway, "auth.localhost", "moved");
    }

    #[test]
    fn adds_the_endpoint_of_a_new_app() {
        let shop = Shop::open();
        let gateway = shop.project.run().start();
        assert_eq!(gateway.get("admin.localhost", "/").status(), 404);
        let admin = named("admin");
        shop.project.write(
            "apps/admin_web/mix.exs",
            "defmodule AdminWeb.MixProject do\n  use Mix.Project\n  def project do\n    \
             [app: :admin_web, version: \"0.1.0\"]\n  end\nend\n",
        );
        shop.project.write(
            "apps/admin_web/lib/admin_web/endpoint.ex",
            "defmodule AdminWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :admin_web\nend\n",
        );
        let mut config = std::fs::read_to_string(shop.project.file("config/dev.exs")).unwrap();
        config += &format!(
            "\nconfig :admin_web, AdminWeb.Endpoint, http: [ip: {{127, 0, 0, 1}}, port: {}]\n",
            admin.port()
        );
        shop.project.save("config/dev.exs", &config);
        leads_to(&gateway, "admin.localhost", "admin");
    }

    #[test]
    fn leaves_connections_of_untouched_services_alone() {
        let shop = Shop::open();
        // A WebSocket to billing, which the change does not concern.
        let sockets = Upstream::play(|connection| {
            connection.request();
            connection.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            );
            loop {
                let bytes = connection.wire.bytes(4);
                if bytes.is_empty() {
                    return;
                }
                connection.send(bytes);
            }
        });
        let apps = [
            ("auth_web", shop.auth.port()),
            ("billing_web", sockets.port()),
        ];
        shop.project.save_ports(&apps);
        let gateway = shop.project.run().start();
        let mut socket = websocket(&gateway, "billing.localhost");
        let mut page = gateway.connect();
        assert_eq!(page.get("auth.localhost", "/").text(), "auth");

        let moved = named("moved");
        shop.project
            .save_ports(&[("auth_web", moved.port()), apps[1]]);
        leads_to(&gateway, "auth.localhost", "moved");

        assert_eq!(
            socket.send(b"ping").wire.bytes(4),
            b"ping",
            "the WebSocket lives on"
        );
        assert_eq!(
            page.get("auth.localhost", "/").text(),
            "moved",
            "so does the client's"
        );
    }

    #[test]
    fn that_does_not_parse_keeps_the_table_and_says_where() {
        let shop = Shop::open();
        let gateway = shop.project.run().start();
        let good = std::fs::read_to_string(shop.project.file("config/dev.exs")).unwrap();
        shop.project
            .save("config/dev.exs", &format!("{good}\nconfig :auth_web, [\n"));
        let said = gateway.logged("config/dev.exs:");
        assert_eq!(gateway.get("auth.localhost", "/").text(), "auth", "{said}");
        let moved = named("moved");
        shop.project.save_ports(&[
            ("auth_web", moved.port()),
            ("billing_web", shop.billing.port()),
        ]);
        leads_to(&gateway, "auth.localhost", "moved");
    }

    #[test]
    fn can_not_take_a_live_host_away() {
        let auth = named("auth");
        let billing = named("billing");
        let apps = [("auth_web", auth.port()), ("billing_web", billing.port())];
        let project = Project::umbrella(&apps);
        let config = std::fs::read_to_string(project.file("config/dev.exs")).unwrap();
        let url = |app: &str, module: &str| {
            format!("\nconfig :{app}, {module}.Endpoint, url: [host: \"shop.test\"]\n")
        };
        project.save(
            "config/dev.exs",
            &(config.clone() + &url("billing_web", "BillingWeb")),
        );
        let gateway = project.run().start();
        leads_to(&gateway, "shop.test", "billing");
        // `auth_web` sorts first, but billing holds the host. Its new port tells that it is read.
        let moved = named("moved");
        let config = config.replace(&auth.port().to_string(), &moved.port().to_string());
        let both = url("billing_web", "BillingWeb") + &url("auth_web", "AuthWeb");
        project.save("config/dev.exs", &(config + &both));
        leads_to(&gateway, "auth.localhost", "moved");
        leads_to(&gateway, "shop.test", "billing");
    }

    fn websocket(gateway: &Gateway, host: &str) -> Client {
        let mut client = gateway.connect();
        client.send(format!(
            "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        ));
        assert_eq!(client.head().status(), 101);
        client
    }
}

mod branch {
    use super::*;

    /// Apps of the umbrella; a switch of branches writes each app's files anew.
    const APPS: usize = 20;

    /// Readings that a switch may cost: one, and a few more where the machine pauses in between.
    const READINGS_MAX: usize = 10;

    fn git(umbrella: &Umbrella, arguments: &[&str]) {
        let who = ["-c", "user.name=e2e", "-c", "user.email=e2e@localhost"];
        let mut command = Command::new(tool::require("git"));
        command.arg("-C").arg(umbrella.project.path());
        tool::run(command.args(who).args(arguments));
    }

    fn commit(umbrella: &Umbrella, subject: &str) {
        git(umbrella, &["add", "."]);
        git(umbrella, &["commit", "--quiet", "--message", subject]);
    }

    #[test]
    fn that_is_switched_changes_hundreds_of_files_and_is_read_once() {
        let (before, after) = (named("before"), named("after"));
        let umbrella = Umbrella::of(APPS, 20_000);
        let listening = |upstream: &Upstream| {
            let endpoint = "config :part_001_web, Part001Web.Endpoint";
            format!(
                "{}\n{endpoint}, http: [port: {}]\n",
                umbrella.dev_config(),
                upstream.port()
            )
        };
        umbrella
            .project
            .write("config/dev.exs", &listening(&before));
        git(&umbrella, &["init", "--quiet", "--initial-branch=main"]);
        commit(&umbrella, "before");
        git(&umbrella, &["checkout", "--quiet", "-b", "other"]);
        umbrella.project.write("config/dev.exs", &listening(&after));
        umbrella.touch("# On another branch.\n");
        commit(&umbrella, "after");
        git(&umbrella, &["checkout", "--quiet", "main"]);

        let run = umbrella.project.run().env("MESH_ROUTER_LOG", "debug");
        let gateway = run.start();
        leads_to(&gateway, "part-001.localhost", "before");
        let readings = || {
            let lines = gateway.stderr();
            lines
                .iter()
                .filter(|it| it.contains("project read"))
                .count()
        };
        eventually("the watch's first reading", || {
            (readings() > 0).then_some(())
        });
        let first = readings();
        git(&umbrella, &["checkout", "--quiet", "other"]);
        leads_to(&gateway, "part-001.localhost", "after");
        git(&umbrella, &["checkout", "--quiet", "main"]);
        leads_to(&gateway, "part-001.localhost", "before");
        let spent = readings() - first;
        assert!(
            spent <= 2 * READINGS_MAX,
            "two switches cost {spent} readings"
        );
    }
}

mod ports {
    use super::*;

    #[test]
    fn the_first_free_one_that_no_endpoint_declares_is_taken() {
        let other = named("other");
        let project = Project::umbrella(&[("auth_web", 4000), ("billing_web", other.port())]);
        let gateway = project.launch(&["run"]).start();
        assert!(gateway.port() > 4000, "4000 is auth's: {}", gateway.port());
        let said = gateway.logged("4000 is declared in config/dev.exs:");
        assert!(said.contains("config/dev.exs:4"), "{said}");
        assert_eq!(gateway.get("billing.localhost", "/").text(), "other");
    }

    #[test]
    fn asked_for_and_declared_is_an_error_that_cites_both() {
        let project = Project::umbrella(&[("auth_web", 4321), ("billing_web", 4322)]);
        let ended = project.launch(&["run", "--listen", "127.0.0.1:4322"]).end();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("--listen"), "{}", ended.stderr);
        assert!(ended.stderr.contains("config/dev.exs:"), "{}", ended.stderr);
        assert!(ended.stderr.contains("4322"), "{}", ended.stderr);

        project.write(
            "mesh-router.toml",
            "workers = 1\nlisten = [\"127.0.0.1:4321\"]\n",
        );
        let ended = project.launch(&["run"]).end();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("mesh-router.toml:2"),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains("config/dev.exs:"), "{}", ended.stderr);
    }
}
