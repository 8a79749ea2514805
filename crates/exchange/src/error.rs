//! What goes wrong, and the one place that turns it into a status.

use http1::{FramingError, HeadError};

use crate::Reason;

/// Why a request does not get the app's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Malformed or ambiguous.
    BadRequest,
    /// The target is over its limit.
    UriTooLong,
    /// The head is over its limit.
    HeadTooLarge,
    /// The body is over its limit.
    BodyTooLarge,
    /// CONNECT, or a method where it makes no sense.
    NotAllowed,
    /// A transfer coding we don't know.
    UnknownCoding,
    /// Neither HTTP/1.0 nor 1.1.
    Version,
    /// The client is too slow with its head or body.
    ClientSlow,
    /// The host is unknown.
    NoRoute,
    /// Every upstream refused.
    Refused,
    /// The upstream ended early.
    Reset,
    /// The upstream's answer is malformed or was not asked for.
    Protocol,
    /// There is nothing to connect to.
    NoUpstream,
    /// The upstream takes or gives no bytes in time.
    UpstreamSlow,
    /// Our own id is in Via.
    Loop,
    /// The service did not come back in time.
    HoldTimeout,
    /// As many wait for a service, or are under way to it, as may.
    Overload,
    /// The client left.
    ClientGone,
    /// The gateway leaves, and won't wait any longer.
    Stopping,
}

/// What a failure means to the client and to the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning {
    pub(crate) status: u16,
    pub(crate) reason: Reason,
    /// A clause for a person.
    pub(crate) detail: &'static str,
}

impl Failure {
    /// The only place that picks a status.
    #[rustfmt::skip] // One line a case, as a table.
    pub(crate) fn meaning(self) -> Meaning {
        let (status, reason, detail) = match self {
            Self::BadRequest => (400, Reason::BadRequest, "the request is malformed"),
            Self::NoRoute => (404, Reason::NoRoute, "unknown service"),
            Self::NotAllowed => (405, Reason::NotAllowed, "this method is not served"),
            Self::ClientSlow => (408, Reason::ClientTimeout, "the request did not come in time"),
            Self::BodyTooLarge => (413, Reason::TooLarge, "the request's body is too large"),
            Self::UriTooLong => (414, Reason::TooLarge, "the address is too long"),
            Self::HeadTooLarge => (431, Reason::TooLarge, "the request's head is too large"),
            Self::ClientGone => (499, Reason::ClientClosed, ""),
            Self::UnknownCoding => (501, Reason::NotImplemented, "the transfer coding is unknown"),
            Self::Refused => (502, Reason::ConnectRefused, "the service can't be connected to"),
            Self::Reset => (502, Reason::Reset, "the service ended the connection"),
            Self::Protocol => (502, Reason::Protocol, "the service's answer is malformed"),
            Self::NoUpstream => (503, Reason::NoUpstream, "the service is not running"),
            Self::HoldTimeout => (503, Reason::HoldTimeout, "the service can't be connected to"),
            Self::Overload => (503, Reason::Overload, "the service has too many requests"),
            Self::Stopping => (503, Reason::Stopping, "the gateway is leaving"),
            Self::UpstreamSlow => (504, Reason::ResponseTimeout, "the service did not answer in time"),
            Self::Version => (505, Reason::Version, "only HTTP/1.0 and HTTP/1.1 are served"),
            Self::Loop => (508, Reason::Loop, "the request has come through this gateway before"),
        };
        Meaning { status, reason, detail }
    }

    /// The error's name in `Proxy-Status` (RFC 9209 §2.3).
    pub(crate) fn proxy_error(self) -> &'static str {
        match self {
            Self::BadRequest
            | Self::UriTooLong
            | Self::HeadTooLarge
            | Self::BodyTooLarge
            | Self::NotAllowed
            | Self::UnknownCoding
            | Self::Version
            | Self::ClientSlow
            | Self::ClientGone => "http_request_error",
            Self::NoRoute => "destination_not_found",
            Self::Refused => "connection_refused",
            Self::Reset => "connection_terminated",
            Self::Protocol => "http_protocol_error",
            Self::NoUpstream | Self::HoldTimeout => "destination_unavailable",
            Self::Overload => "connection_limit_reached",
            Self::UpstreamSlow => "http_response_timeout",
            Self::Loop => "proxy_loop_detected",
            Self::Stopping => "proxy_internal_response",
        }
    }

    /// Whether what follows on the client's connection can't be trusted to be a request.
    pub(crate) fn ends_connection(self) -> bool {
        match self {
            Self::BadRequest
            | Self::UriTooLong
            | Self::HeadTooLarge
            | Self::BodyTooLarge
            | Self::NotAllowed
            | Self::UnknownCoding
            | Self::Version
            | Self::ClientSlow
            | Self::ClientGone
            | Self::Stopping => true,
            Self::NoRoute
            | Self::Refused
            | Self::Reset
            | Self::Protocol
            | Self::NoUpstream
            | Self::UpstreamSlow
            | Self::Loop
            | Self::HoldTimeout
            | Self::Overload => false,
        }
    }
}

/// The words of a status line of ours.
pub(crate) fn title(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        508 => "Loop Detected",
        _ => "Error",
    }
}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::StartLine | HeadError::Field => Self::BadRequest,
            HeadError::UriTooLong => Self::UriTooLong,
            HeadError::HeadTooLarge | HeadError::TooManyFields => Self::HeadTooLarge,
            HeadError::Version => Self::Version,
        }
    }
}

impl From<FramingError> for Failure {
    fn from(error: FramingError) -> Self {
        match error {
            FramingError::ContentLength
            | FramingError::BothLengths
            | FramingError::TransferEncoding => Self::BadRequest,
            FramingError::UnknownCoding => Self::UnknownCoding,
        }
    }
}

#[cfg(test)]
mod tests;
