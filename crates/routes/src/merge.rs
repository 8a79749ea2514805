//! Reports → the next snapshot. Pure, cannot fail.

use std::net::SocketAddr;

use crate::{Mode, Report, Snapshot};

/// What the operator has said that a merge must know.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Development lets the app whose name sorts first have a contested host; production decides nothing.
    pub mode: Mode,
    /// The service (endpoint module or static name) that gets unknown hosts.
    pub default: Option<String>,
    /// Our own listeners: an upstream equal to one is a finding, never dialled.
    pub listeners: Vec<SocketAddr>,
    /// Services in the table, at most.
    pub services_max: usize,
}

/// Merges what the sources know into the table that follows `previous`. The generation goes up by
/// one if anything but findings differs, else stays.
pub fn merge(_previous: &Snapshot, _reports: &[Report], _rules: &Rules) -> Snapshot { todo!() }
