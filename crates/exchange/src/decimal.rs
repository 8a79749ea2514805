//! Numbers and addresses as text, written once or more for every request.
//!
//! The formatting machinery costs a tenth of all that a request takes outside of the kernel.

use std::{io::Write as _, net::IpAddr};

/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

/// Appends a number in decimal.
pub fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends an address, as its `Display` writes it.
pub fn push_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let [first, rest @ ..] = ip.octets();
            push_decimal(out, first.into());
            for octet in rest {
                out.push(b'.');
                push_decimal(out, octet.into());
            }
        }
        // RFC 5952 has rules enough to leave it to the standard library.
        IpAddr::V6(ip) => write!(out, "{ip}").expect("a vector takes everything"),
    }
}

#[cfg(test)]
mod tests;
