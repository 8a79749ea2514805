//! The VMs that report by themselves: their door, and what they are shown.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use admin::Door;
use discovery::{Counted, Counts, Parting, RouteTold, Vms, VmsHandle};
use proxy::{Figures, ListenAddress};
use routes::{Published, Snapshot};
use tokio::{
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::warn;

/// How often it is looked whether every worker has the newest table.
const APPLIED_PACE: Duration = Duration::from_millis(2);

/// How often VMs are told what was counted.
const COUNTS_PACE: Duration = Duration::from_secs(1);

/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The VMs that report by themselves.
#[derive(Debug)]
pub(crate) struct Reporting {
    /// The source.
    pub(crate) vms: Vms,
    /// How it is spoken to.
    pub(crate) handle: VmsHandle,
    /// How the VM that started us parts from us, once it does; `None`: none started us.
    pub(crate) parting: Option<watch::Receiver<Option<Parting>>>,
}

/// Waits until the VM that started us parts from us; for ever where none did. Dropping it loses nothing.
pub(super) async fn parted(parting: &mut Option<watch::Receiver<Option<Parting>>>) -> Parting {
    match parting {
        Some(told) => vm_parted(told).await,
        None => std::future::pending().await,
    }
}

/// Waits until the VM that started us parts from us, or is not listened to any more.
pub(crate) async fn vm_parted(told: &mut watch::Receiver<Option<Parting>>) -> Parting {
    let told = told.wait_for(Option::is_some).await;
    // Nobody tells where its connection was refused.
    told.ok()
        .and_then(|parting| *parting)
        .unwrap_or(Parting::Refused)
}

/// Takes in whoever connects, until a successor does. Dropping it closes the door, and removes its
/// file.
pub(super) async fn accept(mut door: Door, vms: VmsHandle, mut succeeded: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            Ok(()) = &mut succeeded => {
                door.keep_file();
                return;
            }
            accepted = door.accept_unix() => match accepted {
                Ok(Some(stream)) => vms.connected(stream).await,
                Ok(None) => return,
                Err(error) => refused(&error).await,
            }
        }
    }
}

async fn refused(error: &io::Error) {
    warn!(%error, "VM not accepted");
    // For want of descriptors it would fail again at once.
    sleep(ACCEPT_PAUSE).await;
}

/// Shows each table once every worker forwards by it, and first where we accept.
pub(super) async fn show_tables(
    mut table: watch::Receiver<Arc<Published>>,
    figures: Figures,
    listeners: Vec<ListenAddress>,
    vms: VmsHandle,
) {
    let mut shown: Option<u64> = None;
    let mut listeners = Some(listeners);
    loop {
        let published = Arc::clone(&table.borrow_and_update());
        while figures.applied() < published.generation {
            sleep(APPLIED_PACE).await;
        }
        if let Some(listeners) = listeners.take() {
            let addresses = listeners.iter().map(ToString::to_string);
            vms.listening(addresses.collect()).await;
        }
        let snapshot = &published.snapshot;
        if shown.replace(snapshot.generation) != Some(snapshot.generation) {
            vms.routes(published.generation, routes(snapshot)).await;
        }
        vms.applied(published.generation).await;
        if table.changed().await.is_err() {
            return;
        }
    }
}

fn routes(snapshot: &Snapshot) -> Vec<RouteTold> {
    let route = |route: &routes::Route| {
        let service = snapshot.services.get(route.service)?;
        Some(RouteTold {
            host: route.host.to_string(),
            subdomains: route.subdomains.name(),
            service: service.name.clone(),
        })
    };
    snapshot.routes.iter().filter_map(route).collect()
}

/// Tells once a second what was counted, where something changed.
pub(super) async fn tell_counts(
    table: watch::Receiver<Arc<Published>>,
    figures: Figures,
    vms: VmsHandle,
) {
    let statuses = vms.statuses();
    let mut ticks = interval(COUNTS_PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = BTreeMap::new();
    loop {
        ticks.tick().await;
        // Without a VM nobody reads them, and summing up costs something.
        if statuses.borrow().is_empty() {
            continue;
        }
        let counts = counted(&Arc::clone(&table.borrow().snapshot), &figures);
        let news: Counts = counts
            .iter()
            .filter(|(name, it)| told.get(*name) != Some(*it))
            .map(|(name, it)| (Arc::clone(name), *it))
            .collect();
        if !news.is_empty() {
            vms.counts(counts.clone(), news).await;
        }
        told = counts;
    }
}

/// What was counted of each service in the table that had a request.
fn counted(snapshot: &Snapshot, figures: &Figures) -> Counts {
    let counters = figures.counters();
    let service = |service: &routes::Service| {
        let slot = |(slot, _): &(u32, _)| *slot;
        let found = counters.services.binary_search_by_key(&service.slot, slot);
        let (_, counted) = counters.services.get(found.ok()?)?;
        let counted = Counted {
            requests: counted.requests(),
            errors: counted.failed(),
            websockets: counted.websockets,
        };
        Some((Arc::from(service.name.as_str()), counted))
    };
    snapshot.services.iter().filter_map(service).collect()
}
