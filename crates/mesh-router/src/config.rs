//! The operator's settings: flags, environment, `mesh-router.toml` and the project's own config, checked.
//!
//! Every layer is turned into words first, the stronger replacing the weaker; then each key is
//! parsed once, by the same rules wherever it was written.

mod address;
mod code;
mod environment;
mod file;
mod fixed;
mod key;
mod keywords;
mod layers;
mod nodes;
mod place;
mod units;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use discovery::StaticRoute;
use proxy::ListenAddress;
use routes::{
    Address, ForwardedProto, Host, Limits, Mode, Prefer, Settings, Source, Subdomains, Timeouts,
    TrustedProxies,
};

use file::{File, Table};
use keywords::Keywords;
use layers::Layers;

pub(crate) use address::address;
pub(crate) use environment::Environment;
pub(crate) use key::nearest;
pub(crate) use keywords::Said;
pub(crate) use nodes::{Nodes, TlsFiles};
pub(crate) use place::{Place, Problem, Problems};
pub(crate) use units::wait as positive_duration;

#[cfg(test)]
mod tests;

/// The file's name where nobody says otherwise.
pub(crate) const FILE_NAME: &str = "mesh-router.toml";

/// Bytes that `mesh-router.toml` may have.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;

/// How long development waits for a service that was up within the last minute: a project that is
/// compiled anew takes that long.
const DEVELOPMENT_HOLD: Duration = Duration::from_secs(30);

/// Threads that forward, at most.
const WORKERS_MAX: usize = 1024;

const SUBDOMAINS: &[(&str, Subdomains)] = &[
    ("one", Subdomains::One),
    ("any", Subdomains::Any),
    ("none", Subdomains::None),
];

const SOURCES: &[(&str, Source)] = &[
    ("config", Source::Config),
    ("release", Source::Release),
    ("node", Source::Node),
    ("package", Source::Package),
];

const PREFERENCES: &[(&str, Prefer)] = &[("any", Prefer::Any), ("local", Prefer::Local)];

const MODES: &[(&str, Option<Mode>)] = &[
    ("auto", None),
    ("development", Some(Mode::Development)),
    ("production", Some(Mode::Production)),
];

const PROTOS: &[(&str, ForwardedProto)] = &[
    ("auto", ForwardedProto::Auto),
    ("http", ForwardedProto::Http),
    ("https", ForwardedProto::Https),
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
    /// `config :ex_service_mesh_router, …`.
    pub(crate) project: Option<&'a Said>,
    /// A VM started us, and what it says is all there is of a project.
    pub(crate) is_child: bool,
}

/// Where relative paths start.
#[derive(Debug, Default)]
struct Folders {
    /// Those of `mesh-router.toml`, and of variables and flags where there is one.
    file: PathBuf,
    /// Those of the project's config.
    project: PathBuf,
}

impl Folders {
    fn of(&self, place: &Place) -> &Path {
        match place {
            Place::Project(_) => &self.project,
            Place::Flag(_) | Place::Variable(_) | Place::File { .. } | Place::Default => &self.file,
        }
    }
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
    /// Where the admin listener is; `None`: nowhere. Its place is the default's where nobody asked.
    pub(crate) admin: Option<Listen>,
    /// Where the health listener is; `None`: nowhere.
    pub(crate) health: Option<Listen>,
    /// What is read of what is found.
    pub(crate) discover: Discover,
    /// Where VMs connect that report by themselves; `None`: nowhere.
    pub(crate) package: Option<Listen>,
    /// The running nodes that are followed; `None`: none are.
    pub(crate) nodes: Option<Nodes>,
    /// How long a service without upstreams stays in the table.
    pub(crate) forget: Duration,
    /// Development names stand below it.
    pub(crate) domain: String,
    /// The policy of discovered hosts.
    pub(crate) subdomains: Subdomains,
    /// Which of a service's upstreams are chosen first.
    pub(crate) prefer: Prefer,
    /// The codes of findings that the doctor leaves out.
    pub(crate) ignored: Vec<&'static str>,
    /// The routes by hand.
    pub(crate) fixed: Vec<StaticRoute>,
    /// Every key as it holds, and where that was written.
    pub(crate) effective: Vec<Effective>,
    limits: Limits,
    timeouts: Timeouts,
    /// Nobody set `timeouts.response`, so development does without it.
    response_unset: bool,
    /// Nobody set `timeouts.hold`, so development waits longer for a restart.
    hold_unset: bool,
    trusted_proxies: TrustedProxies,
    forwarded_proto: ForwardedProto,
    proxy_protocol: bool,
    health_path: Option<String>,
}

