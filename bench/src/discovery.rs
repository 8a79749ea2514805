//! How long it takes to read an umbrella, beside Elixir, and how long a save takes to be a route.
//!
//! Whole processes, from exec to exit: `mesh-router routes --json`, `mix run --no-start
//! --no-compile` and plain `elixir` with `Config.Reader`, each of which tells every endpoint's host
//! and port of the same generated umbrella; by the clock, round by round, and in processor time, which
//! a busy machine leaves alone. What they tell is compared before anything is measured.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use e2e::Umbrella;

use crate::{compare::to_float, table::Sample, upstream, usage};

/// How to measure.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Rounds with warm files that count; one more is thrown away.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Rounds that begin with an empty page cache, where we are root.
    #[arg(long, default_value_t = 5)]
    cold_rounds: usize,
    /// Saves to wait for.
    #[arg(long, default_value_t = 30)]
    saves: usize,
    /// Apps in the umbrella; may repeat.
    #[arg(long = "apps", default_values_t = [10, 100])]
    sizes: Vec<usize>,
}

/// Where the endpoints of a generated umbrella listen, from here on.
const FIRST_PORT: u16 = 20_000;

/// Where Linux takes the wish to forget what it has read.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// How long a save may take before something is broken.
const SAVE_MAX: Duration = Duration::from_secs(10);

/// Between two looks at the gateway's table.
const BETWEEN_LOOKS: Duration = Duration::from_micros(200);

/// Prints what `mesh-router routes --json` says, as far as it is compared.
const TELL: &str = r##"
for {_app, settings} <- config, {module, endpoint} <- settings, Keyword.keyword?(endpoint), endpoint[:http] do
  {a, b, c, d} = endpoint[:http][:ip]
  IO.puts("#{inspect(module)} #{a}.#{b}.#{c}.#{d}:#{endpoint[:http][:port]}")
end
"##;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    MeshRouter,
    Mix,
    Elixir,
}

const READERS: [Reader; 3] = [Reader::MeshRouter, Reader::Mix, Reader::Elixir];

/// Compares, measures and prints, for umbrellas of each size.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    for &apps in &arguments.sizes {
        let umbrella = Umbrella::of(apps, FIRST_PORT);
        check(&umbrella)?;
        println!("\n{apps} apps: all tell the same endpoints; measuring");
        println!("{:24} {:24} to mesh-router", "", "ms per run (min–max)");
        read(&umbrella, "warm", arguments.rounds, || Ok(()))?;
        match (arguments.cold_rounds > 0).then(forget) {
            None => {}
            Some(Ok(())) => read(&umbrella, "cold", arguments.cold_rounds, forget)?,
            Some(Err(error)) => {
                println!("cold: not measured, {DROP_CACHES} is not ours: {error:#}");
            }
        }
        save(&umbrella, arguments.saves)?;
    }
    Ok(())
}

fn check(umbrella: &Umbrella) -> Result<()> {
    let expected: BTreeSet<String> = umbrella
        .endpoints()
        .into_iter()
        .map(|(module, port)| format!("{module} 127.0.0.1:{port}"))
        .collect();
    for reader in READERS {
        let output = reader.command(umbrella.project.path())?.output()?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "{}: {}{stdout}",
            reader.name(),
            String::from_utf8_lossy(&output.stderr)
        );
        let told = reader.told(&stdout)?;
        ensure!(
            told == expected,
            "{} tells {told:?}, it should be {expected:?}",
            reader.name()
        );
    }
    Ok(())
}

/// What the runs of one reader took.
#[derive(Default)]
struct Took {
    /// From exec to exit, in milliseconds.
    clock: Sample,
    /// Processor time of all runs, in milliseconds.
    processor: f64,
}

/// Measures all in turns, each after `prepare`.
fn read(
    umbrella: &Umbrella,
    state: &str,
    rounds: usize,
    prepare: impl Fn() -> Result<()>,
) -> Result<()> {
    let root = umbrella.project.path();
    let mut all = READERS.map(|_| Took::default());
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..READERS.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            prepare()?;
            let mut command = READERS[index].command(root)?;
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let before = usage::milliseconds_of_ended()?;
            let started = Instant::now();
            let status = command.status()?;
            let took = started.elapsed();
            ensure!(status.success(), "{}: {status}", READERS[index].name());
            if round > 0 {
                all[index].clock.add(1000.0 * took.as_secs_f64());
                all[index].processor += usage::milliseconds_of_ended()? - before;
            }
        }
    }
    let runs = to_float(u64::try_from(rounds)?);
    for (reader, took) in READERS.iter().zip(&all) {
        println!(
            "{:28} {:24} {:20} {:10.1} {:10.1}",
            format!("{}, {state}", reader.name()),
            took.clock.show(1),
            took.clock.over(&all[0].clock).show(1),
            took.processor / runs,
            took.processor / all[0].processor
        );
    }
    Ok(())
}

