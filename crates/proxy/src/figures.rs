//! What the workers tell of themselves.

use std::{collections::HashMap, sync::Arc};

use routes::Address;

use crate::{
    access::Lost,
    board::{Board, Standing},
    counters::{Counters, WorkerCounters},
    mailbox::Mailbox,
};

/// What the workers tell of themselves, for whoever shows it. Reading disturbs no worker. Outlives
/// the workers, whose last figures it then has.
#[derive(Clone, Debug)]
pub struct Figures {
    workers: Arc<[(Arc<Mailbox>, Arc<WorkerCounters>)]>,
    lost: Lost,
    board: Board,
}

impl Figures {
    pub(crate) fn new(
        workers: Vec<(Arc<Mailbox>, Arc<WorkerCounters>)>,
        lost: Lost,
        board: Board,
    ) -> Self {
        Self {
            workers: workers.into(),
            lost,
            board,
        }
    }

    /// Returns the lowest generation that all workers have applied; 0 until all have begun.
    pub fn applied(&self) -> u64 {
        let applied = self.workers.iter().map(|(mailbox, _)| mailbox.applied());
        applied.min().unwrap_or_default()
    }

    /// Returns the counters of all workers, summed.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::sum(self.workers.iter().map(|(_, counters)| &**counters));
        sum.access_lines_lost += self.lost.count();
        sum
    }

    /// Returns what the last attempt to connect to each upstream came to.
    pub fn standings(&self) -> HashMap<Address, Standing> {
        self.board.standings()
    }
}
