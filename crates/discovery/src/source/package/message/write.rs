//! Messages to frames.

use std::borrow::Cow;

use erlterm::etf::{self, TermRef};

use super::{Counted, LogLevel, LogLine, RouteTold, ToVm, VERSION};
use crate::source::package::frame::framed;

impl ToVm {
    /// Writes the message, its length first.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        etf::encode(&self.term(), &mut bytes).expect("its atoms are short and it has no floats");
        framed(&bytes)
    }

    fn term(&self) -> TermRef<'_> {
        match self {
            Self::Welcome { version, os_pid } => tuple([
                atom("welcome"),
                TermRef::Integer(VERSION),
                map([
                    ("version", text(version)),
                    ("os_pid", TermRef::Integer((*os_pid).into())),
                ]),
            ]),
            Self::Refused(why) => tuple([atom("refused"), text(why)]),
            Self::Failed { status, why } => tuple([
                atom("failed"),
                TermRef::Integer((*status).into()),
                text(why),
            ]),
            Self::Listening(addresses) => {
                let addresses = addresses.iter().map(|it| text(it)).collect();
                tuple([atom("listening"), TermRef::List(addresses)])
            }
            Self::Applied { seq, generation } => {
                tuple([atom("applied"), TermRef::Integer(*seq), number(*generation)])
            }
            Self::Routes { generation, routes } => {
                let routes = routes.iter().map(route).collect();
                tuple([atom("routes"), number(*generation), TermRef::List(routes)])
            }
            Self::Counts(counts) => {
                let counts = counts.iter().map(|(name, it)| (text(name), counted(it)));
                let counts = counts.collect();
                tuple([atom("counts"), TermRef::Map(counts)])
            }
            Self::Log(line) => log(line),
            Self::Lost(count) => tuple([atom("lost"), number(*count)]),
        }
    }
}

fn route(route: &RouteTold) -> TermRef<'_> {
    map([
        ("host", text(&route.host)),
        ("subdomains", text(route.subdomains)),
        ("service", text(&route.service)),
    ])
}

fn counted(counted: &Counted) -> TermRef<'static> {
    map([
        ("requests", number(counted.requests)),
        ("errors", number(counted.errors)),
        ("websockets", number(counted.websockets)),
    ])
}

fn log(line: &LogLine) -> TermRef<'_> {
    let level = match line.level {
        LogLevel::Error => "error",
        LogLevel::Warning => "warning",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let fields = line.fields.iter();
    let fields = fields.map(|(key, value)| tuple([text(key), text(value)]));
    let fields = fields.collect();
    tuple([
        atom("log"),
        atom(level),
        text(&line.target),
        text(&line.message),
        TermRef::List(fields),
    ])
}

fn atom(name: &'static str) -> TermRef<'static> {
    TermRef::Atom(Cow::Borrowed(name))
}

fn text(text: &str) -> TermRef<'_> {
    TermRef::Binary(text.as_bytes())
}

/// What doesn't fit, after 292 years of a request each nanosecond, stays at the largest that does.
fn number(number: u64) -> TermRef<'static> {
    TermRef::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn tuple<const N: usize>(elements: [TermRef<'_>; N]) -> TermRef<'_> {
    TermRef::Tuple(elements.into())
}

fn map<'a, const N: usize>(pairs: [(&'static str, TermRef<'a>); N]) -> TermRef<'a> {
    let pair = |(key, value)| (atom(key), value);
    TermRef::Map(pairs.into_iter().map(pair).collect())
}
