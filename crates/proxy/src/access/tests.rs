use std::{
    net::{IpAddr, Ipv4Addr},
    sync::mpsc,
    time::Duration,
};

use exchange::Reason;
use serde_json::Value;

use super::{line::Format, *};

fn record() -> Record<'static> {
    Record {
        request_id: "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        trace_id: "",
        client_ip: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9))),
        method: b"GET",
        scheme: "https",
        host: "auth.local",
        path: b"/",
        version: "HTTP/1.1",
        status: 200,
        reason: Reason::Ok,
        slot: Some(0),
        attempts: 1,
        duration: Duration::from_micros(12_345),
        upstream: Some(Duration::from_micros(7)),
        held: Duration::from_millis(1500),
        bytes_in: 1,
        bytes_out: u64::MAX,
        user_agent: b"curl/8",
        upgrade: false,
        close_code: None,
    }
}

fn line(format: Format, record: &Record<'_>, about: &About<'_>) -> String {
    let mut into = Vec::new();
    line::write(&mut into, format, "2026-01-02T03:04:05.678Z", record, about);
    let line = String::from_utf8(into).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    line
}

fn json(record: &Record<'_>) -> Value {
    let about = About {
        peer_ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        service: Some("AuthWeb.Endpoint"),
        ..About::default()
    };
    serde_json::from_str(&line(Format::Json, record, &about)).unwrap()
}

#[test]
fn a_line_has_every_field() {
    let expected = r#"{
        "ts": "2026-01-02T03:04:05.678Z", "request_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "trace_id": null, "client_ip": "203.0.113.9", "peer_ip": "127.0.0.1", "method": "GET",
        "scheme": "https", "host": "auth.local", "path": "/", "proto": "HTTP/1.1", "status": 200,
        "reason": "ok", "service": "AuthWeb.Endpoint", "app": null, "node": null,
        "upstream": null, "upstream_state": null, "attempts": 1, "duration_ms": 12.345, "upstream_ms": 0.007,
        "held_ms": 1500.0, "bytes_in": 1, "bytes_out": 18446744073709551615, "user_agent": "curl/8",
        "upgrade": null, "close_code": null }"#;
    assert_eq!(
        json(&record()),
        serde_json::from_str::<Value>(expected).unwrap()
    );
}

#[test]
fn any_bytes_make_one_valid_line() {
    #[track_caller]
    fn check(path: &[u8], expected: &str) {
        assert_eq!(json(&Record { path, ..record() })["path"], expected);
    }
    check(b"/a\"b\\c", "/a\"b\\c");
    check(b"/\r\n\t\0\x1b\x7f", "/\r\n\t\0\u{1b}\u{7f}");
    check("/größe".as_bytes(), "/größe");
    check(b"/\xff\xfe/", "/\u{fffd}\u{fffd}/");
    let all: Vec<u8> = (0..=255).collect();
    assert!(
        json(&Record {
            user_agent: &all,
            ..record()
        })["user_agent"]
            .is_string()
    );
}

#[test]
fn long_texts_are_cut_between_characters() {
    let path = format!("{}é", "x".repeat(2047));
    let path = path.as_bytes();
    assert_eq!(json(&Record { path, ..record() })["path"], "x".repeat(2047));
    let user_agent = "€".repeat(1_000);
    let user_agent = user_agent.as_bytes();
    let shown = json(&Record {
        user_agent,
        ..record()
    });
    assert_eq!(shown["user_agent"], "€".repeat(170));
    let garbage = [0x80; 4_000];
    assert!(
        json(&Record {
            path: &garbage,
            ..record()
        })["path"]
            .as_str()
            .unwrap()
            .len()
            < 7_000
    );
}

#[test]
fn a_websocket_has_its_close_code() {
    let shown = json(&Record {
        upgrade: true,
        close_code: Some(1012),
        ..record()
    });
    assert_eq!(
        (&shown["upgrade"], &shown["close_code"]),
        (&"websocket".into(), &1012.into())
    );
}

#[test]
fn a_terminal_gets_short_text_that_can_not_steer_it() {
    let about = About {
        service: Some("AuthWeb.Endpoint"),
        ..About::default()
    };
    assert_eq!(
        line(
            Format::Text,
            &Record {
                path: b"/\x1b[2J\xff",
                ..record()
            },
            &about
        ),
        "03:04:05 GET auth.local/\\u{1b}[2J\u{fffd} 200 12.345ms AuthWeb.Endpoint\n"
    );
    let refused = Record {
        method: b"",
        status: 400,
        reason: Reason::BadRequest,
        ..record()
    };
    assert_eq!(
        line(Format::Text, &refused, &About::default()),
        "03:04:05 - auth.local/ 400 12.345ms bad_request\n"
    );
}

