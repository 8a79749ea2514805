//! HTTP Semantics, in the RFC's own order.

use e2e::{Gateway, Upstream, upstream::text};

/// Returns the head that reaches the upstream for a request with these bytes.
#[track_caller]
fn forwarded(request: &str) -> e2e::Message {
    let upstream = Upstream::hello();
    let gateway = Gateway::to(&upstream);
    let answer = gateway.connect().send(request).response();
    assert_eq!(answer.status(), 200, "{answer:?}");
    upstream.request()
}

/// Returns the answer that reaches the client when the upstream sends these bytes and closes.
#[track_caller]
fn relayed(method: &str, answer: &'static str) -> e2e::Message {
    let upstream = Upstream::play(move |connection| {
        connection.request();
        connection.send(answer);
    });
    let gateway = Gateway::to(&upstream);
    let request = format!("{method} / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
    gateway.connect().send(request).response_to(method)
}

mod s5_fields {
    use super::*;

    #[test]
    fn order_and_repetition_are_kept() {
        let seen = forwarded(
            "GET / HTTP/1.1\r\nHost: auth.test\r\nX-A: 1\r\nAccept: a\r\nX-A: 2\r\nAccept: b\r\n\r\n",
        );
        assert_eq!(seen.head.lines("x-a"), ["1", "2"]);
        assert_eq!(seen.head.lines("accept"), ["a", "b"]);
    }

    #[test]
    fn several_set_cookie_lines_stay_several() {
        let answer = relayed(
            "GET",
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
        );
        assert_eq!(answer.head.lines("set-cookie"), ["a=1", "b=2"]);
    }

    #[test]
    fn bytes_above_ascii_in_values_pass() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let request = b"GET / HTTP/1.1\r\nHost: auth.test\r\nX-Name: caf\xe9\r\n\r\n";
        assert_eq!(gateway.connect().send(request).response().status(), 200);
        let raw = upstream.request().head.raw;
        assert!(raw.windows(4).any(|it| it == b"caf\xe9"), "{raw:?}");
    }
}

mod s6_5_trailers {
    use super::*;

    const CHUNKED: &str =
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5d41\r\n\r\n";

    #[test]
    fn of_a_request_reach_the_app() {
        let seen = forwarded(&format!("POST / HTTP/1.1\r\nHost: auth.test\r\n{CHUNKED}"));
        assert_eq!(seen.text(), "hello");
        assert_eq!(seen.trailers, [("X-Sum".to_owned(), "5d41".to_owned())]);
    }

    #[test]
    fn of_a_response_reach_the_client() {
        let answer = relayed(
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\nX-Sum: 5d41\r\n\r\n",
        );
        assert_eq!(answer.text(), "hello");
        assert_eq!(answer.trailers, [("X-Sum".to_owned(), "5d41".to_owned())]);
    }

    #[test]
    fn that_would_change_the_framing_are_refused() {
        // RFC 9110 §6.5.1: a trailer must not carry what is needed for framing or routing.
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        for field in [
            "Content-Length: 9",
            "Host: billing.test",
            "Transfer-Encoding: chunked",
        ] {
            let request = format!(
                "POST / HTTP/1.1\r\nHost: auth.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n0\r\n{field}\r\n\r\n"
            );
            let mut client = gateway.connect();
            assert_eq!(client.send(request).response().status(), 400, "{field}");
            client.expect_end();
            assert!(upstream.requests().iter().all(|seen| !seen.whole));
        }
    }
}

mod s7_2_host {
    use super::*;

