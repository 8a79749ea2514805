//! The operator's settings: flags, environment and `mesh-router.toml`, checked.
//!
//! Every layer is turned into words first, the stronger replacing the weaker; then each key is
//! parsed once, by the same rules wherever it was written.

mod address;
mod environment;
mod file;
mod fixed;
mod key;
mod place;
mod units;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use discovery::StaticRoute;
use proxy::ListenAddress;
use routes::{
    Address, ForwardedProto, Limits, Mode, Settings, Subdomains, Timeouts, TrustedProxies,
};

use file::{File, Word};

pub(crate) use environment::Environment;
pub(crate) use key::nearest;
pub(crate) use place::{Place, Problem, Problems};

#[cfg(test)]
mod tests;

/// The file's name where nobody says otherwise.
pub(crate) const FILE_NAME: &str = "mesh-router.toml";

/// Bytes that `mesh-router.toml` may have.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;

/// Threads that forward, at most.
const WORKERS_MAX: usize = 1024;

const SUBDOMAINS: &[(&str, Subdomains)] = &[
    ("one", Subdomains::One),
    ("any", Subdomains::Any),
    ("none", Subdomains::None),
];

/// What was written, before any of it is checked.
#[derive(Debug, Default)]
pub(crate) struct Written<'a> {
    /// Flags: key, the flag's name, its values.
    pub(crate) flags: Vec<(&'static str, &'static str, Vec<String>)>,
    /// The process's environment.
    pub(crate) environment: Option<&'a Environment>,
    /// `mesh-router.toml`: its name for messages, its folder, its text.
    pub(crate) file: Option<WrittenFile>,
}

/// A configuration file that was read.
#[derive(Clone, Debug)]
pub(crate) struct WrittenFile {
    /// The file as the user would name it.
    pub(crate) name: String,
    /// Relative paths in it start here.
    pub(crate) folder: PathBuf,
    /// What it says.
    pub(crate) text: String,
}

/// The configuration, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where to listen; `None`: a free port is chosen.
    pub(crate) listen: Option<Vec<Listen>>,
    /// Event loops; `None`: one for each core.
    pub(crate) workers: Option<usize>,
    /// The mode said outright.
    pub(crate) mode: Option<Mode>,
    /// The service that gets unknown hosts.
    pub(crate) default_service: Option<String>,
    /// Where the access log goes.
    pub(crate) access: Access,
    /// Whether the project's config files are read.
    pub(crate) discover: bool,
    /// Development names stand below it.
    pub(crate) domain: String,
    /// The policy of discovered hosts.
    pub(crate) subdomains: Subdomains,
    /// The routes by hand.
    pub(crate) fixed: Vec<StaticRoute>,
    /// Every key as it holds, and where that was written.
    pub(crate) effective: Vec<Effective>,
    limits: Limits,
    timeouts: Timeouts,
    /// Nobody set `timeouts.response`, so development does without it.
    response_unset: bool,
    trusted_proxies: TrustedProxies,
    forwarded_proto: ForwardedProto,
    health_path: Option<String>,
}

/// An address to listen on, and where it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// The address.
    pub(crate) address: ListenAddress,
    /// Where it was written.
    pub(crate) place: Place,
}

/// Where the access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file.
    File(PathBuf),
}

/// A key as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effective {
    /// The key's path.
    pub(crate) key: &'static str,
    /// Its value as written.
    pub(crate) value: String,
    /// Where that was written.
    pub(crate) place: Place,
}

impl Config {
    /// Checks what was written.
    pub(crate) fn check(written: &Written<'_>) -> Result<Self, Problems> {
        let file = written.file.as_ref();
        let folder = file.map(|file| file.folder.clone()).unwrap_or_default();
        let mut file = file
            .map(|file| File::parse(&file.name, &file.text))
            .unwrap_or_default();
        let mut words = std::mem::take(&mut file.words);
        for key in key::KEYS {
            let variable = key::variable(key.name);
            if let Some(text) = written.environment.and_then(|vars| vars.get(&variable)) {
                words.insert(key.name, split(text, &Place::Variable(variable)));
            }
        }
        for (key, flag, values) in &written.flags {
            let place = Place::Flag(flag);
            words.insert(
                key,
                values.iter().flat_map(|text| split(text, &place)).collect(),
            );
        }
        let mut keys = Keys {
            words,
            folder,
            problems: file.problems,
            effective: Vec::new(),
        };
        let config = keys.config(&file.routes);
        match keys.problems.is_empty() {
            true => Ok(Self {
                effective: keys.effective,
                ..config
            }),
            false => Err(Problems(keys.problems)),
        }
    }

