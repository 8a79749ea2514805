//! Whole projects in temporary folders: their files in, the table of routes out.

mod broken;
mod umbrella;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use routes::{Mode, Rules, Serving, Snapshot, Subdomains};
use tempfile::TempDir;

use crate::{How, Place, Reading, SettingValue, SettingWord, Wanted, open};

pub(crate) const UMBRELLA: &str = "
    defmodule U.MixProject do
      use Mix.Project
      def project, do: [apps_path: \"apps\"]
    end
";

/// A project with these files, at a path without links.
pub(crate) fn project(files: &[(&str, &str)]) -> TempDir {
    let base = std::env::temp_dir().canonicalize().unwrap();
    let root = tempfile::tempdir_in(base).unwrap();
    for (path, text) in files {
        write(root.path(), path, text);
    }
    root
}

pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Writes the two files that make an app of an umbrella (or of `prefix` itself, if empty).
pub(crate) fn write_app(root: &Path, prefix: &str, app: &str, module: &str) {
    let mix = format!(
        "defmodule M do\n  use Mix.Project\n  def project do\n    [app: :{app}, version: \"0.1.0\"]\n  end\nend\n"
    );
    let endpoint = format!("defmodule {module} do\n  use Phoenix.Endpoint, otp_app: :{app}\nend\n");
    write(root, &format!("{prefix}mix.exs"), &mix);
    write(root, &format!("{prefix}lib/{app}/endpoint.ex"), &endpoint);
}

/// A project, and how it is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) wanted: Wanted,
    pub(crate) how: How,
}

impl Asked {
    pub(crate) fn read(&self) -> Reading {
        open(&self.wanted).read(&self.how)
    }
}

/// Development, as `mesh-router run` has it without a configuration.
pub(crate) fn development(root: &Path) -> Asked {
    Asked {
        wanted: Wanted {
            place: Place::Sources(root.to_owned()),
            env: "dev".to_owned(),
            vars: BTreeMap::new(),
        },
        how: How {
            mode: Mode::Development,
            domain: "localhost".to_owned(),
            subdomains: Subdomains::One,
        },
    }
}

pub(crate) fn production(root: &Path, vars: &[(&str, &str)]) -> Asked {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut asked = development(root);
    asked.wanted.env = "prod".to_owned();
    asked.wanted.vars = vars.iter().map(owned).collect();
    asked.how.mode = Mode::Production;
    asked
}

/// The routes that a reading leads to, and all that is said.
fn table(asked: &Asked) -> String {
    let Reading {
        report,
        broken,
        facts: _,
        declared_ports,
        settings,
        watched: _,
    } = asked.read();
    let rules = Rules {
        mode: asked.how.mode,
        ..Rules::default()
    };
    let mut out = shown(&routes::merge(&Snapshot::default(), &[report], &rules));
    if let Some(broken) = broken {
        let _ = writeln!(out, "broken: {}", broken.code);
    }
    for (port, origin) in declared_ports {
        let _ = writeln!(out, "port: {port} {origin}");
    }
    for setting in settings {
        let path = setting.path.join(".");
        let _ = writeln!(
            out,
            "setting: {path} {} {}",
            said(&setting.value),
            setting.origin
        );
    }
    let root = match &asked.wanted.place {
        Place::Sources(root) | Place::Release(root) => root,
    };
    out.replace(&root.display().to_string(), "ROOT")
}

pub(crate) fn said(value: &SettingValue) -> String {
    match value {
        SettingValue::Words(words) => {
            let word = |word: &SettingWord| match word {
                SettingWord::Text(text) => format!("{text:?}"),
                SettingWord::Number(number) => number.to_string(),
                SettingWord::Nothing => "nothing".to_owned(),
                SettingWord::Nil => "nil".to_owned(),
            };
            words.iter().map(word).collect::<Vec<_>>().join(", ")
        }
        SettingValue::Strange => "strange".to_owned(),
        SettingValue::Unknown(why) => format!("unknown: {why}"),
    }
}

pub(crate) fn shown(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    for route in &snapshot.routes {
        let service = &snapshot.services[route.service];
        let origin = route.origin.as_ref().unwrap();
        let _ = write!(out, "{} -> {} ({origin})", route.host, service.name);
        for upstream in &service.upstreams {
            let origin = upstream.origin.as_ref().unwrap();
            let _ = write!(out, " at {} ({origin})", upstream.address);
        }
        if let Serving::No(why) = &service.serving {
            let _ = write!(out, " silent: {why}");
        }
        out.push('\n');
    }
    for conflict in &snapshot.conflicts {
        let claimants: Vec<&str> = conflict
            .claimants
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let _ = writeln!(out, "conflict: {} {}", conflict.host, claimants.join(", "));
    }
    for finding in &snapshot.findings {
        let origin = finding.origin.as_ref().map(ToString::to_string);
        let origin = origin.unwrap_or_default();
        let _ = writeln!(
            out,
            "{:?} {} {origin}: {}",
            finding.severity, finding.code, finding.message
        );
    }
    out
}
