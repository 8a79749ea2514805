//! Where settings come from.

use erlterm::Term;
use routes::Origin;

use crate::{Bound, Machine};

/// The applications' settings, however they were learned.
pub trait Environment {
    /// Looks up one setting of an application. `path` walks keyword lists; its parts are atoms as
    /// text (`["Elixir.AuthWeb.Endpoint", "url", "host"]`).
    fn get(&self, app: &str, path: &[&str]) -> Setting;

    /// Returns who wrote one setting: the write in force first, then what it overrode. Empty where
    /// that isn't known.
    fn history(&self, _app: &str, _path: &[&str]) -> Vec<Step> {
        Vec::new()
    }

    /// Returns what the endpoint `module` itself says of its listener, where it runs and was asked.
    fn bound(&self, _module: &str) -> Bound {
        Bound::NotAsked
    }

    /// Returns on which machine the endpoints run.
    fn machine(&self) -> Machine {
        Machine::This
    }
}

/// One write of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was written, as Elixir shows it; the error is why that is not known, in a short clause.
    pub value: Result<String, String>,
    /// Where, or where knowledge ended.
    pub origin: Origin,
}

/// What is known of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Nobody sets it.
    Absent,
    /// It is this.
    Known(Term, Origin),
    /// It is set, or may be, to what can't be known.
    Unknown {
        /// Why, in a short clause.
        why: String,
        /// Where it is set, or where knowledge ended.
        origin: Origin,
    },
}
