use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;

fn bind(address: &ListenAddress) -> Result<Bound, BindError> {
    super::bind(address, Purpose::Admin, &mut HandedOver::default())
}

fn tcp(text: &str) -> ListenAddress {
    ListenAddress::Tcp(text.parse().unwrap())
}

#[test]
fn only_loopback_and_unix_sockets_are_local() {
    for local in [
        "127.0.0.1:9900",
        "127.8.0.1:1",
        "[::1]:9900",
        "[::ffff:127.0.0.1]:9900",
    ] {
        assert!(is_local(&tcp(local)), "{local}");
    }
    assert!(is_local(&ListenAddress::Unix("/run/admin.sock".into())));
    for open in [
        "0.0.0.0:9900",
        "10.0.0.1:9900",
        "[::]:9900",
        "[fe80::1]:9900",
    ] {
        assert!(!is_local(&tcp(open)), "{open}");
    }
}

#[test]
fn a_taken_port_names_its_holder() {
    let first = bind(&tcp("127.0.0.1:0")).unwrap();
    let error = bind(first.address()).unwrap_err().to_string();
    let address = first.address();
    assert!(error.starts_with(&format!("{address} is taken")), "{error}");
    if cfg!(target_os = "linux") {
        let us = format!("(pid {})", std::process::id());
        assert!(error.ends_with(&us), "{error}");
    }
}

#[test]
fn a_unix_socket_is_its_owners_and_goes_with_its_door() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let address = ListenAddress::Unix(path.clone());
    let live = bind(&address).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(bind(&address).is_err(), "somebody listens there");
    drop(live);
    assert!(path.exists(), "as a killed process leaves it");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let _on_runtime = runtime.enter();
    let door = bind(&address).unwrap().open().unwrap();
    drop(door);
    assert!(!path.exists());
}

#[test]
fn a_socket_for_vms_that_is_open_to_all_is_refused() {
    use std::os::unix::{fs::PermissionsExt as _, net::UnixListener};
    let folder = tempfile::tempdir().unwrap();
    for (mode, is_refused) in [(0o666, true), (0o660, false), (0o600, false)] {
        let path = folder.path().join(format!("{mode:o}.sock"));
        let listener = UnixListener::bind(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let handed = Handed::new(Purpose::Package, listener).unwrap().unwrap();
        let mut handed = HandedOver(vec![handed]);
        let bound = super::bind(&ListenAddress::Unix(path), Purpose::Package, &mut handed);
        assert_eq!(bound.is_err(), is_refused, "{mode:o}");
    }
}
