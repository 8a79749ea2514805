//! A socket of either family, with what the worker remembers of it between turns.

use std::{
    io::{self, ErrorKind, IoSlice, Read, Write},
    net::Shutdown,
    time::Duration,
};

use exchange::Flow;
use mio::{
    Interest, Registry, Token,
    event::{Event, Source},
    net::{TcpStream, UnixStream},
};
use socket2::SockRef;

/// Emptied buffers kept for reuse, in one worker.
const SPARE_BUFFERS_MAX: usize = 64;
/// A buffer that grew beyond this is given back to the allocator instead.
const SPARE_BYTES_MAX: usize = 256 * 1024;

/// Up to here head and body are put together and sent as one: copying them costs less than what the
/// kernel does to gather two parts.
const JOINED_BYTES_MAX: usize = 8 * 1024;

/// A connected stream, TCP or Unix.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).read(into),
            Self::Unix(stream) => (&mut &*stream).read(into),
        }
    }

    fn write(&self, head: &[u8], body: &[u8]) -> io::Result<usize> {
        // A plain write is cheaper than a vectored one with an empty part.
        let parts = [IoSlice::new(head), IoSlice::new(body)];
        match (self, head.is_empty(), body.is_empty()) {
            (Self::Tcp(stream), true, _) => (&mut &*stream).write(body),
            (Self::Tcp(stream), false, true) => (&mut &*stream).write(head),
            (Self::Tcp(stream), false, false) => (&mut &*stream).write_vectored(&parts),
            (Self::Unix(stream), true, _) => (&mut &*stream).write(body),
            (Self::Unix(stream), false, true) => (&mut &*stream).write(head),
            (Self::Unix(stream), false, false) => (&mut &*stream).write_vectored(&parts),
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
        }
    }
}

/// Bytes that wait for the socket to take them.
#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    sent: usize,
}

/// The spare buffers of one worker.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// Where head and body of one send are put together.
    joined: Vec<u8>,
    // Boxed because that is what a socket holds: eight bytes while nothing waits.
    #[allow(clippy::vec_box, reason = "the boxes are what is reused")]
    spare: Vec<Box<Waiting>>,
}

impl Buffers {
    /// Puts two parts together where that is cheaper than sending two.
    fn join<'a>(&'a mut self, head: &'a [u8], body: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        if head.is_empty() || body.is_empty() || head.len() + body.len() > JOINED_BYTES_MAX {
            return (head, body);
        }
        self.joined.clear();
        self.joined.extend_from_slice(head);
        self.joined.extend_from_slice(body);
        (&self.joined, &[])
    }

    fn take(&mut self) -> Box<Waiting> {
        self.spare.pop().unwrap_or_default()
    }

    fn give_back(&mut self, mut waiting: Box<Waiting>) {
        if self.spare.len() < SPARE_BUFFERS_MAX && waiting.bytes.capacity() <= SPARE_BYTES_MAX {
            waiting.bytes.clear();
            waiting.sent = 0;
            self.spare.push(waiting);
        }
    }
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// So many bytes are in the buffer.
    Bytes(usize),
    /// Nothing now; the reactor will tell.
    Nothing,
    /// The peer sends no more.
    End,
    /// The connection is broken.
    Broken,
}

/// What became of the bytes that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All are with the kernel.
    All,
    /// Some, and more wait.
    Some,
    /// None, for now.
    Nothing,
    /// The connection is broken; they were thrown away.
    Broken,
}

/// A registered stream. The registration is edge-triggered and never changes, so what the reactor
/// told is remembered here until a call shows otherwise.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    waiting: Option<Box<Waiting>>,
    /// There may be bytes, or an end, to read.
    readable: bool,
    writable: bool,
    /// The peer's end is known to stand behind the bytes: a short read does not mean drained.
    end_ahead: bool,
    /// The peer's end was read.
    ended: bool,
    /// A call failed: nothing can be sent any more.
    broken: bool,
    /// Both directions are closed, as the reactor tells after a reset.
    hung_up: bool,
    /// Whether anyone wants the bytes.
    reading: bool,
}

