//! A node's side of the handshake, from its first byte: the same in any pieces, and one end at most.

use crate::dist;

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let whole = dist::feed(bytes, usize::MAX, false);
    dist::check_end(&whole.notices);
    for sees in [1, 3] {
        assert_eq!(dist::feed(bytes, sees, false), whole);
    }
}
