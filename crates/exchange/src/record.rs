//! What is told of an exchange when it has ended.

use std::{net::IpAddr, ops::Range, time::Duration};

/// Why an exchange did not end as the app wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It did end so.
    Ok,
    /// The request is malformed or ambiguous.
    BadRequest,
    /// The client was too slow.
    ClientTimeout,
    /// The request is over a limit.
    TooLarge,
    /// The host is unknown.
    NoRoute,
    /// No upstream could be connected to.
    ConnectRefused,
    /// The upstream ended the connection early.
    Reset,
    /// The upstream answered nonsense.
    Protocol,
    /// There is nothing to connect to.
    NoUpstream,
    /// The upstream was too slow.
    ResponseTimeout,
    /// The request has come through this gateway before.
    Loop,
    /// The client left.
    ClientClosed,
    /// The method is not served.
    NotAllowed,
    /// The transfer coding is unknown.
    NotImplemented,
    /// The version of HTTP is not served.
    Version,
    /// The service could not be connected to for as long as was waited.
    HoldTimeout,
    /// As many requests as may wait for a service already do.
    Overload,
    /// A Phoenix socket was opened and closed again, so that it comes back soon.
    TurnedAway,
    /// The gateway leaves.
    Stopping,
    /// The gateway is at fault; told by the driver.
    Panic,
}

impl Reason {
    /// Every reason, in the order of their discriminants.
    pub const ALL: [Self; 20] = [
        Self::Ok,
        Self::BadRequest,
        Self::ClientTimeout,
        Self::TooLarge,
        Self::NoRoute,
        Self::ConnectRefused,
        Self::Reset,
        Self::Protocol,
        Self::NoUpstream,
        Self::ResponseTimeout,
        Self::Loop,
        Self::ClientClosed,
        Self::NotAllowed,
        Self::NotImplemented,
        Self::Version,
        Self::HoldTimeout,
        Self::Overload,
        Self::TurnedAway,
        Self::Stopping,
        Self::Panic,
    ];

    /// Whether the gateway answered 502, 503 or 504 in the service's place.
    #[must_use]
    pub fn is_failed_service(self) -> bool {
        match self {
            Self::ConnectRefused
            | Self::Reset
            | Self::Protocol
            | Self::NoUpstream
            | Self::ResponseTimeout
            | Self::HoldTimeout
            | Self::Overload
            | Self::Stopping => true,
            Self::Ok
            | Self::BadRequest
            | Self::ClientTimeout
            | Self::TooLarge
            | Self::NoRoute
            | Self::Loop
            | Self::ClientClosed
            | Self::NotAllowed
            | Self::NotImplemented
            | Self::Version
            | Self::TurnedAway
            | Self::Panic => false,
        }
    }

    /// The name in the access log and as a label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::BadRequest => "bad_request",
            Self::ClientTimeout => "client_timeout",
            Self::TooLarge => "too_large",
            Self::NoRoute => "no_route",
            Self::ConnectRefused => "connect_refused",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::NoUpstream => "no_upstream",
            Self::ResponseTimeout => "response_timeout",
            Self::Loop => "loop",
            Self::ClientClosed => "client_closed",
            Self::NotAllowed => "not_allowed",
            Self::NotImplemented => "not_implemented",
            Self::Version => "version",
            Self::HoldTimeout => "hold_timeout",
            Self::Overload => "overload",
            Self::TurnedAway => "turned_away",
            Self::Stopping => "stopping",
            Self::Panic => "panic",
        }
    }
}

/// What an exchange was, for its access line and counters. Texts are empty where not known.
#[derive(Debug)]
pub struct Record<'a> {
    /// The request's id, as the app and the client were told.
    pub request_id: &'a str,
    /// The trace id of `traceparent`.
    pub trace_id: &'a str,
    /// The client's address, behind trusted proxies.
    pub client_ip: Option<IpAddr>,
    /// The method.
    pub method: &'a [u8],
    /// The scheme the client used, as far as the gateway was told.
    pub scheme: &'static str,
    /// The host, normalised.
    pub host: &'a str,
    /// The target without its query.
    pub path: &'a [u8],
    /// The request's version.
    pub version: &'static str,
    /// The status the client got; 499 where it left before it got one.
    pub status: u16,
    /// Why it ended as it did.
    pub reason: Reason,
    /// The service's slot, where the host is known.
    pub slot: Option<u32>,
    /// Wishes for a connection: 1, or up to 3 with retries; 0 where it didn't come to that.
    pub attempts: u8,
    /// From the request's first byte to the end.
    pub duration: Duration,
    /// From the request's forwarding to the response's head.
    pub upstream: Option<Duration>,
    /// How long it waited for its service to take connections.
    pub held: Duration,
    /// Bytes received from the client, heads included.
    pub bytes_in: u64,
    /// Bytes sent to the client, heads included.
    pub bytes_out: u64,
    /// `User-Agent`.
    pub user_agent: &'a [u8],
    /// It became a WebSocket.
    pub upgrade: bool,
    /// The code of the first close frame, 0 where that frame has none.
    pub close_code: Option<u16>,
}

/// Texts of the request that its record needs after the request's bytes are gone.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    text: Vec<u8>,
    method: Range<usize>,
    path: Range<usize>,
    user_agent: Range<usize>,
    trace_id: Range<usize>,
    request_id: Range<usize>,
    host: Range<usize>,
}

impl Notes {
    /// Forgets everything, and memory beyond `bytes_max`.
    pub(crate) fn forget(&mut self, bytes_max: usize) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.shrink_to(bytes_max);
        *self = Self {
            text,
            ..Self::default()
        };
    }

    pub(crate) fn note_method(&mut self, method: &[u8]) {
        self.method = self.note(method);
    }

    pub(crate) fn note_path(&mut self, path: &[u8]) {
        self.path = self.note(path);
    }

    pub(crate) fn note_user_agent(&mut self, user_agent: &[u8]) {
        self.user_agent = self.note(user_agent);
    }

    /// Notes the trace id of a `traceparent`: version, 32 hexadecimal digits, parent, flags.
    pub(crate) fn note_traceparent(&mut self, value: &[u8]) {
        let id = value.get(3..35).unwrap_or_default();
        if value.get(2) == Some(&b'-') && id.iter().all(u8::is_ascii_hexdigit) {
            self.trace_id = self.note(id);
        }
    }

    pub(crate) fn note_request_id(&mut self, id: &[u8]) {
        self.request_id = self.note(id);
    }

    pub(crate) fn note_host(&mut self, host: &str) {
        self.host = self.note(host.as_bytes());
    }

    pub(crate) fn method(&self) -> &[u8] {
        &self.text[self.method.clone()]
    }

    pub(crate) fn path(&self) -> &[u8] {
        &self.text[self.path.clone()]
    }

    pub(crate) fn user_agent(&self) -> &[u8] {
        &self.text[self.user_agent.clone()]
    }

    pub(crate) fn trace_id(&self) -> &str {
        self.ascii(&self.trace_id)
    }

    pub(crate) fn request_id(&self) -> &str {
        self.ascii(&self.request_id)
    }

    pub(crate) fn host(&self) -> &str {
        self.ascii(&self.host)
    }

    fn note(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        start..self.text.len()
    }

    /// Only ASCII is noted where text is asked for; anything else is told as empty.
    fn ascii(&self, range: &Range<usize>) -> &str {
        std::str::from_utf8(&self.text[range.clone()]).unwrap_or_default()
    }
}