/// The ways of discovery that are taken where they lead somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Discover {
    /// A project's own config files.
    pub(crate) sources: bool,
    /// A release.
    pub(crate) releases: bool,
}

impl Discover {
    /// Returns whether there is any.
    pub(crate) fn any(self) -> bool {
        self.sources || self.releases
    }
}

/// An address to listen on, and where it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// The address.
    pub(crate) address: ListenAddress,
    /// Where it was written.
    pub(crate) place: Place,
}

impl Listen {
    /// Returns whether somebody wrote it.
    pub(crate) fn is_asked(&self) -> bool {
        self.place != Place::Default
    }
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
    /// Reads what was written, and what is wrong with it: there the default stands in.
    pub(crate) fn read(written: &Written<'_>) -> (Self, Option<Problems>) {
        let file = written.file.as_ref();
        let project = written.project;
        let folders = Folders {
            file: file.map(|file| file.folder.clone()).unwrap_or_default(),
            project: project.map(|said| said.root.clone()).unwrap_or_default(),
        };
        let file = file.map(|file| File::parse(&file.name, &file.text));
        let mut file = file.unwrap_or_default();
        let keywords = project.map(Keywords::parse).unwrap_or_default();
        file.problems.extend(keywords.problems);
        let host = |table: &Table| address::host(&table.host.text).ok();
        let by_file: BTreeSet<Host> = file.routes.iter().filter_map(host).collect();
        for route in keywords.routes {
            // A route of `mesh-router.toml` takes the place of one of the project's.
            if host(&route.table).is_some_and(|host| by_file.contains(&host)) {
                continue;
            }
            match route.problems.is_empty() {
                true => file.routes.push(route.table),
                false => file.problems.extend(route.problems),
            }
        }
        let mut layers = Layers::new(keywords.words, file.words, file.problems, written);
        let mut config = compose(&mut layers, &file.routes, &folders, written);
        config.effective = layers.effective;
        let mut problems = layers.problems;
        problems.extend(doubles(&config));
        config
            .effective
            .sort_by_key(|it| key::KEYS.iter().position(|key| key.name == it.key));
        // People read a file from its top; flags and variables come before it.
        problems.sort_by(|a, b| a.place.order().cmp(&b.place.order()));
        let problems = Some(problems).filter(|it| !it.is_empty());
        (config, problems.map(Problems))
    }

    /// Where a key was written.
    pub(crate) fn written(&self, key: &str) -> String {
        let found = self.effective.iter().find(|it| it.key == key);
        found.map(|it| it.place.to_string()).unwrap_or_default()
    }

    /// How many client connections are to be allowed in all, where somebody says so.
    pub(crate) fn asked_connections(&self) -> Option<usize> {
        let key = "limits.connections";
        let setting = self.effective.iter().find(|setting| setting.key == key);
        let is_asked = setting.is_some_and(|setting| setting.place != Place::Default);
        is_asked.then_some(self.limits.connections)
    }

    /// The settings that hold in `mode`, on a machine whose addresses are not asked for.
    pub(crate) fn settings(&self, mode: Mode) -> Settings {
        let mut timeouts = self.timeouts.clone();
        if self.response_unset && mode == Mode::Development {
            // A debugger (`IEx.pry`) may hold a request for as long as its user thinks.
            timeouts.response = None;
        }
        if self.hold_unset && mode == Mode::Development {
            timeouts.hold_restart = DEVELOPMENT_HOLD;
        }
        Settings {
            mode,
            limits: self.limits.clone(),
            timeouts,
            trusted_proxies: self.trusted_proxies.clone(),
            forwarded_proto: self.forwarded_proto,
            proxy_protocol: self.proxy_protocol,
            prefer: self.prefer,
            machine: Vec::new(),
            health_path: self.health_path.clone(),
        }
    }
}

