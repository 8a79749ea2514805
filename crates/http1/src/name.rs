//! The field names that a gateway must know, recognised while a head is read.

/// A field name that means something to the gateway, or [`Name::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A name the gateway has nothing to do with.
    Other,
    /// `Host`.
    Host,
    /// `Connection`.
    Connection,
    /// `Content-Length`.
    ContentLength,
    /// `Transfer-Encoding`.
    TransferEncoding,
    /// `TE`.
    Te,
    /// `Trailer`.
    Trailer,
    /// `Upgrade`.
    Upgrade,
    /// `Keep-Alive`.
    KeepAlive,
    /// `Proxy-Connection`, which no standard has and some clients send.
    ProxyConnection,
    /// `HTTP2-Settings`, of the h2c upgrade.
    Http2Settings,
    /// `Expect`.
    Expect,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `X-Forwarded-Proto`.
    XForwardedProto,
    /// `X-Forwarded-Host`.
    XForwardedHost,
    /// `X-Forwarded-Port`.
    XForwardedPort,
    /// Any other name that begins with `X-Forwarded-`.
    XForwardedOther,
    /// `X-Real-IP`.
    XRealIp,
    /// `X-Client-IP`.
    XClientIp,
    /// `X-Request-Id`.
    XRequestId,
    /// `Via`.
    Via,
    /// `Accept`.
    Accept,
    /// `User-Agent`.
    UserAgent,
    /// `traceparent` (W3C Trace Context).
    Traceparent,
    /// `Sec-WebSocket-Key`.
    SecWebsocketKey,
    /// `Sec-WebSocket-Protocol`.
    SecWebsocketProtocol,
    /// `Sec-WebSocket-Version`.
    SecWebsocketVersion,
    /// `Sec-WebSocket-Accept`.
    SecWebsocketAccept,
    /// `Date`.
    Date,
    /// `Server`.
    Server,
    /// `Proxy-Authorization`.
    ProxyAuthorization,
    /// `Proxy-Authenticate`.
    ProxyAuthenticate,
    /// One of the names above with `_` for a `-`: servers that keep fields as CGI variables
    /// (RFC 3875 §4.1.18) can't tell the two apart, so such a field is never to be forwarded.
    Disguised,
}

/// The known names, lower case, in the row of their length.
const KNOWN: [&[(&[u8], Name)]; 23] = [
    &[],
    &[],
    &[(b"te", Name::Te)],
    &[(b"via", Name::Via)],
    &[(b"host", Name::Host), (b"date", Name::Date)],
    &[],
    &[
        (b"accept", Name::Accept),
        (b"server", Name::Server),
        (b"expect", Name::Expect),
    ],
    &[(b"upgrade", Name::Upgrade), (b"trailer", Name::Trailer)],
    &[],
    &[
        (b"forwarded", Name::Forwarded),
        (b"x-real-ip", Name::XRealIp),
    ],
    &[
        (b"connection", Name::Connection),
        (b"user-agent", Name::UserAgent),
        (b"keep-alive", Name::KeepAlive),
    ],
    &[
        (b"x-client-ip", Name::XClientIp),
        (b"traceparent", Name::Traceparent),
    ],
    &[(b"x-request-id", Name::XRequestId)],
    &[],
    &[
        (b"content-length", Name::ContentLength),
        (b"http2-settings", Name::Http2Settings),
    ],
    &[(b"x-forwarded-for", Name::XForwardedFor)],
    &[
        (b"x-forwarded-host", Name::XForwardedHost),
        (b"x-forwarded-port", Name::XForwardedPort),
        (b"proxy-connection", Name::ProxyConnection),
    ],
    &[
        (b"transfer-encoding", Name::TransferEncoding),
        (b"x-forwarded-proto", Name::XForwardedProto),
        (b"sec-websocket-key", Name::SecWebsocketKey),
    ],
    &[(b"proxy-authenticate", Name::ProxyAuthenticate)],
    &[(b"proxy-authorization", Name::ProxyAuthorization)],
    &[(b"sec-websocket-accept", Name::SecWebsocketAccept)],
    &[(b"sec-websocket-version", Name::SecWebsocketVersion)],
    &[(b"sec-websocket-protocol", Name::SecWebsocketProtocol)],
];

const X_FORWARDED: &[u8] = b"x-forwarded-";

impl Name {
    /// Recognises a field name, in any case.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let found = Self::as_spelled(name);
        if found == Self::Other && name.contains(&b'_') && is_disguised(name) {
            return Self::Disguised;
        }
        found
    }

    fn as_spelled(name: &[u8]) -> Self {
        let row = KNOWN.get(name.len()).copied().unwrap_or_default();
        if let Some((_, id)) = row
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            return *id;
        }
        match name.get(..X_FORWARDED.len()) {
            Some(start) if start.eq_ignore_ascii_case(X_FORWARDED) => Self::XForwardedOther,
            Some(_) | None => Self::Other,
        }
    }
}

/// Whether `name` is a known one once each `_` is read as `-`.
fn is_disguised(name: &[u8]) -> bool {
    // Longer than any known name, so that what is cut off can't matter.
    let mut hyphens = [0; KNOWN.len() + 1];
    let len = name.len().min(hyphens.len());
    hyphens[..len].copy_from_slice(&name[..len]);
    for byte in &mut hyphens {
        if *byte == b'_' {
            *byte = b'-';
        }
    }
    Name::as_spelled(&hyphens[..len]) != Name::Other
}

#[cfg(test)]
mod tests;
