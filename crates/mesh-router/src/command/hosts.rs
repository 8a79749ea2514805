//! `hosts print|sync|clean`: the lines of a hosts file that this machine's browsers need.

mod block;
mod write;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use phoenix::Answer;
use routes::{Host, Mode, Snapshot};
use serde::Serialize;

use crate::{
    Exit,
    args::{HostsAction, HostsBlock, HostsClean, Options},
    config::{Environment, Place, Problem, Problems},
    output, resolver,
    setup::Setup,
    survey::Survey,
    whereabouts::Whereabouts,
};

use self::block::{Change, HostsFile};

/// What each command prints with `--json`.
#[derive(Debug, Serialize)]
struct HostsView<'a> {
    file: &'a Path,
    root: &'a str,
    hosts: Vec<&'a str>,
    lines: Vec<String>,
    added: Vec<String>,
    removed: Vec<String>,
}

impl<'a> HostsView<'a> {
    fn of(file: &'a Path, root: &'a str, hosts: &'a BTreeSet<String>, change: &Change) -> Self {
        Self {
            file,
            root,
            hosts: hosts.iter().map(String::as_str).collect(),
            lines: block::lines(root, hosts),
            added: change.added.clone(),
            removed: change.removed.clone(),
        }
    }
}

/// Prints, writes or removes the block of the project.
pub(crate) fn hosts(action: &HostsAction) -> anyhow::Result<Exit> {
    match action {
        HostsAction::Print(arguments) => print(arguments),
        HostsAction::Sync(arguments) => sync(arguments),
        HostsAction::Clean(arguments) => clean(arguments),
    }
}

fn print(arguments: &HostsBlock) -> anyhow::Result<Exit> {
    let wanted = Wanted::find(arguments)?;
    if arguments.json {
        output::print_json(&wanted.view(arguments, &wanted.change()))?;
        return Ok(Exit::Done);
    }
    let lines = block::lines(&wanted.root, &wanted.hosts);
    if !lines.is_empty() {
        output::print(&lines.join("\n"))?;
    }
    wanted.notes();
    Ok(Exit::Done)
}

fn sync(arguments: &HostsBlock) -> anyhow::Result<Exit> {
    let wanted = Wanted::find(arguments)?;
    let change = wanted.change();
    apply(&arguments.file, &change)?;
    if arguments.json {
        output::print_json(&wanted.view(arguments, &change))?;
        return Ok(Exit::Done);
    }
    show(&arguments.file, &change)?;
    wanted.notes();
    Ok(Exit::Done)
}

fn clean(arguments: &HostsClean) -> anyhow::Result<Exit> {
    let root = root(&arguments.options)?;
    let none = BTreeSet::new();
    let change = read(&arguments.file, &root)?.with(&none);
    apply(&arguments.file, &change)?;
    match arguments.json {
        true => output::print_json(&HostsView::of(&arguments.file, &root, &none, &change))?,
        false => show(&arguments.file, &change)?,
    }
    Ok(Exit::Done)
}

/// What a project's block is to hold.
#[derive(Debug)]
struct Wanted {
    /// The project, by its folder.
    root: String,
    hosts: BTreeSet<String>,
    file: HostsFile,
    /// Names that only browsers find, and that weren't asked for.
    left_out: Vec<String>,
    mode: Mode,
    /// Hosts in the table.
    routed: usize,
    /// Some of the hosts are subdomains of those in the table.
    has_tenants: bool,
}

impl Wanted {
    /// Reads the project and the file, and asks the resolver.
    fn find(arguments: &HostsBlock) -> anyhow::Result<Self> {
        let setup = Setup::load(&arguments.options, &Environment::of_process())?;
        let survey = Survey::take(&setup);
        if let Some(broken) = survey.broken() {
            return Err(broken);
        }
        let snapshot = &survey.snapshot;
        let root = root(&arguments.options)?;
        let file = read(&arguments.file, &root)?;
        let candidates = candidates(snapshot, &arguments.tenant)?;
        let (left_out, asked): (Vec<Host>, Vec<Host>) = candidates
            .into_iter()
            .partition(|host| phoenix::is_browsers(host) && !arguments.localhost);
        let answers = resolver::ask(asked);
        let unknown = answers
            .into_iter()
            .filter(|name| match (name.answer, setup.mode) {
                (Answer::None, _) | (Answer::Late, Mode::Development) => true,
                // A server whose DNS is slow has its names all the same.
                (Answer::Late, Mode::Production)
                | (Answer::Here | Answer::HereByBoth | Answer::Elsewhere(_), _) => false,
            });
        let mut hosts: BTreeSet<String> = unknown.map(|name| name.host.to_string()).collect();
        // The resolver knows those in the block from the block alone.
        let kept = file.hosts().filter(|host| is_routed(host, snapshot));
        hosts.extend(kept.map(str::to_owned));
        let left_out = left_out.iter().map(Host::to_string);
        let is_route = |host: &String| {
            let mut routes = snapshot.routes.iter();
            routes.any(|route| route.host.as_str() == host)
        };
        Ok(Self {
            has_tenants: !hosts.iter().all(is_route),
            left_out: left_out.filter(|host| !hosts.contains(host)).collect(),
            routed: snapshot.routes.len(),
            root,
            hosts,
            file,
            mode: setup.mode,
        })
    }

