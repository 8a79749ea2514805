# A single application as generators of the 1.7 line lay it out.
import Config

config :notes,
  ecto_repos: [Notes.Repo],
  generators: [timestamp_type: :utc_datetime]

config :notes, NotesWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter,
  render_errors: [
    formats: [html: NotesWeb.ErrorHTML, json: NotesWeb.ErrorJSON],
    layout: false
  ],
  pubsub_server: Notes.PubSub,
  live_view: [signing_salt: "4rKx0"]

config :notes, Notes.Mailer, adapter: Swoosh.Adapters.Local
config :phoenix, :json_library, Jason

import_config "#{config_env()}.exs"
