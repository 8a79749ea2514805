//! Where the cookie comes from.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use discovery::{Following, NodeSettings, Place as Project};
use tempfile::TempDir;

use super::open;
use crate::config::{Environment, Nodes, Place, Problems};

fn file(folder: &Path, name: &str, mode: u32) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, name.replace(['/', '.'], "_")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A folder with a release and its cookie, a home with one, and one apart.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    file(folder.path(), "cookie", 0o400);
    file(folder.path(), "release/releases/COOKIE", 0o644);
    file(folder.path(), "home/.erlang.cookie", 0o400);
    folder
}

fn nodes(cookie_file: Option<&Path>) -> Nodes {
    Nodes {
        place: Place::Flag("--node"),
        following: Following::default(),
        cookie_file: cookie_file.map(|file| (file.to_owned(), Place::Flag("--cookie-file"))),
        name: None,
        tls: None,
    }
}

fn environment(pairs: &[(&str, &Path)]) -> Environment {
    let mut environment = Environment::default();
    for (name, value) in pairs {
        environment.set(name, value.display().to_string());
    }
    environment
}

/// Whether the file of the cookie that was taken is open to others; the cookie itself is never shown.
fn is_loose(settings: &Result<NodeSettings, Problems>) -> bool {
    settings.as_ref().unwrap().access.loose.is_some()
}

/// The error, with the folder's name taken out.
fn problem(settings: Result<NodeSettings, Problems>, folder: &TempDir) -> String {
    let error = settings.unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "…")
}

#[test]
fn a_cookie_is_looked_for_where_releases_and_people_have_it() {
    let folder = folder();
    let root = folder.path();
    let (home, release) = (root.join("home"), root.join("release"));
    let project = Project::Release(release.clone());
    let sources = Project::Sources(root.to_owned());
    let none = environment(&[]);
    // What only its owner can read comes from home, what all can read from the release.
    let at_home = environment(&[("HOME", &home)]);
    assert!(!is_loose(&open(&nodes(None), &at_home, Some(&sources))));
    assert!(is_loose(&open(&nodes(None), &at_home, Some(&project))));
    let by_release = environment(&[("HOME", &home), ("RELEASE_ROOT", &release)]);
    assert!(is_loose(&open(&nodes(None), &by_release, None)));
    let said = environment(&[("RELEASE_COOKIE", Path::new("vanilla"))]);
    assert!(!is_loose(&open(&nodes(None), &said, Some(&project))));
    let named = root.join("cookie");
    assert!(!is_loose(&open(
        &nodes(Some(&named)),
        &none,
        Some(&project)
    )));

    assert_eq!(
        problem(open(&nodes(None), &none, Some(&sources)), &folder),
        "--node: there is no cookie to open the nodes with: name its file with --cookie-file, or set \
         RELEASE_COOKIE (looked for releases/COOKIE and ~/.erlang.cookie too)"
    );
}

#[test]
fn a_cookie_among_systemds_credentials_may_have_their_mode() {
    let folder = folder();
    let root = folder.path();
    file(root, "credentials/cookie", 0o440);
    let (directory, cookie) = (root.join("credentials"), root.join("credentials/cookie"));
    let service = environment(&[("CREDENTIALS_DIRECTORY", &directory)]);
    assert!(!is_loose(&open(&nodes(Some(&cookie)), &service, None)));
    // The same file is somebody's where it is nobody's credential.
    let none = environment(&[]);
    assert_eq!(
        problem(open(&nodes(Some(&cookie)), &none, None), &folder),
        "--cookie-file: others may read the cookie in …/credentials/cookie: \
         chmod 400 …/credentials/cookie"
    );
}

#[test]
fn a_cookie_that_cannot_be_used_is_told_with_its_mend() {
    let folder = folder();
    let root = folder.path();
    let none = environment(&[]);
    let of = |file: &Path| problem(open(&nodes(Some(file)), &none, None), &folder);
    file(root, "loose", 0o644);
    assert_eq!(
        of(&root.join("loose")),
        "--cookie-file: others may read the cookie in …/loose: chmod 400 …/loose"
    );
    assert_eq!(
        of(&root.join("missing")),
        "--cookie-file: reading the cookie from …/missing: No such file or directory (os error 2)"
    );
    let secret = environment(&[("RELEASE_COOKIE", Path::new("not one"))]);
    let error = problem(open(&nodes(None), &secret, None), &folder);
    assert_eq!(
        error,
        "RELEASE_COOKIE: a cookie has no characters but those from `!` to `~`"
    );
}
