use std::io;

use proxy::{BindError, ListenAddress};
use routes::Origin;

use super::{Declared, Passed, clash, first_free, loopback};
use crate::config::{Listen, Place};

fn declared(port: u16, line: u32) -> Declared {
    (
        port,
        Origin {
            file: "config/dev.exs".to_owned(),
            line,
        },
    )
}

fn taken(port: u16, holder: &str) -> BindError {
    BindError::Taken {
        address: ([127, 0, 0, 1], port).into(),
        holder: Some(holder.to_owned()).filter(|name| !name.is_empty()),
    }
}

#[test]
fn the_first_port_is_4000() {
    let (port, passed) = first_free(&[declared(4001, 3)], Ok).unwrap();
    assert_eq!((port, passed.len()), (4000, 0));
}

#[test]
fn declared_and_held_ports_are_passed_over_and_named() {
    let in_use = [declared(4000, 3), declared(4003, 9), declared(4001, 8)];
    let bind = |port| match port {
        4002 => Err(taken(4002, "beam.smp (pid 812)")),
        4004 => Err(taken(4004, "")),
        port => Ok(port),
    };
    let (port, passed) = first_free(&in_use, bind).unwrap();
    assert_eq!(port, 4005);
    let passed: Vec<String> = passed.iter().map(Passed::to_string).collect();
    assert_eq!(
        passed,
        [
            "4000 is declared in config/dev.exs:3",
            "4001 is declared in config/dev.exs:8",
            "4002 is taken by beam.smp (pid 812)",
            "4003 is declared in config/dev.exs:9",
            "4004 is taken",
        ]
    );
}

#[test]
fn a_declared_port_is_not_even_tried() {
    let mut tried = Vec::new();
    let bound = first_free(&[declared(4000, 3)], |port| {
        tried.push(port);
        Ok(port)
    });
    assert_eq!((bound.unwrap().0, tried), (4001, vec![4001]));
}

#[test]
fn the_search_ends() {
    let error = first_free(&[], |port| Err::<(), _>(taken(port, "x (pid 1)"))).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "no port from 4000 to 4099 is free, choose one with --listen: 4099 is taken by x (pid 1)"
    );
}

#[test]
fn other_errors_are_not_taken_for_a_held_port() {
    let denied = |port| {
        let address = ListenAddress::Tcp(([127, 0, 0, 1], port).into());
        Err::<(), _>(BindError::Io(
            address,
            io::ErrorKind::PermissionDenied.into(),
        ))
    };
    let error = first_free(&[], denied).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "listening on 127.0.0.1:4000: permission denied"
    );
}

#[test]
fn a_clash_cites_both_lines() {
    let listen = |text: &str, line| Listen {
        address: ListenAddress::Tcp(text.parse().unwrap()),
        place: Place::File {
            file: "mesh-router.toml".to_owned(),
            line,
            column: 11,
        },
    };
    let asked = [listen("127.0.0.1:8080", 1), listen("[::1]:4001", 2)];
    let in_use = [declared(4001, 12)];
    assert_eq!(
        clash(&asked, &in_use).unwrap().to_string(),
        "mesh-router.toml:2:11: [::1]:4001 is an endpoint's port (config/dev.exs:12 declares 4001), \
         change one of the two"
    );
    assert_eq!(clash(&asked[..1], &in_use), None);
}

#[test]
fn loopback_is_both_families_where_there_are_two() {
    let shown = |ipv6| {
        loopback(4000, ipv6)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(true), ["127.0.0.1:4000", "[::1]:4000"]);
    assert_eq!(shown(false), ["127.0.0.1:4000"]);
}
