//! A client: what it will send, and what it makes of what it gets.

use fastrand::Rng;

use super::wires::WAITING_BYTES_MAX;
use crate::Ending;

/// A request as it was meant.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: usize,
    pub(super) method: &'static str,
    pub(super) is_old: bool,
    pub(super) is_upgrade: bool,
    /// It is one of phoenix.js.
    pub(super) is_socket: bool,
    /// Sent to make the gateway refuse.
    pub(super) is_bad: bool,
    /// Where it ends among the bytes.
    pub(super) end: usize,
}

/// What a client will send.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) requests: Vec<Request>,
    pub(super) bytes: Vec<u8>,
    /// What it sends after the bytes: its end, or a reset, or nothing.
    pub(super) leave: Leave,
    /// After how many bytes it leaves.
    pub(super) leaves_after: usize,
    /// The frames behind an upgrade.
    pub(super) frames_start: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leave {
    #[default]
    Never,
    End,
    Reset,
}

/// One answer as the client reads it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) mark: Option<usize>,
    pub(super) is_complete: bool,
}

/// Bytes that tell whose they are.
pub(super) fn pattern(letter: char, id: usize, len: usize) -> Vec<u8> {
    let unit = format!("{letter}{id}.");
    unit.bytes().cycle().take(len).collect()
}

/// A body in chunks of any sizes, with what strict readers accept besides.
pub(super) fn chunked(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let (chunk, left) = rest.split_at(rng.usize(1..=rest.len()));
        let extension = if rng.u8(..4) == 0 { ";a=b" } else { "" };
        out.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = left;
    }
    let trailer = if rng.u8(..4) == 0 { "X-Sum: 1\r\n" } else { "" };
    out.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
    out
}

/// Most frames are small.
fn frame_len(rng: &mut Rng) -> usize {
    match rng.u8(..8) {
        0..7 => rng.usize(..300),
        _ => rng.usize(..2 * WAITING_BYTES_MAX),
    }
}

impl Person {
    pub(super) fn new(rng: &mut Rng, next_id: &mut usize) -> Self {
        let mut person = Self::default();
        for _ in 0..rng.usize(1..=5) {
            *next_id += 1;
            person.add(*next_id, rng);
            if person
                .requests
                .last()
                .is_some_and(|request| request.is_upgrade || request.is_bad)
            {
                break;
            }
        }
        person.leaves_after = person.bytes.len();
        match rng.u8(..8) {
            0 => person.leave = Leave::End,
            1 => {
                person.leave = Leave::End;
                person.leaves_after = rng.usize(..=person.bytes.len());
            }
            2 => {
                person.leave = Leave::Reset;
                person.leaves_after = rng.usize(..=person.bytes.len());
            }
            // Stays, and falls silent somewhere.
            3 => person.leaves_after = rng.usize(..=person.bytes.len()),
            _ => {}
        }
        person
    }

