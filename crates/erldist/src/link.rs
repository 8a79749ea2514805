//! A link: a [`Connection`] driven over a real socket, by a task that ends with it.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use erlterm::Term;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::{self, timeout},
};

use crate::{
    call::{Call, CallError, CallId},
    connection::{
        Connection, Counts, Failure, Limits, LostReason, MonitorId, Notice, Peer, Settings, Step,
    },
    cookie::Cookie,
    epmd::{self, EpmdError},
    frame::Width,
    handshake::{HandshakeError, SendName},
    name::{OwnName, Target},
    tls::Tls,
};

#[cfg(test)]
mod tests;

/// How long connecting to one address may take, and TLS' handshake.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Commands that wait for the task, at most; beyond it callers wait.
const COMMANDS_MAX: usize = 64;

/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// How to attach.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name under which we attach.
    pub own: OwnName,
    /// The secret that both know.
    pub cookie: Cookie,
    /// TLS, where the node's distribution is over it.
    pub tls: Option<Tls>,
    /// Where EPMD listens on the node's host.
    pub epmd_port: u16,
    /// Bounds of the connection.
    pub limits: Limits,
}

impl Options {
    /// Returns options with which to attach to `target`: a name that the node gives, no TLS, EPMD at
    /// its usual port.
    #[must_use]
    pub fn new(target: &Target, cookie: Cookie) -> Self {
        Self {
            own: OwnName::dynamic_for(target),
            cookie,
            tls: None,
            epmd_port: epmd::PORT,
            limits: Limits::default(),
        }
    }
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// EPMD can't be reached at the node's host, or what listens there is none.
    #[error("finding the node's port")]
    EpmdUnreachable(#[source] EpmdError),
    /// EPMD is there and does not know the node.
    #[error("EPMD knows no node of that name, only {names:?}")]
    NotInEpmd {
        /// The nodes that it knows, without their hosts.
        names: Vec<String>,
    },
    /// The host's name leads to no address.
    #[error("resolving {host}")]
    Resolve {
        /// The host.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing listens at the node's port.
    #[error("connecting to port {port}: refused")]
    Refused {
        /// The port.
        port: u16,
    },
    /// Nothing answers at the node's port.
    #[error("connecting to port {port}: no answer")]
    ConnectTimeout {
        /// The port.
        port: u16,
    },
    /// The network does not lead there.
    #[error("connecting to port {port}")]
    Unreachable {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The node closed after our proof: the cookie is wrong, or a newer link took our place.
    #[error("the node refuses our cookie, or a newer link of our name took this one's place")]
    WrongCookieOrSuperseded,
    /// Another node answers, or long and short names were mixed.
    #[error("the names don't fit")]
    WrongName(#[source] HandshakeError),
    /// The node does not let us in.
    #[error("the node does not allow us to connect")]
    NotAllowed,
    /// The node is connecting to our name at this moment: try again a little later.
    #[error("the node is connecting to our name at this moment")]
    Dialling,
    /// The node's distribution is over TLS, ours is not.
    #[error("the node speaks TLS, or no distribution at all")]
    TlsRequired,
    /// TLS' own handshake did not succeed.
    #[error("agreeing on TLS")]
    Tls(#[source] io::Error),
    /// The node is too old.
    #[error("the node is older than OTP 25")]
    Version,
    /// The node accepts and then says nothing, as one that is suspended does.
    #[error("the node says nothing: no {0} in time")]
    Silent(Step),
    /// The node closed in the middle: it goes down, or a newer link took this one's place.
    #[error("the node closed the connection before its {0}")]
    Closed(Step),
    /// What answers there does not behave like a node.
    #[error("what answers there is no node as we know them")]
    Protocol(#[source] Failure),
}

impl AttachError {
    /// Returns how to mend it, in a sentence for people.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::EpmdUnreachable(EpmdError::Resolve { .. }) | Self::Resolve { .. } => {
                "check the host in the node's name; it must resolve on this machine"
            }
            Self::EpmdUnreachable(EpmdError::Version) | Self::Version => {
                "run the node on OTP 25 or later"
            }
            Self::EpmdUnreachable(_) => {
                "start the node with --sname or --name (that starts EPMD), let port 4369 through, or \
                 give a fixed port: name@host:PORT"
            }
            Self::NotInEpmd { .. } => {
                "start the app as a node: elixir --sname NAME -S mix phx.server; or take a name that \
                 EPMD knows"
            }
            Self::Refused { .. } => {
                "check that the node runs; where its port is fixed, that it is the right one"
            }
            Self::ConnectTimeout { .. } | Self::Unreachable { .. } => {
                "let the node's distribution port through (inet_dist_listen_min and _max fix it)"
            }
            Self::WrongCookieOrSuperseded => {
                "use the node's cookie (its ~/.erlang.cookie, RELEASE_COOKIE or --cookie); with a name \
                 of your own for the gateway, let only one gateway have it"
            }
            Self::WrongName(_) => {
                "write the node's name exactly as node() shows it there; names with a dot in the host \
                 (--name) and without one (--sname) don't mix"
            }
            Self::NotAllowed => "let the gateway's name in: see net_kernel:allow/1 on the node",
            Self::Dialling => "none needed: it is tried again",
            Self::TlsRequired => {
                "the node runs with -proto_dist inet_tls: set cert, key and ca in [discovery.tls]"
            }
            Self::Tls(_) => {
                "check cert, key and ca in [discovery.tls], that the node's certificate is made for the \
                 host in its name, and that the node runs with -proto_dist inet_tls"
            }
            Self::Silent(_) => "see whether the node is suspended or overloaded",
            Self::Closed(_) => {
                "see whether the node is going down; with a name of your own for the gateway, let only \
                 one gateway have it"
            }
            Self::Protocol(_) => "check that the port is an Erlang node's",
        }
    }
}

/// A link to a node. Clones share it; when the last one is dropped the connection is closed.
#[derive(Clone, Debug)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    peer: Arc<Peer>,
    address: IpAddr,
    counts: Arc<SharedCounts>,
}

/// What happens on a link unasked.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Event>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// What was monitored is gone, or was not there: then the reason is `noproc`.
    Down {
        /// The monitor, which is gone too.
        monitor: MonitorId,
        /// The name that was monitored.
        name: String,
        /// Why.
        reason: Term,
    },
    /// The link is lost. The last event.
    Lost(LostReason),
}

#[derive(Debug, Default)]
struct SharedCounts {
    dropped: AtomicU64,
    refused: AtomicU64,
    oversized: AtomicU64,
}

#[derive(Debug)]
enum Command {
    Call {
        call: Call,
        answer: oneshot::Sender<Result<Term, CallError>>,
    },
    Monitor {
        name: String,
        answer: oneshot::Sender<Result<MonitorId, CallError>>,
    },
}

impl Link {
    /// Asks the node. Calls may be made side by side: they don't wait for each other.
    ///
    /// # Errors
    ///
    /// The function raised, no answer came within [`CALL_MAX`](crate::connection::CALL_MAX), too many
    /// calls wait ([`PENDING_MAX`](crate::connection::PENDING_MAX)), or the link is lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the call running over there; its answer is dropped.
    pub async fn call(&self, call: Call) -> Result<Term, CallError> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Call { call, answer }, answered).await
    }

    /// Watches the process registered as `name`; its end comes as [`Event::Down`], at once if there is
    /// none.
    ///
    /// # Errors
    ///
    /// Too many monitors are set ([`MONITORS_MAX`](crate::connection::MONITORS_MAX)), or the link is
    /// lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the monitor set: its `Down` comes and names it.
    pub async fn monitor(&self, name: &str) -> Result<MonitorId, CallError> {
        let (answer, answered) = oneshot::channel();
        let name = name.to_owned();
        self.send(Command::Monitor { name, answer }, answered).await
    }

    async fn send<T>(
        &self,
        command: Command,
        answered: oneshot::Receiver<Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let gone = CallError::Lost(LostReason::Closed);
        match self.commands.send(command).await {
            Ok(()) => answered.await.unwrap_or(Err(gone)),
            Err(_) => Err(gone),
        }
    }

    /// Returns who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Returns the address at which the node was reached.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns what came unasked so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            dropped: self.counts.dropped.load(Ordering::Relaxed),
            refused: self.counts.refused.load(Ordering::Relaxed),
            oversized: self.counts.oversized.load(Ordering::Relaxed),
        }
    }
}

