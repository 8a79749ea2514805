//! WebSocket frame boundaries (RFC 6455 §5.2).

/// A close frame's opcode.
const CLOSE: u8 = 0x8;
/// The bit of the first byte that says that no frame of this message follows.
const FIN: u8 = 0x80;
/// The bit of the second byte that says that the payload is masked.
const MASKED: u8 = 0x80;
/// The two bytes every frame begins with.
const HEADER_BYTES_MIN: usize = 2;
/// These two, a 64-bit length, and the masking key.
const HEADER_BYTES_MAX: usize = HEADER_BYTES_MIN + 8 + KEY_BYTES;
const KEY_BYTES: usize = 4;

/// Follows the frames of one direction without looking into payloads, but for the code of a close
/// frame.
///
/// Whether frames are masked, minimal, of a known kind or in order is for the ends to judge.
#[derive(Debug, Default)]
pub struct Frames {
    place: Place,
    header: [u8; HEADER_BYTES_MAX],
    header_len: usize,
    payload_left: u64,
    /// The first bytes of the first close frame's payload, unmasked.
    code: [u8; 2],
    code_len: usize,
    close_code: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Header,
    Payload,
    /// Behind a length that can't be.
    Lost,
}

impl Frames {
    /// Follows the next `bytes`.
    ///
    /// A 64-bit length with its highest bit set can't be; the boundaries are unknown from then on.
    pub fn follow(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match self.place {
                Place::Header => self.header(rest),
                Place::Payload => self.payload(rest),
                Place::Lost => return,
            };
            rest = &rest[taken..];
        }
    }

    /// Returns whether the bytes so far end between two frames.
    #[must_use]
    pub fn at_boundary(&self) -> bool {
        self.place == Place::Header && self.header_len == 0
    }

    /// Returns the code of the first close frame, once it has come; 0 where that frame has none.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        self.close_code
    }

    /// Takes bytes of a frame's header.
    fn header(&mut self, bytes: &[u8]) -> usize {
        let wanted = self.header_wanted();
        let taken = bytes.len().min(wanted.saturating_sub(self.header_len));
        self.header[self.header_len..self.header_len + taken].copy_from_slice(&bytes[..taken]);
        self.header_len += taken;
        // The second byte says how long the header is.
        if self.header_len >= HEADER_BYTES_MIN && self.header_len == self.header_wanted() {
            self.begin_payload();
        }
        taken
    }

    fn header_wanted(&self) -> usize {
        if self.header_len < HEADER_BYTES_MIN {
            return HEADER_BYTES_MIN;
        }
        let second = self.header[1];
        let length = match second & !MASKED {
            127 => 8,
            126 => 2,
            _ => 0,
        };
        HEADER_BYTES_MIN + length + if second & MASKED == 0 { 0 } else { KEY_BYTES }
    }

    fn begin_payload(&mut self) {
        let [_, second, length @ ..] = self.header;
        let [a, b, c, d, e, f, g, h, ..] = length;
        self.payload_left = match second & !MASKED {
            127 => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            126 => u64::from(u16::from_be_bytes([a, b])),
            length => u64::from(length),
        };
        if i64::try_from(self.payload_left).is_err() {
            self.place = Place::Lost;
            return;
        }
        self.place = Place::Payload;
        self.end_if_whole();
    }

    /// Takes bytes of a frame's payload.
    fn payload(&mut self, bytes: &[u8]) -> usize {
        let taken =
            usize::try_from(self.payload_left).map_or(bytes.len(), |left| left.min(bytes.len()));
        if self.is_first_close() {
            self.read_code(&bytes[..taken]);
        }
        self.payload_left = self.payload_left.saturating_sub(taken as u64);
        self.end_if_whole();
        taken
    }

    fn is_first_close(&self) -> bool {
        self.header[0] & 0x0F == CLOSE && self.close_code.is_none()
    }

    fn read_code(&mut self, payload: &[u8]) {
        for byte in payload.iter().take(self.code.len() - self.code_len) {
            self.code[self.code_len] = byte ^ self.key()[self.code_len];
            self.code_len += 1;
        }
        if self.code_len == self.code.len() {
            self.close_code = Some(u16::from_be_bytes(self.code));
        }
    }

    /// The masking key, zeros where the payload isn't masked.
    fn key(&self) -> [u8; KEY_BYTES] {
        let key = if self.header[1] & MASKED == 0 {
            None
        } else {
            self.header[..self.header_len].last_chunk()
        };
        key.copied().unwrap_or_default()
    }

    fn end_if_whole(&mut self) {
        if self.payload_left > 0 {
            return;
        }
        if self.is_first_close() {
            self.close_code = Some(0);
        }
        self.place = Place::Header;
        self.header_len = 0;
    }
}

/// Returns a close frame as a server sends it, unmasked (RFC 6455 §5.5.1).
#[must_use]
pub fn close_frame(code: u16) -> [u8; 4] {
    let [high, low] = code.to_be_bytes();
    [FIN | CLOSE, 2, high, low]
}

#[cfg(test)]
mod tests;
