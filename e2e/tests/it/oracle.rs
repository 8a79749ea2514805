//! The evaluator against Elixir itself: what we say we know of a configuration, Elixir agrees with.
//!
//! Once for the trees that are written by hand, once for programs made at random: `PROGRAMS` says
//! how many, `SEED` replays one.

mod compare;
mod elixir;
mod generate;
mod program;
mod random;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use e2e::tool;
use elixir_config::{Config, Files, Script, evaluate};
use globset::GlobBuilder;

use compare::{Outcome, compare};
use elixir::{Tree, Workshop};

const ENVS: [&str; 3] = ["dev", "test", "prod"];

#[test]
fn what_is_known_is_what_elixir_computes() {
    let workshop = Workshop::new();
    let mut trees = Vec::new();
    for (number, folder) in written_by_hand().into_iter().enumerate() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let name = format!("{number}_{name}");
        trees.extend(ENVS.map(|env| workshop.copy(&folder, &name, env)));
    }
    let mut compared = 0;
    let (mut wrong, mut unknown_routing_keys) = (Vec::new(), Vec::new());
    for (tree, outcome) in trees.iter().zip(outcomes(&workshop, &trees)) {
        let place = |said: &String| format!("{} {}: {said}", tree.seen_as, tree.env);
        compared += outcome.settings.known;
        wrong.extend(outcome.faults.iter().map(|(_, said)| place(said)));
        unknown_routing_keys.extend(outcome.unknown_routing_keys.iter().map(place));
    }
    assert_eq!(wrong, Vec::<String>::new());
    // A comparison of nothing would prove nothing.
    assert!(compared > 100, "{compared} settings were compared");
    assert_eq!(unknown_routing_keys, Vec::<String>::new());
}

/// Every folder of configuration files that the evaluator's own tests have, and the demo's.
fn written_by_hand() -> Vec<PathBuf> {
    let folder = tool::ours("../crates/elixir-config/testdata")
        .canonicalize()
        .unwrap();
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut trees: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    trees.sort();
    trees.push(tool::ours("../examples/umbrella").canonicalize().unwrap());
    assert!(trees.len() > 1);
    trees
}

/// What comes of asking both.
fn outcomes(workshop: &Workshop, trees: &[Tree]) -> Vec<Outcome> {
    let said = workshop.ask(trees);
    let both = trees.iter().zip(&said);
    both.map(|(tree, said)| compare(&read(tree), said))
        .collect()
}

fn read(tree: &Tree) -> Config {
    let vars = fs::read_to_string(tree.folder.join("vars")).unwrap_or_default();
    let vars = vars.lines().filter_map(|line| line.split_once('='));
    let vars: BTreeMap<String, String> = vars
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let config_path = fs::read_to_string(tree.folder.join("config_path"));
    let script = Script {
        env: tree.env,
        config_path: config_path.as_deref().unwrap_or("config/config.exs").trim(),
        vars: &vars,
        root: &tree.seen_as,
    };
    evaluate(&Disk(&tree.folder), &script)
}

struct Disk<'a>(&'a Path);

impl Files for Disk<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let path = self.0.join(path);
        let file = path.is_file().then(|| fs::read_to_string(&path));
        file.transpose().map_err(|error| error.to_string())
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .unwrap();
        let glob = glob.compile_matcher();
        let (mut folders, mut found) = (vec![self.0.to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let relative = path.strip_prefix(self.0).unwrap();
                if glob.is_match(relative) {
                    found.push(relative.to_str().unwrap().to_owned());
                }
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }

    fn exists(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }
}
