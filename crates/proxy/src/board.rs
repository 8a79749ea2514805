//! How it stands with each upstream, for whoever shows it: the last news of any worker counts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use routes::Address;

use crate::clock;

/// What the last attempt to connect to an upstream came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nobody has tried yet.
    #[default]
    Untried,
    /// It took the connection.
    Up,
    /// It did not.
    Failing,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 3] = [Self::Untried, Self::Up, Self::Failing];

    /// The name in JSON and as a label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Up => "up",
            Self::Failing => "failing",
        }
    }
}

/// Where all workers write how it stands with one upstream. Written when a connection is made or
/// fails, and only where that is news; never for a request on a connection there is.
#[derive(Debug)]
pub(crate) struct Mark {
    standing: AtomicU8,
    /// When it was last up, in milliseconds from the board's start.
    lost_at: AtomicU64,
    start: Instant,
}

impl Mark {
    fn new(start: Instant) -> Self {
        Self {
            standing: AtomicU8::default(),
            lost_at: AtomicU64::default(),
            start,
        }
    }

    /// Notes the news.
    pub(crate) fn set(&self, standing: Standing, now: Instant) {
        let news = standing as u8;
        let was = self.get();
        if was == standing {
            return;
        }
        if was == Standing::Up {
            let since_start = now.saturating_duration_since(self.start);
            let millis = u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX);
            // 0 is for never.
            self.lost_at.store(millis.max(1), Relaxed);
        }
        self.standing.store(news, Relaxed);
    }

    /// Returns whether it was up at some time since `long` ago.
    pub(crate) fn was_up_within(&self, long: Duration, now: Instant) -> bool {
        match (self.get(), self.lost_at.load(Relaxed)) {
            (Standing::Up, _) => true,
            (Standing::Untried | Standing::Failing, 0) => false,
            (Standing::Untried | Standing::Failing, lost_at) => {
                let lost_at = self.start + Duration::from_millis(lost_at);
                now.saturating_duration_since(lost_at) < long
            }
        }
    }

    fn get(&self) -> Standing {
        let mark = self.standing.load(Relaxed);
        let known = Standing::ALL.into_iter().find(|it| *it as u8 == mark);
        known.unwrap_or_default()
    }
}

/// The marks of all upstreams. The lock is taken when a table is applied and when somebody reads.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    marks: Arc<Mutex<HashMap<Address, Arc<Mark>>>>,
    start: Instant,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            marks: Arc::default(),
            start: clock::now(),
        }
    }
}

impl Board {
    /// Returns the mark of an upstream, a new one where there is none.
    pub(crate) fn mark(&self, address: &Address) -> Arc<Mark> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        match marks.get(address) {
            Some(mark) => Arc::clone(mark),
            None => {
                let mark = Arc::new(Mark::new(self.start));
                Arc::clone(marks.entry(address.clone()).or_insert(mark))
            }
        }
    }

    /// Forgets the upstreams that no worker knows any more.
    pub(crate) fn prune(&self) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|_, mark| Arc::strong_count(mark) > 1);
    }

    /// Returns how it stands with each.
    pub(crate) fn standings(&self) -> HashMap<Address, Standing> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = |(address, mark): (&Address, &Arc<Mark>)| (address.clone(), mark.get());
        marks.iter().map(standing).collect()
    }
}
