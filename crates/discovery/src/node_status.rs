//! How we stand with one Erlang node: what `status`, the doctor and the metrics show.

use std::time::{Duration, SystemTime};

use routes::Source;

/// How we stand with one node. The newest list goes through a `watch` channel; readers never wait
/// for discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node's name, `auth@host`.
    pub node: String,
    /// The source that tells of it: one that we attach to, or a VM that reports by itself.
    pub source: Source,
    /// How we stand.
    pub state: NodeState,
    /// Since when it is so.
    pub since: SystemTime,
    /// Why it isn't attached, in plain words.
    pub reason: Option<String>,
    /// How to mend that.
    pub fix: Option<String>,
    /// The endpoints that it told us of, and that are still in the table.
    pub endpoints: usize,
    /// How long its last answer took.
    pub round_trip: Option<Duration>,
}

/// How we stand with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeState {
    /// Being asked for the first time.
    Connecting,
    /// Attached: what it says is what is.
    Attached,
    /// It was attached, and the link to it is lost; we try again.
    Lost,
    /// It can't be attached: another cookie, no such name, …; we try again.
    Refused,
}

impl NodeState {
    /// Every state, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Connecting, Self::Attached, Self::Lost, Self::Refused];

    /// The word for it, in text, JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Attached => "attached",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }
}
