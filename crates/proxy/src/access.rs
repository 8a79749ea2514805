//! Access lines: written by the workers into batches, and by one thread of its own to where they go.
//!
//! A worker never waits for that thread: a batch is handed over through a bounded channel when it
//! is worth waking the thread for, and where the channel is full, lines wait in the worker up to a
//! bound and are then dropped and counted.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{SyncSender, TrySendError},
    },
    time::{Duration, Instant, SystemTime},
};

use exchange::Record;

mod line;
mod stamp;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use line::About;
use line::Format;
use stamp::Stamp;
pub use writer::AccessLog;
pub(crate) use writer::Writer;

/// Bytes that wait in one worker while the writer is busy; lines beyond are lost.
const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Bytes that are handed over at once. A wake-up of the writer for each turn's few lines costs more
/// than the lines themselves.
const BATCH_BYTES_READY: usize = 16 * 1024;
/// Lines wait no longer than this for others.
const BATCH_WAIT: Duration = Duration::from_millis(20);
/// Batches between all workers and the writer.
const BATCHES_MAX: usize = 64;

/// Lines on their way to the writer.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    lines: u64,
}

/// What the workers share with the writer.
#[derive(Debug, Default)]
struct Shared {
    /// Buffers that were written, for reuse.
    spare: Mutex<Vec<Vec<u8>>>,
    /// Lines that the writer could not write.
    lost: AtomicU64,
}

impl Shared {
    fn take_spare(&self) -> Vec<u8> {
        self.spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default()
    }

    fn give_back(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < BATCHES_MAX && bytes.capacity() <= BATCH_BYTES_MAX {
            spare.push(bytes);
        }
    }
}

/// One worker's end.
#[derive(Debug)]
pub(crate) struct Journal {
    sink: Option<Sink>,
    batch: Batch,
    /// When lines that wait are handed over, or tried again where the channel was full.
    due: Option<Instant>,
    /// The channel was full at the last try.
    is_stuck: bool,
    stamp: Stamp,
    lost: u64,
}

#[derive(Clone, Debug)]
struct Sink {
    batches: SyncSender<Batch>,
    shared: Arc<Shared>,
    format: Format,
}

impl Journal {
    fn new(sink: Option<Sink>) -> Self {
        Self {
            sink,
            batch: Batch::default(),
            due: None,
            is_stuck: false,
            stamp: Stamp::default(),
            lost: 0,
        }
    }

    /// Returns whether lines are wanted.
    pub(crate) fn is_on(&self) -> bool {
        self.sink.is_some()
    }

    /// Adds the line of an exchange that ended. `wall` is asked once a turn at most.
    pub(crate) fn add(
        &mut self,
        record: &Record<'_>,
        about: &About<'_>,
        wall: impl FnOnce() -> SystemTime,
    ) {
        let Some(sink) = &self.sink else { return };
        if self.batch.bytes.len() >= BATCH_BYTES_MAX {
            self.lost += 1;
            return;
        }
        let stamp = self.stamp.text(wall);
        line::write(&mut self.batch.bytes, sink.format, stamp, record, about);
        self.batch.lines += 1;
    }

    /// Ends a turn: hands over what is worth it or has waited. Returns how many lines were lost
    /// since the last call.
    pub(crate) fn end_turn(&mut self, now: Instant) -> u64 {
        self.stamp.forget();
        if self.batch.lines > 0 {
            let due = *self.due.get_or_insert(now + BATCH_WAIT);
            // A full batch that the channel had no place for waits its time like any other.
            let is_ready = self.batch.bytes.len() >= BATCH_BYTES_READY && !self.is_stuck;
            if is_ready || due <= now {
                self.hand_over(now);
            }
        }
        std::mem::take(&mut self.lost)
    }

    /// When `end_turn` is to be called at the latest; `None` where nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    fn hand_over(&mut self, now: Instant) {
        let Some(sink) = &self.sink else { return };
        self.due = None;
        self.is_stuck = false;
        match sink.batches.try_send(std::mem::take(&mut self.batch)) {
            Ok(()) => self.batch.bytes = sink.shared.take_spare(),
            Err(TrySendError::Full(batch)) => {
                self.batch = batch;
                self.due = Some(now + BATCH_WAIT);
                self.is_stuck = true;
            }
            Err(TrySendError::Disconnected(batch)) => self.lost += batch.lines,
        }
    }
}

impl Drop for Journal {
    /// The last lines go with their worker.
    fn drop(&mut self) {
        if let Some(sink) = &self.sink
            && self.batch.lines > 0
        {
            let lines = self.batch.lines;
            if sink
                .batches
                .try_send(std::mem::take(&mut self.batch))
                .is_err()
            {
                sink.shared.lost.fetch_add(lines, Relaxed);
            }
        }
    }
}

/// The number of lines that the writer itself lost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost(Arc<Shared>);

impl Lost {
    pub(crate) fn count(&self) -> u64 {
        self.0.lost.load(Relaxed)
    }
}
