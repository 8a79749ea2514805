//! `pause`, `resume`: requests for a service of the running gateway wait, and go on.

use admin::Paused;
use hyper::Method;

use crate::{
    Exit,
    args::{Pause, Resume},
    ask::Running,
    output,
};

/// Has requests wait, until the time is up or `resume`.
pub(crate) fn pause(arguments: &Pause) -> anyhow::Result<Exit> {
    let gateway = Running::find(arguments.admin.as_deref(), &arguments.options)?;
    let seconds = arguments.length.as_secs();
    let query = format!("&seconds={seconds}");
    let said = format!("waits for up to {seconds} s; mesh-router resume ends that");
    ask(
        &gateway,
        "pause",
        &arguments.service,
        &query,
        arguments.json,
        &said,
    )
}

/// Has them go on.
pub(crate) fn resume(arguments: &Resume) -> anyhow::Result<Exit> {
    let gateway = Running::find(arguments.admin.as_deref(), &arguments.options)?;
    let said = "goes on";
    ask(
        &gateway,
        "resume",
        &arguments.service,
        "",
        arguments.json,
        said,
    )
}

fn ask(
    gateway: &Running,
    what: &str,
    service: &str,
    more: &str,
    json: bool,
    said: &str,
) -> anyhow::Result<Exit> {
    gateway.own_status()?;
    let name: String = form_urlencoded::byte_serialize(service.as_bytes()).collect();
    let path = format!("/api/v1/{what}?service={name}{more}");
    let paused: Paused = gateway.send(Method::POST, &path)?.json()?;
    if json {
        output::print_json(&paused)?;
    }
    let service = output::plain(&paused.service);
    output::talk(&format_args!("{service} {said}"));
    Ok(Exit::Done)
}
