//! How it stands with each upstream, for whoever shows it: the last news of any worker counts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
};

use routes::Address;

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
#[derive(Debug, Default)]
pub(crate) struct Mark(AtomicU8);

impl Mark {
    /// Notes the news.
    pub(crate) fn set(&self, standing: Standing) {
        let news = standing as u8;
        if self.0.load(Relaxed) != news {
            self.0.store(news, Relaxed);
        }
    }

    fn get(&self) -> Standing {
        let mark = self.0.load(Relaxed);
        let known = Standing::ALL.into_iter().find(|it| *it as u8 == mark);
        known.unwrap_or_default()
    }
}

/// The marks of all upstreams. The lock is taken when a table is applied and when somebody reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<HashMap<Address, Arc<Mark>>>>);

impl Board {
    /// Returns the mark of an upstream, a new one where there is none.
    pub(crate) fn mark(&self, address: &Address) -> Arc<Mark> {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match marks.get(address) {
            Some(mark) => Arc::clone(mark),
            None => Arc::clone(marks.entry(address.clone()).or_default()),
        }
    }

    /// Forgets the upstreams that no worker knows any more.
    pub(crate) fn prune(&self) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|_, mark| Arc::strong_count(mark) > 1);
    }

    /// Returns how it stands with each.
    pub(crate) fn standings(&self) -> HashMap<Address, Standing> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = |(address, mark): (&Address, &Arc<Mark>)| (address.clone(), mark.get());
        marks.iter().map(standing).collect()
    }
}
