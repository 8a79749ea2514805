//! `reload`: the running gateway reads its settings and its project again.

use admin::{Reloaded, SettingChange};
use hyper::Method;
use serde::Serialize;

use crate::{
    Exit,
    args::Reload,
    ask::Running,
    changes::{self, Changes},
    command::diff,
    output,
    view::RoutesView,
};

/// What `reload --json` prints.
#[derive(Debug, Serialize)]
struct ReloadView<'a> {
    /// Whether it was done.
    reloaded: bool,
    /// Why not.
    refused: Option<String>,
    /// The generation that all workers have applied.
    generation: Option<u64>,
    settings: &'a [SettingChange],
    table: &'a Changes,
}

/// Asks for it, waits, and says what became different.
pub(crate) fn reload(arguments: &Reload) -> anyhow::Result<Exit> {
    let gateway = Running::find(arguments.admin.as_deref(), &arguments.options)?;
    gateway.own_status()?;
    let before: RoutesView = gateway.get("/api/v1/routes")?;
    let answer = gateway.send(Method::POST, "/api/v1/reload")?;
    let after: RoutesView = gateway.get("/api/v1/routes")?;
    let changes = changes::between(&before, &after);
    let reloaded: Option<Reloaded> = match answer.is_good() {
        true => Some(answer.json()?),
        false => None,
    };
    let settings = reloaded.as_ref().map(|it| &*it.settings);
    let settings = settings.unwrap_or_default();
    let refused = reloaded.is_none().then(|| answer.words());
    if arguments.json {
        output::print_json(&ReloadView {
            reloaded: reloaded.is_some(),
            refused: refused.clone(),
            generation: reloaded.as_ref().map(|it| it.generation),
            settings,
            table: &changes,
        })?;
    } else {
        for setting in settings {
            output::print(&line(setting))?;
        }
        if !changes.is_empty() {
            output::print(&diff::lines(&changes))?;
        }
    }
    let address = gateway.address();
    match refused {
        Some(why) => {
            output::talk(&format_args!(
                "reload refused by the gateway at {address}, the running table stays:\n{}",
                lines(&why)
            ));
            Ok(Exit::Failed)
        }
        None => {
            let nothing = settings.is_empty() && changes.is_empty();
            let what = if nothing {
                ", nothing is other than before"
            } else {
                ""
            };
            output::talk(&format_args!("the gateway at {address} has reloaded{what}"));
            Ok(Exit::Done)
        }
    }
}

/// A setting that is other than before, in a line.
fn line(setting: &SettingChange) -> String {
    let SettingChange {
        key,
        before,
        after,
        provenance,
        needs_restart,
    } = setting;
    let when = if *needs_restart {
        ", after a restart"
    } else {
        ""
    };
    output::plain(&format!(
        "~ {key} = {after} (was {before}; {provenance}){when}"
    ))
}

/// What files say may have control characters, which terminals obey; its lines stay.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(output::plain).collect();
    lines.join("\n")
}
