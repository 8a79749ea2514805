import Config

config :notes, Notes.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "notes_dev",
  pool_size: 10

config :notes, NotesWeb.Endpoint,
  # Loopback alone; {0, 0, 0, 0} lets other machines in.
  http: [ip: {127, 0, 0, 1}, port: 4000],
  check_origin: false,
  code_reloader: true,
  debug_errors: true,
  secret_key_base: "7q0tQ3bJ0i"

config :notes, NotesWeb.Endpoint,
  live_reload: [
    patterns: [
      ~r"priv/static/(?!uploads/).*(js|css|png|svg)$",
      ~r"lib/notes_web/(controllers|live|components)/.*(ex|heex)$"
    ]
  ]

config :notes, dev_routes: true
config :logger, :console, format: "[$level] $message\n"
config :phoenix, :stacktrace_depth, 20