    #[test]
    fn leads_whatever_its_case_port_and_trailing_dot_and_goes_on_unchanged() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let hosts = [
            "auth.test",
            "AUTH.Test",
            "auth.test.",
            "auth.test:4000",
            "t1.auth.test",
        ];
        for (index, host) in hosts.iter().enumerate() {
            assert_eq!(gateway.get(host, "/").status(), 200, "{host}");
            assert_eq!(upstream.requests()[index].field("host"), Some(*host));
        }
    }

    #[test]
    fn a_subdomain_takes_a_single_label_by_default() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        assert_eq!(gateway.get("t1.auth.test", "/").status(), 200);
        assert_eq!(gateway.get("a.t1.auth.test", "/").status(), 404);
        assert_eq!(gateway.get("notauth.test", "/").status(), 404);
        assert_eq!(gateway.get("test", "/").status(), 404);
    }

    #[test]
    fn an_unknown_host_is_404_naming_it() {
        let gateway = Gateway::to(&Upstream::hello());
        let answer = gateway.get("shop.test", "/");
        assert_eq!(answer.status(), 404);
        assert!(
            answer.text().contains("unknown service: shop.test"),
            "{:?}",
            answer.text()
        );
    }

    #[test]
    fn none_several_or_an_invalid_one_is_400_and_the_end() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let cases = [
            "",
            "Host: auth.test\r\nHost: auth.test\r\n",
            "Host: auth.test\r\nHost: billing.test\r\n",
            "Host: \r\n",
            "Host: auth.test, billing.test\r\n",
            "Host: user@auth.test\r\n",
            "Host: auth.test:port\r\n",
            "Host: auth.test:-1\r\n",
            "Host: .auth.test\r\n",
            "Host: auth..test\r\n",
            "Host: auth .test\r\n",
            "Host: auth\u{e9}.test\r\n",
            "Host: [::1\r\n",
            "Host: http://auth.test\r\n",
        ];
        for case in cases {
            let mut client = gateway.connect();
            let answer = client
                .send(format!("GET / HTTP/1.1\r\n{case}\r\n"))
                .response();
            assert_eq!(answer.status(), 400, "{case:?}");
            client.expect_end();
        }
        assert!(
            upstream.requests().is_empty(),
            "a refused request reached the app"
        );
    }
}

mod s7_6_1_connection {
    use super::*;

    #[test]
    fn fields_of_one_hop_do_not_go_on() {
        let seen = forwarded(
            "GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: keep-alive, X-Secret\r\n\
             X-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\
             TE: trailers\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nX-Kept: 1\r\n\r\n",
        );
        for gone in [
            "x-secret",
            "keep-alive",
            "proxy-connection",
            "upgrade",
            "http2-settings",
        ] {
            assert_eq!(seen.head.lines(gone), [""; 0], "{gone}");
        }
        assert_eq!(seen.field("x-kept"), Some("1"));
    }

    #[test]
    fn naming_a_field_there_can_not_remove_what_the_app_relies_on() {
        let seen = forwarded(
            "POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 2\r\n\
             Connection: host, content-length, x-forwarded-for, x-request-id, via\r\n\r\nhi",
        );
        assert_eq!(seen.field("host"), Some("auth.test"));
        assert_eq!(seen.text(), "hi");
        for kept in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-request-id",
            "via",
        ] {
            assert!(seen.field(kept).is_some(), "{kept}");
        }
    }

    #[test]
    fn of_a_response_stays_with_that_connection_too() {
        let answer = relayed(
            "GET",
            "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
             Proxy-Connection: close\r\nContent-Length: 2\r\n\r\nhi",
        );
        for gone in ["x-hop", "keep-alive", "proxy-connection"] {
            assert_eq!(answer.head.lines(gone), [""; 0], "{gone}");
        }
        assert_eq!(answer.text(), "hi");
    }
}

mod s7_6_3_via {
    use super::*;

    #[test]
    fn names_the_gateway_behind_those_before_it() {
        let seen = forwarded("GET / HTTP/1.1\r\nHost: auth.test\r\nVia: 1.1 edge\r\n\r\n");
        let via = seen.head.lines("via").join(", ");
        assert!(via.starts_with("1.1 edge, 1.1 "), "{via}");
    }

    #[test]
    fn a_request_that_has_been_here_is_a_loop() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        gateway.get("auth.test", "/");
        let via = upstream.request().head.lines("via").join(", ");
        let request = format!("GET / HTTP/1.1\r\nHost: auth.test\r\nVia: {via}\r\n\r\n");
        assert_eq!(gateway.connect().send(request).response().status(), 508);
        assert_eq!(upstream.requests().len(), 1);
    }
}

mod s7_8_upgrade {
    use super::*;

    #[test]
    fn to_anything_but_websocket_is_served_as_a_plain_request() {
        let seen = forwarded(
            "GET / HTTP/1.1\r\nHost: auth.test\r\nConnection: Upgrade, HTTP2-Settings\r\n\
             Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        );
        assert_eq!(seen.head.lines("upgrade"), [""; 0]);
    }

    #[test]
    fn a_101_that_nobody_asked_for_is_a_502() {
        let answer = relayed(
            "GET",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        );
        assert_eq!(answer.status(), 502);
    }
}

mod s8_6_content_length {
    use super::*;

    #[test]
    fn that_is_no_number_is_400() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        for value in [
            "-1",
            "+2",
            "0x2",
            "2a",
            "",
            "2 2",
            "99999999999999999999",
            "1e1",
        ] {
            let mut client = gateway.connect();
            let request =
                format!("POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: {value}\r\n\r\nhi");
            assert_eq!(client.send(request).response().status(), 400, "{value:?}");
            client.expect_end();
        }
        assert!(upstream.requests().is_empty());
    }
}

