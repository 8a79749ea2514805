//! Programs of others that tests need: found, or the test fails saying what to install.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::NamedTempFile;

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

/// Runs a command to its end; fails the test with all it said if that is not success.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
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
