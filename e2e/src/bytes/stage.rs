//! Plays a case: a raw client before a gateway, a recording upstream behind it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    Case, HOST, Step,
    observed::{Line, Next, Observed},
    reading::{Kind, Message, read},
    recorder::{PROBE, Recorder},
    text,
};

/// Longer requests come in pieces of this many bytes where they drip.
const DRIPPED_BYTES_MAX: usize = 2048;

/// How a client's bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each piece of a case in one write.
    Whole,
    /// Each byte in a write of its own.
    Dripped,
}

/// Where cases are played.
#[derive(Debug)]
pub struct Stage {
    gateway: SocketAddr,
    upstream: Recorder,
    /// How long to wait for what is expected.
    patience: Duration,
    probes: usize,
}

/// The client's connection.
struct Client {
    stream: TcpStream,
    got: Vec<u8>,
    has_ended: bool,
    /// So many answers have no body, being to HEAD.
    to_head: usize,
}

/// What the bytes of a client's connection are.
#[derive(Default)]
struct Answers {
    messages: Vec<Message>,
    rest: Vec<u8>,
}

impl Stage {
    /// A gateway that leads [`HOST`] to the upstream.
    #[must_use]
    pub fn new(gateway: SocketAddr, upstream: Recorder, patience: Duration) -> Self {
        Self {
            gateway,
            upstream,
            patience,
            probes: 0,
        }
    }

    /// Plays a case, and looks whether all is well after it.
    pub fn play(&mut self, case: &Case, pace: Pace) -> Observed {
        self.upstream.script(&case.replies);
        let mut observed = Observed::default();
        let heads = case.expected.heads();
        let to_head = if case.is_head { heads } else { 0 };
        let mut client = Client::connect(self.gateway, to_head);
        let mut half_closed = false;
        for step in &case.steps {
            half_closed |= matches!(step, Step::End);
            self.step(step, &mut client, pace);
        }
        let until_end = case.expected.waits_for_end();
        client.read_until(self.patience, |client| {
            let answers = client.answers();
            let whole = answers.messages.iter().filter(|it| it.whole).count();
            whole >= heads && (!until_end || case.expected.has_other(&answers.messages))
        });
        if client.has_ended {
            observed.line = Line::Ended;
        } else if case.expected.takes_requests() && !half_closed {
            observed.next = self.ask_next(&mut client);
            if observed.next == Next::None && client.has_ended {
                // It was about to end when it was asked.
                (observed.line, observed.next) = (Line::Ended, Next::Unasked);
            }
        }
        let answers = client.answers();
        (observed.answers, observed.rest) = (answers.messages, answers.rest);
        if observed.next == Next::Own {
            observed.answers.pop();
        }
        drop(client);
        observed.stranger = self.ask_as_stranger();
        observed.connections = self.upstream.finish(self.patience);
        observed
    }

    fn step(&self, step: &Step, client: &mut Client, pace: Pace) {
        match step {
            Step::Send(bytes) => client.send(bytes, pace),
            Step::AwaitHeads(count) => {
                client.read_until(self.patience, |it| it.answers().messages.len() >= *count);
            }
            Step::AwaitTunnel(count) => {
                client.read_until(self.patience, |it| it.answers().rest.len() >= *count);
            }
            Step::AwaitUpstream(count) => self.upstream.await_heads(*count, self.patience),
            Step::UpstreamSays(bytes) => self.upstream.say(bytes),
            // It may have ended already.
            Step::End => drop(client.stream.shutdown(Shutdown::Write)),
        }
    }

    /// Asks for something of its own on the case's connection, as the last request there.
    fn ask_next(&mut self, client: &mut Client) -> Next {
        let before = client.answers();
        let target = self.probe();
        client.send(&ask(&target), Pace::Whole);
        // What the connection brings is read to its end: it may be more than one answer.
        client.read_until(self.patience, |it| {
            let last = it.answers().messages.pop();
            last.is_some_and(|last| last.body == target.as_bytes())
        });
        let after = client.answers();
        match after.messages.last() {
            Some(last) if last.body == target.as_bytes() && last.second() == "200" => Next::Own,
            Some(last) if after.messages.len() > before.messages.len() => {
                Next::Other(shown(&last.start, &last.body))
            }
            Some(_) | None if !after.rest.is_empty() => Next::Other(shown("", &after.rest)),
            Some(_) | None => Next::None,
        }
    }

    /// Asks on a connection of its own; returns what is wrong with the answer.
    fn ask_as_stranger(&mut self) -> Option<String> {
        let target = self.probe();
        let mut client = Client::connect(self.gateway, 0);
        client.send(&ask(&target), Pace::Whole);
        client.read_until(self.patience, |it| {
            it.answers().messages.iter().any(|it| it.whole)
        });
        match &client.answers().messages[..] {
            [only] if only.body == target.as_bytes() && only.second() == "200" => None,
            [first, ..] => Some(shown(&first.start, &first.body)),
            [] => Some("no answer".to_owned()),
        }
    }

    fn probe(&mut self) -> String {
        self.probes += 1;
        format!("{PROBE}{}", self.probes)
    }
}

fn ask(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").into_bytes()
}

fn shown(start: &str, body: &[u8]) -> String {
    let body: String = text(body).chars().take(40).collect();
    format!("{start:?} {body:?}")
}

impl Client {
    fn connect(address: SocketAddr, to_head: usize) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            got: Vec::new(),
            has_ended: false,
            to_head,
        }
    }

    /// Sends bytes; a gateway that hangs up meanwhile is seen by the next read.
    fn send(&mut self, bytes: &[u8], pace: Pace) {
        let piece = match pace {
            Pace::Whole => bytes.len(),
            Pace::Dripped if bytes.len() > DRIPPED_BYTES_MAX => DRIPPED_BYTES_MAX,
            Pace::Dripped => 1,
        };
        for piece in bytes.chunks(piece.max(1)) {
            if self.stream.write_all(piece).is_err() {
                return;
            }
        }
    }

    /// Reads until there is enough, the connection ends, or patience does.
    fn read_until(&mut self, patience: Duration, is_enough: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        let mut scratch = vec![0; 64 * 1024];
        while !self.has_ended && !is_enough(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            match self.stream.read(&mut scratch) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.got.extend_from_slice(&scratch[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return,
                    ErrorKind::Interrupted => {}
                    _ => self.has_ended = true,
                },
            }
        }
    }

    /// What has come so far.
    fn answers(&self) -> Answers {
        let mut answers = Answers::default();
        let mut at = 0;
        let kind = |index: usize| Kind::Answer {
            to_head: index < self.to_head,
            at_end: self.has_ended,
        };
        while let Some((message, used)) = read(&self.got[at..], kind(answers.messages.len())) {
            at += used;
            let is_last = message.second() == "101" || !message.whole;
            answers.messages.push(message);
            if is_last {
                break;
            }
        }
        answers.rest = self.got[at..].to_vec();
        answers
    }
}
