//! What each source has said so far: what `status` and the metrics show.

use std::time::SystemTime;

use routes::{Report, Source};

/// What one source has said so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    /// The source.
    pub source: Source,
    /// When it last reported what it could read whole.
    pub last_success: Option<SystemTime>,
    /// It has failed since: its last good report stands.
    pub stale: bool,
    /// Reports of what could be read whole.
    pub successes: u64,
    /// Reports that it failed.
    pub failures: u64,
    /// The endpoints in its last report.
    pub endpoints: usize,
    /// The findings in its last report.
    pub findings: usize,
}

impl SourceStatus {
    /// Makes the record of a source that has said nothing.
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            last_success: None,
            stale: false,
            successes: 0,
            failures: 0,
            endpoints: 0,
            findings: 0,
        }
    }

    /// Notes a report that came now.
    pub(crate) fn note(&mut self, report: &Report, now: SystemTime) {
        self.stale = report.stale;
        self.endpoints = report.endpoints.len();
        self.findings = report.findings.len();
        if report.stale {
            self.failures += 1;
        } else {
            self.successes += 1;
            self.last_success = Some(now);
        }
    }
}
