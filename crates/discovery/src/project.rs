//! Where a project's root is, and which of its files make endpoints.

use std::{
    io,
    path::{Path, PathBuf},
};

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

#[cfg(test)]
mod tests;
