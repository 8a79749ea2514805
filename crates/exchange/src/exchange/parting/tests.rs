use std::time::Duration;

use expect_test::{Expect, expect};

use super::{fair_share, is_phoenix_socket, open_time};
use crate::{Connecting, Holding, script::Script};

const ASK: &str = "GET /live/websocket?_csrf=x&vsn=2.0.0 HTTP/1.1\r\nHost: auth.local\r\n\
                   Connection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.c2VjcmV0\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// `secret` in a frame, and the echo of a close with 1012.
const JOIN: &[u8] = b"\x81\x86\x00\x00\x00\x00secret";
const ECHO: &[u8] = b"\x88\x82\x00\x00\x00\x00\x03\xf4";

/// Plays on a socket that has waited for 200 ms, and compares what came after its opening.
fn check(play: impl FnOnce(&mut Script), expected: &Expect) {
    let mut script = away();
    script.client_sends(ASK).waits(0.2).calls();
    play(&mut script);
    expected.assert_eq(&script.calls());
}

fn away() -> Script {
    let mut script = Script::new();
    script.answers_connecting(&[Connecting::Refused]);
    script
}

#[test]
fn a_phoenix_socket_is_opened_and_closed_with_1012() {
    let mut script = away();
    script.client_sends(ASK).waits(0.2).waits(0.05);
    script.client_sends(ECHO);
    expect![[r#"
        connect 3 Socket
        hold 3
        unhold
        to client: HTTP/1.1 101 Switching Protocols | Connection: Upgrade | Upgrade: websocket | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: phoenix |  | 
        stand by 3 Away
        unhold
        to client: \x88\x02\x03\xf4
        finished GET auth.local/live/websocket 101 turned_away, held 200 ms, close code 1012
        end client Lingering
    "#]].assert_eq(&script.calls());
}

#[test]
fn the_app_answers_if_it_is_back_in_time() {
    let mut script = away();
    script.client_sends(ASK).waits(0.1).is_available();
    expect![[r#"
        connect 3 Socket
        hold 3
        connect 3 Socket
        to upstream: GET /live/websocket?_csrf=x&vsn=2.0.0 HTTP/1.1 | Host: auth.local | Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.c2VjcmV0 | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Version: 13 | Connection: Upgrade | Upgrade: websocket |  | 
    "#]].assert_eq(&script.calls());
}

#[test]
fn it_is_closed_as_soon_as_the_service_is_back() {
    check(
        |script| _ = script.is_available().waits(2.0),
        &expect![[r#"
            to client: \x88\x02\x03\xf4
            finished GET auth.local/live/websocket 101 turned_away, held 200 ms, close code 1012
            end client Lingering
        "#]],
    );
}

#[test]
fn what_the_client_says_is_thrown_away() {
    check(
        |script| _ = script.client_sends(JOIN).waits(0.05).client_sends(JOIN),
        &expect![[r#"
            unhold
            to client: \x88\x02\x03\xf4
        "#]],
    );
}

#[test]
fn its_client_may_close_or_leave() {
    check(
        |script| _ = script.client_sends(ECHO),
        &expect![[r#"
        to client: \x88\x02\x03\xf4
        unhold
        finished GET auth.local/live/websocket 101 turned_away, held 200 ms, close code 1012
        end client Lingering
    "#]],
    );
    check(
        |script| _ = script.client_ends(),
        &expect![[r#"
        unhold
        finished GET auth.local/live/websocket 101 turned_away, held 200 ms
        end client Close
    "#]],
    );
    check(
        |script| _ = script.client_resets(),
        &expect![[r#"
        unhold
        finished GET auth.local/live/websocket 101 turned_away, held 200 ms
        end client Abort
    "#]],
    );
}

#[test]
fn a_gateway_that_leaves_closes_it() {
    check(
        |script| _ = script.stops(false).client_sends(ECHO),
        &expect![[r#"
            unhold
            to client: \x88\x02\x03\xf4
            finished GET auth.local/live/websocket 101 turned_away, held 200 ms, close code 1012
            end client Lingering
        "#]],
    );
    check(
        |script| _ = script.stops(true),
        &expect![[r#"
        unhold
        to client: \x88\x02\x03\xf4
        finished GET auth.local/live/websocket 101 turned_away, held 200 ms, close code 1012
        end client Lingering
    "#]],
    );
}

/// A 503 would send it to long-poll.
#[test]
fn where_no_place_is_left_it_is_opened_at_once() {
    let mut script = away();
    script.driver.holding.push_back(Holding::Full);
    script.client_sends(ASK).waits(0.05).client_sends(ECHO);
    expect![[r#"
        connect 3 Socket
        hold 3
        to client: HTTP/1.1 101 Switching Protocols | Connection: Upgrade | Upgrade: websocket | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: phoenix |  | 
        stand by 3 Away
        unhold
        to client: \x88\x02\x03\xf4
        finished GET auth.local/live/websocket 101 turned_away, close code 1012
        end client Lingering
    "#]].assert_eq(&script.calls());
}

#[test]
fn what_no_server_would_accept_is_refused() {
    for (right, wrong) in [
        ("Version: 13", "Version: 8"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "*GhlIHNhbXBsZSBub25jZQ=="),
    ] {
        let mut script = away();
        // It waits as any other upgrade does.
        script.client_sends(ASK.replace(right, wrong)).waits(2.0);
        let calls = script.calls();
        assert!(calls.contains("503 hold_timeout"), "{wrong}: {calls}");
    }
}

#[test]
fn which_requests_are_phoenix_sockets() {
    for (target, is_one) in [
        ("/live/websocket?vsn=2.0.0", true),
        ("/socket/websocket?token=x&vsn=2.0.0", true),
        ("/socket/websocket", false),
        ("/socket/websocket?xvsn=2.0.0", false),
        ("/socket/longpoll?vsn=2.0.0", false),
        ("/chat?vsn=/websocket", false),
        ("/websocket?x=?vsn=2.0.0", false),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\n\r\n");
        assert_eq!(is_phoenix_socket(head.as_bytes()), is_one, "{target}");
    }
}

#[test]
fn the_more_wait_the_longer_each_is_open() {
    let lengths = [1, 50, 100, 400, 10_000].map(|waiting| {
        let open = open_time(fair_share(waiting));
        format!("{waiting}: {open:?}")
    });
    expect!["1: 50ms, 50: 50ms, 100: 300ms, 400: 1.8s, 10000: 2s"].assert_eq(&lengths.join(", "));
    // Never for so long that phoenix.js gives up.
    assert!(open_time(Duration::MAX) < Duration::from_millis(2500));
}

/// Its client would open it again at once, and so it is where the app, or another node of it, is there.
#[test]
fn one_that_its_app_broke_off_is_told_only_if_the_app_is_there() {
    let mut script = Script::new();
    script.client_sends(ASK).upstream_resets();
    script.answers_connecting(&[Connecting::Refused]).waits(0.1);
    script.waits(0.2).waits(0.05);
    expect![[r#"
        connect 3 Socket
        to upstream: GET /live/websocket?_csrf=x&vsn=2.0.0 HTTP/1.1 | Host: auth.local | Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.c2VjcmV0 | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Version: 13 | Connection: Upgrade | Upgrade: websocket |  | 
        release Close
        connect 3 Socket
        hold 3
        unhold
        to client: HTTP/1.1 101 Switching Protocols | Connection: Upgrade | Upgrade: websocket | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: phoenix |  | 
        stand by 3 Away
        unhold
        to client: \x88\x02\x03\xf4
    "#]].assert_eq(&script.calls());
    let mut script = Script::new();
    script.client_sends(ASK).upstream_ends().waits(0.1);
    script.upstream_sends(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    let calls = script.calls();
    assert!(calls.contains("to client: HTTP/1.1 101"), "{calls}");
    assert_eq!(calls.matches("connect 3 Socket").count(), 2, "{calls}");
    let mut script = Script::new();
    script.client_sends(ASK).upstream_ends();
    script.waits(0.1).upstream_ends();
    script.waits(0.1).upstream_ends();
    let calls = script.calls();
    assert!(calls.contains("502 reset"), "{calls}");
    assert_eq!(calls.matches("connect 3 Socket").count(), 3, "{calls}");
    assert!(!calls.contains("hold"), "{calls}");
    let mut script = Script::new();
    script.client_sends(ASK).upstream_sends("HTTP/1.1 101 Sw");
    script.upstream_resets().waits(0.1);
    let calls = script.calls();
    assert!(calls.contains("502 reset"), "{calls}");
    assert_eq!(calls.matches("connect 3 Socket").count(), 1, "{calls}");
}

/// A node died, and its sockets come to another all at once.
#[test]
fn one_of_a_crowd_is_turned_away_without_waiting_for_a_place() {
    let mut script = Script::new();
    script.answers_connecting(&[Connecting::Crowded]);
    script.client_sends(ASK).waits(0.05).client_sends(ECHO);
    expect![[r#"
        connect 3 Socket
        to client: HTTP/1.1 101 Switching Protocols | Connection: Upgrade | Upgrade: websocket | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: phoenix |  | 
        stand by 3 Crowd
        unhold
        to client: \x88\x02\x03\xf4
        finished GET auth.local/live/websocket 101 turned_away, close code 1012
        end client Lingering
    "#]].assert_eq(&script.calls());
    // What no server would accept is the app's to refuse, and takes no place among those.
    let mut script = Script::new();
    script.client_sends(ASK.replace("Version: 13", "Version: 8"));
    let calls = script.calls();
    assert!(calls.starts_with("connect 3 Never\nto upstream"), "{calls}");
}
