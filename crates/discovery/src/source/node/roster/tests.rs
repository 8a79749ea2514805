//! Events in, table and wishes out; the clock is held by hand.

mod finding;
mod loss;

use std::{
    fmt::Write as _,
    io,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use erldist::{AttachError, LostReason, NodeName};
use erlterm::Term;
use phoenix::{Bound, Machine};
use routes::{Mode, Serving, Sight, Subdomains};

use super::{Event, Place, Roster, Told, Wishes};
use crate::{
    How, NodeState,
    source::{
        node::{answers::Answers, settings::Following, trouble::Trouble},
        now::Now,
        running::Endpoint,
    },
};

/// How long what is gone is kept.
const FORGET: Duration = Duration::from_secs(600);

/// A roster and the clock that it lives by.
struct Stage {
    roster: Roster,
    now: Now,
}

fn following(nodes: &[&str]) -> Following {
    Following {
        nodes: nodes.iter().map(|node| node.parse().unwrap()).collect(),
        names: vec!["*".to_owned()],
        follow: true,
        forget: FORGET,
        epmd_port: 4369,
        ..Following::default()
    }
}

fn how() -> How {
    How {
        mode: Mode::Production,
        domain: "localhost".to_owned(),
        subdomains: Subdomains::One,
    }
}

fn name(name: &str) -> NodeName {
    name.parse().unwrap()
}

fn place(text: &str) -> Place {
    Place::parse(text, 4369).unwrap()
}

/// `AuthWeb.Endpoint:4001` that listens on all interfaces, or `AuthWeb.Endpoint` that is stopped.
fn endpoint(text: &str) -> Endpoint {
    let (module, port) = match text.split_once(':') {
        Some((module, port)) => (module, Some(port.parse().unwrap())),
        None => (text, None),
    };
    let host = format!("{}.example.org", module.split('.').next().unwrap()).to_lowercase();
    let any = Term::Tuple(vec![Term::Integer(0); 4]);
    let bound = |port| {
        let at = Term::Tuple(vec![any, Term::Integer(port)]);
        Bound::Answered(Term::Tuple(vec![Term::atom("ok"), at]))
    };
    Endpoint {
        module: module.to_owned(),
        app: "auth_web".to_owned(),
        url: Ok(Term::keywords([("host", Term::text(&host))])),
        http: Ok(Term::List(Vec::new())),
        adapter: Ok(Term::atom("nil")),
        bound: port.map_or(Bound::Stopped, bound),
    }
}

impl Stage {
    fn new(nodes: &[&str]) -> Self {
        Self::following(following(nodes))
    }

    fn following(following: Following) -> Self {
        let now = Now {
            instant: tokio::time::Instant::now().into_std(),
            wall: SystemTime::UNIX_EPOCH,
        };
        Self {
            roster: Roster::new(following, how(), 1, now),
            now,
        }
    }

    fn later(&mut self, milliseconds: u64) -> &mut Self {
        let by = Duration::from_millis(milliseconds);
        self.now.instant += by;
        self.now.wall += by;
        self.apply(Event::Time)
    }

    fn apply(&mut self, event: Event) -> &mut Self {
        self.roster.apply(event, self.now);
        self
    }

    fn say(&mut self, node: &str, told: Told) -> &mut Self {
        let name = name(node);
        let life = self
            .roster
            .members
            .get(&name)
            .map_or(0, |member| member.life);
        self.apply(Event::Of(name, life, told))
    }

    /// The node is attached, has these endpoints (in one text) and is connected to these nodes.
    fn answers(&mut self, node: &str, endpoints: &str, peers: &[&str]) -> &mut Self {
        self.wishes();
        let answers = Answers {
            endpoints: endpoints.split_whitespace().map(endpoint).collect(),
            peers: peers.iter().map(|peer| name(peer)).collect(),
            release: None,
            has_more: false,
        };
        let machine = match node.split('@').nth(1).unwrap().parse::<IpAddr>() {
            Ok(address) => Machine::Other(address),
            Err(_) => Machine::Other(IpAddr::from([10, 9, 9, 9])),
        };
        self.say(
            node,
            Told::Answered(answers, machine, Duration::from_millis(1)),
        )
    }

    fn closed(&mut self, node: &str) -> &mut Self {
        self.say(node, Told::Lost(LostReason::Closed))
    }

    fn silent(&mut self, node: &str) -> &mut Self {
        let reason = LostReason::Silent(Duration::from_secs(60));
        self.say(node, Told::Lost(reason))
    }

    /// Attaching came to that, wherever it was under way.
    fn refused(&mut self, node: &str, error: &AttachError) -> &mut Self {
        self.wishes();
        let trouble = Trouble::of(&name(node), error);
        self.say(node, Told::Refused(trouble))
    }

    fn wrong_cookie(&mut self, node: &str) -> &mut Self {
        self.refused(node, &AttachError::WrongCookieOrSuperseded)
    }

    fn not_in_epmd(&mut self, node: &str) -> &mut Self {
        self.refused(node, &AttachError::NotInEpmd { names: Vec::new() })
    }

    fn unreachable(&mut self, node: &str) -> &mut Self {
        let source = io::ErrorKind::HostUnreachable.into();
        self.refused(node, &AttachError::Unreachable { port: 9100, source })
    }

    /// An EPMD lists these names (in one text), all at port 9100.
    fn lists(&mut self, at: &str, names: &str) -> &mut Self {
        let names = names.split_whitespace().map(|it| (it.to_owned(), 9100));
        self.apply(Event::Listed(place(at), Ok(names.collect())))
    }

    fn wishes(&mut self) -> Wishes {
        self.roster.wishes(self.now)
    }

    /// The nodes that are to be attached now.
    fn attaches(&mut self) -> String {
        let wishes = self.wishes();
        let attach = wishes.attach.iter().map(|it| it.target.to_string());
        attach.collect::<Vec<_>>().join(" ")
    }

    /// The EPMDs that are to be asked now.
    fn asks(&mut self) -> String {
        let wishes = self.wishes();
        let list = wishes.list.iter().map(ToString::to_string);
        list.collect::<Vec<_>>().join(" ")
    }

    /// How long until it wants to be asked again, in milliseconds.
    fn rests(&mut self) -> Option<u128> {
        let wake = self.wishes().wake?;
        Some((wake - self.now.instant).as_millis())
    }

    /// The endpoints in the table, one on each line.
    fn table(&self) -> String {
        let mut out = String::new();
        for reported in self.roster.report().endpoints {
            let node = reported.node.unwrap();
            let _ = write!(out, "{node} {}", reported.service);
            for upstream in &reported.upstreams {
                assert_eq!(upstream.node.as_ref(), Some(&node));
                let _ = write!(out, " {}", upstream.address);
                if upstream.sight == Sight::Unconfirmed {
                    out.push_str(" unconfirmed");
                }
            }
            match reported.serving {
                Serving::Yes if reported.upstreams.is_empty() => out.push_str(" empty"),
                Serving::Yes => {}
                Serving::No(why) => {
                    let _ = write!(out, " ({why})");
                }
            }
            if reported.claims.is_empty() {
                out.push_str(" without a host");
            }
            out.push('\n');
        }
        out
    }

    #[track_caller]
    fn shows(&mut self, expected: &str) -> &mut Self {
        let expected: Vec<&str> = expected
            .lines()
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        assert_eq!(self.table().lines().collect::<Vec<_>>(), expected);
        self
    }

    /// How we stand with each node, one on each line.
    fn states(&mut self) -> String {
        let statuses = self.roster.statuses(self.now);
        let line = |it: &crate::NodeStatus| {
            let reason = it.reason.as_deref().unwrap_or("-");
            let since = it.since.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            format!(
                "{} {} {}s {reason}",
                it.node,
                it.state.name(),
                since.as_secs()
            )
        };
        statuses.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn state(&mut self, node: &str) -> Option<NodeState> {
        let statuses = self.roster.statuses(self.now);
        let status = statuses.iter().find(|it| it.node == node);
        status.map(|status| status.state)
    }

    /// The codes of what is found.
    fn codes(&self) -> String {
        let findings = self.roster.report().findings;
        let codes: Vec<&str> = findings.iter().map(|it| it.code).collect();
        codes.join(" ")
    }
}

#[test]
fn a_node_that_answers_is_in_the_table() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    assert!(!stage.roster.is_settled());
    assert_eq!(stage.attaches(), "auth@10.0.0.5");
    assert_eq!(stage.attaches(), "", "once");
    stage.shows("");
    stage.answers(
        "auth@10.0.0.5",
        "AuthWeb.Endpoint:4001 BillingWeb.Endpoint:4002",
        &[],
    );
    assert!(stage.roster.is_settled());
    stage.shows(
        "auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001
         auth@10.0.0.5 BillingWeb.Endpoint 10.0.0.5:4002",
    );
    assert_eq!(stage.codes(), "");
    assert_eq!(stage.states(), "auth@10.0.0.5 attached 0s -");
    assert_eq!(stage.rests(), None);
}

#[test]
fn what_a_node_says_takes_the_place_of_what_it_said() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.answers(
        "auth@10.0.0.5",
        "AuthWeb.Endpoint:4009 BillingWeb.Endpoint:4002",
        &[],
    );
    stage.shows(
        "auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4009
         auth@10.0.0.5 BillingWeb.Endpoint 10.0.0.5:4002",
    );
}

