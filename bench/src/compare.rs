//! Processor time per request, beside the others.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::{
    correct,
    load::Load,
    proxies::{Contender, LOAD_CORE, Proxy},
    table::Sample,
    upstream, usage,
};

/// How to measure.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Rounds that count; one more is thrown away.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds for each proxy in each round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Bytes in an answer; may repeat.
    #[arg(long = "bytes", default_values_t = [1024, 100 * 1024])]
    sizes: Vec<usize>,
    /// Upstreams in front of which each proxy stands.
    #[arg(long, default_value_t = 1)]
    upstreams: usize,
    /// Only these; may repeat.
    #[arg(long = "only")]
    contenders: Vec<Contender>,
}

impl Arguments {
    fn contenders(&self) -> Vec<Contender> {
        match self.contenders.as_slice() {
            [] => Contender::value_variants()
                .iter()
                .copied()
                .filter(|it| *it != Contender::MeshRouterBefore)
                .collect(),
            some => some.to_vec(),
        }
    }
}

/// Those to whom all are compared.
const OTHERS: [Contender; 4] = [
    Contender::Nginx,
    Contender::Haproxy,
    Contender::Caddy,
    Contender::MeshRouterBefore,
];

struct Row {
    proxy: Proxy,
    load: Load,
    microseconds: Sample,
    requests: Sample,
}

/// Checks every proxy, then measures them in turns, and prints a table for each size.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    ensure!(
        cores >= 2,
        "proxies and load need a core each, this machine has {cores}"
    );
    usage::pin(std::process::id(), LOAD_CORE)?;
    for contender in arguments.contenders() {
        correct::check(contender)?;
    }
    println!("all answer correctly; measuring");
    for &bytes in &arguments.sizes {
        measure(arguments, bytes)?;
    }
    Ok(())
}

fn measure(arguments: &Arguments, bytes: usize) -> Result<()> {
    let upstreams: Vec<_> = (0..arguments.upstreams)
        .map(|_| upstream::start(bytes))
        .collect::<Result<_>>()?;
    let mut rows = Vec::new();
    for contender in arguments.contenders() {
        let proxy = Proxy::start(contender, &upstreams)?;
        let load = Load::connect(proxy.address, arguments.connections)?;
        let (microseconds, requests) = (Sample::default(), Sample::default());
        rows.push(Row {
            proxy,
            load,
            microseconds,
            requests,
        });
    }
    let time = Duration::from_secs_f64(arguments.seconds);
    for round in 0..=arguments.rounds {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            rows[index].play(time, round > 0)?;
        }
    }
    report(arguments, bytes, &rows);
    Ok(())
}

impl Row {
    fn play(&mut self, time: Duration, counts: bool) -> Result<()> {
        let contender = self.proxy.contender;
        let (before, started) = (usage::nanoseconds(self.proxy.pid())?, Instant::now());
        let requests = self
            .load
            .run(time)
            .with_context(|| format!("measuring {contender}"))?;
        let elapsed = started.elapsed().as_secs_f64();
        let spent = usage::nanoseconds(self.proxy.pid())? - before;
        if counts {
            self.microseconds
                .add(to_float(spent) / 1000.0 / to_float(requests));
            self.requests.add(to_float(requests) / elapsed);
        }
        Ok(())
    }
}

fn report(arguments: &Arguments, bytes: usize, rows: &[Row]) {
    println!(
        "\n{bytes}-byte answers, {} connections, {} upstream(s), median of {} rounds (min–max)",
        arguments.connections, arguments.upstreams, arguments.rounds
    );
    let others: Vec<&Row> = rows
        .iter()
        .filter(|row| OTHERS.contains(&row.proxy.contender))
        .collect();
    print!("{:24} {:20}", "", "CPU µs per request");
    for other in &others {
        print!(" {:22}", format!("to {}", other.proxy.contender));
    }
    println!(" requests/s");
    for row in rows {
        print!("{:24} {:20}", row.proxy.contender, row.microseconds.show(1));
        for other in &others {
            print!(" {:22}", row.microseconds.over(&other.microseconds).show(2));
        }
        println!(" {}", row.requests.show(0));
    }
}

/// Counts of a run are far below 2^52, where a float is exact.
#[allow(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn to_float(count: u64) -> f64 {
    count as f64
}
