//! What can befall a machine: its clock is set, a process is stopped, the wire to another is cut.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::UdpSocket,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use e2e::{
    Beam, Client, Connection, Gateway, Launch, Namespace, PATIENCE, Upstream, eventually,
    upstream::text,
};
use serde_json::Value;
use tempfile::TempDir;
use tungstenite::{WebSocket, handshake::derive_accept_key, protocol::Role};

/// A gateway that leads `auth.test` and `billing.test` to these.
fn config(auth: &[&str], billing: &str, tables: &str) -> String {
    format!(
        "listen = [\"127.0.0.1:0\"]\nworkers = 1\nmode = \"production\"\n\
         [discovery]\nsources = []\n\
         [routes.\"auth.test\"]\nupstreams = {auth:?}\n\
         [routes.\"billing.test\"]\nupstreams = [\"{billing}\"]\n{tables}\n"
    )
}

/// An app whose answer to `/slow` waits for a word, and which echoes over WebSockets.
struct App {
    upstream: Upstream,
    go: mpsc::Sender<()>,
}

impl App {
    fn start() -> Self {
        let (go, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        let upstream = Upstream::play(move |connection| {
            while let Some(request) = connection.request() {
                if let Some(key) = request.field("sec-websocket-key") {
                    return echo(connection, key);
                }
                if request.head.target() == "/slow" {
                    let word = wait.lock().unwrap().recv_timeout(PATIENCE);
                    word.expect("a word");
                }
                connection.send(text("hello"));
            }
        });
        Self { upstream, go }
    }
}

fn echo(connection: &mut Connection, key: &str) {
    let accept = derive_accept_key(key.as_bytes());
    connection.send(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ));
    let stream = connection.wire.stream().clone();
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    while let Ok(message) = socket.read() {
        if message.is_text() {
            socket.send(message).expect("sending the echo");
        }
    }
}

fn asking(gateway: &Gateway, host: &str, path: &str) -> Client {
    let mut client = gateway.connect();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    client
}

/// The library that has a process see a clock of our own.
fn faketime() -> PathBuf {
    let library = "faketime/libfaketime.so.1";
    let folders = fs::read_dir("/usr/lib").unwrap().flatten();
    let found = folders.map(|folder| folder.path().join(library));
    let mut found = found.filter(|path| path.exists());
    found.next().expect("`cargo xtask test` installs faketime")
}

