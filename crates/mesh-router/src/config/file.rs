//! `mesh-router.toml` taken apart: every value as written, with its line and column.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    key::{self, ROUTE_KEYS, ROUTES},
    place::{Place, Problem},
};

/// One value as it was written. Numbers and words are kept as text: what they must be is checked
/// once, whether they come from the file, the environment or a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// The value.
    pub(crate) text: String,
    /// Where it was written.
    pub(crate) place: Place,
}

/// What was written for one key: a value, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// Where it starts.
    pub(crate) place: Place,
    /// The values.
    pub(crate) list: Vec<Word>,
}

/// A `[routes."host"]` table as written.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The host.
    pub(crate) host: Word,
    /// Key → values.
    pub(crate) words: BTreeMap<&'static str, Words>,
}

/// The file as written.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Key → values.
    pub(crate) words: BTreeMap<&'static str, Words>,
    /// The routes by hand.
    pub(crate) routes: Vec<Table>,
    /// What is wrong with it.
    pub(crate) problems: Vec<Problem>,
}

impl File {
    /// Takes the text of the file that users know as `name` apart.
    pub(crate) fn parse(name: &str, text: &str) -> Self {
        let mut reader = Reader {
            name,
            text,
            lines: text.match_indices('\n').map(|(at, _)| at + 1).collect(),
            file: Self::default(),
        };
        match DeTable::parse(text) {
            Ok(table) => {
                reader.top(table.get_ref());
                // The parser sorts by key; of two tables for one host the lower is the double.
                reader
                    .file
                    .routes
                    .sort_by(|a, b| a.host.place.order().cmp(&b.host.place.order()));
            }
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let mut message = error.message().trim_end().replace('\n', ", ");
                if let ("duplicate key", Some(key)) = (message.as_str(), text.get(span.clone())) {
                    message = format!("\"{}\" is written twice", key.trim_matches('"'));
                }
                reader.problem(&span, message);
            }
        }
        reader.file
    }
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    /// Where each line but the first begins.
    lines: Vec<usize>,
    file: File,
}

impl Reader<'_> {
    fn top(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            match value.get_ref() {
                DeValue::Table(routes) if name.get_ref() == ROUTES => self.routes(routes),
                _ if name.get_ref() == ROUTES => {
                    self.problem(&value.span(), "write routes as [routes.\"host\"] tables");
                }
                DeValue::Table(section) if key::is_section(name.get_ref()) => {
                    self.section(name.get_ref(), section);
                }
                _ if key::is_section(name.get_ref()) => {
                    let name = name.get_ref();
                    self.problem(
                        &value.span(),
                        format!("\"{name}\" is a section, write [{name}]"),
                    );
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_)
                | DeValue::Table(_) => self.setting(name.get_ref(), &name.span(), value),
            }
        }
    }

    /// Takes the keys of a section, and of the sections within it.
    fn section(&mut self, name: &str, section: &DeTable<'_>) {
        for (leaf, value) in section {
            let path = format!("{name}.{}", leaf.get_ref());
            match value.get_ref() {
                DeValue::Table(within) if key::is_section(&path) => self.section(&path, within),
                _ if key::is_section(&path) => self.problem(
                    &value.span(),
                    format!("\"{path}\" is a section, write [{path}]"),
                ),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_)
                | DeValue::Table(_) => self.setting(&path, &leaf.span(), value),
            }
        }
    }

    fn setting(&mut self, path: &str, span: &Range<usize>, value: &Spanned<DeValue<'_>>) {
        let Some(key) = key::find(path) else {
            return self.problem(span, key::unknown(path, []));
        };
        if let Some(words) = self.words(value) {
            self.file.words.insert(key.name, words);
        }
    }

    fn routes(&mut self, routes: &DeTable<'_>) {
        for (host, value) in routes {
            let DeValue::Table(table) = value.get_ref() else {
                let text = host.get_ref();
                self.problem(
                    &value.span(),
                    format!("write [routes.\"{text}\"] with its keys below"),
                );
                continue;
            };
            let host = Word {
                text: host.get_ref().to_string(),
                place: self.place(&host.span()),
            };
            if let Some(words) = self.route(&host.text, table) {
                self.file.routes.push(Table { host, words });
            }
        }
    }

    /// Returns the words of a route, or `None` where one of its keys is none: it is not whole then.
    fn route(&mut self, host: &str, table: &DeTable<'_>) -> Option<BTreeMap<&'static str, Words>> {
        let mut words = BTreeMap::new();
        let mut is_whole = true;
        for (name, value) in table {
            let Some(known) = ROUTE_KEYS.iter().find(|key| *key == name.get_ref()) else {
                let message = unknown_in_route(host, name.get_ref(), value.get_ref());
                self.problem(&name.span(), message);
                is_whole = false;
                continue;
            };
            match self.words(value) {
                Some(values) => {
                    words.insert(*known, values);
                }
                None => is_whole = false,
            }
        }
        is_whole.then_some(words)
    }

    /// Returns the one value or the array's values as text, or notes that it is neither.
    fn words(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Words> {
        let list = match value.get_ref().as_array() {
            Some(values) => values.iter().map(|value| self.word(value)).collect(),
            None => self.word(value).map(|word| vec![word]),
        };
        let place = self.place(&value.span());
        list.map(|list| Words { place, list })
    }

    fn word(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Word> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) => {
                self.problem(&value.span(), "a value is expected here, found a list");
                return None;
            }
            DeValue::Table(_) => {
                self.problem(&value.span(), "a value is expected here, found a table");
                return None;
            }
        };
        Some(Word {
            text,
            place: self.place(&value.span()),
        })
    }

    fn problem(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let place = self.place(span);
        self.file.problems.push(Problem::new(&place, message));
    }

    /// Turns a byte offset into line and column.
    fn place(&self, span: &Range<usize>) -> Place {
        let above = self.lines.partition_point(|start| *start <= span.start);
        let start = above.checked_sub(1).map_or(0, |last| self.lines[last]);
        let before = self.text.get(start..span.start).unwrap_or_default();
        let (line, column) = (above + 1, before.chars().count() + 1);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place::File {
            file: self.name.to_owned(),
            line: number(line),
            column: number(column),
        }
    }
}

/// `[routes.auth.local]` without quotes is a table in a table: the commonest slip here.
fn unknown_in_route(host: &str, name: &str, value: &DeValue<'_>) -> String {
    if matches!(value, DeValue::Table(_)) {
        return format!("quote a host with dots: [routes.\"{host}.{name}\"]");
    }
    key::unknown_in_route(name)
}
