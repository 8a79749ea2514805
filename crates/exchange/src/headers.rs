//! Heads on their way: which lines pass, and which are ours.

use http1::{Body, ConnectionOptions, Field, Name, RequestHead, ResponseHead, Version, is_listed};
use routes::Authority;

use crate::{
    decimal::push_decimal,
    forwarded::{Forwarded, Room},
    page::push_connection,
};

/// Lines of a head that Bandit takes, whoever wrote them.
const LINES_MAX: usize = 50;
/// Lines that we add, at most: two of framing or an upgrade, four X-Forwarded, an id, Via.
const LINES_ADDED_MAX: usize = 8;

/// What the gateway wants to know of a request's fields, gathered in one pass.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    /// The last of the Host fields.
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) hosts: usize,
    pub(crate) accept: &'a [u8],
    pub(crate) user_agent: &'a [u8],
    pub(crate) traceparent: &'a [u8],
    pub(crate) request_id: Option<&'a [u8]>,
    /// The request has come through a proxy that says so in Via.
    pub(crate) is_via: bool,
    /// Or that says for whom it speaks.
    pub(crate) is_forwarded: bool,
    /// It has come through this very process.
    pub(crate) is_loop: bool,
    /// Upgrade names WebSocket.
    pub(crate) names_websocket: bool,
    pub(crate) websocket_keys: usize,
}

impl<'a> Fields<'a> {
    /// `instance`: our own name in Via.
    pub(crate) fn read(buf: &'a [u8], fields: &[Field], instance: &str) -> Self {
        let mut read = Self::default();
        for field in fields {
            let value = field.value.of(buf);
            match field.id {
                Name::Host => {
                    read.host = Some(value);
                    read.hosts += 1;
                }
                Name::Accept => read.accept = value,
                Name::UserAgent => read.user_agent = value,
                Name::Traceparent => read.traceparent = value,
                Name::XRequestId => read.request_id = Some(value),
                Name::Upgrade => read.names_websocket |= names_websocket(value),
                Name::SecWebsocketKey => read.websocket_keys += 1,
                Name::Via => {
                    read.is_via = true;
                    read.is_loop |= passed_through(value, instance.as_bytes());
                }
                Name::Forwarded
                | Name::XForwardedFor
                | Name::XForwardedProto
                | Name::XForwardedHost
                | Name::XForwardedPort
                | Name::XForwardedOther
                | Name::XRealIp
                | Name::XClientIp => read.is_forwarded = true,
                Name::Other
                | Name::Connection
                | Name::ContentLength
                | Name::TransferEncoding
                | Name::Te
                | Name::Trailer
                | Name::KeepAlive
                | Name::ProxyConnection
                | Name::Http2Settings
                | Name::Expect
                | Name::SecWebsocketProtocol
                | Name::SecWebsocketVersion
                | Name::SecWebsocketAccept
                | Name::Date
                | Name::Server
                | Name::ProxyAuthorization
                | Name::ProxyAuthenticate
                | Name::Disguised => {}
            }
        }
        read
    }
}

/// Whether a list of protocols (RFC 9110 §7.8) names WebSocket.
fn names_websocket(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Whether a Via value (RFC 9110 §7.6.3) has an entry received by `instance`.
fn passed_through(value: &[u8], instance: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|entry| {
        let mut words = entry.split(|byte| matches!(byte, b' ' | b'\t'));
        let received_by = words.by_ref().filter(|word| !word.is_empty()).nth(1);
        received_by == Some(instance)
    })
}

/// A request's head on its way to the app.
#[derive(Debug)]
pub(crate) struct ToApp<'a> {
    pub(crate) buf: &'a [u8],
    pub(crate) head: &'a RequestHead,
    pub(crate) options: ConnectionOptions,
    pub(crate) body: Body,
    pub(crate) forwarded: &'a Forwarded,
    pub(crate) authority: &'a Authority,
    pub(crate) request_id: &'a str,
    pub(crate) instance: &'a str,
    /// It asks for a WebSocket.
    pub(crate) is_upgrade: bool,
}

