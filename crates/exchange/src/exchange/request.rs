//! The request: its head is judged and rewritten, then it goes out with its body.

use std::time::Duration;

use http1::{
    Body, ConnectionOptions, Parsed, RequestHead, Version, connection_options, is_listed,
    parse_request, request_body,
};
use routes::{Authority, Mode};

use super::{Exchange, Link, Loss, Method, Stage, head_limits};
use crate::{
    Context, Driver, Fate, Flow, Reuse, Side,
    body::Relay,
    error::Failure,
    forwarded::Forwarded,
    headers::{Fields, ToApp},
    page::Form,
};

/// Lengths of a trusted request id (`Plug.RequestId` takes no others).
const REQUEST_ID_BYTES: std::ops::RangeInclusive<usize> = 20..=200;

/// How long a reset may follow an end.
const END_WAIT: Duration = Duration::from_millis(2);
/// A new connection that is reset within this was hardly read.
const UNREAD_MAX: Duration = Duration::from_secs(1);

/// What a request in order leads to.
enum Admitted {
    /// It goes to the service with this slot.
    To(u32),
    /// The health path was asked for.
    Health,
}

/// A request target (RFC 9112 §3.2) in the form it is forwarded in.
#[derive(Clone, Copy, Debug)]
struct Target<'a> {
    /// The authority of the absolute form.
    authority: Option<&'a [u8]>,
    /// Written before the path: a path that the absolute form may leave out.
    prefix: &'static str,
    path: &'a [u8],
}

impl Exchange {
    /// Takes in the head once it is complete, and what follows it of the body.
    pub(super) fn take_head<D: Driver>(&mut self, input: &[u8], cx: &mut Context<'_, D>) -> usize {
        let limits = head_limits(cx);
        match parse_request(input, &mut self.scanned, &limits, &mut cx.tools.request) {
            Ok(Parsed::Complete) => {}
            Ok(Parsed::Partial) => return 0,
            Err(error) => {
                self.bytes_in = input.len() as u64;
                self.fail(error.into(), cx);
                return input.len();
            }
        }
        let request = std::mem::take(&mut cx.tools.request);
        let (head, rest) = input.split_at(request.len);
        self.bytes_in = head.len() as u64;
        let admitted = self.admit(head, &request, cx);
        cx.tools.request = request;
        match admitted {
            Ok(Admitted::To(slot)) => self.connect(slot, self.reuse(), cx),
            Ok(Admitted::Health) => self.tell_health(cx),
            Err(failure) => self.fail(failure, cx),
        }
        if self.stage == Stage::Waiting {
            head.len() + self.forward(rest, cx)
        } else {
            head.len()
        }
    }

    /// Sends what there is to send in one go: the head, if it still waits, and what `input` holds of
    /// the body. Returns how many bytes of it were taken.
    pub(super) fn forward<D: Driver>(&mut self, input: &[u8], cx: &mut Context<'_, D>) -> usize {
        if self.head_is_sent && self.request.is_done() {
            return 0;
        }
        let Ok(relayed) = self.request.relay(input, &mut cx.tools.out) else {
            self.fail(Failure::BadRequest, cx);
            return input.len();
        };
        let used = relayed.used;
        self.bytes_in = self.bytes_in.saturating_add(used as u64);
        self.content = self.content.saturating_add(relayed.content);
        let limit = cx.published.settings.limits.body;
        if limit.is_some_and(|limit| self.content > limit) {
            self.fail(Failure::BodyTooLarge, cx);
            return input.len();
        }
        self.progress_at = cx.now;
        let head = if self.head_is_sent {
            &[]
        } else {
            &self.head[..]
        };
        if !head.is_empty() || !relayed.send.is_empty() {
            let flow = cx.driver.send(Side::Upstream, head, relayed.send);
            self.upstream_is_full = flow == Flow::Full;
            self.head_is_sent = true;
            self.forwarded_at.get_or_insert(cx.now);
        }
        used
    }

    /// The upstream ended before an answer began: tries once more, if the request can't have been
    /// acted upon twice by that. Where the second try was not read either, the app may be going down:
    /// the third comes a moment later. Where an end alone came, it is waited for whether a reset follows:
    /// the system sends it for a request that came just too late.
    pub(super) fn lose<D: Driver>(&mut self, loss: Loss, cx: &mut Context<'_, D>) {
        let is_new = self.link == (Link::Open { reused: false });
        let is_alike = loss == Loss::End && is_new && !cx.driver.is_upstream_reset();
        match self.ended_until.take() {
            None if is_alike && !self.is_heard && self.reuse() == Reuse::Any => {
                self.ended_until = cx.now.checked_add(END_WAIT);
            }
            Some(_) | None => self.lose_for_good(loss, cx),
        }
    }

