//! `cargo xtask test`: what CI and the README run.

use anyhow::Result;
use clap::Args;

use crate::{
    install, package,
    steps::{Steps, cargo},
    trixie,
};

/// What to run of it.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only the Hex package's own checks.
    #[arg(long)]
    package: bool,
}

/// Runs everything that must pass; the first failure ends the run.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    install::all(install::FOR_TESTS, &mut steps)?;
    let tree = match install::is_root() {
        true => Some(trixie::tree(&mut steps)?),
        false => None,
    };
    if !arguments.package {
        gateway(&mut steps)?;
    }
    package::test(tree.as_deref(), &mut steps)?;
    steps.report();
    if tree.is_none() {
        println!(
            "\nleft out: nodes of Elixir 1.18 and OTP 27, and the package on them, which need root \
             (their Debian tree is made and entered by it); all ran with the installed Elixir"
        );
    }
    Ok(())
}

fn gateway(steps: &mut Steps) -> Result<()> {
    install::javascript(steps)?;
    steps.run(&mut cargo(["fmt", "--all", "--check"]))?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    steps.run(&mut cargo(clippy))?;
    let mut doc = cargo(["doc", "--no-deps", "--workspace", "--locked", "--quiet"]);
    steps.run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    // The whole-system tests start the binary that lies beside them.
    steps.run(&mut cargo(["build", "--locked", "-p", "mesh-router"]))?;
    tests(steps)
}

fn tests(steps: &mut Steps) -> Result<()> {
    if install::has_cargo("nextest") {
        let nextest = [
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ];
        return steps.run(&mut cargo(nextest));
    }
    println!("\ncargo-nextest is not installed: `cargo test` runs the same tests, only slower");
    steps.run(&mut cargo([
        "test",
        "--workspace",
        "--locked",
        "--no-fail-fast",
    ]))
}
