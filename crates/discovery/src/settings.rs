//! `config :ex_service_mesh_router, …`: what a project says of the gateway itself.

use std::collections::BTreeSet;

use elixir_config::{Config, Section, Setting};
use erlterm::Term;
use phoenix::PrivateSockets;
use routes::Origin;

use crate::source::config::origin;

#[cfg(test)]
mod tests;

/// The application under which a project configures the gateway: the Hex package's.
pub(crate) const GATEWAY_APP: &str = "ex_service_mesh_router";

/// The key of the routes by hand, whose hosts may be strings.
const ROUTES: &str = "routes";

/// The port that the Hex package asks for where none is set.
const PACKAGE_PORT: u16 = 4000;

/// Keys that lead to a setting, at most: `routes`, a host, a key.
const DEPTH_MAX: usize = 3;

/// Settings of one project; further ones are left out.
const SETTINGS_MAX: usize = 16_384;

/// One setting as the project writes it; which keys there are, the gateway knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySetting {
    /// The keys that lead to it: `["timeouts", "response"]`, `["routes", "a.example", "endpoint"]`.
    pub path: Vec<String>,
    /// What it is set to.
    pub value: SettingValue,
    /// Where it is written.
    pub origin: Origin,
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// These; a single value is a list of one.
    Words(Vec<SettingWord>),
    /// Something that no setting is made of, such as a tuple or a float.
    Strange,
    /// What can't be known; why, as a short clause.
    Unknown(String),
}

/// One value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingWord {
    /// A string, or the name of an atom or module (without `Elixir.`).
    Text(String),
    /// An integer.
    Number(i64),
    /// `false` or `:infinity`: there is to be none.
    Nothing,
    /// `nil`, which `System.get_env/1` gives for a variable that is not set.
    Nil,
}

/// Reads the settings of an evaluated config.
pub(crate) fn of(config: &Config) -> Vec<GatewaySetting> {
    let mut settings = Vec::new();
    let section = config.section(GATEWAY_APP);
    for (key, section) in section.iter().flat_map(Section::entries) {
        below(section, &[key], &mut settings);
    }
    settings.truncate(SETTINGS_MAX);
    settings
}

/// Says which endpoints the Hex package gives a private socket, as its own `Options` decide; `None`
/// where it isn't to start with them.
pub(crate) fn private(settings: &[GatewaySetting], env: &str) -> Option<PrivateSockets> {
    let words = |key: &str| {
        let set = settings.iter().find(|it| it.path == [key]);
        match set.map(|it| &it.value) {
            Some(SettingValue::Words(words)) => words.as_slice(),
            Some(SettingValue::Strange | SettingValue::Unknown(_)) | None => &[],
        }
    };
    let is = |key, word: &str| words(key) == [SettingWord::Text(word.to_owned())];
    let is_off = words("enabled") == [SettingWord::Nothing];
    // By itself it starts under `mix phx.server` alone.
    if is_off || (env != "dev" && !is("enabled", "true")) {
        return None;
    }
    let all = is("listen", "private");
    let port = |word: &SettingWord| match word {
        SettingWord::Number(port) => u16::try_from(*port).ok(),
        SettingWord::Text(address) => address.rsplit(':').next()?.parse().ok(),
        SettingWord::Nothing | SettingWord::Nil => None,
    };
    let written = words("port").iter().chain(words("listen"));
    let mut ports: BTreeSet<u16> = written.filter_map(port).collect();
    if ports.is_empty() {
        ports.insert(PACKAGE_PORT);
    }
    Some(PrivateSockets { all, ports })
}

/// Reads the settings in a keyword list, all of which stand in one place; of a key that comes again
/// the first counts, as in `Keyword.get/2`.
pub(crate) fn of_keywords(keywords: &Term, place: &str) -> Vec<GatewaySetting> {
    let origin = Origin {
        file: place.to_owned(),
        line: 0,
    };
    let mut settings = Vec::new();
    within(keywords, &[], &origin, &mut settings);
    settings.truncate(SETTINGS_MAX);
    settings
}

