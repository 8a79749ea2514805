//! An umbrella that `mix release` can assemble without a network.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Launch, Project, tool};

/// An umbrella with two releases, `shop` and `admin`, which have different applications, and a
/// module that stands in for `Phoenix.Endpoint`.
#[derive(Debug)]
pub struct Umbrella {
    project: Project,
}

const MIX: &str = "defmodule Shop.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: \"apps\",
      version: \"1.2.3\",
      deps: [],
      releases: [
        shop: [applications: [auth_web: :permanent, billing_web: :permanent], include_erts: false],
        admin: [
          applications: [admin_web: :permanent],
          include_erts: false,
          reboot_system_after_config: true,
          config_providers: [{Config.Reader, {:system, \"RELEASE_ROOT\", \"/extra.exs\"}}]
        ]
      ]
    ]
  end
end
";

const STANDIN: &str = "defmodule Phoenix.Endpoint do
  defmacro __using__(_options), do: nil
end
";

const CONFIG: &str = "import Config

config :auth_web, AuthWeb.Endpoint, url: [host: \"localhost\"], render_errors: [view: X]
config :auth_web, pattern: ~r/a/, huge: 123_456_789_012_345_678_901_234_567_890

config :billing_web, BillingWeb.Endpoint,
  url: [host: \"billing.test\"],
  adapter: Bandit.PhoenixAdapter

config :admin_web, AdminWeb.Endpoint, url: [host: \"admin.test\"]
";

const RUNTIME: &str = "import Config

if System.get_env(\"PHX_SERVER\") do
  config :auth_web, AuthWeb.Endpoint, server: true
end

if config_env() == :prod do
  port = String.to_integer(System.get_env(\"PORT\") || \"4000\")
  host = System.get_env(\"PHX_HOST\") || \"example.com\"

  config :auth_web, AuthWeb.Endpoint,
    url: [host: host, port: 443, scheme: \"https\"],
    http: [ip: {0, 0, 0, 0, 0, 0, 0, 0}, port: port]

  config :billing_web, BillingWeb.Endpoint,
    http: [port: String.to_integer(System.fetch_env!(\"BILLING_PORT\"))],
    server: System.get_env(\"RELEASE_NAME\") == \"shop\"

  config :admin_web, AdminWeb.Endpoint, http: [port: port], server: false
end
";

const EXTRA: &str = "import Config

config :admin_web, AdminWeb.Endpoint, url: [host: \"back.test\"], server: true
";

const ENV: &str = "#!/bin/sh
# What `mix release` puts in, and two lines of ours.
export BILLING_PORT=${BILLING_PORT:-4700}
case $RELEASE_COMMAND in
  daemon*)
    HEART_COMMAND=\"$RELEASE_ROOT/bin/$RELEASE_NAME $RELEASE_COMMAND\"
    export HEART_COMMAND
    ;;
  *)
    ;;
esac
";

impl Umbrella {
    /// Writes the umbrella.
    pub fn new() -> Self {
        let project = Project::empty();
        project.write("mix.exs", MIX);
        project.write("config/config.exs", CONFIG);
        project.write("config/runtime.exs", RUNTIME);
        project.write("rel/env.sh.eex", ENV);
        project.write("rel/overlays/extra.exs", EXTRA);
        project.write("apps/phoenix/mix.exs", &app("phoenix", "Phoenix", "[]"));
        project.write("apps/phoenix/lib/endpoint.ex", STANDIN);
        for (name, module) in [
            ("auth_web", "AuthWeb"),
            ("billing_web", "BillingWeb"),
            ("admin_web", "AdminWeb"),
        ] {
            let deps = "[{:phoenix, in_umbrella: true}]";
            project.write(&format!("apps/{name}/mix.exs"), &app(name, module, deps));
            let endpoint = format!(
                "defmodule {module}.Endpoint do\n  use Phoenix.Endpoint, otp_app: :{name}\nend\n"
            );
            project.write(&format!("apps/{name}/lib/endpoint.ex"), &endpoint);
        }
        Self { project }
    }

    /// Assembles a release with Mix, and returns its folder.
    #[track_caller]
    pub fn assemble(&self, name: &str) -> PathBuf {
        let mut mix = Command::new(tool::require("mix"));
        mix.args(["release", name, "--overwrite"])
            .current_dir(self.project.path())
            .env("MIX_ENV", "prod")
            .env("LC_ALL", "C.UTF-8");
        tool::run(&mut mix);
        let folder = format!("_build/prod/rel/{name}");
        self.project.file(&folder).canonicalize().unwrap()
    }
}

impl Default for Umbrella {
    fn default() -> Self {
        Self::new()
    }
}

/// Starts a command that reads the release in `folder`.
pub fn launch(command: &str, folder: &Path) -> Launch {
    Launch::new([command, "--release"]).arg(folder)
}

fn app(name: &str, module: &str, deps: &str) -> String {
    format!(
        "defmodule {module}.MixProject do
  use Mix.Project

  def project do
    [
      app: :{name},
      version: \"0.1.0\",
      build_path: \"../../_build\",
      config_path: \"../../config/config.exs\",
      deps_path: \"../../deps\",
      lockfile: \"../../mix.lock\",
      deps: {deps}
    ]
  end

  def application, do: [extra_applications: [:logger]]
end
"
    )
}
