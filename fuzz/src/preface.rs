//! PROXY protocol headers: a header is a header whatever follows it, and one that is cut is no other.

use proxy::preface;

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let Ok(Some((read, length))) = preface::read(bytes) else {
        return;
    };
    assert!(length <= bytes.len());
    assert_eq!(preface::read(&bytes[..length]), Ok(Some((read, length))));
    for cut in 0..length {
        assert_eq!(preface::read(&bytes[..cut]), Ok(None), "after {cut} bytes");
    }
}
