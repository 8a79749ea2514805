//! Reads Elixir config scripts and project files without running Elixir.
//!
//! API pinned for discovery (the owner of this crate completes it; may add, not change):

use std::collections::BTreeMap;

/// The files that an evaluation may ask for. Paths are relative to the project's root, `/`-separated.
/// Everything asked, misses included, is what discovery then watches.
pub trait Files {
    /// Reads a file; `None` if there is none.
    fn read(&self, path: &str) -> Result<Option<String>, String>;
    /// Lists the files that match, sorted (`*`, `**`, `?`, `{a,b}` as `Path.wildcard`).
    fn glob(&self, pattern: &str) -> Vec<String>;
    /// Returns whether a file or folder exists.
    fn exists(&self, path: &str) -> bool;
}

/// What to evaluate, and as whom.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// `dev`, `test`, `prod`, …
    pub env: &'a str,
    /// `config/config.exs` unless `mix.exs` says otherwise.
    pub config_path: &'a str,
    /// The process's environment variables.
    pub vars: &'a BTreeMap<String, String>,
    /// Absolute path of the project's root, for `__DIR__` and `Path.expand`.
    pub root: &'a str,
}

/// Evaluates `config_path`, what it imports, and the `runtime.exs` beside it. Never fails: what
/// can't be known is poisoned and said in a finding.
pub fn evaluate(_files: &dyn Files, _script: &Script<'_>) -> Config { todo!() }

/// The merged configuration of all applications, each value with where it was written.
#[derive(Debug)]
pub struct Config {}

/// Where a value was written last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written { /// relative to the root
    pub file: String, /// from 1
    pub line: u32 }

/// What is known of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Nobody sets it.
    Absent,
    /// It is this.
    Known(erlterm::Term, Written),
    /// It is set, or may be, to what can't be known; `why` is a short clause.
    Unknown { /// why
        why: String, /// where
        at: Written },
}

/// What the evaluator could not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding { /// kebab-case code
    pub code: &'static str, /// sentence
    pub message: String, /// how to mend
    pub fix: String, /// where
    pub at: Written, /// an error aborts Elixir too
    pub is_error: bool }

impl Config {
    /// Applications with any setting, sorted.
    pub fn apps(&self) -> Vec<&str> { todo!() }
    /// The keys set for an application (atoms as text: `Elixir.AuthWeb.Endpoint`, `endpoint`).
    pub fn keys(&self, _app: &str) -> Vec<&str> { todo!() }
    /// One setting: `get("auth_web", &["Elixir.AuthWeb.Endpoint", "url", "host"])` walks keyword lists (last elements are keyword keys).
    /// A path into a poisoned subtree is `Unknown`; a whole value with something unknown inside is `Unknown` too.
    pub fn get(&self, _app: &str, _path: &[&str]) -> Setting { todo!() }
    /// What could not be known.
    pub fn findings(&self) -> &[Finding] { todo!() }
    /// Set when a file does not parse or Elixir itself would abort: keep the last good table, say this.
    pub fn broken(&self) -> Option<&Finding> { todo!() }
}

/// What `mix.exs` says of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MixProject { /// `app:`
    pub app: Option<String>, /// `apps_path:` of an umbrella
    pub apps_path: Option<String>, /// `config_path:`
    pub config_path: Option<String>,
    /// `elixirc_paths`-independent: versions of bandit/plug_cowboy dependencies named in deps, by name
    pub deps: Vec<String> }

/// Reads a `mix.exs`.
pub fn mix_project(_text: &str) -> Result<MixProject, Finding> { todo!() }

/// A module that says `use NAME, options`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use { /// the module that uses it, e.g. `AuthWeb.Endpoint`
    pub module: String, /// `otp_app:`
    pub otp_app: Option<String>, /// where `use` stands
    pub line: u32, /// line of an `init/2` definition in the module
    pub init: Option<u32> }

/// Finds the modules in `text` that `use` the module `used` (e.g. `Phoenix.Endpoint`).
pub fn uses(_text: &str, _used: &str) -> Vec<Use> { todo!() }
