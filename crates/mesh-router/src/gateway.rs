//! The wiring: sources report to the registry, the registry publishes to the workers.

mod desk;
mod leave;
mod reload;
mod successor;
mod vms;

use std::{
    future,
    hash::{BuildHasher as _, RandomState},
    io::{IsTerminal as _, stderr, stdout},
    num::NonZero,
    sync::Arc,
    thread,
};

use admin::{Refusal, Succession, Watched, Wish};
use anyhow::Context as _;
use discovery::{
    NodeStatus, Nodes, NodesHandle, Parting, Pause, PauseError, Registry, RegistryHandle, VmsHandle,
};
use proxy::{AccessLog, Handed, HandedOver, ListenAddress, Proxy};
use routes::Published;
use sd_notify::NotifyState;
use tokio::{
    sync::{Notify, oneshot, watch},
    task::{AbortHandle, JoinSet},
};
use tracing::{error, info, warn};

use desk::{Desk, Doors};
use successor::Successor;
pub(crate) use vms::{Reporting, vm_parted};

use crate::{
    args::Options,
    changes,
    config::{Access, Environment},
    handover::tell_systemd,
    listen::{self, Passed},
    setup::Setup,
    signals::{Asked, Signals},
    survey::{self, Survey},
    view::RoutesView,
};

/// Why nothing can be changed now.
const UPGRADING: &str = "an upgrade is under way; ask again in a moment";

/// Why a gateway has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A signal said so.
    Stopped,
    /// The VM that started it parted from it.
    Parted(Parting),
}

/// The sources that go on by themselves.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// The running nodes that are followed; the survey knows what they said.
    pub(crate) nodes: Option<(Nodes, NodesHandle)>,
    /// The VMs that report by themselves, of which nothing is known yet.
    pub(crate) reporting: Option<Reporting>,
}

/// A gateway that forwards.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// Where it listens, ports resolved.
    pub(crate) listeners: Vec<ListenAddress>,
    /// The ports that it passed over.
    pub(crate) passed: Vec<Passed>,
    setup: Setup,
    proxy: Proxy,
    registry: RegistryHandle,
    table: watch::Receiver<Arc<Published>>,
    shown: Arc<Published>,
    tasks: JoinSet<()>,
    watching: Option<AbortHandle>,
    desk: Desk,
    /// Our own addresses: never dialled.
    own: Vec<ListenAddress>,
    /// The running nodes that are followed.
    nodes: Option<(NodesHandle, AbortHandle)>,
    /// The VMs that report by themselves.
    vms: Option<VmsHandle>,
    /// Their connections, and the door that they come through.
    vm_tasks: JoinSet<()>,
    /// Told that a successor accepts at that door.
    succeed: Option<oneshot::Sender<()>>,
    /// How the VM that started us parts from us, once it does.
    parting: Option<watch::Receiver<Option<Parting>>>,
    /// How we stand with them, for admin.
    statuses: watch::Sender<Vec<NodeStatus>>,
    /// Told when the project says something else of the gateway itself.
    settings_changed: Arc<Notify>,
    /// Our listening sockets, for whoever takes our place.
    heirlooms: Vec<Handed>,
}

