use std::{sync::Arc, time::Duration};

use expect_test::{Expect, expect};
use routes::{Mode, Settings, Snapshot};

use crate::{Connecting, Holding, Side, script::Script};

const GET: &str = "GET /a HTTP/1.1\r\nHost: auth.local\r\n\r\n";
const POST: &str = "POST /a HTTP/1.1\r\nHost: auth.local\r\nContent-Length: 5\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const PAGE: &str = "GET /a HTTP/1.1\r\nHost: auth.local\r\nAccept: text/html\r\n\r\n";
const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: auth.local\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       Sec-WebSocket-Version: 13\r\n\r\n";

/// A service that refuses the first wish for a connection.
fn away() -> Script {
    refusing(Settings::default(), "203.0.113.7")
}

fn refusing(settings: Settings, peer: &str) -> Script {
    let mut script = Script::with(settings, peer);
    script.answers_connecting(&[Connecting::Refused]);
    script
}

fn developing(peer: &str) -> Script {
    let settings = Settings {
        mode: Mode::Development,
        ..Settings::default()
    };
    refusing(settings, peer)
}

fn check(mut script: Script, play: impl FnOnce(&mut Script), expected: &Expect) {
    play(&mut script);
    expected.assert_eq(&script.calls());
}

#[test]
fn a_request_waits_and_goes_out_as_if_it_had_just_come() {
    check(
        away(),
        |script| {
            script.client_sends(GET).waits(4.0).is_available();
            script.upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Any
            hold 3
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | hi
            release Reuse
            finished GET auth.local/a 200 ok, held 4000 ms
        "#]],
    );
}

#[test]
fn a_wish_that_ends_in_a_refusal_waits_too() {
    check(
        Script::new(),
        |script| {
            script.answers_connecting(&[Connecting::Pending]);
            script.client_sends(GET).is_refused().is_available();
        },
        &expect![[r#"
            connect 3 Any
            hold 3
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
        "#]],
    );
}

#[test]
fn a_body_waits_with_its_head_and_no_more_of_it_is_read() {
    check(
        away(),
        |script| {
            script.client_sends(POST).client_sends("hel");
            script.is_available().client_sends("lo");
        },
        &expect![[r#"
            connect 3 Fresh
            hold 3
            reading Client off
            connect 3 Fresh
            to upstream: POST /a HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hel
            reading Client on
            to upstream: lo
        "#]],
    );
}

#[test]
fn its_time_is_not_longer_for_being_refused_again() {
    check(
        away(),
        |script| {
            script.answers_connecting(&[Connecting::Refused]);
            script.client_sends(GET).waits(3.0).is_available();
            script.waits(2.0);
        },
        &expect![[r#"
            connect 3 Any
            hold 3
            connect 3 Any
            hold 3
            unhold
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 33 | Cache-Control: no-store | Proxy-Status: mesh-router; error=destination_unavailable | Retry-After: 1 |  | the service can\'t be connected to
            finished GET auth.local/a 503 hold_timeout, held 5000 ms
        "#]],
    );
}

#[test]
fn a_full_queue_is_told_at_once() {
    check(
        away(),
        |script| {
            script.driver.holding.push_back(Holding::Full);
            script.client_sends(GET);
        },
        &expect![[r#"
            connect 3 Any
            hold 3
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 33 | Cache-Control: no-store | Proxy-Status: mesh-router; error=connection_limit_reached | Retry-After: 1 |  | the service has too many requests
            finished GET auth.local/a 503 overload
        "#]],
    );
}

#[test]
fn who_leaves_gives_its_place_up() {
    check(
        away(),
        |script| _ = script.client_sends(GET).client_resets(),
        &expect![[r#"
            connect 3 Any
            hold 3
            unhold
            finished GET auth.local/a 499 client_closed
            end client Abort
        "#]],
    );
    // Who only ended its side is asked.
    check(
        away(),
        |script| {
            script.client_sends(GET).client_ends();
            script.waits(1.0).client_resets();
        },
        &expect![[r#"
            connect 3 Any
            hold 3
            to client: HTTP/1.1 100 Continue |  | 
            unhold
            finished GET auth.local/a 499 client_closed, held 1000 ms
            end client Abort
        "#]],
    );
}

#[test]
fn the_retry_of_a_lost_request_waits_too() {
    check(
        Script::new(),
        |script| {
            script.answers_connecting(&[crate::script::REUSED, Connecting::Refused]);
            script.client_sends(GET).upstream_ends();
            script.is_available().upstream_ends().waits(0.002);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            connect 3 Never
            hold 3
            connect 3 Never
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            to client: HTTP/1.1 502 Bad Gateway | Content-Type: text/plain; charset=utf-8 | Content-Length: 32 | Cache-Control: no-store | Proxy-Status: mesh-router; error=connection_terminated |  | the service ended the connection
            finished GET auth.local/a 502 reset, 2 attempts
        "#]],
    );
}

#[test]
fn a_service_that_was_up_lately_is_waited_for_longer() {
    let mut settings = Settings::default();
    settings.timeouts.hold_restart = Duration::from_secs(30);
    let mut script = refusing(settings, "203.0.113.7");
    script
        .driver
        .holding
        .push_back(Holding::Queued { was_up: true });
    script.client_sends(GET).waits(29.0).calls();
    assert!(script.is_busy());
    script.waits(1.0);
    assert!(script.calls().contains("503 hold_timeout, held 30000 ms"));
}

#[test]
fn nothing_waits_for_a_service_that_does_not_listen() {
    let mut script = away();
    let mut services = script.published.snapshot.services.clone();
    services[0].serving = routes::Serving::No("server: false".to_owned());
    let routes = script.published.snapshot.routes.clone();
    script.published.snapshot = Arc::new(Snapshot::new(services, routes, None));
    script.client_sends(GET);
    assert!(script.calls().contains("502 connect_refused\n"));
}

/// The table can give a service's number to another service while requests wait.
#[test]
fn a_request_that_waited_goes_where_its_host_leads_then() {
    let mut script = away();
    script.client_sends(GET).calls();
    let Snapshot {
        mut services,
        mut routes,
        ..
    } = (*script.published.snapshot).clone();
    (services[0].slot, services[1].slot) = (4, 3);
    script.published.snapshot = Arc::new(Snapshot::new(services.clone(), routes.clone(), None));
    script.answers_connecting(&[Connecting::Refused]);
    script.is_available();
    assert_eq!(script.calls(), "connect 4 Any\nhold 4\n");
    routes.remove(0);
    script.published.snapshot = Arc::new(Snapshot::new(services, routes, None));
    script.is_available();
    assert!(script.calls().contains("404 no_route"));
}

#[test]
fn a_paused_service_is_waited_for_until_the_pause_ends_and_then_as_ever() {
    let mut script = away();
    let set = |script: &mut Script, paused: bool| {
        let mut services = script.published.snapshot.services.clone();
        services[0].paused = paused;
        let routes = script.published.snapshot.routes.clone();
        script.published.snapshot = Arc::new(Snapshot::new(services, routes, None));
    };
    set(&mut script, true);
    script.answers_connecting(&[Connecting::Refused]);
    script.client_sends(GET).waits(60.0).calls();
    assert!(script.is_busy());
    set(&mut script, false);
    script.play(crate::Client::on_resumed).waits(4.9);
    assert_eq!(script.calls(), "connect 3 Any\nhold 3\n");
    script.waits(0.1);
    assert!(script.calls().contains("503 hold_timeout, held 65000 ms"));
}

#[test]
fn a_browser_in_development_gets_a_page_that_asks_again() {
    check(
        developing("127.0.0.1"),
        |script| _ = script.client_sends(PAGE).waits(1.0),
        &expect![[r#"
            connect 3 Any
            hold 3
            unhold
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/html; charset=utf-8 | Content-Length: 500 | Cache-Control: no-store | Proxy-Status: mesh-router; error=destination_unavailable | Retry-After: 1 |  | <!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0\"><meta name=\"viewport\" content=\"width=device-width\"><title>503 Service Unavailable</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem}small{color:#777}</style>\n<h1>503 Service Unavailable</h1>\n<p>AuthWeb.Endpoint is not running</p>\n<p>This page loads by itself as soon as it does.</p>\n<p><small>mesh-router \xc2\xb7 request abd5rcnjxg5rtiko6d44ymr7fg</small></p>\n
            finished GET auth.local/a 503 hold_timeout, held 1000 ms
        "#]],
    );
    // Details are for this machine alone, and a page for a browser in development alone.
    for (mut script, request, has_page, has_details) in [
        (developing("203.0.113.7"), PAGE, true, false),
        (developing("127.0.0.1"), GET, false, true),
        (away(), PAGE, false, false),
    ] {
        script.client_sends(request).waits(5.0);
        let calls = script.calls();
        assert_eq!(calls.contains("http-equiv"), has_page, "{calls}");
        assert_eq!(calls.contains("AuthWeb"), has_details, "{calls}");
    }
}

#[test]
fn an_upgrade_of_no_phoenix_socket_waits_2_seconds() {
    check(
        away(),
        |script| _ = script.client_sends(UPGRADE).waits(2.0),
        &expect![[r#"
            connect 3 Never
            hold 3
            unhold
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 33 | Cache-Control: no-store | Proxy-Status: mesh-router; error=destination_unavailable | Retry-After: 1 |  | the service can\'t be connected to
            finished GET auth.local/chat 503 hold_timeout, held 2000 ms
        "#]],
    );
}

#[test]
fn a_gateway_that_leaves_at_once_lets_nobody_wait() {
    check(
        away(),
        |script| _ = script.client_sends(GET).stops(false).stops(true),
        &expect![[r#"
            connect 3 Any
            hold 3
            unhold
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 22 | Cache-Control: no-store | Proxy-Status: mesh-router; error=proxy_internal_response | Retry-After: 1 | Connection: close |  | the gateway is leaving
            finished GET auth.local/a 503 stopping
            end client Lingering
        "#]],
    );
}

#[test]
fn a_slow_reader_of_the_page_is_not_held_any_more() {
    let mut script = developing("127.0.0.1");
    script.client_sends(PAGE).fills(Side::Client).waits(1.0);
    let calls = script.calls();
    assert!(calls.contains("unhold"), "{calls}");
    script.drains(Side::Client);
    assert!(!script.is_busy());
    assert!(!script.calls().contains("unhold"));
}
