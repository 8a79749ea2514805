//! The load of a measurement: connections that each ask again as soon as they are answered.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use mio::{Events, Interest, Poll, Token, net::TcpStream};

/// The host that every proxy routes to the upstream.
pub(crate) const HOST: &str = "auth.test";

/// Connections that are busy at once where not all are to be.
const GROUP: usize = 64;

/// Open connections to one proxy.
pub(crate) struct Load {
    poll: Poll,
    connections: Vec<Connection>,
    request: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// What was read of a head that is not whole yet.
    head: Vec<u8>,
    /// Bytes of the body still to come.
    left: usize,
    is_waiting: bool,
}

impl Load {
    /// Opens `count` connections.
    pub(crate) fn connect(address: SocketAddr, count: usize) -> Result<Self> {
        Self::open(address, count, request())
    }

    /// Opens `count` connections, each of which asks once, for a WebSocket.
    pub(crate) fn websockets(address: SocketAddr, count: usize) -> Result<Self> {
        let request = format!(
            "GET /live/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        );
        Self::open(address, count, request.into_bytes())
    }

    fn open(address: SocketAddr, count: usize, request: Vec<u8>) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            // Connecting while it blocks, so that no connection is counted that isn't there.
            let stream = std::net::TcpStream::connect(address)
                .with_context(|| format!("opening connection {index} of {count}"))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(index), Interest::READABLE)?;
            let connection = Connection {
                stream,
                head: Vec::new(),
                left: 0,
                is_waiting: false,
            };
            connections.push(connection);
        }
        Ok(Self {
            poll,
            connections,
            request,
        })
    }

    /// Keeps every connection busy for `time`; returns how many requests were answered. All answers
    /// are in when it returns.
    pub(crate) fn run(&mut self, time: Duration) -> Result<u64> {
        let deadline = Instant::now() + time;
        self.exchange(0..self.connections.len(), || Instant::now() < deadline)
    }

    /// Sends one request on every connection, all at once, and waits for the answers.
    pub(crate) fn once(&mut self) -> Result<u64> {
        self.exchange(0..self.connections.len(), || false)
    }

    /// Sends one request on every connection, a group of them at a time, and waits for the answers:
    /// all connections stay open, few are busy at once.
    pub(crate) fn once_in_groups(&mut self) -> Result<u64> {
        let mut answered = 0;
        for first in (0..self.connections.len()).step_by(GROUP) {
            let last = self.connections.len().min(first + GROUP);
            answered += self.exchange(first..last, || false)?;
        }
        Ok(answered)
    }

    fn exchange(&mut self, group: Range<usize>, mut again: impl FnMut() -> bool) -> Result<u64> {
        let mut events = Events::with_capacity(group.len().clamp(64, 1024));
        let mut scratch = vec![0; 64 * 1024];
        let (mut answered, mut waiting) = (0, 0);
        for connection in &mut self.connections[group] {
            connection.ask(&self.request)?;
            waiting += 1;
        }
        while waiting > 0 {
            match self.poll.poll(&mut events, Some(Duration::from_secs(30))) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            ensure!(
                !events.is_empty(),
                "{waiting} requests got no answer for 30 s"
            );
            let more = again();
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if !connection.read(&mut scratch)? {
                    continue;
                }
                answered += 1;
                if more {
                    connection.ask(&self.request)?;
                } else {
                    waiting -= 1;
                }
            }
        }
        Ok(answered)
    }
}

impl Connection {
    fn ask(&mut self, request: &[u8]) -> Result<()> {
        let count = self.stream.write(request).context("sending a request")?;
        // The socket's buffer is empty: the request before has been answered.
        ensure!(
            count == request.len(),
            "the socket took {count} bytes of a request"
        );
        self.is_waiting = true;
        Ok(())
    }

    /// Reads what there is; returns whether that ended an answer.
    fn read(&mut self, scratch: &mut [u8]) -> Result<bool> {
        loop {
            let count = match self.stream.read(scratch) {
                Ok(0) => bail!("the proxy closed a connection"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            ensure!(self.is_waiting, "the proxy sent more than was asked for");
            if self.take(&scratch[..count])? {
                self.is_waiting = false;
                return Ok(true);
            }
            if count < scratch.len() {
                return Ok(false);
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool> {
        if self.left > 0 {
            self.left = self
                .left
                .checked_sub(bytes.len())
                .context("more body than told")?;
            return Ok(self.left == 0);
        }
        // A head mostly comes in one piece; then nothing is copied.
        if self.head.is_empty()
            && let Some(end) = memmem::find(bytes, b"\r\n\r\n")
        {
            return self.begin(&bytes[..end + 4], bytes.len() - end - 4);
        }
        self.head.extend_from_slice(bytes);
        let Some(end) = memmem::find(&self.head, b"\r\n\r\n") else {
            return Ok(false);
        };
        let head = std::mem::take(&mut self.head);
        self.begin(&head[..end + 4], head.len() - end - 4)
    }

    fn begin(&mut self, head: &[u8], body: usize) -> Result<bool> {
        if head.starts_with(b"HTTP/1.1 101 ") {
            return Ok(true);
        }
        ensure!(
            head.starts_with(b"HTTP/1.1 200 "),
            "{}",
            String::from_utf8_lossy(head)
        );
        let length = content_length(head).context("an answer without Content-Length")?;
        self.left = length.checked_sub(body).context("more body than told")?;
        Ok(self.left == 0)
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.find(|line| {
        line.get(..NAME.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
    })?;
    std::str::from_utf8(&line[NAME.len()..])
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// What a browser sends: 13 fields, among them a session of 400 bytes.
fn request() -> Vec<u8> {
    let cookie = "a".repeat(400 - "_auth_web_key=".len());
    format!(
        "GET /users/settings?tab=profile HTTP/1.1\r\nHost: {HOST}\r\nConnection: keep-alive\r\n\
         sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n\
         sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/124.0.0.0 Safari/537.36\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;\
         q=0.8\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n\
         Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n\
         Cookie: _auth_web_key={cookie}\r\n\r\n"
    )
    .into_bytes()
}

/// Returns whether something answers requests at `address` with 200.
pub(crate) fn is_up(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(&status == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
