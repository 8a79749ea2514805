//! `config :ex_service_mesh_router, …` taken apart: the weakest layer, in the words of the others.

use std::{collections::BTreeMap, path::PathBuf};

use discovery::{GatewaySetting, SettingValue, SettingWord};
use routes::Origin;

use super::{
    file::{Table, Word, Words},
    key::{self, Measure, ROUTE_KEYS, ROUTES},
    place::{Place, Problem},
};
use crate::listen;

/// Short for listening on loopback at that port.
const PORT: &str = "port";

/// Keys of the same application that the Hex package reads.
const OF_THE_PACKAGE: &[&str] = &[
    "base_url",
    "cluster",
    "enabled",
    "gateway",
    "path",
    "target",
    "urls",
    "version",
    "version_check",
];

/// What the project says of the gateway.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Its settings.
    pub(crate) settings: Vec<GatewaySetting>,
    /// The project's root, where relative paths start.
    pub(crate) root: PathBuf,
    /// The project can't be read whole, which is told elsewhere: what isn't known is passed over.
    pub(crate) is_broken: bool,
    /// This machine has `::1`.
    pub(crate) ipv6: bool,
}

/// The project's settings in the words of `mesh-router.toml`.
#[derive(Debug, Default)]
pub(crate) struct Keywords {
    /// Key → its values, or what is wrong with them; either counts only where no stronger layer
    /// sets the key.
    pub(crate) words: BTreeMap<&'static str, Result<Words, Problem>>,
    /// The routes by hand.
    pub(crate) routes: Vec<Route>,
    /// What is wrong whatever the other layers say.
    pub(crate) problems: Vec<Problem>,
}

/// A route by hand.
#[derive(Debug)]
pub(crate) struct Route {
    /// What can be used of it.
    pub(crate) table: Table,
    /// What can't.
    pub(crate) problems: Vec<Problem>,
}

impl Keywords {
    /// Takes what the project says apart.
    pub(crate) fn parse(said: &Said) -> Self {
        let mut keywords = Self::default();
        let mut port = None;
        for setting in &said.settings {
            let is_unknown = matches!(setting.value, SettingValue::Unknown(_));
            if is_unknown && said.is_broken {
                continue;
            }
            let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
            match path.as_slice() {
                [name, ..] if OF_THE_PACKAGE.contains(name) => {}
                ["listen"] if is_of_endpoints(setting) => {}
                [PORT] => port = Some(setting),
                [ROUTES, path @ ..] => keywords.route(path, setting),
                path => keywords.setting(&path.join("."), setting),
            }
        }
        if let Some(setting) = port {
            keywords.port(setting, said.ipv6);
        }
        keywords
    }

    fn setting(&mut self, path: &str, setting: &GatewaySetting) {
        if let Some(key) = key::find(path) {
            let name = format!("\"{path}\"");
            let words = words(&name, key.measure, key.nothing, setting);
            self.words.insert(key.name, words);
        } else if key::is_section(path) {
            self.section(path, setting);
        } else {
            let others = OF_THE_PACKAGE.iter().chain([&PORT]).copied();
            self.problem(setting, key::unknown(path, others));
        }
    }

    /// Takes a section that isn't a list of keys with values.
    fn section(&mut self, name: &str, setting: &GatewaySetting) {
        match &setting.value {
            SettingValue::Words(words) if words.is_empty() => {}
            SettingValue::Unknown(why) => {
                let message = format!("\"{name}\" is not known: {why}");
                for key in key::KEYS.iter().filter(|key| key.is_in(name)) {
                    let problem = Problem::new(&place(&setting.origin), message.as_str());
                    self.words.entry(key.name).or_insert(Err(problem));
                }
            }
            SettingValue::Words(_) | SettingValue::Strange => self.problem(
                setting,
                format!("\"{name}\" is a section, write its keys in a list: {name}: […]"),
            ),
        }
    }

    /// Takes `port: 4000`, which stands for the loopback addresses.
    fn port(&mut self, setting: &GatewaySetting, ipv6: bool) {
        let place = place(&setting.origin);
        if let Some(listen) = self.words.get("listen") {
            let other = match listen {
                Ok(words) => &words.place,
                Err(problem) => &problem.place,
            };
            let message = format!(
                "\"port\" and \"listen\" ({other}) both say where to listen, keep one of them"
            );
            let problem = Problem::new(&place, message);
            self.words.insert("listen", Err(problem));
            return;
        }
        let listen = words("\"port\"", Measure::Word, None, setting).and_then(|words| {
            let [word] = words.list.as_slice() else {
                return Err(Problem::new(&place, "\"port\" has one value only"));
            };
            let Ok(port) = word.text.parse::<u16>() else {
                let message = format!(
                    "\"{}\" is not a port (1 to 65535, or 0 for any that is free)",
                    word.text
                );
                return Err(Problem::new(&place, message));
            };
            let word = |address: proxy::ListenAddress| Word {
                text: address.to_string(),
                place: place.clone(),
            };
            let list = listen::loopback(port, ipv6).into_iter().map(word).collect();
            Ok(Words {
                place: place.clone(),
                list,
            })
        });
        self.words.insert("listen", listen);
    }

