//! What is counted, exactly.

use std::{
    collections::BTreeMap,
    fs::File,
    process::{Command, Stdio},
};

use e2e::{Client, Gateway, Upstream, eventually, tool, upstream::text};
use tungstenite::handshake::derive_accept_key;

use super::{Desk, asked};

/// The key of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// All samples, by name and labels.
fn samples(desk: &Desk) -> BTreeMap<String, f64> {
    let text = desk.get("/metrics").text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

/// Waits until these samples have these values; what a worker counts at the end of a request it may
/// count after its client has the answer.
#[track_caller]
fn counted(desk: &Desk, expected: &[(&str, f64)]) {
    let mut last = BTreeMap::new();
    let found = e2e::wait::until(e2e::PATIENCE, || {
        last = samples(desk);
        let is_so = |(name, value): &(&str, f64)| last.get(*name) == Some(value);
        expected.iter().all(is_so).then_some(())
    });
    for (name, value) in expected {
        assert_eq!(last.get(*name), Some(value), "{name} in {last:#?}");
    }
    assert!(found.is_some());
}

/// Three requests that the app answers well, one that it does not, and one that nobody has.
fn known_traffic(gateway: &Gateway) -> Client {
    let mut client = gateway.connect();
    for (host, path, status) in [
        ("auth.test", "/200", 200),
        ("tenant1.auth.test", "/204", 204),
        ("auth.test", "/503", 503),
        ("secret-tenant.example", "/secret-path", 404),
    ] {
        assert_eq!(client.get(host, path).status(), status);
    }
    let request = "DELETE /200 HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(client.send(request).response().status(), 200);
    client
}

#[test]
fn requests_are_counted_by_service_method_and_class() {
    let upstream = Upstream::play(|connection| {
        while let Some(request) = connection.request() {
            let status = request.head.target().trim_start_matches('/');
            connection.send(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let (gateway, desk) = asked(&upstream, "");
    let client = known_traffic(&gateway);
    let duration = |what: &str, service: &str, method: &str, status: &str| {
        format!(
            "http_server_request_duration_seconds_{what}{{service=\"{service}\",method=\"{method}\",\
             status=\"{status}\""
        )
    };
    let count = |service: &str, method: &str, status: &str| {
        duration("count", service, method, status) + "}"
    };
    let last_bucket = duration("bucket", "auth.test", "GET", "2xx") + ",le=\"+Inf\"}";
    let open = format!(
        "mesh_router_connections_open{{listener=\"{}\"}}",
        gateway.address()
    );
    counted(
        &desk,
        &[
            (&count("auth.test", "GET", "2xx"), 2.0),
            (&last_bucket, 2.0),
            (&count("auth.test", "GET", "5xx"), 1.0),
            (&count("auth.test", "DELETE", "2xx"), 1.0),
            (&count("", "GET", "4xx"), 1.0),
            ("mesh_router_no_route_total", 1.0),
            (
                "mesh_router_errors_total{service=\"\",reason=\"no_route\"}",
                1.0,
            ),
            ("mesh_router_retries_total", 0.0),
            ("http_server_active_requests", 0.0),
            (&open, 1.0),
            (
                "mesh_router_upstreams{service=\"auth.test\",state=\"up\"}",
                1.0,
            ),
            (
                "mesh_router_upstreams{service=\"auth.test\",state=\"untried\"}",
                0.0,
            ),
            ("mesh_router_routes", 1.0),
            ("mesh_router_conflicts", 0.0),
            ("mesh_router_nodes{state=\"attached\"}", 0.0),
            ("mesh_router_access_lines_lost_total", 0.0),
            ("mesh_router_build_info{version=\"0.1.0\"}", 1.0),
            (
                "mesh_router_discovery_updates_total{source=\"static\",result=\"success\"}",
                1.0,
            ),
        ],
    );
    let text = desk.get("/metrics").text();
    assert!(
        !text.contains("secret"),
        "what clients choose is no label: {text}"
    );
    drop(client);
    counted(&desk, &[(&open, 0.0)]);
}

#[test]
fn an_upstream_that_refuses_is_failing() {
    // A socket's path, unlike a port that is given back, nobody else gets meanwhile.
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::play_unix(&folder.path().join("app.sock"), |connection| {
        while connection.request().is_some() {
            connection.send(text("hello"));
        }
    });
    let (gateway, desk) = asked(&upstream, "[timeouts]\nhold = \"100ms\"");
    let address = upstream.address();
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    drop(upstream);
    eventually("a refusal", || {
        (gateway.get("auth.test", "/").status() == 503).then_some(())
    });
    counted(
        &desk,
        &[
            (
                "mesh_router_upstreams{service=\"auth.test\",state=\"failing\"}",
                1.0,
            ),
            (
                "mesh_router_upstreams{service=\"auth.test\",state=\"up\"}",
                0.0,
            ),
        ],
    );
    let status = desk.json("/api/v1/status");
    let service = &status["services"][0];
    assert_eq!(service["upstreams"][0]["address"], address.as_str());
    assert_eq!(service["upstreams"][0]["state"], "failing");
    assert!(service["errors"]["hold_timeout"].as_u64() >= Some(1));
}

#[test]
fn websockets_are_counted_up_and_down() {
    let upstream = Upstream::play(|connection| {
        let Some(request) = connection.request() else {
            return;
        };
        let key = request.field("sec-websocket-key").unwrap();
        let accept = derive_accept_key(key.as_bytes());
        connection.send(format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ));
        connection.wire.rest();
    });
    let (gateway, desk) = asked(&upstream, "");
    let opened = || {
        let mut client = gateway.connect();
        client.send(format!(
            "GET /live/websocket HTTP/1.1\r\nHost: auth.test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ));
        assert_eq!(client.head().status(), 101);
        client
    };
    let active = "mesh_router_websockets_active{service=\"auth.test\",node=\"\"}";
    let (first, _second, _third) = (opened(), opened(), opened());
    counted(
        &desk,
        &[(active, 3.0), ("http_server_active_requests", 3.0)],
    );
    assert_eq!(desk.json("/api/v1/status")["services"][0]["websockets"], 3);
    drop(first);
    counted(&desk, &[(active, 2.0)]);
}

#[test]
fn prometheus_own_checker_has_nothing_to_say() {
    let upstream = Upstream::hello();
    let (gateway, desk) = asked(&upstream, "");
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    assert_eq!(gateway.get("unknown.test", "/").status(), 404);
    counted(&desk, &[("mesh_router_no_route_total", 1.0)]);
    let folder = gateway.folder().unwrap();
    let page = folder.join("metrics.txt");
    std::fs::write(&page, desk.get("/metrics").text()).unwrap();
    let checker = tool::require("promtool");
    let checked = Command::new(checker)
        .args(["check", "metrics"])
        .stdin(Stdio::from(File::open(&page).unwrap()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success() && said.is_empty(), "{said}");
}
