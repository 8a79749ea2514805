//! Real configuration in, the doctor's words out.

mod address;
mod host;
mod origin;
mod resolve;
mod session;
mod ssl;
mod stop;
mod url;
mod what_if;

use std::{collections::BTreeMap, fmt::Write as _, net::IpAddr, path::Path, time::Duration};

use elixir_config::{Config, Files, Script, Written};
use expect_test::Expect;
use routes::{
    Adapter, Claim, ClaimKind, Finding, Host, Mode, Origin, Report, Reported, Rules, Serving,
    Snapshot, Source, Subdomains, merge,
};

use crate::{
    Call, Circumstances, EndpointModule, Environment, Grace, Meaning, Name, Project, Setting,
    WHAT_IFS, WhatIf, check,
};

/// A project, and the circumstances under which the doctor sees it.
#[derive(Clone)]
struct Given {
    /// Paths and texts.
    files: BTreeMap<String, String>,
    vars: BTreeMap<String, String>,
    mode: Mode,
    is_release: bool,
    subdomains: Subdomains,
    port: Option<u16>,
    delay: Duration,
    drain: Duration,
    graces: Vec<Grace>,
    addresses: Vec<IpAddr>,
    names: Vec<Name>,
    /// Hosts that `mesh-router.toml` leads to `AuthWeb.Endpoint`.
    static_hosts: Vec<&'static str>,
    /// What development names stand below.
    domain: &'static str,
}

/// What stands in an endpoint's module where a test doesn't say.
const BODY: &str = "socket \"/live\", Phoenix.LiveView.Socket";

/// `AuthWeb.Endpoint` of `:auth_web` with this configuration, in development at port 4000.
fn development(config: &str) -> Given {
    Given {
        files: BTreeMap::new(),
        vars: BTreeMap::new(),
        mode: Mode::Development,
        is_release: false,
        subdomains: Subdomains::One,
        port: Some(4000),
        delay: Duration::ZERO,
        drain: Duration::from_secs(30),
        graces: Vec::new(),
        addresses: Vec::new(),
        names: Vec::new(),
        static_hosts: Vec::new(),
        domain: "localhost",
    }
    .file("config/config.exs", &format!("import Config\n{config}"))
    .endpoint("auth_web", "AuthWeb", BODY)
}

/// The same in production, where nobody knows the public port.
fn production(config: &str) -> Given {
    Given {
        mode: Mode::Production,
        port: None,
        ..development(config)
    }
}

impl Given {
    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// One more endpoint, `<Web>.Endpoint`; or another body of the one there is.
    fn endpoint(self, app: &str, web: &str, body: &str) -> Self {
        self.file(
            &format!("lib/{app}/endpoint.ex"),
            &format!(
                "defmodule {web}.Endpoint do\n  use Phoenix.Endpoint, otp_app: :{app}\n  {body}\nend"
            ),
        )
    }

    /// Leads a host to `AuthWeb.Endpoint` in `mesh-router.toml`.
    fn route(mut self, host: &'static str) -> Self {
        self.static_hosts.push(host);
        self
    }

    /// Puts development names below this.
    fn domain(self, domain: &'static str) -> Self {
        Self { domain, ..self }
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    fn env(&self) -> &'static str {
        match self.mode {
            Mode::Development => "dev",
            Mode::Production => "prod",
        }
    }

    fn read(&self) -> Meaning {
        let config = elixir_config::evaluate(
            &Texts(&self.files),
            &Script {
                env: self.env(),
                config_path: "config/config.exs",
                vars: &self.vars,
                root: "/project",
            },
        );
        let sources = self.files.iter().filter(|(path, _)| path.ends_with(".ex"));
        let modules: Vec<EndpointModule> = sources
            .flat_map(|(path, text)| modules(path, text))
            .collect();
        let project = Project {
            source: Source::Config,
            root: Path::new("/project"),
            env: self.env(),
            mode: self.mode,
            domain: self.domain,
            subdomains: self.subdomains,
            vars: &self.vars,
            is_release: self.is_release,
            private: None,
        };
        crate::read(&project, &modules, &Evaluated(&config))
    }

