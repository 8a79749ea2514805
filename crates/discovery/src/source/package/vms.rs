//! The source at work: the clock, the connections and the tasks around the roster.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    time::Duration,
};

use routes::Report;
use tokio::{
    net::{UnixStream, lookup_host},
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tracing::{error, info, warn};

use super::{
    connection::{Parent, ReadError, Reader, write},
    message::{Counts, FromVm, RouteTold, ToVm},
    outbox::{Frame, Newest, Outbox},
    process::Process,
    roster::{ConnectionId, Event, Roster, Wishes},
    words::{self, Words},
};
use crate::{
    How, NodeState, NodeStatus, RegistryHandle,
    source::{machine, now::Now},
    watch::log_new,
};

/// Events that may wait for the roster; whoever says more waits, and with it its VM.
const EVENTS_MAX: usize = 8;

/// What the program may say before the source takes it.
const SAID_MAX: usize = 64;

/// How long a host's name may take.
const RESOLVE_MAX: Duration = Duration::from_secs(5);

/// The longest sleep, where nothing is to be done.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// All VMs that report by themselves. Dropping it closes their connections.
#[derive(Debug)]
pub struct Vms {
    roster: Roster,
    /// What was told the registry last.
    reported: Report,
    connections: BTreeMap<ConnectionId, Line>,
    /// What is kept of VMs while the roster knows them, connected or not.
    kept: BTreeMap<ConnectionId, Kept>,
    next: ConnectionId,
    tasks: JoinSet<()>,
    events: mpsc::Receiver<Event>,
    teller: mpsc::Sender<Event>,
    said: mpsc::Receiver<Said>,
    shown: Shown,
    awaiting: VecDeque<Awaiting>,
    /// The generation that every worker forwards by.
    applied: u64,
    statuses: watch::Sender<Vec<NodeStatus>>,
    wake: Instant,
    version: &'static str,
}

/// How the program speaks to [`Vms`].
#[derive(Clone, Debug)]
pub struct VmsHandle {
    said: mpsc::Sender<Said>,
    statuses: watch::Receiver<Vec<NodeStatus>>,
}

/// What the program says.
#[derive(Debug)]
enum Said {
    Connected(UnixStream),
    Configured(How, Duration),
    Listening(Vec<String>),
    Routes(u64, Vec<RouteTold>),
    Applied(u64),
    Asked(oneshot::Sender<Vec<u8>>),
    Counts { all: Counts, news: Counts },
}

/// How a VM parts from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// It stops, or is not there any more.
    Over,
    /// It said what can't be read.
    Refused,
}

/// A connection that is open.
#[derive(Debug)]
struct Line {
    outbox: Outbox,
    reading: AbortHandle,
    /// It was welcomed.
    is_known: bool,
    /// The report that it was told every worker forwards by.
    applied: Option<i64>,
}

/// What is kept of a VM beyond its connection.
#[derive(Debug)]
struct Kept {
    /// What it said last.
    words: Words,
    /// Waits for the end of its process, and holds a descriptor until then.
    watch: Option<AbortHandle>,
}

/// What every VM is shown, those too that come later.
#[derive(Debug, Default)]
struct Shown {
    listening: Option<Frame>,
    routes: Option<Frame>,
    counts: Counts,
}

/// Reports that are in a table, and not yet with every worker.
#[derive(Debug)]
struct Awaiting {
    generation: u64,
    reports: Vec<(ConnectionId, i64)>,
}

/// Hands a report to the registry; gives the generation that holds it.
type Publishing = Pin<Box<dyn Future<Output = Option<Awaiting>> + Send>>;

impl VmsHandle {
    /// Takes in a VM that connected. Waits as long as others are before it; dropped before it
    /// returns, the connection may be closed.
    pub async fn connected(&self, stream: UnixStream) {
        self.say(Said::Connected(stream)).await;
    }

    /// Takes over other settings. Waits and drops as [`connected`](Self::connected) does.
    pub async fn configure(&self, how: How, forget: Duration) {
        self.say(Said::Configured(how, forget)).await;
    }

    /// Says where the gateway accepts. Waits and drops as [`connected`](Self::connected) does.
    pub async fn listening(&self, addresses: Vec<String>) {
        self.say(Said::Listening(addresses)).await;
    }

    /// Shows the table that every worker forwards by. Waits and drops as
    /// [`connected`](Self::connected) does.
    pub async fn routes(&self, generation: u64, routes: Vec<RouteTold>) {
        self.say(Said::Routes(generation, routes)).await;
    }

    /// Says which generation every worker forwards by. Waits and drops as
    /// [`connected`](Self::connected) does.
    pub async fn applied(&self, generation: u64) {
        self.say(Said::Applied(generation)).await;
    }

