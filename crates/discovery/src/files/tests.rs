use std::{fs, path::Path};

use elixir_config::Files as _;
use tempfile::TempDir;

use super::ProjectFiles;

/// A folder with these files, each of which holds its own path.
fn folder(files: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    root
}

#[track_caller]
fn check(root: &Path, pattern: &str, expected: &[&str]) {
    assert_eq!(ProjectFiles::new(root).glob(pattern), expected, "{pattern}");
}

#[test]
fn glob_finds_what_path_wildcard_would() {
    let root = folder(&[
        "apps/a/config/config.exs",
        "apps/b/config/config.exs",
        "apps/b/lib/b_web/endpoint.ex",
        "apps/b/lib/endpoint.ex",
        "apps/b/lib/deps/x/endpoint.ex",
        "apps/b/lib/.hidden/endpoint.ex",
        "apps/readme",
        "config/dev.exs",
    ]);
    let root = root.path();
    check(
        root,
        "apps/*/config/config.exs",
        &["apps/a/config/config.exs", "apps/b/config/config.exs"],
    );
    check(
        &root.join("config"),
        "../apps/*/config/config.exs",
        &["../apps/a/config/config.exs", "../apps/b/config/config.exs"],
    );
    check(
        root,
        "apps/*/lib/**/*endpoint*.ex",
        &["apps/b/lib/b_web/endpoint.ex", "apps/b/lib/endpoint.ex"],
    );
    check(root, "{config,none}/*.exs", &["config/dev.exs"]);
    check(root, "config/**", &["config/dev.exs"]);
    check(root, "config/dev.exs", &["config/dev.exs"]);
    check(root, "config/none.exs", &[]);
    check(root, "none/*/x", &[]);
    let absolute = root.join("config/*.exs");
    let dev = root.join("config/dev.exs");
    check(
        Path::new("/"),
        absolute.to_str().unwrap(),
        &[dev.to_str().unwrap()],
    );
}

#[test]
fn a_link_to_a_folder_above_does_not_lead_in_circles() {
    let root = folder(&["lib/endpoint.ex"]);
    std::os::unix::fs::symlink(root.path(), root.path().join("lib/loop")).unwrap();
    check(root.path(), "lib/**/*.ex", &["lib/endpoint.ex"]);
}

#[test]
fn all_that_was_asked_is_remembered() {
    let root = folder(&["config/config.exs"]);
    let root = root.path().canonicalize().unwrap();
    let files = ProjectFiles::new(&root);
    assert_eq!(
        files.read("config/config.exs"),
        Ok(Some("config/config.exs".to_owned()))
    );
    assert_eq!(files.read("config/../config/none.exs"), Ok(None));
    assert_eq!(files.read("config/config.exs/below"), Ok(None));
    assert!(!files.exists("gone"));
    files.glob("apps/*/mix.exs");
    let asked: Vec<_> = [
        "apps",
        "config/config.exs",
        "config/config.exs/below",
        "config/none.exs",
        "gone",
    ]
    .map(|path| root.join(path))
    .into();
    assert_eq!(files.asked(), asked);
}

#[test]
fn links_are_asked_for_with_what_they_lead_to() {
    let root = folder(&["v1/dev.exs", "config/config.exs"]);
    let root = root.path().canonicalize().unwrap();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, root.join(at)).unwrap();
    link("v1", "current");
    link("../current/dev.exs", "config/dev.exs");
    link("../none.exs", "config/prod.exs");
    link("loop.exs", "config/loop.exs");
    let files = ProjectFiles::new(&root);
    assert_eq!(
        files.read("config/dev.exs"),
        Ok(Some("v1/dev.exs".to_owned()))
    );
    assert_eq!(files.read("config/prod.exs"), Ok(None));
    assert!(files.read("config/loop.exs").is_err());
    let asked: Vec<_> = [
        "config/dev.exs",
        "config/loop.exs",
        "config/prod.exs",
        "current",
        "current/dev.exs",
        "none.exs",
        "v1/dev.exs",
    ]
    .map(|path| root.join(path))
    .into();
    assert_eq!(files.asked(), asked);
}

#[test]
fn what_is_no_text_file_is_refused_with_a_reason() {
    let root = folder(&["big.exs"]);
    fs::write(root.path().join("latin1.exs"), b"# caf\xe9").unwrap();
    let big = fs::File::options()
        .write(true)
        .open(root.path().join("big.exs"))
        .unwrap();
    big.set_len(super::FILE_BYTES_MAX + 1).unwrap();
    fs::create_dir(root.path().join("folder.exs")).unwrap();
    let files = ProjectFiles::new(root.path());
    let refused = |path: &str| files.read(path).unwrap_err();
    assert_eq!(refused("latin1.exs"), "it is not UTF-8");
    assert_eq!(refused("big.exs"), "it is larger than 4194304 bytes");
    assert_eq!(refused("folder.exs"), "it is no regular file");
}
