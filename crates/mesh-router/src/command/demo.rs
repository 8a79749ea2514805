//! `demo`: the gateway in front of two stand-in endpoints, with nothing to set up.

mod example;
mod page;
mod standin;

use std::{io, net::SocketAddr};

use anyhow::Context as _;
use proxy::HandedOver;
use routes::{Address, ClaimKind, Service, Snapshot};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    Exit,
    args::{Demo, Options},
    command::run,
    config::Environment,
    gateway::{Gateway, Live},
    listen, logging,
    output::{self, Table},
    setup::Setup,
    signals::Signals,
    survey::{self, Survey},
    view,
};
use example::Example;
use standin::Standin;

#[cfg(test)]
mod tests;

/// The tenant in the links.
const TENANT: &str = "tenant1";

/// What holds in the demo: the access log doesn't mix with the links, and an open page (its clock
/// never ends) doesn't keep Ctrl-C waiting.
const SETTINGS: [(&str, &str); 2] = [
    ("MESH_ROUTER_LOG_ACCESS", "stderr"),
    ("MESH_ROUTER_TIMEOUTS_DRAIN", "1s"),
];

/// Starts the stand-ins and the gateway, prints links, and forwards until told to stop.
pub(crate) fn demo(arguments: &Demo) -> anyhow::Result<Exit> {
    logging::start(&Environment::of_process())?;
    let example = Example::unpack()?;
    let options = Options {
        root: Some(example.root().to_owned()),
        env: Some("dev".to_owned()),
        listen: listeners(arguments.port),
        ..Options::default()
    };
    run::runtime()?.block_on(async {
        let signals = Signals::new()?;
        let mut environment = Environment::from(SETTINGS);
        let survey = Survey::take(&Setup::load(&options, &environment)?);
        let stage = Stage::set(&survey.snapshot, &mut environment).await?;
        // The ordinary way from here on: what the stand-ins could not have as declared, the
        // environment says now, and the config files read it.
        let setup = Setup::load(&options, &environment)?;
        let survey = Survey::take(&setup);
        if let Some(refusal) = survey.refusal(&setup) {
            return Err(refusal);
        }
        let mut standins = JoinSet::new();
        for (name, listener) in stage.listeners {
            standins.spawn(Standin::new(&name, &survey.snapshot).serve(listener));
        }
        let mut gateway =
            Gateway::start(setup, survey, Live::default(), &mut HandedOver::default())?;
        // Its services are in this process.
        gateway.stay();
        output::print(&welcome(&gateway, &stage.moved))?;
        gateway.serve(signals, &options, &environment).await
    })?;
    Ok(Exit::Done)
}

/// Sockets for the stand-ins.
#[derive(Debug, Default)]
struct Stage {
    /// Service and its socket.
    listeners: Vec<(String, TcpListener)>,
    /// Who could not stand where its config says, in words.
    moved: Vec<String>,
}

impl Stage {
    /// Binds where the services are declared, or where there is room; then says so in the
    /// environment that the example's config reads.
    async fn set(snapshot: &Snapshot, environment: &mut Environment) -> anyhow::Result<Self> {
        let mut stage = Self::default();
        for service in &snapshot.services {
            let Some(address) = tcp(service) else {
                continue;
            };
            let (listener, is_declared) = bind(address).await?;
            let port = listener.local_addr().context("binding a stand-in")?.port();
            if !is_declared {
                let variable = port_variable(service);
                let taken = address.port();
                stage.moved.push(format!(
                    "Port {taken} is taken, so {} stands at {port} ({variable}={port}).",
                    service.name
                ));
                environment.set(&variable, port.to_string());
            }
            stage.listeners.push((service.name.clone(), listener));
        }
        Ok(stage)
    }
}

async fn bind(declared: SocketAddr) -> anyhow::Result<(TcpListener, bool)> {
    match TcpListener::bind(declared).await {
        Ok(listener) => Ok((listener, true)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let any = SocketAddr::new(declared.ip(), 0);
            let listener = TcpListener::bind(any).await.context("binding a stand-in")?;
            Ok((listener, false))
        }
        Err(error) => Err(error).with_context(|| format!("binding a stand-in to {declared}")),
    }
}

fn tcp(service: &Service) -> Option<SocketAddr> {
    service
        .upstreams
        .iter()
        .find_map(|upstream| match upstream.address {
            Address::Tcp(address) => Some(address),
            Address::Unix(_) => None,
        })
}

/// The variable in which the example's config takes another port: `AUTH_PORT` for `:auth_web`.
fn port_variable(service: &Service) -> String {
    let app = service.app.as_deref().unwrap_or_default();
    format!(
        "{}_PORT",
        app.strip_suffix("_web").unwrap_or(app).to_ascii_uppercase()
    )
}

fn listeners(port: Option<u16>) -> Vec<String> {
    match port {
        None => Vec::new(),
        // Two sockets would get two ports.
        Some(0) => vec!["127.0.0.1:0".to_owned()],
        Some(port) => listen::loopback(port, listen::has_ipv6_loopback())
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// What to open, where each line comes from, and how to go on.
fn welcome(gateway: &Gateway, moved: &[String]) -> String {
    let port = survey::addresses(&gateway.listeners)
        .first()
        .map_or(80, SocketAddr::port);
    let passed: Vec<String> = gateway.passed.iter().map(ToString::to_string).collect();
    let mut text = links(&gateway.published().snapshot, port);
    if !passed.is_empty() {
        text.push_str(&format!(
            "\nThe gateway is on port {port}: {}.",
            passed.join(", ")
        ));
    }
    for moved in moved {
        text.push('\n');
        text.push_str(moved);
    }
    text.push_str("\nCtrl-C ends it.");
    text
}

fn links(snapshot: &Snapshot, port: u16) -> String {
    let mut table = Table::new(&["OPEN", "SERVICE", "STANDS AT", "FOUND IN"]);
    let mut own = None;
    for route in &snapshot.routes {
        let Some(service) = snapshot.services.get(route.service) else {
            continue;
        };
        if route.kind != ClaimKind::Development {
            own = own.or(Some(&route.host));
            continue;
        }
        let upstream = service.upstreams.first();
        let origin = upstream.and_then(|upstream| upstream.origin.as_ref());
        for host in [route.host.to_string(), format!("{TENANT}.{}", route.host)] {
            table.row([
                view::link(&host, port),
                service.name.clone(),
                upstream
                    .map(|upstream| upstream.address.to_string())
                    .unwrap_or_default(),
                origin.map(ToString::to_string).unwrap_or_default(),
            ]);
        }
    }
    let mut text = format!(
        "\nTwo stand-in endpoints, found by reading the config of examples/umbrella:\n\n{table}\n"
    );
    if let Some(host) = own {
        let link = view::link(host.as_str(), port);
        text.push_str(&format!(
            "\nThe hosts in that config answer too; a browser needs them in /etc/hosts, curl does not:\n  \
             curl --resolve {host}:{port}:127.0.0.1 {link}/\n"
        ));
    }
    text
}
