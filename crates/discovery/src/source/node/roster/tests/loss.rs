//! Losing sight is not losing the app; being down is. And the way back.

use erldist::AttachError;

use super::{NodeState, Stage};

/// A node that is attached and serves.
fn serving() -> Stage {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage
}

const UNCONFIRMED: &str = "auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001 unconfirmed";
const CONFIRMED: &str = "auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001";
const EMPTY: &str = "auth@10.0.0.5 AuthWeb.Endpoint empty";

#[test]
fn a_lost_link_leaves_its_upstreams_unconfirmed_for_as_long_as_it_takes() {
    let mut stage = serving();
    stage.silent("auth@10.0.0.5").shows(UNCONFIRMED);
    assert_eq!(stage.codes(), "node-lost");
    assert_eq!(
        stage.states(),
        "auth@10.0.0.5 lost 0s the node was silent for 60 s"
    );
    for _ in 0..100 {
        stage.unreachable("auth@10.0.0.5");
        stage.later(30_000).shows(UNCONFIRMED);
    }
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.shows(CONFIRMED);
    assert_eq!(stage.codes(), "");
}

#[test]
fn why_a_lost_node_is_not_reached_is_told_when_it_stays_so() {
    let mut stage = serving();
    stage.closed("auth@10.0.0.5").unreachable("auth@10.0.0.5");
    assert_eq!(stage.codes(), "node-lost");
    let closed = "auth@10.0.0.5 lost 0s the node closed the connection";
    assert_eq!(stage.states(), closed);
    stage.later(60_000).unreachable("auth@10.0.0.5");
    assert_eq!(stage.codes(), "node-unreachable");
    let why = "auth@10.0.0.5 lost 0s connecting to port 9100: host unreachable";
    assert_eq!(stage.states(), why);
    stage.shows(UNCONFIRMED);
}

#[test]
fn what_is_kept_beyond_its_time_wakes_nobody() {
    let mut stage = serving();
    stage.silent("auth@10.0.0.5").unreachable("auth@10.0.0.5");
    stage.later(700_000).unreachable("auth@10.0.0.5");
    stage.shows(UNCONFIRMED);
    assert!(stage.rests().unwrap() >= 200);
}

#[test]
fn an_epmd_that_answers_without_the_name_says_that_the_node_is_down() {
    let mut stage = serving();
    stage.closed("auth@10.0.0.5").shows(UNCONFIRMED);
    stage.lists("10.0.0.5", "auth billing").shows(UNCONFIRMED);
    stage.lists("10.0.0.6", "billing").shows(UNCONFIRMED);
    stage.lists("10.0.0.5", "billing").shows(EMPTY);
    assert_eq!(stage.codes(), "node-down");
    assert_eq!(
        stage.states(),
        "auth@10.0.0.5 lost 0s EPMD on 10.0.0.5 does not know it any more"
    );
}

#[test]
fn so_does_an_attempt_to_attach_that_epmd_answers() {
    let mut stage = serving();
    stage.closed("auth@10.0.0.5").not_in_epmd("auth@10.0.0.5");
    stage.shows(EMPTY);
}

#[test]
fn while_a_node_is_attached_epmd_is_not_believed() {
    let mut stage = serving();
    stage.lists("10.0.0.5", "").shows(CONFIRMED);
    // Nor what it said before the loss.
    stage.silent("auth@10.0.0.5").shows(UNCONFIRMED);
}

#[test]
fn a_service_of_a_node_that_is_down_is_empty_until_it_is_forgotten() {
    let mut stage = serving();
    stage
        .closed("auth@10.0.0.5")
        .lists("10.0.0.5", "")
        .shows(EMPTY);
    stage.later(599_999).shows(EMPTY);
    stage.later(1).shows("");
    // The operator named it, so it is still tried.
    assert_eq!(stage.attaches(), "auth@10.0.0.5");
}

