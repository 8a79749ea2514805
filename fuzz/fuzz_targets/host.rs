//! Hosts: what is accepted is in its normal form, and reading that again changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use routes::Authority;

fuzz_target!(|value: &[u8]| {
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
});
