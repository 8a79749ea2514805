//! One binary for all tests against the whole system, so that they link once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail at once, and wait by the real clock"
)]

mod admin;
mod answers;
mod beam;
mod browser;
mod bytes;
mod cli;
mod clients;
mod demo;
mod descriptors;
mod diff;
mod dist;
mod doctor;
mod exchanges;
mod explain;
mod export;
mod faults;
mod fuzz;
mod guides;
mod hex;
mod hosts;
mod hyper;
mod lifecycle;
mod limits;
mod node;
mod oracle;
mod package;
mod preface;
mod project;
mod release;
mod restart;
mod rfc6455;
mod rfc9110;
mod rfc9112;
mod settings;
mod streams;
mod tenants;
mod terms;
mod tidy;
mod units;
mod upgrade;
