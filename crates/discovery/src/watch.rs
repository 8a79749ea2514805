//! Notices that a project's files have changed, and reads them again.

mod interest;
mod watcher;

use std::{sync::Arc, time::Duration};

use routes::{Finding, Report, Severity};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tracing::{debug, error, info, warn};

use crate::{How, Reading, RegistryHandle, opened::Again};
use watcher::Watcher;

/// How long files must rest before they are read: editors and `git checkout` change several.
const QUIET: Duration = Duration::from_millis(50);

/// How long a project that never rests is waited for: longer than a switch of branches takes, so that
/// no table is made of half a branch.
const QUIET_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often one change makes a project be read again because new folders appeared meanwhile.
const READINGS_MAX: usize = 8;

/// Watches the project's files and reports each change until dropped. Dropping it ends the watching;
/// a reading under way then ends unseen.
///
/// `again` is of the project as it was read at the start, of which the registry was given `first`. While a file is broken the last good report
/// stands, marked stale, with the reason among its findings and in the log.
///
/// Whenever the project says something else of the gateway itself, `settings` is told: what holds
/// then is the caller's to decide, and to come back with another `how`.
pub async fn watch_project(
    again: Again,
    how: How,
    first: Reading,
    registry: RegistryHandle,
    settings: Arc<Notify>,
) {
    let mut watcher = Watcher::start();
    let mut said = first.settings;
    let mut kept = Kept::new(first.report, first.broken);
    loop {
        // The first round reads at once: files may have changed since `first` was read.
        let reading;
        (watcher, reading) = match read(watcher, again.clone(), how.clone()).await {
            Ok(read) => read,
            // The runtime is going down, or the reading panicked, which is a bug.
            Err(error) => {
                if error.is_panic() {
                    error!(%error, "configuration watch ended");
                }
                return;
            }
        };
        // What a broken project says may be the half of it.
        let is_new = reading.broken.is_none() && reading.settings != said;
        if is_new {
            said.clone_from(&reading.settings);
        }
        if let Some(report) = kept.next(reading) {
            registry.report(report).await;
        }
        if is_new {
            settings.notify_one();
        }
        watcher.changed().await;
        settle(&mut watcher).await;
    }
}

/// Reads, away from the runtime's thread, until the watcher sees all that was asked.
async fn read(
    mut watcher: Watcher,
    again: Again,
    how: How,
) -> Result<(Watcher, Reading), tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let mut reading = read_once(&again, &how);
        let mut left = READINGS_MAX;
        // What changed in a folder before it was watched has gone unnoticed: read once more.
        while watcher.follow(&reading.watched) && left > 0 {
            left -= 1;
            reading = read_once(&again, &how);
        }
        (watcher, reading)
    })
    .await
}

fn read_once(again: &Again, how: &How) -> Reading {
    let started = Instant::now();
    let reading = again.open().read(how);
    debug!(
        watched = reading.watched.len(),
        endpoints = reading.report.endpoints.len(),
        took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "project read"
    );
    reading
}

/// Waits until no more changes come, within bounds.
async fn settle(watcher: &mut Watcher) {
    let mut rest = Rest::since(Instant::now());
    // A change that is at hand goes before the timeout, so the end is asked for each time.
    while Instant::now() < rest.end() {
        if timeout_at(rest.end(), watcher.changed()).await.is_ok() {
            rest.changed(Instant::now());
        }
    }
}

/// When files that change have rested long enough to be read.
#[derive(Debug)]
struct Rest {
    first: Instant,
    last: Instant,
}

impl Rest {
    fn since(change: Instant) -> Self {
        Self {
            first: change,
            last: change,
        }
    }

    fn changed(&mut self, now: Instant) {
        self.last = now;
    }

    fn end(&self) -> Instant {
        (self.last + QUIET).min(self.first + QUIET_WAIT_MAX)
    }
}

/// What the registry has been told, and what stands behind it.
#[derive(Debug)]
struct Kept {
    /// The last report of a project that could be read whole.
    good: Option<Report>,
    reported: Report,
    broken: Option<Finding>,
}

impl Kept {
    fn new(first: Report, broken: Option<Finding>) -> Self {
        Self {
            good: broken.is_none().then(|| first.clone()),
            reported: first,
            broken,
        }
    }

    /// Decides what to report after a reading; `None` if that is nothing new.
    fn next(&mut self, reading: Reading) -> Option<Report> {
        let report = match (&reading.broken, &self.good) {
            (None, _) => {
                self.good = Some(reading.report.clone());
                reading.report
            }
            (Some(broken), Some(good)) => stale(good, broken),
            // Nothing good was ever seen: what could be read is better than nothing.
            (Some(_), None) => reading.report,
        };
        log_state(self.broken.as_ref(), reading.broken.as_ref());
        if reading.broken.is_none() {
            log_new(&self.reported.findings, &report.findings);
        }
        self.broken = reading.broken;
        if report == self.reported {
            return None;
        }
        self.reported = report.clone();
        Some(report)
    }
}

fn stale(good: &Report, broken: &Finding) -> Report {
    let mut report = good.clone();
    report.stale = true;
    report.findings.push(broken.clone());
    report
}

fn log_state(was: Option<&Finding>, is: Option<&Finding>) {
    match (was, is) {
        (Some(was), Some(is)) if was == is => {}
        (_, Some(broken)) => warn!(
            origin = broken.origin.as_ref().map(ToString::to_string),
            code = broken.code,
            reason = broken.message,
            fix = broken.fix,
            "configuration broken, last good one kept"
        ),
        (Some(_), None) => info!("configuration mended"),
        (None, None) => {}
    }
}

/// Logs the findings that were not there before.
pub(crate) fn log_new(was: &[Finding], is: &[Finding]) {
    for finding in is.iter().filter(|finding| !was.contains(finding)) {
        log_finding(finding);
    }
}

/// Logs a finding: what an operator can act on as a warning, the rest as information.
pub fn log_finding(finding: &Finding) {
    let Finding {
        code,
        severity,
        origin,
        message,
        fix,
    } = finding;
    let origin = origin.as_ref().map(ToString::to_string);
    match severity {
        Severity::Error | Severity::Warning => {
            warn!(origin, code, reason = message, fix, "finding");
        }
        Severity::Info => info!(origin, code, reason = message, fix, "finding"),
    }
}

#[cfg(test)]
mod tests;
