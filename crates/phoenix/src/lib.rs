//! What Erlang terms mean for Phoenix: an endpoint's hosts, address, adapter and server flag.
//!
//! ```text
//! Environment (app, path → term)  ┐
//! EndpointModule, …               ├─ read ─▶ Meaning { Reported, …, Finding, … }
//! Project (env, mode, domain)     ┘
//! ```
//!
//! It is not an evaluator: where the terms come from (a script, a release, a node) is the caller's
//! affair, and what the caller can't know stays unknown here. It opens no files or sockets, and it
//! doesn't decide who gets a contested host: it reports each claim, and `routes::merge` shows the
//! conflict.
//!
//! What is read of each endpoint is kept as [`EndpointFacts`]; [`check()`] judges them together with
//! the finished table, for `mesh-router doctor`.
//!
//! Start with `project`, then `endpoint`, `listen` and `name`; for the doctor with `check`;
//! `release` is about the files beside the configuration.
//!
//! Invariants: no host is invented in production; an address that isn't known is never guessed;
//! whatever can't be used gives a finding with the line to write.

mod check;
mod endpoint;
mod environment;
mod facts;
mod finding;
mod listen;
mod module;
mod name;
mod options;
mod origin;
mod project;
mod release;
mod running;
mod session;
mod ssl;
mod stop;
mod url;
mod value;

pub use check::{
    Answer, Circumstances, Grace, Name, Orchestrator, WHAT_IFS, WhatIf, check, is_browsers,
};
pub use environment::{Environment, Setting, Step};
pub use facts::{EndpointFacts, Provenance};
pub use module::{Call, EndpointModule};
pub use name::{app_of_module, conventional_app};
pub use project::{Meaning, PrivateSockets, Project, read};
pub use release::{ConfigPath, ConfigProvider, ReleaseFile, Startup, app_modules};
pub use running::{Bound, Machine};
