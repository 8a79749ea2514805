//! How long whoever stops programs waits: `fly.toml`, compose files, systemd units, manifests of
//! Kubernetes, where they lie in the project.
//!
//! Manifests are read line by line: they are templates as often as not, which no YAML parser reads,
//! and of each only one key in one block counts. What a variable or a template decides isn't known.

mod files;
mod wait;

use std::{path::Path, time::Duration};

use phoenix::{Grace, Orchestrator};
use routes::Origin;
use serde::Deserialize;
use toml::Spanned;

#[cfg(test)]
mod tests;

/// What a text says that runs the gateway.
const GATEWAY_WORDS: &[&str] = &["mesh-router", "mesh_router"];

/// What a text says that runs a Phoenix application, whatever its name.
const APP_WORDS: &[&str] = &[
    "secret_key_base",
    "phx_",
    "phx.server",
    "release_",
    "bin/server",
    "kind: deployment",
];

/// What each waits where nothing is written.
const FLY_DEFAULT: Duration = Duration::from_secs(5);
const COMPOSE_DEFAULT: Duration = Duration::from_secs(10);
const KUBERNETES_DEFAULT: Duration = Duration::from_secs(30);
const SYSTEMD_DEFAULT: Duration = Duration::from_secs(90);

/// The kinds of manifests that stand for programs which run on.
const KINDS: &[&str] = &[
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
];

/// Reads all that is found in the project.
pub(super) fn graces(root: &Path) -> Vec<Grace> {
    let found = files::find(root);
    found
        .iter()
        .flat_map(|(file, text)| of_file(file, text))
        .collect()
}

/// Reads one file; `file` is relative to the project's root.
fn of_file(file: &str, text: &str) -> Vec<Grace> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let is_compose = name.starts_with("compose") || name.starts_with("docker-compose");
    match name.rsplit('.').next() {
        Some("toml") => fly(file, text).into_iter().collect(),
        Some("service") => systemd(file, text).into_iter().collect(),
        Some("yml" | "yaml") if is_compose => compose(file, text),
        Some("yml" | "yaml") => kubernetes(file, text),
        Some(_) | None => Vec::new(),
    }
}

#[derive(Deserialize)]
struct Fly {
    kill_timeout: Option<Spanned<toml::Value>>,
}

fn fly(file: &str, text: &str) -> Option<Grace> {
    let fly: Fly = toml::from_str(text).ok()?;
    let (wait, line) = match fly.kill_timeout {
        None => (FLY_DEFAULT, 0),
        Some(value) => {
            let before = text.get(..value.span().start)?;
            let wait = match value.get_ref() {
                toml::Value::Integer(seconds) => Duration::from_secs(u64::try_from(*seconds).ok()?),
                toml::Value::String(text) => wait::of_go(text)?,
                toml::Value::Float(_)
                | toml::Value::Boolean(_)
                | toml::Value::Datetime(_)
                | toml::Value::Array(_)
                | toml::Value::Table(_) => return None,
            };
            (wait, before.lines().count().max(1))
        }
    };
    // The file at the root of an application's sources is the application's.
    let grace = grace(Orchestrator::Fly, wait, file, line, text)?;
    Some(Grace {
        is_apps: true,
        ..grace
    })
}

fn systemd(file: &str, text: &str) -> Option<Grace> {
    let mut wait = Some((SYSTEMD_DEFAULT, 0));
    for (number, line) in numbered(text) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        // The last one counts.
        if matches!(key.trim(), "TimeoutStopSec" | "TimeoutSec") {
            wait = wait::of_systemd(value.trim()).map(|wait| (wait, number));
        }
    }
    let (wait, line) = wait?;
    grace(Orchestrator::Systemd, wait, file, line, text)
}

