//! WebSocket openings and what follows them (RFC 6455, RFC 9110 §7.8). Frames are opaque.

use crate::bytes::{Case, Expected, Step, Then, Want, answer, request};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const VERSION: &str = "Sec-WebSocket-Version: 13";
const CONNECTION: &str = "Connection: Upgrade";
const UPGRADE: &str = "Upgrade: websocket";
/// "Hi" in a masked frame, in bytes that are text.
const FRAME: &str = "\u{81}\u{82}\0\0\0\0Hi";

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    [opened(), no_openings(), refused(), agreements()].concat()
}

fn start() -> &'static str {
    "GET /case HTTP/1.1"
}

fn opening(fields: &[&str]) -> Vec<u8> {
    request(start(), fields, "")
}

fn ordinary() -> Vec<u8> {
    opening(&[CONNECTION, UPGRADE, KEY, VERSION])
}

fn agreed() -> Vec<u8> {
    answer(
        "HTTP/1.1 101 Switching Protocols",
        &[CONNECTION, UPGRADE, ACCEPT],
        "",
    )
}

fn wanted() -> Want {
    Want::new(
        start(),
        &["connection", "upgrade: websocket", "sec-websocket-key"],
    )
}

/// What echoes through the tunnel.
fn echoed(bytes: &str) -> Expected {
    Expected::tunnel(wanted(), bytes, bytes)
}

fn opened() -> Vec<Case> {
    let of = |name: &str, fields: &[&str]| {
        Case::new(format!("websocket/{name}"), "RFC 6455 §4.1")
            .sends(opening(fields))
            .replies(agreed(), Then::Echo)
            .then(Step::AwaitHeads(1))
            .sends(crate::bytes::latin1(FRAME))
            .then(Step::AwaitTunnel(FRAME.chars().count()))
            .expects(echoed(FRAME))
            .or(
                Expected::tunnel(Want::new(start(), &["connection", "upgrade"]), FRAME, FRAME),
                "RFC 9110 §7.8: names of protocols are case-insensitive",
            )
    };
    let behind = [&ordinary()[..], &crate::bytes::latin1(FRAME)].concat();
    let http_behind = [
        &ordinary()[..],
        b"GET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n",
    ]
    .concat();
    let http = "GET /smuggled HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    vec![
        of("opened", &[CONNECTION, UPGRADE, KEY, VERSION]),
        of(
            "other-cases",
            &["connection: upgrade", "UPGRADE: WebSocket", KEY, VERSION],
        ),
        of(
            "with-keep-alive",
            &["Connection: keep-alive, Upgrade", UPGRADE, KEY, VERSION],
        ),
        of(
            "connection-in-two-lines",
            &["Connection: keep-alive", CONNECTION, UPGRADE, KEY, VERSION],
        ),
        of(
            "with-a-protocol",
            &[
                CONNECTION,
                UPGRADE,
                KEY,
                VERSION,
                "Sec-WebSocket-Protocol: phoenix",
            ],
        ),
        of(
            "with-an-extension",
            &[
                CONNECTION,
                UPGRADE,
                KEY,
                VERSION,
                "Sec-WebSocket-Extensions: permessage-deflate",
            ],
        ),
        Case::new("websocket/frame-behind-opening", "RFC 6455 §4.1")
            .sends(behind)
            .replies(agreed(), Then::Echo)
            .then(Step::AwaitTunnel(FRAME.chars().count()))
            .expects(echoed(FRAME)),
        Case::new("websocket/frame-behind-101", "RFC 6455 §4.2.2")
            .sends(ordinary())
            .replies([&agreed()[..], b"\x81\x02yo"].concat(), Then::Echo)
            .then(Step::AwaitTunnel(4))
            .expects(Expected::tunnel(wanted(), "", "\u{81}\u{2}yo")),
        // Behind a 101 it is no request any more, whatever it looks like.
        Case::new("websocket/request-behind-opening", "request tunnelling")
            .sends(http_behind)
            .replies(agreed(), Then::Echo)
            .then(Step::AwaitTunnel(http.len()))
            .expects(echoed(http)),
    ]
}

