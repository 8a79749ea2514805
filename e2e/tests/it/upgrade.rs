//! Sockets that outlive a process: another binary takes over, and systemd hands sockets over.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram, UnixListener},
    },
    path::Path,
    process::Command,
    sync::{Mutex, mpsc},
};

use e2e::{
    Client, Gateway, Launch, Load, Message, PATIENCE, Upstream, eventually, tool, upstream::text,
};
use serde_json::Value;

/// A process that took a gateway's place; ends with the test.
pub(super) struct Successor(u64);

impl Successor {
    fn signal(&self, name: &str) {
        tool::signal(u32::try_from(self.0).unwrap(), name);
    }

    pub(super) fn is_running(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0));
        // A zombie runs no more; whoever reaps orphans here may take its time.
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        // Its number may be another's by now.
        if self.is_running() {
            let pid = self.0.to_string();
            let _ = Command::new("kill").args(["-9", &pid]).output();
        }
    }
}

/// Waits for the line of a message of which `seen` were there already.
#[track_caller]
fn logged(gateway: &Gateway, message: &str, seen: usize) -> Value {
    eventually(message, || {
        let lines = gateway.stderr().into_iter();
        let mut values = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let is_it = |value: &Value| value["message"] == message;
        values.by_ref().filter(is_it).nth(seen)
    })
}

/// Asks the gateway, or its successor, to be replaced; returns who replaces it.
#[track_caller]
pub(super) fn upgrade(
    gateway: &Gateway,
    predecessor: Option<&Successor>,
    seen: usize,
) -> Successor {
    match predecessor {
        Some(predecessor) => predecessor.signal("USR2"),
        None => gateway.signal("USR2"),
    }
    let line = logged(gateway, "successor accepts", seen);
    Successor(line["pid"].as_u64().expect("a process id"))
}

#[test]
fn no_request_fails_while_one_binary_after_the_other_takes_over() {
    let upstream = Upstream::answering(Load::answer());
    let gateway = Gateway::to(&upstream);
    let load = Load::on(gateway.address(), 4);
    let mut gateway = gateway;
    let mut last: Option<Successor> = None;
    for seen in 0..3 {
        let before = load.answered();
        let next = upgrade(&gateway, last.as_ref(), seen);
        match &last {
            Some(old) => eventually("the old one's end", || (!old.is_running()).then_some(())),
            None => assert_eq!(gateway.ended().code(), Some(0)),
        }
        last = Some(next);
        load.goes_on_after(before + 100);
    }
    load.end();
}

#[test]
fn the_old_process_finishes_what_it_began() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let upstream = Upstream::play(move |connection| {
        let Some(request) = connection.request() else {
            return;
        };
        if request.head.target() == "/slow" {
            wait.lock()
                .unwrap()
                .recv_timeout(PATIENCE)
                .expect("the upgrade is through");
        }
        connection.send(text("late"));
    });
    let mut gateway = Gateway::to(&upstream);
    let mut slow = gateway.connect();
    slow.send("GET /slow HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    upstream.wait_for(1);
    let _successor = upgrade(&gateway, None, 0);
    assert_eq!(gateway.get("auth.test", "/fast").status(), 200);
    // As systemd tells all processes of a service: it leaves already.
    gateway.signal("TERM");
    gateway.logged("told to stop");
    assert!(gateway.is_running(), "a request is in flight");
    go.send(()).unwrap();
    let answer = slow.response();
    assert_eq!(answer.text(), "late");
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(gateway.ended().code(), Some(0));
    assert_eq!(gateway.get("auth.test", "/fast").status(), 200);
}

#[test]
fn a_successor_that_ends_while_the_old_process_drains_is_told() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let upstream = Upstream::play(move |connection| {
        connection.request();
        let wait = wait.lock().unwrap();
        wait.recv_timeout(PATIENCE).expect("the word");
        connection.send(text("late"));
    });
    let mut gateway = Gateway::to(&upstream);
    let mut slow = gateway.connect();
    slow.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    upstream.wait_for(1);
    upgrade(&gateway, None, 0).signal("KILL");
    gateway.logged("nobody accepts any more");
    go.send(()).unwrap();
    assert_eq!(slow.response().text(), "late");
    assert_eq!(gateway.ended().code(), Some(1));
}

