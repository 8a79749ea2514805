//! On which machine something runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use phoenix::Machine;
use tokio::net::UdpSocket;

/// Finds out on which machine a node runs that was reached at this address.
pub(crate) async fn of(address: IpAddr) -> Machine {
    match is_ours(address).await {
        true => Machine::This,
        false => Machine::Other(address),
    }
}

/// Returns whether an address is one of this machine: what is sent there would come from there. No
/// packet is sent.
async fn is_ours(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    if address.is_loopback() {
        return true;
    }
    /// Any port serves: nothing is sent to it.
    const PORT: u16 = 9;
    let Ok(socket) = UdpSocket::bind(SocketAddr::new(any, 0)).await else {
        return false;
    };
    let connected = socket.connect(SocketAddr::new(address, PORT)).await;
    connected.is_ok() && socket.local_addr().is_ok_and(|ours| ours.ip() == address)
}
