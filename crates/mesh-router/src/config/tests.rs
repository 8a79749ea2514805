use std::{path::Path, time::Duration};

use discovery::StaticTarget;
use expect_test::{Expect, expect};
use routes::{Address, ForwardedProto, Mode, Prefer, Settings, Subdomains, TrustedProxies};

use super::{Access, Config, Environment, Place, Problems, Written, WrittenFile, key};

fn written(text: &str) -> Written<'_> {
    let file = WrittenFile {
        name: "mesh-router.toml".to_owned(),
        folder: "/srv/shop".into(),
        text: text.to_owned(),
    };
    Written {
        file: Some(file),
        ..Written::default()
    }
}

fn config(text: &str) -> Config {
    check(&written(text)).unwrap()
}

#[track_caller]
fn refused(text: &str, problems: &Expect) {
    let Err(Problems(found)) = check(&written(text)) else {
        panic!("accepted: {text}");
    };
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    problems.assert_eq(&lines.join("\n"));
}

#[test]
fn nothing_written_is_the_default_of_every_crate() {
    let config = check(&Written::default()).unwrap();
    assert_eq!(config.settings(Mode::Production), Settings::default());
    assert_eq!(config.listen, None);
    assert_eq!(config.workers, None);
    assert_eq!(config.mode, None);
    assert_eq!(config.access, Access::Stdout);
    assert_eq!(config.domain, "localhost");
    assert_eq!(config.subdomains, Subdomains::One);
    assert!(config.discover.sources && config.discover.releases);
    assert_eq!(config.nodes, None);
    let keys: Vec<_> = config.effective.iter().map(|setting| setting.key).collect();
    assert_eq!(
        keys,
        key::KEYS.iter().map(|key| key.name).collect::<Vec<_>>()
    );
}

#[test]
fn development_waits_for_a_response_unless_told() {
    let timeout = |text: &str| config(text).settings(Mode::Development).timeouts.response;
    assert_eq!(timeout(""), None);
    assert_eq!(
        timeout("[timeouts]\nresponse = \"60s\""),
        Some(Duration::from_secs(60))
    );
}

/// Reads what was written, if nothing is wrong with it.
pub(super) fn check(written: &Written<'_>) -> Result<Config, Problems> {
    let (config, problems) = Config::read(written);
    problems.map_or(Ok(config), Err)
}

/// Every key that there is.
const WHOLE: &str = r#"
listen = ["127.0.0.1:4000", "unix:run/gateway.sock"]
workers = 4
mode = "production"
trusted_proxies = ["10.1.0.0/16", "192.0.2.7"]
forwarded_proto = "https"
proxy_protocol = true
default_service = "ShopWeb.Endpoint"
[admin]
listen = "unix:run/admin.sock"
[log]
access = "log/access.log"
[health]
listen = "0.0.0.0:4010"
path = "/.mesh-router/ready"
[discovery]
sources = ["node", "package"]
package = "unix:run/vm.sock"
nodes = ["auth@10.0.0.5", "billing@web1:9100"]
epmd = ["10.0.0.6", "web2:4370"]
query = "app.internal"
names = ["acme-*", "shop"]
follow = false
cookie_file = "cookie"
name = "gateway@10.0.0.1"
forget = "1h"
[discovery.tls]
cert = "tls/cert.pem"
key = "tls/key.pem"
ca = "/etc/ca.pem"
[development]
domain = "Acme.localhost"
[defaults]
subdomains = "any"
prefer = "local"
[limits]
head = "32KiB"
headers = 50
uri = "8KiB"
body = "64MiB"
connections = 1000
connections_per_client = 50
services = 10
in_flight = 300
held = 20
upgrades = 30
[timeouts]
head = "1s"
body = "2s"
connect = "100ms"
response = "5m"
hold = "6s"
idle = "3s"
upstream_idle = "3s"
stream_idle = "1h"
websocket_idle = "none"
shutdown_delay = "5s"
drain = "0s"
[routes."Auth.Example.com."]
endpoint = "Elixir.AuthWeb.Endpoint"
[routes."billing.example.com"]
upstreams = ["[::1]:4002", "unix:/run/billing.sock"]
subdomains = "none"
[doctor]
ignore = ["host-local", "raises"]
"#;