    /// The settings that hold in `mode`.
    pub(crate) fn settings(&self, mode: Mode) -> Settings {
        let mut timeouts = self.timeouts.clone();
        if self.response_unset && mode == Mode::Development {
            // A debugger (`IEx.pry`) may hold a request for as long as its user thinks.
            timeouts.response = None;
        }
        Settings {
            mode,
            limits: self.limits.clone(),
            timeouts,
            trusted_proxies: self.trusted_proxies.clone(),
            forwarded_proto: self.forwarded_proto,
            health_path: self.health_path.clone(),
        }
    }
}

/// The words of all keys, taken one key after the other.
struct Keys {
    words: BTreeMap<&'static str, Vec<Word>>,
    folder: PathBuf,
    problems: Vec<Problem>,
    effective: Vec<Effective>,
}

impl Keys {
    fn config(&mut self, routes: &[file::Table]) -> Config {
        let folder = self.folder.clone();
        let subdomains = self.one("defaults.subdomains", |text| units::word(text, SUBDOMAINS));
        let response_unset = !self.words.contains_key("timeouts.response");
        Config {
            listen: self.listen(),
            workers: self.one("workers", |text| or("auto", text, workers)),
            mode: self.one("mode", |text| {
                let words = [
                    ("auto", None),
                    ("development", Some(Mode::Development)),
                    ("production", Some(Mode::Production)),
                ];
                units::word(text, &words)
            }),
            trusted_proxies: TrustedProxies(
                self.many("trusted_proxies", address::networks).concat(),
            ),
            forwarded_proto: self.one("forwarded_proto", |text| {
                let words = [
                    ("auto", ForwardedProto::Auto),
                    ("http", ForwardedProto::Http),
                    ("https", ForwardedProto::Https),
                ];
                units::word(text, &words)
            }),
            default_service: self.one("default_service", |text| {
                or("none", text, |name| Ok(name.to_owned()))
            }),
            access: self.one("log.access", |text| access(text, &folder)),
            health_path: self.one("health.path", address::request_path),
            discover: !self.many("discovery.sources", source).is_empty(),
            domain: self.one("development.domain", address::domain),
            subdomains,
            limits: self.limits(),
            timeouts: self.timeouts(),
            response_unset,
            fixed: fixed::routes(routes, subdomains, &folder, &mut self.problems),
            effective: Vec::new(),
        }
    }

    fn listen(&mut self) -> Option<Vec<Listen>> {
        let folder = self.folder.clone();
        let places: Vec<Place> = match self.words.get("listen") {
            Some(words) => words.iter().map(|word| word.place.clone()).collect(),
            None => Vec::new(),
        };
        let addresses = self.many("listen", |text| {
            or("auto", text, |text| address::address(text, &folder))
        });
        let listen: Option<Vec<Listen>> = addresses
            .into_iter()
            .zip(places)
            .map(|(address, place)| {
                address.map(|address| Listen {
                    address: listening(address),
                    place,
                })
            })
            .collect();
        listen.filter(|addresses| !addresses.is_empty())
    }

    fn limits(&mut self) -> Limits {
        Limits {
            head: self.one("limits.head", head),
            headers: self.one("limits.headers", units::count),
            uri: self.one("limits.uri", head),
            body: self.one("limits.body", |text| or("none", text, units::size)),
            connections: self.one("limits.connections", units::count),
            services: self.one("limits.services", units::count),
        }
    }

    fn timeouts(&mut self) -> Timeouts {
        Timeouts {
            head: self.one("timeouts.head", units::wait),
            body: self.one("timeouts.body", units::wait),
            connect: self.one("timeouts.connect", units::wait),
            response: self.one("timeouts.response", |text| or("none", text, units::wait)),
            idle: self.one("timeouts.idle", units::wait),
            upstream_idle: self.one("timeouts.upstream_idle", |text| {
                or("auto", text, units::wait)
            }),
            stream_idle: self.one("timeouts.stream_idle", |text| or("none", text, units::wait)),
            websocket_idle: self.one("timeouts.websocket_idle", |text| {
                or("none", text, units::wait)
            }),
            shutdown_delay: self.one("timeouts.shutdown_delay", units::duration),
            drain: self.one("timeouts.drain", units::duration),
        }
    }

