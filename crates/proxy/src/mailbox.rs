//! Letters from the control plane to a worker.
//!
//! Only the latest of each kind counts, so the box has a fixed size. A worker looks into it when
//! it is woken, never on the way of a request.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use mio::Waker;
use routes::Published;

/// What a worker is told.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    /// The table and settings to use from now on.
    pub(crate) published: Option<Arc<Published>>,
    /// The gateway is no longer ready, but serves still.
    pub(crate) leaving: bool,
    /// Accept no more, finish what is under way, end by then.
    pub(crate) drain: Option<Leave>,
    /// End now.
    pub(crate) hurry: bool,
}

/// How to leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave {
    /// What is left then is ended.
    pub(crate) deadline: Instant,
    /// Another process accepts from our sockets.
    pub(crate) has_successor: bool,
}

/// One worker's box.
#[derive(Debug)]
pub(crate) struct Mailbox {
    letters: Mutex<Letters>,
    waker: Waker,
    /// The generation that the worker has applied; 0 until it has begun.
    applied: AtomicU64,
}

impl Mailbox {
    /// Makes an empty box for a worker that has not begun.
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            letters: Mutex::default(),
            waker,
            applied: AtomicU64::new(0),
        }
    }

    /// Writes letters and wakes the worker.
    pub(crate) fn post(&self, write: impl FnOnce(&mut Letters)) {
        write(&mut self.letters.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(error) = self.wake() {
            tracing::error!(%error, "worker can't be woken");
        }
    }

    /// Wakes the worker.
    pub(crate) fn wake(&self) -> io::Result<()> {
        self.waker.wake()
    }

    /// Takes the letters out.
    pub(crate) fn take(&self) -> Letters {
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells that the worker has applied this generation.
    pub(crate) fn set_applied(&self, generation: u64) {
        self.applied.store(generation, Ordering::Release);
    }

    /// Returns the generation that the worker has applied.
    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }
}
