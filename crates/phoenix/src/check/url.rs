//! Generated URLs: whether what an endpoint writes into links leads back through the gateway.

use routes::{Authority, Finding, Host, Mode};

use super::{Seen, fixed};
use crate::{
    endpoint::{OwnHost, Server},
    url::GeneratedUrl,
};

/// The port that each scheme means where none is written.
const PLAIN_PORTS: [u16; 2] = [80, 443];

pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    if matches!(seen.facts.server, Server::Off(_)) {
        return Vec::new();
    }
    let of_mode = match seen.mode() {
        Mode::Development => [bypassing(seen), bypassing_static(seen)],
        Mode::Production => [with_listeners_port(seen), None],
    };
    of_mode.into_iter().flatten().collect()
}

/// In development nothing stands before the gateway, so a link must have its port and a host that
/// leads to the endpoint.
fn bypassing(seen: &Seen<'_>) -> Option<Finding> {
    let url = seen.facts.url.as_ref()?;
    let port = seen.circumstances.port?;
    if leads_back(seen, url, port) {
        return None;
    }
    let host = seen.best_host()?;
    let finding = seen.warning(
        "url-bypasses-gateway",
        url.origin.as_ref(),
        format!(
            "full URLs of {} begin with {url}, and not with {}: links in mails and OAuth callbacks \
             lead past the gateway, to a host where browsers aren't logged in",
            seen.module.module,
            at(host, port),
        ),
    );
    Some(fixed(
        finding,
        in_development(seen, url, &setting("url", url, host, port)),
    ))
}

fn bypassing_static(seen: &Seen<'_>) -> Option<Finding> {
    let url = seen.facts.static_url.as_ref()?;
    let port = seen.circumstances.port?;
    // A host that isn't ours is a CDN's.
    let is_here = is_local(&url.host) || leads_to(seen, &url.host);
    if !is_here || leads_back(seen, url, port) {
        return None;
    }
    let host = seen.best_host()?;
    let finding = seen.warning(
        "static-url-bypasses-gateway",
        url.origin.as_ref(),
        format!(
            "URLs of static files of {} begin with {url}: browsers fetch them past the gateway, \
             from another origin than the page's",
            seen.module.module,
        ),
    );
    Some(fixed(
        finding,
        in_development(seen, url, &setting("static_url", url, host, port)),
    ))
}

/// In production, a `url:` without a port: `Phoenix.Endpoint.Supervisor.build_url/2` takes that of
/// the listener, which nobody reaches from outside.
fn with_listeners_port(seen: &Seen<'_>) -> Option<Finding> {
    let url = seen.facts.url.as_ref()?;
    let OwnHost::Is(host, _) = &seen.facts.host else {
        return None;
    };
    if !url.is_listeners_port || PLAIN_PORTS.contains(&url.port) {
        return None;
    }
    let finding = seen.warning(
        "url-without-port",
        url.origin.as_ref(),
        format!(
            "`url:` of {} names no port, so URLs that it generates have that of its listener: {url}",
            seen.module.module
        ),
    );
    Some(fixed(
        finding,
        seen.module.line(&format!(
            "url: [host: \"{host}\", port: 443, scheme: \"https\"]"
        )),
    ))
}

/// The line for a setting that production must not see: what `config.exs` says holds there too.
fn in_development(seen: &Seen<'_>, url: &GeneratedUrl, setting: &str) -> String {
    let line = seen.module.line(setting);
    let file = url.origin.as_ref().map_or("", |origin| &origin.file);
    match file.strip_suffix("config.exs") {
        Some(folder) => format!("in {folder}{}.exs: {line}", seen.circumstances.env),
        None => line,
    }
}

/// The line that makes generated URLs lead through the gateway.
fn setting(key: &str, url: &GeneratedUrl, host: &Host, port: u16) -> String {
    let scheme = match url.scheme.as_str() {
        "http" => "",
        _ => ", scheme: \"http\"",
    };
    format!("{key}: [host: \"{host}\", port: {port}{scheme}]")
}

fn leads_back(seen: &Seen<'_>, url: &GeneratedUrl, port: u16) -> bool {
    url.scheme == "http" && url.port == port && leads_to(seen, &url.host)
}

/// Returns whether the table leads this host to the endpoint.
fn leads_to(seen: &Seen<'_>, host: &str) -> bool {
    let snapshot = seen.circumstances.snapshot;
    let found = Host::parse(host).ok().and_then(|host| {
        let found = snapshot.find(&host)?;
        snapshot.services.get(found.service)
    });
    found.is_some_and(|service| service.name == seen.module.module)
}

fn is_local(host: &str) -> bool {
    host == "localhost" || Host::parse(host).is_ok_and(|host| host.is_ip())
}

/// `http://auth.localhost:4000`
pub(super) fn at(host: &Host, port: u16) -> String {
    let port = (port != 80).then_some(port);
    let host = host.clone();
    format!("http://{}", Authority { host, port })
}
