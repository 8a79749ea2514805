//! Frames on a link that is up, with calls that wait: the same in any pieces, one end at most, and no
//! more waits to be sent than the bound.

use crate::dist;

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let whole = dist::feed(bytes, usize::MAX, true);
    dist::check_end(&whole.notices);
    for sees in [1, 7] {
        assert_eq!(dist::feed(bytes, sees, true), whole);
    }
}
