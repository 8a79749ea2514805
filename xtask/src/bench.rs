//! `cargo xtask bench`: the gateway beside nginx, HAProxy and Caddy, or beside Elixir.

use anyhow::Result;
use clap::Args;

use crate::{
    install,
    steps::{Steps, cargo, target},
};

/// Passed on to the benchmark's own program.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which benchmark, `compare` if none is named, and its options; `-- --help` lists them.
    #[arg(
        value_name = "BENCHMARK] [OPTIONS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    options: Vec<String>,
}

impl Arguments {
    /// The benchmark's name and its options.
    fn benchmark(&self) -> (&str, &[String]) {
        match self.options.split_first() {
            Some((name, options)) if !name.starts_with('-') => (name, options),
            Some(_) | None => ("compare", &self.options),
        }
    }
}

/// Builds both in release mode and runs the benchmark.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    let (name, options) = arguments.benchmark();
    let needs = match name {
        "discovery" => install::FOR_DISCOVERY,
        _ => install::FOR_BENCHMARKS,
    };
    install::all(needs, &mut steps)?;
    steps.run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "-p",
        "mesh-router",
        "-p",
        "bench",
    ]))?;
    let mut bench = std::process::Command::new(target().join("release/bench"));
    steps.run(bench.arg(name).args(options))?;
    steps.report();
    Ok(())
}
