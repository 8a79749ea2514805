//! What a source saw and could not use, or what will surprise.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Will surprise.
    Warning,
    /// Something does not work.
    Error,
}

impl Severity {
    /// The name in JSON and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where a value was written: a file relative to the project's root, and a line counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file, relative to the project's root where it lies below it.
    pub file: String,
    /// The line, counted from 1; 0 where the whole file is meant.
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Something a source saw and could not use, or that will surprise. Shown, never fatal by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// A stable name in kebab case, e.g. `port-twice`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Where it was seen, if in a file.
    pub origin: Option<Origin>,
    /// What is the matter, one sentence, lower case, no full stop.
    pub message: String,
    /// How to mend it; empty where there is nothing to do.
    pub fix: String,
}
