//! One exchange as one line: a JSON object, or short text for a terminal.

use std::{io::Write, net::IpAddr, time::Duration};

use exchange::{Record, push_decimal, push_ip};

/// Bytes of a path in a line.
const PATH_BYTES_MAX: usize = 2048;
/// Bytes of a user agent in a line.
const USER_AGENT_BYTES_MAX: usize = 512;
/// Bytes of any other text in a line.
const TEXT_BYTES_MAX: usize = 256;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object, for programs.
    Json,
    /// A few words, for a person at a terminal.
    Text,
}

/// What the worker knows of an exchange beside its record.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    /// Who holds the other end of the client's connection.
    pub(crate) peer_ip: Option<IpAddr>,
    pub(crate) service: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
    pub(crate) node: Option<&'a str>,
    pub(crate) upstream: Option<&'a str>,
    /// What is to be known of the upstream: sight of its node was lost.
    pub(crate) upstream_state: Option<&'a str>,
}

/// Appends a line.
pub(super) fn write(
    into: &mut Vec<u8>,
    format: Format,
    stamp: &str,
    record: &Record<'_>,
    about: &About<'_>,
) {
    match format {
        Format::Json => json(into, stamp, record, about),
        Format::Text => text(into, stamp, record, about),
    }
}

fn json(into: &mut Vec<u8>, stamp: &str, record: &Record<'_>, about: &About<'_>) {
    let mut line = Object::begin(into);
    line.text("ts", stamp.as_bytes(), TEXT_BYTES_MAX);
    line.text_or_null("request_id", record.request_id.as_bytes(), TEXT_BYTES_MAX);
    line.text_or_null("trace_id", record.trace_id.as_bytes(), TEXT_BYTES_MAX);
    line.ip("client_ip", record.client_ip);
    line.ip("peer_ip", about.peer_ip);
    line.text_or_null("method", record.method, TEXT_BYTES_MAX);
    line.text_or_null("scheme", record.scheme.as_bytes(), TEXT_BYTES_MAX);
    line.text_or_null("host", record.host.as_bytes(), TEXT_BYTES_MAX);
    line.text_or_null("path", record.path, PATH_BYTES_MAX);
    line.text_or_null("proto", record.version.as_bytes(), TEXT_BYTES_MAX);
    line.number("status", Some(u64::from(record.status)));
    line.text("reason", record.reason.name().as_bytes(), TEXT_BYTES_MAX);
    line.name("service", about.service);
    line.name("app", about.app);
    line.name("node", about.node);
    line.name("upstream", about.upstream);
    line.name("upstream_state", about.upstream_state);
    line.number("attempts", Some(u64::from(record.attempts)));
    line.millis("duration_ms", Some(record.duration));
    line.millis("upstream_ms", record.upstream);
    line.millis("held_ms", Some(record.held));
    line.number("bytes_in", Some(record.bytes_in));
    line.number("bytes_out", Some(record.bytes_out));
    line.text_or_null("user_agent", record.user_agent, USER_AGENT_BYTES_MAX);
    line.name("upgrade", record.upgrade.then_some("websocket"));
    line.number("close_code", record.close_code.map(u64::from));
    line.end();
}

/// `12:00:00 GET auth.localhost/path 200 1.2ms AuthWeb.Endpoint`
fn text(into: &mut Vec<u8>, stamp: &str, record: &Record<'_>, about: &About<'_>) {
    put(
        into,
        stamp.get(11..19).unwrap_or(stamp).as_bytes(),
        TEXT_BYTES_MAX,
    );
    let method: &[u8] = if record.method.is_empty() {
        b"-"
    } else {
        record.method
    };
    put(into, b" ", 1);
    put(into, method, TEXT_BYTES_MAX);
    put(into, b" ", 1);
    put(into, record.host.as_bytes(), TEXT_BYTES_MAX);
    put(into, record.path, PATH_BYTES_MAX);
    put(into, b" ", 1);
    push_decimal(into, record.status.into());
    put(into, b" ", 1);
    millis(into, record.duration);
    put(into, b"ms", 2);
    if record.reason != exchange::Reason::Ok {
        put(into, b" ", 1);
        put(into, record.reason.name().as_bytes(), TEXT_BYTES_MAX);
    }
    if let Some(service) = about.service {
        put(into, b" ", 1);
        put(into, service.as_bytes(), TEXT_BYTES_MAX);
    }
    into.push(b'\n');
}

