//! What is there: every source read once, merged into a table.

use std::{fmt, net::SocketAddr, time::Duration};

use anyhow::anyhow;
use discovery::{Nodes, Reading};
use proxy::ListenAddress;
use routes::{Address, Conflict, Origin, Report, Snapshot};

use crate::{command, listen::Declared, output, setup::Setup, view};

#[cfg(test)]
mod tests;

/// How long nodes are waited for before the first table is made without those that do not answer. An
/// attempt to attach may take seven seconds; what is there answers in milliseconds.
pub(crate) const NODES_WAIT: Duration = Duration::from_secs(3);

/// All sources as they are now.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The project's files, where they are a source.
    pub(crate) reading: Option<Reading>,
    /// The running nodes, where they are followed.
    pub(crate) nodes: Option<Report>,
    /// What VMs reported to the gateway before us, where they report by themselves.
    pub(crate) vms: Option<Report>,
    /// The table that all sources together make.
    pub(crate) snapshot: Snapshot,
    fixed: Report,
}

/// Production found hosts that two services claim, and nobody has decided.
#[derive(Clone, Debug)]
pub(crate) struct Undecided(Vec<Conflict>);

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for conflict in &self.0 {
            writeln!(f, "{}", claimed(conflict))?;
        }
        let host = self
            .0
            .first()
            .map(|conflict| conflict.host.to_string())
            .unwrap_or_default();
        write!(
            f,
            "decide it in mesh-router.toml: [routes.\"{host}\"] with endpoint = \"…\" \
             (in production nothing is guessed)"
        )
    }
}

impl std::error::Error for Undecided {}

impl Survey {
    /// Reads every source; running nodes are attached to, asked, and left.
    pub(crate) fn take(setup: &Setup) -> Self {
        Self::with(setup, ask_nodes(setup), None)
    }

    /// Reads every source but the nodes and VMs, which said this.
    pub(crate) fn with(setup: &Setup, nodes: Option<Report>, vms: Option<Report>) -> Self {
        let reading = setup.source().map(|project| project.read(&setup.how()));
        Self::of(setup, reading, nodes, vms)
    }

    /// Looks at running nodes alone, not at the project's files.
    pub(crate) fn of_nodes(setup: &Setup) -> Self {
        Self::of(setup, None, ask_nodes(setup), None)
    }

    fn of(
        setup: &Setup,
        reading: Option<Reading>,
        nodes: Option<Report>,
        vms: Option<Report>,
    ) -> Self {
        let fixed = setup.static_report();
        let mut survey = Self {
            reading,
            nodes,
            vms,
            fixed,
            snapshot: Snapshot::default(),
        };
        let config = &setup.config;
        let asked = config.listen.iter().flatten();
        // Admin gives its own default up where somebody else wants it.
        let admin = config.admin.as_ref().filter(|it| it.is_asked());
        let asked = asked.chain(admin).chain(&config.health);
        let ours = addresses(asked.map(|listen| &listen.address));
        survey.snapshot =
            routes::merge(&Snapshot::default(), &survey.reports(), &setup.rules(ours));
        survey
    }

