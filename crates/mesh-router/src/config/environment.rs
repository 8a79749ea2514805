//! The process's environment, read once.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail};

#[cfg(test)]
mod tests;

/// Environment variables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the process's variables; those that are no text are left out.
    pub(crate) fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// Adds the variables of a file with a `KEY=VALUE` on each line; they win.
    pub(crate) fn read(&mut self, file: &Path) -> anyhow::Result<()> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {shown}"))?;
        match lines(&text) {
            Ok(pairs) => self.0.extend(pairs),
            Err((line, message)) => bail!("{shown}:{line}: {message}"),
        }
        Ok(())
    }

    /// Returns a variable; an empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), value);
    }

    /// Returns all variables.
    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}

/// Parses `KEY=VALUE` lines as `docker --env-file` and systemd read them alike: `#` starts a
/// comment at a line's start, `export ` is passed over, one pair of quotes around a value goes.
pub(crate) fn lines(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            return Err((index + 1, "not a KEY=VALUE line".to_owned()));
        };
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err((index + 1, format!("\"{name}\" is not a variable's name")));
        }
        pairs.push((name.to_owned(), unquoted(value.trim()).to_owned()));
    }
    Ok(pairs)
}

fn unquoted(value: &str) -> &str {
    let pair = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    pair('"').or_else(|| pair('\'')).unwrap_or(value)
}
