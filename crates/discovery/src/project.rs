//! Where a project's root is, and which of its files make endpoints.

use std::{
    io,
    num::NonZero,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread::{self, ScopedJoinHandle},
};

use elixir_config::{Files, MixProject, Use};
use phoenix::{Call, EndpointModule};
use routes::{Finding, Origin, Severity};

use crate::{settings::GATEWAY_APP, source::config::finding};

/// Endpoints of one project; further ones are left out, with a finding.
pub(crate) const ENDPOINTS_MAX: usize = 4096;

/// What makes a module an endpoint.
const ENDPOINT: &str = "Phoenix.Endpoint";

/// What a file that defines an endpoint is named, by Phoenix's generators and by everyone.
const ENDPOINT_FILES: &str = "lib/**/*endpoint*.ex";

/// Why there is no project to read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// Neither the folder nor any above it is a Mix project.
    #[error(
        "no mix.exs in {} or above it: run mesh-router in a Phoenix project's folder, or try `mesh-router demo`",
        .0.display()
    )]
    NoProject(PathBuf),
    /// A `mix.exs` or its folder can't be read.
    #[error("reading {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
}

/// Finds the project's root: the nearest folder at or above `from` with a `mix.exs`, or the
/// umbrella that holds it (a `mix.exs` whose `apps_path` is the folder's parent).
///
/// # Errors
///
/// There is no `mix.exs`, or one can't be read.
pub fn find_root(from: &Path) -> Result<PathBuf, ProjectError> {
    let from = std::path::absolute(from).map_err(|e| ProjectError::Read(from.to_owned(), e))?;
    let mut nearest: Option<PathBuf> = None;
    for folder in from.ancestors() {
        let Some(text) = mix_exs(folder)? else {
            continue;
        };
        let Some(app) = &nearest else {
            nearest = Some(folder.to_owned());
            continue;
        };
        if holds(folder, &text, app) {
            return Ok(folder.to_owned());
        }
    }
    nearest.ok_or(ProjectError::NoProject(from))
}

fn mix_exs(folder: &Path) -> Result<Option<String>, ProjectError> {
    let path = folder.join("mix.exs");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProjectError::Read(path, error)),
    }
}

/// Returns whether the `mix.exs` of `folder` is an umbrella's and `app` one of its apps.
fn holds(folder: &Path, text: &str, app: &Path) -> bool {
    // A project above that can't be parsed is no reason to refuse the one we stand in.
    elixir_config::mix_project(text)
        .ok()
        .and_then(|project| project.apps_path)
        .is_some_and(|apps| app.parent() == Some(&folder.join(apps)))
}

/// What the `mix.exs` of a project's root says.
#[derive(Debug, Default)]
pub(crate) struct Root {
    project: MixProject,
    /// It doesn't parse.
    pub(crate) broken: Option<Finding>,
}

impl Root {
    pub(crate) fn of(files: &dyn Files) -> Self {
        match read_project(files, "mix.exs") {
            Ok(project) => Self {
                project,
                broken: None,
            },
            // Whatever it says: the folder tells what it most likely is.
            Err(finding) => Self {
                project: MixProject {
                    apps_path: files.exists("apps").then(|| "apps".to_owned()),
                    ..MixProject::default()
                },
                broken: Some(finding),
            },
        }
    }

    /// Whether the Hex package is a dependency of the root itself.
    pub(crate) fn has_package(&self) -> bool {
        has_package(&self.project)
    }

    /// The script that it names, relative to the root.
    pub(crate) fn config_path(&self) -> &str {
        let named = self.project.config_path.as_deref();
        named.unwrap_or("config/config.exs")
    }
}

/// What a project consists of, apart from its configuration.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The OTP applications.
    pub(crate) apps: Vec<String>,
    /// The endpoints that its files define.
    pub(crate) modules: Vec<EndpointModule>,
    /// The Hex package is a dependency of an application.
    pub(crate) has_package: bool,
    pub(crate) findings: Vec<Finding>,
}

fn has_package(project: &MixProject) -> bool {
    project.deps.iter().any(|it| it == GATEWAY_APP)
}

/// One application's files.
#[derive(Debug)]
struct App {
    /// Empty, or ends in a `/`.
    folder: String,
    /// What may define an endpoint.
    files: Vec<String>,
    /// Its name, where that is known without reading its `mix.exs`.
    name: Option<String>,
    /// It is an umbrella's and has a `mix.exs` of its own.
    is_child: bool,
}

/// What one application's files say.
#[derive(Debug, Default)]
struct Said {
    app: Option<String>,
    has_package: bool,
    /// By file.
    uses: Vec<(String, Vec<Use>)>,
    findings: Vec<Finding>,
}

impl Survey {
    /// Reads the `mix.exs` of an umbrella's apps, and all files that may define an endpoint.
    pub(crate) fn of(files: &(dyn Files + Sync), root: &Root) -> Self {
        let apps = match &root.project.apps_path {
            Some(folder) => App::children(files, folder),
            None => vec![App::single(files, root.project.app.clone())],
        };
        let mut survey = Self::default();
        for said in on_all_cores(&apps, |app| app.read(files)) {
            survey.add(said);
        }
        survey
    }

