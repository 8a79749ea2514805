//! Listening sockets: bound first, all of them, before anything is served.

use std::{
    fmt, fs,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use exchange::Peer;
use mio::{
    Interest, Registry, Token,
    net::{TcpListener, UnixListener},
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::{
    handed::{Handed, HandedOver, Purpose},
    socket::Stream,
};

mod holder;
#[cfg(test)]
mod tests;

/// Connections that the kernel keeps until they are accepted; it may allow fewer.
pub(crate) const BACKLOG: i32 = 4096;
/// Bytes of a Unix socket's path, as the narrowest system (macOS) allows them.
const UNIX_PATH_BYTES_MAX: usize = 103;
/// The owner and the group may connect.
const UNIX_MODE: u32 = 0o660;
/// Linux spreads new connections over the sockets that share a port with `SO_REUSEPORT`; other
/// systems don't, so there one worker accepts for all.
const SHARES_PORT: bool = cfg!(target_os = "linux");

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and port; port 0 takes any free one.
    Tcp(SocketAddr),
    /// A Unix socket's path.
    Unix(PathBuf),
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why an address can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody listens there already: "127.0.0.1:4000 is taken by beam.smp (pid 812)".
    #[error("{address} is taken{}", .holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken {
        /// The address that was wanted.
        address: SocketAddr,
        /// The program that has it, where the system tells; also one that uses `SO_REUSEPORT`.
        holder: Option<String>,
    },
    /// The system refused.
    #[error("listening on {0}")]
    Io(ListenAddress, #[source] io::Error),
}

/// Bound and listening, not yet accepting.
#[derive(Debug)]
pub struct Listeners {
    bound: Vec<Bound>,
    pub(crate) workers: usize,
}

#[derive(Debug)]
struct Bound {
    address: ListenAddress,
    /// One for each worker, or a single one that deals out.
    acceptors: Vec<Acceptor>,
}

/// Binds every address for `workers` workers, but for those that `handed` has sockets for: they are
/// taken as they are.
///
/// On Linux each worker has its own `SO_REUSEPORT` socket for every TCP address; Unix sockets, and
/// all sockets elsewhere, have one acceptor that deals out.
///
/// # Errors
///
/// If an address is taken or can't be had; none is listened on then.
pub fn bind(
    addresses: &[ListenAddress],
    workers: usize,
    handed: &mut HandedOver,
) -> Result<Listeners, BindError> {
    let workers = workers.max(1);
    let mut bound = Vec::with_capacity(addresses.len());
    for address in addresses {
        let failed = |error| BindError::Io(address.clone(), error);
        let sockets = handed.take(Purpose::Listen, address);
        bound.push(match address {
            _ if !sockets.is_empty() => take_over(sockets, workers).map_err(failed)?,
            ListenAddress::Tcp(tcp) => bind_tcp(*tcp, both_families(*tcp, addresses), workers)?,
            ListenAddress::Unix(path) => bind_unix(path).map_err(failed)?,
        });
    }
    Ok(Listeners { bound, workers })
}

impl Listeners {
    /// Returns what is listened on, in the order asked for, with port 0 resolved.
    pub fn addresses(&self) -> Vec<ListenAddress> {
        self.bound
            .iter()
            .map(|bound| bound.address.clone())
            .collect()
    }

    /// Returns further descriptors of all sockets, for the gateway after us. As long as one is open
    /// the kernel takes connections for it, so whoever leaves closes them first.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left.
    pub fn hand_on(&self) -> io::Result<Vec<Handed>> {
        let mut sockets = Vec::new();
        for bound in &self.bound {
            for acceptor in &bound.acceptors {
                let descriptor = match acceptor {
                    Acceptor::Tcp(listener) => listener.as_fd(),
                    Acceptor::Unix(listener, _) => listener.as_fd(),
                };
                sockets.push(Handed {
                    purpose: Purpose::Listen,
                    address: bound.address.clone(),
                    socket: descriptor.try_clone_to_owned()?.into(),
                });
            }
        }
        Ok(sockets)
    }

    /// Hands each worker its listeners. Where there are fewer than workers the first worker gets
    /// them, and deals out; where there are more, as from a gateway with more workers, some get
    /// several.
    pub(crate) fn divide(self) -> Vec<Vec<Listener>> {
        let mut workers: Vec<Vec<Listener>> = (0..self.workers).map(|_| Vec::new()).collect();
        for (index, bound) in (0..).zip(self.bound) {
            let deals = bound.acceptors.len() < self.workers;
            for (turn, acceptor) in bound.acceptors.into_iter().enumerate() {
                let worker = if deals { 0 } else { turn % self.workers };
                workers[worker].push(Listener {
                    index,
                    deals,
                    acceptor,
                });
            }
        }
        workers
    }
}

/// A listening socket in the hands of one worker.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The place of its address among all.
    pub(crate) index: u16,
    /// Whether its connections are dealt out to all workers.
    pub(crate) deals: bool,
    acceptor: Acceptor,
}