/// Appends text as a terminal may show it: no byte of a stranger may steer the terminal.
fn put(into: &mut Vec<u8>, text: &[u8], bytes_max: usize) {
    for chunk in cut(text, bytes_max).utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_control() {
                into.extend(char.escape_default().map(|char| char as u8));
            } else {
                into.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if !chunk.invalid().is_empty() {
            into.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn millis(into: &mut Vec<u8>, duration: Duration) {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    push_decimal(into, millis);
    let micros = duration.subsec_micros() % 1000;
    into.push(b'.');
    for digit in [micros / 100, micros / 10 % 10, micros % 10] {
        push_decimal(into, digit.into());
    }
}

/// Cuts a text, not within a character.
fn cut(text: &[u8], bytes_max: usize) -> &[u8] {
    let Some(next) = text.get(bytes_max) else {
        return text;
    };
    let mut end = bytes_max;
    let mut next = *next;
    // A character of UTF-8 has at most three continuation bytes.
    for _ in 0..3 {
        if next & 0b1100_0000 != 0b1000_0000 || end == 0 {
            break;
        }
        end -= 1;
        next = text[end];
    }
    &text[..end]
}

/// A JSON object under way.
struct Object<'a> {
    into: &'a mut Vec<u8>,
}

impl<'a> Object<'a> {
    fn begin(into: &'a mut Vec<u8>) -> Self {
        into.push(b'{');
        Self { into }
    }

    /// Closes the object and the line.
    fn end(self) {
        // Instead of the last member's comma.
        self.into.pop();
        self.into.extend_from_slice(b"}\n");
    }

    fn key(&mut self, key: &str) {
        self.into.push(b'"');
        self.into.extend_from_slice(key.as_bytes());
        self.into.extend_from_slice(b"\":");
    }

    fn null(&mut self, key: &str) {
        self.key(key);
        self.into.extend_from_slice(b"null,");
    }

    fn text(&mut self, key: &str, text: &[u8], bytes_max: usize) {
        self.key(key);
        self.into.push(b'"');
        escape(self.into, cut(text, bytes_max));
        self.into.extend_from_slice(b"\",");
    }

    fn text_or_null(&mut self, key: &str, text: &[u8], bytes_max: usize) {
        if text.is_empty() {
            self.null(key);
        } else {
            self.text(key, text, bytes_max);
        }
    }

    fn name(&mut self, key: &str, name: Option<&str>) {
        self.text_or_null(key, name.unwrap_or_default().as_bytes(), TEXT_BYTES_MAX);
    }

    fn number(&mut self, key: &str, number: Option<u64>) {
        let Some(number) = number else {
            return self.null(key);
        };
        self.key(key);
        push_decimal(self.into, number);
        self.into.push(b',');
    }

    fn ip(&mut self, key: &str, ip: Option<IpAddr>) {
        let Some(ip) = ip else { return self.null(key) };
        self.key(key);
        self.into.push(b'"');
        push_ip(self.into, ip);
        self.into.extend_from_slice(b"\",");
    }

    fn millis(&mut self, key: &str, duration: Option<Duration>) {
        let Some(duration) = duration else {
            return self.null(key);
        };
        self.key(key);
        millis(self.into, duration);
        self.into.push(b',');
    }
}

/// Appends text as the inside of a JSON string (RFC 8259 §7); what is not UTF-8 becomes U+FFFD.
fn escape(into: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        return into.extend_from_slice(text);
    }
    for chunk in text.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'"' | b'\\' => into.extend_from_slice(&[b'\\', byte]),
                0..0x20 | 0x7f => {
                    // Writing into memory can't fail.
                    let _ = write!(into, "\\u{byte:04x}");
                }
                _ => into.push(byte),
            }
        }
        if !chunk.invalid().is_empty() {
            into.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Whether text is ASCII without anything to escape, as nearly all is. Looks at every byte, so that
/// the compiler can look at many at a time.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |is_plain, byte| {
        is_plain & matches!(byte, b' '..=b'~') & (*byte != b'"') & (*byte != b'\\')
    })
}
