//! Terms to messages.

use std::{collections::btree_map, fmt, path::PathBuf};

use erldist::NodeName;
use erlterm::{
    Term,
    etf::{self, DecodeError, OpaqueKind, TermRef},
};
use phoenix::Bound;

use super::{FromVm, Hello, NODES_MAX, OnNode, Pushed, VERSION};
use crate::{
    settings,
    source::running::{ENDPOINTS_MAX, Endpoint, Said, bounded},
};

/// How the settings of a VM are told where they are not as they should be.
const SETTINGS: &str = "config :ex_service_mesh_router";

/// Bytes of a module's or an application's name, at most: an atom has no more characters.
const NAME_BYTES_MAX: usize = 1020;

/// Bytes of any other text, at most.
const TEXT_BYTES_MAX: usize = 4096;

/// Bytes of a machine's name, at most (gethostname(2)).
const HOST_BYTES_MAX: usize = 255;

/// The tag of a compressed term.
const COMPRESSED: u8 = 80;

/// Why a message is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no term.
    Term(DecodeError),
    /// A term of a kind that is not taken: a pid, a port, a reference, a function.
    Kind(&'static str),
    /// It is no message of the protocol; what is wrong, as a clause.
    Message(String),
    /// It speaks another version of the protocol.
    Version(i64),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(DecodeError::Tag(COMPRESSED)) => {
                f.write_str("the frame is a compressed term, which is not taken")
            }
            Self::Term(error) => write!(f, "the frame is no term: {error}"),
            Self::Kind(kind) => write!(f, "the message holds a {kind}, which is not taken"),
            Self::Message(what) => f.write_str(what),
            Self::Version(version) => write!(
                f,
                "the VM speaks version {version} of the protocol, this gateway version {VERSION}: \
                 use a package and a gateway of one release"
            ),
        }
    }
}

impl std::error::Error for Unreadable {}

type Read<T> = Result<T, Unreadable>;

fn wrong<T>(what: impl Into<String>) -> Read<T> {
    Err(Unreadable::Message(what.into()))
}

impl FromVm {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// It is no message of this version of the protocol.
    pub fn read(frame: &[u8]) -> Read<Self> {
        let term = etf::decode(frame).map_err(Unreadable::Term)?;
        if let Some(kind) = alive(&term) {
            return Err(Unreadable::Kind(kind));
        }
        let term = term.to_term();
        if term.as_atom().is_some() {
            return Ok(match term.as_atom() == Some("bye") {
                true => Self::Bye,
                false => Self::Other,
            });
        }
        let [name, rest @ ..] = term.as_tuple().unwrap_or_default() else {
            return wrong("a message is an atom, or a tuple with an atom first");
        };
        match (name.as_atom(), rest) {
            (Some("hello"), [version, rest @ ..]) => match (version.as_integer(), rest) {
                (Some(VERSION), [map]) => hello(map).map(|it| Self::Hello(Box::new(it))),
                (Some(VERSION), _) => wrong("write {hello, 1, Map}"),
                (Some(version), _) => Err(Unreadable::Version(version)),
                (None, _) => wrong("the version in hello is no integer"),
            },
            (Some("report"), [seq, endpoints]) => report(seq, endpoints).map(Self::Report),
            (Some("hello" | "report"), _) => wrong("hello or report has too few or many elements"),
            (Some("bye"), []) => Ok(Self::Bye),
            (Some(_), _) => Ok(Self::Other),
            (None, _) => wrong("a message is an atom, or a tuple with an atom first"),
        }
    }
}

