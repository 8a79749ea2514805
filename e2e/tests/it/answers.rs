//! What the gateway says itself: statuses, pages, and the fields that it adds.

use e2e::{Gateway, Message, Upstream, upstream::text};

fn get(gateway: &Gateway, host: &str, fields: &str) -> Message {
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
    gateway.connect().send(request).response()
}

mod own_answers {
    use super::*;

    #[test]
    fn come_in_the_form_that_the_client_accepts() {
        let gateway = Gateway::to(&Upstream::hello());
        for (accept, kind) in [
            ("", "text/plain"),
            ("Accept: */*\r\n", "text/plain"),
            (
                "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n",
                "text/html",
            ),
            ("Accept: application/json\r\n", "application/problem+json"),
            (
                "Accept: application/problem+json\r\n",
                "application/problem+json",
            ),
        ] {
            let answer = get(&gateway, "shop.test", accept);
            assert_eq!(answer.status(), 404);
            let found = answer.field("content-type").unwrap_or_default();
            assert!(found.starts_with(kind), "{accept:?}: {found}");
            assert!(
                answer.text().contains("shop.test"),
                "{accept:?}: {}",
                answer.text()
            );
            assert_eq!(answer.field("cache-control"), Some("no-store"));
            assert!(answer.field("proxy-status").is_some());
            assert!(answer.field("x-request-id").is_some());
        }
        let problem = get(&gateway, "shop.test", "Accept: application/json\r\n");
        let problem: serde_json::Value = serde_json::from_slice(&problem.body).unwrap();
        assert_eq!(problem["status"], 404);
    }

    #[test]
    fn to_head_have_no_body() {
        let gateway = Gateway::to(&Upstream::hello());
        let mut client = gateway.connect();
        client.send("HEAD / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        assert_eq!(client.response_to("HEAD").status(), 404);
        assert_eq!(
            client.get("auth.test", "/").text(),
            "hello",
            "nothing was left over"
        );
    }

    #[test]
    fn what_a_stranger_wrote_is_escaped() {
        let gateway = Gateway::to(&Upstream::hello());
        let request = "GET /<script>alert(1)</script> HTTP/1.1\r\nHost: shop.test\r\n\
                       Accept: text/html\r\n\r\n";
        let answer = gateway.connect().send(request).response();
        assert!(
            !answer.text().contains("<script>alert"),
            "{}",
            answer.text()
        );
    }

    #[test]
    fn an_upstream_that_refuses_is_502_where_nothing_waits() {
        let gateway = refused("hold = \"0s\"");
        let answer = gateway.get("auth.test", "/");
        assert_eq!(answer.status(), 502);
        let line = gateway.access_line(|line| line["status"] == 502);
        assert_eq!(line["reason"], "connect_refused");
        assert_eq!(line["held_ms"], 0.0);
    }

    #[test]
    fn an_upstream_that_refuses_for_too_long_is_503() {
        let gateway = refused("hold = \"200ms\"");
        let answer = gateway.get("auth.test", "/");
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.field("retry-after"), Some("1"));
        let line = gateway.access_line(|line| line["status"] == 503);
        assert_eq!(line["reason"], "hold_timeout");
        assert!(line["held_ms"].as_f64() >= Some(200.0), "{line}");
    }

    /// A gateway to a port that was free a moment ago: nobody listens there.
    fn refused(timeouts: &str) -> Gateway {
        let gone = Upstream::hello();
        let config = Gateway::config_to(&gone, "", &format!("[timeouts]\n{timeouts}"));
        drop(gone);
        Gateway::configured(&config)
    }

    #[test]
    fn an_upstream_that_hangs_up_without_an_answer_is_502() {
        let upstream = Upstream::play(|connection| _ = connection.request());
        let gateway = Gateway::to(&upstream);
        assert_eq!(gateway.get("auth.test", "/").status(), 502);
        gateway.access_line(|line| line["reason"] == "reset");
        assert_eq!(
            upstream.requests().len(),
            1,
            "what was read is not sent twice"
        );
    }
}

