//! Cases of bytes: what a client sends, what an upstream answers, and what must come of it.
//!
//! ```text
//! Case ──play──▶ Stage: raw client ─▶ gateway under test ─▶ recording upstream ──▶ Observed ──judge──▶ Verdict
//! ```
//!
//! A case is judged by the answers that the client got and by the bytes that the upstream received,
//! never by one of the two alone. After each case the same connection, where it is still open, and a
//! fresh one ask for something of their own and must get exactly that.
//!
//! The same cases run against the gateway in every test run, and by `cargo xtask strict` against
//! nginx and HAProxy too.

pub mod cases;
mod expected;
mod observed;
pub mod ours;
pub mod peers;
mod reading;
mod recorder;
mod stage;

pub use expected::{Expected, Verdict, Want};
pub use observed::Observed;
pub use recorder::Recorder;
pub use stage::{Pace, Stage};

/// The host that leads to the recording upstream.
pub const HOST: &str = "auth.test";

/// What a client sends, what the upstream answers, and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The class and the case, `content-length/plus`.
    pub name: String,
    /// The section of an RFC, or the attack.
    pub basis: &'static str,
    /// What the client does.
    pub steps: Vec<Step>,
    /// What the upstream answers to the case's requests, in their order; then it echoes targets.
    pub replies: Vec<Reply>,
    /// The requests are HEAD, so that their answers have no body.
    pub is_head: bool,
    /// What our gateway makes of it.
    pub expected: Expected,
    /// What else would be right, and by which rule.
    pub allowed: Vec<(Expected, &'static str)>,
}

/// One thing that the client does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits for so many heads of answers in all, interim ones too.
    AwaitHeads(usize),
    /// Waits for so many bytes behind a 101.
    AwaitTunnel(usize),
    /// Waits until so many requests' heads are with the upstream.
    AwaitUpstream(usize),
    /// Has the upstream say something on the connection of the case's last request.
    UpstreamSays(Vec<u8>),
    /// Ends the client's side.
    End,
}

/// What the upstream does with one request.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// What is said once the request's head is here.
    pub at_once: Vec<u8>,
    /// The answer; without one, 200 with the request's target.
    pub bytes: Option<Vec<u8>>,
    /// It doesn't wait for the request's body.
    pub is_early: bool,
    /// What follows.
    pub then: Then,
}

/// What an upstream does after an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// Waits for the next request.
    #[default]
    Stay,
    /// Ends its side.
    Fin,
    /// Resets the connection.
    Reset,
    /// Sends back whatever comes, as an echo over a WebSocket.
    Echo,
}

/// Returns a request: lines of fields stand between start line and body as they are.
#[must_use]
pub fn request(start: &str, fields: &[&str], body: &str) -> Vec<u8> {
    let mut bytes = format!("{start}\r\nHost: {HOST}\r\n").into_bytes();
    for field in fields {
        bytes.extend(latin1(field));
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend(latin1(body));
    bytes
}

/// Returns a GET of `/case` with more fields.
#[must_use]
pub fn get(fields: &[&str]) -> Vec<u8> {
    request("GET /case HTTP/1.1", fields, "")
}

/// Returns a POST to `/case` with more fields and a body as it is.
#[must_use]
pub fn post(fields: &[&str], body: &str) -> Vec<u8> {
    request("POST /case HTTP/1.1", fields, body)
}

/// Returns an answer: lines of fields stand between status line and body as they are.
#[must_use]
pub fn answer(start: &str, fields: &[&str], body: &str) -> Vec<u8> {
    let mut bytes = latin1(start);
    for field in fields {
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(latin1(field));
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend(latin1(body));
    bytes
}

/// Characters up to U+00FF as the byte of their number, so that cases can be written as text.
#[must_use]
pub fn latin1(text: &str) -> Vec<u8> {
    let byte = |letter| u8::try_from(u32::from(letter)).expect("written in Latin-1");
    text.chars().map(byte).collect()
}

/// Bytes as text, one character each.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

impl Case {
    /// A case of a GET of `/case` that the upstream echoes, until more is said.
    #[must_use]
    pub fn new(name: impl Into<String>, basis: &'static str) -> Self {
        Self {
            name: name.into(),
            basis,
            steps: Vec::new(),
            replies: Vec::new(),
            is_head: false,
            expected: Expected::default(),
            allowed: Vec::new(),
        }
    }

    /// The client sends these bytes.
    #[must_use]
    pub fn sends(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Send(bytes.as_ref().to_vec()));
        self
    }

    /// The client does something else.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The upstream answers the next request with these bytes.
    #[must_use]
    pub fn replies(mut self, bytes: impl AsRef<[u8]>, then: Then) -> Self {
        self.replies.push(Reply {
            bytes: Some(bytes.as_ref().to_vec()),
            then,
            ..Reply::default()
        });
        self
    }

    /// The upstream answers the next request before its body.
    #[must_use]
    pub fn replies_early(mut self, bytes: impl AsRef<[u8]>, then: Then) -> Self {
        self.replies.push(Reply {
            bytes: Some(bytes.as_ref().to_vec()),
            is_early: true,
            then,
            ..Reply::default()
        });
        self
    }

    /// The upstream says this once the next request's head is here, and answers it when it is whole.
    #[must_use]
    pub fn replies_twice(mut self, at_once: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> Self {
        self.replies.push(Reply {
            at_once: at_once.as_ref().to_vec(),
            bytes: Some(bytes.as_ref().to_vec()),
            ..Reply::default()
        });
        self
    }

    /// What must come of it.
    #[must_use]
    pub fn expects(mut self, expected: Expected) -> Self {
        self.expected = expected;
        self
    }

    /// Refused with this status, and the end of the connection; nothing reaches the upstream.
    #[must_use]
    pub fn refused(self, status: &str) -> Self {
        self.expects(Expected::refused(status))
    }

    /// Forwarded as one request with these lines and this body, and answered.
    #[must_use]
    pub fn forwarded(self, start: &str, lines: &[&str], body: &str) -> Self {
        self.expects(Expected::forwarded(Want::new(start, lines).with_body(body)))
    }

    /// The upstream's answer is worth a 502, and its connection nothing.
    #[must_use]
    pub fn bad_gateway(self) -> Self {
        self.expects(Expected::bad_gateway())
    }

    /// The upstream's answer reaches the client with these lines and this body.
    #[must_use]
    pub fn answered(self, status: &str, lines: &[&str], body: &str) -> Self {
        self.expects(Expected::answered(Want::new(status, lines).with_body(body)))
    }

    /// Something else would be right as well.
    #[must_use]
    pub fn or(mut self, expected: Expected, rule: &'static str) -> Self {
        self.allowed.push((expected, rule));
        self
    }

    /// The class, the name's first part.
    #[must_use]
    pub fn class(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// How many bytes the client sends.
    #[must_use]
    pub fn size(&self) -> usize {
        let sent = self.steps.iter().map(|step| match step {
            Step::Send(bytes) => bytes.len(),
            Step::AwaitHeads(_)
            | Step::AwaitTunnel(_)
            | Step::AwaitUpstream(_)
            | Step::UpstreamSays(_)
            | Step::End => 0,
        });
        sent.sum()
    }
}
