//! Listening sockets that outlive a process: handed over by systemd or by the gateway before us,
//! and handed on to the one after us.

use std::io;

use socket2::Socket;

use crate::ListenAddress;

#[cfg(test)]
mod tests;

/// What a listening socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Clients.
    Listen,
    /// The admin API.
    Admin,
    /// Probes.
    Health,
    /// VMs that report by themselves.
    Package,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::Listen, Self::Admin, Self::Health, Self::Package];

    /// The name among `LISTEN_FDNAMES`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Admin => "admin",
            Self::Health => "health",
            Self::Package => "package",
        }
    }

    /// Reads a name; any that we don't know is that of a listener for clients, since systemd gives
    /// the name of its unit where none is written.
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|it| it.name() == name);
        known.unwrap_or(Self::Listen)
    }
}

/// A socket that listens already.
#[derive(Debug)]
pub struct Handed {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it listens.
    pub address: ListenAddress,
    pub(crate) socket: Socket,
}

impl Handed {
    /// Takes a listening socket whatever its kind; `None` where it is neither TCP nor a Unix socket
    /// with a path.
    ///
    /// # Errors
    ///
    /// If the system doesn't tell where it listens, or can't set it up.
    pub fn new(purpose: Purpose, socket: impl Into<Socket>) -> io::Result<Option<Self>> {
        let socket = socket.into();
        let bound = socket.local_addr()?;
        let unix = || bound.as_pathname().map(|path| path.to_owned());
        let address = match bound.as_socket() {
            Some(address) => Some(ListenAddress::Tcp(address)),
            None => unix().map(ListenAddress::Unix),
        };
        let Some(address) = address else {
            return Ok(None);
        };
        socket.set_nonblocking(true)?;
        Ok(Some(Self {
            purpose,
            address,
            socket,
        }))
    }

    /// Returns another descriptor of the same socket.
    ///
    /// # Errors
    ///
    /// If the system has none left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            purpose: self.purpose,
            address: self.address.clone(),
            socket: self.socket.try_clone()?,
        })
    }

    /// Gives the socket up.
    pub fn into_socket(self) -> Socket {
        self.socket
    }
}

/// The sockets that were handed over and are not in use yet.
#[derive(Debug, Default)]
pub struct HandedOver(pub Vec<Handed>);

impl HandedOver {
    /// Takes those for `purpose` that listen at `asked`; with port 0, at any port of its address.
    pub fn take(&mut self, purpose: Purpose, asked: &ListenAddress) -> Vec<Handed> {
        let first = self
            .0
            .iter()
            .find(|it| it.purpose == purpose && it.is_at(asked));
        let Some(address) = first.map(|it| it.address.clone()) else {
            return Vec::new();
        };
        let matching = |it: &mut Handed| it.purpose == purpose && it.address == address;
        self.0.extract_if(.., matching).collect()
    }

    /// Where those for clients listen, each address once.
    pub fn listens(&self) -> Vec<ListenAddress> {
        let mut addresses = Vec::new();
        for handed in self.0.iter().filter(|it| it.purpose == Purpose::Listen) {
            if !addresses.contains(&handed.address) {
                addresses.push(handed.address.clone());
            }
        }
        addresses
    }
}

impl Handed {
    fn is_at(&self, asked: &ListenAddress) -> bool {
        match (&self.address, asked) {
            (ListenAddress::Tcp(is), ListenAddress::Tcp(asked)) if asked.port() == 0 => {
                is.ip() == asked.ip()
            }
            (is, asked) => is == asked,
        }
    }
}
