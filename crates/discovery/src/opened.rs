//! A project that was read: what it says of the gateway, and what becomes of its endpoints.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use elixir_config::{Config, Memory};
use phoenix::{EndpointFacts, EndpointModule, Environment, PrivateSockets, Setting, Step};
use routes::{Finding, Mode, Origin, Report, Source, Subdomains};

use crate::{
    GatewaySetting,
    source::{
        config::{self, origin},
        gather::gather,
        release,
    },
};

/// Which project, and as whom it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub place: Place,
    /// `dev`, `test`, `prod`, …
    pub env: String,
    /// The process's environment variables.
    pub vars: BTreeMap<String, String>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The sources below this root (the folder of `mix.exs`), absolute.
    Sources(PathBuf),
    /// The release in this folder, absolute.
    Release(PathBuf),
}

/// How the gateway looks at a project; its settings, the project's own among them, decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Development adds `<app>.localhost` names.
    pub mode: Mode,
    /// `localhost`, or the operator's own development domain.
    pub domain: String,
    /// Default policy of discovered hosts.
    pub subdomains: Subdomains,
}

/// A project whose files were read and evaluated, and nothing decided yet.
#[derive(Debug)]
pub struct Project {
    pub(crate) wanted: Wanted,
    /// What its texts were parsed to.
    pub(crate) memory: Arc<Memory>,
    /// Its folder, without links.
    pub(crate) root: PathBuf,
    /// The environment that it is evaluated for.
    pub(crate) env: String,
    /// The variables that it sees, as far as they are known.
    pub(crate) vars: BTreeMap<String, String>,
    /// The node that it becomes, where that is certain.
    pub(crate) node: Option<String>,
    pub(crate) config: Config,
    pub(crate) modules: Vec<EndpointModule>,
    pub(crate) settings: Vec<GatewaySetting>,
    /// Which endpoints get a private socket, where the Hex package starts with them.
    pub(crate) private: Option<PrivateSockets>,
    /// What was found apart from the evaluation's findings.
    pub(crate) findings: Vec<Finding>,
    pub(crate) broken: Option<Finding>,
    pub(crate) watched: Vec<PathBuf>,
}

/// What one reading of a project gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The endpoints and what could not be used.
    pub report: Report,
    /// Set when a file does not parse, or Elixir itself would abort; also among the findings.
    pub broken: Option<Finding>,
    /// What checks judge by: one for each endpoint of the report, in the same order.
    pub facts: Vec<EndpointFacts>,
    /// Ports that endpoints declare, with where (for choosing ours).
    pub declared_ports: Vec<(u16, Origin)>,
    /// What the project says of the gateway itself.
    pub settings: Vec<GatewaySetting>,
    /// Files and folders whose change changes the answer.
    pub watched: Vec<PathBuf>,
}

/// Reads and evaluates a project once; blocks on the disk. Never fails: a project that can't be
/// read whole gives what could be, and [`Project::broken`] says so.
#[must_use]
pub fn open(wanted: &Wanted) -> Project {
    let again = Again {
        wanted: wanted.clone(),
        memory: Arc::default(),
    };
    again.open()
}

/// How a project that was read is read once more.
#[derive(Clone, Debug)]
pub struct Again {
    wanted: Wanted,
    memory: Arc<Memory>,
}

impl Again {
    /// Reads and evaluates it, as [`open`] does; what hasn't changed isn't parsed anew.
    pub(crate) fn open(&self) -> Project {
        let Self { wanted, memory } = self;
        memory.begin();
        match &wanted.place {
            Place::Sources(root) => config::open(root, wanted, memory),
            // Its configuration was compiled; what a start evaluates is short.
            Place::Release(root) => release::open(root, wanted),
        }
    }
}

impl Place {
    fn source(&self) -> Source {
        match self {
            Self::Sources(_) => Source::Config,
            Self::Release(_) => Source::Release,
        }
    }

    fn is_release(&self) -> bool {
        match self {
            Self::Sources(_) => false,
            Self::Release(_) => true,
        }
    }
}

impl Project {
    /// Returns what `config :ex_service_mesh_router, …` says, in the order of its keys.
    #[must_use]
    pub fn settings(&self) -> &[GatewaySetting] {
        &self.settings
    }

    /// Returns which project it is, and as whom it was read.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Returns what reads it once more, as whom it was read.
    #[must_use]
    pub fn again(&self) -> Again {
        Again {
            wanted: self.wanted.clone(),
            memory: Arc::clone(&self.memory),
        }
    }

    /// Returns as which source it reports.
    #[must_use]
    pub fn source(&self) -> Source {
        self.wanted.place.source()
    }

    /// Returns its folder, without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns whether it is a release, not sources.
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.wanted.place.is_release()
    }

    /// Returns the environment that it was evaluated for: the one wanted, or a release's own.
    #[must_use]
    pub fn env(&self) -> &str {
        &self.env
    }

    /// Returns why nothing here is to be used: a file does not parse, or Elixir would abort.
    #[must_use]
    pub fn broken(&self) -> Option<&Finding> {
        self.broken.as_ref()
    }

    /// Says what the project means to a gateway that looks at it like this. Pure.
    #[must_use]
    pub fn read(&self, how: &How) -> Reading {
        let source = self.wanted.place.source();
        let mut meaning = phoenix::read(
            &phoenix::Project {
                source,
                root: &self.root,
                env: &self.env,
                mode: how.mode,
                domain: &how.domain,
                subdomains: how.subdomains,
                vars: &self.vars,
                is_release: self.wanted.place.is_release(),
                private: self.private.as_ref(),
            },
            &self.modules,
            &Evaluated(&self.config),
        );
        for endpoint in &mut meaning.endpoints {
            endpoint.node.clone_from(&self.node);
            for upstream in &mut endpoint.upstreams {
                upstream.node.clone_from(&self.node);
            }
        }
        let mut findings = self.findings.clone();
        findings.extend(gather(self.config.findings()));
        findings.extend(self.broken.iter().cloned());
        findings.extend(meaning.findings);
        findings.sort();
        findings.dedup();
        Reading {
            report: Report {
                source,
                stale: false,
                endpoints: meaning.endpoints,
                findings,
            },
            broken: self.broken.clone(),
            facts: meaning.facts,
            declared_ports: meaning.declared_ports,
            settings: self.settings.clone(),
            watched: self.watched.clone(),
        }
    }
}

/// An evaluated config as `phoenix` asks for it.
struct Evaluated<'a>(&'a Config);

impl Environment for Evaluated<'_> {
    fn get(&self, app: &str, path: &[&str]) -> Setting {
        match self.0.get(app, path) {
            elixir_config::Setting::Absent => Setting::Absent,
            elixir_config::Setting::Known(term, at) => Setting::Known(term, origin(&at)),
            elixir_config::Setting::Unknown { why, at } => Setting::Unknown {
                why,
                origin: origin(&at),
            },
        }
    }

    fn history(&self, app: &str, path: &[&str]) -> Vec<Step> {
        let step = |past: elixir_config::Past| Step {
            value: past.value,
            origin: origin(&past.at),
        };
        self.0.history(app, path).into_iter().map(step).collect()
    }
}
