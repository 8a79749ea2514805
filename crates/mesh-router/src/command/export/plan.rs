//! What is exported, in the words that both servers need.

use std::{collections::BTreeMap, ffi::OsStr, fmt::Write as _, time::Duration};

use proxy::ListenAddress;
use routes::{Adapter, Host, Route, Service, Settings, Snapshot, Subdomains};

use crate::output::plain;

#[cfg(test)]
pub(super) mod tests;

/// The table, and what was decided beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan<'a> {
    /// Ours.
    pub(super) version: &'a str,
    /// The folder's name.
    pub(super) project: Option<&'a OsStr>,
    /// The environment that the project's config was read for.
    pub(super) env: Option<&'a String>,
    pub(super) mode_reason: &'a str,
    pub(super) settings: &'a Settings,
    pub(super) snapshot: &'a Snapshot,
    pub(super) listen: &'a [ListenAddress],
}

/// A whole configuration.
#[derive(Debug)]
pub(super) struct Exported {
    pub(super) text: String,
    /// What could not be put into it, and who misses it.
    pub(super) remarks: Vec<String>,
}

impl<'a> Plan<'a> {
    /// The routes in an order in which the first that takes a host is the right one: what lies
    /// deeper comes first.
    pub(super) fn routes(&self) -> Vec<&'a Route> {
        let mut routes: Vec<&Route> = self.snapshot.routes.iter().collect();
        routes.sort_by(|a, b| {
            labels(&b.host)
                .cmp(&labels(&a.host))
                .then(a.host.cmp(&b.host))
        });
        routes
    }

    /// The service of a route.
    pub(super) fn service(&self, route: &Route) -> &'a Service {
        &self.snapshot.services[route.service]
    }

    /// The service that gets unknown hosts.
    pub(super) fn default_service(&self) -> Option<&'a Service> {
        self.snapshot
            .default
            .and_then(|at| self.snapshot.services.get(at))
    }

    /// The services that a host leads to, each with a name of letters, digits and underscores that
    /// no other has.
    pub(super) fn names(&self) -> BTreeMap<&'a str, String> {
        let mut names: BTreeMap<&str, String> = BTreeMap::new();
        let led = self.routes().into_iter().map(|route| self.service(route));
        let mut services: Vec<&Service> = led.chain(self.default_service()).collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        services.dedup_by(|later, kept| later.name == kept.name);
        for service in services {
            let plain = identifier(&service.name);
            let mut name = plain.clone();
            let mut count = 1_usize;
            while names.values().any(|other| *other == name) {
                count = count.saturating_add(1);
                name = format!("{plain}_{count}");
            }
            names.insert(&service.name, name);
        }
        names
    }

    /// How long a connection to the service's upstreams may lie idle.
    pub(super) fn upstream_idle(&self, service: &Service) -> Duration {
        let by_adapter = |adapter: Adapter| match adapter {
            Adapter::Bandit => Duration::from_secs(55),
            Adapter::Cowboy | Adapter::Unknown => Duration::from_secs(4),
        };
        let shortest = service
            .upstreams
            .iter()
            .map(|it| by_adapter(it.adapter))
            .min();
        let shortest = shortest.unwrap_or(by_adapter(Adapter::Unknown));
        self.settings.timeouts.upstream_idle.unwrap_or(shortest)
    }

    /// The comment on top: where the file comes from, and what is other than in the gateway.
    pub(super) fn heading(&self, command: &str, differences: &[String]) -> String {
        let mut text = format!(
            "# Written by `{command}` of mesh-router {}. It follows nothing: write it again after a change.\n#\n",
            self.version
        );
        let from = match (self.project, self.env) {
            (Some(project), Some(env)) => {
                format!("project {}, environment {env}", project.to_string_lossy())
            }
            (_, None) | (None, _) => "mesh-router.toml alone".to_owned(),
        };
        comment(&mut text, "", &format!("From:  {from}"));
        let mode = self.settings.mode;
        comment(
            &mut text,
            "",
            &format!("Mode:  {mode} ({})", self.mode_reason),
        );
        text.push_str("#\n# What is other than in the gateway:\n");
        let everywhere = [
            "No discovery: hosts and addresses are those of the moment of export.",
            "No drain as the gateway knows it: WebSockets end without close code 1012, so Phoenix's clients \
             may take longer to come back.",
            "Nothing waits for an app that restarts: requests are told 502, and phoenix.js may go over to \
             long-poll.",
            "Of the error pages only the text of 404 and 503 is the gateway's; none is HTML or problem+json \
             as Accept asks for.",
            "No access line as the gateway writes it; no request is refused as a loop (508).",
        ];
        let all = everywhere.iter().map(|line| (*line).to_owned());
        for difference in all.chain(differences.iter().cloned()) {
            comment(&mut text, "", &format!("- {difference}"));
        }
        text
    }
}

/// Writes a line of comment. Names and paths may hold line breaks, which would end it, and what Caddy
/// puts a variable's value for even here.
pub(super) fn comment(text: &mut String, indent: &str, line: &str) {
    let line = plain(line).replace("{$", "{ $");
    let _ = writeln!(text, "{indent}# {line}");
}

/// What stands above a route: where it leads, and which line says so.
pub(super) fn told(route: &Route, service: &Service) -> String {
    let place = route
        .origin
        .as_ref()
        .map(|origin| format!(" ({origin})"))
        .unwrap_or_default();
    format!("{} → {}{place}", route.host, service.name)
}

/// A duration as both servers write it.
pub(super) fn duration(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// A regular expression for the subdomains that a policy lets through; `None` for none.
pub(super) fn subdomains(route: &Route) -> Option<String> {
    let host = route.host.as_str().replace('.', r"\.");
    match route.subdomains {
        Subdomains::One => Some(format!(r"[^.]+\.{host}")),
        Subdomains::Any => Some(format!(r".+\.{host}")),
        Subdomains::None => None,
    }
}

fn labels(host: &Host) -> usize {
    match host.is_ip() {
        true => 0,
        false => host.as_str().split('.').count(),
    }
}

/// Letters, digits and underscores alone.
fn identifier(name: &str) -> String {
    let mut identifier = "mesh".to_owned();
    let mut after_gap = true;
    for letter in name.chars() {
        match letter.is_ascii_alphanumeric() {
            true if after_gap => {
                identifier.push('_');
                identifier.push(letter.to_ascii_lowercase());
            }
            true => identifier.push(letter.to_ascii_lowercase()),
            false => {}
        }
        after_gap = !letter.is_ascii_alphanumeric();
    }
    identifier
}
