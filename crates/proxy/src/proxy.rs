//! The data plane as the rest of the program sees it.

use std::{
    io,
    iter::repeat_n,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use mio::{Poll, Waker};
use routes::Published;

use crate::{
    AccessLog,
    access::Writer,
    board::Board,
    clock,
    connection::Key,
    counters::{Counters, WorkerCounters},
    crowd::Crowd,
    figures::Figures,
    listener::Listeners,
    mailbox::{Leave, Mailbox},
    strangers::Strangers,
    worker::{Dealer, Dealt, Seed, Worker},
};

/// Connections that were dealt to a worker and that it has not looked at.
const DEALT_MAX: usize = 1024;
/// Services that have counters of their own, whatever the limit of services is at the start:
/// slots are not used again at once.
const COUNTED_SERVICES_MIN: usize = 4096;
/// How often a drain looks whether it is to hurry.
const HURRY_PACE: Duration = Duration::from_millis(20);
/// How long the last access lines may take to be written.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// How the data plane is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads, as many as the listeners were bound for.
    pub workers: usize,
    /// Where access lines go.
    pub access: AccessLog,
    /// The id of this process in Via.
    pub instance: String,
}

/// The running data plane. Dropping it ends everything at once; [`Proxy::drain`] is the kind way.
#[derive(Debug)]
pub struct Proxy {
    workers: Vec<Running>,
    figures: Figures,
    /// Behind a lock only so that a proxy can be shared: nobody but the drain takes it.
    ending: Mutex<Option<Ending>>,
}

/// How to leave.
#[derive(Clone, Copy, Debug)]
pub struct Farewell {
    /// What is left then is ended.
    pub limit: Duration,
    /// Another process accepts from our sockets: the files of Unix sockets stay.
    pub has_successor: bool,
}

/// What a drain needs.
#[derive(Debug)]
struct Ending {
    /// Closed when every worker has left.
    left: Receiver<()>,
    writer: Writer,
}

#[derive(Debug)]
struct Running {
    mailbox: Arc<Mailbox>,
    thread: JoinHandle<()>,
}

/// Starts the workers; they accept at once.
///
/// # Errors
///
/// If a thread, a reactor or the access log can't be had, or if `options.workers` is not what the
/// listeners were bound for.
pub fn start(listeners: Listeners, options: Options, first: Arc<Published>) -> io::Result<Proxy> {
    let Options {
        workers,
        access,
        instance,
    } = options;
    let workers = workers.max(1);
    if listeners.workers != workers {
        // A socket without its worker would swallow its share of the connections.
        let message = "the listeners were bound for another number of workers";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let writer = Writer::start(&access)?;
    let addresses = listeners.addresses().len();
    let services = first.settings.limits.services.max(COUNTED_SERVICES_MIN);
    let open = Arc::new(AtomicUsize::new(0));
    let (strangers, silent) = (Strangers::default(), Strangers::default());
    let board = Board::default();
    let crowd = Crowd::default();
    let (leaving, left) = mpsc::sync_channel(0);
    let (desks, dealer) = set_up(listeners.workers)?;
    // The first worker has the listeners that deal out.
    let mut dealer = Some(dealer);
    let parts = desks
        .into_iter()
        .zip(listeners.divide())
        .zip(repeat_n(first, workers));
    let count = workers;
    let (mut workers, mut seen) = (Vec::new(), Vec::new());
    for ((desk, listeners), published) in parts {
        let counters = Arc::new(WorkerCounters::new(addresses, services));
        let mailbox = Arc::clone(&desk.mailbox);
        let seed = Seed {
            poll: desk.poll,
            listeners,
            mailbox: desk.mailbox,
            dealt: desk.dealt,
            dealer: dealer.take(),
            published,
            counters: Arc::clone(&counters),
            journal: writer.journal(),
            strangers: strangers.clone(),
            silent: silent.clone(),
            board: board.clone(),
            open: Arc::clone(&open),
            crowd: crowd.clone(),
            workers: count,
            instance: instance.clone(),
            random: fastrand::u64(..),
        };
        let leaving = leaving.clone();
        let name = format!("worker-{}", workers.len());
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || work(seed, &leaving))?;
        seen.push((Arc::clone(&mailbox), counters));
        workers.push(Running { mailbox, thread });
    }
    let figures = Figures::new(seen, writer.lost(), board);
    let ending = Mutex::new(Some(Ending { left, writer }));
    Ok(Proxy {
        workers,
        figures,
        ending,
    })
}

