use std::time::Duration;

use expect_test::expect;
use routes::Origin;

use super::{Given, production};

fn within(seconds: u64, given: Given) -> Given {
    let origin = Origin {
        file: "fly.toml".to_owned(),
        line: 3,
    };
    Given {
        grace: Some((Duration::from_secs(seconds), origin)),
        ..given
    }
}

#[test]
fn a_gateway_must_be_given_its_drain() {
    within(10, production("")).says("grace-short", expect![[r#"
        warning grace-short fly.toml:3: 10 s after it asks to stop, whoever runs the gateway kills it, and the gateway waits up to 30 s for what is under way: the rest is cut off
          give it 30 s in fly.toml, or write `drain = "9s"` under [timeouts] in mesh-router.toml
    "#]]);
    within(30, production("")).is_silent("grace-short");
    production("").is_silent("grace-short");
}

#[test]
fn so_must_an_endpoint() {
    let bandit = "config :auth_web, AuthWeb.Endpoint, adapter: Bandit.PhoenixAdapter,
        http: [port: 4001, thousand_island_options: [shutdown_timeout: 60_000]]";
    within(40, production(bandit)).says("endpoint-grace-short", expect![[r#"
        warning endpoint-grace-short config/config.exs:3: AuthWeb.Endpoint waits up to 60 s when it stops (`thousand_island_options: [shutdown_timeout: …]`), and fly.toml:3 gives it 40 s
          give it 60 s in fly.toml
    "#]]);
    within(60, production(bandit)).is_silent("endpoint-grace-short");
    let cowboy =
        "config :auth_web, AuthWeb.Endpoint, http: [port: 4001], drainer: [shutdown: 45_500]";
    within(40, production(cowboy)).says("endpoint-grace-short", expect![[r#"
        warning endpoint-grace-short config/config.exs:2: AuthWeb.Endpoint waits up to 45500 ms when it stops (`drainer: [shutdown: …]`), and fly.toml:3 gives it 40 s
          give it 45500 ms in fly.toml
    "#]]);
    let socket = "socket \"/ws\", AuthWeb.Socket, drainer: [shutdown: 90_000]";
    within(40, production("").endpoint("auth_web", "AuthWeb", socket))
        .says("endpoint-grace-short", expect![[r#"
            warning endpoint-grace-short lib/auth_web/endpoint.ex:3: AuthWeb.Endpoint waits up to 90 s when it stops (`drainer: [shutdown: …]`), and fly.toml:3 gives it 40 s
              give it 90 s in fly.toml
        "#]]);
    within(40, production("")).is_silent("endpoint-grace-short");
}
