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
        output::print_json(&RoutesView::of(snapshot))?;
    } else {
        if !snapshot.routes.is_empty() {
            output::print(&view::table(snapshot, None))?;
        }
        for remark in view::remarks(snapshot) {
            output::talk(&remark);
        }
    }
    match survey.emptiness(&setup) {
        Some(error) => Err(error),
        None => Ok(Exit::Done),
    }
}
