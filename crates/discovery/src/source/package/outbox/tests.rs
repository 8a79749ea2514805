//! What waits, what is replaced and what is lost.

use erlterm::etf;

use super::{LOG_LINES_MAX, Newest, Outbox};
use crate::source::package::message::{Counted, Counts, LogLevel, LogLine, ToVm};

fn line(message: &str) -> LogLine {
    LogLine {
        level: LogLevel::Info,
        target: "test".to_owned(),
        message: message.to_owned(),
        fields: Vec::new(),
    }
}

fn counts(services: &[(&str, u64)]) -> Counts {
    let counted = |requests| Counted {
        requests,
        ..Counted::default()
    };
    let services = services.iter();
    services
        .map(|(name, requests)| ((*name).into(), counted(*requests)))
        .collect()
}

/// Everything that waits, each message by its name and what follows.
async fn taken(outbox: &Outbox) -> Vec<String> {
    let frames = outbox.next().await.unwrap_or_default();
    let shown = frames.iter().map(|frame| {
        let term = etf::decode(&frame[4..]).unwrap().to_term();
        term.to_string()
    });
    shown.collect()
}

#[tokio::test]
async fn the_newest_of_a_kind_takes_the_place_of_the_one_before() {
    let outbox = Outbox::default();
    for (seq, generation) in [(1, 2), (2, 3)] {
        let applied = ToVm::Applied { seq, generation };
        outbox.put(Newest::Applied, applied.frame().into());
    }
    let routes = ToVm::Routes {
        generation: 3,
        routes: Vec::new(),
    };
    outbox.put(Newest::Routes, routes.frame().into());
    // Whoever hears that a report is applied has the table already.
    assert_eq!(
        taken(&outbox).await,
        ["{:routes, 3, []}", "{:applied, 2, 3}"]
    );
}

#[tokio::test]
async fn counts_that_wait_are_brought_up_to_date() {
    let outbox = Outbox::default();
    outbox.count(&counts(&[("A", 1), ("B", 1)]));
    outbox.count(&counts(&[("A", 2)]));
    let text = taken(&outbox).await.join("");
    assert_eq!(text.matches("requests: 2").count(), 1, "{text}");
    assert_eq!(text.matches("requests: 1").count(), 1, "{text}");
}

#[tokio::test]
async fn log_lines_beyond_the_bound_are_counted_and_nothing_else_is_lost() {
    let outbox = Outbox::default();
    for number in 0..LOG_LINES_MAX + 3 {
        outbox.log(line(&number.to_string()));
    }
    let listening = ToVm::Listening(Vec::new());
    outbox.put(Newest::Listening, listening.frame().into());
    let all = taken(&outbox).await;
    assert_eq!(all.len(), LOG_LINES_MAX + 2);
    assert_eq!(all[LOG_LINES_MAX..], ["{:lost, 3}", "{:listening, []}"]);
    // What was lost is told once, and there is room again.
    outbox.log(line("later"));
    assert_eq!(taken(&outbox).await.len(), 1);
}

#[tokio::test]
async fn long_log_lines_are_bounded_by_their_bytes() {
    let outbox = Outbox::default();
    let long = "x".repeat(1 << 19);
    for _ in 0..3 {
        outbox.log(line(&long));
    }
    let all = taken(&outbox).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1], "{:lost, 2}");
}

#[tokio::test]
async fn after_the_last_message_nothing_is_taken() {
    let outbox = Outbox::default();
    outbox.log(line("before"));
    outbox.end(Some(&ToVm::Refused("why".to_owned())));
    outbox.log(line("after"));
    outbox.end(None);
    outbox.ended().await;
    let all = taken(&outbox).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1], "{:refused, \"why\"}");
    assert!(outbox.next().await.is_none());
}

#[tokio::test]
async fn whoever_waits_is_woken() {
    let outbox = Outbox::default();
    let other = outbox.clone();
    let waiting = tokio::spawn(async move { taken(&other).await });
    tokio::task::yield_now().await;
    outbox.put(
        Newest::Listening,
        ToVm::Listening(Vec::new()).frame().into(),
    );
    assert_eq!(waiting.await.unwrap(), ["{:listening, []}"]);
}
