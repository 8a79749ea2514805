//! Every key of `mesh-router.toml` that this version knows.

/// A key outside `[routes]`, and what holds where nobody sets it.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path: `listen`, `limits.head`.
    pub(crate) name: &'static str,
    /// Its default, written as it would be in the environment.
    pub(crate) default: &'static str,
}

/// Everything that can be set outside `[routes]`, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "listen",
        default: "auto",
    },
    Key {
        name: "workers",
        default: "auto",
    },
    Key {
        name: "mode",
        default: "auto",
    },
    Key {
        name: "trusted_proxies",
        default: "loopback,private",
    },
    Key {
        name: "forwarded_proto",
        default: "auto",
    },
    Key {
        name: "default_service",
        default: "none",
    },
    Key {
        name: "log.access",
        default: "stdout",
    },
    Key {
        name: "health.path",
        default: "off",
    },
    Key {
        name: "discovery.sources",
        default: "config",
    },
    Key {
        name: "development.domain",
        default: "localhost",
    },
    Key {
        name: "defaults.subdomains",
        default: "one",
    },
    Key {
        name: "limits.head",
        default: "64KiB",
    },
    Key {
        name: "limits.headers",
        default: "200",
    },
    Key {
        name: "limits.uri",
        default: "16KiB",
    },
    Key {
        name: "limits.body",
        default: "none",
    },
    Key {
        name: "limits.connections",
        default: "65536",
    },
    Key {
        name: "limits.services",
        default: "4096",
    },
    Key {
        name: "timeouts.head",
        default: "10s",
    },
    Key {
        name: "timeouts.body",
        default: "60s",
    },
    Key {
        name: "timeouts.connect",
        default: "2s",
    },
    Key {
        name: "timeouts.response",
        default: "60s",
    },
    Key {
        name: "timeouts.idle",
        default: "75s",
    },
    Key {
        name: "timeouts.upstream_idle",
        default: "auto",
    },
    Key {
        name: "timeouts.stream_idle",
        default: "none",
    },
    Key {
        name: "timeouts.websocket_idle",
        default: "120s",
    },
    Key {
        name: "timeouts.shutdown_delay",
        default: "0s",
    },
    Key {
        name: "timeouts.drain",
        default: "45s",
    },
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
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
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
