//! One request and its answer. Read this first.
//!
//! ```text
//! Head ─▶ Connecting ─▶ Waiting ─▶ Answering ─▶ Flushing ─▶ Over
//!   │      │ ▲  └─ ready at once ─▶│ ▲ retry  └─▶ Tunnel ──▶│   ▲
//!   │      ▼ │ the service is back                          │   │
//!   │     Held ─▶ Parting ─────────────────────────────────▶│   │
//!   └── an answer of our own ──────┴─┴──────────────────────┴───┘
//! ```
//!
//! How a request is taken in stands in `request`, how its answer is passed on in `response`, what
//! happens after a 101 in `tunnel`; how it waits for a service that is away in `hold`, and how a
//! Phoenix socket does in `parting`. Here is what they share: the stages, waiting, and the end.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use http1::{HeadLimits, Version};
use routes::{Published, Serving};

use crate::{
    Cause, Context, Driver, Ending, Fate, Flow, Peer, Reason, Record, Side,
    body::Relay,
    driver::{Connected, Connecting, Reuse},
    error::Failure,
    page::{Form, Listing, Page},
    record::Notes,
};
use hold::Hold;
use parting::Parting;
use tunnel::Tunnel;
#[cfg(test)]
pub(crate) use tunnel::masked_close_frame;

mod hold;
mod parting;
mod request;
mod response;
mod tunnel;

/// The most memory that an exchange keeps for the next one, in each of its buffers.
const KEPT_BUFFER_BYTES_MAX: usize = 8 * 1024;

/// A client that ended its side and still waits is asked after so long whether it is there.
const HALF_CLOSED_PROBE: Duration = Duration::from_secs(1);

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The request's head is not complete.
    Head,
    /// The request waits for a connection to an upstream.
    Connecting,
    /// The request waits for its service, which can't be connected to.
    Held,
    /// A Phoenix socket was opened, to be closed with 1012 while its service is away.
    Parting,
    /// The request goes out, or is out, and no final answer has begun.
    Waiting,
    /// The answer's head is with the client, its body follows.
    Answering,
    /// The two talk WebSocket.
    Tunnel,
    /// All is said; the client has not taken all of it.
    Flushing(Next),
    /// The record is written.
    Over(Next),
}

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next request.
    KeepAlive,
    /// Its end.
    End(Ending),
}

/// The connection to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// There is none.
    None,
    /// It is being made.
    Pending,
    /// It can be written to.
    Open {
        /// It has served a request before.
        reused: bool,
    },
}

/// How a connection to an upstream is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// The upstream ended its side.
    End,
    /// It is broken.
    Reset,
}

/// What a method means for the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Get,
    Head,
    Connect,
    Trace,
    /// Another that may be sent twice (RFC 9110 §9.2.2).
    Idempotent,
    Other,
}

/// One request and its answer.
#[derive(Debug)]
pub(crate) struct Exchange {
    peer: Peer,
    started: Instant,
    stage: Stage,
    link: Link,
    /// When bytes last moved.
    progress_at: Instant,
    is_stopping: bool,

    // The request.
    /// Bytes known not to end the head; 0 again with each head that is complete.
    scanned: usize,
    version: Version,
    method: Method,
    notes: Notes,
    client_ip: Option<IpAddr>,
    scheme: &'static str,
    slot: Option<u32>,
    form: Form,
    /// The page for an unknown host may list the known ones.
    may_list: bool,
    port: Option<u16>,
    wants_websocket: bool,
    /// The head for the app, kept as long as a retry is possible.
    head: Vec<u8>,
    head_is_sent: bool,
    request: Relay,
    has_no_body: bool,
    /// Bytes of content taken in.
    content: u64,
    attempts: u8,
    keep_alive: bool,
    client_has_ended: bool,
    half_closed_at: Option<Instant>,
    hold: Hold,
    parting: Parting,

    // The answer.
    /// The beginning of a head that is not complete.
    inbox: Vec<u8>,
    answer: Relay,
    /// The upstream has said something.
    is_heard: bool,
    /// The upstream has ended the connection unheard; until then a reset may follow.
    ended_until: Option<Instant>,
    interims: u8,
    /// The upstream's connection may serve another request.
    is_reusable: bool,
    status: u16,
    reason: Reason,
    forwarded_at: Option<Instant>,
    upstream_time: Option<Duration>,
    tunnel: Tunnel,

