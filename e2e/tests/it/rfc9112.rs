//! HTTP/1.1, in the RFC's own order: what is refused, and how bodies and connections end.

use std::sync::mpsc;

use e2e::{Ending, Gateway, PATIENCE, Upstream, upstream::text};

/// Sends each request on a connection of its own; each must get `status`, then the end, and the
/// app must see nothing of it.
#[track_caller]
fn refused<B: AsRef<[u8]>>(status: u16, requests: impl IntoIterator<Item = B>) {
    let upstream = Upstream::hello();
    let gateway = Gateway::to(&upstream);
    for request in requests {
        let shown = String::from_utf8_lossy(request.as_ref()).into_owned();
        let mut client = gateway.connect();
        let answer = client.send(request).wire.response("GET");
        let answer = answer.unwrap_or_else(|| panic!("no answer to {shown:?}"));
        assert_eq!(answer.status(), status, "{shown:?}");
        let (_, ending) = client.wire.rest();
        assert_eq!(ending, Ending::Fin, "{shown:?}");
    }
    assert!(
        upstream.requests().is_empty(),
        "the app saw {:?}",
        upstream.requests()
    );
}

/// Returns the status that a client gets when the upstream sends these bytes and closes.
#[track_caller]
fn status_for(answer: &[u8]) -> u16 {
    let upstream = Upstream::answering(answer);
    Gateway::to(&upstream).get("auth.test", "/").status()
}

mod s2_2_message_parsing {
    use super::*;

    #[test]
    fn lines_end_with_cr_and_lf() {
        refused(
            400,
            [
                "GET / HTTP/1.1\nHost: auth.test\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: auth.test\nX-A: 1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: auth.test\r\nX-A: 1\rX-B: 2\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: auth.test\r\n\n",
            ],
        );
    }

    #[test]
    fn nothing_stands_between_the_first_line_and_the_fields() {
        refused(400, ["GET / HTTP/1.1\r\n Host: auth.test\r\n\r\n"]);
    }

    #[test]
    fn an_empty_line_before_a_request_is_overlooked() {
        let gateway = Gateway::to(&Upstream::hello());
        let mut client = gateway.connect();
        client.send("\r\nGET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        assert_eq!(client.response().status(), 200);
    }

    #[test]
    fn a_head_may_come_byte_by_byte() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for byte in b"GET /slow HTTP/1.1\r\nHost: auth.test\r\nX-Long: value\r\n\r\n" {
            client.send([*byte]);
        }
        assert_eq!(client.response().status(), 200);
        assert_eq!(upstream.request().field("x-long"), Some("value"));
    }
}

mod s2_3_version {
    use super::*;

    #[test]
    fn others_than_1_0_and_1_1_are_505() {
        let request = |version| format!("GET / HTTP/{version}\r\nHost: auth.test\r\n\r\n");
        refused(505, ["2.0", "3.7", "0.9", "1.2"].map(request));
    }

    #[test]
    fn what_is_no_version_is_400() {
        let request = |version| format!("GET / {version}\r\nHost: auth.test\r\n\r\n");
        refused(
            400,
            [
                "HTTP/1",
                "HTTP/1.1.1",
                "http/1.1",
                "HTTP/1,1",
                "HTTP/01.1",
                "",
            ]
            .map(request),
        );
    }

    #[test]
    fn the_app_hears_1_1_also_for_a_client_of_1_0() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        let answer = client
            .send("GET / HTTP/1.0\r\nHost: auth.test\r\n\r\n")
            .response();
        assert_eq!(answer.status(), 200);
        assert_eq!(upstream.request().head.start, "GET / HTTP/1.1");
        client.expect_end();
    }
}

mod s3_request_line {
    use super::*;

    #[test]
    fn has_three_parts_and_single_spaces() {
        refused(
            400,
            [
                "GET /\r\nHost: auth.test\r\n\r\n",
                "GET  / HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                "GET /  HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                "GET / a HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                " GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                "G(T / HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                "GET\t/ HTTP/1.1\r\nHost: auth.test\r\n\r\n",
            ],
        );
    }

