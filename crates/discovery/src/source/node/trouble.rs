//! Why a node is not attached, in plain words, and what that says of the node.

use erldist::{AttachError, LostReason, NodeName, handshake::HandshakeError};
use routes::{Finding, Severity};

use crate::source::running::origin;

#[cfg(test)]
mod tests;

/// Names that a message lists, at most.
const NAMES_MAX: usize = 5;

/// Why an attempt to attach came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// A finding's code.
    pub(crate) code: &'static str,
    /// What it says of the node.
    pub(crate) verdict: Verdict,
    /// Why, in plain words.
    pub(crate) reason: String,
    /// How to mend it.
    pub(crate) fix: String,
    /// The name that the node has, where it is another than we took it for.
    pub(crate) real_name: Option<NodeName>,
}

/// What a failed attempt says of the node itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It runs, and refused us.
    Alive,
    /// It does not run: EPMD is there and does not know it.
    Absent,
    /// Nothing: nobody could be asked.
    Unknown,
}

impl Trouble {
    /// Explains why attaching to `node` failed.
    pub(crate) fn of(node: &NodeName, error: &AttachError) -> Self {
        let (code, verdict) = judged(error);
        Self {
            code,
            verdict,
            reason: reason(node, error),
            fix: error.fix().to_owned(),
            real_name: real_name(error),
        }
    }

    /// The finding that says so.
    pub(crate) fn finding(&self, node: &NodeName) -> Finding {
        Finding {
            code: self.code,
            severity: Severity::Warning,
            origin: Some(origin(node.as_str())),
            message: format!("{node} is not attached: {}", self.reason),
            fix: self.fix.clone(),
        }
    }
}

fn real_name(error: &AttachError) -> Option<NodeName> {
    match error {
        AttachError::WrongName(HandshakeError::WrongName { found }) => found.parse().ok(),
        _ => None,
    }
}

fn judged(error: &AttachError) -> (&'static str, Verdict) {
    match error {
        AttachError::NotInEpmd { .. } => ("node-absent", Verdict::Absent),
        AttachError::EpmdUnreachable(_) => ("node-epmd", Verdict::Unknown),
        AttachError::Resolve { .. } => ("node-host", Verdict::Unknown),
        AttachError::Refused { .. }
        | AttachError::ConnectTimeout { .. }
        | AttachError::Unreachable { .. } => ("node-unreachable", Verdict::Unknown),
        AttachError::Silent(_) => ("node-silent", Verdict::Unknown),
        AttachError::WrongCookieOrSuperseded => ("node-cookie", Verdict::Alive),
        AttachError::WrongName(_) => ("node-name", Verdict::Alive),
        AttachError::NotAllowed | AttachError::Dialling => ("node-not-allowed", Verdict::Alive),
        AttachError::TlsRequired | AttachError::Tls(_) => ("node-tls", Verdict::Alive),
        AttachError::Version => ("node-version", Verdict::Alive),
        AttachError::Closed(_) => ("node-closed", Verdict::Unknown),
        AttachError::Protocol(_) => ("node-protocol", Verdict::Alive),
    }
}

fn reason(node: &NodeName, error: &AttachError) -> String {
    match error {
        AttachError::NotInEpmd { names } if names.is_empty() => format!(
            "EPMD on {} knows no node at all: {} is not running, or was started without --sname or \
             --name",
            node.host(),
            node.name()
        ),
        AttachError::NotInEpmd { names } => {
            let mut shown: Vec<&str> = names.iter().map(String::as_str).take(NAMES_MAX).collect();
            if names.len() > NAMES_MAX {
                shown.push("…");
            }
            format!(
                "EPMD on {} does not know {}, only {}",
                node.host(),
                node.name(),
                shown.join(", ")
            )
        }
        error => chain(error),
    }
}

/// The error with its causes, as one sentence.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Returns whether a link was lost because nothing came any more, as behind a partition, and not
/// because the other end closed it.
pub(crate) fn is_silence(reason: &LostReason) -> bool {
    match reason {
        LostReason::Silent(_) => true,
        // Any other error of the network is no word of the node's.
        LostReason::Broken(kind) => *kind != std::io::ErrorKind::ConnectionReset,
        LostReason::Closed | LostReason::Protocol(_) | LostReason::Unused => false,
    }
}
