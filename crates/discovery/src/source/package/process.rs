//! Whether the process at the other end of a socket still runs.

use std::os::fd::OwnedFd;

use tokio::{io::unix::AsyncFd, net::UnixStream};

/// A process that connected to us. It is held by the system's handle for it, not by its number, which
/// another process may get.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    handle: Option<AsyncFd<OwnedFd>>,
}

impl Process {
    /// Finds the process that connected; `None` where the system does not tell. Must be called on a
    /// runtime.
    pub(crate) fn of(stream: &UnixStream) -> Option<Self> {
        let pid = stream.peer_cred().ok()?.pid()?;
        Some(Self {
            pid: u32::try_from(pid).ok()?,
            handle: handle(pid),
        })
    }

    /// Waits until it has ended; for ever where the system does not tell. Dropping it loses nothing.
    pub(crate) async fn ended(&self) {
        let readable = match &self.handle {
            Some(handle) => handle.readable().await.is_ok(),
            None => false,
        };
        if !readable {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(target_os = "linux")]
fn handle(pid: i32) -> Option<AsyncFd<OwnedFd>> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::NONBLOCK).ok()?;
    #[expect(
        deprecated,
        reason = "its flaw is descriptors that change or are closed meanwhile; an OwnedFd's is its own"
    )]
    AsyncFd::with_interest(handle, tokio::io::Interest::READABLE).ok()
}

#[cfg(not(target_os = "linux"))]
fn handle(_pid: i32) -> Option<AsyncFd<OwnedFd>> {
    None
}