impl Events {
    /// Returns the next event; `None` after [`Event::Lost`].
    ///
    /// Nothing is lost when it is not called for long: then no more monitors can be set.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

/// Attaches to a node: asks EPMD unless the target has a port, connects, shakes hands, and learns what
/// every link must know. A task of its own then drives the link, until it is lost or the last [`Link`] is
/// dropped.
///
/// # Errors
///
/// See [`AttachError`]; each says with [`AttachError::fix`] how to mend it.
///
/// # Cancel safety
///
/// Dropping the future closes the connection; nothing remains.
pub async fn attach(target: &Target, options: &Options) -> Result<(Link, Events), AttachError> {
    let (stream, address) = dial(target, options).await?;
    let handshake = SendName {
        peer: target.name.clone(),
        own: options.own.clone(),
        cookie: options.cookie.clone(),
        challenge: unforeseen(),
    };
    let settings = |width| Settings {
        handshake,
        width,
        limits: options.limits,
    };
    match &options.tls {
        None => up(stream, address, settings(Width::Two)).await,
        Some(tls) => {
            let stream = timeout(CONNECT_MAX, tls.connect(target.name.host(), stream)).await;
            let stream = match stream {
                Ok(stream) => stream.map_err(AttachError::Tls)?,
                Err(_) => return Err(AttachError::Tls(io::ErrorKind::TimedOut.into())),
            };
            let linked = up(stream, address, settings(Width::Four)).await;
            linked.map_err(|error| match error {
                // TLS 1.3 is agreed on before the node has judged our certificate.
                AttachError::TlsRequired => AttachError::Tls(io::Error::new(
                    io::ErrorKind::ConnectionAborted,
                    "the node closed: it may want another certificate",
                )),
                other => other,
            })
        }
    }
}

/// Finds the node's port and connects.
async fn dial(target: &Target, options: &Options) -> Result<(TcpStream, IpAddr), AttachError> {
    let host = target.name.host();
    let port = match target.port {
        Some(port) => port,
        None => port_of(target, options.epmd_port).await?,
    };
    let addresses = epmd::resolve(host, port)
        .await
        .map_err(|source| AttachError::Resolve {
            host: host.to_owned(),
            source,
        })?;
    let stream = epmd::connect(&addresses, CONNECT_MAX)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::ConnectionRefused => AttachError::Refused { port },
            io::ErrorKind::TimedOut => AttachError::ConnectTimeout { port },
            _ => AttachError::Unreachable { port, source },
        })?;
    let unreachable = |source| AttachError::Unreachable { port, source };
    // Small messages that wait for each other's acknowledgements take 40 ms instead of 0.1.
    stream.set_nodelay(true).map_err(unreachable)?;
    let address = stream.peer_addr().map_err(unreachable)?;
    Ok((stream, address.ip().to_canonical()))
}

