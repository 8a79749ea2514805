//! The admin listener: what a running gateway tells of itself, and what it can be asked to do.
//!
//! ```text
//! registry ──table, sources──┐
//! nodes ─────────────────────┼─▶ Watched ──▶ api (JSON) · metrics (Prometheus) · health
//! workers ───Figures─────────┘      api ──Wish──▶ the program
//! ```
//!
//! It is not on the request path, and it writes nothing: it reads what others publish, and what it
//! is asked to change it passes on as a [`Wish`]. Switched off, nothing else behaves otherwise.
//!
//! Start with `watched` (all that is looked at), then `api` (the paths). `view`, `explain` and
//! `status` are the JSON that the paths answer and the commands print; `server` is how clients are
//! kept from costing anything.
//!
//! Invariants: the admin listener is on loopback or a Unix socket, and answers nobody whom a
//! browser was tricked into speaking for; only POST changes anything; a client that is slow, or
//! there in numbers, costs a bounded amount and keeps no other out.

mod api;
mod explain;
mod listener;
mod metrics;
mod server;
mod status;
pub mod view;
mod watched;

pub use api::{Paused, Refusal, Reloaded, SettingChange, WISHES_MAX, Wish};
pub use explain::{Explanation, explain, parse_host};
pub use listener::{BindError, Bound, Door, bind, is_local};
pub use server::{Server, Succession, serve_admin, serve_health};
pub use status::{GenerationView, NodeView, ServiceStatusView, SourceView, StatusView, TotalsView};
pub use watched::{About, Watched};