/// Takes every key.
fn compose(
    layers: &mut Layers,
    routes: &[Table],
    folders: &Folders,
    written: &Written<'_>,
) -> Config {
    let subdomains = layers.one("defaults.subdomains", |text| units::word(text, SUBDOMAINS));
    let fixed = fixed::routes(routes, subdomains, folders, &mut layers.problems);
    let log_folder = folders.of(layers.place("log.access")).to_owned();
    let networks = layers.many("trusted_proxies", address::networks);
    let sources = discover(layers, written.is_child);
    let package = door(layers, "discovery.package", folders, unix);
    check_package(layers, &sources, package.as_ref());
    let forget = layers.one("discovery.forget", units::wait);
    Config {
        response_unset: !layers.is_set("timeouts.response"),
        hold_unset: !layers.is_set("timeouts.hold"),
        listen: listen(layers, folders),
        admin: door(layers, "admin.listen", folders, local),
        health: door(layers, "health.listen", folders, Ok),
        workers: layers.one("workers", |text| or("auto", text, workers)),
        mode: layers.one("mode", |text| units::word(text, MODES)),
        trusted_proxies: TrustedProxies(networks.into_iter().flat_map(|(nets, _)| nets).collect()),
        forwarded_proto: layers.one("forwarded_proto", |text| units::word(text, PROTOS)),
        proxy_protocol: layers.one("proxy_protocol", |text| units::word(text, units::SWITCH)),
        default_service: layers.one("default_service", |text| {
            or("none", text, |name| Ok(name.to_owned()))
        }),
        access: access_log(layers, &log_folder, written.is_child),
        health_path: layers.one("health.path", address::request_path),
        discover: sources.discover,
        package,
        nodes: nodes::nodes(layers, &sources, folders, written.environment, forget),
        forget,
        domain: layers.one("development.domain", address::domain),
        subdomains,
        prefer: layers.one("defaults.prefer", |text| units::word(text, PREFERENCES)),
        ignored: ignored(layers),
        limits: limits(layers),
        timeouts: timeouts(layers),
        fixed,
        effective: Vec::new(),
    }
}

fn listen(layers: &mut Layers, folders: &Folders) -> Option<Vec<Listen>> {
    let folder = folders.of(layers.place("listen")).to_owned();
    let parse = |text: &str| or("auto", text, |text| address(text, &folder));
    let asked = layers.many("listen", parse);
    let (_, last) = asked.last()?;
    let is_auto = asked.iter().any(|(address, _)| address.is_none());
    if is_auto && asked.len() > 1 {
        layers
            .problems
            .push(Problem::new(last, "\"auto\" stands alone, or leave it out"));
    }
    let listen = |(address, place): (Option<Address>, Place)| {
        Some(Listen {
            address: listening(address?),
            place,
        })
    };
    // A lone `auto` gives `None`: nothing was asked for.
    asked.into_iter().map(listen).collect()
}

/// Takes a key that has one address, or `off`.
fn door(
    layers: &mut Layers,
    name: &'static str,
    folders: &Folders,
    check: impl Fn(ListenAddress) -> Result<ListenAddress, String>,
) -> Option<Listen> {
    let place = layers.place(name).clone();
    let folder = folders.of(&place).to_owned();
    let parse = |text: &str| check(listening(address(text, &folder)?));
    let address = layers.one(name, |text| or("off", text, parse))?;
    Some(Listen { address, place })
}

/// Admin asks nobody who they are, so it is for this machine alone.
fn local(address: ListenAddress) -> Result<ListenAddress, String> {
    match admin::is_local(&address) {
        true => Ok(address),
        false => Err(format!(
            "\"{address}\" is open to other machines, and whoever reaches the admin listener may ask \
             for anything; write a loopback address such as \"127.0.0.1:9900\", or \"unix:/path\" \
             (for probes from elsewhere there is [health] listen)"
        )),
    }
}

/// What VMs report is believed, so who connects must be ours: the system asks, at the socket's file.
fn unix(address: ListenAddress) -> Result<ListenAddress, String> {
    match address {
        ListenAddress::Unix(_) => Ok(address),
        ListenAddress::Tcp(_) => Err(format!(
            "\"{address}\" is no Unix socket, write \"unix:/run/mesh-router/vm.sock\""
        )),
    }
}

/// Finds the listeners that want one address: only one of them could have it.
fn doubles(config: &Config) -> Vec<Problem> {
    let asked = config.listen.iter().flatten().map(|it| ("listen", it));
    let admin = config.admin.iter().map(|it| ("admin.listen", it));
    let health = config.health.iter().map(|it| ("health.listen", it));
    // Where nobody asked for admin's address, admin does without.
    let admin = admin.filter(|(_, it)| it.is_asked());
    let package = config.package.iter().map(|it| ("discovery.package", it));
    let all: Vec<(&str, &Listen)> = asked.chain(admin).chain(health).chain(package).collect();
    let mut problems = Vec::new();
    for (index, (_, listen)) in all.iter().enumerate() {
        let is_any = matches!(listen.address, ListenAddress::Tcp(it) if it.port() == 0);
        let other = all[..index]
            .iter()
            .find(|(_, it)| it.address == listen.address);
        if let (Some((key, other)), false) = (other, is_any) {
            let (address, place) = (&listen.address, &other.place);
            let message = format!("{address} is asked for twice, also by \"{key}\" ({place})");
            problems.push(Problem::new(&listen.place, message));
        }
    }
    problems
}

