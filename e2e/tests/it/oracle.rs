//! The evaluator against Elixir itself: what we say we know of a configuration, Elixir agrees with.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use e2e::tool;
use elixir_config::{Config, Files, Script, Setting, evaluate};
use erlterm::Term;
use globset::GlobBuilder;
use serde_json::Value;

const ENVS: [&str; 3] = ["dev", "test", "prod"];

/// What the gateway is after: these must be known where Elixir knows them.
const ROUTING_KEYS: [&str; 3] = ["url", "http", "server"];

#[test]
fn what_is_known_is_what_elixir_computes() {
    let trees = trees();
    let mut tally = Tally::default();
    for ((tree, env), said) in jobs(&trees).zip(elixir(&trees)) {
        let ours = read(&tree, env);
        let mut check = Check {
            ours: &ours,
            job: format!("{} {env}", tree.display()),
            tally: &mut tally,
        };
        match said {
            Ok(theirs) => check.all(&theirs),
            Err(error) => check.aborted(&error),
        }
    }
    assert_eq!(tally.wrong, Vec::<String>::new());
    // A comparison of nothing would prove nothing.
    assert!(tally.same > 100, "{} settings were compared", tally.same);
    assert_eq!(tally.unknown_routing_keys, Vec::<String>::new());
}

#[derive(Default)]
struct Tally {
    same: usize,
    wrong: Vec<String>,
    unknown_routing_keys: Vec<String>,
}

struct Check<'a> {
    ours: &'a Config,
    job: String,
    tally: &'a mut Tally,
}

impl Check<'_> {
    /// Elixir refuses the files: at the least we have to say something.
    fn aborted(&mut self, error: &str) {
        if self.ours.broken().is_none() && self.ours.findings().is_empty() {
            self.tally.wrong.push(format!(
                "{}: Elixir aborts ({error}), we say nothing",
                self.job
            ));
        }
    }

    fn all(&mut self, theirs: &Term) {
        if let Some(broken) = self.ours.broken() {
            self.tally.wrong.push(format!(
                "{}: only we find it broken: {}",
                self.job, broken.message
            ));
            return;
        }
        for (app, settings) in pairs(theirs) {
            for (key, value) in pairs(settings) {
                self.setting(app, &[key], value);
            }
        }
        for app in self.ours.apps() {
            let theirs = find(theirs, app);
            for key in self.ours.keys(app) {
                let is_theirs = theirs.is_some_and(|settings| find(settings, key).is_some());
                let known = matches!(self.ours.get(app, &[key]), Setting::Known(..));
                if known && !is_theirs {
                    self.tally
                        .wrong
                        .push(format!("{}: only we set {app} {key}", self.job));
                }
            }
        }
    }

    fn setting(&mut self, app: &str, path: &[&str], theirs: &Term) {
        let place = || format!("{}: {app} {}", self.job, path.join(" "));
        match self.ours.get(app, path) {
            Setting::Known(ours, _) if sorted(&ours) == sorted(theirs) => self.tally.same += 1,
            Setting::Known(ours, at) => {
                let (file, line) = (at.file, at.line);
                let wrong = format!("{}: {theirs}, we say {ours} ({file}:{line})", place());
                self.tally.wrong.push(wrong);
            }
            Setting::Absent => {
                self.tally
                    .wrong
                    .push(format!("{}: {theirs}, we say nothing", place()));
            }
            Setting::Unknown { why, at } => {
                if path.len() == 2 && ROUTING_KEYS.contains(&path[1]) {
                    let unknown = format!(
                        "{}: {theirs}, unknown: {why} ({}:{})",
                        place(),
                        at.file,
                        at.line
                    );
                    self.tally.unknown_routing_keys.push(unknown);
                }
                // Parts of it may be known.
                for (key, value) in pairs(theirs) {
                    self.setting(app, &[path, &[key]].concat(), value);
                }
            }
        }
    }
}

/// Every folder of configuration files that the evaluator's own tests have, and the demo's.
fn trees() -> Vec<PathBuf> {
    let folder = tool::ours("../crates/elixir-config/testdata")
        .canonicalize()
        .unwrap();
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut trees: Vec<PathBuf> = entries
        .filter(|path| path.join("config/config.exs").exists())
        .collect();
    trees.sort();
    trees.push(tool::ours("../examples/umbrella").canonicalize().unwrap());
    assert!(trees.len() > 1);
    trees
}

