//! Umbrellas of any size, as `mix phx.new --umbrella` writes them, the same bytes every time.
//!
//! The templates are in `umbrella/`: `NNN` is an app's number, `PORT` its endpoint's port. They
//! need no package, so that Elixir alone can read what they configure.

use crate::Project;

/// The most apps that have three digits.
const APPS_MAX: usize = 999;

/// Each app's files below its folder, by template.
const APP_FILES: [(&str, &str); 3] = [
    ("mix.exs", include_str!("../umbrella/app_mix.exs")),
    (
        "lib/part_NNN_web/endpoint.ex",
        include_str!("../umbrella/endpoint.ex"),
    ),
    (
        "lib/part_NNN_web/router.ex",
        include_str!("../umbrella/router.ex"),
    ),
];

/// Modules that a generated app has besides; what is in them is no matter to anyone here, but a
/// folder with an endpoint in it is never otherwise empty.
const OTHER_MODULES: [&str; 9] = [
    "application",
    "components/core_components",
    "components/layouts",
    "controllers/error_html",
    "controllers/error_json",
    "controllers/page_controller",
    "controllers/page_html",
    "gettext",
    "telemetry",
];

/// A generated umbrella: apps `part_001_web`, `part_002_web` and so on, each with an endpoint that
/// says `localhost` and a port of its own.
#[derive(Debug)]
pub struct Umbrella {
    /// Its files.
    pub project: Project,
    apps: usize,
    first_port: u16,
}

impl Umbrella {
    /// Writes an umbrella of so many apps, whose endpoints have the ports from `first_port` on.
    pub fn of(apps: usize, first_port: u16) -> Self {
        assert!(apps <= APPS_MAX, "{apps} apps have no numbers");
        let umbrella = Self {
            project: Project::empty(),
            apps,
            first_port,
        };
        let project = &umbrella.project;
        project.write("mix.exs", include_str!("../umbrella/mix.exs"));
        for app in 1..=apps {
            for (file, text) in Self::files(app, umbrella.port(app)) {
                project.write(&file, &text);
            }
        }
        let main = umbrella.script(include_str!("../umbrella/config.exs"))
            + include_str!("../umbrella/config_end.exs");
        project.write("config/config.exs", &main);
        for (file, template) in [
            ("config/test.exs", include_str!("../umbrella/test.exs")),
            ("config/prod.exs", include_str!("../umbrella/prod.exs")),
            (
                "config/runtime.exs",
                include_str!("../umbrella/runtime.exs"),
            ),
        ] {
            project.write(file, &umbrella.script(template));
        }
        project.write("config/dev.exs", &umbrella.dev_config());
        umbrella
    }

    /// Adds a line to every app's every file, as if all had been worked on.
    pub fn touch(&self, line: &str) {
        for app in 1..=self.apps {
            for (file, text) in Self::files(app, self.port(app)) {
                self.project.write(&file, &(text + line));
            }
        }
    }

    /// Returns what `config/dev.exs` says.
    pub fn dev_config(&self) -> String {
        self.script(include_str!("../umbrella/dev.exs"))
    }

    /// Returns each endpoint's module and port.
    pub fn endpoints(&self) -> Vec<(String, u16)> {
        (1..=self.apps)
            .map(|app| (format!("Part{app:03}Web.Endpoint"), self.port(app)))
            .collect()
    }

    fn port(&self, app: usize) -> u16 {
        self.first_port + u16::try_from(app - 1).unwrap()
    }

    /// One app's files: path and content.
    fn files(app: usize, port: u16) -> Vec<(String, String)> {
        let folder = format!("apps/part_{app:03}_web");
        let whole = APP_FILES.iter().map(|(file, template)| {
            let file = format!("{folder}/{}", filled(file, app, port));
            (file, filled(template, app, port))
        });
        let others = OTHER_MODULES.iter().map(|module| {
            let file = format!("{folder}/lib/part_{app:03}_web/{module}.ex");
            let name = module.replace('/', "_");
            (
                file,
                format!("defmodule Part{app:03}Web.Other.{name} do\nend\n"),
            )
        });
        whole.chain(others).collect()
    }

    /// A script with the template's lines for every app.
    fn script(&self, template: &str) -> String {
        let apps = (1..=self.apps).map(|app| filled(template, app, self.port(app)));
        "import Config\n".to_owned() + &apps.collect::<String>()
    }
}

fn filled(template: &str, app: usize, port: u16) -> String {
    let number = format!("{app:03}");
    template
        .replace("PORT", &port.to_string())
        .replace("NNN", &number)
}
