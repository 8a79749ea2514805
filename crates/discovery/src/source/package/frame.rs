//! Bytes in, frames out: a length of four bytes, big endian, and that many bytes. Pure.

#[cfg(test)]
mod tests;

/// Bytes of a frame, at most.
pub(crate) const FRAME_BYTES_MAX: usize = 8 << 20;

/// Bytes of the length before each frame.
const LENGTH_BYTES: usize = 4;

/// Room that is kept between frames; what a larger one needed is given back.
const ROOM_KEPT: usize = 64 * 1024;

/// A frame that announces more bytes than are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong(u32);

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a frame of {} bytes was announced, and at most {FRAME_BYTES_MAX} are taken",
            self.0
        )
    }
}

impl std::error::Error for TooLong {}

/// Bytes that came and are no whole frame yet. It holds what has come, never what was announced.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Bytes at the front that were taken as frames.
    taken: usize,
}

impl Frames {
    /// Takes bytes as they came.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        if self.bytes.capacity() > ROOM_KEPT && self.bytes.len() <= ROOM_KEPT {
            self.bytes.shrink_to(ROOM_KEPT);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next whole frame, without its length.
    ///
    /// # Errors
    ///
    /// It announces more bytes than are taken. Nothing after that can be read.
    pub fn take(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let bytes = self.bytes.get(self.taken..).unwrap_or_default();
        let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let announced = u32::from_be_bytes(*length);
        let length = usize::try_from(announced).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(TooLong(announced));
        }
        let Some(frame) = rest.get(..length) else {
            return Ok(None);
        };
        self.taken += LENGTH_BYTES + length;
        Ok(Some(frame))
    }
}

/// Puts its length before a frame.
pub(crate) fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(LENGTH_BYTES + frame.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    bytes
}
