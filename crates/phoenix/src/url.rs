//! The addresses that an endpoint writes into links, redirects and mails.

use erlterm::Term;
use routes::Origin;

use crate::{
    Setting,
    endpoint::Settings,
    options::{Opt, setting},
    value::{is_atom, text},
};

/// What generated URLs begin with, as `build_url/2` of `Phoenix.Endpoint.Supervisor` puts it
/// together from `url:` (or `static_url:`), `http:` and `https:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GeneratedUrl {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The port is that of the listener: `url:` names none.
    pub(crate) is_listeners_port: bool,
    /// Where `url:` is written, if anywhere.
    pub(crate) origin: Option<Origin>,
}

impl std::fmt::Display for GeneratedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            scheme, host, port, ..
        } = self;
        match (scheme.as_str(), port) {
            ("http", 80) | ("https", 443) => write!(f, "{scheme}://{host}"),
            _ => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// What `url: [host:]` is to Phoenix, which knows no placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UrlHost {
    /// This; `localhost` where nobody sets it.
    Is(String),
    /// `nil`, or a `{:system, "VAR"}` that is not set.
    Nil,
    /// It can't be known.
    Unknown,
}

/// The URL of `url:`; nothing where a part of it isn't known.
pub(crate) fn generated(settings: &Settings<'_>) -> Option<GeneratedUrl> {
    build(settings, "url")
}

/// The URL of `static_url:`, where that is set and known.
pub(crate) fn generated_static(settings: &Settings<'_>) -> Option<GeneratedUrl> {
    match settings.raw(&["static_url"]) {
        // `endpoint.config(:static_url) || url_config`
        Setting::Known(term, _) if is_nil_or_false(&term) => None,
        Setting::Known(Term::List(_), _) => build(settings, "static_url"),
        Setting::Absent | Setting::Known(..) | Setting::Unknown { .. } => None,
    }
}

fn build(settings: &Settings<'_>, key: &str) -> Option<GeneratedUrl> {
    let listener = listener(settings)?;
    let of = |name| setting(settings, &[key, name], text);
    let scheme = optional(of("scheme"))?;
    let host = optional(of("host"))?;
    let port = optional(setting(settings, &[key, "port"], number))?;
    let list = match settings.raw(&[key]) {
        Setting::Known(_, origin) | Setting::Unknown { origin, .. } => Some(origin),
        Setting::Absent => None,
    };
    let origin = host.as_ref().map(|(_, origin)| origin.clone()).or(list);
    Some(GeneratedUrl {
        scheme: scheme.map_or(listener.0.to_owned(), |(scheme, _)| scheme),
        host: host.map_or("localhost".to_owned(), |(host, _)| host),
        is_listeners_port: port.is_none(),
        port: port.map_or(listener.1, |(port, _)| port),
        origin,
    })
}

/// The scheme and port of the listener that `build_url/2` falls back to: https before http, and not
/// the port that an adapter would choose.
fn listener(settings: &Settings<'_>) -> Option<(&'static str, u16)> {
    for (scheme, port) in [("https", 443), ("http", 80)] {
        match settings.raw(&[scheme]) {
            Setting::Absent => {}
            Setting::Known(term, _) if is_nil_or_false(&term) => {}
            Setting::Known(..) | Setting::Unknown { .. } => {
                let known = optional(setting(settings, &[scheme, "port"], number))?;
                return Some((scheme, known.map_or(port, |(port, _)| port)));
            }
        }
    }
    Some(("http", 80))
}

/// `None` where the option isn't known.
#[expect(clippy::option_option, reason = "not known, not there, there")]
fn optional<T>(option: Opt<T>) -> Option<Option<T>> {
    match option {
        Opt::Absent => Some(None),
        Opt::Is(value) => Some(Some(value)),
        Opt::Unknown => None,
    }
}

/// A port as `port_to_integer/1` reads it.
fn number(term: &Term) -> Option<u16> {
    match term {
        Term::Integer(number) => u16::try_from(*number).ok(),
        Term::Binary(_) => text(term)?.parse().ok(),
        _ => None,
    }
}

fn is_nil_or_false(term: &Term) -> bool {
    is_atom(term, "nil") || is_atom(term, "false")
}

/// Reads `url: [host:]` as Phoenix compares with it.
pub(crate) fn url_host(settings: &Settings<'_>) -> UrlHost {
    // Phoenix's default is `url: [host: "localhost", path: "/"]`, with which a list merges and which
    // anything else replaces.
    match settings.raw(&["url"]) {
        Setting::Absent | Setting::Known(Term::List(_), _) | Setting::Unknown { .. } => {}
        Setting::Known(..) => return UrlHost::Unknown,
    }
    match settings.raw(&["url", "host"]) {
        Setting::Absent => match settings.raw(&["url"]) {
            Setting::Unknown { .. } => UrlHost::Unknown,
            Setting::Absent | Setting::Known(..) => UrlHost::Is("localhost".to_owned()),
        },
        Setting::Unknown { .. } => UrlHost::Unknown,
        Setting::Known(term, _) if is_atom(&term, "nil") => UrlHost::Nil,
        Setting::Known(term @ Term::Tuple(_), _) => {
            match crate::value::resolve(term, settings.project.vars) {
                Ok(term) => text(&term).map_or(UrlHost::Unknown, UrlHost::Is),
                Err(_) => UrlHost::Nil,
            }
        }
        Setting::Known(term @ Term::Binary(_), _) => {
            text(&term).map_or(UrlHost::Unknown, UrlHost::Is)
        }
        Setting::Known(..) => UrlHost::Unknown,
    }
}
