//! Many connections to the gateway for a while: every answer right, memory level, nothing left.

use std::{
    thread,
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
/// Waves until memory has found its level.
const WARM_UP: usize = 5;
/// What memory may differ by from wave to wave, beside an eighth of it: how many are busy at once differs.
const TOLERANCE_BYTES: u64 = 4 << 20;
/// What each kind of connection may take at the most, and the process itself.
const IDLE_BYTES: usize = 512;
const BUSY_BYTES: usize = 4 << 10;
const WEBSOCKET_BYTES: usize = 4 << 10;
const PROCESS_BYTES: usize = 16 << 20;
/// The gateway lets a connection to an upstream go that was idle for 4 s.
const LEFT_WAIT: Duration = Duration::from_secs(20);
/// How long to leave it alone between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

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

/// How many connections of each kind a wave has. Behind one that is busy, and behind a WebSocket, the
/// upstream has one too, and it is this process as well.
#[derive(Clone, Copy, Debug)]
struct Shares {
    idle: usize,
    busy: usize,
    websockets: usize,
}

impl Shares {
    fn of(connections: usize) -> Self {
        Self {
            idle: connections / 2,
            busy: connections / 8,
            websockets: connections / 8,
        }
    }

    /// What the gateway may hold in memory for them.
    fn bytes_max(self) -> usize {
        let Self {
            idle,
            busy,
            websockets,
        } = self;
        PROCESS_BYTES + idle * IDLE_BYTES + busy * BUSY_BYTES + websockets * WEBSOCKET_BYTES
    }
}

/// What came of a wave.
#[derive(Clone, Copy, Debug)]
struct Wave {
    answers: u64,
    /// The gateway's memory while all connections were open.
    height: u64,
}

/// Wave after wave: opens idle connections, busy ones and WebSockets, and closes them.
///
/// # Errors
///
/// If an answer is missing or wrong, if memory passes its bound or grows from wave to wave, or if a
/// descriptor is left behind.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let open = usage::open_files_max()?;
    let count = arguments.connections.min(open.saturating_sub(OTHER_FILES));
    ensure!(count >= 8, "{open} open files are too few: ulimit -n");
    if count < arguments.connections {
        println!("only {count} connections: this system allows {open} open files (ulimit -n)");
    }
    let shares = Shares::of(count);
    let upstream = upstream::start(1024)?;
    let proxy = Proxy::start(Contender::MeshRouterLogging, &[upstream])?;
    let files = usage::files(proxy.pid())?;
    println!(
        "each wave: {} idle connections, {} busy all at once, {} WebSockets",
        shares.idle, shares.busy, shares.websockets
    );
    println!(
        "{:>8} {:>12} {:>12} {:>14}",
        "seconds", "answers", "RSS", "CPU µs/answer"
    );
    let (started, limit) = (Instant::now(), Duration::from_secs(arguments.minutes * 60));
    let (mut answers, mut level, mut waves) = (0, 0, 0);
    while started.elapsed() < limit || waves <= WARM_UP {
        let wave = wave(&proxy, shares).context("a wave of connections")?;
        answers += wave.answers;
        println!(
            "{:>8} {answers:>12} {:>8.1} MiB {:>14.1}",
            started.elapsed().as_secs(),
            to_float(wave.height) / 1048576.0,
            to_float(usage::nanoseconds(proxy.pid())?) / 1000.0 / to_float(answers)
        );
        waves += 1;
        if waves <= WARM_UP {
            level = level.max(wave.height);
            let max = u64::try_from(shares.bytes_max())?;
            ensure!(level <= max, "{level} bytes in memory are more than {max}");
        }
        let max = level + level / 8 + TOLERANCE_BYTES;
        let height = wave.height;
        ensure!(
            height <= max,
            "memory grows: {height} bytes in wave {waves}, {level} at first"
        );
    }
    ensure!(
        crate::load::is_up(proxy.address),
        "the gateway does not answer any more"
    );
    nothing_is_left(&proxy, files)
}

fn wave(proxy: &Proxy, shares: Shares) -> Result<Wave> {
    let mut idle = Load::connect(proxy.address, shares.idle)?;
    let mut busy = Load::connect(proxy.address, shares.busy)?;
    let mut websockets = Load::websockets(proxy.address, shares.websockets)?;
    let mut answers = idle.once_in_groups()? + websockets.once_in_groups()?;
    for _ in 0..5 {
        answers += busy.once()?;
    }
    let height = usage::resident_bytes(proxy.pid())?;
    Ok(Wave { answers, height })
}

/// Waits until the gateway has as many descriptors as at the beginning.
fn nothing_is_left(proxy: &Proxy, files: usize) -> Result<()> {
    let deadline = Instant::now() + LEFT_WAIT;
    loop {
        let left = usage::files(proxy.pid())?;
        if left <= files {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "{left} descriptors are open, {files} were at the beginning"
        );
        thread::sleep(BETWEEN_LOOKS);
    }
}
