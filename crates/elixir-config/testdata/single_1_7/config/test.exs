import Config

config :notes, Notes.Repo,
  database: "notes_test#{System.get_env("MIX_TEST_PARTITION")}",
  pool: Ecto.Adapters.SQL.Sandbox,
  pool_size: 10

config :notes, NotesWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4002],
  server: false
