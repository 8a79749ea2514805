//! The sockets of the admin and health listeners.

use std::{
    fs,
    io::{self, ErrorKind},
    net::{self, IpAddr},
    os::unix::{self, fs::PermissionsExt as _},
    path::PathBuf,
};

use proxy::{Handed, HandedOver, ListenAddress, Purpose};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// The owner alone may connect.
const UNIX_MODE: u32 = 0o600;

/// Why an address can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody listens there already.
    #[error("{address} is taken{}", .holder.as_ref().map(|it| format!(" by {it}")).unwrap_or_default())]
    Taken {
        /// The address that was wanted.
        address: ListenAddress,
        /// The program that has it, where the system tells.
        holder: Option<String>,
    },
    /// The system refused.
    #[error("listening on {0}")]
    Io(ListenAddress, #[source] io::Error),
}

/// Bound and listening, not yet accepting.
#[derive(Debug)]
pub struct Bound {
    address: ListenAddress,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(net::TcpListener),
    Unix(unix::net::UnixListener, PathBuf),
}

/// Returns whether only processes of this machine can connect to an address.
pub fn is_local(address: &ListenAddress) -> bool {
    match address {
        ListenAddress::Tcp(address) => match address.ip().to_canonical() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        },
        ListenAddress::Unix(_) => true,
    }
}

/// Listens on `address`, or takes the socket that was handed over for it. A Unix socket is for its
/// owner alone.
///
/// # Errors
///
/// If somebody listens there, or the system refuses.
pub fn bind(
    address: &ListenAddress,
    purpose: Purpose,
    handed: &mut HandedOver,
) -> Result<Bound, BindError> {
    if let Some(handed) = handed.take(purpose, address).pop() {
        if purpose == Purpose::Package && is_open_to_all(&handed.address) {
            let why = io::Error::other(
                "everybody may connect to it, and say where requests go: set SocketMode=0600 and \
                 SocketUser=, or 0660 and SocketGroup=",
            );
            return Err(BindError::Io(handed.address.clone(), why));
        }
        return Ok(Bound::handed(handed));
    }
    let failed = |error: io::Error| match (error.kind(), address) {
        (ErrorKind::AddrInUse, ListenAddress::Tcp(_)) => BindError::Taken {
            address: address.clone(),
            holder: proxy::holder_of(address),
        },
        _ => BindError::Io(address.clone(), error),
    };
    match address {
        ListenAddress::Tcp(asked) => {
            let listener = net::TcpListener::bind(asked).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            Ok(Bound {
                address: ListenAddress::Tcp(listener.local_addr().map_err(failed)?),
                socket: Socket::Tcp(listener),
            })
        }
        ListenAddress::Unix(path) => {
            proxy::remove_stale(path).map_err(failed)?;
            let listener = unix::net::UnixListener::bind(path).map_err(failed)?;
            // Before this the usual umask keeps all but the owner from connecting.
            let mode = fs::Permissions::from_mode(UNIX_MODE);
            fs::set_permissions(path, mode).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            Ok(Bound {
                address: address.clone(),
                socket: Socket::Unix(listener, path.clone()),
            })
        }
    }
}

/// Whether a socket's file lets others than its owner and group connect.
fn is_open_to_all(address: &ListenAddress) -> bool {
    const OTHERS_WRITE: u32 = 0o002;
    match address {
        ListenAddress::Tcp(_) => false,
        ListenAddress::Unix(path) => {
            fs::metadata(path).is_ok_and(|file| file.permissions().mode() & OTHERS_WRITE != 0)
        }
    }
}

impl Bound {
    fn handed(handed: Handed) -> Self {
        let address = handed.address.clone();
        let socket = match &address {
            ListenAddress::Tcp(_) => Socket::Tcp(handed.into_socket().into()),
            ListenAddress::Unix(path) => Socket::Unix(handed.into_socket().into(), path.clone()),
        };
        Self { address, socket }
    }

    /// Returns another descriptor of its socket, for the gateway after us.
    ///
    /// # Errors
    ///
    /// If the system has none left.
    pub fn hand_on(&self, purpose: Purpose) -> io::Result<Option<Handed>> {
        match &self.socket {
            Socket::Tcp(listener) => Handed::new(purpose, listener.try_clone()?),
            Socket::Unix(listener, _) => Handed::new(purpose, listener.try_clone()?),
        }
    }

    /// Returns where it listens, with port 0 resolved.
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Returns whether whoever connects came over the network, if only this machine's own.
    pub(crate) fn is_tcp(&self) -> bool {
        matches!(self.socket, Socket::Tcp(_))
    }

    /// Makes it a door of the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// If the runtime does not take the socket.
    pub fn open(self) -> io::Result<Door> {
        Ok(match self.socket {
            Socket::Tcp(listener) => Door::Tcp(TcpListener::from_std(listener)?),
            Socket::Unix(listener, path) => {
                Door::Unix(UnixListener::from_std(listener)?, Some(path))
            }
        })
    }
}

/// A listening socket on a runtime. Dropping it removes a Unix socket's file.
#[derive(Debug)]
pub enum Door {
    /// An IP address and port.
    Tcp(TcpListener),
    /// A Unix socket, with the file to remove.
    Unix(UnixListener, Option<PathBuf>),
}

/// A client's connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Door {
    /// Leaves a Unix socket's file to whoever accepts there too.
    pub fn keep_file(&mut self) {
        if let Self::Unix(_, path) = self {
            *path = None;
        }
    }

    /// Waits for a client. Dropping it loses nothing.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(it, _)| Stream::Tcp(it)),
            Self::Unix(listener, _) => listener.accept().await.map(|(it, _)| Stream::Unix(it)),
        }
    }

    /// Waits for a client of a Unix socket; `None` where it is none. Dropping it loses nothing.
    ///
    /// # Errors
    ///
    /// If the system has no room for another connection; the next may be taken.
    pub async fn accept_unix(&self) -> io::Result<Option<UnixStream>> {
        match self {
            Self::Tcp(_) => Ok(None),
            Self::Unix(listener, _) => listener.accept().await.map(|(it, _)| Some(it)),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Self::Unix(_, Some(path)) = self {
            // Somebody else may have removed it: then there is nothing left to do.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests;
