//! `cargo xtask strict`: the cases of bytes against the gateway, nginx and HAProxy.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::{
    install,
    steps::{Steps, cargo, target},
};

/// What to play, and where the result goes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only cases with this in their name.
    name: Option<String>,
    /// Put the result into docs/security.md.
    #[arg(long, conflicts_with = "name")]
    write: bool,
    /// Only our gateway.
    #[arg(long, conflicts_with = "write")]
    ours: bool,
    /// Byte by byte, each in a write of its own.
    #[arg(long, conflicts_with = "write")]
    dripped: bool,
}

/// Builds what is needed and plays the cases.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    install::all(install::FOR_STRICT, &mut steps)?;
    steps.run(&mut cargo(["build", "--locked", "-p", "mesh-router"]))?;
    steps.run(&mut cargo([
        "build", "--locked", "-p", "e2e", "--bin", "strict",
    ]))?;
    let mut strict = Command::new(target().join("debug/strict"));
    strict.args(&arguments.name);
    let flags = [
        ("--write", arguments.write),
        ("--ours", arguments.ours),
        ("--dripped", arguments.dripped),
    ];
    strict.args(flags.iter().filter(|(_, is_on)| *is_on).map(|(it, _)| it));
    steps.run(&mut strict)
}