/// As an administrator does it, or NTP after a long time.
#[test]
fn setting_the_clock_ends_nothing() {
    let folder = TempDir::new().unwrap();
    let clock = folder.path().join("clock");
    fs::write(&clock, "+0").unwrap();
    let app = App::start();
    let billing = folder.path().join("billing.sock");
    let config = config(
        &[&app.upstream.address()],
        &format!("unix:{}", billing.display()),
        "",
    );
    let gateway = Launch::configured(&config)
        .env("LD_PRELOAD", faketime().to_str().unwrap())
        .env("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap())
        .env("FAKETIME_NO_CACHE", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .start();
    let mut kept = gateway.connect();
    let mut day = |path: &str| {
        assert_eq!(kept.get("auth.test", path).status(), 200);
        let line = gateway.access_line(|line| line["path"] == path);
        line["ts"].as_str().unwrap()[..10].to_owned()
    };
    let today = day("/today");
    let mut slow = asking(&gateway, "auth.test", "/slow");
    app.upstream.wait_for(2);
    let held = asking(&gateway, "billing.test", "/held");
    let client = std::net::TcpStream::connect(gateway.address()).unwrap();
    let (mut socket, _) = tungstenite::client("ws://auth.test/socket", client).unwrap();

    fs::write(&clock, "+400d").unwrap();
    assert!(day("/later") > today);
    fs::write(&clock, "-4000d").unwrap();
    assert!(day("/earlier") < today);

    socket.send("still here".into()).unwrap();
    assert_eq!(socket.read().unwrap().into_text().unwrap(), "still here");
    app.go.send(()).unwrap();
    assert_eq!(slow.response().status(), 200);
    let _billing = Upstream::play_unix(&billing, |connection| {
        connection.request();
        connection.send(text("back"));
    });
    let mut held = held;
    assert_eq!(held.response().text(), "back");
}

/// Waits until all threads of a process that was told to stop have.
#[track_caller]
fn is_stopped(pid: u32) {
    eventually("the process's stop", || {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let stats = threads.map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok());
        let is_stopped = |stat: Option<String>| {
            let (_, state) = stat.as_deref()?.rsplit_once(") ")?;
            state.starts_with('T').then_some(())
        };
        stats.map(is_stopped).collect::<Option<()>>()
    });
}

/// As by a debugger, or by a virtual machine that is moved.
#[test]
fn what_came_while_the_gateway_was_stopped_is_not_late() {
    let timeouts = "[timeouts]\nhead = \"5s\"\nresponse = \"5s\"\nidle = \"5s\"";
    let app = App::start();
    let config = config(&[&app.upstream.address()], "127.0.0.1:9", timeouts);
    let gateway = Gateway::configured(&config);
    // Waits as long as the other would.
    let twin = Gateway::configured(&config);
    let mut idle = gateway.connect();
    assert_eq!(idle.get("auth.test", "/idle").status(), 200);
    let mut slow = asking(&gateway, "auth.test", "/slow");
    let mut half = gateway.connect();
    half.send("GET /half HTTP/1.1\r\n");
    app.upstream.wait_for(2);

    gateway.signal("STOP");
    is_stopped(gateway.pid());
    idle.send("GET /idle HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    half.send("Host: auth.test\r\n\r\n");
    app.go.send(()).unwrap();
    let late = twin
        .connect()
        .send("GET / HTTP/1.1\r\n")
        .response()
        .status();
    assert_eq!(late, 408, "the time is up");

    gateway.signal("CONT");
    for client in [&mut idle, &mut slow, &mut half] {
        assert_eq!(client.response().status(), 200);
    }
}

#[test]
fn an_app_that_is_stopped_holds_up_no_other_and_is_there_again() {
    let beam = Beam::start();
    let app = App::start();
    let timeouts = "[timeouts]\nresponse = \"2s\"\nhold = \"0s\"";
    let config = config(&[&beam.address()], &app.upstream.address(), timeouts);
    let gateway = Gateway::configured(&config);
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    beam.signal("STOP");
    is_stopped(beam.pid());
    // On a connection of the pool, and on one that its kernel takes.
    let mut stopped = [(); 2].map(|()| asking(&gateway, "auth.test", "/"));
    assert_eq!(gateway.get("billing.test", "/").status(), 200);
    for client in &mut stopped {
        assert_eq!(client.response().status(), 504);
    }
    beam.signal("CONT");
    eventually("its answers", || {
        (gateway.get("auth.test", "/").status() == 200).then_some(())
    });
}

/// Python's web server on another machine. Ends with the test.
struct Far {
    child: Child,
    address: String,
    _folder: TempDir,
}

impl Far {
    fn start(namespace: &Namespace) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = namespace.command("python3");
        command.args(["-u", "-m", "http.server", "0", "--protocol", "HTTP/1.1"]);
        command.args(["--bind", namespace.address()]);
        command.current_dir(folder.path()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let mut words = line.split_whitespace().skip_while(|word| *word != "port");
        let port = words.nth(1).unwrap_or_else(|| panic!("it said {line:?}"));
        Self {
            child,
            address: format!("{}:{port}", namespace.address()),
            _folder: folder,
        }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_machine_behind_a_cut_wire_is_given_up_in_time_and_found_again() {
    let namespace = Namespace::new();
    let far = Far::start(&namespace);
    let near = Upstream::hello();
    let timeouts = "[timeouts]\nconnect = \"500ms\"\nresponse = \"1s\"\nupstream_idle = \"60s\"";
    let config = config(&[&far.address, &near.address()], &far.address, timeouts);
    let gateway = Gateway::configured(&config);
    assert_eq!(gateway.get("billing.test", "/").status(), 200);

    namespace.far_wire("down");
    // It goes out on the connection that is there, and nobody answers: it may have begun.
    assert_eq!(gateway.get("billing.test", "/sent").status(), 504);
    // Where there is another, nobody waits for longer than a connect may take.
    let took = |line: &Value| line["duration_ms"].as_f64() > Some(400.0);
    let mut count = 0;
    eventually("a connect that is given up", || {
        count += 1;
        let path = format!("/{count}");
        assert_eq!(gateway.get("auth.test", &path).status(), 200);
        let line = gateway.access_line(|line| line["path"] == path.as_str());
        took(&line).then_some(())
    });
    // Where there is none, it is waited for.
    let mut held = asking(&gateway, "billing.test", "/");
    namespace.far_wire("up");
    assert_eq!(held.response().status(), 200);
}

/// What looks a name up can't be called off.
#[test]
fn a_resolver_that_hangs_keeps_nobody_from_leaving() {
    // Of each process of tests its own: port 53 is the only one there is.
    let process = std::process::id();
    let address = format!("127.{}.{}.53", process / 256 % 256, process % 256);
    let resolver = UdpSocket::bind((address.as_str(), 53)).unwrap();
    resolver.set_read_timeout(Some(PATIENCE)).unwrap();
    let folder = TempDir::new().unwrap();
    let resolv_conf = folder.path().join("resolv.conf");
    let lines = format!("nameserver {address}\noptions timeout:30 attempts:5\n");
    fs::write(&resolv_conf, lines).unwrap();
    let cookie = folder.path().join("cookie");
    fs::write(&cookie, "chocolate").unwrap();
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400)).unwrap();
    let arguments = [
        "run",
        "--listen",
        "127.0.0.1:0",
        "--node",
        "shop@shop.example.test",
    ];
    let launch = Launch::new(arguments).within(folder.path());
    let launch = launch.arg("--cookie-file").arg(&cookie);
    let mut gateway = launch.resolving_by(&resolv_conf).start();
    let mut question = [0; 512];
    resolver.recv(&mut question).expect("it looks the name up");

    gateway.signal("TERM");
    assert_eq!(gateway.ended().code(), Some(0));
}

/// A slow app is no stalled one: what counts is that something comes.
#[test]
fn an_answer_that_trickles_comes_whole() {
    let upstream = Upstream::play(|connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1500) {
            connection.wire.is_quiet();
            connection.send("1\r\nx\r\n");
        }
        connection.send("0\r\n\r\n");
    });
    let timeouts = "[timeouts]\nbody = \"1s\"\nresponse = \"1s\"\nstream_idle = \"1s\"";
    let gateway = Gateway::with(&upstream, timeouts);
    assert!(gateway.get("auth.test", "/").whole);
}