    // What waits.
    client_is_full: bool,
    upstream_is_full: bool,
    upstream_is_read: bool,
    bytes_in: u64,
    bytes_out: u64,
}

/// What is overdue when time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overdue {
    Failure(Failure),
    /// A client that ended its side is to be asked whether it is there.
    Probe,
    /// A tunnel without a byte.
    Tunnel,
    /// A request has waited for its service for as long as it may.
    Hold,
    /// It is time to try again.
    Again,
    /// No reset has followed the upstream's end.
    End,
    /// A Phoenix socket is to be closed, or does not answer that it was.
    Parting,
}

impl Exchange {
    pub(crate) fn new(peer: Peer, now: Instant, is_stopping: bool) -> Self {
        Self {
            peer,
            started: now,
            stage: Stage::Head,
            link: Link::None,
            progress_at: now,
            is_stopping,
            scanned: 0,
            version: Version::Http11,
            method: Method::Other,
            notes: Notes::default(),
            client_ip: peer.ip,
            scheme: "http",
            slot: None,
            form: Form::Text,
            may_list: false,
            port: None,
            wants_websocket: false,
            head: Vec::new(),
            head_is_sent: false,
            request: Relay::default(),
            has_no_body: true,
            content: 0,
            attempts: 0,
            keep_alive: false,
            client_has_ended: false,
            half_closed_at: None,
            hold: Hold::default(),
            parting: Parting::default(),
            inbox: Vec::new(),
            answer: Relay::default(),
            is_heard: false,
            ended_until: None,
            interims: 0,
            is_reusable: false,
            status: 0,
            reason: Reason::Ok,
            forwarded_at: None,
            upstream_time: None,
            tunnel: Tunnel::default(),
            client_is_full: false,
            upstream_is_full: false,
            upstream_is_read: true,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Begins anew in the memory of one that was forgotten.
    pub(crate) fn begin(&mut self, peer: Peer, now: Instant, is_stopping: bool) {
        *self = Self {
            head: std::mem::take(&mut self.head),
            inbox: std::mem::take(&mut self.inbox),
            notes: std::mem::take(&mut self.notes),
            ..Self::new(peer, now, is_stopping)
        };
    }

    /// Forgets all bytes, and gives back memory that an ordinary exchange doesn't need.
    pub(crate) fn forget(&mut self) {
        for buffer in [&mut self.head, &mut self.inbox] {
            buffer.clear();
            buffer.shrink_to(KEPT_BUFFER_BYTES_MAX);
        }
        self.notes.forget(KEPT_BUFFER_BYTES_MAX);
    }

    /// What becomes of the client's connection, once all is over.
    pub(crate) fn over(&self) -> Option<Next> {
        match self.stage {
            Stage::Over(next) => Some(next),
            Stage::Head
            | Stage::Connecting
            | Stage::Held
            | Stage::Parting
            | Stage::Waiting
            | Stage::Answering
            | Stage::Tunnel
            | Stage::Flushing(_) => None,
        }
    }

    /// Takes what it can of the client's bytes, and returns how many that was.
    pub(crate) fn on_client_data<D: Driver>(
        &mut self,
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) -> usize {
        match self.stage {
            Stage::Head => self.take_head(input, cx),
            Stage::Waiting | Stage::Answering => self.forward(input, cx),
            Stage::Tunnel => self.tunnel_client_data(input, cx),
            Stage::Parting => self.part_from_data(input, cx),
            Stage::Connecting | Stage::Held | Stage::Flushing(_) | Stage::Over(_) => 0,
        }
    }

    /// The client ended its side, and there is nothing left of what it sent that could be taken in.
    /// A half-close is not departure.
    pub(crate) fn on_client_end<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if std::mem::replace(&mut self.client_has_ended, true) {
            return;
        }
        match self.stage {
            Stage::Tunnel => self.tunnel_client_end(cx),
            Stage::Parting => self.part(Ending::Close, cx),
            // What is missing of the request will never come.
            Stage::Head => self.fail(Failure::ClientGone, cx),
            Stage::Connecting | Stage::Held | Stage::Waiting | Stage::Answering
                if !self.request.is_done() =>
            {
                self.fail(Failure::ClientGone, cx);
            }
            Stage::Connecting | Stage::Held | Stage::Waiting | Stage::Answering => {
                self.half_closed_at = Some(cx.now);
            }
            Stage::Flushing(_) | Stage::Over(_) => {}
        }
    }

    pub(crate) fn on_client_reset<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        match self.stage {
            Stage::Tunnel => {
                self.let_go(Fate::Close, cx);
                self.finish(Next::End(Ending::Abort), cx);
            }
            Stage::Parting => self.part(Ending::Abort, cx),
            Stage::Head
            | Stage::Connecting
            | Stage::Held
            | Stage::Waiting
            | Stage::Answering
            | Stage::Flushing(_) => self.fail(Failure::ClientGone, cx),
            Stage::Over(_) => {}
        }
    }

