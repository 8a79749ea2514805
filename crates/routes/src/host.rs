//! The `Host` field's value, parsed once at the edge.
//!
//! Stricter than RFC 3986's `reg-name`: only names that DNS and browsers can mean are taken, so that
//! whatever is forwarded has one reading for us and for the app behind us.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    net::{Ipv4Addr, Ipv6Addr},
};

#[cfg(test)]
mod tests;

/// The longest host, without the trailing dot (RFC 1035 §2.3.4: 255 bytes on the wire).
pub const HOST_BYTES_MAX: usize = 253;

/// The longest label of a host (RFC 1035 §2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;

/// A `Host` value taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, where one was written.
    pub port: Option<u16>,
}

/// A normalised host: lower-case ASCII, without port and trailing dot. Lies inline, never on the heap.
///
/// Compares and hashes as its text does, so that tables keyed by host can be asked with a `&str`.
#[derive(Clone)]
pub struct Host {
    len: u8,
    is_ip: bool,
    bytes: [u8; HOST_BYTES_MAX],
}

/// Why a host is refused, in words for whoever wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing stands there, or only a dot.
    #[error("the host is empty")]
    Empty,
    /// More bytes than DNS can carry.
    #[error("the host is longer than {HOST_BYTES_MAX} bytes")]
    TooLong,
    /// Two dots in a row, or one in front.
    #[error("the host has an empty label")]
    EmptyLabel,
    /// A label that DNS can't carry.
    #[error("the host has a label longer than {LABEL_BYTES_MAX} bytes")]
    LabelTooLong,
    /// Text before an `@`.
    #[error("a user name before the host is not allowed")]
    UserInfo,
    /// A slash: a URL stands where a host should.
    #[error("write the host alone, without scheme and path")]
    Url,
    /// A byte above 127.
    #[error("the host is not ASCII, write it in punycode (xn--…)")]
    NotAscii,
    /// An ASCII character that no host holds.
    #[error("the host holds {0:?}, only letters, digits, '-', '_' and '.' are allowed")]
    Character(char),
    /// Brackets around something that is no IPv6 address, or text behind them.
    #[error("not an IPv6 address in brackets")]
    Ipv6,
    /// An IPv6 address with a zone, which means something on one machine only (RFC 6874).
    #[error("an IPv6 zone id is not allowed")]
    Zone,
    /// More than one colon outside of brackets.
    #[error("more than one ':', write an IPv6 address in brackets")]
    Colons,
    /// A port that is no number.
    #[error("the port is not a number")]
    PortNotNumber,
    /// A port that no socket can have.
    #[error("the port is not between 1 and 65535")]
    PortRange,
    /// A port where only a host is meant.
    #[error("write the host without a port")]
    PortPresent,
}

impl Authority {
    /// Parses the value of a `Host` field or the authority of an absolute-form target (RFC 9110
    /// §7.2, RFC 3986 §3.2).
    ///
    /// An empty port (`auth.local:`) is no port: RFC 3986 §3.2.3 allows it and calls both the same.
    ///
    /// # Errors
    /// Whatever is not a DNS name, an IPv4 address or an IPv6 address in brackets, with or without
    /// a port of 1 to 65535.
    pub fn parse(value: &[u8]) -> Result<Self, HostError> {
        let (host, port) = split(value)?;
        let port = match port {
            None | Some([]) => None,
            Some(digits) => Some(parse_port(digits)?),
        };
        Ok(Self {
            host: parse_host(host)?,
            port,
        })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => self.host.fmt(f),
        }
    }
}

