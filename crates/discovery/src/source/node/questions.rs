//! What a node is asked, in which rounds, and what its answers come to. Pure.
//!
//! ```text
//! round 1   applications, registered names, nodes; and all of each endpoint that is known
//! round 2   of each new application its marker, of each new name that may be an endpoint's its behaviours
//! round 3   all of each new endpoint (before that, of one that only a marker names: has it config/1?)
//! ```
//!
//! A round without questions is left out, so that a node on which nothing is new is asked once. No
//! function of a module is called before the module is known to be an endpoint.

use std::collections::{BTreeMap, BTreeSet};

use erldist::{Call, Key, NodeName, Probe};
use erlterm::Term;
use phoenix::Bound;

use super::answers::Answers;
use crate::source::running::{ENDPOINTS_MAX, Endpoint, Said, bounded};

#[cfg(test)]
mod tests;

/// Applications of one node that are asked for their markers.
const APPS_MAX: usize = 4096;

/// Names of one node that are looked at because they end as endpoints' names do.
const CANDIDATES_MAX: usize = 1024;

/// Nodes that one node names.
const PEERS_MAX: usize = 1024;

/// How an answer can be missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unanswered {
    /// The node says no: the function raised, or is not there. In a short clause.
    No(String),
    /// Nothing came in time, which says nothing.
    Late,
}

/// An answer to one call.
pub(crate) type Answer = Result<Term, Unanswered>;

/// What comes after a round.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// These, all at once.
    Ask(Vec<Call>),
    /// That is all.
    Told(Answers),
    /// The node did not say what everything else rests on: as if it had not been asked.
    Void,
}

/// What one node was asked over the time of its link, and what it was found to have.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    /// The applications that said what their markers are.
    apps: BTreeSet<String>,
    /// Module → the application whose marker names it.
    marked: BTreeMap<String, String>,
    /// The modules looked at: whether each is an endpoint.
    judged: BTreeMap<String, bool>,
    /// The endpoints that the node had when it was attached before.
    expected: BTreeSet<String>,
    /// What each endpoint said last, but for the application.
    known: BTreeMap<String, Details>,
    round: Round,
}

/// What was learned in the asking under way.
#[derive(Debug, Default)]
struct Round {
    apps: Vec<String>,
    registered: BTreeSet<String>,
    peers: Vec<NodeName>,
    release: Option<String>,
    has_more: bool,
    /// The applications whose markers were asked for.
    marked: BTreeSet<String>,
    /// The modules that were looked at.
    looked: BTreeSet<String>,
    /// The modules that only a marker calls endpoints, and that are to prove it.
    doubtful: Vec<String>,
    /// The endpoints asked for all.
    detailed: BTreeSet<String>,
    is_void: bool,
}

/// All of one endpoint.
#[derive(Clone, Debug)]
struct Details {
    url: Said,
    http: Said,
    adapter: Said,
    has_server_info: bool,
    server_info: Result<Term, String>,
}

impl Default for Details {
    fn default() -> Self {
        let late = || Err("it did not answer in time".to_owned());
        Self {
            url: late(),
            http: late(),
            adapter: late(),
            has_server_info: true,
            server_info: late(),
        }
    }
}

impl Questions {
    /// Expects the endpoints that the node had before: once one is registered again, it needs no
    /// looking at, so that it is in the table a round earlier.
    pub(crate) fn expecting(modules: &[String]) -> Self {
        let expected = modules.iter().map(|module| format!("Elixir.{module}"));
        Self {
            expected: expected.collect(),
            ..Self::default()
        }
    }

    /// Begins an asking.
    pub(crate) fn begin(&mut self) -> Vec<Call> {
        self.round = Round::default();
        let mut calls = vec![
            Call::LoadedApplications,
            Call::Registered,
            Call::Nodes,
            Call::Release,
        ];
        let known: Vec<String> = self.endpoints().cloned().collect();
        for module in known {
            calls.extend(all_of(&module));
            self.round.detailed.insert(module);
        }
        calls
    }

    /// Takes the answers of a round, to what [`begin`](Self::begin) or the last step asked.
    pub(crate) fn take(&mut self, answers: Vec<(Call, Answer)>) -> Step {
        for (call, answer) in answers {
            self.learn(call, answer);
        }
        if self.round.is_void {
            return Step::Void;
        }
        let mut calls = self.markers();
        calls.extend(self.candidates());
        calls.extend(self.proofs());
        if calls.is_empty() {
            calls = self.details();
        }
        match calls.is_empty() {
            true => Step::Told(self.told()),
            false => Step::Ask(calls),
        }
    }

