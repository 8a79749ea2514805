//! `doctor`: all that is wrong or will surprise, each with the line that mends it.

mod grace;
mod text;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, UdpSocket},
    path::Path,
};

use phoenix::{Answer, Circumstances, Name, WHAT_IFS, WhatIf};
use routes::{Address, Finding, Host, Mode, Severity, Snapshot};
use serde::Serialize;

use crate::{
    Exit, args,
    config::Environment,
    listen, output, resolver,
    setup::Setup,
    survey::{self, Survey},
    view::{self, FindingView},
};

/// What the doctor saw.
#[derive(Debug)]
struct Diagnosis {
    /// The most severe first.
    findings: Vec<Finding>,
    /// How often each code was left out, since `[doctor] ignore` names it.
    ignored: BTreeMap<&'static str, usize>,
    /// Hosts that browsers find by themselves, and other programs here don't.
    browser_only: Vec<Host>,
}

/// What `doctor --json` prints.
#[derive(Debug, Serialize)]
struct DiagnosisView<'a> {
    env: Option<&'a str>,
    mode: &'static str,
    mode_reason: &'a str,
    root: Option<&'a Path>,
    counts: Counts,
    findings: Vec<FindingView>,
    ignored: &'a BTreeMap<&'static str, usize>,
    browser_only: Vec<&'a str>,
}

/// How many findings there are of each severity, and how many were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Counts {
    error: usize,
    warning: usize,
    info: usize,
    ignored: usize,
}

/// Looks at everything now and says what was found.
pub(crate) fn doctor(arguments: &args::Doctor) -> anyhow::Result<Exit> {
    let setup = Setup::load(&arguments.options, &Environment::of_process())?;
    let survey = Survey::take(&setup);
    let diagnosis = Diagnosis::of(&setup, &survey);
    let counts = diagnosis.counts();
    if arguments.json {
        output::print_json(&diagnosis.view(&setup))?;
    } else {
        output::talk(&text::heading(&setup));
        output::print(&text::findings(&diagnosis, &setup, &survey.snapshot))?;
        for note in text::notes(&diagnosis, &setup) {
            output::talk(&note);
        }
    }
    if counts.error > 0 || (arguments.strict && counts.warning > 0) {
        return Ok(Exit::Findings);
    }
    match survey.fault(&setup) {
        Some(empty) => Err(empty),
        None => Ok(Exit::Done),
    }
}

impl Diagnosis {
    fn of(setup: &Setup, survey: &Survey) -> Self {
        let snapshot = &survey.snapshot;
        let names = match setup.mode {
            Mode::Development => resolver::ask(snapshot.routes.iter().map(|it| it.host.clone())),
            // There the operator answers for DNS, and this machine is not the one to ask.
            Mode::Production => Vec::new(),
        };
        // An error, as whatever comes first.
        let mut findings: Vec<Finding> = clash(setup, survey).into_iter().collect();
        findings.extend(checked(setup, survey, &names));
        let mut ignored = BTreeMap::new();
        findings.retain(|finding| {
            let is_ignored = setup.config.ignored.contains(&finding.code);
            if is_ignored {
                let count: &mut usize = ignored.entry(finding.code).or_default();
                *count = count.saturating_add(1);
            }
            !is_ignored
        });
        Self {
            findings,
            ignored,
            browser_only: browser_only(names),
        }
    }

    fn counts(&self) -> Counts {
        let count = |severity| {
            let findings = self.findings.iter();
            findings.filter(|it| it.severity == severity).count()
        };
        Counts {
            error: count(Severity::Error),
            warning: count(Severity::Warning),
            info: count(Severity::Info),
            ignored: self.ignored.values().sum(),
        }
    }

    fn view<'a>(&'a self, setup: &'a Setup) -> DiagnosisView<'a> {
        DiagnosisView {
            env: setup.project.is_some().then_some(setup.env.as_str()),
            mode: setup.mode.name(),
            mode_reason: &setup.mode_reason,
            root: setup.project.as_deref(),
            counts: self.counts(),
            findings: self.findings.iter().map(view::finding).collect(),
            ignored: &self.ignored,
            browser_only: self.browser_only.iter().map(Host::as_str).collect(),
        }
    }
}

