//! Cowboy on a real BEAM, behind a module that answers as a Phoenix endpoint does.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
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
        Self::start_at(0)
    }

    /// Starts it at the port that another had.
    #[track_caller]
    pub fn start_at(port: u16) -> Self {
        let mut command = Command::new(tool::require("elixir"));
        command.args(web_server());
        // Its stdin is ours: when the tests' process dies the script reads the end and stops.
        command
            .arg(tool::ours("beam/endpoint.exs"))
            .arg(port.to_string());
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

    /// Returns the process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, as `kill` knows it.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        tool::signal(self.child.id(), name);
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
fn web_server() -> Vec<PathBuf> {
    let beams = cowboy().into_iter().map(|library| beams(&library));
    beams
        .flat_map(|beams| [PathBuf::from("-pa"), beams])
        .collect()
}

/// Cowboy and the libraries that it needs: folders or archives among RabbitMQ's plugins.
#[track_caller]
pub(crate) fn cowboy() -> Vec<PathBuf> {
    let libraries = ["cowboy", "cowlib", "ranch"];
    let found = libraries.map(|library| {
        library_of_rabbitmq(library)
            .unwrap_or_else(|| panic!("no {library} in /usr/lib/rabbitmq: install rabbitmq-server"))
    });
    // One of these, or none, makes JSON for it.
    let json = ["jsx", "thoas"].into_iter().filter_map(library_of_rabbitmq);
    found.into_iter().chain(json).collect()
}

fn library_of_rabbitmq(library: &str) -> Option<PathBuf> {
    let servers = fs::read_dir("/usr/lib/rabbitmq/lib").ok()?;
    let plugins = servers
        .flatten()
        .map(|server| server.path().join("plugins"));
    let mut found = plugins
        .filter_map(|plugins| fs::read_dir(plugins).ok())
        .flatten()
        .flatten();
    let name = format!("{library}-");
    let found = found.find(|entry| entry.file_name().to_string_lossy().starts_with(&name))?;
    Some(found.path())
}

/// Returns the folder with a library's compiled modules.
pub(crate) fn beams(library: &Path) -> PathBuf {
    // An archive (`cowboy-2.12.0.ez`) holds one folder of the same name; Erlang reads inside it.
    let inner = match (library.extension(), library.file_stem()) {
        (Some(ez), Some(name)) if ez == "ez" => library.join(name),
        _ => library.to_owned(),
    };
    inner.join("ebin")
}
