//! The upstream of a measurement: answers as cheaply as it can.

use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Write},
    net::SocketAddr,
    thread,
};

use anyhow::Result;
use memchr::memmem;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

const LISTENER: Token = Token(0);

/// The answer to whoever asks for a WebSocket with the key of RFC 6455 §1.3; then nothing is said.
const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Starts an upstream on a free port, in a thread that lives as long as the process. It answers
/// every request with `bytes` bytes of text.
pub(crate) fn start(bytes: usize) -> Result<SocketAddr> {
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let answer = answer(bytes);
    thread::spawn(move || {
        let mut server = Server {
            poll,
            listener,
            answer,
            connections: HashMap::new(),
            last: 0,
        };
        if let Err(error) = server.run() {
            eprintln!("error: the upstream ended: {error}");
        }
    });
    Ok(address)
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    answer: Vec<u8>,
    connections: HashMap<Token, Connection>,
    last: usize,
}

struct Connection {
    stream: TcpStream,
    /// The end of what was read so far and is not a whole head.
    unread: Vec<u8>,
    /// Answers owed, the first of them sent up to `sent`.
    owed: usize,
    sent: usize,
    /// A WebSocket is asked for.
    switches: bool,
}

impl Server {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        let mut scratch = vec![0; 64 * 1024];
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let Some(connection) = self.connections.get_mut(&event.token()) else {
                    continue;
                };
                if connection.step(&mut scratch, &self.answer).is_err() {
                    self.connections.remove(&event.token());
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let (mut stream, _) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            self.last += 1;
            let token = Token(self.last);
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, token, interest)?;
            let connection = Connection {
                stream,
                unread: Vec::new(),
                owed: 0,
                sent: 0,
                switches: false,
            };
            self.connections.insert(token, connection);
        }
    }
}

impl Connection {
    /// Reads and answers all it can; an error is the connection's end.
    fn step(&mut self, scratch: &mut [u8], answer: &[u8]) -> io::Result<()> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.take(&scratch[..count]);
                    if count < scratch.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let answer = if self.switches { SWITCH } else { answer };
        while self.owed > 0 {
            match self.stream.write(&answer[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            if self.sent == answer.len() {
                self.sent = 0;
                self.owed -= 1;
            }
        }
        Ok(())
    }

    /// Counts the requests that have ended; they have no bodies.
    fn take(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        let mut end = 0;
        while let Some(at) = memmem::find(&self.unread[end..], b"\r\n\r\n") {
            let head = &self.unread[end..end + at];
            self.switches = memmem::find(head, b"Sec-WebSocket-Key").is_some();
            end += at + 4;
            self.owed += 1;
        }
        self.unread.drain(..end);
    }
}

fn answer(bytes: usize) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nserver: Cowboy\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
         content-type: text/html; charset=utf-8\r\ncache-control: max-age=0, private, \
         must-revalidate\r\nx-frame-options: SAMEORIGIN\r\nx-content-type-options: nosniff\r\n\
         content-length: {bytes}\r\n\r\n"
    )
    .into_bytes();
    answer.resize(answer.len() + bytes, b'x');
    answer
}
