//! What holds: the project, the settings, and the mode that follows from them.

use std::{
    fmt,
    fs::File,
    io::Read as _,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use discovery::{Hello, How, NodeSettings, Project, Wanted};
use proxy::ListenAddress;
use routes::{Mode, Prefer, Report, Rules, Settings};

use crate::{
    args::Options,
    config::{
        Config, Environment, FILE_BYTES_MAX, FILE_NAME, Listen, Place, Problem, Problems, Said,
        Written, WrittenFile,
    },
    descriptors, handover, listen, machine,
    mode::{self, Facts},
    nodes,
    whereabouts::Whereabouts,
};

#[cfg(test)]
mod tests;

/// The environment that is read where nobody names one, as Mix does.
const ENV_DEFAULT: &str = "dev";

/// All that is decided before any source is read.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The settings.
    pub(crate) config: Config,
    /// The project's root, where its files are a source.
    pub(crate) project: Option<PathBuf>,
    /// The project as it was read, whether its files are a source or not.
    pub(crate) opened: Option<Arc<Project>>,
    /// The running nodes that are followed.
    pub(crate) nodes: Option<NodeSettings>,
    /// The VM that started us: all there is of a project.
    pub(crate) parent: Option<Arc<Hello>>,
    /// What the project says of the gateway itself.
    said: Said,
    /// Where a project was looked for.
    start: PathBuf,
    /// The environment that the project's config is read for.
    pub(crate) env: String,
    /// Development or production.
    pub(crate) mode: Mode,
    /// Why it is.
    pub(crate) mode_reason: String,
    /// Where sockets for clients listen that were handed over to us.
    handed: Vec<ListenAddress>,
    /// The addresses of this machine, where the settings ask for them.
    machine: Vec<IpAddr>,
}

/// There is nothing to route to: no project here and no route by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoSources(PathBuf);

impl fmt::Display for NoSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no mix.exs in {} or above it; run mesh-router in your umbrella's root (or name it with \
             --root, a release with --release), name a running node with --node, or list services in \
             {FILE_NAME} under [routes.\"host\"]",
            self.0.display()
        )
    }
}

impl std::error::Error for NoSources {}

/// What whoever started us gave us.
#[derive(Clone, Copy, Debug, Default)]
struct Started<'a> {
    /// Where sockets for clients listen.
    handed: &'a [ListenAddress],
    /// The VM, where it is one.
    parent: Option<&'a Arc<Hello>>,
}

/// What was loaded, and what is wrong with it.
struct Loaded {
    setup: Setup,
    problems: Option<Problems>,
    /// Why the nodes can't be followed: what opens them to us can't be read.
    locked: Option<Problems>,
}

impl Loaded {
    /// Returns the setup if a gateway can start with it.
    fn whole(self) -> anyhow::Result<Setup> {
        let Self {
            setup,
            problems,
            locked,
        } = self;
        if let Some(problems) = problems {
            return Err(problems.into());
        }
        if let Some(locked) = locked {
            return Err(locked.into());
        }
        let config = &setup.config;
        let is_asked = config.discover.any();
        if setup.opened.is_none() && is_asked && !setup.is_awaiting() && config.fixed.is_empty() {
            return Err(NoSources(setup.start).into());
        }
        Ok(setup)
    }
}

impl Setup {
    /// Finds and reads the project, reads `mesh-router.toml` and decides the mode.
    pub(crate) fn load(options: &Options, process: &Environment) -> anyhow::Result<Self> {
        Self::taking_over(&[], options, process)
    }

    /// As [`Setup::load`], for a gateway to which sockets for clients were handed over: it listens
    /// there where nobody says where else.
    pub(crate) fn taking_over(
        handed: &[ListenAddress],
        options: &Options,
        process: &Environment,
    ) -> anyhow::Result<Self> {
        let started = Started {
            handed,
            parent: None,
        };
        Self::load_after(None, started, options, process)?.whole()
    }

    /// As [`load`](Self::load), for the VM that started us: the project is what it says.
    pub(crate) fn load_for(
        parent: &Arc<Hello>,
        options: &Options,
        process: &Environment,
    ) -> anyhow::Result<Self> {
        let started = Started {
            handed: &[],
            parent: Some(parent),
        };
        Self::load_after(None, started, options, process)?.whole()
    }

    /// Loads what is needed to ask a running gateway. That may serve still while the settings can't
    /// be used any more, so what is wrong with them comes beside; and whoever asks need not be able to
    /// read the nodes' cookie.
    pub(crate) fn load_to_ask(
        options: &Options,
        process: &Environment,
    ) -> anyhow::Result<(Self, Option<Problems>)> {
        let Loaded {
            setup,
            problems,
            locked: _,
        } = Self::load_after(None, Started::default(), options, process)?;
        Ok((setup, problems))
    }

