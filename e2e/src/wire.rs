//! HTTP/1.1 as bytes, for both ends of the gateway: reads messages and keeps what was on the wire.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::Shutdown,
};

use crate::stream::Stream;

/// A start line and fields, as they were on the wire.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The request or status line.
    pub start: String,
    /// Names as sent, values without the white space around them, in order.
    pub fields: Vec<(String, String)>,
    /// The bytes, the empty line included.
    pub raw: Vec<u8>,
}

/// A whole message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The head.
    pub head: Head,
    /// The content, its transfer coding removed.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Vec<(String, String)>,
    /// Whether the body ended as its framing says; `false` where the connection ended first.
    pub whole: bool,
    /// Interim responses that came before.
    pub interim: Vec<Head>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order.
    Fin,
    /// By a reset.
    Reset,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    ToEnd,
}

/// One end of a connection.
#[derive(Debug)]
pub struct Wire {
    stream: Stream,
    unread: Vec<u8>,
    ended: Option<Ending>,
}

impl Head {
    fn parse(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        Self {
            start,
            fields: lines.map(field).collect(),
            raw,
        }
    }

    /// Returns a field's value, and fails the test if it has more than one line.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        let lines = self.lines(name);
        assert!(lines.len() <= 1, "{name} has several lines: {lines:?}");
        lines.first().copied()
    }

    /// Returns the values of all lines of a field.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        let named = self
            .fields
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the status of a response.
    #[track_caller]
    pub fn status(&self) -> u16 {
        let status = self
            .start
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("not a status line: {:?}", self.start))
    }

    /// Returns the target of a request.
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the method of a request.
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        let lines = self.lines(name);
        lines
            .iter()
            .flat_map(|line| line.split(','))
            .any(|it| it.trim().eq_ignore_ascii_case(token))
    }

    fn length(&self) -> Option<usize> {
        self.lines("content-length")
            .first()
            .and_then(|value| value.parse().ok())
    }
}

impl Message {
    /// Returns the status of a response.
    #[track_caller]
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns a field's value, and fails the test if it has more than one line.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.field(name)
    }
}

impl Wire {
    /// Takes over a connected socket.
    pub fn new(stream: Stream) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            ended: None,
        }
    }

    /// Returns the socket below.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Returns the socket and the bytes that were read from it and not used.
    pub fn into_parts(self) -> (Stream, Vec<u8>) {
        (self.stream, self.unread)
    }

    /// Sends bytes; the error is the test's to judge.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that nothing more will be sent.
    pub fn half_close(&self) {
        self.stream.shut(Shutdown::Write);
    }

    /// Reads a request; `None` if the connection ends before its first byte.
    pub fn request(&mut self) -> Option<Message> {
        let head = self.head()?;
        Some(self.request_body(head))
    }

    /// Reads the body of a request whose head was read.
    pub fn request_body(&mut self, head: Head) -> Message {
        let framing = if head.has_token("transfer-encoding", "chunked") {
            Framing::Chunked
        } else {
            Framing::Length(head.length().unwrap_or(0))
        };
        self.finish(head, framing)
    }

    /// Reads the final response to a request with `method`, and the interim ones before it.
    pub fn response(&mut self, method: &str) -> Option<Message> {
        let mut interim = Vec::new();
        loop {
            let head = self.head()?;
            let status = head.status();
            if (100..200).contains(&status) && status != 101 {
                interim.push(head);
                continue;
            }
            // RFC 9112 §6.3: these have no body whatever their fields say.
            let empty = method == "HEAD" || matches!(status, 101 | 204 | 304);
            let framing = if empty {
                Framing::Length(0)
            } else if head.has_token("transfer-encoding", "chunked") {
                Framing::Chunked
            } else {
                head.length().map_or(Framing::ToEnd, Framing::Length)
            };
            let message = self.finish(head, framing);
            return Some(Message { interim, ..message });
        }
    }

    /// Reads a head; `None` if the connection ends before it is whole.
    pub fn head(&mut self) -> Option<Head> {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                return Some(Head::parse(self.take(end + 4)));
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Reads a line of a chunked body, or of anything else that has lines.
    pub fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n") {
                let line = self.take(end + 2);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Reads exactly `count` bytes, or all there are before the connection ends.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count && self.more() {}
        self.take(count.min(self.unread.len()))
    }

    /// Reads one chunk of a chunked body; `None` at the last one, whose trailers are left unread.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.line()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return None;
        }
        let chunk = self.bytes(size);
        self.bytes(2);
        Some(chunk)
    }

    /// Reads until the connection ends; returns what came and how it ended.
    pub fn rest(&mut self) -> (Vec<u8>, Ending) {
        while self.more() {}
        let rest = self.take(self.unread.len());
        (rest, self.ended.expect("more() is false only at the end"))
    }

    /// Returns how the connection has ended, as far as was read.
    pub fn ending(&self) -> Option<Ending> {
        self.ended
    }

    /// Returns whether the other side has sent or closed nothing so far. Only a hint: what is on
    /// its way is not seen.
    pub fn is_quiet(&mut self) -> bool {
        if !self.unread.is_empty() || self.ended.is_some() {
            return false;
        }
        self.stream
            .set_patience(std::time::Duration::from_millis(1));
        let mut byte = [0; 1];
        let quiet = match self.stream.read(&mut byte) {
            Ok(0) => false,
            Ok(_) => {
                self.unread.push(byte[0]);
                false
            }
            Err(error) => is_timeout(&error),
        };
        self.stream.set_patience(crate::PATIENCE);
        quiet
    }

    fn finish(&mut self, head: Head, framing: Framing) -> Message {
        let mut message = Message {
            head,
            ..Message::default()
        };
        match framing {
            Framing::Length(length) => {
                message.body = self.bytes(length);
                message.whole = message.body.len() == length;
            }
            Framing::Chunked => self.chunks(&mut message),
            Framing::ToEnd => {
                let (body, ending) = self.rest();
                message.body = body;
                message.whole = ending == Ending::Fin;
            }
        }
        message
    }

    fn chunks(&mut self, message: &mut Message) {
        while let Some(chunk) = self.chunk() {
            message.body.extend_from_slice(&chunk);
        }
        // After the last chunk: trailer fields up to an empty line.
        while let Some(line) = self.line() {
            if line.is_empty() {
                message.whole = true;
                return;
            }
            message.trailers.push(field(&line));
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.unread.drain(..count).collect()
    }

    /// Reads once; `false` at the connection's end.
    fn more(&mut self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let mut scratch = [0; 64 * 1024];
        match self.stream.read(&mut scratch) {
            Ok(0) => self.ended = Some(Ending::Fin),
            Ok(count) => self.unread.extend_from_slice(&scratch[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => {
                let unread = String::from_utf8_lossy(&self.unread).into_owned();
                panic!(
                    "nothing came for {:?}; unread so far: {unread:?}",
                    crate::PATIENCE
                );
            }
            Err(_) => self.ended = Some(Ending::Reset),
        }
        self.ended.is_none()
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn field(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    (name.to_owned(), value.trim().to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
