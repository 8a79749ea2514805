//! The program: arguments, configuration, logging, wiring, signals.
//!
//! ```text
//! args + environment + mesh-router.toml ──▶ Config ──▶ Setup ──▶ Survey ──▶ Gateway
//!                                                      (mode)    (table)    (registry, proxy)
//! ```
//!
//! It is not where anything is decided about requests or routes: `discovery` finds, `routes` merges
//! and matches, `proxy` forwards. What is left here is choosing (ports, mode), showing, and starting
//! things in the right order.
//!
//! Start with `gateway` (the wiring), then `setup` and `survey` (what holds, and what is there);
//! `command` has one file for each command.
//!
//! Invariants: only `output` writes to stdout and stderr; only `config` reads the environment; exit
//! codes are 0 done, 1 failed, 2 bad arguments or configuration, 3 findings.

mod args;
mod ask;
mod changes;
mod command;
mod config;
mod descriptors;
mod gateway;
mod handover;
mod listen;
mod logging;
mod machine;
mod mode;
mod nodes;
mod output;
mod resolver;
mod setup;
mod signals;
mod survey;
mod view;
mod whereabouts;

use std::{io, process::ExitCode};

use clap::Parser as _;

use args::Arguments;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Done,
    /// It did not work.
    Failed,
    /// Bad arguments or configuration.
    Usage,
    /// Findings that matter.
    Findings,
}

impl Exit {
    /// The process's exit status.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Findings => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

fn main() -> ExitCode {
    run().into()
}

fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Whoever closed the pipe does not want to read it.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    command::run(arguments.command).unwrap_or_else(|error| {
        let exit = exit_of(&error);
        if error.is::<config::Problems>() {
            // Each line starts with file:line:column, which editors follow.
            output::talk(&error);
        } else if exit != Exit::Done {
            output::talk(&format_args!("mesh-router: {error:#}"));
        }
        exit
    })
}

/// Finds the exit code that an error asks for.
fn exit_of(error: &anyhow::Error) -> Exit {
    let is_usage = |cause: &&(dyn std::error::Error + 'static)| {
        cause.is::<config::Problems>()
            || cause.is::<listen::Clash>()
            || cause.is::<setup::NoSources>()
    };
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_closed_pipe) {
        // `mesh-router routes | head -1` has done all that was asked.
        return Exit::Done;
    }
    if error.chain().any(|cause| is_usage(&cause)) {
        return Exit::Usage;
    }
    if error.is::<survey::Undecided>() {
        return Exit::Findings;
    }
    Exit::Failed
}
