//! Control messages, from which every frame of a link begins ("Protocol between Connected Nodes").

use std::borrow::Cow;

use erlterm::etf::{Pid, Reference, TermRef, encode};

use crate::{
    frame::{self, Width},
    handshake::Named,
};

/// The byte before each control message, "pass through".
pub(crate) const PASS_THROUGH: u8 = 112;

/// The first elements of control messages, by their names in "Control Messages".
pub(crate) mod control {
    pub(crate) const LINK: i64 = 1;
    pub(crate) const SEND: i64 = 2;
    pub(crate) const REG_SEND: i64 = 6;
    pub(crate) const SEND_TT: i64 = 12;
    pub(crate) const REG_SEND_TT: i64 = 16;
    pub(crate) const MONITOR_P: i64 = 19;
    pub(crate) const MONITOR_P_EXIT: i64 = 21;
    pub(crate) const SEND_SENDER: i64 = 22;
    pub(crate) const SEND_SENDER_TT: i64 = 23;
    pub(crate) const PAYLOAD_EXIT: i64 = 24;
    pub(crate) const PAYLOAD_EXIT2: i64 = 26;
    pub(crate) const PAYLOAD_MONITOR_P_EXIT: i64 = 28;
    pub(crate) const SPAWN_REQUEST: i64 = 29;
    pub(crate) const SPAWN_REQUEST_TT: i64 = 30;
    pub(crate) const SPAWN_REPLY: i64 = 31;
    pub(crate) const SPAWN_REPLY_TT: i64 = 32;
    pub(crate) const UNLINK_ID: i64 = 35;
    pub(crate) const UNLINK_ID_ACK: i64 = 36;
}

/// Appends a frame: a control message and perhaps a payload.
pub(crate) fn put(message: &TermRef<'_>, payload: Option<&TermRef<'_>>, out: &mut Vec<u8>) {
    let mut body = vec![PASS_THROUGH];
    let written = encode(message, &mut body)
        .and_then(|()| payload.map_or(Ok(()), |payload| encode(payload, &mut body)));
    // What we write is short, and what we give back came from a node.
    debug_assert!(written.is_ok(), "{message:?}");
    if written.is_ok() {
        frame::write(Width::Four, &body, out);
    }
}

/// The first word of a reference has 18 bits that count, the others 32.
const REFERENCE_WORD: u32 = 1 << 18;

/// Returns our one process.
pub(crate) fn us(own: &Named) -> Pid<'_> {
    Pid {
        node: Cow::Borrowed(own.name.as_str()),
        id: 1,
        serial: 0,
        creation: own.creation,
    }
}

/// Returns the reference that carries a number of ours.
pub(crate) fn reference(own: &Named, number: u64) -> Reference<'_> {
    let low = number.rem_euclid(REFERENCE_WORD.into());
    let high = number.div_euclid(REFERENCE_WORD.into());
    // Fifty bits last for millions of years of calls.
    let words = [low, high].map(|word| u32::try_from(word).unwrap_or(u32::MAX));
    let [low, high] = words;
    let node = Cow::Borrowed(own.name.as_str());
    Reference::new(node, own.creation, &[low, high, 0]).expect("three words are no more than five")
}

/// Returns the number in a reference, if it is one of ours.
pub(crate) fn number_of(own: &Named, made: &Reference<'_>) -> Option<u64> {
    if made.node != own.name.as_str() || made.creation != own.creation {
        return None;
    }
    match *made.words() {
        [low, high, 0] if low < REFERENCE_WORD => {
            let high = u64::from(high).checked_mul(REFERENCE_WORD.into())?;
            high.checked_add(low.into())
        }
        _ => None,
    }
}

/// Returns a process that outlives the bytes it came in.
pub(crate) fn owned(pid: &Pid<'_>) -> Pid<'static> {
    Pid {
        node: Cow::Owned(pid.node.clone().into_owned()),
        id: pid.id,
        serial: pid.serial,
        creation: pid.creation,
    }
}
