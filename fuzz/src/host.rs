//! Hosts: what is accepted is in its normal form, and reading that again changes nothing.

use routes::Authority;

/// Checks these bytes.
pub fn check(value: &[u8]) {
    let Ok(authority) = Authority::parse(value) else {
        return;
    };
    let normal = authority.to_string();
    assert!(
        normal
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
    );
    assert!(!normal.contains(['@', '/', '?', '#', '%', ',']));
    assert_eq!(Authority::parse(normal.as_bytes()), Ok(authority));
}
