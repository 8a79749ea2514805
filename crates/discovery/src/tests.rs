//! Whole projects in temporary folders: their files in, the table of routes out.

mod broken;
mod umbrella;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use routes::{Mode, Rules, Serving, Snapshot, Subdomains};
use tempfile::TempDir;

use crate::{ConfigOptions, Reading, read_config};

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

/// Development, as `mesh-router run` has it without a configuration.
pub(crate) fn development(root: &Path) -> ConfigOptions {
    ConfigOptions {
        root: root.to_owned(),
        env: "dev".to_owned(),
        mode: Mode::Development,
        domain: "localhost".to_owned(),
        subdomains: Subdomains::One,
        vars: BTreeMap::new(),
    }
}

pub(crate) fn production(root: &Path, vars: &[(&str, &str)]) -> ConfigOptions {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ConfigOptions {
        env: "prod".to_owned(),
        mode: Mode::Production,
        vars: vars.iter().map(owned).collect(),
        ..development(root)
    }
}

/// The routes that a reading leads to, and all that is said.
fn table(options: &ConfigOptions) -> String {
    let Reading {
        report,
        broken,
        declared_ports,
        gateway,
        watched: _,
    } = read_config(options);
    let rules = Rules {
        mode: options.mode,
        ..Rules::default()
    };
    let mut out = shown(&routes::merge(&Snapshot::default(), &[report], &rules));
    if let Some(broken) = broken {
        let _ = writeln!(out, "broken: {}", broken.code);
    }
    for (port, origin) in declared_ports {
        let _ = writeln!(out, "port: {port} {origin}");
    }
    if let Some((port, origin)) = gateway.port {
        let _ = writeln!(out, "own port: {port} {origin}");
    }
    out.replace(&options.root.display().to_string(), "ROOT")
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