impl Gateway {
    /// Binds, publishes the first table and starts to accept. Must be called on a tokio runtime.
    /// Sockets in `handed` are taken where one is asked for.
    pub(crate) fn start(
        setup: Setup,
        survey: Survey,
        live: Live,
        handed: &mut HandedOver,
    ) -> anyhow::Result<Self> {
        let workers = setup.config.workers.unwrap_or_else(cores);
        // Bind first: a port that we cannot have is a startup error, not a background one.
        let bound = match &setup.config.listen {
            Some(asked) => listen::bind_asked(asked, survey.declared(), workers, handed)?,
            None => listen::bind_free(&survey.in_use(), workers)?,
        };
        let listeners = bound.listeners.addresses();
        let mut doors = Doors::bind(&setup, survey.declared(), handed)?;
        let copying = "copying our sockets";
        let mut heirlooms = bound.listeners.hand_on().context(copying)?;
        heirlooms.extend(doors.hand_on().context(copying)?);
        let own: Vec<_> = listeners.iter().chain(doors.addresses()).cloned().collect();
        let rules = setup.rules(survey::addresses(&own));
        let (registry, handle, table) = Registry::new(survey.reports(), rules, setup.settings());
        let first = Arc::clone(&table.borrow());
        let options = proxy::Options {
            workers,
            access: access_log(&setup.config.access),
            instance: instance(),
        };
        let proxy = proxy::start(bound.listeners, options, Arc::clone(&first))
            .context("starting the workers")?;
        let (about, abouts) = watch::channel(desk::about(&setup, &listeners));
        let (statuses, node_statuses) = watch::channel(Vec::new());
        let watched = Watched {
            about: abouts,
            published: table.clone(),
            sources: handle.sources(),
            nodes: node_statuses,
            figures: proxy.figures(),
            started: desk::now(),
        };
        let vm_door = doors.take_package();
        let desk = doors.open(&watched, about)?;
        for address in &listeners {
            info!(%address, "listening");
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(registry.run());
        let mut gateway = Self {
            listeners,
            passed: bound.passed,
            proxy,
            registry: handle,
            table,
            shown: first,
            tasks,
            watching: None,
            desk,
            own,
            nodes: None,
            vms: None,
            vm_tasks: JoinSet::new(),
            succeed: None,
            parting: None,
            statuses,
            settings_changed: Arc::default(),
            heirlooms,
            setup,
        };
        if let Some(reading) = survey.reading {
            gateway.watch(reading);
        }
        if let (Some((nodes, handle)), Some(first)) = (live.nodes, survey.nodes) {
            gateway.follow(nodes, handle, first);
        }
        if let Some(reporting) = live.reporting {
            gateway.report_by_vms(reporting, vm_door)?;
        }
        Ok(gateway)
    }

    /// Refuses to be replaced by another binary.
    pub(crate) fn stay(&mut self) {
        self.heirlooms.clear();
    }

    /// What holds.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The table in force.
    pub(crate) fn published(&self) -> &Published {
        &self.shown
    }

    /// Forwards until a signal says to stop, then lets what is under way finish; or until the VM that
    /// started us parts from us, then it ends at once: the endpoints have ended too. `options` and
    /// `process` are what a reload starts from. Dropping it ends the gateway at once.
    pub(crate) async fn serve(
        mut self,
        mut signals: Signals,
        options: &Options,
        process: &Environment,
    ) -> anyhow::Result<Ending> {
        let mut successor = None;
        let succession = loop {
            tokio::select! {
                Ok(()) = self.table.changed() => self.publish(),
                asked = signals.next() => match asked {
                    Asked::Stop => break Succession::Nobody,
                    Asked::Reload => {
                        self.reload_unasked(options, process).await;
                        if successor.is_some() {
                            warn!(
                                fix = "reload once more when the log says `successor accepts`",
                                "reloaded, but the successor has read its settings before"
                            );
                        }
                    }
                    Asked::Upgrade => self.upgrade(&mut successor).await,
                },
                (pid, ready) = ready(&mut successor) => match ready {
                    Ok(()) => {
                        info!(pid, "successor accepts");
                        // Systemd believes this from the process that it knows.
                        if let Some(pid) = pid {
                            tell_systemd(&[NotifyState::MainPid(pid)]);
                        }
                        break Succession::Successor;
                    }
                    Err(error) => {
                        successor = None;
                        error!(error = format!("{error:#}"), "upgrade failed, we go on");
                    }
                },
                Some(wish) = self.desk.wish() => match wish {
                    // Whoever asked has given up: what is granted now comes as a surprise.
                    Wish::Reload(answer) if answer.is_closed() => {}
                    Wish::Pause(_, _, answer) if answer.is_closed() => {}
                    Wish::Reload(answer) => {
                        let came = match successor {
                            // It has read its settings already.
                            Some(_) => Err(Refusal::Conflict(UPGRADING.to_owned())),
                            None => self.reload(options, process).await,
                        };
                        // Whoever asked may have given up.
                        let _ = answer.send(came);
                    }
                    Wish::Pause(service, pause, answer) => {
                        let came = match successor {
                            // It would not know of it.
                            Some(_) => Err(Refusal::Conflict(UPGRADING.to_owned())),
                            None => self.pause(service, pause).await,
                        };
                        let _ = answer.send(came);
                    }
                },
                () = self.settings_changed.notified() => {
                    self.reload_unasked(options, process).await;
                }
                parting = vms::parted(&mut self.parting) => {
                    self.end().await?;
                    return Ok(Ending::Parted(parting));
                }
                Some(ended) = self.tasks.join_next() => log_ended(ended),
                Some(ended) = self.vm_tasks.join_next() => log_ended(ended),
            }
        };
        if succession == Succession::Nobody
            && let Some(successor) = successor.take()
        {
            successor.dismiss().await;
        }
        self.leave(signals, successor).await?;
        Ok(Ending::Stopped)
    }

    /// Starts the binary that is to take our place.
    async fn upgrade(&self, successor: &mut Option<Successor>) {
        if let Some(pid) = successor.as_ref().and_then(Successor::pid) {
            warn!(pid, "an upgrade is under way already");
            return;
        }
        // Those who wait would be left behind, and the successor would not let others wait.
        if let Some(service) = self.shown.snapshot.services.iter().find(|it| it.paused) {
            let name = &service.name;
            error!(
                service = name,
                fix = format!("mesh-router resume {name}"),
                "upgrade refused, a service is paused"
            );
            return;
        }
        let words = match &self.vms {
            Some(vms) => vms.words().await,
            None => Vec::new(),
        };
        match Successor::start(&self.heirlooms, words) {
            Ok(started) => {
                info!(pid = started.pid(), "successor started");
                *successor = Some(started);
            }
            Err(error) => error!(error = format!("{error:#}"), "upgrade failed, we go on"),
        }
    }

    /// Grants an operator's wish for one service.
    async fn pause(&mut self, service: String, pause: Pause) -> Result<u64, Refusal> {
        let granted = self.registry.pause(service, pause).await;
        if self.table.has_changed().unwrap_or_default() {
            self.publish();
        }
        match granted {
            Some(Ok(generation)) => Ok(generation),
            Some(Err(error @ PauseError::Unknown { .. })) => {
                Err(Refusal::Unknown(error.to_string()))
            }
            Some(Err(error @ PauseError::NotPaused(_))) => {
                Err(Refusal::Conflict(error.to_string()))
            }
            None => Err(Refusal::Conflict("discovery has ended".to_owned())),
        }
    }

    /// Hands the newest table to the workers and logs what became different.
    fn publish(&mut self) {
        let next = Arc::clone(&self.table.borrow_and_update());
        self.proxy.publish(Arc::clone(&next));
        let (before, after) = (&self.shown.snapshot, &next.snapshot);
        let (before, after) = (RoutesView::of_table(before), RoutesView::of_table(after));
        changes::log(&changes::between(&before, &after));
        self.shown = next;
    }
}

/// Waits for the successor, if there is one, to accept or to fail. Dropping it loses nothing.
async fn ready(successor: &mut Option<Successor>) -> (Option<u32>, anyhow::Result<()>) {
    match successor {
        Some(successor) => {
            let pid = successor.pid();
            (pid, successor.ready().await)
        }
        None => future::pending().await,
    }
}

/// A task that ends while we serve takes a part of the gateway with it; traffic goes on.
fn log_ended(ended: Result<(), tokio::task::JoinError>) {
    match ended {
        Err(error) if error.is_cancelled() => {}
        Err(error) => error!(%error, "discovery failed, the table stays as it is"),
        Ok(()) => error!("discovery ended, the table stays as it is"),
    }
}

fn access_log(access: &Access) -> AccessLog {
    match access {
        Access::Off => AccessLog::Off,
        Access::Stdout => AccessLog::Stdout {
            terminal: stdout().is_terminal(),
        },
        Access::Stderr => AccessLog::Stderr {
            terminal: stderr().is_terminal(),
        },
        Access::File(path) => AccessLog::File(path.clone()),
    }
}

/// The id of this process in Via, by which it knows its own requests when they come back.
fn instance() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
