//! Clients of whom the balancer before us speaks first.

use std::net::IpAddr;

use exchange::{Client, Peer};

use crate::{
    connection::{Phase, Slot},
    preface::{self, Preface},
    socket::Received,
};

use super::Worker;

impl Worker {
    /// Reads the PROXY protocol header, and then serves whom it names. A connection that begins with
    /// anything else is closed: on it no byte has a meaning.
    pub(super) fn hear_preface(&mut self, key: u32) {
        let Some(Slot { connection, .. }) = self.clients.get_mut(key as usize) else {
            return;
        };
        let count = match connection.socket.receive(&mut self.scratch) {
            Received::Bytes(count) => count,
            Received::Nothing => return,
            Received::End | Received::Broken => return self.close_client(key),
        };
        let mut heard = connection.preface.take().unwrap_or_default();
        heard.extend_from_slice(&self.scratch[..count]);
        match preface::read(&heard) {
            // At most what a header may have, and one read.
            Ok(None) => {
                connection.preface = Some(heard);
                if connection.socket.wants_read() {
                    self.parts.queue_client(key, connection);
                }
            }
            Ok(Some((preface, length))) => self.announce(key, preface, &heard[length..]),
            Err(error) => {
                let peer = connection.peer;
                tracing::debug!(?peer, %error, "connection closed");
                self.warn_of_silence(peer);
                self.close_client(key);
            }
        }
    }

    /// Serves the client that was named, whose first bytes may have come already.
    fn announce(&mut self, key: u32, preface: Preface, bytes: &[u8]) {
        let Some(Slot { client, connection }) = self.clients.get_mut(key as usize) else {
            return;
        };
        connection.phase = Phase::Open;
        if let Preface::Client { ip, port, tls } = preface {
            let ip = Some(ip);
            *client = Client::new(Peer { ip, port, tls }, self.now);
        }
        self.begin_client(key, bytes);
    }

    /// Says once of each network that its connections don't begin as the setting wants them to.
    fn warn_of_silence(&mut self, peer: Option<IpAddr>) {
        let Some(network) = peer.and_then(|peer| self.parts.silent.meet(peer)) else {
            return;
        };
        tracing::warn!(
            %network,
            fix = "have it send the PROXY protocol, or leave its network out of trusted_proxies",
            "connections of a trusted peer begin without a PROXY protocol header, they are closed"
        );
    }
}
