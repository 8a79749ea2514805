use expect_test::{Expect, expect};

use crate::{Side, script::Script};

const ASK: &str = "GET /live/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: auth.local\r\n\
                   Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const AGREE: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                     Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// `hi` from the app, and from the client.
const TO_CLIENT: &[u8] = b"\x82\x02hi";
const TO_APP: &[u8] = b"\x82\x82\x00\x00\x00\x00hi";
const CLOSE_TO_CLIENT: &[u8] = b"\x88\x02\x03\xe9";
const CLOSE_TO_APP: &[u8] = b"\x88\x82\x00\x00\x00\x00\x03\xe9";

/// Opens a tunnel, plays on, and compares what came after the opening.
fn check(play: impl FnOnce(&mut Script), expected: &Expect) {
    let mut script = Script::new();
    script.client_sends(ASK).upstream_sends(AGREE).calls();
    play(&mut script);
    expected.assert_eq(&script.calls());
}

#[test]
fn a_websocket_opens() {
    let mut script = Script::new();
    script.client_sends(ASK).upstream_sends(AGREE);
    expect![[r#"
        connect 3 Socket
        to upstream: GET /live/websocket?vsn=2.0.0 HTTP/1.1 | Host: auth.local | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Version: 13 | Connection: Upgrade | Upgrade: websocket |  | 
        to client: HTTP/1.1 101 Switching Protocols | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Connection: Upgrade | Upgrade: websocket |  | 
    "#]].assert_eq(&script.calls());
}

#[test]
fn bytes_pass_both_ways() {
    check(
        |script| _ = script.client_sends(TO_APP).upstream_sends(TO_CLIENT),
        &expect![[r#"
            to upstream: \x82\x82\x00\x00\x00\x00hi
            to client: \x82\x02hi
        "#]],
    );
}

/// Bandit loses bytes right behind an upgrade request.
#[test]
fn early_bytes_wait_for_the_101() {
    let mut script = Script::new();
    script.client_sends([ASK.as_bytes(), TO_APP].concat());
    script.upstream_sends([AGREE.as_bytes(), TO_CLIENT].concat());
    expect![[r#"
        connect 3 Socket
        to upstream: GET /live/websocket?vsn=2.0.0 HTTP/1.1 | Host: auth.local | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Version: 13 | Connection: Upgrade | Upgrade: websocket |  | 
        reading Client off
        to client: HTTP/1.1 101 Switching Protocols | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Connection: Upgrade | Upgrade: websocket |  | \x82\x02hi
        to upstream: \x82\x82\x00\x00\x00\x00hi
        reading Client on
    "#]].assert_eq(&script.calls());
}

#[test]
fn early_bytes_wait_for_a_full_upstream() {
    let mut script = Script::new();
    script
        .fills(Side::Upstream)
        .client_sends([ASK.as_bytes(), TO_APP].concat())
        .calls();
    script.upstream_sends(AGREE).drains(Side::Upstream);
    expect![[r#"
        to client: HTTP/1.1 101 Switching Protocols | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Connection: Upgrade | Upgrade: websocket |  | 
        to upstream: \x82\x82\x00\x00\x00\x00hi
        reading Client on
    "#]].assert_eq(&script.calls());
}

/// RFC 9110 §7.8: a server may go on in HTTP/1.1, then what follows is the next request.
#[test]
fn a_declined_upgrade_is_an_ordinary_request() {
    let mut script = Script::new();
    script.client_sends([ASK, "GET /b HTTP/1.1\r\nHost: auth.local\r\n\r\n"].concat());
    script.upstream_sends("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    expect![[r#"
        connect 3 Socket
        to upstream: GET /live/websocket?vsn=2.0.0 HTTP/1.1 | Host: auth.local | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Version: 13 | Connection: Upgrade | Upgrade: websocket |  | 
        reading Client off
        to client: HTTP/1.1 403 Forbidden | Content-Length: 0 |  | 
        release Reuse
        finished GET auth.local/live/websocket 403 ok
        connect 3 Any
        to upstream: GET /b HTTP/1.1 | Host: auth.local |  | 
        reading Client on
    "#]].assert_eq(&script.calls());
}

#[test]
fn a_101_that_was_not_agreed_upon_is_refused() {
    let plain = "GET / HTTP/1.1\r\nHost: auth.local\r\n\r\n";
    for (request, answer) in [
        (plain, AGREE.to_owned()),
        (ASK, AGREE.replace("Upgrade: websocket", "Upgrade: h2c")),
        (
            ASK,
            AGREE.replace("Connection: Upgrade", "Connection: close"),
        ),
        (ASK, AGREE.replace("Sec-WebSocket-Accept", "X-Accept")),
        (ASK, AGREE.replace("HTTP/1.1 101", "HTTP/1.0 101")),
        (
            ASK,
            AGREE.replace("Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: h2c"),
        ),
        (
            ASK,
            AGREE.replace(
                "Upgrade: websocket",
                "Upgrade: websocket\r\nContent-Length: 5",
            ),
        ),
    ] {
        let mut script = Script::new();
        script.client_sends(request).upstream_sends(&answer);
        let calls = script.calls();
        assert!(calls.contains("502 protocol\n"), "{request}{answer}{calls}");
        assert!(calls.contains("release Close\n"), "{calls}");
    }
}

#[test]
fn what_is_no_websocket_is_not_asked_for() {
    for request in [
        ASK.replace("Upgrade: websocket", "Upgrade: h2c"),
        ASK.replace("keep-alive, Upgrade", "keep-alive"),
        ASK.replace("HTTP/1.1", "HTTP/1.0"),
        ASK.replace("GET", "POST"),
        ASK.replace("Sec-WebSocket-Key", "X-Key"),
        ASK.replace("keep-alive, Upgrade", "Upgrade, sec-websocket-key"),
        ASK.replace("Sec-WebSocket-Version: 13", "Content-Length: 5"),
    ] {
        let mut script = Script::new();
        script.client_sends(&request);
        let sent = String::from_utf8_lossy(&script.driver.to_upstream).into_owned();
        assert!(sent.starts_with(&request[..4]), "{request}{sent}");
        assert!(!sent.contains("Upgrade"), "{request}{sent}");
    }
}

#[test]
fn backpressure_both_ways() {
    check(
        |script| {
            script
                .fills(Side::Upstream)
                .client_sends(TO_APP)
                .drains(Side::Upstream);
            script
                .fills(Side::Client)
                .upstream_sends(TO_CLIENT)
                .drains(Side::Client);
        },
        &expect![[r#"
            to upstream, full: \x82\x82\x00\x00\x00\x00hi
            reading Client off
            reading Client on
            to client, full: \x82\x02hi
            reading Upstream off
            reading Upstream on
        "#]],
    );
}

#[test]
fn the_app_closes() {
    check(
        |script| {
            script
                .upstream_sends(CLOSE_TO_CLIENT)
                .client_sends(CLOSE_TO_APP)
                .upstream_ends();
        },
        &expect![[r#"
            to client: \x88\x02\x03\xe9
            to upstream: \x88\x82\x00\x00\x00\x00\x03\xe9
            release Close
            finished GET auth.local/live/websocket 101 ok, close code 1001
            end client Lingering
        "#]],
    );
    check(
        |script| _ = script.upstream_ends(),
        &expect![[r#"
        release Close
        finished GET auth.local/live/websocket 101 ok
        end client Lingering
    "#]],
    );
    check(
        |script| _ = script.upstream_resets(),
        &expect![[r#"
            release Close
            finished GET auth.local/live/websocket 101 reset
            end client Lingering
        "#]],
    );
}

/// After its close frame a client waits for the app; its end is never passed on as a half-close.
#[test]
fn the_client_closes() {
    check(
        |script| {
            script.client_sends(CLOSE_TO_APP).client_ends();
            script.upstream_sends(CLOSE_TO_CLIENT).upstream_ends();
        },
        &expect![[r#"
            to upstream: \x88\x82\x00\x00\x00\x00\x03\xe9
            to client: \x88\x02\x03\xe9
            release Close
            finished GET auth.local/live/websocket 101 ok, close code 1001
            end client Lingering
        "#]],
    );
    check(
        |script| _ = script.client_sends(CLOSE_TO_APP).client_ends().waits(5.1),
        &expect![[r#"
            to upstream: \x88\x82\x00\x00\x00\x00\x03\xe9
            release Close
            finished GET auth.local/live/websocket 101 ok, close code 1001
            end client Close
        "#]],
    );
    check(
        |script| _ = script.client_ends(),
        &expect![[r#"
        release Close
        finished GET auth.local/live/websocket 101 ok
        end client Close
    "#]],
    );
    check(
        |script| _ = script.client_resets(),
        &expect![[r#"
        release Close
        finished GET auth.local/live/websocket 101 ok
        end client Abort
    "#]],
    );
}

#[test]
fn a_silent_tunnel_ends() {
    check(
        |script| _ = script.waits(119.0).client_sends(TO_APP).waits(119.0),
        &expect![[r#"
            to upstream: \x82\x82\x00\x00\x00\x00hi
        "#]],
    );
    check(
        |script| _ = script.waits(121.0),
        &expect![[r#"
        to upstream: \x88\x82\x00\x00\x00\x00\x03\xe9
        to client: \x88\x02\x03\xe9
        release Close
        finished GET auth.local/live/websocket 101 client_timeout, close code 1001
        end client Lingering
    "#]],
    );
}

#[test]
fn a_leaving_gateway_says_1012_between_two_frames() {
    check(
        |script| _ = script.stops(false),
        &expect![[r#"
        to upstream: \x88\x82\x00\x00\x00\x00\x03\xf4
        to client: \x88\x02\x03\xf4
        release Close
        finished GET auth.local/live/websocket 101 stopping, close code 1012
        end client Lingering
    "#]],
    );
    check(
        |script| {
            script.upstream_sends(&TO_CLIENT[..3]).stops(false);
            script.upstream_sends([&TO_CLIENT[3..], TO_CLIENT].concat());
        },
        &expect![[r#"
            to client: \x82\x02h
            to client: i
            to upstream: \x88\x82\x00\x00\x00\x00\x03\xf4
            to client: \x88\x02\x03\xf4
            release Close
            finished GET auth.local/live/websocket 101 stopping, close code 1012
            end client Lingering
        "#]],
    );
    check(
        |script| _ = script.client_sends(&TO_APP[..3]).stops(false),
        &expect![[r#"
            to upstream: \x82\x82\x00
            to client: \x88\x02\x03\xf4
            release Close
            finished GET auth.local/live/websocket 101 stopping, close code 1012
            end client Lingering
        "#]],
    );
    check(
        |script| _ = script.upstream_sends(CLOSE_TO_CLIENT).stops(false),
        &expect![[r#"
            to client: \x88\x02\x03\xe9
            to upstream: \x88\x82\x00\x00\x00\x00\x03\xf4
            release Close
            finished GET auth.local/live/websocket 101 stopping, close code 1001
            end client Lingering
        "#]],
    );
}

#[test]
fn a_gateway_in_a_hurry_does_not_wait_for_a_frame() {
    check(
        |script| {
            script
                .upstream_sends(&TO_CLIENT[..3])
                .stops(false)
                .stops(true);
        },
        &expect![[r#"
            to client: \x82\x02h
            release Close
            finished GET auth.local/live/websocket 101 stopping
            end client Abort
        "#]],
    );
}

#[test]
fn a_tunnel_opened_while_leaving_is_closed_at_once() {
    let mut script = Script::new();
    script.client_sends(ASK).stops(false).upstream_sends(AGREE);
    expect![[r#"
        connect 3 Socket
        to upstream: GET /live/websocket?vsn=2.0.0 HTTP/1.1 | Host: auth.local | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Version: 13 | Connection: Upgrade | Upgrade: websocket |  | 
        to client: HTTP/1.1 101 Switching Protocols | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Connection: Upgrade | Upgrade: websocket |  | 
        to upstream: \x88\x82\x00\x00\x00\x00\x03\xf4
        to client: \x88\x02\x03\xf4
        release Close
        finished GET auth.local/live/websocket 101 stopping, close code 1012
        end client Lingering
    "#]].assert_eq(&script.calls());
}
