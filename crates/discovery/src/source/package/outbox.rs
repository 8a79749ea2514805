//! What waits to be sent to one VM: bounded, and whoever puts something in never waits.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::message::{Counts, LogLine, ToVm};

#[cfg(test)]
mod tests;

/// Log lines that wait, at most.
const LOG_LINES_MAX: usize = 1024;

/// Services whose counts wait, at most: as many as come and go while nobody reads.
const COUNTS_MAX: usize = 16_384;

/// Bytes of log lines that wait, at most.
const LOG_BYTES_MAX: usize = 1 << 20;

/// A message as it is sent, to several VMs perhaps.
pub(crate) type Frame = Arc<[u8]>;

/// What waits to be sent to one VM. What it can't take in time is replaced by what is newer, or
/// dropped and counted.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when something waits that did not.
    ready: Notify,
    /// Told when nothing more is taken.
    ended: Notify,
}

/// One place for each kind, in the order of sending.
#[derive(Debug, Default)]
struct Waiting {
    welcome: Option<Frame>,
    listening: Option<Frame>,
    routes: Option<Frame>,
    applied: Option<Frame>,
    counts: Counts,
    log: VecDeque<Frame>,
    log_bytes: usize,
    lost: u64,
    /// The last message, if there is one; after it nothing is taken.
    end: Option<Option<Frame>>,
}

/// Messages of which the newest says all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newest {
    Welcome,
    Listening,
    Routes,
    Applied,
}

impl Outbox {
    /// Puts in a message that takes the place of an older one of its kind.
    pub(crate) fn put(&self, kind: Newest, frame: Frame) {
        self.change(|waiting| {
            let place = match kind {
                Newest::Welcome => &mut waiting.welcome,
                Newest::Listening => &mut waiting.listening,
                Newest::Routes => &mut waiting.routes,
                Newest::Applied => &mut waiting.applied,
            };
            *place = Some(frame);
        });
    }

    /// Puts in what was counted since; it is added to what waits.
    pub(crate) fn count(&self, counts: &Counts) {
        let counts = counts.iter().map(|(name, it)| (Arc::clone(name), *it));
        self.change(|waiting| {
            waiting.counts.extend(counts);
            if waiting.counts.len() > COUNTS_MAX {
                waiting.counts.clear();
                waiting.lost = waiting.lost.saturating_add(1);
            }
        });
    }

    /// Puts in a log line, or counts it as lost where too many wait.
    pub fn log(&self, line: LogLine) {
        let frame: Frame = ToVm::Log(line).frame().into();
        self.change(|waiting| {
            let bytes = waiting.log_bytes.saturating_add(frame.len());
            if waiting.log.len() >= LOG_LINES_MAX || bytes > LOG_BYTES_MAX {
                waiting.lost = waiting.lost.saturating_add(1);
                return;
            }
            waiting.log_bytes = bytes;
            waiting.log.push_back(frame);
        });
    }

    /// Says what is last, or that nothing more comes. What waits already is sent before.
    pub(crate) fn end(&self, last: Option<&ToVm>) {
        let last = last.map(|message| message.frame().into());
        self.change(|waiting| waiting.end = Some(last));
        self.0.ended.notify_waiters();
    }

    /// Waits until nothing more is taken. Dropping it loses nothing.
    pub(crate) async fn ended(&self) {
        let ended = self.0.ended.notified();
        if self.waiting().end.is_none() {
            ended.await;
        }
    }

    /// Waits until something is to be sent, and takes all of it; `None` once all was. Dropping it
    /// loses nothing.
    pub(crate) async fn next(&self) -> Option<Vec<Frame>> {
        loop {
            let ready = self.0.ready.notified();
            {
                let mut waiting = self.waiting();
                let (frames, is_over) = waiting.take();
                if !frames.is_empty() {
                    return Some(frames);
                }
                if is_over {
                    return None;
                }
            }
            ready.await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        {
            let mut waiting = self.waiting();
            if waiting.end.is_some() {
                return;
            }
            change(&mut waiting);
        }
        self.0.ready.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Takes everything in order, and whether that was all.
    fn take(&mut self) -> (Vec<Frame>, bool) {
        let mut frames: Vec<Frame> = Vec::new();
        frames.extend(self.welcome.take());
        frames.extend(self.log.drain(..));
        self.log_bytes = 0;
        if self.lost > 0 {
            frames.push(ToVm::Lost(std::mem::take(&mut self.lost)).frame().into());
        }
        frames.extend(self.listening.take());
        frames.extend(self.routes.take());
        frames.extend(self.applied.take());
        if !self.counts.is_empty() {
            let counts = std::mem::take(&mut self.counts);
            frames.push(ToVm::Counts(counts).frame().into());
        }
        let is_over = self.end.is_some();
        frames.extend(self.end.as_mut().and_then(Option::take));
        (frames, is_over)
    }
}
