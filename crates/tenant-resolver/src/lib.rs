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
//! resolve("tenant1.auth.local", None)                       tenant1
//! resolve("auth.local", None)                               none: two labels
//! resolve("www.example.com", None)                          www: see below
//! resolve("tenant1.shop.example.com", None)                 none: four labels
//! resolve("tenant1.shop.example.com", Some("shop.example.com"))  tenant1
//! resolve("example.com", Some("example.com"))               none: the base itself
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
/// address has no tenant, and neither has anything that is no host.
pub fn resolve(host: &str, base: Option<&str>) -> Option<String> {
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
fn name(host: &str) -> Option<String> {
    let name = match host.split_once(':') {
        Some((name, port)) => is_port(port).then_some(name)?,
        None => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.len() > HOST_BYTES_MAX || !name.split('.').all(is_label) {
        return None;
    }
    // RFC 1123 §2.1: no name ends in a label of digits, so that whatever does is an IPv4 address,
    // or was meant to be one.
    let last = name.rsplit('.').next()?;
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(name.to_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(is_label_byte)
}

/// RFC 3986 §3.2.3: a port may be empty.
fn is_port(port: &str) -> bool {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_empty() || is_number && port.parse::<u16>().is_ok_and(|port| port > 0)
}
