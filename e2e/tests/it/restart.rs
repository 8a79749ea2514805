//! Apps that go away for a while: nothing is lost, and Phoenix's clients stay on WebSocket.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use e2e::{Beam, Gateway, Script, Upstream, eventually, tool, upstream::text};
use serde_json::Value;

mod crowd;

/// A gateway in front of two apps, `auth.test` and `billing.test`.
fn in_front_of(auth: &str, billing: &str) -> Gateway {
    Gateway::configured(&format!(
        "listen = [\"127.0.0.1:0\"]\nworkers = 2\nmode = \"production\"\n\
         [discovery]\nsources = []\n\
         [routes.\"auth.test\"]\nupstreams = [\"{auth}\"]\n\
         [routes.\"billing.test\"]\nupstreams = [\"{billing}\"]\n"
    ))
}

fn access_lines(gateway: &Gateway) -> Vec<Value> {
    let lines = gateway.stdout();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Opens a page in Chromium.
fn open(profile: &Path, url: &str) -> Script {
    let chromium = tool::require("chromium");
    let [chromium, profile] = [&chromium, profile].map(|it| it.to_str().unwrap());
    Script::start("page.js", &[chromium, profile, url])
}

/// An app that stops as it should: it takes no more connections, answers what has come, and ends.
struct App {
    path: PathBuf,
    is_stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl App {
    fn start(path: &Path, answered: &Arc<AtomicUsize>) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        // Another way in, for whoever stops it.
        fs::hard_link(path, path.with_extension("stop")).unwrap();
        let is_stopping = Arc::<AtomicBool>::default();
        let (stopping, answered) = (Arc::clone(&is_stopping), Arc::clone(answered));
        let accepting = thread::spawn(move || {
            let mut serving = Vec::new();
            loop {
                let Ok((stream, _)) = listener.accept() else {
                    break;
                };
                if stopping.load(SeqCst) {
                    listener.set_nonblocking(true).unwrap();
                }
                let (stopping, answered) = (Arc::clone(&stopping), Arc::clone(&answered));
                serving.push(thread::spawn(move || serve(stream, &stopping, &answered)));
            }
            for serving in serving {
                serving.join().unwrap();
            }
        });
        Self {
            path: path.to_owned(),
            is_stopping,
            accepting: Some(accepting),
        }
    }

    fn stop(&mut self) {
        fs::remove_file(&self.path).unwrap();
        // From here on nobody finds the way; who came before is served.
        self.is_stopping.store(true, SeqCst);
        let other = self.path.with_extension("stop");
        drop(UnixStream::connect(&other).unwrap());
        fs::remove_file(other).unwrap();
        self.accepting.take().unwrap().join().unwrap();
    }
}

fn serve(mut stream: UnixStream, is_stopping: &AtomicBool, answered: &AtomicUsize) {
    let mut request = [0; 4096];
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let (mut is_new, mut patience) = (true, 250);
    loop {
        match stream.read(&mut request) {
            Ok(0) => return,
            Ok(_) => {
                is_new = false;
                answered.fetch_add(1, SeqCst);
                stream.write_all(&text("hello")).unwrap();
                if is_stopping.load(SeqCst) {
                    return;
                }
            }
            // Idle: it may end now. One that has just been made has a request on its way.
            Err(_) if is_stopping.load(SeqCst) && (!is_new || patience == 0) => return,
            Err(_) => patience -= i32::from(patience > 0),
        }
    }
}

#[test]
fn an_app_that_restarts_under_load_loses_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let answered = Arc::<AtomicUsize>::default();
    let mut app = App::start(&path, &answered);
    let address = format!("unix:{}", path.display());
    let gateway = in_front_of(&address, "127.0.0.1:9");
    let is_over = AtomicBool::new(false);
    let sent: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|number| {
                let (gateway, is_over) = (&gateway, &is_over);
                scope.spawn(move || {
                    let (mut client, mut sent) = (gateway.connect(), 0);
                    while !is_over.load(SeqCst) {
                        // Some come anew for each request.
                        if number % 2 == 0 {
                            client = gateway.connect();
                        }
                        assert_eq!(client.get("auth.test", "/").status(), 200);
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        let held = |line: &Value| line["held_ms"].as_f64() > Some(0.0);
        let mut restarts = 0;
        // One that comes while the app is away has to wait; on a busy machine none may.
        eventually("restarts, and a request that waited", || {
            let before = answered.load(SeqCst);
            eventually("some answers", || {
                (answered.load(SeqCst) > before + 50).then_some(())
            });
            app.stop();
            app = App::start(&path, &answered);
            restarts += 1;
            (restarts >= 5 && access_lines(&gateway).iter().any(held)).then_some(())
        });
        is_over.store(true, SeqCst);
        clients.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert!(sent > 250);
    // One that died in the pool was tried again, and the app has not seen the first try.
    assert_eq!(answered.load(SeqCst), sent);
    app.stop();
}

/// Whether a kernel holds bytes for a connection to this port that nobody has read.
fn has_unread(port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let to_it = format!(":{port:04X}");
    table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, queues) = (fields[1], fields[3], fields[4]);
        local.ends_with(&to_it) && state == "01" && !queues.ends_with(":00000000")
    })
}

#[test]
fn what_an_app_had_not_accepted_when_it_went_down_goes_to_the_next() {
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = full.local_addr().unwrap();
    let gateway = in_front_of(&address.to_string(), "127.0.0.1:9");
    let mut client = gateway.connect();
    client.send("GET /get HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    eventually("a request in the queue", || {
        has_unread(address.port()).then_some(())
    });
    drop(full);
    let app = Upstream::play_at(&address.to_string(), |connection| {
        while connection.request().is_some() {
            connection.send(text("hello"));
        }
    });
    assert_eq!(client.response().status(), 200);
    assert_eq!(app.request().head.target(), "/get");
    let line = gateway.access_line(|line| line["path"] == "/get");
    assert_eq!(
        (&line["attempts"], &line["status"]),
        (&2.into(), &200.into())
    );
}