    /// Says what was counted: all of it, and that of the services of which something changed. Waits and
    /// drops as [`connected`](Self::connected) does.
    pub async fn counts(&self, all: Counts, news: Counts) {
        self.say(Said::Counts { all, news }).await;
    }

    /// What all VMs said last, for a gateway that takes our place. Waits and drops as
    /// [`connected`](Self::connected) does.
    pub async fn words(&self) -> Vec<u8> {
        let (answer, asked) = oneshot::channel();
        self.say(Said::Asked(answer)).await;
        asked.await.unwrap_or_default()
    }

    /// How we stand with each VM; the newest list is always there.
    #[must_use]
    pub fn statuses(&self) -> watch::Receiver<Vec<NodeStatus>> {
        self.statuses.clone()
    }

    async fn say(&self, said: Said) {
        // Without a source nobody is left to be told.
        let _ = self.said.send(said).await;
    }
}

impl Vms {
    /// Begins. Nothing happens until [`run`](Self::run). `version` is the gateway's.
    #[must_use]
    pub fn new(how: How, forget: Duration, version: &'static str) -> (Self, VmsHandle) {
        let (teller, events) = mpsc::channel(EVENTS_MAX);
        let (sayer, said) = mpsc::channel(SAID_MAX);
        let (statuses, receiver) = watch::channel(Vec::new());
        let roster = Roster::new(how, forget);
        let vms = Self {
            reported: roster.report(),
            roster,
            connections: BTreeMap::new(),
            kept: BTreeMap::new(),
            next: 1,
            tasks: JoinSet::new(),
            events,
            teller,
            said,
            shown: Shown::default(),
            awaiting: VecDeque::new(),
            applied: 0,
            statuses,
            wake: Instant::now(),
            version,
        };
        let handle = VmsHandle {
            said: sayer,
            statuses: receiver,
        };
        (vms, handle)
    }

    /// Takes in the VM that started us. Must be called on a tokio runtime. Gives how it parts from us,
    /// once it does.
    pub fn adopt(&mut self, parent: &mut Parent) -> watch::Receiver<Option<Parting>> {
        let (teller, parted) = watch::channel(None);
        let Some(reader) = parent.reader.take() else {
            return parted;
        };
        let id = self.take_in(None);
        let words = reader.words.clone();
        let events = self.teller.clone();
        let reading = self.tasks.spawn(async move {
            let parting = read(id, reader, &events).await;
            teller.send_replace(Some(parting));
        });
        self.kept.insert(id, Kept { words, watch: None });
        let line = Line::new(parent.outbox.clone(), reading);
        self.connections.insert(id, line);
        let hello = FromVm::Hello(Box::new(parent.hello.clone()));
        self.roster.apply(Event::Said(id, hello), Now::read());
        // So that it is welcomed before anything else is said.
        self.act();
        parted
    }

    /// Takes over what the gateway before us heard; it is unconfirmed until its VMs are back. Waits until
    /// it is known where their nodes run, no longer than `patience`. The registry is to be given
    /// [`report`](Self::report) at the start. Dropped before it returns, it may have heard a part.
    pub async fn inherit(&mut self, words: &[u8], patience: Duration) {
        for (hello, pushed, words) in words::read(words) {
            let id = self.next_id();
            self.kept.insert(id, Kept { words, watch: None });
            self.roster
                .apply(Event::Inherited(id, hello, pushed), Now::read());
        }
        self.act();
        let found = async {
            while self.roster.looks_for_hosts() {
                self.turn().await;
                self.act();
            }
        };
        // A resolver that hangs is not waited for.
        let _ = timeout(patience, found).await;
        self.reported = self.roster.report();
    }

    /// Waits for the first report, no longer than `patience`. The registry is to be given
    /// [`report`](Self::report) at the start. Dropping it loses nothing.
    pub async fn settle(&mut self, patience: Duration) {
        let heard = async {
            while self.roster.reported().is_empty() {
                self.turn().await;
                self.act();
            }
        };
        // A VM without endpoints yet may take its time.
        let _ = timeout(patience, heard).await;
        self.reported = self.roster.report();
    }

    /// Everything that is known.
    #[must_use]
    pub fn report(&self) -> Report {
        self.roster.report()
    }

    /// Serves the VMs and reports each change until dropped, which closes all connections.
    pub async fn run(mut self, registry: RegistryHandle) {
        let mut publishing: Option<Publishing> = None;
        loop {
            self.act();
            // One at a time: what is reported meanwhile makes the next one.
            if publishing.is_none() && self.roster.take_changed() {
                publishing = Some(self.publish(registry.clone()));
            }
            tokio::select! {
                awaiting = done(&mut publishing) => {
                    publishing = None;
                    self.awaiting.extend(awaiting);
                    self.tell_applied();
                }
                () = self.turn() => {}
            }
        }
    }

