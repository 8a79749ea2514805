//! The clients' side of a worker.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use exchange::{Ending, Fate, Side};

use crate::{
    connection::{Key, Phase, Slot},
    socket::{Flushed, Received},
};

use super::{READS_PER_TURN, Worker};

/// How long a connection that is over is kept for a client that still sends (RFC 9112 §9.6): many read
/// an answer only once they have sent all.
const LINGER_MAX: Duration = Duration::from_secs(5);
/// And for one that is silent.
const LINGER_SILENCE_MAX: Duration = Duration::from_secs(1);

/// How long what was sent may take to its client, until a reset says that the last answer is cut.
const CUT_AFTER: Duration = Duration::from_secs(1);

impl Worker {
    /// Does what a client's socket is ready for.
    pub(super) fn serve_client(&mut self, key: u32) {
        let Some(slot) = self.clients.get_mut(key as usize) else {
            return;
        };
        match slot.connection.phase {
            Phase::Open => self.serve_open(key),
            Phase::Unannounced => self.hear_preface(key),
            Phase::Flushing(ending) => self.go_on_flushing(key, ending),
            Phase::Lingering(until) => self.go_on_lingering(key, until),
            Phase::Cutting => {
                let socket = &slot.connection.socket;
                if socket.is_broken() || socket.is_hung_up() {
                    self.close_client(key);
                }
            }
            Phase::Closed => {}
        }
    }

    /// A deadline has come.
    pub(super) fn time_client(&mut self, key: u32) {
        let Some(slot) = self.clients.get(key as usize) else {
            return;
        };
        match slot.connection.phase {
            Phase::Open => self.step(key, |client, context| client.on_time(context)),
            // The client takes no bytes, or sends on and on: it has had its time.
            Phase::Flushing(_) | Phase::Cutting => self.abort_client(key),
            Phase::Unannounced | Phase::Lingering(_) => self.close_client(key),
            Phase::Closed => {}
        }
    }

    /// Does what the exchange wished for in the step that ended.
    pub(super) fn settle(&mut self, key: u32) {
        let Some(slot) = self.clients.get_mut(key as usize) else {
            return;
        };
        if slot.connection.websocket.is_none()
            && slot.client.is_tunnel()
            && let Some(service) = slot.connection.active
        {
            let upstream = slot.connection.served_by;
            let known = upstream.map(|number| self.parts.balance.get(number));
            let node = known.and_then(|known| known.node.as_deref());
            let websockets = &self.parts.counters.websockets;
            slot.connection.websocket = Some(websockets.open(service, node));
            self.parts.counters.service(Some(service)).active.less();
        }
        match slot.connection.ending.take() {
            None => {}
            Some(Ending::Abort) => self.abort_client(key),
            Some(ending @ (Ending::Close | Ending::Lingering | Ending::Cut)) => {
                self.flush_client(key, ending);
            }
        }
    }

    /// Ends a connection whose exchange panicked: nothing it left half done can be trusted.
    pub(super) fn close_panicked(&mut self, key: u32) {
        let Some(slot) = self.clients.get(key as usize) else {
            return;
        };
        self.parts.counters.panicked(slot.connection.active);
        tracing::error!("exchange panicked, its connection is closed");
        self.abort_client(key);
    }

    /// Ends a connection at once; what waits is thrown away, and the client can tell.
    pub(super) fn abort_client(&mut self, key: u32) {
        let Some(slot) = self.clients.get(key as usize) else {
            return;
        };
        slot.connection.socket.reset_on_close();
        self.close_client(key);
    }

    /// Ends a connection without waiting for the client. What the exchange has said last is with
    /// the system and still goes out.
    pub(super) fn end_client_at_once(&mut self, key: u32) {
        let Some(slot) = self.clients.get(key as usize) else {
            return;
        };
        match slot.connection.phase {
            Phase::Open | Phase::Cutting | Phase::Flushing(Ending::Cut) => self.abort_client(key),
            Phase::Unannounced | Phase::Flushing(_) | Phase::Lingering(_) => {
                self.close_client(key);
            }
            Phase::Closed => {}
        }
    }

    /// Frees the places of closed connections.
    pub(super) fn free_closed_clients(&mut self) {
        if self.closed.is_empty() {
            return;
        }
        if self.paused.is_some() {
            // There is room again.
            self.paused = Some(self.now);
        }
        self.open.fetch_sub(self.closed.len(), Ordering::Relaxed);
        while let Some(key) = self.closed.pop() {
            self.clients.remove(key as usize);
        }
    }

    fn serve_open(&mut self, key: u32) {
        let Some(slot) = self.clients.get_mut(key as usize) else {
            return;
        };
        let Slot { connection, .. } = slot;
        if connection.socket.wants_flush() {
            match connection.socket.flush(&mut self.parts.buffers) {
                Flushed::All => self.step(key, |client, context| {
                    client.on_drained(Side::Client, context);
                }),
                Flushed::Some => self.step(key, |client, context| client.on_progress(context)),
                // Broken sockets are told below, however they broke.
                Flushed::Nothing | Flushed::Broken => {}
            }
        }
        for _ in 0..READS_PER_TURN {
            if !self.read_client(key) {
                break;
            }
        }
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        if connection.phase != Phase::Open {
            return;
        }
        if connection.socket.wants_read() {
            self.parts.queue_client(key, connection);
        } else if connection.socket.is_broken() || connection.socket.is_hung_up() {
            self.step(key, |client, context| client.on_client_reset(context));
        }
    }

