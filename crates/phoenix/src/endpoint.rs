//! One endpoint's settings, and the facts read from them.

use erlterm::Term;
use routes::{Adapter, Host, Origin, Serving};

use crate::{
    EndpointModule, Environment, Project, Setting,
    listen::{Listens, listens},
    name::is_telling,
    value::{is_atom, resolve, shown, text},
};

/// The settings of one endpoint: what stands under its module's name.
pub(crate) struct Settings<'a> {
    pub(crate) project: &'a Project<'a>,
    pub(crate) module: &'a EndpointModule,
    environment: &'a dyn Environment,
    key: String,
}

/// What an endpoint's settings say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(crate) host: OwnHost,
    pub(crate) listens: Listens,
    pub(crate) server: Server,
    pub(crate) adapter: Adapter,
    pub(crate) check_origin: CheckOrigin,
}

/// The host of `url:`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each endpoint, and only while settings are read"
)]
pub(crate) enum OwnHost {
    /// None is set.
    None,
    /// One that tells nothing (`localhost`, an address), as it is written.
    Placeholder(String, Origin),
    /// This.
    Is(Host, Origin),
    /// Something that is no host; the text says what.
    Invalid(String, Origin),
    /// It is set to what can't be known.
    Unknown(String, Origin),
}

/// The setting `server:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// It listens.
    On,
    /// `server: false`.
    Off(Origin),
    /// Nobody says: it depends on how the application is started.
    Unset,
    /// It is set to what can't be known.
    Unknown(String, Origin),
}

/// Which origins of a socket's page an endpoint accepts (Phoenix.Endpoint, `:check_origin`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckOrigin {
    /// All, or whatever a function or the request's own host says.
    Open,
    /// The host of `url:`; where that is set, if anywhere.
    OwnHost(Option<Origin>),
    /// Those that match one of these (`//*.localhost`).
    These(Vec<String>, Origin),
}

impl Facts {
    pub(crate) fn read(settings: &Settings<'_>) -> Self {
        Self {
            host: own_host(settings),
            listens: listens(settings),
            server: server(settings),
            adapter: adapter(settings),
            check_origin: check_origin(settings),
        }
    }

    /// Whether the endpoint listens, in the words of a report. Where it isn't told not to, but has
    /// no address, a finding says why.
    pub(crate) fn serving(&self) -> Serving {
        match &self.server {
            Server::Off(origin) => Serving::No(format!("`server: false` in {origin}")),
            Server::On | Server::Unset | Server::Unknown(..) => Serving::Yes,
        }
    }
}

impl<'a> Settings<'a> {
    pub(crate) fn new(
        project: &'a Project<'a>,
        module: &'a EndpointModule,
        environment: &'a dyn Environment,
    ) -> Self {
        Self {
            project,
            module,
            environment,
            key: Self::key(module),
        }
    }

    /// The module's atom, under which its settings stand.
    pub(crate) fn key(module: &EndpointModule) -> String {
        format!("Elixir.{}", module.module)
    }

    /// One setting as it is written.
    pub(crate) fn raw(&self, path: &[&str]) -> Setting {
        let mut whole = vec![self.key.as_str()];
        whole.extend_from_slice(path);
        self.environment.get(&self.module.otp_app, &whole)
    }

    /// One setting with `{:system, "VAR"}` resolved, and `nil` taken for none.
    pub(crate) fn get(&self, path: &[&str]) -> Setting {
        match self.raw(path) {
            Setting::Known(term, _) if is_atom(&term, "nil") => Setting::Absent,
            Setting::Known(term, origin) => match resolve(term, self.project.vars) {
                Ok(term) => Setting::Known(term, origin),
                Err(why) => Setting::Unknown { why, origin },
            },
            other @ (Setting::Absent | Setting::Unknown { .. }) => other,
        }
    }
}

