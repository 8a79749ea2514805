//! Which byte may stand where, and how far a run of such bytes goes.

/// `tchar` (RFC 9110 §5.6.2): methods and field names.
const TOKEN: u8 = 1;
/// Visible ASCII without `#`: a request target has no fragment (RFC 9112 §3.2).
const TARGET: u8 = 2;
/// `field-vchar`, SP and HTAB (RFC 9110 §5.5): no control but HTAB; `obs-text` passes.
const VALUE: u8 = 4;

/// The classes of each byte.
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        // The index is below 256 by the loop's condition.
        #[expect(clippy::cast_possible_truncation, reason = "no try_from in a const")]
        let value = byte as u8;
        if value.is_ascii_graphic() {
            table[byte] |= VALUE;
            if value != b'#' {
                table[byte] |= TARGET;
            }
        }
        if value.is_ascii_alphanumeric() || is_token_mark(value) {
            table[byte] |= TOKEN;
        }
        if value == b' ' || value == b'\t' || value >= 0x80 {
            table[byte] |= VALUE;
        }
        byte += 1;
    }
    table
};

const fn is_token_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    )
}

fn run(bytes: &[u8], class: u8) -> usize {
    bytes
        .iter()
        .position(|byte| CLASS[usize::from(*byte)] & class == 0)
        .unwrap_or(bytes.len())
}

/// Returns how many bytes of a token `bytes` begins with.
pub(crate) fn token_len(bytes: &[u8]) -> usize {
    run(bytes, TOKEN)
}

/// Returns how many bytes of a request target `bytes` begins with.
pub(crate) fn target_len(bytes: &[u8]) -> usize {
    run(bytes, TARGET)
}

/// Returns how many bytes of a field value, its surrounding white space included, `bytes` begins
/// with.
pub(crate) fn value_len(bytes: &[u8]) -> usize {
    // Values are most of a head. Eight bytes at a time are looked at for controls; the rare word
    // that may have one (or an HTAB) is looked at byte by byte.
    let mut len = 0;
    for word in bytes.chunks_exact(8) {
        if may_have_control(word) {
            let clean = run(word, VALUE);
            if clean < word.len() {
                return len + clean;
            }
        }
        len += word.len();
    }
    len + run(&bytes[len..], VALUE)
}

/// Whether one of eight bytes may be below 0x20 or 0x7F; never misses one.
fn may_have_control(word: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let Ok(word) = <[u8; 8]>::try_from(word) else {
        return true;
    };
    let word = u64::from_ne_bytes(word);
    // A byte's high bit stays set where subtracting borrows from it: the byte was smaller. A borrow
    // into the next byte can only tell of a control that isn't there.
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word ^ (ONES * 0x7F);
    let is_delete = delete.wrapping_sub(ONES) & !delete;
    (below_space | is_delete) & HIGH != 0
}

/// Returns whether `bytes` is a token: not empty, `tchar` only.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_len(bytes) == bytes.len()
}

/// Returns `bytes` without SP and HTAB at both ends (`OWS`, RFC 9110 §5.6.3).
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(start) = bytes.iter().position(|byte| !is_space(byte)) else {
        return &[];
    };
    let end = bytes
        .iter()
        .rposition(|byte| !is_space(byte))
        .map_or(start, |last| last + 1);
    &bytes[start..end]
}

#[cfg(test)]
mod tests;
