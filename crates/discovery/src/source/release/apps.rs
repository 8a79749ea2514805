//! The applications of a release, and which of their modules are endpoints.

use std::collections::BTreeMap;

use elixir_config::{Config, Files as _, Setting};
use phoenix::{EndpointModule, ReleaseFile};
use routes::{Finding, Origin, Severity};

use super::layout::terms;
use crate::{
    files::ProjectFiles,
    project::{ENDPOINTS_MAX, too_many_endpoints},
};

/// How the modules of endpoints are named, by Phoenix's generators and by everyone.
const ENDPOINT: &str = "Endpoint";

/// Applications of one release; the largest in the wild have some hundreds.
const APPS_MAX: usize = 4096;

/// The applications, and what was found while looking into them.
pub(super) struct Apps<'a> {
    files: &'a ProjectFiles,
    /// Name → folder below `lib/`.
    folders: BTreeMap<String, String>,
    /// Name → its modules, as far as they were asked for.
    modules: BTreeMap<String, Option<Vec<String>>>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Apps<'a> {
    /// Those that `file` starts; without one, all that lie in `lib/`.
    pub(super) fn of(files: &'a ProjectFiles, file: Option<&ReleaseFile>) -> Self {
        let folders = match file {
            Some(file) => {
                let folder =
                    |(app, version): &(String, String)| (app.clone(), format!("{app}-{version}"));
                file.apps.iter().take(APPS_MAX).map(folder).collect()
            }
            None => listed(files),
        };
        Self {
            files,
            folders,
            modules: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.folders.keys().cloned().collect()
    }

    /// The modules whose name ends in `Endpoint` and that are configured under an application of
    /// the release.
    pub(super) fn endpoints(&mut self, config: &Config) -> Vec<EndpointModule> {
        let mut found: Vec<EndpointModule> = Vec::new();
        for app in config.apps() {
            if !self.folders.contains_key(app) {
                continue;
            }
            for key in config.keys(app) {
                let Some(module) = key.strip_prefix("Elixir.") else {
                    continue;
                };
                if !module.ends_with(ENDPOINT) || config.get(app, &[key]) == Setting::Absent {
                    continue;
                }
                let Some(origin) = self.home(app, key, config) else {
                    continue;
                };
                if found.len() >= ENDPOINTS_MAX {
                    self.findings.push(too_many_endpoints());
                    return found;
                }
                found.push(EndpointModule {
                    module: module.to_owned(),
                    otp_app: app.to_owned(),
                    origin: Some(origin),
                    init: None,
                    calls: None,
                });
            }
        }
        found
    }

    /// The file that lists a module which is configured under `app`; `None` where none does.
    fn home(&mut self, app: &str, key: &str, config: &Config) -> Option<Origin> {
        if self.has(app, key) {
            return Some(self.file(app));
        }
        // `otp_app:` may name another application than the module's own.
        let others: Vec<String> = self.names();
        let other = others.iter().find(|other| {
            self.modules_of(other)
                .is_some_and(|modules| modules.iter().any(|module| module == key))
        })?;
        (config.get(other, &[key]) == Setting::Absent).then(|| self.file(other))
    }

    /// Whether the module is one of the application's, as far as that can be told.
    fn has(&mut self, app: &str, key: &str) -> bool {
        match self.modules_of(app) {
            Some(modules) => modules.iter().any(|module| module == key),
            None => {
                self.tell_unseen(app);
                true
            }
        }
    }

    fn modules_of(&mut self, app: &str) -> Option<&[String]> {
        if !self.modules.contains_key(app) {
            let path = self.path(app);
            let modules = match terms(self.files, &path) {
                Ok(Some(terms)) => phoenix::app_modules(&terms),
                Ok(None) | Err(_) => None,
            };
            self.modules.insert(app.to_owned(), modules);
        }
        self.modules.get(app)?.as_deref()
    }

    fn path(&self, app: &str) -> String {
        let folder = self.folders.get(app).map_or(app, String::as_str);
        format!("lib/{folder}/ebin/{app}.app")
    }

    fn file(&self, app: &str) -> Origin {
        Origin {
            file: self.path(app),
            line: 0,
        }
    }

    /// Says that an application can't be looked into, and why.
    fn tell_unseen(&mut self, app: &str) {
        let path = self.path(app);
        let folder = self.folders.get(app).map_or(app, String::as_str);
        let archive = format!("lib/{folder}.ez");
        let finding = if self.files.exists(&archive) {
            Finding {
                code: "release-archive",
                severity: Severity::Info,
                origin: Some(Origin {
                    file: archive,
                    line: 0,
                }),
                message: format!(
                    "{app} is an archive, which is not opened; each module *Endpoint that is \
                     configured under it is taken for an endpoint"
                ),
                fix: String::new(),
            }
        } else {
            Finding {
                code: "release-app-unreadable",
                severity: Severity::Warning,
                origin: Some(Origin {
                    file: path.clone(),
                    line: 0,
                }),
                message: format!(
                    "{path} can't be read; each module *Endpoint that is configured under {app} is \
                     taken for an endpoint"
                ),
                fix: "copy the release whole, its lib/ included".to_owned(),
            }
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

fn listed(files: &ProjectFiles) -> BTreeMap<String, String> {
    let folders = files.glob("lib/*-*");
    let app = |path: &String| {
        let folder = path.strip_prefix("lib/")?;
        let (app, version) = folder.rsplit_once('-')?;
        let is_version = version.starts_with(|first: char| first.is_ascii_digit());
        is_version.then(|| {
            let folder = folder.strip_suffix(".ez").unwrap_or(folder);
            (app.to_owned(), folder.to_owned())
        })
    };
    folders.iter().filter_map(app).take(APPS_MAX).collect()
}
