//! An upstream's connection: reads requests strictly, and answers as it pleases.

use std::collections::HashMap;

use fastrand::Rng;

use super::person::{chunked, field, frame, pattern};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
}

/// What upstreams got, by the request's id.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Times its head came.
    pub(super) heads: HashMap<usize, usize>,
    /// Times it was answered, or an answer was begun.
    pub(super) answered: HashMap<usize, usize>,
    /// Times that its head may come.
    pub(super) heads_max: HashMap<usize, usize>,
    /// What it sent through its tunnel.
    pub(super) tunnelled: HashMap<usize, Vec<u8>>,
    /// What came through its tunnel.
    pub(super) heard: HashMap<usize, Vec<u8>>,
}

#[derive(Debug)]
enum Reading {
    Head,
    Length {
        id: usize,
        at: usize,
        len: usize,
    },
    Chunks {
        id: usize,
        at: usize,
        decoder: Box<http1::Chunked>,
    },
    Tunnel {
        id: usize,
    },
}

/// One connection to the upstream.
#[derive(Debug)]
pub(super) struct Server {
    reading: Reading,
    inbox: Vec<u8>,
    /// What it has said and the gateway not read.
    pub(super) outgoing: Vec<u8>,
    /// So many bytes at the end of that, as they were said, answer nothing.
    unasked: usize,
    /// It ends after that.
    pub(super) end: Option<End>,
    pub(super) is_used: bool,
    pub(super) is_closed: bool,
    pub(super) served: usize,
    /// The answer to the request whose body is being read.
    plan: Plan,
    head: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Answer,
    Early,
    Die(End),
    DieInHead(End),
    DieInBody(End),
    Garbage,
    Silence,
    Extra,
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            reading: Reading::Head,
            inbox: Vec::new(),
            outgoing: Vec::new(),
            unasked: 0,
            end: None,
            is_used: true,
            is_closed: false,
            served: 0,
            plan: Plan::Answer,
            head: String::new(),
        }
    }

    /// Whether the gateway has read what answers nothing.
    pub(super) fn has_said_more(&self) -> bool {
        self.outgoing.len() < self.unasked
    }

    /// Takes bytes of the gateway.
    pub(super) fn receive(&mut self, bytes: &[u8], seen: &mut Seen, rng: &mut Rng) {
        if self.end.is_some() || self.is_closed {
            return;
        }
        self.inbox.extend_from_slice(bytes);
        while self.step(seen, rng) {}
    }

    /// Returns whether there was enough to make a step.
    fn step(&mut self, seen: &mut Seen, rng: &mut Rng) -> bool {
        match &mut self.reading {
            Reading::Head => {
                let Some(len) = memchr::memmem::find(&self.inbox, b"\r\n\r\n").map(|at| at + 4)
                else {
                    return false;
                };
                let head: Vec<u8> = self.inbox.drain(..len).collect();
                self.begin(&String::from_utf8(head).unwrap(), seen, rng);
                true
            }
            Reading::Length { id, at, len } => {
                let take = self.inbox.len().min(*len - *at);
                let body: Vec<u8> = self.inbox.drain(..take).collect();
                assert_eq!(
                    body,
                    pattern('q', *id, *len)[*at..*at + take],
                    "a foreign body"
                );
                *at += take;
                if at == len {
                    let id = *id;
                    self.answer(id, seen, rng);
                    return true;
                }
                false
            }
            Reading::Chunks { id, at, decoder } => {
                let (piece, taken) = decoder.next(&self.inbox).expect("chunks in order");
                let input: Vec<u8> = self.inbox.drain(..taken).collect();
                match piece {
                    http1::Piece::Data(_) => {
                        let whole = pattern('q', *id, *at + taken);
                        assert_eq!(input, whole[*at..], "a foreign body");
                        *at += taken;
                    }
                    http1::Piece::Size(_) | http1::Piece::Trailer => {}
                    http1::Piece::End => {
                        let id = *id;
                        self.answer(id, seen, rng);
                    }
                    http1::Piece::More => return false,
                }
                true
            }
            Reading::Tunnel { id } => {
                seen.heard.entry(*id).or_default().append(&mut self.inbox);
                false
            }
        }
    }

    fn begin(&mut self, head: &str, seen: &mut Seen, rng: &mut Rng) {
        let id: usize = field(head, "X-Id").unwrap().parse().unwrap();
        assert!(
            ["", "/websocket?vsn=2.0.0"]
                .iter()
                .any(|more| head.contains(&format!(" /{id}{more} HTTP/1.1\r\n"))),
            "a torn head: {head}"
        );
        *seen.heads.entry(id).or_default() += 1;
        let method = head.split(' ').next().unwrap();
        let length = field(head, "Content-Length").map(|length| length.parse().unwrap());
        let is_chunked = field(head, "Transfer-Encoding").is_some();
        let has_body = is_chunked || length.unwrap_or(0) > 0;
        let is_upgrade = field(head, "Upgrade").is_some();
        let is_socket = is_upgrade && head.contains("?vsn=");
        let is_retriable = method != "POST" && !has_body && !is_upgrade;
        let heads_max = if is_retriable || is_socket { 3 } else { 1 };
        seen.heads_max.insert(id, heads_max);
        head.clone_into(&mut self.head);
        let end = if rng.bool() { End::Fin } else { End::Reset };
        self.plan = match rng.u8(..24) {
            0 => Plan::Die(end),
            1 => Plan::DieInHead(end),
            2 => Plan::DieInBody(end),
            3 => Plan::Garbage,
            4 => Plan::Silence,
            5 => Plan::Early,
            6 => Plan::Extra,
            // A connection that was closed while the request was on its way.
            7..11 if self.served > 0 => Plan::Die(end),
            _ => Plan::Answer,
        };
        self.served += 1;
        self.reading = match length {
            Some(len) => Reading::Length { id, at: 0, len },
            None if is_chunked => Reading::Chunks {
                id,
                at: 0,
                decoder: Box::default(),
            },
            None => Reading::Length { id, at: 0, len: 0 },
        };
        if self.plan == Plan::Early && has_body {
            self.respond(id, seen, rng);
            self.end = self.end.or(rng.bool().then_some(end));
        }
    }

    /// The request is complete.
    fn answer(&mut self, id: usize, seen: &mut Seen, rng: &mut Rng) {
        let was_early = *seen.answered.get(&id).unwrap_or(&0) > 0;
        self.reading = Reading::Head;
        match self.plan {
            Plan::Early if was_early => {}
            Plan::Silence => {}
            Plan::Die(end) => self.end = Some(end),
            Plan::Garbage => {
                let garbage = [
                    "HTTP/1.1 banana\r\n\r\n",
                    "\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
                ];
                self.outgoing
                    .extend_from_slice(rng.choice(garbage).unwrap().as_bytes());
            }
            Plan::Answer if field(&self.head, "Upgrade").is_some() && rng.u8(..4) > 0 => {
                self.switch(id, seen, rng);
            }
            Plan::Answer | Plan::Early => self.respond(id, seen, rng),
            Plan::Extra => {
                self.respond(id, seen, rng);
                // Behind a body that lasts until the end they would be part of it.
                if self.end.is_none() {
                    let unasked = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Mark: 0\r\n\r\nevil!";
                    self.outgoing.extend_from_slice(unasked);
                    self.unasked = unasked.len();
                }
            }
            Plan::DieInHead(end) => {
                self.outgoing
                    .extend_from_slice(b"HTTP/1.1 200 OK\r\nX-Half");
                self.end = Some(end);
            }
            Plan::DieInBody(end) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Mark: {id}\r\nX-Len: 100\r\n\r\n"
                );
                self.outgoing.extend_from_slice(head.as_bytes());
                self.outgoing.extend(pattern('r', id, rng.usize(..100)));
                self.end = Some(end);
            }
        }
    }

    fn respond(&mut self, id: usize, seen: &mut Seen, rng: &mut Rng) {
        *seen.answered.entry(id).or_default() += 1;
        let is_head = self.head.starts_with("HEAD");
        let len = if rng.bool() {
            rng.usize(..20)
        } else {
            rng.usize(..9000)
        };
        let body = pattern('r', id, len);
        if rng.u8(..8) == 0 {
            self.outgoing
                .extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        }
        let status = if rng.u8(..10) == 0 {
            "204 No Content"
        } else {
            "200 OK"
        };
        let has_no_body = is_head || status.starts_with("204");
        let close = if rng.u8(..8) == 0 {
            "Connection: close\r\n"
        } else {
            ""
        };
        let kind = rng.u8(..5);
        let version = if kind == 0 { "1.0" } else { "1.1" };
        let mut head =
            format!("HTTP/{version} {status}\r\nX-Mark: {id}\r\nX-Len: {len}\r\n{close}");
        let body = match kind {
            0 | 1 if !has_no_body => {
                // Lasts until the end; cut by a reset, it must not look complete.
                let cut = rng.u8(..4) == 0 && len > 0;
                self.end = Some(if cut { End::Reset } else { End::Fin });
                body[..if cut { len - 1 } else { len }].to_vec()
            }
            2 if !has_no_body => {
                head += "Transfer-Encoding: chunked\r\n";
                chunked(&body, rng)
            }
            _ if status.starts_with("204") => body,
            _ => {
                head += &format!("Content-Length: {len}\r\n");
                body
            }
        };
        self.outgoing.extend_from_slice(head.as_bytes());
        self.outgoing.extend_from_slice(b"\r\n");
        if !has_no_body {
            self.outgoing.extend(body);
        }
    }

    fn switch(&mut self, id: usize, seen: &mut Seen, rng: &mut Rng) {
        *seen.answered.entry(id).or_default() += 1;
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nX-Mark: {id}\r\n\r\n"
        );
        self.outgoing.extend_from_slice(head.as_bytes());
        let mut said = Vec::new();
        for _ in 0..rng.usize(..6) {
            said.extend(frame(&pattern('t', id, rng.usize(..400)), None));
        }
        self.outgoing.extend_from_slice(&said);
        seen.tunnelled.insert(id, said);
        self.end = match rng.u8(..4) {
            0 => Some(End::Fin),
            1 => Some(End::Reset),
            _ => None,
        };
        self.reading = Reading::Tunnel { id };
    }
}
