use Mix.Config

config :store_web, StoreWeb.Endpoint,
  http: [port: System.get_env("PORT_STORE_WEB") || 4011],
  debug_errors: true,
  watchers: [node: ["node_modules/webpack/bin/webpack.js", "--watch-stdin",
                    cd: Path.expand("../assets", __DIR__)]]
