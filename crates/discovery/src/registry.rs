//! The only writer of the table.

use std::{collections::BTreeMap, sync::Arc};

use routes::{Conflict, Finding, Published, Report, Rules, Settings, Snapshot, Source};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::watch::log_finding;

/// Changes that may wait for the registry; whoever reports more waits.
const CHANGES_MAX: usize = 64;

/// The only writer of the table: owns the last report of each source, merges, publishes.
#[derive(Debug)]
pub struct Registry {
    reports: BTreeMap<Source, Report>,
    rules: Rules,
    published: watch::Sender<Arc<Published>>,
    changes: mpsc::Receiver<Change>,
}

/// How sources and operators speak to the registry.
#[derive(Clone, Debug)]
pub struct RegistryHandle {
    changes: mpsc::Sender<Change>,
}

#[derive(Debug)]
enum Change {
    Report(Report),
    Settings(Box<(Settings, Rules)>),
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
        let registry = Self {
            reports,
            rules,
            published,
            changes,
        };
        (registry, RegistryHandle { changes: sender }, receiver)
    }

    /// Runs until every handle is dropped. Dropping it loses the changes not yet merged.
    pub async fn run(mut self) {
        while let Some(change) = self.changes.recv().await {
            let previous = Arc::clone(&self.published.borrow());
            if let Some(next) = self.apply(&previous, change) {
                log_transition(&self.reports, &previous, &next);
                self.published.send_replace(Arc::new(next));
            }
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
                if *settings != new {
                    settings = Arc::new(new);
                }
            }
        }
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

    async fn send(&self, change: Change) {
        // A registry that has ended is a gateway that is leaving: nobody is left to be told.
        let _ = self.changes.send(change).await;
    }
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
