//! Which origins an endpoint's sockets accept: `check_origin`, compared as
//! `Phoenix.Socket.Transport.check_origin/5` compares.

use erlterm::Term;
use routes::{Finding, Host, Origin, Severity};

use crate::{
    Setting,
    endpoint::{Facts, Settings},
    module::{Call, EndpointModule},
    options::{Opt, option},
    url::UrlHost,
    value::{is_atom, shown, text},
};

#[cfg(test)]
mod tests;

/// One value of `check_origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckOrigin {
    /// `false`: all.
    Any,
    /// `true`, Phoenix's default: the host of `url:`, with any scheme and port.
    UrlHost,
    /// `:conn`: the scheme, host and port of the request itself.
    Conn,
    /// One of these.
    These(Vec<Allowed>),
    /// What makes Phoenix raise; the text says what.
    Invalid(String),
    /// A function, or what isn't known.
    Unknown,
}

/// One origin of a list, taken apart as `URI.parse/1` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) written: String,
    scheme: Option<String>,
    host: String,
    port: Option<u64>,
}

/// The address of a page that opens a socket; what isn't known of it is taken to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'a> {
    pub(crate) scheme: Option<&'a str>,
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
}

/// A `check_origin`, where it is written, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) check: CheckOrigin,
    /// `None` for Phoenix's default.
    pub(crate) origin: Option<Origin>,
    /// The socket that has its own; `None` for the endpoint's.
    pub(crate) socket: Option<Socket>,
}

/// A socket by its path, and the transport that an option stands under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    path: String,
    transport: &'static str,
}

impl CheckOrigin {
    /// Reads a value as `check_origin_config/3` does.
    pub(crate) fn of(term: &Term) -> Self {
        match term {
            Term::Atom(name) => match name.as_str() {
                "false" => Self::Any,
                "true" => Self::UrlHost,
                "conn" => Self::Conn,
                _ => Self::Invalid(shown(term)),
            },
            Term::Tuple(parts) if parts.len() == 3 => Self::Unknown,
            Term::Opaque(_) => Self::Unknown,
            Term::List(items) => Self::of_list(items),
            _ => Self::Invalid(shown(term)),
        }
    }

    fn of_list(items: &[Term]) -> Self {
        let mut allowed = Vec::new();
        for item in items {
            match item {
                // A regular expression or a `%URI{}`, which Phoenix may take.
                Term::Opaque(_) | Term::Map(_) => return Self::Unknown,
                Term::Binary(_) => match text(item).and_then(|text| Allowed::parse(&text)) {
                    Some(origin) => allowed.push(origin),
                    None => return Self::Invalid(shown(item)),
                },
                _ => return Self::Invalid(shown(item)),
            }
        }
        Self::These(allowed)
    }

    pub(crate) fn has_wildcard(&self) -> bool {
        match self {
            Self::These(allowed) => allowed.iter().any(|it| it.host.starts_with("*.")),
            Self::Any | Self::UrlHost | Self::Conn | Self::Invalid(_) | Self::Unknown => false,
        }
    }

    /// Returns whether a page may open a socket; what isn't known is taken to allow it.
    pub(crate) fn accepts(&self, page: Page<'_>, url_host: &UrlHost) -> bool {
        match self {
            Self::Any | Self::Unknown => true,
            // `compare?/2`: nil allows all.
            Self::UrlHost => match url_host {
                UrlHost::Is(host) => host == page.host,
                UrlHost::Nil | UrlHost::Unknown => true,
            },
            // The gateway hands the Host on as it came. Whether the scheme fits is another question.
            Self::Conn => true,
            Self::These(allowed) => allowed.iter().any(|allowed| allowed.accepts(page)),
            // Phoenix answers 500, which is told by itself.
            Self::Invalid(_) => true,
        }
    }
}

