//! `export`: other servers take the files, and do with requests what the gateway does.

use std::{fs, net::SocketAddr, path::Path};

use e2e::{
    Client, Connection, Gateway, Launch, Message, Project, Server, Upstream,
    server::{caddy_takes, nginx_takes, own_address},
    upstream::text,
};
use tungstenite::handshake::derive_accept_key;

/// Quotes, blanks, braces and a variable's sign: none may break a file or add to it.
const ODD: &str = "o \"d\" {d} $d' ;#";

/// Answers with its name, and echoes what comes through a WebSocket.
fn app(name: &'static str) -> impl Fn(&mut Connection) + Send + Sync + 'static {
    move |connection| {
        while let Some(request) = connection.request() {
            let Some(key) = request.field("sec-websocket-key") else {
                connection.send(text(name));
                continue;
            };
            let accept = derive_accept_key(key.as_bytes());
            connection.send(format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            ));
            loop {
                let byte = connection.wire.bytes(1);
                if byte.is_empty() {
                    return;
                }
                connection.send(byte);
            }
        }
    }
}

/// The gateway and what it exports to, each in front of the same apps.
struct Three {
    apps: [Upstream; 3],
    servers: Vec<(&'static str, SocketAddr)>,
    _project: Project,
    _gateway: Gateway,
    _others: [Server; 2],
}

/// What became of one request.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: u16,
    /// Of a 200, 404 or 503; other pages are each server's own.
    body: String,
    /// What reached an app.
    seen: Option<Vec<String>>,
}

/// The fields of a request that an app or its plugs go by.
const FIELDS: &[&str] = &[
    "host",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-forwarded-ssl",
    "cookie",
    "accept-encoding",
    "te",
    "upgrade",
    "proxy-connection",
    "content-length",
];

impl Three {
    /// Starts all of them; `keys` are lines on top of `mesh-router.toml`.
    #[track_caller]
    fn start(keys: &str) -> Self {
        let project = Project::umbrella(&[("auth_web", 4001), ("idle_web", 4002)]);
        let socket = project.file(ODD);
        let apps = [
            Upstream::play(app("auth")),
            Upstream::play(app("shop")),
            Upstream::play_unix(&socket, app("odd")),
        ];
        project.write(
            "config/prod.exs",
            &format!(
                "import Config\n\nconfig :auth_web, AuthWeb.Endpoint,\n  url: [host: \"auth.test\"],\n  \
                 http: [ip: {{127, 0, 0, 1}}, port: {}],\n  server: true\n\n\
                 config :idle_web, IdleWeb.Endpoint,\n  url: [host: \"idle.test\"],\n  server: false\n",
                apps[0].port()
            ),
        );
        let [_, shop, odd] = apps.each_ref().map(Upstream::address);
        let odd = odd.replace('"', "\\\"");
        project.write(
            "mesh-router.toml",
            &format!(
                "workers = 1\n{keys}\n\
                 [routes.\"shop.test\"]\nupstreams = [\"{shop}\"]\nsubdomains = \"any\"\n\
                 [routes.\"deep.shop.test\"]\nendpoint = \"AuthWeb.Endpoint\"\n\
                 [routes.\"wild.test\"]\nupstreams = [\"{shop}\"]\nsubdomains = \"any\"\n\
                 [routes.\"odd.test\"]\nupstreams = [\"{odd}\"]\nsubdomains = \"none\"\n"
            ),
        );
        let [ours, nginx, caddy] = [18_080, 18_081, 18_082].map(own_address);
        let listen = ours.to_string();
        let gateway = project.launch(&["run", "--env", "prod", "--listen", &listen]);
        let others = [
            Server::nginx(&exported(&project, "nginx", nginx), nginx),
            Server::caddy(&exported(&project, "caddy", caddy), caddy),
        ];
        Self {
            apps,
            servers: vec![("mesh-router", ours), ("nginx", nginx), ("caddy", caddy)],
            _gateway: gateway.start(),
            _others: others,
            _project: project,
        }
    }

    /// Plays a request to one of them.
    #[track_caller]
    fn play(&self, address: SocketAddr, request: &str) -> Outcome {
        let before = self.apps.each_ref().map(|app| app.requests().len());
        let mut client = Client::connect(address);
        let answer = client.send(request).response();
        let mut seen = Vec::new();
        for (app, before) in self.apps.iter().zip(before) {
            seen.extend(app.requests().split_off(before));
        }
        assert!(seen.len() <= 1, "it reached an app twice: {seen:#?}");
        Outcome {
            status: answer.status(),
            body: match answer.status() {
                200 | 404 | 503 => answer.text(),
                _ => String::new(),
            },
            seen: seen.first().map(fields),
        }
    }