impl ToApp<'_> {
    /// Writes the head; the target is written by `push_target`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, push_target: impl FnOnce(&mut Vec<u8>)) {
        out.clear();
        out.extend_from_slice(self.head.method.of(self.buf));
        out.push(b' ');
        push_target(out);
        out.extend_from_slice(b" HTTP/1.1\r\n");
        copy_lines(out, self.buf, &self.head.fields, |field| self.keeps(field));
        push_framing(out, self.body);
        if self.is_upgrade {
            out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
        }
        self.forwarded.write(out, self.authority, self.room());
        push_request_id(out, self.request_id);
        out.extend_from_slice(match self.head.version {
            Version::Http10 => b"Via: 1.0 ",
            Version::Http11 => b"Via: 1.1 ",
        });
        out.extend_from_slice(self.instance.as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
    }

    /// Whether the app would refuse the client's lines for ours.
    fn room(&self) -> Room {
        let fields = &self.head.fields;
        let is_ample = |lines: usize| lines + LINES_ADDED_MAX <= LINES_MAX;
        if is_ample(fields.len()) || is_ample(fields.iter().filter(|it| self.keeps(it)).count()) {
            return Room::Ample;
        }
        Room::Scant
    }

    /// Whether a line goes on to the app.
    fn keeps(&self, field: &Field) -> bool {
        match field.id {
            // Naming these in Connection would change what the request is or hide where it has
            // been: they are not the client's to remove.
            Name::Host | Name::Via => true,
            Name::Forwarded | Name::XForwardedOther | Name::XRealIp | Name::XClientIp => {
                self.forwarded.is_trusted
            }
            // These end here (RFC 9110 §7.6.1), or are written by us, or could be taken for ours.
            Name::Connection
            | Name::ContentLength
            | Name::TransferEncoding
            | Name::KeepAlive
            | Name::ProxyConnection
            | Name::Te
            | Name::Upgrade
            | Name::Http2Settings
            | Name::XForwardedFor
            | Name::XForwardedProto
            | Name::XForwardedHost
            | Name::XForwardedPort
            | Name::XRequestId
            | Name::Disguised => false,
            // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored, and we forward as 1.1.
            Name::Expect => self.head.version == Version::Http11 && !self.lists(field),
            Name::Other
            | Name::Trailer
            | Name::Accept
            | Name::UserAgent
            | Name::Traceparent
            | Name::SecWebsocketKey
            | Name::SecWebsocketProtocol
            | Name::SecWebsocketVersion
            | Name::SecWebsocketAccept
            | Name::Date
            | Name::Server
            | Name::ProxyAuthorization
            | Name::ProxyAuthenticate => !self.lists(field),
        }
    }

    fn lists(&self, field: &Field) -> bool {
        self.options.others && is_listed(self.buf, &self.head.fields, field.name.of(self.buf))
    }
}

/// A response's head on its way to the client.
#[derive(Debug)]
pub(crate) struct ToClient<'a> {
    pub(crate) buf: &'a [u8],
    pub(crate) head: &'a ResponseHead,
    pub(crate) options: ConnectionOptions,
    pub(crate) request_id: &'a str,
    /// The version the client speaks.
    pub(crate) version: Version,
}

