//! Automation: `cargo xtask test`, `nightly`, `trixie`, `strict` and `bench`.
//!
//! It is not part of the product, and never leaves out in silence what it could not run: a missing
//! tool is installed or is an error.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a tool for people at a terminal, and it measures how long its steps take"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod install;
mod nightly;
mod package;
mod steps;
mod strict;
mod test;
mod trixie;

/// Tests, long tests and benchmarks of the gateway.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs all that must pass before a change lands: format, lints, docs, every test.
    Test(test::Arguments),
    /// Runs what takes long: many simulation seeds, thousands of connections, fuzzing.
    Nightly(nightly::Arguments),
    /// Makes a Debian 13 with Elixir 1.18 in the cache folder, if it is not there, and prints where.
    Trixie,
    /// Plays the cases of bytes against the gateway, nginx and HAProxy.
    Strict(strict::Arguments),
    /// Measures the gateway beside nginx, HAProxy and Caddy, or with `discovery` beside Elixir.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Test(arguments) => test::run(arguments),
        Command::Nightly(arguments) => nightly::run(arguments),
        Command::Trixie => trixie::run(),
        Command::Strict(arguments) => strict::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    }
}
