use expect_test::{Expect, expect};
use routes::Settings;

use crate::{
    Client, Connecting, Side,
    script::{REUSED, Script},
};

const GET: &str = "GET /a HTTP/1.1\r\nHost: auth.local\r\n\r\n";
const POST: &str = "POST /p HTTP/1.1\r\nHost: auth.local\r\nContent-Length: 5\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Plays a script and compares the calls it led to.
fn check(play: impl FnOnce(&mut Script), expected: &Expect) {
    let mut script = Script::new();
    play(&mut script);
    expected.assert_eq(&script.calls());
}

#[test]
fn a_request_and_its_answer_take_one_send_each() {
    check(
        |script| _ = script.client_sends(GET).upstream_sends(OK),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
        "#]],
    );
}

#[test]
fn a_body_at_hand_leaves_with_its_head() {
    check(
        |script| {
            script
                .client_sends([POST, "hello"].concat())
                .upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Fresh
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hello
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished POST auth.local/p 200 ok
        "#]],
    );
}

#[test]
fn a_head_in_pieces_is_put_together() {
    check(
        |script| {
            let (start, end) = GET.split_at(20);
            script.client_sends(start).client_sends(end);
            let (start, end) = OK.split_at(30);
            script.upstream_sends(start).upstream_sends(end);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
        "#]],
    );
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    check(
        |script| {
            script.client_sends([GET, POST, "hello", GET].concat());
            script
                .upstream_sends(OK)
                .upstream_sends(OK)
                .upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client off
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            connect 3 Fresh
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hello
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished POST auth.local/p 200 ok
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client on
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
        "#]],
    );
}

#[test]
fn a_body_waits_for_its_upstream() {
    check(
        |script| {
            script.answers_connecting(&[Connecting::Pending]);
            script.client_sends([POST, "hel"].concat());
            script.connects().client_sends("lo").upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Fresh
            reading Client off
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hel
            reading Client on
            to upstream: lo
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished POST auth.local/p 200 ok
        "#]],
    );
}

#[test]
fn a_full_upstream_stops_the_client_and_a_full_client_the_upstream() {
    check(
        |script| {
            script.fills(Side::Upstream).client_sends(POST);
            script.drains(Side::Upstream).client_sends("hello");
            let (start, end) = OK.split_at(OK.len() - 1);
            script.fills(Side::Client).upstream_sends(start);
            script.drains(Side::Client).upstream_sends(end);
        },
        &expect![[r#"
            connect 3 Fresh
            to upstream, full: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | 
            reading Client off
            reading Client on
            to upstream: hello
            to client, full: HTTP/1.1 200 OK | Content-Length: 2 |  | o
            reading Upstream off
            reading Upstream on
            to client: k
            release Reuse
            finished POST auth.local/p 200 ok
        "#]],
    );
}

#[test]
fn an_answer_not_taken_yet_lets_the_upstream_go() {
    check(
        |script| {
            script.fills(Side::Client).client_sends([GET, GET].concat());
            script.upstream_sends(OK);
            assert!(script.driver.calls.ends_with("release Reuse\n"));
            script.drains(Side::Client);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client off
            to client, full: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client on
        "#]],
    );
}

#[test]
fn a_reused_connection_that_dies_unheard_is_tried_once_more() {
    check(
        |script| {
            script.answers_connecting(&[REUSED]).client_sends(GET);
            script.upstream_resets().upstream_ends().waits(0.002);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            connect 3 Never
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            to client: HTTP/1.1 502 Bad Gateway | Content-Type: text/plain; charset=utf-8 | Content-Length: 32 | Cache-Control: no-store | Proxy-Status: mesh-router; error=connection_terminated |  | the service ended the connection
            finished GET auth.local/a 502 reset, 2 attempts
        "#]],
    );
}

/// As it is with connections that a kernel took for an app that went down before it accepted them.
#[test]
fn a_new_connection_that_is_reset_unheard_is_tried_once_more() {
    check(
        |script| {
            script.client_sends(GET);
            script.upstream_resets().upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            connect 3 Never
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok, 2 attempts
        "#]],
    );
    // Or as it is with one that the app had closed just then: the reset is there, or comes behind.
    let mut script = Script::new();
    script.client_sends(GET);
    script.driver.is_upstream_reset = true;
    script.upstream_ends().upstream_sends(OK);
    assert!(script.calls().ends_with("200 ok, 2 attempts\n"));
    let mut script = Script::new();
    script.client_sends(GET).upstream_ends();
    script.driver.is_upstream_reset = true;
    script.waits(0.002).upstream_sends(OK);
    assert!(script.calls().ends_with("200 ok, 2 attempts\n"));
}

/// Its kernel takes connections until the last moment; a moment later it refuses them, or is back. Nobody
/// else waits: it may be this very request that the app can't bear.
#[test]
fn an_app_that_resets_twice_is_tried_a_moment_later() {
    check(
        |script| {
            script.answers_connecting(&[REUSED]).client_sends(GET);
            script.upstream_ends().upstream_resets();
            script.waits(0.1).upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            connect 3 Never
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            connect 3 Never
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok, 3 attempts
        "#]],
    );
    let mut script = Script::new();
    script.client_sends(GET).upstream_resets().upstream_resets();
    script.waits(0.1).upstream_resets();
    assert!(script.calls().ends_with("502 reset, 3 attempts\n"));
    // It has gone.
    let mut script = Script::new();
    script.client_sends(GET).upstream_resets().upstream_resets();
    script.answers_connecting(&[Connecting::Refused]).waits(0.1);
    assert!(script.calls().ends_with("connect 3 Never\nhold 3\n"));
    script.is_available().upstream_sends(OK);
    assert!(script.calls().ends_with("200 ok, 3 attempts\n"));
}

#[test]
fn nothing_is_sent_twice_that_may_have_been_begun() {
    let cases: [(&str, String, &[Connecting], &str); 5] = [
        ("a post", [POST, "hello"].concat(), &[REUSED], ""),
        (
            "a put with a body",
            POST.replace("POST", "PUT") + "hello",
            &[REUSED],
            "",
        ),
        (
            "a post without a body",
            GET.replace("GET", "POST"),
            &[REUSED],
            "",
        ),
        ("a new connection", GET.to_owned(), &[], ""),
        ("an answer begun", GET.to_owned(), &[REUSED], "HTTP/1.1 2"),
    ];
    for (name, request, connecting, answer) in cases {
        let mut script = Script::new();
        script.answers_connecting(connecting).client_sends(request);
        if !answer.is_empty() {
            script.upstream_sends(answer);
        }
        script.upstream_ends().waits(0.002);
        let calls = script.calls();
        assert!(calls.contains("502 reset\n"), "{name}: {calls}");
        assert_eq!(calls.matches("connect ").count(), 1, "{name}: {calls}");
    }
}

#[test]
fn nor_is_what_was_reset_where_it_can_t_be_repeated() {
    let post = GET.replace("GET", "POST");
    for request in [post, [POST, "hello"].concat()] {
        let mut script = Script::new();
        script.client_sends(request).upstream_resets();
        let calls = script.calls();
        assert!(calls.contains("502 reset\n"), "{calls}");
        assert_eq!(calls.matches("connect ").count(), 1, "{calls}");
    }
}

#[test]
fn requests_that_can_be_sent_twice_take_any_connection_and_others_a_fresh_one() {
    let upgrade = "GET / HTTP/1.1\r\nHost: auth.local\r\nConnection: upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
    for (request, reuse) in [
        (GET.to_owned(), "Any"),
        (GET.replace("GET", "DELETE"), "Any"),
        (GET.replace("GET", "PATCH"), "Fresh"),
        (POST.to_owned(), "Fresh"),
        (POST.replace("POST", "PUT"), "Fresh"),
        (upgrade.to_owned(), "Never"),
    ] {
        let mut script = Script::new();
        script.client_sends(&request);
        let calls = script.calls();
        assert!(
            calls.starts_with(&format!("connect 3 {reuse}\n")),
            "{request}{calls}"
        );
    }
}

#[test]
fn nowhere_and_refused_where_nothing_waits() {
    let mut settings = Settings::default();
    settings.timeouts.hold = std::time::Duration::ZERO;
    let mut script = Script::with(settings, "203.0.113.7");
    script.answers_connecting(&[Connecting::Nowhere, Connecting::Pending]);
    script.client_sends(GET).client_sends(GET).is_refused();
    expect![[r#"
            connect 3 Any
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 26 | Cache-Control: no-store | Proxy-Status: mesh-router; error=destination_unavailable | Retry-After: 1 |  | the service is not running
            finished GET auth.local/a 503 no_upstream
            connect 3 Any
            to client: HTTP/1.1 502 Bad Gateway | Content-Type: text/plain; charset=utf-8 | Content-Length: 33 | Cache-Control: no-store | Proxy-Status: mesh-router; error=connection_refused |  | the service can\'t be connected to
            finished GET auth.local/a 502 connect_refused
        "#]]
    .assert_eq(&script.calls());
}

#[test]
fn a_client_that_leaves_cancels_the_upstream() {
    check(
        |script| _ = script.client_sends(GET).client_resets(),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            finished GET auth.local/a 499 client_closed
            end client Abort
        "#]],
    );
    check(
        |script| {
            script.answers_connecting(&[Connecting::Pending]);
            script.client_sends(GET).client_resets();
        },
        &expect![[r#"
            connect 3 Any
            release Close
            finished GET auth.local/a 499 client_closed
            end client Abort
        "#]],
    );
    check(
        |script| _ = script.client_sends([POST, "hel"].concat()).client_ends(),
        &expect![[r#"
            connect 3 Fresh
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hel
            release Close
            finished POST auth.local/p 499 client_closed
            end client Abort
        "#]],
    );
    check(
        |script| _ = script.client_sends("GET /").client_ends(),
        &expect![[r#"
            finished   499 client_closed
            end client Abort
        "#]],
    );
}

#[test]
fn an_idle_client_that_ends_leaves_no_record() {
    check(
        |script| _ = script.client_ends(),
        &expect![[r#"
        end client Close
    "#]],
    );
    check(
        |script| _ = script.client_resets(),
        &expect![[r#"
        end client Abort
    "#]],
    );
}

#[test]
fn a_half_close_is_not_departure() {
    check(
        |script| _ = script.client_sends(GET).client_ends().upstream_sends(OK),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            end client Close
        "#]],
    );
    check(
        |script| {
            script.client_sends([GET, GET].concat()).client_ends();
            script.upstream_sends(OK).upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client off
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client on
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            end client Close
        "#]],
    );
}

/// Who has gone answers an interim answer with a reset; HTTP/1.0 can't be asked.
#[test]
fn a_half_closed_client_is_asked_once_whether_it_is_there() {
    check(
        |script| {
            script
                .client_sends(GET)
                .client_ends()
                .waits(5.0)
                .client_resets();
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 100 Continue |  | 
            release Close
            finished GET auth.local/a 499 client_closed
            end client Abort
        "#]],
    );
    check(
        |script| {
            script
                .client_sends(GET.replace("1.1", "1.0"))
                .client_ends()
                .waits(5.0);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local | Via: 1.0 mr-test |  | 
        "#]],
    );
}

#[test]
fn silence_ends() {
    check(|script| _ = script.waits(74.9), &expect![]);
    check(
        |script| _ = script.waits(75.1),
        &expect![[r#"
        end client Close
    "#]],
    );
    check(
        |script| _ = script.client_sends(GET).upstream_sends(OK).waits(75.1),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            end client Close
        "#]],
    );
}

/// The head's time runs from its first byte, however it drips.
#[test]
fn a_slow_head_is_told_408() {
    check(
        |script| {
            script.client_sends("GET / HTTP/1.1\r\n");
            for _ in 0..20 {
                script.client_sends("X: a\r\n").waits(0.4);
            }
            assert_eq!(script.calls(), "");
            script.waits(3.0);
        },
        &expect![[r#"
            to client: HTTP/1.1 408 Request Timeout | Content-Type: text/plain; charset=utf-8 | Content-Length: 32 | Cache-Control: no-store | Proxy-Status: mesh-router; error=http_request_error | Connection: close |  | the request did not come in time
            finished   408 client_timeout
            end client Lingering
        "#]],
    );
}

#[test]
fn a_slow_body_is_told_408_and_a_deaf_upstream_504() {
    check(
        |script| {
            script
                .client_sends(POST)
                .waits(59.0)
                .client_sends("hel")
                .waits(61.0);
        },
        &expect![[r#"
            connect 3 Fresh
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | 
            to upstream: hel
            release Close
            to client: HTTP/1.1 408 Request Timeout | Content-Type: text/plain; charset=utf-8 | Content-Length: 32 | Cache-Control: no-store | Proxy-Status: mesh-router; error=http_request_error | Connection: close |  | the request did not come in time
            finished POST auth.local/p 408 client_timeout
            end client Lingering
        "#]],
    );
    check(
        |script| {
            script
                .fills(Side::Upstream)
                .client_sends([POST, "hello"].concat())
                .waits(61.0);
        },
        &expect![[r#"
            connect 3 Fresh
            to upstream, full: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hello
            release Close
            to client: HTTP/1.1 504 Gateway Timeout | Content-Type: text/plain; charset=utf-8 | Content-Length: 34 | Cache-Control: no-store | Proxy-Status: mesh-router; error=http_response_timeout |  | the service did not answer in time
            finished POST auth.local/p 504 response_timeout
        "#]],
    );
}

#[test]
fn a_silent_upstream_is_told_504() {
    check(
        |script| _ = script.client_sends(GET).waits(61.0),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            to client: HTTP/1.1 504 Gateway Timeout | Content-Type: text/plain; charset=utf-8 | Content-Length: 34 | Cache-Control: no-store | Proxy-Status: mesh-router; error=http_response_timeout |  | the service did not answer in time
            finished GET auth.local/a 504 response_timeout
        "#]],
    );
}

#[test]
fn a_client_that_does_not_read_is_cut() {
    check(
        |script| {
            script
                .client_sends(GET)
                .fills(Side::Client)
                .upstream_sends(OK)
                .waits(61.0);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client, full: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 client_timeout
            end client Abort
        "#]],
    );
}

#[test]
fn a_silent_answer_may_last_unless_told_otherwise() {
    let sse = "HTTP/1.1 200 OK\r\n\r\n";
    check(
        |script| _ = script.client_sends(GET).upstream_sends(sse).waits(3600.0),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Transfer-Encoding: chunked |  | 
        "#]],
    );
    let mut settings = Settings::default();
    settings.timeouts.stream_idle = Some(std::time::Duration::from_secs(30));
    let mut script = Script::with(settings, "203.0.113.7");
    script.client_sends(GET).upstream_sends(sse).waits(31.0);
    expect![[r#"
        connect 3 Any
        to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
        to client: HTTP/1.1 200 OK | Transfer-Encoding: chunked |  | 
        release Close
        finished GET auth.local/a 200 response_timeout
        end client Abort
    "#]]
    .assert_eq(&script.calls());
}

/// One wish for waking serves many requests: arming a timer for each would cost more than they do.
#[test]
fn timers_are_armed_rarely() {
    let mut script = Script::new();
    let mut armed = 0;
    for _ in 0..100 {
        script.driver.wake_at = None;
        script.client_sends(GET).upstream_sends(OK);
        armed += usize::from(script.driver.wake_at.is_some());
    }
    assert_eq!(armed, 1);
}

#[test]
fn a_leaving_gateway_ends_idle_clients_and_says_close_to_busy_ones() {
    check(
        |script| _ = script.stops(false),
        &expect![[r#"
        end client Close
    "#]],
    );
    check(
        |script| _ = script.client_sends(GET).stops(false).upstream_sends(OK),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 | Connection: close |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            end client Close
        "#]],
    );
    check(
        |script| _ = script.client_sends(GET).upstream_sends(OK).stops(false),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            end client Close
        "#]],
    );
}

#[test]
fn a_gateway_in_a_hurry_ends_everything() {
    check(
        |script| _ = script.client_sends(GET).stops(true),
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            release Close
            to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 22 | Cache-Control: no-store | Proxy-Status: mesh-router; error=proxy_internal_response | Retry-After: 1 | Connection: close |  | the gateway is leaving
            finished GET auth.local/a 503 stopping
            end client Lingering
        "#]],
    );
    check(
        |script| {
            script
                .client_sends(GET)
                .upstream_sends("HTTP/1.1 200 OK\r\n\r\n");
            script.stops(false).stops(true);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            to client: HTTP/1.1 200 OK | Transfer-Encoding: chunked |  | 
            release Close
            finished GET auth.local/a 200 stopping
            end client Abort
        "#]],
    );
}

#[test]
fn a_client_is_busy_while_an_exchange_is_under_way() {
    let mut script = Script::new();
    assert!(!script.is_busy());
    script.client_sends("G");
    assert!(script.is_busy());
    script.client_sends(&GET[1..]);
    assert!(script.is_busy());
    script.upstream_sends(OK);
    assert!(!script.is_busy());
}

#[test]
fn an_idle_client_holds_no_heap() {
    let mut script = Script::new();
    script.client_sends([GET, GET, "GET /"].concat());
    script.upstream_sends(OK).upstream_sends(OK);
    script
        .client_sends("b HTTP/1.1\r\nHost: auth.local\r\n\r\n")
        .upstream_sends(OK);
    assert!(script.client.exchange.is_none());
    assert_eq!(script.client.unread.capacity(), 0);
    assert!(size_of::<Client>() <= 160, "{}", size_of::<Client>());
}

#[test]
fn an_early_answer_closes_both_sides() {
    check(
        |script| {
            let answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";
            script
                .client_sends([POST, "hel"].concat())
                .upstream_sends(answer);
        },
        &expect![[r#"
            connect 3 Fresh
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hel
            to client: HTTP/1.1 413 Content Too Large | Content-Length: 2 | Connection: close |  | no
            release Close
            finished POST auth.local/p 413 ok
            end client Lingering
        "#]],
    );
}

/// A plain close with bytes unread would be a reset, and could take the answer with it.
#[test]
fn a_last_answer_lingers_where_more_was_sent() {
    check(
        |script| {
            let last = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            script
                .client_sends([&last, GET].concat())
                .upstream_sends(OK);
        },
        &expect![[r#"
            connect 3 Any
            to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
            reading Client off
            to client: HTTP/1.1 200 OK | Content-Length: 2 | Connection: close |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
            end client Lingering
        "#]],
    );
}

/// Both ways at once: the rest of the body goes on while the answer has begun.
#[test]
fn an_answer_may_begin_before_the_request_ends() {
    check(
        |script| {
            script.client_sends([POST, "hel"].concat());
            script.upstream_sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
            script.client_sends("lo").upstream_sends("k");
        },
        &expect![[r#"
            connect 3 Fresh
            to upstream: POST /p HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hel
            to client: HTTP/1.1 200 OK | Content-Length: 2 | Connection: close |  | o
            to upstream: lo
            to client: k
            release Close
            finished POST auth.local/p 200 ok
            end client Close
        "#]],
    );
}
