//! Options out of keyword lists, each absent, known or not to be known.

use erlterm::Term;
use routes::Origin;

use crate::{
    Setting,
    endpoint::Settings,
    value::{is_atom, text},
};

/// One option, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Opt<T> {
    /// Nobody gives it.
    #[default]
    Absent,
    /// It is this.
    Is(T),
    /// It is given, and what it is can't be known here.
    Unknown,
}

impl<T> Opt<T> {
    /// The value, where there is one and it is known.
    pub(crate) fn known(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Reads further; what the value can't be read as is not known.
    pub(crate) fn read<U>(self, read: impl FnOnce(T) -> Option<U>) -> Opt<U> {
        match self {
            Self::Absent => Opt::Absent,
            Self::Is(value) => read(value).map_or(Opt::Unknown, Opt::Is),
            Self::Unknown => Opt::Unknown,
        }
    }
}

/// Looks up an option as `Keyword.get/2` does: the first of that name. `nil` stays `nil`, and what is
/// computed is not known.
pub(crate) fn option(options: &Term, name: &str) -> Opt<Term> {
    let Term::List(items) = options else {
        return Opt::Unknown;
    };
    for item in items {
        match item {
            Term::Tuple(pair) => match pair.as_slice() {
                [key, value] if is_atom(key, name) => return known(value),
                // A computed key may be this one.
                [Term::Opaque(_), _] => return Opt::Unknown,
                _ => {}
            },
            Term::Opaque(_) => return Opt::Unknown,
            _ => {}
        }
    }
    Opt::Absent
}

fn known(value: &Term) -> Opt<Term> {
    if is_computed(value) {
        Opt::Unknown
    } else {
        Opt::Is(value.clone())
    }
}

/// Returns whether the term itself is computed; one that holds something computed may still tell.
pub(crate) fn is_computed(term: &Term) -> bool {
    matches!(term, Term::Opaque(_))
}

/// Reads one setting with where it stands; `nil` is none.
pub(crate) fn setting<T>(
    settings: &Settings<'_>,
    path: &[&str],
    read: impl FnOnce(&Term) -> Option<T>,
) -> Opt<(T, Origin)> {
    match settings.get(path) {
        Setting::Absent => Opt::Absent,
        Setting::Unknown { .. } => Opt::Unknown,
        Setting::Known(term, origin) => {
            read(&term).map_or(Opt::Unknown, |value| Opt::Is((value, origin)))
        }
    }
}

/// A text that isn't empty.
pub(crate) fn name(term: &Term) -> Option<String> {
    text(term).filter(|text| !text.is_empty())
}

/// A number of milliseconds.
pub(crate) fn milliseconds(term: &Term) -> Option<std::time::Duration> {
    match term {
        Term::Integer(number) => u64::try_from(*number)
            .ok()
            .map(std::time::Duration::from_millis),
        _ => None,
    }
}
