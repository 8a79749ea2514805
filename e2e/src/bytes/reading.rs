//! HTTP/1.1 read as a careless recipient would, and judged as a strict one does.
//!
//! Read strictly, a bad message would not be seen at all; so it is read, and what is wrong with it
//! is kept as faults.

use super::text;

/// A message, as far as it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The request or status line.
    pub(super) start: String,
    /// Names and values without white space around them, in order.
    pub(super) fields: Vec<(String, String)>,
    /// The content.
    pub(super) body: Vec<u8>,
    /// Names and values of the trailers.
    pub(super) trailers: Vec<(String, String)>,
    /// The body is complete.
    pub(super) whole: bool,
    /// What RFC 9112 forbids of it.
    pub(super) faults: Vec<&'static str>,
}

/// Whose message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A client's.
    Request,
    /// A server's, to a HEAD or to another request.
    Answer {
        /// The answer has no body.
        to_head: bool,
        /// Nothing follows the bytes.
        at_end: bool,
    },
}

/// Names that frame or route a message, never to be believed in trailers (RFC 9110 §6.5.1).
const NEVER_TRAILERS: [&str; 5] = [
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "trailer",
];

impl Message {
    /// Returns the values of all lines of a field.
    pub(super) fn lines(&self, name: &str) -> Vec<&str> {
        let named = self
            .fields
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the second word of the start line: a target or a status.
    pub(super) fn second(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns whether an interim answer, which another follows.
    pub(super) fn is_interim(&self) -> bool {
        self.second().starts_with('1') && self.second() != "101"
    }

    fn fault(&mut self, fault: &'static str) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

/// Reads the message at the start of `bytes`, and returns it with the bytes it took once its head
/// is complete.
pub(super) fn read(bytes: &[u8], kind: Kind) -> Option<(Message, usize)> {
    let mut message = Message::default();
    let mut at = 0;
    while kind == Kind::Request && matches!(bytes.get(at), Some(b'\r' | b'\n')) {
        message.fault("empty line first");
        at += 1;
    }
    let end = at + head_len(&bytes[at..])?;
    read_head(&bytes[at..end], kind, &mut message);
    let used = end + read_body(&bytes[end..], kind, &mut message);
    Some((message, used))
}

/// The length of a head with the empty line at its end.
fn head_len(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\n' {
            continue;
        }
        if line > 0 && matches!(bytes[line..at], [] | [b'\r']) {
            return Some(at + 1);
        }
        line = at + 1;
    }
    None
}

fn read_head(head: &[u8], kind: Kind, message: &mut Message) {
    let mut lines = Vec::new();
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or_else(|| {
            message.fault("bare LF");
            line
        });
        if line.contains(&b'\r') {
            message.fault("bare CR");
        }
        if !line.is_empty() {
            lines.push(text(line));
        }
    }
    let mut lines = lines.into_iter();
    message.start = lines.next().unwrap_or_default();
    let in_order = match kind {
        Kind::Request => is_request_line(&message.start),
        Kind::Answer { .. } => is_status_line(&message.start),
    };
    if !in_order {
        message.fault("start line");
    }
    for line in lines {
        let field = read_field(&line, message);
        message.fields.extend(field);
    }
    judge_framing(kind, message);
}

fn is_request_line(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    matches!(&words[..], [method, target, "HTTP/1.0" | "HTTP/1.1"]
        if is_token(method) && !target.is_empty() && target.bytes().all(|it| it > b' ' && it != 0x7F))
}

fn is_status_line(line: &str) -> bool {
    let bytes = line.as_bytes();
    let starts = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
    let status = bytes.get(9..12).unwrap_or_default();
    starts
        && status.len() == 3
        && status.iter().all(u8::is_ascii_digit)
        && matches!(bytes.get(12), None | Some(b' '))
        && !has_control(line)
}

fn is_token(text: &str) -> bool {
    let is_tchar = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(it);
    !text.is_empty() && text.chars().all(is_tchar)
}

fn has_control(text: &str) -> bool {
    text.chars().any(|it| it.is_ascii_control() && it != '\t')
}

fn read_field(line: &str, message: &mut Message) -> Option<(String, String)> {
    if line.starts_with([' ', '\t']) {
        message.fault("folded line");
        return None;
    }
    let Some((name, value)) = line.split_once(':') else {
        message.fault("line without a colon");
        return None;
    };
    if !is_token(name) {
        message.fault("field name");
    }
    if value.contains('\0') {
        message.fault("NUL");
    } else if has_control(value) {
        message.fault("control");
    }
    let value = value.trim_matches([' ', '\t']);
    Some((name.trim().to_owned(), value.to_owned()))
}

fn judge_framing(kind: Kind, message: &mut Message) {
    let lengths = message.lines("content-length");
    let codings = message.lines("transfer-encoding");
    let is_length = |it: &&str| {
        let is_number = it.bytes().all(|byte| byte.is_ascii_digit());
        is_number && it.parse::<u128>().is_ok_and(|it| i64::try_from(it).is_ok())
    };
    let is_1_0 = match kind {
        Kind::Request => message.start.ends_with("HTTP/1.0"),
        Kind::Answer { .. } => message.start.starts_with("HTTP/1.0"),
    };
    let judged = [
        (
            "Content-Length",
            lengths.len() > 1 || !lengths.iter().all(is_length),
        ),
        ("two lengths", !lengths.is_empty() && !codings.is_empty()),
        (
            "Transfer-Encoding",
            codings.len() > 1 || codings.iter().any(|it| !it.eq_ignore_ascii_case("chunked")),
        ),
        ("Transfer-Encoding in 1.0", is_1_0 && !codings.is_empty()),
        (
            "Host",
            kind == Kind::Request && message.lines("host").len() != 1,
        ),
    ];
    for (fault, is_so) in judged {
        if is_so {
            message.fault(fault);
        }
    }
}

/// Returns how many bytes the body took.
fn read_body(bytes: &[u8], kind: Kind, message: &mut Message) -> usize {
    let is_chunked = message
        .lines("transfer-encoding")
        .iter()
        .any(|it| it.to_ascii_lowercase().contains("chunked"));
    let has_none = match kind {
        Kind::Request => false,
        Kind::Answer { to_head, .. } => {
            to_head
                || message.second().starts_with('1')
                || matches!(message.second(), "204" | "304")
        }
    };
    let length = message.lines("content-length").first().map(|value| {
        let digits = value.trim_start_matches('+');
        let end = digits
            .find(|it: char| !it.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse::<usize>().unwrap_or(0)
    });
    if has_none {
        message.whole = true;
        return 0;
    }
    if is_chunked {
        return read_chunks(bytes, message);
    }
    match (length, kind) {
        (Some(length), _) => {
            let len = length.min(bytes.len());
            message.body = bytes[..len].to_vec();
            message.whole = len == length;
            len
        }
        (None, Kind::Request) => {
            message.whole = true;
            0
        }
        (None, Kind::Answer { at_end, .. }) => {
            message.body = bytes.to_vec();
            message.whole = at_end;
            bytes.len()
        }
    }
}

fn read_chunks(bytes: &[u8], message: &mut Message) -> usize {
    let mut at = 0;
    loop {
        let Some(line) = next_line(bytes, &mut at, message) else {
            return bytes.len();
        };
        let size = line.split(';').next().unwrap_or_default();
        let is_size = !size.is_empty() && size.bytes().all(|it| it.is_ascii_hexdigit());
        if !is_size || size.len() > 16 {
            message.fault("chunk size");
        }
        if has_control(&line) {
            message.fault("control");
        }
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
            return bytes.len();
        };
        if size == 0 {
            return read_trailers(bytes, at, message);
        }
        let end = at.saturating_add(size).min(bytes.len());
        message.body.extend_from_slice(&bytes[at..end]);
        at = end;
        let rest = &bytes[at..];
        if rest.len() < 2 {
            return bytes.len();
        }
        if !rest.starts_with(b"\r\n") {
            message.fault("chunk end");
            return bytes.len();
        }
        at += 2;
    }
}

fn read_trailers(bytes: &[u8], from: usize, message: &mut Message) -> usize {
    let mut at = from;
    while let Some(line) = next_line(bytes, &mut at, message) {
        if line.is_empty() {
            message.whole = true;
            return at;
        }
        if let Some((name, value)) = read_field(&line, message) {
            if NEVER_TRAILERS.contains(&&*name.to_ascii_lowercase()) {
                message.fault("framing in trailers");
            }
            message.trailers.push((name, value));
        }
    }
    bytes.len()
}

/// The line at `at`, which moves behind it.
fn next_line(bytes: &[u8], at: &mut usize, message: &mut Message) -> Option<String> {
    let rest = &bytes[*at..];
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    *at += end + 1;
    let line = rest[..end].strip_suffix(b"\r").unwrap_or_else(|| {
        message.fault("bare LF");
        &rest[..end]
    });
    Some(text(line))
}
