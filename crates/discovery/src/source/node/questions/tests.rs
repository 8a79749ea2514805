//! A node that answers from a list; what it is asked, and what that comes to.

use std::collections::BTreeSet;

use erldist::{Call, Key, Probe};
use erlterm::{Term, parse_text};
use expect_test::{Expect, expect};
use phoenix::Bound;

use super::{Answer, Answers, Questions, Step, Unanswered};

/// A node: what it answers to each call, in Erlang's own writing.
struct Node(Vec<(Call, Answer)>);

fn term(text: &str) -> Term {
    parse_text(&format!("{text}.")).unwrap().remove(0)
}

fn endpoint() -> String {
    "Elixir.AuthWeb.Endpoint".to_owned()
}

fn marker(app: &str) -> Call {
    Call::EndpointMarker {
        app: app.to_owned(),
    }
}

fn attributes(module: &str) -> Call {
    Call::ModuleAttributes {
        module: module.to_owned(),
    }
}

fn config(key: Key) -> Call {
    Call::EndpointConfig {
        module: endpoint(),
        key,
    }
}

fn exported(probe: Probe) -> Call {
    Call::IsExported {
        module: endpoint(),
        probe,
    }
}

fn listener() -> Call {
    Call::ServerInfo { module: endpoint() }
}

const BEHAVIOUR: &str = "[{vsn,[1]},{behaviour,['Elixir.Phoenix.Endpoint']}]";

impl Node {
    /// A node with an endpoint that is registered and says what it is.
    fn new() -> Self {
        let mut node = Self(Vec::new());
        node.says(
            Call::LoadedApplications,
            "[{kernel,\"ERTS\",\"8\"},{auth_web,\"\",\"0.1.0\"}]",
        );
        node.says(
            Call::Registered,
            "[init,'Elixir.AuthWeb.Endpoint','Elixir.AuthWeb.PubSub']",
        );
        node.says(Call::Nodes, "['b@10.0.0.6']");
        node.says(Call::Release, "{\"acme\",\"1.2.3\"}");
        node.says(marker("kernel"), "undefined");
        node.says(marker("auth_web"), "undefined");
        node.says(attributes(&endpoint()), BEHAVIOUR);
        node.says(config(Key::Url), "[{host,<<\"auth.local\">>}]");
        node.says(config(Key::Http), "[{port,4001}]");
        node.says(config(Key::Adapter), "'Elixir.Bandit.PhoenixAdapter'");
        node.says(exported(Probe::ServerInfo), "true");
        node.says(listener(), "{ok,{{0,0,0,0},4001}}");
        node
    }

    fn says(&mut self, call: Call, answer: &str) -> &mut Self {
        self.answers(call, Ok(term(answer)))
    }

    fn answers(&mut self, call: Call, answer: Answer) -> &mut Self {
        self.0.retain(|(known, _)| *known != call);
        self.0.push((call, answer));
        self
    }

    fn answer(&self, call: &Call) -> Answer {
        let found = self.0.iter().find(|(known, _)| known == call);
        let undefined = || Err(Unanswered::No("undef".to_owned()));
        found.map_or_else(undefined, |(_, answer)| answer.clone())
    }

    /// Asks until the end; the rounds, and what came of them.
    fn ask(&self, questions: &mut Questions) -> (Vec<Vec<Call>>, Step) {
        let mut calls = questions.begin();
        let mut rounds = Vec::new();
        loop {
            rounds.push(calls.clone());
            let answers = calls
                .into_iter()
                .map(|call| (call.clone(), self.answer(&call)));
            match questions.take(answers.collect()) {
                Step::Ask(next) => calls = next,
                step => return (rounds, step),
            }
        }
    }

    #[track_caller]
    fn told(&self, questions: &mut Questions) -> Answers {
        match self.ask(questions).1 {
            Step::Told(answers) => answers,
            step => panic!("{step:?}"),
        }
    }

