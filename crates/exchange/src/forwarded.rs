//! Who the client is and how it came, as the app shall be told.
//!
//! What a peer says of it is believed only from a trusted peer. Plug takes the leftmost address of
//! X-Forwarded-For and one line of each name, so there is one line, and its leftmost is the client.

use std::net::{IpAddr, SocketAddr};

use http1::{Field, Name};
use routes::{Authority, ForwardedProto, Settings};

use crate::{
    decimal::{push_decimal, push_ip},
    driver::Peer,
};

/// Trusted proxies in a row, at most; what lies beyond is not looked at.
const HOPS_MAX: usize = 16;

/// Whether an app takes all the lines that we would add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// It does.
    Ample,
    /// It may refuse the request for them.
    Scant,
}

/// How the client came.
#[derive(Debug)]
pub(crate) struct Forwarded {
    /// What the peer says is believed.
    pub(crate) is_trusted: bool,
    /// The addresses, from the nearest to the client.
    hops: [Option<IpAddr>; HOPS_MAX],
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The host that a trusted peer was asked for, where that isn't the request's.
    host: Option<Authority>,
    port: Option<u16>,
}

impl Forwarded {
    /// Judges what `fields` say, coming from `peer`.
    pub(crate) fn read(buf: &[u8], fields: &[Field], peer: Peer, settings: &Settings) -> Self {
        let is_trusted = peer
            .ip
            .is_none_or(|ip| settings.trusted_proxies.contains(ip));
        let mut forwarded = Self {
            is_trusted,
            hops: [None; HOPS_MAX],
            scheme: match settings.forwarded_proto {
                ForwardedProto::Auto if peer.tls => "https",
                ForwardedProto::Auto | ForwardedProto::Http => "http",
                ForwardedProto::Https => "https",
            },
            host: None,
            port: None,
        };
        forwarded.hops[0] = peer.ip.map(|ip| ip.to_canonical());
        if is_trusted {
            forwarded.believe(buf, fields, settings);
        }
        forwarded
    }

    /// The client's address, as far as it is known.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.hops.iter().rev().find_map(|hop| *hop)
    }

    /// Writes the fields, one line each. `authority` is the request's own. Where there is no `room`, what
    /// only repeats it is left out.
    pub(crate) fn write(&self, out: &mut Vec<u8>, authority: &Authority, room: Room) {
        let mut separator = "X-Forwarded-For: ";
        for hop in self.hops.iter().rev().flatten() {
            out.extend_from_slice(separator.as_bytes());
            push_ip(out, *hop);
            separator = ", ";
        }
        if separator == ", " {
            out.extend_from_slice(b"\r\n");
        }
        // Plug copies X-Forwarded-Host as it stands into `conn.host`: a port would end up there.
        let host = self.host.as_ref().unwrap_or(authority);
        let default_port = if self.scheme == "https" { 443 } else { 80 };
        let port = self.port.or(host.port).unwrap_or(default_port);
        out.extend_from_slice(b"X-Forwarded-Proto: ");
        out.extend_from_slice(self.scheme.as_bytes());
        if self.host.is_some() || room == Room::Ample {
            out.extend_from_slice(b"\r\nX-Forwarded-Host: ");
            out.extend_from_slice(host.host.as_str().as_bytes());
        }
        if self.port.is_some() || room == Room::Ample {
            out.extend_from_slice(b"\r\nX-Forwarded-Port: ");
            push_decimal(out, port.into());
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Takes over what a trusted peer says.
    fn believe(&mut self, buf: &[u8], fields: &[Field], settings: &Settings) {
        let (mut hosts, mut ports) = (Once::default(), Once::default());
        for field in fields {
            let value = field.value.of(buf);
            if field.id == Name::XForwardedHost {
                hosts.see(value);
            } else if field.id == Name::XForwardedPort {
                ports.see(value);
            }
        }
        self.host = hosts.only().and_then(|host| Authority::parse(host).ok());
        self.port = ports.only().and_then(port);
        self.believe_hops(buf, fields, settings);
        if let Some(told) = self.told_scheme(buf, fields) {
            self.scheme = scheme(told).unwrap_or(self.scheme);
        }
    }

    /// What X-Forwarded-Proto says of the client's own connection.
    ///
    /// Most proxies set one value. Where each appends its own, the nearest proxy's is the rightmost,
    /// as in X-Forwarded-For, and the client's own connection is as far from the right as the client
    /// is: what stands left of that the client wrote itself.
    fn told_scheme<'b>(&self, buf: &'b [u8], fields: &'b [Field]) -> Option<&'b [u8]> {
        let proxies = self.hops.iter().rposition(Option::is_some).unwrap_or(0);
        let lines = fields
            .iter()
            .rev()
            .filter(|field| field.id == Name::XForwardedProto);
        lines
            .flat_map(|field| field.value.of(buf).rsplit(|byte| *byte == b','))
            .take(proxies.max(1))
            .last()
    }

    /// Follows X-Forwarded-For from the right, where it is the nearest, up to the first address that
    /// is not trusted: that is the client, and what it wrote itself lies to the left.
    fn believe_hops(&mut self, buf: &[u8], fields: &[Field], settings: &Settings) {
        let lines = fields
            .iter()
            .rev()
            .filter(|field| field.id == Name::XForwardedFor);
        let mut told = lines.flat_map(|field| field.value.of(buf).rsplit(|byte| *byte == b','));
        for place in &mut self.hops[1..] {
            let Some(hop) = told.next().and_then(address) else {
                return;
            };
            *place = Some(hop);
            if !settings.trusted_proxies.contains(hop) {
                return;
            }
        }
    }
}

/// A value that counts only if it stands once.
#[derive(Debug, Default)]
struct Once<'a> {
    value: Option<&'a [u8]>,
    times: usize,
}

impl<'a> Once<'a> {
    fn see(&mut self, value: &'a [u8]) {
        self.value = Some(value);
        self.times += 1;
    }

    fn only(&self) -> Option<&'a [u8]> {
        self.value.filter(|_| self.times == 1)
    }
}

fn scheme(value: &[u8]) -> Option<&'static str> {
    let value = value.trim_ascii();
    let is = |name: &[u8]| value.eq_ignore_ascii_case(name);
    if is(b"https") || is(b"wss") {
        Some("https")
    } else if is(b"http") || is(b"ws") {
        Some("http")
    } else {
        None
    }
}

fn port(value: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(value).ok()?;
    let port = digits.parse().ok()?;
    (port != 0 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(port)
}

/// An address, also with a port as some balancers write it.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let ip = bare
        .unwrap_or(text)
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    Some(ip.ok()?.to_canonical())
}