    /// Parses the one value of `key`; a bad one is noted, and its default stands in for it.
    fn one<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let words = self.take(key);
        if let [_, second, ..] = words.as_slice() {
            self.problems.push(Problem::new(
                &second.place,
                format!("\"{key}\" has one value only"),
            ));
        }
        let parsed = words.first().map(|word| (parse(&word.text), &word.place));
        match parsed {
            Some((Ok(value), _)) => return value,
            Some((Err(message), place)) => self.problems.push(Problem::new(place, message)),
            None => {}
        }
        let default = key::find(key).expect("keys asked for are in KEYS").default;
        parse(default).expect("defaults are valid, by test")
    }

    /// Parses every value of `key`; bad ones are noted and left out.
    fn many<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut values = Vec::new();
        for word in self.take(key) {
            match parse(&word.text) {
                Ok(value) => values.push(value),
                Err(message) => self.problems.push(Problem::new(&word.place, message)),
            }
        }
        values
    }

    /// Takes the words of `key`, those of its default where nobody wrote any, and notes them.
    fn take(&mut self, key: &'static str) -> Vec<Word> {
        let default = key::find(key).expect("keys asked for are in KEYS").default;
        let words = self
            .words
            .remove(key)
            .unwrap_or_else(|| split(default, &Place::Default));
        let value = words
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let place = words
            .first()
            .map_or(Place::Default, |word| word.place.clone());
        self.effective.push(Effective { key, value, place });
        words
    }
}

/// Splits a list written on one line; an empty text is an empty list.
fn split(text: &str, place: &Place) -> Vec<Word> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| Word {
            text: word.to_owned(),
            place: place.clone(),
        })
        .collect()
}

/// Parses a value that may also be the word that stands for none.
fn or<T>(
    none: &str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text == none {
        return Ok(None);
    }
    parse(text)
        .map(Some)
        .map_err(|message| format!("{message}, or \"{none}\""))
}

fn workers(text: &str) -> Result<usize, String> {
    match units::count(text)? {
        count if count > WORKERS_MAX => Err(format!("\"{text}\" is more than {WORKERS_MAX}")),
        count => Ok(count),
    }
}

/// Parses a bound on a part of a head: it is held in memory whole.
fn head(text: &str) -> Result<usize, String> {
    /// Less would refuse honest requests.
    const MIN: u64 = 256;
    /// A head is gathered before it is parsed.
    const MAX: u64 = 1 << 20;
    match units::size(text)? {
        bytes if bytes < MIN => Err(format!("\"{text}\" is less than {MIN}B")),
        bytes if bytes > MAX => Err(format!("\"{text}\" is more than 1MiB")),
        bytes => usize::try_from(bytes).map_err(|_| format!("\"{text}\" is too large a number")),
    }
}

fn access(text: &str, folder: &Path) -> Result<Access, String> {
    match text {
        "off" => Ok(Access::Off),
        "stdout" => Ok(Access::Stdout),
        "stderr" => Ok(Access::Stderr),
        _ if text.contains(['/', '.']) => Ok(Access::File(folder.join(text))),
        _ => Err(match nearest(text, ["stdout", "stderr", "off"]) {
            Some(near) => format!("unknown destination \"{text}\", did you mean \"{near}\"?"),
            None => format!("\"{text}\" is neither stdout, stderr, off nor a file's path"),
        }),
    }
}

fn source(text: &str) -> Result<(), String> {
    match text {
        "config" => Ok(()),
        "release" | "node" | "package" => Err(format!(
            "source \"{text}\" is not known in this version of mesh-router, write \"config\""
        )),
        _ => Err(format!("unknown source \"{text}\", known: \"config\"")),
    }
}

fn listening(address: Address) -> ListenAddress {
    match address {
        Address::Tcp(address) => ListenAddress::Tcp(address),
        Address::Unix(path) => ListenAddress::Unix(path),
    }
}
