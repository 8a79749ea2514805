//! `export`: the table as the configuration of another server.

mod caddy;
mod nginx;
mod plan;

use std::fs;

use anyhow::Context as _;
use proxy::ListenAddress;

use crate::{
    Exit,
    args::{Export, Server},
    config::{Config, Environment, Problem, Problems},
    listen, output,
    setup::Setup,
    survey::Survey,
};

use plan::{Exported, Plan};

/// Reads the sources now and prints what they make for the other server.
pub(crate) fn export(arguments: &Export) -> anyhow::Result<Exit> {
    let setup = Setup::load(&arguments.options, &Environment::of_process())?;
    let survey = Survey::take(&setup);
    if let Some(refusal) = survey.refusal(&setup) {
        return Err(refusal);
    }
    let listen = addresses(&setup.config, &survey)?;
    let plan = Plan {
        version: env!("CARGO_PKG_VERSION"),
        project: setup.project.as_deref().and_then(|root| root.file_name()),
        env: setup.project.is_some().then_some(&setup.env),
        mode_reason: &setup.mode_reason,
        settings: &setup.settings(),
        snapshot: &survey.snapshot,
        listen: &listen,
    };
    let Exported { text, remarks } = match arguments.to {
        Server::Nginx => nginx::export(&plan),
        Server::Caddy => caddy::export(&plan),
    };
    match &arguments.output {
        Some(file) => {
            fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
        None => output::print(&text.trim_end())?,
    }
    for remark in remarks {
        output::talk(&format_args!("mesh-router: {}", output::plain(&remark)));
    }
    Ok(Exit::Done)
}

/// Where the other server is to listen: where `run` would.
fn addresses(config: &Config, survey: &Survey) -> anyhow::Result<Vec<ListenAddress>> {
    let Some(asked) = &config.listen else {
        return Ok(listen::undeclared(&survey.in_use()));
    };
    if let Some(clash) = listen::clash(asked, survey.declared()) {
        return Err(clash.into());
    }
    let any_port = asked.iter().find(|listen| match &listen.address {
        ListenAddress::Tcp(address) => address.port() == 0,
        ListenAddress::Unix(_) => false,
    });
    if let Some(listen) = any_port {
        let message = format!(
            "{} is any free port, which another server can't be told; name one (--listen 127.0.0.1:8080)",
            listen.address
        );
        return Err(Problems(vec![Problem::new(&listen.place, message)]).into());
    }
    Ok(asked.iter().map(|listen| listen.address.clone()).collect())
}
