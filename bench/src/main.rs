//! Side-by-side benchmarks: the gateway beside nginx, HAProxy and Caddy, on one machine in one run.
//!
//! ```text
//! core 1: load ──▶ core 0: one proxy at a time ──▶ core 1: upstream
//! ```
//!
//! What counts is the processor time that a proxy takes for a request, read from the kernel's own
//! accounting of that proxy alone: wall-clock rates of a machine that also runs load and upstream
//! say little. Rounds are interleaved and their order reversed each time, so that what the machine
//! does beside hits all alike. A proxy is measured only after it has passed a correctness run.
//!
//! `discovery` measures the other plane: whole runs of `mesh-router routes` beside Elixir reading the
//! same generated umbrella, by the clock, warm and cold; and how long after a save the gateway has the
//! new route.
//!
//! It is not a test: nothing here asserts a figure. Run it with `cargo xtask bench`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a tool for people at a terminal, and a measurement reads the clock"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod compare;
mod correct;
mod discovery;
mod dist;
mod idle;
mod load;
mod proxies;
mod soak;
mod table;
mod upstream;
mod usage;

/// Benchmarks of the gateway.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Processor time per request, beside nginx, HAProxy and Caddy
    Compare(compare::Arguments),
    /// Memory for idle connections, beside nginx, HAProxy and Caddy
    Idle(idle::Arguments),
    /// Many connections to the gateway for a while
    Soak(soak::Arguments),
    /// Attaching to an Erlang node, asking it, and decoding terms beside `eetf`
    Dist(dist::Arguments),
    /// Time to read an umbrella, beside Elixir, and from a save to a route
    Discovery(discovery::Arguments),
}

fn main() -> ExitCode {
    let run: Result<()> = match Arguments::parse().command {
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Idle(arguments) => idle::run(&arguments),
        Command::Soak(arguments) => soak::run(&arguments),
        Command::Dist(arguments) => dist::run(&arguments),
        Command::Discovery(arguments) => discovery::run(&arguments),
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