/// Empties the page cache, and those of folders and files.
fn forget() -> Result<()> {
    let status = Command::new("sync").status().context("running sync")?;
    ensure!(status.success(), "sync: {status}");
    fs::write(DROP_CACHES, "3").with_context(|| format!("writing {DROP_CACHES}"))
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Self::MeshRouter => "mesh-router routes",
            Self::Mix => "mix run --no-compile",
            Self::Elixir => "elixir Config.Reader",
        }
    }

    fn command(self, root: &Path) -> Result<Command> {
        let mut command = match self {
            Self::MeshRouter => {
                let mut command = Command::new(ours()?);
                command.args(["routes", "--json"]);
                command
            }
            Self::Mix => {
                let all = "config = for app <- Mix.Project.apps_paths() |> Map.keys(), do: \
                           {app, Application.get_all_env(app)}";
                let mut command = Command::new("mix");
                command.args(["run", "--no-start", "--no-compile", "--no-deps-check", "-e"]);
                command.arg(format!("{all}\n{TELL}"));
                command
            }
            Self::Elixir => {
                let all = "config = Config.Reader.read!(\"config/config.exs\", env: :dev)\n\
                           runtime = Config.Reader.read!(\"config/runtime.exs\", env: :dev)\n\
                           config = Config.Reader.merge(config, runtime)";
                let mut command = Command::new("elixir");
                command.arg("-e").arg(format!("{all}\n{TELL}"));
                command
            }
        };
        command.current_dir(root).stdin(Stdio::null());
        command.env("MIX_ENV", "dev").env_remove("PORT");
        Ok(command)
    }

    /// Each endpoint and its address, as told.
    fn told(self, stdout: &str) -> Result<BTreeSet<String>> {
        match self {
            Self::MeshRouter => {
                let table: serde_json::Value = serde_json::from_str(stdout)?;
                let services = table["services"].as_array().context("no services")?;
                let told = services.iter().map(|service| {
                    let address = service["upstreams"][0]["address"].as_str();
                    let name = service["name"].as_str().context("no name")?;
                    Ok(format!("{name} {}", address.unwrap_or("nowhere")))
                });
                told.collect()
            }
            Self::Mix | Self::Elixir => Ok(stdout.lines().map(str::to_owned).collect()),
        }
    }
}

/// Saves a configuration with a new host again and again, and asks the running gateway for that
/// host until it answers from the endpoint.
fn save(umbrella: &Umbrella, saves: usize) -> Result<()> {
    let upstream = upstream::start(64)?;
    let gateway = Running::start(umbrella.project.path())?;
    let mut client = TcpStream::connect(gateway.address)?;
    client.set_nodelay(true)?;
    let mut milliseconds = Sample::default();
    let rest = umbrella.dev_config();
    for number in 0..=saves {
        let host = format!("saved-{number}.test");
        let text = format!(
            "{rest}\nconfig :part_001_web, Part001Web.Endpoint,\n  url: [host: \"{host}\"],\n  \
             http: [ip: {{127, 0, 0, 1}}, port: {}]\n",
            upstream.port()
        );
        ensure!(status(&mut client, &host)? == 404, "{host} is known before");
        let started = Instant::now();
        umbrella.project.save("config/dev.exs", &text);
        while status(&mut client, &host)? != 200 {
            ensure!(started.elapsed() < SAVE_MAX, "{host} is not found");
            thread::sleep(BETWEEN_LOOKS);
        }
        if number > 0 {
            milliseconds.add(1000.0 * started.elapsed().as_secs_f64());
        }
    }
    umbrella.project.save("config/dev.exs", &rest);
    println!(
        "{:28} {} ms, {saves} saves",
        "save to route",
        milliseconds.show(1)
    );
    Ok(())
}

/// The gateway as a process of its own.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(root: &Path) -> Result<Self> {
        let mut child = Command::new(ours()?)
            .args(["run", "--listen", "127.0.0.1:0", "--env", "dev"])
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no stderr")?).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                bail!("the gateway ended before it listened");
            };
            let said: serde_json::Value = serde_json::from_str(&line?).unwrap_or_default();
            let fields = said.get("fields").unwrap_or(&said);
            if fields["message"] == "listening" {
                break fields["address"].as_str().context("no address")?.parse()?;
            }
        };
        // It would block on a pipe that nobody reads.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks for a host and returns the answer's status; reads the answer whole.
fn status(client: &mut TcpStream, host: &str) -> Result<u16> {
    write!(client, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = client.read(&mut buffer)?;
        ensure!(read > 0, "the gateway closed the connection");
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let length: usize = length.context("no content-length")?.trim().parse()?;
        if body.len() >= length {
            let status = head.split(' ').nth(1).context("no status")?;
            return Ok(status.parse()?);
        }
    }
}

fn ours() -> Result<std::path::PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("mesh-router"))
}
