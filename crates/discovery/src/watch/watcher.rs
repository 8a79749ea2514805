//! Waits for changes on the disk: told by the system, or by looking again and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    ops::Bound,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind,
};
use tokio::sync::mpsc;
use tracing::warn;

use super::interest::Interest;

/// Events that may wait; where there are more, some are lost and everything is read again.
const EVENTS_MAX: usize = 1024;

/// How often a project is looked at where the system doesn't tell of changes.
const POLL: Duration = Duration::from_millis(100);

/// Tells that something changed which a reading asked for.
#[derive(Debug)]
pub(super) struct Watcher {
    interest: Interest,
    means: Means,
}

#[derive(Debug)]
enum Means {
    Told(Told),
    /// How each path looked last.
    Polling(BTreeMap<PathBuf, Option<Looks>>),
}

/// By the system: inotify, FSEvents, kqueue.
#[derive(Debug)]
struct Told {
    system: RecommendedWatcher,
    events: mpsc::Receiver<Message>,
    folders: BTreeSet<PathBuf>,
}

#[derive(Debug)]
enum Message {
    Event(Event),
    /// The system could not tell all.
    Lost,
}

/// What changes in a file's or folder's entry when it is written.
#[derive(Debug, PartialEq, Eq)]
struct Looks {
    modified: Option<SystemTime>,
    len: u64,
}

impl Watcher {
    /// Lets the system tell of changes, or looks again and again where it can't.
    pub(super) fn start() -> Self {
        match Told::start() {
            Ok(told) => Self {
                interest: Interest::default(),
                means: Means::Told(told),
            },
            Err(error) => {
                log_polling(&error);
                Self::polling()
            }
        }
    }

    pub(super) fn polling() -> Self {
        Self {
            interest: Interest::default(),
            means: Means::Polling(BTreeMap::new()),
        }
    }

    /// Sees to it that changes of these paths are told from now on. Returns whether something is
    /// watched that was not before.
    pub(super) fn follow(&mut self, asked: &[PathBuf]) -> bool {
        self.interest = Interest::new(asked);
        if let Means::Told(told) = &mut self.means {
            match told.follow(self.interest.folders()) {
                Ok(is_new) => return is_new,
                // Most often the user's limit of watches.
                Err(error) => {
                    log_polling(&error);
                    self.means = Means::Polling(BTreeMap::new());
                }
            }
        }
        if let Means::Polling(seen) = &mut self.means {
            let before = std::mem::replace(seen, look(&self.interest));
            let is_new = seen.keys().any(|path| !before.contains_key(path));
            // How a path looked before it was read counts: a change since then is still to be told.
            seen.extend(
                before
                    .into_iter()
                    .filter(|(path, _)| self.interest.has(path)),
            );
            return is_new;
        }
        false
    }

    /// Waits until something has changed. Dropping it loses nothing.
    pub(super) async fn changed(&mut self) {
        match &mut self.means {
            Means::Told(told) => told.changed(&self.interest).await,
            Means::Polling(seen) => poll(&self.interest, seen).await,
        }
    }
}

fn log_polling(error: &notify::Error) {
    warn!(
        reason = %error,
        interval_ms = POLL.as_millis(),
        "files can't be watched, looking at them instead"
    );
}

impl Told {
    fn start() -> notify::Result<Self> {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let system = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // A full queue wakes the receiver all the same, and it sees that something is missing.
            let _ = sender.try_send(event.map_or(Message::Lost, Message::Event));
        })?;
        Ok(Self {
            system,
            events,
            folders: BTreeSet::new(),
        })
    }

    fn follow(&mut self, folders: BTreeSet<PathBuf>) -> notify::Result<bool> {
        for folder in self.folders.difference(&folders) {
            // It may be gone, and its watch with it.
            let _ = self.system.unwatch(folder);
        }
        let mut is_new = false;
        for folder in folders.difference(&self.folders) {
            match self.system.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => is_new = true,
                // Gone since it was asked for: the folder above tells of that.
                Err(error) if !folder.is_dir() => drop(error),
                Err(error) => return Err(error),
            }
        }
        self.folders = folders;
        Ok(is_new)
    }

    async fn changed(&mut self, interest: &Interest) {
        loop {
            // Whoever fills the queue leaves no room for the event that matters.
            let is_full = self.events.len() >= EVENTS_MAX;
            match self.events.recv().await {
                Some(Message::Event(event)) => {
                    self.forget(&event);
                    if is_full || interest.concerns(&event) {
                        return;
                    }
                }
                Some(Message::Lost) => return,
                // The sender lives in `self.system`.
                None => std::future::pending().await,
            }
        }
    }

    /// A folder that was moved or removed takes its watch along; one of its name must be watched anew.
    fn forget(&mut self, event: &Event) {
        if matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        ) {
            for path in &event.paths {
                let gone: Vec<PathBuf> = self
                    .folders
                    .range::<Path, _>((Bound::Included(path.as_path()), Bound::Unbounded))
                    .take_while(|folder| folder.starts_with(path))
                    .cloned()
                    .collect();
                for folder in gone {
                    let _ = self.system.unwatch(&folder);
                    self.folders.remove(&folder);
                }
            }
        }
    }
}

async fn poll(interest: &Interest, seen: &mut BTreeMap<PathBuf, Option<Looks>>) {
    loop {
        tokio::time::sleep(POLL).await;
        let looks = look(interest);
        if looks != *seen {
            *seen = looks;
            return;
        }
    }
}

fn look(interest: &Interest) -> BTreeMap<PathBuf, Option<Looks>> {
    let looks = |path: &Path| path.metadata().ok().as_ref().map(Looks::of);
    interest
        .paths()
        .map(|path| (path.to_owned(), looks(path)))
        .collect()
}

impl Looks {
    fn of(metadata: &Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            len: metadata.len(),
        }
    }
}