    /// What becomes of the file.
    fn change(&self) -> Change {
        self.file.with(&self.hosts)
    }

    fn view<'a>(&'a self, arguments: &'a HostsBlock, change: &Change) -> HostsView<'a> {
        HostsView::of(&arguments.file, &self.root, &self.hosts, change)
    }

    /// Says what the block leaves to be known.
    fn notes(&self) {
        if self.hosts.is_empty() {
            output::talk(&match self.routed {
                0 => "no host leads to a service, so there is nothing to add",
                _ => "every host is known here already, so there is nothing to add",
            });
        }
        if !self.hosts.is_empty() && self.mode == Mode::Production {
            output::talk(
                &"read as production: with these lines the names lead every program here to this \
                  machine",
            );
        }
        if !self.left_out.is_empty() {
            output::talk(&format_args!(
                "left out, since browsers know them by themselves (--localhost adds them): {}",
                self.left_out.join(", ")
            ));
        }
        if !self.hosts.is_empty() && !self.has_tenants {
            output::talk(
                &"hosts files have no wildcards: add each tenant's subdomain with --tenant NAME",
            );
        }
    }
}

/// All hosts that may need a line: those of the table, and of tenants that are named.
fn candidates(snapshot: &Snapshot, tenants: &[String]) -> anyhow::Result<Vec<Host>> {
    let hosts = snapshot.routes.iter().map(|route| &route.host);
    let hosts: Vec<&Host> = hosts.filter(|host| !host.is_ip()).collect();
    let mut candidates: Vec<Host> = hosts.iter().map(|host| (*host).clone()).collect();
    for tenant in tenants {
        let mut names = Vec::new();
        for host in &hosts {
            let name = Host::parse(&format!("{tenant}.{host}")).map_err(|error| {
                let tenant = output::plain(tenant);
                usage(format!("\"{tenant}\" makes no host: {error}"))
            })?;
            // A host without subdomains has no tenants.
            names.extend(is_routed(name.as_str(), snapshot).then_some(name));
        }
        if names.is_empty() && !hosts.is_empty() {
            let message = format!(
                "no host takes \"{}\" as a subdomain; `subdomains` under [defaults] in \
                 mesh-router.toml says which are taken",
                output::plain(tenant)
            );
            return Err(usage(message));
        }
        for name in names {
            if !candidates.contains(&name) {
                candidates.push(name);
            }
        }
    }
    Ok(candidates)
}

fn usage(message: String) -> anyhow::Error {
    Problems(vec![Problem::new(&Place::Flag("--tenant"), message)]).into()
}

fn is_routed(host: &str, snapshot: &Snapshot) -> bool {
    Host::parse(host).is_ok_and(|host| {
        let found = snapshot.find(&host);
        found.is_some_and(|found| found.route.is_some())
    })
}

/// The folder by which the block is known.
fn root(options: &Options) -> anyhow::Result<String> {
    let whereabouts = Whereabouts::find(options, &Environment::of_process())?;
    let root = whereabouts.root().unwrap_or(&whereabouts.start);
    let text = root
        .to_str()
        .filter(|text| !text.contains(char::is_control));
    text.map(str::to_owned).with_context(|| {
        format!(
            "{} can't stand in a hosts file: its name has control characters, or is no UTF-8",
            output::plain(&root.display().to_string())
        )
    })
}

fn read(path: &Path, root: &str) -> anyhow::Result<HostsFile> {
    let bytes = write::read(path)?;
    HostsFile::parse(bytes, root)
        .map_err(|broken| anyhow::anyhow!("{}:{}: {}", path.display(), broken.line, broken.what))
}

/// Writes the file where something changed.
fn apply(path: &Path, change: &Change) -> anyhow::Result<()> {
    if change.is_empty() {
        return Ok(());
    }
    write::replace(path, &change.bytes).map_err(|error| {
        let arguments = std::env::args_os().skip(1).collect();
        let again = again(std::env::current_exe().ok(), arguments);
        refused(path, error, &again)
    })
}

/// Why the file wasn't written; `again` is what to do where root may.
fn refused(path: &Path, error: io::Error, again: &str) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "{} may not be changed by this user, try: {again}",
            path.display()
        ),
        _ => anyhow::Error::new(error).context(format!("writing {}", path.display())),
    }
}

/// The same command as root. `sudo` keeps the folder; its own `PATH` may lack our program.
fn again(program: Option<PathBuf>, arguments: Vec<OsString>) -> String {
    let program = program.map_or_else(|| OsString::from("mesh-router"), PathBuf::into_os_string);
    let words = [OsString::from("sudo"), program]
        .into_iter()
        .chain(arguments);
    let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    words.join(" ")
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn show(path: &Path, change: &Change) -> anyhow::Result<()> {
    if change.is_empty() {
        output::talk(&format_args!("{}: no change", path.display()));
        return Ok(());
    }
    output::talk(&format_args!("{}:", path.display()));
    let removed = change.removed.iter().map(|line| format!("- {line}"));
    let added = change.added.iter().map(|line| format!("+ {line}"));
    let lines: Vec<String> = removed
        .chain(added)
        .map(|line| output::plain(&line))
        .collect();
    output::print(&lines.join("\n"))
}

#[cfg(test)]
mod tests;
