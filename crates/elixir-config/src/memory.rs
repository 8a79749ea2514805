//! What texts were parsed to, for whoever reads them again.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    finding::Finding,
    parse::{Parsed, parse, parse_script},
    project::{self, MixProject, Use},
};

/// Bytes of text that are remembered; what is beyond is parsed each time. An umbrella of a hundred
/// apps has half a million.
const BYTES_MAX: usize = 8 << 20;

/// Remembers what texts were parsed to. Parsing is most of a reading, so whoever watches a project
/// keeps one: after a save, only what was saved is parsed. Threads may share it.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    scripts: HashMap<Box<str>, Text>,
    /// `mix.exs` and modules. A module that a script requires is in both.
    code: HashMap<Box<str>, Text>,
    bytes: usize,
}

/// As what a text is read.
#[derive(Clone, Copy)]
enum As {
    Script,
    Code,
}

#[derive(Debug)]
struct Text {
    parsed: Arc<Parsed>,
    /// The reading under way has asked for it.
    is_asked: bool,
}

impl Memory {
    /// Begins a reading: forgets what the one before did not ask for.
    pub fn begin(&self) {
        let mut known = self.known();
        let Known {
            scripts,
            code,
            bytes,
        } = &mut *known;
        for texts in [&mut *scripts, &mut *code] {
            texts.retain(|_, text| mem::take(&mut text.is_asked));
        }
        *bytes = scripts.keys().chain(code.keys()).map(|it| it.len()).sum();
    }

    /// Reads a `mix.exs`, as [`mix_project`](crate::mix_project) does.
    ///
    /// # Errors
    /// As there.
    pub fn mix_project(&self, text: &str) -> Result<MixProject, Finding> {
        project::of_parsed(&self.code(text))
    }

    /// Finds modules, as [`uses`](crate::uses) does.
    #[must_use]
    pub fn uses(&self, text: &str, used: &str) -> Vec<Use> {
        match project::may_use(text, used) {
            true => project::uses_in(&self.code(text), used),
            false => Vec::new(),
        }
    }

    /// Parses a script, as [`parse_script`] does.
    pub(crate) fn script(&self, text: &str) -> Arc<Parsed> {
        self.parse(text, As::Script)
    }

    fn code(&self, text: &str) -> Arc<Parsed> {
        self.parse(text, As::Code)
    }

    fn parse(&self, text: &str, what: As) -> Arc<Parsed> {
        if let Some(known) = self.known().texts(what).get_mut(text) {
            known.is_asked = true;
            return Arc::clone(&known.parsed);
        }
        // Other threads parse meanwhile; two that parse the same come to the same.
        let parsed = Arc::new(match what {
            As::Script => parse_script(text),
            As::Code => parse(text),
        });
        let mut known = self.known();
        let bytes = known.bytes.saturating_add(text.len());
        if bytes <= BYTES_MAX {
            let remembered = Text {
                parsed: Arc::clone(&parsed),
                is_asked: true,
            };
            // Where another thread was faster, its bytes count twice until the next reading.
            known.bytes = bytes;
            known.texts(what).insert(text.into(), remembered);
        }
        parsed
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whatever panicked, what is in the map is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn texts(&mut self, what: As) -> &mut HashMap<Box<str>, Text> {
        match what {
            As::Script => &mut self.scripts,
            As::Code => &mut self.code,
        }
    }
}
