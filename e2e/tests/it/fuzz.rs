//! What each fuzz target checks, on its seeds and on blind mutations of them: the same ones each time.
//!
//! libFuzzer sees what a mutation reaches and so comes much further; it runs nightly. It also takes a
//! build of its own, with a C++ compiler, which costs more than these tests do.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use e2e::tool;
use fastrand::Rng;
use fuzz::{Check, TARGETS};

/// Changes in one mutation, at most.
const CHANGES_MAX: usize = 4;

/// Lengths and tags at which parsers go wrong.
const EDGES: [u8; 8] = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF, b'\n'];

#[test]
fn every_target_has_its_file_and_its_seeds() {
    let mut files: Vec<String> = fs::read_dir(tool::ours("../fuzz/fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, files);
    for name in names {
        assert!(!seeds(name).is_empty(), "{name}");
    }
}

#[test]
fn any_terms_and_any_bytes_of_a_node_are_borne() {
    replay(
        &[
            "dist_frames",
            "dist_handshake",
            "erlang_text",
            "etf",
            "package",
        ],
        30_000,
    );
}

#[test]
fn any_bytes_of_clients_and_upstreams_are_borne() {
    replay(
        &[
            "chunked",
            "frames",
            "host",
            "preface",
            "request_head",
            "response_head",
        ],
        30_000,
    );
}

#[test]
fn any_project_is_borne() {
    replay(&["config_script", "mix_project"], 4_000);
}

/// Checks each seed of these targets, and as many mutations of each target's.
fn replay(names: &[&str], mutations: usize) {
    for name in names {
        let (_, check) = TARGETS.iter().find(|(it, _)| it == name).unwrap();
        let seeds = seeds(name);
        for seed in &seeds {
            run(name, *check, seed);
        }
        let mut rng = Rng::with_seed(1);
        for _ in 0..mutations {
            run(name, *check, &mutation(&seeds, &mut rng));
        }
    }
}

/// The seeds, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = tool::ours("../fuzz/seeds").join(target);
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[expect(clippy::print_stderr, reason = "the bytes that led to a panic")]
fn run(name: &str, check: Check, bytes: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(bytes))) {
        eprintln!("{name}: b\"{}\"", bytes.escape_ascii());
        resume_unwind(panic);
    }
}

fn mutation(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choice(seeds).unwrap().clone();
    for _ in 0..rng.usize(1..=CHANGES_MAX) {
        change(&mut bytes, rng.choice(seeds).unwrap(), rng);
    }
    bytes
}

/// Changes some of the bytes, or takes some of another seed in.
fn change(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let from = rng.usize(..=bytes.len());
    let to = bytes.len().min(from + rng.usize(1..=8));
    match rng.u8(..6) {
        0 => bytes[from..to].fill_with(|| rng.u8(..)),
        1 => bytes[from..to].fill(*rng.choice(&EDGES).unwrap()),
        2 => drop(bytes.drain(from..to)),
        3 => bytes.truncate(from),
        4 => {
            for byte in bytes.get_mut(from).into_iter() {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        _ => {
            let start = rng.usize(..=other.len());
            let end = rng.usize(start..=other.len());
            bytes.splice(from..from, other[start..end].iter().copied());
        }
    }
}
