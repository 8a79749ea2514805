//! Environment variables, as the scripts leave them.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::value::Unknown;

/// What the scripts make of the variables that they were given.
#[derive(Clone, Debug, Default)]
pub(super) struct Vars {
    /// Those that a script sets, or deletes.
    set: BTreeMap<String, Var>,
    /// Why any other may have changed, if it may.
    unknown: Option<Unknown>,
}

/// A variable that was set.
#[derive(Clone, Debug)]
pub(super) enum Var {
    /// To this; `None` is deleted.
    Known(Option<String>),
    Unknown(Unknown),
}

impl Vars {
    /// Returns what a script made of a variable; `None` if it is as it was given.
    pub(super) fn get(&self, name: &str) -> Option<Var> {
        let any = || self.unknown.clone().map(Var::Unknown);
        self.set.get(name).cloned().or_else(any)
    }

    /// Returns why not all variables are known, if so.
    pub(super) fn why_unknown(&self) -> Option<&Unknown> {
        let each = self.set.values().find_map(|var| match var {
            Var::Known(_) => None,
            Var::Unknown(unknown) => Some(unknown),
        });
        self.unknown.as_ref().or(each)
    }

    /// The variables that were set, as far as they are known.
    pub(super) fn known(&self) -> impl Iterator<Item = (&String, Option<&String>)> {
        self.set.iter().filter_map(|(name, var)| match var {
            Var::Known(value) => Some((name, value.as_ref())),
            Var::Unknown(_) => None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.set.len()
    }

    pub(super) fn set(&mut self, name: String, value: Option<String>) {
        self.set.insert(name, Var::Known(value));
    }

    /// After this any variable may be anything, whatever it was set to before.
    pub(super) fn doubt(&mut self, unknown: &Unknown) {
        self.set.clear();
        self.unknown = Some(unknown.clone());
    }

    /// What is certain where these hold or the others do.
    pub(super) fn join(mut self, others: Self, unknown: &Unknown) -> Self {
        for (name, var) in &mut self.set {
            if !others.set.contains_key(name) {
                *var = Var::Unknown(unknown.clone());
            }
        }
        for (name, other) in others.set {
            match self.set.entry(name) {
                Entry::Occupied(mut here) => {
                    let is_same =
                        matches!((here.get(), &other), (Var::Known(a), Var::Known(b)) if a == b);
                    if !is_same {
                        here.insert(Var::Unknown(unknown.clone()));
                    }
                }
                Entry::Vacant(here) => {
                    here.insert(Var::Unknown(unknown.clone()));
                }
            }
        }
        self.unknown = self.unknown.or(others.unknown);
        self
    }
}
