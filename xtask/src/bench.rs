//! `cargo xtask bench`: the gateway beside nginx and HAProxy.

use anyhow::Result;
use clap::Args;

use crate::{
    install,
    steps::{Steps, cargo, target},
};

/// Passed on to the benchmark's own program.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Options of `bench compare`; `-- --help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Builds both in release mode and runs the comparison.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    install::all(install::FOR_BENCHMARKS, &mut steps)?;
    steps.run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "-p",
        "mesh-router",
        "-p",
        "bench",
    ]))?;
    let mut compare = std::process::Command::new(target().join("release/bench"));
    steps.run(compare.arg("compare").args(&arguments.options))?;
    steps.report();
    Ok(())
}
