use std::collections::BTreeSet;

use crate::command::hosts::block::{Change, HostsFile};

const ROOT: &str = "/home/me/shop";

fn set(hosts: &[&str]) -> BTreeSet<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

#[track_caller]
fn change(before: &str, hosts: &[&str]) -> Change {
    let file = HostsFile::parse(before.as_bytes().to_vec(), ROOT).unwrap();
    file.with(&set(hosts))
}

/// Compares what becomes of a file, and that once more changes nothing.
#[track_caller]
fn becomes(before: &str, hosts: &[&str], after: &str) {
    let first = change(before, hosts);
    assert_eq!(String::from_utf8(first.bytes).unwrap(), after);
    let again = change(after, hosts);
    assert!(again.is_empty(), "{again:?}");
}

#[track_caller]
fn refused(before: &str, line: usize) {
    let broken = HostsFile::parse(before.as_bytes().to_vec(), ROOT).unwrap_err();
    assert_eq!(broken.line, line, "{}", broken.what);
}

const BLOCK: &str = "# mesh-router: begin /home/me/shop\n127.0.0.1 auth.local\n::1 auth.local\n\
                     # mesh-router: end\n";

#[test]
fn a_block_is_added_at_the_end() {
    becomes("", &["auth.local"], BLOCK);
    let hosts = "127.0.0.1 localhost\n\n# mine\n10.0.0.1\tdb\n";
    becomes(hosts, &["auth.local"], &format!("{hosts}{BLOCK}"));
    becomes(
        "127.0.0.1 localhost",
        &["auth.local"],
        &format!("127.0.0.1 localhost\n{BLOCK}"),
    );
}

#[test]
fn a_block_is_replaced_where_it_stands() {
    let around = |block: &str| format!("127.0.0.1 localhost\n{block}10.0.0.1 db");
    becomes(
        &around(BLOCK),
        &["b.local"],
        &around(&BLOCK.replace("auth.local", "b.local")),
    );
    becomes(&around(BLOCK), &[], &around(""));
    // At the end without a newline.
    becomes(BLOCK.trim_end(), &["auth.local"], BLOCK);
    // Copied, it becomes one again.
    becomes(&around(&BLOCK.repeat(2)), &["auth.local"], &around(BLOCK));
}

#[test]
fn each_project_has_its_own() {
    let other = BLOCK.replace("/home/me/shop", "/home/me/shop2");
    let both = format!("{other}{BLOCK}");
    becomes(&other, &["auth.local"], &both);
    becomes(&both, &[], &other);
}

#[test]
fn line_endings_are_those_of_the_file() {
    let block = BLOCK.replace('\n', "\r\n");
    let hosts = "127.0.0.1 localhost\r\n";
    becomes(hosts, &["auth.local"], &format!("{hosts}{block}"));
    becomes(&format!("{hosts}{block}"), &[], hosts);
}

#[test]
fn what_is_no_text_stays() {
    let mut bytes = b"# \xff\xfe\n".to_vec();
    bytes.extend_from_slice(BLOCK.as_bytes());
    let file = HostsFile::parse(bytes, ROOT).unwrap();
    assert_eq!(
        file.hosts().collect::<BTreeSet<_>>(),
        BTreeSet::from(["auth.local"])
    );
    assert_eq!(file.with(&BTreeSet::new()).bytes, b"# \xff\xfe\n");
}

#[test]
fn the_change_is_told_line_by_line() {
    let change = change(BLOCK, &["auth.local", "b.local"]);
    assert_eq!(change.added, ["127.0.0.1 b.local", "::1 b.local"]);
    assert!(change.removed.is_empty());
    let gone = self::change(BLOCK, &[]);
    assert_eq!(gone.removed.len(), 4);
}

#[test]
fn a_broken_block_is_refused_by_its_line() {
    refused("\n# mesh-router: begin /home/me/shop\n127.0.0.1 a\n", 2);
    refused("# mesh-router: begin /home/me/other\n127.0.0.1 a\n", 1);
    refused(&format!("# mesh-router: begin /a\n{BLOCK}"), 1);
    refused(&format!("{BLOCK}# mesh-router: end\n"), 5);
}

#[test]
fn a_folder_may_end_in_a_space() {
    let file = HostsFile::parse(Vec::new(), "/home/me/shop ").unwrap();
    let first = file.with(&set(&["auth.local"])).bytes;
    let file = HostsFile::parse(first, "/home/me/shop ").unwrap();
    assert!(file.with(&set(&["auth.local"])).is_empty());
}
