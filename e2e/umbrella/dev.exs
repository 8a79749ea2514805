
config :part_NNN_web, PartNNNWeb.Endpoint,
  # Binding to loopback ipv4 address prevents access from other machines.
  # Change to `ip: {0, 0, 0, 0}` to allow access from other machines.
  http: [ip: {127, 0, 0, 1}, port: PORT],
  check_origin: false,
  code_reloader: true,
  debug_errors: true,
  secret_key_base: "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN",
  watchers: [
    esbuild: {Esbuild, :install_and_run, [:part_NNN_web, ~w(--sourcemap=inline --watch)]},
    tailwind: {Tailwind, :install_and_run, [:part_NNN_web, ~w(--watch)]}
  ]

# Watch static and templates for browser reloading.
config :part_NNN_web, PartNNNWeb.Endpoint,
  live_reload: [
    patterns: [
      ~r"priv/static/(?!uploads/).*(js|css|png|jpeg|jpg|gif|svg)$",
      ~r"priv/gettext/.*(po)$",
      ~r"lib/part_NNN_web/(controllers|live|components)/.*(ex|heex)$"
    ]
  ]

# Enable dev routes for dashboard and mailbox
config :part_NNN_web, dev_routes: true
