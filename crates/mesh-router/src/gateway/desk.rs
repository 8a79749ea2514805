//! The listeners beside the traffic: admin and health.

use std::{io, path::Path, time::SystemTime};

use admin::{About, Bound, Server, Succession, WISHES_MAX, Watched, Wish};
use anyhow::Context as _;
use proxy::{Handed, HandedOver, ListenAddress, Purpose};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::{
    config::Listen,
    listen::{self, Declared},
    setup::Setup,
};

/// Bound and not yet served.
#[derive(Debug)]
pub(super) struct Doors {
    admin: Option<Bound>,
    health: Option<Bound>,
    /// For VMs that report by themselves.
    package: Option<Bound>,
}

/// Where a running gateway is asked.
#[derive(Debug)]
pub(super) struct Desk {
    about: watch::Sender<About>,
    /// Closed once the gateway leaves.
    wishes: Option<mpsc::Receiver<Wish>>,
    servers: Vec<Server>,
}

impl Doors {
    /// Binds what was asked for. Where nobody asked for the admin listener and its usual address is
    /// taken, as by another gateway on a developer's machine, there is none.
    pub(super) fn bind(
        setup: &Setup,
        declared: &[Declared],
        handed: &mut HandedOver,
    ) -> anyhow::Result<Self> {
        let config = &setup.config;
        let mut asked = |listen: &Listen, purpose| -> anyhow::Result<Bound> {
            if let Some(clash) = listen::clash(std::slice::from_ref(listen), declared) {
                return Err(clash.into());
            }
            admin::bind(&listen.address, purpose, handed).with_context(|| listen.place.to_string())
        };
        let health = config.health.as_ref();
        let health = health.map(|listen| asked(listen, Purpose::Health));
        let health = health.transpose()?;
        let package = config.package.as_ref();
        let package = package.map(|listen| asked(listen, Purpose::Package));
        let package = package.transpose()?;
        let admin = match &config.admin {
            Some(listen) if listen.is_asked() => Some(asked(listen, Purpose::Admin)?),
            Some(listen) => usual(listen, declared, handed),
            None => None,
        };
        Ok(Self {
            admin,
            health,
            package,
        })
    }

    /// Further descriptors of their sockets, for the gateway after us.
    pub(super) fn hand_on(&self) -> io::Result<Vec<Handed>> {
        let admin = self.admin.iter().map(|it| it.hand_on(Purpose::Admin));
        let health = self.health.iter().map(|it| it.hand_on(Purpose::Health));
        let package = self.package.iter().map(|it| it.hand_on(Purpose::Package));
        let all = admin.chain(health).chain(package);
        all.filter_map(Result::transpose).collect()
    }

    /// Where they listen, ports resolved.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &ListenAddress> {
        [&self.admin, &self.health]
            .into_iter()
            .flatten()
            .map(Bound::address)
    }

    /// Takes the one for VMs.
    pub(super) fn take_package(&mut self) -> Option<Bound> {
        self.package.take()
    }

    /// Starts to answer. Must be called on a runtime.
    pub(super) fn open(
        self,
        watched: &Watched,
        about: watch::Sender<About>,
    ) -> anyhow::Result<Desk> {
        let shown = |bound: &Option<Bound>| bound.as_ref().map(|it| it.address().to_string());
        let (admin, health) = (shown(&self.admin), shown(&self.health));
        let (wish, wishes) = mpsc::channel(WISHES_MAX);
        about.send_modify(|about| {
            about.admin.clone_from(&admin);
            about.health.clone_from(&health);
        });
        let mut servers = Vec::new();
        if let (Some(bound), Some(address)) = (self.admin, admin) {
            let server = admin::serve_admin(bound, watched.clone(), wish);
            servers.push(server.context("serving admin")?);
            info!(address, "admin listening");
        }
        if let (Some(bound), Some(address)) = (self.health, health) {
            let server = admin::serve_health(bound, watched.clone());
            servers.push(server.context("serving health")?);
            info!(address, "health listening");
        }
        Ok(Desk {
            about,
            wishes: Some(wishes),
            servers,
        })
    }
}

/// Binds the address that nobody asked for, if it can be had.
fn usual(listen: &Listen, declared: &[Declared], handed: &mut HandedOver) -> Option<Bound> {
    let reason = match listen::clash(std::slice::from_ref(listen), declared) {
        Some(clash) => clash.to_string(),
        None => match admin::bind(&listen.address, Purpose::Admin, handed) {
            Ok(bound) => return Some(bound),
            Err(error) => format!("{:#}", anyhow::Error::from(error)),
        },
    };
    let fix = "to ask this gateway too, give it an address of its own in mesh-router.toml: [admin] \
               listen = \"127.0.0.1:9901\" (or \"off\")";
    warn!(reason, fix, "admin not listening");
    None
}

impl Desk {
    /// Waits for the next wish; `None` where nobody can wish any more. Dropping it loses nothing.
    pub(super) async fn wish(&mut self) -> Option<Wish> {
        match &mut self.wishes {
            Some(wishes) => wishes.recv().await,
            None => None,
        }
    }

    /// Says what holds now.
    pub(super) fn say(&self, setup: &Setup) {
        self.about.send_modify(|about| {
            let Described {
                mode_reason,
                project,
                env,
            } = Described::of(setup);
            about.mode_reason = mode_reason;
            about.project = project;
            about.env = env;
        });
    }

    /// Says that the gateway leaves: not ready from now on, and it takes no more wishes.
    pub(super) fn leave(&mut self) {
        self.about.send_modify(|about| about.leaving = true);
        self.wishes = None;
    }

    /// Ends the listeners; where there is a successor it has them.
    pub(super) async fn close(&mut self, succession: Succession) {
        for server in self.servers.drain(..) {
            server.finish(succession).await;
        }
    }
}

/// What a setup says of itself.
struct Described {
    mode_reason: String,
    project: Option<String>,
    env: Option<String>,
}

impl Described {
    fn of(setup: &Setup) -> Self {
        let shown = |root: &Path| root.display().to_string();
        Self {
            mode_reason: setup.mode_reason.clone(),
            project: setup.project.as_deref().map(shown),
            env: setup.project.is_some().then(|| setup.env.clone()),
        }
    }
}

/// What the gateway says of itself at the start.
pub(super) fn about(setup: &Setup, listeners: &[ListenAddress]) -> About {
    let Described {
        mode_reason,
        project,
        env,
    } = Described::of(setup);
    About {
        version: env!("CARGO_PKG_VERSION"),
        mode_reason,
        project,
        env,
        listeners: listeners.iter().map(ToString::to_string).collect(),
        admin: None,
        health: None,
        leaving: false,
    }
}

/// When we started, for whoever asks.
#[allow(
    clippy::disallowed_methods,
    reason = "it is shown; nothing is decided by it"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
