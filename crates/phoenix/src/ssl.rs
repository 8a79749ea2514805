//! Redirects to https: `force_ssl`, and `plug Plug.SSL` in the endpoint's module.

use erlterm::Term;
use routes::Origin;

use crate::{
    Setting,
    endpoint::Settings,
    module::Call,
    options::{Opt, is_computed, option},
    value::{is_atom, text},
};

/// What `Plug.SSL` excludes where `exclude:` doesn't say (`Plug.SSL.init/1`).
const EXCLUDED: [&str; 2] = ["localhost", "127.0.0.1"];

/// One `Plug.SSL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) origin: Option<Origin>,
    /// It is `force_ssl`, which runs before sockets and everything in the module's body.
    pub(crate) is_force_ssl: bool,
    /// Whether `x-forwarded-proto` tells it the scheme.
    pub(crate) reads_proto: Opt<bool>,
    /// The host it redirects to.
    pub(crate) to: RedirectTo,
    /// The hosts that it leaves alone; unknown where a function decides.
    excluded: Opt<Vec<String>>,
}

/// The host that a redirect leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RedirectTo {
    /// The one asked for.
    Same,
    /// That of `url:`: what `Phoenix.Endpoint.__force_ssl__/2` puts in where `host:` isn't given.
    UrlHost,
    /// This.
    Host(String),
    /// A function's answer, or what isn't known.
    Unknown,
}

impl Redirect {
    /// Returns whether it leaves `host` alone; what isn't known is taken to do so.
    pub(crate) fn excludes(&self, host: &str) -> bool {
        match &self.excluded {
            Opt::Absent => EXCLUDED.contains(&host),
            Opt::Is(hosts) => hosts.iter().any(|excluded| excluded == host),
            Opt::Unknown => true,
        }
    }

    fn of(options: &Term, origin: Option<Origin>, is_force_ssl: bool) -> Self {
        Self {
            origin,
            is_force_ssl,
            reads_proto: option(options, "rewrite_on").read(|term| reads_proto(&term)),
            to: to(options, is_force_ssl),
            excluded: match option(options, "exclude") {
                // `if exclude = Keyword.get(opts, :exclude)`
                Opt::Is(term) if is_atom(&term, "nil") => Opt::Absent,
                other => other.read(|term| excluded(&term)),
            },
        }
    }
}

/// All that redirect to https, in the order in which they run.
pub(crate) fn redirects(settings: &Settings<'_>) -> Vec<Redirect> {
    let mut redirects = Vec::new();
    match settings.raw(&["force_ssl"]) {
        Setting::Known(term @ Term::List(_), origin) => {
            redirects.push(Redirect::of(&term, Some(origin), true));
        }
        Setting::Absent | Setting::Known(..) | Setting::Unknown { .. } => {}
    }
    let module = settings.module;
    let mut proto_was_read = Opt::Absent;
    for call in plugs(module.calls.as_deref()) {
        let empty = Term::List(Vec::new());
        let options = call.arguments.get(1).unwrap_or(&empty);
        match call.arguments.first().and_then(Term::as_module) {
            Some("Plug.RewriteOn") if is_computed(options) => proto_was_read = Opt::Unknown,
            Some("Plug.RewriteOn") => match (reads_proto(options), call.is_conditional) {
                (Some(true), false) => proto_was_read = Opt::Is(true),
                (Some(true), true) | (None, _) => proto_was_read = Opt::Unknown,
                (Some(false), _) => {}
            },
            Some("Plug.SSL") if !call.is_conditional && matches!(options, Term::List(_)) => {
                let mut redirect = Redirect::of(options, module.at(call.line), false);
                if redirect.reads_proto != Opt::Is(true) && proto_was_read != Opt::Absent {
                    redirect.reads_proto = proto_was_read.clone();
                }
                redirects.push(redirect);
            }
            Some(_) | None => {}
        }
    }
    redirects
}

fn plugs(calls: Option<&[Call]>) -> impl Iterator<Item = &Call> {
    let calls = calls.unwrap_or_default().iter();
    calls.filter(|call| call.name == "plug")
}

/// `Plug.RewriteOn.init/1` wraps what is no list; a tuple of three is a function to ask.
fn reads_proto(term: &Term) -> Option<bool> {
    let is_proto = |term: &Term| match term {
        Term::Atom(name) => Some(name == "x_forwarded_proto"),
        Term::Tuple(parts) => match parts.as_slice() {
            [Term::Atom(what), header] => {
                Some(what == "scheme" && text(header).as_deref() == Some("x-forwarded-proto"))
            }
            _ => None,
        },
        _ => None,
    };
    match term {
        Term::List(items) => {
            let known: Vec<Option<bool>> = items.iter().map(is_proto).collect();
            if known.contains(&Some(true)) {
                return Some(true);
            }
            known.iter().all(Option::is_some).then_some(false)
        }
        term => is_proto(term),
    }
}

fn to(options: &Term, is_force_ssl: bool) -> RedirectTo {
    match option(options, "host") {
        Opt::Absent if is_force_ssl => RedirectTo::UrlHost,
        Opt::Absent => RedirectTo::Same,
        Opt::Is(term) if is_atom(&term, "nil") => RedirectTo::Same,
        Opt::Is(term @ Term::Binary(_)) => {
            text(&term).map_or(RedirectTo::Unknown, RedirectTo::Host)
        }
        Opt::Is(_) | Opt::Unknown => RedirectTo::Unknown,
    }
}

/// `validate_exclude!/1`: texts are hosts too; paths spare no host as a whole.
fn excluded(term: &Term) -> Option<Vec<String>> {
    let Term::List(items) = term else {
        return None;
    };
    let mut hosts = Vec::new();
    for item in items {
        match item {
            Term::Binary(_) => hosts.push(text(item)?),
            Term::Tuple(pair) => match pair.as_slice() {
                [key, Term::List(named)] if is_atom(key, "hosts") => {
                    for host in named {
                        hosts.push(text(host)?);
                    }
                }
                [key, _] if is_atom(key, "paths") => {}
                _ => return None,
            },
            _ => return None,
        }
    }
    Some(hosts)
}
