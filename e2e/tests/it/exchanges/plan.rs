//! What both ends of an exchange do, by its number.

use e2e::Message;
use fastrand::Rng;

/// Sizes at which buffers end.
const SIZES: [usize; 8] = [0, 1, 100, 4096, 16_384, 65_535, 65_536, 300_000];

/// More than the kernel takes for one that doesn't read.
const LARGE: usize = 8_000_000;

/// What an app does wrong, or at the wrong time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends the connection without a byte.
    Silence,
    /// Within its head.
    CutHead,
    /// Within its body.
    CutBody,
    /// It sends what is no head.
    Nonsense,
    /// It answers before it has read the request's body. That is no fault.
    Early,
}

/// How content is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    /// By the end of the connection; of a request: there is none.
    ToEnd,
}

/// One exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) method: &'static str,
    /// HTTP/1.0.
    pub(super) is_old: bool,
    request_framing: Framing,
    request_size: usize,
    pub(super) status: u16,
    pub(super) framing: Framing,
    size: usize,
    pub(super) fault: Option<Fault>,
    /// The connection ends by a reset, where it ends by a fault.
    pub(super) resets: bool,
    /// An interim answer comes first.
    pub(super) hints: bool,
    /// The app ends the connection after its answer, and says so or doesn't.
    pub(super) closes: bool,
    pub(super) says_so: bool,
    /// How the app's bytes are split.
    pub(super) pieces: u64,
}

impl Plan {
    pub(super) fn of(id: u64) -> Self {
        let mut random = Rng::with_seed(id ^ 0x5EED);
        let method = ["GET", "GET", "HEAD", "POST", "PUT", "DELETE"][random.usize(..6)];
        let is_old = random.u8(..8) == 0;
        let request_framing = match method {
            "POST" | "PUT" if is_old => Framing::Length,
            "POST" | "PUT" => [Framing::Length, Framing::Chunked][random.usize(..2)],
            _ => Framing::ToEnd,
        };
        let fault = match random.u8(..20) {
            0 => Some(Fault::Silence),
            1 => Some(Fault::CutHead),
            2 => Some(Fault::CutBody),
            3 => Some(Fault::Nonsense),
            4 => Some(Fault::Early),
            _ => None,
        };
        let mut plan = Self {
            method,
            is_old,
            request_framing,
            request_size: size(&mut random),
            status: [200, 200, 200, 404, 204, 304][random.usize(..6)],
            framing: [Framing::Length, Framing::Chunked, Framing::ToEnd][random.usize(..3)],
            size: size(&mut random),
            fault,
            resets: random.bool(),
            hints: random.u8(..8) == 0,
            closes: random.u8(..8) == 0,
            says_so: random.u8(..4) > 0,
            pieces: random.u64(..),
        };
        if plan.fault == Some(Fault::CutBody) {
            // There has to be a body, and its end has to be known.
            (plan.method, plan.request_framing) = ("GET", Framing::ToEnd);
            plan.status = 200;
            plan.size = plan.size.max(2);
            plan.resets |= plan.framing == Framing::ToEnd;
        }
        plan
    }

    /// Whether the gateway may send it again: nobody can tell whether it was begun.
    pub(super) fn may_go_again(&self) -> bool {
        self.method != "POST"
            && self.request_content(0).is_empty()
            && self.request_framing != Framing::Chunked
    }

    fn request_content(&self, id: u64) -> Vec<u8> {
        match self.request_framing {
            Framing::ToEnd => Vec::new(),
            Framing::Length | Framing::Chunked => bytes(!id, self.request_size),
        }
    }

    /// The request as it goes out.
    pub(super) fn request(&self, id: u64) -> Vec<u8> {
        let content = self.request_content(id);
        let version = if self.is_old { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut request =
            format!("{} /{id} {version}\r\nHost: auth.test\r\n", self.method).into_bytes();
        body(&mut request, self.request_framing, &content, self.pieces);
        request
    }

    /// Whether the app got what was sent.
    pub(super) fn is_request(&self, id: u64, request: &Message) -> bool {
        let content = self.request_content(id);
        match request.whole {
            true => request.body == content,
            false => content.starts_with(&request.body),
        }
    }

    /// The content of the answer, as the client is to get it.
    pub(super) fn content(&self, id: u64) -> Vec<u8> {
        match self.has_body() {
            true => bytes(id, self.size),
            false => Vec::new(),
        }
    }

    /// RFC 9110 §6.4.1
    fn has_body(&self) -> bool {
        self.method != "HEAD" && !matches!(self.status, 204 | 304)
    }

    /// Whether the answer ends with its connection.
    pub(super) fn is_to_end(&self, answer: &Message) -> bool {
        let framed = ["content-length", "transfer-encoding"];
        self.has_body() && framed.iter().all(|name| answer.field(name).is_none())
    }

    /// Whether the app's connection ends with the answer.
    pub(super) fn ends(&self) -> bool {
        self.closes || (self.framing == Framing::ToEnd && self.has_body())
    }

    /// The whole answer, and where its body begins.
    pub(super) fn answer(&self, id: u64) -> (Vec<u8>, usize) {
        let mut answer = Vec::new();
        if self.hints {
            answer.extend(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        }
        answer.extend(format!("HTTP/1.1 {} Some\r\nX-Id: {id}\r\n", self.status).bytes());
        if self.closes && self.says_so {
            answer.extend(b"Connection: close\r\n");
        }
        if self.has_body() {
            let content = self.content(id);
            let mut framed = Vec::new();
            let head = body(&mut framed, self.framing, &content, self.pieces);
            let begin = answer.len() + head;
            answer.extend(framed);
            return (answer, begin);
        }
        answer.extend(b"\r\n");
        let end = answer.len();
        (answer, end)
    }
}

/// Adds the field that says how content ends, the empty line, and the content; returns how long the
/// first two are.
fn body(message: &mut Vec<u8>, framing: Framing, content: &[u8], pieces: u64) -> usize {
    let before = message.len();
    match framing {
        Framing::Length => {
            message.extend(format!("Content-Length: {}\r\n\r\n", content.len()).bytes());
        }
        Framing::Chunked => message.extend(b"Transfer-Encoding: chunked\r\n\r\n"),
        Framing::ToEnd => message.extend(b"\r\n"),
    }
    let head = message.len() - before;
    if framing != Framing::Chunked {
        message.extend(content);
        return head;
    }
    let mut random = Rng::with_seed(pieces);
    let mut rest = content;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(random.usize(1..=rest.len()));
        message.extend(format!("{:x}\r\n", chunk.len()).bytes());
        message.extend(chunk);
        message.extend(b"\r\n");
        rest = after;
    }
    message.extend(b"0\r\n\r\n");
    head
}

fn size(random: &mut Rng) -> usize {
    match random.u8(..64) {
        0 => LARGE,
        _ => SIZES[random.usize(..SIZES.len())],
    }
}

/// Bytes that are no other exchange's.
fn bytes(id: u64, size: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(id);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    bytes
}
