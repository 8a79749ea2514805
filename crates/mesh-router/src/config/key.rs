//! Every key of `mesh-router.toml` that this version knows.

/// A key outside `[routes]`, and what holds where nobody sets it.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path: `listen`, `limits.head`.
    pub(crate) name: &'static str,
    /// Its default, written as it would be in the environment.
    pub(crate) default: &'static str,
    /// It may have several values: an array in the file, commas in the environment.
    pub(crate) is_list: bool,
}

impl Key {
    const fn one(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default,
            is_list: false,
        }
    }

    const fn list(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default,
            is_list: true,
        }
    }
}

/// Everything that can be set outside `[routes]`, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    Key::list("listen", "auto"),
    Key::one("workers", "auto"),
    Key::one("mode", "auto"),
    Key::list("trusted_proxies", "loopback,private"),
    Key::one("forwarded_proto", "auto"),
    Key::one("default_service", "none"),
    Key::one("log.access", "stdout"),
    Key::one("health.path", "off"),
    Key::list("discovery.sources", "config"),
    Key::one("development.domain", "localhost"),
    Key::one("defaults.subdomains", "one"),
    Key::one("limits.head", "64KiB"),
    Key::one("limits.headers", "200"),
    Key::one("limits.uri", "16KiB"),
    Key::one("limits.body", "none"),
    Key::one("limits.connections", "65536"),
    Key::one("limits.services", "4096"),
    Key::one("timeouts.head", "10s"),
    Key::one("timeouts.body", "60s"),
    Key::one("timeouts.connect", "2s"),
    Key::one("timeouts.response", "60s"),
    Key::one("timeouts.idle", "75s"),
    Key::one("timeouts.upstream_idle", "auto"),
    Key::one("timeouts.stream_idle", "none"),
    Key::one("timeouts.websocket_idle", "120s"),
    Key::one("timeouts.shutdown_delay", "0s"),
    Key::one("timeouts.drain", "45s"),
];

/// The variables that stand for no key: how much is logged, and flags that say where to read.
pub(crate) const VARIABLES: &[&str] = &[
    "MESH_ROUTER_LOG",
    "MESH_ROUTER_ROOT",
    "MESH_ROUTER_ENV",
    "MESH_ROUTER_ENV_FILE",
    "MESH_ROUTER_CONFIG",
];

/// The keys of one `[routes."host"]` table.
pub(crate) const ROUTE_KEYS: &[&str] = &["endpoint", "upstreams", "subdomains"];

/// The table of routes by hand: `[routes."auth.example.com"]`.
pub(crate) const ROUTES: &str = "routes";

/// Keys that other versions know: named so that nobody hunts for a misspelling.
const ELSEWHERE: &[&str] = &[
    "proxy_protocol",
    "admin",
    "admin.listen",
    "health.listen",
    "discovery.nodes",
    "discovery.cookie_file",
    "discovery.forget",
    "limits.connections_per_client",
    "limits.held",
    "timeouts.hold",
];

/// Returns the key of that path.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == path)
}

/// Returns whether `path` is a section, such as `limits`.
pub(crate) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| section(key.name) == Some(path))
}

/// Returns the environment variable of a key: `MESH_ROUTER_LIMITS_HEAD`.
pub(crate) fn variable(name: &str) -> String {
    format!(
        "MESH_ROUTER_{}",
        name.replace('.', "_").to_ascii_uppercase()
    )
}

/// Says what is wrong with a path that isn't a key, and what may have been meant.
pub(crate) fn unknown(path: &str) -> String {
    let within = section(path);
    let shown = leaf(path);
    let place = within
        .map(|name| format!(" in [{name}]"))
        .unwrap_or_default();
    if ELSEWHERE.contains(&path) {
        return format!("key \"{shown}\"{place} is not known in this version of mesh-router");
    }
    let start = format!("unknown key \"{shown}\"{place}");
    if let Some(nearest) = nearest(shown, siblings(within)) {
        return format!("{start}, did you mean \"{nearest}\"?");
    }
    match KEYS.iter().find(|key| leaf(key.name) == shown) {
        Some(Key { name, .. }) => match section(name) {
            Some(other) => format!("{start}, it belongs in [{other}]"),
            None => format!("{start}, it belongs at the top, before any [section]"),
        },
        None => start,
    }
}

/// Returns the candidate that `word` most resembles, if any does.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    /// Below this two words have too little in common for a suggestion to help.
    const ALIKE: f64 = 0.8;
    let word = word.to_ascii_lowercase();
    let likeness = |candidate: &str| strsim::jaro_winkler(&word, &candidate.to_ascii_lowercase());
    candidates
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// The words that may stand where `unknown` was met: a section's keys, or the top's keys and sections.
fn siblings(within: Option<&str>) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = match within {
        Some(_) => KEYS
            .iter()
            .filter(|key| section(key.name) == within)
            .map(|key| leaf(key.name))
            .collect(),
        None => KEYS
            .iter()
            .map(|key| section(key.name).unwrap_or(key.name))
            .chain([ROUTES])
            .collect(),
    };
    words.dedup();
    words
}

fn section(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(section, _)| section)
}

fn leaf(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, leaf)| leaf)
}