#[test]
fn an_answer_that_says_nothing_new_changes_nothing() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    let changes = |stage: &mut Stage, endpoints: &str| {
        stage.answers("auth@10.0.0.5", endpoints, &[]);
        stage.roster.take_changed()
    };
    assert!(changes(&mut stage, "AuthWeb.Endpoint:4001"));
    assert!(!changes(&mut stage, "AuthWeb.Endpoint:4001"));
    assert!(changes(&mut stage, "AuthWeb.Endpoint:4002"));
    stage.say("auth@10.0.0.5", Told::Down("AuthWeb.Endpoint".to_owned()));
    assert!(stage.roster.take_changed());
    assert!(changes(&mut stage, "AuthWeb.Endpoint:4002"));
    stage.closed("auth@10.0.0.5");
    assert!(changes(&mut stage, "AuthWeb.Endpoint:4002"));
}

#[test]
fn an_endpoint_that_never_ran_is_found_not_listening() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint", &[]);
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint (it is not running)");
    stage.answers("auth@10.0.0.5", "", &[]);
    stage.shows("");
}

#[test]
fn an_endpoint_that_goes_down_leaves_its_service_empty_until_it_is_forgotten() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.say("auth@10.0.0.5", Told::Down("AuthWeb.Endpoint".to_owned()));
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint empty");
    // The answers name it still, by its marker; then they don't.
    stage
        .later(1000)
        .answers("auth@10.0.0.5", "AuthWeb.Endpoint", &[]);
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint empty");
    stage.later(1000).answers("auth@10.0.0.5", "", &[]);
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint empty");
    assert_eq!(stage.rests(), Some(598_000));
    stage.later(597_999).answers("auth@10.0.0.5", "", &[]);
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint empty");
    stage.later(1).answers("auth@10.0.0.5", "", &[]);
    stage.shows("");
}

