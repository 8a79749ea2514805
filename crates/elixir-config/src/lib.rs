//! Reads Elixir config scripts and project files without running Elixir.
//!
//! tree-sitter parses (`parse`), an evaluator of our own walks the statements (`eval`), settings
//! meet as Elixir's `Config` merges them (`merge`). Whatever it does not evaluate makes the settings
//! that it could change unknown, and leaves a [`Finding`] with file and line; a later setting that
//! is certain is known again. It never guesses.
//!
//! It is not an Elixir interpreter: no module is compiled, no code of the project runs, nothing but
//! the given [`Files`] and environment variables is looked at. README.md says what can be read.
//!
//! Start with [`evaluate`], then `eval`. [`mix_project`] and [`uses`] read two more kinds of file.
//!
//! Invariants: any text ends, in bounded time and memory, in a [`Config`]; a value that is said to
//! be known is the one that Elixir would compute from the same files and variables.

mod builtins;
mod config;
mod eval;
mod finding;
#[cfg(test)]
mod fixture;
mod memory;
mod merge;
mod parse;
mod project;
mod script;
mod syntax;
mod value;

pub use config::{Config, Past, Section, Setting};
pub use eval::{evaluate, evaluate_release};
pub use finding::{Finding, Written};
pub use memory::Memory;
pub use project::{Call, MixProject, Use, mix_project, uses};
pub use script::{Boot, Files, Provider, Script};