    /// Fails unless all three do the same with a request; returns what.
    #[track_caller]
    fn agree(&self, request: &str) -> Outcome {
        self.agree_but(request, &[])
    }

    /// As [`Three::agree`], but for servers whose file says that they differ here.
    #[track_caller]
    fn agree_but(&self, request: &str, differing: &[&str]) -> Outcome {
        let expected = self.play(self.servers[0].1, request);
        for (name, address) in &self.servers[1..] {
            let outcome = self.play(*address, request);
            match differing.contains(name) {
                false => assert_eq!(outcome, expected, "{name}: {request}"),
                true => assert_ne!(outcome, expected, "{name} is as good: {request}"),
            }
        }
        expected
    }
}

fn fields(request: &Message) -> Vec<String> {
    let mut fields = vec![request.head.start.clone()];
    for name in FIELDS {
        for value in request.head.lines(name) {
            fields.push(format!("{name}: {value}"));
        }
    }
    fields.push(String::from_utf8_lossy(&request.body).into_owned());
    fields
}

#[track_caller]
fn exported(project: &Project, to: &str, listen: SocketAddr) -> String {
    let listen = listen.to_string();
    let arguments = ["export", "--to", to, "--env", "prod", "--listen", &listen];
    let ended = project.launch(&arguments).end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "", "nothing is left out");
    ended.stdout
}

fn get(host: &str, fields: &str) -> String {
    format!("GET /a//b?q=%2F HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n")
}

#[test]
fn hosts_and_subdomains_lead_where_the_gateway_leads_them() {
    let three = Three::start("");
    for (host, leads) in [
        ("auth.test", "auth"),
        ("t1.auth.test:8080", "auth"),
        ("shop.test", "shop"),
        ("a.shop.test", "shop"),
        ("c.b.a.shop.test", "shop"),
        ("deep.shop.test", "auth"),
        ("t1.deep.shop.test", "auth"),
        ("b.a.deep.shop.test", "shop"),
        ("wild.test", "shop"),
        ("b.a.wild.test", "shop"),
        ("odd.test", "odd"),
    ] {
        let outcome = three.agree(&get(host, ""));
        assert_eq!((outcome.status, &*outcome.body), (200, leads), "{host}");
    }
    for host in [
        "b.a.auth.test",
        "t1.odd.test",
        "test",
        "unknown.test:99",
        "127.0.0.1",
    ] {
        let outcome = three.agree(&get(host, ""));
        let name = host.split(':').next().unwrap();
        assert_eq!(outcome.status, 404, "{host}");
        assert_eq!(outcome.body, format!("unknown service: {name}"));
    }
    for host in ["idle.test", "t1.idle.test"] {
        let outcome = three.agree(&get(host, ""));
        assert_eq!(outcome.status, 503, "{host}");
    }
    // Its file says so, of both.
    three.agree_but(&get("auth.test.", ""), &["caddy"]);
    let spelled = three.agree_but(&get("T1.Auth.Test", ""), &["caddy"]);
    assert!(
        spelled
            .seen
            .unwrap()
            .contains(&"x-forwarded-host: t1.auth.test".to_owned())
    );
    for malformed in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: auth.test\r\nHost: shop.test\r\n\r\n".to_owned(),
    ] {
        assert_eq!(three.agree(&malformed).status, 400, "{malformed}");
    }
    // Caddy goes by the target, as RFC 9112 lets it; the gateway and nginx by neither of the two.
    let two = "GET http://auth.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    assert_eq!(three.agree_but(two, &["caddy"]).status, 400);
}

