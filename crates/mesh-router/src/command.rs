//! What each command does, in a file of its own.

mod completions;
mod demo;
mod diff;
mod doctor;
mod explain;
mod export;
mod healthcheck;
mod hosts;
mod man;
mod pause;
mod reload;
mod routes;
mod run;
mod status;
mod validate;

pub(crate) use run::runtime;

use crate::{Exit, args::Command};

/// Does what the command line says.
pub(crate) fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::Routes(arguments) => routes::routes(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Reload(arguments) => reload::reload(&arguments),
        Command::Pause(arguments) => pause::pause(&arguments),
        Command::Resume(arguments) => pause::resume(&arguments),
        Command::Healthcheck(arguments) => healthcheck::healthcheck(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Hosts(arguments) => hosts::hosts(&arguments.action),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => man::man(&arguments),
    }
}
