//! The data plane: one event loop per core drives exchanges.
//!
//! API pinned for the binary (the owner of this crate completes it; may add, not change without need):
#![allow(missing_docs, reason = "skeleton")]
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use routes::Published;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress { Tcp(SocketAddr), Unix(PathBuf) }

#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// "127.0.0.1:4000 is taken by beam.smp (pid 812)": the holder is named where the system tells, also one that uses SO_REUSEPORT.
    #[error("{address} is taken{}", .holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken { address: SocketAddr, holder: Option<String> },
    #[error("listening on {0:?}")]
    Io(ListenAddress, #[source] std::io::Error),
}

/// Bound and listening, not yet accepting.
#[derive(Debug)]
pub struct Listeners { /* */ }
/// Binds every address for `workers` workers (Linux TCP: one SO_REUSEPORT socket each, after a probing bind without it).
pub fn bind(_addresses: &[ListenAddress], _workers: usize) -> Result<Listeners, BindError> { todo!() }
impl Listeners { /// port 0 resolved
    pub fn addresses(&self) -> Vec<ListenAddress> { todo!() } }

#[derive(Clone, Debug)]
pub enum AccessLog { Off, Stdout { /// short text instead of JSON
        terminal: bool }, Stderr { terminal: bool }, File(PathBuf) }

#[derive(Clone, Debug)]
pub struct Options { pub workers: usize, pub access: AccessLog, /// id of this process in Via
    pub instance: String }

/// The running data plane.
#[derive(Debug)]
pub struct Proxy { /* */ }
pub fn start(_listeners: Listeners, _options: Options, _first: Arc<Published>) -> std::io::Result<Proxy> { todo!() }
impl Proxy {
    /// Hands every worker the new table and wakes it.
    pub fn publish(&self, _published: Arc<Published>) { todo!() }
    /// The lowest generation that all workers have applied.
    pub fn applied(&self) -> u64 { todo!() }
    /// The counters of all workers, summed.
    pub fn counters(&self) -> Counters { todo!() }
    /// Stops accepting, lets exchanges finish, closes tunnels with 1012, ends by `deadline`. Blocks: call it from a thread of its own. `hurry` set: ends at once.
    pub fn drain(self, _deadline: Duration, _hurry: &std::sync::atomic::AtomicBool) { todo!() }
}
#[derive(Clone, Debug, Default)]
pub struct Counters { pub connections_open: u64, pub connections_total: u64, pub requests: u64, pub access_lines_lost: u64, pub panics: u64, /* per slot and reason: see counters.rs */ }
