//! `cargo xtask nightly`: what takes too long for every change.

use std::{fs, path::Path, process::Command};

use anyhow::Result;
use clap::Args;

use crate::{
    install, package,
    steps::{Steps, cargo, root},
    trixie,
};

/// How long, and how many.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Seeds of the simulation.
    #[arg(long, default_value_t = 100_000)]
    seeds: u32,
    /// Random config programs that are held against each Elixir.
    #[arg(long, default_value_t = 10_000)]
    programs: u32,
    /// Minutes for each fuzz target.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Connections that the soak holds open.
    #[arg(long, default_value_t = 20_000)]
    connections: u32,
}

/// Runs it all in release builds; the first failure ends the run.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = Steps::default();
    install::all(install::FOR_TESTS, &mut steps)?;
    install::all(install::FOR_NIGHTS, &mut steps)?;
    let trixie = trixie::tree(&mut steps)?;
    simulation(arguments, &mut steps)?;
    crowds(&mut steps)?;
    oracle(arguments, &trixie, &mut steps)?;
    soak(arguments, &mut steps)?;
    fuzz(arguments, &mut steps)?;
    package::dialyzer(&mut steps)?;
    deny(&mut steps)?;
    steps.report();
    Ok(())
}

fn simulation(arguments: &Arguments, steps: &mut Steps) -> Result<()> {
    let test = [
        "test",
        "--release",
        "--locked",
        "-p",
        "exchange",
        "--",
        "simulation",
        "--nocapture",
    ];
    steps.run(cargo(test).env("SEEDS", arguments.seeds.to_string()))
}

/// A crowd of sockets that comes back, and random exchanges, both more than in every run.
fn crowds(steps: &mut Steps) -> Result<()> {
    let build = ["build", "--release", "--locked", "-p", "mesh-router"];
    steps.run(&mut cargo(build))?;
    steps.run(whole_system("a_crowd_comes_back").env("CROWD", "5000"))?;
    steps.run(whole_system("exchanges::").env("EXCHANGES", "10000"))
}

/// The whole-system tests of that name, in a release build.
fn whole_system(name: &str) -> Command {
    cargo([
        "test",
        "--release",
        "--locked",
        "-p",
        "e2e",
        "--test",
        "it",
        "--",
        name,
        "--nocapture",
    ])
}

/// Holds the evaluator against the Elixir on PATH, and against a newer one.
fn oracle(arguments: &Arguments, trixie: &Path, steps: &mut Steps) -> Result<()> {
    let test = || {
        let mut test = whole_system("oracle::");
        test.env("PROGRAMS", arguments.programs.to_string());
        test
    };
    steps.run(&mut test())?;
    let elixir = format!("chroot {} elixir", trixie.display());
    let mut newer = test();
    newer.env("ORACLE_ELIXIR", elixir);
    steps.run(newer.env("ORACLE_ROOT", trixie))
}

fn soak(arguments: &Arguments, steps: &mut Steps) -> Result<()> {
    steps.run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "-p",
        "mesh-router",
        "-p",
        "bench",
    ]))?;
    let count = arguments.connections.to_string();
    let soak = [
        "run",
        "--release",
        "--locked",
        "-p",
        "bench",
        "--",
        "soak",
        "--connections",
        &count,
    ];
    steps.run(&mut cargo(soak))
}

/// Runs each target of `fuzz/` for its minutes. `cargo fuzz` brings libFuzzer; without a sanitizer
/// it works with the stable compiler, and safe Rust gains little from one.
fn fuzz(arguments: &Arguments, steps: &mut Steps) -> Result<()> {
    if !install::has_cargo("fuzz") {
        steps.run(&mut cargo(["install", "cargo-fuzz", "--locked"]))?;
    }
    let targets = fs::read_dir(root().join("fuzz/fuzz_targets"))?.flatten();
    let mut names: Vec<String> = targets
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let limit = format!("-max_total_time={}", arguments.minutes.saturating_mul(60));
    for name in names {
        let (corpus, seeds) = (format!("fuzz/corpus/{name}"), format!("fuzz/seeds/{name}"));
        fs::create_dir_all(root().join(&corpus))?;
        let run = [
            "fuzz",
            "run",
            "--sanitizer",
            "none",
            &name,
            &corpus,
            &seeds,
            "--",
            &limit,
        ];
        steps.run(&mut cargo(run))?;
    }
    Ok(())
}

/// Holds the dependencies to `deny.toml`: licences, versions, and last, since it takes GitHub, what
/// has been found wrong with them.
fn deny(steps: &mut Steps) -> Result<()> {
    if !install::has_cargo("deny") {
        steps.run(&mut cargo(["install", "cargo-deny", "--locked"]))?;
    }
    let ours = ["deny", "--locked", "check", "bans", "licenses", "sources"];
    steps.run(&mut cargo(ours))?;
    steps.run(&mut cargo(["deny", "--locked", "check", "advisories"]))
}
