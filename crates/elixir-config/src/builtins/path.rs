//! Functions of `Path` that look at no file.

use super::{Answer, to_text};
use crate::value::{Kind, Value};

/// A function of `Path`, called with values.
pub(super) fn path(name: &str, values: &[Value]) -> Answer {
    let texts: Option<Vec<String>> = match values {
        [list] if name == "join" => list
            .as_list()
            .and_then(|parts| parts.iter().map(to_text).collect()),
        values => values.iter().map(to_text).collect(),
    };
    if values.iter().any(|value| value.unknown().is_some()) {
        return Answer::Refused;
    }
    let Some(texts) = texts else {
        return match name {
            "join" | "basename" | "dirname" | "extname" | "rootname" => Answer::Refused,
            _ => Answer::Foreign,
        };
    };
    // Elixir keeps some of several slashes and drops others.
    if texts.iter().any(|text| text.contains("//")) {
        return Answer::Foreign;
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = match (name, texts.as_slice()) {
        ("join", [first, rest @ ..]) => join(first, rest),
        ("basename", [path]) => Some(last_segment(path).to_owned()),
        ("basename", [path, extension]) if !path.ends_with('/') => Some(
            last_segment(path)
                .strip_suffix(extension)
                .unwrap_or(last_segment(path))
                .to_owned(),
        ),
        ("dirname", [path]) => Some(match path.rsplit_once('/') {
            Some(("", _)) => "/".to_owned(),
            Some((folder, _)) => folder.to_owned(),
            None => ".".to_owned(),
        }),
        ("extname", [path]) => extension(path).map(str::to_owned),
        ("rootname", [path]) => extension(path)
            .and_then(|extension| path.strip_suffix(extension))
            .map(str::to_owned),
        _ => None,
    };
    found.map_or(Answer::Foreign, |text| Answer::Is(Kind::text(&text)))
}

/// The last segment.
fn last_segment(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

/// The extension with its dot; `None` for what begins or ends with dots or slashes.
fn extension(path: &str) -> Option<&str> {
    let last = last_segment(path);
    if path.ends_with('/') || last.starts_with('.') {
        return None;
    }
    Some(last.rfind('.').map_or("", |dot| &last[dot..]))
}

/// `Path.join`: one slash between, none at the end; `None` where a part is empty or a slash.
fn join(first: &str, rest: &[&str]) -> Option<String> {
    if rest.is_empty() {
        return (!first.ends_with('/')).then(|| first.to_owned());
    }
    let mut joined = first.to_owned();
    for next in rest {
        let inner = next.trim_matches('/');
        joined = match (joined.as_str(), inner) {
            (_, "") => return None,
            ("", _) if next.starts_with('/') => return None,
            ("", inner) => inner.to_owned(),
            (left, inner) => format!("{}/{inner}", left.trim_end_matches('/')),
        };
    }
    Some(joined)
}
