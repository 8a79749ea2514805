//! Running BEAM nodes: what really runs, asked of the nodes themselves.
//!
//! ```text
//! NodeSettings ─▶ Nodes ─▶ roster (pure) ─▶ Report, NodeStatus
//!                   │  ▲
//!                   ▼  │ answers, DOWN, loss
//!             a task for each node: attach, ask, watch
//! ```
//!
//! Start with `questions` (what a node is asked), `answers` (what that means), then `roster` (what is
//! known of all nodes), and `watch`, which holds the clock and the tasks.

mod answers;
mod life;
mod pace;
mod questions;
mod roster;
mod settings;
mod trouble;
mod watch;

pub use roster::Place;
pub use settings::{Access, Following, NodeSettings};
pub use watch::{Nodes, NodesHandle};
