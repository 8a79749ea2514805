//! A connection to a node as a state machine: bytes and times in, bytes and notices out.
//!
//! ```text
//! feed(bytes) ─┐                    ┌─▶ poll_output() → bytes to send
//! on_time(now) ├─▶  Connection  ────┼─▶ poll_notice() → Up, Answer, Down, Failed, Lost
//! call(Call)  ─┘                    └─▶ next_deadline() → when to call on_time
//! ```
//!
//! Handshake, then two questions that every link needs the answers of (the node's `net_ticktime`, and
//! its `user` process, which leads the group of our callees so that what they print stays over
//! there), then up.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use erlterm::{
    Term,
    etf::{DecodeError, Pid, Reference, TermRef, decode, decode_frame},
};

use crate::{
    call::{self, ATOM_CHARS_MAX, Call, CallError, CallId},
    frame::{self, Frame, Frames, Width},
    handshake::{AwaitAck, AwaitChallenge, AwaitStatus, HandshakeError, Named, SendName},
    message::{PASS_THROUGH, control, number_of, owned, put, reference, us},
    name::NodeName,
    pending::{Asked, Pending, PendingCalls},
    refusal::{Unasked, refuse},
};

#[cfg(test)]
mod tests;

/// How long the handshake and the two questions may take. A node closes half-open links as late.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(7);

/// How long a call may take.
pub const CALL_MAX: Duration = Duration::from_secs(5);

/// Calls that may wait for their answers at once.
pub const PENDING_MAX: usize = 1024;

/// Monitors at once.
pub const MONITORS_MAX: usize = 1024;

/// Bytes that may wait to be sent; a node that does not read gets no more of ours.
pub const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// What nodes use for `net_ticktime` unless told otherwise.
const TICKTIME_DEFAULT: Duration = Duration::from_secs(60);

/// The longest silence that we bear, whatever the node's `net_ticktime`.
const TICKTIME_MAX: Duration = Duration::from_secs(3600);

/// Ticks in one `net_ticktime`.
const TICKS: u32 = 4;

/// How a connection begins.
#[derive(Debug)]
pub struct Settings {
    /// Who shakes hands with whom.
    pub handshake: SendName,
    /// The width of lengths in the handshake: two bytes over TCP, four over TLS.
    pub width: Width,
    /// Its bounds.
    pub limits: Limits,
}

/// Bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// [`HANDSHAKE_MAX`].
    pub handshake: Duration,
    /// [`CALL_MAX`].
    pub call: Duration,
    /// [`PENDING_MAX`].
    pub pending: usize,
    /// [`MONITORS_MAX`].
    pub monitors: usize,
    /// [`frame::FRAME_BYTES_MAX`].
    pub frame_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: HANDSHAKE_MAX,
            call: CALL_MAX,
            pending: PENDING_MAX,
            monitors: MONITORS_MAX,
            frame_bytes: frame::FRAME_BYTES_MAX,
        }
    }
}

/// What a connection has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// It is up: calls may be made.
    Up(Peer),
    /// The answer to a call.
    Answer {
        /// Which.
        call: CallId,
        /// The value, or why there is none.
        answer: Result<Term, CallError>,
    },
    /// What was monitored is gone, and the monitor with it.
    Down {
        /// Which.
        monitor: MonitorId,
        /// The name that was monitored.
        name: String,
        /// Why; `noproc` if it was not there.
        reason: Term,
    },
    /// It did not come up. The last notice.
    Failed(Failure),
    /// It was up and is lost; calls that waited have got their answers. The last notice.
    Lost(LostReason),
}

/// What is known of a link that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The node's name.
    pub node: NodeName,
    /// Our own name over there.
    pub own: NodeName,
    /// The node's `net_ticktime`.
    pub ticktime: Duration,
}

