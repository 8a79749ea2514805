//! Source `config`: a project's own files, read without running Elixir.

use std::{panic::resume_unwind, path::Path, sync::Arc, thread};

use elixir_config::{Config, Memory, Script, Written};
use erlterm::Term;
use phoenix::EndpointModule;
use routes::{Finding, Origin, Severity};

use crate::{
    Project, Wanted,
    files::ProjectFiles,
    project::{ENDPOINTS_MAX, Root, Survey},
    settings,
};

/// The key by which an application may name its endpoint.
const MARKER: &str = "endpoint";

/// Reads the sources of the project at `root`; blocks on the disk.
pub(crate) fn open(root: &Path, wanted: &Wanted, memory: &Arc<Memory>) -> Project {
    // The system tells of changes by the real path (FSEvents does), and Elixir knows no other.
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let new = || ProjectFiles::remembering(&real, Some(Arc::clone(memory)));
    let (files, config_files) = (new(), new());
    let mix = Root::of(&files);
    let evaluate = || {
        elixir_config::evaluate(
            &config_files,
            &Script {
                env: &wanted.env,
                config_path: mix.config_path(),
                vars: &wanted.vars,
                root: &real.to_string_lossy(),
            },
        )
    };
    // Neither depends on the other, and in a large umbrella they take equally long.
    let (survey, config) = thread::scope(|scope| {
        let spawned = thread::Builder::new().spawn_scoped(scope, evaluate);
        let survey = Survey::of(&files, &mix);
        let config = match spawned {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // The system gives no further thread.
            Err(_) => evaluate(),
        };
        (survey, config)
    });
    let mut modules = survey.modules;
    add_marked(&mut modules, &survey.apps, &config);
    let settings = settings::of(&config);
    let has_package = mix.has_package() || survey.has_package;
    let private = has_package.then(|| settings::private(&settings, &wanted.env));
    let broken = mix.broken.or_else(|| config.broken().map(finding));
    let mut findings = survey.findings;
    findings.extend(modules.is_empty().then(|| no_endpoint(root)));
    let is_exhausted = files.is_exhausted() || config_files.is_exhausted();
    findings.extend(is_exhausted.then(too_many_files));
    let mut watched = files.asked();
    watched.append(&mut config_files.asked());
    watched.sort_unstable();
    watched.dedup();
    Project {
        wanted: wanted.clone(),
        memory: Arc::clone(memory),
        root: real,
        env: wanted.env.clone(),
        vars: wanted.vars.clone(),
        node: None,
        settings,
        private: private.flatten(),
        config,
        modules,
        findings,
        broken,
        watched,
    }
}

/// Adds the modules that a `config :app, endpoint: Module` names and no file shows.
///
/// Others' libraries have settings of that name too, so the application must be one of the
/// project's, or configure the module itself.
pub(crate) fn add_marked(modules: &mut Vec<EndpointModule>, apps: &[String], config: &Config) {
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

pub(crate) fn origin(at: &Written) -> Origin {
    Origin {
        file: at.file.clone(),
        line: at.line,
    }
}

fn no_endpoint(root: &Path) -> Finding {
    Finding {
        code: "no-endpoint",
        severity: Severity::Error,
        origin: None,
        message: format!(
            "no Phoenix endpoint in {}: no file named *endpoint*.ex says `use Phoenix.Endpoint`",
            root.display()
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
