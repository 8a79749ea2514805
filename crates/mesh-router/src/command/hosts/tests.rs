use std::{io, path::Path};

use super::{again, quoted, refused};

mod block;
mod write;

#[test]
fn the_command_for_root_is_one_that_a_shell_reads() {
    let arguments = ["hosts", "sync", "--file", "my hosts"].map(Into::into);
    assert_eq!(
        again(Some("/opt/mesh-router".into()), arguments.into()),
        "sudo /opt/mesh-router hosts sync --file 'my hosts'"
    );
    assert_eq!(quoted("it's"), "'it'\\''s'");
    assert_eq!(quoted(""), "''");
}

#[test]
fn who_may_not_write_is_told_how() {
    let refused = |kind: io::ErrorKind| {
        let path = Path::new("/etc/hosts");
        format!("{:#}", refused(path, kind.into(), "sudo x"))
    };
    assert_eq!(
        refused(io::ErrorKind::PermissionDenied),
        "/etc/hosts may not be changed by this user, try: sudo x"
    );
    assert_eq!(
        refused(io::ErrorKind::StorageFull),
        "writing /etc/hosts: no storage space"
    );
}
