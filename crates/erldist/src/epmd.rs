//! EPMD, which knows on which ports a host's nodes listen ("EPMD Protocol").
//!
//! The messages are values; [`names`] and [`port_of`] ask a real one.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    time::timeout,
};

#[cfg(test)]
mod tests;

/// Where EPMD listens unless `ERL_EPMD_PORT` says otherwise.
pub const PORT: u16 = 4369;

/// How long to wait for EPMD: resolving, connecting and the answer, each.
pub const WAIT_MAX: Duration = Duration::from_secs(5);

/// Bytes of an answer, at most: some thousand names.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Addresses of one host that are tried.
pub(crate) const ADDRESSES_MAX: usize = 8;

/// The version of the handshake that we speak; since OTP 23 nodes register as speaking it.
const HANDSHAKE_VERSION: u16 = 6;

const NAMES_REQ: u8 = 110;
const PORT2_RESP: u8 = 119;
const PORT_PLEASE2_REQ: u8 = 122;

/// Why EPMD gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum EpmdError {
    /// The host's name leads to no address.
    #[error("resolving {host}")]
    Resolve {
        /// The host.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing listens there, or it can't be reached.
    #[error("asking EPMD at {host}:{port}")]
    Unreachable {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// What listens there does not answer as EPMD does.
    #[error("{host}:{port} does not answer as EPMD does")]
    Answer {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The node speaks no version of the handshake that we do.
    #[error("the node is older than OTP 25")]
    Version,
}

/// What an answer's bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// They are no answer of EPMD.
    Answer,
    /// A node that speaks no handshake of ours.
    Version,
}

/// Returns the request for a node's port.
///
/// # Errors
///
/// The name is longer than EPMD's length field.
pub fn port_request(name: &str) -> Result<Vec<u8>, Malformed> {
    let length = u16::try_from(name.len().saturating_add(1)).map_err(|_| Malformed::Answer)?;
    let mut request = length.to_be_bytes().to_vec();
    request.push(PORT_PLEASE2_REQ);
    request.extend_from_slice(name.as_bytes());
    Ok(request)
}

/// Reads the whole answer to [`port_request`]: the node's port, or `None` if EPMD knows no such node.
///
/// # Errors
///
/// The bytes are no such answer, or the node is too old to talk to.
pub fn port_answer(bytes: &[u8]) -> Result<Option<u16>, Malformed> {
    match bytes {
        [PORT2_RESP, 1..=u8::MAX] => Ok(None),
        [PORT2_RESP, 0, p1, p0, _kind, _protocol, h1, h0, ..] => {
            if u16::from_be_bytes([*h1, *h0]) < HANDSHAKE_VERSION {
                return Err(Malformed::Version);
            }
            match u16::from_be_bytes([*p1, *p0]) {
                0 => Err(Malformed::Answer),
                port => Ok(Some(port)),
            }
        }
        _ => Err(Malformed::Answer),
    }
}

/// Returns the request for all names.
#[must_use]
pub fn names_request() -> Vec<u8> {
    vec![0, 1, NAMES_REQ]
}

/// Reads the whole answer to [`names_request`]: names without their hosts, and ports.
///
/// # Errors
///
/// The bytes are no such answer.
pub fn names_answer(bytes: &[u8]) -> Result<Vec<(String, u16)>, Malformed> {
    // EPMD's own port comes first.
    let (_port, lines) = bytes.split_first_chunk::<4>().ok_or(Malformed::Answer)?;
    let lines = str::from_utf8(lines).map_err(|_| Malformed::Answer)?;
    let node = |line: &str| {
        let (name, port) = line.strip_prefix("name ")?.rsplit_once(" at port ")?;
        Some((name.to_owned(), port.trim_end().parse().ok()?))
    };
    lines
        .lines()
        .map(|line| node(line).ok_or(Malformed::Answer))
        .collect()
}

/// Asks EPMD for all nodes of its host: their names without the host, and their ports.
///
/// # Errors
///
/// EPMD can't be reached within [`WAIT_MAX`], or answers nonsense.
///
/// # Cancel safety
///
/// Dropping the future closes the connection; nothing remains.
pub async fn names(host: &str, port: u16) -> Result<Vec<(String, u16)>, EpmdError> {
    let bytes = ask(host, port, &names_request()).await?;
    names_answer(&bytes).map_err(|malformed| explain(malformed, host, port))
}

/// Asks EPMD for the port of the node whose name begins with `name` and an `@`; `None` if it knows no
/// such node.
///
/// # Errors
///
/// EPMD can't be reached within [`WAIT_MAX`], answers nonsense, or the node is too old.
///
/// # Cancel safety
///
/// Dropping the future closes the connection; nothing remains.
pub async fn port_of(host: &str, port: u16, name: &str) -> Result<Option<u16>, EpmdError> {
    let request = port_request(name).map_err(|malformed| explain(malformed, host, port))?;
    let bytes = ask(host, port, &request).await?;
    port_answer(&bytes).map_err(|malformed| explain(malformed, host, port))
}

fn explain(malformed: Malformed, host: &str, port: u16) -> EpmdError {
    match malformed {
        Malformed::Version => EpmdError::Version,
        Malformed::Answer => EpmdError::Answer {
            host: host.to_owned(),
            port,
        },
    }
}

/// Sends one request and reads until EPMD closes, as it does after each answer.
async fn ask(host: &str, port: u16, request: &[u8]) -> Result<Vec<u8>, EpmdError> {
    let addresses = resolve(host, port)
        .await
        .map_err(|source| EpmdError::Resolve {
            host: host.to_owned(),
            source,
        })?;
    let unreachable = |source| EpmdError::Unreachable {
        host: host.to_owned(),
        port,
        source,
    };
    let mut stream = connect(&addresses, WAIT_MAX).await.map_err(unreachable)?;
    let exchange = async {
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        let most = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        stream.take(most).read_to_end(&mut answer).await?;
        Ok(answer)
    };
    match timeout(WAIT_MAX, exchange).await {
        Ok(answer) => answer.map_err(unreachable),
        Err(_) => Err(unreachable(io::ErrorKind::TimedOut.into())),
    }
}

/// Returns a host's addresses, [`ADDRESSES_MAX`] at most and at least one.
pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found = timeout(WAIT_MAX, lookup_host((host, port)))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let addresses: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
    match addresses.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::NotFound, "no address")),
        false => Ok(addresses),
    }
}

/// Connects to the first address that accepts; the error is the last one's.
pub(crate) async fn connect(addresses: &[SocketAddr], wait: Duration) -> io::Result<TcpStream> {
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match timeout(wait, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(refused)) => error = refused,
            Err(_) => error = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(error)
}
