//! Many connections to the gateway for a while: every answer right, memory level, nothing left.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{
    compare::to_float,
    load::Load,
    proxies::{Contender, Proxy},
    upstream, usage,
};

/// Files that a process needs besides its clients' connections.
const OTHER_FILES: usize = 1000;

/// How many, how long.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Connections at once; fewer where the system allows no more open files.
    #[arg(long, default_value_t = 20_000)]
    connections: usize,
    /// Minutes.
    #[arg(long, default_value_t = 5)]
    minutes: u64,
}

/// Opens the connections, asks on all of them again and again, closes them and opens new ones.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let open = usage::open_files_max()?;
    let count = arguments.connections.min(open.saturating_sub(OTHER_FILES));
    ensure!(count > 0, "{open} open files are too few: ulimit -n");
    if count < arguments.connections {
        println!("only {count} connections: this system allows {open} open files (ulimit -n)");
    }
    let upstream = upstream::start(1024)?;
    let proxy = Proxy::start(Contender::MeshRouterLogging, &[upstream])?;
    let idle = usage::resident_bytes(proxy.pid())?;
    println!(
        "{:>8} {:>12} {:>12} {:>14}",
        "seconds", "answers", "RSS", "CPU µs/answer"
    );
    println!("{:>8} {:>12} {:>8.1} MiB", 0, 0, to_float(idle) / 1048576.0);
    let (started, limit) = (Instant::now(), Duration::from_secs(arguments.minutes * 60));
    let mut answers = 0;
    while started.elapsed() < limit {
        answers += wave(proxy.address, count).context("a wave of connections")?;
        println!(
            "{:>8} {answers:>12} {:>8.1} MiB {:>14.1}",
            started.elapsed().as_secs(),
            to_float(usage::resident_bytes(proxy.pid())?) / 1048576.0,
            to_float(usage::nanoseconds(proxy.pid())?) / 1000.0 / to_float(answers)
        );
    }
    ensure!(
        crate::load::is_up(proxy.address),
        "the gateway does not answer any more"
    );
    Ok(())
}

/// Opens all connections, asks five times on each, and closes them.
fn wave(address: SocketAddr, count: usize) -> Result<u64> {
    let mut load = Load::connect(address, count)?;
    let mut answers = 0;
    for _ in 0..5 {
        answers += load.once_in_groups()?;
    }
    Ok(answers)
}
