use expect_test::expect;

use super::{development, production};

const LISTENING: &str = "config :auth_web, AuthWeb.Endpoint, http: [ip: {10, 0, 0, 7}, port: 4001]";

#[test]
fn a_server_flag_that_nobody_sets_names_its_variable() {
    let reads = format!(
        "{LISTENING}\nif System.get_env(\"PHX_SERVER\") do\n\
         config :auth_web, AuthWeb.Endpoint, server: true\nend"
    );
    production(&reads).says("server-unset", expect![[r#"
        info server-unset lib/auth_web/endpoint.ex:2: nothing says `server: true` for AuthWeb.Endpoint: a release will not start its listener; it is dialled anyway
          start the release with PHX_SERVER=true; or config :auth_web, AuthWeb.Endpoint, server: true
    "#]]);
    production(LISTENING).says("server-unset", expect![[r#"
        info server-unset lib/auth_web/endpoint.ex:2: nothing says `server: true` for AuthWeb.Endpoint: a release will not start its listener; it is dialled anyway
          config :auth_web, AuthWeb.Endpoint, server: true
    "#]]);
    production(&reads)
        .var("PHX_SERVER", "1")
        .is_silent("server-unset");
    // Of a release itself it is said when it is read.
    let mut release = production(&reads);
    release.is_release = true;
    release.is_silent("server-unset");
    development(LISTENING).is_silent("server-unset");
    // `server: nil` is no server at all, which `not-serving` tells.
    let nil = format!("{LISTENING}, server: System.get_env(\"NOTHING\")");
    production(&nil).is_silent("server-unset");
}

#[test]
fn an_address_that_is_not_ours_is_said() {
    let mut given = production(LISTENING);
    given.is_silent("address-elsewhere");
    given.addresses = vec!["192.168.0.2".parse().unwrap()];
    given.says("address-elsewhere", expect![[r#"
        info address-elsewhere config/config.exs:2: AuthWeb.Endpoint listens on 10.0.0.7, which is no address of this machine: the gateway reaches it only if it runs elsewhere
          config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
    "#]]);
    // A release is read where it runs.
    let mut release = given.clone();
    release.is_release = true;
    release.says("address-elsewhere", expect![[r#"
        warning address-elsewhere config/config.exs:2: AuthWeb.Endpoint listens on 10.0.0.7, which is no address of this machine: the gateway reaches it only if it runs elsewhere
          config :auth_web, AuthWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4001]
    "#]]);
    given.addresses.push("::ffff:10.0.0.7".parse().unwrap());
    given.is_silent("address-elsewhere");
    for ip in [
        "{127, 0, 0, 1}",
        "{0, 0, 0, 0}",
        "{0, 0, 0, 0, 0, 0, 0, 0}",
        ":any",
    ] {
        let line = format!("config :auth_web, AuthWeb.Endpoint, http: [ip: {ip}, port: 1]");
        let mut given = production(&line);
        given.addresses = vec!["192.168.0.2".parse().unwrap()];
        given.is_silent("address-elsewhere");
    }
}

#[test]
fn a_second_listener_for_https_is_said() {
    production(&format!("{LISTENING}, https: [port: 4443]")).says("https-unused", expect![[r#"
        info https-unused config/config.exs:2: AuthWeb.Endpoint listens on https too, where clients pass the gateway by, and its links begin with https unless `url: [scheme:]` says otherwise
          config :auth_web, AuthWeb.Endpoint, https: false
    "#]]);
    production(LISTENING).is_silent("https-unused");
    production(&format!("{LISTENING}, https: false")).is_silent("https-unused");
    // Alone it is `https-only`, said where settings are read.
    production("config :auth_web, AuthWeb.Endpoint, https: [port: 4443]").is_silent("https-unused");
}