    /// The wish for a connection is granted; `input` is what of the request's body has come.
    /// Returns how many bytes of it were taken.
    pub(crate) fn on_connected<D: Driver>(
        &mut self,
        connected: Connected,
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) -> usize {
        if self.link != Link::Pending {
            return 0;
        }
        self.use_link(connected);
        self.forward(input, cx)
    }

    pub(crate) fn on_refused<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.link == Link::Pending {
            self.link = Link::None;
            self.hold(Failure::Refused, cx);
        }
    }

    pub(crate) fn on_upstream_data<D: Driver>(&mut self, input: &[u8], cx: &mut Context<'_, D>) {
        self.is_heard = true;
        self.progress_at = cx.now;
        match self.stage {
            Stage::Waiting => self.take_answer(input, cx),
            Stage::Answering => self.pass(&[], input, cx),
            Stage::Tunnel => self.tunnel_upstream_data(input, cx),
            Stage::Head
            | Stage::Connecting
            | Stage::Held
            | Stage::Parting
            | Stage::Flushing(_)
            | Stage::Over(_) => {}
        }
    }

    pub(crate) fn on_upstream_end<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        match self.stage {
            Stage::Waiting => self.lose(Loss::End, cx),
            Stage::Answering => self.end_answer(cx),
            Stage::Tunnel => self.tunnel_upstream_end(false, cx),
            Stage::Head
            | Stage::Connecting
            | Stage::Held
            | Stage::Parting
            | Stage::Flushing(_)
            | Stage::Over(_) => {}
        }
    }

    pub(crate) fn on_upstream_reset<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        match self.stage {
            Stage::Waiting => self.lose(Loss::Reset, cx),
            Stage::Answering => self.fail(Failure::Reset, cx),
            Stage::Tunnel => self.tunnel_upstream_end(true, cx),
            Stage::Head
            | Stage::Connecting
            | Stage::Held
            | Stage::Parting
            | Stage::Flushing(_)
            | Stage::Over(_) => {}
        }
    }

    pub(crate) fn on_drained<D: Driver>(&mut self, side: Side, cx: &mut Context<'_, D>) {
        self.progress_at = cx.now;
        match side {
            Side::Client => self.client_is_full = false,
            Side::Upstream => self.upstream_is_full = false,
        }
        if let (Stage::Flushing(next), Side::Client) = (self.stage, side) {
            self.finish(next, cx);
        }
    }

    pub(crate) fn on_progress(&mut self, now: Instant) {
        self.progress_at = now;
    }

    pub(crate) fn on_time<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        let due = self.due(cx.published);
        let Some((_, overdue)) = due.filter(|(at, _)| *at <= cx.now) else {
            return;
        };
        match overdue {
            Overdue::Failure(failure) => self.fail(failure, cx),
            Overdue::Tunnel => self.tunnel_time_is_up(cx),
            Overdue::Hold => self.hold_time_is_up(cx),
            Overdue::Again => self.try_again(cx),
            Overdue::End => self.lose(Loss::End, cx),
            Overdue::Parting => self.parting_time_is_up(cx),
            Overdue::Probe => self.probe(cx),
        }
    }

    /// The gateway leaves. `hard`: it can't wait for this exchange.
    pub(crate) fn stop<D: Driver>(&mut self, hard: bool, cx: &mut Context<'_, D>) {
        self.is_stopping = true;
        self.keep_alive = false;
        match self.stage {
            Stage::Tunnel => self.leave_tunnel(hard, cx),
            Stage::Parting => self.leave_parting(hard, cx),
            Stage::Head
            | Stage::Connecting
            | Stage::Held
            | Stage::Waiting
            | Stage::Answering
            | Stage::Flushing(_) => {
                if hard {
                    self.fail(Failure::Stopping, cx);
                }
            }
            Stage::Over(_) => {}
        }
    }

    /// Whether the two talk WebSocket.
    pub(crate) fn is_tunnel(&self) -> bool {
        self.stage == Stage::Tunnel
    }

    /// Whether bytes of the client are of use now; `has_unread`: some wait already.
    pub(crate) fn wants_client(&self, has_unread: bool) -> bool {
        match self.stage {
            Stage::Head | Stage::Parting => true,
            Stage::Tunnel => !self.upstream_is_full,
            Stage::Waiting | Stage::Answering if !self.request.is_done() => !self.upstream_is_full,
            // The next request may wait, in one buffer; and the client's end is to be noticed.
            Stage::Connecting
            | Stage::Held
            | Stage::Waiting
            | Stage::Answering
            | Stage::Flushing(_) => !has_unread,
            Stage::Over(_) => false,
        }
    }

    /// Turns reading from the upstream on or off, as the client takes bytes or not.
    pub(crate) fn settle_upstream<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        let wanted = !self.client_is_full;
        if matches!(self.link, Link::Open { .. }) && wanted != self.upstream_is_read {
            self.upstream_is_read = wanted;
            cx.driver.set_reading(Side::Upstream, wanted);
        }
    }

    /// Whether the head is not complete.
    pub(crate) fn is_beginning(&self) -> bool {
        self.stage == Stage::Head
    }

    /// When something is overdue, at the earliest.
    pub(crate) fn due_at(&self, published: &Published) -> Option<Instant> {
        self.due(published).map(|(at, _)| at)
    }

    fn due(&self, published: &Published) -> Option<(Instant, Overdue)> {
        let timeouts = &published.settings.timeouts;
        let progress = |wait: Duration, failure: Failure| {
            Some((
                self.progress_at.checked_add(wait)?,
                Overdue::Failure(failure),
            ))
        };
        let slow_body = if self.upstream_is_full {
            Failure::UpstreamSlow
        } else {
            Failure::ClientSlow
        };
        match self.stage {
            Stage::Head => {
                let at = self.started.checked_add(timeouts.head)?;
                Some((at, Overdue::Failure(Failure::ClientSlow)))
            }
            Stage::Connecting => earlier(self.again_due(), self.probe_due()),
            Stage::Held => earlier(self.hold_due(published), self.probe_due()),
            Stage::Parting => Some((self.parting.due()?, Overdue::Parting)),
            Stage::Waiting if self.is_forwarding() => progress(timeouts.body, slow_body),
            Stage::Waiting => {
                let response = timeouts.response;
                let answer = response.and_then(|wait| progress(wait, Failure::UpstreamSlow));
                let end = self.ended_until.map(|at| (at, Overdue::End));
                earlier(end, earlier(answer, self.probe_due()))
            }
            Stage::Flushing(_) => progress(timeouts.body, Failure::ClientSlow),
            Stage::Answering if self.client_is_full => progress(timeouts.body, Failure::ClientSlow),
            Stage::Answering if self.is_forwarding() => progress(timeouts.body, slow_body),
            Stage::Answering => progress(timeouts.stream_idle?, Failure::UpstreamSlow),
            Stage::Tunnel => Some((self.tunnel_due(timeouts)?, Overdue::Tunnel)),
            Stage::Over(_) => None,
        }
    }

    /// Whether a part of the request is not yet with the upstream.
    fn is_forwarding(&self) -> bool {
        self.upstream_is_full || !self.request.is_done()
    }

    /// A FIN doesn't tell a client that has said all from one that has gone (RFC 9112 §9.6). An
    /// interim answer does: who has gone answers it with a reset, who waits skips it (RFC 9110
    /// §15.2). HTTP/1.0 has none.
    fn probe_due(&self) -> Option<(Instant, Overdue)> {
        let at = self.half_closed_at?.checked_add(HALF_CLOSED_PROBE)?;
        (self.version == Version::Http11).then_some((at, Overdue::Probe))
    }

    fn probe<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.half_closed_at = None;
        self.send_client(b"HTTP/1.1 100 Continue\r\n\r\n", &[], cx);
    }

    /// Wishes for a connection, for another attempt.
    fn connect<D: Driver>(&mut self, slot: u32, reuse: Reuse, cx: &mut Context<'_, D>) {
        self.attempts += 1;
        self.wish(slot, reuse, cx);
    }

    fn wish<D: Driver>(&mut self, slot: u32, reuse: Reuse, cx: &mut Context<'_, D>) {
        match cx.driver.connect(slot, reuse) {
            Connecting::Ready(connected) => self.use_link(connected),
            Connecting::Pending => {
                self.link = Link::Pending;
                self.stage = Stage::Connecting;
            }
            Connecting::Refused => self.hold(Failure::Refused, cx),
            Connecting::Nowhere => self.hold(Failure::NoUpstream, cx),
            Connecting::Crowded => self.open_parting(slot, Cause::Crowd, cx),
            Connecting::Full => self.fail(Failure::Overload, cx),
        }
    }

    fn use_link(&mut self, connected: Connected) {
        self.stage = Stage::Waiting;
        self.link = Link::Open {
            reused: connected.reused,
        };
        self.head_is_sent = false;
        self.upstream_is_full = false;
        self.upstream_is_read = true;
    }

    /// Gives the upstream's connection back, if there is one.
    fn let_go<D: Driver>(&mut self, fate: Fate, cx: &mut Context<'_, D>) {
        if self.link != Link::None {
            self.link = Link::None;
            self.upstream_is_full = false;
            cx.driver.release(fate);
        }
    }

    /// Ends the exchange otherwise than the app wanted: with an answer of our own, or, where an
    /// answer has begun, with a visible abort.
    fn fail<D: Driver>(&mut self, failure: Failure, cx: &mut Context<'_, D>) {
        self.let_go(Fate::Close, cx);
        self.unhold(cx);
        let meaning = failure.meaning();
        self.reason = meaning.reason;
        let is_clients = matches!(failure, Failure::ClientGone | Failure::ClientSlow);
        match self.stage {
            Stage::Answering if !is_clients => self.finish(Next::End(Ending::Cut), cx),
            Stage::Answering | Stage::Parting | Stage::Tunnel | Stage::Flushing(_) => {
                self.finish(Next::End(Ending::Abort), cx);
            }
            Stage::Head | Stage::Connecting | Stage::Held | Stage::Waiting
                if failure == Failure::ClientGone =>
            {
                self.status = meaning.status;
                self.finish(Next::End(Ending::Abort), cx);
            }
            Stage::Head | Stage::Connecting | Stage::Held | Stage::Waiting => {
                self.keep_alive &= !failure.ends_connection();
                self.say(meaning.status, Some(failure), meaning.detail, cx);
            }
            Stage::Over(_) => {}
        }
    }

    /// Answers on the gateway's own behalf, and completes the exchange.
    fn say<D: Driver>(
        &mut self,
        status: u16,
        failure: Option<Failure>,
        text: &str,
        cx: &mut Context<'_, D>,
    ) {
        if self.notes.request_id().is_empty() {
            self.notes.note_request_id(&cx.tools.request_id());
        }
        self.keep_alive &= self.request.is_done();
        self.status = status;
        let mut own_text = String::new();
        if failure == Some(Failure::NoRoute) {
            own_text = format!("unknown service: {}", self.notes.host());
        } else if let Some(details) = self.details(failure, cx) {
            own_text = details;
        }
        let page = Page {
            status,
            failure,
            form: self.form,
            text: if own_text.is_empty() { text } else { &own_text },
            request_id: self.notes.request_id(),
            listing: (failure == Some(Failure::NoRoute) && self.may_list).then(|| Listing {
                snapshot: &cx.published.snapshot,
                host: self.notes.host(),
                port: self.port,
            }),
            version: self.version,
            keep_alive: self.keep_alive,
            asks_again: self.asks_again(failure),
        };
        page.write(&mut cx.tools.head, &mut cx.tools.out);
        let length = if self.method == Method::Head {
            0
        } else {
            cx.tools.out.len()
        };
        let flow = cx
            .driver
            .send(Side::Client, &cx.tools.head, &cx.tools.out[..length]);
        self.sent_to_client(cx.tools.head.len() + length, flow, cx.now);
        let next = match failure {
            Some(failure) if failure.ends_connection() => Next::End(Ending::Lingering),
            Some(_) | None => self.next(),
        };
        self.complete(next, cx);
    }

    /// Why a service can't be connected to; told only where details may be told.
    fn details<D>(&self, failure: Option<Failure>, cx: &Context<'_, D>) -> Option<String> {
        if !matches!(failure?, Failure::NoUpstream | Failure::HoldTimeout) || !self.may_list {
            return None;
        }
        let service = cx.published.snapshot.by_slot(self.slot?)?;
        if let Serving::No(why) = &service.serving {
            return Some(format!("the service was found, but does not listen: {why}"));
        }
        let name = &service.name;
        if service.paused {
            return Some(format!("{name} is paused"));
        }
        let addresses = service.upstreams.iter().map(|it| it.address.to_string());
        let addresses: Vec<String> = addresses.collect();
        Some(match &addresses[..] {
            [] => format!("{name} is not running"),
            addresses => format!("{name} does not listen at {}", addresses.join(", ")),
        })
    }

    fn send_client<D: Driver>(&mut self, head: &[u8], body: &[u8], cx: &mut Context<'_, D>) {
        let flow = cx.driver.send(Side::Client, head, body);
        self.sent_to_client(head.len() + body.len(), flow, cx.now);
    }

    fn sent_to_client(&mut self, len: usize, flow: Flow, now: Instant) {
        self.bytes_out = self.bytes_out.saturating_add(len as u64);
        self.progress_at = now;
        self.client_is_full |= flow == Flow::Full;
    }

    /// What an answer that is complete leaves the client's connection good for.
    fn next(&self) -> Next {
        if !self.request.is_done() {
            Next::End(Ending::Lingering)
        } else if self.keep_alive {
            Next::KeepAlive
        } else {
            Next::End(Ending::Close)
        }
    }

    /// All is said: ends the exchange when the client has taken it.
    fn complete<D: Driver>(&mut self, next: Next, cx: &mut Context<'_, D>) {
        if self.client_is_full {
            self.stage = Stage::Flushing(next);
        } else {
            self.finish(next, cx);
        }
    }

    /// Ends the exchange.
    fn finish<D: Driver>(&mut self, next: Next, cx: &mut Context<'_, D>) {
        self.stage = Stage::Over(next);
        let record = Record {
            request_id: self.notes.request_id(),
            trace_id: self.notes.trace_id(),
            client_ip: self.client_ip,
            method: self.notes.method(),
            scheme: self.scheme,
            host: self.notes.host(),
            path: self.notes.path(),
            version: match self.version {
                Version::Http10 => "HTTP/1.0",
                Version::Http11 => "HTTP/1.1",
            },
            status: self.status,
            reason: self.reason,
            slot: self.slot,
            attempts: self.attempts,
            duration: cx.now.saturating_duration_since(self.started),
            upstream: self.upstream_time,
            held: self.hold.total(),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            user_agent: self.notes.user_agent(),
            upgrade: self.status == 101,
            close_code: self.tunnel.close_code(),
        };
        cx.driver.finished(&record);
    }
}

/// Returns which of two is due first.
fn earlier(
    one: Option<(Instant, Overdue)>,
    other: Option<(Instant, Overdue)>,
) -> Option<(Instant, Overdue)> {
    one.into_iter().chain(other).min_by_key(|(at, _)| *at)
}

/// The limits of either side's heads.
fn head_limits<D>(cx: &Context<'_, D>) -> HeadLimits {
    let limits = &cx.published.settings.limits;
    HeadLimits {
        head: limits.head,
        headers: limits.headers,
        uri: limits.uri,
    }
}