    #[test]
    fn no_control_bytes_and_no_fragment_in_the_target() {
        refused(
            400,
            [
                &b"GET /a\x00b HTTP/1.1\r\nHost: auth.test\r\n\r\n"[..],
                b"GET /a\x7fb HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                b"GET a HTTP/1.1\r\nHost: auth.test\r\n\r\n",
                b"GET * HTTP/1.1\r\nHost: auth.test\r\n\r\n",
            ],
        );
    }

    #[test]
    fn the_target_goes_on_as_it_came() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let targets = [
            "/a%2Fb/../c?q=%20&x=[1]",
            "//double//slash",
            "/?",
            "/a;b=c|d",
        ];
        for (index, target) in targets.iter().enumerate() {
            assert_eq!(gateway.get("auth.test", target).status(), 200, "{target}");
            assert_eq!(upstream.requests()[index].head.target(), *target);
        }
    }
}

mod s3_2_2_absolute_form {
    use super::*;

    #[test]
    fn leads_by_its_authority_and_goes_on_in_origin_form() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        for (target, sent) in [
            ("http://auth.test/a?b=c", "/a?b=c"),
            ("http://auth.test", "/"),
            ("http://auth.test?b=c", "/?b=c"),
        ] {
            let request = format!("GET {target} HTTP/1.1\r\nHost: auth.test\r\n\r\n");
            assert_eq!(
                gateway.connect().send(request).response().status(),
                200,
                "{target}"
            );
            let seen = upstream.requests().pop().unwrap();
            assert_eq!(seen.head.target(), sent);
            assert_eq!(seen.field("host"), Some("auth.test"));
        }
    }

    #[test]
    fn never_routes_by_one_host_and_sends_another() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let request = "GET http://auth.test/ HTTP/1.1\r\nHost: billing.test\r\n\r\n";
        let answer = gateway.connect().send(request).response();
        match answer.status() {
            400 => assert!(upstream.requests().is_empty()),
            200 => assert_eq!(upstream.request().field("host"), Some("auth.test")),
            status => panic!("{status}"),
        }
    }
}

mod s5_fields {
    use super::*;

    #[test]
    fn have_a_token_for_a_name_and_the_colon_right_behind_it() {
        let request = |field| format!("GET / HTTP/1.1\r\nHost: auth.test\r\n{field}\r\n\r\n");
        refused(
            400,
            [
                "X-A : 1",
                ": 1",
                "X-A",
                "X A: 1",
                "X(A): 1",
                "X-A\t: 1",
                "Transfer-Encoding : chunked",
            ]
            .map(request),
        );
    }

    #[test]
    fn are_not_folded() {
        refused(
            400,
            ["GET / HTTP/1.1\r\nHost: auth.test\r\nX-A: 1\r\n 2\r\n\r\n"],
        );
    }

    #[test]
    fn have_no_nul_in_their_values() {
        refused(
            400,
            [b"GET / HTTP/1.1\r\nHost: auth.test\r\nX-A: a\0b\r\n\r\n"],
        );
    }
}

mod s6_1_transfer_encoding {
    use super::*;

    #[test]
    fn with_a_content_length_is_400() {
        refused(
            400,
            [
                "POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 5\r\n\
                 Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\
                 Content-Length: 0\r\n\r\n0\r\n\r\n",
            ],
        );
    }

    #[test]
    fn in_http_1_0_is_400() {
        refused(
            400,
            ["POST / HTTP/1.0\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
        );
    }

    #[test]
    fn unknown_is_501() {
        let head = "POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
        refused(501, [format!("{head}0\r\n\r\n")]);
    }

    #[test]
    fn ambiguous_is_never_forwarded() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        for coding in [
            "chunked, chunked",
            "chunked,",
            "xchunked",
            "chunked, gzip",
            "\"chunked\"",
            "",
        ] {
            let mut client = gateway.connect();
            let answer = client
                .send(format!(
                    "POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: {coding}\r\n\r\n\
                     0\r\n\r\n"
                ))
                .response();
            assert!(
                matches!(answer.status(), 400 | 501),
                "{coding:?}: {}",
                answer.status()
            );
            client.expect_end();
        }
        assert!(upstream.requests().is_empty());
    }
}

mod s6_2_content_length {
    use super::*;

