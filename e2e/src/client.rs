//! A client that sends the bytes it is told to.

use std::{net::SocketAddr, path::Path};

use crate::{
    Head, Message,
    stream::Stream,
    wire::{Ending, Wire},
};

/// A connection to the gateway.
#[derive(Debug)]
pub struct Client {
    /// The bytes both ways.
    pub wire: Wire,
}

impl Client {
    /// Connects over TCP.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        Self {
            wire: Wire::new(Stream::connect(address)),
        }
    }

    /// Connects to a Unix socket.
    #[track_caller]
    pub fn connect_unix(path: &Path) -> Self {
        Self {
            wire: Wire::new(Stream::connect_unix(path)),
        }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.wire.send(bytes).expect("sending to the gateway");
        self
    }

    /// Sends bytes to a gateway that may have hung up already, as one that refuses a request may.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        // What counts is the answer, which the test reads next.
        let _ = self.wire.send(bytes);
        self
    }

    /// Sends a GET without a body and returns the answer.
    #[track_caller]
    pub fn get(&mut self, host: &str, path: &str) -> Message {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .response()
    }

    /// Reads the answer to a request whose method is not HEAD.
    #[track_caller]
    pub fn response(&mut self) -> Message {
        self.response_to("GET")
    }

    /// Reads the answer to a request with `method`.
    #[track_caller]
    pub fn response_to(&mut self, method: &str) -> Message {
        let response = self.wire.response(method);
        response.expect("an answer, but the connection ended")
    }

    /// Reads only a head: an interim response, or one whose body the test reads itself.
    #[track_caller]
    pub fn head(&mut self) -> Head {
        self.wire
            .head()
            .expect("a response head, but the connection ended")
    }

    /// Fails unless the gateway ends the connection in order without another byte.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let (rest, ending) = self.wire.rest();
        assert_eq!(String::from_utf8_lossy(&rest), "", "bytes before the end");
        assert_eq!(ending, Ending::Fin);
    }
}