#[test]
fn a_binary_that_can_t_start_changes_nothing() {
    let upstream = Upstream::hello();
    let mut gateway = Gateway::to(&upstream);
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{config}\n[limts]\n")).unwrap();
    gateway.signal("USR2");
    let line = logged(&gateway, "upgrade failed, we go on", 0);
    assert!(line["error"].as_str().unwrap().contains("exit status: 2"));
    assert!(gateway.is_running());
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    // Once it is mended, it goes.
    fs::write(&file, config).unwrap();
    let _successor = upgrade(&gateway, None, 0);
    assert_eq!(gateway.ended().code(), Some(0));
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
}

#[test]
fn unix_sockets_and_the_admin_listener_go_along() {
    let upstream = Upstream::hello();
    let folder = tempfile::tempdir().unwrap();
    let (clients, admin) = (folder.path().join("c.sock"), folder.path().join("a.sock"));
    let listen = format!("listen = [\"127.0.0.1:0\", \"unix:{}\"]", clients.display());
    let tables = format!("[admin]\nlisten = \"unix:{}\"", admin.display());
    let config = Gateway::config_to(&upstream, "", &tables);
    let config = config.replace("listen = [\"127.0.0.1:0\"]", &listen);
    let mut gateway = Launch::configured(&config).with_admin().start();
    let successor = upgrade(&gateway, None, 0);
    assert_eq!(gateway.ended().code(), Some(0));
    let status = Client::connect_unix(&clients)
        .get("auth.test", "/")
        .status();
    assert_eq!(status, 200);
    let ready = Client::connect_unix(&admin).get("localhost", "/readyz");
    assert_eq!(ready.status(), 200);
    // The last one tidies up.
    successor.signal("TERM");
    eventually("its end", || (!successor.is_running()).then_some(()));
    assert!(!clients.exists() && !admin.exists());
}

