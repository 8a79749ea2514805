use expect_test::expect;
use routes::Host;

use super::{Given, development, production};
use crate::{Answer, Name};

const LOCAL: &str = "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.test\"]";

fn answered(given: Given, answers: &[(&str, Answer)]) -> Given {
    let names = answers.iter().map(|(host, answer)| Name {
        host: Host::parse(host).unwrap(),
        answer: *answer,
    });
    Given {
        names: names.collect(),
        ..given
    }
}

#[test]
fn a_name_that_nobody_answers_is_told_with_one_that_works() {
    let unknown = [
        ("auth.test", Answer::None),
        ("auth.localhost", Answer::None),
    ];
    answered(development(LOCAL), &unknown).says("host-unresolved", expect![[r#"
        info host-unresolved config/config.exs:2: this machine's resolver doesn't know auth.test, so browsers here can't open it; auth.localhost leads where auth.test does
          mesh-router hosts sync
    "#]]);
    answered(development(LOCAL), &[("auth.test", Answer::Late)])
        .says("host-unresolved", expect![[r#"
            info host-unresolved config/config.exs:2: this machine's resolver doesn't know auth.test, so browsers here can't open it; auth.localhost leads where auth.test does
              mesh-router hosts sync
        "#]]);
    answered(development(LOCAL), &[("auth.test", Answer::Here)]).is_silent("host-unresolved");
    development(LOCAL).is_silent("host-unresolved");
    // In production DNS is the operator's.
    answered(production(LOCAL), &unknown).is_silent("host-unresolved");
}

#[test]
fn names_without_another_are_a_warning() {
    let named = development("")
        .domain("acme.test")
        .route("shop.test")
        .route("www.shop.test");
    let unknown = ["auth.acme.test", "shop.test", "www.shop.test"];
    let unknown = unknown.map(|host| (host, Answer::None));
    answered(named.clone(), &unknown).says("host-unresolved", expect![[r#"
        warning host-unresolved lib/auth_web/endpoint.ex:2: this machine's resolver doesn't know auth.acme.test, shop.test and www.shop.test, so browsers here can't open them
          mesh-router hosts sync
    "#]]);
    let mut more = unknown.to_vec();
    more.push(("old.shop.test", Answer::None));
    answered(named.route("old.shop.test"), &more).says("host-unresolved", expect![[r#"
        warning host-unresolved lib/auth_web/endpoint.ex:2: this machine's resolver doesn't know auth.acme.test, old.shop.test, shop.test and 1 more, so browsers here can't open them
          mesh-router hosts sync
    "#]]);
}

#[test]
fn a_name_of_another_machine_is_told() {
    let ip = "203.0.113.7".parse().unwrap();
    answered(development(LOCAL), &[("auth.test", Answer::Elsewhere(ip))])
        .says("host-elsewhere", expect![[r#"
            info host-elsewhere config/config.exs:2: auth.test leads to 203.0.113.7, which is another machine: browsers here go there, and not to the gateway
              open auth.localhost here; or `127.0.0.1 auth.test` in /etc/hosts, while you work on it here
        "#]]);
    answered(production(LOCAL), &[("auth.test", Answer::Elsewhere(ip))])
        .is_silent("host-elsewhere");
}

#[test]
fn a_local_name_that_has_both_addresses_is_quick() {
    let local = "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.local\"]";
    answered(development(local), &[("auth.local", Answer::HereByBoth)]).is_silent("host-local");
    answered(development(local), &[("auth.local", Answer::Here)]).says("host-local", expect![[r#"
        info host-local config/config.exs:2: auth.local ends in .local, for which macOS and avahi ask by multicast DNS: without lines for both 127.0.0.1 and ::1 in /etc/hosts pages open seconds late
          `mesh-router hosts sync` writes both; or config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost"]
    "#]]);
}
