//! One project for each thing that the doctor says.

use e2e::{Project, gateway::Ended};

/// An umbrella of two endpoints with something that will surprise.
pub(super) struct Case {
    /// What is said of it.
    pub(super) code: &'static str,
    /// Where that is seen.
    pub(super) file: &'static str,
    /// Part of the message.
    pub(super) says: &'static str,
    /// Part of the line to write.
    pub(super) mend: &'static str,
    env: &'static str,
    /// What stands in the environment's config after what is healthy there.
    config: &'static str,
    /// What the first endpoint's module has besides.
    body: &'static str,
    /// Further files.
    files: &'static [(&'static str, &'static str)],
    arguments: &'static [&'static str],
}

const EMPTY: Case = Case {
    code: "",
    file: "config/dev.exs",
    says: "",
    mend: "",
    env: "dev",
    config: "",
    body: "socket \"/live\", Phoenix.LiveView.Socket",
    files: &[],
    arguments: &[],
};

const PROD: Case = Case {
    file: "config/prod.exs",
    env: "prod",
    ..EMPTY
};

const ENDPOINT: &str = "apps/auth_web/lib/auth_web/endpoint.ex";

/// The line after which a case's own begin, in both environments.
const DEV: &str = "import Config
config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.localhost\", port: 4000], http: [port: 4001]
config :billing_web, BillingWeb.Endpoint, url: [host: \"billing.localhost\", port: 4000], http: [port: 4002]
";

const IN_PROD: &str = "import Config
config :auth_web, AuthWeb.Endpoint, server: true, url: [host: \"auth.example.org\", port: 443, scheme: \"https\"], http: [port: 4001]
config :billing_web, BillingWeb.Endpoint, server: true, url: [host: \"billing.example.org\", port: 443, scheme: \"https\"], http: [port: 4002]
";

impl Case {
    /// Writes the project and asks the doctor.
    #[track_caller]
    pub(super) fn doctor(&self) -> Ended {
        let project = Project::umbrella(&[("auth_web", 4001), ("billing_web", 4002)]);
        project.write(
            "config/config.exs",
            "import Config\nimport_config \"#{config_env()}.exs\"\n",
        );
        let (file, healthy) = match self.env {
            "prod" => ("config/prod.exs", IN_PROD),
            _ => ("config/dev.exs", DEV),
        };
        project.write(file, &format!("{healthy}{}\n", self.config));
        let endpoint = format!(
            "defmodule AuthWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :auth_web\n  {}\nend\n",
            self.body
        );
        project.write(ENDPOINT, &endpoint);
        for (path, text) in self.files {
            project.write(path, text);
        }
        let mut launch = project.launch(&["doctor", "--json", "--env", self.env]);
        for argument in self.arguments {
            launch = launch.arg(argument);
        }
        launch.end()
    }
}

/// Everything in the section of the doctor in docs/findings.md, and what others say that belongs
/// to it.
pub(super) const CASES: &[Case] = &[
    // Ports and listeners.
    Case {
        code: "port-twice",
        config: "config :billing_web, BillingWeb.Endpoint, http: [port: 4001]",
        says: "have one address, 127.0.0.1:4001",
        mend: "http: [port: 4002]",
        ..EMPTY
    },
    Case {
        code: "own-listener",
        says: "127.0.0.1:4001",
        mend: "http: [port: ",
        arguments: &["--listen", "127.0.0.1:4001"],
        ..EMPTY
    },
    Case {
        code: "own-listener",
        config: "config :auth_web, AuthWeb.Endpoint, server: false",
        says: "refuses to start",
        mend: "another port",
        arguments: &["--listen", "127.0.0.1:4001"],
        ..EMPTY
    },
    Case {
        code: "port-from-url",
        config: "config :auth_web, AuthWeb.Endpoint, http: false, url: [port: 4001]",
        says: "without which Phoenix opens no port",
        mend: "http: [ip: {127, 0, 0, 1}, port: 4001]",
        ..EMPTY
    },
    Case {
        code: "https-only",
        config: "config :auth_web, AuthWeb.Endpoint, http: false, https: [port: 4443]",
        says: "has only `https:`",
        mend: "http: [ip: ",
        ..EMPTY
    },
    Case {
        code: "https-unused",
        config: "config :auth_web, AuthWeb.Endpoint, https: [port: 4443]",
        says: "listens on https too",
        mend: "https: false",
        ..EMPTY
    },
    Case {
        code: "not-serving",
        file: ENDPOINT,
        config: "config :auth_web, AuthWeb.Endpoint, server: false",
        says: "does not listen: `server: false`",
        mend: "server: true",
        ..PROD
    },
    Case {
        code: "server-unset",
        file: "apps/shop_web/lib/shop_web/endpoint.ex",
        config: "config :shop_web, ShopWeb.Endpoint, http: [port: 4003], url: [host: \"a.example.org\"]",
        says: "nothing says `server: true` for ShopWeb.Endpoint",
        mend: "start the release with PHX_SERVER=true",
        files: &[
            (
                "apps/shop_web/mix.exs",
                "defmodule ShopWeb.MixProject do\n  def project, do: [app: :shop_web]\nend\n",
            ),
            (
                "apps/shop_web/lib/shop_web/endpoint.ex",
                "defmodule ShopWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop_web\nend\n",
            ),
            (
                "config/runtime.exs",
                "import Config\nif System.get_env(\"PHX_SERVER\"), do: config(:shop_web, ShopWeb.Endpoint, server: true)\n",
            ),
        ],
        ..PROD
    },
    Case {
        code: "address-elsewhere",
        config: "config :auth_web, AuthWeb.Endpoint, http: [ip: {203, 0, 113, 7}]",
        says: "203.0.113.7, which is no address of this machine",
        mend: "http: [ip: {127, 0, 0, 1}, port: 4001]",
        ..EMPTY
    },
    Case {
        code: "init-override",
        file: ENDPOINT,
        body: "def init(_key, config), do: {:ok, config}",
        says: "in init/2, which is not read",
        mend: "config/runtime.exs",
        ..EMPTY
    },
    Case {
        code: "port-variable-shared",
        file: "config/runtime.exs",
        says: "AuthWeb.Endpoint and BillingWeb.Endpoint take their port from PORT",
        mend: "System.get_env(\"BILLING_PORT\"",
        files: &[(
            "config/runtime.exs",
            "import Config\nport = String.to_integer(System.get_env(\"PORT\", \"4001\"))\n\
             config :auth_web, AuthWeb.Endpoint, http: [port: port]\n\
             config :billing_web, BillingWeb.Endpoint, http: [port: port]\n",
        )],
        ..PROD
    },
    Case {
        code: "needs-env",
        config: "config :auth_web, key: System.fetch_env!(\"STRIPE_KEY\")",
        says: "STRIPE_KEY",
        mend: "--env-file",
        ..PROD
    },
    // Hosts.
    Case {
        code: "host-twice",
        config: "config :billing_web, BillingWeb.Endpoint, url: [host: \"auth.example.org\"]",
        says: "nobody gets it",
        mend: "[routes.\"auth.example.org\"]",
        ..PROD
    },
    Case {
        code: "host-placeholder",
        config: "config :auth_web, AuthWeb.Endpoint, url: [host: \"localhost\"]",
        says: "no host leads to it",
        mend: "url: [host: \"auth.example.org\"]",
        ..PROD
    },
    Case {
        code: "host-placeholder",
        file: "config/runtime.exs",
        says: "example.com",
        mend: "set PHX_HOST",
        files: &[(
            "config/runtime.exs",
            "import Config\nhost = System.get_env(\"PHX_HOST\") || \"example.com\"\n\
             config :auth_web, AuthWeb.Endpoint, url: [host: host]\n",
        )],
        ..PROD
    },
    Case {
        code: "host-variable-shared",
        file: "config/runtime.exs",
        says: "take their url host from PHX_HOST",
        mend: "System.get_env(\"BILLING_PHX_HOST\"",
        files: &[(
            "config/runtime.exs",
            "import Config\nhost = System.get_env(\"PHX_HOST\") || \"example.com\"\n\
             config :auth_web, AuthWeb.Endpoint, url: [host: host]\n\
             config :billing_web, BillingWeb.Endpoint, url: [host: host]\n",
        )],
        ..PROD
    },
    Case {
        code: "host-local",
        config: "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.local\"]",
        says: "auth.local ends in .local",
        mend: "hosts sync",
        ..EMPTY
    },
    Case {
        code: "host-local",
        config: "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.local\"]",
        says: "multicast DNS",
        mend: "url: [host: ",
        ..PROD
    },
    Case {
        code: "host-hsts",
        config: "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.acme.dev\"]",
        says: "HSTS",
        mend: "url: [host: \"auth.acme.localhost\"]",
        ..EMPTY
    },
    // RFC 6761 §6.4: no resolver knows a name below `invalid`.
    Case {
        code: "host-unresolved",
        config: "config :auth_web, AuthWeb.Endpoint, url: [host: \"auth.invalid\"]",
        says: "resolver doesn't know auth.invalid",
        mend: "mesh-router hosts sync",
        ..EMPTY
    },
    // Generated URLs.
    Case {
        code: "url-bypasses-gateway",
        config: "config :auth_web, AuthWeb.Endpoint, url: [port: 4001]",
        says: "http://auth.localhost:4001",
        mend: "url: [host: \"auth.localhost\", port: 4000]",
        ..EMPTY
    },
    Case {
        code: "static-url-bypasses-gateway",
        config: "config :auth_web, AuthWeb.Endpoint, static_url: [host: \"auth.localhost\", port: 4001]",
        says: "static files",
        mend: "static_url: [host: \"auth.localhost\", port: 4000]",
        ..EMPTY
    },
    Case {
        code: "url-without-port",
        config: "config :auth_web, AuthWeb.Endpoint, url: [port: nil]",
        says: "names no port",
        mend: "port: 443, scheme: \"https\"",
        files: &[(
            "config/prod.exs",
            "import Config\nconfig :auth_web, AuthWeb.Endpoint, server: true, \
             url: [host: \"auth.example.org\"], http: [port: 4001]\n",
        )],
        ..PROD
    },
    // Sockets.
    Case {
        code: "check-origin",
        config: "config :auth_web, AuthWeb.Endpoint, check_origin: [\"//other.localhost\"]",
        says: "refuse pages of auth.localhost",
        mend: "\"//auth.localhost\"",
        ..EMPTY
    },
    Case {
        code: "check-origin",
        file: ENDPOINT,
        says: "refuse pages of www.example.org",
        mend: "\"//www.example.org\"",
        files: &[(
            "mesh-router.toml",
            "[routes.\"www.example.org\"]\nendpoint = \"AuthWeb.Endpoint\"\n",
        )],
        ..PROD
    },
    Case {
        code: "check-origin-tenants",
        file: ENDPOINT,
        says: "refuse pages of *.auth.example.org",
        mend: "\"//*.auth.example.org\"",
        ..PROD
    },
    Case {
        code: "check-origin-conn",
        config: "config :auth_web, AuthWeb.Endpoint, check_origin: :conn",
        says: "refuse every page",
        mend: "rewrite_on: [:x_forwarded_proto]",
        ..PROD
    },
    Case {
        code: "check-origin-invalid",
        config: "config :auth_web, AuthWeb.Endpoint, check_origin: [\"auth.example.org\"]",
        says: "fail with 500",
        mend: "\"//auth.example.org\"",
        ..PROD
    },
    // Redirects to https.
    Case {
        code: "force-ssl-loop",
        config: "config :auth_web, AuthWeb.Endpoint, force_ssl: [hsts: true]",
        says: "to itself for ever",
        mend: "force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]",
        ..PROD
    },
    Case {
        code: "force-ssl-host",
        config: "config :auth_web, AuthWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto]]",
        says: "is redirected to https://auth.example.org",
        mend: "host: nil",
        ..PROD
    },
    Case {
        code: "force-ssl-development",
        config: "config :auth_web, AuthWeb.Endpoint, force_ssl: [hsts: true]",
        says: "where nobody listens",
        mend: "move `force_ssl` to config/prod.exs",
        ..EMPTY
    },
    Case {
        code: "force-ssl-runtime",
        file: "config/runtime.exs",
        says: "compiled in",
        mend: "in config/prod.exs: ",
        files: &[(
            "config/runtime.exs",
            "import Config\nconfig :auth_web, AuthWeb.Endpoint, \
             force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]\n",
        )],
        ..PROD
    },
    // Sessions.
    Case {
        code: "session-domain",
        file: ENDPOINT,
        body: "plug Plug.Session, store: :cookie, key: \"_a\", signing_salt: \"a\", domain: \"other.example.org\"",
        says: "browsers refuse the session",
        mend: "domain: \"example.org\"",
        ..PROD
    },
    Case {
        code: "session-domain-public",
        file: ENDPOINT,
        body: "plug Plug.Session, store: :cookie, key: \"_a\", signing_salt: \"a\", domain: \".localhost\"",
        says: "nobody may set a cookie for all of localhost",
        mend: "domain = \"acme.localhost\"",
        ..EMPTY
    },
    Case {
        code: "session-per-host",
        file: ENDPOINT,
        config: "config :auth_web, AuthWeb.Endpoint, check_origin: [\"//*.auth.example.org\"]",
        body: "socket \"/live\", Phoenix.LiveView.Socket\n  \
               plug Plug.Session, store: :cookie, key: \"_a\", signing_salt: \"a\"",
        says: "isn't logged in at *.auth.example.org",
        mend: "domain: \"auth.example.org\"",
        ..PROD
    },
    Case {
        code: "session-clash",
        file: "apps/billing_web/lib/billing_web/endpoint.ex",
        body: "plug Plug.Session, store: :cookie, key: \"_a\", signing_salt: \"a\", domain: \"example.org\"",
        says: "the cookie _a of AuthWeb.Endpoint reaches BillingWeb.Endpoint",
        mend: "key: \"_billing_web_key\"",
        files: &[(
            "apps/billing_web/lib/billing_web/endpoint.ex",
            "defmodule BillingWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :billing_web\n  \
             plug Plug.Session, store: :cookie, key: \"_a\", signing_salt: \"b\", domain: \"example.org\"\nend\n",
        )],
        ..PROD
    },
    // Waits at the end.
    Case {
        code: "grace-short",
        file: "fly.toml",
        says: "waits up to 45 s for what is under way, and is killed after 5 s",
        mend: "kill_timeout = \"46s\"",
        files: &[(
            "fly.toml",
            "app = 'shop'\n[processes]\nrouter = 'mesh-router run'\n",
        )],
        ..PROD
    },
    Case {
        code: "grace-short",
        file: "deploy/shop.service",
        says: "is killed after 20 s",
        mend: "TimeoutStopSec=46",
        files: &[(
            "deploy/shop.service",
            "[Service]\nExecStart=/usr/bin/mesh-router run\nTimeoutStopSec=20\n",
        )],
        ..PROD
    },
    Case {
        code: "grace-short",
        file: "k8s/gateway.yaml",
        says: "is killed after 30 s",
        mend: "terminationGracePeriodSeconds: 46",
        files: &[(
            "k8s/gateway.yaml",
            "kind: Deployment\nmetadata:\n  name: mesh-router\n",
        )],
        ..PROD
    },
    Case {
        code: "endpoint-grace-short",
        config: "config :auth_web, AuthWeb.Endpoint, drainer: [shutdown: 60_000]",
        says: "waits up to 60 s when it stops",
        mend: "`stop_grace_period: 61s` in docker-compose.yml",
        files: &[(
            "docker-compose.yml",
            "services:\n  web:\n    build: .\n    stop_grace_period: 50s\n",
        )],
        ..PROD
    },
];
