//! `explain HOST|URL`: where a host leads, and why.

mod setting;

use admin::Explanation;
use routes::Host;
use serde::Serialize;

use crate::{
    Exit,
    args::Explain,
    ask::Running,
    config::{Environment, Place, Problem, Problems},
    output,
    setup::Setup,
    survey::Survey,
};

use setting::SettingView;

#[cfg(test)]
mod tests;

/// What `explain --json` prints.
#[derive(Debug, Serialize)]
struct Explained {
    #[serde(flatten)]
    explanation: Explanation,
    /// The settings of the service's endpoint, and what each overrode; empty where a running gateway
    /// was asked, which keeps the table alone.
    settings: Vec<SettingView>,
}

/// Says what becomes of a request to that host: by the sources as they are now, or in a running
/// gateway.
pub(crate) fn explain(arguments: &Explain) -> anyhow::Result<Exit> {
    let host = parse(&arguments.host)?;
    match arguments.running.is_wanted() {
        true => running(arguments, &host),
        false => read(arguments, &host),
    }
}

fn read(arguments: &Explain, host: &Host) -> anyhow::Result<Exit> {
    let setup = Setup::load(&arguments.options, &Environment::of_process())?;
    let survey = Survey::take(&setup);
    let explanation = admin::explain(host, &survey.snapshot);
    let settings = match (&explanation.service, &survey.reading) {
        (Some(service), Some(reading)) => setting::of(service, reading),
        (Some(_) | None, _) => Vec::new(),
    };
    let explained = Explained {
        explanation,
        settings,
    };
    let exit = print(&explained, arguments.json)?;
    match survey.emptiness(&setup) {
        Some(empty) if exit != Exit::Done => Err(empty),
        Some(_) | None => Ok(exit),
    }
}

fn running(arguments: &Explain, host: &Host) -> anyhow::Result<Exit> {
    let asked = &arguments.running;
    let gateway = Running::find(asked.admin.as_deref(), &arguments.options)?;
    let status = gateway.own_status()?;
    if !arguments.json {
        output::talk(&format_args!(
            "in the running gateway at {} (pid {}):",
            gateway.address(),
            status.pid
        ));
    }
    // A host that was parsed has no character that a query would take otherwise, but the brackets
    // and colons of an IPv6 address, which it takes as they are.
    let explanation = gateway.get(&format!("/api/v1/explain?host={host}"))?;
    let explained = Explained {
        explanation,
        settings: Vec::new(),
    };
    print(&explained, arguments.json)
}

fn print(explained: &Explained, json: bool) -> anyhow::Result<Exit> {
    match json {
        true => output::print_json(explained)?,
        false => output::print(&text(explained))?,
    }
    Ok(match explained.explanation.service {
        Some(_) => Exit::Done,
        None => Exit::Failed,
    })
}

/// Takes the host out of what was given.
fn parse(given: &str) -> anyhow::Result<Host> {
    let parsed = admin::parse_host(given).map_err(|error| {
        let message = format!(
            "\"{}\" is neither a host nor a URL: {error}",
            output::plain(given)
        );
        Problems(vec![Problem::new(&Place::Flag("HOST|URL"), message)])
    });
    Ok(parsed?)
}

fn text(explained: &Explained) -> String {
    let Explained {
        explanation,
        settings,
    } = explained;
    let Explanation {
        host,
        rule: _,
        route: _,
        service,
        upstreams: _,
        tenant: _,
        why,
    } = explanation;
    let mut text = match service {
        Some(service) => format!("{host} → {service}"),
        None => format!("{host} leads nowhere"),
    };
    let settings = settings.iter().map(setting::line);
    for line in why.iter().cloned().chain(settings) {
        text.push_str("\n  ");
        text.push_str(&output::plain(&line));
    }
    text
}
