//! What an evaluation is given: files, environment, and as whom it runs.

use std::collections::BTreeMap;

/// The files that an evaluation may ask for. Paths are relative to the project's root,
/// `/`-separated; one outside of it begins with `../`.
///
/// Everything asked, misses included, is what discovery then watches.
pub trait Files {
    /// Reads a file; `None` if there is none.
    ///
    /// # Errors
    /// Says why a file that exists cannot be read.
    fn read(&self, path: &str) -> Result<Option<String>, String>;
    /// Lists the files that match, sorted (`*`, `**`, `?`, `{a,b}` as `Path.wildcard`).
    fn glob(&self, pattern: &str) -> Vec<String>;
    /// Returns whether a file or folder exists.
    fn exists(&self, path: &str) -> bool;
}

/// What to evaluate, and as whom.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// `dev`, `test`, `prod`, ….
    pub env: &'a str,
    /// `config/config.exs` unless `mix.exs` says otherwise.
    pub config_path: &'a str,
    /// The process's environment variables.
    pub vars: &'a BTreeMap<String, String>,
    /// Absolute path of the project's root, for `__DIR__` and `Path.expand`.
    pub root: &'a str,
}
