//! What the evaluator could not know, told so that a person can mend it.

/// Findings of one evaluation, at most; a hostile script gets no more.
pub(crate) const FINDINGS_MAX: usize = 256;

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, relative to the project's root.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// What the evaluator could not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A kebab-case name of the kind of finding, stable between versions.
    pub code: &'static str,
    /// What was found, as a sentence without a full stop.
    pub message: String,
    /// How to mend it.
    pub fix: String,
    /// Where it was found.
    pub at: Written,
    /// Whether Elixir itself would abort here too.
    pub is_error: bool,
}

/// Kinds of findings, with what is said once for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    SyntaxError,
    TooLarge,
    ImportMissing,
    ImportRepeated,
    ImportAtRuntime,
    ImportUnknown,
    ConfigMissing,
    NeedsEnv,
    Raises,
    Refused,
    NotEvaluated,
    ReleasesExs,
}

impl Code {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SyntaxError => "syntax-error",
            Self::TooLarge => "config-too-large",
            Self::ImportMissing => "import-missing",
            Self::ImportRepeated => "import-repeated",
            Self::ImportAtRuntime => "import-at-runtime",
            Self::ImportUnknown => "import-unknown",
            Self::ConfigMissing => "config-missing",
            Self::NeedsEnv => "needs-env",
            Self::Raises => "raises",
            Self::Refused => "elixir-refuses",
            Self::NotEvaluated => "not-evaluated",
            Self::ReleasesExs => "releases-exs",
        }
    }

    pub(crate) fn fix(self) -> &'static str {
        match self {
            Self::SyntaxError => "correct the file; Elixir cannot read it either",
            Self::TooLarge => {
                "split or simplify the configuration, or name the routes in mesh-router.toml"
            }
            Self::ImportMissing => {
                "create the file, or guard the import with `if File.exists?(…)`; until then \
                 settings that it could change are unknown"
            }
            Self::ImportRepeated => "import each file once",
            Self::ImportAtRuntime => "import only from config.exs; runtime.exs allows no imports",
            Self::ImportUnknown => {
                "import a path made of literals, config_env() and config_target()"
            }
            Self::ConfigMissing => "correct config_path in mix.exs",
            Self::NeedsEnv => {
                "where an endpoint depends on it, a finding of its own says so: then set it for the gateway too (--env-file)"
            }
            Self::Raises => "meet the condition that the configuration asks for",
            Self::Refused => "correct the expression",
            Self::NotEvaluated => "name the routes that depend on it in mesh-router.toml",
            Self::ReleasesExs => "since Elixir 1.11 config/runtime.exs serves both",
        }
    }

    /// Whether Elixir aborts too. A missing variable is missing here alone: the app may have it.
    pub(crate) fn is_error(self) -> bool {
        match self {
            Self::SyntaxError
            | Self::TooLarge
            | Self::ImportMissing
            | Self::ImportRepeated
            | Self::ImportAtRuntime
            | Self::ConfigMissing
            | Self::Refused => true,
            Self::ImportUnknown
            | Self::NeedsEnv
            | Self::Raises
            | Self::NotEvaluated
            | Self::ReleasesExs => false,
        }
    }

    /// Whether nothing of the evaluation is to be used.
    pub(crate) fn breaks(self) -> bool {
        match self {
            Self::SyntaxError
            | Self::TooLarge
            | Self::ImportRepeated
            | Self::ImportAtRuntime
            | Self::ConfigMissing => true,
            Self::ImportMissing
            | Self::ImportUnknown
            | Self::NeedsEnv
            | Self::Raises
            | Self::Refused
            | Self::NotEvaluated
            | Self::ReleasesExs => false,
        }
    }
}