async fn port_of(target: &Target, epmd_port: u16) -> Result<u16, AttachError> {
    let host = target.name.host();
    let found = epmd::port_of(host, epmd_port, target.name.name()).await;
    match found.map_err(AttachError::EpmdUnreachable)? {
        Some(port) => Ok(port),
        None => {
            let names = epmd::names(host, epmd_port).await;
            let names = names.map_err(AttachError::EpmdUnreachable)?;
            let names = names.into_iter().map(|(name, _)| name).collect();
            Err(AttachError::NotInEpmd { names })
        }
    }
}

/// Returns a number that nobody can foresee: the standard library's hashers are keyed by the system's
/// source of randomness.
fn unforeseen() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    let [b0, b1, b2, b3, ..] = RandomState::new().hash_one(()).to_be_bytes();
    u32::from_be_bytes([b0, b1, b2, b3])
}

/// Brings the connection up, and leaves it to a task.
async fn up<S>(
    stream: S,
    address: IpAddr,
    settings: Settings,
) -> Result<(Link, Events), AttachError>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let monitors_max = settings.limits.monitors;
    let connection = Connection::new(settings, now());
    let (reader, writer) = tokio::io::split(stream);
    let mut wire = Wire {
        connection,
        reader,
        writer,
        output: Vec::new(),
        sent: 0,
        is_flushed: true,
        input: vec![0; READ_BYTES].into(),
    };
    let peer = loop {
        match wire.connection.poll_notice() {
            Some(Notice::Up(peer)) => break peer,
            Some(Notice::Failed(failure)) => return Err(explain(failure)),
            Some(Notice::Lost(reason)) => return Err(explain(Failure::Lost(reason))),
            Some(Notice::Answer { .. } | Notice::Down { .. }) => {}
            None => wire.turn().await,
        }
    };
    let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
    let (sender, events) = mpsc::channel(1);
    let counts = Arc::new(SharedCounts::default());
    let driver = Driver {
        wire,
        commands: receiver,
        events: sender,
        undelivered: VecDeque::new(),
        waiting: HashMap::new(),
        counts: Arc::clone(&counts),
        monitors_max,
    };
    tokio::spawn(driver.run());
    let link = Link {
        commands,
        peer: Arc::new(peer),
        address,
        counts,
    };
    Ok((link, Events { events }))
}

