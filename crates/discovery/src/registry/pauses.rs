//! The services whose requests wait, because an operator wishes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use routes::Snapshot;
use tokio::time::Instant;

/// A pause lasts no longer: who wished for it may have gone.
pub const PAUSE_MAX: Duration = Duration::from_secs(600);
/// Names in a message, at most.
const NAMES_MAX: usize = 20;

/// An operator's wish for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Its requests are to wait for so long, or until it is resumed.
    Begin(Duration),
    /// They are to go on.
    End,
}

/// Why a wish can't be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    /// The table has no such service.
    #[error("no service is named \"{name}\"; there {known}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// It is not paused.
    #[error("{0} is not paused")]
    NotPaused(String),
}

/// The wishes that hold, each with its end.
#[derive(Debug, Default)]
pub(super) struct Pauses(BTreeMap<String, Instant>);

impl Pauses {
    /// Grants a wish.
    pub(super) fn grant(
        &mut self,
        service: &str,
        pause: &Pause,
        snapshot: &Snapshot,
        now: Instant,
    ) -> Result<(), PauseError> {
        match pause {
            Pause::Begin(length) => {
                if snapshot.by_name(service).is_none() {
                    return Err(unknown(service, snapshot));
                }
                let until = now + (*length).min(PAUSE_MAX);
                self.0.insert(service.to_owned(), until);
                Ok(())
            }
            Pause::End => match self.0.remove(service) {
                Some(_) => Ok(()),
                None if snapshot.by_name(service).is_none() => Err(unknown(service, snapshot)),
                None => Err(PauseError::NotPaused(service.to_owned())),
            },
        }
    }

    /// Forgets those whose time is up, and returns them.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<String> {
        let over = self.0.extract_if(.., |_, until| *until <= now);
        over.map(|(service, _)| service).collect()
    }

    /// When the next one ends.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }

    /// The services that are paused.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }
}

fn unknown(name: &str, snapshot: &Snapshot) -> PauseError {
    let names = snapshot
        .services
        .iter()
        .map(|service| service.name.as_str());
    let names: Vec<&str> = names.take(NAMES_MAX).collect();
    let more = snapshot.services.len() - names.len();
    let known = match (names.is_empty(), more) {
        (true, _) => "is none".to_owned(),
        (false, 0) => format!("are: {}", names.join(", ")),
        (false, more) => format!("are: {} and {more} more", names.join(", ")),
    };
    PauseError::Unknown {
        name: name.to_owned(),
        known,
    }
}
