//! The program's own log, on stderr: text on a terminal, JSON lines otherwise. To a VM that started us
//! it goes as messages.

mod to_vm;

use std::io::{IsTerminal as _, stderr};

use discovery::Outbox;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use to_vm::ToVm;

use crate::config::{Environment, Place, Problem, Problems};

/// The variable with the filter: `debug`, or `info,discovery=debug`.
const FILTER: &str = "MESH_ROUTER_LOG";

/// Starts the log. Called once, by the commands that keep running.
pub(crate) fn start(environment: &Environment) -> Result<(), Problems> {
    let filter = filter(environment)?;
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

/// Starts the log of a gateway that a VM started: each line becomes a message to it.
pub(crate) fn start_to_vm(environment: &Environment, outbox: Outbox) -> Result<(), Problems> {
    let filter = filter(environment)?;
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(ToVm::new(outbox))
        .try_init();
    // The one way this fails is that a log was started before, which then goes on.
    started.unwrap_or_default();
    Ok(())
}

fn filter(environment: &Environment) -> Result<EnvFilter, Problems> {
    let wanted = environment.get(FILTER).unwrap_or("info");
    EnvFilter::builder().parse(wanted).map_err(|error| {
        let place = Place::Variable(FILTER.to_owned());
        let message = format!("{error}, write a level (error, warn, info, debug, trace)");
        Problems(vec![Problem::new(&place, message)])
    })
}