    /// The endpoints in short: module, app, where.
    #[track_caller]
    fn found(&self) -> String {
        let answers = self.told(&mut Questions::default());
        let line = |it: &super::Endpoint| format!("{} :{} {:?}", it.module, it.app, it.bound);
        answers
            .endpoints
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The names of the calls of each round.
fn names(rounds: &[Vec<Call>]) -> String {
    let name = |call: &Call| match call {
        Call::EndpointMarker { app } => format!("marker {app}"),
        Call::ModuleAttributes { module } => format!("attributes {module}"),
        Call::EndpointConfig { key, .. } => format!("config {key:?}"),
        Call::IsExported { probe, .. } => format!("exported {probe:?}"),
        other => format!("{other:?}").split(' ').next().unwrap().to_owned(),
    };
    let line = |round: &Vec<Call>| round.iter().map(name).collect::<Vec<_>>().join(", ") + "\n";
    rounds.iter().map(line).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn rounds(node: &Node, questions: &mut Questions, expected: Expect) {
    expected.assert_eq(&names(&node.ask(questions).0));
}

#[test]
fn three_rounds_tell_all_and_then_one_is_enough() {
    let node = Node::new();
    let mut questions = Questions::default();
    rounds(
        &node,
        &mut questions,
        expect![[r#"
        LoadedApplications, Registered, Nodes, Release
        marker kernel, marker auth_web, attributes Elixir.AuthWeb.Endpoint
        config Url, config Http, config Adapter, exported ServerInfo, ServerInfo
    "#]],
    );
    rounds(
        &node,
        &mut questions,
        expect![[r#"
        LoadedApplications, Registered, Nodes, Release, config Url, config Http, config Adapter, exported ServerInfo, ServerInfo
    "#]],
    );
    let answers = node.told(&mut questions);
    assert_eq!(answers.release.as_deref(), Some("acme 1.2.3"));
    assert_eq!(answers.peers, ["b@10.0.0.6".parse().unwrap()]);
    let endpoint = &answers.endpoints[0];
    assert_eq!(
        (&*endpoint.module, &*endpoint.app),
        ("AuthWeb.Endpoint", "auth_web")
    );
    assert_eq!(endpoint.url, Ok(term("[{host,<<\"auth.local\">>}]")));
    assert_eq!(
        endpoint.bound,
        Bound::Answered(term("{ok,{{0,0,0,0},4001}}"))
    );
}

#[test]
fn what_is_new_is_asked_about_and_nothing_else() {
    let mut node = Node::new();
    let mut questions = Questions::default();
    node.ask(&mut questions);
    node.says(
        Call::LoadedApplications,
        "[{kernel,\"\",\"\"},{auth_web,\"\",\"\"},{shop,\"\",\"\"}]",
    );
    node.says(
        Call::Registered,
        "['Elixir.AuthWeb.Endpoint','Elixir.Shop.Endpoint']",
    );
    node.says(attributes("Elixir.Shop.Endpoint"), "[]");
    rounds(
        &node,
        &mut questions,
        expect![[r#"
        LoadedApplications, Registered, Nodes, Release, config Url, config Http, config Adapter, exported ServerInfo, ServerInfo
        marker shop, attributes Elixir.Shop.Endpoint
    "#]],
    );
}

#[test]
fn an_endpoint_that_is_back_is_asked_at_once_and_not_before() {
    let mut node = Node::new();
    let mut questions = Questions::expecting(&["AuthWeb.Endpoint".to_owned()]);
    let registered = node.answer(&Call::Registered);
    node.says(Call::Registered, "[init]");
    rounds(
        &node,
        &mut questions,
        expect![[r#"
        LoadedApplications, Registered, Nodes, Release
        marker kernel, marker auth_web
    "#]],
    );
    node.answers(Call::Registered, registered);
    rounds(
        &node,
        &mut questions,
        expect![[r#"
        LoadedApplications, Registered, Nodes, Release
        config Url, config Http, config Adapter, exported ServerInfo, ServerInfo
    "#]],
    );
}

#[test]
fn no_function_of_a_module_is_called_before_it_is_known_to_be_an_endpoint() {
    let mut node = Node::new();
    node.says(attributes(&endpoint()), "[{behaviour,[gen_server]}]");
    let (rounds, _) = node.ask(&mut Questions::default());
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    assert_eq!(node.found(), "");
}

#[test]
fn a_marker_leads_to_modules_of_any_name_that_have_a_configuration() {
    let mut node = Node::new();
    let gate = || "Elixir.AuthWeb.Gate".to_owned();
    node.says(Call::Registered, "['Elixir.AuthWeb.Gate']");
    node.says(marker("auth_web"), "{ok,'Elixir.AuthWeb.Gate'}");
    node.says(attributes(&gate()), "[]");
    let is = Call::IsExported {
        module: gate(),
        probe: Probe::Config,
    };
    node.says(is.clone(), "true");
    let info = Call::ServerInfo { module: gate() };
    node.says(info, "{ok,{{0,0,0,0},4001}}");
    rounds(
        &node,
        &mut Questions::default(),
        expect![[r#"
        LoadedApplications, Registered, Nodes, Release
        marker kernel, marker auth_web
        attributes Elixir.AuthWeb.Gate
        exported Config
        config Url, config Http, config Adapter, exported ServerInfo, ServerInfo
    "#]],
    );
    assert!(node.found().starts_with("AuthWeb.Gate :auth_web Answered"));
    // Another library's setting of that name.
    node.says(is, "false");
    assert_eq!(node.found(), "");
    node.says(marker("auth_web"), "{ok,<<\"https://example.com\">>}");
    assert_eq!(node.found(), "");
    node.says(marker("auth_web"), "{ok,none}");
    assert_eq!(node.found(), "");
}

#[test]
fn the_marker_says_of_which_application_an_endpoint_is() {
    let mut node = Node::new();
    node.says(marker("kernel"), "{ok,'Elixir.AuthWeb.Endpoint'}");
    assert!(
        node.found().starts_with("AuthWeb.Endpoint :kernel "),
        "{}",
        node.found()
    );
    node.says(marker("kernel"), "undefined");
    node.says(
        Call::LoadedApplications,
        "[{kernel,\"\",\"\"},{auth,\"\",\"\"}]",
    );
    assert!(
        node.found().starts_with("AuthWeb.Endpoint :auth "),
        "{}",
        node.found()
    );
    node.says(Call::LoadedApplications, "[{kernel,\"\",\"\"}]");
    assert!(
        node.found().starts_with("AuthWeb.Endpoint :auth_web "),
        "{}",
        node.found()
    );
}

/// What is said of the listener where `server_info` is answered like this.
#[track_caller]
fn bound(answer: Answer, expected: &Bound) {
    let mut node = Node::new();
    node.answers(listener(), answer);
    assert_eq!(
        node.told(&mut Questions::default()).endpoints[0].bound,
        *expected
    );
}

#[test]
fn server_info_may_answer_raise_or_not_be_there() {
    let error = term("{error,no_server_found}");
    bound(Ok(error.clone()), &Bound::Answered(error));
    let exited = "the function ended in exit: noproc".to_owned();
    bound(Err(Unanswered::No(exited.clone())), &Bound::Failed(exited));

    // Phoenix before 1.7.
    let mut node = Node::new();
    node.says(exported(Probe::ServerInfo), "false");
    node.answers(listener(), Err(Unanswered::No("undef".to_owned())));
    assert_eq!(
        node.told(&mut Questions::default()).endpoints[0].bound,
        Bound::NotAsked
    );
}

#[test]
fn an_endpoint_that_is_not_registered_does_not_run() {
    let mut node = Node::new();
    let mut questions = Questions::default();
    node.ask(&mut questions);
    node.says(Call::Registered, "[init]");
    assert_eq!(node.told(&mut questions).endpoints[0].bound, Bound::Stopped);
}

#[test]
fn an_answer_that_is_late_leaves_what_was_known() {
    let mut node = Node::new();
    let mut questions = Questions::default();
    let before = node.told(&mut questions);
    for call in [listener(), config(Key::Url), exported(Probe::ServerInfo)] {
        node.answers(call, Err(Unanswered::Late));
    }
    assert_eq!(node.told(&mut questions), before);
}

#[test]
fn a_module_or_marker_that_is_late_is_asked_about_again_the_next_time() {
    let mut node = Node::new();
    let mut questions = Questions::default();
    node.answers(attributes(&endpoint()), Err(Unanswered::Late));
    node.answers(marker("auth_web"), Err(Unanswered::Late));
    assert_eq!(node.told(&mut questions).endpoints, []);
    let (rounds, _) = Node::new().ask(&mut questions);
    assert!(rounds[1].contains(&marker("auth_web")));
    assert!(rounds[1].contains(&attributes(&endpoint())));
    assert!(!rounds[1].contains(&marker("kernel")));
}

#[test]
fn without_names_and_applications_nothing_is_said() {
    for call in [Call::Registered, Call::LoadedApplications] {
        for answer in [Unanswered::Late, Unanswered::No("undef".to_owned())] {
            let mut node = Node::new();
            node.answers(call.clone(), Err(answer));
            assert_eq!(node.ask(&mut Questions::default()).1, Step::Void);
        }
    }
}

#[test]
fn a_nodes_own_numbers_are_bounded() {
    let mut node = Node::new();
    let names: Vec<String> = (0..2000)
        .map(|it| format!("'Elixir.E{it}.Endpoint'"))
        .collect();
    node.says(Call::Registered, &format!("[{}]", names.join(",")));
    for it in 0..2000 {
        node.says(attributes(&format!("Elixir.E{it}.Endpoint")), BEHAVIOUR);
    }
    let answers = node.told(&mut Questions::default());
    assert_eq!(answers.endpoints.len(), super::ENDPOINTS_MAX);
    assert!(answers.has_more);

    let mut node = Node::new();
    let long = "a".repeat(crate::source::running::BYTES_MAX + 1);
    node.says(config(Key::Url), &format!("[{{host,<<\"{long}\">>}}]"));
    let answers = node.told(&mut Questions::default());
    assert_eq!(
        answers.endpoints[0].url,
        Err("its answer is too large".to_owned())
    );
}

#[test]
fn nonsense_is_as_good_as_nothing() {
    let mut node = Node::new();
    for call in [
        Call::LoadedApplications,
        Call::Registered,
        Call::Nodes,
        Call::Release,
    ] {
        node.says(call, "{1,[a|b]}");
    }
    let answers = node.told(&mut Questions::default());
    assert_eq!(answers, Answers::default());
    let asked: BTreeSet<usize> = node
        .ask(&mut Questions::default())
        .0
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(asked, BTreeSet::from([4]));
}
