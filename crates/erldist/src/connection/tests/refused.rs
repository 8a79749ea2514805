//! What a node asks of us.

use super::{Cow, NODE, OURS, OUTPUT_BYTES_MAX, Reference, Stage, TermRef, control, message, pid};

fn number(number: i64) -> TermRef<'static> {
    TermRef::Integer(number)
}

fn theirs() -> TermRef<'static> {
    let node = Cow::Borrowed(NODE);
    TermRef::Reference(Reference::new(node, 5, &[9, 8, 7, 6, 5]).unwrap())
}

/// Feeds a request, and compares what is sent: at most one message.
#[track_caller]
fn check(parts: Vec<TermRef<'_>>, payload: Option<&TermRef<'_>>, expected: Option<(&str, &str)>) {
    let mut stage = Stage::up();
    stage.sent();
    let asked = format!("{parts:?}");
    stage.feed(&message(parts, payload));
    let sent = stage.sent();
    let sent: Vec<(&str, &str)> = sent
        .iter()
        .map(|(message, payload)| (&**message, payload.as_deref().unwrap_or("none")))
        .collect();
    assert_eq!(sent, Vec::from_iter(expected), "{asked}");
    assert_eq!(stage.notices(), []);
    let counts = stage.connection.counts();
    let refused = u64::from(expected.is_some());
    assert_eq!((counts.refused, counts.dropped), (refused, 1 - refused));
}

fn us() -> TermRef<'static> {
    pid(OURS, 1)
}

fn them() -> TermRef<'static> {
    pid(NODE, 50)
}

const US: &str = "#Erlang<<gw@10.0.0.1.1.0>>";
const THEM: &str = "#Erlang<<auth@127.0.0.1.50.0>>";
const MADE: &str = "#Erlang<#Ref<auth@127.0.0.1.9.8.7.6.5>>";

#[test]
fn links_and_monitors_find_nobody() {
    let link = vec![number(control::LINK), them(), us()];
    let exit = format!("{{24, {US}, {THEM}}}");
    check(link, None, Some((&exit, ":noproc")));
    let unlink = vec![number(control::UNLINK_ID), number(4), them(), us()];
    let acknowledged = format!("{{36, 4, {US}, {THEM}}}");
    check(unlink, None, Some((&acknowledged, "none")));
    for (to, shown) in [(TermRef::atom("x"), ":x"), (us(), US)] {
        let monitor = vec![number(control::MONITOR_P), them(), to, theirs()];
        let down = format!("{{28, {shown}, {THEM}, {MADE}}}");
        check(monitor, None, Some((&down, ":noproc")));
    }
}

#[test]
fn nothing_is_spawned() {
    for tag in [control::SPAWN_REQUEST, control::SPAWN_REQUEST_TT] {
        let spawn = vec![number(tag), theirs(), them(), them(), number(0), number(0)];
        let reply = format!("{{31, {MADE}, {THEM}, 0, :notsup}}");
        check(spawn, Some(&TermRef::List(vec![])), Some((&reply, "none")));
    }
}

#[test]
fn nothing_is_printed() {
    let io = TermRef::Tuple(vec![
        TermRef::atom("io_request"),
        them(),
        theirs(),
        TermRef::atom("getopts"),
    ]);
    let reply = format!("{{:io_reply, {MADE}, {{:error, :enotsup}}}}");
    let to = format!("{{2, :\"\", {THEM}}}");
    let unused = || TermRef::atom("");
    for parts in [
        vec![number(control::SEND), unused(), us()],
        vec![number(control::SEND_SENDER), them(), us()],
        vec![number(control::SEND_TT), unused(), us(), number(0)],
        vec![
            number(control::REG_SEND),
            them(),
            unused(),
            TermRef::atom("user"),
        ],
    ] {
        check(parts, Some(&io), Some((&to, &reply)));
    }
}

#[test]
fn what_nobody_waits_for_is_dropped() {
    let letter = || vec![number(control::SEND), TermRef::atom(""), us()];
    check(letter(), Some(&TermRef::atom("hello")), None);
    check(letter(), None, None);
    check(
        vec![number(3), them(), us(), TermRef::atom("x")],
        None,
        None,
    );
    check(vec![number(20), them(), us(), theirs()], None, None);
    check(vec![number(99)], None, None);
    check(vec![], None, None);
    check(vec![TermRef::atom("x"), them()], None, None);
}

#[test]
fn a_ping_is_answered_and_other_calls_of_net_kernel_end() {
    let net_kernel = TermRef::atom("net_kernel");
    let monitor = [
        number(control::MONITOR_P),
        them(),
        net_kernel.clone(),
        theirs(),
    ];
    // `[alias|Monitor]`, as the improper list of one element and the reference.
    let mut alias = Vec::new();
    erlterm::etf::encode(&theirs(), &mut alias).unwrap();
    let alias = [&b"l\x00\x00\x00\x01w\x05alias"[..], &alias[1..]].concat();
    let improper = [&[131][..], &alias].concat();
    let improper = erlterm::etf::decode(&improper).unwrap();
    for (tag, shown) in [
        (theirs(), MADE.to_owned()),
        (
            improper,
            "#Erlang<[alias|#Ref<auth@127.0.0.1.9.8.7.6.5>]>".to_owned(),
        ),
    ] {
        let mut stage = Stage::up();
        stage.sent();
        stage.feed(&message(monitor.to_vec(), None));
        assert_eq!(stage.sent(), [], "that it is there");
        let call = |request: TermRef<'static>| {
            let parts = vec![
                number(control::REG_SEND),
                them(),
                TermRef::atom(""),
                net_kernel.clone(),
            ];
            let from = TermRef::Tuple(vec![them(), tag.clone()]);
            let letter = vec![TermRef::atom("$gen_call"), from, request];
            message(parts, Some(&TermRef::Tuple(letter)))
        };
        let ping = vec![TermRef::atom("is_auth"), TermRef::atom(NODE)];
        stage.feed(&call(TermRef::Tuple(ping)));
        let yes = (
            format!("{{2, :\"\", {THEM}}}"),
            Some(format!("{{{shown}, :yes}}")),
        );
        assert_eq!(stage.sent(), [yes]);
        stage.feed(&call(TermRef::atom("ticktime")));
        let gone = format!("{{28, :net_kernel, {THEM}, {MADE}}}");
        assert_eq!(stage.sent(), [(gone, Some(":noproc".to_owned()))]);
    }
}

#[test]
fn a_flood_of_questions_fills_no_memory() {
    let mut stage = Stage::up();
    let monitor = vec![
        number(control::MONITOR_P),
        pid(NODE, 50),
        TermRef::atom("x"),
        theirs(),
    ];
    let flood = message(monitor, None).repeat(1000);
    // Thirty thousand, by a node that reads nothing.
    for _ in 0..30 {
        stage.feed(&flood);
    }
    let counts = stage.connection.counts();
    assert_eq!(counts.refused + counts.dropped, 30_000);
    assert!(counts.dropped > 10_000, "{counts:?}");
    let waiting = stage.connection.poll_output().unwrap().len();
    assert!(waiting <= OUTPUT_BYTES_MAX + flood.len(), "{waiting}");
    assert_eq!(stage.notices(), []);
    stage.feed(&[0; 400_000]);
    assert_eq!(stage.sent(), [("tick".to_owned(), None)]);
}