fn own_host(settings: &Settings<'_>) -> OwnHost {
    let (term, origin) = match settings.get(&["url", "host"]) {
        Setting::Absent => return OwnHost::None,
        Setting::Unknown { why, origin } => return OwnHost::Unknown(why, origin),
        Setting::Known(term, origin) => (term, origin),
    };
    let Some(text) = text(&term) else {
        return OwnHost::Invalid(format!("{} is no string", shown(&term)), origin);
    };
    if text.is_empty() {
        return OwnHost::None;
    }
    match Host::parse(&text) {
        Ok(host) if is_telling(&host) => OwnHost::Is(host, origin),
        Ok(_) => OwnHost::Placeholder(text, origin),
        Err(error) => OwnHost::Invalid(format!("{}: {error}", shown(&term)), origin),
    }
}

fn server(settings: &Settings<'_>) -> Server {
    match settings.get(&["server"]) {
        Setting::Known(term, origin) if is_atom(&term, "false") => Server::Off(origin),
        Setting::Known(..) => Server::On,
        Setting::Unknown { why, origin } => Server::Unknown(why, origin),
        // `mix phx.server` sets this one, and a project may.
        Setting::Absent => match settings.environment.get("phoenix", &["serve_endpoints"]) {
            Setting::Known(term, _) if is_atom(&term, "true") => Server::On,
            Setting::Known(..) | Setting::Absent | Setting::Unknown { .. } => Server::Unset,
        },
    }
}

fn adapter(settings: &Settings<'_>) -> Adapter {
    match settings.get(&["adapter"]) {
        // Phoenix's own default.
        Setting::Absent => Adapter::Cowboy,
        Setting::Known(Term::Atom(name), _) => match name.as_str() {
            "Elixir.Bandit.PhoenixAdapter" => Adapter::Bandit,
            "Elixir.Phoenix.Endpoint.Cowboy2Adapter" | "Elixir.Phoenix.Endpoint.CowboyAdapter" => {
                Adapter::Cowboy
            }
            _ => Adapter::Unknown,
        },
        Setting::Known(..) | Setting::Unknown { .. } => Adapter::Unknown,
    }
}

fn check_origin(settings: &Settings<'_>) -> CheckOrigin {
    match settings.get(&["check_origin"]) {
        Setting::Absent => CheckOrigin::OwnHost(None),
        Setting::Known(term, origin) if is_atom(&term, "true") => {
            CheckOrigin::OwnHost(Some(origin))
        }
        Setting::Known(Term::List(items), origin) => {
            let texts: Option<Vec<String>> = items.iter().map(text).collect();
            // What isn't a list of strings can't be judged here.
            texts.map_or(CheckOrigin::Open, |texts| CheckOrigin::These(texts, origin))
        }
        // `false`, `:conn`, a function, or what nobody knows.
        Setting::Known(..) | Setting::Unknown { .. } => CheckOrigin::Open,
    }
}

impl CheckOrigin {
    /// Returns whether a page of `host` may open a socket, where `own` is the host of `url:`.
    pub(crate) fn accepts(&self, host: &Host, own: &OwnHost) -> bool {
        match self {
            Self::Open => true,
            Self::OwnHost(_) => match own {
                OwnHost::Is(own, _) => own == host,
                OwnHost::None | OwnHost::Placeholder(..) => false,
                OwnHost::Invalid(..) | OwnHost::Unknown(..) => true,
            },
            Self::These(origins, _) => origins.iter().any(|origin| matches(origin, host)),
        }
    }

    /// Where it is written.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Open | Self::OwnHost(None) => None,
            Self::OwnHost(Some(origin)) | Self::These(_, origin) => Some(origin),
        }
    }
}

/// Compares as Phoenix does, but for scheme and port, which it takes from the page's address:
/// `//*.localhost` and `http://auth.localhost:4000` match `auth.localhost`.
fn matches(origin: &str, host: &Host) -> bool {
    let Some((_, authority)) = origin.split_once("//") else {
        return false;
    };
    let name = authority.split([':', '/']).next().unwrap_or_default();
    match name.strip_prefix('*') {
        Some(suffix) => host.as_str().ends_with(suffix),
        None => host.as_str() == name,
    }
}
