//! `run`: the gateway itself.

use anyhow::Context as _;
use routes::Snapshot;
use tracing::{info, warn};

use crate::{
    Exit,
    args::Run,
    changes,
    config::Environment,
    gateway::Gateway,
    logging, output,
    setup::Setup,
    signals::Signals,
    survey::{self, Survey},
    view,
};

/// Finds the routes, binds, and forwards until told to stop.
pub(crate) fn run(arguments: &Run) -> anyhow::Result<Exit> {
    let process = Environment::of_process();
    logging::start(&process)?;
    let setup = Setup::load(&arguments.options, &process)?;
    let survey = Survey::take(&setup);
    if let Some(refusal) = survey.refusal(&setup) {
        if output::is_watched() {
            output::talk(&view::table(&survey.snapshot, None));
        }
        return Err(refusal);
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        // From here on a signal ends us in order.
        let signals = Signals::new()?;
        let head = head(&setup);
        let gateway = Gateway::start(setup, survey)?;
        show(&gateway, &head);
        gateway.serve(signals, &arguments.options, &process).await
    })?;
    Ok(Exit::Done)
}

/// The control plane needs one thread; the workers have their own.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the control plane")
}

/// Says what was found: a table for a person, log lines for whatever else reads stderr.
fn show(gateway: &Gateway, head: &str) {
    let snapshot = &gateway.published().snapshot;
    let passed: Vec<String> = gateway.passed.iter().map(ToString::to_string).collect();
    if !output::is_watched() {
        log(snapshot, head, &passed.join(", "));
        return;
    }
    let port = survey::addresses(&gateway.listeners)
        .first()
        .map(std::net::SocketAddr::port);
    output::talk(&format_args!(
        "\n{head}\n\n{}\n",
        view::table(snapshot, port)
    ));
    for remark in view::remarks(snapshot) {
        output::talk(&remark);
    }
    if let (Some(port), false) = (port, passed.is_empty()) {
        output::talk(&format_args!(
            "listening on port {port}: {}",
            passed.join(", ")
        ));
    }
}

fn log(snapshot: &Snapshot, head: &str, passed: &str) {
    info!(project = head, passed_over = passed, "started");
    for change in changes::between(&Snapshot::default(), snapshot) {
        changes::log(&change);
    }
    for remark in view::remarks(snapshot) {
        warn!(remark, "found");
    }
}

fn head(setup: &Setup) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mode = setup.mode.name();
    match &setup.project {
        Some(root) => format!(
            "mesh-router {version}, {mode}: {} ({})",
            root.display(),
            setup.env
        ),
        None => format!("mesh-router {version}, {mode}: routes of mesh-router.toml"),
    }
}
