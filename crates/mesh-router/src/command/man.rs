//! `man [COMMAND]`: the help pages in the form that `man` reads.

use anyhow::Context as _;
use clap::{CommandFactory as _, builder::Resettable};
use clap_mangen::{
    Man as Page,
    roff::{Roff, roman},
};

use crate::{
    Exit,
    args::{Arguments, Man},
    config::{Place, Problem, Problems, nearest},
    output,
};

/// Prints the page.
pub(crate) fn man(arguments: &Man) -> anyhow::Result<Exit> {
    let page = page(arguments.command.as_deref())?;
    output::print(&page.trim_end())?;
    Ok(Exit::Done)
}

/// Writes the page of a command, or of the whole program.
fn page(name: Option<&str>) -> anyhow::Result<String> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    let version = program.get_version().unwrap_or_default().to_owned();
    program.build();
    let command = match name {
        None => program,
        Some(name) => named(&program, name)?,
    };
    let examples = command.get_after_help().map(ToString::to_string);
    // The generator would fill their lines to paragraphs.
    let command = command.after_help(Resettable::Reset);
    let mut page = Vec::new();
    Page::new(command)
        .source(format!("mesh-router {version}"))
        .manual("mesh-router")
        .render(&mut page)
        .context("writing the page")?;
    let page = String::from_utf8(page).context("writing the page")?;
    Ok(page + &examples.map(|text| section(&text)).unwrap_or_default())
}

fn named(program: &clap::Command, name: &str) -> anyhow::Result<clap::Command> {
    if let Some(command) = program.find_subcommand(name) {
        return Ok(command.clone());
    }
    let known = program.get_subcommands().map(clap::Command::get_name);
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "`mesh-router help` lists them".to_owned(),
    };
    let message = format!("there is no command \"{}\", {hint}", output::plain(name));
    Err(Problems(vec![Problem::new(&Place::Flag("COMMAND"), message)]).into())
}

/// The lines below a help page, as they stand there.
fn section(lines: &str) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.to_roff()
}

#[cfg(test)]
mod tests;
