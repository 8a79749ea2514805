//! `[discovery] package`: VMs that connect to a gateway that runs by itself.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::PathBuf,
};

use e2e::{Client, Gateway, Launch, Message, Upstream, eventually, tool, upstream::text};
use serde_json::Value;
use tempfile::TempDir;

use super::{Vm, endpoint, frame, framed, hosts};

/// A gateway with a door for VMs, and an admin listener.
pub(super) struct Attached {
    gateway: Gateway,
    folder: TempDir,
}

impl Attached {
    /// Starts one; `tables` are further lines of its `mesh-router.toml`.
    #[track_caller]
    pub(super) fn start(tables: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = config(&folder, "vm.sock", tables);
        let gateway = Launch::configured(&config).with_admin().start();
        let line = gateway.logged("listening for VMs");
        assert!(line.contains("vm.sock"), "{line}");
        Self { gateway, folder }
    }

    /// The door's path.
    pub(super) fn path(&self) -> String {
        self.folder.path().join("vm.sock").display().to_string()
    }

    /// A VM that has connected and said nothing.
    #[track_caller]
    fn connect(&self) -> Vm {
        let stream = UnixStream::connect(self.path()).unwrap();
        Vm::new(stream.try_clone().unwrap(), stream)
    }

    /// A VM of that name that is welcome.
    #[track_caller]
    fn hello(&self, name: &str) -> Vm {
        let mut vm = self.connect();
        let pid = std::process::id();
        vm.say(&format!(
            "{{hello,1,#{{node=><<\"{name}\">>,os_pid=>{pid}}}}}"
        ));
        vm.hears("welcome", |_| true);
        vm
    }

    #[track_caller]
    pub(super) fn get(&self, host: &str) -> Message {
        self.gateway.get(host, "/")
    }

    /// What admin answers.
    #[track_caller]
    fn ask(&self, path: &str) -> Message {
        let admin = self.folder.path().join("admin.sock");
        let answer = Client::connect_unix(&admin).get("localhost", path);
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        answer
    }

    #[track_caller]
    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.ask(path).text()).unwrap()
    }

    /// The codes of the running table's findings.
    #[track_caller]
    pub(super) fn codes(&self) -> Vec<String> {
        let routes = self.json("/api/v1/routes");
        let findings = routes["findings"].as_array().unwrap().iter();
        let mut codes: Vec<String> = findings
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect();
        codes.sort();
        codes
    }

    /// The state of the only upstream of a host.
    #[track_caller]
    fn state(&self, host: &str) -> String {
        let routes = self.json("/api/v1/routes");
        let mut routes = routes["routes"].as_array().unwrap().iter();
        let route = routes.find(|route| route["host"] == host).expect(host);
        assert_eq!(route["source"], "package");
        route["upstreams"][0]["state"].as_str().unwrap().to_owned()
    }
}

fn config(folder: &TempDir, door: &str, tables: &str) -> String {
    let path = |name: &str| folder.path().join(name).display().to_string();
    format!(
        "listen = [\"127.0.0.1:0\"]\nworkers = 2\n[timeouts]\nhold = \"0s\"\n[admin]\nlisten = \"unix:{}\"\n\
         [discovery]\nsources = [\"package\"]\npackage = \"unix:{}\"\n{tables}",
        path("admin.sock"),
        path(door)
    )
}

#[test]
fn of_vms_that_come_and_go_no_descriptor_is_left() {
    let attached = Attached::start("");
    let open = || {
        let files = fs::read_dir(format!("/proc/{}/fd", attached.gateway.pid()));
        files.unwrap().count()
    };
    let before = open();
    for _ in 0..20 {
        let mut vm = attached.connect();
        vm.say("{hello,2,#{}}");
        assert!(vm.is_refused().contains("version 2"));
        // Takes the place of the one before.
        let _vm = attached.hello("shop@127.0.0.1");
    }
    attached.hello("shop@127.0.0.1").say("bye");
    eventually("as many descriptors as before", || {
        (open() <= before).then_some(())
    });
}

