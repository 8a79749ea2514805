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
    /// What an integer in the project's own config counts.
    pub(crate) measure: Measure,
    /// The word for none of it, which `false` and `:infinity` stand for in the project's own config.
    pub(crate) nothing: Option<&'static str>,
}

/// What a bare integer means where Elixir says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Itself.
    Word,
    /// Milliseconds.
    Time,
    /// Bytes.
    Size,
}

impl Measure {
    /// Writes an integer with its unit.
    pub(crate) fn written(self, number: i64) -> String {
        match self {
            Self::Word => number.to_string(),
            Self::Time => format!("{number}ms"),
            Self::Size => format!("{number}B"),
        }
    }
}

impl Key {
    const fn one(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default,
            is_list: false,
            measure: Measure::Word,
            nothing: None,
        }
    }

    const fn list(name: &'static str, default: &'static str) -> Self {
        Self {
            is_list: true,
            ..Self::one(name, default)
        }
    }

    const fn size(name: &'static str, default: &'static str) -> Self {
        Self {
            measure: Measure::Size,
            ..Self::one(name, default)
        }
    }

    const fn time(name: &'static str, default: &'static str) -> Self {
        Self {
            measure: Measure::Time,
            ..Self::one(name, default)
        }
    }

    const fn or(self, nothing: &'static str) -> Self {
        Self {
            nothing: Some(nothing),
            ..self
        }
    }

    /// Returns whether it stands in that section.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        section(self.name) == Some(name)
    }
}

/// Everything that can be set outside `[routes]`, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    Key::list("listen", "auto"),
    Key::one("workers", "auto"),
    Key::one("mode", "auto"),
    Key::list("trusted_proxies", "loopback,private").or("none"),
    Key::one("forwarded_proto", "auto"),
    Key::one("proxy_protocol", "false").or("false"),
    Key::one("default_service", "none").or("none"),
    Key::one("admin.listen", "127.0.0.1:9900").or("off"),
    Key::one("health.listen", "off").or("off"),
    Key::one("health.path", "off").or("off"),
    Key::one("log.access", "stdout").or("off"),
    Key::list("discovery.sources", "config,release,node,package"),
    Key::one("discovery.package", "off").or("off"),
    Key::list("discovery.nodes", "none").or("none"),
    Key::list("discovery.epmd", "none").or("none"),
    Key::one("discovery.query", "none").or("none"),
    Key::list("discovery.names", "*"),
    Key::one("discovery.follow", "true").or("false"),
    Key::one("discovery.cookie_file", "auto"),
    Key::one("discovery.name", "auto"),
    Key::time("discovery.forget", "10m"),
    Key::one("discovery.tls.cert", "none").or("none"),
    Key::one("discovery.tls.key", "none").or("none"),
    Key::one("discovery.tls.ca", "none").or("none"),
    Key::one("development.domain", "localhost"),
    Key::one("defaults.subdomains", "one").or("none"),
    Key::one("defaults.prefer", "any"),
    Key::list("doctor.ignore", "none").or("none"),
    Key::size("limits.head", "64KiB"),
    Key::one("limits.headers", "200"),
    Key::size("limits.uri", "16KiB"),
    Key::size("limits.body", "none").or("none"),
    Key::one("limits.connections", "65536"),
    Key::one("limits.connections_per_client", "none").or("none"),
    Key::one("limits.services", "4096"),
    Key::one("limits.in_flight", "none").or("none"),
    Key::one("limits.held", "1024"),
    Key::one("limits.upgrades", "500").or("none"),
    Key::time("timeouts.head", "10s"),
    Key::time("timeouts.body", "60s"),
    Key::time("timeouts.connect", "2s"),
    Key::time("timeouts.response", "60s").or("none"),
    Key::time("timeouts.idle", "75s"),
    Key::time("timeouts.upstream_idle", "auto"),
    Key::time("timeouts.stream_idle", "none").or("none"),
    Key::time("timeouts.websocket_idle", "120s").or("none"),
    Key::time("timeouts.hold", "5s"),
    Key::time("timeouts.shutdown_delay", "0s"),
    Key::time("timeouts.drain", "45s"),
];

/// The variables that stand for no key: how much is logged, flags that say where to read, and where
/// the Hex package finds this program.
pub(crate) const VARIABLES: &[&str] = &[
    "MESH_ROUTER_PATH",
    "MESH_ROUTER_LOG",
    "MESH_ROUTER_ROOT",
    "MESH_ROUTER_RELEASE",
    "MESH_ROUTER_ENV",
    "MESH_ROUTER_ENV_FILE",
    "MESH_ROUTER_CONFIG",
];

/// The keys of one `[routes."host"]` table.
pub(crate) const ROUTE_KEYS: &[&str] = &["endpoint", "upstreams", "subdomains"];

/// The table of routes by hand: `[routes."auth.example.com"]`.
pub(crate) const ROUTES: &str = "routes";

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

/// Says what is wrong with a path that isn't a key, and what may have been meant. `others` may stand
/// at the top too.
pub(crate) fn unknown(path: &str, others: impl IntoIterator<Item = &'static str>) -> String {
    let within = section(path);
    let shown = leaf(path);
    let place = within
        .map(|name| format!(" in [{name}]"))
        .unwrap_or_default();
    let start = format!("unknown key \"{shown}\"{place}");
    let others = others.into_iter().filter(|_| within.is_none());
    if let Some(nearest) = nearest(shown, siblings(within).into_iter().chain(others)) {
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

/// Says what is wrong with a route's key that is none.
pub(crate) fn unknown_in_route(name: &str) -> String {
    match nearest(name, ROUTE_KEYS.iter().copied()) {
        Some(near) => format!("unknown key \"{name}\" of a route, did you mean \"{near}\"?"),
        None => format!(
            "unknown key \"{name}\" of a route, known: {}",
            ROUTE_KEYS.join(", ")
        ),
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
        Some(within) => KEYS
            .iter()
            .filter_map(|key| key.name.strip_prefix(within)?.strip_prefix('.'))
            // Of a section within it the name.
            .filter_map(|rest| rest.split('.').next())
            .collect(),
        None => KEYS
            .iter()
            .filter_map(|key| key.name.split('.').next())
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
