//! One client's connection: a row of exchanges, one at a time.

use std::time::Instant;

use crate::{
    Connected, Context, Driver, Ending, Peer, Side,
    exchange::{Exchange, Next},
};

/// One client's connection: a row of exchanges, answered in order.
///
/// Without an exchange it holds nothing on the heap.
#[derive(Debug)]
pub struct Client {
    peer: Peer,
    exchange: Option<Box<Exchange>>,
    /// Bytes that were read and can't be used yet: the beginning of a head, a body before its
    /// upstream, the next request. One read at most, since reading is off meanwhile, and a head.
    unread: Vec<u8>,
    /// When the last exchange ended.
    idle_since: Instant,
    /// When the driver will call `on_time`; it is told only when that is too late.
    armed: Option<Instant>,
    is_read: bool,
    has_ended: bool,
    is_stopping: bool,
    /// `end_client` has been called.
    /// An earlier exchange on this connection is over.
    has_answered: bool,
    is_over: bool,
}

impl Client {
    /// A connection that was just accepted. Reading from it is on; [`Client::begin`] comes first.
    pub fn new(peer: Peer, now: Instant) -> Self {
        Self {
            peer,
            exchange: None,
            unread: Vec::new(),
            idle_since: now,
            armed: None,
            is_read: true,
            has_ended: false,
            is_stopping: false,
            has_answered: false,
            is_over: false,
        }
    }

