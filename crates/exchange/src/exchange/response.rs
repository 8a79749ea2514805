//! The answer: its head is judged and rewritten, then it goes to the client with its body.

use http1::{
    Body, Parsed, ResponseHead, Version, connection_options, parse_response, response_body,
};

use super::{Exchange, Link, Method, Stage, head_limits};
use crate::{
    Context, Driver, Fate, Side,
    body::Relay,
    error::Failure,
    headers::{ToClient, agrees_to_websocket},
};

/// Interim answers to one request, at most.
const INTERIMS_MAX: u8 = 100;

impl Exchange {
    /// Takes in heads until the final one is there, and what follows it of the body.
    pub(super) fn take_answer<D: Driver>(&mut self, input: &[u8], cx: &mut Context<'_, D>) {
        if self.inbox.is_empty() {
            let used = self.take_heads(input, cx);
            if self.stage == Stage::Waiting {
                self.inbox.extend_from_slice(&input[used..]);
            }
        } else {
            let mut inbox = std::mem::take(&mut self.inbox);
            inbox.extend_from_slice(input);
            let used = self.take_heads(&inbox, cx);
            inbox.drain(..used);
            self.inbox = inbox;
        }
    }

    /// Returns how many bytes were taken; the rest is the beginning of a head.
    fn take_heads<D: Driver>(&mut self, input: &[u8], cx: &mut Context<'_, D>) -> usize {
        let limits = head_limits(cx);
        let mut used = 0;
        while self.stage == Stage::Waiting && used < input.len() {
            let rest = &input[used..];
            match parse_response(rest, &mut self.scanned, &limits, &mut cx.tools.response) {
                Ok(Parsed::Complete) => {}
                Ok(Parsed::Partial) => return used,
                Err(_) => {
                    self.fail(Failure::Protocol, cx);
                    return input.len();
                }
            }
            let response = std::mem::take(&mut cx.tools.response);
            let (head, body) = rest.split_at(response.len);
            used += head.len();
            let judged = match response.status {
                101 => self.switch(head, &response, body, cx),
                100..=199 => self.pass_interim(head, &response, cx),
                _ => self.answer(head, &response, body, cx),
            };
            let is_final = !matches!(response.status, 100 | 102..=199);
            cx.tools.response = response;
            if let Err(failure) = judged {
                self.fail(failure, cx);
            }
            if is_final {
                return input.len();
            }
        }
        used
    }

    /// Passes an interim answer on, to a client that can read it (RFC 9110 §15.2).
    fn pass_interim<D: Driver>(
        &mut self,
        buf: &[u8],
        head: &ResponseHead,
        cx: &mut Context<'_, D>,
    ) -> Result<(), Failure> {
        self.interims += 1;
        if self.interims > INTERIMS_MAX || response_body(buf, head, false).is_err() {
            return Err(Failure::Protocol);
        }
        if self.version == Version::Http11 {
            let mut out = std::mem::take(&mut cx.tools.head);
            self.to_client(buf, head)?.write_interim(&mut out);
            self.send_client(&out, &[], cx);
            cx.tools.head = out;
        }
        Ok(())
    }

    /// Begins the final answer: head and the body at hand leave in one go.
    fn answer<D: Driver>(
        &mut self,
        buf: &[u8],
        head: &ResponseHead,
        rest: &[u8],
        cx: &mut Context<'_, D>,
    ) -> Result<(), Failure> {
        let is_head = self.method == Method::Head;
        let body = response_body(buf, head, is_head).map_err(|_| Failure::Protocol)?;
        let to_client = self.to_client(buf, head)?;
        let options = to_client.options;
        // An answer before the request's end: the app doesn't want the rest, so that neither
        // connection is of use after it (RFC 9112 §9.3).
        let is_early = self.is_forwarding();
        let ends_with_close = match (body, self.version) {
            (Body::Chunked | Body::Close, Version::Http10) => true,
            (Body::None | Body::Length(_), _) | (Body::Chunked | Body::Close, Version::Http11) => {
                false
            }
        };
        let keep_alive = self.keep_alive && !is_early && !ends_with_close;
        let mut out = std::mem::take(&mut cx.tools.head);
        to_client.write(&mut out, body, keep_alive);
        let upstream_stays = match head.version {
            Version::Http11 => !options.close,
            Version::Http10 => options.keep_alive && !options.close,
        };
        self.keep_alive = keep_alive;
        self.is_reusable = upstream_stays && !is_early && body != Body::Close;
        self.answer = Relay::new(body, self.version == Version::Http11);
        self.status = head.status;
        self.upstream_time = self
            .forwarded_at
            .map(|at| cx.now.saturating_duration_since(at));
        self.stage = Stage::Answering;
        self.pass(&out, rest, cx);
        cx.tools.head = out;
        Ok(())
    }

    /// Passes on what `input` holds of the body, behind the head if that has just been written.
    pub(super) fn pass<D: Driver>(&mut self, head: &[u8], input: &[u8], cx: &mut Context<'_, D>) {
        let Ok(relayed) = self.answer.relay(input, &mut cx.tools.out) else {
            if !head.is_empty() {
                // The client has seen nothing of this answer: one of our own takes its place.
                self.stage = Stage::Waiting;
            }
            self.fail(Failure::Protocol, cx);
            return;
        };
        let len = head.len() + relayed.send.len();
        // Bytes behind the answer's end answer nothing.
        self.is_reusable &= relayed.used == input.len();
        if len > 0 {
            let flow = cx.driver.send(Side::Client, head, relayed.send);
            self.sent_to_client(len, flow, cx.now);
        }
        if self.answer.is_done() {
            self.end_well(cx);
        }
    }

    /// The upstream ended its side: completes a body that lasts until then, cuts any other.
    pub(super) fn end_answer<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        match self.answer.end() {
            Some(last) => {
                if !last.is_empty() {
                    self.send_client(last, &[], cx);
                }
                self.end_well(cx);
            }
            None => self.fail(Failure::Reset, cx),
        }
    }

    /// The answer is complete.
    fn end_well<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        let fate = if self.is_reusable {
            Fate::Reuse
        } else {
            Fate::Close
        };
        self.let_go(fate, cx);
        self.complete(self.next(), cx);
    }

    /// Opens the tunnel, if that was asked for and agreed upon.
    fn switch<D: Driver>(
        &mut self,
        buf: &[u8],
        head: &ResponseHead,
        rest: &[u8],
        cx: &mut Context<'_, D>,
    ) -> Result<(), Failure> {
        let to_client = self.to_client(buf, head)?;
        let is_agreed = self.wants_websocket
            && matches!(self.link, Link::Open { .. })
            && head.version == Version::Http11
            && response_body(buf, head, false).is_ok()
            && agrees_to_websocket(buf, head, to_client.options);
        if !is_agreed {
            return Err(Failure::Protocol);
        }
        let mut out = std::mem::take(&mut cx.tools.head);
        to_client.write_switch(&mut out);
        self.status = head.status;
        self.upstream_time = self
            .forwarded_at
            .map(|at| cx.now.saturating_duration_since(at));
        self.stage = Stage::Tunnel;
        self.open_tunnel(&out, rest, cx);
        cx.tools.head = out;
        Ok(())
    }

    fn to_client<'a>(
        &'a self,
        buf: &'a [u8],
        head: &'a ResponseHead,
    ) -> Result<ToClient<'a>, Failure> {
        let options = connection_options(buf, &head.fields).map_err(|_| Failure::Protocol)?;
        Ok(ToClient {
            buf,
            head,
            options,
            request_id: self.notes.request_id(),
            version: self.version,
        })
    }
}

#[cfg(test)]
mod tests;
