//! `healthcheck`: should the running gateway get requests? For a container's `HEALTHCHECK`.

use hyper::Method;

use crate::{Exit, args::Healthcheck, ask::Running, output};

/// Asks `/readyz`.
pub(crate) fn healthcheck(arguments: &Healthcheck) -> anyhow::Result<Exit> {
    let gateway = Running::find_health(arguments.admin.as_deref(), &arguments.options)?;
    let answer = gateway.send(Method::GET, "/readyz")?;
    let words = output::plain(&answer.words());
    match answer.is_good() {
        true => output::print(&words)?,
        false => output::print(&format_args!("not ready: {words}"))?,
    }
    Ok(match answer.is_good() {
        true => Exit::Done,
        false => Exit::Failed,
    })
}
