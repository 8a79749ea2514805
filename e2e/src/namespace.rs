//! A machine that can be cut off: a network namespace of its own, joined with ours by a wire.

use std::{
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use crate::tool;

/// Namespaces that one process of tests may have; each has a network of its own.
const PER_PROCESS: u32 = 4;

static MADE: AtomicU32 = AtomicU32::new(0);

/// A network namespace, joined with ours by a pair of interfaces. Ends with the test. Making one takes
/// root.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    ours: String,
    theirs: String,
    address: String,
}

impl Namespace {
    /// Makes one, with the wire up.
    #[track_caller]
    #[allow(
        clippy::new_without_default,
        reason = "it is no value, it changes the machine"
    )]
    pub fn new() -> Self {
        let (process, count) = (process::id(), MADE.fetch_add(1, Relaxed));
        let number = process.wrapping_mul(PER_PROCESS) + count % PER_PROCESS;
        // A network of four addresses in the range that is kept for tests of networks (RFC 2544).
        let (third, fourth) = (number / 64 % 256, number % 64 * 4);
        let namespace = Self {
            name: format!("mesh{process}-{count}"),
            ours: format!("m{process}-{count}a"),
            theirs: format!("m{process}-{count}b"),
            address: format!("198.18.{third}.{}", fourth + 2),
        };
        let Self {
            name,
            ours,
            theirs,
            address,
        } = &namespace;
        let gateway = format!("198.18.{third}.{}/30", fourth + 1);
        ip(&format!("netns add {name}"));
        ip(&format!(
            "link add {ours} type veth peer name {theirs} netns {name}"
        ));
        ip(&format!("address add {gateway} dev {ours}"));
        ip(&format!("-n {name} address add {address}/30 dev {theirs}"));
        ip(&format!("-n {name} link set lo up"));
        ip(&format!("-n {name} link set {theirs} up"));
        ip(&format!("link set {ours} up"));
        namespace
    }

    /// Returns the address that it has on the wire.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns a command that runs a program in it.
    #[track_caller]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(tool::require("ip"));
        command
            .args(["netns", "exec", &self.name])
            .arg(tool::require(program));
        command
    }

    /// Takes our end of the wire `up` or `down`: it can't be reached, and we are told so.
    #[track_caller]
    pub fn wire(&self, state: &str) {
        ip(&format!("link set {} {state}", self.ours));
    }

    /// Takes its end of the wire `up` or `down`: what is sent to it is lost without a word.
    #[track_caller]
    pub fn far_wire(&self, state: &str) {
        ip(&format!(
            "-n {} link set {} {state}",
            self.name, self.theirs
        ));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Interfaces go with it.
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

#[track_caller]
fn ip(arguments: &str) {
    tool::run(Command::new(tool::require("ip")).args(arguments.split(' ')));
}
