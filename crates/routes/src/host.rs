//! The `Host` field's value, parsed once at the edge.

use std::fmt;

/// A normalised host: lower-case ASCII, without port and trailing dot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host { /* inline, no allocation: at most 255 bytes */ len: u8, bytes: [u8; 255] }

/// A `Host` value taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, where one was written.
    pub port: Option<u16>,
}

/// Why a host is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid host")]
pub enum HostError { /// placeholder: the owner of this crate completes it
    Invalid }

impl Authority {
    /// Parses the value of a `Host` field or the authority of an absolute-form target (RFC 9110 §7.2, RFC 3986 §3.2).
    pub fn parse(_value: &[u8]) -> Result<Self, HostError> { todo!() }
}
impl Host {
    /// Parses a host without a port.
    pub fn parse(_text: &str) -> Result<Self, HostError> { todo!() }
    /// Returns the host as text; IPv6 literals keep their brackets.
    pub fn as_str(&self) -> &str { std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("ASCII, checked by parse") }
    /// Returns whether this is an IP address literal (which has no subdomains).
    pub fn is_ip(&self) -> bool { todo!() }
}
impl fmt::Display for Host { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) } }
impl fmt::Debug for Host { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(self.as_str(), f) } }
