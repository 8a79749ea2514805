//! What Elixir makes of trees of configuration files.
//!
//! `ORACLE_ELIXIR` is the command to ask in the place of the `elixir` on PATH; `ORACLE_ROOT` the
//! folder that this command sees as `/`, for `chroot FOLDER elixir`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use e2e::tool;
use erlterm::Term;
use serde_json::Value;
use tempfile::TempDir;

/// Trees for which one BEAM is started.
const TREES_PER_BEAM: usize = 250;

/// A project's configuration on disk, and the environment it is to be read in.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// Where it is for us.
    pub(super) folder: PathBuf,
    /// Where it is for Elixir.
    pub(super) seen_as: String,
    pub(super) env: &'static str,
}

/// A folder for trees, which Elixir sees too.
pub(super) struct Workshop {
    folder: TempDir,
    root: PathBuf,
}

impl Workshop {
    pub(super) fn new() -> Self {
        let root = env::var_os("ORACLE_ROOT").map(PathBuf::from);
        let folder = match &root {
            Some(root) => TempDir::new_in(root.join("tmp")),
            None => TempDir::new(),
        };
        Self {
            folder: folder.unwrap(),
            root: root.unwrap_or_else(|| PathBuf::from("/")),
        }
    }

    /// A tree that lies, or will, in a folder of this name.
    pub(super) fn tree(&self, name: &str, env: &'static str) -> Tree {
        let folder = self.folder.path().canonicalize().unwrap().join(name);
        let root = self.root.canonicalize().unwrap();
        let below = folder.strip_prefix(root).unwrap();
        Tree {
            seen_as: format!("/{}", below.to_str().unwrap()),
            folder,
            env,
        }
    }

    /// Copies a tree in.
    pub(super) fn copy(&self, from: &Path, name: &str, env: &'static str) -> Tree {
        let tree = self.tree(name, env);
        copy(from, &tree.folder);
        tree
    }

    /// What Elixir makes of each tree: its settings, or why it aborts.
    pub(super) fn ask(&self, trees: &[Tree]) -> Vec<Result<Term, String>> {
        let mut said = Vec::with_capacity(trees.len());
        for trees in trees.chunks(TREES_PER_BEAM) {
            said.extend(self.ask_one(trees));
        }
        said
    }

    fn ask_one(&self, trees: &[Tree]) -> Vec<Result<Term, String>> {
        let script = self.tree("config_reader.exs", "dev");
        fs::copy(tool::ours("beam/config.exs"), &script.folder).unwrap();
        let mut command = elixir();
        command.arg(&script.seen_as);
        for tree in trees {
            command.arg(&tree.seen_as).arg(tree.env);
        }
        let output = tool::run(&mut command).stdout;
        // Scripts may print, too.
        let output = String::from_utf8_lossy(&output);
        let lines = output
            .lines()
            .filter_map(|line| line.strip_prefix("oracle: "));
        let said: Vec<_> = lines
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                match line.get("config") {
                    Some(config) => Ok(term(config)),
                    None => Err(line["error"].as_str().unwrap().to_owned()),
                }
            })
            .collect();
        assert_eq!(said.len(), trees.len());
        said
    }
}

fn elixir() -> Command {
    let Some(words) = env::var("ORACLE_ELIXIR").ok() else {
        return Command::new(tool::require("elixir"));
    };
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn term(value: &Value) -> Term {
    let content = &value[1];
    let all = || content.as_array().unwrap().iter();
    match value[0].as_str().unwrap() {
        "atom" => Term::Atom(content.as_str().unwrap().to_owned()),
        "integer" => content.as_i64().map_or_else(other, Term::Integer),
        "float" => Term::Float(content.as_f64().unwrap()),
        "binary" => Term::Binary(
            all()
                .map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap())
                .collect(),
        ),
        "list" => Term::List(all().map(term).collect()),
        "tuple" => Term::Tuple(all().map(term).collect()),
        "map" => Term::Map(all().map(|pair| (term(&pair[0]), term(&pair[1]))).collect()),
        "other" => other(),
        kind => panic!("beam/config.exs wrote a {kind}"),
    }
}

/// Functions and the like: nothing that we know is equal to it.
fn other() -> Term {
    Term::Opaque("what only Elixir can write".to_owned())
}