#[test]
fn every_key_of_the_program_can_be_written() {
    let config = config(WHOLE);
    let asked = config.listen.iter().flatten();
    let listen: Vec<_> = asked.map(|listen| listen.address.to_string()).collect();
    assert_eq!(
        listen,
        ["127.0.0.1:4000", "unix:/srv/shop/run/gateway.sock"]
    );
    let door = |listen: &Option<super::Listen>| listen.as_ref().map(|it| it.address.to_string());
    let admin = "unix:/srv/shop/run/admin.sock".to_owned();
    assert_eq!(door(&config.admin), Some(admin));
    assert_eq!(door(&config.health), Some("0.0.0.0:4010".to_owned()));
    let package = "unix:/srv/shop/run/vm.sock".to_owned();
    assert_eq!(door(&config.package), Some(package));
    assert_eq!(config.workers, Some(4));
    assert_eq!(config.mode, Some(Mode::Production));
    assert_eq!(config.default_service.as_deref(), Some("ShopWeb.Endpoint"));
    assert_eq!(
        config.access,
        Access::File("/srv/shop/log/access.log".into())
    );
    assert_eq!(config.domain, "acme.localhost");
    assert!(!config.discover.any());
    assert_eq!(config.ignored, ["host-local", "raises"]);
}

#[test]
fn every_key_of_nodes_can_be_written() {
    let nodes = config(WHOLE).nodes.unwrap();
    let following = &nodes.following;
    let shown: Vec<String> = following.nodes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["auth@10.0.0.5", "billing@web1:9100"]);
    let epmd: Vec<String> = following.epmd.iter().map(ToString::to_string).collect();
    assert_eq!(epmd, ["10.0.0.6:4369", "web2:4370"]);
    assert_eq!(following.query.as_deref(), Some("app.internal"));
    assert_eq!(following.names, ["acme-*", "shop"]);
    assert!(!following.follow);
    assert_eq!(following.forget, Duration::from_secs(3600));
    assert_eq!(nodes.cookie_file.unwrap().0, Path::new("/srv/shop/cookie"));
    assert_eq!(nodes.name.unwrap().as_str(), "gateway@10.0.0.1");
    let (files, _) = nodes.tls.unwrap();
    assert_eq!(files.ca, Path::new("/etc/ca.pem"));
    let (cert, key) = files.identity.unwrap();
    assert_eq!(cert, Path::new("/srv/shop/tls/cert.pem"));
    assert_eq!(key, Path::new("/srv/shop/tls/key.pem"));
}

#[test]
fn a_door_for_vms_that_cannot_be_meant_is_refused() {
    refused(
        "[discovery]\npackage = \"127.0.0.1:4100\"\n",
        &expect![[
            r#"mesh-router.toml:2:11: "127.0.0.1:4100" is no Unix socket, write "unix:/run/mesh-router/vm.sock", or "off""#
        ]],
    );
    refused(
        "[discovery]\nsources = [\"config\"]\npackage = \"unix:/run/vm.sock\"\n",
        &expect![[
            r#"mesh-router.toml:2:11: "discovery.package" is set (mesh-router.toml:3:11), and "package" is not among the sources"#
        ]],
    );
    refused(
        "[admin]\nlisten = \"unix:/run/a.sock\"\n[discovery]\npackage = \"unix:/run/a.sock\"\n",
        &expect![[
            r#"mesh-router.toml:4:11: unix:/run/a.sock is asked for twice, also by "admin.listen" (mesh-router.toml:2:10)"#
        ]],
    );
}