#[test]
fn a_trusted_proxy_is_believed_as_by_the_gateway() {
    let three = Three::start("trusted_proxies = [\"loopback\", \"10.0.0.0/8\"]");
    let id = "0123456789abcdef-0123456789";
    let told = format!(
        "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.test:8443\r\n\
         X-Real-IP: 203.0.113.7\r\nForwarded: for=203.0.113.7\r\nX-Forwarded-Ssl: on\r\n\
         X-Request-Id: {id}\r\n"
    );
    let seen = three.agree(&get("auth.test", &told)).seen.unwrap();
    for field in [
        "x-forwarded-for: 203.0.113.7, 127.0.0.1",
        "x-forwarded-host: pub.test",
        "x-forwarded-port: 8443",
    ] {
        assert!(seen.contains(&field.to_owned()), "{field}: {seen:?}");
    }
    for fields in [
        "",
        "X-Forwarded-Proto: https\r\n",
        "X-Forwarded-Proto: WSS\r\n",
        "X-Forwarded-Proto: http, https\r\n",
        "X-Forwarded-Proto: gopher\r\n",
        "X-Forwarded-Port: 8443\r\n",
        "X-Forwarded-Host: pub.test\r\nX-Forwarded-Proto: https\r\n",
        "Cookie: a=1\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\n",
    ] {
        three.agree(&get("t1.auth.test:8080", fields));
    }
    // What the client wrote itself is cut off, however many proxies stand between.
    for (told, kept) in [
        (
            "198.51.100.1, 203.0.113.7, 10.0.0.9",
            "203.0.113.7, 10.0.0.9, 127.0.0.1",
        ),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7, 127.0.0.1"),
        ("10.0.0.8, 10.0.0.9", "10.0.0.8, 10.0.0.9, 127.0.0.1"),
        (
            "1.1.1.1, 110.0.0.1, 10.0.0.9, 10.0.0.8",
            "110.0.0.1, 10.0.0.9, 10.0.0.8, 127.0.0.1",
        ),
        ("1.1.1.1, 2001:db8::7", "2001:db8::7, 127.0.0.1"),
    ] {
        let seen = three
            .agree(&get("auth.test", &format!("X-Forwarded-For: {told}\r\n")))
            .seen;
        let kept = format!("x-forwarded-for: {kept}");
        assert!(seen.unwrap().contains(&kept), "{told}: {kept}");
    }
    for (name, address) in &three.servers {
        let told = id_of(&three, *address, &format!("X-Request-Id: {id}\r\n"));
        assert_eq!(told, id, "{name}");
        let new = id_of(&three, *address, "X-Request-Id: short\r\n");
        assert!(new.len() >= 20, "{name}: {new}");
    }
}

/// The request id that app and client get, which must be one.
#[track_caller]
fn id_of(three: &Three, address: SocketAddr, fields: &str) -> String {
    let mut client = Client::connect(address);
    let answer = client.send(get("auth.test", fields)).response();
    let request = three.apps[0].requests().pop().unwrap();
    let told = answer.field("x-request-id").expect("an id for the client");
    assert_eq!(request.field("x-request-id"), Some(told));
    told.to_owned()
}

#[test]
fn whom_nobody_trusts_is_not_believed() {
    let three = Three::start(
        "trusted_proxies = \"none\"\nforwarded_proto = \"https\"\ndefault_service = \"AuthWeb.Endpoint\"",
    );
    let id = "0123456789abcdef-0123456789";
    let told = format!(
        "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: pub.test:8443\r\n\
         X-Forwarded-Port: 1\r\nX-Real-IP: 203.0.113.7\r\nX-Client-IP: 203.0.113.7\r\n\
         Forwarded: for=203.0.113.7\r\nX-Forwarded-Ssl: on\r\nX-Request-Id: {id}\r\n"
    );
    let seen = three.agree(&get("auth.test", &told)).seen.unwrap();
    let said: Vec<&String> = seen.iter().filter(|it| it.contains("orwarded")).collect();
    assert_eq!(
        said,
        [
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-proto: https",
            "x-forwarded-host: auth.test",
            "x-forwarded-port: 443",
        ]
    );
    for (name, address) in &three.servers {
        let new = id_of(&three, *address, &format!("X-Request-Id: {id}\r\n"));
        assert_ne!(new, id, "{name}");
    }
    // The default service gets whatever no route has.
    for host in ["unknown.test", "b.a.auth.test"] {
        assert_eq!(three.agree(&get(host, "")).body, "auth", "{host}");
    }
}

