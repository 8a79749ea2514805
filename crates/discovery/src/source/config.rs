//! Source `config`: a project's own files, read without running Elixir.

use std::{collections::BTreeMap, path::PathBuf};

use elixir_config::{Config, Script, Written};
use erlterm::Term;
use phoenix::{EndpointModule, Environment, Project, Setting};
use routes::{Finding, Mode, Origin, Report, Severity, Source, Subdomains};

use crate::{
    files::ProjectFiles,
    project::{ENDPOINTS_MAX, Survey},
};

/// The key by which an application may name its endpoint.
const MARKER: &str = "endpoint";

/// The application under which a project configures the gateway itself.
const GATEWAY_APP: &str = "ex_service_mesh_router";

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
    // The system tells of changes by the real path (FSEvents does), and Elixir knows no other.
    let root = options.root.canonicalize();
    let root = root.as_ref().unwrap_or(&options.root);
    let files = ProjectFiles::new(root);
    let survey = Survey::of(&files);
    let config = elixir_config::evaluate(
        &files,
        &Script {
            env: &options.env,
            config_path: &survey.config_path,
            vars: &options.vars,
            root: &root.to_string_lossy(),
        },
    );
    let mut modules = survey.modules;
    add_marked(&mut modules, &survey.apps, &config);
    let meaning = phoenix::read(
        &Project {
            source: Source::Config,
            root,
            env: &options.env,
            mode: options.mode,
            domain: &options.domain,
            subdomains: options.subdomains,
            vars: &options.vars,
            is_release: false,
        },
        &modules,
        &Evaluated(&config),
    );

    let broken = survey.broken.or_else(|| config.broken().map(finding));
    let mut findings = survey.findings;
    findings.extend(config.findings().iter().map(finding));
    findings.extend(broken.iter().cloned());
    findings.extend(meaning.findings);
    findings.extend(modules.is_empty().then(|| no_endpoint(options)));
    findings.extend(files.is_exhausted().then(too_many_files));
    findings.sort();
    findings.dedup();
    Reading {
        report: Report {
            source: Source::Config,
            stale: false,
            endpoints: meaning.endpoints,
            findings,
        },
        broken,
        declared_ports: meaning.declared_ports,
        gateway: gateway(&config),
        watched: files.asked(),
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
}

/// Adds the modules that a `config :app, endpoint: Module` names and no file shows.
///
/// Others' libraries have settings of that name too, so the application must be one of the
/// project's, or configure the module itself.
fn add_marked(modules: &mut Vec<EndpointModule>, apps: &[String], config: &Config) {
    for app in config.apps() {
        let elixir_config::Setting::Known(Term::Atom(atom), at) = config.get(app, &[MARKER]) else {
            continue;
        };
        let Some(module) = atom.strip_prefix("Elixir.") else {
            continue;
        };
        let is_ours = apps.iter().any(|ours| ours == app)
            || config.get(app, &[&atom]) != elixir_config::Setting::Absent;
        let is_known = modules.iter().any(|known| known.module == module);
        if is_ours && !is_known && modules.len() < ENDPOINTS_MAX {
            modules.push(EndpointModule {
                module: module.to_owned(),
                otp_app: app.to_owned(),
                origin: Some(origin(&at)),
                init: None,
                calls: None,
            });
        }
    }
}

fn gateway(config: &Config) -> GatewayConfig {
    let port = match config.get(GATEWAY_APP, &["port"]) {
        elixir_config::Setting::Known(Term::Integer(port), at) => {
            u16::try_from(port).ok().map(|port| (port, origin(&at)))
        }
        elixir_config::Setting::Known(..)
        | elixir_config::Setting::Absent
        | elixir_config::Setting::Unknown { .. } => None,
    };
    GatewayConfig { port }
}

/// What the evaluator found, in the words of a report. What matters to routing is said again, and
/// louder, where it matters.
pub(crate) fn finding(found: &elixir_config::Finding) -> Finding {
    Finding {
        code: found.code,
        severity: if found.is_error {
            Severity::Error
        } else {
            Severity::Info
        },
        origin: Some(origin(&found.at)),
        message: found.message.clone(),
        fix: found.fix.clone(),
    }
}

fn origin(at: &Written) -> Origin {
    Origin {
        file: at.file.clone(),
        line: at.line,
    }
}

fn no_endpoint(options: &ConfigOptions) -> Finding {
    Finding {
        code: "no-endpoint",
        severity: Severity::Error,
        origin: None,
        message: format!(
            "no Phoenix endpoint in {}: no file named *endpoint*.ex says `use Phoenix.Endpoint`",
            options.root.display()
        ),
        fix: "run mesh-router in a Phoenix project's folder, or name each endpoint in its \
              config: `config :auth_web, endpoint: AuthWeb.Endpoint`"
            .to_owned(),
    }
}

fn too_many_files() -> Finding {
    Finding {
        code: "too-many-files",
        severity: Severity::Warning,
        origin: None,
        message: "the project's folders hold more files than are looked at, so endpoints may be \
                  missing"
            .to_owned(),
        fix: "name each endpoint in its config: `config :auth_web, endpoint: AuthWeb.Endpoint`"
            .to_owned(),
    }
}
