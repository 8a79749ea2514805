//! How a running gateway takes over what became different.

use std::sync::Arc;

use admin::{Bound, Refusal, Reloaded, SettingChange};
use anyhow::Context as _;
use discovery::{NodeStatus, Nodes, NodesHandle, Project, Reading};
use proxy::ListenAddress;
use routes::{Report, Source};
use sd_notify::NotifyState;
use tokio::sync::{oneshot, watch};
use tracing::{error, info, warn};

use super::{Gateway, Reporting, vms};
use crate::{
    args::Options,
    config::{Environment, Listen, Problems},
    handover,
    setup::Setup,
    survey,
};

impl Gateway {
    /// Reloads where nobody waits for an answer: what came of it is in the log.
    pub(super) async fn reload_unasked(&mut self, options: &Options, process: &Environment) {
        // Logged where it was met.
        let _ = self.reload(options, process).await;
    }

    /// Reads the settings and the project again. Whatever can't be used leaves all as it is.
    pub(super) async fn reload(
        &mut self,
        options: &Options,
        process: &Environment,
    ) -> Result<Reloaded, Refusal> {
        handover::tell_systemd_of_reload();
        let reloaded = self.load_again(options, process).await;
        // Whatever came of it, what holds is served.
        handover::tell_systemd(&[NotifyState::Ready]);
        reloaded
    }

    async fn load_again(
        &mut self,
        options: &Options,
        process: &Environment,
    ) -> Result<Reloaded, Refusal> {
        let (asked, environment) = (options.clone(), process.clone());
        let before = self.setup.clone();
        // Reading takes time on a large project; meanwhile probes are answered.
        let loading = tokio::task::spawn_blocking(move || {
            let next = before.reload(&asked, &environment)?;
            let reading = next.source().map(|project| project.read(&next.how()));
            anyhow::Ok((next, reading))
        });
        let (next, reading) = match loading.await.context("reading the settings").flatten() {
            Ok(loaded) => loaded,
            Err(error) => {
                let text = format!("{error:#}");
                error!(error = text, "reload refused, the running table stays");
                return Err(match error.is::<Problems>() {
                    true => Refusal::Unusable(text),
                    false => Refusal::Conflict(text),
                });
            }
        };
        let settings = changed(&self.setup, &next);
        for setting in settings.iter().filter(|it| it.needs_restart) {
            let key = &setting.key;
            warn!(key, "setting changed, it holds after a restart");
        }
        let rules = next.rules(survey::addresses(&self.own));
        self.registry.settings(next.settings(), rules).await;
        self.registry.report(next.static_report()).await;
        let was = self.setup.source().map(Project::source);
        self.setup = next;
        self.desk.say(&self.setup);
        let read = match reading {
            Some(reading) => self.read_again(reading).await,
            None => {
                self.unwatch();
                if let Some(source) = was {
                    self.registry.report(nothing(source)).await;
                }
                Ok(())
            }
        };
        self.follow_again().await;
        if let Some(vms) = &self.vms {
            let how = self.setup.how();
            vms.configure(how, self.setup.config.forget).await;
        }
        let generation = self.registry.generation().await;
        if self.table.has_changed().unwrap_or_default() {
            self.publish();
        }
        read?;
        info!("reloaded");
        Ok(Reloaded {
            generation: generation.unwrap_or(self.shown.generation),
            settings,
        })
    }

    /// Takes over what was read of the project. Where it can't be read, the watch goes on as it was,
    /// which keeps the last good table.
    async fn read_again(&mut self, reading: Reading) -> Result<(), Refusal> {
        if let Some(finding) = &reading.broken {
            let finding = survey::shown(finding);
            error!(finding, "the project can't be read, its last table stays");
            return Err(Refusal::Conflict(format!(
                "the settings are taken over, but the project can't be read and its last table \
                 stays: {finding}"
            )));
        }
        self.registry.report(reading.report.clone()).await;
        self.unwatch();
        self.watch(reading);
        Ok(())
    }

    fn unwatch(&mut self) {
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
    }

    /// Follows the project's files, of which `first` is known.
    pub(super) fn watch(&mut self, first: Reading) {
        let Some(project) = self.setup.source() else {
            return;
        };
        let watching = discovery::watch_project(
            project.again(),
            self.setup.how(),
            first,
            self.registry.clone(),
            Arc::clone(&self.settings_changed),
        );
        self.watching = Some(self.tasks.spawn(watching));
    }

    /// Follows the running nodes, of which `first` is known.
    pub(super) fn follow(&mut self, nodes: Nodes, handle: NodesHandle, first: Report) {
        let (told, shown) = (handle.statuses(), self.statuses.clone());
        let following = nodes.run(first, self.registry.clone());
        let task = self.tasks.spawn(async move {
            tokio::join!(following, pass_on(Source::Node, told, shown));
        });
        self.nodes = Some((handle, task));
    }

