//! A Phoenix project in a temporary folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::Launch;

/// The files of a project.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// An umbrella as `mix phx.new --umbrella` makes it, with one web app for each name and port;
    /// as in most real umbrellas every endpoint says `localhost`.
    pub fn umbrella(apps: &[(&str, u16)]) -> Self {
        let project = Self::empty();
        project.write(
            "mix.exs",
            "defmodule Shop.Umbrella.MixProject do\n  use Mix.Project\n\n  def project do\n    \
             [apps_path: \"apps\", version: \"0.1.0\", deps: []]\n  end\nend\n",
        );
        for (app, _) in apps {
            project.web_app(&format!("apps/{app}"), app);
        }
        project.write("config/config.exs", &main_config(apps));
        project.write("config/dev.exs", &dev_config(apps));
        project
    }

    /// A single application.
    pub fn plain(app: &str, port: u16) -> Self {
        let project = Self::empty();
        project.web_app("", app);
        project.write("config/config.exs", &main_config(&[(app, port)]));
        project.write("config/dev.exs", &dev_config(&[(app, port)]));
        project
    }

    /// Writes a file, its folders included.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Rewrites a file as an editor does that writes a new one and renames it over the old.
    pub fn save(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        let new = path.with_extension("tmp");
        fs::write(&new, content).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// Rewrites `config/dev.exs` for these apps and ports.
    pub fn save_ports(&self, apps: &[(&str, u16)]) {
        self.save("config/dev.exs", &dev_config(apps));
    }

    /// Returns the project's root.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a file.
    pub fn file(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Starts a command in the project's root.
    pub fn launch(&self, arguments: &[&str]) -> Launch {
        Launch::new(arguments).within(self.path())
    }

    /// Prepares `run` on a free port in the project's root.
    pub fn run(&self) -> Launch {
        self.launch(&["run", "--listen", "127.0.0.1:0"])
    }

    fn web_app(&self, folder: &str, app: &str) {
        let module = camel(app);
        let at = |path: String| {
            if folder.is_empty() {
                path
            } else {
                format!("{folder}/{path}")
            }
        };
        let mix = format!(
            "defmodule {module}.MixProject do\n  use Mix.Project\n\n  def project do\n    \
             [app: :{app}, version: \"0.1.0\", deps: deps()]\n  end\n\n  \
             defp deps do\n    [{{:phoenix, \"~> 1.8\"}}, {{:bandit, \"~> 1.5\"}}]\n  end\nend\n"
        );
        self.write(&at("mix.exs".to_owned()), &mix);
        let endpoint = format!(
            "defmodule {module}.Endpoint do\n  use Phoenix.Endpoint, otp_app: :{app}\nend\n"
        );
        self.write(&at(format!("lib/{app}/endpoint.ex")), &endpoint);
    }
}

fn main_config(apps: &[(&str, u16)]) -> String {
    let mut text = "import Config\n".to_owned();
    for (app, _) in apps {
        let module = camel(app);
        text += &format!(
            "\nconfig :{app}, {module}.Endpoint,\n  url: [host: \"localhost\"],\n  \
             adapter: Bandit.PhoenixAdapter\n"
        );
    }
    text + "\nimport_config \"#{config_env()}.exs\"\n"
}

fn dev_config(apps: &[(&str, u16)]) -> String {
    let mut text = "import Config\n".to_owned();
    for (app, port) in apps {
        let module = camel(app);
        text += &format!(
            "\nconfig :{app}, {module}.Endpoint,\n  http: [ip: {{127, 0, 0, 1}}, port: {port}],\n  \
             check_origin: false\n"
        );
    }
    text
}

/// `auth_web` → `AuthWeb`.
fn camel(app: &str) -> String {
    let parts = app.split('_').map(|part| {
        let (first, rest) = part.split_at(1);
        first.to_uppercase() + rest
    });
    parts.collect()
}
