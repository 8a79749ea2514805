//! What becomes of a report when its VM is not heard any more.

use std::time::Duration;

use super::{FORGET, Stage, on};
use crate::source::package::{
    message::{FromVm, Hello, Pushed},
    roster::Event,
};

const UNSEEN: &str = "AuthWeb.Endpoint on shop@a 127.0.0.1:4001?\n";
const SEEN: &str = "AuthWeb.Endpoint on shop@a 127.0.0.1:4001\n";
const EMPTY: &str = "AuthWeb.Endpoint on shop@a\n";

fn started() -> Stage {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report(1, 1, &["AuthWeb.Endpoint:4001"]);
    assert_eq!(stage.table(), SEEN);
    stage
}

#[test]
fn an_orderly_stop_leaves_the_services_empty_until_they_are_forgotten() {
    let mut stage = started();
    stage.say(1, FromVm::Bye);
    assert_eq!(stage.wishes.close, [1]);
    assert_eq!(stage.table(), EMPTY);
    // Its process may go on, or end: nothing is said of it.
    stage.apply(Event::Ended(1));
    assert_eq!(stage.table(), EMPTY);
    stage.pass(FORGET);
    assert_eq!(stage.table(), "");
    assert_eq!(stage.wishes.wake, None);
}

#[test]
fn a_connection_that_ends_is_lost_sight_until_forget() {
    let mut stage = started();
    stage.apply(Event::Closed(1));
    assert_eq!(stage.wishes.close, [1]);
    let lost = "vm-lost: the connection of shop@a ended and its process 100 may run; what it serves \
                is still dialled\n";
    assert_eq!(stage.table(), format!("{UNSEEN}{lost}"));
    stage.pass(FORGET - Duration::from_secs(1));
    assert_eq!(stage.table(), format!("{UNSEEN}{lost}"));
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.table(), "");
}

#[test]
fn a_process_that_has_ended_is_gone_at_once_whichever_is_heard_first() {
    let down = "vm-down: shop@a is down: its process 100 has ended\n";
    for events in [
        vec![Event::Closed(1), Event::Ended(1)],
        vec![Event::Ended(1), Event::Closed(1)],
        // A child of its own keeps the connection open.
        vec![Event::Ended(1)],
    ] {
        let mut stage = started();
        for event in events {
            stage.apply(event);
        }
        assert_eq!(stage.table(), format!("{EMPTY}{down}"));
        stage.pass(FORGET);
        assert_eq!(stage.table(), "");
    }
}

#[test]
fn a_vm_that_is_back_is_unconfirmed_until_it_reports() {
    let mut stage = started();
    stage.apply(Event::Closed(1));
    stage.pass(Duration::from_secs(2));
    stage.hello(2, "shop@a");
    assert!(stage.table().starts_with(UNSEEN));
    assert_eq!(stage.roster.reported(), []);
    // What is known of it was said on the connection before.
    assert_eq!(stage.roster.connections(), [1, 2].into());
    stage.report(2, 1, &["AuthWeb.Endpoint:4001"]);
    assert_eq!(stage.table(), SEEN);
    assert_eq!(stage.roster.connections(), [2].into());
    // What the connection before was of is over.
    stage.apply(Event::Ended(1));
    assert_eq!(stage.table(), SEEN);
}

#[test]
fn a_vm_of_the_same_name_takes_the_place_of_the_one_before() {
    let mut stage = started();
    stage.hello(2, "shop@a");
    stage.is_refused(1, "another VM said hello as shop@a and takes its place");
    assert!(stage.table().starts_with(UNSEEN));
    // The one before has nothing more to say.
    stage.report(1, 2, &["ShopWeb.Endpoint:4009"]);
    stage.apply(Event::Closed(1));
    stage.apply(Event::Ended(1));
    stage.report(2, 1, &["AuthWeb.Endpoint:4001"]);
    assert_eq!(stage.table(), SEEN);
    assert_eq!(stage.roster.reported(), [(2, 1)]);
}

#[test]
fn after_a_restart_what_is_not_reported_again_is_gone() {
    let mut stage = started();
    stage.apply(Event::Closed(1));
    stage.apply(Event::Ended(1));
    stage.hello(2, "shop@a");
    // It is gone for certain until it says otherwise.
    assert!(stage.table().starts_with(EMPTY), "{}", stage.table());
    stage.report(2, 1, &["ShopWeb.Endpoint:4002"]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on shop@a\nShopWeb.Endpoint on shop@a 127.0.0.1:4002\n"
    );
}

#[test]
fn what_the_gateway_before_knew_is_unconfirmed_until_its_vm_is_back() {
    let mut stage = Stage::new();
    let inherited = || {
        let hello = Hello {
            node: Some("shop@a".parse().unwrap()),
            os_pid: 100,
            ..Hello::default()
        };
        let pushed = Pushed {
            seq: 9,
            nodes: [(None, on("AuthWeb.Endpoint:4001"))].into(),
            left_out: None,
        };
        Event::Inherited(50, hello, pushed)
    };
    stage.apply(inherited());
    assert!(stage.table().starts_with(UNSEEN));
    assert_eq!(stage.roster.reported(), []);
    stage.hello(1, "shop@a");
    assert!(stage.table().starts_with(UNSEEN));
    stage.report(1, 10, &["AuthWeb.Endpoint:4001"]);
    assert_eq!(stage.table(), SEEN);
    // It may never come back.
    let mut stage = Stage::new();
    stage.apply(inherited());
    stage.pass(FORGET);
    assert_eq!(stage.table(), "");
}

#[test]
fn a_node_that_its_vm_cannot_see_is_unconfirmed() {
    let mut stage = Stage::new();
    stage.hello(1, "shop@a");
    stage.report_all(1, 1, &[("auth@a", false, &["AuthWeb.Endpoint:4001"])]);
    assert_eq!(
        stage.table(),
        "AuthWeb.Endpoint on auth@a 127.0.0.1:4001?\n"
    );
    stage.report_all(1, 2, &[("auth@a", true, &["AuthWeb.Endpoint:4001"])]);
    assert_eq!(stage.table(), "AuthWeb.Endpoint on auth@a 127.0.0.1:4001\n");
    stage.report_all(1, 3, &[]);
    assert_eq!(stage.table(), "AuthWeb.Endpoint on auth@a\n");
}

#[test]
fn of_a_node_that_several_know_the_best_word_counts() {
    let mut stage = Stage::new();
    stage.hello(1, "one@a");
    stage.report_all(1, 1, &[("two@a", true, &["AuthWeb.Endpoint:4001"])]);
    stage.hello(2, "two@a");
    stage.report(2, 1, &["AuthWeb.Endpoint:4002"]);
    // Its own.
    assert_eq!(stage.table(), "AuthWeb.Endpoint on two@a 127.0.0.1:4002\n");
    stage.apply(Event::Closed(2));
    // Then that of who sees it.
    assert!(
        stage
            .table()
            .starts_with("AuthWeb.Endpoint on two@a 127.0.0.1:4001\n")
    );
    stage.apply(Event::Closed(1));
    // Of two that are lost its own again.
    assert!(
        stage
            .table()
            .starts_with("AuthWeb.Endpoint on two@a 127.0.0.1:4002?\n")
    );
}
