//! Seeded simulation: clients and upstreams that do as they please, over wires that take and give
//! bytes in pieces, with resets, ends and a held clock.
//!
//! `SEED=17 cargo test -p exchange simulation` replays one world, `SEEDS=100000` plays many.

mod person;
mod server;
mod wires;
mod world;

use world::World;

/// Worlds in an ordinary run.
const SEEDS: u64 = 8192;

/// Tells the seed of a world that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("replay with SEED={}", self.0);
        }
    }
}

#[test]
fn every_world_keeps_the_invariants() {
    let number = |name| from_environment(name).and_then(|value| value.parse::<u64>().ok());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    let mut tally = world::Tally::default();
    let is_many = seeds.end - seeds.start >= SEEDS;
    for seed in seeds {
        let seed = Seed(seed);
        World::new(seed.0).run(&mut tally);
    }
    eprintln!("{tally:?}");
    // A simulation in which nothing happens would prove nothing.
    assert!(!is_many || tally.is_rich(), "{tally:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's parameters have no other way in"
)]
fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