fn ask(admin: &Path, what: &str) -> Message {
    let mut client = Client::connect_unix(admin);
    let service = if what == "reload" {
        ""
    } else {
        "?service=auth.test"
    };
    client.send(format!(
        "POST /api/v1/{what}{service} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    ));
    client.response()
}

/// Nobody is left to resume it, and who waits would wait for the whole drain.
#[test]
fn a_pause_ends_where_the_gateway_leaves() {
    let upstream = Upstream::hello();
    let folder = tempfile::tempdir().unwrap();
    let admin = folder.path().join("a.sock");
    let tables = format!(
        "[admin]\nlisten = \"unix:{}\"\n[timeouts]\ndrain = \"5s\"",
        admin.display()
    );
    let config = Gateway::config_to(&upstream, "", &tables);
    let mut gateway = Launch::configured(&config).with_admin().start();
    assert_eq!(ask(&admin, "pause").status(), 200);
    let mut waiting = gateway.connect();
    waiting.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    eventually("a request that waits", || {
        let mut client = Client::connect_unix(&admin);
        let metrics = client.get("localhost", "/metrics").text();
        metrics
            .contains("mesh_router_held_requests 1\n")
            .then_some(())
    });
    gateway.signal("TERM");
    assert_eq!(waiting.response().status(), 200);
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn a_pause_and_an_upgrade_wait_for_each_other() {
    let upstream = Upstream::hello();
    let folder = tempfile::tempdir().unwrap();
    let admin = folder.path().join("a.sock");
    let tables = format!("[admin]\nlisten = \"unix:{}\"", admin.display());
    let config = Gateway::config_to(&upstream, "", &tables);
    let mut gateway = Launch::configured(&config).with_admin().start();
    assert_eq!(ask(&admin, "pause").status(), 200);
    let mut waiting = gateway.connect();
    waiting.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    gateway.signal("USR2");
    let line = logged(&gateway, "upgrade refused, a service is paused", 0);
    assert_eq!(line["fix"], "mesh-router resume auth.test");
    assert_eq!(ask(&admin, "resume").status(), 200);
    assert_eq!(waiting.response().status(), 200);
    // A successor that gets no further than its settings, until somebody writes them.
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    fs::remove_file(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    gateway.signal("USR2");
    logged(&gateway, "successor started", 0);
    for what in ["pause", "reload"] {
        let refused = ask(&admin, what);
        assert_eq!(refused.status(), 409, "{what}");
        assert!(refused.text().contains("an upgrade is under way"));
    }
    fs::write(&file, config).unwrap();
    let line = logged(&gateway, "successor accepts", 0);
    let _successor = Successor(line["pid"].as_u64().expect("a process id"));
    assert_eq!(gateway.ended().code(), Some(0));
    assert_eq!(ask(&admin, "pause").status(), 200);
}

/// Starts a gateway as systemd would: with these sockets, under these names.
#[track_caller]
fn activated(config: &str, sockets: Vec<OwnedFd>, names: &str) -> Gateway {
    Launch::configured(config)
        .env("LISTEN_FDS", &sockets.len().to_string())
        .env("LISTEN_FDNAMES", names)
        .with_admin()
        .handing_over(sockets)
        .start()
}

#[test]
fn sockets_of_systemd_are_taken_as_they_are() {
    let upstream = Upstream::hello();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients.sock");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    let address = tcp.local_addr().unwrap();
    // A client that came first is served as well.
    let mut early = Client::connect(address);
    early.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    let config = Gateway::config_to(&upstream, "", "");
    let config = config.replace("listen = [\"127.0.0.1:0\"]\n", "");
    let gateway = activated(
        &config,
        vec![tcp.into(), unix.into()],
        "mesh-router.socket:x",
    );
    assert_eq!(early.response().status(), 200);
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    assert_eq!(
        Client::connect_unix(&path).get("auth.test", "/").status(),
        200
    );
    let unix = format!("unix:{}", path.display());
    assert_eq!(gateway.listeners(), [address.to_string(), unix]);
}

#[test]
fn a_socket_that_is_not_asked_for_is_closed_and_told() {
    let upstream = Upstream::hello();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let unix = tempfile::tempdir().unwrap();
    let listen = format!("listen = [\"unix:{}/a\", ", unix.path().display());
    let config = Gateway::config_to(&upstream, "", "");
    let mine = TcpListener::bind("127.0.0.2:0").unwrap();
    let asked = mine.local_addr().unwrap();
    let config = config.replace("listen = [\"127.0.0.1:0\"", &format!("{listen}\"{asked}\""));
    let gateway = activated(&config, vec![tcp.into(), mine.into()], "listen:listen");
    let line = logged(
        &gateway,
        "socket handed over, but not asked for: it is closed",
        0,
    );
    assert_eq!(line["address"], address.to_string());
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
}

#[test]
fn systemd_is_told_of_each_stage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut buffer = [0; 256];
        let count = systemd.recv(&mut buffer).expect("a word to systemd");
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    let gateway = Launch::configured(&Gateway::config_to(&Upstream::hello(), "", ""))
        .env("NOTIFY_SOCKET", path.to_str().unwrap())
        .start();
    assert_eq!(next(), "READY=1\n");
    gateway.signal("HUP");
    let reloading = next();
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    assert_eq!(next(), "READY=1\n");
    let successor = upgrade(&gateway, None, 0);
    // Both speak at once: the new one is ready, the old one says who counts from now on.
    let mut said = [next(), next()];
    said.sort();
    assert_eq!(
        said,
        [format!("MAINPID={}\n", successor.0), "READY=1\n".to_owned()]
    );
    successor.signal("TERM");
    assert_eq!(next(), "STOPPING=1\n");
}

#[test]
fn a_descriptor_that_is_no_socket_is_refused() {
    let file = fs::File::open(Path::new("/dev/null")).unwrap();
    let ended = Launch::configured(&Gateway::config_to(&Upstream::hello(), "", ""))
        .env("LISTEN_FDS", "1")
        .handing_over(vec![file.into()])
        .end();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("LISTEN_FDS"), "{}", ended.stderr);
}
