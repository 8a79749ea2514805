//! Commands run one after the other, with their times.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// What ran so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs a command, in the workspace's root unless it says where; its failure ends the run.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        let shown = shown(command);
        println!("\n$ {shown}");
        let started = Instant::now();
        if command.get_current_dir().is_none() {
            command.current_dir(root());
        }
        let status = command.status();
        let status = status.with_context(|| format!("starting {shown}"))?;
        self.done.push((shown.clone(), started.elapsed()));
        if !status.success() {
            self.report();
            bail!("{shown}: {status}");
        }
        Ok(())
    }

    /// Prints what ran and how long each took.
    pub(crate) fn report(&self) {
        println!("\nran:");
        for (shown, took) in &self.done {
            println!("{:8.1} s  {shown}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        println!("{:8.1} s  in all", total.as_secs_f64());
    }
}

/// Returns a command for the cargo that runs us.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments);
    command
}

/// Returns a command of any program.
pub(crate) fn program<A: AsRef<OsStr>>(
    name: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

/// Returns the workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Returns the folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
