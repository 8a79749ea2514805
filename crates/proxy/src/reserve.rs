//! Descriptors kept back for when all others are in use: with one given up, a listener can take a
//! connection, if only to close it, or answer the operator who asks what is wrong.

use std::{fs::File, io};

/// Leads nowhere, and is there on every system.
const NOWHERE: &str = "/dev/null";

/// Descriptors kept back.
#[derive(Debug)]
pub struct Reserve {
    kept: Vec<File>,
    size: usize,
}

impl Reserve {
    /// Keeps `size` descriptors back, or fewer where there are no more.
    pub fn new(size: usize) -> Self {
        let kept = Vec::with_capacity(size);
        let mut reserve = Self { kept, size };
        reserve.refill();
        reserve
    }

    /// Gives one up; returns whether there was one.
    pub fn spend(&mut self) -> bool {
        self.kept.pop().is_some()
    }

    /// Keeps descriptors back again, as far as there are any.
    pub fn refill(&mut self) {
        while self.kept.len() < self.size {
            let Ok(file) = File::open(NOWHERE) else {
                return;
            };
            self.kept.push(file);
        }
    }
}

/// Whether the process or the system has no descriptor left (`EMFILE`, `ENFILE`: the same numbers
/// on Linux and macOS).
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
}
