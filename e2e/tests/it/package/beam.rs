//! A real BEAM that speaks the protocol, and is killed.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use e2e::{Client, Upstream, eventually, gateway::binary, tool, upstream::text};

use super::attached::Attached;

/// A running `beam/package.exs`, and all it said.
struct Beam {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Beam {
    #[track_caller]
    fn start(door: &str, path: &str, port: u16) -> Self {
        let mut command = Command::new(tool::require("elixir"));
        command.arg(tool::ours("beam/package.exs"));
        command.args([door, path, &port.to_string()]);
        command.env("MESH_ROUTER_WORKERS", "2");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let (stdout, of_reader) = (child.stdout.take().unwrap(), Arc::clone(&lines));
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let mut lines = of_reader.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that begins so, and returns the rest of it.
    #[track_caller]
    fn said(&self, start: &str) -> String {
        eventually(&format!("a line {start:?} of the BEAM"), || {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            let mut lines = lines.iter().filter_map(|line| line.strip_prefix(start));
            lines.next().map(str::to_owned)
        })
    }

    /// `kill -9`.
    fn kill(&mut self) {
        // `elixir` is a shell script that becomes the BEAM, so this ends the BEAM itself.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Beam {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_gateway_ends_with_the_beam_that_started_it_however_that_is_killed() {
    let upstream = Upstream::play(|connection| {
        while let Some(request) = connection.request() {
            // Any other request is never answered.
            if request.head.target() == "/" {
                connection.send(text("hello from the BEAM"));
            }
        }
    });
    let binary = binary().display().to_string();
    let mut beam = Beam::start("child", &binary, upstream.port());
    let pid = beam.said("gateway ");
    let listening = beam.said("{:listening, [\"127.0.0.1:");
    let (port, _) = listening.split_once('"').unwrap();
    beam.said("{:applied, 1, ");
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let answer = Client::connect(address).get("beam.example.org", "/");
    assert_eq!(answer.text(), "hello from the BEAM");
    beam.said("{:log, :info, \"mesh_router::gateway\", \"listening\", [{\"address\", \"127.0.0.1:");
    // A request that will never be answered, and a drain of five minutes.
    let mut client = Client::connect(address);
    client.send("GET /never HTTP/1.1\r\nHost: beam.example.org\r\n\r\n");
    upstream.wait_for(2);
    beam.kill();
    eventually("the gateway's end", || (!runs(&pid)).then_some(()));
}

/// Returns whether a process runs.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    // A zombie runs no more; whoever reaps orphans here may take its time.
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_beam_that_is_killed_is_gone_and_its_host_is_not_forgotten() {
    let upstream = Upstream::answering(text("hello from the BEAM"));
    let attached = Attached::start("");
    let path = attached.path();
    let mut beam = Beam::start("socket", &path, upstream.port());
    beam.said("{:welcome, 1, ");
    beam.said("{:listening, [\"127.0.0.1:");
    beam.said("{:applied, 1, ");
    assert_eq!(
        attached.get("beam.example.org").text(),
        "hello from the BEAM"
    );
    beam.kill();
    eventually("a 503", || {
        (attached.get("beam.example.org").status() == 503).then_some(())
    });
    assert_eq!(attached.codes(), ["no-upstream", "vm-down"]);
    // Another one serves again.
    let beam = Beam::start("socket", &path, upstream.port());
    beam.said("{:applied, 1, ");
    assert_eq!(
        attached.get("beam.example.org").text(),
        "hello from the BEAM"
    );
}
