import Config

config :shop_web, ShopWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4000],
  check_origin: false,
  code_reloader: true,
  watchers: [
    esbuild: {Esbuild, :install_and_run, [:shop_web, ~w(--sourcemap=inline --watch)]}
  ]

config :desk_web, DeskWeb.Endpoint,
  http: [
    ip: {127, 0, 0, 1},
    port: 4_001
  ],
  server: false

config :logger, :console, format: "[$level] $message\n"