/// Why a connection did not come up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The node, or we, said no.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The node closed while this was awaited.
    #[error("the node closed the connection before its {0}")]
    Closed(Step),
    /// The node sent nothing while this was awaited.
    #[error("the node sent no {0} in time")]
    Silent(Step),
    /// The node broke the rules after the handshake.
    #[error(transparent)]
    Lost(LostReason),
}

/// What is awaited from a node before a link is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its status, after our name.
    Status,
    /// Its challenge.
    Challenge,
    /// Its acknowledgement, after our challenge reply. Closed here means: the cookie is wrong, or a
    /// newer link took our place.
    Ack,
    /// Its first answers.
    Answers,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Status => "status",
            Self::Challenge => "challenge",
            Self::Ack => "acknowledgement",
            Self::Answers => "first answers",
        })
    }
}

/// Why a link that was up is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LostReason {
    /// The node closed it: it went down, or it gave us up.
    #[error("the node closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(std::io::ErrorKind),
    /// Not a byte for one whole `net_ticktime`.
    #[error("the node was silent for {} s", .0.as_secs())]
    Silent(Duration),
    /// The node sent what no node sends.
    #[error("the node sent {0}")]
    Protocol(&'static str),
    /// We closed it ourselves.
    #[error("nobody uses the link any more")]
    Unused,
}

/// A monitor that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonitorId(u64);

/// What came unasked or was passed over, since the link is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that nobody asked for and nobody waits for an answer to.
    pub dropped: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Frames beyond the bound.
    pub oversized: u64,
}

/// A connection, from the first byte to its end.
#[derive(Debug)]
pub struct Connection {
    phase: Phase,
    node: NodeName,
    own: Option<Named>,
    width: Width,
    limits: Limits,
    frames: Frames,
    output: Vec<u8>,
    notices: VecDeque<Notice>,
    pending: PendingCalls,
    monitors: HashMap<u64, String>,
    /// The last number given to a call or a monitor.
    number: u64,
    leader: Option<Pid<'static>>,
    ticktime: Duration,
    heard: Instant,
    ticked: Instant,
    up_by: Instant,
    counts: Counts,
}

#[derive(Debug)]
enum Phase {
    Status(AwaitStatus),
    Challenge(AwaitChallenge),
    Ack(AwaitAck),
    Learning,
    Up,
    Closed,
}

impl Connection {
    /// Begins: the first message waits to be sent.
    #[must_use]
    pub fn new(settings: Settings, now: Instant) -> Self {
        let Settings {
            handshake,
            width,
            limits,
        } = settings;
        let mut connection = Self {
            phase: Phase::Closed,
            node: handshake.peer.clone(),
            own: None,
            width,
            limits,
            frames: Frames::of_handshake(width),
            output: Vec::new(),
            notices: VecDeque::new(),
            pending: PendingCalls::new(limits.pending),
            monitors: HashMap::new(),
            number: 0,
            leader: None,
            ticktime: TICKTIME_DEFAULT,
            heard: now,
            ticked: now,
            up_by: later(now, limits.handshake),
            counts: Counts::default(),
        };
        match handshake.start() {
            Ok((message, next)) => {
                frame::write(width, &message, &mut connection.output);
                connection.phase = Phase::Status(next);
            }
            Err(error) => connection.fail(error.into()),
        }
        connection
    }

    /// Takes bytes from the node.
    pub fn feed(&mut self, bytes: &[u8], now: Instant) {
        self.heard = now;
        let mut rest = bytes;
        let mut is_ticked = false;
        while !matches!(self.phase, Phase::Closed) {
            let Some(frame) = self.frames.next(&mut rest) else {
                break;
            };
            match &self.phase {
                Phase::Status(_) | Phase::Challenge(_) | Phase::Ack(_) => {
                    self.on_handshake(&frame, now);
                }
                Phase::Learning | Phase::Up => match &frame {
                    Frame::Tick => is_ticked = true,
                    Frame::Whole(bytes) => self.on_frame(bytes),
                    Frame::Oversized { length, head } => self.on_oversized(*length, head),
                },
                Phase::Closed => {}
            }
        }
        // One for all that came at once: a flood of ticks is not answered by one.
        if is_ticked && matches!(self.phase, Phase::Learning | Phase::Up) {
            self.tick(now);
        }
    }