fn jobs(trees: &[PathBuf]) -> impl Iterator<Item = (PathBuf, &'static str)> {
    trees
        .iter()
        .flat_map(|tree| ENVS.map(|env| (tree.clone(), env)))
}

/// What Elixir makes of each tree in each environment.
fn elixir(trees: &[PathBuf]) -> Vec<Result<Term, String>> {
    let mut command = Command::new(tool::require("elixir"));
    command.arg(tool::ours("beam/config.exs"));
    for (tree, env) in jobs(trees) {
        command.arg(tree).arg(env);
    }
    let output = tool::run(&mut command).stdout;
    // Scripts may print, too.
    let lines = String::from_utf8(output).unwrap();
    let lines = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let said: Vec<_> = lines
        .map(|line| match line.get("config") {
            Some(config) => Ok(term(config)),
            None => Err(line["error"].to_string()),
        })
        .collect();
    assert_eq!(said.len(), jobs(trees).count());
    said
}

fn read(tree: &Path, env: &str) -> Config {
    let vars = fs::read_to_string(tree.join("vars")).unwrap_or_default();
    let vars = vars.lines().filter_map(|line| line.split_once('='));
    let vars: BTreeMap<String, String> = vars
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let root = tree.to_str().unwrap();
    let script = Script {
        env,
        config_path: "config/config.exs",
        vars: &vars,
        root,
    };
    evaluate(&Disk(tree.to_owned()), &script)
}

struct Disk(PathBuf);

impl Files for Disk {
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
        let (mut folders, mut found) = (vec![self.0.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let relative = path.strip_prefix(&self.0).unwrap();
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

fn term(value: &Value) -> Term {
    let content = &value[1];
    let all = || content.as_array().unwrap().iter();
    match value[0].as_str().unwrap() {
        "atom" => Term::Atom(content.as_str().unwrap().to_owned()),
        "integer" => Term::Integer(content.as_i64().unwrap()),
        "float" => Term::Float(content.as_f64().unwrap()),
        "binary" => Term::Binary(
            all()
                .map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap())
                .collect(),
        ),
        "list" => Term::List(all().map(term).collect()),
        "tuple" => Term::Tuple(all().map(term).collect()),
        "map" => Term::Map(all().map(|pair| (term(&pair[0]), term(&pair[1]))).collect()),
        // Functions and the like: nothing that we know is equal to it.
        "other" => Term::Atom("a term that no script can write".to_owned()),
        kind => panic!("beam/config.exs wrote a {kind}"),
    }
}

/// A map's pairs have no order.
fn sorted(term: &Term) -> Term {
    match term {
        Term::Map(pairs) => {
            let mut pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| (sorted(key), sorted(value)))
                .collect();
            pairs.sort_by_key(|(key, _)| key.to_string());
            Term::Map(pairs)
        }
        Term::List(items) => Term::List(items.iter().map(sorted).collect()),
        Term::Tuple(items) => Term::Tuple(items.iter().map(sorted).collect()),
        Term::Atom(_) | Term::Integer(_) | Term::Float(_) | Term::Binary(_) | Term::Opaque(_) => {
            term.clone()
        }
    }
}

/// The pairs of a keyword list, the first of equal keys, as look-ups see them; none of anything else.
fn pairs(term: &Term) -> Vec<(&str, &Term)> {
    let Term::List(items) = term else {
        return Vec::new();
    };
    let mut pairs: Vec<(&str, &Term)> = Vec::new();
    for item in items {
        if let Term::Tuple(parts) = item
            && let [Term::Atom(key), value] = parts.as_slice()
            && pairs.iter().all(|(known, _)| known != key)
        {
            pairs.push((key, value));
        }
    }
    pairs
}

fn find<'a>(term: &'a Term, key: &str) -> Option<&'a Term> {
    pairs(term)
        .into_iter()
        .find(|(found, _)| *found == key)
        .map(|(_, value)| value)
}
