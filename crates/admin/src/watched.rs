//! All that admin looks at.

use std::{sync::Arc, time::SystemTime};

use discovery::{NodeStatus, SourceStatus};
use proxy::Figures;
use routes::Published;
use tokio::sync::watch;

/// All that admin looks at. Every part is what its owner said last; reading never waits for one.
#[derive(Clone, Debug)]
pub struct Watched {
    /// What the program says of itself.
    pub about: watch::Receiver<About>,
    /// The newest table and settings.
    pub published: watch::Receiver<Arc<Published>>,
    /// What each source has said so far.
    pub sources: watch::Receiver<Vec<SourceStatus>>,
    /// How we stand with each node.
    pub nodes: watch::Receiver<Vec<NodeStatus>>,
    /// What the workers tell.
    pub figures: Figures,
    /// When the gateway started.
    pub started: SystemTime,
}

/// What the program says of itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its version.
    pub version: &'static str,
    /// Why it is in its mode.
    pub mode_reason: String,
    /// The project's root, where its files are a source.
    pub project: Option<String>,
    /// The environment that the project's config is read for.
    pub env: Option<String>,
    /// Where it listens, ports resolved.
    pub listeners: Vec<String>,
    /// Where admin listens.
    pub admin: Option<String>,
    /// Where the health listener is.
    pub health: Option<String>,
    /// It was told to stop: it serves still, and should get nothing new.
    pub leaving: bool,
}

impl Watched {
    /// Returns why the gateway should get no requests, if so.
    pub(crate) fn not_ready(&self) -> Option<&'static str> {
        if self.about.borrow().leaving {
            return Some("leaving");
        }
        // A worker that has begun has applied the first table and listens.
        (self.figures.applied() == 0).then_some("starting")
    }
}