    /// Who it is.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Begins to wait for the first request.
    pub fn begin<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.settle(cx);
    }

    /// Takes the bytes of one read, at most one scratch buffer. All of them are taken: what can't be
    /// used now is kept, and reading is turned off meanwhile.
    pub fn on_client_data<D: Driver>(&mut self, bytes: &[u8], cx: &mut Context<'_, D>) {
        if self.unread.is_empty() {
            let used = self.feed(bytes, cx);
            self.unread.extend_from_slice(&bytes[used..]);
        } else {
            self.unread.extend_from_slice(bytes);
        }
        self.settle(cx);
    }

    /// The client's bytes have ended. A half-close is not departure.
    pub fn on_client_end<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.has_ended = true;
        self.settle(cx);
    }

    /// The client's connection is broken: reset, or hung up in both directions.
    pub fn on_client_reset<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        match &mut self.exchange {
            Some(exchange) => exchange.on_client_reset(cx),
            None => self.end(Ending::Abort, cx),
        }
        self.settle(cx);
    }

    /// The connection that was wished for is there.
    pub fn on_connected<D: Driver>(&mut self, connected: Connected, cx: &mut Context<'_, D>) {
        if let Some(exchange) = &mut self.exchange {
            let used = exchange.on_connected(connected, &self.unread, cx);
            self.unread.drain(..used);
        }
        self.settle(cx);
    }

    /// The connection can't be made (refused, unreachable); the driver has tried every upstream that
    /// it thinks worth trying.
    pub fn on_refused<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.tell(cx, Exchange::on_refused);
    }

    /// The service that was waited for takes connections again.
    pub fn on_available<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.come_back(false, cx);
    }

    /// The service that was waited for is no longer paused: only now does its time run.
    pub fn on_resumed<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.come_back(true, cx);
    }

    fn come_back<D: Driver>(&mut self, was_paused: bool, cx: &mut Context<'_, D>) {
        if let Some(exchange) = &mut self.exchange {
            let used = exchange.come_back(was_paused, &self.unread, cx);
            self.unread.drain(..used);
        }
        self.settle(cx);
    }

    /// Takes the bytes of one read from the upstream.
    pub fn on_upstream_data<D: Driver>(&mut self, bytes: &[u8], cx: &mut Context<'_, D>) {
        self.tell(cx, |exchange, cx| exchange.on_upstream_data(bytes, cx));
    }

    /// The upstream's bytes have ended.
    pub fn on_upstream_end<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.tell(cx, Exchange::on_upstream_end);
    }

    /// The upstream's connection is broken.
    pub fn on_upstream_reset<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.tell(cx, Exchange::on_upstream_reset);
    }

    /// What waited for this side has been sent.
    pub fn on_drained<D: Driver>(&mut self, side: Side, cx: &mut Context<'_, D>) {
        self.tell(cx, |exchange, cx| exchange.on_drained(side, cx));
    }

    /// A side takes what waits for it, if slowly.
    pub fn on_progress<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.tell(cx, |exchange, cx| exchange.on_progress(cx.now));
    }

    /// The time that was asked for has come.
    pub fn on_time<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.armed = None;
        if let Some(exchange) = &mut self.exchange {
            exchange.on_time(cx);
        } else if self.due_at(cx).is_some_and(|at| at <= cx.now) {
            self.end(Ending::Close, cx);
        }
        self.settle(cx);
    }

    /// The gateway leaves: an idle connection ends, answers on their way say `Connection: close`, a
    /// tunnel is closed with 1012 between two frames. May be called again; `hard` ends everything
    /// now.
    pub fn stop<D: Driver>(&mut self, hard: bool, cx: &mut Context<'_, D>) {
        self.is_stopping = true;
        match &mut self.exchange {
            Some(exchange) => exchange.stop(hard, cx),
            None => self.end(Ending::Close, cx),
        }
        self.settle(cx);
    }

    /// Whether an exchange or tunnel is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.exchange.is_some()
    }

    /// Whether the client and its upstream talk WebSocket.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        self.exchange
            .as_ref()
            .is_some_and(|exchange| exchange.is_tunnel())
    }

    fn tell<'a, D: Driver>(
        &mut self,
        cx: &mut Context<'a, D>,
        event: impl FnOnce(&mut Exchange, &mut Context<'a, D>),
    ) {
        if let Some(exchange) = &mut self.exchange {
            event(exchange, cx);
        }
        self.settle(cx);
    }

    /// Gives bytes to the exchange, and what follows its request to the next one, as far as they
    /// can be used now. Returns how many that was.
    fn feed<D: Driver>(&mut self, bytes: &[u8], cx: &mut Context<'_, D>) -> usize {
        let mut used = 0;
        while used < bytes.len() && !self.is_over {
            let exchange = self.exchange.get_or_insert_with(|| {
                let is_stopping = self.is_stopping;
                cx.tools.exchange(self.peer, cx.now, is_stopping)
            });
            let taken = exchange.on_client_data(&bytes[used..], cx);
            used += taken;
            if !self.retire(used < bytes.len(), cx) && taken == 0 {
                break;
            }
        }
        used
    }

    /// Draws the consequences of an event: ends what is over, goes on with what was left unread,
    /// and tells the driver what to read and when to wake.
    fn settle<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        loop {
            self.retire(!self.unread.is_empty(), cx);
            self.feed_unread(cx);
            if !self.notice_end(cx) {
                break;
            }
        }
        if self.is_over {
            return;
        }
        let wanted = match &mut self.exchange {
            Some(exchange) => {
                exchange.settle_upstream(cx);
                exchange.wants_client(!self.unread.is_empty())
            }
            None => true,
        };
        if wanted != self.is_read {
            self.is_read = wanted;
            cx.driver.set_reading(Side::Client, wanted);
        }
        let due = self.due_at(cx);
        if due.is_some_and(|due| self.armed.is_none_or(|armed| due < armed)) {
            self.armed = due;
            cx.driver.wake_at(due);
        }
    }

    fn feed_unread<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.unread.is_empty() {
            // Its memory goes too.
            self.unread = Vec::new();
            return;
        }
        let mut unread = std::mem::take(&mut self.unread);
        let used = self.feed(&unread, cx);
        if used < unread.len() && !self.is_over {
            unread.drain(..used);
            self.unread = unread;
        }
    }

    /// Tells an exchange of the client's end once it has got all that came before, and ends the
    /// connection if there is none. Returns whether that changed anything.
    fn notice_end<D: Driver>(&mut self, cx: &mut Context<'_, D>) -> bool {
        if !self.has_ended || self.is_over {
            return false;
        }
        match &mut self.exchange {
            Some(exchange) if self.unread.is_empty() || exchange.is_beginning() => {
                exchange.on_client_end(cx);
                exchange.over().is_some()
            }
            Some(_) => false,
            None => {
                self.end(Ending::Close, cx);
                false
            }
        }
    }

    /// Puts away an exchange that is over. Returns whether there was one.
    fn retire<D: Driver>(&mut self, has_unread: bool, cx: &mut Context<'_, D>) -> bool {
        let Some((exchange, next)) = self
            .exchange
            .take_if(|exchange| exchange.over().is_some())
            .and_then(|exchange| exchange.over().map(|next| (exchange, next)))
        else {
            return false;
        };
        cx.tools.keep(exchange);
        self.idle_since = cx.now;
        let has_answered = std::mem::replace(&mut self.has_answered, true);
        match next {
            // Nothing is before it.
            Next::End(Ending::Cut) if !has_answered => self.end(Ending::Abort, cx),
            Next::KeepAlive if !self.is_stopping => {}
            // What the client has sent besides would turn a plain close into a reset, which could
            // take the answer with it.
            Next::KeepAlive | Next::End(Ending::Close) if has_unread => {
                self.end(Ending::Lingering, cx);
            }
            Next::KeepAlive => self.end(Ending::Close, cx),
            Next::End(ending) => self.end(ending, cx),
        }
        true
    }

    fn end<D: Driver>(&mut self, ending: Ending, cx: &mut Context<'_, D>) {
        if !self.is_over {
            self.is_over = true;
            self.unread = Vec::new();
            cx.driver.end_client(ending);
        }
    }

    fn due_at<D>(&self, cx: &Context<'_, D>) -> Option<Instant> {
        match &self.exchange {
            Some(exchange) => exchange.due_at(cx.published),
            None => {
                let idle = cx.published.settings.timeouts.idle;
                self.idle_since.checked_add(idle)
            }
        }
    }
}

#[cfg(test)]
mod tests;