/// What a worker is reached by.
struct Desk {
    poll: Poll,
    mailbox: Arc<Mailbox>,
    dealt: Receiver<Dealt>,
}

/// Makes the desks of all workers, and what deals connections out to them.
fn set_up(workers: usize) -> io::Result<(Vec<Desk>, Dealer)> {
    let (mut desks, mut deals) = (Vec::new(), Vec::new());
    for _ in 0..workers {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), Key::Mail.token())?;
        let mailbox = Arc::new(Mailbox::new(waker));
        let (deal, dealt) = mpsc::sync_channel(DEALT_MAX);
        deals.push((deal, Arc::clone(&mailbox)));
        desks.push(Desk {
            poll,
            mailbox,
            dealt,
        });
    }
    Ok((desks, Dealer::new(deals)))
}

/// A worker's thread. `_leaving` tells by being dropped that it has ended.
fn work(seed: Seed, _leaving: &SyncSender<()>) {
    let run = || Worker::new(seed).and_then(Worker::run);
    let ended = catch_unwind(AssertUnwindSafe(run));
    let Ok(Ok(())) = ended else {
        if let Ok(Err(error)) = ended {
            tracing::error!(%error, "worker failed");
        }
        // The listening sockets of a dead worker would go on swallowing connections; a fresh
        // process serves them.
        std::process::abort();
    };
}

impl Proxy {
    /// Hands every worker the new table and wakes it.
    pub fn publish(&self, published: Arc<Published>) {
        for (worker, published) in self
            .workers
            .iter()
            .zip(repeat_n(published, self.workers.len()))
        {
            worker
                .mailbox
                .post(|letters| letters.published = Some(published));
        }
    }

    /// Returns what the workers tell of themselves, to keep.
    pub fn figures(&self) -> Figures {
        self.figures.clone()
    }

    /// Returns the lowest generation that all workers have applied.
    pub fn applied(&self) -> u64 {
        self.figures.applied()
    }

    /// Returns the counters of all workers, summed.
    pub fn counters(&self) -> Counters {
        self.figures.counters()
    }

    /// Tells that the gateway will leave: the health path answers 503 from now on, everything else
    /// goes on.
    pub fn leave(&self) {
        for worker in &self.workers {
            worker.mailbox.post(|letters| letters.leaving = true);
        }
    }

    /// Stops accepting, lets exchanges finish, closes tunnels with 1012, ends what is left after
    /// the limit, or at once when `hurry` is set. Blocks: call it from a thread of its own.
    pub fn drain(mut self, farewell: Farewell, hurry: &AtomicBool) {
        let now = clock::now();
        // A limit beyond what the clock can tell is as good as a year.
        let year = Duration::from_secs(365 * 24 * 3600);
        let drain = Leave {
            deadline: now + farewell.limit.min(year),
            has_successor: farewell.has_successor,
        };
        for worker in &self.workers {
            worker.mailbox.post(|letters| letters.drain = Some(drain));
        }
        let ending = self
            .ending
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Ending { left, writer }) = ending else {
            return;
        };
        while left.recv_timeout(HURRY_PACE) == Err(RecvTimeoutError::Timeout) {
            if hurry.load(Ordering::Relaxed) {
                self.hurry();
            }
        }
        for worker in std::mem::take(&mut self.workers) {
            // A worker that panicked has ended the process.
            let _ = worker.thread.join();
        }
        writer.finish(LOG_PATIENCE);
    }

    fn hurry(&self) {
        for worker in &self.workers {
            worker.mailbox.post(|letters| letters.hurry = true);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.hurry();
    }
}