    fn snapshot(&self, meaning: &Meaning) -> Snapshot {
        let report = Report {
            source: Source::Config,
            stale: false,
            endpoints: meaning.endpoints.clone(),
            findings: Vec::new(),
        };
        let claims = self.static_hosts.iter().map(|host| Claim {
            host: Host::parse(host).unwrap(),
            subdomains: self.subdomains,
            kind: ClaimKind::Static,
            origin: None,
        });
        let named = Reported {
            service: "AuthWeb.Endpoint".to_owned(),
            app: None,
            node: None,
            claims: claims.collect(),
            upstreams: Vec::new(),
            adapter: Adapter::Unknown,
            serving: Serving::Yes,
            origin: None,
        };
        let written = Report {
            source: Source::Static,
            stale: false,
            endpoints: vec![named],
            findings: Vec::new(),
        };
        let rules = Rules {
            mode: self.mode,
            ..Rules::default()
        };
        merge(&Snapshot::default(), &[report, written], &rules)
    }

    fn findings(&self) -> Vec<Finding> {
        let meaning = self.read();
        let what_ifs: Vec<WhatIf> = WHAT_IFS
            .iter()
            .map(|(variable, value)| WhatIf {
                variable: (*variable).to_owned(),
                value: (*value).to_owned(),
                facts: self.clone().var(variable, value).read().facts,
            })
            .collect();
        check(
            &meaning.facts,
            &Circumstances {
                mode: self.mode,
                env: self.env(),
                is_release: self.is_release,
                snapshot: &self.snapshot(&meaning),
                port: self.port,
                delay: self.delay,
                drain: self.drain,
                graces: &self.graces,
                addresses: &self.addresses,
                names: &self.names,
                what_ifs: &what_ifs,
            },
        )
    }

    /// Compares all that the doctor says under this code.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
    fn says(&self, code: &str, expected: Expect) {
        let findings = self.findings();
        expected.assert_eq(&shown(findings.iter().filter(|it| it.code == code)));
    }

    /// Asserts that the doctor says nothing under this code.
    #[track_caller]
    fn is_silent(&self, code: &str) {
        let findings = self.findings();
        assert_eq!(shown(findings.iter().filter(|it| it.code == code)), "");
    }
}

fn modules(path: &str, text: &str) -> Vec<EndpointModule> {
    let origin = |line| Origin {
        file: path.to_owned(),
        line,
    };
    elixir_config::uses(text, "Phoenix.Endpoint")
        .into_iter()
        .map(|it| EndpointModule {
            module: it.module,
            otp_app: it.otp_app.unwrap(),
            origin: Some(origin(it.line)),
            init: it.init,
            calls: Some(it.calls.into_iter().map(call).collect()),
        })
        .collect()
}

fn call(call: elixir_config::Call) -> Call {
    let elixir_config::Call {
        name,
        arguments,
        line,
        is_conditional,
    } = call;
    Call {
        name,
        arguments,
        line,
        is_conditional,
    }
}

fn shown<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let mut out = String::new();
    for finding in findings {
        let Finding {
            code,
            severity,
            origin,
            message,
            fix,
        } = finding;
        let origin = origin.as_ref().map_or("-".to_owned(), Origin::to_string);
        let _ = writeln!(out, "{severity} {code} {origin}: {message}\n  {fix}");
    }
    out
}

/// Files in memory.
struct Texts<'a>(&'a BTreeMap<String, String>);

impl Files for Texts<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.0.get(path).cloned())
    }

    fn glob(&self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}

struct Evaluated<'a>(&'a Config);

impl Environment for Evaluated<'_> {
    fn get(&self, app: &str, path: &[&str]) -> Setting {
        match self.0.get(app, path) {
            elixir_config::Setting::Absent => Setting::Absent,
            elixir_config::Setting::Known(term, at) => Setting::Known(term, origin(at)),
            elixir_config::Setting::Unknown { why, at } => Setting::Unknown {
                why,
                origin: origin(at),
            },
        }
    }
}

fn origin(Written { file, line }: Written) -> Origin {
    Origin { file, line }
}
