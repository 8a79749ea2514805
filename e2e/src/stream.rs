//! A connected socket of either family, with deadlines on everything.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use rustix::net::connect_unspec;
use socket2::SockRef;

use crate::PATIENCE;

/// A connected TCP or Unix socket, closed when its last clone is dropped. Reading and writing fail
/// after [`PATIENCE`].
#[derive(Clone, Debug)]
pub struct Stream(Arc<Socket>);

/// A handle that does not keep the socket open.
#[derive(Clone, Debug)]
pub struct WeakStream(Weak<Socket>);

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Connects to a TCP address.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .unwrap_or_else(|error| panic!("connecting to {address}: {error}"));
        Self::from(stream)
    }

    /// Connects to a Unix socket.
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path)
            .unwrap_or_else(|error| panic!("connecting to {}: {error}", path.display()));
        Self::from(stream)
    }

    /// Returns a handle that does not keep the socket open.
    pub fn downgrade(&self) -> WeakStream {
        WeakStream(Arc::downgrade(&self.0))
    }

    /// Closes one or both directions. A socket that is gone already is as good as closed.
    pub fn shut(&self, how: Shutdown) {
        // The peer may have closed first; then there is nothing left to shut.
        let _ = match &*self.0 {
            Socket::Tcp(stream) => stream.shutdown(how),
            Socket::Unix(stream) => stream.shutdown(how),
        };
    }

    /// Makes the socket's closing a reset instead of an orderly end. Unix sockets know none.
    pub fn reset_on_close(&self) {
        if let Socket::Tcp(stream) = &*self.0 {
            SockRef::from(stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    }

    /// Sets how long a read may wait.
    pub fn set_patience(&self, patience: Duration) {
        match &*self.0 {
            Socket::Tcp(stream) => stream.set_read_timeout(Some(patience)),
            Socket::Unix(stream) => stream.set_read_timeout(Some(patience)),
        }
        .unwrap();
    }

    /// Sets how long a write may wait.
    pub fn set_write_patience(&self, patience: Duration) {
        match &*self.0 {
            Socket::Tcp(stream) => stream.set_write_timeout(Some(patience)),
            Socket::Unix(stream) => stream.set_write_timeout(Some(patience)),
        }
        .unwrap();
    }
}

impl WeakStream {
    /// Returns whether the socket is open still.
    pub fn is_open(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Resets the connection, if it is still open: as what an app that is killed has not read is. Only
    /// closes a Unix socket, which knows no reset.
    pub fn reset(&self) {
        if let Some(socket) = self.0.upgrade() {
            // Dissolving a connection resets it.
            let _ = match &*socket {
                Socket::Tcp(stream) => connect_unspec(stream).is_ok(),
                Socket::Unix(stream) => stream.shutdown(Shutdown::Both).is_ok(),
            };
        }
    }

    /// Closes both directions, if the socket is still open.
    pub fn shut(&self) {
        if let Some(socket) = self.0.upgrade() {
            Stream(socket).shut(Shutdown::Both);
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(Arc::new(Socket::Tcp(stream)))
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(Arc::new(Socket::Unix(stream)))
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &*self.0 {
            Socket::Tcp(stream) => { stream }.read(into),
            Socket::Unix(stream) => { stream }.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match &*self.0 {
            Socket::Tcp(stream) => { stream }.write(from),
            Socket::Unix(stream) => { stream }.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
