//! Every case of bytes against the gateway: what is refused, and what is forwarded with one meaning.

use std::{collections::BTreeSet, fs, time::Duration};

use e2e::{
    PATIENCE,
    bytes::{Case, Pace, Recorder, Stage, Verdict, cases, ours},
    tool,
};

/// Plays cases, and fails with all that went wrong.
#[track_caller]
fn play(cases: &[Case], pace: Pace) {
    let upstream = Recorder::start();
    let gateway = ours::start(&upstream);
    let mut stage = Stage::new(gateway.address(), upstream, PATIENCE);
    let mut wrong = Vec::new();
    for case in cases {
        let observed = stage.play(case, pace);
        if let Err(why) = case.check(&observed) {
            wrong.push(format!("{} ({}): {why}: {observed}", case.name, case.basis));
        }
    }
    assert!(wrong.is_empty(), "{pace:?}: {}", wrong.join("\n"));
}

/// The classes that one test plays, so that tests run side by side.
const GROUPS: [&[&str]; 11] = [
    &[
        "start-line",
        "version",
        "first-bytes",
        "target",
        "absolute-form",
        "method",
    ],
    &["field", "line-end", "fold", "disguise"],
    &["host"],
    &["content-length", "transfer-encoding"],
    &[
        "chunk-size",
        "chunk-end",
        "chunk-extension",
        "chunked",
        "trailer",
    ],
    &["hop-request", "hop-response", "spoofed"],
    &[
        "status-line",
        "response-field",
        "response-length",
        "response-coding",
        "response-body",
        "response-cut",
        "no-content",
    ],
    &["interim", "switching", "left-over", "early"],
    &["websocket"],
    &["desync", "pipeline"],
    &["limit"],
];

/// Plays the cases of a group, each whole and byte by byte: the verdict must not depend on it.
#[track_caller]
fn play_group(group: usize) {
    let mut cases = cases::all();
    cases.retain(|case| GROUPS[group].contains(&case.class()));
    for pace in [Pace::Whole, Pace::Dripped] {
        play(&cases, pace);
    }
}

#[test]
fn every_case_is_played_and_has_a_name_of_its_own() {
    let played: BTreeSet<&str> = GROUPS.iter().copied().flatten().copied().collect();
    let classes = cases::classes();
    assert_eq!(played, classes.iter().map(String::as_str).collect());
    let mut names = BTreeSet::new();
    for case in cases::all() {
        assert!(
            names.insert(case.name.clone()),
            "{} is there twice",
            case.name
        );
    }
}

/// `docs/security.md` tells of these very cases; `cargo xtask strict --write` makes it so again.
#[test]
fn the_page_counts_every_case_of_each_class() {
    let page = fs::read_to_string(tool::ours("../docs/security.md")).unwrap();
    let mut cases = cases::all();
    let count = cases.len().to_string();
    assert!(page.contains(&format!("| **all** | {count} | {count} |")));
    for class in cases::classes() {
        let count = cases.extract_if(.., |case| case.class() == class).count();
        let row = format!("| {class} | {count} | {count} |");
        assert!(page.contains(&row), "the page lacks {row:?}");
    }
}

/// Without a gateway between client and upstream each attack reaches the upstream: a judge that finds
/// nothing wrong with that would find nothing wrong with a gateway.
#[test]
fn without_a_gateway_attacks_succeed() {
    let upstream = Recorder::start();
    let patience = Duration::from_millis(20);
    let mut stage = Stage::new(upstream.address(), upstream, patience);
    let mut cases = cases::all();
    cases.retain(|case| case.name.starts_with("desync/te-te-") && case.allowed.len() == 1);
    assert!(cases.len() > 20);
    for case in cases {
        let verdict = case.judge(&stage.play(&case, Pace::Whole));
        assert!(
            matches!(verdict, Verdict::Wrong(_)),
            "{}: {verdict:?}",
            case.name
        );
    }
}

#[test]
fn request_lines_and_targets() {
    play_group(0);
}

#[test]
fn fields() {
    play_group(1);
}

#[test]
fn hosts() {
    play_group(2);
}

#[test]
fn lengths_and_codings() {
    play_group(3);
}

#[test]
fn chunks_and_trailers() {
    play_group(4);
}

#[test]
fn hops() {
    play_group(5);
}

#[test]
fn answers() {
    play_group(6);
}

#[test]
fn interim_early_and_left_over() {
    play_group(7);
}

#[test]
fn websockets() {
    play_group(8);
}

#[test]
fn desync_and_pipelines() {
    play_group(9);
}

#[test]
fn limits() {
    play_group(10);
}
