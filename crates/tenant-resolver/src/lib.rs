//! Parses a tenant out of a host: `tenant1.auth.local` → `tenant1`.
//!
//! The Elixir module `Router.Shared.TenantResolver`, which the Phoenix apps share, gives the same
//! answers: both are held to `testdata/vectors.txt`. The gateway uses this crate to *tell* people
//! what an app will see (`explain HOST`, the demo's pages).
//!
//! It is not part of routing: no tenant decides where a request goes. It knows no tenants either:
//! whether `tenant1` exists, and whether `www` is one, is for the app to say.
//!
//! ```text
//! host                        base                tenant
//! tenant1.auth.local          -                   tenant1
//! auth.local                  -                   none: two labels
//! www.example.com             -                   www: see below
//! tenant1.shop.example.com    -                   none: four labels
//! tenant1.shop.example.com    shop.example.com    tenant1
//! example.com                 example.com         none: the base itself
//! ```
//!
//! Without a base all it can do is count: a host of exactly three labels has a tenant, any other
//! has none. That is right for `*.auth.local` and wrong for `www.example.com` or `app.co.uk`. Give
//! the base (an endpoint's own `url: [host: …]`) wherever it is known.
//!
//! Invariants: a tenant is one label, in lower case; what is no host has no tenant; no panic.

#[cfg(test)]
mod tests;

/// The longest host, without the trailing dot (RFC 1035 §2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// The longest label of a host (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// How many labels a host with a tenant has where no base is given.
const LABELS: usize = 3;

/// Returns the tenant that `host` names, as `Router.Shared.TenantResolver.resolve/1` does without
/// a base and `resolve/2` with one.
///
/// Without a base the tenant is the first of exactly three labels; with one it is the only label in
/// front of the base. Case, a port and one trailing dot don't matter, in host and base alike. An IP
/// address has no tenant, and neither has anything that is no host. Both may be any bytes, as the
/// value of a `Host` field may.
pub fn resolve(host: &[u8], base: Option<&[u8]>) -> Option<String> {
    let host = name(host)?;
    let tenant = match base {
        Some(base) => {
            let front = host.strip_suffix(&name(base)?)?;
            front.strip_suffix('.')?
        }
        None => {
            let (first, rest) = host.split_once('.')?;
            let has_base = rest.split('.').count() == LABELS - 1;
            has_base.then_some(first)?
        }
    };
    (!tenant.contains('.')).then(|| tenant.to_owned())
}

/// Returns the DNS name that a `Host` value holds, in lower case; `None` where it holds none.
fn name(host: &[u8]) -> Option<String> {
    // What is no UTF-8 is no ASCII either, so no name is lost.
    let host = std::str::from_utf8(host).ok()?;
    let name = match host.split_once(':') {
        Some((name, port)) => is_port(port).then_some(name)?,
        None => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > HOST_BYTES_MAX || !name.split('.').all(is_label) {
        return None;
    }
    let last = name.rsplit('.').next()?;
    (!is_number(last)).then(|| name.to_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(is_label_byte)
}

/// Whether a name that ends in this label is an IPv4 address, or was meant to be one: no name ends
/// in a label of digits (RFC 1123 §2.1), and browsers read `0x7f` as a number too ("ends in a
/// number", URL Standard §3.5).
fn is_number(label: &str) -> bool {
    let label = label.as_bytes();
    match label {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

/// RFC 3986 §3.2.3: a port may be empty, and zeros may lead.
fn is_port(port: &str) -> bool {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_empty() || is_digits && port.parse::<u16>().is_ok_and(|port| port > 0)
}
