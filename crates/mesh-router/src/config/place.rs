//! Where a setting was written, and what is wrong there.

use std::fmt;

use routes::Origin;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A command-line flag, with its dashes.
    Flag(&'static str),
    /// An environment variable.
    Variable(String),
    /// `mesh-router.toml`; line and column count from 1, the column in characters.
    File {
        /// The file as the user would name it.
        file: String,
        /// The line.
        line: u32,
        /// The column.
        column: u32,
    },
    /// The project's own config: `config :ex_service_mesh_router, …`.
    Project(Origin),
    /// Nobody said anything.
    Default,
}

impl Place {
    /// Sorts places: flags and variables, then the project's config, then `mesh-router.toml`, each
    /// file from its top.
    pub(crate) fn order(&self) -> (u8, &str, u32, u32) {
        match self {
            Self::Flag(_) | Self::Variable(_) | Self::Default => (0, "", 0, 0),
            Self::Project(origin) => (1, &origin.file, origin.line, 0),
            Self::File { file, line, column } => (2, file, *line, *column),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Project(origin) => origin.fmt(f),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it was written.
    pub(crate) place: Place,
    /// What is wrong, with the nearest right word where there is one.
    pub(crate) message: String,
}

impl Problem {
    /// Says that what stands at `place` is wrong.
    pub(crate) fn new(place: &Place, message: impl Into<String>) -> Self {
        Self {
            place: place.clone(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with the configuration, in the order it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
