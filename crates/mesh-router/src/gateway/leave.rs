//! How a gateway leaves: it drains, or ends at once.

use std::{
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use admin::Succession;
use anyhow::{Context as _, bail};
use discovery::{Parting, Pause};
use proxy::Farewell;
use sd_notify::NotifyState;
use tokio::{sync::watch, task::JoinHandle, time};
use tracing::{error, info};

use super::{Gateway, successor::Successor, vms};
use crate::{handover::tell_systemd, signals::Signals};

/// How long the workers may take to end once the VM that started us is gone.
const END_MAX: Duration = Duration::from_millis(50);

impl Gateway {
    /// Stops accepting after the delay asked for, or at once where a successor accepts, and ends when
    /// all is finished or time is up. It ends at once where a second signal says so, or the VM that
    /// started us is gone.
    pub(super) async fn leave(
        mut self,
        mut signals: Signals,
        successor: Option<Successor>,
    ) -> anyhow::Result<()> {
        let has_successor = successor.is_some();
        let succession = match has_successor {
            true => Succession::Successor,
            false => Succession::Nobody,
        };
        let timeouts = &self.shown.settings.timeouts;
        let (shutdown_delay, limit) = (timeouts.shutdown_delay, timeouts.drain);
        info!(delay = ?shutdown_delay, drain = ?limit, "stopping");
        self.desk.leave();
        self.end_pauses().await;
        let delay = match has_successor {
            // What comes now comes to the successor.
            true => {
                self.desk.close(succession).await;
                self.let_vms_go().await;
                Duration::ZERO
            }
            false => {
                tell_systemd(&[NotifyState::Stopping]);
                self.proxy.leave();
                shutdown_delay
            }
        };
        let delay = time::sleep(delay);
        tokio::pin!(delay);
        let is_hurried = loop {
            tokio::select! {
                // A word to stop that came meanwhile cuts nothing where a successor is.
                biased;
                () = &mut delay => break false,
                () = signals.stop() => break true,
                _ = vms::parted(&mut self.parting) => break true,
                Ok(()) = self.table.changed() => self.publish(),
            }
        };
        self.tasks.abort_all();
        // With a copy open, the kernel would go on to take connections that nobody accepts.
        self.heirlooms.clear();
        let hurry = Arc::new(AtomicBool::new(is_hurried));
        let farewell = Farewell {
            limit,
            has_successor,
        };
        let (proxy, flag) = (self.proxy, Arc::clone(&hurry));
        let drained = tokio::task::spawn_blocking(move || proxy.drain(farewell, &flag));
        let lost = finish(drained, &hurry, &mut signals, &mut self.parting, successor).await?;
        self.desk.close(succession).await;
        info!("stopped");
        match lost {
            Some(ended) => bail!("the successor {ended}: nobody accepts any more"),
            None => Ok(()),
        }
    }

    /// Ends at once.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        info!("the VM that started us is gone");
        let Self { proxy, desk, .. } = self;
        let hurry = AtomicBool::new(true);
        let farewell = Farewell {
            limit: Duration::ZERO,
            has_successor: false,
        };
        let ended = tokio::task::spawn_blocking(move || proxy.drain(farewell, &hurry));
        // What takes longer ends with the process.
        if let Ok(ended) = time::timeout(END_MAX, ended).await {
            ended.context("ending")?;
        }
        drop(desk);
        Ok(())
    }

    /// Leaves the VMs and their door to the successor: they connect again, and to nobody else.
    async fn let_vms_go(&mut self) {
        if let Some(succeed) = self.succeed.take()
            // A task that failed has removed the file already.
            && succeed.send(()).is_ok()
        {
            // The only task that ends by itself.
            self.vm_tasks.join_next().await;
        }
        self.vm_tasks.shutdown().await;
    }

    /// Lets go on who waits for a paused service: nobody will resume it, and no table comes any more.
    async fn end_pauses(&mut self) {
        let services = self.shown.snapshot.services.iter();
        let paused = services.filter(|it| it.paused).map(|it| it.name.clone());
        for service in paused.collect::<Vec<_>>() {
            info!(service, "pause ended, since the gateway leaves");
            // It may have ended by itself.
            let _ = self.pause(service, Pause::End).await;
        }
    }
}

/// Waits until all under way is finished, and has it hurry where that is asked for; says how the successor
/// ended, where it did.
async fn finish(
    mut drained: JoinHandle<()>,
    hurry: &AtomicBool,
    signals: &mut Signals,
    parting: &mut Option<watch::Receiver<Option<Parting>>>,
    mut successor: Option<Successor>,
) -> anyhow::Result<Option<String>> {
    // With a successor none has been given yet.
    let mut is_first = successor.is_some();
    let mut lost = None;
    loop {
        tokio::select! {
            ended = &mut drained => {
                ended.context("draining")?;
                return Ok(lost);
            }
            () = signals.stop() => match std::mem::take(&mut is_first) {
                true => info!("told to stop: what is under way is finished, as it was to be"),
                false => hurry.store(true, Ordering::Relaxed),
            },
            _ = vms::parted(parting), if !hurry.load(Ordering::Relaxed) => {
                hurry.store(true, Ordering::Relaxed);
            }
            ended = ended(&mut successor) => {
                successor = None;
                error!(ended, fix = "start the gateway", "successor gone, nobody accepts any more");
                lost = Some(ended);
            }
        }
    }
}

/// Waits for the end of the successor, if there is one; says how it ended, as a clause. Dropping it loses
/// nothing.
async fn ended(successor: &mut Option<Successor>) -> String {
    let Some(successor) = successor else {
        return future::pending().await;
    };
    match successor.ended().await {
        Ok(status) => format!("ended with {status}"),
        Err(error) => format!("ended: {error}"),
    }
}
