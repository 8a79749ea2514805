import Config

config :board, BoardWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: String.to_integer(System.get_env("PORT") || "4000")],
  check_origin: false,
  watchers: [
    esbuild: {Esbuild, :install_and_run, [:board, ~w(--sourcemap=inline --watch)]}
  ]

config :board, dev_routes: true
config :phoenix_live_view, debug_heex_annotations: true, enable_expensive_runtime_checks: true
