//! `routes`: which host leads where, and which line says so.

use crate::{
    Exit,
    args::Routes,
    config::Environment,
    output,
    setup::Setup,
    survey::Survey,
    view::{self, RoutesView},
};

/// Reads the sources now and prints the table.
pub(crate) fn routes(arguments: &Routes) -> anyhow::Result<Exit> {
    let setup = Setup::load(&arguments.options, &Environment::of_process())?;
    let survey = Survey::take(&setup);
    let snapshot = &survey.snapshot;
    if arguments.json {
        output::print_json(&RoutesView::of(snapshot, &setup))?;
    } else if !snapshot.routes.is_empty() {
        output::print(&view::table(snapshot, None))?;
    }
    let remarks = view::remarks(snapshot);
    if !arguments.json {
        remarks.iter().for_each(|remark| output::talk(remark));
    }
    match survey.emptiness(&setup) {
        // A finding has said so already, and what to do.
        Some(_) if !arguments.json && !remarks.is_empty() => Ok(Exit::Failed),
        Some(error) => Err(error),
        None => Ok(Exit::Done),
    }
}