    /// What every source said.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let reading = self.reading.iter().map(|reading| reading.report.clone());
        let live = self.nodes.iter().chain(&self.vms).cloned();
        reading.chain(live).chain([self.fixed.clone()]).collect()
    }

    /// Ports that endpoints declare, and where.
    pub(crate) fn declared(&self) -> &[Declared] {
        self.reading
            .as_ref()
            .map(|reading| reading.declared_ports.as_slice())
            .unwrap_or_default()
    }

    /// Ports on this machine that belong to a service, declared or written by hand.
    pub(crate) fn in_use(&self) -> Vec<Declared> {
        let mut ports = self.declared().to_vec();
        for upstream in self
            .snapshot
            .services
            .iter()
            .flat_map(|service| &service.upstreams)
        {
            if let Address::Tcp(address) = upstream.address
                && address.ip().to_canonical().is_loopback()
            {
                let unknown = || Origin {
                    file: "a running service".to_owned(),
                    line: 0,
                };
                ports.push((
                    address.port(),
                    upstream.origin.clone().unwrap_or_else(unknown),
                ));
            }
        }
        ports
    }

    /// Returns why there is nothing to start with, if so.
    pub(crate) fn refusal(&self, setup: &Setup) -> Option<anyhow::Error> {
        if let Some(broken) = self.broken() {
            return Some(broken);
        }
        let undecided: Vec<Conflict> = self.undecided().cloned().collect();
        if !undecided.is_empty() {
            return Some(Undecided(undecided).into());
        }
        // Nodes and VMs may come later.
        match setup.is_awaiting() {
            true => None,
            false => self.emptiness(setup),
        }
    }

    /// Returns what makes the project unreadable, if something does.
    pub(crate) fn broken(&self) -> Option<anyhow::Error> {
        let reading = self.reading.as_ref()?;
        let finding = reading.broken.as_ref()?;
        Some(anyhow!("{}", shown(finding)))
    }

    /// Says that no service was found, if so and if that is a fault. VMs that report by themselves report
    /// to the running gateway alone.
    pub(crate) fn fault(&self, setup: &Setup) -> Option<anyhow::Error> {
        match setup.has_vms() {
            true => None,
            false => self.emptiness(setup),
        }
    }

    /// Says that no service was found, if so.
    pub(crate) fn emptiness(&self, setup: &Setup) -> Option<anyhow::Error> {
        if !self.snapshot.services.is_empty() {
            return None;
        }
        if setup.nodes.is_some() {
            return Some(anyhow!(
                "no Phoenix endpoint found on the running nodes (a registered name such as \
                 AuthWeb.Endpoint, or `config :app, endpoint: …`)"
            ));
        }
        if setup.has_vms() {
            return Some(anyhow!(
                "VMs that report by themselves report to the running gateway alone: ask that one \
                 (`mesh-router routes --running`, `explain --running`)"
            ));
        }
        let Some(project) = &setup.project else {
            return Some(anyhow!(
                "there is nothing to forward to: [discovery] sources is empty and mesh-router.toml \
                 has no [routes.\"host\"]"
            ));
        };
        Some(anyhow!(
            "no Phoenix endpoint found in {} (a module with `use Phoenix.Endpoint`, or `config :app, \
             endpoint: …`); run mesh-router where one is, or list services in mesh-router.toml under \
             [routes.\"host\"]",
            project.display()
        ))
    }

    /// The hosts that nobody got.
    pub(crate) fn undecided(&self) -> impl Iterator<Item = &Conflict> {
        self.snapshot
            .conflicts
            .iter()
            .filter(|conflict| conflict.holder.is_none())
    }
}

/// Attaches to the nodes that are followed, asks them once, and leaves.
fn ask_nodes(setup: &Setup) -> Option<Report> {
    let settings = setup.nodes.clone()?;
    let asking = async {
        let (mut nodes, _handle) = Nodes::new(settings, setup.how());
        nodes.settle(NODES_WAIT).await;
        nodes.report()
    };
    let runtime = match command::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::talk(&format_args!("mesh-router: asking nodes: {error:#}"));
            return None;
        }
    };
    Some(runtime.block_on(asking))
}

/// The TCP addresses among listeners.
pub(crate) fn addresses<'a>(
    listeners: impl IntoIterator<Item = &'a ListenAddress>,
) -> Vec<SocketAddr> {
    let tcp = |address: &ListenAddress| match address {
        ListenAddress::Tcp(address) => Some(*address),
        ListenAddress::Unix(_) => None,
    };
    listeners.into_iter().filter_map(tcp).collect()
}

/// A conflict in a sentence: who claims the host, where each says so, and who has it.
pub(crate) fn claimed(conflict: &Conflict) -> String {
    view::claimed(&view::conflict(conflict))
}

/// A finding as a line that editors can follow, and its mend below.
pub(crate) fn shown(finding: &routes::Finding) -> String {
    view::shown(&view::finding(finding))
}
