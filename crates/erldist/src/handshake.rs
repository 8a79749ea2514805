//! The handshake, version 6 ("Distribution Handshake"), as the side that connects.
//!
//! ```text
//! SendName ─name▶  AwaitStatus ◀status─  AwaitChallenge ◀challenge─ ─reply▶  AwaitAck ◀ack─  Peer
//! ```
//!
//! Each state takes one message and becomes the next: none can be skipped or come twice. Messages are
//! without their length, which [`frame`](crate::frame) puts before them.

use md5::{Digest, Md5};

use crate::{
    cookie::Cookie,
    name::{NodeName, OwnName, is_long},
};

#[cfg(test)]
mod tests;

/// Capabilities, as "Distribution Flags" names them.
pub mod flag {
    /// Monitors by process.
    pub const DIST_MONITOR: u64 = 1 << 3;
    /// Monitors by registered name.
    pub const DIST_MONITOR_NAME: u64 = 1 << 5;
    /// Atoms of at most 255 bytes have a length of one byte.
    pub const SMALL_ATOM_TAGS: u64 = 1 << 14;
    /// Reasons of exits are payloads.
    pub const EXIT_PAYLOAD: u64 = 1 << 22;
    /// This version of the handshake.
    pub const HANDSHAKE_23: u64 = 1 << 24;
    /// Links are removed with an acknowledgement.
    pub const UNLINK_ID: u64 = 1 << 25;
    /// All that OTP 25 takes for granted.
    pub const MANDATORY_25_DIGEST: u64 = 1 << 26;
    /// Spawning on request.
    pub const SPAWN: u64 = 1 << 32;
    /// The connecting side asks for a name.
    pub const NAME_ME: u64 = 1 << 33;
    /// Wider process, port and reference numbers.
    pub const V4_NC: u64 = 1 << 34;

    /// References of several words, functions of both kinds, wide processes and ports, exports, bit
    /// strings, new floats, UTF-8 atoms, maps, wide creations and this handshake: what
    /// [`MANDATORY_25_DIGEST`] stands for. Written out too, for nodes that are older.
    const MANDATORY_25: u64 = 1 << 2
        | 1 << 4
        | 1 << 7
        | 1 << 8
        | 1 << 9
        | 1 << 10
        | 1 << 11
        | 1 << 16
        | 1 << 17
        | 1 << 18
        | HANDSHAKE_23;

    /// What we announce. Not PUBLISHED: we are hidden. Not SPAWN: a node's calls to us then fail over
    /// there at once. Not FRAGMENTS and no atom cache: each message is one plain frame.
    pub const OURS: u64 = MANDATORY_25
        | MANDATORY_25_DIGEST
        | UNLINK_ID
        | V4_NC
        | DIST_MONITOR
        | DIST_MONITOR_NAME
        | SMALL_ATOM_TAGS
        | EXIT_PAYLOAD;

    /// What a node must have that we can ask.
    pub const NEEDED: u64 = MANDATORY_25 | SPAWN | V4_NC | DIST_MONITOR | DIST_MONITOR_NAME;
}

/// Who shakes hands with whom.
#[derive(Clone, Debug)]
pub struct SendName {
    /// The name that we expect to meet.
    pub peer: NodeName,
    /// Our own.
    pub own: OwnName,
    /// The secret that both know.
    pub cookie: Cookie,
    /// A number that the node cannot foresee: its answer proves that it knows the cookie.
    pub challenge: u32,
}

/// Our name is sent.
#[derive(Debug)]
pub struct AwaitStatus(SendName);

/// The node lets us go on, and we have a name.
#[derive(Debug)]
pub struct AwaitChallenge {
    begun: SendName,
    own: Named,
}

/// We have proved that we know the cookie.
#[derive(Debug)]
pub struct AwaitAck {
    begun: SendName,
    own: Named,
}

/// Our name as the node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The whole name.
    pub name: NodeName,
    /// Which start of ours it is.
    pub creation: u32,
}

/// Why the handshake ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// `not_allowed`: `net_kernel:allow/1` over there does not list us, or it wants more than we have.
    #[error("the node does not allow us to connect")]
    NotAllowed,
    /// `nok`: it is connecting to us at this moment.
    #[error("the node is connecting to our name at this moment")]
    Dialling,
    /// Another node answers, or one with the other kind of names.
    #[error("the node says its name is {found}")]
    WrongName {
        /// The name that it says.
        found: String,
    },
    /// One of us has a long name, the other a short one.
    #[error("long and short names don't mix: we are {own}")]
    LongAndShort {
        /// Our own name.
        own: String,
    },
    /// It is older than OTP 25.
    #[error("the node is older than OTP 25")]
    Version,
    /// It does not know the cookie itself.
    #[error("the node proves no knowledge of the cookie")]
    Digest,
    /// It speaks TLS.
    #[error("the node speaks TLS")]
    TlsRequired,
    /// A message that makes no sense here.
    #[error("the node sends no {0} of the handshake")]
    Malformed(&'static str),
}

type Shaken<T> = Result<T, HandshakeError>;

