use Mix.Config

config :admin_web, AdminWeb.Endpoint,
  http: [port: System.get_env("PORT_ADMIN_WEB") || 4010],
  debug_errors: true,
  watchers: [node: ["node_modules/webpack/bin/webpack.js", "--watch-stdin",
                    cd: Path.expand("../assets", __DIR__)]]
