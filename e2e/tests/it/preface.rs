//! The PROXY protocol: a balancer that forwards connections says first who the client is.

use e2e::{Client, Gateway, Upstream};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n";

/// A gateway in front of which stands a balancer at loopback.
fn behind_a_balancer(upstream: &Upstream, keys: &str) -> Gateway {
    let keys = format!("proxy_protocol = true\n{keys}");
    Gateway::configured(&Gateway::config_to(upstream, &keys, ""))
}

/// Version 2, with a field that tells of TLS.
fn binary(client: [u8; 4], port: u16) -> Vec<u8> {
    let tls = [0x20, 0, 5, 1, 0, 0, 0, 0];
    let addresses = [&client[..], &[198, 51, 100, 1]].concat();
    let ports = [port.to_be_bytes(), 443_u16.to_be_bytes()].concat();
    let body = [&addresses[..], &ports, &tls].concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11", &length[..], &body].concat()
}

#[test]
fn the_client_is_whom_the_balancer_names() {
    let upstream = Upstream::hello();
    let gateway = behind_a_balancer(&upstream, "");
    let mut client = gateway.connect();
    client.send(format!(
        "PROXY TCP4 203.0.113.9 198.51.100.1 40000 80\r\n{REQUEST}"
    ));
    assert_eq!(client.response().status(), 200);
    let request = upstream.request();
    assert_eq!(request.field("x-forwarded-for"), Some("203.0.113.9"));
    assert_eq!(request.field("x-forwarded-proto"), Some("http"));
    let line = gateway.access_line(|line| line["client_ip"] == "203.0.113.9");
    assert_eq!(line["peer_ip"], "127.0.0.1");
    // It stands before the connection's first request alone.
    assert_eq!(client.get("auth.test", "/").status(), 200);
}

#[test]
fn what_the_client_says_of_itself_is_dropped() {
    let upstream = Upstream::hello();
    let gateway = behind_a_balancer(&upstream, "");
    let mut client = gateway.connect();
    client.send(
        "PROXY TCP4 203.0.113.9 198.51.100.1 40000 80\r\n\
         GET / HTTP/1.1\r\nHost: auth.test\r\nX-Forwarded-For: 10.0.0.1\r\n\
         X-Forwarded-Proto: https\r\n\r\n",
    );
    assert_eq!(client.response().status(), 200);
    let request = upstream.request();
    assert_eq!(request.head.lines("x-forwarded-for"), ["203.0.113.9"]);
    assert_eq!(request.head.lines("x-forwarded-proto"), ["http"]);
    // The balancer is trusted already.
    let said = gateway.stderr().join("\n");
    assert!(!said.contains("not trusted"), "{said}");
}

#[test]
fn tls_at_the_balancer_is_https_for_the_app_also_where_bytes_come_one_by_one() {
    let upstream = Upstream::hello();
    let gateway = behind_a_balancer(&upstream, "");
    let mut client = gateway.connect();
    for byte in binary([203, 0, 113, 9], 40000) {
        client.send([byte]);
    }
    assert_eq!(client.get("auth.test", "/").status(), 200);
    let request = upstream.request();
    assert_eq!(request.field("x-forwarded-for"), Some("203.0.113.9"));
    assert_eq!(request.field("x-forwarded-proto"), Some("https"));
    assert_eq!(request.field("x-forwarded-port"), Some("443"));
}

#[test]
fn a_balancer_that_speaks_for_itself_is_the_client() {
    let upstream = Upstream::hello();
    let gateway = behind_a_balancer(&upstream, "");
    for header in [
        &b"PROXY UNKNOWN\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00",
    ] {
        let mut client = gateway.connect();
        client.send(header);
        assert_eq!(client.get("auth.test", "/").status(), 200);
        let request = upstream.requests().pop().unwrap();
        assert_eq!(request.field("x-forwarded-for"), Some("127.0.0.1"));
    }
}

#[test]
fn a_trusted_peer_that_says_nothing_is_closed_and_told_once() {
    let upstream = Upstream::hello();
    let gateway = behind_a_balancer(&upstream, "");
    for _ in 0..2 {
        let mut client = gateway.connect();
        client.try_send(REQUEST);
        client.expect_end();
    }
    let line = gateway.logged("without a PROXY protocol header");
    assert!(line.contains("127.0.0.0/24"), "{line}");
    assert_eq!(upstream.connections(), 0);
    let told = gateway.stderr();
    let told = told.iter().filter(|it| it.contains("PROXY protocol"));
    assert_eq!(told.count(), 1);
}

#[test]
fn from_an_untrusted_peer_it_is_a_claim_that_anybody_can_make() {
    let upstream = Upstream::hello();
    let gateway = behind_a_balancer(&upstream, "trusted_proxies = \"none\"");
    assert_eq!(gateway.get("auth.test", "/").status(), 200);
    let mut client = gateway.connect();
    client.send(format!(
        "PROXY TCP4 203.0.113.9 198.51.100.1 40000 80\r\n{REQUEST}"
    ));
    assert_eq!(client.response().status(), 400);
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn a_header_that_does_not_come_is_not_waited_for_forever() {
    let upstream = Upstream::hello();
    let keys = "proxy_protocol = true";
    let tables = "[timeouts]\nhead = \"100ms\"";
    let gateway = Gateway::configured(&Gateway::config_to(&upstream, keys, tables));
    let mut silent = gateway.connect();
    silent.expect_end();
    let mut slow = gateway.connect();
    slow.send("PROXY ");
    slow.expect_end();
}

#[test]
fn a_reload_turns_it_on_for_connections_to_come() {
    let upstream = Upstream::hello();
    let gateway = Gateway::to(&upstream);
    let mut before = gateway.connect();
    assert_eq!(before.get("auth.test", "/").status(), 200);
    let file = gateway.folder().unwrap().join("mesh-router.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("proxy_protocol = true\n{config}")).unwrap();
    gateway.signal("HUP");
    gateway.logged("reloaded");
    let mut after = Client::connect(gateway.address());
    after.send(format!(
        "PROXY TCP6 2001:db8::9 2001:db8::1 40000 80\r\n{REQUEST}"
    ));
    assert_eq!(after.response().status(), 200);
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.field("x-forwarded-for"), Some("2001:db8::9"));
    assert_eq!(before.get("auth.test", "/").status(), 200);
}
