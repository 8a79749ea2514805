//! The real binary as a process: started on port 0, watched, and killed at the end.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use command_fds::{CommandFdExt, FdMapping};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Client, Upstream, eventually, tool};

/// Says where the admin listener is.
const ADMIN: &str = "MESH_ROUTER_ADMIN_LISTEN";

/// What `Launch` starts; see [`Launch::start`].
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    address: SocketAddr,
    output: Arc<Output>,
    folder: Option<TempDir>,
    /// Kept open for as long as the gateway may need it.
    upstream: Option<Upstream>,
}

/// How to start the gateway.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    folder: Option<TempDir>,
}

/// All that the process said so far.
#[derive(Debug, Default)]
struct Output {
    stdout: Mutex<Vec<String>>,
    stderr: Mutex<Vec<String>>,
}

/// What a command that ends by itself said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Gateway {
    /// Starts a gateway that leads `auth.test` and its tenants to `upstream`.
    #[track_caller]
    pub fn to(upstream: &Upstream) -> Self {
        Self::with(upstream, "")
    }

    /// As [`Gateway::to`], with more lines of `mesh-router.toml`: tables only.
    #[track_caller]
    pub fn with(upstream: &Upstream, tables: &str) -> Self {
        let mut gateway = Self::configured(&Self::config_to(upstream, "", tables));
        gateway.upstream = Some(upstream.clone());
        gateway
    }

    /// Starts a gateway with a `mesh-router.toml` and no project.
    #[track_caller]
    pub fn configured(config: &str) -> Self {
        Launch::configured(config).start()
    }

    /// Returns a `mesh-router.toml` that leads `auth.test` to `upstream`; `keys` are top-level
    /// lines, `tables` whole tables.
    pub fn config_to(upstream: &Upstream, keys: &str, tables: &str) -> String {
        let address = upstream.address();
        let mode = if keys.contains("mode =") {
            ""
        } else {
            "mode = \"production\""
        };
        format!(
            "listen = [\"127.0.0.1:0\"]\nworkers = 2\n{mode}\n{keys}\n\
             [discovery]\nsources = []\n\
             [routes.\"auth.test\"]\nupstreams = [\"{address}\"]\n{tables}\n"
        )
    }

    /// Returns the first listener's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the first listener's port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Opens a connection.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends one GET on a connection of its own.
    #[track_caller]
    pub fn get(&self, host: &str, path: &str) -> crate::Message {
        self.connect().get(host, path)
    }

    /// Waits for the admin listener, or health's, and returns where it is.
    #[track_caller]
    pub fn beside(&self, name: &str) -> String {
        let line = self.logged(&format!("{name} listening"));
        let line: Value = serde_json::from_str(&line).unwrap();
        line["address"].as_str().expect("an address").to_owned()
    }

    /// Returns the addresses of all listeners, as logged.
    pub fn listeners(&self) -> Vec<String> {
        self.output.listeners()
    }

    /// Waits for an access line that `wanted` accepts.
    #[track_caller]
    pub fn access_line(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually("an access line", || {
            let lines = self.output.stdout();
            let mut values = lines
                .iter()
                .filter_map(|line| serde_json::from_str(line).ok());
            values.find(|value: &Value| wanted(value))
        })
    }

    /// Waits for a line of stderr that has `wanted` in it.
    #[track_caller]
    pub fn logged(&self, wanted: &str) -> String {
        eventually(&format!("{wanted:?} in the log"), || {
            self.output
                .stderr()
                .into_iter()
                .find(|line| line.contains(wanted))
        })
    }

    /// Returns all lines of stdout so far.
    pub fn stdout(&self) -> Vec<String> {
        self.output.stdout()
    }

    /// Returns all lines of stderr so far.
    pub fn stderr(&self) -> Vec<String> {
        self.output.stderr()
    }

    /// Returns the folder that the gateway was started in, if the harness made it.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
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

    /// Returns whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the process to end by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        eventually("the gateway's end", || self.child.try_wait().unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            keep(&self.output, self.folder.take());
        }
    }
}