    #[test]
    fn bodies_pass_in_both_directions() {
        let upstream = Upstream::play(|connection| {
            while let Some(request) = connection.request() {
                let length = request.body.len();
                connection.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
                ));
                connection.send(request.body);
            }
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for size in [0, 1, 1000, 70_000, 3_000_000] {
            let body: Vec<u8> = (0..=250).cycle().take(size).collect();
            let head =
                format!("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: {size}\r\n\r\n");
            let answer = client.send(head).send(&body).response();
            assert!(answer.whole);
            assert!(answer.body == body, "{size} bytes came back otherwise");
        }
        assert_eq!(upstream.connections(), 1);
    }

    #[test]
    fn several_that_differ_are_400() {
        let request = |lines| format!("POST / HTTP/1.1\r\nHost: auth.test\r\n{lines}\r\n\r\nhello");
        refused(
            400,
            [
                "Content-Length: 5\r\nContent-Length: 4",
                "Content-Length: 5, 4",
                "Content-Length: 4\r\nContent-Length: 5",
            ]
            .map(request),
        );
    }
}

mod s6_3_response_body_length {
    use super::*;

    #[test]
    fn a_body_up_to_the_end_of_the_connection_is_passed_on() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.send("HTTP/1.1 200 OK\r\n\r\nall ");
            connection.send("there is");
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        let answer = client.get("auth.test", "/");
        assert_eq!(answer.text(), "all there is");
        assert!(answer.whole);
    }

    #[test]
    fn an_ambiguous_answer_is_502() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
            "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        ] {
            assert_eq!(status_for(answer.as_bytes()), 502, "{answer:?}");
        }
    }

    /// As a mail server does whose port was written by mistake.
    #[test]
    fn an_upstream_that_speaks_first_is_502_each_time() {
        let upstream = Upstream::play(|connection| {
            if connection.try_send("220 mail.test ESMTP\r\n") {
                connection.wire.rest();
            }
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..3 {
            assert_eq!(client.get("auth.test", "/").status(), 502);
        }
        assert_eq!(upstream.connections(), 3);
    }

    #[test]
    fn bytes_behind_an_answer_are_nobodys() {
        let upstream = Upstream::play(|connection| {
            while connection.request().is_some() {
                connection.send([&text("first")[..], &text("unasked")].concat());
            }
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..3 {
            assert_eq!(client.get("auth.test", "/").text(), "first");
        }
        // A connection that says more than it was asked is closed, never reused.
        assert_eq!(upstream.connections(), 3);
    }
}

mod s7_1_chunked {
    use super::*;

    #[test]
    fn bodies_pass_in_both_directions() {
        let upstream = Upstream::play(|connection| {
            while let Some(request) = connection.request() {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                for part in request.body.chunks(10_000) {
                    connection.send(format!("{:x}\r\n", part.len()));
                    connection.send(part);
                    connection.send("\r\n");
                }
                connection.send("0\r\n\r\n");
            }
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for size in [0, 1, 1000, 70_000, 1_000_000] {
            let body: Vec<u8> = (0..=250).cycle().take(size).collect();
            client.send("POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n");
            for part in body.chunks(7_000) {
                client
                    .send(format!("{:X}\r\n", part.len()))
                    .send(part)
                    .send("\r\n");
            }
            let answer = client.send("0\r\n\r\n").response();
            assert!(answer.whole);
            assert!(answer.body == body, "{size} bytes came back otherwise");
        }
    }

    #[test]
    fn parts_are_passed_on_as_they_come() {
        let (more, wait) = mpsc::channel();
        let wait = std::sync::Mutex::new(wait);
        let upstream = Upstream::play(move |connection| {
            connection.request();
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            connection.send("5\r\nfirst\r\n");
            wait.lock()
                .unwrap()
                .recv_timeout(PATIENCE)
                .expect("the client got the first part");
            connection.send("6\r\nsecond\r\n0\r\n\r\n");
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client
            .send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n")
            .head();
        assert_eq!(client.wire.chunk().unwrap(), b"first");
        more.send(()).unwrap();
        assert_eq!(client.wire.chunk().unwrap(), b"second");
        assert_eq!(client.wire.chunk(), None);
    }

    #[test]
    fn a_client_of_http_1_0_gets_it_unchunked() {
        let upstream = Upstream::answering(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        );
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.0\r\nHost: auth.test\r\nConnection: keep-alive\r\n\r\n");
        let answer = client.response();
        assert_eq!(answer.head.lines("transfer-encoding"), [""; 0]);
        assert_eq!(answer.text(), "hello");
        client.expect_end();
    }

    #[test]
    fn a_malformed_request_body_never_looks_whole_to_the_app() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        for body in [
            "5\r\nhelloXX0\r\n\r\n",
            "xyz\r\nhello\r\n0\r\n\r\n",
            "5 5\r\nhello\r\n0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "fffffffffffffffff\r\nhello",
            "\r\nhello\r\n0\r\n\r\n",
        ] {
            let mut client = gateway.connect();
            client.try_send(format!(
                "POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
            ));
            if let Some(answer) = client.wire.response("POST") {
                assert_eq!(answer.status(), 400, "{body:?}");
            }
            client.wire.rest();
        }
        for request in upstream.requests() {
            assert!(!request.whole, "the app got {request:?}");
        }
    }

    #[test]
    fn extensions_are_dropped() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let request = "POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                       5;name=\"value\"\r\nhello\r\n0;last\r\n\r\n";
        assert_eq!(gateway.connect().send(request).response().status(), 200);
        assert_eq!(upstream.request().text(), "hello");
    }
}

mod s8_incomplete_messages {
    use super::*;

    #[test]
    fn an_answer_cut_off_ends_as_visibly_at_the_client() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        ] {
            let upstream = Upstream::play(move |connection| {
                connection.request();
                connection.send(answer);
            });
            let gateway = Gateway::to(&upstream);
            let mut client = gateway.connect();
            client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
            if let Some(got) = client.wire.response("GET") {
                if got.status() == 502 {
                    // Not a byte of it was passed on, so there is room for an answer of our own.
                    continue;
                }
                assert!(!got.whole, "{answer:?} looked whole: {got:?}");
            }
            client.wire.rest();
        }
    }

    #[test]
    fn a_close_delimited_answer_cut_by_a_reset_does_not_look_whole() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.send("HTTP/1.1 200 OK\r\n\r\npart");
            connection.reset_on_close();
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        if let Some(got) = client.wire.response("GET") {
            assert!(!got.whole || got.status() == 502, "{got:?}");
        }
    }

    #[test]
    fn a_request_cut_off_is_cut_off_at_the_app() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 100\r\n\r\nonly this");
        drop(client);
        let request = upstream.wait_for(1).remove(0);
        assert_eq!(request.text(), "only this");
        assert!(!request.whole);
    }

    #[test]
    fn half_a_head_never_reaches_the_app() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n");
        client.wire.half_close();
        client.wire.rest();
        assert_eq!(upstream.connections(), 0);
    }
}

