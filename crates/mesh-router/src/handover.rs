//! Sockets that whoever started us hands over: systemd, or the gateway whose place we take.
//!
//! Both speak systemd's language (sd_listen_fds(3)): descriptors from 3 on, `LISTEN_FDS` of them, their
//! names in `LISTEN_FDNAMES`. A gateway that hands over sends one more: there it tells what VMs said last,
//! and is told that we are ready; should we end before, it goes on as if nothing had been.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use anyhow::Context as _;
use listenfd::ListenFd;
use proxy::{Handed, HandedOver, Purpose};
use sd_notify::NotifyState;
use socket2::{Domain, Type};
use tracing::{debug, warn};

use crate::config::Environment;

/// The variable with the number of descriptors.
pub(crate) const DESCRIPTORS: &str = "LISTEN_FDS";

/// The variable with the descriptors' names, a colon between two.
pub(crate) const NAMES: &str = "LISTEN_FDNAMES";

/// The name of the descriptor by which the gateway before us waits for [`READY`].
pub(crate) const PREDECESSOR: &str = "predecessor";

/// What the gateway before us is told once we accept.
pub(crate) const READY: u8 = b'R';

/// How long the gateway before us may be silent before it has told all.
const WORDS_WAIT: Duration = Duration::from_secs(1);

/// Bytes of what it tells, at most.
const WORDS_BYTES_MAX: u64 = 64 << 20;

/// What was handed over.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    /// The listening sockets.
    pub(crate) sockets: HandedOver,
    /// What VMs said last to the gateway before us.
    pub(crate) words: Vec<u8>,
    /// The gateway before us.
    predecessor: Option<UnixStream>,
}

impl Handover {
    /// Takes what was handed over. To be called before there are threads, since it clears the
    /// variables that say so.
    pub(crate) fn take(process: &Environment) -> anyhow::Result<Self> {
        let mut descriptors = ListenFd::from_env();
        let names = process.get(NAMES).unwrap_or_default();
        let mut names = names.split(':');
        let mut handover = Self::default();
        for index in 0..descriptors.len() {
            let name = names.next().unwrap_or_default();
            handover
                .receive(&mut descriptors, index, name)
                .with_context(|| format!("taking over the socket \"{name}\" (LISTEN_FDS)"))?;
        }
        if let Some(predecessor) = &handover.predecessor {
            handover.words = listen_to(predecessor);
        }
        Ok(handover)
    }

    fn receive(&mut self, descriptors: &mut ListenFd, index: usize, name: &str) -> io::Result<()> {
        if name == PREDECESSOR {
            let (unix, stream) = (Domain::UNIX.into(), Type::STREAM.into());
            self.predecessor = descriptors.take_custom(index, unix, stream, "unix stream")?;
            return Ok(());
        }
        let purpose = Purpose::named(name);
        let handed = match descriptors.take_unix_listener(index) {
            Ok(Some(listener)) => Handed::new(purpose, listener)?,
            Ok(None) => None,
            Err(_) => match descriptors.take_tcp_listener(index)? {
                Some(listener) => Handed::new(purpose, listener)?,
                None => None,
            },
        };
        match handed {
            Some(handed) => self.sockets.0.push(handed),
            None => warn!(name, "socket without an address handed over, it is closed"),
        }
        Ok(())
    }

    /// Closes what nobody asked for.
    pub(crate) fn close_rest(&mut self) {
        for handed in self.sockets.0.drain(..) {
            let (address, purpose) = (&handed.address, handed.purpose.name());
            warn!(%address, purpose, "socket handed over, but not asked for: it is closed");
        }
    }

    /// Tells whoever waits for it that we accept.
    pub(crate) fn ready(&mut self) {
        if let Some(mut predecessor) = self.predecessor.take()
            && let Err(error) = predecessor.write_all(&[READY])
        {
            // It has gone, and all is ours.
            debug!(%error, "predecessor not told");
        }
        tell_systemd(&[NotifyState::Ready]);
    }
}

/// Reads all that the gateway before us has to say. What doesn't come in time is done without: it only
/// spares a moment.
fn listen_to(predecessor: &UnixStream) -> Vec<u8> {
    let mut words = Vec::new();
    let read = predecessor
        .set_read_timeout(Some(WORDS_WAIT))
        .and_then(|()| predecessor.take(WORDS_BYTES_MAX).read_to_end(&mut words));
    if let Err(error) = read {
        debug!(%error, "predecessor not heard to the end");
    }
    words
}

/// Tells systemd that a reload begins; `Type=notify-reload` wants to know when that was.
pub(crate) fn tell_systemd_of_reload() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell_systemd(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "systemd not told of the reload"),
    }
}

/// Tells systemd, where it wants to know (sd_notify(3)).
pub(crate) fn tell_systemd(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "systemd not told");
    }
}