    fn lose_for_good<D: Driver>(&mut self, loss: Loss, cx: &mut Context<'_, D>) {
        let is_unread = match (self.link, loss) {
            // It was being closed when the request came.
            (Link::Open { reused: true }, Loss::End | Loss::Reset) => true,
            // A kernel resets what an app leaves unread, as of connections that were never accepted
            // when it went down; it ends what was read. After a while others reset it too.
            (Link::Open { reused: false }, Loss::End | Loss::Reset) => {
                let sent = self.forwarded_at.unwrap_or(cx.now);
                let is_reset = loss == Loss::Reset || cx.driver.is_upstream_reset();
                is_reset && cx.now.saturating_duration_since(sent) < UNREAD_MAX
            }
            (Link::None | Link::Pending, _) => false,
        };
        let may_retry = is_unread && !self.is_heard && self.reuse() == Reuse::Any;
        match self.slot {
            Some(slot) if may_retry && self.attempts == 1 => {
                self.forwarded_at = None;
                self.let_go(Fate::Close, cx);
                self.connect(slot, Reuse::Never, cx);
                if self.stage == Stage::Waiting {
                    self.forward(&[], cx);
                }
            }
            Some(_) if may_retry && self.attempts == 2 => {
                self.forwarded_at = None;
                self.let_go(Fate::Close, cx);
                self.pause(cx.now);
            }
            // phoenix.js is not to be told of an app that has gone, only of one that is there and
            // does not want the socket. It would open it again at once.
            Some(_) if self.is_socket() && !self.is_heard && self.attempts < 3 => {
                self.forwarded_at = None;
                self.let_go(Fate::Close, cx);
                self.pause(cx.now);
            }
            Some(_) | None => self.fail(Failure::Reset, cx),
        }
    }

    /// Which connections may serve the request: it may meet one that is just being closed, and only
    /// an idempotent one without a body can be sent again then (RFC 9112 §9.3.1).
    pub(super) fn reuse(&self) -> Reuse {
        let is_idempotent = match self.method {
            Method::Get | Method::Head | Method::Trace | Method::Idempotent => true,
            Method::Connect | Method::Other => false,
        };
        if self.is_socket() {
            Reuse::Socket
        } else if self.wants_websocket {
            Reuse::Never
        } else if is_idempotent && self.has_no_body {
            Reuse::Any
        } else {
            Reuse::Fresh
        }
    }

