//! Where a project's root is, and which of its files make endpoints.

use std::{
    io,
    path::{Path, PathBuf},
};

use elixir_config::{Files, MixProject};
use phoenix::{Call, EndpointModule};
use routes::{Finding, Origin, Severity};

use crate::source::config::finding;

/// Endpoints of one project; further ones are left out, with a finding.
pub(crate) const ENDPOINTS_MAX: usize = 4096;

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

/// What a project consists of, apart from its configuration.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The script that `mix.exs` names, relative to the root.
    pub(crate) config_path: String,
    /// The OTP applications.
    pub(crate) apps: Vec<String>,
    /// The endpoints that its files define.
    pub(crate) modules: Vec<EndpointModule>,
    pub(crate) findings: Vec<Finding>,
    /// The root's `mix.exs` doesn't parse.
    pub(crate) broken: Option<Finding>,
}

impl Survey {
    /// Reads `mix.exs`, those of an umbrella's apps, and all files that may define an endpoint.
    pub(crate) fn of(files: &dyn Files) -> Self {
        let mut survey = Self::default();
        let root = match survey.read_project(files, "mix.exs") {
            Ok(project) => project.unwrap_or_default(),
            Err(finding) => {
                survey.broken = Some(finding);
                // Whatever it says: the folder tells what it most likely is.
                MixProject {
                    apps_path: files.exists("apps").then(|| "apps".to_owned()),
                    ..MixProject::default()
                }
            }
        };
        survey.config_path = root
            .config_path
            .unwrap_or_else(|| "config/config.exs".to_owned());
        match root.apps_path {
            Some(apps) => survey.umbrella(files, &apps),
            None => survey.app(files, "", root.app),
        }
        survey
    }

    fn umbrella(&mut self, files: &dyn Files, apps: &str) {
        for path in files.glob(&format!("{apps}/*/mix.exs")) {
            let folder = path.strip_suffix("mix.exs").unwrap_or_default();
            let project = match self.read_project(files, &path) {
                Ok(project) => project.unwrap_or_default(),
                Err(finding) => {
                    self.findings.push(finding);
                    MixProject::default()
                }
            };
            // Mix wants them equal, so the folder's name is as good.
            let named = folder.trim_end_matches('/').rsplit('/').next();
            self.app(files, folder, project.app.or(named.map(str::to_owned)));
        }
    }

    /// Finds the endpoints of the application in `folder`, which is empty or ends in a `/`.
    fn app(&mut self, files: &dyn Files, folder: &str, app: Option<String>) {
        for path in files.glob(&format!("{folder}{ENDPOINT_FILES}")) {
            match files.read(&path) {
                Ok(text) => self.endpoints(&path, &text.unwrap_or_default(), app.as_deref()),
                Err(why) => self.findings.push(unreadable(&path, &why)),
            }
        }
        self.apps.extend(app);
    }

    fn endpoints(&mut self, path: &str, text: &str, app: Option<&str>) {
        for found in elixir_config::uses(text, "Phoenix.Endpoint") {
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

    fn read_project(
        &mut self,
        files: &dyn Files,
        path: &str,
    ) -> Result<Option<MixProject>, Finding> {
        let Some(text) = files.read(path).map_err(|why| unreadable(path, &why))? else {
            return Ok(None);
        };
        elixir_config::mix_project(&text)
            .map(Some)
            .map_err(|found| {
                let mut finding = finding(&found);
                // `mix_project` is given a text and doesn't know its name.
                finding.origin = Some(Origin {
                    file: path.to_owned(),
                    line: found.at.line,
                });
                finding
            })
    }
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
