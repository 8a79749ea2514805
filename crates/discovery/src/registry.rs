//! The only writer of the table.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use routes::{Conflict, Finding, Published, Report, Rules, Settings, Snapshot, Source};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{self, Instant},
};
use tracing::{info, warn};

use crate::{SourceStatus, watch::log_finding};
use pauses::Pauses;
pub use pauses::{PAUSE_MAX, Pause, PauseError};

mod pauses;

/// Changes that may wait for the registry; whoever reports more waits.
const CHANGES_MAX: usize = 64;

/// The only writer of the table: owns the last report of each source, merges, publishes.
#[derive(Debug)]
pub struct Registry {
    reports: BTreeMap<Source, Report>,
    rules: Rules,
    pauses: Pauses,
    published: watch::Sender<Arc<Published>>,
    sources: watch::Sender<Vec<SourceStatus>>,
    changes: mpsc::Receiver<Change>,
}

/// How sources and operators speak to the registry.
#[derive(Clone, Debug)]
pub struct RegistryHandle {
    changes: mpsc::Sender<Change>,
    sources: watch::Receiver<Vec<SourceStatus>>,
}

#[derive(Debug)]
enum Change {
    Report(Report),
    Settings(Box<(Settings, Rules)>),
    /// An operator wishes that a service's requests wait, or go on.
    Pause(String, Pause, oneshot::Sender<Result<u64, PauseError>>),
    /// The time of some pause is up.
    PauseOver,
    /// Nothing: somebody asks which generation holds after all changes before.
    Asked(oneshot::Sender<u64>),
}

impl Registry {
    /// Merges `first` at once, so that the first [`Published`] is complete before anything listens.
    pub fn new(
        first: Vec<Report>,
        rules: Rules,
        settings: Settings,
    ) -> (Self, RegistryHandle, watch::Receiver<Arc<Published>>) {
        let reports: BTreeMap<_, _> = first.into_iter().map(|r| (r.source, r)).collect();
        let snapshot = merge(&Snapshot::default(), &reports, &rules);
        let (published, receiver) = watch::channel(Arc::new(Published {
            generation: 1,
            snapshot: Arc::new(snapshot),
            settings: Arc::new(settings),
        }));
        let (sender, changes) = mpsc::channel(CHANGES_MAX);
        let (statuses, sources) = watch::channel(Vec::new());
        for report in reports.values() {
            note(&statuses, report);
        }
        let registry = Self {
            reports,
            rules,
            pauses: Pauses::default(),
            published,
            sources: statuses,
            changes,
        };
        let handle = RegistryHandle {
            changes: sender,
            sources,
        };
        (registry, handle, receiver)
    }

    /// Runs until every handle is dropped. Dropping it loses the changes not yet merged.
    pub async fn run(mut self) {
        while let Some(change) = self.next().await {
            let previous = Arc::clone(&self.published.borrow());
            if let Change::Report(report) = &change {
                note(&self.sources, report);
            }
            if let Some(next) = self.apply(&previous, change) {
                log_transition(&self.reports, &previous, &next);
                self.published.send_replace(Arc::new(next));
            }
        }
    }

    async fn next(&mut self) -> Option<Change> {
        match self.pauses.next() {
            None => self.changes.recv().await,
            Some(end) => tokio::select! {
                change = self.changes.recv() => change,
                () = time::sleep_until(end) => Some(Change::PauseOver),
            },
        }
    }

    /// Computes what to publish after `change`; `None` if nobody would see a difference.
    fn apply(&mut self, previous: &Published, change: Change) -> Option<Published> {
        let mut settings = Arc::clone(&previous.settings);
        match change {
            Change::Report(report) => {
                self.reports.insert(report.source, report);
            }
            Change::Settings(new) => {
                let (new, rules) = *new;
                self.rules = rules;
                self.rules.paused = self.pauses.names();
                if *settings != new {
                    settings = Arc::new(new);
                }
            }
            Change::Pause(service, pause, answer) => {
                let now = Instant::now();
                let granted = self.pauses.grant(&service, &pause, &previous.snapshot, now);
                let is_granted = granted.is_ok();
                self.rules.paused = self.pauses.names();
                let next = self.merged(previous, settings);
                let holds = next.as_ref().unwrap_or(previous).generation;
                // Whoever wished may have given up.
                let _ = answer.send(granted.map(|()| holds));
                if is_granted {
                    log_pause(&service, &pause);
                }
                return next;
            }
            Change::PauseOver => {
                for service in self.pauses.expire(Instant::now()) {
                    info!(service, "service resumed, its pause has ended");
                }
                self.rules.paused = self.pauses.names();
            }
            Change::Asked(answer) => {
                // Whoever asked may have given up.
                let _ = answer.send(previous.generation);
                return None;
            }
        }
        self.merged(previous, settings)
    }

