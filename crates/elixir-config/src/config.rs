//! The outcome of an evaluation, and how settings are looked up in it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use erlterm::Term;

use crate::{
    finding::{Finding, Written},
    merge::is_keyword,
    value::{At, Kind, Unknown, Value, WRITES_MAX},
};

/// The merged configuration of all applications, each value with where it was written.
#[derive(Debug)]
pub struct Config {
    /// Applications, keys and values, as one keyword list.
    pub(crate) settings: Value,
    /// Files by number.
    pub(crate) files: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) broken: Option<Finding>,
}

/// What is known of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Nobody sets it.
    Absent,
    /// It is this.
    Known(Term, Written),
    /// It is set, or may be, to what can't be known.
    Unknown {
        /// Why, as a short clause.
        why: String,
        /// Where the doubt began.
        at: Written,
    },
}

impl Default for Config {
    /// Nobody sets anything.
    fn default() -> Self {
        Self {
            settings: Kind::List(Vec::new()).at(At { file: 0, line: 0 }),
            files: Vec::new(),
            findings: Vec::new(),
            broken: None,
        }
    }
}

impl Config {
    /// Returns the applications with any setting, sorted.
    #[must_use]
    pub fn apps(&self) -> Vec<&str> {
        names(&self.settings)
    }

    /// Returns the keys set for an application, sorted (atoms as text: `endpoint`,
    /// `Elixir.AuthWeb.Endpoint`). A key that only may be set is among them.
    #[must_use]
    pub fn keys(&self, app: &str) -> Vec<&str> {
        match find(&self.settings, app) {
            Found::At(pair) => pair.as_pair().map_or(Vec::new(), |(_, value)| names(value)),
            Found::Nowhere | Found::Unknown(_) => Vec::new(),
        }
    }

    /// Returns the list of an application's settings; `None` if it certainly has none.
    #[must_use]
    pub fn section(&self, app: &str) -> Option<Section<'_>> {
        let found = match find(&self.settings, app) {
            Found::At(pair) => pair.as_pair().map(|(_, value)| Ok((value, pair.at)))?,
            Found::Unknown(unknown) => Err(unknown),
            Found::Nowhere => return None,
        };
        Some(Section {
            config: self,
            found,
        })
    }

    /// Looks up one setting: `get("auth_web", &["Elixir.AuthWeb.Endpoint", "url", "host"])` walks
    /// keyword lists. A path into what is not known is unknown, and so is a whole value with
    /// something unknown inside. `Application.get_env/2` takes the first of equal keys; so does this.
    #[must_use]
    pub fn get(&self, app: &str, path: &[&str]) -> Setting {
        let mut written = self.settings.at;
        let mut value = &self.settings;
        for key in std::iter::once(&app).chain(path) {
            match find(value, key) {
                Found::Nowhere => return Setting::Absent,
                Found::Unknown(unknown) => return self.unknown(unknown),
                Found::At(pair) => match pair.as_pair() {
                    Some((_, inner)) => {
                        written = pair.at;
                        value = inner;
                    }
                    None => return Setting::Absent,
                },
            }
        }
        self.setting(value, written)
    }

    fn setting(&self, value: &Value, at: At) -> Setting {
        match value.to_term() {
            Ok(term) => Setting::Known(term, self.written(at)),
            Err(unknown) => self.unknown(&unknown),
        }
    }

    /// Returns every write of one setting that is remembered: the one in force first, then what it
    /// overrode, the newest first, at most eight. A write that is not known counts. Nothing for a
    /// setting that is absent.
    #[must_use]
    pub fn history(&self, app: &str, path: &[&str]) -> Vec<Past> {
        if self.get(app, path) == Setting::Absent {
            return Vec::new();
        }
        let keys: Vec<&str> = std::iter::once(app).chain(path.iter().copied()).collect();
        let mut history = History {
            config: self,
            writes: Vec::new(),
            visits: 0,
        };
        history.collect(&self.settings, self.settings.at, &keys);
        history.writes
    }

    /// Returns what could not be known.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns why nothing here is to be used: a file does not parse, or Elixir would abort. Keep
    /// the last good table and say this.
    #[must_use]
    pub fn broken(&self) -> Option<&Finding> {
        self.broken.as_ref()
    }

    fn unknown(&self, unknown: &Unknown) -> Setting {
        Setting::Unknown {
            why: unknown.why.as_ref().to_owned(),
            at: self.written(unknown.at),
        }
    }

    fn written(&self, at: At) -> Written {
        Written {
            file: self.files.get(at.file).cloned().unwrap_or_default(),
            line: at.line,
        }
    }
}

/// A setting, or the keyword list that stands there. To walk through all below one looks at each
/// pair once; as many look-ups by path would look at each as often as there are pairs.
#[derive(Clone, Copy, Debug)]
pub struct Section<'c> {
    config: &'c Config,
    /// The value and where it was written, or why it is not known.
    found: Result<(&'c Value, At), &'c Unknown>,
}

