//! Keeping a Phoenix socket on WebSocket while its service is away, or while a crowd comes back to
//! it.
//!
//! phoenix.js takes any failure of its first upgrade, and any that takes 2.5 s, for a network without
//! WebSocket: it goes over to long-poll and stays there. A WebSocket that opens and is closed with
//! 1012 is none: it comes back 10 ms later. So that is what it gets, until its service is back. The
//! more of them wait, the longer each is kept open, which bounds how many come back in a second.
//!
//! What the client sends meanwhile is thrown away, and seen by nobody: a join carries its token.

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use http1::{HeadLimits, Name, Parsed, RequestHead, close_frame, parse_request};
use sha1::{Digest as _, Sha1};

use super::{Exchange, Next, Stage, tunnel::SERVICE_RESTART};
use crate::{Cause, Context, Driver, Ending, Reason, error::Failure};

/// Openings in a second, among all that wait in one worker.
const OPENINGS_PER_SECOND: f64 = 200.0;
/// Closed earlier, phoenix.js 1.8.12 takes the close for an unclean one and stalls.
const OPEN_MIN: Duration = Duration::from_millis(50);
/// phoenix.js goes over to long-poll where the app doesn't answer a ping for 2.5 s.
const OPEN_MAX: Duration = Duration::from_secs(2);
/// How long the client may take to echo the close frame.
const ECHO_WAIT: Duration = Duration::from_secs(1);

/// What a server adds to the client's key (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// What a key has in base 64.
const NONCE_BYTES: usize = 16;

/// A socket that was opened only to be closed.
#[derive(Debug, Default)]
pub(super) struct Parting {
    /// When it is to be closed, or its connection ended.
    until: Option<Instant>,
    /// The close frame is sent.
    is_closed: bool,
    /// It is to be told when the service is back.
    stands_by: bool,
}

impl Parting {
    pub(super) fn due(&self) -> Option<Instant> {
        self.until
    }

    pub(super) fn stands_by(&self) -> bool {
        self.stands_by
    }

    pub(super) fn stand_down(&mut self) {
        self.stands_by = false;
    }
}

impl Exchange {
    /// Opens the socket that the app can't open.
    pub(super) fn open_parting<D: Driver>(
        &mut self,
        slot: u32,
        cause: Cause,
        cx: &mut Context<'_, D>,
    ) {
        let Some(head) = self.switch_of_ours() else {
            return self.fail(Failure::HoldTimeout, cx);
        };
        self.status = 101;
        self.reason = Reason::TurnedAway;
        self.stage = Stage::Parting;
        self.send_client(&head, &[], cx);
        let waiting = cx.driver.stand_by(slot, cause);
        let open = if self.is_stopping {
            OPEN_MIN
        } else {
            open_time(cx.tools.spread(fair_share(waiting)))
        };
        self.parting = Parting {
            until: cx.now.checked_add(open),
            is_closed: false,
            stands_by: true,
        };
    }

    /// Throws away what the client sends, and ends once it has closed its side.
    pub(super) fn part_from_data<D: Driver>(
        &mut self,
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) -> usize {
        self.tunnel.follow_client(input);
        self.bytes_in = self.bytes_in.saturating_add(input.len() as u64);
        if self.tunnel.client_close_code().is_some() {
            self.say_parting(cx);
            self.part(Ending::Lingering, cx);
        }
        input.len()
    }

    /// Closes the socket: its service is back, or it was open for long enough.
    pub(super) fn close_parting<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.unhold(cx);
        self.say_parting(cx);
    }

    pub(super) fn parting_time_is_up<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.parting.is_closed {
            self.part(Ending::Lingering, cx);
        } else {
            self.close_parting(cx);
        }
    }

    pub(super) fn leave_parting<D: Driver>(&mut self, hard: bool, cx: &mut Context<'_, D>) {
        self.close_parting(cx);
        if hard {
            self.part(Ending::Lingering, cx);
        }
    }

    /// Ends the exchange.
    pub(super) fn part<D: Driver>(&mut self, ending: Ending, cx: &mut Context<'_, D>) {
        self.unhold(cx);
        match ending {
            Ending::Abort | Ending::Cut => self.finish(Next::End(ending), cx),
            Ending::Close | Ending::Lingering => self.complete(Next::End(ending), cx),
        }
    }

    fn say_parting<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if !self.parting.is_closed {
            self.parting.is_closed = true;
            self.parting.until = cx.now.checked_add(ECHO_WAIT);
            let frame = close_frame(SERVICE_RESTART);
            self.tunnel.follow_app(&frame);
            self.send_client(&[], &frame, cx);
        }
    }

    /// The head of the answer that opens the WebSocket (RFC 6455 §4.2.2), with the first subprotocol
    /// that was offered; `None` where the request is none that a server would accept.
    pub(super) fn switch_of_ours(&self) -> Option<Vec<u8>> {
        let no_limits = HeadLimits {
            head: usize::MAX,
            headers: usize::MAX,
            uri: usize::MAX,
        };
        let mut request = RequestHead::default();
        match parse_request(&self.head, &mut 0, &no_limits, &mut request) {
            Ok(Parsed::Complete) => {}
            Ok(Parsed::Partial) | Err(_) => return None,
        }
        let value = |wanted: Name| {
            let field = request.fields.iter().find(|field| field.id == wanted)?;
            Some(field.value.of(&self.head))
        };
        let key = value(Name::SecWebsocketKey).filter(|key| is_key(key))?;
        value(Name::SecWebsocketVersion).filter(|version| *version == b"13")?;
        let mut out = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                        Upgrade: websocket\r\nSec-WebSocket-Accept: "
            .to_vec();
        out.extend_from_slice(accept(key).as_bytes());
        let offered = value(Name::SecWebsocketProtocol).and_then(|it| it.split(is_comma).next());
        if let Some(protocol) = offered.map(<[u8]>::trim_ascii).filter(|it| !it.is_empty()) {
            out.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
            out.extend_from_slice(protocol);
        }
        out.extend_from_slice(b"\r\nX-Request-Id: ");
        out.extend_from_slice(self.notes.request_id().as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        Some(out)
    }
}

/// Whether a request's head is that of a Phoenix socket: its path ends in `/websocket`, and its query
/// says which version of the serializer it speaks. Another client might take an opening for one.
pub(super) fn is_phoenix_socket(head: &[u8]) -> bool {
    let target = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let mut parts = target.splitn(2, |byte| *byte == b'?');
    let path = parts.next().unwrap_or_default();
    let query = parts.next().unwrap_or_default();
    path.ends_with(b"/websocket")
        && query
            .split(|byte| *byte == b'&')
            .any(|field| field.starts_with(b"vsn="))
}

/// How long each of so many is open when they come back at the pace that all may.
fn fair_share(waiting: usize) -> Duration {
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    Duration::from_secs_f64(f64::from(waiting) / OPENINGS_PER_SECOND)
}

/// Before it is opened it has waited too.
fn open_time(share: Duration) -> Duration {
    share
        .saturating_sub(super::hold::SOCKET_WAIT)
        .clamp(OPEN_MIN, OPEN_MAX)
}

fn is_key(key: &[u8]) -> bool {
    BASE64
        .decode(key)
        .is_ok_and(|nonce| nonce.len() == NONCE_BYTES)
}

/// RFC 6455 §4.2.2.
fn accept(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    BASE64.encode(&hash.finalize())
}

fn is_comma(byte: &u8) -> bool {
    *byte == b','
}

#[cfg(test)]
mod tests;
