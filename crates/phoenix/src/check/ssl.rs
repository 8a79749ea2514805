//! Redirects to https that loop, or that lead tenants elsewhere.

use routes::{Finding, Mode, Severity, Subdomains};

use super::{Seen, fixed};
use crate::{
    options::Opt,
    ssl::{Redirect, RedirectTo},
    url::UrlHost,
};

/// Scripts that run when the application starts, long after it was compiled.
const AT_RUN_TIME: [&str; 2] = ["runtime.exs", "releases.exs"];

pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    let redirects = seen.facts.redirects.iter();
    redirects
        .flat_map(|redirect| {
            [
                too_late(seen, redirect),
                looping(seen, redirect),
                astray(seen, redirect),
            ]
        })
        .flatten()
        .collect()
}

/// `Phoenix.Endpoint` reads `force_ssl` by `Application.compile_env/3`, whose value must be the same
/// when a release boots.
fn too_late(seen: &Seen<'_>, redirect: &Redirect) -> Option<Finding> {
    let origin = redirect.origin.as_ref()?;
    let file = origin.file.rsplit('/').next().unwrap_or_default();
    if !redirect.is_force_ssl || !AT_RUN_TIME.contains(&file) {
        return None;
    }
    let finding = seen.warning(
        "force-ssl-runtime",
        Some(origin),
        format!(
            "force_ssl of {} is compiled in: set at run time to anything else, it keeps the \
             application from starting",
            seen.module.module
        ),
    );
    Some(fixed(
        finding,
        format!("in config/prod.exs: {}", line(seen)),
    ))
}

/// `Plug.SSL.call/2` redirects whatever isn't https, and behind the gateway nothing is, unless a
/// header says so.
fn looping(seen: &Seen<'_>, redirect: &Redirect) -> Option<Finding> {
    let mut routes = seen.routes.iter();
    let route = routes.find(|route| !redirect.excludes(route.host.as_str()))?;
    let host = &route.host;
    match (&redirect.reads_proto, seen.mode()) {
        (Opt::Unknown, _) => None,
        // In development no header says https: nothing ends TLS there.
        (_, Mode::Development) => {
            let finding = seen.finding(
                "force-ssl-development",
                Severity::Error,
                redirect.origin.as_ref(),
                format!(
                    "{} redirects http://{host} to https, where nobody listens in development",
                    seen.module.module
                ),
            );
            let fix = match redirect.is_force_ssl {
                true => format!(
                    "move `force_ssl` to config/prod.exs, or {}",
                    exclude(seen, host)
                ),
                false => format!("remove it here and write {} in config/prod.exs", line(seen)),
            };
            Some(fixed(finding, fix))
        }
        (Opt::Is(true), Mode::Production) => None,
        (Opt::Is(false) | Opt::Absent, Mode::Production) => {
            let finding = seen.finding(
                "force-ssl-loop",
                Severity::Error,
                redirect.origin.as_ref(),
                format!(
                    "{} redirects https://{host} to itself for ever: behind whatever ends TLS each \
                     request comes as http, and x-forwarded-proto isn't read",
                    seen.module.module
                ),
            );
            let fix = match redirect.is_force_ssl {
                true => line(seen),
                false => "plug Plug.SSL, rewrite_on: [:x_forwarded_proto]".to_owned(),
            };
            Some(fixed(finding, fix))
        }
    }
}

/// `redirect_to_https/3` of `Plug.SSL` takes the host it is given before the request's, and
/// `Phoenix.Endpoint.__force_ssl__/2` gives it that of `url:` where `host:` isn't set.
fn astray(seen: &Seen<'_>, redirect: &Redirect) -> Option<Finding> {
    let to = match (&redirect.to, &seen.facts.url_host) {
        (RedirectTo::UrlHost, UrlHost::Is(host)) => host,
        (RedirectTo::Host(host), _) => host,
        (RedirectTo::UrlHost | RedirectTo::Same | RedirectTo::Unknown, _) => return None,
    };
    if seen.mode() == Mode::Development {
        return None;
    }
    let mut astray = Vec::new();
    for route in &seen.routes {
        let host = route.host.as_str();
        if host != to && !redirect.excludes(host) {
            astray.push((host.to_owned(), true));
        }
        if route.subdomains != Subdomains::None {
            astray.push((format!("*.{host}"), seen.has_tenants(route)));
        }
    }
    let (first, _) = astray.first()?;
    let matters = astray.iter().any(|(_, matters)| *matters);
    let severity = if matters {
        Severity::Warning
    } else {
        Severity::Info
    };
    let also = match redirect.to {
        RedirectTo::UrlHost => ", the url host, since `host:` isn't given",
        RedirectTo::Host(_) | RedirectTo::Same | RedirectTo::Unknown => "",
    };
    let finding = seen.finding(
        "force-ssl-host",
        severity,
        redirect.origin.as_ref(),
        format!(
            "who asks {} for http://{first} is redirected to https://{to}{also}: tenants and \
             further hosts end up there",
            seen.module.module
        ),
    );
    let fix = match redirect.is_force_ssl {
        true => line(seen),
        false => "plug Plug.SSL, rewrite_on: [:x_forwarded_proto]".to_owned(),
    };
    Some(fixed(finding, fix))
}

fn line(seen: &Seen<'_>) -> String {
    seen.module
        .line("force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]")
}

fn exclude(seen: &Seen<'_>, host: &routes::Host) -> String {
    seen.module.line(&format!(
        "force_ssl: [exclude: [hosts: [\"localhost\", \"127.0.0.1\", \"{host}\"]]]"
    ))
}