impl SendName {
    /// Returns the first message, `send_name`, and what is to come.
    ///
    /// # Errors
    ///
    /// Our name and the node's are of different kinds, which the node would refuse without a word.
    pub fn start(self) -> Shaken<(Vec<u8>, AwaitStatus)> {
        let (flags, name) = match &self.own {
            OwnName::Dynamic { host } => (flag::OURS | flag::NAME_ME, host.clone()),
            OwnName::Static(name) => (flag::OURS, name.to_string()),
        };
        let host = name.rsplit('@').next().unwrap_or_default();
        if is_long(host) != self.peer.is_long() {
            return Err(HandshakeError::LongAndShort { own: name });
        }
        let length = u16::try_from(name.len()).map_err(|_| HandshakeError::Malformed("name"))?;
        let mut message = vec![b'N'];
        message.extend_from_slice(&flags.to_be_bytes());
        message.extend_from_slice(&self.creation().to_be_bytes());
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(name.as_bytes());
        Ok((message, AwaitStatus(self)))
    }

    /// Says which start of ours this is; any number but 0 to 3, which older nodes used otherwise. With
    /// a dynamic name the node gives one.
    fn creation(&self) -> u32 {
        match self.own {
            OwnName::Dynamic { .. } => 0,
            OwnName::Static(_) => self.challenge | 4,
        }
    }
}

impl AwaitStatus {
    /// Takes the node's `recv_status`; returns what to answer, if anything.
    ///
    /// # Errors
    ///
    /// The node refuses, or this is no status.
    pub fn on_message(self, message: &[u8]) -> Shaken<(Option<Vec<u8>>, AwaitChallenge)> {
        let Self(begun) = self;
        let status = message
            .strip_prefix(b"s")
            .ok_or(HandshakeError::Malformed("status"))?;
        if let Some(given) = status.strip_prefix(b"named:") {
            return match begun.own {
                OwnName::Dynamic { .. } => {
                    let own = named(given).ok_or(HandshakeError::Malformed("name"))?;
                    Ok((None, AwaitChallenge { begun, own }))
                }
                OwnName::Static(_) => Err(HandshakeError::Malformed("status")),
            };
        }
        let answer = match status {
            b"ok" | b"ok_simultaneous" => None,
            // A link of ours that the node has not yet missed: we are alive, it is not.
            b"alive" => Some(b"strue".to_vec()),
            b"nok" => return Err(HandshakeError::Dialling),
            b"not_allowed" => return Err(HandshakeError::NotAllowed),
            _ => return Err(HandshakeError::Malformed("status")),
        };
        match &begun.own {
            OwnName::Static(name) => {
                let own = Named {
                    name: name.clone(),
                    creation: begun.creation(),
                };
                Ok((answer, AwaitChallenge { begun, own }))
            }
            // It gave no name, as nodes before OTP 23 do not.
            OwnName::Dynamic { .. } => Err(HandshakeError::Version),
        }
    }
}

impl AwaitChallenge {
    /// Takes the node's `recv_challenge` and returns our `send_challenge_reply`.
    ///
    /// # Errors
    ///
    /// Another node answers, one that is too old, or this is no challenge.
    pub fn on_message(self, message: &[u8]) -> Shaken<(Vec<u8>, AwaitAck)> {
        let Self { begun, own } = self;
        let rest = match message {
            [b'N', rest @ ..] => rest,
            // The handshake before OTP 23.
            [b'n', ..] => return Err(HandshakeError::Version),
            _ => return Err(HandshakeError::Malformed("challenge")),
        };
        let read = || {
            let (flags, rest) = rest.split_first_chunk()?;
            let (challenge, rest) = rest.split_first_chunk()?;
            let (_creation, rest) = rest.split_first_chunk::<4>()?;
            let (length, rest) = rest.split_first_chunk()?;
            // Bytes behind the name are left for later versions.
            let name = rest.get(..u16::from_be_bytes(*length).into())?;
            let name = str::from_utf8(name).ok()?;
            Some((
                u64::from_be_bytes(*flags),
                u32::from_be_bytes(*challenge),
                name,
            ))
        };
        let (flags, challenge, name) = read().ok_or(HandshakeError::Malformed("challenge"))?;
        if name != begun.peer.as_str() {
            return Err(HandshakeError::WrongName {
                found: name.chars().take(255).collect(),
            });
        }
        if flags & flag::NEEDED != flag::NEEDED {
            return Err(HandshakeError::Version);
        }
        let mut reply = vec![b'r'];
        reply.extend_from_slice(&begun.challenge.to_be_bytes());
        reply.extend_from_slice(&begun.cookie.digest(challenge));
        Ok((reply, AwaitAck { begun, own }))
    }
}

impl AwaitAck {
    /// Takes the node's `recv_challenge_ack`; returns our name as the node knows it.
    ///
    /// # Errors
    ///
    /// The node does not know the cookie, or this is no acknowledgement.
    pub fn on_message(self, message: &[u8]) -> Shaken<Named> {
        let Some(digest) = message.strip_prefix(b"a").filter(|it| it.len() == 16) else {
            return Err(HandshakeError::Malformed("acknowledgement"));
        };
        let expected = self.begun.cookie.digest(self.begun.challenge);
        // Digests of what we compare: the time it takes tells nothing of the cookie's own.
        match Md5::digest(digest) == Md5::digest(expected) {
            true => Ok(self.own),
            false => Err(HandshakeError::Digest),
        }
    }
}

/// Reads the name that a node gives: length, name, creation.
fn named(bytes: &[u8]) -> Option<Named> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (name, creation) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some(Named {
        name: str::from_utf8(name).ok()?.parse().ok()?,
        creation: u32::from_be_bytes(creation.try_into().ok()?),
    })
}
