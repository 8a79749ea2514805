//! What a balancer says before the client's first byte: the PROXY protocol, versions 1 and 2
//! (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>). Pure: bytes in, a source out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// Bytes of a header of version 1, its line end included (§2.1).
const TEXT_BYTES_MAX: usize = 107;
/// Bytes of a header of version 2. The protocol allows 65,551; balancers send some hundred.
const BINARY_BYTES_MAX: usize = 4096;
/// What version 2 begins with (§2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, version and command, family, length.
const FIXED_BYTES: usize = 16;
/// The TLV that tells of TLS (§2.2.6), and its flag for a client that used it.
const TLV_SSL: u8 = 0x20;
const CLIENT_SSL: u8 = 0x01;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preface {
    /// Of whom it speaks it doesn't say, or the balancer speaks for itself, as in its own checks: the
    /// connection's own peer counts.
    Own,
    /// It speaks for this client.
    Client {
        /// The client's address.
        ip: IpAddr,
        /// The client's port.
        port: u16,
        /// The client's own connection is TLS.
        tls: bool,
    },
}

/// Bytes that are no header. Nothing can be made of such a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no PROXY protocol header")]
pub struct NoPreface;

/// Reads the header that `bytes` begin with, and returns how long it is; `None`: more bytes are
/// needed.
///
/// # Errors
///
/// If they can't become one, whatever follows.
pub fn read(bytes: &[u8]) -> Result<Option<(Preface, usize)>, NoPreface> {
    const TEXT: &[u8] = b"PROXY ";
    if bytes.starts_with(TEXT) {
        return text(bytes);
    }
    if bytes.starts_with(SIGNATURE) {
        return binary(bytes);
    }
    match TEXT.starts_with(bytes) || SIGNATURE.starts_with(bytes) {
        true => Ok(None),
        false => Err(NoPreface),
    }
}

/// Version 1: `PROXY TCP4 198.51.100.1 203.0.113.7 40000 443\r\n`.
fn text(bytes: &[u8]) -> Result<Option<(Preface, usize)>, NoPreface> {
    let window = &bytes[..bytes.len().min(TEXT_BYTES_MAX)];
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        return match bytes.len() < TEXT_BYTES_MAX {
            true => Ok(None),
            false => Err(NoPreface),
        };
    };
    let line = std::str::from_utf8(&window[..end]).map_err(|_| NoPreface)?;
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().ok_or(NoPreface);
    let preface = match word()? {
        // What may follow is to be ignored.
        "UNKNOWN" => return Ok(Some((Preface::Own, end + 2))),
        "TCP4" => {
            let ip: Ipv4Addr = word()?.parse().map_err(|_| NoPreface)?;
            let _destination: Ipv4Addr = word()?.parse().map_err(|_| NoPreface)?;
            client(ip.into(), port(word()?)?)
        }
        "TCP6" => {
            let ip: Ipv6Addr = word()?.parse().map_err(|_| NoPreface)?;
            let _destination: Ipv6Addr = word()?.parse().map_err(|_| NoPreface)?;
            client(ip.into(), port(word()?)?)
        }
        _ => return Err(NoPreface),
    };
    let _destination = port(word()?)?;
    match words.next() {
        None => Ok(Some((preface, end + 2))),
        Some(_) => Err(NoPreface),
    }
}

fn client(ip: IpAddr, port: u16) -> Preface {
    Preface::Client {
        ip: ip.to_canonical(),
        port,
        tls: false,
    }
}

/// Decimal, without sign or leading zero (§2.1).
fn port(word: &str) -> Result<u16, NoPreface> {
    let is_plain = word == "0" || word.starts_with(|first: char| matches!(first, '1'..='9'));
    match word.parse() {
        Ok(port) if is_plain => Ok(port),
        Ok(_) | Err(_) => Err(NoPreface),
    }
}

/// Version 2: the signature, fixed fields, addresses, further fields (TLVs).
fn binary(bytes: &[u8]) -> Result<Option<(Preface, usize)>, NoPreface> {
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED_BYTES>() else {
        return Ok(None);
    };
    let [version_and_command, family, high, low] = [fixed[12], fixed[13], fixed[14], fixed[15]];
    let length = usize::from(u16::from_be_bytes([high, low]));
    if version_and_command >> 4 != 2 || FIXED_BYTES + length > BINARY_BYTES_MAX {
        return Err(NoPreface);
    }
    let is_local = match version_and_command & 0x0f {
        0 => true,
        1 => false,
        _ => return Err(NoPreface),
    };
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let preface = match is_local {
        true => Preface::Own,
        false => proxied(family, body)?,
    };
    Ok(Some((preface, FIXED_BYTES + length)))
}

fn proxied(family: u8, body: &[u8]) -> Result<Preface, NoPreface> {
    let (ip, ports): (IpAddr, &[u8]) = match family {
        // TCP over IPv4, over IPv6: source, destination, ports.
        0x11 => {
            let (source, rest) = body.split_first_chunk::<4>().ok_or(NoPreface)?;
            (
                Ipv4Addr::from(*source).into(),
                rest.get(4..).ok_or(NoPreface)?,
            )
        }
        0x21 => {
            let (source, rest) = body.split_first_chunk::<16>().ok_or(NoPreface)?;
            (
                Ipv6Addr::from(*source).into(),
                rest.get(16..).ok_or(NoPreface)?,
            )
        }
        // Unspecified, Unix sockets, datagrams: there is no address that says anything here.
        0x00 | 0x12 | 0x22 | 0x31 | 0x32 => return Ok(Preface::Own),
        _ => return Err(NoPreface),
    };
    let ([high, low, _, _], fields) = ports.split_first_chunk::<4>().ok_or(NoPreface)?;
    Ok(Preface::Client {
        ip: ip.to_canonical(),
        port: u16::from_be_bytes([*high, *low]),
        tls: tells_of_tls(fields)?,
    })
}

/// Looks through the further fields: a type, a length of two bytes, that many bytes.
fn tells_of_tls(mut fields: &[u8]) -> Result<bool, NoPreface> {
    let mut tls = false;
    while !fields.is_empty() {
        let ([kind, high, low], rest) = fields.split_first_chunk::<3>().ok_or(NoPreface)?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = rest.split_at_checked(length).ok_or(NoPreface)?;
        if *kind == TLV_SSL {
            let client = value.first().ok_or(NoPreface)?;
            tls = client & CLIENT_SSL != 0;
        }
        fields = rest;
    }
    Ok(tls)
}
