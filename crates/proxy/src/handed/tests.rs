use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixListener,
};

use super::*;
use crate::bind;

fn any() -> ListenAddress {
    ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn handed(purpose: Purpose) -> Handed {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    Handed::new(purpose, listener).unwrap().unwrap()
}

#[test]
fn a_purpose_has_a_name_and_units_of_systemd_are_listeners() {
    for purpose in Purpose::ALL {
        assert_eq!(Purpose::named(purpose.name()), purpose);
    }
    assert_eq!(Purpose::named("mesh-router.socket"), Purpose::Listen);
    assert_eq!(Purpose::named("unknown"), Purpose::Listen);
}

#[test]
fn all_sockets_of_one_address_are_taken_together_and_once() {
    let first = handed(Purpose::Listen);
    let (twin, other) = (first.try_clone().unwrap(), handed(Purpose::Listen));
    let (at, elsewhere) = (first.address.clone(), other.address.clone());
    let admin = handed(Purpose::Admin);
    let mut over = HandedOver(vec![first, admin, other, twin]);
    assert_eq!(over.listens(), [at.clone(), elsewhere.clone()]);
    assert_eq!(over.take(Purpose::Health, &at).len(), 0);
    assert_eq!(over.take(Purpose::Listen, &at).len(), 2);
    assert_eq!(over.take(Purpose::Listen, &at).len(), 0);
    // Any port will do: there is one left for clients.
    let left = over.take(Purpose::Listen, &any());
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].address, elsewhere);
    assert_eq!(over.listens(), []);
    assert_eq!(over.take(Purpose::Admin, &any()).len(), 1);
}

#[test]
fn a_unix_socket_without_a_path_is_none_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let named = UnixListener::bind(&path).unwrap();
    let named = Handed::new(Purpose::Listen, named).unwrap().unwrap();
    assert_eq!(named.address, ListenAddress::Unix(path));
    let unnamed = Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let unnamed = Handed::new(Purpose::Listen, unnamed.unwrap()).unwrap();
    assert!(unnamed.is_none(), "{unnamed:?}");
}

/// How many sockets each worker has, and whether they deal out.
fn shares(listeners: crate::Listeners) -> Vec<(usize, bool)> {
    let of = |worker: &Vec<crate::listener::Listener>| {
        (worker.len(), worker.iter().any(|listener| listener.deals))
    };
    listeners.divide().iter().map(of).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn workers_take_over_sockets_of_more_and_of_fewer() {
    for (before, after, expected) in [
        (1, 1, vec![(1, false)]),
        (2, 2, vec![(1, false), (1, false)]),
        (3, 2, vec![(2, false), (1, false)]),
        // Further sockets join.
        (1, 3, vec![(1, false), (1, false), (1, false)]),
    ] {
        let old = bind(&[any()], before, &mut HandedOver::default()).unwrap();
        let address = old.addresses().remove(0);
        let mut over = HandedOver(old.hand_on().unwrap());
        // Bound while the old one listens: its port is taken for anybody else.
        let asked = [address];
        let new = bind(&asked, after, &mut over).unwrap();
        assert_eq!(new.addresses(), asked, "{before} to {after}");
        assert_eq!(shares(new), expected, "{before} to {after}");
        assert!(bind(&asked, after, &mut HandedOver::default()).is_err());
    }
}

#[test]
fn a_socket_that_shares_its_port_with_nobody_is_dealt_out() {
    let alone = handed(Purpose::Listen);
    let asked = [alone.address.clone()];
    let listeners = bind(&asked, 3, &mut HandedOver(vec![alone])).unwrap();
    let ListenAddress::Tcp(address) = &asked[0] else {
        unreachable!("it was bound to TCP")
    };
    TcpStream::connect(address).unwrap();
    assert_eq!(shares(listeners), [(1, true), (0, false), (0, false)]);
}
