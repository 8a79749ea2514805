//! `cargo xtask test`: what CI and the README run.

use anyhow::Result;

use crate::{
    install,
    steps::{Steps, cargo},
    trixie,
};

/// Runs everything that must pass; the first failure ends the run.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    install::all(install::FOR_TESTS, &mut steps)?;
    install::javascript(&mut steps)?;
    let has_newer = install::is_root();
    if has_newer {
        trixie::tree(&mut steps)?;
    }
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
    tests(&mut steps)?;
    steps.report();
    if !has_newer {
        println!(
            "\nleft out: nodes of Elixir 1.18 and OTP 27, which need root (their Debian tree is made \
             and entered by it); all ran with the installed Elixir"
        );
    }
    Ok(())
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
