//! Erlang's distribution: what attaching and asking a real node takes, and decoding its terms beside
//! the crate `eetf`.

use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use e2e::{Epmd, Node};
use erldist::{Call, Cookie, Link, Options, Target, attach};
use erlterm::etf::{TermRef, decode, encode};

/// How often.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Rounds; the median of them is shown.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
}

/// Calls that are made at once.
const PIPELINED: usize = 500;

/// Pairs in the list that is decoded: as many as make a megabyte.
const PAIRS: usize = 20_000;

/// Measures, one thing after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting tokio")?;
    runtime.block_on(links(arguments.rounds))?;
    terms(arguments.rounds)
}

async fn links(rounds: usize) -> Result<()> {
    let epmd = Epmd::start();
    let node = Node::start("bench", &epmd);
    let target: Target = node.name().parse()?;
    let mut options = Options::new(&target, Cookie::new(node.cookie())?);
    options.epmd_port = epmd.port();
    let mut attached = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        let linked = attach(&target, &options).await?;
        attached.push(begun.elapsed());
        drop(linked);
    }
    show("attach: EPMD, handshake, two questions", &mut attached);

    let (link, _events) = attach(&target, &options).await?;
    let mut called = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        ask(&link).await?;
        called.push(begun.elapsed());
    }
    show("one call", &mut called);
    let mut pipelined = Vec::new();
    for _ in 0..rounds.min(50) {
        let begun = Instant::now();
        let calls: Vec<_> = (0..PIPELINED)
            .map(|_| {
                let link = link.clone();
                tokio::spawn(async move { ask(&link).await })
            })
            .collect();
        for call in calls {
            call.await??;
        }
        pipelined.push(begun.elapsed());
    }
    show(&format!("{PIPELINED} calls at once"), &mut pipelined);
    Ok(())
}

async fn ask(link: &Link) -> Result<()> {
    let name = "nobody".to_owned();
    link.call(Call::Whereis { name }).await?;
    Ok(())
}

/// Decodes a list of such pairs as configuration is made of.
fn terms(rounds: usize) -> Result<()> {
    let pair = |number: usize| {
        TermRef::Tuple(vec![
            TermRef::atom("Elixir.AuthWeb.Endpoint"),
            TermRef::Integer(i64::try_from(number).unwrap_or_default()),
            TermRef::Binary(b"auth.example.com"),
        ])
    };
    let mut bytes = Vec::new();
    encode(&TermRef::List((0..PAIRS).map(pair).collect()), &mut bytes)?;
    ensure!(decode(&bytes)?.to_term().as_list().map(<[_]>::len) == Some(PAIRS));
    let mut ours = Vec::new();
    let mut owned = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        std::hint::black_box(decode(&bytes)?);
        ours.push(begun.elapsed());
        let begun = Instant::now();
        std::hint::black_box(decode(&bytes)?.to_term());
        owned.push(begun.elapsed());
        let begun = Instant::now();
        std::hint::black_box(eetf::Term::decode(Cursor::new(&bytes))?);
        theirs.push(begun.elapsed());
    }
    println!("decoding {} bytes:", bytes.len());
    for (name, times) in [
        ("erlterm, borrowed", &mut ours),
        ("erlterm, owned", &mut owned),
        ("eetf", &mut theirs),
    ] {
        let took = median(times).as_secs_f64();
        let length = f64::from(u32::try_from(bytes.len())?);
        println!("  {name:38} {:>8.0} MB/s", length / took / 1e6);
    }
    Ok(())
}

fn show(what: &str, times: &mut [Duration]) {
    let middle = median(times);
    let (least, most) = (times.first(), times.last());
    println!(
        "{what:40} {middle:>9.1?} ({:.1?}–{:.1?})",
        least.copied().unwrap_or_default(),
        most.copied().unwrap_or_default()
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
