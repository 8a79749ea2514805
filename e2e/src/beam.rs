//! Cowboy on a real BEAM, behind a module that answers as a Phoenix endpoint does.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::tool;

/// A running `beam/endpoint.exs`.
#[derive(Debug)]
pub struct Beam {
    child: Child,
    port: u16,
}

impl Beam {
    /// Starts Elixir with the web server that Debian's `rabbitmq-server` brings along, and waits
    /// until it listens.
    #[track_caller]
    pub fn start() -> Self {
        let mut command = Command::new(tool::require("elixir"));
        command.args(web_server());
        // Its stdin is ours: when the tests' process dies the script reads the end and stops.
        command.arg(tool::ours("beam/endpoint.exs"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line
            .trim()
            .strip_prefix("listening ")
            .and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("beam/endpoint.exs said {line:?}"));
        Self { child, port }
    }

    /// Returns the port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address as `mesh-router.toml` writes it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Beam {
    fn drop(&mut self) {
        // `elixir` is a shell script that becomes the BEAM, so this ends the BEAM itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Arguments for `elixir` that put Cowboy on its path.
#[track_caller]
pub(crate) fn web_server() -> Vec<PathBuf> {
    let mut arguments = Vec::new();
    for library in ["cowboy", "cowlib", "ranch", "jsx", "thoas"] {
        if let Some(beams) = beams(library) {
            arguments.extend([PathBuf::from("-pa"), beams]);
        } else {
            let json = matches!(library, "jsx" | "thoas");
            assert!(
                json,
                "no {library} in /usr/lib/rabbitmq: install rabbitmq-server"
            );
        }
    }
    arguments
}

/// Finds a library's compiled modules among RabbitMQ's plugins.
fn beams(library: &str) -> Option<PathBuf> {
    let servers = fs::read_dir("/usr/lib/rabbitmq/lib").ok()?;
    let plugins = servers
        .flatten()
        .map(|server| server.path().join("plugins"));
    let mut found = plugins
        .filter_map(|plugins| fs::read_dir(plugins).ok())
        .flatten()
        .flatten();
    let name = format!("{library}-");
    let folder = found
        .find(|entry| entry.file_name().to_string_lossy().starts_with(&name))?
        .path();
    // An archive (`cowboy-2.12.0.ez`) holds one folder of the same name; Erlang reads inside it.
    let inner = match folder.extension() {
        Some(ez) if ez == "ez" => folder.join(folder.file_stem()?),
        Some(_) | None => folder,
    };
    Some(inner.join("ebin"))
}