mod development_page {
    use super::*;

    const BROWSER: &str = "Accept: text/html,application/xhtml+xml\r\nUser-Agent: Mozilla/5.0\r\n";

    fn development(upstream: &Upstream) -> Gateway {
        let config = Gateway::config_to(upstream, "mode = \"development\"", "");
        Gateway::configured(&config)
    }

    #[test]
    fn links_the_known_hosts_and_names_the_nearest() {
        let gateway = development(&Upstream::hello());
        let answer = get(&gateway, "aut.test", BROWSER);
        assert_eq!(answer.status(), 404);
        let page = answer.text();
        let link = format!("href=\"http://auth.test:{}/\"", gateway.port());
        let plain = format!("href=\"http://auth.test:{}\"", gateway.port());
        let request = format!("Host: aut.test:{}\r\n{BROWSER}", gateway.port());
        let ported = gateway
            .connect()
            .send(format!("GET / HTTP/1.1\r\n{request}\r\n"))
            .response()
            .text();
        assert!(
            ported.contains(&link) || ported.contains(&plain),
            "{ported}"
        );
        assert!(page.contains("auth.test"), "{page}");
    }

    #[test]
    fn is_never_shown_to_what_came_through_a_proxy() {
        let gateway = development(&Upstream::hello());
        for field in [
            "X-Forwarded-For: 203.0.113.9",
            "X-Forwarded-Host: aut.test",
            "X-Forwarded-Proto: https",
            "Forwarded: for=203.0.113.9",
            "Via: 1.1 edge",
        ] {
            let answer = get(&gateway, "aut.test", &format!("{BROWSER}{field}\r\n"));
            assert_eq!(answer.status(), 404);
            assert!(
                !answer.text().contains("//auth.test"),
                "{field}: {}",
                answer.text()
            );
        }
    }

    #[test]
    fn is_never_shown_in_production_nor_to_other_clients() {
        let upstream = Upstream::hello();
        let production = get(&Gateway::to(&upstream), "aut.test", BROWSER);
        assert!(!production.text().contains("//auth.test"));
        let plain = get(&development(&upstream), "aut.test", "Accept: */*\r\n");
        assert!(
            plain.text().contains("unknown service: aut.test"),
            "{}",
            plain.text()
        );
        assert!(!plain.text().contains("href"), "{}", plain.text());
    }
}

mod forwarded_fields {
    use super::*;

    #[track_caller]
    fn seen(keys: &str, fields: &str) -> Message {
        let upstream = Upstream::hello();
        let gateway = Gateway::configured(&Gateway::config_to(&upstream, keys, ""));
        assert_eq!(get(&gateway, "auth.test:8080", fields).status(), 200);
        upstream.request()
    }

