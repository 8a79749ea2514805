//! Frames: a length, then so many bytes.
//!
//! During the handshake lengths have two bytes over TCP, four over TLS; afterwards four ("Protocol
//! between Connected Nodes"). A length of 0 is then a tick.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// Bytes of a message of the handshake, at most.
pub const HANDSHAKE_BYTES_MAX: usize = 4 * 1024;

/// Bytes of a frame that is kept, at most.
pub const FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes kept of a frame that is not: its control message says whose answer is lost.
const OVERSIZED_HEAD_BYTES: usize = 1024;

/// How many bytes a length has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Two: the handshake over TCP.
    Two,
    /// Four: everything else.
    Four,
}

/// One frame, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A length of 0.
    Tick,
    /// All of it.
    Whole(Cow<'a, [u8]>),
    /// Larger than the bound: its length and first bytes. The rest will be passed over.
    Oversized {
        /// The length told.
        length: usize,
        /// The first bytes.
        head: Vec<u8>,
    },
}

/// Cuts a stream of bytes into frames. It holds one unfinished frame at most, and no more memory than
/// twice the bytes of it that came.
#[derive(Debug)]
pub struct Frames {
    width: Width,
    bytes_max: usize,
    head_bytes: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Length { bytes: [u8; 4], have: usize },
    Body { length: usize, bytes: Vec<u8> },
    Pass { left: usize },
}

const START: State = State::Length {
    bytes: [0; 4],
    have: 0,
};

impl Frames {
    /// Cuts the messages of a handshake.
    #[must_use]
    pub fn of_handshake(width: Width) -> Self {
        Self {
            width,
            bytes_max: HANDSHAKE_BYTES_MAX,
            head_bytes: 0,
            state: START,
        }
    }

    /// Cuts the frames of a connected node, of which those beyond `bytes_max` are passed over.
    #[must_use]
    pub fn of_link(bytes_max: usize) -> Self {
        Self {
            width: Width::Four,
            bytes_max,
            head_bytes: OVERSIZED_HEAD_BYTES.min(bytes_max),
            state: START,
        }
    }

    /// Takes bytes from `input` until a frame is there; `None` when `input` has no more.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Frame<'a>> {
        loop {
            match &mut self.state {
                State::Length { bytes, have } => {
                    let length = length(self.width, bytes, have, input)?;
                    if length == 0 {
                        self.state = START;
                        return Some(Frame::Tick);
                    }
                    self.state = State::Body {
                        length,
                        bytes: Vec::new(),
                    };
                }
                State::Body { length, bytes } => {
                    let length = *length;
                    let wanted = match length > self.bytes_max {
                        true => self.head_bytes,
                        false => length,
                    };
                    let taken = take(input, wanted.saturating_sub(bytes.len()));
                    if bytes.len().saturating_add(taken.len()) < wanted {
                        bytes.extend_from_slice(taken);
                        return None;
                    }
                    let body = match bytes.is_empty() {
                        true => Cow::Borrowed(taken),
                        false => {
                            bytes.extend_from_slice(taken);
                            Cow::Owned(std::mem::take(bytes))
                        }
                    };
                    self.state = START;
                    if length <= self.bytes_max {
                        return Some(Frame::Whole(body));
                    }
                    self.state = State::Pass {
                        left: length.saturating_sub(wanted),
                    };
                    let head = body.into_owned();
                    return Some(Frame::Oversized { length, head });
                }
                State::Pass { left } => {
                    let passed = take(input, *left);
                    *left = left.saturating_sub(passed.len());
                    if *left > 0 {
                        return None;
                    }
                    self.state = START;
                }
            }
        }
    }
}

/// Collects a length's bytes; `None` while some are missing.
fn length(width: Width, bytes: &mut [u8; 4], have: &mut usize, input: &mut &[u8]) -> Option<usize> {
    let wanted = match width {
        Width::Two => 2,
        Width::Four => 4,
    };
    let taken = take(input, wanted.min(4_usize).saturating_sub(*have));
    for (place, byte) in bytes.iter_mut().skip(*have).zip(taken) {
        *place = *byte;
    }
    *have = have.saturating_add(taken.len());
    if *have < wanted {
        return None;
    }
    let [b0, b1, b2, b3] = *bytes;
    let length = match width {
        Width::Two => u16::from_be_bytes([b0, b1]).into(),
        Width::Four => u32::from_be_bytes([b0, b1, b2, b3]),
    };
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

/// Takes at most `count` bytes from the front of `input`.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    taken
}

/// Appends a message with its length before it, which must fit the width.
pub(crate) fn write(width: Width, message: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    match width {
        Width::Two => {
            debug_assert!(length <= u16::MAX.into(), "handshakes are short");
            out.extend(length.to_be_bytes().iter().skip(2));
        }
        Width::Four => out.extend_from_slice(&length.to_be_bytes()),
    }
    out.extend_from_slice(message);
}
