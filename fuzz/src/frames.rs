//! WebSocket frames: the same in any pieces, and boundaries where the lengths say.

use http1::Frames;

/// Takes whole frames off the front; returns what is left, or `None` behind a length that can't be.
fn without_frames(mut bytes: &[u8]) -> Option<&[u8]> {
    while let [_, second, rest @ ..] = bytes {
        let width = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((length, rest)) = rest.split_at_checked(width) else {
            break;
        };
        let length = match width {
            0 => u64::from(second & 0x7F),
            _ => length
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let key = if second & 0x80 == 0 { 0 } else { 4 };
        let Some(payload) = rest.get(key..) else {
            break;
        };
        if length > i64::MAX.unsigned_abs() {
            return None;
        }
        let Some(next) = usize::try_from(length)
            .ok()
            .and_then(|length| payload.get(length..))
        else {
            break;
        };
        bytes = next;
    }
    Some(bytes)
}

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let mut whole = Frames::default();
    whole.follow(bytes);
    assert_eq!(
        whole.at_boundary(),
        without_frames(bytes).is_some_and(<[u8]>::is_empty)
    );
    for size in [1, 3] {
        let mut pieces = Frames::default();
        bytes.chunks(size).for_each(|piece| pieces.follow(piece));
        assert_eq!(pieces.at_boundary(), whole.at_boundary());
        assert_eq!(pieces.close_code(), whole.close_code());
    }
}
