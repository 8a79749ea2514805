//! One endpoint's settings, and the facts read from them.

use erlterm::Term;
use routes::{Adapter, Host, Origin, Serving};

use crate::{
    Bound, EndpointModule, Environment, Machine, Project, Setting,
    listen::{Listens, listens},
    name::is_telling,
    origin::{Policy, policies},
    session::Session,
    ssl::{Redirect, redirects},
    stop::{Stop, stops},
    url::{GeneratedUrl, UrlHost, generated, generated_static, url_host},
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
    /// The listener for https, which the gateway doesn't use, and where it is set.
    pub(crate) https: Option<Origin>,
    /// What `url: [host:]` is to Phoenix.
    pub(crate) url_host: UrlHost,
    /// Where generated URLs lead, as far as that is known.
    pub(crate) url: Option<GeneratedUrl>,
    /// Where those of static files lead, if elsewhere.
    pub(crate) static_url: Option<GeneratedUrl>,
    /// Which pages its sockets accept.
    pub(crate) policies: Vec<Policy>,
    /// What redirects to https.
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) session: Option<Session>,
    /// How long it takes to stop, where somebody says.
    pub(crate) stops: Vec<Stop>,
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

impl Facts {
    pub(crate) fn read(settings: &Settings<'_>) -> Self {
        Self {
            host: own_host(settings),
            listens: listens(settings),
            server: server(settings),
            adapter: adapter(settings),
            https: https(settings),
            url_host: url_host(settings),
            url: generated(settings),
            static_url: generated_static(settings),
            policies: policies(settings),
            redirects: redirects(settings),
            session: Session::of(settings.module),
            stops: stops(settings),
        }
    }

    /// Whether the endpoint listens, in the words of a report. Where it isn't told not to, but has
    /// no address, a finding says why.
    pub(crate) fn serving(&self) -> Serving {
        match &self.listens {
            Listens::Silent(why) => return Serving::No(why.clone()),
            Listens::Elsewhere(address) => {
                return Serving::No(format!(
                    "it listens on {address}, which only its own machine reaches"
                ));
            }
            Listens::At(..)
            | Listens::AtUrlPort(..)
            | Listens::PublicPort(..)
            | Listens::HttpsOnly(_)
            | Listens::Nowhere(_)
            | Listens::Private
            | Listens::Unknown { .. } => {}
        }
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

    /// What the running endpoint says of its listener.
    pub(crate) fn bound(&self) -> Bound {
        self.environment.bound(&self.module.module)
    }

    /// Where the endpoint was found.
    pub(crate) fn found(&self) -> Origin {
        self.module.origin.clone().unwrap_or_else(|| Origin {
            file: self.project.env.to_owned(),
            line: 0,
        })
    }

    /// The machine that it runs on.
    pub(crate) fn machine(&self) -> Machine {
        self.environment.machine()
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

/// `Phoenix.Endpoint.Supervisor.server?/1`: whatever stands there counts, `nil` as false; only where
/// nothing does, `:serve_endpoints` is asked.
fn server(settings: &Settings<'_>) -> Server {
    // One that runs says itself whether it listens, which is more than what it was told.
    if settings.bound() != Bound::NotAsked {
        return Server::On;
    }
    match settings.raw(&["server"]) {
        Setting::Known(term, origin) if is_atom(&term, "false") || is_atom(&term, "nil") => {
            Server::Off(origin)
        }
        Setting::Known(..) => Server::On,
        Setting::Unknown { why, origin } => Server::Unknown(why, origin),
        // `mix phx.server` sets this one, and a project may.
        Setting::Absent => match settings.environment.get("phoenix", &["serve_endpoints"]) {
            Setting::Known(term, _) if is_atom(&term, "true") => Server::On,
            Setting::Known(..) | Setting::Absent | Setting::Unknown { .. } => Server::Unset,
        },
    }
}

fn https(settings: &Settings<'_>) -> Option<Origin> {
    match settings.raw(&["https"]) {
        Setting::Known(Term::List(_), origin) => Some(origin),
        Setting::Known(..) | Setting::Absent | Setting::Unknown { .. } => None,
    }
}

/// Reads which web server carries it.
pub(crate) fn adapter(settings: &Settings<'_>) -> Adapter {
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
