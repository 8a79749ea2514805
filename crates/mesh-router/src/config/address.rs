//! Addresses, networks, hosts and paths as people write them.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use routes::{Address, Host, TrustedProxies};

#[cfg(test)]
mod tests;

/// Bytes that a Unix socket's path may have on every system we run on (macOS has the shortest).
const UNIX_PATH_BYTES_MAX: usize = 103;

/// Parses `"127.0.0.1:4000"`, `"[::1]:4000"` or `"unix:/path"`; a relative path is taken below `folder`.
pub(crate) fn address(text: &str, folder: &Path) -> Result<Address, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix(path, folder).map(Address::Unix);
    }
    text.parse()
        .map(Address::Tcp)
        .map_err(|_| not_an_address(text))
}

/// Parses an address that can be dialled.
pub(crate) fn upstream(text: &str, folder: &Path) -> Result<Address, String> {
    match address(text, folder)? {
        Address::Tcp(address) if address.port() == 0 => {
            Err(format!("\"{text}\" has port 0, which nothing listens on"))
        }
        Address::Tcp(address) if address.ip().is_unspecified() => Err(format!(
            "\"{text}\" means every address, write the one to connect to"
        )),
        address @ (Address::Tcp(_) | Address::Unix(_)) => Ok(address),
    }
}

fn unix(path: &str, folder: &Path) -> Result<PathBuf, String> {
    if path.is_empty() {
        return Err(
            "\"unix:\" has no path, write it like \"unix:/run/mesh-router.sock\"".to_owned(),
        );
    }
    let path = folder.join(path);
    match path.as_os_str().len() {
        0..=UNIX_PATH_BYTES_MAX => Ok(path),
        bytes => Err(format!(
            "a Unix socket's path has at most {UNIX_PATH_BYTES_MAX} bytes, this one has {bytes}"
        )),
    }
}

/// Says what an address looks like, as near as possible to what was written.
fn not_an_address(text: &str) -> String {
    let bare = text.strip_prefix(':').unwrap_or(text);
    let suggestion = if let Ok(port) = bare.parse::<u16>() {
        format!("127.0.0.1:{port}")
    } else if let Ok(ip) = text.parse::<IpAddr>() {
        let port = 4000;
        return format!(
            "\"{text}\" has no port, write it like \"{}\"",
            SocketAddr::new(ip, port)
        );
    } else if let Some((host, port)) = text.rsplit_once(':')
        && let Ok(port) = port.parse::<u16>()
    {
        match host.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, port).to_string(),
            Err(_) if host == "localhost" => format!("127.0.0.1:{port}"),
            Err(_) => {
                return format!(
                    "\"{text}\" is not an address: a name is not looked up, write its IP"
                );
            }
        }
    } else if text.starts_with('/') {
        format!("unix:{text}")
    } else {
        return format!(
            "\"{text}\" is not an address, such as \"127.0.0.1:4000\" or \"unix:/path\""
        );
    };
    format!("\"{text}\" is not an address, write \"{suggestion}\"")
}

/// Parses one entry of `trusted_proxies`: a network, an address, or one of the words.
pub(crate) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    match text {
        "loopback" => return Ok(TrustedProxies::LOOPBACK.to_vec()),
        "private" => return Ok(TrustedProxies::PRIVATE.to_vec()),
        "none" => return Ok(Vec::new()),
        _ => {}
    }
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(vec![net]);
    }
    match text.parse::<IpAddr>() {
        Ok(ip) => Ok(vec![ip.into()]),
        Err(_) => Err(
            match super::key::nearest(text, ["loopback", "private", "none"]) {
                Some(near) => format!("unknown network \"{text}\", did you mean \"{near}\"?"),
                None => {
                    format!("\"{text}\" is not a network, such as \"10.0.0.0/8\" or \"loopback\"")
                }
            },
        ),
    }
}

/// Parses the host of a route by hand.
pub(crate) fn host(text: &str) -> Result<Host, String> {
    if let Some(base) = text.strip_prefix("*.") {
        return Err(format!(
            "\"{text}\" has a wildcard, write [routes.\"{base}\"] with subdomains = \"one\""
        ));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let end = rest.find('/').unwrap_or(rest.len());
        return Err(format!(
            "\"{text}\" is a URL, write the host alone: \"{}\"",
            &rest[..end]
        ));
    }
    if let Some((host, port)) = text.rsplit_once(':')
        && port.parse::<u16>().is_ok()
        && Host::parse(host).is_ok()
    {
        return Err(format!(
            "\"{text}\" has a port, write the host alone: \"{host}\""
        ));
    }
    Host::parse(text).map_err(|error| format!("\"{text}\" is not a host: {error}"))
}

/// Parses the domain below which development names stand.
pub(crate) fn domain(text: &str) -> Result<String, String> {
    let host = host(text)?;
    match host.is_ip() {
        true => Err(format!(
            "\"{text}\" is an IP address, which has no names below it"
        )),
        false => Ok(host.as_str().to_owned()),
    }
}

/// Parses a path that requests are answered on, or `off`.
pub(crate) fn request_path(text: &str) -> Result<Option<String>, String> {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#');
    match text {
        "off" => Ok(None),
        _ if !text.starts_with('/') => Err(format!("\"{text}\" does not start with \"/\"")),
        _ if !text.bytes().all(plain) => Err(format!(
            "\"{text}\" has a query, a fragment or a character that no path has"
        )),
        _ => Ok(Some(text.to_owned())),
    }
}
