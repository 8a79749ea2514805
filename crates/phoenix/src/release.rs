//! What the files of a release say, once they are terms.

#[cfg(test)]
mod tests;

use erlterm::Term;

/// The provider that reads scripts; all others are somebody's own code.
const READER: &str = "Config.Reader";

/// `NAME.rel`: what is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFile {
    /// The release's name.
    pub name: String,
    /// The applications with their versions, in the order of their start.
    pub apps: Vec<(String, String)>,
}

impl ReleaseFile {
    /// Reads `{release, {Name, Version}, {erts, Version}, [{App, Version, …}, …]}`.
    #[must_use]
    pub fn read(terms: &[Term]) -> Option<Self> {
        let [Term::Tuple(parts)] = terms else {
            return None;
        };
        let [tag, named, _erts, apps] = parts.as_slice() else {
            return None;
        };
        if tag.as_atom() != Some("release") {
            return None;
        }
        let name = named.as_tuple()?.first()?.to_text()?;
        let app = |entry: &Term| match entry.as_tuple()? {
            [app, version, ..] => Some((app.as_atom()?.to_owned(), version.to_text()?)),
            _ => None,
        };
        let apps = apps.as_list()?.iter().map(app).collect::<Option<_>>()?;
        Some(Self { name, apps })
    }
}

/// Reads the modules of `APP.app`, as atoms are named: `Elixir.AuthWeb.Endpoint`.
#[must_use]
pub fn app_modules(terms: &[Term]) -> Option<Vec<String>> {
    let [Term::Tuple(parts)] = terms else {
        return None;
    };
    let [tag, _app, settings] = parts.as_slice() else {
        return None;
    };
    if tag.as_atom() != Some("application") {
        return None;
    }
    let modules = settings.get("modules")?.as_list()?;
    modules
        .iter()
        .map(|module| module.as_atom().map(str::to_owned))
        .collect()
}

/// What a release's `sys.config` says of its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Startup {
    /// What `config_env()` is, where a provider was given it.
    pub env: Option<String>,
    /// What `config_target()` is, likewise.
    pub target: Option<String>,
    /// What is asked for settings, in turn.
    pub providers: Vec<ConfigProvider>,
}

/// One of a release's `config_providers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigProvider {
    /// A script that `Config.Reader` evaluates.
    Script(ConfigPath),
    /// Anything else; the text names it.
    Other(String),
}

/// A path as `Config.Provider` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPath {
    /// The variable in front, of `{:system, var, rest}`.
    pub var: Option<String>,
    /// The rest.
    pub rest: String,
}

impl Startup {
    /// Reads what Mix has put under `config :elixir` when it assembled the release.
    #[must_use]
    pub fn read(settings: &Term) -> Self {
        let mut startup = Self::default();
        let init = settings
            .get("elixir")
            .and_then(|elixir| elixir.get("config_provider_init"));
        let Some(Term::Map(fields)) = init else {
            return startup;
        };
        let field = |name: &str| {
            let mut fields = fields.iter();
            fields.find_map(|(key, value)| (key.as_atom() == Some(name)).then_some(value))
        };
        for provider in field("providers")
            .and_then(Term::as_list)
            .unwrap_or_default()
        {
            startup.add(provider);
        }
        startup
    }

    fn add(&mut self, provider: &Term) {
        let (module, state) = match provider.as_tuple() {
            Some([module, state]) => (module.as_module().unwrap_or("a module"), state),
            _ => ("a provider", provider),
        };
        let read = (module == READER).then(|| script(state)).flatten();
        let Some((path, options)) = read else {
            self.providers
                .push(ConfigProvider::Other(module.to_owned()));
            return;
        };
        let word = |key: &str| Some(options?.get(key)?.as_atom()?.to_owned());
        self.env = self.env.take().or_else(|| word("env"));
        self.target = self.target.take().or_else(|| word("target"));
        self.providers.push(ConfigProvider::Script(path));
    }
}

/// The state of a `Config.Reader`: `{path, options}` since Elixir 1.11, the path alone before.
fn script(state: &Term) -> Option<(ConfigPath, Option<&Term>)> {
    if let Some(path) = config_path(state) {
        return Some((path, None));
    }
    match state.as_tuple()? {
        [path, options] => Some((config_path(path)?, Some(options))),
        _ => None,
    }
}

fn config_path(term: &Term) -> Option<ConfigPath> {
    if let Some(path) = term.as_str() {
        return Some(ConfigPath {
            var: None,
            rest: path.to_owned(),
        });
    }
    match term.as_tuple()? {
        [tag, var, rest] if tag.as_atom() == Some("system") => Some(ConfigPath {
            var: Some(var.as_str()?.to_owned()),
            rest: rest.as_str()?.to_owned(),
        }),
        _ => None,
    }
}