    fn endpoints(&self) -> impl Iterator<Item = &String> {
        let endpoints = self.judged.iter().filter(|(_, is_endpoint)| **is_endpoint);
        endpoints.map(|(module, _)| module).take(ENDPOINTS_MAX)
    }

    fn learn(&mut self, call: Call, answer: Answer) {
        match (call, answer) {
            // Everything else rests on these two.
            (Call::LoadedApplications | Call::Registered, Err(_)) => self.round.is_void = true,
            (Call::LoadedApplications, Ok(term)) => self.round.apps = apps(&term),
            (Call::Registered, Ok(term)) => {
                self.round.registered = atoms(&term);
                let back = self.round.registered.intersection(&self.expected);
                self.judged
                    .extend(back.map(|module| (module.clone(), true)));
            }
            (Call::Nodes, Ok(term)) => {
                let named = atoms(&term).into_iter().filter_map(|it| it.parse().ok());
                self.round.peers = named.take(PEERS_MAX).collect();
            }
            (Call::Release, Ok(term)) => self.round.release = release(&term),
            (Call::EndpointMarker { app }, answer) => self.marker(app, answer),
            (Call::ModuleAttributes { module }, answer) => self.judge(module, &answer),
            (Call::EndpointConfig { module, key }, answer) => {
                let details = self.known.entry(module).or_default();
                let said = match key {
                    Key::Url => &mut details.url,
                    Key::Http => &mut details.http,
                    Key::Adapter => &mut details.adapter,
                };
                keep(said, answer);
            }
            (Call::ServerInfo { module }, answer) => {
                keep(
                    &mut self.known.entry(module).or_default().server_info,
                    answer,
                );
            }
            (Call::IsExported { module, probe }, Ok(term)) => {
                let is_exported = term.as_atom() == Some("true");
                match probe {
                    Probe::Config => {
                        self.judged.insert(module, is_exported);
                    }
                    Probe::ServerInfo => {
                        self.known.entry(module).or_default().has_server_info = is_exported;
                    }
                }
            }
            (Call::Nodes | Call::Release | Call::IsExported { .. }, Err(_))
            | (Call::Whereis { .. } | Call::NetTicktime, _) => {}
        }
    }

    /// Takes `{ok, Module}`, or `undefined`. A marker that is no module is another's setting.
    fn marker(&mut self, app: String, answer: Answer) {
        // One that didn't answer is asked again the next time.
        let Ok(term) = answer else {
            return;
        };
        if let [tag, module] = term.as_tuple().unwrap_or_default()
            && tag.as_atom() == Some("ok")
            && module.as_module().is_some()
            && let Some(module) = module.as_atom()
        {
            self.marked.insert(module.to_owned(), app.clone());
        }
        self.apps.insert(app);
    }

    /// A module is an endpoint if it says so; one that an application calls so is to have config/1.
    fn judge(&mut self, module: String, answer: &Answer) {
        let is_endpoint = match answer {
            Ok(attributes) => is_endpoint(attributes),
            Err(Unanswered::No(_)) => false,
            Err(Unanswered::Late) => return,
        };
        if answer.is_ok() && !is_endpoint && self.marked.contains_key(&module) {
            self.round.doubtful.push(module);
            return;
        }
        self.judged.insert(module, is_endpoint);
    }

    /// Asks each application that is new for its marker.
    fn markers(&mut self) -> Vec<Call> {
        let apps = self.round.apps.clone().into_iter();
        apps.filter(|app| !self.apps.contains(app) && self.round.marked.insert(app.clone()))
            .map(|app| Call::EndpointMarker { app })
            .collect()
    }

    /// Looks at each module that is new and may be an endpoint.
    fn candidates(&mut self) -> Vec<Call> {
        let named = self.round.registered.iter();
        let named = named.filter(|it| it.starts_with("Elixir.") && it.ends_with("Endpoint"));
        let candidates: BTreeSet<String> = named.chain(self.marked.keys()).cloned().collect();
        self.round.has_more |= candidates.len() > CANDIDATES_MAX;
        candidates
            .into_iter()
            .take(CANDIDATES_MAX)
            .filter(|it| !self.judged.contains_key(it) && self.round.looked.insert(it.clone()))
            .map(|module| Call::ModuleAttributes { module })
            .collect()
    }

