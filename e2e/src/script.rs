//! A script of `js/` that runs beside the test, and tells what happens in lines of JSON.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use serde_json::Value;

use crate::{eventually, tool};

/// A running script. It ends with this: its standard input ends then.
#[derive(Debug)]
pub struct Script {
    child: Child,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    /// Starts `node js/NAME` with these arguments.
    #[track_caller]
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        assert!(
            tool::ours("js/node_modules/phoenix").is_dir(),
            "phoenix.js is not installed: `cargo xtask test` does it, or `npm ci` in e2e/js"
        );
        let mut command = Command::new(tool::require("node"));
        command.arg(tool::ours(&format!("js/{name}")));
        command.args(arguments.iter().map(OsStr::new));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let told = Arc::<Mutex<Vec<Value>>>::default();
        let (lines, heard) = (child.stdout.take().unwrap(), Arc::clone(&told));
        thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                lock(&heard).push(value);
            }
        });
        Self { child, told }
    }

    /// Writes a line to its standard input.
    #[track_caller]
    pub fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    /// Returns what it has told so far.
    pub fn told(&self) -> Vec<Value> {
        lock(&self.told).clone()
    }

    /// Waits until it has told so many things that are `wanted`.
    #[track_caller]
    pub fn wait_for(&self, what: &str, count: usize, wanted: impl Fn(&Value) -> bool) {
        eventually(what, || {
            let told = self.told();
            (told.iter().filter(|value| wanted(value)).count() >= count).then_some(())
        });
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Its exit status says nothing that it has not told.
        let _ = self.child.wait();
    }
}

fn lock(told: &Mutex<Vec<Value>>) -> std::sync::MutexGuard<'_, Vec<Value>> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
