//! What running VMs report by themselves, through the Hex package. The protocol: docs/package-protocol.md.
//!
//! ```text
//! stdin of `run --package`, a Unix socket ─▶ connection ─▶ Vms ─▶ roster (pure) ─▶ Report, NodeStatus
//!                                               ▲           │
//!                                               └── outbox ◀┘ welcome, routes, counts, log lines
//! ```
//!
//! Start with `message` (what is said), then `roster` (what is known of all VMs), and `vms`, which
//! holds the clock and the tasks.

mod connection;
mod frame;
mod message;
mod outbox;
mod process;
mod roster;
mod vms;
mod words;

pub use connection::{GreetError, Parent, greet};
pub use frame::{Frames, TooLong};
pub use message::{Counted, Counts, FromVm, Hello, LogLevel, LogLine, RouteTold, ToVm, Unreadable};
pub use outbox::Outbox;
pub use vms::{Parting, Vms, VmsHandle};