#[derive(Debug)]
enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Watches for connections.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match &mut self.acceptor {
            Acceptor::Tcp(listener) => registry.register(listener, token, Interest::READABLE),
            Acceptor::Unix(listener, _) => registry.register(listener, token, Interest::READABLE),
        }
    }

    /// Accepts a connection, if one waits.
    pub(crate) fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.acceptor {
            Acceptor::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                if !cfg!(target_os = "linux") {
                    // Linux hands it down from the listening socket, which spares this call. An
                    // error here means that the connection is gone, which the first read tells.
                    let _ = stream.set_nodelay(true);
                }
                let ip = Some(peer.ip().to_canonical());
                Ok((Stream::Tcp(stream), Peer::new(ip, peer.port())))
            }
            Acceptor::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                Ok((Stream::Unix(stream), Peer::new(None, 0)))
            }
        }
    }

    /// Removes a Unix socket's file: after this nobody new finds the way here.
    pub(crate) fn remove_file(&self) {
        if let Acceptor::Unix(_, path) = &self.acceptor {
            // Somebody else may have removed it: then there is nothing left to do.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether the same port is also asked for on all IPv4 addresses, so that `[::]` must leave them.
fn both_families(address: SocketAddr, addresses: &[ListenAddress]) -> bool {
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    address.port() != 0 && addresses.contains(&ListenAddress::Tcp(v4))
}

fn bind_tcp(address: SocketAddr, only_v6: bool, workers: usize) -> Result<Bound, BindError> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::AddrInUse => BindError::Taken {
            address,
            holder: holder::of(address),
        },
        _ => BindError::Io(ListenAddress::Tcp(address), error),
    };
    if address.port() != 0 {
        probe(address, only_v6).map_err(failed)?;
    }
    let first = listen(address, only_v6).map_err(failed)?;
    let resolved = first.local_addr().map_err(failed)?;
    let mut acceptors = vec![Acceptor::Tcp(first)];
    if SHARES_PORT {
        for _ in 1..workers {
            acceptors.push(Acceptor::Tcp(listen(resolved, only_v6).map_err(failed)?));
        }
    }
    Ok(Bound {
        address: ListenAddress::Tcp(resolved),
        acceptors,
    })
}

/// Fails where somebody listens already. With `SO_REUSEPORT` on our sockets alone the system would
/// let us share the port of another program of the same user, and take half of its connections.
fn probe(address: SocketAddr, only_v6: bool) -> io::Result<()> {
    let socket = open(address, only_v6)?;
    socket.bind(&address.into())?;
    if !SHARES_PORT {
        // Outside of Linux a bind to one address succeeds beside a listener on all of them.
        holder::refuse_if_answered(address)?;
    }
    Ok(())
}

fn listen(address: SocketAddr, only_v6: bool) -> io::Result<TcpListener> {
    let socket = open(address, only_v6)?;
    if SHARES_PORT {
        socket.set_reuse_port(true)?;
    }
    // Accepted sockets have it from here. TCP_DEFER_ACCEPT would spare each an early wake-up, but
    // has no safe interface.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn open(address: SocketAddr, only_v6: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // Connections of our predecessor that still wind down must not keep us from its port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    Ok(socket)
}

/// Takes sockets that listen already, all at one address. Where they share their port, and more
/// workers want one, further ones join them.
fn take_over(sockets: Vec<Handed>, workers: usize) -> io::Result<Bound> {
    let mut bound: Option<Bound> = None;
    let mut shares = SHARES_PORT;
    for Handed {
        address, socket, ..
    } in sockets
    {
        let acceptor = match &address {
            ListenAddress::Tcp(_) => {
                shares = shares && socket.reuse_port()?;
                socket.set_tcp_nodelay(true)?;
                Acceptor::Tcp(TcpListener::from_std(socket.into()))
            }
            ListenAddress::Unix(path) => {
                Acceptor::Unix(UnixListener::from_std(socket.into()), path.clone())
            }
        };
        let bound = bound.get_or_insert(Bound {
            address,
            acceptors: Vec::new(),
        });
        bound.acceptors.push(acceptor);
    }
    let mut bound = bound.ok_or(ErrorKind::NotFound)?;
    if let ListenAddress::Tcp(address) = bound.address
        && shares
    {
        let only_v6 = match bound.acceptors.first() {
            Some(Acceptor::Tcp(first)) if address.is_ipv6() => SockRef::from(first).only_v6()?,
            _ => false,
        };
        while bound.acceptors.len() < workers {
            let further = listen(address, only_v6)?;
            bound.acceptors.push(Acceptor::Tcp(further));
        }
    }
    Ok(bound)
}

fn bind_unix(path: &Path) -> io::Result<Bound> {
    if path.as_os_str().len() > UNIX_PATH_BYTES_MAX {
        let long = format!("the path is longer than {UNIX_PATH_BYTES_MAX} bytes");
        return Err(io::Error::new(ErrorKind::InvalidInput, long));
    }
    remove_stale(path)?;
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(UNIX_MODE))?;
    Ok(Bound {
        address: ListenAddress::Unix(path.to_owned()),
        acceptors: vec![Acceptor::Unix(listener, path.to_owned())],
    })
}

/// Names the program that listens on `address`, or on all addresses with its port, where the system
/// tells: `beam.smp (pid 812)`.
pub fn holder_of(address: &ListenAddress) -> Option<String> {
    match address {
        ListenAddress::Tcp(address) => holder::of(*address),
        ListenAddress::Unix(path) => holder::of_path(path),
    }
}

/// Removes the file that a killed predecessor left, only if it is a socket and nobody answers.
///
/// # Errors
///
/// If somebody answers there (who, where the system tells), or a file that is no socket is there.
pub fn remove_stale(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "a file that is no socket is there",
        ));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Ok(_) => {
            let holder = holder::of_path(path);
            let holder = holder.unwrap_or_else(|| "another program".to_owned());
            let taken = format!("{holder} listens there");
            Err(io::Error::new(ErrorKind::AddrInUse, taken))
        }
        Err(error) => Err(error),
    }
}