    #[test]
    fn tell_the_app_who_asks_and_how() {
        let seen = seen("", "");
        assert_eq!(seen.field("x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(seen.field("x-forwarded-proto"), Some("http"));
        assert_eq!(seen.field("x-forwarded-host"), Some("auth.test"));
        assert_eq!(seen.field("x-forwarded-port"), Some("8080"));
        let id = seen.field("x-request-id").unwrap();
        assert!(
            (20..=200).contains(&id.len()),
            "Plug.RequestId takes no other length: {id}"
        );
    }

    #[test]
    fn of_a_trusted_proxy_are_believed_up_to_the_first_stranger() {
        let seen = seen(
            "",
            "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.0.0.5\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Port: 443\r\nX-Forwarded-Host: t1.auth.test\r\n",
        );
        // 198.51.100.7 is what the outermost trusted proxy saw; left of it anybody could write.
        let chain: Vec<&str> = seen.field("x-forwarded-for").unwrap().split(", ").collect();
        assert_eq!(chain, ["198.51.100.7", "10.0.0.5", "127.0.0.1"]);
        assert_eq!(seen.field("x-forwarded-proto"), Some("https"));
        assert_eq!(seen.field("x-forwarded-port"), Some("443"));
    }

    #[test]
    fn of_a_stranger_are_dropped() {
        let seen = seen(
            "trusted_proxies = \"none\"",
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n\
             X-Forwarded-Host: evil.test\r\nX-Forwarded-Server: evil\r\nForwarded: for=1.2.3.4\r\n\
             X-Real-IP: 203.0.113.9\r\nX-Client-IP: 203.0.113.9\r\nx_forwarded_for: 9.9.9.9\r\n",
        );
        assert_eq!(seen.field("x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(seen.field("x-forwarded-proto"), Some("http"));
        assert_eq!(seen.field("x-forwarded-port"), Some("8080"));
        assert_eq!(seen.field("x-forwarded-host"), Some("auth.test"));
        for gone in [
            "forwarded",
            "x-real-ip",
            "x-client-ip",
            "x-forwarded-server",
        ] {
            assert_eq!(seen.head.lines(gone), [""; 0], "{gone}");
        }
    }

    #[test]
    fn several_schemes_become_one() {
        let seen = seen(
            "",
            "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n",
        );
        let scheme = seen.field("x-forwarded-proto").unwrap();
        assert!(["http", "https"].contains(&scheme), "{scheme}");
    }

    #[test]
    fn the_scheme_can_be_said_where_the_balancer_does_not() {
        let seen = seen("forwarded_proto = \"https\"", "");
        assert_eq!(seen.field("x-forwarded-proto"), Some("https"));
    }

    #[test]
    fn a_request_id_of_a_trusted_proxy_is_kept_and_sent_back() {
        let upstream = Upstream::hello();
        let gateway = Gateway::to(&upstream);
        let id = "abcdefghij-0123456789";
        let answer = get(&gateway, "auth.test", &format!("X-Request-Id: {id}\r\n"));
        assert_eq!(answer.field("x-request-id"), Some(id));
        assert_eq!(upstream.request().field("x-request-id"), Some(id));
        let short = get(&gateway, "auth.test", "X-Request-Id: short\r\n");
        assert_ne!(short.field("x-request-id"), Some("short"));
    }

    #[test]
    fn traces_pass() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let seen = seen("", &format!("traceparent: {trace}\r\ntracestate: a=b\r\n"));
        assert_eq!(seen.field("traceparent"), Some(trace));
        assert_eq!(seen.field("tracestate"), Some("a=b"));
    }
}

mod access_log {
    use super::*;

    #[test]
    fn has_a_line_for_each_request_without_its_query() {
        let upstream = Upstream::answering(text("hello"));
        let gateway = Gateway::to(&upstream);
        let request = "GET /live/longpoll?token=secret HTTP/1.1\r\nHost: t1.auth.test\r\n\
                       User-Agent: curl/8\r\n\r\n";
        let answer = gateway.connect().send(request).response();
        let line = gateway.access_line(|line| line["path"] == "/live/longpoll");
        assert_eq!(line["method"], "GET");
        assert_eq!(line["host"], "t1.auth.test");
        assert_eq!(line["status"], 200);
        assert_eq!(line["upstream"], upstream.address());
        assert_eq!(line["client_ip"], "127.0.0.1");
        assert_eq!(line["user_agent"], "curl/8");
        assert_eq!(line["attempts"], 1);
        assert_eq!(line["request_id"], answer.field("x-request-id").unwrap());
        assert!(line["duration_ms"].is_number());
        for text in gateway.stdout().iter().chain(&gateway.stderr()) {
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_client_that_left_is_499() {
        let upstream = Upstream::play(|connection| {
            connection.request();
            connection.wire.rest();
        });
        let gateway = Gateway::to(&upstream);
        let mut client = gateway.connect();
        client.send("GET /slow HTTP/1.1\r\nHost: auth.test\r\n\r\n");
        upstream.wait_for(1);
        client.wire.stream().reset_on_close();
        drop(client);
        let line = gateway.access_line(|line| line["path"] == "/slow");
        assert_eq!(line["status"], 499);
        assert_eq!(line["reason"], "client_closed");
    }
}