impl Socket {
    /// Registers a stream, for its whole life. A stream that is connected can be tried at once.
    pub(crate) fn register(
        mut stream: Stream,
        connected: bool,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        registry.register(
            stream.source(),
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok(Self {
            stream,
            waiting: None,
            readable: connected,
            writable: connected,
            end_ahead: false,
            ended: false,
            broken: false,
            hung_up: false,
            reading: true,
        })
    }

    /// Remembers what the reactor told.
    pub(crate) fn note(&mut self, event: &Event) {
        let closed = event.is_read_closed();
        self.readable |= event.is_readable() || closed || event.is_error();
        self.writable |= event.is_writable();
        self.end_ahead |= closed || event.is_error();
        self.hung_up |= closed && event.is_write_closed();
    }

    /// Reads once. A read that does not fill the buffer has drained the socket: the read that
    /// would only tell so is spared, unless an end is known to follow.
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> Received {
        loop {
            match self.stream.read(into) {
                Ok(0) => {
                    self.readable = false;
                    self.ended = true;
                    // A failed write has taken the error that this read would have told.
                    return if self.broken {
                        Received::Broken
                    } else {
                        Received::End
                    };
                }
                Ok(count) => {
                    self.readable = count == into.len() || self.end_ahead;
                    return Received::Bytes(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return Received::Nothing;
                }
                Err(_) => {
                    self.readable = false;
                    self.ended = true;
                    self.break_off();
                    return Received::Broken;
                }
            }
        }
    }

    /// Sends both parts in one call. What the socket does not take is copied and waits.
    pub(crate) fn send(&mut self, head: &[u8], body: &[u8], buffers: &mut Buffers) -> Flow {
        if self.broken {
            return Flow::Clear;
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.bytes.drain(..waiting.sent);
            waiting.sent = 0;
            waiting.bytes.extend_from_slice(head);
            waiting.bytes.extend_from_slice(body);
            return Flow::Full;
        }
        let sent = if self.writable {
            let (head, body) = buffers.join(head, body);
            self.write(head, body)
        } else {
            Some(0)
        };
        let Some(sent) = sent else { return Flow::Clear };
        if sent == head.len() + body.len() {
            return Flow::Clear;
        }
        let mut waiting = buffers.take();
        waiting
            .bytes
            .extend_from_slice(&head[sent.min(head.len())..]);
        waiting
            .bytes
            .extend_from_slice(&body[sent.saturating_sub(head.len())..]);
        self.waiting = Some(waiting);
        Flow::Full
    }

    /// Sends what waits, as far as the socket takes it.
    pub(crate) fn flush(&mut self, buffers: &mut Buffers) -> Flushed {
        let Some(mut waiting) = self.waiting.take() else {
            return Flushed::All;
        };
        let Some(sent) = self.write(&waiting.bytes[waiting.sent..], &[]) else {
            buffers.give_back(waiting);
            return Flushed::Broken;
        };
        waiting.sent += sent;
        if waiting.sent < waiting.bytes.len() {
            self.waiting = Some(waiting);
            return match sent {
                0 => Flushed::Nothing,
                _ => Flushed::Some,
            };
        }
        buffers.give_back(waiting);
        Flushed::All
    }

    /// Throws away what waits.
    pub(crate) fn discard(&mut self, buffers: &mut Buffers) {
        if let Some(waiting) = self.waiting.take() {
            buffers.give_back(waiting);
        }
    }

    /// Turns reading on or off. Returns whether there may be something to read already, of which
    /// the reactor will not tell again.
    pub(crate) fn set_reading(&mut self, on: bool) -> bool {
        self.reading = on;
        self.wants_read()
    }

    /// Returns whether a read is wanted and may bring something.
    pub(crate) fn wants_read(&self) -> bool {
        self.reading && self.readable && !self.ended
    }

    /// Returns whether there are waiting bytes that the socket may take.
    pub(crate) fn wants_flush(&self) -> bool {
        self.waiting.is_some() && self.writable
    }

    /// Returns whether bytes wait.
    pub(crate) fn has_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Returns whether nothing can be sent any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Returns whether the peer has left in both directions, as far as the reactor has told.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.hung_up
    }

    /// Returns whether the peer's end was read.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Returns whether a later exchange may use the connection: both directions open, and nothing
    /// on its way in either, as far as is known.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.broken && !self.ended && !self.end_ahead && self.waiting.is_none()
    }

    /// Returns whether nothing stands behind what was read, and turns reading on so that it is
    /// noticed if anything comes. After a read that filled the buffer only another read can tell.
    pub(crate) fn is_silent(&mut self) -> bool {
        !self.set_reading(true) || self.receive(&mut [0]) == Received::Nothing
    }

    /// Returns whether a connect that was begun is done; an error if it failed.
    pub(crate) fn is_connected(&self) -> io::Result<bool> {
        let Stream::Tcp(stream) = &self.stream else {
            return Ok(true);
        };
        if !self.writable && !self.end_ahead {
            return Ok(false);
        }
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        // Being writable is not yet proof on every system; having a peer is.
        match stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected && !self.end_ahead => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends our direction.
    pub(crate) fn shut_down_sending(&self) {
        // An error means that there is no connection any more, which the next read tells too.
        let _ = match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Makes closing this socket a reset, where the family knows such a thing.
    pub(crate) fn reset_on_close(&self) {
        if let Stream::Tcp(stream) = &self.stream {
            // Where it can't be set the close is an ordinary one: visible enough, as framing is
            // incomplete.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// Writes once; `None` where the connection is broken.
    fn write(&mut self, head: &[u8], body: &[u8]) -> Option<usize> {
        loop {
            match self.stream.write(head, body) {
                Ok(sent) => {
                    self.writable = sent == head.len() + body.len();
                    return Some(sent);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                    return Some(0);
                }
                Err(_) => {
                    self.break_off();
                    return None;
                }
            }
        }
    }

    /// Nothing can be sent any more; what was received before can still be read, then the break.
    fn break_off(&mut self) {
        self.broken = true;
        self.readable = true;
        self.end_ahead = true;
    }
}