    /// Makes the report, and what hands it over where it is new.
    fn publish(&mut self, registry: RegistryHandle) -> Publishing {
        let report = self.roster.report();
        let reports = self.roster.reported();
        let is_new = report != self.reported;
        if is_new {
            log_new(&self.reported.findings, &report.findings);
            self.reported = report.clone();
        }
        Box::pin(async move {
            if is_new {
                registry.report(report).await;
            }
            let generation = registry.generation().await?;
            Some(Awaiting {
                generation,
                reports,
            })
        })
    }

    /// Waits for something to happen, and takes it over. Dropping it loses nothing.
    async fn turn(&mut self) {
        tokio::select! {
            Some(event) = self.events.recv() => {
                self.roster.apply(event, Now::read());
                // What happened at the same time makes one report.
                while let Ok(event) = self.events.try_recv() {
                    self.roster.apply(event, Now::read());
                }
            }
            Some(said) = self.said.recv() => self.take(said),
            Some(ended) = self.tasks.join_next() => log_ended(ended),
            () = sleep_until(self.wake) => self.roster.apply(Event::Time, Now::read()),
        }
    }

    fn take(&mut self, said: Said) {
        match said {
            Said::Connected(stream) => self.connected(stream),
            Said::Configured(how, forget) => self.roster.configure(how, forget),
            Said::Listening(addresses) => {
                let frame = ToVm::Listening(addresses).frame().into();
                self.tell_all(Newest::Listening, &frame);
                self.shown.listening = Some(frame);
            }
            Said::Routes(generation, routes) => {
                let frame = ToVm::Routes { generation, routes }.frame().into();
                self.tell_all(Newest::Routes, &frame);
                self.shown.routes = Some(frame);
            }
            Said::Applied(generation) => {
                self.applied = generation;
                self.tell_applied();
            }
            Said::Asked(answer) => {
                let mut handed = Vec::new();
                // Of those that are away too: their services would be unknown.
                for kept in self.kept.values() {
                    kept.words.add_to(&mut handed);
                }
                // Whoever asked may have given up.
                let _ = answer.send(handed);
            }
            Said::Counts { all, news } => {
                for line in self.connections.values().filter(|it| it.is_known) {
                    line.outbox.count(&news);
                }
                self.shown.counts = all;
            }
        }
    }

    fn tell_all(&self, kind: Newest, frame: &Frame) {
        for line in self.connections.values().filter(|it| it.is_known) {
            line.outbox.put(kind, frame.clone());
        }
    }

    /// Tells whose report every worker forwards by.
    fn tell_applied(&mut self) {
        while let Some(awaiting) = self.awaiting.front()
            && awaiting.generation <= self.applied
        {
            let Some(Awaiting {
                generation,
                reports,
            }) = self.awaiting.pop_front()
            else {
                return;
            };
            for (id, seq) in reports {
                if let Some(line) = self.connections.get_mut(&id)
                    && line.applied != Some(seq)
                {
                    line.applied = Some(seq);
                    let frame = ToVm::Applied { seq, generation }.frame().into();
                    line.outbox.put(Newest::Applied, frame);
                }
            }
        }
    }

    fn connected(&mut self, stream: UnixStream) {
        let process = Process::of(&stream);
        let id = self.take_in(process.as_ref().map(|process| process.pid));
        let (input, output) = stream.into_split();
        let outbox = Outbox::default();
        self.tasks.spawn(write(outbox.clone(), Box::new(output)));
        let teller = self.teller.clone();
        let reader = Reader::new(Box::new(input));
        let words = reader.words.clone();
        let reading = self.tasks.spawn(async move {
            read(id, reader, &teller).await;
        });
        let watch = process.map(|process| {
            let teller = self.teller.clone();
            self.tasks.spawn(async move {
                process.ended().await;
                tell(&teller, Event::Ended(id)).await;
            })
        });
        self.kept.insert(id, Kept { words, watch });
        self.connections.insert(id, Line::new(outbox, reading));
    }

    fn next_id(&mut self) -> ConnectionId {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        id
    }

    fn take_in(&mut self, process: Option<u32>) -> ConnectionId {
        let id = self.next_id();
        self.roster
            .apply(Event::Connected(id, process), Now::read());
        id
    }

