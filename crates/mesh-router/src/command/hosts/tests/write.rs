use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
};

use crate::command::hosts::write::{read, replace, rewrite};

#[test]
fn mode_and_link_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts.real");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("hosts");
    symlink("hosts.real", &link).unwrap();
    let before = fs::metadata(&file).unwrap();
    replace(&link, b"new\n").unwrap();
    let after = fs::metadata(&file).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(after.mode(), before.mode());
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "replaced at once");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing left over"
    );
}

#[test]
fn a_missing_file_is_empty_and_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts");
    assert_eq!(read(&file).unwrap(), b"");
    replace(&file, b"new\n").unwrap();
    assert_eq!(read(&file).unwrap(), b"new\n");
}

#[test]
fn what_can_not_be_renamed_over_is_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts");
    fs::write(&file, "longer than what follows\n").unwrap();
    let before = fs::metadata(&file).unwrap().ino();
    for text in ["short\n", "", "longer than all that was there before\n"] {
        rewrite(&file, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    assert_eq!(fs::metadata(&file).unwrap().ino(), before);
}
