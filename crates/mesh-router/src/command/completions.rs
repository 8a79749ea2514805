//! `completions SHELL`: what a shell needs to complete our command line.

use clap::CommandFactory as _;

use crate::{
    Exit,
    args::{Arguments, Completions},
    output,
};

/// Prints the script.
pub(crate) fn completions(arguments: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "mesh-router", &mut script);
    output::print(&String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
