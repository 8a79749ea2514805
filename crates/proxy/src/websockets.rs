//! WebSockets open now, by service and Erlang node.

use std::sync::{Arc, Mutex, PoisonError};

use crate::counters::Count;

/// What one worker has open. The lock is taken when a WebSocket opens and when somebody reads; a
/// WebSocket that ends, and every other request, goes without.
#[derive(Debug, Default)]
pub(crate) struct WebSockets(Mutex<Vec<Group>>);

/// Those of one service on one node.
#[derive(Debug)]
struct Group {
    slot: u32,
    node: Option<Box<str>>,
    open: Arc<Count>,
}

impl WebSockets {
    /// Counts one that opens. Whoever has it takes it back from the count when it ends.
    pub(crate) fn open(&self, slot: u32, node: Option<&str>) -> Arc<Count> {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = groups
            .iter()
            .find(|group| group.slot == slot && group.node.as_deref() == node);
        let open = match found {
            Some(group) => Arc::clone(&group.open),
            None => {
                // Nodes come and go: what nothing is open of any more makes room.
                groups.retain(|group| Arc::strong_count(&group.open) > 1);
                let open = Arc::<Count>::default();
                groups.push(Group {
                    slot,
                    node: node.map(Into::into),
                    open: Arc::clone(&open),
                });
                open
            }
        };
        open.add(1);
        open
    }

    /// Shows each group to `see`: slot, node, how many are open.
    pub(crate) fn each(&self, mut see: impl FnMut(u32, Option<&str>, u64)) {
        for group in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            see(group.slot, group.node.as_deref(), group.open.get());
        }
    }
}
