//! After the 101: bytes both ways, and a close between two frames when the gateway leaves.
//!
//! Phoenix closes its sockets itself. phoenix.js comes back at once after 1001 and 1012; after 1000
//! some of its versions never do.

use std::time::{Duration, Instant};

use http1::{Frames, close_frame};
use routes::Timeouts;

use super::{Exchange, Next};
use crate::{Context, Driver, Ending, Fate, Flow, Reason, Side};

/// The gateway restarts (RFC 6455 §7.4.2, IANA).
pub(super) const SERVICE_RESTART: u16 = 1012;
/// The gateway gives the connection up (RFC 6455 §7.4.1).
const GOING_AWAY: u16 = 1001;

/// How long the app may take to close after the client's close frame and FIN.
const APP_CLOSE_WAIT: Duration = Duration::from_secs(5);

/// What is known of the frames on their way.
#[derive(Debug, Default)]
pub(super) struct Tunnel {
    to_client: Frames,
    to_upstream: Frames,
    /// The close code to send at the next boundary.
    farewell: Option<u16>,
    /// When the client ended its side after a close frame.
    client_ended_at: Option<Instant>,
}

impl Tunnel {
    /// The code of the first close frame.
    pub(super) fn close_code(&self) -> Option<u16> {
        let seen = self.to_client.close_code();
        seen.or_else(|| self.to_upstream.close_code())
    }

    /// Follows what the client sends where nobody passes it on.
    pub(super) fn follow_client(&mut self, bytes: &[u8]) {
        self.to_upstream.follow(bytes);
    }

    /// Follows what we say in the app's place.
    pub(super) fn follow_app(&mut self, bytes: &[u8]) {
        self.to_client.follow(bytes);
    }

    /// The code of the client's close frame.
    pub(super) fn client_close_code(&self) -> Option<u16> {
        self.to_upstream.close_code()
    }
}

/// The close frame that a client sends: masked (RFC 6455 §5.3), here with a key that changes nothing.
pub(crate) fn masked_close_frame(code: u16) -> [u8; 8] {
    let [first, length, high, low] = close_frame(code);
    [first, length | 0x80, 0, 0, 0, 0, high, low]
}

impl Exchange {
    /// Begins the tunnel with the head of the 101 and what followed it.
    pub(super) fn open_tunnel<D: Driver>(
        &mut self,
        head: &[u8],
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) {
        self.tunnel.to_client.follow(input);
        self.send_client(head, input, cx);
        if self.is_stopping {
            self.leave_tunnel(false, cx);
        }
    }

    pub(super) fn tunnel_client_data<D: Driver>(
        &mut self,
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) -> usize {
        if self.upstream_is_full {
            return 0;
        }
        self.tunnel.to_upstream.follow(input);
        self.bytes_in = self.bytes_in.saturating_add(input.len() as u64);
        self.progress_at = cx.now;
        self.upstream_is_full = cx.driver.send(Side::Upstream, &[], input) == Flow::Full;
        input.len()
    }

    pub(super) fn tunnel_upstream_data<D: Driver>(
        &mut self,
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) {
        if self.tunnel.farewell.is_none() {
            self.tunnel.to_client.follow(input);
            self.send_client(&[], input, cx);
            return;
        }
        // The boundary may lie anywhere in the input.
        let to_client = &mut self.tunnel.to_client;
        let boundary = input.iter().position(|byte| {
            to_client.follow(std::slice::from_ref(byte));
            to_client.at_boundary()
        });
        let len = boundary.map_or(input.len(), |last| last + 1);
        self.send_client(&[], &input[..len], cx);
        if boundary.is_some() {
            self.say_farewell(cx);
        }
    }

    /// The client ended its side. After its close frame it waits for the app to close; without one
    /// it has gone. It is never passed on as a half-close: not every server stands that.
    pub(super) fn tunnel_client_end<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.tunnel.to_upstream.close_code().is_some() {
            self.tunnel.client_ended_at = Some(cx.now);
        } else {
            self.let_go(Fate::Close, cx);
            self.finish(Next::End(Ending::Close), cx);
        }
    }

    /// The app ended its side, with or without a close frame, or its connection broke.
    pub(super) fn tunnel_upstream_end<D: Driver>(
        &mut self,
        is_reset: bool,
        cx: &mut Context<'_, D>,
    ) {
        let is_closing = self.tunnel.close_code().is_some();
        if !self.tunnel.to_client.at_boundary() || (is_reset && !is_closing) {
            self.reason = Reason::Reset;
        }
        self.let_go(Fate::Close, cx);
        self.complete(Next::End(Ending::Lingering), cx);
    }

    pub(super) fn tunnel_due(&self, timeouts: &Timeouts) -> Option<Instant> {
        match self.tunnel.client_ended_at {
            Some(at) => at.checked_add(APP_CLOSE_WAIT),
            None => self.progress_at.checked_add(timeouts.websocket_idle?),
        }
    }

    pub(super) fn tunnel_time_is_up<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.tunnel.client_ended_at.is_some() {
            self.let_go(Fate::Close, cx);
            self.finish(Next::End(Ending::Close), cx);
        } else {
            self.reason = Reason::ClientTimeout;
            self.end_tunnel(GOING_AWAY, true, cx);
        }
    }

    /// The gateway leaves: closes the tunnel between two frames, or anywhere if it can't wait.
    pub(super) fn leave_tunnel<D: Driver>(&mut self, hard: bool, cx: &mut Context<'_, D>) {
        self.reason = Reason::Stopping;
        self.end_tunnel(SERVICE_RESTART, hard, cx);
    }

    fn end_tunnel<D: Driver>(&mut self, code: u16, hard: bool, cx: &mut Context<'_, D>) {
        self.tunnel.farewell = Some(code);
        if self.tunnel.to_client.at_boundary() {
            self.say_farewell(cx);
        } else if hard {
            self.let_go(Fate::Close, cx);
            self.finish(Next::End(Ending::Abort), cx);
        }
    }

    /// Sends close frames where none has been sent, and ends. Towards the client a frame has just
    /// ended; towards the app one may be unfinished, then it sees the connection end.
    fn say_farewell<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        let Some(code) = self.tunnel.farewell else {
            return;
        };
        if self.tunnel.to_upstream.at_boundary() && self.tunnel.to_upstream.close_code().is_none() {
            cx.driver
                .send(Side::Upstream, &[], &masked_close_frame(code));
        }
        if self.tunnel.to_client.close_code().is_none() {
            let frame = close_frame(code);
            self.tunnel.to_client.follow(&frame);
            self.send_client(&[], &frame, cx);
        }
        self.let_go(Fate::Close, cx);
        self.complete(Next::End(Ending::Lingering), cx);
    }
}

#[cfg(test)]
mod tests;
