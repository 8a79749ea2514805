use std::sync::Arc;

use expect_test::{Expect, expect};
use routes::{ForwardedProto, Mode, Settings, TrustedProxies};

use crate::script::Script;

/// The status and reason that a request leads to, `-` where it was forwarded.
fn outcome(request: &str) -> String {
    let mut settings = Settings::default();
    settings.limits.body = Some(1000);
    settings.health_path = Some("/health".to_owned());
    let mut script = Script::with(settings, "203.0.113.7");
    script.client_sends(request);
    let calls = script.calls();
    let finished = calls.lines().find(|line| line.starts_with("finished "));
    let outcome = finished.map_or("-".to_owned(), |line| {
        line.split(' ')
            .rev()
            .take(2)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join(" ")
    });
    let closes = calls.contains("end client");
    let lingers = calls.contains("end client Lingering");
    let ending = if lingers { ", closed" } else { "" };
    assert_eq!(closes, lingers, "{request}{calls}");
    format!("{outcome}{ending}")
}

/// What `heads` lead to, a line each.
fn outcomes(heads: &[String]) -> String {
    let line = |head: &String| {
        let shown: String = head.escape_debug().to_string().chars().take(70).collect();
        format!("{:<27} {shown}\n", outcome(&format!("{head}\r\n")))
    };
    heads.iter().map(line).collect()
}