    /// Takes a key of a route; `path` is the host and the key, as far as there are.
    fn route(&mut self, path: &[&str], setting: &GatewaySetting) {
        let place = place(&setting.origin);
        let (host, key) = match (path, &setting.value) {
            ([host, key], _) => (*host, Some(*key)),
            ([host], _) => (*host, None),
            ([], SettingValue::Words(words)) if words.is_empty() => return,
            ([], SettingValue::Unknown(why)) => {
                return self.problem(setting, format!("\"routes\" is not known: {why}"));
            }
            (_, SettingValue::Words(_) | SettingValue::Strange | SettingValue::Unknown(_)) => {
                return self.problem(
                    setting,
                    "write routes as a list: routes: [{\"auth.example.com\", endpoint: \
                     AuthWeb.Endpoint}]",
                );
            }
        };
        let known = key.and_then(|key| ROUTE_KEYS.iter().copied().find(|known| *known == key));
        let is_next = |route: &&mut Route| {
            route.table.host.text == host
                && !known.is_some_and(|key| route.table.words.contains_key(key))
        };
        // A host that comes again with the same key is a route of its own, and a double.
        if self
            .routes
            .last_mut()
            .as_mut()
            .is_none_or(|route| !is_next(route))
        {
            let host = Word {
                text: host.to_owned(),
                place: place.clone(),
            };
            self.routes.push(Route {
                table: Table {
                    host,
                    words: BTreeMap::new(),
                },
                problems: Vec::new(),
            });
        }
        let Some(route) = self.routes.last_mut() else {
            return;
        };
        let message = match (key, known, &setting.value) {
            (Some(_), Some(key), _) => {
                let name = format!("\"{key}\" of \"{host}\"");
                let nothing = (key == "subdomains").then_some("none");
                match words(&name, Measure::Word, nothing, setting) {
                    Ok(words) => {
                        route.table.words.insert(key, words);
                    }
                    Err(problem) => route.problems.push(problem),
                }
                return;
            }
            (Some(key), None, _) => key::unknown_in_route(key),
            // Whoever checks routes says that this one leads nowhere.
            (None, _, SettingValue::Words(words)) if words.is_empty() => return,
            (None, _, SettingValue::Unknown(why)) => {
                format!("the route of \"{host}\" is not known: {why}")
            }
            (None, _, SettingValue::Words(_) | SettingValue::Strange) => {
                format!("write {{\"{host}\", endpoint: MyWeb.Endpoint}}, with keys and values")
            }
        };
        route.problems.push(Problem::new(&place, message));
    }

    fn problem(&mut self, setting: &GatewaySetting, message: impl Into<String>) {
        self.problems
            .push(Problem::new(&place(&setting.origin), message));
    }
}

/// Returns whether `listen` is `:private`, by which the package means the endpoints' listeners.
fn is_of_endpoints(setting: &GatewaySetting) -> bool {
    let SettingValue::Words(words) = &setting.value else {
        return false;
    };
    matches!(words.as_slice(), [SettingWord::Text(text)] if text == "private")
}

/// Puts the values of a setting as `mesh-router.toml` would. `nothing` is the key's word for none.
fn words(
    name: &str,
    measure: Measure,
    nothing: Option<&str>,
    setting: &GatewaySetting,
) -> Result<Words, Problem> {
    let place = place(&setting.origin);
    let values = match &setting.value {
        SettingValue::Words(values) => values,
        SettingValue::Unknown(why) => {
            return Err(Problem::new(&place, format!("{name} is not known: {why}")));
        }
        SettingValue::Strange => {
            let message =
                format!("{name} is neither a string, an atom, an integer nor a list of them");
            return Err(Problem::new(&place, message));
        }
    };
    let word = |value: &SettingWord| {
        let text = match (value, nothing) {
            (SettingWord::Text(text), _) => text.clone(),
            (SettingWord::Number(number), _) => measure.written(*number),
            (SettingWord::Nothing, Some(nothing)) => nothing.to_owned(),
            (SettingWord::Nothing, None) => {
                return Err(format!(
                    "{name} can't be switched off with false or :infinity"
                ));
            }
            (SettingWord::Nil, _) => {
                let or = nothing.map_or("", |_| ", or false for none");
                return Err(format!(
                    "{name} is nil (a variable that is not set?): give it a value{or}, or leave it out"
                ));
            }
        };
        Ok(Word {
            text,
            place: place.clone(),
        })
    };
    let list: Result<Vec<Word>, String> = values.iter().map(word).collect();
    match list {
        Ok(list) => Ok(Words { place, list }),
        Err(message) => Err(Problem::new(&place, message)),
    }
}

fn place(origin: &Origin) -> Place {
    Place::Project(origin.clone())
}

#[cfg(test)]
mod tests;
