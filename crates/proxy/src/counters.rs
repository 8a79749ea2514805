//! What the workers count.
//!
//! Each worker has a [`WorkerCounters`] that it alone writes, so that no two cores fight over a
//! cache line; whoever asks sums them up into [`Counters`]. All loads and stores are relaxed:
//! these are statistics, and nothing is ordered by them.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use exchange::{Reason, Record};

use crate::websockets::WebSockets;

#[cfg(test)]
mod tests;

/// The upper bounds of the duration histogram's buckets, in seconds; one more bucket has none.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
];
const BUCKETS: usize = DURATION_BUCKETS.len() + 1;

/// The methods that are told apart; any other counts as `OTHER`.
pub const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER",
];
/// The classes of status, `1xx` to `5xx`.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const SERIES: usize = METHODS.len() * STATUS_CLASSES.len();

/// How many reasons there are, [`Reason::ALL`].
const REASONS: usize = Reason::ALL.len();

/// A number that one thread writes and others read.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds `more`. Only the owning worker may: a plain load and store cost a fraction of a
    /// locked addition.
    pub(crate) fn add(&self, more: u64) {
        self.0
            .store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    /// Sets it, for counts of what is there.
    pub(crate) fn set(&self, number: u64) {
        self.0.store(number, Relaxed);
    }

    /// Takes one away, for counts of what is under way.
    pub(crate) fn less(&self) {
        self.0
            .store(self.0.load(Relaxed).saturating_sub(1), Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What one worker counts. Aligned so that no two workers share a cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct WorkerCounters {
    pub(crate) connections_total: Count,
    pub(crate) panics: Count,
    pub(crate) retries: Count,
    pub(crate) connects_failed: Count,
    pub(crate) accept_pauses: Count,
    pub(crate) shed: Count,
    pub(crate) access_lines_lost: Count,
    /// Requests that wait for a service now.
    pub(crate) held: Count,
    /// Client connections open now, by listener.
    pub(crate) open: Vec<Count>,
    pub(crate) websockets: WebSockets,
    /// Exchanges that no service had: unknown hosts, malformed heads.
    unrouted: Service,
    /// By the service's slot, made at its first request.
    services: Vec<OnceLock<Box<Service>>>,
}

/// What is counted for one service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Requests under way, WebSockets aside.
    pub(crate) active: Count,
    bytes_in: Count,
    bytes_out: Count,
    errors: [Count; REASONS],
    /// By method and status class, made at the first such request.
    durations: [OnceLock<Box<Histogram>>; SERIES],
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [Count; BUCKETS],
    sum_us: Count,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            active: Count::default(),
            bytes_in: Count::default(),
            bytes_out: Count::default(),
            errors: Default::default(),
            durations: [const { OnceLock::new() }; SERIES],
        }
    }
}