fn limits(layers: &mut Layers) -> Limits {
    Limits {
        head: layers.one("limits.head", head),
        headers: layers.one("limits.headers", units::count),
        uri: layers.one("limits.uri", head),
        body: layers.one("limits.body", |text| or("none", text, units::size)),
        connections: layers.one("limits.connections", units::count),
        connections_per_client: layers.one("limits.connections_per_client", |text| {
            or("none", text, units::count)
        }),
        services: layers.one("limits.services", units::count),
        in_flight: layers.one("limits.in_flight", |text| or("none", text, units::count)),
        held: layers.one("limits.held", units::count),
        upgrades: layers.one("limits.upgrades", |text| or("none", text, upgrades)),
    }
}

fn timeouts(layers: &mut Layers) -> Timeouts {
    let optional = |text: &str| or("none", text, units::wait);
    let hold = layers.one("timeouts.hold", units::duration);
    Timeouts {
        head: layers.one("timeouts.head", units::wait),
        body: layers.one("timeouts.body", units::wait),
        connect: layers.one("timeouts.connect", units::wait),
        response: layers.one("timeouts.response", optional),
        idle: layers.one("timeouts.idle", units::wait),
        upstream_idle: layers.one("timeouts.upstream_idle", |text| {
            or("auto", text, units::wait)
        }),
        stream_idle: layers.one("timeouts.stream_idle", optional),
        websocket_idle: layers.one("timeouts.websocket_idle", optional),
        hold,
        hold_restart: hold,
        shutdown_delay: layers.one("timeouts.shutdown_delay", units::duration),
        drain: layers.one("timeouts.drain", units::duration),
    }
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

fn upgrades(text: &str) -> Result<u32, String> {
    u32::try_from(units::count(text)?).map_err(|_| format!("\"{text}\" is too large a number"))
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

/// Takes where the access log goes. To a VM that started us standard output carries frames.
fn access_log(layers: &mut Layers, folder: &Path, is_child: bool) -> Access {
    let place = layers.place("log.access").clone();
    let is_set = layers.is_set("log.access");
    let access = layers.one("log.access", |text| access(text, folder));
    if !is_child || access != Access::Stdout {
        return access;
    }
    if is_set {
        let message =
            "standard output carries messages to the VM here, write stderr, off or a file's path";
        layers.problems.push(Problem::new(&place, message));
    }
    Access::Off
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

/// The ways of discovery that are asked for.
#[derive(Clone, Debug)]
struct Sources {
    /// Where that is written.
    place: Place,
    discover: Discover,
    nodes: bool,
    package: bool,
}

/// Takes the ways of discovery. What started us reports what runs, so its files are not read.
fn discover(layers: &mut Layers, is_child: bool) -> Sources {
    let place = layers.place("discovery.sources").clone();
    let sources = layers.many("discovery.sources", |text| units::word(text, SOURCES));
    let has = |wanted: Source| sources.iter().any(|(source, _)| *source == wanted);
    Sources {
        place,
        discover: Discover {
            sources: has(Source::Config) && !is_child,
            releases: has(Source::Release) && !is_child,
        },
        nodes: has(Source::Node),
        package: has(Source::Package),
    }
}

/// Says that VMs have a door, and what they report is not asked for.
fn check_package(layers: &mut Layers, sources: &Sources, package: Option<&Listen>) {
    if let (Some(listen), false) = (package, sources.package) {
        let place = &listen.place;
        let message = format!(
            "\"discovery.package\" is set ({place}), and \"package\" is not among the sources"
        );
        layers.problems.push(Problem::new(&sources.place, message));
    }
}

fn ignored(layers: &mut Layers) -> Vec<&'static str> {
    let codes = layers.many("doctor.ignore", code::find);
    codes.into_iter().filter_map(|(code, _)| code).collect()
}

/// The same address, to listen on.
pub(crate) fn listening(address: Address) -> ListenAddress {
    match address {
        Address::Tcp(address) => ListenAddress::Tcp(address),
        Address::Unix(path) => ListenAddress::Unix(path),
    }
}
