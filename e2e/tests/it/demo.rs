//! The README's first command, end to end.

use e2e::{Gateway, Launch, eventually, stream::Stream};
use serde_json::Value;
use tungstenite::Message;

fn demo() -> Gateway {
    Launch::new(["demo", "--port", "0"]).start()
}

#[test]
fn serves_pages_by_host_and_shows_tenant_and_forwarded_fields() {
    let gateway = demo();
    for (host, service, tenant) in [
        ("auth.localhost", "AuthWeb.Endpoint", None),
        (
            "tenant1.auth.localhost",
            "AuthWeb.Endpoint",
            Some("tenant1"),
        ),
        ("auth.local", "AuthWeb.Endpoint", None),
        ("billing.localhost", "BillingWeb.Endpoint", None),
        (
            "tenant2.billing.local",
            "BillingWeb.Endpoint",
            Some("tenant2"),
        ),
    ] {
        let page = gateway.get(host, "/");
        assert_eq!(page.status(), 200, "{host}");
        assert!(page.field("content-type").unwrap().starts_with("text/html"));
        let page = page.text();
        assert!(page.contains(service), "{host}: {page}");
        assert!(page.contains(host), "{host}: {page}");
        for field in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-request-id",
        ] {
            assert!(page.contains(field), "{host}: {field}: {page}");
        }
        if let Some(tenant) = tenant {
            assert!(page.contains(&format!("<b>{tenant}</b>")), "{host}: {page}");
        }
    }
}

#[test]
fn prints_links() {
    let gateway = demo();
    let port = gateway.port();
    for host in [
        "auth.localhost",
        "tenant1.auth.localhost",
        "billing.localhost",
    ] {
        let link = format!("http://{host}:{port}");
        eventually(&format!("{link} on stdout"), || {
            gateway
                .stdout()
                .iter()
                .any(|line| line.contains(&link))
                .then_some(())
        });
    }
}

#[test]
fn echoes_over_a_websocket() {
    let gateway = demo();
    let stream = Stream::connect(gateway.address());
    let (mut socket, _) = tungstenite::client("ws://tenant1.auth.localhost/ws", stream).unwrap();
    for text in ["hello", "\u{fc}ber", ""] {
        socket.send(Message::text(text)).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text(text));
    }
}

#[test]
fn tells_the_time_as_server_sent_events() {
    let gateway = demo();
    let mut client = gateway.connect();
    client.send("GET /clock HTTP/1.1\r\nHost: auth.localhost\r\n\r\n");
    assert_eq!(
        client.head().field("content-type"),
        Some("text/event-stream")
    );
    for _ in 0..2 {
        let event = String::from_utf8(client.wire.chunk().unwrap()).unwrap();
        assert!(
            event.starts_with("data:") && event.contains("UTC"),
            "{event:?}"
        );
    }
}

#[test]
fn answers_an_upload_with_size_and_digest() {
    let gateway = demo();
    let mut client = gateway.connect();
    let body = vec![b'a'; 5_000_000];
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: billing.localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = client.send(head).send(&body).response();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["bytes"], 5_000_000);
    assert_eq!(answer["sha256"], e2e::tool::sha256(&body));
}

#[test]
fn ends_with_0_on_ctrl_c_though_a_page_is_open() {
    let mut gateway = demo();
    let mut open = gateway.connect();
    open.send("GET /clock HTTP/1.1\r\nHost: auth.localhost\r\n\r\n")
        .head();
    gateway.signal("INT");
    assert_eq!(gateway.ended().code(), Some(0));
}
