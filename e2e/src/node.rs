//! A BEAM that is a node: with a name, a cookie, and an EPMD of the test's own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use crate::{Elixir, beam, eventually, tool};

/// An EPMD on a free port, which ends with the test.
#[derive(Debug)]
pub struct Epmd {
    child: Child,
    port: u16,
}

impl Epmd {
    /// Starts one and waits until it answers.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_by(&Command::new(tool::require("epmd")), "127.0.0.1")
    }

    /// Starts this one instead, in a network of its own for instance, where `host` is its address.
    #[track_caller]
    pub fn start_by(epmd: &Command, host: &str) -> Self {
        let port = free_port();
        // EPMD ignores its stdin; the shell around it does not.
        let script = format!("\"$@\" -port {port} >&2 & read _; kill $!");
        let mut command = Command::new("sh");
        let child = command
            .args(["-c", &script, "sh"])
            .arg(epmd.get_program())
            .args(epmd.get_args())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let epmd = Self { child, port };
        eventually("EPMD to listen", || {
            std::net::TcpStream::connect((host, port)).ok()
        });
        epmd
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Epmd {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Returns a port that nobody holds at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A node that is to be started.
#[derive(Debug)]
pub struct NodeLaunch {
    elixir: Elixir,
    command: Command,
    serving: Option<Serving>,
    name: String,
    cookie: String,
    erl: String,
    epmd_port: u16,
}

/// What a node serves endpoints with.
#[derive(Debug)]
struct Serving {
    script: PathBuf,
    /// Holds what the node would not see elsewhere.
    _folder: TempDir,
}

/// A running `beam/node.exs`.
#[derive(Debug)]
pub struct Node {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    name: String,
    cookie: String,
    serving: Option<Serving>,
}

impl NodeLaunch {
    /// Prepares a node whose name begins with `name` and is nobody else's, at 127.0.0.1, that
    /// registers with `epmd`.
    pub fn new(name: &str, epmd: &Epmd) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{name}_{}_{count}", std::process::id());
        Self {
            command: Elixir::installed().command(),
            elixir: Elixir::installed(),
            serving: None,
            name: format!("{unique}@127.0.0.1"),
            cookie: format!("{unique}_cookie"),
            // Or it would start one that outlives the test.
            erl: "-start_epmd false".to_owned(),
            epmd_port: epmd.port(),
        }
    }

    /// Starts this Elixir instead.
    #[must_use]
    pub fn by(mut self, elixir: &Elixir) -> Self {
        (self.command, self.elixir) = (elixir.command(), elixir.clone());
        self
    }

    /// Starts the installed Elixir by this command, in a network of its own for instance.
    #[must_use]
    pub fn by_command(mut self, elixir: Command) -> Self {
        self.command = elixir;
        self
    }

    /// Gives it another host: a short name without dots and colons, a long one else.
    #[must_use]
    pub fn at(mut self, host: &str) -> Self {
        let name = self.name.split('@').next().unwrap_or_default();
        self.name = format!("{name}@{host}");
        self
    }

    /// Gives it the whole name of a node that was there before.
    #[must_use]
    pub fn again(mut self, name: &str, cookie: &str) -> Self {
        (self.name, self.cookie) = (name.to_owned(), cookie.to_owned());
        self
    }

    /// Returns its whole name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives it another cookie, such as that of the other nodes of a cluster.
    #[must_use]
    pub fn cookie(mut self, cookie: &str) -> Self {
        cookie.clone_into(&mut self.cookie);
        self
    }

    /// Puts a web server on its path, that of the Elixir chosen before: see [`Node::serve`].
    #[must_use]
    pub fn serving(mut self) -> Self {
        let folder = self.elixir.folder();
        for library in beam::cowboy() {
            let shown = self.elixir.shown(&library, folder.path());
            self.command.arg("-pa").arg(beam::beams(&shown));
        }
        let script = tool::ours("beam/serving.exs");
        self.serving = Some(Serving {
            script: self.elixir.shown(&script, folder.path()),
            _folder: folder,
        });
        self
    }

    /// Passes flags to `erl`, separated by spaces.
    #[must_use]
    pub fn erl(mut self, flags: &str) -> Self {
        self.erl = format!("{} {flags}", self.erl);
        self
    }

    /// Starts it and waits until it is there.
    #[track_caller]
    pub fn start(self) -> Node {
        let mut command = self.command;
        let is_long = self.name.contains(['.', ':']);
        command
            .args([if is_long { "--name" } else { "--sname" }, &self.name])
            .args(["--cookie", &self.cookie, "--erl", &self.erl])
            // As text, since a tree of another distribution has no such file.
            .args([
                "-e",
                &fs::read_to_string(tool::ours("beam/node.exs")).unwrap(),
            ])
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut node = Node {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            name: self.name,
            cookie: self.cookie,
            serving: self.serving,
        };
        assert_eq!(node.line("ready "), node.name);
        node
    }
}

impl Node {
    /// Starts a node, see [`NodeLaunch::new`].
    #[track_caller]
    pub fn start(name: &str, epmd: &Epmd) -> Self {
        NodeLaunch::new(name, epmd).start()
    }

    /// Returns its whole name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its cookie.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Runs an Elixir expression on the node, and returns its value as `inspect` writes it.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> String {
        assert!(!expression.contains('\n'), "one line: {expression}");
        writeln!(self.stdin, "{expression}").unwrap();
        self.line("= ")
    }

    /// Starts an endpoint module (see `beam/serving.exs`) whose own host is `host`, with further
    /// options in Elixir's words; returns its port. Needs [`NodeLaunch::serving`].
    #[track_caller]
    pub fn serve(&mut self, module: &str, host: &str, options: &str) -> u16 {
        let serving = self.serving.as_ref().expect("it was launched `serving`");
        let port = self.eval(&format!(
            "Code.require_file(\"{}\"); Serving.start({module}, \"{host}\", [{options}])",
            serving.script.display()
        ));
        port.parse().unwrap_or_else(|_| panic!("{module}: {port}"))
    }

    /// Sends a signal to the BEAM: `KILL`, `STOP`, `CONT`.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        let mut kill = Command::new(tool::require("kill"));
        // `elixir` is a shell script that becomes the BEAM, so this is the BEAM's.
        tool::run(kill.args([format!("-{signal}"), self.child.id().to_string()]));
    }

    /// Returns the rest of the next line that begins so; the node's log comes between.
    #[track_caller]
    fn line(&mut self, start: &str) -> String {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let count = self.stdout.read_line(&mut line).unwrap();
            assert!(count > 0, "{} ended, and said {said:?}", self.name);
            match line.strip_prefix(start) {
                Some(rest) => return rest.trim_end().to_owned(),
                None => said.push_str(&line),
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
