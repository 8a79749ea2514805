//! Clients of other hands through the gateway, a few requests each. curl and phoenix.js talk to a real
//! BEAM in `beam`, a browser in `browser`.

use std::process::Command;

use e2e::{Connection, Gateway, Upstream, tool, upstream::text};
use serde_json::{Value, json};
use tungstenite::{WebSocket, handshake::derive_accept_key, protocol::Role};

const HOST: &str = "t1.auth.test";

/// Tells each request's method and body; echoes over WebSockets.
fn tell(connection: &mut Connection) {
    while let Some(request) = connection.request() {
        let method = request.head.method().to_owned();
        if let Some(key) = request.field("sec-websocket-key") {
            let accept = derive_accept_key(key.as_bytes());
            connection.send(format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            ));
            return echo(connection);
        }
        let answer = text(&format!("{method} {}", request.text()));
        if method == "HEAD" {
            let head = String::from_utf8(answer).unwrap();
            let (head, _) = head.split_once("\r\n\r\n").unwrap();
            connection.send(format!("{head}\r\n\r\n"));
        } else {
            connection.send(answer);
        }
    }
}

fn echo(connection: &mut Connection) {
    let stream = connection.wire.stream().clone();
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    while let Ok(message) = socket.read() {
        if message.is_text() || message.is_binary() {
            socket.send(message).expect("sending the echo");
        }
    }
}

/// What a script told that was given the gateway's port and a host.
#[track_caller]
fn told(program: &str, script: &str) -> Value {
    let gateway = Gateway::to(&Upstream::play(tell));
    let mut command = Command::new(tool::require(program));
    command.arg(tool::ours(script));
    command.args([&gateway.port().to_string(), HOST]);
    serde_json::from_slice(&tool::run(&mut command).stdout).unwrap()
}

/// What a program says that asks a gateway for `auth.test`, whose app answers all alike. `AT` among its
/// arguments stands for the gateway's address.
#[track_caller]
fn said(program: &str, arguments: &[&str]) -> String {
    let upstream = Upstream::hello();
    let gateway = Gateway::to(&upstream);
    let address = gateway.address().to_string();
    let arguments = arguments.iter().map(|it| it.replace("AT", &address));
    let said = tool::run(Command::new(tool::require(program)).args(arguments));
    assert!(!upstream.requests().is_empty());
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn wrk() {
    let said = said(
        "wrk",
        &["-t1", "-c40", "-d1s", "-HHost: auth.test", "http://AT/"],
    );
    assert!(said.contains("requests in"), "{said}");
    // It tells of these only where there are any.
    assert!(!said.contains("Non-2xx"), "{said}");
    assert!(!said.contains("Socket errors"), "{said}");
}

#[test]
fn h2load_in_http_1() {
    let said = said(
        "h2load",
        &[
            "--h1",
            "-n2000",
            "-c20",
            "--connect-to=AT",
            "http://auth.test/",
        ],
    );
    let wanted = "2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored";
    assert!(said.contains(wanted), "{said}");
    assert!(said.contains("2000 2xx, 0 3xx, 0 4xx, 0 5xx"), "{said}");
}

/// What it offers, `Upgrade: h2c`, is not taken up.
#[test]
fn curl_that_offers_http_2() {
    let version = ["--silent", "--http2", "--write-out", " %{http_version}"];
    let said = said(
        "curl",
        &[&version[..], &["-HHost: auth.test", "http://AT/"]].concat(),
    );
    assert_eq!(said, "hello 1.1");
}

#[test]
fn pythons_own() {
    let told = told("python3", "python/client.py");
    assert_eq!(
        told,
        json!({
            "get": [200, "GET "],
            "head": [200, ""],
            "length": [200, "POST hello"],
            "chunks": [200, "POST hello"],
            "put": 200,
            "urllib": [200, "POST hello"],
        })
    );
}

#[test]
fn pythons_requests_and_websockets() {
    // Debian's, whose libraries are Debian's packages.
    let told = told("/usr/bin/python3", "python/libraries.py");
    assert_eq!(
        told,
        json!({
            "requests": {
                "get": [200, "GET "],
                "head": [200, ""],
                "length": [200, "POST hello"],
                "chunks": [200, "POST hello"],
                "form": [200, "PUT a=b+c"],
                "many": 20,
            },
            "websockets": {"sizes": [0, 5, 70_000, 2_000_000], "code": 1000},
        })
    );
}

#[test]
fn nodes_fetch_and_a_websocket() {
    let told = told("node", "js/client.js");
    assert_eq!(
        told,
        json!({
            "get": [200, "GET "],
            "head": [200, ""],
            "length": [200, "POST hello"],
            "chunks": [200, "POST hello"],
            "many": 20,
            "sizes": [0, 5, 70_000],
            "code": 1000,
        })
    );
}
