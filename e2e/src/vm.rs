//! A VM with the Hex package: `package_umbrella`, run by `mix run --no-halt`.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crate::{Client, Message, eventually, gateway, tool};

/// The one line that says where the gateway is, up to the port.
const LINE: &str = "gateway at 127.0.0.1:";

/// A VM that is to be started.
#[derive(Debug)]
pub struct VmLaunch {
    command: Command,
}

/// A running VM.
#[derive(Debug)]
pub struct Vm {
    child: Child,
    stdin: ChildStdin,
    lines: Arc<Mutex<Vec<String>>>,
    answers: usize,
}

/// Returns the folder of the Hex package.
fn package() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../elixir");
    folder.canonicalize().unwrap()
}

/// Returns a command for one of Elixir's programs, in a project whose build goes to `build`.
fn mix(project: &Path, build: &Path, program: &str) -> Command {
    let mut command = Command::new(tool::require(program));
    command
        .current_dir(project)
        .env("MIX_BUILD_PATH", build)
        .env("PACKAGE", package())
        .env("MESH_ROUTER_PATH", gateway::binary())
        .env("LC_ALL", "C.UTF-8")
        .env_remove("MIX_ENV")
        .env_remove("RELEASE_NAME");
    command
}

impl VmLaunch {
    /// Prepares a VM; the umbrella is compiled if that has not been done.
    #[track_caller]
    pub fn new() -> Self {
        Self::by(&["mix"])
    }

    /// Prepares one that is a node.
    #[track_caller]
    pub fn node(name: &str, cookie: &str, epmd_port: u16) -> Self {
        let elixir = ["elixir", "--name", name, "--cookie", cookie];
        let mix = tool::require("mix");
        let erl = ["--erl", "-start_epmd false", mix.to_str().unwrap()];
        let mut launch = Self::by(&[elixir.as_slice(), &erl].concat());
        launch.command.env("ERL_EPMD_PORT", epmd_port.to_string());
        launch
    }

    #[track_caller]
    fn by(program: &[&str]) -> Self {
        let umbrella = tool::ours("package_umbrella");
        let build = built(&umbrella);
        let mut command = mix(&umbrella, &build, program[0]);
        command
            .args(&program[1..])
            .args(["run", "--no-halt", "--no-compile"])
            .arg(tool::ours("beam/vm.exs"));
        Self { command }
    }

    /// Sets an environment variable, see `package_umbrella/config/config.exs`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn start(mut self) -> Vm {
        let lines = Arc::new(Mutex::new(Vec::new()));
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let said = Arc::clone(&lines);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                said.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Vm {
            stdin: child.stdin.take().unwrap(),
            child,
            lines,
            answers: 0,
        }
    }
}

impl Default for VmLaunch {
    fn default() -> Self {
        Self::new()
    }
}

/// Compiles the umbrella, once for all tests that run side by side, and returns where.
#[track_caller]
fn built(umbrella: &Path) -> PathBuf {
    let binary = gateway::binary();
    let folder = binary.parent().unwrap().join("package_umbrella");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let build = folder.join("dev");
    tool::run(mix(umbrella, &build, "mix").args(["compile", "--warnings-as-errors"]));
    build
}

impl Vm {
    /// Starts a VM whose gateway takes any port, and waits until that accepts.
    #[track_caller]
    pub fn start() -> Self {
        let vm = VmLaunch::new().start();
        vm.port();
        vm
    }

    /// Returns all lines that it said so far, its log and its answers.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// Waits for a line that has `wanted` in it.
    #[track_caller]
    pub fn logged(&self, wanted: &str) -> String {
        let found = || self.lines().into_iter().find(|line| line.contains(wanted));
        eventually(&format!("{wanted:?} in the VM's log"), found)
    }

    /// Waits until the gateway accepts, and returns its port.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let line = self.logged(LINE);
        let (_, rest) = line.split_once(LINE).unwrap();
        let digits = rest.split(|it: char| !it.is_ascii_digit()).next().unwrap();
        digits.parse().unwrap()
    }

    /// Sends one GET to the gateway.
    #[track_caller]
    pub fn get(&self, host: &str, path: &str) -> Message {
        Client::connect(([127, 0, 0, 1], self.port()).into()).get(host, path)
    }

    /// Runs an Elixir expression, and returns its value as `inspect` writes it.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> String {
        assert!(!expression.contains('\n'), "one line: {expression}");
        writeln!(self.stdin, "{expression}").unwrap();
        let index = self.answers;
        self.answers += 1;
        eventually(&format!("the value of {expression}"), || {
            let lines = self.lines();
            let mut answers = lines.iter().filter_map(|line| line.strip_prefix("= "));
            answers.nth(index).map(str::to_owned)
        })
    }

    /// Returns the process id of its gateway.
    #[track_caller]
    pub fn gateway(&mut self) -> u32 {
        let link = ":sys.get_state(ExServiceMeshRouter.Gateway).link";
        let pid = self.eval(&format!(
            "{link} |> elem(1) |> Port.info(:os_pid) |> elem(1)"
        ));
        pid.parse().unwrap_or_else(|_| panic!("a pid, not {pid}"))
    }

    /// Kills it, so that it can do nothing more.
    pub fn kill(&mut self) {
        // `mix` is a shell script that becomes the BEAM, so this ends the BEAM itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            show(&self.lines());
        }
    }
}

#[allow(
    clippy::print_stderr,
    reason = "the test runner shows it with the failure"
)]
fn show(lines: &[String]) {
    eprintln!("the VM said:\n{}", lines.join("\n"));
}
