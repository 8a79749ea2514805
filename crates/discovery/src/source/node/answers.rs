//! What a node answered, and what that means: `phoenix` reads it as it reads configuration.

use std::{collections::BTreeMap, path::Path};

use erldist::NodeName;
use erlterm::Term;
use phoenix::{Bound, EndpointModule, Environment, Machine, Setting};
use routes::{Finding, Origin, Reported, Source};

use crate::How;

#[cfg(test)]
mod tests;

/// All that a node said in one asking.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    /// Sorted by module.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The nodes that it is connected to.
    pub(crate) peers: Vec<NodeName>,
    /// Name and version of the release that it runs, if it runs one.
    pub(crate) release: Option<String>,
    /// It has more endpoints than are asked for.
    pub(crate) has_more: bool,
}

/// One endpoint, in its own words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    /// `AuthWeb.Endpoint`, without `Elixir.`.
    pub(crate) module: String,
    pub(crate) app: String,
    pub(crate) url: Said,
    pub(crate) http: Said,
    pub(crate) adapter: Said,
    pub(crate) bound: Bound,
}

/// A part of an endpoint's configuration; the error is why it is not known, in a short clause.
pub(crate) type Said = Result<Term, String>;

impl Endpoint {
    /// Returns whether its supervisor runs.
    pub(crate) fn runs(&self) -> bool {
        self.bound != Bound::Stopped
    }

    fn of(&self) -> EndpointModule {
        EndpointModule {
            module: self.module.clone(),
            otp_app: self.app.clone(),
            origin: None,
            init: None,
            calls: None,
        }
    }
}

/// Says what endpoints of one node mean: one report for each, in the same order.
pub(crate) fn read(
    node: &NodeName,
    machine: Machine,
    endpoints: &[&Endpoint],
    how: &How,
) -> (Vec<Reported>, Vec<Finding>) {
    let modules: Vec<EndpointModule> = endpoints
        .iter()
        .map(|endpoint| {
            let mut module = endpoint.of();
            module.origin = Some(origin(node));
            module
        })
        .collect();
    let vars = BTreeMap::new();
    let project = phoenix::Project {
        source: Source::Node,
        // A node answers with its socket's path as it was given; its own folder is not known.
        root: Path::new("/"),
        env: node.as_str(),
        mode: how.mode,
        domain: &how.domain,
        subdomains: how.subdomains,
        vars: &vars,
        is_release: false,
    };
    let said = Spoken {
        node,
        machine,
        endpoints,
    };
    let mut meaning = phoenix::read(&project, &modules, &said);
    for reported in &mut meaning.endpoints {
        reported.node = Some(node.to_string());
        for upstream in &mut reported.upstreams {
            upstream.node = Some(node.to_string());
        }
    }
    (meaning.endpoints, meaning.findings)
}

/// Where something was found that a node said.
pub(crate) fn origin(node: &NodeName) -> Origin {
    Origin {
        file: node.to_string(),
        line: 0,
    }
}

/// A node's answers as `phoenix` asks for them.
struct Spoken<'a> {
    node: &'a NodeName,
    machine: Machine,
    endpoints: &'a [&'a Endpoint],
}

impl Spoken<'_> {
    fn endpoint(&self, module: &str) -> Option<&Endpoint> {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|it| it.module == module).copied()
    }
}

impl Environment for Spoken<'_> {
    fn get(&self, _app: &str, path: &[&str]) -> Setting {
        let [key, setting, path @ ..] = path else {
            // What starts the endpoints: they run, so that is past.
            return Setting::Absent;
        };
        let module = key.strip_prefix("Elixir.").unwrap_or(key);
        let Some(endpoint) = self.endpoint(module) else {
            return Setting::Absent;
        };
        let origin = origin(self.node);
        let said = match *setting {
            "url" => &endpoint.url,
            "http" => &endpoint.http,
            "adapter" => &endpoint.adapter,
            // Whether it listens is not a matter of configuration any more.
            "server" => return Setting::Absent,
            // May be set, and isn't asked for.
            _ => {
                let why = "nodes are not asked for it".to_owned();
                return Setting::Unknown { why, origin };
            }
        };
        match said {
            Ok(term) => match within(term, path) {
                Some(term) => Setting::Known(term.clone(), origin),
                None => Setting::Absent,
            },
            Err(why) => Setting::Unknown {
                why: why.clone(),
                origin,
            },
        }
    }

    fn bound(&self, module: &str) -> Bound {
        self.endpoint(module)
            .map(|endpoint| endpoint.bound.clone())
            .unwrap_or_default()
    }

    fn machine(&self) -> Machine {
        self.machine
    }
}

/// Walks keyword lists; of several entries with one key the first counts. What `config/1` gives for
/// a key that nobody set is `nil`.
fn within<'a>(term: &'a Term, path: &[&str]) -> Option<&'a Term> {
    let Some((key, rest)) = path.split_first() else {
        return (term.as_atom() != Some("nil")).then_some(term);
    };
    let mut pairs = term.as_list()?.iter().filter_map(Term::as_tuple);
    let value = pairs.find_map(|pair| match pair {
        [name, value] if name.as_atom() == Some(key) => Some(value),
        _ => None,
    })?;
    match rest {
        [] => Some(value),
        rest => within(value, rest),
    }
}