#[test]
fn an_endpoint_that_is_back_is_dialled_again() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.say("auth@10.0.0.5", Told::Down("AuthWeb.Endpoint".to_owned()));
    stage
        .later(100)
        .answers("auth@10.0.0.5", "AuthWeb.Endpoint:4002", &[]);
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4002");
    assert_eq!(stage.rests(), None);
}

#[test]
fn what_a_dismissed_task_says_is_passed_over() {
    let mut stage = Stage::new(&["auth@10.0.0.5"]);
    stage.answers("auth@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    let old = Told::Lost(LostReason::Closed);
    stage.apply(Event::Of(name("auth@10.0.0.5"), 0, old));
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001");
    let unknown = Told::Lost(LostReason::Closed);
    stage.apply(Event::Of(name("who@10.0.0.6"), 1, unknown));
    stage.shows("auth@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001");
}

#[test]
fn too_many_nodes_are_said_and_left_out() {
    let names: Vec<String> = (0..=super::NODES_MAX)
        .map(|it| format!("n{it}@10.0.0.5"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stage = Stage::new(&names);
    assert_eq!(stage.wishes().attach.len(), super::NODES_MAX);
    assert_eq!(stage.codes(), "too-many-nodes");
}

#[test]
fn a_place_is_a_host_and_perhaps_a_port() {
    let check = |text: &str, expected: &str| assert_eq!(place(text).to_string(), expected);
    check("app.internal", "app.internal:4369");
    check("app.internal:4370", "app.internal:4370");
    check("10.0.0.5", "10.0.0.5:4369");
    check("::1", "[::1]:4369");
    check("[::1]", "[::1]:4369");
    check("[::1]:4370", "[::1]:4370");
    for bad in [
        "",
        ":4369",
        "a b",
        "auth@host",
        "host:",
        "host:0",
        "host:x",
        "[::1",
        "[]:1",
    ] {
        assert!(Place::parse(bad, 4369).is_err(), "{bad}");
    }
}
