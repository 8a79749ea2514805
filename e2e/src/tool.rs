//! Programs of others that tests need: found, or the test fails saying what to install.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use tempfile::{NamedTempFile, tempfile};

use crate::wait;

/// How long a program may run: browsers take their time on a busy machine.
const RUN_MAX: Duration = Duration::from_secs(90);

/// Returns the path of a program on PATH; fails the test if there is none.
#[track_caller]
pub fn require(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program));
    found
        .into_iter()
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is not installed: `cargo xtask test` installs what the tests need")
        })
}

/// Runs a command to its end; fails the test with all it said if that is not success, or if it
/// does not come.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    // Files, since a pipe that nobody reads would fill up.
    let (mut stdout, mut stderr) = (tempfile().unwrap(), tempfile().unwrap());
    command.stdin(Stdio::null());
    command
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let ended = wait::until(RUN_MAX, || child.try_wait().unwrap());
    if ended.is_none() {
        // It may end in this very moment.
        let _ = child.kill();
    }
    let status = child.wait().unwrap();
    let output = Output {
        status,
        stdout: content(&mut stdout),
        stderr: content(&mut stderr),
    };
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Sends a process a signal by its name, as `kill` knows it.
#[track_caller]
pub fn signal(pid: u32, name: &str) {
    run(Command::new(require("kill")).args(["-s", name, &pid.to_string()]));
}

fn content(file: &mut File) -> Vec<u8> {
    let mut content = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut content).unwrap();
    content
}

/// Returns a file or folder of this crate.
pub fn ours(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns the SHA-256 of `bytes` as a tool of another hand sees it.
#[track_caller]
pub fn sha256(bytes: &[u8]) -> String {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let output = run(Command::new(require("sha256sum")).arg(file.path()));
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    line.split(' ').next().unwrap_or_default().to_owned()
}
