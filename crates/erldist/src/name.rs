//! Names of nodes: `auth@127.0.0.1`, `billing@host1`.

use std::{
    fmt::{Display, Formatter},
    net::Ipv6Addr,
    str::FromStr,
};

#[cfg(test)]
mod tests;

/// Characters of a node's name, at most: it is an atom on every node.
const NAME_CHARS_MAX: usize = 255;

/// The name of a node, `name@host`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName {
    whole: String,
    at: usize,
}

/// A node to attach to, and its port where EPMD is not to be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The node's name.
    pub name: NodeName,
    /// Its port, as `-erl_epmd_port` or `inet_dist_listen_min` fixed it.
    pub port: Option<u16>,
}

/// The name under which we attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnName {
    /// The node gives us one from its pool, `3Q5C@host`. Reconnecting adds no atom there.
    Dynamic {
        /// What stands behind the `@`.
        host: String,
    },
    /// A name of our own choice. Only one such link to a node exists at a time: a second ends the
    /// first.
    Static(NodeName),
}

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing before or behind the `@`, or none.
    #[error("a node's name is written name@host, not {0:?}")]
    Shape(String),
    /// White space or a control character in it.
    #[error("a node's name has no white space, as {0:?} does")]
    Space(String),
    /// Longer than an atom can be.
    #[error("a node's name has at most {NAME_CHARS_MAX} characters, this one has {0}")]
    Long(usize),
    /// What follows the last colon is no port.
    #[error("{0:?} is no port from 1 to 65535")]
    Port(String),
}

impl NodeName {
    /// Returns what stands before the `@`: the name that EPMD knows.
    #[must_use]
    pub fn name(&self) -> &str {
        self.whole.get(..self.at).unwrap_or_default()
    }

    /// Returns what stands behind the `@`, and what is dialled.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.whole.get(self.at..).unwrap_or_default();
        host.strip_prefix('@').unwrap_or_default()
    }

    /// Returns whether the name is a long one (`--name`): a dot or an IP address in its host. Nodes
    /// with long names and nodes with short ones (`--sname`) don't talk to each other.
    #[must_use]
    pub fn is_long(&self) -> bool {
        is_long(self.host())
    }

    /// Returns the whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.whole
    }
}

/// Returns whether a host belongs to long names.
pub(crate) fn is_long(host: &str) -> bool {
    host.contains(['.', ':'])
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let shape = || NameError::Shape(text.chars().take(NAME_CHARS_MAX).collect());
        let (name, host) = text.split_once('@').ok_or_else(shape)?;
        if name.is_empty() || host.is_empty() || host.contains('@') {
            return Err(shape());
        }
        if text.contains(|it: char| it.is_whitespace() || it.is_control()) {
            return Err(NameError::Space(
                text.chars().take(NAME_CHARS_MAX).collect(),
            ));
        }
        match text.chars().count() {
            chars if chars > NAME_CHARS_MAX => Err(NameError::Long(chars)),
            _ => Ok(Self {
                whole: text.to_owned(),
                at: name.len(),
            }),
        }
    }
}

impl Display for NodeName {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.whole)
    }
}

impl FromStr for Target {
    type Err = NameError;

    /// Reads `auth@host`, `auth@host:9100`, `auth@::1` and `auth@[::1]:9100`.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let bracketed = text
            .split_once("@[")
            .and_then(|(name, rest)| Some((name, rest.split_once(']')?)));
        let (name, port) = match bracketed {
            Some((name, (host, port))) => (format!("{name}@{host}"), port),
            None => match text.rsplit_once(':') {
                // An address of IPv6 has several colons; its port stands behind brackets.
                Some((name, _)) if !name.contains(':') => {
                    (name.to_owned(), text.get(name.len()..).unwrap_or_default())
                }
                Some(_) | None => (text.to_owned(), ""),
            },
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => match digits.parse() {
                Ok(port) if port != 0 => Some(port),
                Ok(_) | Err(_) => return Err(NameError::Port(digits.chars().take(16).collect())),
            },
            None if port.is_empty() => None,
            None => return Err(NameError::Port(port.chars().take(16).collect())),
        };
        let name = name.parse()?;
        Ok(Self { name, port })
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.port {
            None => self.name.fmt(f),
            Some(port) if self.name.host().parse::<Ipv6Addr>().is_ok() => {
                write!(f, "{}@[{}]:{port}", self.name.name(), self.name.host())
            }
            Some(port) => write!(f, "{}:{port}", self.name),
        }
    }
}

impl From<NodeName> for Target {
    fn from(name: NodeName) -> Self {
        Self { name, port: None }
    }
}

impl OwnName {
    /// Lets the node give us a name, with a host that fits its kind of names and says who we are.
    /// Nobody ever dials it.
    #[must_use]
    pub fn dynamic_for(target: &Target) -> Self {
        let host = match target.name.is_long() {
            true => "mesh-router.invalid",
            false => "mesh-router",
        };
        Self::Dynamic {
            host: host.to_owned(),
        }
    }
}
