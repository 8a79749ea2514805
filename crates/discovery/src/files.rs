//! A project's files on the disk, as the evaluator asks for them.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use elixir_config::{Files, Memory};

use crate::wildcard;

/// The largest file that is read; the longest configuration seen in the wild has 60 KB.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Entries of folders that are looked at, for the configuration and for all else that is read.
const ENTRIES_MAX: usize = 100_000;

/// Folders inside folders that a `**` follows.
const DEPTH_MAX: usize = 64;

/// Links that one path is followed through, as in Linux.
const LINKS_MAX: usize = 40;

/// Folders that a `**` does not enter: others' code, or built from ours.
const FOREIGN: [&str; 3] = ["deps", "_build", "node_modules"];

/// Reads below (and above) a project's root, and remembers all that was asked, found or not. Threads
/// may share it.
#[derive(Debug)]
pub(crate) struct ProjectFiles {
    root: PathBuf,
    asked: Mutex<BTreeSet<PathBuf>>,
    entries_left: AtomicUsize,
    memory: Option<Arc<Memory>>,
}

impl ProjectFiles {
    pub(crate) fn new(root: &Path) -> Self {
        Self::remembering(root, None)
    }

    /// Reads what may have been read before.
    pub(crate) fn remembering(root: &Path, memory: Option<Arc<Memory>>) -> Self {
        Self {
            memory,
            root: root.to_owned(),
            asked: Mutex::default(),
            entries_left: AtomicUsize::new(ENTRIES_MAX),
        }
    }

    /// All paths that were asked for, absolute; folders that were listed among them.
    pub(crate) fn asked(&self) -> Vec<PathBuf> {
        self.asked_so_far().iter().cloned().collect()
    }

    /// Returns whether there was more to look at than a reading looks at.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.entries_left.load(Ordering::Relaxed) == 0
    }

    /// Reads a file whose encoding is its own affair; `None` if there is none.
    pub(crate) fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.ask(path);
        self.ask_links(path.clone());
        match read_bounded(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn asked_so_far(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // Whoever panicked has inserted a path or not; the others are all there.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, path: &str) -> PathBuf {
        let absolute = normal(&self.root.join(path));
        self.asked_so_far().insert(absolute.clone());
        absolute
    }

    /// Remembers every link on the way to `path`, and where each leads: an editor saves what a link
    /// points to, a deployment points it elsewhere. The root itself has none.
    fn ask_links(&self, mut path: PathBuf) {
        for _ in 0..LINKS_MAX {
            let Some((link, target)) = first_link(&path, &self.root) else {
                return;
            };
            // Before the first link, a path's text is what it leads to.
            let target = normal(&link.with_file_name(target));
            path = match path.strip_prefix(&link) {
                Ok(rest) if !rest.as_os_str().is_empty() => target.join(rest),
                Ok(_) | Err(_) => target,
            };
            let mut asked = self.asked_so_far();
            asked.insert(link);
            asked.insert(path.clone());
        }
    }

    /// Adds what lies below `base` and matches `segments` to `found`.
    fn walk(&self, base: &str, segments: &[&str], depth: usize, found: &mut BTreeSet<String>) {
        let Some((segment, rest)) = segments.split_first() else {
            found.insert(base.to_owned());
            return;
        };
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match *segment {
            // A `**` in the last place means all that is there.
            "**" if rest.is_empty() => self.walk(base, &["**", "*"], depth, found),
            "**" => {
                self.walk(base, rest, depth, found);
                for entry in self.list(base).into_iter().filter(Entry::is_own_folder) {
                    self.walk(&join(base, &entry.name), segments, depth, found);
                }
            }
            name if !wildcard::is_pattern(name) => {
                let path = join(base, name);
                if !rest.is_empty() || self.exists(&path) {
                    self.walk(&path, rest, depth, found);
                }
            }
            pattern => {
                for entry in self.list(base) {
                    let leads_on = rest.is_empty() || entry.kind != Kind::File;
                    if leads_on && wildcard::matches(pattern, &entry.name) {
                        self.walk(&join(base, &entry.name), rest, depth, found);
                    }
                }
            }
        }
    }

    /// Lists a folder; one that can't be listed has nothing to find.
    fn list(&self, folder: &str) -> Vec<Entry> {
        let Ok(entries) = std::fs::read_dir(self.ask(folder)) else {
            return Vec::new();
        };
        let mut listed = Vec::new();
        for entry in entries.flatten() {
            let less = |left: usize| left.checked_sub(1);
            let entries_left = &self.entries_left;
            if entries_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                .is_err()
            {
                break;
            }
            if let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) {
                listed.push(Entry {
                    name,
                    kind: Kind::of(kind),
                });
            }
        }
        listed
    }
}

impl Files for ProjectFiles {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let text = self.bytes(path)?.map(String::from_utf8).transpose();
        text.map_err(|_| "it is not UTF-8".to_owned())
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        for pattern in wildcard::expand(pattern) {
            let (base, pattern) = match pattern.strip_prefix('/') {
                Some(rest) => ("/", rest),
                None => ("", pattern.as_str()),
            };
            let segments: Vec<&str> = pattern.split('/').filter(|s| !s.is_empty()).collect();
            self.walk(base, &segments, DEPTH_MAX, &mut found);
        }
        found.into_iter().collect()
    }

    fn exists(&self, path: &str) -> bool {
        self.ask(path).exists()
    }

    fn memory(&self) -> Option<&Memory> {
        self.memory.as_deref()
    }
}

#[derive(Debug)]
struct Entry {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    /// May be a link to a folder above, so a `**` doesn't follow it.
    Link,
}

impl Entry {
    fn is_own_folder(&self) -> bool {
        self.kind == Kind::Folder
            && !self.name.starts_with('.')
            && !FOREIGN.contains(&self.name.as_str())
    }
}

impl Kind {
    fn of(kind: std::fs::FileType) -> Self {
        if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::File
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a named pipe would wait for its other end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    let read = file
        .take(FILE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read > FILE_BYTES_MAX) {
        return Err(io::Error::other(format!(
            "it is larger than {FILE_BYTES_MAX} bytes"
        )));
    }
    Ok(bytes)
}

/// Returns the first link on the way to `path`, and what stands in it; up to `root` there is none.
fn first_link(path: &Path, root: &Path) -> Option<(PathBuf, PathBuf)> {
    let ways: Vec<&Path> = path.ancestors().collect();
    for way in ways.into_iter().rev() {
        if root.starts_with(way) {
            continue;
        }
        // Nothing lies below what isn't there.
        if std::fs::symlink_metadata(way).ok()?.is_symlink() {
            return Some((way.to_owned(), std::fs::read_link(way).ok()?));
        }
    }
    None
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn join(base: &str, name: &str) -> String {
    match base {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        base => format!("{base}/{name}"),
    }
}

/// Takes `.` and `..` out of an absolute path by its text alone, as `Path.expand/1` does.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests;
