//! Source `release`: an assembled release, read without starting it.
//!
//! `releases/start_erl.data` says which version starts; that version's `sys.config` what is
//! configured, and what its start evaluates over that (`runtime.exs`); its `*.rel` which
//! applications belong. The variables are those of the gateway, with what the release's own start
//! script and `env.sh` make of them. Cookies are never read.

mod apps;
mod layout;
mod node;
mod shell;
mod start;
mod variables;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use elixir_config::{Boot, Config, Provider, Script};
use phoenix::{ConfigProvider, EndpointModule};
use routes::{Finding, Origin, Severity};

use self::{apps::Apps, layout::Layout, variables::Variables};
use crate::{
    Project, Wanted,
    files::ProjectFiles,
    settings,
    source::config::{add_marked, finding},
};

/// The file that makes a folder a release's.
const START_FILE: &str = "releases/start_erl.data";

/// The environment of a release that doesn't say.
const ENV_DEFAULT: &str = "prod";

/// Finds the release that `from` lies in: the nearest folder at or above it with
/// `releases/start_erl.data`.
#[must_use]
pub fn find_release(from: &Path) -> Option<PathBuf> {
    let from = std::path::absolute(from).ok()?;
    let found = from.ancestors().find(|folder| is_release(folder));
    found.map(Path::to_owned)
}

/// Returns whether the folder is a release's.
#[must_use]
pub fn is_release(folder: &Path) -> bool {
    folder.join(START_FILE).is_file()
}

/// Reads the release at `root`; blocks on the disk.
pub(crate) fn open(root: &Path, wanted: &Wanted) -> Project {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let files = ProjectFiles::new(&real);
    let mut findings = Vec::new();
    let opened = match Layout::read(&files, &real, &wanted.vars, &mut findings) {
        Ok(layout) => evaluate(&layout, &files, &real, &mut findings),
        Err(broken) => Opened {
            env: ENV_DEFAULT.to_owned(),
            broken: Some(broken),
            ..Opened::default()
        },
    };
    let mut watched = files.asked();
    // A deployment that points a link to another release.
    watched.extend((root != real).then(|| root.to_owned()));
    Project {
        wanted: wanted.clone(),
        memory: Arc::default(),
        root: real,
        env: opened.env,
        vars: opened.vars,
        node: opened.node,
        settings: settings::of(&opened.config),
        private: None,
        config: opened.config,
        modules: opened.modules,
        findings,
        broken: opened.broken,
        watched,
    }
}

/// What the files of a release give.
#[derive(Debug, Default)]
struct Opened {
    env: String,
    vars: BTreeMap<String, String>,
    node: Option<String>,
    config: Config,
    modules: Vec<EndpointModule>,
    broken: Option<Finding>,
}

fn evaluate(
    layout: &Layout,
    files: &ProjectFiles,
    root: &Path,
    findings: &mut Vec<Finding>,
) -> Opened {
    let variables = &layout.variables;
    let env = layout.startup.env.as_deref().unwrap_or(ENV_DEFAULT);
    // Whatever is looked up while any variable may be another is not known.
    let vars = match variables.why_doubted() {
        Some(_) => BTreeMap::new(),
        None => variables.all().clone(),
    };
    let providers = providers(layout, root, findings);
    let config = elixir_config::evaluate_release(
        files,
        &Script {
            env,
            config_path: &layout.settings_path,
            vars: &vars,
            root: &root.to_string_lossy(),
        },
        &Boot {
            compiled: &layout.settings,
            providers: &providers,
            target: layout.startup.target.as_deref().unwrap_or("host"),
            unknown_vars: variables.unknown(),
            vars_doubt: variables.why_doubted(),
        },
    );
    let mut apps = Apps::of(files, layout.file.as_ref());
    let mut modules = apps.endpoints(&config);
    let names = apps.names();
    add_marked(&mut modules, &names, &config);
    modules.retain(|module| names.contains(&module.otp_app));
    findings.append(&mut apps.findings);
    findings.extend(modules.is_empty().then(|| no_endpoint(root)));
    Opened {
        env: env.to_owned(),
        vars,
        node: node::name(variables, layout.vm_args.as_deref()),
        broken: config.broken().map(finding),
        config,
        modules,
    }
}

/// What is asked for settings when the release starts, in turn.
fn providers(layout: &Layout, root: &Path, findings: &mut Vec<Finding>) -> Vec<Provider> {
    let mut providers = Vec::new();
    for more in &layout.includes {
        findings.push(unread(layout, more));
        providers.push(Provider::Unknown(format!("{more} may set it")));
    }
    for provider in &layout.startup.providers {
        let read = match provider {
            ConfigProvider::Script(path) => script(path, root, &layout.variables),
            ConfigProvider::Other(name) => Err(format!("the config provider {name}")),
        };
        providers.push(match read {
            Ok(path) => Provider::Script(path),
            Err(what) => {
                findings.push(unread(layout, &what));
                Provider::Unknown(format!("{what} may set it"))
            }
        });
    }
    providers
}

/// The path of a provider's script, relative to the release where it lies below it; or what there
/// is in its place.
fn script(
    path: &phoenix::ConfigPath,
    root: &Path,
    variables: &Variables,
) -> Result<String, String> {
    let front = match &path.var {
        None => String::new(),
        // Whatever else may be another: it is where the release stands.
        Some(var) if var == "RELEASE_ROOT" => root.to_string_lossy().into_owned(),
        Some(var) => variables
            .known(var)
            .ok_or_else(|| format!("the script ${var}{}", path.rest))?,
    };
    let whole = format!("{front}{}", path.rest);
    if !whole.starts_with('/') {
        // It depends on where the release is started.
        return Err(format!("the script {whole}"));
    }
    let below = Path::new(&whole).strip_prefix(root).ok();
    let below = below.and_then(Path::to_str).map(str::to_owned);
    Ok(below.unwrap_or(whole))
}

fn unread(layout: &Layout, what: &str) -> Finding {
    Finding {
        code: "config-provider",
        severity: Severity::Warning,
        origin: Some(whole_file(&layout.settings_path)),
        message: format!(
            "{what} is asked for settings when the release starts and is not read: whatever it may \
             set is unknown"
        ),
        fix: "name the routes in mesh-router.toml, or let a script that sets url, http and server be \
              the last provider: `config_providers: [{…}, {Config.Reader, path}]`"
            .to_owned(),
    }
}

fn no_endpoint(root: &Path) -> Finding {
    Finding {
        code: "no-endpoint",
        severity: Severity::Error,
        origin: None,
        message: format!(
            "no Phoenix endpoint in the release {}: none of its applications configures a module \
             of its own named *Endpoint",
            root.display()
        ),
        fix: "name each endpoint in the project's config before it is assembled: `config \
              :auth_web, endpoint: AuthWeb.Endpoint`"
            .to_owned(),
    }
}

fn whole_file(path: &str) -> Origin {
    Origin {
        file: path.to_owned(),
        line: 0,
    }
}

#[cfg(test)]
mod tests;