    fn add(&mut self, said: Said) {
        self.findings.extend(said.findings);
        self.has_package |= said.has_package;
        for (path, uses) in said.uses {
            self.endpoints(&path, uses, said.app.as_deref());
        }
        self.apps.extend(said.app);
    }

    fn endpoints(&mut self, path: &str, uses: Vec<Use>, app: Option<&str>) {
        for found in uses {
            let Some(otp_app) = found.otp_app.or_else(|| app.map(str::to_owned)) else {
                continue;
            };
            if self
                .modules
                .iter()
                .any(|known| known.module == found.module)
            {
                continue;
            }
            if self.modules.len() >= ENDPOINTS_MAX {
                self.findings.push(too_many_endpoints());
                return;
            }
            self.modules.push(EndpointModule {
                module: found.module,
                otp_app,
                origin: Some(Origin {
                    file: path.to_owned(),
                    line: found.line,
                }),
                init: found.init,
                calls: Some(found.calls.into_iter().map(call).collect()),
            });
        }
    }
}

impl App {
    fn children(files: &dyn Files, apps: &str) -> Vec<Self> {
        let listed = files.glob(&format!("{apps}/*/mix.exs")).into_iter();
        let child = |path: String| {
            let folder = path.strip_suffix("mix.exs").unwrap_or_default();
            // Mix wants them equal, so the folder's name is as good.
            let name = folder.trim_end_matches('/').rsplit('/').next();
            Self {
                files: files.glob(&format!("{folder}{ENDPOINT_FILES}")),
                name: name.map(str::to_owned),
                folder: folder.to_owned(),
                is_child: true,
            }
        };
        listed.map(child).collect()
    }

    fn single(files: &dyn Files, name: Option<String>) -> Self {
        Self {
            folder: String::new(),
            files: files.glob(ENDPOINT_FILES),
            name,
            is_child: false,
        }
    }

    fn read(&self, files: &dyn Files) -> Said {
        let mut said = Said::default();
        if self.is_child {
            match read_project(files, &format!("{}mix.exs", self.folder)) {
                Ok(project) => {
                    said.has_package = has_package(&project);
                    said.app = project.app;
                }
                Err(finding) => said.findings.push(finding),
            }
        }
        said.app = said.app.or_else(|| self.name.clone());
        for path in &self.files {
            match files.read(path) {
                Ok(text) => {
                    let text = text.unwrap_or_default();
                    let uses = match files.memory() {
                        Some(memory) => memory.uses(&text, ENDPOINT),
                        None => elixir_config::uses(&text, ENDPOINT),
                    };
                    said.uses.push((path.clone(), uses));
                }
                Err(why) => said.findings.push(unreadable(path, &why)),
            }
        }
        said
    }
}

/// Reads a `mix.exs`; where there is none, it says nothing.
fn read_project(files: &dyn Files, path: &str) -> Result<MixProject, Finding> {
    let text = files.read(path).map_err(|why| unreadable(path, &why))?;
    let text = text.unwrap_or_default();
    let read = match files.memory() {
        Some(memory) => memory.mix_project(&text),
        None => elixir_config::mix_project(&text),
    };
    read.map_err(|found| {
        let mut finding = finding(&found);
        // `mix_project` is given a text and doesn't know its name.
        finding.origin = Some(Origin {
            file: path.to_owned(),
            line: found.at.line,
        });
        finding
    })
}

/// Calls `work` with each item, on as many threads as there are cores; what they return is in the
/// order of the items.
fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    /// Fewer are not worth a thread.
    const ITEMS_PER_THREAD_MIN: usize = 8;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(ITEMS_PER_THREAD_MIN);
    let all = |items: &[T]| items.iter().map(&work).collect::<Vec<R>>();
    if items.len() <= share {
        return all(items);
    }
    thread::scope(|scope| {
        let all = &all;
        let spawn = |items| {
            let spawned = thread::Builder::new().spawn_scoped(scope, move || all(items));
            // Where the system gives no further thread, this one does the work.
            spawned.map_err(|_| all(items))
        };
        let threads: Vec<_> = items.chunks(share).map(spawn).collect();
        let join = |thread: Result<ScopedJoinHandle<'_, Vec<R>>, Vec<R>>| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(done) => done,
        };
        threads.into_iter().flat_map(join).collect()
    })
}

fn call(found: elixir_config::Call) -> Call {
    let elixir_config::Call {
        name,
        arguments,
        line,
        is_conditional,
    } = found;
    Call {
        name,
        arguments,
        line,
        is_conditional,
    }
}

fn unreadable(path: &str, why: &str) -> Finding {
    Finding {
        code: "file-unreadable",
        severity: Severity::Warning,
        origin: Some(Origin {
            file: path.to_owned(),
            line: 0,
        }),
        message: format!("{path} can't be read: {why}"),
        fix: format!("make {path} a readable UTF-8 file"),
    }
}

pub(crate) fn too_many_endpoints() -> Finding {
    Finding {
        code: "too-many-endpoints",
        severity: Severity::Warning,
        origin: None,
        message: format!(
            "the project has more than {ENDPOINTS_MAX} endpoints, the rest is left out"
        ),
        fix: String::new(),
    }
}

#[cfg(test)]
mod tests;