#[test]
fn phoenix_js_stays_on_websocket_over_a_restart_and_other_hosts_notice_nothing() {
    let (auth, billing) = (Beam::start(), Beam::start());
    let gateway = in_front_of(&auth.address(), &billing.address());
    let port = gateway.port().to_string();
    let mut clients = Script::start("restart.js", &[&port, "auth.test", "billing.test"]);
    let is = |host: &'static str, event: &'static str| {
        move |told: &Value| told["host"] == host && told["event"] == event
    };
    clients.wait_for("a join", 1, is("auth.test", "joined"));
    clients.wait_for("a join", 1, is("billing.test", "joined"));
    let port = auth.port();
    drop(auth);
    // phoenix.js gives up after 2.5 s where it does.
    let turned_away = |line: &Value| line["reason"] == "turned_away";
    eventually("a long outage", || {
        let lines = access_lines(&gateway);
        (lines.iter().filter(|line| turned_away(line)).count() >= 12).then_some(())
    });
    clients.say("billing.test");
    clients.wait_for("an echo", 1, is("billing.test", "echo"));
    let _auth = Beam::start_at(port);
    clients.wait_for("another join", 2, is("auth.test", "joined"));
    clients.say("auth.test");
    clients.wait_for("an echo", 1, is("auth.test", "echo"));

    for told in clients.told() {
        let transport = &told["transport"];
        assert!(transport.is_null() || transport == "websocket", "{told}");
        let is_billing = told["host"] == "billing.test";
        assert!(!(is_billing && told["event"] == "closed"), "{told}");
    }
    for line in access_lines(&gateway) {
        assert_eq!(line["path"], "/socket/websocket", "{line}");
        assert_eq!(line["status"], 101, "{line}");
        assert!(!turned_away(&line) || line["close_code"] == 1012, "{line}");
    }
}

#[test]
fn a_browsers_page_loads_by_itself_once_its_endpoint_is_there() {
    let away = Upstream::hello();
    let config = Gateway::config_to(&away, "mode = \"development\"", "");
    let config = config.replace("auth.test", "auth.localhost");
    let address = away.address();
    drop(away);
    let gateway = Gateway::configured(&config);
    let url = format!("http://auth.localhost:{}/", gateway.port());
    let profile = tempfile::tempdir().unwrap();
    let page = open(profile.path(), &url);
    let says = |wanted: &'static str| {
        move |told: &Value| told.as_str().is_some_and(|text| text.contains(wanted))
    };
    // It has asked again by itself.
    page.wait_for("the page of the gateway", 2, says("does not listen at"));
    let _app = Upstream::play_at(&address, |connection| {
        while connection.request().is_some() {
            connection.send(text("hello from the app"));
        }
    });
    page.wait_for("the page of the app", 1, says("hello from the app"));
}

/// Browsers open one WebSocket at a time to an address, whatever its host.
#[test]
fn in_a_browser_the_sockets_of_other_hosts_are_not_kept_waiting() {
    const PAGE: &str = r#"<!doctype html><script>
        const url = (host) => `ws://${host}:${location.port}/socket/websocket?vsn=2.0.0`;
        const codes = [];
        function stay() {
          const socket = new WebSocket(url("auth.localhost"));
          socket.onclose = (event) => {
            codes.push(event.code);
            if (codes.length === 6) openOther();
            setTimeout(stay, 10);
          };
        }
        function openOther() {
          const began = Date.now();
          const socket = new WebSocket(url("billing.localhost"));
          socket.onopen = () => {
            const body = `${[...new Set(codes)]} opened after ${Date.now() - began} ms`;
            location.href = `/done/${encodeURIComponent(body)}`;
          };
        }
        for (let tab = 0; tab < 3; tab++) stay();
        </script>"#;
    let (away, billing) = (Upstream::hello(), Beam::start());
    let pages = Upstream::play(|connection| {
        while let Some(request) = connection.request() {
            let target = request.head.target().to_owned();
            let body = match target.strip_prefix("/done/") {
                Some(said) => said.replace("%20", " "),
                None => PAGE.to_owned(),
            };
            let page = String::from_utf8(text(&body)).unwrap();
            connection.send(page.replace("text/plain", "text/html"));
        }
    });
    let config = Gateway::config_to(&pages, "", "");
    let config = config.replace("auth.test", "page.localhost");
    let gateway = Gateway::configured(&format!(
        "{config}[routes.\"auth.localhost\"]\nupstreams = [\"{}\"]\n\
         [routes.\"billing.localhost\"]\nupstreams = [\"{}\"]\n",
        away.address(),
        billing.address()
    ));
    drop(away);
    let url = format!("http://page.localhost:{}/", gateway.port());
    let profile = tempfile::tempdir().unwrap();
    let page = open(profile.path(), &url);
    let is_done = |told: &Value| {
        let told = told.as_str().unwrap_or_default();
        // Each was closed in order: with 1006 phoenix.js would stall.
        told.starts_with("1012 opened after ")
    };
    page.wait_for("the other host's socket", 1, is_done);
}