    fn tell_health<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if cx.tools.is_leaving || self.is_stopping {
            self.say(503, None, "leaving", cx);
        } else {
            self.say(200, None, "ok", cx);
        }
    }

    /// Judges the head, finds its service, and writes the head for the app.
    fn admit<D: Driver>(
        &mut self,
        buf: &[u8],
        head: &RequestHead,
        cx: &mut Context<'_, D>,
    ) -> Result<Admitted, Failure> {
        let settings = &cx.published.settings;
        let method = head.method.of(buf);
        self.version = head.version;
        self.method = Method::of(method);
        self.notes.note_method(method);
        let fields = Fields::read(buf, &head.fields, &cx.tools.instance);
        let forwarded = Forwarded::read(buf, &head.fields, self.peer, settings);
        self.note(&fields, &forwarded, cx);

        let options = connection_options(buf, &head.fields)?;
        let body = request_body(buf, head)?;
        self.request = Relay::new(body, true);
        self.has_no_body = self.request.is_done();
        if self.method == Method::Connect {
            return Err(Failure::NotAllowed);
        }
        let target = Target::parse(head.target.of(buf), method)?;
        self.notes.note_path(target.path_without_query());
        if self.notes.path().ends_with(b"/longpoll") {
            // phoenix.js takes a problem's `status` for that of its poll, and then never polls again.
            self.form = Form::Text;
        }
        let authority = self.authority(&fields, target)?;
        if self.method == Method::Trace && body != Body::None {
            // RFC 9110 §9.3.8: a client must not send content with it.
            return Err(Failure::BadRequest);
        }
        if let (Body::Length(length), Some(max)) = (body, settings.limits.body)
            && length > max
        {
            return Err(Failure::BodyTooLarge);
        }
        self.keep_alive = !self.is_stopping && wants_keep_alive(head.version, options);
        if settings.health_path.as_deref().map(str::as_bytes) == Some(self.notes.path()) {
            return Ok(Admitted::Health);
        }
        if fields.is_loop {
            return Err(Failure::Loop);
        }
        let found = cx.published.snapshot.find(&authority.host);
        let slot = cx.published.snapshot.services[found.ok_or(Failure::NoRoute)?.service].slot;
        self.slot = Some(slot);
        self.wants_websocket = self.asks_websocket(&fields, options)
            // Without its key, which ends here then, it opens nothing.
            && !(options.others && is_listed(buf, &head.fields, b"sec-websocket-key"));
        let to_app = ToApp {
            buf,
            head,
            options,
            body,
            forwarded: &forwarded,
            authority: &authority,
            request_id: self.notes.request_id(),
            instance: &cx.tools.instance,
            is_upgrade: self.wants_websocket,
        };
        to_app.write(&mut self.head, |out| target.push(out));
        Ok(Admitted::To(slot))
    }

    /// Notes what the record and our own answers need.
    fn note<D: Driver>(
        &mut self,
        fields: &Fields<'_>,
        forwarded: &Forwarded,
        cx: &mut Context<'_, D>,
    ) {
        self.notes.note_user_agent(fields.user_agent);
        self.notes.note_traceparent(fields.traceparent);
        match fields.request_id {
            Some(id) if forwarded.is_trusted && is_request_id(id) => self.notes.note_request_id(id),
            Some(_) | None => self.notes.note_request_id(&cx.tools.request_id()),
        }
        self.client_ip = forwarded.client();
        self.scheme = forwarded.scheme;
        self.form = Form::accepted(fields.accept);
        // A gateway behind a proxy on the same machine sees only loopback peers: those the proxy
        // speaks for must not see what is for the developer.
        self.may_list = cx.published.settings.mode == Mode::Development
            && self
                .peer
                .ip
                .is_some_and(|ip| ip.to_canonical().is_loopback())
            && !fields.is_forwarded
            && !fields.is_via;
        if fields.is_forwarded && !forwarded.is_trusted {
            cx.driver.distrusted();
        }
    }

    /// The request's host (RFC 9112 §3.2).
    fn authority(&mut self, fields: &Fields<'_>, target: Target<'_>) -> Result<Authority, Failure> {
        let host = fields.host.filter(|_| fields.hosts == 1);
        let host = host.ok_or(Failure::BadRequest)?;
        let authority = Authority::parse(host).map_err(|_| Failure::BadRequest)?;
        if let Some(named) = target.authority {
            // The app could go by either of two that differ.
            let named = Authority::parse(named).map_err(|_| Failure::BadRequest)?;
            if named != authority {
                return Err(Failure::BadRequest);
            }
        }
        self.notes.note_host(authority.host.as_str());
        self.port = authority.port;
        Ok(authority)
    }

    /// Whether the request opens a WebSocket (RFC 6455 §4.1). Any other Upgrade is not passed on.
    fn asks_websocket(&self, fields: &Fields<'_>, options: ConnectionOptions) -> bool {
        options.upgrade
            && fields.names_websocket
            && fields.websocket_keys == 1
            && self.method == Method::Get
            && self.version == Version::Http11
            && self.has_no_body
    }
}

impl Method {
    fn of(method: &[u8]) -> Self {
        match method {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            b"TRACE" => Self::Trace,
            b"OPTIONS" | b"PUT" | b"DELETE" => Self::Idempotent,
            _ => Self::Other,
        }
    }
}

impl<'a> Target<'a> {
    fn parse(target: &'a [u8], method: &[u8]) -> Result<Self, Failure> {
        let is_options = method == b"OPTIONS";
        if target.starts_with(b"/") || (is_options && target == b"*") {
            return Ok(Self {
                authority: None,
                prefix: "",
                path: target,
            });
        }
        let rest = absolute(target).ok_or(Failure::BadRequest)?;
        let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // RFC 9112 §3.2.1 and §3.2.4.
        let prefix = match path.first() {
            Some(b'/') => "",
            None if is_options => "*",
            Some(_) | None => "/",
        };
        Ok(Self {
            authority: Some(authority),
            prefix,
            path,
        })
    }

    fn path_without_query(&self) -> &'a [u8] {
        let end = memchr::memchr(b'?', self.path).unwrap_or(self.path.len());
        &self.path[..end]
    }

    /// Writes the target in origin form or asterisk form.
    fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.prefix.as_bytes());
        out.extend_from_slice(self.path);
    }
}

/// What follows `http://` or `https://`.
fn absolute(target: &[u8]) -> Option<&[u8]> {
    [&b"http://"[..], b"https://"]
        .into_iter()
        .find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })
}

/// RFC 9112 §9.3.
fn wants_keep_alive(version: Version, options: ConnectionOptions) -> bool {
    match version {
        Version::Http11 => !options.close,
        Version::Http10 => options.keep_alive && !options.close,
    }
}

/// Whether a trusted request id can be passed on and logged as it is.
fn is_request_id(id: &[u8]) -> bool {
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=~@".contains(byte);
    REQUEST_ID_BYTES.contains(&id.len()) && id.iter().all(is_safe)
}

#[cfg(test)]
mod tests;
