//! What each command does, in a file of its own.

mod completions;
mod demo;
mod diff;
mod explain;
mod export;
mod man;
mod routes;
mod run;
mod validate;

use crate::{Exit, args::Command};

/// Does what the command line says.
pub(crate) fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::Routes(arguments) => routes::routes(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => man::man(&arguments),
    }
}
