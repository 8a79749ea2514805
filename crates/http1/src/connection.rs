//! The Connection field: what holds for this connection only (RFC 9110 §7.6.1).

use crate::{
    bytes::{is_token, trim},
    field::Field,
    head::HeadError,
    name::Name,
};

/// The most bytes of all Connection values together: each field of the head may be compared with
/// each option.
const OPTIONS_BYTES_MAX: usize = 1024;

/// What the options of all Connection fields say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// `close`.
    pub close: bool,
    /// `keep-alive`.
    pub keep_alive: bool,
    /// `upgrade`.
    pub upgrade: bool,
    /// Any other: fields must then be compared with [`is_listed`].
    pub others: bool,
}

/// Reads the options of all Connection fields.
///
/// # Errors
/// [`HeadError::Field`] for an option that is not a token, and for more than 1 KiB of options.
pub fn connection_options(buf: &[u8], fields: &[Field]) -> Result<ConnectionOptions, HeadError> {
    let mut options = ConnectionOptions::default();
    let mut bytes_left = OPTIONS_BYTES_MAX;
    for value in values(buf, fields) {
        bytes_left = bytes_left
            .checked_sub(value.len())
            .ok_or(HeadError::Field)?;
        for option in elements(value) {
            if option.eq_ignore_ascii_case(b"close") {
                options.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                options.keep_alive = true;
            } else if option.eq_ignore_ascii_case(b"upgrade") {
                options.upgrade = true;
            } else if is_token(option) {
                options.others = true;
            } else {
                return Err(HeadError::Field);
            }
        }
    }
    Ok(options)
}

/// Returns whether `name` is named in a Connection field, in any case.
#[must_use]
pub fn is_listed(buf: &[u8], fields: &[Field], name: &[u8]) -> bool {
    values(buf, fields)
        .flat_map(elements)
        .any(|option| option.eq_ignore_ascii_case(name))
}

fn values<'a>(buf: &'a [u8], fields: &[Field]) -> impl Iterator<Item = &'a [u8]> {
    fields
        .iter()
        .filter(|field| field.id == Name::Connection)
        .map(|field| field.value.of(buf))
}

/// The elements of a list, empty ones left out (RFC 9110 §5.6.1.2).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(trim)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests;
