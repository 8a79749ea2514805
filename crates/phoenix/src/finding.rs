//! What an endpoint's settings leave to be said, each with the line to write.

use routes::{Finding, Host, Mode, Origin, Severity};

use crate::{
    EndpointModule, Project,
    endpoint::{Facts, OwnHost, Server},
    listen::Listens,
    origin::Refusal,
};

/// What all findings of one endpoint need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) project: &'a Project<'a>,
    pub(crate) module: &'a EndpointModule,
    pub(crate) facts: &'a Facts,
    /// A port that no endpoint declares, for the line to write.
    pub(crate) free_port: u16,
    /// The endpoint's label, for the host of that line.
    pub(crate) label: &'a str,
}

impl About<'_> {
    /// All that is to be said; `development` is the name that development gave the endpoint.
    pub(crate) fn findings(self, development: Option<&Host>) -> Vec<Finding> {
        let off = matches!(self.facts.server, Server::Off(_));
        let address = if off { None } else { self.address() };
        let origin = development
            .filter(|_| !off)
            .and_then(|host| self.origin(host));
        [
            self.name(development),
            self.host(),
            address,
            self.server(),
            self.init(),
            origin,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Development gives each endpoint a name, where its application's makes one.
    fn name(self, development: Option<&Host>) -> Option<Finding> {
        let is_missing = self.project.mode == Mode::Development && development.is_none();
        is_missing.then(|| Finding {
            code: "no-development-name",
            severity: Severity::Warning,
            origin: self.module.origin.clone(),
            message: format!(
                "the name of :{} makes no host below {}, so {} has no name in development",
                self.module.otp_app, self.project.domain, self.module.module
            ),
            fix: self.line("url: [host: \"auth.localhost\"]"),
        })
    }

    fn host(self) -> Option<Finding> {
        let module = &self.module.module;
        let (code, message, origin) = match &self.facts.host {
            OwnHost::None | OwnHost::Placeholder(..) | OwnHost::Is(..) => return None,
            OwnHost::Unknown(why, origin) if self.is_why_unreachable(why, origin) => return None,
            OwnHost::Invalid(what, origin) => (
                "host-invalid",
                format!("the url host of {module} can't be used: {what}"),
                origin,
            ),
            OwnHost::Unknown(why, origin) => (
                "host-unknown",
                format!("the url host of {module} is not known: {why}"),
                origin,
            ),
        };
        Some(Finding {
            code,
            severity: Severity::Warning,
            origin: Some(origin.clone()),
            message,
            fix: self.line(&format!("url: [host: \"{}.example.com\"]", self.label)),
        })
    }

    /// Returns whether `port-unknown` tells the same, as where a file doesn't parse.
    fn is_why_unreachable(self, host_why: &str, host_origin: &Origin) -> bool {
        match &self.facts.listens {
            Listens::Unknown { why, origin } => why == host_why && origin == host_origin,
            Listens::At(..)
            | Listens::AtUrlPort(..)
            | Listens::PublicPort(..)
            | Listens::HttpsOnly(_)
            | Listens::Nowhere(_)
            | Listens::Private
            | Listens::Silent(_)
            | Listens::Elsewhere(_) => false,
        }
    }

    fn address(self) -> Option<Finding> {
        let module = &self.module.module;
        let (code, severity, message, origin) = match &self.facts.listens {
            // Whoever asks a silent one's service is told so.
            Listens::At(..) | Listens::Silent(_) => return None,
            Listens::Elsewhere(address) => return Some(self.elsewhere(address)),
            Listens::Private => return Some(self.private()),
            Listens::AtUrlPort(port, origin) => (
                "port-from-url",
                Severity::Warning,
                format!(
                    "{module} has no `http:`, without which Phoenix opens no port; what may listen \
                     at port {port} of its `url:` is dialled"
                ),
                Some(origin.clone()),
            ),
            Listens::PublicPort(port, origin) => (
                "url-port-public",
                Severity::Warning,
                format!(
                    "{module} has no `http:`, and port {port} of its `url:` is the public one, \
                     not where it listens"
                ),
                Some(origin.clone()),
            ),
            Listens::HttpsOnly(origin) => (
                "https-only",
                Severity::Warning,
                format!("{module} has only `https:`, and the gateway speaks HTTP to endpoints"),
                Some(origin.clone()),
            ),
            Listens::Nowhere(origin) => (
                "no-http",
                Severity::Warning,
                format!("{module} has no `http:` in {}", self.project.env),
                origin.clone().or_else(|| self.module.origin.clone()),
            ),
            Listens::Unknown { why, origin } => (
                "port-unknown",
                Severity::Error,
                format!("where {module} listens is not known: {why}"),
                Some(origin.clone()),
            ),
        };
        Some(Finding {
            code,
            severity,
            origin,
            message,
            fix: self.line(&format!(
                "http: [ip: {{127, 0, 0, 1}}, port: {}]",
                self.port()
            )),
        })
    }

    /// Nothing is wrong, but who looks for its address should know where it is.
    fn private(self) -> Finding {
        Finding {
            code: "private-socket",
            severity: Severity::Info,
            origin: self.module.origin.clone(),
            message: format!(
                "{} gets a private socket from the Hex package when it starts, so there is no \
                 address before",
                self.module.module
            ),
            fix: "`mesh-router routes --running` shows it while it runs".to_owned(),
        }
    }

    /// The port of the line to write: the one it seems to have, or one that is free.
    fn port(self) -> u16 {
        match &self.facts.listens {
            Listens::AtUrlPort(port, _) => *port,
            Listens::At(..)
            | Listens::PublicPort(..)
            | Listens::HttpsOnly(_)
            | Listens::Nowhere(_)
            | Listens::Private
            | Listens::Silent(_)
            | Listens::Elsewhere(_)
            | Listens::Unknown { .. } => self.free_port,
        }
    }

    fn server(self) -> Option<Finding> {
        let module = &self.module.module;
        // Without an address nothing is dialled, listening or not.
        self.facts.listens.address()?;
        let (severity, code, message, origin) = match &self.facts.server {
            Server::On | Server::Off(_) => return None,
            // Its own variables may say otherwise than ours.
            Server::Unset if self.project.is_release => (
                Severity::Warning,
                "server-unset",
                format!(
                    "nothing sets `server: true` for {module} with the gateway's environment \
                     variables, so the release would not make it listen; it is dialled anyway"
                ),
                self.module.origin.clone(),
            ),
            // Unset is how everyone starts in development, by `mix phx.server`; the doctor says
            // what it will mean for a release.
            Server::Unset => return None,
            Server::Unknown(why, origin) => (
                Severity::Info,
                "server-unknown",
                format!("whether {module} listens is not known: {why}; it is dialled anyway"),
                Some(origin.clone()),
            ),
        };
        let line = self.line("server: true");
        Some(Finding {
            code,
            severity,
            origin,
            message,
            fix: match self.project.is_release {
                true => format!(
                    "write `{line}`, or start the release and the gateway with PHX_SERVER=true \
                     where config/runtime.exs asks for it"
                ),
                false => line,
            },
        })
    }

    fn init(self) -> Option<Finding> {
        let line = self.module.init?;
        let file = &self.module.origin.as_ref()?.file;
        Some(Finding {
            code: "init-override",
            severity: Severity::Info,
            origin: Some(Origin {
                file: file.clone(),
                line,
            }),
            message: format!(
                "{} may change its configuration in init/2, which is not read",
                self.module.module
            ),
            fix: "move what init/2 sets to config/runtime.exs".to_owned(),
        })
    }

    /// A derived name that the endpoint's sockets would refuse: the page would load and LiveView not.
    fn origin(self, host: &Host) -> Option<Finding> {
        let refusal = Refusal::of(self.facts, host)?;
        Some(refusal.finding(self.module, &[host]))
    }

    fn line(self, setting: &str) -> String {
        self.module.line(setting)
    }
}
