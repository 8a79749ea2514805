use std::{
    net::IpAddr,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use phoenix::{Answer, Name};
use routes::Host;

use super::{ask_by, judge};

#[track_caller]
fn judged(addresses: &[&str], expected: Answer) {
    let addresses = addresses.iter().map(|ip| ip.parse::<IpAddr>().unwrap());
    assert_eq!(judge(addresses), expected);
}

#[test]
fn loopback_is_here() {
    judged(&["127.0.0.1"], Answer::Here);
    judged(&["::1", "127.0.0.1"], Answer::HereByBoth);
    judged(&["192.0.2.1", "127.0.0.2"], Answer::Here);
    judged(
        &["192.0.2.1"],
        Answer::Elsewhere("192.0.2.1".parse().unwrap()),
    );
    judged(&[], Answer::None);
}

fn hosts(names: &[&str]) -> Vec<Host> {
    names
        .iter()
        .map(|name| Host::parse(name).unwrap())
        .collect()
}

#[test]
fn each_host_has_one_answer() {
    let many: Vec<String> = (0..40).map(|n| format!("h{n}.test")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answer = |host: &Host| match host.as_str() {
        "h7.test" => Answer::Here,
        _ => Answer::None,
    };
    let names = ask_by(hosts(&many), Duration::from_secs(60), answer);
    assert_eq!(names.len(), 40);
    let here: Vec<&Name> = names
        .iter()
        .filter(|it| it.answer == Answer::Here)
        .collect();
    assert_eq!(here.len(), 1);
    assert_eq!(here[0].host.as_str(), "h7.test");
    assert_eq!(ask_by(Vec::new(), Duration::from_secs(60), answer), []);
}

#[test]
fn who_never_answers_is_late() {
    // Held until the test has its answer.
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = Arc::clone(&gate);
    let answer = move |_: &Host| {
        let (open, opened) = &*held;
        let mut open = open.lock().unwrap();
        while !*open {
            open = opened.wait(open).unwrap();
        }
        Answer::Here
    };
    let names = ask_by(hosts(&["a.test", "b.test"]), Duration::ZERO, answer);
    let (open, opened) = &*gate;
    *open.lock().unwrap() = true;
    opened.notify_all();
    assert!(
        names.iter().all(|name| name.answer == Answer::Late),
        "{names:?}"
    );
    assert_eq!(names.len(), 2);
}
