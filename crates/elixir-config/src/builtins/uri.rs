//! `URI.parse`, for the characters that URLs in configuration consist of.

use super::Answer;
use crate::value::{At, Kind, Value};

/// Schemes for which Elixir knows a port.
const PORTS: [(&str, i64); 9] = [
    ("ftp", 21),
    ("http", 80),
    ("https", 443),
    ("ldap", 389),
    ("ldaps", 636),
    ("sftp", 22),
    ("tftp", 69),
    ("ws", 80),
    ("wss", 443),
];

/// `URI.parse/1`: splits as RFC 3986 (appendix B) does, the struct as Elixir 1.14 and 1.18 have it.
pub(super) fn parse(value: &Value) -> Answer {
    let Some(text) = value.as_str() else {
        // A struct of its own is given back as it is.
        return match &value.kind {
            Kind::Map(_) => Answer::Foreign,
            _ => Answer::Refused,
        };
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}[]".contains(&byte);
    if !text.bytes().all(is_plain) {
        return Answer::Foreign;
    }
    let (text, fragment) = cut(text, '#');
    let (text, query) = cut(text, '?');
    let (scheme, text) = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
        Some(_) | None => (None, text),
    };
    let (authority, path) = match text.strip_prefix("//") {
        Some(text) => {
            let end = text.find('/').unwrap_or(text.len());
            let (authority, path) = text.split_at(end);
            (Some(authority), path)
        }
        None => (None, text),
    };
    let mut own = (None, None, None);
    if let Some(authority) = authority {
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, authority),
        };
        let (host, port) = cut(host, ':');
        let digits = port.unwrap_or_default();
        match digits.parse::<i64>() {
            Ok(port) if digits.bytes().all(|it| it.is_ascii_digit()) => own.2 = Some(port),
            Err(_) if digits.is_empty() => {}
            Ok(_) | Err(_) => return Answer::Foreign,
        }
        (own.0, own.1) = (userinfo, Some(host));
    }
    let (userinfo, host, port) = own;
    let known = PORTS
        .iter()
        .find(|(name, _)| Some(*name) == scheme.as_deref());
    let port = port.or(known.map(|(_, port)| *port));
    let path = Some(path).filter(|path| !path.is_empty());
    let text = |text: Option<&str>| text.map_or(Kind::nil(), Kind::text);
    Answer::Is(structure(
        value.at,
        [
            ("__struct__", Kind::atom("Elixir.URI")),
            ("authority", text(authority)),
            ("fragment", text(fragment)),
            ("host", text(host)),
            ("path", text(path)),
            ("port", port.map_or(Kind::nil(), Kind::Integer)),
            ("query", text(query)),
            ("scheme", text(scheme.as_deref())),
            ("userinfo", text(userinfo)),
        ],
    ))
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
}

fn structure<const FIELDS: usize>(at: At, fields: [(&str, Kind); FIELDS]) -> Kind {
    let field = |(name, kind): (&str, Kind)| (Kind::atom(name).at(at), kind.at(at));
    Kind::Map(fields.into_iter().map(field).collect())
}