    fn add(&mut self, id: usize, rng: &mut Rng) {
        let is_upgrade = rng.u8(..5) == 0;
        let is_socket = is_upgrade && rng.u8(..3) > 0;
        let is_bad = rng.u8(..16) == 0;
        let is_old = !is_upgrade && rng.u8(..5) == 0;
        let methods = ["GET", "GET", "HEAD", "POST", "PUT", "DELETE"];
        let method = if is_upgrade {
            "GET"
        } else {
            rng.choice(methods).unwrap()
        };
        let len = match rng.u8(..8) {
            0..4 => 0,
            4..7 => rng.usize(..4000),
            // More than what may wait for one side.
            _ => rng.usize(..4 * WAITING_BYTES_MAX),
        };
        let has_body = !is_upgrade && (method == "POST" || method == "PUT") && !is_bad;
        let is_chunked = has_body && !is_old && rng.bool();

        let version = if is_old { "1.0" } else { "1.1" };
        let host = if rng.u8(..12) == 0 {
            "unknown.test"
        } else {
            "auth.local"
        };
        let path = if is_socket {
            "/websocket?vsn=2.0.0"
        } else {
            ""
        };
        let mut head =
            format!("{method} /{id}{path} HTTP/{version}\r\nHost: {host}\r\nX-Id: {id}\r\n");
        if is_bad {
            head += "Content-Length: 5\r\nContent-Length: 6\r\n";
        }
        if is_upgrade {
            head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        } else if is_old && rng.bool() {
            head += "Connection: keep-alive\r\n";
        } else if rng.u8(..10) == 0 {
            head += "Connection: close\r\n";
        }
        let body = pattern('q', id, len);
        self.bytes.extend_from_slice(head.as_bytes());
        if is_chunked {
            self.bytes
                .extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            self.bytes.extend(chunked(&body, rng));
        } else if has_body {
            self.bytes
                .extend_from_slice(format!("Content-Length: {len}\r\n\r\n").as_bytes());
            self.bytes.extend(body);
        } else {
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.requests.push(Request {
            id,
            method,
            is_old,
            is_upgrade,
            is_socket,
            is_bad,
            end: self.bytes.len(),
        });
        if is_upgrade {
            self.frames_start = self.bytes.len();
            for _ in 0..rng.usize(..5) {
                self.bytes
                    .extend(frame(&pattern('f', id, frame_len(rng)), Some([1, 2, 3, 4])));
            }
        }
    }

    /// Reads what came back, strictly. Panics on anything that is no answer, an answer to another
    /// request, or a cut one that looks complete. Returns the answers and what follows a 101.
    pub(super) fn read(
        &self,
        sent: usize,
        received: &[u8],
        ending: Ending,
    ) -> (Vec<Answer>, Option<Vec<u8>>) {
        let (mut answers, mut rest) = (Vec::new(), received);
        while !rest.is_empty() {
            // After a refused upgrade its frames are read as a request, which is refused.
            let request = self
                .requests
                .get(answers.len())
                .or(self.requests.last())
                .unwrap();
            let Some(head_len) = memchr::memmem::find(rest, b"\r\n\r\n").map(|at| at + 4) else {
                assert_eq!(ending, Ending::Abort, "a cut head: {}", rest.escape_ascii());
                return (answers, None);
            };
            let head = std::str::from_utf8(&rest[..head_len]).unwrap();
            let body = &rest[head_len..];
            let status: u16 = head["HTTP/1.1 ".len()..][..3].parse().unwrap();
            if (100..200).contains(&status) && status != 101 {
                assert!(!request.is_old, "an interim answer for HTTP/1.0");
                rest = body;
                continue;
            }
            if status == 101 {
                assert!(request.is_upgrade, "a 101 nobody asked for");
                let mark = field(head, "X-Mark").map(|mark| mark.parse().unwrap());
                // One without a mark is the gateway's own.
                assert!(mark == Some(request.id) || mark.is_none() && request.is_socket);
                answers.push(Answer {
                    status,
                    mark,
                    is_complete: true,
                });
                return (answers, Some(body.to_vec()));
            }
            let (answer, used) = read_answer(head, body, request, sent, ending);
            rest = &body[used..];
            let is_complete = answer.is_complete;
            answers.push(answer);
            if !is_complete {
                assert!(rest.is_empty());
                let is_visible = matches!(ending, Ending::Abort | Ending::Cut);
                assert!(is_visible, "a cut answer without an abort");
            }
        }
        (answers, None)
    }
}

fn read_answer(
    head: &str,
    body: &[u8],
    request: &Request,
    sent: usize,
    ending: Ending,
) -> (Answer, usize) {
    let status: u16 = head["HTTP/1.1 ".len()..][..3].parse().unwrap();
    // Whose head never came whole gets the body too: its method was not known.
    let is_head = request.method == "HEAD" && request.end <= sent;
    let has_no_body = is_head || status == 204 || status == 304;
    let (content, used, is_complete) = if has_no_body {
        (Vec::new(), 0, true)
    } else if field(head, "Transfer-Encoding").is_some() {
        assert!(!request.is_old, "chunks for HTTP/1.0");
        read_chunks(body)
    } else if let Some(length) = field(head, "Content-Length") {
        let length: usize = length.parse().unwrap();
        let used = length.min(body.len());
        (body[..used].to_vec(), used, used == length)
    } else {
        assert!(
            head.contains("Connection: close"),
            "no end in sight: {head}"
        );
        let is_cut = matches!(ending, Ending::Abort | Ending::Cut);
        (body.to_vec(), body.len(), !is_cut)
    };
    let mark = field(head, "X-Mark").map(|mark| mark.parse().unwrap());
    if let Some(id) = mark {
        assert_eq!(id, request.id, "somebody else's answer");
        let len: usize = field(head, "X-Len").unwrap().parse().unwrap();
        let whole = pattern('r', id, len);
        assert!(
            whole.starts_with(&content),
            "bytes of another answer: {}",
            content.escape_ascii()
        );
        if is_complete && !has_no_body {
            assert_eq!(content.len(), len, "a cut answer that looks complete");
        }
    }
    (
        Answer {
            status,
            mark,
            is_complete,
        },
        used,
    )
}

/// Content, bytes used, and whether the end was there.
fn read_chunks(body: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut decoder, mut content, mut used) = (http1::Chunked::default(), Vec::new(), 0);
    loop {
        let (piece, taken) = decoder.next(&body[used..]).unwrap();
        let input = &body[used..used + taken];
        used += taken;
        match piece {
            http1::Piece::Data(_) => content.extend_from_slice(input),
            http1::Piece::Size(_) | http1::Piece::Trailer => {}
            http1::Piece::End => return (content, used, true),
            http1::Piece::More => return (content, used, false),
        }
    }
}

pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// A WebSocket frame (RFC 6455 §5.2) of at most 65,535 bytes.
pub(super) fn frame(payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let mut out = vec![0x82];
    match payload.len() {
        len @ ..126 => out.push(mask | u8::try_from(len).unwrap()),
        len => {
            out.push(mask | 126);
            out.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }
    }
    out.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    out.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    out
}
