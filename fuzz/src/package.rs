//! What a VM sends: the same messages however the bytes come, and an end behind what can't be framed.

use discovery::{Frames, FromVm, TooLong, Unreadable};

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let whole = read(bytes, usize::MAX);
    for sees in [1, 7] {
        assert_eq!(read(bytes, sees), whole);
    }
    for refusal in whole.0.iter().filter_map(|message| message.as_ref().err()) {
        let why = refusal.to_string();
        assert!(!why.is_empty() && !why.contains('\n'), "{why:?}");
    }
}

/// The messages in bytes that come in pieces of `sees`, and why no more can be read, if so.
fn read(bytes: &[u8], sees: usize) -> (Vec<Result<FromVm, Unreadable>>, Option<TooLong>) {
    let mut frames = Frames::default();
    let mut messages = Vec::new();
    for piece in bytes.chunks(sees.max(1)) {
        frames.feed(piece);
        loop {
            match frames.take() {
                Ok(Some(frame)) => messages.push(FromVm::read(frame)),
                Ok(None) => break,
                Err(too_long) => return (messages, Some(too_long)),
            }
        }
    }
    (messages, None)
}