#[test]
fn a_node_that_comes_back_with_another_cookie_serves_on() {
    let mut stage = serving();
    stage
        .closed("auth@10.0.0.5")
        .lists("10.0.0.5", "")
        .shows(EMPTY);
    stage.later(1000).lists("10.0.0.5", "auth");
    stage.wrong_cookie("auth@10.0.0.5").shows(UNCONFIRMED);
    assert_eq!(stage.codes(), "node-cookie");
    assert_eq!(stage.state("auth@10.0.0.5"), Some(NodeState::Refused));
    stage.later(6_000_000).shows(UNCONFIRMED);
}

#[test]
fn a_node_that_refuses_is_not_asked_again_with_each_answer_of_epmd() {
    let mut stage = serving();
    stage.closed("auth@10.0.0.5").lists("10.0.0.5", "");
    stage.lists("10.0.0.5", "auth");
    stage.wrong_cookie("auth@10.0.0.5");
    stage.later(50).lists("10.0.0.5", "auth");
    assert_eq!(stage.attaches(), "");
    // It was restarted: perhaps with our cookie.
    stage.later(50).lists("10.0.0.5", "");
    stage.later(50).lists("10.0.0.5", "auth");
    assert_eq!(stage.attaches(), "auth@10.0.0.5:9100");
}

#[test]
fn after_a_loss_epmd_is_asked_every_50_ms_for_a_minute() {
    let mut stage = serving();
    assert_eq!(stage.asks(), "");
    stage.closed("auth@10.0.0.5");
    assert_eq!(stage.asks(), "10.0.0.5:4369");
    stage.not_in_epmd("auth@10.0.0.5");
    assert_eq!(stage.asks(), "", "an answer is awaited");
    stage.later(3).lists("10.0.0.5", "");
    assert_eq!(stage.asks(), "");
    assert_eq!(stage.rests(), Some(50));
    stage.later(50);
    assert_eq!(stage.asks(), "10.0.0.5:4369");
    stage.lists("10.0.0.5", "auth");
    assert_eq!(
        stage.attaches(),
        "auth@10.0.0.5:9100",
        "at the port that EPMD named"
    );
    stage.unreachable("auth@10.0.0.5").later(60_000);
    assert_eq!(stage.asks(), "");
}

#[test]
fn a_node_at_a_fixed_port_is_itself_tried_every_50_ms() {
    let mut stage = Stage::new(&["auth@10.0.0.5:9100"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.closed("auth@10.0.0.5");
    assert_eq!(stage.asks(), "");
    stage.refused("auth@10.0.0.5", &AttachError::Refused { port: 9100 });
    assert_eq!(stage.rests(), Some(50));
    stage.later(50);
    assert_eq!(stage.attaches(), "auth@10.0.0.5:9100");
    // Nobody says that it is down: what refuses may stand between.
    stage.shows(UNCONFIRMED);
}

#[test]
fn tries_come_at_growing_distances() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    let mut waits = Vec::new();
    for _ in 0..12 {
        stage.unreachable("auth@10.0.0.5");
        let wait = stage.rests().unwrap();
        waits.push(wait);
        stage.later(u64::try_from(wait).unwrap() + 1);
    }
    assert!((200..=400).contains(&waits[0]), "{waits:?}");
    assert!((200..=800).contains(&waits[2]), "{waits:?}");
    assert!((15_000..=30_000).contains(&waits[11]), "{waits:?}");
}

#[test]
fn a_node_that_does_not_run_is_asked_for_every_two_seconds() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    for _ in 0..12 {
        stage.not_in_epmd("auth@10.0.0.5");
        stage.states();
        assert!(stage.rests().unwrap() <= 2000);
        stage.later(2000);
    }
    assert_eq!(
        stage.states(),
        "auth@10.0.0.5 refused 0s EPMD on 10.0.0.5 knows no node at all: auth is not running, or \
         was started without --sname or --name"
    );
}