impl Allowed {
    /// `URI.parse/1`, of which a host must remain (`parse_origin/1`).
    fn parse(written: &str) -> Option<Self> {
        let (scheme, rest) = match written.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
            Some(_) | None => (None, written),
        };
        let authority = rest.strip_prefix("//")?;
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        let (has_user, authority) = match authority.rsplit_once('@') {
            Some((_, rest)) => (true, rest),
            None => (false, authority),
        };
        let (host, rest) = host_and_rest(authority);
        // Nothing at all is an empty host, and nothing before a port or after an `@` is none.
        if host.is_empty() && !rest.is_empty() || host.is_empty() && has_user {
            return None;
        }
        let digits = rest.strip_prefix(':').unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let named = digits
            .get(..end.unwrap_or(digits.len()))
            .unwrap_or_default();
        let named = (!named.is_empty()).then(|| named.parse().unwrap_or(u64::MAX));
        let port = named.or(match scheme.as_deref() {
            Some("http" | "ws") => Some(80),
            Some("https" | "wss") => Some(443),
            Some(_) | None => None,
        });
        Some(Self {
            written: written.to_owned(),
            // Some versions of Elixir leave the case as it is, others don't: in doubt it fits.
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            scheme,
            port,
        })
    }

    fn accepts(&self, page: Page<'_>) -> bool {
        let scheme = match (self.scheme.as_deref(), page.scheme) {
            (Some(allowed), Some(scheme)) => allowed == scheme,
            (None, _) | (_, None) => true,
        };
        let port = match (self.port, page.port) {
            (Some(allowed), Some(port)) => allowed == u64::from(port),
            (None, _) | (_, None) => true,
        };
        scheme && port && self.accepts_host(page.host)
    }

    /// `compare_host?/2`: `*.auth.test` is `auth.test` too, and names any number of labels below it.
    pub(crate) fn accepts_host(&self, host: &str) -> bool {
        match self.host.strip_prefix("*.") {
            Some(parent) => host
                .strip_suffix(parent)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            None => host == self.host,
        }
    }
}

/// Up to the port: an address in brackets, or whatever comes before a colon.
fn host_and_rest(authority: &str) -> (&str, &str) {
    if let Some((literal, rest)) = authority
        .strip_prefix('[')
        .and_then(|it| it.split_once(']'))
    {
        let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':' || byte == b'.';
        if literal.bytes().all(is_literal) {
            return (literal, rest);
        }
    }
    authority.split_at(authority.find(':').unwrap_or(authority.len()))
}

fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A policy that refuses a host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    pub(crate) policy: &'a Policy,
    url_host: &'a UrlHost,
}

impl<'a> Refusal<'a> {
    /// The policy by which a page of `host` is refused, whatever its scheme and port.
    pub(crate) fn of(facts: &'a Facts, host: &Host) -> Option<Self> {
        Self::of_page(
            facts,
            Page {
                scheme: None,
                host: host.as_str(),
                port: None,
            },
        )
    }

    /// The first policy by which this page is refused.
    pub(crate) fn of_page(facts: &'a Facts, page: Page<'_>) -> Option<Self> {
        let mut policies = facts.policies.iter();
        policies.find_map(|policy| Self::by(policy, facts, page))
    }

    /// Whether this policy refuses the page.
    pub(crate) fn by(policy: &'a Policy, facts: &'a Facts, page: Page<'_>) -> Option<Self> {
        let url_host = &facts.url_host;
        (!policy.check.accepts(page, url_host)).then_some(Self { policy, url_host })
    }

    /// What to say of the hosts that it refuses.
    pub(crate) fn finding(self, module: &EndpointModule, hosts: &[&Host]) -> Finding {
        Finding {
            code: "check-origin",
            severity: Severity::Warning,
            origin: self.policy.origin.clone().or_else(|| module.origin.clone()),
            message: format!(
                "{} of {} refuse pages of {} with 403, so LiveView and channels stay dead there: {}",
                self.policy.sockets(),
                module.module,
                listed(hosts),
                self.why(),
            ),
            fix: self.fix(module, hosts),
        }
    }

    /// What the policy is, in a clause.
    pub(crate) fn why(self) -> String {
        match (&self.policy.check, self.url_host) {
            (CheckOrigin::UrlHost, UrlHost::Is(host)) => {
                format!("check_origin allows the url host alone, {host}")
            }
            (CheckOrigin::These(_), _) => "check_origin doesn't list it".to_owned(),
            (CheckOrigin::Conn, _) => {
                "check_origin: :conn compares with http, and the page is https".to_owned()
            }
            (
                CheckOrigin::Any
                | CheckOrigin::UrlHost
                | CheckOrigin::Invalid(_)
                | CheckOrigin::Unknown,
                _,
            ) => "check_origin doesn't allow it".to_owned(),
        }
    }