fn explain(failure: Failure) -> AttachError {
    match failure {
        Failure::Handshake(HandshakeError::NotAllowed) => AttachError::NotAllowed,
        Failure::Handshake(HandshakeError::Dialling) => AttachError::Dialling,
        Failure::Handshake(HandshakeError::Version) => AttachError::Version,
        Failure::Handshake(HandshakeError::TlsRequired) | Failure::Closed(Step::Status) => {
            AttachError::TlsRequired
        }
        Failure::Handshake(
            error @ (HandshakeError::WrongName { .. } | HandshakeError::LongAndShort { .. }),
        ) => AttachError::WrongName(error),
        Failure::Closed(Step::Ack) => AttachError::WrongCookieOrSuperseded,
        Failure::Closed(step @ (Step::Challenge | Step::Answers)) => AttachError::Closed(step),
        Failure::Silent(step) => AttachError::Silent(step),
        other @ (Failure::Handshake(HandshakeError::Digest | HandshakeError::Malformed(_))
        | Failure::Lost(_)) => AttachError::Protocol(other),
    }
}

fn now() -> Instant {
    time::Instant::now().into_std()
}

/// A connection and its socket.
struct Wire<S> {
    connection: Connection,
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    output: Vec<u8>,
    sent: usize,
    is_flushed: bool,
    input: Box<[u8]>,
}

impl<S: AsyncRead + AsyncWrite> Wire<S> {
    /// Waits for one thing, bytes or time, and lets the connection know.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: each of its waits is one read, write or timer.
    async fn turn(&mut self) {
        if self.sent == self.output.len()
            && let Some(output) = self.connection.poll_output()
        {
            (self.output, self.sent, self.is_flushed) = (output, 0, false);
        }
        let Some(deadline) = self.connection.next_deadline() else {
            return;
        };
        let unsent = self.output.get(self.sent..).unwrap_or_default();
        let is_sending = !unsent.is_empty() || !self.is_flushed;
        let connection = &mut self.connection;
        tokio::select! {
            read = self.reader.read(&mut self.input) => match read {
                Ok(0) => connection.on_end(&LostReason::Closed),
                Ok(count) => {
                    let bytes = self.input.get(..count).unwrap_or_default();
                    connection.feed(bytes, now());
                }
                Err(error) => connection.on_end(&LostReason::Broken(error.kind())),
            },
            wrote = push(&mut self.writer, unsent), if is_sending => match wrote {
                Ok(None) => self.is_flushed = true,
                Ok(Some(count)) => self.sent = self.sent.saturating_add(count),
                Err(error) => connection.on_end(&LostReason::Broken(error.kind())),
            },
            () = time::sleep_until(deadline.into()) => connection.on_time(now()),
        }
    }
}

/// Writes some of the bytes and returns how many; flushes where there are none, and returns `None`.
async fn push(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<Option<usize>> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| None);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(Some(count)),
    }
}

