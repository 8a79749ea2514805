use Mix.Config

config :admin_web,
  namespace: AdminWeb

config :admin_web, AdminWeb.Endpoint,
  url: [host: "localhost"],
  render_errors: [view: AdminWeb.ErrorView, accepts: ~w(html json)],
  pubsub: [name: AdminWeb.PubSub, adapter: Phoenix.PubSub.PG2]

import_config "#{Mix.env}.exs"
