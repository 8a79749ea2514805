//! Random programs, and how one that fails is made small.

use std::{
    collections::hash_map::RandomState,
    env, fmt,
    hash::{BuildHasher, Hasher},
    ops::RangeInclusive,
};

use super::{
    compare::{Fault, Outcome, Shares},
    elixir::{Tree, Workshop},
    generate, outcomes,
    program::Program,
};

/// Programs of every run: the same each time, so that a red run tells of the change that it is for.
/// `PROGRAMS` asks for more than these, which are new each time; the nightly run does.
const FIXED_SEEDS: RangeInclusive<u64> = 1..=300;

/// Programs compared at a time.
const AT_A_TIME: usize = 250;

/// Smaller programs tried in one step of shrinking.
const CANDIDATES: usize = 60;

/// Steps of shrinking, at most.
const STEPS_MAX: usize = 80;

#[test]
fn of_random_programs_what_is_known_is_what_elixir_computes() {
    let seeds = seeds();
    let mut totals = Totals::default();
    let mut failed = Vec::new();
    for seeds in seeds.chunks(AT_A_TIME) {
        let programs: Vec<Program> = seeds.iter().map(|seed| generate::program(*seed)).collect();
        let outcomes = run(&programs);
        for (program, outcome) in programs.into_iter().zip(outcomes) {
            totals.add(&outcome);
            if let Some((fault, said)) = outcome.faults.into_iter().min() {
                failed.push((fault, said, program));
            }
        }
    }
    println!("{totals}");
    failed.sort_by_key(|(fault, _, program)| (*fault, program.seed));
    let mut told = String::new();
    for (fault, said, program) in &failed {
        told.push_str(&format!("SEED={}: {fault:?}: {said}\n", program.seed));
    }
    println!("{told}");
    if let ([_], [(_, _, program)]) = (seeds.as_slice(), failed.as_slice()) {
        println!("{}", program.show());
    }
    failed.dedup_by_key(|(fault, ..)| *fault);
    for (fault, _, program) in &failed {
        told.push_str(&explain(*fault, program.clone()));
    }
    assert!(failed.is_empty(), "{totals}\n{told}");
    // A comparison of nothing would prove nothing.
    let is_many = seeds.len() > 100;
    assert!(!is_many || totals.settings.known > seeds.len(), "{totals}");
}

/// The seeds to run: `SEED` alone, or the fixed ones and others, which are printed.
#[expect(clippy::print_stdout, reason = "they have to be told, whatever comes")]
fn seeds() -> Vec<u64> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("SEED") {
        return vec![seed];
    }
    let fixed = FIXED_SEEDS.end() - FIXED_SEEDS.start() + 1;
    let more = number("PROGRAMS").unwrap_or(fixed).saturating_sub(fixed);
    // Small enough to be typed.
    let first = number("FIRST").unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 24);
    println!("seeds {FIXED_SEEDS:?}, and {more} from {first}");
    FIXED_SEEDS
        .chain((0..more).map(|nth| first + nth))
        .collect()
}

/// What comes of each program.
fn run(programs: &[Program]) -> Vec<Outcome> {
    let workshop = Workshop::new();
    let trees = programs.iter().enumerate().map(|(number, program)| {
        let tree = workshop.tree(&number.to_string(), program.env);
        program.save(&tree.folder);
        tree
    });
    let trees: Vec<Tree> = trees.collect();
    outcomes(&workshop, &trees)
}

fn worst(outcome: &Outcome) -> Option<Fault> {
    outcome.faults.iter().map(|(fault, _)| *fault).min()
}

/// Makes a program that fails small, and says what is wrong with it: of each kind of fault the
/// first is shown so, since it takes many runs of Elixir.
fn explain(fault: Fault, mut program: Program) -> String {
    for _ in 0..STEPS_MAX {
        let smaller = program.smaller();
        let found = smaller.chunks(CANDIDATES).find_map(|some| {
            let outcomes = run(some);
            let mut both = some.iter().zip(outcomes);
            both.find(|(_, outcome)| worst(outcome) == Some(fault))
                .map(|(program, _)| program.clone())
        });
        match found {
            Some(found) => program = found,
            None => break,
        }
    }
    let mut told = format!("\nSEED={}, made small: {}", program.seed, program.show());
    for (_, sentence) in run(&[program]).remove(0).faults {
        told.push_str(&format!("=> {sentence}\n"));
    }
    told + "\n"
}

/// What all comparisons found together.
#[derive(Debug, Default)]
struct Totals {
    programs: usize,
    known: usize,
    aborted: usize,
    wrong: usize,
    settings: Shares,
    routing: Shares,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.programs += 1;
        self.settings += outcome.settings;
        self.routing += outcome.routing;
        if worst(outcome).is_some() {
            self.wrong += 1;
        } else if outcome.is_aborted {
            self.aborted += 1;
        } else if outcome.settings.unknown == 0 {
            self.known += 1;
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (programs, known, aborted, wrong) =
            (self.programs, self.known, self.aborted, self.wrong);
        let unknown = programs - known - aborted - wrong;
        writeln!(
            f,
            "{programs} programs: {known} known, {unknown} with something unknown, \
             {aborted} refused by Elixir and by us, {wrong} wrong"
        )?;
        writeln!(f, "settings: {}", self.settings)?;
        write!(f, "url, http and server of endpoints: {}", self.routing)
    }
}