    /// Does what the roster wishes, and shows how it stands.
    fn act(&mut self) {
        let now = Now::read();
        let Wishes {
            welcome,
            refuse,
            close,
            resolve,
            wake,
        } = self.roster.wishes(now.instant);
        for id in welcome {
            if let Some(line) = self.connections.get_mut(&id) {
                line.welcome(self.version, &self.shown);
            }
        }
        for (id, why) in refuse {
            warn!(why, "VM refused");
            self.end(id, Some(&ToVm::Refused(why)));
        }
        for id in close {
            self.end(id, None);
        }
        self.keep_less();
        for host in resolve {
            self.tasks.spawn(look_up(host, self.teller.clone()));
        }
        let latest = now.instant + SLEEP_MAX;
        self.wake = wake.map_or(latest, |wake| wake.min(latest)).into();
        let statuses = self.roster.statuses();
        self.statuses.send_if_modified(|shown| {
            let is_new = *shown != statuses;
            if is_new {
                log_changes(shown, &statuses);
                *shown = statuses;
            }
            is_new
        });
    }

    /// Lets go what is kept of VMs of which nobody speaks any more.
    fn keep_less(&mut self) {
        if self.kept.len() <= self.connections.len() {
            return;
        }
        let known = self.roster.connections();
        for (_, gone) in self.kept.extract_if(.., |id, _| !known.contains(id)) {
            if let Some(watch) = gone.watch {
                watch.abort();
            }
        }
    }

    fn end(&mut self, id: ConnectionId, last: Option<&ToVm>) {
        if let Some(line) = self.connections.remove(&id) {
            line.outbox.end(last);
            line.reading.abort();
        }
    }
}

impl Line {
    fn new(outbox: Outbox, reading: AbortHandle) -> Self {
        Self {
            outbox,
            reading,
            is_known: false,
            applied: None,
        }
    }

    fn welcome(&mut self, version: &'static str, shown: &Shown) {
        self.is_known = true;
        let os_pid = std::process::id();
        let welcome = ToVm::Welcome { version, os_pid };
        self.outbox.put(Newest::Welcome, welcome.frame().into());
        if let Some(listening) = &shown.listening {
            self.outbox.put(Newest::Listening, listening.clone());
        }
        if let Some(routes) = &shown.routes {
            self.outbox.put(Newest::Routes, routes.clone());
        }
        self.outbox.count(&shown.counts);
    }
}

/// Reads what a VM says until it has no more to say.
async fn read(id: ConnectionId, mut reader: Reader, teller: &mpsc::Sender<Event>) -> Parting {
    loop {
        let event = match reader.next().await {
            Ok(Some(said)) => Event::Said(id, said),
            Ok(None) | Err(ReadError::Io(_)) => Event::Closed(id),
            Err(error @ (ReadError::Frame(_) | ReadError::Message(_))) => {
                Event::Unreadable(id, error.to_string())
            }
        };
        let parting = match &event {
            Event::Said(_, FromVm::Bye) | Event::Closed(_) => Some(Parting::Over),
            Event::Unreadable(..) => Some(Parting::Refused),
            _ => None,
        };
        tell(teller, event).await;
        if let Some(parting) = parting {
            return parting;
        }
    }
}

async fn tell(teller: &mpsc::Sender<Event>, event: Event) {
    // Without a roster nobody is left to be told.
    let _ = teller.send(event).await;
}

/// Finds out on which machine a host's nodes run.
async fn look_up(host: String, teller: mpsc::Sender<Event>) {
    let machine = match timeout(RESOLVE_MAX, lookup_host((host.as_str(), 0))).await {
        Ok(Ok(mut found)) => match found.next() {
            Some(address) => Ok(machine::of(address.ip().to_canonical()).await),
            None => Err(format!("the name {host} has no address")),
        },
        Ok(Err(error)) => Err(format!("looking up {host}: {error}")),
        Err(_) => Err(format!("looking up {host} took too long")),
    };
    tell(&teller, Event::Resolved(host, machine)).await;
}

/// Waits for what is under way; for ever where nothing is.
async fn done(publishing: &mut Option<Publishing>) -> Option<Awaiting> {
    match publishing {
        Some(publishing) => publishing.await,
        None => std::future::pending().await,
    }
}

/// Logs what became of each VM, once for each change.
fn log_changes(was: &[NodeStatus], is: &[NodeStatus]) {
    for status in is {
        let before = was.iter().find(|before| before.node == status.node);
        let same =
            |before: &NodeStatus| (before.state, &before.reason) == (status.state, &status.reason);
        if before.is_some_and(same) {
            continue;
        }
        let (node, reason) = (&status.node, &status.reason);
        match status.state {
            NodeState::Attached => info!(node, "VM attached"),
            NodeState::Lost => warn!(node, reason, "VM lost"),
            NodeState::Connecting | NodeState::Refused => {}
        }
    }
    for before in was {
        if is.iter().all(|status| status.node != before.node) {
            info!(node = before.node, "VM gone");
        }
    }
}

/// A connection's tasks end with it, or with us.
fn log_ended(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        error!(%error, "the task of a VM failed");
    }
}
