//! `diff`: what would change in the table.

mod old;
mod text;

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

pub(super) use text::lines;

use crate::{
    Exit,
    args::{Diff, Options},
    changes::{self, Changes},
    config::{Environment, Place, Problem, Problems},
    output,
    setup::Setup,
    survey::{self, Survey},
    view::{self, RoutesView},
};

/// One of the two tables, and what it was read for.
#[derive(Debug)]
struct Side {
    /// The environment or file, as people call it.
    name: String,
    file: Option<String>,
    mode_reason: Option<String>,
    table: RoutesView,
}

/// What `diff --json` prints.
#[derive(Debug, Serialize)]
struct DiffView<'a> {
    before: SideView<'a>,
    after: SideView<'a>,
    equal: bool,
    #[serde(flatten)]
    changes: &'a Changes,
}

#[derive(Debug, Serialize)]
struct SideView<'a> {
    env: Option<&'a str>,
    file: Option<&'a str>,
    mode: Option<&'a str>,
    mode_reason: Option<&'a str>,
}

/// Reads both sides and prints what is different.
pub(crate) fn diff(arguments: &Diff) -> anyhow::Result<Exit> {
    let (before, after) = sides(arguments)?;
    let changes = changes::between(&before.table, &after.table);
    if arguments.json {
        output::print_json(&DiffView {
            before: before.view(),
            after: after.view(),
            equal: changes.is_empty(),
            changes: &changes,
        })?;
    } else {
        output::talk(&format_args!("--- {before}\n+++ {after}"));
        if !changes.is_empty() {
            output::print(&lines(&changes))?;
        }
        output::talk(&text::summary(&changes));
    }
    Ok(match arguments.exit_code && !changes.is_empty() {
        true => Exit::Findings,
        false => Exit::Done,
    })
}

fn sides(arguments: &Diff) -> anyhow::Result<(Side, Side)> {
    let options = &arguments.options;
    match (&arguments.against, &*arguments.envs.0) {
        (None, [] | [_]) if !options.node.is_empty() => {
            Ok((Side::files(options)?, Side::running(options)?))
        }
        (None, [before, after]) => Ok((
            Side::present(options, Some(before))?,
            Side::present(options, Some(after))?,
        )),
        (Some(file), [] | [_]) => {
            // A file that can't be used is said before the project is read.
            let before = Side::old(file)?;
            Ok((before, Side::present(options, None)?))
        }
        (None, _) => Err(usage(
            "--env",
            "name two environments (--env dev --env prod), an earlier table (--against OLD.json), or a \
             running node (--node NAME)",
        )),
        (Some(_), _) => Err(usage(
            "--env",
            "with --against one environment is compared, name it once",
        )),
    }
}

fn usage(flag: &'static str, message: &str) -> anyhow::Error {
    Problems(vec![Problem::new(&Place::Flag(flag), message)]).into()
}

impl Side {
    /// Reads the sources now, for the environment named.
    fn present(options: &Options, env: Option<&String>) -> anyhow::Result<Self> {
        let mut options = options.clone();
        options.env = env.cloned().or(options.env);
        let setup = Setup::load(&options, &Environment::of_process())?;
        let survey = Survey::take(&setup);
        if let Some(refusal) = survey.broken() {
            return Err(refusal).with_context(|| format!("reading {}", setup.env));
        }
        Ok(Self {
            name: setup.env.clone(),
            file: None,
            table: view::routes(&survey.snapshot, &setup),
            mode_reason: Some(setup.mode_reason),
        })
    }

    /// Reads the files alone.
    fn files(options: &Options) -> anyhow::Result<Self> {
        let mut options = options.clone();
        options.node.clear();
        Self::present(&options, None)
    }

    /// Reads what runs on the nodes alone.
    fn running(options: &Options) -> anyhow::Result<Self> {
        let setup = Setup::load(options, &Environment::of_process())?;
        let survey = Survey::of_nodes(&setup);
        if let Some(empty) = survey.emptiness(&setup) {
            let findings = survey.snapshot.findings.iter();
            findings.for_each(|finding| output::talk(&survey::shown(finding)));
            return Err(empty);
        }
        let mut table = view::routes(&survey.snapshot, &setup);
        // Files name no node: what is reached at the same address is no difference.
        let services = table.services.iter_mut().flatten();
        let of_services = services.flat_map(|service| &mut service.upstreams);
        let of_routes = table
            .routes
            .iter_mut()
            .flat_map(|route| &mut route.upstreams);
        of_services
            .chain(of_routes)
            .for_each(|upstream| upstream.node = None);
        Ok(Self {
            name: options.node.join(", "),
            file: None,
            table,
            mode_reason: Some(setup.mode_reason),
        })
    }

    /// Reads what `routes --json` printed earlier.
    fn old(file: &Path) -> anyhow::Result<Self> {
        let name = old::name(file);
        Ok(Self {
            table: old::read(file)?,
            file: Some(name.clone()),
            mode_reason: None,
            name,
        })
    }

    fn view(&self) -> SideView<'_> {
        SideView {
            env: self.table.env.as_deref(),
            file: self.file.as_deref(),
            mode: self.table.mode.as_deref(),
            mode_reason: self.mode_reason.as_deref(),
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&output::plain(&self.name))?;
        if let (Some(_), Some(env)) = (&self.file, &self.table.env) {
            write!(f, " of {}", output::plain(env))?;
        }
        match &self.table.mode {
            Some(mode) => write!(f, ", read as {}", output::plain(mode))?,
            None => f.write_str(", in a mode it does not name")?,
        }
        match &self.mode_reason {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}