/// The services of a compose file, each a block below `services:`.
fn compose(file: &str, text: &str) -> Vec<Grace> {
    let lines: Vec<(usize, &str)> = numbered(text).collect();
    let services = lines
        .iter()
        .skip_while(|(_, line)| line.trim_end() != "services:")
        .skip(1)
        .take_while(|(_, line)| depth(line) > 0);
    let services: Vec<(usize, &str)> = services.copied().collect();
    let Some(outer) = services.first().map(|(_, line)| depth(line)) else {
        return Vec::new();
    };
    let mut blocks: Vec<&[(usize, &str)]> = Vec::new();
    let mut rest = services.as_slice();
    while let Some((_, after)) = rest.split_first() {
        let inner = after.iter().take_while(|(_, line)| depth(line) > outer);
        let (block, others) = rest.split_at(inner.count().saturating_add(1));
        blocks.push(block);
        rest = others;
    }
    let block = |block: &&[(usize, &str)]| {
        let said = value(block, "stop_grace_period");
        let (wait, line) = match (said, block.first()) {
            (Some((line, text)), _) => (wait::of_go(text)?, line),
            (None, first) => (COMPOSE_DEFAULT, first?.0),
        };
        let is_built = value(block, "build").is_some();
        let text = joined(block);
        let grace = grace(Orchestrator::Compose, wait, file, line, &text);
        match grace {
            None if is_built => Some(Grace {
                wait,
                orchestrator: Orchestrator::Compose,
                origin: origin(file, line),
                is_gateways: false,
                is_apps: true,
            }),
            other => other,
        }
    };
    blocks.iter().filter_map(block).collect()
}

/// The documents of a manifest that stand for programs.
fn kubernetes(file: &str, text: &str) -> Vec<Grace> {
    let lines: Vec<(usize, &str)> = numbered(text).collect();
    let documents = lines.split(|(_, line)| line.starts_with("---"));
    let document = |lines: &[(usize, &str)]| {
        let (kind_line, kind) = lines
            .iter()
            .find_map(|(number, line)| Some((*number, line.strip_prefix("kind:")?.trim())))?;
        if !KINDS.contains(&kind) {
            return None;
        }
        let (wait, line) = match value(lines, "terminationGracePeriodSeconds") {
            Some((line, text)) => (Duration::from_secs(text.parse().ok()?), line),
            None => (KUBERNETES_DEFAULT, kind_line),
        };
        grace(Orchestrator::Kubernetes, wait, file, line, &joined(lines))
    };
    documents.filter_map(document).collect()
}

/// The grace that a text gives to what it runs; `None` where that is neither the gateway nor an
/// application of the project.
fn grace(
    orchestrator: Orchestrator,
    wait: Duration,
    file: &str,
    line: usize,
    text: &str,
) -> Option<Grace> {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_gateways = says(GATEWAY_WORDS);
    // A deployment of the gateway alone is no application's.
    let app_words = match is_gateways {
        true => APP_WORDS.split_last().map_or(APP_WORDS, |(_, words)| words),
        false => APP_WORDS,
    };
    let is_apps = says(app_words);
    (is_gateways || is_apps || orchestrator == Orchestrator::Fly).then(|| Grace {
        wait,
        orchestrator,
        origin: origin(file, line),
        is_gateways,
        is_apps,
    })
}

fn origin(file: &str, line: usize) -> Origin {
    Origin {
        file: file.to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
    }
}

/// The lines that say something, with their numbers; comments go.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| (index.saturating_add(1), uncommented(line)))
        .filter(|(_, line)| !line.trim().is_empty())
}

/// In YAML and units alike a comment starts a line, in YAML after a space too.
fn uncommented(line: &str) -> &str {
    match line.trim_start().starts_with(['#', ';']) {
        true => "",
        false => line.split(" #").next().unwrap_or(line),
    }
}

/// The value of a key of YAML, wherever it stands among the lines.
fn value<'a>(lines: &[(usize, &'a str)], key: &str) -> Option<(usize, &'a str)> {
    lines.iter().find_map(|(number, line)| {
        let text = line.trim_start().trim_start_matches("- ");
        let value = text.strip_prefix(key)?.trim_start().strip_prefix(':')?;
        Some((*number, value.trim().trim_matches(['"', '\''])))
    })
}

fn joined(lines: &[(usize, &str)]) -> String {
    let lines: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
    lines.join("\n")
}

/// How far a line is indented.
fn depth(line: &str) -> usize {
    line.len()
        .saturating_sub(line.trim_start_matches(' ').len())
}