mod s9_3_persistence {
    use super::*;

    #[test]
    fn one_connection_serves_many_requests_on_both_sides() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..20 {
            assert_eq!(client.get("auth.test", "/").text(), "hello");
        }
        assert_eq!(upstream.connections(), 1);
    }

    #[test]
    fn close_is_honoured() {
        let gateway = Gateway::to(&Upstream::hello());
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: close\r\n\r\n");
        let _ = client.response();
        client.expect_end();
    }

    #[test]
    fn http_1_0_keeps_alive_when_it_asks_to() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..2 {
            client.send("GET / HTTP/1.0\r\nHost: auth.test\r\nConnection: keep-alive\r\n\r\n");
            let answer = client.response();
            assert_eq!(answer.text(), "hello");
            assert_eq!(answer.field("connection"), Some("keep-alive"));
        }
    }

    #[test]
    fn an_upstream_of_http_1_0_is_asked_anew_each_time() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..3 {
            let answer = client.get("auth.test", "/");
            assert_eq!(answer.text(), "hi");
            assert_eq!(answer.head.start, "HTTP/1.1 200 OK");
        }
        assert_eq!(upstream.connections(), 3);
    }

    #[test]
    fn a_client_that_half_closes_still_gets_its_answer() {
        let gateway = Gateway::to(&Upstream::hello());
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        client.wire.half_close();
        assert_eq!(client.response().text(), "hello");
        client.expect_end();
    }
}