    /// Serves the VMs that report by themselves, those too that come through `door`.
    pub(super) fn report_by_vms(
        &mut self,
        reporting: Reporting,
        door: Option<Bound>,
    ) -> anyhow::Result<()> {
        let Reporting {
            vms,
            handle,
            parting,
        } = reporting;
        if let Some(bound) = door {
            let address = bound.address().clone();
            let door = bound.open().context("serving VMs")?;
            info!(%address, "listening for VMs");
            let (succeed, succeeded) = oneshot::channel();
            self.vm_tasks
                .spawn(vms::accept(door, handle.clone(), succeeded));
            self.succeed = Some(succeed);
        }
        let (told, shown) = (handle.statuses(), self.statuses.clone());
        self.tasks.spawn(pass_on(Source::Package, told, shown));
        self.vm_tasks.spawn(vms.run(self.registry.clone()));
        let (table, figures) = (self.table.clone(), self.proxy.figures());
        self.tasks.spawn(vms::show_tables(
            table.clone(),
            figures.clone(),
            self.listeners.clone(),
            handle.clone(),
        ));
        self.tasks
            .spawn(vms::tell_counts(table, figures, handle.clone()));
        self.vms = Some(handle);
        self.parting = parting;
        Ok(())
    }

    /// Takes over the settings of nodes. Those that stay are not let go.
    async fn follow_again(&mut self) {
        let how = self.setup.how();
        match (self.setup.nodes.clone(), self.nodes.take()) {
            (Some(settings), Some((handle, task))) => {
                handle.configure(settings, how).await;
                self.nodes = Some((handle, task));
            }
            (Some(settings), None) => {
                let (nodes, handle) = Nodes::new(settings, how);
                self.follow(nodes, handle, nothing(Source::Node));
            }
            (None, Some((_, task))) => {
                task.abort();
                self.registry.report(nothing(Source::Node)).await;
                self.statuses
                    .send_modify(|shown| shown.retain(|it| it.source != Source::Node));
            }
            (None, None) => {}
        }
    }
}

/// Hands on what one source tells of nodes, until it tells no more: admin outlives a source that a
/// reload ends.
async fn pass_on(
    source: Source,
    mut told: watch::Receiver<Vec<NodeStatus>>,
    shown: watch::Sender<Vec<NodeStatus>>,
) {
    loop {
        let statuses = told.borrow_and_update().clone();
        shown.send_modify(|shown| {
            shown.retain(|it| it.source != source);
            shown.extend(statuses);
        });
        if told.changed().await.is_err() {
            return;
        }
    }
}

/// The settings that differ.
fn changed(before: &Setup, after: &Setup) -> Vec<SettingChange> {
    let restart = needs_restart(before, after);
    let old = &before.config.effective;
    let of_key = |key: &str| old.iter().find(|it| it.key == key);
    let setting = after.config.effective.iter().filter_map(|new| {
        let old = of_key(new.key)?;
        (old.value != new.value).then(|| SettingChange {
            key: new.key.to_owned(),
            before: old.value.clone(),
            after: new.value.clone(),
            provenance: new.place.to_string(),
            needs_restart: restart.contains(&new.key),
        })
    });
    let detected = before.config.mode.is_none() && after.config.mode.is_none();
    let mode = (detected && before.mode != after.mode).then(|| SettingChange {
        key: "mode".to_owned(),
        before: before.mode.name().to_owned(),
        after: after.mode.name().to_owned(),
        provenance: after.mode_reason.clone(),
        needs_restart: false,
    });
    setting.chain(mode).collect()
}

/// The keys that differ and that a running gateway can't take over.
fn needs_restart(before: &Setup, after: &Setup) -> Vec<&'static str> {
    let (was, is) = (&before.config, &after.config);
    let changed = [
        (
            "listen",
            wanted(was.listen.iter().flatten()) != wanted(is.listen.iter().flatten()),
        ),
        ("workers", was.workers != is.workers),
        ("admin.listen", wanted(&was.admin) != wanted(&is.admin)),
        ("health.listen", wanted(&was.health) != wanted(&is.health)),
        ("log.access", was.access != is.access),
        (
            "discovery.package",
            wanted(&was.package) != wanted(&is.package),
        ),
    ];
    changed
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(key, _)| key)
        .collect()
}

fn wanted<'a>(listeners: impl IntoIterator<Item = &'a Listen>) -> Vec<ListenAddress> {
    listeners.into_iter().map(|it| it.address.clone()).collect()
}

/// What a source says once it is none any more.
fn nothing(source: Source) -> Report {
    Report {
        source,
        stale: false,
        endpoints: Vec::new(),
        findings: Vec::new(),
    }
}
