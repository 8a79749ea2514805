use expect_test::{Expect, expect};

use crate::script::Script;

const GET: &str = "GET /a HTTP/1.1\r\nHost: auth.local\r\n\r\n";

/// Plays an answer to `request`, in one piece and byte by byte, and compares what came of it.
fn check(request: &str, answer: &str, ends: bool, expected: &Expect) {
    let mut script = Script::new();
    script.client_sends(request).calls();
    script.upstream_sends(answer);
    if ends {
        script.upstream_ends();
    }
    expected.assert_eq(&script.calls());

    let mut slow = Script::new();
    slow.client_sends(request);
    for byte in answer.as_bytes() {
        if slow.is_busy() {
            slow.upstream_sends(std::slice::from_ref(byte));
        }
    }
    if ends {
        slow.upstream_ends();
    }
    let (whole, pieces) = (&script.driver.to_client, &slow.driver.to_client);
    assert_eq!(dechunked(whole), dechunked(pieces), "split into bytes");
}

/// Chunks may be cut anew where the body lasts until the end.
fn dechunked(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split("\r\n");
    let kept = lines.filter(|line| u64::from_str_radix(line, 16).is_err());
    kept.collect::<String>().into_bytes()
}

#[test]
fn framing() {
    check(
        GET,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        false,
        &expect![[r#"
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
        "#]],
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                   5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=1\r\n\r\n";
    check(
        GET,
        chunked,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Transfer-Encoding: chunked |  | 5 | hello | 1 | ! | 0 | X-Sum: 1 |  | 
        release Reuse
        finished GET auth.local/a 200 ok
    "#]],
    );
    check(
        GET,
        "HTTP/1.1 200 OK\r\n\r\nhowzit",
        true,
        &expect![[r#"
            to client: HTTP/1.1 200 OK | Transfer-Encoding: chunked |  | 6 | howzit | 
            to client: 0 |  | 
            release Close
            finished GET auth.local/a 200 ok
        "#]],
    );
    check(
        GET,
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        false,
        &expect![[r#"
            to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
            release Close
            finished GET auth.local/a 200 ok
        "#]],
    );
    let kept = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    check(
        GET,
        kept,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
        release Reuse
        finished GET auth.local/a 200 ok
    "#]],
    );
    let closed = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    check(
        GET,
        closed,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
        release Close
        finished GET auth.local/a 200 ok
    "#]],
    );
}

#[test]
fn answers_without_a_body() {
    let head = GET.replace("GET", "HEAD");
    check(
        &head,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        false,
        &expect![[r#"
            to client: HTTP/1.1 200 OK | Content-Length: 5 |  | 
            release Reuse
            finished HEAD auth.local/a 200 ok
        "#]],
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    check(
        &head,
        chunked,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Transfer-Encoding: chunked |  | 
        release Reuse
        finished HEAD auth.local/a 200 ok
    "#]],
    );
    check(
        GET,
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        false,
        &expect![[r#"
            to client: HTTP/1.1 204 No Content |  | 
            release Reuse
            finished GET auth.local/a 204 ok
        "#]],
    );
    check(
        GET,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        false,
        &expect![[r#"
            to client: HTTP/1.1 304 Not Modified | Content-Length: 5 |  | 
            release Reuse
            finished GET auth.local/a 304 ok
        "#]],
    );
}

#[test]
fn old_clients() {
    let old = GET.replace("1.1", "1.0");
    let kept = old.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    check(
        &old,
        ok,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Content-Length: 2 | Connection: close |  | ok
        release Reuse
        finished GET auth.local/a 200 ok
        end client Close
    "#]],
    );
    check(
        &kept,
        ok,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Content-Length: 2 | Connection: keep-alive |  | ok
        release Reuse
        finished GET auth.local/a 200 ok
    "#]],
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    check(
        &kept,
        chunked,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Connection: close |  | ok
        release Reuse
        finished GET auth.local/a 200 ok
        end client Close
    "#]],
    );
    check(
        &kept,
        "HTTP/1.1 200 OK\r\n\r\nok",
        true,
        &expect![[r#"
        to client: HTTP/1.1 200 OK | Connection: close |  | ok
        release Close
        finished GET auth.local/a 200 ok
        end client Close
    "#]],
    );
    check(
        &kept,
        &format!("HTTP/1.1 103 Early Hints\r\n\r\n{ok}"),
        false,
        &expect![[r#"
            to client: HTTP/1.1 200 OK | Content-Length: 2 | Connection: keep-alive |  | ok
            release Reuse
            finished GET auth.local/a 200 ok
        "#]],
    );
}

#[test]
fn interim_answers() {
    let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    check(
        GET,
        &format!("{hint}{ok}"),
        false,
        &expect![[r#"
        to client: HTTP/1.1 103 Early Hints | Link: </a> |  | 
        to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
        release Reuse
        finished GET auth.local/a 200 ok
    "#]],
    );
    // A shorter head behind a longer one, in pieces.
    let mut script = Script::new();
    script
        .client_sends(GET)
        .upstream_sends(&hint[..60])
        .upstream_sends(&hint[60..]);
    script.upstream_sends(&ok[..10]).upstream_sends(&ok[10..]);
    assert!(script.calls().contains("200 ok\n"));
    let mut script = Script::new();
    script.client_sends(GET).upstream_sends(hint.repeat(101));
    assert!(script.calls().contains("502 protocol\n"));
}

#[test]
fn fields_for_one_hop_end_here() {
    let answer = "HTTP/1.1 200 Fine then\r\nConnection: X-Secret, keep-alive\r\nX-Secret: 1\r\n\
                  Keep-Alive: timeout=60\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\n\
                  X-Request-Id: theirs\r\nServer: Cowboy\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\
                  ETag: W/\"a\"\r\nContent-Length: 0\r\n\r\n";
    check(
        GET,
        answer,
        false,
        &expect![[r#"
        to client: HTTP/1.1 200 Fine then | Server: Cowboy | Set-Cookie: a=1 | Set-Cookie: b=2 | ETag: W/\"a\" | Content-Length: 0 |  | 
        release Reuse
        finished GET auth.local/a 200 ok
    "#]],
    );
}

#[test]
fn nonsense_is_told_502_and_never_reused() {
    for answer in [
        "HTTP/1.1 banana\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx",
        "\r\n\r\n\r\n",
    ] {
        let mut script = Script::new();
        script.client_sends(GET).upstream_sends(answer);
        let calls = script.calls();
        assert!(calls.contains("502 protocol\n"), "{answer}{calls}");
        assert!(calls.contains("release Close\n"), "{answer}{calls}");
    }
    let mut script = Script::new();
    script
        .client_sends(GET)
        .upstream_sends("HTTP/1.1 200 OK\r\nX: ");
    script.upstream_sends("a".repeat(70_000));
    assert!(script.calls().contains("502 protocol\n"));
}

#[test]
fn a_cut_answer_is_a_visible_abort() {
    for (request, answer) in [
        (
            GET.to_owned(),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        ),
        (
            GET.to_owned(),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ),
        (
            GET.replace("1.1", "1.0"),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        ),
    ] {
        let mut script = Script::new();
        script.client_sends(request).upstream_sends(answer);
        if script.is_busy() {
            script.upstream_ends();
        }
        let calls = script.calls();
        assert!(calls.contains("end client Abort\n"), "{answer}{calls}");
        assert!(calls.contains("release Close\n"), "{answer}{calls}");
    }
    // Malformed once the client has its beginning.
    let mut script = Script::new();
    script
        .client_sends(GET)
        .upstream_sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        .upstream_sends("x");
    assert!(script.calls().contains("end client Abort\n"));
    // Ended by the connection's end, it is cut by a reset only.
    let mut script = Script::new();
    script
        .client_sends(GET)
        .upstream_sends("HTTP/1.1 200 OK\r\n\r\nhell")
        .upstream_resets();
    assert!(script.calls().contains("end client Abort\n"));
}

/// An earlier answer may not have reached the client yet.
#[test]
fn a_cut_answer_takes_no_earlier_one_with_it() {
    for request in [GET.to_owned(), GET.replace("1.1", "1.0")] {
        let mut script = Script::new();
        script.client_sends([GET, &request].concat());
        script.upstream_sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        script
            .upstream_sends("HTTP/1.1 200 OK\r\n\r\nhell")
            .upstream_resets();
        let calls = script.calls();
        assert!(calls.contains("end client Cut\n"), "{calls}");
    }
}

#[test]
fn a_connection_with_bytes_behind_the_answer_is_not_reused() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let mut script = Script::new();
    script
        .client_sends(GET)
        .upstream_sends([ok, "HTTP/1.1 200 OK"].concat());
    assert!(script.calls().contains("release Close\n"));
}

/// What was known of the request's bytes once kept the gateway from looking at an answer that was
/// no longer than they were.
#[test]
fn a_request_in_pieces_does_not_keep_its_answer_back() {
    let mut script = Script::new();
    script.client_sends(&GET[..30]);
    script.client_sends(&GET[30..]).calls();
    script.upstream_sends("HTTP/1.1 204 No Content\r\n\r\n");
    expect![[r#"
        to client: HTTP/1.1 204 No Content |  | 
        release Reuse
        finished GET auth.local/a 204 ok
    "#]]
    .assert_eq(&script.calls());
}
