//! The gateway's own answers: head and body, in the form the client likes.

use std::io::Write as _;

use http1::Version;
use routes::{Host, Snapshot};

use crate::error::{Failure, title};

/// Hosts in the list of a page, at most.
const LISTED_HOSTS_MAX: usize = 100;

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Text,
    Html,
    /// `application/problem+json` (RFC 9457).
    Problem,
}

impl Form {
    /// The form that an `Accept` value asks for. Weights are not looked at: nobody says "anything
    /// but HTML" by them.
    pub(crate) fn accepted(value: &[u8]) -> Self {
        let has = |wanted: &[u8]| memchr::memmem::find(value, wanted).is_some();
        if has(b"text/html") {
            Self::Html
        } else if has(b"application/problem+json") || has(b"application/json") {
            Self::Problem
        } else {
            Self::Text
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Problem => "application/problem+json",
        }
    }
}

/// The known hosts, for a person who develops on this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) snapshot: &'a Snapshot,
    /// The host that was asked for.
    pub(crate) host: &'a str,
    /// The port it was asked for with.
    pub(crate) port: Option<u16>,
}

/// An answer of the gateway's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    pub(crate) status: u16,
    /// `None` for an answer that is no failure.
    pub(crate) failure: Option<Failure>,
    pub(crate) form: Form,
    /// A clause for a person, or all of the text.
    pub(crate) text: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) listing: Option<Listing<'a>>,
    /// The version the client speaks.
    pub(crate) version: Version,
    pub(crate) keep_alive: bool,
    /// A page that the browser asks for again at once; the request then waits at the gateway.
    pub(crate) asks_again: bool,
}

impl Page<'_> {
    /// Writes the head to `head` and the body to `body`; the length holds also if the body is not
    /// sent (HEAD).
    pub(crate) fn write(&self, head: &mut Vec<u8>, body: &mut Vec<u8>) {
        head.clear();
        body.clear();
        match self.form {
            Form::Text => body.extend_from_slice(self.text.as_bytes()),
            Form::Problem => self.write_problem(body),
            Form::Html => self.write_html(body),
        }
        self.write_head(head, body.len());
    }

    fn write_head(&self, out: &mut Vec<u8>, length: usize) {
        push(
            out,
            format_args!("HTTP/1.1 {} {}\r\n", self.status, title(self.status)),
        );
        push(
            out,
            format_args!("Content-Type: {}\r\n", self.form.media_type()),
        );
        push(out, format_args!("Content-Length: {length}\r\n"));
        push(out, format_args!("Cache-Control: no-store\r\n"));
        if let Some(failure) = self.failure {
            let error = failure.proxy_error();
            push(
                out,
                format_args!("Proxy-Status: mesh-router; error={error}\r\n"),
            );
        }
        match self.status {
            // RFC 9110 §15.5.6: an answer of 405 has it.
            405 => push(out, format_args!("Allow: {ALLOWED}\r\n")),
            503 => push(out, format_args!("Retry-After: 1\r\n")),
            _ => {}
        }
        push(out, format_args!("X-Request-Id: {}\r\n", self.request_id));
        push_connection(out, self.version, self.keep_alive);
        out.extend_from_slice(b"\r\n");
    }

    fn write_problem(&self, out: &mut Vec<u8>) {
        push(
            out,
            format_args!(
                r#"{{"type":"about:blank","title":"{}","status":{},"detail":"#,
                title(self.status),
                self.status
            ),
        );
        push_json(out, self.text);
        push(
            out,
            format_args!(r#","request_id":"{}"}}"#, self.request_id),
        );
        out.push(b'\n');
    }

    fn write_html(&self, out: &mut Vec<u8>) {
        let (status, title) = (self.status, title(self.status));
        let again = if self.asks_again {
            "<meta http-equiv=\"refresh\" content=\"0\">"
        } else {
            ""
        };
        push(
            out,
            format_args!(
                "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">{again}\
                 <meta name=\"viewport\" content=\"width=device-width\">\
                 <title>{status} {title}</title>\
                 <style>body{{font:16px/1.5 system-ui,sans-serif;margin:4rem auto;max-width:40rem;\
                 padding:0 1rem}}small{{color:#777}}</style>\n<h1>{status} {title}</h1>\n<p>"
            ),
        );
        push_html(out, self.text);
        out.extend_from_slice(b"</p>\n");
        if self.asks_again {
            out.extend_from_slice(b"<p>This page loads by itself as soon as it does.</p>\n");
        }
        if let Some(listing) = &self.listing {
            listing.write(out);
        }
        out.extend_from_slice(b"<p><small>mesh-router \xc2\xb7 request ");
        push_html(out, self.request_id);
        out.extend_from_slice(b"</small></p>\n");
    }
}

/// What a 405 says is allowed: all that is forwarded under a well-known name.
const ALLOWED: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

impl Listing<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(nearest) = self.nearest() {
            out.extend_from_slice(b"<p>Did you mean ");
            self.write_link(out, nearest);
            out.extend_from_slice(b"?</p>\n");
        }
        if self.snapshot.routes.is_empty() {
            out.extend_from_slice(b"<p>No host is known yet.</p>\n");
            return;
        }
        out.extend_from_slice(b"<p>Known hosts:</p>\n<ul>\n");
        for route in self.snapshot.routes.iter().take(LISTED_HOSTS_MAX) {
            out.extend_from_slice(b"<li>");
            self.write_link(out, &route.host);
            out.extend_from_slice(b"</li>\n");
        }
        out.extend_from_slice(b"</ul>\n");
        let left = self.snapshot.routes.len().saturating_sub(LISTED_HOSTS_MAX);
        if left > 0 {
            push(out, format_args!("<p>and {left} more</p>\n"));
        }
    }

    fn nearest(&self) -> Option<&Host> {
        self.snapshot.nearest(&Host::parse(self.host).ok()?)
    }

    fn write_link(&self, out: &mut Vec<u8>, host: &Host) {
        out.extend_from_slice(b"<a href=\"http://");
        push_html(out, host.as_str());
        if let Some(port) = self.port {
            push(out, format_args!(":{port}"));
        }
        out.extend_from_slice(b"/\">");
        push_html(out, host.as_str());
        out.extend_from_slice(b"</a>");
    }
}

/// Writes our own Connection field, where the client's version doesn't imply it (RFC 9112 §9.3).
pub(crate) fn push_connection(out: &mut Vec<u8>, version: Version, keep_alive: bool) {
    match (version, keep_alive) {
        (Version::Http11, true) => {}
        (Version::Http10, true) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        (Version::Http10 | Version::Http11, false) => {
            out.extend_from_slice(b"Connection: close\r\n");
        }
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes everything");
}

fn push_html(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            _ => out.push(byte),
        }
    }
}

fn push_json(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => push(out, format_args!("\\u{byte:04x}")),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests;