impl WorkerCounters {
    /// Makes counters for so many listeners and services. Services beyond are counted together
    /// with what no service had.
    pub(crate) fn new(listeners: usize, services: usize) -> Self {
        Self {
            connections_total: Count::default(),
            panics: Count::default(),
            retries: Count::default(),
            connects_failed: Count::default(),
            accept_pauses: Count::default(),
            shed: Count::default(),
            access_lines_lost: Count::default(),
            held: Count::default(),
            open: (0..listeners).map(|_| Count::default()).collect(),
            websockets: WebSockets::default(),
            unrouted: Service::default(),
            services: (0..services).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Returns the counters of the service with this slot.
    pub(crate) fn service(&self, slot: Option<u32>) -> &Service {
        let place = slot.and_then(|slot| self.services.get(slot as usize));
        place.map_or(&self.unrouted, |place| place.get_or_init(Box::default))
    }

    /// Counts an exchange that ended.
    pub(crate) fn finished(&self, record: &Record<'_>) {
        let service = self.service(record.slot);
        service.bytes_in.add(record.bytes_in);
        service.bytes_out.add(record.bytes_out);
        service.errors[record.reason as usize].add(1);
        let series = method_index(record.method) * STATUS_CLASSES.len() + class(record.status);
        let histogram = service.durations[series].get_or_init(Box::default);
        let seconds = record.duration.as_secs_f64();
        let bucket = DURATION_BUCKETS.iter().position(|bound| seconds <= *bound);
        histogram.buckets[bucket.unwrap_or(BUCKETS - 1)].add(1);
        histogram
            .sum_us
            .add(u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX));
        if record.attempts > 1 {
            self.retries.add(u64::from(record.attempts) - 1);
        }
    }

    /// Counts an exchange that ended in a panic.
    pub(crate) fn panicked(&self, slot: Option<u32>) {
        self.panics.add(1);
        self.service(slot).errors[Reason::Panic as usize].add(1);
    }
}

/// The counters of all workers, summed.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Client connections open now.
    pub connections_open: u64,
    /// The same, by listener, in the order of their addresses.
    pub connections_open_by_listener: Vec<u64>,
    /// Client connections accepted so far.
    pub connections_total: u64,
    /// Exchanges that ended.
    pub requests: u64,
    /// Exchanges that sent their request a second time.
    pub retries: u64,
    /// Connects to upstreams that failed.
    pub connects_failed: u64,
    /// Times that a worker stopped accepting, for want of descriptors or at the limit.
    pub accept_pauses: u64,
    /// Client connections closed unserved: without descriptors for them, or beyond their client's
    /// limit.
    pub shed: u64,
    /// Access lines that were dropped because the writer could not keep up.
    pub access_lines_lost: u64,
    /// Requests that wait for a service now.
    pub held: u64,
    /// Exchanges that ended in a panic.
    pub panics: u64,
    /// Requests to unknown hosts.
    pub no_route: u64,
    /// WebSockets open now.
    pub websockets: u64,
    /// Exchanges that no service had.
    pub unrouted: ServiceCounters,
    /// WebSockets open now by the service's slot and the Erlang node, where known; in order.
    pub websockets_by_node: BTreeMap<(u32, Option<String>), u64>,
    /// By the service's slot, in order; only those that had a request.
    pub services: Vec<(u32, ServiceCounters)>,
}

/// What was counted for one service.
#[derive(Clone, Debug, Default)]
pub struct ServiceCounters {
    /// Exchanges under way, WebSockets among them.
    pub active: u64,
    /// WebSockets open now.
    pub websockets: u64,
    /// Bytes of request bodies, and of tunnels from the client.
    pub bytes_in: u64,
    /// Bytes of response bodies, and of tunnels to the client.
    pub bytes_out: u64,
    /// Exchanges by reason, in the order of [`Reason::ALL`].
    pub errors: [u64; REASONS],
    /// Durations, by method and status class; only those that occurred.
    pub durations: Vec<Durations>,
}

/// How long the exchanges of one method and status class took.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    /// Index into [`METHODS`].
    pub method: usize,
    /// Index into [`STATUS_CLASSES`].
    pub status: usize,
    /// How many fell into each of [`DURATION_BUCKETS`], not cumulated; the last has no bound.
    pub buckets: [u64; BUCKETS],
    /// All durations together.
    pub sum: Duration,
}

impl ServiceCounters {
    /// Returns how many exchanges ended.
    pub fn requests(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// Returns how many exchanges ended for this reason.
    pub fn by_reason(&self, reason: Reason) -> u64 {
        self.errors[reason as usize]
    }

    /// Returns the reasons for which exchanges did not end as the app wanted, with how many.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = Reason::ALL.into_iter().zip(self.errors);
        let failed = counted.filter(|(reason, count)| *reason != Reason::Ok && *count > 0);
        failed.map(|(reason, count)| (reason.name(), count))
    }

    /// Returns how many exchanges were answered with 502, 503 or 504 in the service's place.
    pub fn failed(&self) -> u64 {
        let counted = Reason::ALL.into_iter().zip(self.errors);
        let failed = counted.filter(|(reason, _)| reason.is_failed_service());
        failed.map(|(_, count)| count).sum()
    }