/// Adds the setting at `path`, or those of the section there.
fn within(term: &Term, path: &[&str], origin: &Origin, settings: &mut Vec<GatewaySetting>) {
    let pairs = term.as_list().unwrap_or_default().iter();
    let pairs: Vec<(&str, &Term)> = pairs.filter_map(Term::as_pair).collect();
    if path.len() < DEPTH_MAX && !pairs.is_empty() && term.is_keyword() {
        let mut seen = BTreeSet::new();
        for (key, term) in pairs {
            if seen.insert(key) {
                within(term, &[path, &[key]].concat(), origin, settings);
            }
        }
    } else if !path.is_empty() {
        known(path, term, origin, settings);
    }
}

/// Adds what a key, or a table there, is set to.
fn known(path: &[&str], term: &Term, origin: &Origin, settings: &mut Vec<GatewaySetting>) {
    let found = tables(path, term).unwrap_or_else(|| {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        vec![(path, value(term))]
    });
    settings.extend(found.into_iter().map(|(path, value)| GatewaySetting {
        path,
        value,
        origin: origin.clone(),
    }));
}

/// Adds the setting at `path`, or those of the section there, each with its own line.
fn below(section: Section<'_>, path: &[&str], settings: &mut Vec<GatewaySetting>) {
    let entries = section.entries();
    if path.len() < DEPTH_MAX && !entries.is_empty() {
        for (key, section) in entries {
            below(section, &[path, &[key]].concat(), settings);
        }
        return;
    }
    match section.setting() {
        Setting::Absent => {}
        Setting::Known(term, at) => known(path, &term, &origin(&at), settings),
        Setting::Unknown { why, at } => settings.push(GatewaySetting {
            path: path.iter().map(|&key| key.to_owned()).collect(),
            value: SettingValue::Unknown(why),
            origin: origin(&at),
        }),
    }
}

/// The settings in a value that holds further keys and is no keyword list: a map, or a list of
/// `{"host", [key: value]}`. `None` if it is neither.
fn tables(path: &[&str], term: &Term) -> Option<Vec<(Vec<String>, SettingValue)>> {
    let pairs = pairs(term)?;
    let is_routes = path == [ROUTES];
    let mut found = Vec::new();
    for (name, inner) in pairs {
        let path: Vec<String> = path
            .iter()
            .copied()
            .chain([name.as_str()])
            .map(str::to_owned)
            .collect();
        match self::pairs(inner).filter(|_| is_routes) {
            Some(keys) => {
                for (key, inner) in keys {
                    let path = path.iter().cloned().chain([key]).collect();
                    found.push((path, value(inner)));
                }
            }
            None => found.push((path, value(inner))),
        }
    }
    Some(found)
}

/// The names and values of a map, or of a list of pairs. `None` if it is neither, or empty.
fn pairs(term: &Term) -> Option<Vec<(String, &Term)>> {
    let name = |key: &Term| key.as_atom().or(key.as_str()).map(str::to_owned);
    match term {
        Term::Map(pairs) if !pairs.is_empty() => pairs
            .iter()
            .map(|(key, value)| Some((name(key)?, value)))
            .collect(),
        Term::List(items) if !items.is_empty() => items
            .iter()
            .map(|item| match item.as_tuple()? {
                [key, value] => Some((name(key)?, value)),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn value(term: &Term) -> SettingValue {
    let words = match term.as_list() {
        Some(items) => items.iter().map(word).collect(),
        None => word(term).map(|word| vec![word]),
    };
    words.map_or(SettingValue::Strange, SettingValue::Words)
}

fn word(term: &Term) -> Option<SettingWord> {
    if let Some(number) = term.as_integer() {
        return Some(SettingWord::Number(number));
    }
    if let Some(text) = term.as_module().or_else(|| term.as_str()) {
        return Some(SettingWord::Text(text.to_owned()));
    }
    match term.as_atom()? {
        "nil" => Some(SettingWord::Nil),
        "false" | "infinity" => Some(SettingWord::Nothing),
        name => Some(SettingWord::Text(name.to_owned())),
    }
}