#[test]
fn times_are_written_as_rfc_3339_does() {
    #[track_caller]
    fn check(millis: u64, expected: &str) {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(std::str::from_utf8(&stamp::format(wall)).unwrap(), expected);
    }
    check(0, "1970-01-01T00:00:00.000Z");
    check(951_782_399_999, "2000-02-28T23:59:59.999Z");
    check(951_782_400_000, "2000-02-29T00:00:00.000Z");
    check(951_868_800_000, "2000-03-01T00:00:00.000Z");
    check(1_735_689_599_001, "2024-12-31T23:59:59.001Z");
    check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
    check(253_402_300_799_000, "9999-12-31T23:59:59.000Z");
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(&stamp::format(before)[..4], b"1970");
}

/// A worker's end whose writer does not read.
fn stuck(batches_max: usize) -> (Journal, mpsc::Receiver<Batch>) {
    let (batches, received) = mpsc::sync_channel(batches_max);
    let sink = Sink {
        batches,
        shared: Arc::default(),
        format: Format::Json,
    };
    (Journal::new(Some(sink)), received)
}

fn add(journal: &mut Journal, times: usize) {
    for _ in 0..times {
        journal.add(&record(), &About::default(), || SystemTime::UNIX_EPOCH);
    }
}

#[test]
fn lines_wait_for_others_until_they_are_worth_it_or_late() {
    let (mut journal, received) = stuck(4);
    let lines = || {
        received
            .try_iter()
            .map(|batch| batch.lines)
            .collect::<Vec<_>>()
    };
    let start = crate::clock::now();
    assert_eq!(journal.due(), None);
    for turn in 0..3 {
        add(&mut journal, 1);
        assert_eq!(journal.end_turn(start + Duration::from_millis(turn)), 0);
    }
    assert_eq!(lines(), [0; 0]);
    assert_eq!(
        journal.due(),
        Some(start + BATCH_WAIT),
        "the first line's time"
    );
    journal.end_turn(start + BATCH_WAIT);
    assert_eq!(lines(), [3]);
    assert_eq!(journal.due(), None);
    while journal.batch.bytes.len() < BATCH_BYTES_READY {
        add(&mut journal, 1);
    }
    journal.end_turn(start);
    assert_eq!(lines().len(), 1, "a full batch does not wait");
}

#[test]
fn a_writer_that_is_stuck_costs_lines_and_nothing_else() {
    let (mut journal, received) = stuck(1);
    let (mut lost, mut added) = (0, 0);
    let mut now = crate::clock::now();
    for _ in 0..1_000 {
        add(&mut journal, 10);
        added += 10;
        now += BATCH_WAIT;
        lost += journal.end_turn(now);
    }
    assert!(journal.batch.bytes.len() < BATCH_BYTES_MAX + 4096);
    assert_eq!(journal.due(), Some(now + BATCH_WAIT), "no turn in a hurry");
    let first = received.recv().unwrap();
    now += BATCH_WAIT;
    lost += journal.end_turn(now);
    let second = received.recv().unwrap();
    assert_eq!(
        first.lines + second.lines + lost,
        added,
        "each is written or counted"
    );
    drop(received);
    add(&mut journal, 5);
    journal.end_turn(now);
    assert_eq!(journal.end_turn(now + BATCH_WAIT), 5);
}

#[test]
fn what_waits_goes_with_its_worker() {
    let (mut journal, received) = stuck(1);
    add(&mut journal, 3);
    journal.end_turn(crate::clock::now());
    drop(journal);
    assert_eq!(received.recv().map(|batch| batch.lines), Ok(3));
}

#[test]
fn a_file_gets_all_lines_of_all_workers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let writer = Writer::start(&AccessLog::File(path.clone())).unwrap();
    let mut journals = [writer.journal(), writer.journal()];
    for _ in 0..10 {
        for journal in &mut journals {
            add(journal, 7);
            assert_eq!(journal.end_turn(crate::clock::now()), 0);
        }
    }
    drop(journals);
    writer.finish(Duration::from_secs(10));
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 140);
}

#[test]
fn a_log_that_can_t_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/access.log");
    let error = Writer::start(&AccessLog::File(path.clone())).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(error.contains("No such file"), "{error}");
}

#[test]
fn a_log_that_is_off_takes_nothing() {
    let writer = Writer::start(&AccessLog::Off).unwrap();
    let mut journal = writer.journal();
    assert!(!journal.is_on());
    add(&mut journal, 1);
    assert_eq!(journal.end_turn(crate::clock::now()), 0);
    writer.finish(Duration::from_secs(10));
}
