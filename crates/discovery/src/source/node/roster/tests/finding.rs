//! How nodes are found, and how they go when nobody names them any more.

use std::net::IpAddr;

use super::{Event, Following, NodeState, Stage, following, place};

fn addresses(all: &[[u8; 4]]) -> Result<Vec<IpAddr>, String> {
    Ok(all.iter().map(|it| IpAddr::from(*it)).collect())
}

#[test]
fn one_node_leads_to_those_it_is_connected_to() {
    let mut stage = Stage::new(&["a@10.0.0.5"]);
    stage.answers("a@10.0.0.5", "", &["b@10.0.0.6", "c@10.0.0.7"]);
    assert!(!stage.roster.is_settled());
    assert_eq!(stage.attaches(), "b@10.0.0.6 c@10.0.0.7");
    stage.answers(
        "b@10.0.0.6",
        "AuthWeb.Endpoint:4001",
        &["a@10.0.0.5", "c@10.0.0.7"],
    );
    stage.answers(
        "c@10.0.0.7",
        "AuthWeb.Endpoint:4001",
        &["a@10.0.0.5", "b@10.0.0.6"],
    );
    assert_eq!(stage.attaches(), "", "each is found once");
    stage.shows(
        "b@10.0.0.6 AuthWeb.Endpoint 10.0.0.6:4001
         c@10.0.0.7 AuthWeb.Endpoint 10.0.0.7:4001",
    );
}

#[test]
fn without_follow_it_leads_to_none() {
    let mut stage = Stage::following(Following {
        follow: false,
        ..following(&["a@10.0.0.5"])
    });
    stage.answers("a@10.0.0.5", "", &["b@10.0.0.6"]);
    assert_eq!(stage.attaches(), "");
}