impl ToClient<'_> {
    /// Writes a final head.
    pub(crate) fn write(&self, out: &mut Vec<u8>, body: Body, keep_alive: bool) {
        self.write_lines(out);
        if body == Body::Close && self.version == Version::Http11 {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        push_connection(out, self.version, keep_alive);
        self.write_end(out);
    }

    /// Writes an interim head (1xx).
    pub(crate) fn write_interim(&self, out: &mut Vec<u8>) {
        self.write_lines(out);
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the head that opens a WebSocket.
    pub(crate) fn write_switch(&self, out: &mut Vec<u8>) {
        self.write_lines(out);
        out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
        self.write_end(out);
    }

    fn write_lines(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(b"HTTP/1.1 ");
        push_decimal(out, self.head.status.into());
        out.push(b' ');
        out.extend_from_slice(self.head.reason.of(self.buf));
        out.extend_from_slice(b"\r\n");
        copy_lines(out, self.buf, &self.head.fields, |field| self.keeps(field));
    }

    fn write_end(&self, out: &mut Vec<u8>) {
        push_request_id(out, self.request_id);
        out.extend_from_slice(b"\r\n");
    }

    /// Whether a line goes on to the client.
    fn keeps(&self, field: &Field) -> bool {
        match field.id {
            // RFC 9110 §8.6: none in 1xx and 204.
            Name::ContentLength => !matches!(self.head.status, 100..=199 | 204),
            // An HTTP/1.0 client can't read it (RFC 9112 §7).
            Name::TransferEncoding => self.version == Version::Http11,
            // These end here (RFC 9110 §7.6.1); the request's id is ours to tell, in one line.
            Name::Connection
            | Name::KeepAlive
            | Name::ProxyConnection
            | Name::Te
            | Name::Upgrade
            | Name::Http2Settings
            | Name::XRequestId => false,
            Name::Other
            | Name::Host
            | Name::Trailer
            | Name::Expect
            | Name::Forwarded
            | Name::XForwardedFor
            | Name::XForwardedProto
            | Name::XForwardedHost
            | Name::XForwardedPort
            | Name::XForwardedOther
            | Name::XRealIp
            | Name::XClientIp
            | Name::Via
            | Name::Accept
            | Name::UserAgent
            | Name::Traceparent
            | Name::SecWebsocketKey
            | Name::SecWebsocketProtocol
            | Name::SecWebsocketVersion
            | Name::SecWebsocketAccept
            | Name::Date
            | Name::Server
            | Name::ProxyAuthorization
            | Name::ProxyAuthenticate
            | Name::Disguised => !self.lists(field),
        }
    }

    fn lists(&self, field: &Field) -> bool {
        self.options.others && is_listed(self.buf, &self.head.fields, field.name.of(self.buf))
    }
}

/// Says how the body is delimited in the plainest form there is: not each server reads `CHUNKED` or
/// `05` as the RFC does.
fn push_framing(out: &mut Vec<u8>, body: Body) {
    match body {
        Body::None | Body::Close => {}
        Body::Length(length) => {
            out.extend_from_slice(b"Content-Length: ");
            push_decimal(out, length);
            out.extend_from_slice(b"\r\n");
        }
        Body::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
    }
}

fn push_request_id(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(b"X-Request-Id: ");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Whether a response of status 101 agrees to the WebSocket that was asked for (RFC 6455 §4.1).
pub(crate) fn agrees_to_websocket(
    buf: &[u8],
    head: &ResponseHead,
    options: ConnectionOptions,
) -> bool {
    let has = |id: Name| head.fields.iter().filter(move |field| field.id == id);
    let mut upgrades = has(Name::Upgrade).map(|field| field.value.of(buf));
    let only = (upgrades.next(), upgrades.next());
    options.upgrade
        && matches!(only, (Some(protocol), None) if protocol.eq_ignore_ascii_case(b"websocket"))
        && has(Name::SecWebsocketAccept).count() == 1
}

/// Copies the lines that are kept, each run of them at once.
fn copy_lines(out: &mut Vec<u8>, buf: &[u8], fields: &[Field], keeps: impl Fn(&Field) -> bool) {
    let mut run = 0..0;
    for field in fields {
        if !keeps(field) {
            continue;
        }
        let line = field.line.range();
        if line.start != run.end {
            out.extend_from_slice(&buf[run]);
            run = line.start..line.start;
        }
        run.end = line.end;
    }
    out.extend_from_slice(&buf[run]);
}
