//! Where files lie that say how programs are stopped.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
};

/// Folders of the root that hold such files.
const FOLDERS: &[&str] = &[
    "charts",
    "deploy",
    "deployment",
    "docker",
    "helm",
    "infra",
    "k8s",
    "kubernetes",
    "manifests",
    "ops",
    "systemd",
];

/// Folders inside those, at most.
const DEPTH_MAX: usize = 3;

/// Entries that are looked at, over all folders.
const ENTRIES_MAX: usize = 2000;

/// Files that are read.
const FILES_MAX: usize = 200;

/// Bytes of a file that is read.
const BYTES_MAX: u64 = 256 << 10;

/// Finds them: paths relative to the root, and texts. What can't be read is passed over.
pub(super) fn find(root: &Path) -> Vec<(String, String)> {
    let mut search = Search {
        root,
        entries_left: ENTRIES_MAX,
        found: Vec::new(),
    };
    search.folder("", 0);
    for folder in FOLDERS {
        search.folder(folder, DEPTH_MAX);
    }
    search.found
}

struct Search<'a> {
    root: &'a Path,
    entries_left: usize,
    found: Vec<(String, String)>,
}

impl Search<'_> {
    fn folder(&mut self, folder: &str, depth: usize) {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return;
        };
        let mut names: Vec<(String, bool)> = Vec::new();
        for entry in entries.flatten() {
            let Some(left) = self.entries_left.checked_sub(1) else {
                break;
            };
            self.entries_left = left;
            // Links may lead anywhere.
            if let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type())
                && (kind.is_dir() || kind.is_file())
            {
                names.push((name, kind.is_dir()));
            }
        }
        names.sort();
        for (name, is_folder) in names {
            let path = match folder {
                "" => name.clone(),
                folder => format!("{folder}/{name}"),
            };
            match (is_folder, depth.checked_sub(1)) {
                (true, Some(depth)) => self.folder(&path, depth),
                (true, None) => {}
                (false, _) => self.file(&name, path),
            }
        }
    }

    fn file(&mut self, name: &str, path: String) {
        if !is_wanted(name) || self.found.len() >= FILES_MAX {
            return;
        }
        if let Some(text) = read(&self.root.join(&path)) {
            self.found.push((path, text));
        }
    }
}

fn is_wanted(name: &str) -> bool {
    match name.rsplit_once('.') {
        Some((stem, "toml")) => stem == "fly" || stem.starts_with("fly."),
        Some((_, "yml" | "yaml" | "service")) => true,
        Some(_) | None => false,
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    let limit = BYTES_MAX.saturating_add(1);
    let read = file.take(limit).read_to_string(&mut text).ok()?;
    u64::try_from(read)
        .is_ok_and(|read| read <= BYTES_MAX)
        .then_some(text)
}
