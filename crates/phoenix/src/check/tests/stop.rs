use std::time::Duration;

use expect_test::expect;
use routes::Origin;

use super::{Given, production};
use crate::{Grace, Orchestrator};

fn within(seconds: u64, given: Given) -> Given {
    let grace = Grace {
        wait: Duration::from_secs(seconds),
        orchestrator: Orchestrator::Fly,
        origin: Origin {
            file: "fly.toml".to_owned(),
            line: 3,
        },
        is_gateways: true,
        is_apps: true,
    };
    Given {
        graces: vec![grace],
        ..given
    }
}

#[test]
fn a_gateway_must_be_given_its_drain() {
    within(10, production("")).says("grace-short", expect![[r#"
        warning grace-short fly.toml:3: asked to stop, the gateway waits up to 30 s for what is under way, and is killed after 10 s: the rest is cut off
          `kill_timeout = "31s"` in fly.toml, or `drain = "9s"` under [timeouts] in mesh-router.toml
    "#]]);
    within(30, production("")).is_silent("grace-short");
    let mut delayed = within(30, production(""));
    delayed.delay = Duration::from_secs(5);
    delayed.says("grace-short", expect![[r#"
        warning grace-short fly.toml:3: asked to stop, the gateway waits up to 35 s for what is under way, and is killed after 30 s: the rest is cut off
          `kill_timeout = "36s"` in fly.toml, or `drain = "24s"` under [timeouts] in mesh-router.toml
    "#]]);
    production("").is_silent("grace-short");
}

#[test]
fn what_stops_something_else_may_not_stop_the_gateway() {
    let mut given = within(10, production(""));
    given.graces[0].is_gateways = false;
    given.graces[0].orchestrator = Orchestrator::Kubernetes;
    given.says("grace-short", expect![[r#"
        info grace-short fly.toml:3: asked to stop, the gateway waits up to 30 s for what is under way, and would be killed after 10 s if it ran here: the rest is cut off
          `terminationGracePeriodSeconds: 31` in fly.toml, or `drain = "9s"` under [timeouts] in mesh-router.toml
    "#]]);
    // Known to stop it comes before quick to stop.
    let mut known = given.graces[0].clone();
    known.is_gateways = true;
    known.wait = Duration::from_secs(20);
    known.orchestrator = Orchestrator::Systemd;
    given.graces.push(known);
    given.says("grace-short", expect![[r#"
        warning grace-short fly.toml:3: asked to stop, the gateway waits up to 30 s for what is under way, and is killed after 20 s: the rest is cut off
          `TimeoutStopSec=31` in fly.toml, or `drain = "19s"` under [timeouts] in mesh-router.toml
    "#]]);
}

#[test]
fn an_endpoint_may_be_stopped_by_the_most_patient() {
    let cowboy =
        "config :auth_web, AuthWeb.Endpoint, http: [port: 4001], drainer: [shutdown: 45_000]";
    let mut given = within(40, production(cowboy));
    let mut other = given.graces[0].clone();
    other.wait = Duration::from_secs(60);
    given.graces.push(other);
    given.is_silent("endpoint-grace-short");
    given.graces[1].is_apps = false;
    given.graces[0].orchestrator = Orchestrator::Compose;
    given.says("endpoint-grace-short", expect![[r#"
        warning endpoint-grace-short config/config.exs:2: AuthWeb.Endpoint waits up to 45 s when it stops (`drainer: [shutdown: …]`), and fly.toml:3 gives it 40 s
          `stop_grace_period: 46s` in fly.toml
    "#]]);
}

#[test]
fn so_must_an_endpoint() {
    let bandit = "config :auth_web, AuthWeb.Endpoint, adapter: Bandit.PhoenixAdapter,
        http: [port: 4001, thousand_island_options: [shutdown_timeout: 60_000]]";
    within(40, production(bandit)).says("endpoint-grace-short", expect![[r#"
        warning endpoint-grace-short config/config.exs:3: AuthWeb.Endpoint waits up to 60 s when it stops (`thousand_island_options: [shutdown_timeout: …]`), and fly.toml:3 gives it 40 s
          `kill_timeout = "61s"` in fly.toml
    "#]]);
    within(60, production(bandit)).is_silent("endpoint-grace-short");
    let cowboy =
        "config :auth_web, AuthWeb.Endpoint, http: [port: 4001], drainer: [shutdown: 45_500]";
    within(40, production(cowboy)).says("endpoint-grace-short", expect![[r#"
        warning endpoint-grace-short config/config.exs:2: AuthWeb.Endpoint waits up to 45500 ms when it stops (`drainer: [shutdown: …]`), and fly.toml:3 gives it 40 s
          `kill_timeout = "47s"` in fly.toml
    "#]]);
    let socket = "socket \"/ws\", AuthWeb.Socket, drainer: [shutdown: 90_000]";
    within(40, production("").endpoint("auth_web", "AuthWeb", socket))
        .says("endpoint-grace-short", expect![[r#"
            warning endpoint-grace-short lib/auth_web/endpoint.ex:3: AuthWeb.Endpoint waits up to 90 s when it stops (`drainer: [shutdown: …]`), and fly.toml:3 gives it 40 s
              `kill_timeout = "91s"` in fly.toml
        "#]]);
    within(40, production("")).is_silent("endpoint-grace-short");
}