#[test]
fn a_node_of_the_same_name_with_other_endpoints_takes_their_place() {
    let mut stage = serving();
    stage.closed("auth@10.0.0.5").lists("10.0.0.5", "");
    stage
        .later(1000)
        .answers("auth@10.0.0.5", "BillingWeb.Endpoint:4002", &[]);
    stage.shows(
        "auth@10.0.0.5 AuthWeb.Endpoint empty
         auth@10.0.0.5 BillingWeb.Endpoint 10.0.0.5:4002",
    );
    stage
        .later(600_000)
        .answers("auth@10.0.0.5", "BillingWeb.Endpoint:4002", &[]);
    stage.shows("auth@10.0.0.5 BillingWeb.Endpoint 10.0.0.5:4002");
}

#[test]
fn an_endpoint_that_had_gone_down_stays_so_when_the_link_is_lost() {
    let mut stage = serving();
    stage.say(
        "auth@10.0.0.5",
        super::Told::Down("AuthWeb.Endpoint".to_owned()),
    );
    stage.silent("auth@10.0.0.5").shows(EMPTY);
    stage.later(600_000).shows("");
}

/// Two nodes that are connected to each other.
fn pair() -> Stage {
    let mut stage = Stage::new(&["auth@10.0.0.5", "b@10.0.0.6"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &["b@10.0.0.6"]);
    stage.answers("b@10.0.0.6", "", &["auth@10.0.0.5"]);
    stage
}

#[test]
fn another_nodes_word_counts_when_both_saw_the_node_close() {
    let mut stage = pair();
    stage.closed("auth@10.0.0.5").shows(UNCONFIRMED);
    stage
        .later(2000)
        .answers("b@10.0.0.6", "", &["auth@10.0.0.5"]);
    stage.shows(UNCONFIRMED);
    stage.later(2000).answers("b@10.0.0.6", "", &[]);
    stage.shows(EMPTY);
    assert!(
        stage
            .states()
            .contains("b@10.0.0.6 is not connected to it any more")
    );
}

#[test]
fn the_word_may_come_a_little_before_we_see_it_ourselves() {
    let mut stage = pair();
    stage.answers("b@10.0.0.6", "", &[]);
    stage.later(4999).closed("auth@10.0.0.5").shows(EMPTY);

    // Long before means that those two had parted while both lived.
    let mut stage = pair();
    stage.answers("b@10.0.0.6", "", &[]);
    stage.later(5001).closed("auth@10.0.0.5").shows(UNCONFIRMED);
}

#[test]
fn silence_proves_nothing_whoever_else_hears_it() {
    let mut stage = pair();
    stage.silent("auth@10.0.0.5");
    stage.later(2000).answers("b@10.0.0.6", "", &[]);
    stage.shows(UNCONFIRMED);
}

#[test]
fn a_node_that_never_had_it_or_is_lost_itself_has_no_word() {
    let mut stage = Stage::new(&["auth@10.0.0.5", "b@10.0.0.6"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.answers("b@10.0.0.6", "", &[]);
    stage.closed("auth@10.0.0.5");
    stage.later(1000).answers("b@10.0.0.6", "", &[]);
    stage.shows(UNCONFIRMED);

    let mut stage = pair();
    stage.answers("b@10.0.0.6", "", &[]);
    stage.silent("b@10.0.0.6").closed("auth@10.0.0.5");
    stage.shows(UNCONFIRMED);
}

#[test]
fn a_node_that_another_sees_again_is_tried_at_once() {
    let mut stage = pair();
    stage.closed("auth@10.0.0.5");
    stage
        .answers("b@10.0.0.6", "", &[])
        .unreachable("auth@10.0.0.5");
    assert_eq!(stage.attaches(), "");
    stage.answers("b@10.0.0.6", "", &["auth@10.0.0.5"]);
    assert_eq!(stage.attaches(), "auth@10.0.0.5");
}
