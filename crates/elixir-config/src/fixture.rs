//! Trees of configuration files for tests, and a text form of what was evaluated.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use globset::GlobBuilder;

use crate::{Config, Files, Script, Setting, evaluate};

/// The trees in `testdata/`.
pub(crate) const TREES: &[&str] = &[
    "branches",
    "config_path",
    "environment",
    "literals",
    "loops",
    "merge_corners",
    "modules",
    "operators",
    "plain_list",
    "release_1_10",
    "required",
    "single_1_7",
    "single_1_8",
    "umbrella_central",
    "umbrella_per_app",
    "umbrella_tenants",
    "wildcards",
];

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) vars: BTreeMap<String, String>,
    /// What `mix.exs` names, if it does.
    pub(crate) config_path: Option<String>,
}

impl Files for Tree {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        match self.files.get(path) {
            Some(text) if text == "unreadable" => Err("permission denied".to_owned()),
            found => Ok(found.cloned()),
        }
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        let Ok(glob) = glob.map(|glob| glob.compile_matcher()) else {
            return Vec::new();
        };
        let matching = self.files.keys().filter(|path| glob.is_match(path));
        matching.cloned().collect()
    }

    fn exists(&self, path: &str) -> bool {
        self.files
            .keys()
            .any(|file| Path::new(file).starts_with(path))
    }
}

impl Tree {
    /// Files of a test's own.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self {
            files: files.iter().map(owned).collect(),
            vars: BTreeMap::new(),
            config_path: None,
        }
    }

    /// One of `testdata/`, with the variables that its `vars` lists.
    pub(crate) fn load(name: &str) -> Self {
        let root = testdata().join(name);
        let mut tree = Self::default();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|it| it == "exs") {
                    let relative = path.strip_prefix(&root).unwrap().to_str().unwrap();
                    tree.files.insert(relative.to_owned(), text(&path));
                }
            }
        }
        if root.join("vars").exists() {
            let pairs = text(&root.join("vars"));
            let pairs = pairs.lines().filter_map(|line| line.split_once('='));
            let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            tree.vars = owned.collect();
        }
        let path = root.join("config_path");
        tree.config_path = path.exists().then(|| text(&path).trim().to_owned());
        tree
    }

    pub(crate) fn evaluate(&self, env: &str) -> Config {
        evaluate(self, &self.script(env))
    }

    pub(crate) fn script<'a>(&'a self, env: &'a str) -> Script<'a> {
        Script {
            env,
            config_path: self.config_path.as_deref().unwrap_or("config/config.exs"),
            vars: &self.vars,
            root: "/project",
        }
    }
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

#[expect(clippy::disallowed_methods, reason = "testdata is made of files")]
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// All settings with where they were written, then the findings.
pub(crate) fn show(config: &Config) -> String {
    let mut shown = String::new();
    for app in config.apps() {
        for key in config.keys(app) {
            show_setting(config, app, &[key], &mut shown);
        }
    }
    for finding in config.findings() {
        let (at, mark) = (
            &finding.at,
            if finding.is_error { "error" } else { "warning" },
        );
        let (code, message) = (finding.code, &finding.message);
        writeln!(shown, "{mark} {code}: {message} ({}:{})", at.file, at.line).unwrap();
    }
    if let Some(broken) = config.broken() {
        writeln!(
            shown,
            "broken by {} ({}:{})",
            broken.code, broken.at.file, broken.at.line
        )
        .unwrap();
    }
    shown
}

/// One setting; one that is only partly known is shown by its keys.
pub(crate) fn show_setting(config: &Config, app: &str, path: &[&str], shown: &mut String) {
    let name = path.join(".").replace("Elixir.", "");
    match config.get(app, path) {
        Setting::Absent => writeln!(shown, "{app} {name} is absent").unwrap(),
        Setting::Known(term, at) => {
            writeln!(shown, "{app} {name} = {term} ({}:{})", at.file, at.line).unwrap();
        }
        Setting::Unknown { why, at } => {
            writeln!(shown, "{app} {name} = ? {why} ({}:{})", at.file, at.line).unwrap();
        }
    }
}
