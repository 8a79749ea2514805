//! `routes`: which host leads where, and which line says so.

use crate::{
    Exit,
    args::Routes,
    ask::Running,
    config::Environment,
    output,
    setup::Setup,
    survey::Survey,
    view::{self, RoutesView},
};

/// Prints the table: of the sources as they are now, or of a running gateway.
pub(crate) fn routes(arguments: &Routes) -> anyhow::Result<Exit> {
    match arguments.running.is_wanted() {
        true => running(arguments),
        false => read(arguments),
    }
}

fn read(arguments: &Routes) -> anyhow::Result<Exit> {
    let setup = Setup::load(&arguments.options, &Environment::of_process())?;
    let survey = Survey::take(&setup);
    let view = view::routes(&survey.snapshot, &setup);
    let remarks = print(&view, arguments.json)?;
    match survey.emptiness(&setup) {
        // A finding has said so already, and what to do.
        Some(_) if !arguments.json && remarks > 0 => Ok(Exit::Failed),
        Some(error) => Err(error),
        None => Ok(Exit::Done),
    }
}

fn running(arguments: &Routes) -> anyhow::Result<Exit> {
    let asked = &arguments.running;
    let gateway = Running::find(asked.admin.as_deref(), &arguments.options)?;
    let status = gateway.own_status()?;
    let view: RoutesView = gateway.get("/api/v1/routes")?;
    if !arguments.json {
        output::talk(&format_args!(
            "the running gateway at {} (pid {}), table {}",
            gateway.address(),
            status.pid,
            view.generation
        ));
    }
    print(&view, arguments.json)?;
    Ok(Exit::Done)
}

/// Prints a table; returns how much there was to remark.
fn print(view: &RoutesView, json: bool) -> anyhow::Result<usize> {
    if json {
        output::print_json(view)?;
    } else if !view.routes.is_empty() {
        output::print(&view::table(view, None))?;
    }
    let remarks = view::remarks(view);
    if !json {
        remarks.iter().for_each(|remark| output::talk(remark));
    }
    Ok(remarks.len())
}