mod s9_3_1_retrying {
    use super::*;

    /// Answers the first request of each connection; hangs up at the second without an answer.
    fn forgetful() -> Upstream {
        Upstream::play(|connection| {
            connection.request();
            connection.send(text("hello"));
            connection.request();
        })
    }

    #[test]
    fn an_idempotent_request_on_a_connection_that_died_is_sent_once_more() {
        let upstream = forgetful();
        let gateway = Gateway::configured(&single_worker(&upstream));
        let mut client = gateway.connect();
        for _ in 0..4 {
            assert_eq!(client.get("auth.test", "/").text(), "hello");
        }
    }

    #[test]
    fn a_post_is_never_sent_twice() {
        let upstream = forgetful();
        let gateway = Gateway::configured(&single_worker(&upstream));
        let mut client = gateway.connect();
        let post = "POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(client.send(post).response().status(), 200);
        // It took the connection that had just been used, which hung up: whether the app began
        // the request can't be known.
        assert_eq!(client.send(post).response().status(), 502);
        assert_eq!(upstream.requests().len(), 2);
    }

    #[test]
    fn a_second_failure_is_the_clients_to_know() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            if connection.index == 0 {
                connection.send(text("hello"));
                connection.request();
            }
        });
        let gateway = Gateway::configured(&single_worker(&upstream));
        let mut client = gateway.connect();
        assert_eq!(client.get("auth.test", "/").status(), 200);
        assert_eq!(client.get("auth.test", "/").status(), 502);
        assert_eq!(upstream.requests().len(), 3);
    }

    /// Pools belong to workers: with one worker it is known which connection is reused.
    fn single_worker(upstream: &Upstream) -> String {
        Gateway::config_to(upstream, "", "").replace("workers = 2", "workers = 1")
    }
}

mod s9_3_2_pipelining {
    use super::*;

    #[test]
    fn is_answered_in_order() {
        let upstream = Upstream::play(|connection| {
            while let Some(request) = connection.request() {
                connection.send(text(request.head.target()));
            }
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        let requests: Vec<String> = (0..50)
            .map(|number| format!("GET /{number} HTTP/1.1\r\nHost: auth.test\r\n\r\n"))
            .collect();
        client.send(requests.concat());
        for number in 0..50 {
            assert_eq!(client.response().text(), format!("/{number}"));
        }
    }

    #[test]
    fn a_body_ends_where_it_says_and_the_next_request_begins() {
        let upstream = Upstream::play(|connection| {
            while let Some(request) = connection.request() {
                connection.send(text(&format!(
                    "{} {}",
                    request.head.method(),
                    request.text()
                )));
            }
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send(
            "POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 5\r\n\r\nhello\
             POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n\
             2\r\nhi\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: auth.test\r\n\r\n",
        );
        for expected in ["POST hello", "POST hi", "GET "] {
            assert_eq!(client.response().text(), expected);
        }
    }

    #[test]
    fn a_malformed_one_is_answered_after_those_before_it() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET / HTTP/1.1\r\nHost: auth.test\r\n\r\nnonsense\r\n\r\n");
        assert_eq!(client.response().status(), 200);
        assert_eq!(client.response().status(), 400);
        client.expect_end();
        assert_eq!(upstream.requests().len(), 1);
    }
}

mod s9_6_tear_down {
    use super::*;

    #[test]
    fn a_refusal_is_not_lost_to_a_reset_while_the_body_still_comes() {
        let gateway = Gateway::to(&Upstream::hello());
        let mut client = gateway.connect();
        client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3000000\r\n\r\n");
        client.try_send(vec![b'x'; 300_000]);
        assert_eq!(client.response().status(), 404);
    }

    #[test]
    fn an_early_answer_reaches_a_client_that_still_sends() {
        let upstream = Upstream::play(|connection| {
            connection.request_head();
            connection.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
            connection.wire.rest();
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 3000000\r\n\r\n");
        client.try_send(vec![b'x'; 300_000]);
        let answer = client.response();
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.text(), "big");
    }
}
