//! All that a node said in one asking.

use erldist::NodeName;

use crate::source::running::Endpoint;

/// All that a node said in one asking.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    /// Sorted by module.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The nodes that it is connected to.
    pub(crate) peers: Vec<NodeName>,
    /// Name and version of the release that it runs, if it runs one.
    pub(crate) release: Option<String>,
    /// It has more endpoints than are asked for.
    pub(crate) has_more: bool,
}
