//! The upstreams' side of a worker.

use std::io::{self, ErrorKind};

use exchange::{Connected, Side};

use crate::{
    connection::{Slot, Use, Wish},
    socket::{Flushed, Received},
    step::{Dialled, Step},
};

use super::{READS_PER_TURN, Worker};

impl Worker {
    /// Does what the socket of a connection to an upstream is ready for.
    pub(super) fn serve_upstream(&mut self, key: u32) {
        let Some(upstream) = self.parts.upstreams.get(key as usize) else {
            return;
        };
        match upstream.usage {
            Use::Serving { client } => self.serve_exchange(key, client),
            Use::Dialling { .. } => self.go_on_dialling(key),
            Use::Probing => self.go_on_probing(key),
            Use::Idle => self.watch_idle(key),
            Use::Closed => {}
        }
    }

    /// A deadline has come.
    pub(super) fn time_upstream(&mut self, key: u32) {
        let Some(upstream) = self.parts.upstreams.get(key as usize) else {
            return;
        };
        match upstream.usage {
            Use::Dialling { .. } => self.fail_dialling(key, &ErrorKind::TimedOut.into()),
            Use::Probing => self.fail_probing(key, &ErrorKind::TimedOut.into()),
            Use::Idle => self.close_idle(key),
            Use::Serving { .. } | Use::Closed => {}
        }
    }

    fn serve_exchange(&mut self, key: u32, client: u32) {
        let Some(upstream) = self.parts.upstreams.get_mut(key as usize) else {
            return;
        };
        if upstream.socket.wants_flush() {
            match upstream.socket.flush(&mut self.parts.buffers) {
                Flushed::Some => self.step(client, |client, context| client.on_progress(context)),
                Flushed::Nothing => {}
                // Where it broke, the exchange may go on: what the upstream has answered before is
                // read first, the break after it.
                Flushed::All | Flushed::Broken => {
                    self.step(client, |client, context| {
                        client.on_drained(Side::Upstream, context);
                    });
                }
            }
        }
        for _ in 0..READS_PER_TURN {
            if !self.read_upstream(key, client) {
                return;
            }
        }
        if self.serves(key, client) && self.parts.upstreams[key as usize].socket.wants_read() {
            self.parts.queue_upstream(key);
        }
    }

    /// Reads once and hands it to the exchange. Returns whether to go on.
    fn read_upstream(&mut self, key: u32, client: u32) -> bool {
        // The step before may have given the connection back.
        if !self.serves(key, client) {
            return false;
        }
        let socket = &mut self.parts.upstreams[key as usize].socket;
        if !socket.wants_read() {
            return false;
        }
        match socket.receive(&mut self.scratch) {
            Received::Bytes(count) => {
                // Lent to the step, which borrows all of the worker beside it.
                let scratch = std::mem::take(&mut self.scratch);
                let bytes = &scratch[..count];
                self.step(client, |client, context| {
                    client.on_upstream_data(bytes, context);
                });
                self.scratch = scratch;
                true
            }
            Received::Nothing => false,
            Received::End => {
                self.step(client, |client, context| client.on_upstream_end(context));
                false
            }
            Received::Broken => {
                self.step(client, |client, context| client.on_upstream_reset(context));
                false
            }
        }
    }

    fn serves(&self, key: u32, client: u32) -> bool {
        let upstream = self.parts.upstreams.get(key as usize);
        upstream.is_some_and(|upstream| match upstream.usage {
            Use::Serving { client: served } => served == client,
            Use::Dialling { .. } | Use::Probing | Use::Idle | Use::Closed => false,
        })
    }

    fn go_on_dialling(&mut self, key: u32) {
        let Some(upstream) = self.parts.upstreams.get_mut(key as usize) else {
            return;
        };
        let Use::Dialling { client, .. } = upstream.usage else {
            return;
        };
        match upstream.socket.is_connected() {
            Ok(false) => {}
            Ok(true) => {
                upstream.usage = Use::Serving { client };
                upstream.is_probe = false;
                self.parts.wheel.set(&mut upstream.reminder, None, 0);
                let connected = Connected {
                    reused: false,
                    adapter: upstream.adapter,
                };
                let number = upstream.upstream;
                self.parts.connected(number, self.now);
                self.step(client, |client, context| {
                    client.on_connected(connected, context);
                });
                // What it said before it was asked came with the same event.
                if self.serves(key, client)
                    && self.parts.upstreams[key as usize].socket.wants_read()
                {
                    self.parts.queue_upstream(key);
                }
            }
            Err(error) => self.fail_dialling(key, &error),
        }
    }

    /// Tries the next upstream, or tells the exchange that there is none.
    fn fail_dialling(&mut self, key: u32, error: &io::Error) {
        let Some(connection) = self.parts.upstreams.get_mut(key as usize) else {
            return;
        };
        let Use::Dialling { client, wish } = &connection.usage else {
            return;
        };
        let (client, upstream) = (*client, connection.upstream);
        let mut wish: Wish = (**wish).clone();
        wish.tried.push(upstream);
        self.parts.failed(upstream, error, self.now);
        self.parts.balance.end(upstream);
        self.parts.close(key);
        let Some(Slot { connection, .. }) = self.clients.get_mut(client as usize) else {
            return;
        };
        connection.upstream = None;
        let mut step = Step {
            key: client,
            connection,
            parts: &mut self.parts,
            published: &self.published,
            now: self.now,
        };
        match step.dial(wish) {
            Dialled::Pending => {}
            Dialled::Ready(connected) => {
                self.step(client, |client, context| {
                    client.on_connected(connected, context);
                });
            }
            Dialled::Exhausted | Dialled::Starved => {
                self.step(client, |client, context| client.on_refused(context));
            }
        }
    }

    /// An idle connection has nothing to say: an end, or bytes that nobody asked for, close it.
    fn watch_idle(&mut self, key: u32) {
        let Some(upstream) = self.parts.upstreams.get_mut(key as usize) else {
            return;
        };
        if upstream.socket.wants_read()
            && upstream.socket.receive(&mut self.scratch) != Received::Nothing
        {
            self.close_idle(key);
        }
    }

    fn close_idle(&mut self, key: u32) {
        let upstream = self.parts.upstreams[key as usize].upstream;
        self.parts.pool.remove(upstream, key);
        self.parts.close(key);
    }
}
