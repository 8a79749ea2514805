//! Config scripts: any text ends in a configuration and findings, and twice in the same ones.
//!
//! Texts stand one after another with NUL between them: `config.exs`, `dev.exs`, `runtime.exs`.

use std::collections::BTreeMap;

use elixir_config::{Files, Script, evaluate};

const PATHS: [&str; 3] = ["config/config.exs", "config/dev.exs", "config/runtime.exs"];

struct Texts(BTreeMap<&'static str, String>);

impl Files for Texts {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(path).cloned())
    }

    fn glob(&self, _pattern: &str) -> Vec<String> {
        self.0.keys().map(|path| (*path).to_owned()).collect()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let texts = bytes
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned());
    let files = Texts(PATHS.into_iter().zip(texts).collect());
    let vars = BTreeMap::from([("PORT".to_owned(), "4001".to_owned())]);
    let script = Script {
        env: "dev",
        config_path: PATHS[0],
        vars: &vars,
        root: "/project",
    };
    let config = evaluate(&files, &script);
    for app in config.apps() {
        for key in config.keys(app) {
            // Which of its answers it is doesn't matter here, only that there is one.
            let _ = config.get(app, &[key]);
        }
    }
    assert_eq!(evaluate(&files, &script).findings(), config.findings());
}