#[test]
fn bodies_and_websockets_pass_and_limits_hold() {
    let three = Three::start("[limits]\nbody = \"1KiB\"\nuri = \"2KiB\"");
    let post = |length: usize| {
        let body = "x".repeat(length);
        format!("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    assert_eq!(three.agree(&post(1024)).status, 200);
    assert_eq!(three.agree(&post(0)).status, 200);
    let cookie = format!("Cookie: {}\r\n", "c".repeat(40_000));
    assert_eq!(three.agree(&get("auth.test", &cookie)).status, 200);
    let long = format!(
        "GET /{} HTTP/1.1\r\nHost: auth.test\r\n\r\n",
        "u".repeat(2048)
    );
    assert_eq!(three.agree_but(&long, &["caddy"]).status, 414);
    for (name, address) in &three.servers {
        let mut client = Client::connect(*address);
        assert_eq!(
            client.try_send(post(1025)).response().status(),
            413,
            "{name}"
        );
        let mut client = Client::connect(*address);
        client.send(
            "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: t1.auth.test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n",
        );
        let head = client.head();
        assert_eq!(head.status(), 101, "{name}");
        let accept = head.field("sec-websocket-accept");
        assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{name}");
        client.send("ping");
        assert_eq!(client.wire.bytes(4), b"ping", "{name}");
        let request = three.apps[0].requests().pop().unwrap();
        let lower = |field: &str| request.field(field).map(str::to_ascii_lowercase);
        assert_eq!(lower("upgrade").as_deref(), Some("websocket"), "{name}");
        assert_eq!(lower("connection").as_deref(), Some("upgrade"), "{name}");
        assert_eq!(request.field("host"), Some("t1.auth.test"), "{name}");
    }
}

#[test]
fn files_are_stable_and_taken_with_the_listeners_of_run() {
    let project = Project::umbrella(&[("auth_web", 4001), ("billing_web", 4000)]);
    let export = |to: &str| project.launch(&["export", "--to", to]).end();
    let nginx = export("nginx").stdout;
    assert_eq!(nginx, export("nginx").stdout);
    assert!(nginx.contains("listen 127.0.0.1:4002"), "{nginx}");
    nginx_takes(&nginx);
    let caddy = export("caddy").stdout;
    assert_eq!(caddy, export("caddy").stdout);
    assert!(caddy.contains("http://auth.localhost:4002"), "{caddy}");
    caddy_takes(&caddy);

    let file = project.file("out.conf");
    let launch = project.launch(&["export", "--to", "nginx", "--output"]);
    let ended = launch.arg(&file).end();
    assert_eq!(
        (ended.code, &*ended.stdout),
        (Some(0), ""),
        "{}",
        ended.stderr
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), nginx);
}

#[test]
fn peers_on_a_unix_socket_are_trusted_by_nginx_too() {
    let app = Upstream::play(app("auth"));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mesh-router.toml");
    let table = format!(
        "[discovery]\nsources = []\n[routes.\"a.test\"]\nupstreams = [\"{}\"]\n",
        app.address()
    );
    fs::write(&config, table).unwrap();
    let launch = |arguments: &[&str], listen: &str| {
        let launch = Launch::new(arguments).arg("--config").arg(&config);
        launch.arg("--listen").arg(listen).within(folder.path())
    };
    let [ours, theirs] = ["g.sock", "n w.sock"].map(|name| folder.path().join(name));
    let at = |socket: &Path| format!("unix:{}", socket.display());
    let export = |to: &str| launch(&["export", "--to", to], &at(&theirs)).end().stdout;
    caddy_takes(&export("caddy"));
    let _nginx = Server::nginx_unix(&export("nginx"), &theirs);
    let listen = format!("127.0.0.1:0,{}", at(&ours));
    let _gateway = launch(&["run"], &listen).start();
    for told in [
        "",
        "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n",
        "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.0.0.9\r\nX-Real-IP: 203.0.113.7\r\n",
    ] {
        let seen = [&ours, &theirs].map(|socket| {
            let answer = Client::connect_unix(socket)
                .send(get("a.test", told))
                .response();
            assert_eq!(answer.status(), 200);
            fields(&app.requests().pop().unwrap())
        });
        assert_eq!(seen[0], seen[1], "{told}");
    }
}

#[test]
fn what_cannot_be_exported_is_said() {
    let project = Project::umbrella(&[("auth_web", 4001)]);
    for (arguments, code, said) in [
        (
            &["--to", "nginx", "--listen", "127.0.0.1:0"][..],
            2,
            "any free port",
        ),
        (
            &["--to", "nginx", "--listen", "127.0.0.1:4001"],
            2,
            "config/dev.exs:4",
        ),
        (&["--to", "apache"], 2, "nginx, caddy"),
        (
            &["--to", "caddy", "--output", "no/such/folder"],
            1,
            "writing no/such/folder",
        ),
    ] {
        let mut launch = project.launch(&["export"]);
        for argument in arguments {
            launch = launch.arg(argument);
        }
        let ended = launch.end();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    // A way out that is left out is worse than none: it is told on stderr as well.
    project.write(
        "mesh-router.toml",
        "[routes.\"x.test\"]\nupstreams = [\"unix:/run/{$HOME}.sock\"]\n",
    );
    let ended = project.launch(&["export", "--to", "caddy"]).end();
    assert!(ended.stderr.contains("is left out"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("`unix//run"), "{}", ended.stdout);
    caddy_takes(&ended.stdout);
}
