//! What is to be read: a project's sources or a release, and where that stands.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use discovery::{Place, ProjectError};

use crate::{args::Options, config::Environment};

#[cfg(test)]
mod tests;

/// Where we were started, or told to start, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// The folder to start from.
    pub(crate) start: PathBuf,
    /// What was found; `None`: neither a project nor a release.
    pub(crate) place: Option<Place>,
}

impl Whereabouts {
    /// Finds what is meant: `--release` or `--root`, else the release of `RELEASE_ROOT`, which is
    /// set for whatever a release starts, else what lies at or above the folder we stand in.
    pub(crate) fn find(options: &Options, process: &Environment) -> anyhow::Result<Self> {
        let asked = |flag: &Option<PathBuf>, variable: &str| {
            flag.clone()
                .or_else(|| process.get(variable).map(PathBuf::from))
        };
        let release = asked(&options.release, "MESH_ROUTER_RELEASE");
        // A flag goes before a variable, whichever each names.
        let release = release.filter(|_| options.release.is_some() || options.root.is_none());
        if let Some(release) = release {
            return Self::named(&release);
        }
        if let Some(root) = asked(&options.root, "MESH_ROUTER_ROOT") {
            return Self::around(&root);
        }
        let ours = process.get("RELEASE_ROOT").map(Path::new);
        match ours.filter(|root| discovery::is_release(root)) {
            Some(root) => Self::named(root),
            None => Self::around(Path::new(".")),
        }
    }

    /// The folder of whoever started us, or the one that we stand in; what is there isn't read.
    pub(crate) fn of_root(root: Option<&Path>) -> anyhow::Result<Self> {
        let start = std::path::absolute(root.unwrap_or(Path::new(".")));
        let start = start.context("finding the folder that we stand in")?;
        Ok(Self { start, place: None })
    }

    /// A release that was named, or any folder in it.
    fn named(folder: &Path) -> anyhow::Result<Self> {
        let opening = || format!("opening {}", folder.display());
        folder.canonicalize().with_context(opening)?;
        // Links stay: a deployment may point them to another release.
        let folder = std::path::absolute(folder).with_context(opening)?;
        let root = discovery::find_release(&folder).unwrap_or_else(|| folder.clone());
        Ok(Self {
            start: root.clone(),
            place: Some(Place::Release(root)),
        })
    }

    /// The nearer of the project and the release that `folder` lies in.
    fn around(folder: &Path) -> anyhow::Result<Self> {
        let start = folder
            .canonicalize()
            .with_context(|| format!("opening {}", folder.display()))?;
        let sources = match discovery::find_root(&start) {
            Ok(root) => Some(root),
            Err(ProjectError::NoProject(_)) => None,
            Err(error @ ProjectError::Read(..)) => return Err(error.into()),
        };
        let place = match (sources, discovery::find_release(&start)) {
            // A release below `_build` is nearer than the project that it was made of.
            (Some(sources), Some(release)) if release.starts_with(&sources) => {
                Some(Place::Release(release))
            }
            (None, Some(release)) => Some(Place::Release(release)),
            (sources, _) => sources.map(Place::Sources),
        };
        Ok(Self { start, place })
    }

    /// The folder of what was found.
    pub(crate) fn root(&self) -> Option<&Path> {
        match self.place.as_ref()? {
            Place::Sources(root) | Place::Release(root) => Some(root),
        }
    }

    /// Whether it is a release.
    pub(crate) fn is_release(&self) -> bool {
        match self.place {
            Some(Place::Release(_)) => true,
            Some(Place::Sources(_)) | None => false,
        }
    }
}
