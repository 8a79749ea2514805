//! Memory for idle connections, beside the others.

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    compare::to_float,
    load::Load,
    proxies::{Contender, Proxy},
    upstream, usage,
};

/// Who is measured.
const MEASURED: [Contender; 4] = [
    Contender::MeshRouter,
    Contender::Nginx,
    Contender::Haproxy,
    Contender::Caddy,
];

/// How many.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Idle connections to each proxy, each of which has sent one request.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// WebSockets instead, with a connection to the upstream for each.
    #[arg(long)]
    websockets: bool,
}

/// Measures one proxy after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let open = usage::open_files_max()?;
    let count = arguments.connections;
    // The upstream and the load are this process.
    let needed = if arguments.websockets {
        2 * count
    } else {
        count
    };
    ensure!(
        needed + 500 < open,
        "{count} connections need more open files than {open}: ulimit -n"
    );
    let upstream = upstream::start(1024)?;
    match arguments.websockets {
        true => println!("{count} WebSockets, silent since they were opened"),
        false => println!("{count} idle connections, each after one request"),
    }
    println!(
        "{:24} {:>12} {:>12} {:>16}",
        "", "RSS before", "RSS after", "per connection"
    );
    for contender in MEASURED {
        let proxy = Proxy::start(contender, &[upstream])?;
        let before = usage::resident_bytes(proxy.pid())?;
        let mut load = match arguments.websockets {
            true => Load::websockets(proxy.address, count)?,
            false => Load::connect(proxy.address, count)?,
        };
        load.once_in_groups()?;
        let after = usage::resident_bytes(proxy.pid())?;
        println!(
            "{contender:24} {:>8.1} MiB {:>8.1} MiB {:>14.0} B",
            to_float(before) / 1048576.0,
            to_float(after) / 1048576.0,
            to_float(after.saturating_sub(before)) / to_float(u64::try_from(count)?)
        );
    }
    Ok(())
}
