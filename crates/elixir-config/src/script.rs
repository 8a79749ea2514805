//! What an evaluation is given: files, environment, and as whom it runs.

use std::collections::BTreeMap;

use erlterm::Term;

use crate::Memory;

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
    /// Returns what remembers the texts of readings before, where there is such a thing.
    fn memory(&self) -> Option<&Memory> {
        None
    }
}

/// What to evaluate, and as whom.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// `dev`, `test`, `prod`, ….
    pub env: &'a str,
    /// `config/config.exs` unless `mix.exs` says otherwise; of a release, its `sys.config`.
    pub config_path: &'a str,
    /// The process's environment variables.
    pub vars: &'a BTreeMap<String, String>,
    /// Absolute path of the project's root, for `__DIR__` and `Path.expand`.
    pub root: &'a str,
}

/// What a release has to make its configuration of when it starts.
#[derive(Clone, Debug)]
pub struct Boot<'a> {
    /// The terms of its `sys.config`: `[{app, [{key, value}]}]`.
    pub compiled: &'a Term,
    /// What is merged over them, in turn.
    pub providers: &'a [Provider],
    /// What `config_target()` is.
    pub target: &'a str,
    /// Variables that the release's start sets to what can't be known, with why.
    pub unknown_vars: &'a BTreeMap<String, String>,
    /// Why any variable may be another when the release starts.
    pub vars_doubt: Option<&'a str>,
}

/// A module that a release asks for configuration when it starts, as `Config.Provider` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// `Config.Reader`: a script (`runtime.exs`, `releases.exs`).
    Script(String),
    /// One that isn't read, as a clause: it may set whatever it likes.
    Unknown(String),
}
