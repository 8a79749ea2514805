//! `run --package`: the gateway of the VM that starts it.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    process::{Child, ExitStatus},
};

use e2e::{Client, Launch, Upstream, eventually, tool, upstream::text};
use erlterm::Term;
use tempfile::TempDir;

use super::{Vm, endpoint, frame, framed, hosts};

/// A gateway, and the VM that started it.
struct Started {
    vm: Vm,
    child: Child,
    /// Where the VM's project is.
    root: TempDir,
}

impl Started {
    /// Starts a gateway that has heard nothing yet.
    #[track_caller]
    fn silent() -> Self {
        let root = TempDir::new().unwrap();
        let launch = Launch::new(["run", "--package"]).within(root.path());
        let mut child = launch.piped();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            vm: Vm::new(input, output),
            child,
            root,
        }
    }

    /// Says hello with these settings and waits until it listens; returns the first port.
    #[track_caller]
    fn listening(&mut self, settings: &str) -> u16 {
        self.hello(
            "<<\"dev\">>",
            &format!("{{port,0}},{{admin,[{{listen,false}}]}}{settings}"),
        );
        let listening = self.vm.hears("listening", |_| true);
        let first = listening[0].as_list().unwrap()[0].as_str().unwrap();
        let (_, port) = first.rsplit_once(':').unwrap();
        port.parse().unwrap()
    }

    #[track_caller]
    fn hello(&mut self, env: &str, settings: &str) {
        let root = self.root.path().display().to_string();
        self.vm.say(&format!(
            "{{hello,1,#{{package=><<\"0.1.0\">>,node=>nil,os_pid=>{},env=>{env},\
             root=><<\"{root}\">>,settings=>[{settings}]}}}}",
            std::process::id()
        ));
    }

    #[track_caller]
    fn signal(&self, name: &str) {
        tool::signal(self.child.id(), name);
    }

    /// Waits for the process's end, and returns what it said on standard error.
    #[track_caller]
    fn ended(mut self) -> (ExitStatus, String) {
        let status = eventually("the gateway's end", || self.child.try_wait().unwrap());
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (status, said)
    }

    /// Waits until it says that it can't start: the status that it tells and ends with, and why.
    #[track_caller]
    fn fails(self) -> (i64, String) {
        let last = self.vm.ends().expect("a last message");
        let rest = super::rest(&last, "failed").unwrap_or_else(|| panic!("{last}"));
        let told = (
            rest[0].as_integer().unwrap(),
            rest[1].as_str().unwrap().to_owned(),
        );
        let (status, said) = self.ended();
        assert_eq!(status.code().map(i64::from), Some(told.0));
        assert_eq!(said, "");
        told
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(port: u16, host: &str) -> e2e::Message {
    Client::connect(([127, 0, 0, 1], port).into()).get(host, "/")
}

#[test]
fn nobody_is_told_404_while_the_first_report_is_on_its_way() {
    let mut started = Started::silent();
    let settings = "{port,0},{admin,[{listen,false}]}";
    started.hello("<<\"dev\">>", settings);
    let vm = &mut started.vm;
    vm.report(1, &[endpoint("ShopWeb.Endpoint", "shop.example.org", 1)]);
    // The first table that is shown has it.
    let routes = vm.hears("routes", |_| true);
    assert_eq!(hosts(&routes), ["shop.example.org", "shop.localhost"]);
    vm.is_applied(1);
}

#[test]
fn what_the_vm_reports_is_served_and_counted() {
    let upstream = Upstream::answering(text("hello from the VM"));
    let mut started = Started::silent();
    let port = started.listening(",{timeouts,[{hold,0}]}");
    let vm = &mut started.vm;
    let welcome = vm.hears("welcome", |_| true);
    assert_eq!(welcome[0], Term::Integer(1));
    assert!(
        welcome[1]
            .to_string()
            .contains(&started.child.id().to_string())
    );
    // One port for both families.
    let listening = vm.hears("listening", |_| true);
    let both = [format!("127.0.0.1:{port}"), format!("[::1]:{port}")];
    assert!(
        listening[0]
            .as_list()
            .unwrap()
            .iter()
            .all(|it| both.contains(&it.as_str().unwrap().to_owned()))
    );
    vm.hears("routes", |routes| hosts(routes).is_empty());
    vm.report(
        1,
        &[endpoint(
            "ShopWeb.Endpoint",
            "shop.example.org",
            upstream.port(),
        )],
    );
    vm.is_applied(1);
    assert_eq!(get(port, "shop.example.org").text(), "hello from the VM");
    // Mix runs it in dev, on loopback: a name of its own besides.
    assert_eq!(get(port, "shop.localhost").text(), "hello from the VM");
    vm.hears("routes", |routes| {
        hosts(routes) == ["shop.example.org", "shop.localhost"]
    });
    vm.hears("counts", |counts| {
        let counted = "%{requests: 2, errors: 0, websockets: 0}";
        counts[0].to_string().contains(counted)
    });
    let log = vm.hears("log", |log| log[2].as_str() == Some("started"));
    assert_eq!(log[0].as_atom(), Some("info"));
    let mode = Term::Tuple(vec![Term::text("mode"), Term::text("development")]);
    assert!(log[3].as_list().unwrap().contains(&mode), "{log:?}");
    // A report without a difference is told to be applied as well.
    vm.report(
        2,
        &[endpoint(
            "ShopWeb.Endpoint",
            "shop.example.org",
            upstream.port(),
        )],
    );
    vm.is_applied(2);
    vm.report(3, &[]);
    vm.is_applied(3);
    assert_eq!(get(port, "shop.example.org").status(), 503);
    vm.hears("counts", |counts| {
        counts[0].to_string().contains("errors: 1")
    });
}

/// A gateway with these settings, and a request under way in an app that never answers.
fn asking(settings: &str) -> (Started, Client, Upstream) {
    let upstream = Upstream::play(|connection| {
        connection.request();
        connection.wire.rest();
    });
    let mut started = Started::silent();
    let port = started.listening(settings);
    let endpoint = endpoint("ShopWeb.Endpoint", "shop.example.org", upstream.port());
    started.vm.report(1, &[endpoint]);
    started.vm.is_applied(1);
    let mut client = Client::connect(([127, 0, 0, 1], port).into());
    client.send("GET / HTTP/1.1\r\nHost: shop.example.org\r\n\r\n");
    upstream.wait_for(1);
    (started, client, upstream)
}

#[test]
fn its_input_ends_and_so_does_it() {
    // A request under way is not waited for: who would answer it has ended too.
    let (mut started, _client, _upstream) = asking("");
    started.vm.output = Box::new(std::io::sink());
    let (status, said) = started.ended();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn it_ends_when_the_vm_says_that_it_stops() {
    let mut started = Started::silent();
    started.listening("");
    started.vm.say("bye");
    assert_eq!(started.ended().0.code(), Some(0));
}

#[test]
fn a_signal_ends_it_in_order_and_the_vm_hears_of_it() {
    let mut started = Started::silent();
    started.listening("");
    started.signal("TERM");
    started
        .vm
        .hears("log", |log| log[2].as_str() == Some("stopped"));
    assert_eq!(started.ended().0.code(), Some(0));
}

#[test]
fn a_vm_that_is_gone_is_not_drained_for() {
    let (mut started, _client, _upstream) = asking(",{timeouts,[{drain,<<\"10m\">>}]}");
    started.signal("TERM");
    let vm = &mut started.vm;
    vm.hears("log", |log| log[2].as_str() == Some("stopping"));
    vm.output = Box::new(std::io::sink());
    assert_eq!(started.ended().0.code(), Some(0));
}

#[test]
fn without_mix_it_is_production() {
    let mut started = Started::silent();
    started.hello("nil", "{port,0},{admin,[{listen,false}]}");
    let log = started
        .vm
        .hears("log", |log| log[2].as_str() == Some("started"));
    let fields = log[3].to_string();
    assert!(fields.contains(r#"{"mode", "production"}"#), "{fields}");
    assert!(fields.contains("the VM runs without Mix"), "{fields}");
}

#[test]
fn mesh_router_toml_of_the_project_is_stronger_than_the_vms_settings() {
    let upstream = Upstream::answering(text("by hand"));
    let mut started = Started::silent();
    let toml = format!(
        "[limits]\nhead = \"1KiB\"\n[routes.\"fixed.test\"]\nupstreams = [\"{}\"]\n",
        upstream.address()
    );
    fs::write(started.root.path().join("mesh-router.toml"), toml).unwrap();
    // The project's own files are not read, whatever they say.
    fs::write(started.root.path().join("mix.exs"), "raise \"not read\"").unwrap();
    let port = started.listening(",{limits,[{head,<<\"64KiB\">>}]},{log,[{access,<<\"a.log\">>}]}");
    assert_eq!(get(port, "fixed.test").text(), "by hand");
    let long = format!(
        "GET / HTTP/1.1\r\nHost: fixed.test\r\nX: {}\r\n\r\n",
        "x".repeat(2000)
    );
    let mut client = Client::connect(([127, 0, 0, 1], port).into());
    assert_eq!(client.send(&long).response().status(), 431);
    // A reload reads the file again, and knows still what the VM said.
    let file = started.root.path().join("mesh-router.toml");
    let roomy = fs::read_to_string(&file).unwrap().replace("1KiB", "8KiB");
    fs::write(&file, roomy).unwrap();
    started.signal("HUP");
    started
        .vm
        .hears("log", |log| log[2].as_str() == Some("reloaded"));
    eventually("the other limit", || {
        let mut client = Client::connect(([127, 0, 0, 1], port).into());
        (client.send(&long).response().status() == 200).then_some(())
    });
    // Relative paths start at the project's root.
    let log = started.root.path().join("a.log");
    eventually("access lines", || {
        let lines = fs::read_to_string(&log).ok()?;
        lines.contains("fixed.test").then_some(())
    });
}

#[test]
fn settings_that_cannot_be_used_are_told_with_status_2() {
    let mut started = Started::silent();
    started.hello("<<\"dev\">>", "{portt,4000}");
    let why = "config :ex_service_mesh_router: unknown key \"portt\", did you mean \"port\"?";
    assert_eq!(started.fails(), (2, why.to_owned()));
    let mut started = Started::silent();
    started.hello("<<\"dev\">>", "{port,0},{log,[{access,stdout}]}");
    let (status, why) = started.fails();
    assert_eq!(status, 2);
    assert!(why.contains("standard output carries messages"), "{why}");
}

#[test]
fn a_port_that_is_taken_is_told_with_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut started = Started::silent();
    started.hello(
        "<<\"dev\">>",
        &format!("{{listen,<<\"127.0.0.1:{port}\">>}},{{admin,[{{listen,false}}]}}"),
    );
    let (status, why) = started.fails();
    assert_eq!(status, 1);
    assert!(
        why.starts_with(&format!("127.0.0.1:{port} is taken by ")),
        "{why}"
    );
}

#[test]
fn what_is_no_hello_is_refused_with_why() {
    let too_long = u32::MAX.to_be_bytes();
    let refused: [(&[u8], &str); 5] = [
        (
            &frame("{hello,99,#{}}"),
            "the VM speaks version 99 of the protocol, this gateway version 1",
        ),
        (&frame("{report,1,[]}"), "the first message is hello"),
        (
            &framed(b"GET / HTTP/1.1\r\n\r\n"),
            "the frame is no term: a term begins with 131, not with 71",
        ),
        (&too_long, "a frame of 4294967295 bytes was announced"),
        (
            &frame("{hello,1,#{os_pid=>x}}"),
            "`os_pid` in hello is no integer",
        ),
    ];
    for (bytes, why) in refused {
        let mut started = Started::silent();
        started.vm.send(bytes).unwrap();
        let said = started.vm.is_refused();
        assert!(said.starts_with(why), "{said}");
        let (status, stderr) = started.ended();
        assert_eq!((status.code(), stderr.as_str()), (Some(1), ""));
    }
}

#[test]
fn a_vm_that_turns_unreadable_is_refused_and_the_gateway_ends() {
    let mut started = Started::silent();
    started.listening("");
    started.vm.send(&framed(&[131, 200])).unwrap();
    assert_eq!(
        started.vm.is_refused(),
        "the frame is no term: the tag 200 is not known"
    );
    assert_eq!(started.ended().0.code(), Some(1));
}

/// It would wait for ever for a VM that it does not hear any more.
#[test]
fn a_vm_that_is_refused_later_on_takes_the_gateway_with_it() {
    let mut started = Started::silent();
    started.listening("");
    started.hello("<<\"dev\">>", "");
    assert!(started.vm.is_refused().contains("hello comes once"));
    started.ended();
}

#[test]
fn nobody_at_standard_input_is_told_what_the_flag_is_for() {
    let mut child = Launch::new(["run", "--package"]).piped();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--package is for the Hex package"), "{said}");
    // The VM says where its project is.
    let both = Launch::new(["run", "--package", "--root", "."]).end();
    assert_eq!(both.code, Some(2));
    assert!(
        both.stderr.contains("cannot be used with"),
        "{}",
        both.stderr
    );
}

#[test]
fn a_vm_that_does_not_read_holds_up_nobody() {
    let upstream = Upstream::answering(text("served"));
    let root = TempDir::new().unwrap();
    let mut child = Launch::new(["run", "--package"])
        .env("MESH_ROUTER_LOG", "debug")
        .within(root.path())
        .piped();
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    // Nobody reads what the gateway says: its standard output fills up.
    let mut vm = Vm::new(child.stdin.take().unwrap(), std::io::empty());
    vm.say(&format!(
        "{{hello,1,#{{os_pid=>1,settings=>[{{listen,<<\"127.0.0.1:{port}\">>}},{{admin,[{{listen,false}}]}}]}}}}"
    ));
    let last = 3000;
    for seq in 1..=last {
        let host = format!("shop{seq}.example.org");
        vm.report(seq, &[endpoint("ShopWeb.Endpoint", &host, upstream.port())]);
    }
    let host = format!("shop{last}.example.org");
    eventually("the last report in force", || {
        let address = ([127, 0, 0, 1], port).into();
        std::net::TcpStream::connect(address).ok()?;
        let answer = Client::connect(address).get(&host, "/");
        (answer.status() == 200).then_some(())
    });
    drop(vm);
    eventually("the gateway's end", || child.try_wait().unwrap());
    assert!(child.stdout.is_some());
}
