//! The harness of the whole-system tests: starts the real binary and everything it talks to.
//!
//! ```text
//! Client (raw bytes) ──▶ Gateway (the real process, port 0) ──▶ Upstream (raw bytes, plays a script)
//! curl, phoenix.js, a WebSocket client, Chromium                Beam (Cowboy on a real BEAM)
//! ```
//!
//! It is not a mock of anything: no part of the gateway runs inside the tests' process. It
//! measures nothing, that is what `bench` is for.
//!
//! The tests are in `tests/it`, one binary. Start with `gateway`, then `client` and `upstream`. `bytes`
//! has cases that nginx and HAProxy play too.
//!
//! Invariants: every port is 0, so tests run side by side; nothing sleeps for a time, everything
//! waits for a fact ([`eventually`]) with a deadline; a part that is missing fails a test, it never
//! skips one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a harness fails the test at once, and waits by the real clock"
)]

pub mod beam;
pub mod bytes;
pub mod client;
pub mod elixir;
pub mod gateway;
pub mod load;
pub mod namespace;
pub mod node;
pub mod project;
pub mod release;
pub mod script;
pub mod server;
pub mod stream;
pub mod tool;
pub mod umbrella;
pub mod upstream;
pub mod vm;
pub mod wait;
pub mod wire;

pub use beam::Beam;
pub use client::Client;
pub use elixir::Elixir;
pub use gateway::{Gateway, Launch};
pub use load::Load;
pub use namespace::Namespace;
pub use node::{Epmd, Node, NodeLaunch};
pub use project::Project;
pub use script::Script;
pub use server::Server;
pub use umbrella::Umbrella;
pub use upstream::{Connection, Upstream};
pub use vm::{Vm, VmLaunch};
pub use wait::{PATIENCE, eventually};
pub use wire::{Ending, Head, Message};