#[test]
fn to_a_vm_that_started_it_standard_output_is_no_place_for_the_access_log() {
    let mut written = written("");
    written.is_child = true;
    assert_eq!(check(&written).unwrap().access, Access::Off);
    let mut written = self::written("[log]\naccess = \"stderr\"\n");
    written.is_child = true;
    assert_eq!(check(&written).unwrap().access, Access::Stderr);
    let mut written = self::written("[log]\naccess = \"stdout\"\n");
    written.is_child = true;
    expect!["mesh-router.toml:2:10: standard output carries messages to the VM here, write stderr, off or a file's path"].assert_eq(&check(&written).unwrap_err().to_string());
}

#[test]
fn nodes_that_cannot_be_meant_are_refused() {
    refused(
        "[discovery]\nnodes = [\"auth\", \"a b@c\", \"auth@host:0\"]\n",
        &expect![[r#"
            mesh-router.toml:2:10: a node's name is written name@host, not "auth", or "none"
            mesh-router.toml:2:18: a node's name has no white space, as "a b@c" does, or "none"
            mesh-router.toml:2:27: "0" is no port from 1 to 65535, or "none""#]],
    );
    refused(
        "[discovery]\nnods = [\"auth@host\"]\n",
        &expect![[
            r#"mesh-router.toml:2:1: unknown key "nods" in [discovery], did you mean "nodes"?"#
        ]],
    );
    refused(
        "[discovery]\nepmd = [\"auth@host\"]\n",
        &expect![[
            r#"mesh-router.toml:2:9: "auth@host" is no host, such as "app.internal" or "10.0.0.5:4369", or "none""#
        ]],
    );
    refused(
        "[discovery]\nquery = \"a b\"\nnames = \"acme@*\"\nfollow = \"maybe\"\n",
        &expect![[r#"
            mesh-router.toml:2:9: "a b" is no DNS name, such as "app.internal", or "none"
            mesh-router.toml:3:9: "acme@*": a pattern is for what stands before the @, such as "acme-*"
            mesh-router.toml:4:10: unknown word "maybe", known: "true", "false""#]],
    );
    refused(
        "[discovery]\nforget = \"10\"\nname = \"gateway\"\n",
        &expect![[r#"
            mesh-router.toml:2:10: "10" has no unit, write it like "10s" (ms, s, m, h, d)
            mesh-router.toml:3:8: a node's name is written name@host, not "gateway", or "auto""#]],
    );
    refused(
        "[discovery]\nsources = [\"nodes\"]\n",
        &expect![[
            r#"mesh-router.toml:2:12: unknown word "nodes", did you mean "node"? known: "config", "release", "node", "package""#
        ]],
    );
    refused(
        "[discovery]\nsources = [\"config\"]\nnodes = [\"auth@host\"]\n",
        &expect![[
            r#"mesh-router.toml:2:11: nodes are named (mesh-router.toml:3:10), and "node" is not among the sources"#
        ]],
    );
    refused(
        "[discovery.tls]\ncert = \"cert.pem\"\n",
        &expect![[r#"mesh-router.toml:2:8: [discovery.tls] needs "key" besides"#]],
    );
    refused(
        "[discovery.tls]\ncert = \"a\"\nkey = \"b\"\n",
        &expect![[r#"mesh-router.toml:2:8: [discovery.tls] needs "ca" besides"#]],
    );
    refused(
        "[discovery.tls]\ncrt = \"a\"\n",
        &expect![[
            r#"mesh-router.toml:2:1: unknown key "crt" in [discovery.tls], did you mean "cert"?"#
        ]],
    );
    refused(
        "[discovery]\ntls = \"a\"\ntsl = \"b\"\n",
        &expect![[r#"
        mesh-router.toml:2:7: "discovery.tls" is a section, write [discovery.tls]
        mesh-router.toml:3:1: unknown key "tsl" in [discovery]"#]],
    );
}

#[test]
fn a_flag_makes_nodes_a_source() {
    let flag = ("discovery.nodes", "--node", vec!["auth@host".to_owned()]);
    let config = check(&Written {
        flags: vec![flag],
        ..written("[discovery]\nsources = []\n")
    });
    assert!(config.unwrap().nodes.is_some());
}

#[test]
fn otp_says_where_epmd_listens() {
    let port = |said: &str| {
        let environment = Environment::from([("ERL_EPMD_PORT", said)]);
        let written = Written {
            environment: Some(&environment),
            ..written("[discovery]\nepmd = [\"web1\"]\n")
        };
        check(&written).map(|it| it.nodes.unwrap().following.epmd[0].to_string())
    };
    assert_eq!(port("4370").unwrap(), "web1:4370");
    assert_eq!(
        port("x").unwrap_err().to_string(),
        "ERL_EPMD_PORT: this is OTP's variable for EPMD's port, and is no port"
    );
}

#[test]
fn every_key_of_the_workers_can_be_written() {
    let settings = config(WHOLE).settings(Mode::Production);
    assert_eq!(settings.health_path.as_deref(), Some("/.mesh-router/ready"));
    assert_eq!(settings.forwarded_proto, ForwardedProto::Https);
    assert!(settings.proxy_protocol);
    assert_eq!(settings.prefer, Prefer::Local);
    assert!(
        settings
            .trusted_proxies
            .contains("10.1.2.3".parse().unwrap())
    );
    assert!(
        !settings
            .trusted_proxies
            .contains("127.0.0.1".parse().unwrap())
    );
    expect![[r#"
        Limits {
            head: 32768,
            headers: 50,
            uri: 8192,
            body: Some(
                67108864,
            ),
            connections: 1000,
            connections_per_client: Some(
                50,
            ),
            in_flight: Some(
                300,
            ),
            held: 20,
            upgrades: Some(
                30,
            ),
            services: 10,
        }
    "#]]
    .assert_debug_eq(&settings.limits);
    expect![[r#"
        Timeouts {
            head: 1s,
            body: 2s,
            connect: 100ms,
            response: Some(
                300s,
            ),
            idle: 3s,
            upstream_idle: Some(
                3s,
            ),
            stream_idle: Some(
                3600s,
            ),
            websocket_idle: None,
            hold: 6s,
            hold_restart: 6s,
            shutdown_delay: 5s,
            drain: 0ns,
        }
    "#]]
    .assert_debug_eq(&settings.timeouts);
}

#[test]
fn routes_can_be_written() {
    let routes = config(WHOLE).fixed;
    let shown: Vec<_> = routes
        .iter()
        .map(|it| (it.host.as_str(), it.subdomains, it.origin.to_string()))
        .collect();
    // A key that is added above moves them.
    let place = |heading: &str| {
        let above = WHOLE.lines().position(|line| line == heading).unwrap();
        format!("mesh-router.toml:{}", above + 1)
    };
    let at = place("[routes.\"Auth.Example.com.\"]");
    let auth = ("auth.example.com", Subdomains::Any, at);
    let at = place("[routes.\"billing.example.com\"]");
    let billing = ("billing.example.com", Subdomains::None, at);
    assert_eq!(shown, [auth, billing]);
    let targets: Vec<_> = routes.iter().map(|route| &route.target).collect();
    let addresses = vec![
        Address::Tcp("[::1]:4002".parse().unwrap()),
        Address::Unix("/run/billing.sock".into()),
    ];
    assert_eq!(
        targets,
        [
            &StaticTarget::Endpoint("AuthWeb.Endpoint".to_owned()),
            &StaticTarget::Upstreams(addresses),
        ]
    );
}

#[test]
fn the_test_above_leaves_no_key_out() {
    let config = config(WHOLE);
    let unset = config
        .effective
        .iter()
        .filter(|setting| setting.place == Place::Default);
    assert_eq!(
        unset.map(|setting| setting.key).collect::<Vec<_>>(),
        [""; 0]
    );
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let environment = Environment::from([
        ("MESH_ROUTER_MODE", "development"),
        ("MESH_ROUTER_WORKERS", "2"),
        ("MESH_ROUTER_TRUSTED_PROXIES", "loopback, 10.0.0.0/8"),
        ("MESH_ROUTER_LIMITS_HEADERS", "7"),
        ("MESH_ROUTER_LOG_ACCESS", ""),
    ]);
    let mut written = written("workers = 1\nmode = \"production\"\n[limits]\nuri = \"1KiB\"\n");
    written.environment = Some(&environment);
    written.flags = vec![("workers", "--workers", vec!["3".to_owned()])];
    let config = check(&written).unwrap();
    let place = |key: &str| {
        config
            .effective
            .iter()
            .find(|it| it.key == key)
            .map(|it| it.place.to_string())
            .unwrap()
    };
    assert_eq!(
        (config.workers, place("workers")),
        (Some(3), "--workers".to_owned())
    );
    assert_eq!(place("mode"), "MESH_ROUTER_MODE");
    assert_eq!(config.mode, Some(Mode::Development));
    assert_eq!(place("limits.uri"), "mesh-router.toml:4:7");
    assert_eq!(place("limits.head"), "default");
    assert_eq!(
        place("log.access"),
        "default",
        "an empty variable is not set"
    );
    let settings = config.settings(Mode::Production);
    assert_eq!(settings.limits.headers, 7);
    let private = TrustedProxies::PRIVATE[0];
    assert_eq!(settings.trusted_proxies.0.last(), Some(&private));
}

#[test]
fn problems_of_flags_and_variables_name_them() {
    let environment = Environment::from([("MESH_ROUTER_TIMEOUTS_IDLE", "75")]);
    let written = Written {
        flags: vec![("listen", "--listen", vec!["localhost:4000".to_owned()])],
        environment: Some(&environment),
        ..Written::default()
    };
    expect![[r#"
        --listen: "localhost:4000" is not an address, write "127.0.0.1:4000", or "auto"
        MESH_ROUTER_TIMEOUTS_IDLE: "75" has no unit, write it like "10s" (ms, s, m, h, d)"#]]
    .assert_eq(&check(&written).unwrap_err().to_string());
}

#[test]
fn relative_paths_start_at_the_file() {
    let path = |text: &str| match config(text).access {
        Access::File(path) => path,
        other @ (Access::Off | Access::Stdout | Access::Stderr) => panic!("{other:?}"),
    };
    assert_eq!(
        path("[log]\naccess = \"./a.log\"").to_str(),
        Some("/srv/shop/./a.log")
    );
    assert_eq!(
        path("[log]\naccess = \"/var/log/a,b.log\"").to_str(),
        Some("/var/log/a,b.log")
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest() {
    refused(
        "lisen = [\"127.0.0.1:4000\"]\n",
        &expect![[r#"mesh-router.toml:1:1: unknown key "lisen", did you mean "listen"?"#]],
    );
    refused(
        "\n[limit]\nhead = \"1KiB\"\n",
        &expect![[r#"mesh-router.toml:2:2: unknown key "limit", did you mean "limits"?"#]],
    );
    refused(
        "[limits]\nheads = \"1KiB\"\n",
        &expect![[
            r#"mesh-router.toml:2:1: unknown key "heads" in [limits], did you mean "head"?"#
        ]],
    );
    refused(
        "[timeouts]\nuri = \"1KiB\"\n",
        &expect![[
            r#"mesh-router.toml:2:1: unknown key "uri" in [timeouts], it belongs in [limits]"#
        ]],
    );
    refused(
        "[log]\nmode = \"production\"\n",
        &expect![[
            r#"mesh-router.toml:2:1: unknown key "mode" in [log], it belongs at the top, before any [section]"#
        ]],
    );
    refused(
        "zebra = 1\n",
        &expect![[r#"mesh-router.toml:1:1: unknown key "zebra""#]],
    );
    refused(
        "[routes.\"a.test\"]\nendpoints = \"A.B\"\n",
        &expect![[
            r#"mesh-router.toml:2:1: unknown key "endpoints" of a route, did you mean "endpoint"?"#
        ]],
    );
}

#[test]
fn bad_values_are_refused_where_they_stand() {
    refused(
        "listen = [\"127.0.0.1:4000\", \":4001\"]\n",
        &expect![[
            r#"mesh-router.toml:1:29: ":4001" is not an address, write "127.0.0.1:4001", or "auto""#
        ]],
    );
    refused(
        "listen = 4000\n",
        &expect![[
            r#"mesh-router.toml:1:10: "4000" is not an address, write "127.0.0.1:4000", or "auto""#
        ]],
    );
    refused(
        "listen = [\"auto\", \"127.0.0.1:1\"]\n",
        &expect![[r#"mesh-router.toml:1:19: "auto" stands alone, or leave it out"#]],
    );
    refused(
        "workers = 0\n",
        &expect![[r#"mesh-router.toml:1:11: "0" is not a whole number of at least 1, or "auto""#]],
    );
    refused(
        "workers = []\n",
        &expect![[r#"mesh-router.toml:1:11: "workers" has no value"#]],
    );
    refused(
        "[doctor]\nignore = [\"host-local\", \"url-bypass-gateway\"]\n",
        &expect![[
            r#"mesh-router.toml:2:25: unknown code "url-bypass-gateway", did you mean "url-bypasses-gateway"?"#
        ]],
    );
    refused(
        "[doctor]\nignore = \"zzz\"\n",
        &expect![[r#"mesh-router.toml:2:10: unknown code "zzz", docs/findings.md has them all"#]],
    );
    refused(
        "mode = \"prod\"\n",
        &expect![[
            r#"mesh-router.toml:1:8: unknown word "prod", did you mean "production"? known: "auto", "development", "production""#
        ]],
    );
    refused(
        "mode = [\"auto\", \"production\"]\n",
        &expect![[r#"mesh-router.toml:1:17: "mode" has one value only"#]],
    );
    refused(
        "trusted_proxies = [\"localnet\", \"lopback\"]\n",
        &expect![[r#"
            mesh-router.toml:1:20: "localnet" is not a network, such as "10.0.0.0/8" or "loopback"
            mesh-router.toml:1:32: unknown network "lopback", did you mean "loopback"?"#]],
    );
}

#[test]
fn bad_values_in_sections_are_refused_where_they_stand() {
    refused(
        "[timeouts]\n  head = 10\n  idle = \"1 min\"\n  body = \"0s\"\n",
        &expect![[r#"
            mesh-router.toml:2:10: "10" has no unit, write it like "10s" (ms, s, m, h, d)
            mesh-router.toml:3:10: unknown unit "min", did you mean "1m"?
            mesh-router.toml:4:10: "0s" leaves no time at all"#]],
    );
    refused(
        "[limits]\nhead = \"64kib\"\nuri = \"1B\"\nheaders = -1\n",
        &expect![[r#"
            mesh-router.toml:2:8: unknown unit "kib", did you mean "64KiB"?
            mesh-router.toml:3:7: "1B" is less than 256B
            mesh-router.toml:4:11: "-1" is not a whole number of at least 1"#]],
    );
    refused(
        "[log]\naccess = \"sdtout\"\n",
        &expect![[
            r#"mesh-router.toml:2:10: unknown destination "sdtout", did you mean "stdout"?"#
        ]],
    );
    refused(
        "[health]\npath = \"ready\"\n",
        &expect![[r#"mesh-router.toml:2:8: "ready" does not start with "/""#]],
    );
    refused(
        "[defaults]\nsubdomains = \"all\"\n",
        &expect![[r#"mesh-router.toml:2:14: unknown word "all", known: "one", "any", "none""#]],
    );
    refused(
        "[defaults]\nprefer = \"here\"\n",
        &expect![[r#"mesh-router.toml:2:10: unknown word "here", known: "any", "local""#]],
    );
    refused(
        "log = \"stdout\"\n",
        &expect![[r#"mesh-router.toml:1:7: "log" is a section, write [log]"#]],
    );
    refused(
        "[mode]\nx = 1\n",
        &expect!["mesh-router.toml:1:1: a value is expected here, found a table"],
    );
}

#[test]
fn admin_is_for_this_machine_alone() {
    refused(
        "[admin]\nlisten = \"0.0.0.0:9900\"\n",
        &expect![[
            r#"mesh-router.toml:2:10: "0.0.0.0:9900" is open to other machines, and whoever reaches the admin listener may ask for anything; write a loopback address such as "127.0.0.1:9900", or "unix:/path" (for probes from elsewhere there is [health] listen), or "off""#
        ]],
    );
    refused(
        "[admin]\nlisten = \"9900\"\n",
        &expect![[
            r#"mesh-router.toml:2:10: "9900" is not an address, write "127.0.0.1:9900", or "off""#
        ]],
    );
    refused(
        "[admin]\nlisten = \"no\"\n",
        &expect![[
            r#"mesh-router.toml:2:10: "no" is not an address, such as "127.0.0.1:4000" or "unix:/path", or "off""#
        ]],
    );
    for address in [
        "127.0.0.2:0",
        "[::1]:9900",
        "[::ffff:127.0.0.1]:9900",
        "unix:a.sock",
    ] {
        let config = config(&format!("[admin]\nlisten = \"{address}\"\n"));
        assert!(config.admin.is_some_and(|it| it.is_asked()), "{address}");
    }
    assert_eq!(config("[admin]\nlisten = \"off\"\n").admin, None);
    let usual = config("").admin.unwrap();
    assert_eq!(usual.address.to_string(), "127.0.0.1:9900");
    assert!(!usual.is_asked());
}

#[test]
fn one_address_has_one_listener() {
    refused(
        "listen = \"127.0.0.1:4000\"\n[admin]\nlisten = \"127.0.0.1:4000\"\n[health]\nlisten = \
         \"127.0.0.1:4000\"\n",
        &expect![[r#"
            mesh-router.toml:3:10: 127.0.0.1:4000 is asked for twice, also by "listen" (mesh-router.toml:1:10)
            mesh-router.toml:5:10: 127.0.0.1:4000 is asked for twice, also by "listen" (mesh-router.toml:1:10)"#]],
    );
    config("listen = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n");
    // Admin's usual address is given up where something else asks for it.
    config("listen = \"127.0.0.1:9900\"\n");
}

#[test]
fn bad_routes_are_refused_where_they_stand() {
    refused(
        "[routes.\"a.test\"]\nendpoint = \"A.B\"\n[routes.\"A.test.\"]\nendpoint = \"A.C\"\n",
        &expect![[
            r#"mesh-router.toml:3:9: duplicate host "a.test", it stands at mesh-router.toml:1:9 already"#
        ]],
    );
    refused(
        "[routes.\"*.a.test\"]\nendpoint = \"A.B\"\n",
        &expect![[
            r#"mesh-router.toml:1:9: "*.a.test" has a wildcard, write [routes."a.test"] with subdomains = "one""#
        ]],
    );
    refused(
        "[routes.\"http://a.test/x\"]\nendpoint = \"A.B\"\n",
        &expect![[
            r#"mesh-router.toml:1:9: "http://a.test/x" is a URL, write the host alone: "a.test""#
        ]],
    );
    refused(
        "[routes.\"a.test:4000\"]\nendpoint = \"A.B\"\n",
        &expect![[
            r#"mesh-router.toml:1:9: "a.test:4000" has a port, write the host alone: "a.test""#
        ]],
    );
    refused(
        "[routes.auth.local]\nendpoint = \"A.B\"\n",
        &expect![[r#"mesh-router.toml:1:14: quote a host with dots: [routes."auth.local"]"#]],
    );
    refused(
        "[routes.\"a.test\"]\nendpoint = \"auth_web\"\n",
        &expect![[
            r#"mesh-router.toml:2:12: "auth_web" is not a module, such as "AuthWeb.Endpoint""#
        ]],
    );
    refused(
        "[routes.\"a.test\"]\nsubdomains = \"one\"\n",
        &expect![[
            r#"mesh-router.toml:1:9: the route of "a.test" leads nowhere, add endpoint = "MyWeb.Endpoint" or upstreams = ["127.0.0.1:4001"]"#
        ]],
    );
    refused(
        "[routes.\"a.test\"]\nendpoint = \"A.B\"\nupstreams = [\"127.0.0.1:1\"]\n",
        &expect![[
            r#"mesh-router.toml:1:9: a route has either "endpoint" or "upstreams", not both"#
        ]],
    );
    refused(
        "[routes.\"a.test\"]\nupstreams = [\"0.0.0.0:1\", \"127.0.0.1:0\", \"127.0.0.1:1\", \"127.0.0.1:1\", \"auth:4001\"]\n",
        &expect![[r#"
            mesh-router.toml:2:14: "0.0.0.0:1" means every address, write the one to connect to
            mesh-router.toml:2:27: "127.0.0.1:0" has port 0, which nothing listens on
            mesh-router.toml:2:57: "127.0.0.1:1" is listed twice
            mesh-router.toml:2:72: "auth:4001" is not an address: a name is not looked up, write its IP"#]],
    );
    refused(
        "[routes.\"a.test\"]\nupstreams = []\n",
        &expect![[r#"mesh-router.toml:2:13: "upstreams" is empty"#]],
    );
    refused(
        "routes = 1\n",
        &expect![[r#"mesh-router.toml:1:10: write routes as [routes."host"] tables"#]],
    );
}

#[test]
fn broken_toml_is_refused_where_it_breaks() {
    refused(
        "listen = [\"127.0.0.1:4000\"\nworkers = 2\n",
        &expect!["mesh-router.toml:2:1: missing comma between array elements, expected `,`"],
    );
    refused(
        "workers = 1\nworkers = 2\n",
        &expect![[r#"mesh-router.toml:2:1: "workers" is written twice"#]],
    );
    refused(
        "# ä\n\tmode = \"ä\n",
        &expect![[r#"mesh-router.toml:2:11: invalid basic string, expected `"`"#]],
    );
}

#[test]
fn columns_count_characters() {
    let text = "[log]\naccess = \"off\" # ä\n[\"täbles\"]\n";
    refused(
        text,
        &expect![[r#"mesh-router.toml:3:2: unknown key "täbles""#]],
    );
    let Err(Problems(found)) = check(&written("defaults = { \"ä\" = 1, x = 2 }\n")) else {
        panic!("accepted");
    };
    let columns: Vec<_> = found
        .iter()
        .map(|problem| problem.place.order().3)
        .collect();
    assert_eq!(columns, [14, 23]);
}

#[test]
fn a_misspelt_variable_is_refused_and_kubernetes_own_are_not() {
    let environment = Environment::from([
        ("MESH_ROUTER_LISEN", "127.0.0.1:4000"),
        ("MESH_ROUTER_ADMIN_SERVICE_HOST", "10.0.0.8"),
        ("MESH_ROUTER_ADMIN_PORT_9900_TCP_ADDR", "10.0.0.8"),
        ("MESH_ROUTER_HEALTH_PORT", "4010"),
    ]);
    let written = Written {
        environment: Some(&environment),
        ..Written::default()
    };
    let Problems(found) = check(&written).err().unwrap();
    let names: Vec<String> = found.iter().map(|it| it.place.to_string()).collect();
    assert_eq!(names, ["MESH_ROUTER_HEALTH_PORT", "MESH_ROUTER_LISEN"]);
    assert!(
        found[1]
            .to_string()
            .ends_with("did you mean MESH_ROUTER_LISTEN?")
    );
}