#[test]
fn any_number_of_vms_report_and_each_goes_by_itself() {
    let (one, two) = (
        Upstream::answering(text("one")),
        Upstream::answering(text("two")),
    );
    let attached = Attached::start("");
    let mode = fs::metadata(attached.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(attached.get("one.test").status(), 404);
    let mut first = attached.hello("one@a");
    let mut second = attached.hello("two@a");
    first.report(1, &[endpoint("OneWeb.Endpoint", "one.test", one.port())]);
    second.report(1, &[endpoint("TwoWeb.Endpoint", "two.test", two.port())]);
    first.is_applied(1);
    second.is_applied(1);
    assert_eq!(attached.get("one.test").text(), "one");
    assert_eq!(attached.get("two.test").text(), "two");
    // Each hears of all routes, and of all requests.
    first.hears("routes", |routes| hosts(routes) == ["one.test", "two.test"]);
    second.hears("counts", |counts| {
        counts[0].to_string().contains("OneWeb.Endpoint")
    });
    let status = attached.json("/api/v1/status");
    let nodes = status["nodes"].as_array().unwrap();
    let shown = nodes.iter().map(|node| {
        assert_eq!(
            (&node["source"], &node["endpoints"]),
            (&"package".into(), &1.into())
        );
        format!(
            "{} {}",
            node["node"].as_str().unwrap(),
            node["state"].as_str().unwrap()
        )
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        ["one@a attached", "two@a attached"]
    );
    let sources = status["sources"].as_array().unwrap();
    assert!(sources.iter().any(|source| source["source"] == "package"));
    let metrics = attached.ask("/metrics").text();
    for line in [
        "mesh_router_nodes{state=\"attached\"} 2\n",
        "mesh_router_discovery_updates_total{source=\"package\",result=\"success\"} ",
        "mesh_router_discovery_last_success_timestamp_seconds{source=\"package\"} ",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    first.say("bye");
    assert!(first.ends().is_some());
    eventually("a 503", || {
        (attached.get("one.test").status() == 503).then_some(())
    });
    assert_eq!(attached.get("two.test").text(), "two");
    assert_eq!(attached.codes(), ["no-upstream"]);
}

#[test]
fn who_comes_later_hears_what_is_there_already() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let mut first = attached.hello("one@a");
    first.report(
        1,
        &[endpoint("OneWeb.Endpoint", "one.test", upstream.port())],
    );
    first.is_applied(1);
    assert_eq!(attached.get("one.test").status(), 200);
    first.hears("counts", |_| true);
    let late = attached.hello("late@a");
    late.hears("listening", |listening| {
        let port = attached.gateway.port();
        listening[0].to_string() == format!("[\"127.0.0.1:{port}\"]")
    });
    late.hears("routes", |routes| hosts(routes) == ["one.test"]);
    late.hears("counts", |counts| {
        counts[0].to_string().contains("requests: 1")
    });
}

#[test]
fn a_connection_that_ends_is_no_end_of_the_app() {
    let upstream = Upstream::answering(text("still here"));
    let attached = Attached::start("");
    let mut vm = attached.hello("shop@a");
    let report = [endpoint("ShopWeb.Endpoint", "shop.test", upstream.port())];
    vm.report(1, &report);
    vm.is_applied(1);
    assert_ne!(attached.state("shop.test"), "unconfirmed");
    // Our process goes on, so the VM may.
    let stream = UnixStream::connect(attached.path()).unwrap();
    let mut dying = Vm::new(stream.try_clone().unwrap(), stream.try_clone().unwrap());
    let pid = std::process::id();
    dying.say(&format!(
        "{{hello,1,#{{node=><<\"shop@a\">>,os_pid=>{pid}}}}}"
    ));
    dying.hears("welcome", |_| true);
    let why = "another VM said hello as shop@a and takes its place";
    assert_eq!(vm.is_refused(), why);
    dying.report(1, &report);
    dying.is_applied(1);
    assert_ne!(attached.state("shop.test"), "unconfirmed");
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    eventually("lost sight", || {
        (attached.state("shop.test") == "unconfirmed").then_some(())
    });
    assert_eq!(attached.get("shop.test").text(), "still here");
    assert_eq!(attached.codes(), ["vm-lost"]);
    // Under the same name it is back.
    let mut back = attached.hello("shop@a");
    assert_eq!(attached.state("shop.test"), "unconfirmed");
    back.report(1, &report);
    back.is_applied(1);
    assert_ne!(attached.state("shop.test"), "unconfirmed");
    assert_eq!(attached.codes(), [""; 0]);
}

#[test]
fn what_can_be_forgotten_is() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("forget = \"1s\"\n");
    let mut vm = attached.hello("shop@a");
    vm.report(
        1,
        &[endpoint("ShopWeb.Endpoint", "shop.test", upstream.port())],
    );
    vm.is_applied(1);
    vm.say("bye");
    eventually("a 404", || {
        (attached.get("shop.test").status() == 404).then_some(())
    });
}

#[test]
fn nonsense_is_refused_and_nobody_else_notices() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let mut good = attached.hello("good@a");
    good.report(
        1,
        &[endpoint("GoodWeb.Endpoint", "good.test", upstream.port())],
    );
    good.is_applied(1);
    let announced = 0x0080_0001_u32.to_be_bytes();
    let refused: [(&[u8], &str); 6] = [
        (
            &frame("{hello,99,#{}}"),
            "the VM speaks version 99 of the protocol, this gateway version 1",
        ),
        (&framed(&[1, 2, 3]), "the frame is no term"),
        (
            &framed(&[131, 80, 0, 0, 0, 9, 1]),
            "the frame is a compressed term",
        ),
        (
            &announced,
            "a frame of 8388609 bytes was announced, and at most 8388608 are taken",
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "a frame of 1195725856 bytes was announced",
        ),
        (&frame("{report,1,[]}"), "the first message is hello"),
    ];
    for (bytes, why) in refused {
        let mut bad = attached.connect();
        bad.send(bytes).unwrap();
        let said = bad.is_refused();
        assert!(said.starts_with(why), "{said}");
        attached.gateway.logged(why);
    }
    // The largest frame that is taken, in which nothing is to be taken.
    let mut huge = attached.connect();
    let mut term = vec![131, 109];
    term.extend(u32::try_from((8 << 20) - 6).unwrap().to_be_bytes());
    term.resize(8 << 20, b'x');
    huge.send(&framed(&term)).unwrap();
    assert!(huge.is_refused().starts_with("a message is an atom"));
    assert_eq!(attached.get("good.test").text(), "here");
    good.report(2, &[]);
    good.is_applied(2);
}