mod s9_3_methods {
    use super::*;

    #[test]
    fn head_is_answered_without_a_body_and_keeps_its_length() {
        let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        for _ in 0..2 {
            client.send("HEAD / HTTP/1.1\r\nHost: auth.test\r\n\r\n");
            let answer = client.response_to("HEAD");
            assert_eq!(answer.field("content-length"), Some("1000"));
        }
        assert_eq!(upstream.connections(), 1, "the connection was reused");
    }

    #[test]
    fn connect_is_405() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let request = "CONNECT auth.test:443 HTTP/1.1\r\nHost: auth.test:443\r\n\r\n";
        assert_eq!(gateway.connect().send(request).response().status(), 405);
        assert!(upstream.requests().is_empty());
    }

    #[test]
    fn unknown_ones_pass_to_the_app() {
        let seen = forwarded("PROPFIND /dav HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        assert_eq!(seen.head.start, "PROPFIND /dav HTTP/1.1");
    }

    #[test]
    fn options_of_the_server_keeps_its_asterisk() {
        let seen = forwarded("OPTIONS * HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        assert_eq!(seen.head.start, "OPTIONS * HTTP/1.1");
    }

    #[test]
    fn get_may_have_a_body() {
        let seen = forwarded("GET / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(seen.text(), "hi");
    }
}

mod s10_1_1_expect {
    use super::*;

    const HEAD: &str = "POST / HTTP/1.1\r\nHost: auth.test\r\nContent-Length: 5\r\n\
                        Expect: 100-continue\r\n\r\n";

    #[test]
    fn the_apps_100_reaches_the_client_before_the_body_is_sent() {
        let upstream = Upstream::play(|connection| {
            let head = connection.request_head().expect("a request");
            assert_eq!(head.field("expect"), Some("100-continue"));
            connection.send("HTTP/1.1 100 Continue\r\n\r\n");
            assert_eq!(connection.wire.bytes(5), b"hello");
            connection.send(text("thanks"));
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        assert_eq!(client.send(HEAD).head().status(), 100);
        assert_eq!(client.send("hello").response().text(), "thanks");
    }

    #[test]
    fn a_final_answer_instead_ends_the_matter() {
        let upstream = Upstream::play(|connection| {
            connection.request_head();
            connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
            connection.wire.rest();
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        assert_eq!(client.send(HEAD).response().status(), 417);
        // The body may or may not follow, so the connection is of no further use.
        client.expect_end();
    }
}

mod s15_2_interim_responses {
    use super::*;

    const EARLY: &str = "HTTP/1.1 103 Early Hints\r\nLink: </app.css>; rel=preload\r\n\r\n\
                         HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

    #[test]
    fn pass_to_the_client() {
        let answer = relayed("GET", EARLY);
        assert_eq!(answer.text(), "hi");
        assert_eq!(answer.interim.len(), 1);
        assert_eq!(
            answer.interim[0].field("link"),
            Some("</app.css>; rel=preload")
        );
    }

    #[test]
    fn never_to_one_of_http_1_0() {
        let upstream = Upstream::answering(EARLY);
        let gateway = Gateway::to(&upstream);
        let answer = gateway
            .connect()
            .send("GET / HTTP/1.0\r\nHost: auth.test\r\n\r\n")
            .response();
        assert_eq!(answer.status(), 200);
        assert!(answer.interim.is_empty());
    }
}

mod s15_statuses_without_content {
    use super::*;

    #[test]
    fn a_204_and_a_304_end_with_their_head() {
        let cases = [
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 1000\r\n\r\n",
        ];
        for case in cases {
            let upstream = Upstream::answering(case);
            let gateway = Gateway::to(&upstream);
            let mut client = gateway.connect();
            let first = client.get("auth.test", "/");
            let second = client.get("auth.test", "/");
            assert_eq!(first.status(), second.status());
            assert_eq!(
                upstream.connections(),
                1,
                "{case:?}: the connection was reused"
            );
        }
    }

    #[test]
    fn any_status_of_an_app_passes_untouched() {
        for status in [200, 201, 302, 400, 404, 429, 500, 502, 503, 599] {
            let answer = format!("HTTP/1.1 {status} Its Own Words\r\nContent-Length: 3\r\n\r\napp");
            let gateway_answer = {
                let upstream = Upstream::answering(answer);
                Gateway::to(&upstream).get("auth.test", "/")
            };
            assert_eq!(
                gateway_answer.head.start,
                format!("HTTP/1.1 {status} Its Own Words")
            );
            assert_eq!(gateway_answer.text(), "app");
            assert!(gateway_answer.field("proxy-status").is_none());
        }
    }
}
