//! What running endpoints say of themselves, asked or unasked, and what that means: `phoenix` reads it
//! as it reads configuration.

use std::{collections::BTreeMap, path::Path};

use erlterm::Term;
use phoenix::{Bound, EndpointModule, Environment, Machine, Setting};
use routes::{Finding, Origin, Reported, Source};

use crate::How;

#[cfg(test)]
mod tests;

/// Endpoints of one node; further ones are left out, with a finding.
pub(crate) const ENDPOINTS_MAX: usize = 256;

/// Terms in one part of an endpoint's configuration; Phoenix's own have a dozen.
const TERMS_MAX: usize = 1000;

/// Bytes of names and texts in one part of an endpoint's configuration.
pub(crate) const BYTES_MAX: usize = 64 * 1024;

/// Who says it, and from where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speaker<'a> {
    /// The way it came to us.
    pub(crate) source: Source,
    /// The node, by its name.
    pub(crate) node: &'a str,
    /// Where the node runs.
    pub(crate) machine: Machine,
    /// Where the paths of its sockets start, as far as that is known.
    pub(crate) root: &'a Path,
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

/// Takes a part of an endpoint's configuration, unless it is larger than any real one.
pub(crate) fn bounded(term: Term) -> Said {
    match is_bounded(&term) {
        true => Ok(term),
        false => Err("its answer is too large".to_owned()),
    }
}

/// Says what endpoints of one node mean: one report for each, in the same order.
pub(crate) fn read(
    speaker: Speaker<'_>,
    endpoints: &[&Endpoint],
    how: &How,
) -> (Vec<Reported>, Vec<Finding>) {
    let modules: Vec<EndpointModule> = endpoints
        .iter()
        .map(|endpoint| {
            let mut module = endpoint.of();
            module.origin = Some(origin(speaker.node));
            module
        })
        .collect();
    let vars = BTreeMap::new();
    let project = phoenix::Project {
        source: speaker.source,
        root: speaker.root,
        env: speaker.node,
        mode: how.mode,
        domain: &how.domain,
        subdomains: how.subdomains,
        vars: &vars,
        is_release: false,
        private: None,
    };
    let said = Spoken { speaker, endpoints };
    let mut meaning = phoenix::read(&project, &modules, &said);
    for reported in &mut meaning.endpoints {
        reported.node = Some(speaker.node.to_owned());
        for upstream in &mut reported.upstreams {
            upstream.node = Some(speaker.node.to_owned());
        }
    }
    (meaning.endpoints, meaning.findings)
}

/// Where something was found that a node said.
pub(crate) fn origin(node: &str) -> Origin {
    Origin {
        file: node.to_owned(),
        line: 0,
    }
}

/// What endpoints say, as `phoenix` asks for it.
struct Spoken<'a> {
    speaker: Speaker<'a>,
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
        let origin = origin(self.speaker.node);
        let said = match *setting {
            "url" => &endpoint.url,
            "http" => &endpoint.http,
            "adapter" => &endpoint.adapter,
            // Whether it listens is not a matter of configuration any more.
            "server" => return Setting::Absent,
            // May be set, and nobody tells.
            _ => {
                let why = "a running endpoint is not asked for it".to_owned();
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
        self.speaker.machine
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

/// Returns whether a part of a configuration is of a size that is kept.
fn is_bounded(term: &Term) -> bool {
    let (mut terms, mut bytes) = (0_usize, 0_usize);
    let mut left = vec![term];
    while let Some(term) = left.pop() {
        terms = terms.saturating_add(1);
        bytes = bytes.saturating_add(match term {
            Term::Atom(text) | Term::Opaque(text) => text.len(),
            Term::Binary(text) => text.len(),
            Term::Integer(_) | Term::Float(_) | Term::List(_) | Term::Tuple(_) | Term::Map(_) => 0,
        });
        if terms > TERMS_MAX || bytes > BYTES_MAX {
            return false;
        }
        match term {
            Term::List(items) | Term::Tuple(items) => left.extend(items),
            Term::Map(pairs) => left.extend(pairs.iter().flat_map(|(key, value)| [key, value])),
            Term::Atom(_)
            | Term::Opaque(_)
            | Term::Binary(_)
            | Term::Integer(_)
            | Term::Float(_) => {}
        }
    }
    true
}
