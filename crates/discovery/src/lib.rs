//! The control plane: sources report, one registry publishes.
//!
//! API pinned for the binary (the owner of this crate completes it; may add, not change without need):

#![allow(missing_docs, reason = "skeleton")]
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use routes::{Mode, Published, Report, Rules, Settings};

/// What the config source reads.
#[derive(Clone, Debug)]
pub struct ConfigOptions {
    /// The umbrella's or app's root (the folder of `mix.exs`), absolute.
    pub root: PathBuf,
    /// `dev`, `test`, `prod`, …
    pub env: String,
    /// Development adds `<app>.localhost` names.
    pub mode: Mode,
    /// `localhost`, or the operator's own development domain.
    pub domain: String,
    /// Default policy of discovered hosts.
    pub subdomains: routes::Subdomains,
    /// The process's environment variables.
    pub vars: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// "no mix.exs in /path or above": says what to do.
    #[error("no mix.exs in {0} or above it")]
    NoProject(PathBuf),
    #[error("reading {0}")]
    Read(PathBuf, #[source] std::io::Error),
}

/// Finds the project's root: the nearest folder at or above `from` with a `mix.exs`, and above that
/// the umbrella that holds it (a `mix.exs` with `apps_path`).
pub fn find_root(_from: &std::path::Path) -> Result<PathBuf, ProjectError> { todo!() }

/// Reads the project's config once. A config that doesn't parse gives a report with `broken` set.
pub fn read_config(_options: &ConfigOptions) -> Reading { todo!() }

#[derive(Debug)]
pub struct Reading {
    pub report: Report,
    /// The file does not parse, or Elixir itself would abort.
    pub broken: Option<routes::Finding>,
    /// Ports that endpoints declare, with where (for choosing ours).
    pub declared_ports: Vec<(u16, routes::Origin)>,
    /// Files and folders whose change changes the answer.
    pub watched: Vec<PathBuf>,
}

/// The only writer of the table. Owns the last report of each source, merges, publishes.
#[derive(Debug)]
pub struct Registry {}
impl Registry {
    /// `first`: merged at once, so that the first `Published` is complete before anything listens.
    pub fn new(_first: Vec<Report>, _rules: Rules, _settings: Settings) -> (Self, RegistryHandle, tokio::sync::watch::Receiver<Arc<Published>>) { todo!() }
    /// Runs until every handle is dropped.
    pub async fn run(self) { todo!() }
}
#[derive(Clone, Debug)]
pub struct RegistryHandle {}
impl RegistryHandle {
    /// Replaces what `report.source` said before.
    pub async fn report(&self, _report: Report) { todo!() }
    /// Replaces settings and rules (a reload of mesh-router.toml).
    pub async fn settings(&self, _settings: Settings, _rules: Rules) { todo!() }
}

/// Watches the project's files and reports each change until dropped (cancel safe). A broken file
/// keeps the last good report and says file:line in the log.
pub async fn watch_config(_options: ConfigOptions, _first: Reading, _registry: RegistryHandle) { todo!() }
