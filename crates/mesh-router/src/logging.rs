//! The program's own log, on stderr: text on a terminal, JSON lines otherwise.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Environment, Place, Problem, Problems};

/// The variable with the filter: `debug`, or `info,discovery=debug`.
const FILTER: &str = "MESH_ROUTER_LOG";

/// Starts the log. Called once, by the commands that keep running.
pub(crate) fn start(environment: &Environment) -> Result<(), Problems> {
    let wanted = environment.get(FILTER).unwrap_or("info");
    let filter = EnvFilter::builder().parse(wanted).map_err(|error| {
        let place = Place::Variable(FILTER.to_owned());
        let message = format!("{error}, write a level (error, warn, info, debug, trace)");
        Problems(vec![Problem::new(&place, message)])
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    let started = if stderr().is_terminal() {
        let colour = environment.get("NO_COLOR").is_none();
        builder
            .with_target(false)
            .with_ansi(colour)
            .compact()
            .try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init()
    };
    // The one way this fails is that a log was started before, which then goes on.
    started.unwrap_or_default();
    Ok(())
}