impl Host {
    /// Parses a host without a port.
    ///
    /// # Errors
    /// As [`Authority::parse`], and where a port is written.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        match split(text.as_bytes())? {
            (host, None) => parse_host(host),
            (_, Some(_)) => Err(HostError::PortPresent),
        }
    }

    /// Returns the host as text; IPv6 literals keep their brackets.
    pub fn as_str(&self) -> &str {
        let bytes = &self.bytes[..usize::from(self.len)];
        std::str::from_utf8(bytes).expect("ASCII, checked by parse")
    }

    /// Returns whether this is an IP address literal (which has no subdomains).
    pub fn is_ip(&self) -> bool {
        self.is_ip
    }

    /// Returns the names above this one, the nearest first: `a.b.c` gives `b.c` and `c`. An IP
    /// literal has none.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &str> {
        let name = if self.is_ip { "" } else { self.as_str() };
        name.match_indices('.').map(|(dot, _)| &name[dot + 1..])
    }

    /// Copies text that has been checked; `None` where it is too long.
    fn store(text: impl ExactSizeIterator<Item = u8>, is_ip: bool) -> Option<Self> {
        let len = u8::try_from(text.len()).ok()?;
        let mut bytes = [0; HOST_BYTES_MAX];
        let place = bytes.get_mut(..usize::from(len))?;
        for (to, from) in place.iter_mut().zip(text) {
            *to = from;
        }
        Some(Self { len, is_ip, bytes })
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Host {}

impl PartialOrd for Host {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Host {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Host {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Splits a value into host and port, if a colon for one is there.
fn split(value: &[u8]) -> Result<(&[u8], Option<&[u8]>), HostError> {
    // RFC 9110 §4.2.4: userinfo before the host disguises where a request goes; a colon may be part
    // of it, so this is looked at first.
    if value.contains(&b'@') {
        return Err(HostError::UserInfo);
    }
    if value.contains(&b'/') {
        return Err(HostError::Url);
    }
    if value.starts_with(b"[") {
        let end = value.iter().position(|byte| *byte == b']');
        let (literal, rest) = value.split_at(end.ok_or(HostError::Ipv6)?.saturating_add(1));
        return match rest {
            [] => Ok((literal, None)),
            [b':', port @ ..] => Ok((literal, Some(port))),
            [_, ..] => Err(HostError::Ipv6),
        };
    }
    let mut parts = value.splitn(3, |byte| *byte == b':');
    let host = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        (port, None) => Ok((host, port)),
        (_, Some(_)) => Err(HostError::Colons),
    }
}

fn parse_port(digits: &[u8]) -> Result<u16, HostError> {
    let mut port = 0_u16;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(HostError::PortNotNumber);
        }
        port = port
            .checked_mul(10)
            .and_then(|port| port.checked_add(u16::from(byte - b'0')))
            .ok_or(HostError::PortRange)?;
    }
    match port {
        0 => Err(HostError::PortRange),
        port => Ok(port),
    }
}

fn parse_host(text: &[u8]) -> Result<Host, HostError> {
    match text {
        [b'[', literal @ .., b']'] => parse_ipv6(literal),
        name => parse_name(name),
    }
}

fn parse_ipv6(literal: &[u8]) -> Result<Host, HostError> {
    if literal.contains(&b'%') {
        return Err(HostError::Zone);
    }
    let text = std::str::from_utf8(literal).map_err(|_| HostError::Ipv6)?;
    let address: Ipv6Addr = text.parse().map_err(|_| HostError::Ipv6)?;
    // RFC 5952: one address, one text, so that `[::1]` and `[0:0::1]` are one host.
    let text = format!("[{address}]");
    Host::store(text.bytes(), true).ok_or(HostError::TooLong)
}

fn parse_name(text: &[u8]) -> Result<Host, HostError> {
    // One dot at the end says that the name is complete (RFC 1034 §3.1); two are an empty label.
    let name = text.strip_suffix(b".").unwrap_or(text);
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    if name.len() > HOST_BYTES_MAX {
        return Err(HostError::TooLong);
    }
    for label in name.split(|byte| *byte == b'.') {
        if let Some(byte) = label.iter().find(|byte| !is_label_byte(**byte)) {
            return Err(match byte.is_ascii() {
                true => HostError::Character(char::from(*byte)),
                false => HostError::NotAscii,
            });
        }
        match label.len() {
            0 => return Err(HostError::EmptyLabel),
            1..=LABEL_BYTES_MAX => {}
            _ => return Err(HostError::LabelTooLong),
        }
    }
    let lower = name.iter().map(u8::to_ascii_lowercase);
    Host::store(lower, is_ipv4(name)).ok_or(HostError::TooLong)
}

/// Letters, digits and hyphens are what RFC 952 allows; underscores are in use all the same.
fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_ipv4(name: &[u8]) -> bool {
    name.last().is_some_and(u8::is_ascii_digit)
        && std::str::from_utf8(name).is_ok_and(|text| text.parse::<Ipv4Addr>().is_ok())
}
