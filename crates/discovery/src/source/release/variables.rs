//! Environment variables, some of which can't be known.

use std::collections::BTreeMap;

/// The variables with which a release starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    known: BTreeMap<String, String>,
    /// Name → why it isn't known.
    unknown: BTreeMap<String, String>,
    /// Why any of them may be another.
    doubt: Option<String>,
}

/// What is known of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Set(String),
    Unset,
    /// Why it isn't known.
    Unknown(String),
}

impl Variables {
    pub(super) fn new(known: &BTreeMap<String, String>) -> Self {
        Self {
            known: known.clone(),
            ..Self::default()
        }
    }

    pub(super) fn get(&self, name: &str) -> Variable {
        let why = self.unknown.get(name).or(self.doubt.as_ref());
        match (why, self.known.get(name)) {
            (Some(why), _) => Variable::Unknown(why.clone()),
            (None, Some(value)) => Variable::Set(value.clone()),
            (None, None) => Variable::Unset,
        }
    }

    /// The value, if it is known and not empty.
    pub(super) fn known(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Variable::Set(value) if !value.is_empty() => Some(value),
            Variable::Set(_) | Variable::Unset | Variable::Unknown(_) => None,
        }
    }

    pub(super) fn put(&mut self, name: &str, variable: Variable) {
        self.known.remove(name);
        self.unknown.remove(name);
        match variable {
            Variable::Set(value) => self.known.insert(name.to_owned(), value),
            Variable::Unknown(why) => self.unknown.insert(name.to_owned(), why),
            // What may have been set elsewhere is not unset by that.
            Variable::Unset => None,
        };
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.put(name, Variable::Set(value.to_owned()));
    }

    /// Sets what is not set, or empty: `${NAME:-value}`.
    pub(super) fn or_set(&mut self, name: &str, value: &str) {
        match self.get(name) {
            Variable::Set(set) if !set.is_empty() => {}
            Variable::Unknown(_) => {}
            Variable::Set(_) | Variable::Unset => self.set(name, value),
        }
    }

    /// From here on any variable may be another.
    pub(super) fn doubt(&mut self, why: String) {
        self.doubt.get_or_insert(why);
    }

    /// The variables that are known.
    pub(super) fn all(&self) -> &BTreeMap<String, String> {
        &self.known
    }

    /// Those that aren't, with why.
    pub(super) fn unknown(&self) -> &BTreeMap<String, String> {
        &self.unknown
    }

    /// Why any may be another.
    pub(super) fn why_doubted(&self) -> Option<&str> {
        self.doubt.as_deref()
    }
}
