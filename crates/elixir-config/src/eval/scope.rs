//! The variables and aliases that a piece of code sees.

use std::{collections::BTreeSet, sync::Arc};

use crate::value::{Size, Value};

/// Variables and aliases, innermost last. Rebinding adds an entry, so that leaving a block is
/// forgetting what came after its beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    variables: Vec<(Arc<str>, Value)>,
    /// A first segment and the module's atom that it stands for, if every Elixir agrees.
    aliases: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// The arguments of the capture (`&`) around.
    pub(super) placeholders: Vec<Value>,
    /// `import Config` or `use Mix.Config` was there.
    pub(super) imports_config: bool,
    /// `import Config` was there, which brings `config_env` and `config_target`.
    pub(super) imports_env: bool,
    /// `use Mix.Config` was there, whose imports may have wildcards.
    pub(super) imports_wildcards: bool,
}

/// How much a scope held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    variables: usize,
    aliases: usize,
}

impl Scope {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            variables: self.variables.len(),
            aliases: self.aliases.len(),
        }
    }

    pub(super) fn forget_since(&mut self, mark: Mark) {
        self.variables.truncate(mark.variables);
        self.aliases.truncate(mark.aliases);
    }

    pub(super) fn forget_aliases_since(&mut self, mark: Mark) {
        self.aliases.truncate(mark.aliases);
    }

    /// How many bindings a look-up goes through.
    pub(super) fn len(&self) -> usize {
        self.variables.len()
    }

    pub(super) fn bind(&mut self, name: Arc<str>, value: Value) {
        self.variables.push((name, value));
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Value> {
        let mut newest_first = self.variables.iter().rev();
        newest_first.find_map(|(known, value)| (&**known == name).then_some(value))
    }

    /// Makes a first segment stand for a module's atom.
    ///
    /// Where that module is one segment that has an alias itself, 1.14 follows that one too, and
    /// 1.18 does not.
    pub(super) fn alias(&mut self, segment: &str, module: Option<Arc<str>>) {
        let module = module.filter(|module| !self.goes_on(segment, module));
        let atom = format!("Elixir.{segment}");
        let is_other = module.as_deref() != Some(&*atom);
        let stands = |known: &Option<Arc<str>>| known.as_deref() == Some(&*atom);
        let before: Vec<Arc<str>> = self
            .aliases
            .iter()
            .filter(|(name, module)| is_other && &**name != segment && stands(module))
            .map(|(name, _)| name.clone())
            .collect();
        self.aliases.push((segment.into(), module));
        for name in before {
            let stands_still = self.newest(&name).is_some_and(stands);
            if stands_still {
                self.aliases.push((name, None));
            }
        }
    }

    /// Whether what a segment is to stand for has another alias.
    fn goes_on(&self, segment: &str, module: &str) -> bool {
        let Some(next) = module.strip_prefix("Elixir.") else {
            return false;
        };
        let goes = |alias: &Option<Arc<str>>| alias.as_deref() != Some(module);
        next != segment && self.newest(next).is_some_and(goes)
    }

    fn newest(&self, segment: &str) -> Option<&Option<Arc<str>>> {
        let mut newest_first = self.aliases.iter().rev();
        newest_first.find_map(|(name, module)| (&**name == segment).then_some(module))
    }

    /// The atom of a module as it is written here; `None` if Elixirs differ about it.
    pub(super) fn module(&self, written: &str) -> Option<Arc<str>> {
        let (first, rest) = match written.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (written, None),
        };
        if first == "Elixir" {
            return Some(written.into());
        }
        match (self.newest(first), rest) {
            (Some(module), None) => module.clone(),
            (Some(module), Some(rest)) => {
                let module = module.as_ref()?;
                Some(format!("{module}.{rest}").into())
            }
            (None, _) => Some(format!("Elixir.{written}").into()),
        }
    }

    /// What a function that mentions `names` sees of this scope.
    pub(super) fn captured(&self, names: &BTreeSet<&str>) -> Self {
        let variables = names.iter().filter_map(|name| {
            let value = self.variable(name)?;
            Some((Arc::from(*name), value.clone()))
        });
        Self {
            variables: variables.collect(),
            aliases: self.aliases.clone(),
            placeholders: self.placeholders.clone(),
            imports_config: self.imports_config,
            imports_env: self.imports_env,
            imports_wildcards: self.imports_wildcards,
        }
    }

    /// Measures all values together.
    pub(super) fn size(&self) -> Size {
        let mut size = Size::default();
        for value in self
            .variables
            .iter()
            .map(|(_, value)| value)
            .chain(&self.placeholders)
        {
            let inner = value.size();
            size.nodes = size.nodes.saturating_add(inner.nodes);
            size.bytes = size.bytes.saturating_add(inner.bytes);
            size.depth = size.depth.max(inner.depth);
        }
        size.nodes = size.nodes.saturating_add(self.aliases.len());
        size
    }
}