impl<'c> Section<'c> {
    /// Returns what each key of the keyword list leads to, sorted; nothing where it is something
    /// else. A key that only may be set is among them.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'c str, Self)> {
        let Ok((value, _)) = self.found else {
            return Vec::new();
        };
        let (Kind::List(items) | Kind::Open(items, _)) = &value.kind else {
            return Vec::new();
        };
        if !is_keyword(value) {
            return Vec::new();
        }
        let mut entries = BTreeMap::new();
        let mut doubt = None;
        for item in items {
            match item.as_pair() {
                // As `find` has it.
                Some((name, value)) => {
                    let found = doubt.map_or(Ok((value, item.at)), Err);
                    entries.entry(&**name).or_insert(Self { found, ..*self });
                }
                None => doubt = doubt.or(unknown_key(item)),
            }
        }
        entries.into_iter().collect()
    }

    /// Returns what is known of the value here, as [`Config::get`] does.
    #[must_use]
    pub fn setting(&self) -> Setting {
        match self.found {
            Ok((value, at)) => self.config.setting(value, at),
            Err(unknown) => self.config.unknown(unknown),
        }
    }
}

/// One write of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The value as Elixir shows it, cut at two hundred bytes; the error is why it is not known, as a
    /// short clause. It may be a secret: ask only for settings that are to be shown.
    pub value: Result<String, String>,
    /// Where it was written, or where the doubt began.
    pub at: Written,
}

/// Bytes of a value in a history.
const SHOWN_BYTES_MAX: usize = 200;

/// How many values one look-up of a history looks into.
const VISITS_MAX: usize = 256;

/// Collects the writes of one setting.
struct History<'c> {
    config: &'c Config,
    writes: Vec<Past>,
    visits: usize,
}

impl History<'_> {
    /// A value's own writes are newer than what the lists around it replaced.
    fn collect(&mut self, value: &Value, at: At, keys: &[&str]) {
        self.visits += 1;
        if self.visits > VISITS_MAX {
            return;
        }
        match keys.split_first() {
            None => self.push(value, at),
            Some((key, rest)) => match find(value, key) {
                Found::At(pair) => {
                    if let Some((_, inner)) = pair.as_pair() {
                        self.collect(inner, pair.at, rest);
                    }
                }
                Found::Unknown(unknown) => self.push(&unknown.value(), unknown.at),
                Found::Nowhere => {}
            },
        }
        for past in value.past.iter().flat_map(|past| past.iter()) {
            self.collect(past, past.at, keys);
        }
    }

    fn push(&mut self, value: &Value, at: At) {
        let (value, at) = match value.to_term() {
            Ok(term) => (Ok(cut(term.to_string())), at),
            Err(unknown) => (Err(cut(unknown.why.to_string())), unknown.at),
        };
        let write = Past {
            value,
            at: self.config.written(at),
        };
        if self.writes.len() < WRITES_MAX && !self.writes.contains(&write) {
            self.writes.push(write);
        }
    }
}

fn cut(text: String) -> String {
    let end = text.floor_char_boundary(SHOWN_BYTES_MAX);
    match text.get(..end) {
        Some(start) if end < text.len() => format!("{start}…"),
        Some(_) | None => text,
    }
}

/// Where a key leads.
enum Found<'v> {
    At(&'v Value),
    Nowhere,
    Unknown(&'v Unknown),
}

fn find<'v>(value: &'v Value, key: &str) -> Found<'v> {
    let (items, rest) = match &value.kind {
        Kind::List(items) => (items, None),
        Kind::Open(items, rest) => (items, Some(rest)),
        Kind::Unknown(unknown) => return Found::Unknown(unknown),
        Kind::Atom(_)
        | Kind::Integer(_)
        | Kind::Float(_)
        | Kind::Binary(_)
        | Kind::Tuple(_)
        | Kind::Map(_)
        | Kind::Function(_)
        | Kind::Opaque(_) => return Found::Nowhere,
    };
    let mut doubt = None;
    for item in items {
        match item.as_pair() {
            // It counts only if no unknown element before it may have the same key.
            Some((name, _)) if &**name == key => {
                return doubt.map_or(Found::At(item), Found::Unknown);
            }
            Some(_) => {}
            None => doubt = doubt.or(unknown_key(item)),
        }
    }
    doubt.or(rest).map_or(Found::Nowhere, Found::Unknown)
}

/// Why an element of a list may be a pair with any key.
fn unknown_key(item: &Value) -> Option<&Unknown> {
    let key = match &item.kind {
        Kind::Tuple(parts) => parts.first()?,
        _ => item,
    };
    match &key.kind {
        Kind::Unknown(unknown) => Some(unknown),
        _ => None,
    }
}

fn names(value: &Value) -> Vec<&str> {
    let items = match &value.kind {
        Kind::List(items) | Kind::Open(items, _) => items.as_slice(),
        _ => &[],
    };
    let mut names: Vec<&str> = items
        .iter()
        .filter_map(|item| item.as_pair().map(|(name, _)| &**name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