    /// The line that allows the hosts and their subdomains besides what is allowed already.
    pub(crate) fn fix(self, module: &EndpointModule, hosts: &[&Host]) -> String {
        let mut allowed: Vec<String> = match (&self.policy.check, self.url_host) {
            (CheckOrigin::These(allowed), _) => {
                allowed.iter().map(|it| it.written.clone()).collect()
            }
            (CheckOrigin::UrlHost, UrlHost::Is(host)) => vec![format!("//{host}")],
            (
                CheckOrigin::Any
                | CheckOrigin::Conn
                | CheckOrigin::UrlHost
                | CheckOrigin::Invalid(_)
                | CheckOrigin::Unknown,
                _,
            ) => Vec::new(),
        };
        for host in hosts {
            allowed.push(format!("//{host}"));
            if !host.is_ip() {
                allowed.push(format!("//*.{host}"));
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        allowed.retain(|it| seen.insert(it.clone()));
        let list = format!("check_origin: {allowed:?}");
        match &self.policy.socket {
            Some(Socket { path, transport }) => {
                format!("socket \"{path}\", …, {transport}: [{list}, …]")
            }
            None => module.line(&list),
        }
    }
}

impl Policy {
    fn says_as(&self, other: &Self) -> bool {
        let path = |policy: &Self| policy.socket.as_ref().map(|it| it.path.clone());
        self.check == other.check && path(self) == path(other)
    }

    /// `the sockets`, or the one with a policy of its own.
    pub(crate) fn sockets(&self) -> String {
        match &self.socket {
            Some(Socket { path, .. }) => format!("the connections to socket {path}"),
            None => "the sockets".to_owned(),
        }
    }
}

/// `http://a.test and 2 more`.
fn listed(hosts: &[&Host]) -> String {
    let first = hosts.first().map_or(String::new(), |host| host.to_string());
    match hosts.len() {
        0 | 1 => first,
        2 => format!("{first} and {}", hosts[1]),
        many => format!("{first} and {} more", many - 1),
    }
}

/// The policies that an endpoint's sockets have, each once, the endpoint's own first. None where its
/// module mounts no socket.
pub(crate) fn policies(settings: &Settings<'_>) -> Vec<Policy> {
    let own = endpoints_own(settings);
    let Some(calls) = &settings.module.calls else {
        return vec![own];
    };
    let mut policies: Vec<Policy> = Vec::new();
    // What stands in an `if` is live reload's, as a rule, and may not be mounted at all.
    let sockets = calls
        .iter()
        .filter(|call| call.name == "socket" && !call.is_conditional);
    for socket in sockets {
        for policy in of_socket(settings.module, socket, &own) {
            // Both transports of one socket mostly say the same.
            if !policies.iter().any(|known| known.says_as(&policy)) {
                policies.push(policy);
            }
        }
    }
    policies.sort_by_key(|policy| policy.socket.is_some());
    policies
}

fn endpoints_own(settings: &Settings<'_>) -> Policy {
    let (check, origin) = match settings.raw(&["check_origin"]) {
        Setting::Absent => (CheckOrigin::UrlHost, None),
        Setting::Known(term, origin) => (CheckOrigin::of(&term), Some(origin)),
        Setting::Unknown { origin, .. } => (CheckOrigin::Unknown, Some(origin)),
    };
    Policy {
        check,
        origin,
        socket: None,
    }
}

/// `socket path, module, options`: what stands under `websocket:` or `longpoll:` comes before the
/// endpoint's own.
fn of_socket(module: &EndpointModule, socket: &Call, own: &Policy) -> Vec<Policy> {
    let empty = Term::List(Vec::new());
    let options = socket.arguments.get(2).unwrap_or(&empty);
    let path = socket.arguments.first().and_then(text).unwrap_or_default();
    // `Keyword.get(opts, :websocket, true)`, `Keyword.get(opts, :longpoll, false)`
    let transports = [("websocket", true), ("longpoll", false)];
    let policies = transports
        .into_iter()
        .filter_map(|(transport, is_default)| match option(options, transport) {
            Opt::Absent => is_default.then(|| own.clone()),
            Opt::Unknown => None,
            Opt::Is(term) if is_atom(&term, "false") || is_atom(&term, "nil") => None,
            Opt::Is(term @ Term::List(_)) => match option(&term, "check_origin") {
                Opt::Absent => Some(own.clone()),
                Opt::Unknown => None,
                Opt::Is(check) => Some(Policy {
                    check: CheckOrigin::of(&check),
                    origin: module.at(socket.line),
                    socket: Some(Socket {
                        path: path.clone(),
                        transport,
                    }),
                }),
            },
            Opt::Is(_) => Some(own.clone()),
        });
    policies.collect()
}
