//! Which changes on the disk may change what a reading gives.

use std::{
    collections::BTreeSet,
    ops::Bound,
    path::{Path, PathBuf},
};

use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode, ModifyKind},
};

/// Folders that are watched, about; Linux lets a user watch 8,192 or more.
const FOLDERS_MAX: usize = 4096;

/// The paths that a reading asked for.
#[derive(Debug, Default)]
pub(super) struct Interest(BTreeSet<PathBuf>);

impl Interest {
    pub(super) fn new(asked: &[PathBuf]) -> Self {
        Self(asked.iter().cloned().collect())
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(PathBuf::as_path)
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.contains(path)
    }

    /// The folders to watch: of every path the nearest folder there is, and those asked for
    /// themselves as far as the bound allows. What happens in the rest shows at the next change.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::new();
        for path in &self.0 {
            // Of a folder too, since itself it can't tell that it comes and goes.
            let above = path.ancestors().skip(1).find(|folder| folder.is_dir());
            folders.extend(above.map(Path::to_owned));
        }
        for path in self.0.iter().filter(|path| path.is_dir()) {
            if folders.len() >= FOLDERS_MAX {
                break;
            }
            folders.insert(path.clone());
        }
        folders
    }

    /// Returns whether an event may change what a reading gives.
    ///
    /// Reading must not be seen as a change, nor a log file that grows beside the configuration.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        if event.need_rescan() {
            return true;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(
                ModifyKind::Any | ModifyKind::Data(_) | ModifyKind::Metadata(_) | ModifyKind::Other,
            ) => event.paths.iter().any(|path| self.0.contains(path)),
            EventKind::Access(_) => false,
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Remove(_)
            | EventKind::Other => event.paths.iter().any(|path| self.is_near(path)),
        }
    }

    /// Returns whether `path` was asked for, lies in a folder that was listed, or leads to such.
    fn is_near(&self, path: &Path) -> bool {
        let listed = path.parent().is_some_and(|folder| self.0.contains(folder));
        // Paths sort by component, so whatever lies below `path` follows it.
        let next = self
            .0
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
            .next();
        listed || next.is_some_and(|asked| asked.starts_with(path))
    }
}

#[cfg(test)]
mod tests;
