//! Source `config`: a project's own files, read without running Elixir.

use std::{collections::BTreeMap, path::PathBuf};

use routes::{Finding, Mode, Origin, Report, Source, Subdomains};

/// What the config source reads, and for whom.
#[derive(Clone, Debug, Default)]
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
    pub subdomains: Subdomains,
    /// The process's environment variables.
    pub vars: BTreeMap<String, String>,
}

/// What one reading of the project's files gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The endpoints and what could not be used.
    pub report: Report,
    /// Set when a file does not parse, or Elixir itself would abort; also among the findings.
    pub broken: Option<Finding>,
    /// Ports that endpoints declare, with where (for choosing ours).
    pub declared_ports: Vec<(u16, Origin)>,
    /// What the project says of the gateway itself.
    pub gateway: GatewayConfig,
    /// Files and folders whose change changes the answer.
    pub watched: Vec<PathBuf>,
}

/// `config :ex_service_mesh_router, …`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayConfig {
    /// `port:`, with where it is written.
    pub port: Option<(u16, Origin)>,
}

/// Reads the project's config once; blocks on the disk. Never fails: a config that does not parse
/// gives what could be read, with `broken` set.
pub fn read_config(options: &ConfigOptions) -> Reading {
    let _ = options;
    Reading {
        report: Report {
            source: Source::Config,
            stale: false,
            endpoints: Vec::new(),
            findings: Vec::new(),
        },
        broken: None,
        declared_ports: Vec::new(),
        gateway: GatewayConfig::default(),
        watched: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