#[test]
fn hosts_and_targets() {
    let host = "Host: auth.local\r\n";
    let heads = [
        format!("GET / HTTP/1.1\r\n{host}"),
        // Host.
        "GET / HTTP/1.1\r\n".to_owned(),
        "GET / HTTP/1.0\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{host}{host}"),
        format!("GET / HTTP/1.0\r\n{host}{host}"),
        "GET / HTTP/1.1\r\nHost:\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a b\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: unknown.test\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: unknown.test\r\nContent-Length: 5\r\n".to_owned(),
        // Targets.
        format!("GET http://auth.local/ HTTP/1.1\r\n{host}"),
        format!("GET http://billing.local/ HTTP/1.1\r\n{host}"),
        format!("GET http://auth.local:81/ HTTP/1.1\r\n{host}"),
        format!("GET http://a@auth.local/ HTTP/1.1\r\n{host}"),
        format!("GET http:/// HTTP/1.1\r\n{host}"),
        format!("GET ftp://auth.local/ HTTP/1.1\r\n{host}"),
        format!("GET auth.local:80 HTTP/1.1\r\n{host}"),
        format!("GET * HTTP/1.1\r\n{host}"),
        format!("OPTIONS * HTTP/1.1\r\n{host}"),
        format!("CONNECT auth.local:80 HTTP/1.1\r\n{host}"),
        format!("CONNECT / HTTP/1.1\r\n{host}"),
        format!("TRACE / HTTP/1.1\r\n{host}"),
        format!("TRACE / HTTP/1.1\r\n{host}Content-Length: 5\r\n"),
    ];
    expect![[r#"
        -                           GET / HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET / HTTP/1.1\r\n
        400 bad_request, closed     GET / HTTP/1.0\r\n
        400 bad_request, closed     GET / HTTP/1.1\r\nHost: auth.local\r\nHost: auth.local\r\n
        400 bad_request, closed     GET / HTTP/1.0\r\nHost: auth.local\r\nHost: auth.local\r\n
        400 bad_request, closed     GET / HTTP/1.1\r\nHost:\r\n
        400 bad_request, closed     GET / HTTP/1.1\r\nHost: a b\r\n
        404 no_route                GET / HTTP/1.1\r\nHost: unknown.test\r\n
        404 no_route, closed        POST / HTTP/1.1\r\nHost: unknown.test\r\nContent-Length: 5\r\n
        -                           GET http://auth.local/ HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET http://billing.local/ HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET http://auth.local:81/ HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET http://a@auth.local/ HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET http:/// HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET ftp://auth.local/ HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET auth.local:80 HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     GET * HTTP/1.1\r\nHost: auth.local\r\n
        -                           OPTIONS * HTTP/1.1\r\nHost: auth.local\r\n
        405 not_allowed, closed     CONNECT auth.local:80 HTTP/1.1\r\nHost: auth.local\r\n
        405 not_allowed, closed     CONNECT / HTTP/1.1\r\nHost: auth.local\r\n
        -                           TRACE / HTTP/1.1\r\nHost: auth.local\r\n
        400 bad_request, closed     TRACE / HTTP/1.1\r\nHost: auth.local\r\nContent-Length: 5\r\n
    "#]]
    .assert_eq(&outcomes(&heads));
}

#[test]
fn framing_heads_loops_and_health() {
    let host = "Host: auth.local\r\n";
    let heads = [
        // Framing.
        format!("POST / HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: gzip, chunked\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Content-Length: 1000\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Content-Length: 1001\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\nbanana\r\n"),
        // Heads.
        "banana\r\n".to_owned(),
        format!("GET / HTTP/2.0\r\n{host}"),
        format!("GET /{} HTTP/1.1\r\n{host}", "a".repeat(20_000)),
        format!("GET / HTTP/1.1\r\n{host}X: {}\r\n", "a".repeat(70_000)),
        format!("GET / HTTP/1.1\r\n{host}{}", "X: a\r\n".repeat(300)),
        format!("GET / HTTP/1.1\r\n{host}Connection: a b\r\n"),
        // Loops.
        format!("GET / HTTP/1.1\r\n{host}Via: 1.1 other, 1.1 mr-test (us)\r\n"),
        format!("GET / HTTP/1.1\r\n{host}Via: 1.1 mr-test-2, 1.1 x (mr-test)\r\n"),
        // Health.
        "GET /health?x HTTP/1.1\r\nHost: anything.test\r\n".to_owned(),
        "GET /health/ HTTP/1.1\r\nHost: anything.test\r\n".to_owned(),
    ];
    expect![[r#"
        400 bad_request, closed     POST / HTTP/1.1\r\nHost: auth.local\r\nContent-Length: 5\r\nTransfer-E
        501 not_implemented, closed POST / HTTP/1.1\r\nHost: auth.local\r\nTransfer-Encoding: gzip, chunke
        -                           POST / HTTP/1.1\r\nHost: auth.local\r\nContent-Length: 1000\r\n
        413 too_large, closed       POST / HTTP/1.1\r\nHost: auth.local\r\nContent-Length: 1001\r\n
        400 bad_request, closed     POST / HTTP/1.1\r\nHost: auth.local\r\nTransfer-Encoding: chunked\r\n\
        400 bad_request, closed     banana\r\n
        505 version, closed         GET / HTTP/2.0\r\nHost: auth.local\r\n
        414 too_large, closed       GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        431 too_large, closed       GET / HTTP/1.1\r\nHost: auth.local\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        431 too_large, closed       GET / HTTP/1.1\r\nHost: auth.local\r\nX: a\r\nX: a\r\nX: a\r\nX: a\r\n
        400 bad_request, closed     GET / HTTP/1.1\r\nHost: auth.local\r\nConnection: a b\r\n
        508 loop                    GET / HTTP/1.1\r\nHost: auth.local\r\nVia: 1.1 other, 1.1 mr-test (us)
        -                           GET / HTTP/1.1\r\nHost: auth.local\r\nVia: 1.1 mr-test-2, 1.1 x (mr-te
        200 ok                      GET /health?x HTTP/1.1\r\nHost: anything.test\r\n
        404 no_route                GET /health/ HTTP/1.1\r\nHost: anything.test\r\n
    "#]].assert_eq(&outcomes(&heads));
}

/// The head that an app gets for `lines` behind the Host field.
fn head(settings: Settings, peer: &str, lines: &str) -> String {
    let mut script = Script::with(settings, peer);
    script.client_sends(format!(
        "GET /a HTTP/1.1\r\nHost: Auth.local:4000\r\n{lines}\r\n"
    ));
    String::from_utf8(script.driver.to_upstream.clone())
        .unwrap()
        .replace('\r', "")
}

#[track_caller]
fn check(lines: &str, expected: &Expect) {
    expected.assert_eq(&head(Settings::default(), "203.0.113.7", lines));
}

#[test]
fn the_apps_head() {
    check(
        "Accept: */*\r\n",
        &expect![[r#"
        GET /a HTTP/1.1
        Host: Auth.local:4000
        Accept: */*
        X-Forwarded-For: 203.0.113.7
        X-Forwarded-Proto: http
        X-Forwarded-Host: auth.local
        X-Forwarded-Port: 4000
        X-Request-Id: abd5rcnjxg5rtiko6d44ymr7fg
        Via: 1.1 mr-test

    "#]],
    );
}

#[test]
fn fields_for_one_hop_end_here() {
    check(
        "Connection: keep-alive, X-Secret, Host, Via, TE\r\nX-Secret: 1\r\nX-Kept: 1\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
         HTTP2-Settings: AAMAAABk\r\nUpgrade: h2c\r\nVia: 1.1 other\r\nX-Also-Kept: 1\r\n",
        &expect![[r#"
            GET /a HTTP/1.1
            Host: Auth.local:4000
            X-Kept: 1
            Via: 1.1 other
            X-Also-Kept: 1
            X-Forwarded-For: 203.0.113.7
            X-Forwarded-Proto: http
            X-Forwarded-Host: auth.local
            X-Forwarded-Port: 4000
            X-Request-Id: abd5rcnjxg5rtiko6d44ymr7fg
            Via: 1.1 mr-test

        "#]],
    );
}

/// Bandit refuses a request with more than 50 lines: what only repeats Host goes before that.
#[test]
fn a_head_that_is_nearly_full_is_not_overfilled_by_us() {
    let lines = |ours: usize, more: &str| {
        // Host is one of the client's.
        let others: String = (1..ours).map(|index| format!("X-{index}: 1\r\n")).collect();
        let head = head(Settings::default(), "203.0.113.7", &(others + more));
        let repeats = head.matches("\nX-Forwarded-Host: ").count();
        assert_eq!(repeats, head.matches("\nX-Forwarded-Port: ").count());
        (head.matches(": ").count(), repeats == 1)
    };
    assert_eq!(lines(42, ""), (48, true));
    assert_eq!(lines(43, ""), (47, false));
    assert_eq!(lines(46, ""), (50, false));
    // Those that end here don't count.
    let hop = "Keep-Alive: 1\r\nTE: trailers\r\nProxy-Connection: close\r\n";
    assert_eq!(lines(42, hop), (48, true));
}

#[test]
fn a_host_that_a_trusted_proxy_tells_is_never_left_out() {
    let others: String = (0..60).map(|index| format!("X-{index}: 1\r\n")).collect();
    let told = "X-Forwarded-Host: shop.test\r\nX-Forwarded-Port: 444\r\n";
    let head = head(Settings::default(), "10.0.0.1", &(others + told));
    assert!(head.contains("X-Forwarded-Host: shop.test\n"), "{head}");
    assert!(head.contains("X-Forwarded-Port: 444\n"), "{head}");
}

#[test]
fn framing_is_not_the_clients_to_remove() {
    let mut script = Script::new();
    script.client_sends(
        "POST / HTTP/1.1\r\nHost: auth.local\r\nConnection: content-length\r\n\
         Content-Length: 5\r\n\r\nhello",
    );
    expect![[r#"
        connect 3 Fresh
        to upstream: POST / HTTP/1.1 | Host: auth.local | Content-Length: 5 |  | hello
    "#]]
    .assert_eq(&script.calls());
}

#[test]
fn framing_goes_on_in_its_plainest_form() {
    for (line, body, plain) in [
        ("content-length:\t5 ", "hello", "Content-Length: 5"),
        ("CONTENT-LENGTH: 0005", "hello", "Content-Length: 5"),
        (
            "Transfer-encoding:\tCHUNKED",
            "0\r\n\r\n",
            "Transfer-Encoding: chunked",
        ),
    ] {
        let mut script = Script::new();
        script.client_sends(format!(
            "POST / HTTP/1.1\r\nHost: auth.local\r\n{line}\r\nX: y\r\n\r\n{body}"
        ));
        let calls = script.calls();
        let head = format!("POST / HTTP/1.1 | Host: auth.local | X: y | {plain} |  | ");
        assert!(calls.contains(&head), "{line}: {calls}");
    }
}

#[test]
fn an_untrusted_peer_has_no_say() {
    check(
        "Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\
         X-Forwarded-Host: evil.test\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Server: evil\r\n\
         X-Real-IP: 6.6.6.6\r\nX-Client-IP: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\n\
         X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaa\r\ntraceparent: 00-x\r\ntracestate: y\r\n",
        &expect![[r#"
            GET /a HTTP/1.1
            Host: Auth.local:4000
            traceparent: 00-x
            tracestate: y
            X-Forwarded-For: 203.0.113.7
            X-Forwarded-Proto: http
            X-Forwarded-Host: auth.local
            X-Forwarded-Port: 4000
            X-Request-Id: abd5rcnjxg5rtiko6d44ymr7fg
            Via: 1.1 mr-test

        "#]],
    );
}

#[test]
fn a_trusted_peer_is_believed() {
    let lines = "Forwarded: for=198.51.100.1\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.1\r\n\
                 X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\n\
                 X-Forwarded-Host: Shop.test:8443\r\nX-Forwarded-Port: 444\r\n\
                 X-Forwarded-Prefix: /x\r\nX_Forwarded_For: 6.6.6.6\r\n\
                 X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaa\r\n";
    expect![[r#"
        GET /a HTTP/1.1
        Host: Auth.local:4000
        Forwarded: for=198.51.100.1
        X-Forwarded-Prefix: /x
        X-Forwarded-For: 198.51.100.1, 10.0.0.9, 10.0.0.1
        X-Forwarded-Proto: https
        X-Forwarded-Host: shop.test
        X-Forwarded-Port: 444
        X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaa
        Via: 1.1 mr-test

    "#]]
    .assert_eq(&head(Settings::default(), "10.0.0.1", lines));
}

/// A line of X-Forwarded-For as the app gets it, for a chain told by a peer at 10.0.0.1.
#[test]
fn the_leftmost_address_is_the_client() {
    let chains = [
        "198.51.100.1",
        "6.6.6.6, 198.51.100.1, 10.0.0.9",
        "10.0.0.8, 10.0.0.9",
        "6.6.6.6, unknown, 10.0.0.9",
        "198.51.100.1:1234",
        "[2001:db8::1]:1234, ::ffff:10.0.0.9",
        "\"><script>, ,,unknown",
        "",
    ];
    let lines = chains.map(|chain| {
        let head = head(
            Settings::default(),
            "10.0.0.1",
            &format!("X-Forwarded-For: {chain}\r\n"),
        );
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix("X-Forwarded-For: "));
        format!("{chain:<38} {}\n", line.unwrap_or("-"))
    });
    expect![[r#"
        198.51.100.1                           198.51.100.1, 10.0.0.1
        6.6.6.6, 198.51.100.1, 10.0.0.9        198.51.100.1, 10.0.0.9, 10.0.0.1
        10.0.0.8, 10.0.0.9                     10.0.0.8, 10.0.0.9, 10.0.0.1
        6.6.6.6, unknown, 10.0.0.9             10.0.0.9, 10.0.0.1
        198.51.100.1:1234                      198.51.100.1, 10.0.0.1
        [2001:db8::1]:1234, ::ffff:10.0.0.9    2001:db8::1, 10.0.0.9, 10.0.0.1
        "><script>, ,,unknown                  10.0.0.1
                                               10.0.0.1
    "#]]
    .assert_eq(&lines.concat());
    let many = ["10.0.0.9"; 300].join(", ");
    let head = head(
        Settings::default(),
        "10.0.0.1",
        &format!("X-Forwarded-For: {many}\r\n"),
    );
    assert_eq!(head.matches("10.0.0.9").count(), 15);
}

/// What the app is told of scheme and port, by the peer's word and the operator's.
#[test]
fn scheme_and_port() {
    let check = |peer: &str, proto: ForwardedProto, lines: &str| {
        let settings = Settings {
            forwarded_proto: proto,
            ..Settings::default()
        };
        let head = head(settings, peer, lines);
        let value = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or("-").to_owned()
        };
        let (scheme, port) = (value("X-Forwarded-Proto: "), value("X-Forwarded-Port: "));
        format!(
            "{peer:<12} {proto:?} {:<50} {scheme} {port}\n",
            lines.escape_debug()
        )
    };
    let auto = ForwardedProto::Auto;
    let lines = [
        check("203.0.113.7", auto, "X-Forwarded-Proto: https\r\n"),
        check("203.0.113.7", ForwardedProto::Https, ""),
        check("10.0.0.1", auto, "X-Forwarded-Proto: https\r\n"),
        check("10.0.0.1", auto, "X-Forwarded-Proto: HTTPS, http\r\n"),
        check("10.0.0.1", auto, "X-Forwarded-Proto: wss\r\n"),
        check("10.0.0.1", auto, "X-Forwarded-Proto: gopher\r\n"),
        check(
            "10.0.0.1",
            ForwardedProto::Https,
            "X-Forwarded-Proto: http\r\n",
        ),
        check("10.0.0.1", auto, "X-Forwarded-Port: 0\r\n"),
        check("10.0.0.1", auto, "X-Forwarded-Port: +44\r\n"),
        check(
            "10.0.0.1",
            auto,
            "X-Forwarded-Host: a.test\r\nX-Forwarded-Proto: https\r\n",
        ),
        check("a socket", auto, "X-Forwarded-Proto: https\r\n"),
    ];
    expect![[r#"
        203.0.113.7  Auto X-Forwarded-Proto: https\r\n http 4000
        203.0.113.7  Https  https 4000
        10.0.0.1     Auto X-Forwarded-Proto: https\r\n https 4000
        10.0.0.1     Auto X-Forwarded-Proto: HTTPS, http\r\n http 4000
        10.0.0.1     Auto X-Forwarded-Proto: wss\r\n https 4000
        10.0.0.1     Auto X-Forwarded-Proto: gopher\r\n http 4000
        10.0.0.1     Https X-Forwarded-Proto: http\r\n http 4000
        10.0.0.1     Auto X-Forwarded-Port: 0\r\n http 4000
        10.0.0.1     Auto X-Forwarded-Port: +44\r\n http 4000
        10.0.0.1     Auto X-Forwarded-Host: a.test\r\nX-Forwarded-Proto: https\r\n https 443
        a socket     Auto X-Forwarded-Proto: https\r\n https 4000
    "#]]
    .assert_eq(&lines.concat());
}

/// What stands left of the client's own hop the client wrote itself.
#[test]
fn an_appending_proxy_does_not_let_its_client_choose_the_scheme() {
    let check = |peer: &str, addresses: &str, schemes: &str| {
        let line = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("{name}: {value}\r\n"),
        };
        let mut lines = line("X-Forwarded-For", addresses);
        for value in schemes.split(" / ") {
            lines.push_str(&line("X-Forwarded-Proto", value));
        }
        let head = head(Settings::default(), peer, &lines);
        let scheme = head
            .lines()
            .find_map(|line| line.strip_prefix("X-Forwarded-Proto: "));
        format!(
            "{peer:<9} {addresses:<25} {schemes:<20} {}\n",
            scheme.unwrap_or("-")
        )
    };
    let (one, two) = ("203.0.113.7", "203.0.113.7, 10.0.0.2");
    let lines = [
        check("10.0.0.1", one, "https, http"),
        check("10.0.0.1", one, "https / http"),
        check("10.0.0.1", one, "http / https"),
        check("10.0.0.1", two, "https, http"),
        check("10.0.0.1", two, "http, https, http"),
        check("10.0.0.1", two, "http / https / http"),
        check("10.0.0.1", two, "https"),
        check("10.0.0.1", one, "https, gopher"),
        check("10.0.0.1", one, "https,"),
        check("a socket", one, "https, http"),
        check("a socket", two, "http, https, http"),
    ];
    expect![[r#"
        10.0.0.1  203.0.113.7               https, http          http
        10.0.0.1  203.0.113.7               https / http         http
        10.0.0.1  203.0.113.7               http / https         https
        10.0.0.1  203.0.113.7, 10.0.0.2     https, http          https
        10.0.0.1  203.0.113.7, 10.0.0.2     http, https, http    https
        10.0.0.1  203.0.113.7, 10.0.0.2     http / https / http  https
        10.0.0.1  203.0.113.7, 10.0.0.2     https                https
        10.0.0.1  203.0.113.7               https, gopher        http
        10.0.0.1  203.0.113.7               https,               http
        a socket  203.0.113.7               https, http          http
        a socket  203.0.113.7, 10.0.0.2     http, https, http    https
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn nobody_need_be_trusted() {
    let settings = Settings {
        trusted_proxies: TrustedProxies(Vec::new()),
        ..Settings::default()
    };
    let head = head(settings, "127.0.0.1", "X-Forwarded-For: 6.6.6.6\r\n");
    assert!(head.contains("X-Forwarded-For: 127.0.0.1\n"), "{head}");
}

#[test]
fn request_ids() {
    let id = |lines: &str| {
        let head = head(Settings::default(), "10.0.0.1", lines);
        let ids: Vec<_> = head
            .lines()
            .filter_map(|line| line.strip_prefix("X-Request-Id: "))
            .collect();
        assert_eq!(ids.len(), 1, "{head}");
        ids[0].to_owned()
    };
    let ours = id("");
    assert_eq!(ours.len(), 26);
    let theirs = "a".repeat(20);
    assert_eq!(id(&format!("X-Request-Id: {theirs}\r\n")), theirs);
    for refused in [
        "a".repeat(19),
        "a".repeat(201),
        "a b".repeat(9),
        "<script>".repeat(4),
    ] {
        assert_eq!(id(&format!("X-Request-Id: {refused}\r\n")), ours);
    }
}

#[test]
fn targets_go_on_in_origin_form() {
    let cases = [
        ("GET", "/a?b=c"),
        ("GET", "//evil.test/"),
        ("GET", "http://auth.local/a?b"),
        ("GET", "HTTP://AUTH.local"),
        ("GET", "https://auth.local?b"),
        ("OPTIONS", "*"),
        ("OPTIONS", "http://auth.local"),
    ];
    let lines = cases.map(|(method, target)| {
        let mut script = Script::new();
        script.client_sends(format!(
            "{method} {target} HTTP/1.1\r\nHost: auth.local\r\n\r\n"
        ));
        let sent = String::from_utf8_lossy(&script.driver.to_upstream).into_owned();
        format!(
            "{method} {target} -> {}\n",
            sent.lines().next().unwrap_or("-")
        )
    });
    expect![[r#"
        GET /a?b=c -> GET /a?b=c HTTP/1.1
        GET //evil.test/ -> GET //evil.test/ HTTP/1.1
        GET http://auth.local/a?b -> GET /a?b HTTP/1.1
        GET HTTP://AUTH.local -> GET / HTTP/1.1
        GET https://auth.local?b -> GET /?b HTTP/1.1
        OPTIONS * -> OPTIONS * HTTP/1.1
        OPTIONS http://auth.local -> OPTIONS * HTTP/1.1
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn an_old_clients_request_goes_on_as_1_1() {
    let mut script = Script::new();
    script.client_sends("GET / HTTP/1.0\r\nHost: auth.local\r\nExpect: 100-continue\r\n\r\n");
    let sent = String::from_utf8_lossy(&script.driver.to_upstream).into_owned();
    assert!(
        sent.starts_with("GET / HTTP/1.1\r\nHost: auth.local\r\n"),
        "{sent}"
    );
    assert!(!sent.contains("Expect"), "{sent}");
    assert!(sent.contains("Via: 1.0 mr-test\r\n"), "{sent}");
}

#[test]
fn chunks_over_the_limit_end_the_exchange() {
    let mut settings = Settings::default();
    settings.limits.body = Some(8);
    let mut script = Script::with(settings, "203.0.113.7");
    let head = "POST / HTTP/1.1\r\nHost: auth.local\r\nTransfer-Encoding: chunked\r\n\r\n";
    script
        .client_sends([head, "5\r\nhello\r\n"].concat())
        .client_sends("5\r\nworld\r\n");
    expect![[r#"
        connect 3 Fresh
        to upstream: POST / HTTP/1.1 | Host: auth.local | Transfer-Encoding: chunked |  | 5 | hello | 
        release Close
        to client: HTTP/1.1 413 Content Too Large | Content-Type: text/plain; charset=utf-8 | Content-Length: 31 | Cache-Control: no-store | Proxy-Status: mesh-router; error=http_request_error | Connection: close |  | the request\'s body is too large
        finished POST auth.local/ 413 too_large
        end client Lingering
    "#]].assert_eq(&script.calls());
}

#[test]
fn the_health_path_tells_of_leaving() {
    let settings = Settings {
        health_path: Some("/health".to_owned()),
        ..Settings::default()
    };
    let mut script = Script::with(settings, "203.0.113.7");
    let ask = "GET /health HTTP/1.1\r\nHost: any.test\r\n\r\n";
    script.client_sends(ask);
    script.tools.set_leaving(true);
    script.client_sends(ask);
    expect![[r#"
        to client: HTTP/1.1 200 OK | Content-Type: text/plain; charset=utf-8 | Content-Length: 2 | Cache-Control: no-store |  | ok
        finished GET any.test/health 200 ok
        to client: HTTP/1.1 503 Service Unavailable | Content-Type: text/plain; charset=utf-8 | Content-Length: 7 | Cache-Control: no-store | Retry-After: 1 |  | leaving
        finished GET any.test/health 503 ok
    "#]].assert_eq(&script.calls());
}

/// The answer to an unknown host, as text.
fn unknown(mode: Mode, peer: &str, lines: &str) -> String {
    let settings = Settings {
        mode,
        ..Settings::default()
    };
    let mut script = Script::with(settings, peer);
    script.client_sends(format!(
        "GET / HTTP/1.1\r\nHost: auht.local:4000\r\n{lines}\r\n"
    ));
    String::from_utf8_lossy(&script.driver.to_client).replace('\r', "")
}

#[test]
fn a_developers_browser_gets_the_known_hosts() {
    let html = "Accept: text/html,*/*;q=0.8\r\n";
    expect![[r#"
        HTTP/1.1 404 Not Found
        Content-Type: text/html; charset=utf-8
        Content-Length: 607
        Cache-Control: no-store
        Proxy-Status: mesh-router; error=destination_not_found
        X-Request-Id: abd5rcnjxg5rtiko6d44ymr7fg

        <!doctype html>
        <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>404 Not Found</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem}small{color:#777}</style>
        <h1>404 Not Found</h1>
        <p>unknown service: auht.local</p>
        <p>Did you mean <a href="http://auth.local:4000/">auth.local</a>?</p>
        <p>Known hosts:</p>
        <ul>
        <li><a href="http://auth.local:4000/">auth.local</a></li>
        <li><a href="http://billing.local:4000/">billing.local</a></li>
        </ul>
        <p><small>mesh-router · request abd5rcnjxg5rtiko6d44ymr7fg</small></p>
    "#]].assert_eq(&unknown(Mode::Development, "127.0.0.1", html));
    for (mode, peer, lines) in [
        (Mode::Production, "127.0.0.1", ""),
        (Mode::Development, "192.168.0.7", ""),
        (Mode::Development, "a socket", ""),
        (
            Mode::Development,
            "127.0.0.1",
            "X-Forwarded-For: 1.2.3.4\r\n",
        ),
        (Mode::Development, "127.0.0.1", "Forwarded: for=1.2.3.4\r\n"),
        (Mode::Development, "127.0.0.1", "Via: 1.1 nginx\r\n"),
        (
            Mode::Development,
            "127.0.0.1",
            "X-Forwarded-Anything: x\r\n",
        ),
    ] {
        let page = unknown(mode, peer, &format!("{html}{lines}"));
        assert!(page.contains("unknown service: auht.local"), "{page}");
        assert!(!page.contains("billing.local"), "{peer} {lines}: {page}");
    }
}

#[test]
fn an_unknown_host_in_other_forms() {
    expect![[r#"
        HTTP/1.1 404 Not Found
        Content-Type: text/plain; charset=utf-8
        Content-Length: 27
        Cache-Control: no-store
        Proxy-Status: mesh-router; error=destination_not_found
        X-Request-Id: abd5rcnjxg5rtiko6d44ymr7fg

        unknown service: auht.local"#]]
    .assert_eq(&unknown(Mode::Development, "127.0.0.1", ""));
    let json = unknown(
        Mode::Production,
        "127.0.0.1",
        "Accept: application/json\r\n",
    );
    expect![[r#"
        {"type":"about:blank","title":"Not Found","status":404,"detail":"unknown service: auht.local","request_id":"abd5rcnjxg5rtiko6d44ymr7fg"}
    "#]].assert_eq(json.split("\n\n").nth(1).unwrap());
}

#[test]
fn a_long_poll_gets_no_problem_whose_status_it_would_take_for_its_own() {
    let is_problem = |target: &str| {
        let mut script = Script::with(Settings::default(), "127.0.0.1");
        script.client_sends(format!(
            "GET {target} HTTP/1.1\r\nHost: auht.local\r\nAccept: application/json\r\n\r\n"
        ));
        let answer = String::from_utf8_lossy(&script.driver.to_client).into_owned();
        assert!(answer.ends_with("unknown service: auht.local") || answer.ends_with("}\n"));
        answer.contains("application/problem+json")
    };
    assert!(!is_problem("/live/longpoll?vsn=2.0.0&token=x"));
    assert!(!is_problem("/socket/longpoll"));
    assert!(is_problem("/live/longpolls?x=/longpoll"));
}

#[test]
fn a_service_that_does_not_listen_says_why_to_its_developer() {
    let settings = Settings {
        mode: Mode::Development,
        ..Settings::default()
    };
    let mut script = Script::with(settings, "127.0.0.1");
    let mut services = script.published.snapshot.services.clone();
    services[0].serving = routes::Serving::No("server: false in config/dev.exs".to_owned());
    let routes = script.published.snapshot.routes.clone();
    script.published.snapshot = Arc::new(routes::Snapshot::new(services, routes, None));
    script.answers_connecting(&[crate::Connecting::Nowhere]);
    script.client_sends("GET / HTTP/1.1\r\nHost: auth.local\r\n\r\n");
    let answer = String::from_utf8_lossy(&script.driver.to_client).into_owned();
    assert!(
        answer.ends_with("does not listen: server: false in config/dev.exs"),
        "{answer}"
    );
}