#[test]
fn an_epmd_leads_to_all_nodes_whose_names_fit() {
    let mut stage = Stage::following(Following {
        epmd: vec![place("10.0.0.5")],
        names: vec!["acme-*".to_owned(), "shop".to_owned()],
        ..following(&[])
    });
    assert_eq!(stage.asks(), "10.0.0.5:4369");
    stage.lists("10.0.0.5", "acme-1 rabbit shop");
    assert_eq!(stage.attaches(), "acme-1@10.0.0.5:9100 shop@10.0.0.5:9100");
    assert_eq!(stage.rests(), Some(5000));
    stage.later(5000);
    assert_eq!(stage.asks(), "10.0.0.5:4369");
    // A deploy: another name at the same place.
    stage.answers("acme-1@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.closed("acme-1@10.0.0.5").lists("10.0.0.5", "acme-2");
    stage.answers("acme-2@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.shows(
        "acme-1@10.0.0.5 AuthWeb.Endpoint empty
         acme-2@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001",
    );
    assert_eq!(
        stage.state("shop@10.0.0.5"),
        None,
        "it had nothing and is not listed any more"
    );
    stage.later(600_000);
    stage.shows("acme-2@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001");
    assert_eq!(
        stage.state("acme-1@10.0.0.5"),
        None,
        "nobody names it any more"
    );
}

#[test]
fn other_patterns_hold_for_nodes_that_were_found_before() {
    let of = |names: &str| Following {
        epmd: vec![place("10.0.0.5")],
        names: vec![names.to_owned()],
        ..following(&[])
    };
    let mut stage = Stage::following(of("*"));
    stage.asks();
    stage.lists("10.0.0.5", "acme shop");
    stage.answers("acme@10.0.0.5", "AuthWeb.Endpoint:4001", &[]);
    stage.answers("shop@10.0.0.5", "ShopWeb.Endpoint:4002", &[]);
    let now = stage.now;
    stage.roster.configure(of("shop"), super::how(), now);
    stage.shows("shop@10.0.0.5 ShopWeb.Endpoint 10.0.0.5:4002");
}

#[test]
fn a_dns_name_leads_to_the_epmd_of_each_address() {
    let mut stage = Stage::following(Following {
        query: Some("app.internal".to_owned()),
        ..following(&[])
    });
    let wishes = stage.wishes();
    assert_eq!(wishes.resolve.as_deref(), Some("app.internal"));
    assert!(!stage.roster.is_settled());
    let found = addresses(&[[10, 0, 0, 5], [10, 0, 0, 6]]);
    stage.apply(Event::Resolved("app.internal".to_owned(), found));
    assert_eq!(stage.asks(), "10.0.0.5:4369 10.0.0.6:4369");
    stage.lists("10.0.0.5", "acme").lists("10.0.0.6", "acme");
    stage.answers("acme@10.0.0.5", "AuthWeb.Endpoint:4001", &["acme@10.0.0.6"]);
    stage.answers("acme@10.0.0.6", "AuthWeb.Endpoint:4001", &["acme@10.0.0.5"]);
    let both = "acme@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001
                acme@10.0.0.6 AuthWeb.Endpoint 10.0.0.6:4001";
    stage.shows(both);
    // DNS that fails changes nothing, nor does an address that is left out while its node answers.
    let failed = Err("no answer in time".to_owned());
    stage
        .apply(Event::Resolved("app.internal".to_owned(), failed))
        .shows(both);
    assert_eq!(stage.codes(), "query-unresolved");
    let one = addresses(&[[10, 0, 0, 5]]);
    stage
        .apply(Event::Resolved("app.internal".to_owned(), one))
        .shows(both);
    assert_eq!(stage.codes(), "");
}

#[test]
fn a_node_that_nobody_names_and_that_is_lost_is_forgotten() {
    let mut stage = Stage::new(&["a@10.0.0.5"]);
    stage.answers("a@10.0.0.5", "", &["b@10.0.0.6"]);
    stage.answers("b@10.0.0.6", "AuthWeb.Endpoint:4001", &["a@10.0.0.5"]);
    stage.silent("b@10.0.0.6").answers("a@10.0.0.5", "", &[]);
    stage.later(599_000);
    stage.shows("b@10.0.0.6 AuthWeb.Endpoint 10.0.0.6:4001 unconfirmed");
    stage.later(1000).shows("");
    assert_eq!(stage.state("b@10.0.0.6"), None);
}

#[test]
fn a_node_that_is_named_and_never_had_anything_goes_with_its_name() {
    let mut stage = Stage::new(&["a@10.0.0.5"]);
    stage.answers("a@10.0.0.5", "", &["iex@10.0.0.9"]);
    stage.wrong_cookie("iex@10.0.0.9");
    assert_eq!(stage.state("iex@10.0.0.9"), Some(NodeState::Refused));
    stage.answers("a@10.0.0.5", "", &[]);
    assert_eq!(stage.state("iex@10.0.0.9"), None);
    assert_eq!(stage.wishes().dismiss, [super::name("iex@10.0.0.9")]);
}

#[test]
fn a_listed_node_goes_on_under_the_name_that_it_says() {
    let mut stage = Stage::following(Following {
        epmd: vec![place("localhost")],
        ..following(&[])
    });
    stage.asks();
    stage.lists("localhost", "auth");
    let found = "auth@web1".to_owned();
    let error = erldist::handshake::HandshakeError::WrongName { found };
    stage.refused("auth@localhost", &erldist::AttachError::WrongName(error));
    assert_eq!(stage.attaches(), "auth@web1");
    stage.answers("auth@web1", "AuthWeb.Endpoint:4001", &[]);
    stage.lists("localhost", "auth");
    assert_eq!(stage.attaches(), "");
    assert_eq!(stage.states(), "auth@web1 attached 0s -");
}

#[test]
fn a_reload_keeps_what_stays_and_dismisses_what_goes() {
    let mut stage = Stage::new(&["a@10.0.0.5", "x@10.0.0.9"]);
    stage.answers("a@10.0.0.5", "AuthWeb.Endpoint:4001", &["b@10.0.0.6"]);
    stage.answers("b@10.0.0.6", "AuthWeb.Endpoint:4001", &["a@10.0.0.5"]);
    stage.answers("x@10.0.0.9", "ShopWeb.Endpoint:4001", &["y@10.0.0.8"]);
    stage.answers("y@10.0.0.8", "ShopWeb.Endpoint:4001", &["x@10.0.0.9"]);
    let now = stage.now;
    stage
        .roster
        .configure(following(&["a@10.0.0.5", "c@10.0.0.7"]), super::how(), now);
    stage.shows(
        "a@10.0.0.5 AuthWeb.Endpoint 10.0.0.5:4001
         b@10.0.0.6 AuthWeb.Endpoint 10.0.0.6:4001",
    );
    let wishes = stage.wishes();
    // Those that name each other alone lead nowhere.
    assert_eq!(
        wishes.dismiss,
        [super::name("x@10.0.0.9"), super::name("y@10.0.0.8")]
    );
    assert_eq!(wishes.attach.len(), 1);
}

#[test]
fn a_reload_tries_again_at_once_what_was_refused() {
    let mut stage = Stage::new(&["a@10.0.0.5"]);
    stage.wrong_cookie("a@10.0.0.5");
    assert_eq!(stage.attaches(), "");
    let now = stage.now;
    stage
        .roster
        .configure(following(&["a@10.0.0.5"]), super::how(), now);
    assert_eq!(stage.attaches(), "a@10.0.0.5");
}