    /// Asks whether a module that calls itself no endpoint is one all the same.
    fn proofs(&mut self) -> Vec<Call> {
        let probe = Probe::Config;
        let doubtful = std::mem::take(&mut self.round.doubtful).into_iter();
        doubtful
            .map(|module| Call::IsExported { module, probe })
            .collect()
    }

    /// Asks each endpoint that is new for all.
    fn details(&mut self) -> Vec<Call> {
        let known: Vec<String> = self.endpoints().cloned().collect();
        let new = known.into_iter();
        let new = new.filter(|it| self.round.detailed.insert(it.clone()));
        new.flat_map(|module| all_of(&module)).collect()
    }

    fn told(&self) -> Answers {
        let endpoint = |key: &String| {
            let module = key.strip_prefix("Elixir.").unwrap_or(key);
            let marked = self.marked.get(key).map(String::as_str);
            let app = marked.or_else(|| phoenix::app_of_module(module, &self.round.apps));
            let details = self.known.get(key).cloned().unwrap_or_default();
            Endpoint {
                module: module.to_owned(),
                app: app.map_or_else(|| phoenix::conventional_app(module), str::to_owned),
                bound: self.bound(key, &details),
                url: details.url,
                http: details.http,
                adapter: details.adapter,
            }
        };
        let endpoints = self.judged.values().filter(|it| **it).count();
        Answers {
            endpoints: self.endpoints().map(endpoint).collect(),
            peers: self.round.peers.clone(),
            release: self.round.release.clone(),
            has_more: self.round.has_more || endpoints > ENDPOINTS_MAX,
        }
    }

    fn bound(&self, module: &str, details: &Details) -> Bound {
        if !self.round.registered.contains(module) {
            return Bound::Stopped;
        }
        if !details.has_server_info {
            return Bound::NotAsked;
        }
        match &details.server_info {
            Ok(term) => Bound::Answered(term.clone()),
            Err(why) => Bound::Failed(why.clone()),
        }
    }
}

/// The questions about one endpoint.
fn all_of(module: &str) -> [Call; 5] {
    let config = |key| Call::EndpointConfig {
        module: module.to_owned(),
        key,
    };
    [
        config(Key::Url),
        config(Key::Http),
        config(Key::Adapter),
        Call::IsExported {
            module: module.to_owned(),
            probe: Probe::ServerInfo,
        },
        Call::ServerInfo {
            module: module.to_owned(),
        },
    ]
}

/// Takes a new answer over; one that is late leaves what was known.
fn keep(said: &mut Said, answer: Answer) {
    match answer {
        Ok(term) => *said = bounded(term),
        Err(Unanswered::No(why)) => *said = Err(why),
        Err(Unanswered::Late) => {}
    }
}

/// Returns whether `Phoenix.Endpoint` is among a module's behaviours.
fn is_endpoint(attributes: &Term) -> bool {
    let pairs = attributes.as_list().unwrap_or_default().iter();
    let mut behaviours = pairs.filter_map(|pair| match pair.as_tuple()? {
        [key, value] if matches!(key.as_atom(), Some("behaviour" | "behavior")) => value.as_list(),
        _ => None,
    });
    behaviours.any(|list| {
        list.iter()
            .any(|it| it.as_module() == Some("Phoenix.Endpoint"))
    })
}

/// Reads `[{App, Description, Version}, …]`.
fn apps(term: &Term) -> Vec<String> {
    let loaded = term.as_list().unwrap_or_default().iter();
    let name = |app: &Term| Some(app.as_tuple()?.first()?.as_atom()?.to_owned());
    loaded.filter_map(name).take(APPS_MAX).collect()
}

fn atoms(term: &Term) -> BTreeSet<String> {
    let names = term.as_list().unwrap_or_default().iter();
    names.filter_map(Term::as_atom).map(str::to_owned).collect()
}

/// Reads `{Name, Version}`, both charlists.
fn release(term: &Term) -> Option<String> {
    let [name, version] = term.as_tuple()? else {
        return None;
    };
    let text = |term: &Term| -> Option<String> {
        let code = |it: &Term| {
            u32::try_from(it.as_integer()?)
                .ok()
                .and_then(char::from_u32)
        };
        match term.as_list() {
            Some(items) => items.iter().map(code).collect(),
            None => term.as_str().map(str::to_owned),
        }
    };
    Some(format!("{} {}", text(name)?, text(version)?))
}