    /// Loads again. While the project can't be read whole, what it last said of the gateway stands.
    pub(crate) fn reload(&self, options: &Options, process: &Environment) -> anyhow::Result<Self> {
        let started = Started {
            handed: &self.handed,
            parent: self.parent.as_ref(),
        };
        Self::load_after(Some(self), started, options, process)?.whole()
    }

    fn load_after(
        before: Option<&Self>,
        started: Started<'_>,
        options: &Options,
        process: &Environment,
    ) -> anyhow::Result<Loaded> {
        let parent = started.parent;
        let mut environment = process.clone();
        if let Some(file) = asked(&options.env_file, "MESH_ROUTER_ENV_FILE", process) {
            environment.read(&file)?;
        }
        let whereabouts = match parent {
            Some(hello) => Whereabouts::of_root(hello.root.as_deref())?,
            None => Whereabouts::find(options, process)?,
        };
        let named = asked(&options.config, "MESH_ROUTER_CONFIG", process);
        let file = find_file(named.as_deref(), whereabouts.root(), &whereabouts.start)?;
        let env = env(options, &environment);
        let opened = whereabouts.place.as_ref().map(|place| {
            Arc::new(discovery::open(&Wanted {
                place: place.clone(),
                env: env.to_owned(),
                vars: environment.all().clone(),
            }))
        });
        // A release has its own.
        let env = opened
            .as_ref()
            .map_or(env, |project| project.env())
            .to_owned();
        if let Some(asked) = options.env.as_deref().filter(|asked| *asked != env) {
            return Err(other_env(asked, &env).into());
        }
        let said = opened.as_deref().map(|project| match before {
            Some(before) if project.broken().is_some() => before.said.clone(),
            Some(_) | None => said(project),
        });
        let said = said.or_else(|| parent.map(|hello| told(hello, &whereabouts.start)));
        let said = said.unwrap_or_default();
        let (mut config, problems) = Config::read(&Written {
            flags: options.settings(),
            environment: Some(&environment),
            file,
            project: Some(&said),
            is_child: parent.is_some(),
        });
        config.listen = config.listen.or_else(|| listens(started.handed));
        let (nodes, locked) = unlocked(&config, &environment, whereabouts.place.as_ref());
        let project = followed(&whereabouts, &config);
        let of_project = project.is_some().then_some(env.as_str());
        let facts = Facts {
            env: parent.map_or(of_project, |hello| hello.env.as_deref()),
            release: mixless(parent).or_else(|| release(&whereabouts, &environment)),
            has_nodes: config.nodes.is_some(),
            listen: config.listen.as_deref(),
        };
        let (mode, mode_reason) = mode::detect(config.mode, facts);
        let setup = Self {
            handed: started.handed.to_vec(),
            machine: machine_for(config.prefer),
            config,
            project,
            opened,
            nodes,
            parent: parent.cloned(),
            said,
            start: whereabouts.start,
            env,
            mode,
            mode_reason,
        };
        Ok(Loaded {
            setup,
            problems,
            locked,
        })
    }

    /// The project that is a source, as it was read; `None` where none is.
    pub(crate) fn source(&self) -> Option<&Project> {
        self.project.as_ref().and(self.opened.as_deref())
    }

    /// Whether endpoints may come that nobody knows of at the start.
    pub(crate) fn is_awaiting(&self) -> bool {
        self.nodes.is_some() || self.has_vms()
    }

    /// Whether VMs report by themselves.
    pub(crate) fn has_vms(&self) -> bool {
        self.parent.is_some() || self.config.package.is_some()
    }

    /// How the project is to be looked at.
    pub(crate) fn how(&self) -> How {
        How {
            mode: self.mode,
            domain: self.config.domain.clone(),
            subdomains: self.config.subdomains,
        }
    }

    /// What `mesh-router.toml` says of routes.
    pub(crate) fn static_report(&self) -> Report {
        discovery::report_static(&self.config.fixed)
    }

    /// What a merge must know, with our own addresses.
    pub(crate) fn rules(&self, listeners: Vec<SocketAddr>) -> Rules {
        Rules {
            mode: self.mode,
            default: self.config.default_service.clone(),
            listeners,
            services_max: self.settings().limits.services,
            ..Rules::default()
        }
    }

    /// What workers must know.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.config.settings(self.mode);
        settings.machine.clone_from(&self.machine);
        let connections = &mut settings.limits.connections;
        *connections = descriptors::connections(*connections);
        settings
    }
}

/// The path that a flag names, or else a variable.
fn asked(flag: &Option<PathBuf>, variable: &str, process: &Environment) -> Option<PathBuf> {
    let said = || process.get(variable).map(PathBuf::from);
    flag.clone().or_else(said)
}