/// Requests that open no WebSocket: served as plain ones, with nothing of an Upgrade.
fn no_openings() -> Vec<Case> {
    let plain = |start: &str| Expected::forwarded(Want::new(start, &["!upgrade"]));
    let refused = || Expected::refused("400");
    let strict = "refusing it is right as well";
    let of = |name: &str, fields: &[&str]| {
        Case::new(format!("websocket/{name}"), "RFC 9110 §7.8")
            .sends(opening(fields))
            .expects(plain(start()))
            .or(refused(), strict)
    };
    let apps = "RFC 6455 §4.2.1: whether it is an opening is for the app to judge";
    let asked = |start: &str| Expected::forwarded(Want::new(start, &["connection", "upgrade"]));
    let unnamed = "RFC 9110 §7.8: an Upgrade that Connection doesn't name is none";
    vec![
        of("without-connection", &[UPGRADE, KEY, VERSION]).or(
            Expected::forwarded(Want::new(start(), &["!connection"])),
            unnamed,
        ),
        of(
            "connection-names-another",
            &["Connection: keep-alive", UPGRADE, KEY, VERSION],
        )
        .or(
            Expected::forwarded(Want::new(start(), &["!connection"])),
            unnamed,
        )
        .or(
            Expected::forwarded(Want::new(start(), &["connection: keep-alive"])),
            unnamed,
        ),
        of("without-upgrade", &[CONNECTION, KEY, VERSION]),
        of("without-key", &[CONNECTION, UPGRADE, VERSION]).or(asked(start()), apps),
        of(
            "two-keys",
            &[CONNECTION, UPGRADE, KEY, "Sec-WebSocket-Key: eHh4", VERSION],
        )
        .or(asked(start()), apps),
        of(
            "key-named-in-connection",
            &[
                "Connection: Upgrade, Sec-WebSocket-Key",
                UPGRADE,
                KEY,
                VERSION,
            ],
        ),
        of("to-h2c", &[CONNECTION, "Upgrade: h2c", KEY, VERSION]),
        of(
            "to-a-longer-word",
            &[CONNECTION, "Upgrade: websockets", KEY, VERSION],
        ),
        of(
            "in-quotes",
            &[CONNECTION, "Upgrade: \"websocket\"", KEY, VERSION],
        ),
        Case::new("websocket/in-1.0", "RFC 9110 §7.8")
            .sends(request(
                "GET /case HTTP/1.0",
                &[CONNECTION, UPGRADE, KEY, VERSION],
                "",
            ))
            .expects(plain(start()).and_ends())
            .or(refused(), strict)
            .or(
                Expected::forwarded(Want::new("GET /case HTTP/1.0", &[])).and_ends(),
                "RFC 9110 §7.8: an app ignores it in HTTP/1.0",
            ),
        Case::new("websocket/of-post", "RFC 6455 §4.1")
            .sends(request(
                "POST /case HTTP/1.1",
                &[CONNECTION, UPGRADE, KEY, VERSION, "Content-Length: 0"],
                "",
            ))
            .expects(plain("POST /case HTTP/1.1"))
            .or(asked("POST /case HTTP/1.1"), apps)
            .or(refused(), strict),
        Case::new("websocket/with-a-body", "RFC 6455 §4.1")
            .sends(request(
                start(),
                &[CONNECTION, UPGRADE, KEY, VERSION, "Content-Length: 5"],
                "hello",
            ))
            .expects(Expected::forwarded(
                Want::new(start(), &["!upgrade"]).with_body("hello"),
            ))
            .or(asked(start()), apps)
            .or(refused(), strict),
        Case::new("websocket/with-chunks", "RFC 6455 §4.1")
            .sends(request(
                start(),
                &[
                    CONNECTION,
                    UPGRADE,
                    KEY,
                    VERSION,
                    "Transfer-Encoding: chunked",
                ],
                "0\r\n\r\n",
            ))
            .expects(plain(start()))
            .or(asked(start()), apps)
            .or(refused(), strict),
    ]
}