/// An endpoint that declares a port of ours though it isn't listening: `run` refuses that too.
fn clash(setup: &Setup, survey: &Survey) -> Option<Finding> {
    const CODE: &str = "own-listener";
    let asked = setup.config.listen.as_deref().unwrap_or_default();
    let clash = listen::clash(asked, survey.declared())?;
    let mut said = survey.snapshot.findings.iter();
    let is_said = said.any(|it| it.code == CODE && it.origin.as_ref() == Some(clash.origin()));
    (!is_said).then(|| Finding {
        code: CODE,
        severity: Severity::Error,
        origin: Some(clash.origin().clone()),
        message: format!("mesh-router run refuses to start: {clash}"),
        fix: "listen = [\"127.0.0.1:PORT\"] in mesh-router.toml with another port, or leave it out"
            .to_owned(),
    })
}

/// All that is to be said of the table, and of the endpoints' settings and modules.
fn checked(setup: &Setup, survey: &Survey, names: &[Name]) -> Vec<Finding> {
    let facts = survey
        .reading
        .as_ref()
        .map(|reading| reading.facts.as_slice());
    let settings = setup.settings();
    let graces = match (setup.mode, &setup.project) {
        (Mode::Production, Some(root)) => grace::graces(root),
        // Nobody but its user stops a developer's gateway.
        (Mode::Development, _) | (Mode::Production, None) => Vec::new(),
    };
    let timeouts = &settings.timeouts;
    let circumstances = Circumstances {
        mode: setup.mode,
        env: &setup.env,
        is_release: setup.source().is_some_and(discovery::Project::is_release),
        snapshot: &survey.snapshot,
        port: port(setup, survey),
        delay: timeouts.shutdown_delay,
        drain: timeouts.drain,
        graces: &graces,
        addresses: &addresses(&survey.snapshot),
        names,
        what_ifs: &what_ifs(setup),
    };
    phoenix::check(facts.unwrap_or_default(), &circumstances)
}

/// The port at which browsers reach the gateway in development: the one asked for, or the first one
/// that `run` takes where nobody holds it.
fn port(setup: &Setup, survey: &Survey) -> Option<u16> {
    match setup.mode {
        Mode::Production => return None,
        Mode::Development => {}
    }
    match &setup.config.listen {
        Some(asked) => {
            let addresses = survey::addresses(asked.iter().map(|listen| &listen.address));
            addresses.first().map(std::net::SocketAddr::port)
        }
        None => {
            let in_use = survey.in_use();
            let mut ports = listen::PORT_FIRST..;
            ports.find(|port| in_use.iter().all(|(used, _)| used != port))
        }
    }
}

/// Those of the upstreams' addresses that this machine has. Binding one tells, without a packet.
fn addresses(snapshot: &Snapshot) -> Vec<IpAddr> {
    let upstreams = snapshot.services.iter().flat_map(|it| &it.upstreams);
    let ips = upstreams.filter_map(|upstream| match &upstream.address {
        Address::Tcp(address) => Some(address.ip()),
        Address::Unix(_) => None,
    });
    let ours = ips.filter(|ip| UdpSocket::bind((*ip, 0)).is_ok());
    // Never empty, which would mean that they aren't known.
    ours.chain([Ipv4Addr::LOCALHOST.into()]).collect()
}

/// The project read once more for each variable worth a question.
fn what_ifs(setup: &Setup) -> Vec<WhatIf> {
    let Some(project) = setup.source() else {
        return Vec::new();
    };
    let what_if = |(variable, value): &(&str, &str)| {
        let mut wanted = project.wanted().clone();
        let set = (*variable).to_owned();
        wanted.vars.insert(set.clone(), (*value).to_owned());
        WhatIf {
            variable: set,
            value: (*value).to_owned(),
            facts: discovery::open(&wanted).read(&setup.how()).facts,
        }
    };
    WHAT_IFS.iter().map(what_if).collect()
}

/// RFC 6761 §6.3: browsers know that names below `localhost` are this machine.
fn browser_only(names: Vec<Name>) -> Vec<Host> {
    let unknown = names.into_iter().filter(|name| match name.answer {
        Answer::None | Answer::Late => phoenix::is_browsers(&name.host),
        Answer::Here | Answer::HereByBoth | Answer::Elsewhere(_) => false,
    });
    unknown.map(|name| name.host).collect()
}
