//! Elixirs to run nodes with: the installed one, and a newer one in a Debian tree of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::tool;

/// An Elixir that is at hand.
#[derive(Clone, Debug)]
pub struct Elixir {
    /// What it sees as `/`, if that is another folder.
    root: Option<PathBuf>,
}

impl Elixir {
    /// Returns the one on PATH.
    pub fn installed() -> Self {
        Self { root: None }
    }

    /// Returns each that there is: the installed one, and that of the Debian tree if it was made;
    /// `cargo xtask test` makes it where it runs as root, and else says that it did not.
    pub fn all() -> Vec<Self> {
        let newer = trixie().map(|tree| Self { root: Some(tree) });
        std::iter::once(Self::installed()).chain(newer).collect()
    }

    /// Returns the command that starts it.
    #[track_caller]
    pub fn command(&self) -> Command {
        let Some(root) = &self.root else {
            return Command::new(tool::require("elixir"));
        };
        let mut chroot = Command::new(tool::require("chroot"));
        chroot.arg(root).arg("elixir");
        chroot
    }

    /// Makes a folder that it sees, which goes with the value.
    #[track_caller]
    pub fn folder(&self) -> TempDir {
        match &self.root {
            Some(root) => TempDir::new_in(root.join("tmp")).unwrap(),
            None => TempDir::new().unwrap(),
        }
    }

    /// Returns the name that it knows a file by.
    #[track_caller]
    pub fn seen(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) => Path::new("/").join(path.strip_prefix(root).unwrap()),
            None => path.to_owned(),
        }
    }

    /// Copies a file or folder into one of [`Elixir::folder`], if it would not see it where it is.
    /// Returns its place as Elixir knows it.
    #[track_caller]
    pub(crate) fn shown(&self, path: &Path, folder: &Path) -> PathBuf {
        if self.root.is_none() {
            return path.to_owned();
        }
        let copy = folder.join(path.file_name().unwrap());
        copy_all(path, &copy);
        self.seen(&copy)
    }
}

/// Returns the folder of a whole Debian 13 with Elixir 1.18 and OTP 27; `None` if `cargo xtask
/// trixie` never made it here.
fn trixie() -> Option<PathBuf> {
    // As `xtask/src/trixie.rs` has it.
    let absolute = |name| {
        let folder = std::env::var_os(name).map(PathBuf::from);
        folder.filter(|it| it.is_absolute())
    };
    let cache =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    let tree = cache.join("mesh-router/trixie");
    let elixir = tree.join("usr/bin/elixir");
    elixir.symlink_metadata().is_ok().then_some(tree)
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy_all(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