/// The task that owns a link.
struct Driver<S> {
    wire: Wire<S>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    /// Events that `Events` has no room for yet.
    undelivered: VecDeque<Event>,
    waiting: HashMap<CallId, oneshot::Sender<Result<Term, CallError>>>,
    counts: Arc<SharedCounts>,
    monitors_max: usize,
}

/// What woke the driver.
enum Woken {
    Command(Option<Command>),
    /// `Events` has room for one more, or is gone.
    Room(bool),
    Turn,
}

impl<S: AsyncRead + AsyncWrite> Driver<S> {
    async fn run(mut self) {
        let reason = loop {
            if let Some(reason) = self.take_notices() {
                break reason;
            }
            let next = self.undelivered.front().cloned();
            let woken = tokio::select! {
                command = self.commands.recv() => Woken::Command(command),
                is_sent = deliver(&self.events, next), if !self.undelivered.is_empty() => {
                    Woken::Room(is_sent)
                }
                () = self.wire.turn() => Woken::Turn,
            };
            match woken {
                Woken::Command(Some(command)) => {
                    self.on_command(command);
                    // What came in the meantime leaves in the same write.
                    for _ in 1..COMMANDS_MAX {
                        let Ok(command) = self.commands.try_recv() else {
                            break;
                        };
                        self.on_command(command);
                    }
                }
                Woken::Command(None) => self.wire.connection.on_end(&LostReason::Unused),
                Woken::Room(true) => {
                    self.undelivered.pop_front();
                }
                // Nobody listens.
                Woken::Room(false) => self.undelivered.clear(),
                Woken::Turn => {}
            }
        };
        let Self {
            wire,
            events,
            mut undelivered,
            ..
        } = self;
        // Closed before anybody hears of it, and before the last events wait for being taken.
        drop(wire);
        undelivered.push_back(Event::Lost(reason));
        for event in undelivered {
            if !deliver(&events, Some(event)).await {
                break;
            }
        }
    }

    /// Passes on what the connection has to say; returns why it is lost, if it is.
    fn take_notices(&mut self) -> Option<LostReason> {
        let counts = self.wire.connection.counts();
        self.counts.dropped.store(counts.dropped, Ordering::Relaxed);
        self.counts.refused.store(counts.refused, Ordering::Relaxed);
        self.counts
            .oversized
            .store(counts.oversized, Ordering::Relaxed);
        while let Some(notice) = self.wire.connection.poll_notice() {
            match notice {
                Notice::Answer { call, answer } => {
                    if let Some(waiting) = self.waiting.remove(&call) {
                        // Whoever dropped the call does not want to know.
                        let _ = waiting.send(answer);
                    }
                }
                Notice::Down {
                    monitor,
                    name,
                    reason,
                } => self.undelivered.push_back(Event::Down {
                    monitor,
                    name,
                    reason,
                }),
                Notice::Lost(reason) | Notice::Failed(Failure::Lost(reason)) => {
                    return Some(reason);
                }
                // It was up already.
                Notice::Up(_) | Notice::Failed(_) => {}
            }
        }
        None
    }

    fn on_command(&mut self, command: Command) {
        let connection = &mut self.wire.connection;
        match command {
            Command::Call { call, answer } => {
                if answer.is_closed() {
                    return;
                }
                match connection.call(&call, now()) {
                    Ok(id) => {
                        self.waiting.insert(id, answer);
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error));
                    }
                }
            }
            Command::Monitor { name, answer } => {
                let set = match self.undelivered.len() >= self.monitors_max {
                    true => Err(CallError::Busy),
                    false => connection.monitor(&name),
                };
                let _ = answer.send(set);
            }
        }
    }
}

/// Hands an event over; returns whether anybody can get it.
///
/// # Cancel safety
///
/// Dropping the future hands nothing over.
async fn deliver(events: &mpsc::Sender<Event>, event: Option<Event>) -> bool {
    match (events.reserve().await, event) {
        (Ok(room), Some(event)) => {
            room.send(event);
            true
        }
        (Ok(_), None) => true,
        (Err(_), _) => false,
    }
}