/// Names the first thing in a term that means something only where it was made.
fn alive(term: &TermRef<'_>) -> Option<&'static str> {
    match term {
        TermRef::Atom(_) | TermRef::Integer(_) | TermRef::Float(_) | TermRef::Binary(_) => None,
        TermRef::List(items) | TermRef::Tuple(items) => items.iter().find_map(alive),
        TermRef::Map(pairs) => pairs
            .iter()
            .find_map(|(key, value)| alive(key).or_else(|| alive(value))),
        TermRef::Pid(_) => Some("pid"),
        TermRef::Reference(_) => Some("reference"),
        TermRef::Opaque(opaque) => match opaque.kind {
            OpaqueKind::Port => Some("port"),
            OpaqueKind::Fun | OpaqueKind::Export => Some("function"),
            // Its elements may be anything.
            OpaqueKind::ImproperList => Some("list whose end is no list"),
            OpaqueKind::Integer | OpaqueKind::Bitstring => None,
        },
    }
}

fn hello(map: &Term) -> Read<Hello> {
    let Term::Map(_) = map else {
        return wrong("hello has no map");
    };
    let within = |key: &str| format!("`{key}` in hello");
    let os_pid = match get(map, "os_pid").and_then(Term::as_integer) {
        Some(pid) => u32::try_from(pid).or_else(|_| wrong("`os_pid` in hello is no process id")),
        None => wrong("`os_pid` in hello is no integer"),
    };
    let settings = match get(map, "settings") {
        None => Vec::new(),
        Some(term) if term.is_keyword() => settings::of_keywords(term, SETTINGS),
        Some(_) => return wrong("`settings` in hello is no keyword list"),
    };
    Ok(Hello {
        package: text(map, "package", within)?,
        node: node(map, within)?,
        os_pid: os_pid?,
        host: host(map, within)?,
        env: text(map, "env", within)?,
        root: text(map, "root", within)?.map(PathBuf::from),
        settings,
    })
}

/// The name of the VM's machine, of which its own name may be made.
fn host(map: &Term, within: impl Fn(&str) -> String) -> Read<Option<String>> {
    let host = text(map, "host", &within)?;
    let is_name = |host: &String| {
        let unfit = |char: char| char.is_whitespace() || char.is_control() || char == '@';
        !host.is_empty() && host.len() <= HOST_BYTES_MAX && !host.contains(unfit)
    };
    match host {
        Some(host) if !is_name(&host) => wrong(format!("{} is no machine's name", within("host"))),
        host => Ok(host),
    }
}

fn report(seq: &Term, endpoints: &Term) -> Read<Pushed> {
    let (Some(seq), Some(endpoints)) = (seq.as_integer(), endpoints.as_list()) else {
        return wrong("write {report, Seq, [Endpoint]} with an integer and a list");
    };
    let mut pushed = Pushed {
        seq,
        ..Pushed::default()
    };
    for (number, map) in (1_usize..).zip(endpoints) {
        let within = |key: &str| format!("`{key}` of the endpoint {number} in a report");
        let node = node(map, within)?;
        let seen = get(map, "seen").and_then(Term::as_bool) != Some(false);
        let endpoint = endpoint(map, within)?;
        let nodes = pushed.nodes.len();
        let on_node = match pushed.nodes.entry(node) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(_) if nodes >= NODES_MAX => {
                pushed.left_out = Some(format!("more than {NODES_MAX} nodes"));
                continue;
            }
            btree_map::Entry::Vacant(free) => free.insert(OnNode {
                seen: true,
                endpoints: Vec::new(),
            }),
        };
        on_node.seen &= seen;
        match on_node.endpoints.len() < ENDPOINTS_MAX {
            true => on_node.endpoints.push(endpoint),
            false => pushed.left_out = Some(format!("more than {ENDPOINTS_MAX} endpoints")),
        }
    }
    Ok(pushed)
}

fn endpoint(map: &Term, within: impl Fn(&str) -> String + Copy) -> Read<Endpoint> {
    let Term::Map(_) = map else {
        return wrong(format!("{} is missing: it is no map", within("module")));
    };
    let name = |key: &str| {
        let name = text(map, key, within)?;
        match name {
            Some(name) if name.len() > NAME_BYTES_MAX || name.contains(char::is_control) => {
                wrong(format!("{} is no name", within(key)))
            }
            name => Ok(name.filter(|name| !name.is_empty())),
        }
    };
    let Some(module) = name("module")? else {
        return wrong(format!("{} is missing", within("module")));
    };
    let module = module.strip_prefix("Elixir.").unwrap_or(&module).to_owned();
    let app = name("app")?.unwrap_or_else(|| phoenix::conventional_app(&module));
    Ok(Endpoint {
        app,
        url: said(map, "url"),
        http: said(map, "http"),
        adapter: said(map, "adapter"),
        bound: bound(get(map, "bound")),
        module,
    })
}

/// A part of an endpoint's configuration, a map for a keyword list.
fn said(map: &Term, key: &str) -> Said {
    match get(map, key) {
        None => Err("the package does not say it".to_owned()),
        Some(Term::Map(pairs)) => {
            let pair = |(key, value): &(Term, Term)| Term::Tuple(vec![key.clone(), value.clone()]);
            bounded(Term::List(pairs.iter().map(pair).collect()))
        }
        Some(term) => bounded(term.clone()),
    }
}

fn bound(term: Option<&Term>) -> Bound {
    match term {
        None => Bound::NotAsked,
        Some(term) if term.as_atom() == Some("stopped") => Bound::Stopped,
        Some(term) => match term.as_pair() {
            Some(("failed", why)) => Bound::Failed(match why.as_str() {
                Some(why) => why.chars().take(TEXT_BYTES_MAX).collect(),
                None => "it raised".to_owned(),
            }),
            _ => match bounded(term.clone()) {
                Ok(term) => Bound::Answered(term),
                Err(why) => Bound::Failed(why),
            },
        },
    }
}

/// The value of a key; `nil` counts as none.
fn get<'a>(map: &'a Term, key: &str) -> Option<&'a Term> {
    let Term::Map(pairs) = map else {
        return None;
    };
    let mut pairs = pairs.iter();
    let (_, value) = pairs.find(|(name, _)| name.as_atom() == Some(key))?;
    Some(value)
}

fn text(map: &Term, key: &str, within: impl Fn(&str) -> String) -> Read<Option<String>> {
    match get(map, key) {
        None => Ok(None),
        Some(term) if term.is_nil() => Ok(None),
        Some(term) => match term.as_str() {
            Some(text) if text.len() <= TEXT_BYTES_MAX => Ok(Some(text.to_owned())),
            Some(_) => wrong(format!("{} is too long", within(key))),
            None => wrong(format!("{} is no text", within(key))),
        },
    }
}

fn node(map: &Term, within: impl Fn(&str) -> String + Copy) -> Read<Option<NodeName>> {
    let Some(text) = text(map, "node", within)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(name) => Ok(Some(name)),
        Err(error) => wrong(format!("{}: {error}", within("node"))),
    }
}