/// The root of what was found, where its files are a source.
fn followed(whereabouts: &Whereabouts, config: &Config) -> Option<PathBuf> {
    let (root, wanted) = match whereabouts.place.as_ref()? {
        discovery::Place::Sources(root) => (root, config.discover.sources),
        discovery::Place::Release(root) => (root, config.discover.releases),
    };
    wanted.then(|| root.clone())
}

/// Reads what opens the running nodes; the second is why it can't be read.
fn unlocked(
    config: &Config,
    environment: &Environment,
    place: Option<&discovery::Place>,
) -> (Option<NodeSettings>, Option<Problems>) {
    let opened = config
        .nodes
        .as_ref()
        .map(|named| nodes::open(named, environment, place));
    match opened.transpose() {
        Ok(nodes) => (nodes, None),
        Err(problems) => (None, Some(problems)),
    }
}

/// `--env` names another environment than the one for which a release was assembled.
fn other_env(asked: &str, env: &str) -> Problems {
    let message = format!(
        "\"{asked}\" is asked for, and the release was assembled for {env}; leave --env out, or name \
         the project's sources with --root"
    );
    Problems(vec![Problem::new(&Place::Flag("--env"), message)])
}

/// Sockets that were handed over, as if they had been asked for.
fn listens(handed: &[ListenAddress]) -> Option<Vec<Listen>> {
    let listen = |address: &ListenAddress| Listen {
        address: address.clone(),
        place: Place::Variable(handover::DESCRIPTORS.to_owned()),
    };
    (!handed.is_empty()).then(|| handed.iter().map(listen).collect())
}

/// The addresses of this machine, where they count.
fn machine_for(prefer: Prefer) -> Vec<IpAddr> {
    match prefer {
        Prefer::Any => Vec::new(),
        Prefer::Local => machine::addresses(),
    }
}

/// Whether a VM started us that runs a release, in a clause.
fn mixless(parent: Option<&Arc<Hello>>) -> Option<&'static str> {
    let mixless = parent.filter(|hello| hello.env.is_none());
    mixless.map(|_| "the VM runs without Mix")
}

/// What there is of a release, in a clause.
fn release(whereabouts: &Whereabouts, environment: &Environment) -> Option<&'static str> {
    match whereabouts.is_release() {
        true => Some("it is a release"),
        false => environment
            .get("RELEASE_NAME")
            .and(Some("RELEASE_NAME is set")),
    }
}

/// The environment to read the project's config for.
fn env<'a>(options: &'a Options, environment: &'a Environment) -> &'a str {
    let env = options.env.as_deref();
    let env = env.or_else(|| environment.get("MESH_ROUTER_ENV"));
    env.or_else(|| environment.get("MIX_ENV"))
        .unwrap_or(ENV_DEFAULT)
}

/// What the project says of the gateway itself.
fn said(project: &Project) -> Said {
    Said {
        settings: project.settings().to_vec(),
        root: project.root().to_owned(),
        is_broken: project.broken().is_some(),
        ipv6: listen::has_ipv6_loopback(),
    }
}

/// What the VM that started us says of the gateway itself.
fn told(hello: &Hello, root: &Path) -> Said {
    Said {
        settings: hello.settings.clone(),
        root: root.to_owned(),
        is_broken: false,
        ipv6: listen::has_ipv6_loopback(),
    }
}

/// Reads the file named, or the one in the project's root, or the one where we were started.
fn find_file(
    named: Option<&Path>,
    root: Option<&Path>,
    start: &Path,
) -> anyhow::Result<Option<WrittenFile>> {
    if let Some(path) = named {
        let missing = || {
            let place = Place::Flag("--config");
            let message = format!("there is no file {}", path.display());
            Problems(vec![Problem::new(&place, message)])
        };
        let file = read_file(path, path)?;
        return Ok(Some(file.ok_or_else(missing)?));
    }
    for folder in root.into_iter().chain([start]) {
        if let Some(file) = read_file(&folder.join(FILE_NAME), Path::new(FILE_NAME))? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn read_file(path: &Path, shown: &Path) -> anyhow::Result<Option<WrittenFile>> {
    let name = shown.display().to_string();
    let reading = || format!("reading {}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(reading),
    };
    let mut text = String::new();
    let limit = FILE_BYTES_MAX.saturating_add(1);
    file.take(limit)
        .read_to_string(&mut text)
        .with_context(reading)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(anyhow!("{name} has more than {FILE_BYTES_MAX} bytes"));
    }
    let folder = std::path::absolute(path).with_context(reading)?;
    let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Some(WrittenFile { name, folder, text }))
}