impl Launch {
    /// Starts `mesh-router` with these arguments.
    pub fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments).stdin(Stdio::null());
        // The developer's own settings must not decide a test.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let ours = ["MESH_ROUTER_", "MIX_", "RELEASE_", "PHX_"];
            let ours = ours.iter().any(|prefix| name.starts_with(prefix));
            if ours || matches!(&*name, "PORT" | "RUST_LOG") {
                command.env_remove(&*name);
            }
        }
        Self {
            command,
            folder: None,
        }
    }

    /// Starts `mesh-router run` with a `mesh-router.toml` in a folder of its own.
    pub fn configured(config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("mesh-router.toml");
        fs::write(&file, config).unwrap();
        let mut launch = Self::new(["run", "--config"])
            .arg(&file)
            .within(folder.path());
        launch.folder = Some(folder);
        launch
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Has the admin listener where the configuration says, or else at its usual address; without
    /// this there is none.
    #[must_use]
    pub fn with_admin(self) -> Self {
        // An empty variable counts as not set.
        self.env(ADMIN, "")
    }

    /// Hands these over from descriptor 3 on, as systemd does.
    #[must_use]
    pub fn handing_over(mut self, descriptors: Vec<OwnedFd>) -> Self {
        let mappings = (3..).zip(descriptors);
        let mappings = mappings.map(|(child_fd, parent_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
        let placed = self.command.fd_mappings(mappings.collect());
        placed.expect("each number is given once");
        self
    }

    /// Lets the process have so many file descriptors, softly half of them.
    #[must_use]
    pub fn limited_to(self, descriptors: u32) -> Self {
        let limits = format!("ulimit -Sn {} && ulimit -Hn {descriptors}", descriptors / 2);
        self.after(Command::new("sh"), &limits)
    }

    /// Has names looked up as that `resolv.conf` says. Takes root.
    #[must_use]
    pub fn resolving_by(self, resolv_conf: &Path) -> Self {
        let mut shell = Command::new(tool::require("unshare"));
        shell.args(["--mount", "sh"]);
        let mount = format!("mount --bind '{}' /etc/resolv.conf", resolv_conf.display());
        self.after(shell, &mount)
    }

    /// Starts it by a shell, after what that does first.
    fn after(mut self, mut shell: Command, first: &str) -> Self {
        shell
            .args(["-c", &format!("{first} && exec \"$0\" \"$@\"")])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .stdin(Stdio::null());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(folder) = self.command.get_current_dir() {
            shell.current_dir(folder);
        }
        self.command = shell;
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts the process and waits until it listens; fails with all it said if it ends first.
    #[track_caller]
    pub fn start(mut self) -> Gateway {
        // Gateways that run side by side would ask for admin's usual address all at once.
        if !self.command.get_envs().any(|(name, _)| name == ADMIN) {
            self.command.env(ADMIN, "off");
        }
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let output = Arc::new(Output::default());
        collect(child.stdout.take().unwrap(), &output, |output| {
            &output.stdout
        });
        collect(child.stderr.take().unwrap(), &output, |output| {
            &output.stderr
        });
        let listening = eventually("the gateway's first listener", || {
            let ended = child.try_wait().unwrap().map(Err);
            output
                .listeners()
                .into_iter()
                .find_map(|text| text.parse().ok())
                .map(Ok)
                .or(ended)
        });
        match listening {
            Ok(address) => Gateway {
                child,
                address,
                output,
                folder: self.folder,
                upstream: None,
            },
            Err(status) => {
                let said = output.stderr().join("\n");
                panic!("the gateway ended with {status} before it listened:\n{said}");
            }
        }
    }

    /// Starts the process with its standard input, output and error in the caller's hands.
    #[track_caller]
    pub fn piped(mut self) -> Child {
        let piped = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        piped.stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command that ends by itself.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let output = self.command.output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// Reads stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        serde_json::from_str(stdout).unwrap_or_else(|error| {
            panic!("not JSON ({error}), exit code {code:?}:\n{stdout}\n{stderr}")
        })
    }
}

impl Output {
    fn stdout(&self) -> Vec<String> {
        self.stdout
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn stderr(&self) -> Vec<String> {
        self.stderr
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The `address` of each log line whose message is `listening`.
    fn listeners(&self) -> Vec<String> {
        let mut addresses = Vec::new();
        for line in self.stderr() {
            let Ok(value) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            // The fields may stand in an object of their own or beside the message.
            let fields = value.get("fields").unwrap_or(&value);
            if fields.get("message").and_then(Value::as_str) == Some("listening") {
                let address = fields.get("address").and_then(Value::as_str);
                addresses.extend(address.map(ToOwned::to_owned));
            }
        }
        addresses
    }
}

/// Returns the binary that belongs to the tests that are running: cargo builds both into one
/// folder.
#[track_caller]
pub fn binary() -> PathBuf {
    let running = std::env::current_exe().unwrap();
    let folder = running.parent().expect("a program lies in a folder");
    // Tests run from target/<profile>/deps, programs from target/<profile>.
    let profile = match folder.file_name() == Some(OsStr::new("deps")) {
        true => folder.parent().expect("deps lies in target/<profile>"),
        false => folder,
    };
    let binary = profile.join("mesh-router");
    assert!(
        binary.is_file(),
        "{} is missing: run `cargo xtask test`, or `cargo build -p mesh-router` before e2e alone",
        binary.display()
    );
    binary
}

fn collect(
    from: impl Read + Send + 'static,
    output: &Arc<Output>,
    lines: fn(&Output) -> &Mutex<Vec<String>>,
) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            lines(&output)
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    });
}

/// Keeps what a failed test needs, and says where.
#[allow(
    clippy::print_stderr,
    reason = "the test runner shows it with the failure"
)]
fn keep(output: &Output, folder: Option<TempDir>) {
    let folder = folder.or_else(|| TempDir::new().ok()).map(TempDir::keep);
    let Some(folder) = folder else { return };
    for (name, lines) in [
        ("stdout.log", output.stdout()),
        ("stderr.log", output.stderr()),
    ] {
        if let Err(error) = fs::write(folder.join(name), lines.join("\n")) {
            eprintln!("keeping {name}: {error}");
        }
    }
    eprintln!("the gateway's logs are kept in {}", folder.display());
}