    fn merged(&self, previous: &Published, settings: Arc<Settings>) -> Option<Published> {
        let snapshot = merge(&previous.snapshot, &self.reports, &self.rules);
        // The table's generation leaves findings out; they are shown to operators all the same.
        let unchanged = Arc::ptr_eq(&settings, &previous.settings)
            && snapshot.generation == previous.snapshot.generation
            && snapshot.findings == previous.snapshot.findings;
        (!unchanged).then(|| Published {
            generation: previous.generation.saturating_add(1),
            snapshot: Arc::new(snapshot),
            settings,
        })
    }
}

impl RegistryHandle {
    /// Replaces what `report.source` said before. Waits while the registry is busy; dropped before
    /// it returns, the report may not have been handed over.
    pub async fn report(&self, report: Report) {
        self.send(Change::Report(report)).await;
    }

    /// Replaces settings and rules (a reload of `mesh-router.toml`). Waits and drops as
    /// [`report`](Self::report) does.
    pub async fn settings(&self, settings: Settings, rules: Rules) {
        self.send(Change::Settings(Box::new((settings, rules))))
            .await;
    }

    /// Grants an operator's wish, and returns the generation that holds since; `None` where the
    /// registry has ended. Dropped before it returns, the wish may be granted or not.
    ///
    /// # Errors
    ///
    /// If there is no such service, or if one that is to be resumed is not paused.
    pub async fn pause(&self, service: String, pause: Pause) -> Option<Result<u64, PauseError>> {
        let (answer, asked) = oneshot::channel();
        self.send(Change::Pause(service, pause, answer)).await;
        asked.await.ok()
    }

    /// Returns the generation that holds once all that was handed over before is merged; `None`
    /// where the registry has ended. Dropping it loses nothing.
    pub async fn generation(&self) -> Option<u64> {
        let (answer, asked) = oneshot::channel();
        self.send(Change::Asked(answer)).await;
        asked.await.ok()
    }

    /// Returns what each source has said so far, sorted; always the newest.
    pub fn sources(&self) -> watch::Receiver<Vec<SourceStatus>> {
        self.sources.clone()
    }

    async fn send(&self, change: Change) {
        // A registry that has ended is a gateway that is leaving: nobody is left to be told.
        let _ = self.changes.send(change).await;
    }
}

/// Notes that a source has reported.
#[allow(
    clippy::disallowed_methods,
    reason = "it is shown when a report came; nothing is decided by it"
)]
fn note(sources: &watch::Sender<Vec<SourceStatus>>, report: &Report) {
    let now = SystemTime::now();
    sources.send_modify(|sources| {
        let index = match sources.binary_search_by_key(&report.source, |it| it.source) {
            Ok(index) => index,
            Err(index) => {
                sources.insert(index, SourceStatus::new(report.source));
                index
            }
        };
        sources[index].note(report, now);
    });
}

fn merge(previous: &Snapshot, reports: &BTreeMap<Source, Report>, rules: &Rules) -> Snapshot {
    let reports: Vec<Report> = reports.values().cloned().collect();
    routes::merge(previous, &reports, rules)
}

fn log_transition(reports: &BTreeMap<Source, Report>, previous: &Published, next: &Published) {
    let (was, is) = (&previous.snapshot, &next.snapshot);
    info!(
        generation = next.generation,
        services = is.services.len(),
        routes = is.routes.len(),
        conflicts = is.conflicts.len(),
        "snapshot published"
    );
    for conflict in is.conflicts.iter().filter(|c| !was.conflicts.contains(c)) {
        log_conflict(conflict);
    }
    // Sources log their own; these come of several seen together.
    let reported = |finding: &Finding| reports.values().any(|it| it.findings.contains(finding));
    for finding in &is.findings {
        if !was.findings.contains(finding) && !reported(finding) {
            log_finding(finding);
        }
    }
}

fn log_pause(service: &str, pause: &Pause) {
    match pause {
        Pause::Begin(length) => info!(service, length = ?length, "service paused"),
        Pause::End => info!(service, "service resumed"),
    }
}

fn log_conflict(conflict: &Conflict) {
    let claimants: Vec<&str> = conflict
        .claimants
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    warn!(
        host = %conflict.host,
        holder = conflict.holder.as_deref(),
        claimants = claimants.join(" "),
        "host claimed twice"
    );
}

#[cfg(test)]
mod tests;
