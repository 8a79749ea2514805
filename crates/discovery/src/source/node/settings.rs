//! Which nodes are followed, and what opens them.

use std::{path::PathBuf, time::Duration};

use erldist::{Cookie, NodeName, Options, OwnName, Target, Tls};

use routes::{Finding, Severity};

use super::roster::Place;

/// What the operator says of the source.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// Which nodes.
    pub following: Following,
    /// What opens them.
    pub access: Access,
}

/// Which nodes are followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// These.
    pub nodes: Vec<Target>,
    /// All that these EPMDs know, as far as `names` fits.
    pub epmd: Vec<Place>,
    /// All that the EPMDs at the addresses of this name know, as far as `names` fits.
    pub query: Option<String>,
    /// Patterns for what stands before the `@`, of nodes that an EPMD lists.
    pub names: Vec<String>,
    /// Those too that an attached node is connected to.
    pub follow: bool,
    /// How long a service without upstreams stays in the table.
    pub forget: Duration,
    /// Where EPMD listens on a node's host.
    pub epmd_port: u16,
}

/// What opens nodes.
#[derive(Clone, Debug)]
pub struct Access {
    /// The cookie.
    pub cookie: Cookie,
    /// The file that it came from, where others may read that too.
    pub loose: Option<PathBuf>,
    /// Our own name; `None`: each node gives us one.
    pub name: Option<NodeName>,
    /// TLS, where distribution runs over it.
    pub tls: Option<Tls>,
}

impl Access {
    /// What is to be said of it.
    pub(crate) fn finding(&self) -> Option<Finding> {
        let path = self.loose.as_ref()?.display();
        Some(Finding {
            code: "cookie-loose",
            severity: Severity::Warning,
            origin: None,
            message: format!("others may read the nodes' cookie in {path}"),
            fix: format!("chmod 400 {path}"),
        })
    }

    /// How to attach to that node.
    pub(crate) fn options(&self, target: &Target, epmd_port: u16) -> Options {
        let mut options = Options::new(target, self.cookie.clone());
        if let Some(name) = &self.name {
            options.own = OwnName::Static(name.clone());
        }
        options.tls.clone_from(&self.tls);
        options.epmd_port = epmd_port;
        options
    }
}
