//! `run --package`: the gateway of the VM that started it.

use std::{
    io::{IsTerminal as _, stdin},
    sync::Arc,
    time::Duration,
};

use discovery::{GreetError, Nodes, Parent, Parting, Vms};
use proxy::HandedOver;

use crate::{
    Exit,
    args::Options,
    config::{Environment, Place, Problem, Problems},
    descriptors, exit_of,
    gateway::{Ending, Gateway, Live, Reporting, vm_parted},
    logging,
    setup::Setup,
    signals::Signals,
    survey::{self, Survey},
};

/// How long the first report may take after the hello before the gateway accepts without: a client that
/// comes before would be told that its host is unknown. The package sends both at once.
const REPORT_WAIT: Duration = Duration::from_secs(1);

/// Serves the VM at standard input and output until it is gone.
pub(super) fn run(options: &Options, process: &Environment) -> anyhow::Result<Exit> {
    if stdin().is_terminal() {
        let message = "it is for the Hex package, which speaks on standard input; leave it out";
        return Err(Problems(vec![Problem::new(&Place::Flag("--package"), message)]).into());
    }
    let runtime = super::runtime()?;
    let exit = runtime.block_on(serve(options, process));
    // Nothing ends a read of standard input that is under way.
    runtime.shutdown_background();
    exit
}

async fn serve(options: &Options, process: &Environment) -> anyhow::Result<Exit> {
    let mut parent = match discovery::greet(tokio::io::stdin(), tokio::io::stdout()).await {
        Ok(parent) => parent,
        Err(error @ GreetError::Ended) => return Err(error.into()),
        // It was told so.
        Err(GreetError::Silent | GreetError::Refused(_)) => return Ok(Exit::Failed),
    };
    match begin_and_serve(&mut parent, options, process).await {
        // Nobody is left to be told.
        Ok(Ending::Parted(Parting::Over)) => Ok(Exit::Done),
        Ok(Ending::Parted(Parting::Refused)) => {
            parent.finish().await;
            Ok(Exit::Failed)
        }
        Ok(Ending::Stopped) => {
            parent.finish().await;
            Ok(Exit::Done)
        }
        Err(error) => {
            let exit = exit_of(&error);
            parent.fail(exit.status(), format!("{error:#}")).await;
            Ok(exit)
        }
    }
}

async fn begin_and_serve(
    parent: &mut Parent,
    options: &Options,
    process: &Environment,
) -> anyhow::Result<Ending> {
    logging::start_to_vm(process, parent.outbox())?;
    descriptors::raise();
    // From here on a signal ends us in order.
    let signals = Signals::new()?;
    let hello = Arc::new(parent.hello.clone());
    let setup = Setup::load_for(&hello, options, process)?;
    let (mut vms, handle) = Vms::new(setup.how(), setup.config.forget, super::VERSION);
    let mut parting = vms.adopt(parent);
    let mut nodes = setup.nodes.clone().map(|it| Nodes::new(it, setup.how()));
    if let Some((nodes, _)) = &mut nodes {
        tokio::select! {
            () = nodes.settle(survey::NODES_WAIT) => {}
            parting = vm_parted(&mut parting) => return Ok(Ending::Parted(parting)),
        }
    }
    let said = nodes.as_ref().map(|(nodes, _)| nodes.report());
    let survey = Survey::with(&setup, said.clone(), None);
    if let Some(refusal) = survey.refusal(&setup) {
        return Err(refusal);
    }
    tokio::select! {
        () = vms.settle(REPORT_WAIT) => {}
        parting = vm_parted(&mut parting) => return Ok(Ending::Parted(parting)),
    }
    // What the VM's endpoints claim twice is shown, and keeps the others from nothing.
    let survey = Survey::with(&setup, said, Some(vms.report()));
    let reporting = Reporting {
        vms,
        handle,
        parting: Some(parting),
    };
    let live = Live {
        nodes,
        reporting: Some(reporting),
    };
    let mut gateway = Gateway::start(setup, survey, live, &mut HandedOver::default())?;
    // The VM has our standard input and output, and is to know us by our process.
    gateway.stay();
    descriptors::tell(gateway.setup().config.asked_connections());
    super::log(&gateway);
    gateway.serve(signals, options, process).await
}
