//! Development or production?

use routes::Mode;

use crate::config::Listen;

#[cfg(test)]
mod tests;

/// What the mode is decided by where nobody says it outright.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The environment that the project's config is read for; `None` without a project.
    pub(crate) env: Option<&'a str>,
    /// A release is read, or we were started from one; which, in a clause.
    pub(crate) release: Option<&'a str>,
    /// Running nodes are followed.
    pub(crate) has_nodes: bool,
    /// The listeners asked for; `None`: loopback ones are chosen.
    pub(crate) listen: Option<&'a [Listen]>,
}

/// Decides the mode, and says why. Whatever isn't plainly a developer's machine is production:
/// only development shows lists of hosts.
pub(crate) fn detect(said: Option<Mode>, facts: Facts<'_>) -> (Mode, String) {
    if let Some(mode) = said {
        return (mode, "set outright".to_owned());
    }
    let Some(env) = facts.env else {
        let why = facts.release.unwrap_or("there is no project");
        return (Mode::Production, why.to_owned());
    };
    if env != "dev" && env != "test" {
        return (Mode::Production, format!("the environment is {env}"));
    }
    if facts.has_nodes {
        return (Mode::Production, "running nodes are followed".to_owned());
    }
    if let Some(release) = facts.release {
        return (Mode::Production, release.to_owned());
    }
    let open = facts
        .listen
        .unwrap_or_default()
        .iter()
        .find(|listen| !admin::is_local(&listen.address));
    match open {
        Some(listen) => {
            let address = &listen.address;
            (
                Mode::Production,
                format!("{address} is open to other machines"),
            )
        }
        None => (
            Mode::Development,
            format!("the environment is {env}, every listener is on loopback"),
        ),
    }
}
