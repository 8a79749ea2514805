//! What was read of one endpoint, kept for whoever asks later: the doctor, `explain`.

use routes::Host;

use crate::{
    Environment, Step,
    endpoint::{Facts, Settings},
    module::EndpointModule,
};

/// The settings whose writers [`EndpointFacts::provenance`] tells, with their paths.
const SETTINGS: [(&str, &[&str]); 7] = [
    ("url host", &["url", "host"]),
    ("url port", &["url", "port"]),
    ("http ip", &["http", "ip"]),
    ("http port", &["http", "port"]),
    ("server", &["server"]),
    ("adapter", &["adapter"]),
    ("check_origin", &["check_origin"]),
];

/// What the settings of one endpoint say, and who wrote them.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointFacts {
    pub(crate) module: EndpointModule,
    pub(crate) facts: Facts,
    /// The name that development gives it.
    pub(crate) development: Option<Host>,
    provenance: Vec<Provenance>,
}

/// Who wrote one setting of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// `url host`, `http port`, …
    pub setting: &'static str,
    /// The write in force first, then what it overrode.
    pub steps: Vec<Step>,
}

impl EndpointFacts {
    pub(crate) fn new(
        module: &EndpointModule,
        facts: Facts,
        development: Option<Host>,
        environment: &dyn Environment,
    ) -> Self {
        let key = Settings::key(module);
        let provenance = SETTINGS.iter().map(|(setting, path)| {
            let mut whole = vec![key.as_str()];
            whole.extend_from_slice(path);
            Provenance {
                setting,
                steps: environment.history(&module.otp_app, &whole),
            }
        });
        Self {
            provenance: provenance.filter(|it| !it.steps.is_empty()).collect(),
            module: module.clone(),
            facts,
            development,
        }
    }

    /// The endpoint's module, `AuthWeb.Endpoint`.
    pub fn module(&self) -> &str {
        &self.module.module
    }

    /// Who wrote the settings that routing depends on; those that nobody wrote are left out.
    pub fn provenance(&self) -> &[Provenance] {
        &self.provenance
    }
}