    /// Takes note that the node closed the connection, or that it broke.
    pub fn on_end(&mut self, reason: &LostReason) {
        match self.step() {
            Some(step) => self.fail(Failure::Closed(step)),
            None => self.lose(reason),
        }
    }

    /// Does what is due. To be called at [`Self::next_deadline`], or whenever.
    pub fn on_time(&mut self, now: Instant) {
        while let Some((number, pending)) = self.pending.expired(now) {
            self.kill(pending.callee.as_ref());
            self.answered(number, &pending, Err(CallError::Timeout));
        }
        if let Some(step) = self.step() {
            if now >= self.up_by {
                self.fail(Failure::Silent(step));
            }
        } else if now >= later(self.heard, self.ticktime) {
            self.lose(&LostReason::Silent(self.ticktime));
        }
        if self.is_linked() && now >= self.next_tick() {
            self.tick(now);
        }
    }

    /// Returns when [`Self::on_time`] has something to do; `None` once it is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let own = match &self.phase {
            Phase::Closed => return None,
            Phase::Status(_) | Phase::Challenge(_) | Phase::Ack(_) => self.up_by,
            Phase::Learning => self.up_by.min(self.next_tick()),
            Phase::Up => later(self.heard, self.ticktime).min(self.next_tick()),
        };
        let calls = self.pending.next_deadline();
        Some(calls.map_or(own, |calls| calls.min(own)))
    }

    /// Returns the bytes to be sent, in one write if possible.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        match self.output.is_empty() {
            true => None,
            false => Some(std::mem::take(&mut self.output)),
        }
    }

    /// Returns what there is to say, in order.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Asks. The answer comes as [`Notice::Answer`].
    ///
    /// # Errors
    ///
    /// The link is not up, too many calls wait, or a name is no atom.
    pub fn call(&mut self, call: &Call, now: Instant) -> Result<CallId, CallError> {
        if !matches!(self.phase, Phase::Up) {
            return Err(CallError::Lost(LostReason::Closed));
        }
        self.ask(call, Asked::Owner, now).map(CallId)
    }

    /// Monitors the process registered as `name`. Its end, or that there is none, comes as
    /// [`Notice::Down`].
    ///
    /// # Errors
    ///
    /// The link is not up, too many monitors are set, or the name is no atom.
    pub fn monitor(&mut self, name: &str) -> Result<MonitorId, CallError> {
        let (Phase::Up, Some(own)) = (&self.phase, &self.own) else {
            return Err(CallError::Lost(LostReason::Closed));
        };
        if name.chars().count() > ATOM_CHARS_MAX {
            return Err(CallError::Name);
        }
        if self.monitors.len() >= self.limits.monitors || self.output.len() > OUTPUT_BYTES_MAX {
            return Err(CallError::Busy);
        }
        self.number = self.number.saturating_add(1);
        let message = TermRef::Tuple(vec![
            TermRef::Integer(control::MONITOR_P),
            TermRef::Pid(us(own)),
            TermRef::Atom(Cow::Borrowed(name)),
            TermRef::Reference(reference(own, self.number)),
        ]);
        put(&message, None, &mut self.output);
        self.monitors.insert(self.number, name.to_owned());
        Ok(MonitorId(self.number))
    }

    /// Returns what came unasked so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    // The handshake.

    fn on_handshake(&mut self, frame: &Frame<'_>, now: Instant) {
        let message = match frame {
            Frame::Whole(message) => message,
            Frame::Tick => &Cow::Borrowed(&[][..]),
            // A TLS alert begins with its type and version where the length would be.
            Frame::Oversized { length, .. } => {
                let bytes = length.to_be_bytes();
                let is_alert = bytes.windows(2).any(|it| it == [0x15, 0x03]);
                let error = match is_alert {
                    true => HandshakeError::TlsRequired,
                    false => HandshakeError::Malformed("message"),
                };
                return self.fail(error.into());
            }
        };
        let next = match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Status(state) => state.on_message(message).map(|(answer, next)| {
                if let Some(answer) = answer {
                    frame::write(self.width, &answer, &mut self.output);
                }
                Phase::Challenge(next)
            }),
            Phase::Challenge(state) => state.on_message(message).map(|(reply, next)| {
                frame::write(self.width, &reply, &mut self.output);
                Phase::Ack(next)
            }),
            Phase::Ack(state) => state.on_message(message).map(|own| {
                self.own = Some(own);
                Phase::Learning
            }),
            other @ (Phase::Learning | Phase::Up | Phase::Closed) => Ok(other),
        };
        match next {
            Err(error) => self.fail(error.into()),
            Ok(phase) => {
                self.phase = phase;
                if matches!(self.phase, Phase::Learning) {
                    self.learn(now);
                }
            }
        }
    }

    /// The link is there; asks what must be known before anything else.
    fn learn(&mut self, now: Instant) {
        self.frames = Frames::of_link(self.limits.frame_bytes);
        self.ticked = now;
        let user = Call::Whereis {
            name: "user".to_owned(),
        };
        let asked = self
            .ask(&Call::NetTicktime, Asked::Ticktime, now)
            .and_then(|_| self.ask(&user, Asked::Leader, now));
        debug_assert!(asked.is_ok(), "nothing waits yet");
    }

    // Messages of a link.

    fn on_frame(&mut self, bytes: &[u8]) {
        let Some(bytes) = bytes.strip_prefix(&[PASS_THROUGH]) else {
            return self.lose(&LostReason::Protocol("a frame of a kind not agreed on"));
        };
        let Ok((TermRef::Tuple(message), payload)) = decode_frame(bytes) else {
            return self.lose(&LostReason::Protocol("an unreadable control message"));
        };
        match message.as_slice() {
            [
                TermRef::Integer(control::SPAWN_REPLY | control::SPAWN_REPLY_TT),
                TermRef::Reference(made),
                _,
                _,
                result,
                ..,
            ] => self.on_spawned(made, result),
            [
                TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
                _,
                _,
                TermRef::Reference(made),
            ] => self.on_down(made, || decode(payload)),
            [
                TermRef::Integer(control::MONITOR_P_EXIT),
                _,
                _,
                TermRef::Reference(made),
                reason,
            ] => self.on_down(made, || Ok(reason.clone())),
            other => self.on_unasked(other, payload),
        }
    }

    fn on_spawned(&mut self, made: &Reference<'_>, result: &TermRef<'_>) {
        let Some(number) = self.number_of(made) else {
            self.counts.dropped = self.counts.dropped.saturating_add(1);
            return;
        };
        match (result, self.pending.get_mut(number)) {
            (TermRef::Pid(callee), Some(pending)) => pending.callee = Some(owned(callee)),
            // It was given up before we knew whom to end.
            (TermRef::Pid(callee), None) => {
                self.counts.dropped = self.counts.dropped.saturating_add(1);
                self.kill(Some(&owned(callee)));
            }
            (other, Some(_)) => {
                let error = CallError::NotSpawned(other.to_term().to_string());
                if let Some(pending) = self.pending.take(number) {
                    self.answered(number, &pending, Err(error));
                }
            }
            (_, None) => self.counts.dropped = self.counts.dropped.saturating_add(1),
        }
    }

    fn on_down<'a>(
        &mut self,
        made: &Reference<'_>,
        reason: impl FnOnce() -> Result<TermRef<'a>, DecodeError>,
    ) {
        let number = self.number_of(made);
        if let Some((number, pending)) =
            number.and_then(|number| Some((number, self.pending.take(number)?)))
        {
            match reason() {
                Ok(reason) => self.on_answer(number, &pending, &reason),
                Err(error) => {
                    self.answered(number, &pending, Err(CallError::Unreadable(error)));
                }
            }
        } else if let Some((number, name)) =
            number.and_then(|number| Some((number, self.monitors.remove(&number)?)))
        {
            // That it is gone counts, even if why can't be read.
            let reason = reason().map_or_else(|_| Term::atom("unreadable"), |it| it.to_term());
            self.notices.push_back(Notice::Down {
                monitor: MonitorId(number),
                name,
                reason,
            });
        } else {
            self.counts.dropped = self.counts.dropped.saturating_add(1);
        }
    }

    fn on_answer(&mut self, number: u64, pending: &Pending, reason: &TermRef<'_>) {
        // A process stays one only as long as the bytes are there.
        if let (Asked::Leader, TermRef::Tuple(parts)) = (pending.asked, reason)
            && let [_, _, TermRef::Pid(user)] = parts.as_slice()
        {
            self.leader = Some(owned(user));
        }
        self.answered(number, pending, call::answer(reason));
    }

    fn on_unasked(&mut self, message: &[TermRef<'_>], payload: &[u8]) {
        let unasked = match &self.own {
            // A node that floods us without reading gets no more answers.
            Some(own) if self.output.len() <= OUTPUT_BYTES_MAX => {
                refuse(&us(own), message, payload, &mut self.output)
            }
            Some(_) | None => Unasked::Dropped,
        };
        let count = match unasked {
            Unasked::Refused => &mut self.counts.refused,
            Unasked::Dropped => &mut self.counts.dropped,
        };
        *count = count.saturating_add(1);
    }

    /// Fails the call whose answer is too large, if its beginning tells which.
    fn on_oversized(&mut self, length: usize, head: &[u8]) {
        self.counts.oversized = self.counts.oversized.saturating_add(1);
        let Some(bytes) = head.strip_prefix(&[PASS_THROUGH]) else {
            return;
        };
        let Ok((TermRef::Tuple(message), _)) = decode_frame(bytes) else {
            return;
        };
        if let [
            TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT),
            _,
            _,
            TermRef::Reference(made),
        ] = message.as_slice()
            && let Some(number) = self.number_of(made)
            && let Some(pending) = self.pending.take(number)
        {
            self.answered(number, &pending, Err(CallError::TooLarge(length)));
        }
    }

    // Calls.

    fn ask(&mut self, call: &Call, asked: Asked, now: Instant) -> Result<u64, CallError> {
        let own = self
            .own
            .as_ref()
            .ok_or(CallError::Lost(LostReason::Closed))?;
        if self.pending.is_full() || self.output.len() > OUTPUT_BYTES_MAX {
            return Err(CallError::Busy);
        }
        let number = self.number.saturating_add(1);
        let made = TermRef::Reference(reference(own, number));
        let erpc = ["erpc", "execute_call"].map(TermRef::atom);
        let [module, function] = erpc;
        let message = TermRef::Tuple(vec![
            TermRef::Integer(control::SPAWN_REQUEST),
            made.clone(),
            TermRef::Pid(us(own)),
            TermRef::Pid(self.leader.clone().unwrap_or_else(|| us(own))),
            TermRef::Tuple(vec![module, function, TermRef::Integer(4)]),
            TermRef::List(vec![TermRef::atom("monitor")]),
        ]);
        let arguments = call.arguments(made)?;
        put(&message, Some(&arguments), &mut self.output);
        self.number = number;
        self.pending
            .insert(number, asked, later(now, self.limits.call));
        Ok(number)
    }

    fn answered(&mut self, number: u64, pending: &Pending, answer: Result<Term, CallError>) {
        let is_late = answer == Err(CallError::Timeout);
        match pending.asked {
            Asked::Owner => self.notices.push_back(Notice::Answer {
                call: CallId(number),
                answer,
            }),
            Asked::Ticktime => {
                let told = answer.as_ref().ok().and_then(ticktime);
                self.ticktime = told.unwrap_or(TICKTIME_DEFAULT).min(TICKTIME_MAX);
            }
            // Where there is no such process our own one leads, and refuses to print.
            Asked::Leader => {}
        }
        let is_ours = pending.asked != Asked::Owner;
        if is_ours && is_late && matches!(self.phase, Phase::Learning) {
            return self.fail(Failure::Silent(Step::Answers));
        }
        // They come in any order: the one that asks a process over there takes longer.
        if matches!(self.phase, Phase::Learning) && self.pending.is_empty() {
            self.rise();
        }
    }

    fn rise(&mut self) {
        let Some(own) = &self.own else { return };
        self.notices.push_back(Notice::Up(Peer {
            node: self.node.clone(),
            own: own.name.clone(),
            ticktime: self.ticktime,
        }));
        self.phase = Phase::Up;
    }

    /// Ends a process that worked for a call of ours and that nobody waits for any more.
    fn kill(&mut self, callee: Option<&Pid<'static>>) {
        if let (Some(callee), Some(own)) = (callee, &self.own) {
            let exit = TermRef::Tuple(vec![
                TermRef::Integer(control::PAYLOAD_EXIT2),
                TermRef::Pid(us(own)),
                TermRef::Pid(callee.clone()),
            ]);
            put(&exit, Some(&TermRef::atom("kill")), &mut self.output);
        }
    }

    // Time and end.

    fn tick(&mut self, now: Instant) {
        self.ticked = now;
        if self.output.is_empty() {
            self.output.extend_from_slice(&[0; 4]);
        }
    }

    fn next_tick(&self) -> Instant {
        let quarter = self.ticktime.checked_div(TICKS).unwrap_or(self.ticktime);
        later(self.ticked, quarter)
    }

    fn is_linked(&self) -> bool {
        matches!(self.phase, Phase::Learning | Phase::Up)
    }

    fn number_of(&self, made: &Reference<'_>) -> Option<u64> {
        number_of(self.own.as_ref()?, made)
    }

    /// What is awaited; `None` once the link is up or over.
    fn step(&self) -> Option<Step> {
        match &self.phase {
            Phase::Status(_) => Some(Step::Status),
            Phase::Challenge(_) => Some(Step::Challenge),
            Phase::Ack(_) => Some(Step::Ack),
            Phase::Learning => Some(Step::Answers),
            Phase::Up | Phase::Closed => None,
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.phase = Phase::Closed;
        self.notices.push_back(Notice::Failed(failure));
    }

    fn lose(&mut self, reason: &LostReason) {
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closed => {}
            Phase::Status(_) | Phase::Challenge(_) | Phase::Ack(_) | Phase::Learning => {
                self.fail(Failure::Lost(reason.clone()));
            }
            Phase::Up => {
                let lost = || Err(CallError::Lost(reason.clone()));
                while let Some((number, _)) = self.pending.pop() {
                    let call = CallId(number);
                    let answer = lost();
                    self.notices.push_back(Notice::Answer { call, answer });
                }
                self.monitors.clear();
                self.output.clear();
                self.notices.push_back(Notice::Lost(reason.clone()));
            }
        }
    }
}

/// Reads the answer of `net_kernel:get_net_ticktime/0`: seconds, or `{ongoing_change_to, Seconds}`.
fn ticktime(answer: &Term) -> Option<Duration> {
    let seconds = match answer.as_pair() {
        Some(("ongoing_change_to", seconds)) => seconds.as_integer(),
        Some(_) | None => answer.as_integer(),
    };
    let seconds = u64::try_from(seconds?).ok().filter(|it| *it > 0)?;
    Some(Duration::from_secs(seconds))
}

fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}