#[test]
fn a_vm_that_does_not_read_holds_up_nobody() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let stream = UnixStream::connect(attached.path()).unwrap();
    let mut deaf = Vm::new(stream, std::io::empty());
    deaf.say("{hello,1,#{node=><<\"deaf@a\">>,os_pid=>1}}");
    deaf.report(
        1,
        &[endpoint("DeafWeb.Endpoint", "deaf.test", upstream.port())],
    );
    let mut vm = attached.hello("shop@a");
    // More of a table each time than any socket takes that nobody reads.
    let padding = "x".repeat(60);
    for seq in 1..=200 {
        let hosts = (0..200).map(|at| format!("s{seq}x{at}.{padding}.test"));
        let module = |at| format!("Shop{at}Web.Endpoint");
        let endpoints = hosts
            .enumerate()
            .map(|(at, host)| endpoint(&module(at), &host, 4000));
        vm.report(seq, &endpoints.collect::<Vec<_>>());
    }
    vm.is_applied(200);
    assert_eq!(attached.get("deaf.test").text(), "here");
}

#[test]
fn a_reload_leaves_vms_alone_and_names_what_needs_a_restart() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let mut vm = attached.hello("shop@a");
    vm.report(
        1,
        &[endpoint("ShopWeb.Endpoint", "shop.test", upstream.port())],
    );
    vm.is_applied(1);
    let file: PathBuf = attached.gateway.folder().unwrap().join("mesh-router.toml");
    let tables = "[defaults]\nsubdomains = \"any\"\n";
    fs::write(&file, config(&attached.folder, "other.sock", tables)).unwrap();
    attached.gateway.signal("HUP");
    let line = attached.gateway.logged("it holds after a restart");
    assert!(line.contains("discovery.package"), "{line}");
    // What is reported already is read anew.
    eventually("the other policy", || {
        (attached.get("a.b.shop.test").status() == 200).then_some(())
    });
    vm.report(2, &[]);
    vm.is_applied(2);
}