    fn add(&mut self, worker: &Service) {
        self.active += worker.active.get();
        self.bytes_in += worker.bytes_in.get();
        self.bytes_out += worker.bytes_out.get();
        for (sum, count) in self.errors.iter_mut().zip(&worker.errors) {
            *sum += count.get();
        }
        for (series, histogram) in worker.durations.iter().enumerate() {
            if let Some(histogram) = histogram.get() {
                self.series(series).add(histogram);
            }
        }
    }

    fn series(&mut self, series: usize) -> &mut Durations {
        let (method, status) = (series / STATUS_CLASSES.len(), series % STATUS_CLASSES.len());
        let wanted = (method, status);
        let index = match self
            .durations
            .binary_search_by_key(&wanted, |d| (d.method, d.status))
        {
            Ok(index) => index,
            Err(index) => {
                self.durations.insert(
                    index,
                    Durations {
                        method,
                        status,
                        ..Durations::default()
                    },
                );
                index
            }
        };
        &mut self.durations[index]
    }
}

impl Durations {
    fn add(&mut self, histogram: &Histogram) {
        for (sum, count) in self.buckets.iter_mut().zip(&histogram.buckets) {
            *sum += count.get();
        }
        self.sum += Duration::from_micros(histogram.sum_us.get());
    }
}

impl Counters {
    /// Sums up what the workers counted.
    pub(crate) fn sum<'a>(workers: impl Iterator<Item = &'a WorkerCounters>) -> Self {
        let mut sum = Self::default();
        for worker in workers {
            sum.add(worker);
        }
        let all = sum
            .services
            .iter()
            .map(|(_, service)| service)
            .chain([&sum.unrouted]);
        let (mut requests, mut no_route, mut websockets) = (0, 0, 0);
        for service in all {
            requests += service.requests();
            no_route += service.by_reason(Reason::NoRoute);
            websockets += service.websockets;
        }
        Self {
            requests,
            no_route,
            websockets,
            ..sum
        }
    }

    fn add(&mut self, worker: &WorkerCounters) {
        self.connections_total += worker.connections_total.get();
        self.panics += worker.panics.get();
        self.held += worker.held.get();
        self.retries += worker.retries.get();
        self.connects_failed += worker.connects_failed.get();
        self.accept_pauses += worker.accept_pauses.get();
        self.shed += worker.shed.get();
        self.access_lines_lost += worker.access_lines_lost.get();
        self.connections_open_by_listener
            .resize(worker.open.len(), 0);
        for (sum, count) in self
            .connections_open_by_listener
            .iter_mut()
            .zip(&worker.open)
        {
            *sum += count.get();
            self.connections_open += count.get();
        }
        self.unrouted.add(&worker.unrouted);
        for (slot, service) in (0..).zip(&worker.services) {
            let Some(service) = service.get() else {
                continue;
            };
            self.service(slot).add(service);
        }
        worker.websockets.each(|slot, node, open| {
            self.service(slot).websockets += open;
            self.service(slot).active += open;
            let key = (slot, node.map(ToOwned::to_owned));
            *self.websockets_by_node.entry(key).or_default() += open;
        });
    }

    fn service(&mut self, slot: u32) -> &mut ServiceCounters {
        let services = &mut self.services;
        let index = match services.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(index) => index,
            Err(index) => {
                services.insert(index, (slot, ServiceCounters::default()));
                index
            }
        };
        &mut services[index].1
    }
}

fn method_index(method: &[u8]) -> usize {
    let known = METHODS.iter().position(|name| name.as_bytes() == method);
    known.unwrap_or(METHODS.len() - 1)
}

/// A status outside of 100..=599 can't come from a checked head; it counts as the nearest class.
fn class(status: u16) -> usize {
    usize::from(status / 100).clamp(1, STATUS_CLASSES.len()) - 1
}
