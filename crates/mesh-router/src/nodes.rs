//! What opens running nodes: the cookie, and the files of TLS.

use std::path::{Path, PathBuf};

use discovery::{
    Access, Cookie, CookieFile, NodeSettings, Place as Project, Strictness, Tls, TlsIdentity,
    TlsPaths,
};

use crate::config::{Environment, Nodes, Place, Problem, Problems, TlsFiles};

#[cfg(test)]
mod tests;

/// A release's own cookie, below its folder.
const RELEASE_COOKIE_FILE: &str = "releases/COOKIE";

/// The variable of a release's cookie.
const RELEASE_COOKIE: &str = "RELEASE_COOKIE";

/// The variable in which systemd says where a service has its credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Where OTP looks, below the home folder.
const HOME_COOKIE_FILE: &str = ".erlang.cookie";

/// Reads what opens the nodes: the cookie of `--cookie-file` or `cookie_file`, of `RELEASE_COOKIE`, of
/// the release we stand in or were started by, or of `~/.erlang.cookie`; and the files of TLS.
pub(crate) fn open(
    nodes: &Nodes,
    environment: &Environment,
    project: Option<&Project>,
) -> Result<NodeSettings, Problems> {
    let found = cookie(nodes, environment, project);
    let tls = nodes.tls.as_ref().map(|(files, place)| tls(files, place));
    match (found, tls.transpose()) {
        (Ok(found), Ok(tls)) => Ok(NodeSettings {
            following: nodes.following.clone(),
            access: Access {
                cookie: found.cookie.cookie,
                loose: found.path.filter(|_| found.cookie.is_loose),
                name: nodes.name.clone(),
                tls,
            },
        }),
        (found, tls) => Err(Problems(found.err().into_iter().chain(tls.err()).collect())),
    }
}

/// A cookie and where it was read.
struct Found {
    cookie: CookieFile,
    path: Option<PathBuf>,
}

fn cookie(
    nodes: &Nodes,
    environment: &Environment,
    project: Option<&Project>,
) -> Result<Found, Problem> {
    let problem = |place: &Place, error: &dyn std::error::Error| Problem::new(place, chain(error));
    let read = |path: PathBuf, strictness, place: &Place| match Cookie::read(&path, strictness) {
        Ok(cookie) => Ok(Found {
            cookie,
            path: Some(path),
        }),
        Err(error) => Err(problem(place, &error)),
    };
    if let Some((path, place)) = &nodes.cookie_file {
        return read(path.clone(), strictness(path, environment), place);
    }
    if let Some(text) = environment.get(RELEASE_COOKIE) {
        let place = Place::Variable(RELEASE_COOKIE.to_owned());
        let cookie = Cookie::new(text).map_err(|error| problem(&place, &error))?;
        let is_loose = false;
        let cookie = CookieFile { cookie, is_loose };
        return Ok(Found { cookie, path: None });
    }
    let release = match project {
        Some(Project::Release(root)) => Some(root.as_path()),
        Some(Project::Sources(_)) | None => environment.get("RELEASE_ROOT").map(Path::new),
    };
    let release = release.map(|root| root.join(RELEASE_COOKIE_FILE));
    if let Some(path) = release.filter(|path| path.exists()) {
        // `mix release` makes it readable for all: that is said, and no reason to refuse.
        return read(path, Strictness::Warn, &nodes.place);
    }
    let home = environment.get("HOME").map(Path::new);
    let home = home.map(|home| home.join(HOME_COOKIE_FILE));
    match home.filter(|path| path.exists()) {
        Some(path) => read(path, Strictness::Refuse, &nodes.place),
        None => Err(Problem::new(
            &nodes.place,
            "there is no cookie to open the nodes with: name its file with --cookie-file, or set \
             RELEASE_COOKIE (looked for releases/COOKIE and ~/.erlang.cookie too)",
        )),
    }
}

/// How to take the file that was named.
fn strictness(path: &Path, environment: &Environment) -> Strictness {
    let credentials = environment.get(CREDENTIALS_DIRECTORY).map(Path::new);
    match credentials.is_some_and(|folder| path.parent() == Some(folder)) {
        true => Strictness::Credential,
        false => Strictness::Refuse,
    }
}

fn tls(files: &TlsFiles, place: &Place) -> Result<Tls, Problem> {
    let identity = files.identity.as_ref();
    let read = Tls::read(&TlsPaths {
        ca: &files.ca,
        identity: identity.map(|(cert, key)| TlsIdentity { cert, key }),
    });
    read.map_err(|error| Problem::new(place, chain(&error)))
}

/// An error with its causes, as one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
