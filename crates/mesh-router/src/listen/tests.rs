use std::{io, net::Ipv6Addr};

use proxy::{BindError, HandedOver, ListenAddress, Listeners};
use routes::Origin;

use super::{Declared, Passed, bind_as_one, clash, first_free, has_ipv6_loopback, loopback};
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

#[test]
fn any_port_is_one_that_is_free_on_each_address() {
    if !has_ipv6_loopback() {
        return;
    }
    let asked = loopback(0, true);
    let bound = bind_as_one(&asked, bind).unwrap();
    let ports: Vec<u16> = bound.addresses().iter().map(port).collect();
    assert_ne!(ports[0], 0);
    assert_eq!(ports[0], ports[1]);
}

#[test]
fn a_port_that_is_taken_meanwhile_is_not_insisted_on() {
    let asked = loopback(0, true);
    let tried = std::cell::RefCell::new(Vec::new());
    let bound = bind_as_one(&asked, |asked| {
        let ports: Vec<u16> = asked.iter().map(port).collect();
        assert_eq!(ports[0], ports[1]);
        tried.borrow_mut().push(ports[0]);
        match tried.borrow().len() {
            3 => Ok(ports[0]),
            _ => Err(BindError::Taken {
                address: (Ipv6Addr::LOCALHOST, ports[1]).into(),
                holder: None,
            }),
        }
    });
    let tried = tried.into_inner();
    assert_eq!(bound.unwrap(), tried[2]);
    assert_eq!(tried.len(), 3);
}

#[test]
fn one_address_twice_gets_a_port_each() {
    let any = loopback(0, false);
    let asked = [any.clone(), any].concat();
    let bound = bind_as_one(&asked, bind).unwrap();
    let ports: Vec<u16> = bound.addresses().iter().map(port).collect();
    assert_ne!(ports[0], ports[1]);
}

fn bind(asked: &[ListenAddress]) -> Result<Listeners, BindError> {
    proxy::bind(asked, 1, &mut HandedOver::default())
}

fn port(address: &ListenAddress) -> u16 {
    match address {
        ListenAddress::Tcp(address) => address.port(),
        ListenAddress::Unix(path) => panic!("{}", path.display()),
    }
}
