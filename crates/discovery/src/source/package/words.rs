//! What VMs said last, as they said it: what a gateway that takes our place knows of them until they
//! have connected again.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    frame::{Frames, framed},
    message::{FromVm, Hello, Pushed},
};

#[cfg(test)]
mod tests;

/// Bytes that are handed on, at most; the VMs beyond are met when they connect again.
pub(crate) const WORDS_BYTES_MAX: usize = 64 << 20;

/// The hello and the last report of one VM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    hello: Vec<u8>,
    report: Vec<u8>,
}

impl Words {
    /// Keeps a message, if it is one that counts.
    pub(crate) fn keep(&self, message: &FromVm, frame: &[u8]) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match message {
            FromVm::Hello(_) => said.hello = framed(frame),
            FromVm::Report(_) => said.report = framed(frame),
            FromVm::Bye | FromVm::Other => {}
        }
    }

    /// Adds them to what is handed on, where there is a report and room.
    pub(crate) fn add_to(&self, handed: &mut Vec<u8>) {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = said.hello.len().saturating_add(said.report.len());
        let is_whole = !said.hello.is_empty() && !said.report.is_empty();
        if is_whole && handed.len().saturating_add(bytes) <= WORDS_BYTES_MAX {
            handed.extend_from_slice(&said.hello);
            handed.extend_from_slice(&said.report);
        }
    }
}

/// Reads what was handed on, and what of it is to be handed on again. What can't be read, as from
/// another version, ends it.
pub(crate) fn read(handed: &[u8]) -> Vec<(Hello, Pushed, Words)> {
    let mut frames = Frames::default();
    frames.feed(handed);
    let mut vms = Vec::new();
    let mut next = |words: &Words| {
        let frame = frames.take().ok()??;
        let message = FromVm::read(frame).ok()?;
        words.keep(&message, frame);
        Some(message)
    };
    loop {
        let words = Words::default();
        let (Some(FromVm::Hello(hello)), Some(FromVm::Report(pushed))) =
            (next(&words), next(&words))
        else {
            return vms;
        };
        vms.push((*hello, pushed, words));
    }
}