    /// Reads once and hands it to the exchange. Returns whether to go on.
    fn read_client(&mut self, key: u32) -> bool {
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return false;
        };
        if connection.phase != Phase::Open || !connection.socket.wants_read() {
            return false;
        }
        match connection.socket.receive(&mut self.scratch) {
            Received::Bytes(count) => {
                // Lent to the step, which borrows all of the worker beside it.
                let scratch = std::mem::take(&mut self.scratch);
                let bytes = &scratch[..count];
                self.step(key, |client, context| client.on_client_data(bytes, context));
                self.scratch = scratch;
                true
            }
            Received::Nothing => false,
            Received::End if connection.socket.is_hung_up() => false,
            Received::End => {
                self.step(key, |client, context| client.on_client_end(context));
                false
            }
            // Told by the caller, for broken sockets however they broke.
            Received::Broken => false,
        }
    }

    /// Ends a connection after what waits has been sent.
    fn flush_client(&mut self, key: u32, ending: Ending) {
        self.drop_upstream(key);
        self.set_client_limit(key, self.published.settings.timeouts.body);
        self.go_on_flushing(key, ending);
    }

    fn go_on_flushing(&mut self, key: u32, ending: Ending) {
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        connection.phase = Phase::Flushing(ending);
        let socket = &mut connection.socket;
        if socket.is_broken() || socket.is_hung_up() {
            return self.close_client(key);
        }
        if socket.wants_flush() {
            match socket.flush(&mut self.parts.buffers) {
                Flushed::All | Flushed::Nothing => {}
                Flushed::Broken => return self.close_client(key),
                // It moves: it has its time anew.
                Flushed::Some => {
                    return self.set_client_limit(key, self.published.settings.timeouts.body);
                }
            }
        }
        if socket.has_waiting() {
            return;
        }
        match ending {
            Ending::Lingering => self.begin_lingering(key),
            Ending::Cut => self.begin_cutting(key),
            Ending::Close | Ending::Abort => self.close_client(key),
        }
    }

    fn begin_cutting(&mut self, key: u32) {
        self.set_client_limit(key, CUT_AFTER);
        if let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) {
            connection.phase = Phase::Cutting;
        }
    }

    /// Ends our direction and waits for the client to end its own: closing with bytes unread would
    /// make the system send a reset, which can overtake the answer (RFC 9112 §9.6).
    fn begin_lingering(&mut self, key: u32) {
        self.set_client_limit(key, LINGER_SILENCE_MAX);
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        if connection.socket.is_ended() {
            return self.close_client(key);
        }
        connection.socket.shut_down_sending();
        connection.phase = Phase::Lingering(self.now + LINGER_MAX);
        if connection.socket.set_reading(true) {
            self.parts.queue_client(key, connection);
        }
    }

    fn go_on_lingering(&mut self, key: u32, until: Instant) {
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        let left = until.saturating_duration_since(self.now);
        if left.is_zero() {
            return self.close_client(key);
        }
        for _ in 0..READS_PER_TURN {
            if !connection.socket.wants_read() {
                break;
            }
            match connection.socket.receive(&mut self.scratch) {
                Received::Bytes(_) => {}
                Received::Nothing => break,
                Received::End | Received::Broken => return self.close_client(key),
            }
        }
        if connection.socket.wants_read() {
            self.parts.queue_client(key, connection);
        }
        self.set_client_limit(key, left.min(LINGER_SILENCE_MAX));
    }

    pub(super) fn close_client(&mut self, key: u32) {
        self.drop_upstream(key);
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        if std::mem::replace(&mut connection.phase, Phase::Closed) == Phase::Closed {
            return;
        }
        connection.present = None;
        connection.socket.discard(&mut self.parts.buffers);
        self.parts.wheel.set(&mut connection.reminder, None, 0);
        if let Some(upstream) = connection.served_by.take() {
            self.parts.balance.let_go(upstream);
        }
        if let Some(mut place) = connection.place.take() {
            self.parts.holds.leave(&mut place);
        }
        let counters = &self.parts.counters;
        connection.end_activity(counters);
        if let Some(open) = connection.websocket.take() {
            open.less();
        }
        counters.open[usize::from(connection.listener)].less();
        self.closed.push(key);
    }

    /// Closes the connection to an upstream that the exchange has left behind.
    fn drop_upstream(&mut self, key: u32) {
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        if let Some(upstream) = connection.upstream.take() {
            let timeouts = &self.published.settings.timeouts;
            self.parts
                .release(upstream, Fate::Close, self.now, timeouts);
        }
    }

    pub(super) fn set_client_limit(&mut self, key: u32, limit: Duration) {
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        let token = Key::Client(key).token().0;
        self.parts
            .wheel
            .set(&mut connection.reminder, self.now.checked_add(limit), token);
    }
}
