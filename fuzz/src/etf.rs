//! Terms in the external format: any bytes end in a term or an error, and what is written is read back.

use erlterm::etf::{decode, encode};

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let Ok(term) = decode(bytes) else { return };
    let mut written = Vec::new();
    encode(&term, &mut written).expect("what was read can be written");
    assert_eq!(decode(&written), Ok(term.clone()));
    assert!(!term.to_term().to_string().is_empty());
}
