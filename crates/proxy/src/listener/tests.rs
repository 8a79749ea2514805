use std::net::Ipv6Addr;

use super::*;

fn bind(addresses: &[ListenAddress], workers: usize) -> Result<Listeners, BindError> {
    super::bind(addresses, workers, &mut HandedOver::default())
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn tcp(listeners: &Listeners) -> SocketAddr {
    match &listeners.addresses()[0] {
        ListenAddress::Tcp(address) => *address,
        ListenAddress::Unix(path) => panic!("unexpected {}", path.display()),
    }
}

#[track_caller]
fn assert_taken(address: SocketAddr) {
    let error = bind(&[ListenAddress::Tcp(address)], 2).unwrap_err();
    let BindError::Taken { holder, .. } = &error else {
        panic!("{error:?}")
    };
    if cfg!(target_os = "linux") {
        let us = format!("(pid {})", std::process::id());
        assert!(holder.as_deref().unwrap().ends_with(&us), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("{address} is taken by ")),
            "{error}"
        );
    }
}

#[test]
fn port_0_is_one_port_for_all_workers() {
    let listeners = bind(&[ListenAddress::Tcp(local(0))], 3).unwrap();
    let address = tcp(&listeners);
    assert_ne!(address.port(), 0);
    let workers = listeners.divide();
    assert_eq!(workers.len(), 3);
    if SHARES_PORT {
        assert!(
            workers
                .iter()
                .all(|listeners| listeners.len() == 1 && !listeners[0].deals)
        );
    }
    std::net::TcpStream::connect(address).unwrap();
}

#[test]
fn a_taken_port_names_its_holder() {
    let holder = std::net::TcpListener::bind(local(0)).unwrap();
    assert_taken(holder.local_addr().unwrap());
}

#[test]
fn a_holder_that_would_share_its_port_is_respected() {
    let holder = bind(&[ListenAddress::Tcp(local(0))], 2).unwrap();
    assert_taken(tcp(&holder));
}

#[test]
fn a_holder_of_all_addresses_is_found() {
    let holder = std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    assert_taken(local(holder.local_addr().unwrap().port()));
    let holder = std::net::TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
    assert_taken(local(holder.local_addr().unwrap().port()));
}

#[test]
fn both_families_of_one_port() {
    let free = tcp(&bind(&[ListenAddress::Tcp(local(0))], 1).unwrap()).port();
    let both = [
        ListenAddress::Tcp((Ipv6Addr::UNSPECIFIED, free).into()),
        ListenAddress::Tcp((Ipv4Addr::UNSPECIFIED, free).into()),
    ];
    assert_eq!(bind(&both, 2).unwrap().addresses(), both);
}

#[test]
fn a_stale_unix_socket_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let address = ListenAddress::Unix(path.clone());
    let live = bind(std::slice::from_ref(&address), 2).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, UNIX_MODE);
    let error = bind(std::slice::from_ref(&address), 2).unwrap_err();
    let BindError::Io(of, source) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((of, source.kind()), (&address, ErrorKind::AddrInUse));
    if cfg!(target_os = "linux") {
        let us = format!("(pid {}) listens there", std::process::id());
        assert!(source.to_string().ends_with(&us), "{source}");
    }
    drop(live);
    assert!(path.exists(), "as a killed process leaves it");
    bind(&[address], 2).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "precious").unwrap();
    bind(&[ListenAddress::Unix(path.clone())], 1).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_path_too_long_for_some_system_is_refused_on_all() {
    let path = PathBuf::from("/tmp").join("x".repeat(UNIX_PATH_BYTES_MAX));
    let error = bind(&[ListenAddress::Unix(path)], 1).unwrap_err();
    let BindError::Io(_, source) = error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), ErrorKind::InvalidInput);
}
