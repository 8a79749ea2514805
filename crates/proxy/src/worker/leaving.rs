//! How a worker leaves.

use crate::{connection::number, drain::Drain, mailbox::Leave};

use super::Worker;

impl Worker {
    /// Accepts no more, lets exchanges finish, ends tunnels at a pace.
    pub(super) fn begin_leaving(&mut self, leave: Leave) {
        let Leave {
            deadline,
            has_successor,
        } = leave;
        if let Some(drain) = &mut self.drain {
            drain.deadline = drain.deadline.min(deadline);
            return;
        }
        self.tools.set_leaving(true);
        // From here on, whoever is still admitted is told to leave after the first answer.
        self.drain = Some(Drain::new(self.now, deadline, Vec::new()));
        self.close_doors(has_successor);
        let mut tunnels = Vec::new();
        let mut others = Vec::new();
        for (key, slot) in &self.clients {
            let of_kind = if slot.client.is_tunnel() {
                &mut tunnels
            } else {
                &mut others
            };
            of_kind.push(number(key));
        }
        for key in others {
            self.step(key, |client, context| client.stop(false, context));
        }
        self.drain = Some(Drain::new(self.now, deadline, tunnels));
    }

    /// Does what is due of the drain under way.
    pub(super) fn go_on_leaving(&mut self) {
        let Some(drain) = &mut self.drain else { return };
        let is_over = self.now >= drain.deadline;
        for key in drain.due(self.now) {
            self.step(key, |client, context| client.stop(false, context));
        }
        if is_over {
            self.leave_at_once();
        }
    }

    /// Ends everything now.
    pub(super) fn leave_at_once(&mut self) {
        self.doors.clear();
        let keys: Vec<u32> = self.clients.iter().map(|(key, _)| number(key)).collect();
        for key in keys {
            self.step(key, |client, context| client.stop(true, context));
            self.end_client_at_once(key);
        }
        self.stopping = true;
    }

    /// Whether there is nothing left to do.
    pub(super) fn has_left(&self) -> bool {
        // What was dealt to it is its own to serve, so it waits for the dealer to leave off.
        self.stopping || (self.drain.is_some() && self.clients.is_empty() && self.is_dealt_out)
    }
}
