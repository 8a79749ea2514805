//! `[discovery]`: which running nodes are followed, and what opens them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use discovery::{EpmdPlace, Following, NodeName, Target};

use super::{
    Environment, Folders, Layers, Sources, or,
    place::{Place, Problem},
    units,
};

/// Where EPMD listens unless OTP's own variable says otherwise.
const EPMD_PORT: u16 = 4369;

/// OTP's variable for it.
const EPMD_VARIABLE: &str = "ERL_EPMD_PORT";

/// The nodes as the operator names them; no file is read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nodes {
    /// Where the first of them is named.
    pub(crate) place: Place,
    /// Which are followed.
    pub(crate) following: Following,
    /// The file of the cookie, and where that is said; `None`: it is looked for.
    pub(crate) cookie_file: Option<(PathBuf, Place)>,
    /// The name under which we attach; `None`: nodes give us one.
    pub(crate) name: Option<NodeName>,
    /// What TLS needs, and where that is said.
    pub(crate) tls: Option<(TlsFiles, Place)>,
}

/// The files for distribution over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The authorities that nodes' certificates come from.
    pub(crate) ca: PathBuf,
    /// Our certificate and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// Takes the keys; `None` where no node is named. `sources`: whether `node` is among them.
pub(crate) fn nodes(
    layers: &mut Layers,
    sources: &Sources,
    folders: &Folders,
    environment: Option<&Environment>,
    forget: Duration,
) -> Option<Nodes> {
    let is_asked = layers.is_flag("discovery.nodes");
    let home = environment.and_then(|variables| variables.get("HOME"));
    let epmd_port = epmd_port(layers, environment);
    let place = |text: &str| EpmdPlace::parse(text, epmd_port);
    let named = some(layers.many("discovery.nodes", |text| or("none", text, target)));
    let places = some(layers.many("discovery.epmd", |text| or("none", text, place)));
    let query_at = layers.place("discovery.query").clone();
    let query = layers.one("discovery.query", |text| or("none", text, query));
    let first = named.first().map(|(_, place)| place.clone());
    let first = first.or_else(|| places.first().map(|(_, place)| place.clone()));
    let first = first.or_else(|| query.as_ref().map(|_| query_at));
    let mut nodes = Nodes {
        place: Place::Default,
        following: Following {
            nodes: named.into_iter().map(|(target, _)| target).collect(),
            epmd: places.into_iter().map(|(place, _)| place).collect(),
            query,
            names: pattern(layers),
            follow: layers.one("discovery.follow", |text| units::word(text, units::SWITCH)),
            forget,
            epmd_port,
        },
        cookie_file: cookie_file(layers, folders, home),
        name: layers.one("discovery.name", |text| or("auto", text, name)),
        tls: tls(layers, folders, home),
    };
    let first = first?;
    if !sources.nodes && !is_asked {
        let message = format!("nodes are named ({first}), and \"node\" is not among the sources");
        layers.problems.push(Problem::new(&sources.place, message));
    }
    nodes.place = first;
    Some(nodes)
}

/// The values that are not the word for none.
fn some<T>(values: Vec<(Option<T>, Place)>) -> Vec<(T, Place)> {
    let some = |(value, place): (Option<T>, Place)| Some((value?, place));
    values.into_iter().filter_map(some).collect()
}

fn epmd_port(layers: &mut Layers, environment: Option<&Environment>) -> u16 {
    let said = environment.and_then(|variables| variables.get(EPMD_VARIABLE));
    match said.map(str::parse) {
        None => EPMD_PORT,
        Some(Ok(port)) if port > 0 => port,
        Some(Ok(_) | Err(_)) => {
            let place = Place::Variable(EPMD_VARIABLE.to_owned());
            let message = "this is OTP's variable for EPMD's port, and is no port";
            layers.problems.push(Problem::new(&place, message));
            EPMD_PORT
        }
    }
}

fn target(text: &str) -> Result<Target, String> {
    let target: Target = text.parse().map_err(|error| format!("{error}"))?;
    Ok(target)
}

fn name(text: &str) -> Result<NodeName, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn query(text: &str) -> Result<String, String> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | ':');
    match text.chars().all(is_name) && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "\"{text}\" is no DNS name, such as \"app.internal\""
        )),
    }
}

fn pattern(layers: &mut Layers) -> Vec<String> {
    let pattern = |text: &str| match text.contains('@') {
        true => Err(format!(
            "\"{text}\": a pattern is for what stands before the @, such as \"acme-*\""
        )),
        false => Ok(text.to_owned()),
    };
    let patterns = layers.many("discovery.names", pattern);
    patterns.into_iter().map(|(pattern, _)| pattern).collect()
}

fn cookie_file(
    layers: &mut Layers,
    folders: &Folders,
    home: Option<&str>,
) -> Option<(PathBuf, Place)> {
    let place = layers.place("discovery.cookie_file").clone();
    let folder = match place {
        // What a shell completes starts where the shell is.
        Place::Flag(_) => Path::new(""),
        Place::Variable(_) | Place::File { .. } | Place::Project(_) | Place::Default => {
            folders.of(&place)
        }
    };
    let file = layers.one("discovery.cookie_file", |text| {
        or("auto", text, |text| file(text, folder, home))
    });
    file.map(|file| (file, place))
}

fn tls(layers: &mut Layers, folders: &Folders, home: Option<&str>) -> Option<(TlsFiles, Place)> {
    let mut path = |name| {
        let place = layers.place(name).clone();
        let folder = folders.of(&place).to_owned();
        let path = layers.one(name, |text| {
            or("none", text, |text| file(text, &folder, home))
        });
        path.map(|path| (path, place))
    };
    let cert = path("discovery.tls.cert");
    let key = path("discovery.tls.key");
    let ca = path("discovery.tls.ca");
    let missing = |place: &Place, missing: &str| {
        Problem::new(
            place,
            format!("[discovery.tls] needs \"{missing}\" besides"),
        )
    };
    let identity = match (cert, key) {
        (Some((cert, place)), Some((key, _))) => Some((cert, key, place)),
        (Some((_, place)), None) => {
            layers.problems.push(missing(&place, "key"));
            None
        }
        (None, Some((_, place))) => {
            layers.problems.push(missing(&place, "cert"));
            None
        }
        (None, None) => None,
    };
    match (ca, identity) {
        (Some((ca, place)), identity) => {
            let identity = identity.map(|(cert, key, _)| (cert, key));
            Some((TlsFiles { ca, identity }, place))
        }
        (None, Some((_, _, place))) => {
            layers.problems.push(missing(&place, "ca"));
            None
        }
        (None, None) => None,
    }
}

/// A file's path; `~` is the home folder, as in `~/.erlang.cookie`.
fn file(text: &str, folder: &Path, home: Option<&str>) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("a file's path is expected".to_owned());
    }
    match text.strip_prefix("~/") {
        Some(rest) => match home {
            Some(home) => Ok(Path::new(home).join(rest)),
            None => Err(format!(
                "\"{text}\": nobody says where home is (HOME is not set)"
            )),
        },
        None => Ok(folder.join(text)),
    }
}
