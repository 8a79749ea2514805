//! `run`: the gateway itself.

mod child;

use std::net::SocketAddr;

use anyhow::Context as _;
use discovery::{Nodes, Vms};
use routes::Mode;
use tracing::info;

use crate::{
    Exit,
    args::Run,
    changes,
    config::Environment,
    descriptors,
    gateway::{Gateway, Live, Reporting},
    handover::Handover,
    logging, output,
    setup::Setup,
    signals::Signals,
    survey::{self, Survey},
    view::{self, RoutesView},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Finds the routes, binds, and forwards until told to stop.
pub(crate) fn run(arguments: &Run) -> anyhow::Result<Exit> {
    let process = Environment::of_process();
    if arguments.package {
        return child::run(&arguments.options, &process);
    }
    let mut handover = Handover::take(&process)?;
    logging::start(&process)?;
    descriptors::raise();
    let listens = handover.sockets.listens();
    let setup = Setup::taking_over(&listens, &arguments.options, &process)?;
    let runtime = runtime()?;
    let served: anyhow::Result<_> = runtime.block_on(async {
        // From here on a signal ends us in order.
        let signals = Signals::new()?;
        let mut nodes = setup.nodes.clone().map(|it| Nodes::new(it, setup.how()));
        if let Some((nodes, _)) = &mut nodes {
            nodes.settle(survey::NODES_WAIT).await;
        }
        let said = nodes.as_ref().map(|(nodes, _)| nodes.report());
        let reporting = match setup.has_vms() {
            true => Some(reporting(&setup, &handover).await),
            false => None,
        };
        let reported = reporting.as_ref().map(|it| it.vms.report());
        let survey = Survey::with(&setup, said, reported);
        if let Some(refusal) = survey.refusal(&setup) {
            if output::is_watched() {
                let table = RoutesView::of_table(&survey.snapshot);
                output::talk(&view::table(&table, None));
            }
            return Err(refusal);
        }
        let live = Live { nodes, reporting };
        let gateway = Gateway::start(setup, survey, live, &mut handover.sockets)?;
        handover.close_rest();
        descriptors::tell(gateway.setup().config.asked_connections());
        show(&gateway);
        handover.ready();
        gateway.serve(signals, &arguments.options, &process).await
    });
    // A name that is being looked up keeps nobody waiting.
    runtime.shutdown_background();
    served.map(|_ending| Exit::Done)
}

/// The VMs that report by themselves, of which the gateway before us may have known some.
async fn reporting(setup: &Setup, handover: &Handover) -> Reporting {
    let (mut vms, handle) = Vms::new(setup.how(), setup.config.forget, VERSION);
    vms.inherit(&handover.words, survey::NODES_WAIT).await;
    Reporting {
        vms,
        handle,
        parting: None,
    }
}

/// The control plane needs one thread; the workers have their own.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the control plane")
}

/// Says what was found: a table for a person, log lines for whatever else reads stderr.
fn show(gateway: &Gateway) {
    if !output::is_watched() {
        log(gateway);
        return;
    }
    let snapshot = &gateway.published().snapshot;
    let view = RoutesView::of_table(snapshot);
    let passed = passed(gateway);
    let port = survey::addresses(&gateway.listeners)
        .first()
        .map(SocketAddr::port);
    let head = head(gateway.setup());
    // In production hosts are met behind a TLS terminator: links to our own port would mislead.
    let linked = match gateway.setup().mode {
        Mode::Development => port,
        Mode::Production => None,
    };
    let table = view::table(&view, linked);
    output::talk(&format_args!("\n{head}\n\n{table}\n"));
    for remark in view::remarks(&view) {
        output::talk(&remark);
    }
    if let (Some(port), false) = (port, passed.is_empty()) {
        output::talk(&format_args!("on port {port}: {passed}"));
    }
}

/// The ports that were passed over, with why.
fn passed(gateway: &Gateway) -> String {
    let passed: Vec<String> = gateway.passed.iter().map(ToString::to_string).collect();
    passed.join(", ")
}

fn log(gateway: &Gateway) {
    let (setup, snapshot) = (gateway.setup(), &gateway.published().snapshot);
    let passed = passed(gateway);
    info!(
        version = VERSION,
        mode = setup.mode.name(),
        mode_reason = setup.mode_reason,
        project = setup
            .project
            .as_ref()
            .map(|root| root.display().to_string()),
        env = setup.project.is_some().then_some(&setup.env),
        ports_passed_over = Some(passed).filter(|text| !text.is_empty()),
        "started"
    );
    let table = RoutesView::of_table(snapshot);
    changes::log(&changes::between(&RoutesView::default(), &table));
    for finding in &snapshot.findings {
        discovery::log_finding(finding);
    }
}

fn head(setup: &Setup) -> String {
    let mode = setup.mode.name();
    match &setup.project {
        Some(root) => format!(
            "mesh-router {VERSION}, {mode}: {} ({})",
            root.display(),
            setup.env
        ),
        None if setup.nodes.is_some() => {
            format!("mesh-router {VERSION}, {mode}: what runs on the nodes")
        }
        None if setup.has_vms() => {
            format!("mesh-router {VERSION}, {mode}: what the Hex package reports")
        }
        None => format!("mesh-router {VERSION}, {mode}: the routes of mesh-router.toml"),
    }
}
