//! What a VM and the gateway say to each other, as terms. Pure.

mod read;
mod write;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use erldist::NodeName;

use crate::{GatewaySetting, source::running::Endpoint};

pub use read::Unreadable;

/// The version of the protocol.
pub(crate) const VERSION: i64 = 1;

/// Nodes that one VM reports of; further ones are left out, with a finding.
pub(crate) const NODES_MAX: usize = 1024;

/// What a VM says.
#[derive(Clone, Debug, PartialEq)]
pub enum FromVm {
    /// Who it is: its first message.
    Hello(Box<Hello>),
    /// All that it knows now.
    Report(Pushed),
    /// It stops in an orderly way.
    Bye,
    /// Something that this version doesn't know.
    Other,
}

/// Who a VM is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The package's version.
    pub package: Option<String>,
    /// The node's name; `None` where the VM is no node.
    pub node: Option<NodeName>,
    /// Its process, as the VM itself knows it.
    pub os_pid: u32,
    /// The name of its machine, or container; `None` where it does not say.
    pub host: Option<String>,
    /// The environment that Mix runs it in; `None` in a release.
    pub env: Option<String>,
    /// The folder of its project; `None` in a release.
    pub root: Option<PathBuf>,
    /// What its config says of the gateway itself.
    pub settings: Vec<GatewaySetting>,
}

/// All that a VM knows of endpoints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pushed {
    /// The number of the report.
    pub(crate) seq: i64,
    /// What runs, by node; `None`: on the VM itself.
    pub(crate) nodes: BTreeMap<Option<NodeName>, OnNode>,
    /// More was said than is taken; what, in a clause.
    pub(crate) left_out: Option<String>,
}

/// All that a VM knows of one node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OnNode {
    /// The VM can see the node.
    pub(crate) seen: bool,
    /// What runs there.
    pub(crate) endpoints: Vec<Endpoint>,
}

/// What the gateway says.
#[derive(Clone, Debug, PartialEq)]
pub enum ToVm {
    /// The answer to hello.
    Welcome {
        /// The gateway's version.
        version: &'static str,
        /// Its process.
        os_pid: u32,
    },
    /// The last message: the VM is not served; why.
    Refused(String),
    /// The last message: the gateway can't start.
    Failed {
        /// Its exit status.
        status: u8,
        /// Why.
        why: String,
    },
    /// Where it accepts.
    Listening(Vec<String>),
    /// Every worker forwards by that report.
    Applied {
        /// The report's number.
        seq: i64,
        /// The generation that holds it.
        generation: u64,
    },
    /// The whole table.
    Routes {
        /// Its generation.
        generation: u64,
        /// Sorted by host.
        routes: Vec<RouteTold>,
    },
    /// What was counted, of the services of which something changed.
    Counts(Counts),
    /// A line of the log.
    Log(LogLine),
    /// So many messages were dropped.
    Lost(u64),
}

/// A host, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTold {
    /// The host.
    pub host: String,
    /// What becomes of its subdomains.
    pub subdomains: &'static str,
    /// The service.
    pub service: String,
}

/// What was counted, by service.
pub type Counts = BTreeMap<Arc<str>, Counted>;

/// What was counted of one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Requests answered.
    pub requests: u64,
    /// Those that failed in the gateway.
    pub errors: u64,
    /// WebSockets open now.
    pub websockets: u64,
}

/// A line of the gateway's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// Which part of the gateway says it.
    pub target: String,
    /// What.
    pub message: String,
    /// Its fields, in order.
    pub fields: Vec<(String, String)>,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Something is lost that the operator relies on.
    Error,
    /// An operator can act.
    Warning,
    /// Something changed.
    Info,
    /// All else.
    Debug,
}
