//! One field line: where it stands and which it is.

use std::ops::Range;

use crate::name::Name;

/// Byte offsets into the buffer that was parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// Offsets in a head, which is never longer than [`Span::MAX`].
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: offset(start),
            end: offset(end),
        }
    }

    /// The largest offset there is.
    pub(crate) const MAX: usize = u32::MAX as usize;

    /// Returns the offsets as a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns the bytes of `buf` that this span covers.
    ///
    /// `buf` is the buffer that was parsed, or begins with the same bytes.
    #[must_use]
    pub fn of(self, buf: &[u8]) -> &[u8] {
        &buf[self.range()]
    }
}

/// A field line as spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which of the known names it has.
    pub id: Name,
    /// The name as it was sent.
    pub name: Span,
    /// The value without surrounding white space.
    pub value: Span,
    /// The whole line with its CRLF.
    pub line: Span,
}