#[test]
fn only_the_running_gateway_knows_what_vms_report() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let mut vm = attached.hello("shop@a");
    vm.report(
        1,
        &[endpoint("ShopWeb.Endpoint", "shop.test", upstream.port())],
    );
    vm.is_applied(1);
    let folder = attached.gateway.folder().unwrap();
    let command = |arguments: &[&str]| Launch::new(arguments).within(folder).end();
    let asked = command(&["routes", "--running", "--json"]).json();
    assert_eq!(asked["routes"][0]["host"], "shop.test");
    let explained = command(&["explain", "--running", "shop.test"]);
    assert!(
        explained.stdout.starts_with("shop.test → ShopWeb.Endpoint"),
        "{}",
        explained.stdout
    );
    let status = command(&["status"]);
    assert!(
        status.stdout.contains("shop@a  package  attached"),
        "{}",
        status.stdout
    );
    let read = command(&["routes"]);
    assert_eq!(read.code, Some(1));
    assert!(
        read.stderr.contains("mesh-router routes --running"),
        "{}",
        read.stderr
    );
    // That nothing is known here is no fault of the settings.
    assert_eq!(command(&["validate", "--strict"]).code, Some(0));
    assert_eq!(command(&["doctor"]).code, Some(0));
}

#[test]
fn the_socket_goes_with_the_gateway() {
    let mut attached = Attached::start("");
    let vm = attached.hello("shop@a");
    attached.gateway.signal("TERM");
    assert_eq!(attached.gateway.ended().code(), Some(0));
    assert!(vm.ends().is_some());
    assert!(!PathBuf::from(attached.path()).exists());
}

#[test]
fn vms_go_over_to_the_gateway_that_takes_the_place() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let mut vm = attached.hello("shop@a");
    let report = [endpoint("ShopWeb.Endpoint", "shop.test", upstream.port())];
    vm.report(1, &report);
    vm.is_applied(1);
    attached.gateway.signal("USR2");
    let line = attached.gateway.logged("successor accepts");
    let line: Value = serde_json::from_str(&line).unwrap();
    let successor = Killed(line["pid"].to_string());
    assert!(vm.ends().is_some());
    // It knows of the VM before that has connected again.
    assert_eq!(attached.get("shop.test").text(), "here");
    assert_eq!(attached.state("shop.test"), "unconfirmed");
    let mut vm = attached.hello("shop@a");
    let welcome = vm.hears("welcome", |_| true);
    assert!(
        welcome[1].to_string().contains(&successor.0),
        "{}",
        welcome[1]
    );
    vm.report(1, &report);
    vm.is_applied(1);
    assert_eq!(attached.get("shop.test").text(), "here");
    assert_ne!(attached.state("shop.test"), "unconfirmed");
}

/// As while its app restarts: what was known of it is known to the next gateway, and the one after.
#[test]
fn a_vm_that_is_away_is_known_to_each_gateway_that_takes_the_place() {
    let upstream = Upstream::answering(text("here"));
    let attached = Attached::start("");
    let mut vm = attached.hello("shop@a");
    vm.report(
        1,
        &[endpoint("ShopWeb.Endpoint", "shop.test", upstream.port())],
    );
    vm.is_applied(1);
    // A frame that is none has the gateway end the connection, without a word of the VM's.
    vm.send(&framed(b"none")).unwrap();
    assert!(vm.ends().is_some());
    let mut successors: Vec<Killed> = Vec::new();
    for seen in 0..2 {
        match successors.last() {
            None => attached.gateway.signal("USR2"),
            Some(Killed(pid)) => tool::signal(pid.parse().unwrap(), "USR2"),
        }
        let accepts = eventually("the next one", || {
            let lines = attached.gateway.stderr();
            let accepts = |line: &&String| line.contains("successor accepts");
            lines.iter().filter(accepts).nth(seen).cloned()
        });
        let line: Value = serde_json::from_str(&accepts).unwrap();
        successors.push(Killed(line["pid"].to_string()));
        assert_eq!(attached.get("shop.test").text(), "here", "{seen}");
    }
}

/// A process that ends with the test.
struct Killed(String);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = std::process::Command::new("kill")
            .args(["-9", &self.0])
            .output();
    }
}