/// Openings that the app refuses: nothing of a tunnel, and what was sent behind is a request.
fn refused() -> Vec<Case> {
    let status = |status: &str| answer(status, &["Content-Length: 2"], "no");
    let http = "GET /next HTTP/1.1\r\nHost: auth.test\r\n\r\n";
    let and_more = |bytes: &[u8]| [&ordinary()[..], bytes].concat();
    let two = |first: &str| {
        Expected::exchanged(
            vec![wanted(), Want::new("GET /next HTTP/1.1", &["!upgrade"])],
            vec![
                Want::new(first, &[]).with_body("no"),
                Want::new("200", &[]).with_body("/next"),
            ],
        )
    };
    let closed = "RFC 9112 §9.3: the connection may end behind a refused opening";
    vec![
        Case::new("websocket/refused", "RFC 6455 §4.2.2")
            .sends(ordinary())
            .replies(status("HTTP/1.1 403 Forbidden"), Then::Stay)
            .expects(Expected::answered(Want::new("403", &[]).with_body("no")))
            .or(
                Expected::answered(Want::new("403", &[]).with_body("no")).and_ends(),
                closed,
            ),
        Case::new("websocket/answered-200", "RFC 6455 §4.1")
            .sends(ordinary())
            .replies(status("HTTP/1.1 200 OK"), Then::Stay)
            .expects(Expected::answered(Want::new("200", &[]).with_body("no")))
            .or(
                Expected::answered(Want::new("200", &[]).with_body("no")).and_ends(),
                closed,
            ),
        Case::new(
            "websocket/refused-with-request-behind",
            "request tunnelling",
        )
        .sends(and_more(http.as_bytes()))
        .replies(status("HTTP/1.1 426 Upgrade Required"), Then::Stay)
        .expects(two("426"))
        .or(
            Expected::answered(Want::new("426", &[]).with_body("no")).and_ends(),
            closed,
        ),
        Case::new("websocket/refused-with-frame-behind", "request tunnelling")
            .sends(and_more(&crate::bytes::latin1(&format!("{FRAME}\r\n\r\n"))))
            .replies(status("HTTP/1.1 403 Forbidden"), Then::Stay)
            .expects(
                Expected::exchanged(
                    vec![wanted()],
                    vec![Want::new("403", &[]), Want::new("400", &[])],
                )
                .and_ends(),
            )
            .or(Expected::answered(Want::new("403", &[])).and_ends(), closed),
        Case::new(
            "websocket/unknown-version-with-request-behind",
            "request tunnelling",
        )
        .sends(
            [
                &opening(&[CONNECTION, UPGRADE, KEY, "Sec-WebSocket-Version: 777"])[..],
                http.as_bytes(),
            ]
            .concat(),
        )
        .replies(status("HTTP/1.1 426 Upgrade Required"), Then::Stay)
        .expects(two("426"))
        .or(
            Expected::answered(Want::new("426", &[]).with_body("no")).and_ends(),
            closed,
        )
        .or(
            Expected::refused("400"),
            "an unknown version may be refused",
        ),
    ]
}

/// 101s that don't agree to what was asked.
fn agreements() -> Vec<Case> {
    let of = |name: &str, start: &str, fields: &[&str]| {
        Case::new(format!("websocket/{name}"), "RFC 6455 §4.1")
            .sends(ordinary())
            .replies(answer(start, fields, ""), Then::Fin)
            .bad_gateway()
    };
    let ok = "HTTP/1.1 101 Switching Protocols";
    let passed = || Expected::answered(Want::new("101", &["upgrade"])).and_may_end();
    let clients = "RFC 6455 §4.1: Sec-WebSocket-Accept is for the client to check";
    vec![
        of("101-without-upgrade", ok, &[CONNECTION, ACCEPT]),
        of("101-without-connection", ok, &[UPGRADE, ACCEPT]),
        of("101-to-h2c", ok, &[CONNECTION, "Upgrade: h2c", ACCEPT]),
        of(
            "101-to-two",
            ok,
            &[CONNECTION, "Upgrade: websocket, h2c", ACCEPT],
        ),
        of(
            "101-in-two-lines",
            ok,
            &[CONNECTION, UPGRADE, "Upgrade: h2c", ACCEPT],
        ),
        of("101-without-accept", ok, &[CONNECTION, UPGRADE]).or(passed(), clients),
        of(
            "101-with-two-accepts",
            ok,
            &[CONNECTION, UPGRADE, ACCEPT, ACCEPT],
        )
        .or(passed(), clients),
        of(
            "101-with-length",
            ok,
            &[CONNECTION, UPGRADE, ACCEPT, "Content-Length: 5"],
        ),
        of(
            "101-with-coding",
            ok,
            &[CONNECTION, UPGRADE, ACCEPT, "Transfer-Encoding: chunked"],
        ),
        of(
            "101-in-1.0",
            "HTTP/1.0 101 Switching Protocols",
            &[CONNECTION, UPGRADE, ACCEPT],
        ),
        of(
            "101-malformed",
            ok,
            &[CONNECTION, UPGRADE, "Sec-WebSocket-Accept : x"],
        ),
        of("101-bare", ok, &[]),
    ]
}
